# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: how far the plastic of a layer reaches beyond points of an outline, along the outline's normal.

A bead is all that lies within half its width of its centre line. Beads are entered into a grid of cells, each in all
cells it may matter to, so that a point only asks the cell it lies in.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import fabs, sqrt
else:
    from math import fabs, sqrt

MOST = cython.declare(cython.Py_ssize_t, 64)  # beads that one normal may cross


def enter(
    beads: cython.const[cython.double][:, ::1],
    margin: cython.double,
    cell: cython.double,
    rows: cython.Py_ssize_t,
    columns: cython.Py_ssize_t,
    place: cython.Py_ssize_t[::1],
    entries: cython.int[::1],
) -> None:
    """Enter beads into the cells that lie within `margin` of them; call it once to count and once to write.

    beads    (n, 5)  x0, y0, x1, y1, half width; the grid begins at 0, 0
    place    (rows * columns,)  where the next entry of each cell belongs; moved on
    entries  number of the bead; of length 0 to count only
    """
    i: cython.Py_ssize_t
    row: cython.Py_ssize_t
    column: cython.Py_ssize_t
    last: cython.Py_ssize_t
    here: cython.Py_ssize_t
    count_only: cython.bint = entries.shape[0] == 0
    around: cython.double
    x0: cython.double
    y0: cython.double
    x1: cython.double
    y1: cython.double
    slope: cython.double
    low: cython.double
    high: cython.double
    from_y: cython.double
    to_y: cython.double
    with cython.nogil:
        for i in range(beads.shape[0]):
            around = beads[i, 4] + margin
            if beads[i, 1] <= beads[i, 3]:
                x0 = beads[i, 0]
                y0 = beads[i, 1]
                x1 = beads[i, 2]
                y1 = beads[i, 3]
            else:
                x0 = beads[i, 2]
                y0 = beads[i, 3]
                x1 = beads[i, 0]
                y1 = beads[i, 1]
            slope = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
            row = cython.cast(cython.Py_ssize_t, max((y0 - around) / cell, 0.0))
            while row < rows and row * cell <= y1 + around:
                # the part of the centre line that this row of cells may see
                from_y = min(max(row * cell - around, y0), y1)
                to_y = min(max((row + 1) * cell + around, y0), y1)
                low = x0 + slope * (from_y - y0)
                high = x0 + slope * (to_y - y0)
                if y1 == y0:
                    high = x1
                if low > high:
                    from_y = low
                    low = high
                    high = from_y
                column = cython.cast(cython.Py_ssize_t, max((low - around) / cell, 0.0))
                last = min(columns - 1, cython.cast(cython.Py_ssize_t, max((high + around) / cell, -1.0)))
                if high + around < 0:
                    last = -1
                while column <= last:
                    here = row * columns + column
                    if not count_only:
                        entries[place[here]] = i
                    place[here] += 1
                    column += 1
                row += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _disc(
    px: cython.double, py: cython.double, nx: cython.double, ny: cython.double, r: cython.double,
    span: cython.double[:, ::1], k: cython.Py_ssize_t,
) -> cython.void:  # fmt: skip
    """Widen span k by what a disc of radius r about the origin covers of the line from p along n."""
    along: cython.double = -(px * nx + py * ny)
    square: cython.double = r * r - (px * px + py * py - along * along)
    if square > 0:
        square = sqrt(square)
        span[k, 0] = min(span[k, 0], along - square)
        span[k, 1] = max(span[k, 1], along + square)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _crossing(
    px: cython.double, py: cython.double, nx: cython.double, ny: cython.double,
    beads: cython.const[cython.double][:, ::1], i: cython.Py_ssize_t,
    span: cython.double[:, ::1], k: cython.Py_ssize_t,
) -> cython.bint:  # fmt: skip
    """Write to span k which part of the line from p along n lies in bead i; return whether any does."""
    ax: cython.double = px - beads[i, 0]
    ay: cython.double = py - beads[i, 1]
    dx: cython.double = beads[i, 2] - beads[i, 0]
    dy: cython.double = beads[i, 3] - beads[i, 1]
    r: cython.double = beads[i, 4]
    length: cython.double = sqrt(dx * dx + dy * dy)
    low: cython.double = -1e9
    high: cython.double = 1e9
    a: cython.double
    b: cython.double
    span[k, 0] = 1e9
    span[k, 1] = -1e9
    _disc(ax, ay, nx, ny, r, span, k)
    _disc(ax - dx, ay - dy, nx, ny, r, span, k)
    if length > 0:
        dx /= length
        dy /= length
        across: cython.double = dx * ny - dy * nx
        offset: cython.double = dx * ay - dy * ax
        onward: cython.double = dx * nx + dy * ny
        begin: cython.double = dx * ax + dy * ay
        if fabs(across) > 1e-12:
            a = (-r - offset) / across
            b = (r - offset) / across
            low = max(low, min(a, b))
            high = min(high, max(a, b))
        elif fabs(offset) > r:
            high = low - 1
        if fabs(onward) > 1e-12:
            a = -begin / onward
            b = (length - begin) / onward
            low = max(low, min(a, b))
            high = min(high, max(a, b))
        elif begin < 0 or begin > length:
            high = low - 1
        if low < high:
            span[k, 0] = min(span[k, 0], low)
            span[k, 1] = max(span[k, 1], high)
    return span[k, 0] < span[k, 1]


def reach(
    points: cython.const[cython.double][:, ::1],
    beads: cython.const[cython.double][:, ::1],
    limit: cython.double,
    cell: cython.double,
    rows: cython.Py_ssize_t,
    columns: cython.Py_ssize_t,
    starts: cython.const[cython.Py_ssize_t][::1],
    entries: cython.const[cython.int][::1],
    span: cython.double[:, ::1],
    out: cython.double[::1],
) -> None:
    """Write for each point how far along its normal plastic ends, + outside of the outline, - inside: the nearest end.

    points   (m, 4)   x, y and the outward unit normal
    starts   (rows * columns + 1,)  entries of each cell
    span     (64, 2)  room to work in
    out      (m,)     mm; beyond `limit` where no plastic ends within it
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    n: cython.Py_ssize_t
    here: cython.Py_ssize_t
    row: cython.Py_ssize_t
    column: cython.Py_ssize_t
    x: cython.double
    y: cython.double
    best: cython.double
    free: cython.bint
    with cython.nogil:
        for i in range(points.shape[0]):
            x = points[i, 0]
            y = points[i, 1]
            best = 2 * limit
            if x >= 0 and y >= 0:
                column = cython.cast(cython.Py_ssize_t, x / cell)
                row = cython.cast(cython.Py_ssize_t, y / cell)
                if row < rows and column < columns:
                    n = 0
                    here = row * columns + column
                    for k in range(starts[here], starts[here + 1]):
                        if n < MOST and _crossing(x, y, points[i, 2], points[i, 3], beads, entries[k], span, n):
                            n += 1
                    for j in range(n):
                        free = True  # no other bead goes on where this one ends
                        for k in range(n):
                            if span[k, 0] <= span[j, 1] + 1e-9 and span[k, 1] > span[j, 1]:
                                free = False
                        if free and fabs(span[j, 1]) < fabs(best):
                            best = span[j, 1]
            out[i] = best
