# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: how full each square column of a layer is. Outlines and beads become exact areas of the squares they cover.

An edge adds, to the square it crosses and the next, what it changes of everything to its right; the sum along a row
then is the area covered, exactly, whatever the size of the squares (the way font renderers do it). Images have two
columns more than squares, for what is changed beyond the last one.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import fabs, sqrt
else:
    from math import fabs, sqrt

FAR = cython.declare(cython.double, 1e9)
SIDE = cython.declare(cython.double, 0.96194)
CORNER = cython.declare(cython.double, 1.36039)
"""Steps to a neighbour that make the distance over a grid of squares least wrong (Borgefors): 4 % at most."""


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _edge(
    x0: cython.double,
    y0: cython.double,
    x1: cython.double,
    y1: cython.double,
    weight: cython.double,
    image: cython.double[:, ::1],
) -> cython.void:
    """Add an edge to an image of changes: `weight` to the right of it where it runs up, less where it runs down."""
    rows: cython.Py_ssize_t = image.shape[0]
    limit: cython.double = image.shape[1] - 2
    if y0 == y1:
        return
    swap: cython.double
    if y0 > y1:
        weight = -weight
        swap = y0
        y0 = y1
        y1 = swap
        swap = x0
        x0 = x1
        x1 = swap
    if y1 <= 0 or y0 >= rows:
        return
    slope: cython.double = (x1 - x0) / (y1 - y0)
    if y0 < 0:
        x0 -= slope * y0
        y0 = 0
    if y1 > rows:
        y1 = rows
    row: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, y0)
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    x: cython.double = x0
    onward: cython.double
    low: cython.double
    high: cython.double
    part: cython.double
    per: cython.double
    before: cython.double
    now: cython.double
    while row < rows and row < y1:
        part = min(row + 1.0, y1) - max(cython.cast(cython.double, row), y0)
        onward = x + slope * part
        low = min(max(min(x, onward), 0.0), limit)
        high = min(max(max(x, onward), 0.0), limit)
        x = onward
        part *= weight
        i = cython.cast(cython.Py_ssize_t, low)
        j = cython.cast(cython.Py_ssize_t, high)
        if i == j:
            now = part * (1 - (low + high) / 2 + i)  # within one square: the mean of both ends
            image[row, i] += now
            image[row, i + 1] += part - now
        else:
            per = part / (high - low)
            before = 0
            for k in range(i, j + 1):
                # area to the right of the edge within square k, of what has been passed up to it
                now = _right_of(low, high, per, k)
                image[row, k] += now - before
                before = now
            image[row, j + 1] += part - before
        row += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def _right_of(low: cython.double, high: cython.double, per: cython.double, k: cython.Py_ssize_t) -> cython.double:
    """Return the area of square k that lies to the right of an edge from `low` to `high` (x) with `per` rise each x."""
    a: cython.double = max(low, cython.cast(cython.double, k))
    b: cython.double = min(high, k + 1.0)
    return per * ((a - low) + (b - a) * (k + 1 - (a + b) / 2))


def draw_outlines(segments: cython.const[cython.double][:, ::1], image: cython.double[:, ::1]) -> None:
    """Add outlines (n, 4 or more: x0, y0, x1, y1 in squares; the solid to the left) to an image of changes."""
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(segments.shape[0]):
            # the solid lies to the left: an edge that runs up has it on its smaller side
            _edge(segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3], -1.0, image)


def draw_beads(beads: cython.const[cython.double][:, ::1], image: cython.double[:, ::1]) -> None:
    """Add beads to an image of changes, each a rectangle along its centre line.

    beads  (n, 6)  x0, y0, x1, y1, width in squares; amount: how full the bead makes a square that it covers
    """
    i: cython.Py_ssize_t
    length: cython.double
    ux: cython.double
    uy: cython.double
    x0: cython.double
    y0: cython.double
    x1: cython.double
    y1: cython.double
    amount: cython.double
    with cython.nogil:
        for i in range(beads.shape[0]):
            x0 = beads[i, 0]
            y0 = beads[i, 1]
            x1 = beads[i, 2]
            y1 = beads[i, 3]
            amount = beads[i, 5]
            length = sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
            if length <= 0:
                continue
            ux = (x1 - x0) / length * beads[i, 4] / 2
            uy = (y1 - y0) / length * beads[i, 4] / 2
            _edge(x0 + uy, y0 - ux, x1 + uy, y1 - ux, -amount, image)
            _edge(x1 + uy, y1 - ux, x1 - uy, y1 + ux, -amount, image)
            _edge(x1 - uy, y1 + ux, x0 - uy, y0 + ux, -amount, image)
            _edge(x0 - uy, y0 + ux, x0 + uy, y0 - ux, -amount, image)


def fill(image: cython.double[:, ::1]) -> None:
    """Sum the changes along every row, which leaves how full each square is."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    total: cython.double
    with cython.nogil:
        for i in range(image.shape[0]):
            total = 0
            for j in range(image.shape[1]):
                total += image[i, j]
                image[i, j] = total


def merge_section(
    image: cython.double[:, ::1], inner: cython.double[:, ::1], outer: cython.double[:, ::1]
) -> cython.Py_ssize_t:
    """Bring one section into what all sections so far share, and what any of them holds; leave its image empty.

    image         (rows, columns + 2) changes, as drawn; 0 afterwards
    inner, outer  (rows, columns) the least and the most share of each square that lies in a section
    Returns in how many rows the changes do not end at nothing: there the outline is open, and nothing is known: no
    square has to be filled, and any may be.
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    columns: cython.Py_ssize_t = inner.shape[1]
    total: cython.double
    share: cython.double
    broken: cython.Py_ssize_t = 0
    with cython.nogil:
        for i in range(image.shape[0]):
            total = 0
            for j in range(columns):
                total += image[i, j]
                image[i, j] = 0
                share = min(fabs(total), 1.0)
                inner[i, j] = min(inner[i, j], share)
                outer[i, j] = max(outer[i, j], share)
            total += image[i, columns] + image[i, columns + 1]
            image[i, columns] = 0
            image[i, columns + 1] = 0
            if fabs(total) > 1e-6:
                broken += 1
                for j in range(columns):
                    inner[i, j] = 0
                    outer[i, j] = 1
    return broken


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def _bridged(
    inner: cython.double[:, ::1], i: cython.Py_ssize_t, j: cython.Py_ssize_t, di: cython.int, dj: cython.int,
    widest: cython.double,
) -> cython.bint:  # fmt: skip
    """Tell whether a square lies in a gap at most `widest` squares wide, seen in one direction."""
    if inner[i - 2 * di, j - 2 * dj] < 0.95 or inner[i + 2 * di, j + 2 * dj] < 0.95:
        return False
    return inner[i - di, j - dj] + inner[i, j] + inner[i + di, j + dj] >= 3 - widest


def close_cracks(inner: cython.double[:, ::1], outer: cython.double[:, ::1], widest: cython.double) -> None:
    """Fill gaps at most `widest` squares wide: no printer leaves them open, and slicers close them."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    with cython.nogil:
        for i in range(2, inner.shape[0] - 2):
            for j in range(2, inner.shape[1] - 2):
                if inner[i, j] < 0.999 and (
                    _bridged(inner, i, j, 0, 1, widest)
                    or _bridged(inner, i, j, 1, 0, widest)
                    or _bridged(inner, i, j, 1, 1, widest)
                    or _bridged(inner, i, j, 1, -1, widest)
                ):
                    inner[i, j] = 1
                    outer[i, j] = 1


def distances(section: cython.const[cython.double][:, ::1], out: cython.double[:, ::1]) -> None:
    """Write how deep each square's centre lies in a section (+), or how far outside (-), in squares.

    section  share of each square that is filled, 0 to 1
    out      `FAR` where nothing is near
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    with cython.nogil:
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                if section[i, j] > 0.999:
                    out[i, j] = FAR
                elif section[i, j] < 0.001:
                    out[i, j] = -FAR
                else:
                    out[i, j] = section[i, j] - 0.5
        _sweep(out)


def opened(depth: cython.const[cython.double][:, ::1], radius: cython.double, out: cython.double[:, ::1]) -> None:
    """Write for each square how far it is from those deeper than `radius`, and twice that for what lies outside."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    with cython.nogil:
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] = 0.0 if depth[i, j] > radius else FAR
        _sweep(out)


def ask(
    inner: cython.const[cython.double][:, ::1],
    away: cython.const[cython.double][:, ::1],
    reach: cython.double,
    above: cython.const[cython.double][:, ::1],
    below: cython.const[cython.double][:, ::1],
    asked: cython.uchar[:, ::1],
) -> cython.int:
    """Write which squares have to be filled: bit 1, and bits 2 and 4 where nothing lies above, and below, them.

    Bit 8 marks all squares that a bead can fill, also those at the very edge, which may stay half empty.

    inner  share of each square that lies in the section at all heights; it and its neighbours must be inside
    away   squares from what a bead's middle can reach, which must not be more than `reach`
    asked  0 at first
    Returns all bits that were set anywhere.
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    bits: cython.int
    seen: cython.int = 0
    with cython.nogil:
        for i in range(1, asked.shape[0] - 1):
            for j in range(1, asked.shape[1] - 1):
                if away[i, j] > reach or inner[i, j] < 0.5:
                    continue
                asked[i, j] = 8
                if inner[i, j] < 0.999:
                    continue
                if min(min(inner[i - 1, j], inner[i + 1, j]), min(inner[i, j - 1], inner[i, j + 1])) < 0.5:
                    continue
                bits = 9
                if above[i, j] < 0.5:
                    bits |= 2
                if below[i, j] < 0.5:
                    bits |= 4
                asked[i, j] = bits
                seen |= bits
    return seen


def keep_wide(
    asked: cython.uchar[:, ::1], bit: cython.uchar, skin: cython.double, depth: cython.double[:, ::1]
) -> None:
    """Take a bit from the squares of `asked` where they do not stretch `skin` squares in all directions.

    depth  room to work in
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    with cython.nogil:
        for i in range(asked.shape[0]):
            for j in range(asked.shape[1]):
                depth[i, j] = FAR if asked[i, j] & bit else 0.0
        _sweep(depth)
        for i in range(asked.shape[0]):
            for j in range(asked.shape[1]):
                depth[i, j] = 0.0 if depth[i, j] >= skin else FAR
        _sweep(depth)
        for i in range(asked.shape[0]):
            for j in range(asked.shape[1]):
                if asked[i, j] & bit and depth[i, j] > skin - 1:
                    asked[i, j] ^= bit


def judge(
    depth: cython.const[cython.double][:, ::1],
    asked: cython.const[cython.uchar][:, ::1],
    plastic: cython.const[cython.double][:, ::1],
    over: cython.double,
    wrong: cython.uchar[:, ::1],
) -> None:
    """Write what is wrong with each square: empty where it should be filled, or filled where it should not.

    A square counts as empty where it and its eight neighbours are less than half full together.

    over   squares outside of the section from which on plastic is too much
    wrong  0 nothing, 1 a square that has to be filled is empty, 2 also a top, 3 also a bottom; 4 filled but outside
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    around: cython.double
    bits: cython.int
    with cython.nogil:
        # the margin of a picture is wide: nothing is asked for in its outermost squares
        for i in range(1, depth.shape[0] - 1):
            for j in range(1, depth.shape[1] - 1):
                bits = asked[i, j] & 7
                if bits == 0 and depth[i, j] >= -over:
                    continue
                around = (
                    plastic[i - 1, j - 1] + plastic[i - 1, j] + plastic[i - 1, j + 1]
                    + plastic[i, j - 1] + plastic[i, j] + plastic[i, j + 1]
                    + plastic[i + 1, j - 1] + plastic[i + 1, j] + plastic[i + 1, j + 1]
                )  # fmt: skip
                if bits:
                    if around < 4.5:
                        wrong[i, j] = 3 if bits & 4 else (2 if bits & 2 else 1)
                elif around > 4.5:
                    wrong[i, j] = 4


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _disc_sum(
    plastic: cython.const[cython.double][:, ::1], i: cython.Py_ssize_t, j: cython.Py_ssize_t
) -> cython.double:
    """Return the plastic in the 21 squares about one that make up a disc a little wider than a bead."""
    k: cython.Py_ssize_t
    total: cython.double = 0
    for k in range(-1, 2):
        total += plastic[i - 2, j + k] + plastic[i + 2, j + k]
        total += plastic[i + k, j - 2] + plastic[i + k, j - 1] + plastic[i + k, j]
        total += plastic[i + k, j + 1] + plastic[i + k, j + 2]
    return total


def drop_slivers(
    wrong: cython.const[cython.uchar][:, ::1],
    plastic: cython.const[cython.double][:, ::1],
    least: cython.double,
    kept: cython.uchar[:, ::1],
) -> None:
    """Keep of what is wrong what is wide.

    Empty squares are kept around discs, a little wider than a bead, that are filled less than `least`: into such a gap
    a bead would have fitted, into a narrower one none. Of squares with too much those are kept that lie in blocks of
    three by three.

    wrong  as `judge` writes it
    kept   0 at first; the result
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    n: cython.Py_ssize_t
    around: cython.int
    wide: cython.bint
    with cython.nogil:
        for i in range(2, wrong.shape[0] - 2):
            for j in range(2, wrong.shape[1] - 2):
                if wrong[i, j] == 0:
                    continue
                if wrong[i, j] == 4:
                    around = 1
                    wide = True
                    for k in range(i - 1, i + 2):
                        for n in range(j - 1, j + 2):
                            wide = wide and wrong[k, n] == 4
                else:
                    around = 2
                    wide = _disc_sum(plastic, i, j) < 21 * least
                if not wide:
                    continue
                for k in range(i - around, i + around + 1):
                    for n in range(j - around, j + around + 1):
                        if (wrong[k, n] == 4) == (wrong[i, j] == 4):
                            kept[k, n] = wrong[k, n]


def count(
    depth: cython.const[cython.double][:, ::1],
    asked: cython.const[cython.uchar][:, ::1],
    plastic: cython.const[cython.double][:, ::1],
    wrong: cython.const[cython.uchar][:, ::1],
    out: cython.Py_ssize_t,
    by_distance: cython.double[:, ::1],
    skins: cython.double[::1],
) -> None:
    """Add up what a level shows, in squares.

    by_distance  (4, n) by distance from the outline, from `out` squares outside inwards: squares, the plastic in them,
                 squares that have to be filled, and those of these that are empty; what lies further out comes
                 first, what lies within but cannot be filled by a bead is left out
    skins        (4,) squares of top, those of them empty, squares of bottom, those of them empty
    """
    bins: cython.Py_ssize_t = by_distance.shape[1]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    place: cython.Py_ssize_t
    empty: cython.double
    with cython.nogil:
        for i in range(depth.shape[0]):
            for j in range(depth.shape[1]):
                empty = 1 if 0 < wrong[i, j] < 4 else 0
                if asked[i, j] & 2:
                    skins[0] += 1
                    skins[1] += empty
                if asked[i, j] & 4:
                    skins[2] += 1
                    skins[3] += empty
                if depth[i, j] >= 0 and asked[i, j] == 0:
                    continue
                place = 0
                if depth[i, j] > -out:
                    place = cython.cast(cython.Py_ssize_t, min(depth[i, j], cython.cast(cython.double, bins)) + out)
                if place < bins:
                    by_distance[0, place] += 1
                    by_distance[1, place] += plastic[i, j]
                    if asked[i, j] & 1:
                        by_distance[2, place] += 1
                        by_distance[3, place] += empty


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def _closer(here: cython.double, there: cython.double, step: cython.double) -> cython.double:
    """Return the distance here, brought down by what a neighbour knows; the outside has negative distances."""
    if here > 0:
        return min(here, max(there, 0.0) + step)
    if here < 0:
        return max(here, min(there, 0.0) - step)
    return here


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _sweep(out: cython.double[:, ::1]) -> cython.void:
    """Spread distances over the image: down and right, then up and left."""
    rows: cython.Py_ssize_t = out.shape[0]
    columns: cython.Py_ssize_t = out.shape[1]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    d: cython.double
    for i in range(rows):
        for j in range(columns):
            d = out[i, j]
            if d == 0:
                continue
            if j > 0:
                d = _closer(d, out[i, j - 1], SIDE)
            if i > 0:
                d = _closer(d, out[i - 1, j], SIDE)
                if j > 0:
                    d = _closer(d, out[i - 1, j - 1], CORNER)
                if j < columns - 1:
                    d = _closer(d, out[i - 1, j + 1], CORNER)
            out[i, j] = d
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            d = out[i, j]
            if d == 0:
                continue
            if j < columns - 1:
                d = _closer(d, out[i, j + 1], SIDE)
            if i < rows - 1:
                d = _closer(d, out[i + 1, j], SIDE)
                if j > 0:
                    d = _closer(d, out[i + 1, j - 1], CORNER)
                if j < columns - 1:
                    d = _closer(d, out[i + 1, j + 1], CORNER)
            out[i, j] = d
