# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Find places where two boundaries of the same group face each other closely: thin walls, or narrow cracks.

Boundaries are looked up in a grid of square cells, so the work grows with the length of the outlines.
"""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt

PARALLEL = cython.declare(cython.double, 0.6)  # cosine: how nearly opposite the directions must be
AHEAD = cython.declare(cython.double, 0.6)  # cosine: how straight ahead the other side must lie


def flag(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    side: cython.const[cython.double][::1],
    group_offsets: cython.const[cython.longlong][::1],
    reach: cython.const[cython.double][::1],
    flags: cython.char[::1],
):
    """Set flags[g] where some boundary of group g meets an opposite one within reach[g] mm on the chosen side.

    xy, offsets    closed rings
    side           (r,) +1 looks to the left of a ring's direction, -1 to the right
    group_offsets  (g + 1,) rings of each group
    """
    groups: cython.Py_ssize_t = group_offsets.shape[0] - 1
    longest: cython.Py_ssize_t = 1
    g: cython.Py_ssize_t
    for g in range(groups):
        longest = max(longest, offsets[group_offsets[g + 1]] - offsets[group_offsets[g]])
    following_array = np.empty(longest, np.int64)
    side_array = np.empty(longest, np.float64)
    following: cython.longlong[::1] = following_array  # end vertex of each segment, relative to the group
    facing: cython.double[::1] = side_array
    heads_array = np.empty(1024, np.int64)
    heads: cython.longlong[::1] = heads_array
    links_array = np.empty((4096, 2), np.int64)
    links: cython.longlong[:, ::1] = links_array
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    lo: cython.Py_ssize_t
    n: cython.Py_ssize_t
    wide: cython.Py_ssize_t
    high: cython.Py_ssize_t
    room: cython.Py_ssize_t
    for g in range(groups):
        flags[g] = 0
        lo = offsets[group_offsets[g]]
        n = offsets[group_offsets[g + 1]] - lo
        if n < 3:
            continue
        for r in range(group_offsets[g], group_offsets[g + 1]):
            for i in range(offsets[r], offsets[r + 1]):
                following[i - lo] = i + 1 - lo
                facing[i - lo] = side[r]
            following[offsets[r + 1] - 1 - lo] = offsets[r] - lo
        wide, high, room = _measure(xy[lo : lo + n], following[:n], reach[g])
        if wide * high > heads_array.shape[0]:
            heads_array = np.empty(2 * wide * high, np.int64)
            heads = heads_array
        if room > links_array.shape[0]:
            links_array = np.empty((2 * room, 2), np.int64)
            links = links_array
        flags[g] = _search(xy[lo : lo + n], following[:n], facing[:n], reach[g], wide, high, heads, links)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _cell_size(reach: cython.double) -> cython.double:
    return max(reach, 0.5)


@cython.cfunc
def _measure(
    xy: cython.const[cython.double][:, ::1], following: cython.const[cython.longlong][::1], reach: cython.double
) -> tuple[cython.Py_ssize_t, cython.Py_ssize_t, cython.Py_ssize_t]:
    """Return the cells of the grid across and up, with a free margin, and how many entries it needs at most."""
    box: cython.double[4] = [xy[0, 0], xy[0, 1], xy[0, 0], xy[0, 1]]
    size: cython.double = _cell_size(reach)
    room: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    b: cython.Py_ssize_t
    for i in range(xy.shape[0]):
        b = following[i]
        box[0] = min(box[0], xy[i, 0])
        box[1] = min(box[1], xy[i, 1])
        box[2] = max(box[2], xy[i, 0])
        box[3] = max(box[3], xy[i, 1])
        room += 2 + cython.cast(cython.Py_ssize_t, (abs(xy[b, 0] - xy[i, 0]) + abs(xy[b, 1] - xy[i, 1])) / size * 2)
    return (
        cython.cast(cython.Py_ssize_t, (box[2] - box[0]) / size) + 5,
        cython.cast(cython.Py_ssize_t, (box[3] - box[1]) / size) + 5,
        room,
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _search(
    xy: cython.const[cython.double][:, ::1],
    following: cython.const[cython.longlong][::1],
    facing: cython.const[cython.double][::1],
    reach: cython.double,
    wide: cython.Py_ssize_t,
    high: cython.Py_ssize_t,
    heads: cython.longlong[::1],
    links: cython.longlong[:, ::1],
) -> cython.char:
    """Return 1 if some segment meets an opposite one; links hold (next entry, segment) of each cell's list."""
    n: cython.Py_ssize_t = xy.shape[0]
    size: cython.double = _cell_size(reach)
    x0: cython.double = xy[0, 0]
    y0: cython.double = xy[0, 1]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    b: cython.Py_ssize_t
    e: cython.Py_ssize_t
    k: cython.Py_ssize_t
    c: cython.Py_ssize_t
    cell: cython.Py_ssize_t
    last: cython.Py_ssize_t
    entries: cython.Py_ssize_t = 0
    steps: cython.Py_ssize_t
    dx: cython.double
    dy: cython.double
    ex: cython.double
    ey: cython.double
    px: cython.double
    py: cython.double
    qx: cython.double
    qy: cython.double
    nx: cython.double
    ny: cython.double
    length: cython.double
    other: cython.double
    u: cython.double
    d2: cython.double
    gx: cython.int
    gy: cython.int
    for i in range(n):
        x0 = min(x0, xy[i, 0])
        y0 = min(y0, xy[i, 1])
    x0 -= 1.5 * size  # a whole free cell all around, whatever the rounding
    y0 -= 1.5 * size
    for cell in range(wide * high):
        heads[cell] = -1
    for i in range(n):  # enter every segment into the cells it passes
        b = following[i]
        dx = xy[b, 0] - xy[i, 0]
        dy = xy[b, 1] - xy[i, 1]
        steps = 1 + cython.cast(cython.Py_ssize_t, (abs(dx) + abs(dy)) / size * 2)
        last = -1
        for k in range(steps + 1):
            u = cython.cast(cython.double, k) / steps
            cell = cython.cast(cython.Py_ssize_t, (xy[i, 0] + dx * u - x0) / size) + wide * cython.cast(
                cython.Py_ssize_t, (xy[i, 1] + dy * u - y0) / size
            )
            if cell != last:
                links[entries, 0] = heads[cell]
                links[entries, 1] = i
                heads[cell] = entries
                entries += 1
                last = cell
    for i in range(n):  # look from points on every segment for an opposite one ahead
        b = following[i]
        dx = xy[b, 0] - xy[i, 0]
        dy = xy[b, 1] - xy[i, 1]
        length = sqrt(dx * dx + dy * dy)
        if length <= 0.0:
            continue
        nx = -dy / length * facing[i]
        ny = dx / length * facing[i]
        steps = 1 + cython.cast(cython.Py_ssize_t, length / size * 2)
        for k in range(steps):
            u = (k + 0.5) / steps
            px = xy[i, 0] + dx * u
            py = xy[i, 1] + dy * u
            for gy in range(-1, 2):
                for gx in range(-1, 2):
                    c = (
                        cython.cast(cython.Py_ssize_t, (px - x0) / size)
                        + gx
                        + wide * (cython.cast(cython.Py_ssize_t, (py - y0) / size) + gy)
                    )
                    e = heads[c]
                    while e >= 0:
                        j = links[e, 1]
                        e = links[e, 0]
                        ex = xy[following[j], 0] - xy[j, 0]
                        ey = xy[following[j], 1] - xy[j, 1]
                        if (ex * dx + ey * dy) * facing[i] * facing[j] >= 0.0:
                            continue
                        other = sqrt(ex * ex + ey * ey)
                        if (ex * dx + ey * dy) * facing[i] * facing[j] > -PARALLEL * other * length:
                            continue
                        u = ((px - xy[j, 0]) * ex + (py - xy[j, 1]) * ey) / (other * other)
                        u = 0.0 if u < 0.0 else 1.0 if u > 1.0 else u
                        qx = xy[j, 0] + ex * u - px
                        qy = xy[j, 1] + ey * u - py
                        d2 = qx * qx + qy * qy
                        if d2 < reach * reach and qx * nx + qy * ny > AHEAD * sqrt(d2):
                            return 1
    return 0
