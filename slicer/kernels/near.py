# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A hashed grid of edges in labelled planes: the edge nearest to a point, and whether a segment crosses any.

Every edge lies in a plane (`bin`: a layer, or a layer and a ring of walls) and meets only questions asked of that
plane. Edges are entered into the cells of points sampled along them every half cell; so an edge that comes within
3/4 cell of a point has a sample in the 3 x 3 cells around it, and one that crosses a segment has a sample in the cells
around one of the segment's own samples.
"""

import cython
import numpy as np
from cython.cimports.libc.math import ceil, floor, sqrt


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def slot(plane: cython.longlong, cx: cython.longlong, cy: cython.longlong, mask: cython.longlong) -> cython.longlong:
    """Return the hash slot of a cell; all factors stay far below 2**63."""
    return ((plane * 73856093) ^ (cx * 19349663) ^ (cy * 83492791)) & mask


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def samples(
    ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double, cell: cython.double
) -> cython.longlong:
    """Return into how many steps of at most half a cell a segment is divided (at least 1)."""
    steps: cython.double = ceil(2.0 * sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay)) / cell)
    return cython.cast(cython.longlong, steps) if steps >= 1.0 else 1


def build(
    start: cython.const[cython.double][:, ::1],
    end: cython.const[cython.double][:, ::1],
    bins: cython.const[cython.longlong][::1],
    low_x: cython.double,
    low_y: cython.double,
    cell: cython.double,
):
    """Return (first (slots + 1,), entry (m,)): the edges of each slot; slots is a power of two.

    (low_x, low_y) must not lie right of or above any edge; an edge may stand in a slot more than once.
    """
    n: cython.Py_ssize_t = start.shape[0]
    i: cython.Py_ssize_t
    k: cython.longlong
    steps: cython.longlong
    total: cython.longlong = 0
    with cython.nogil:
        for i in range(n):
            total += samples(start[i, 0], start[i, 1], end[i, 0], end[i, 1], cell) + 1
    size: cython.longlong = 16
    while size < total:
        size *= 2
    mask: cython.longlong = size - 1
    first_array = np.zeros(size + 1, np.int64)
    entry_array = np.zeros(total, np.int64)
    first: cython.longlong[::1] = first_array
    entry: cython.longlong[::1] = entry_array
    fill: cython.int
    at: cython.longlong
    last: cython.longlong
    cx: cython.longlong
    cy: cython.longlong
    u: cython.double
    x: cython.double
    y: cython.double
    with cython.nogil:
        for fill in range(2):  # count, then enter backwards from each slot's end
            for i in range(n):
                steps = samples(start[i, 0], start[i, 1], end[i, 0], end[i, 1], cell)
                last = -1
                for k in range(steps + 1):
                    u = cython.cast(cython.double, k) / cython.cast(cython.double, steps)
                    x = start[i, 0] + u * (end[i, 0] - start[i, 0]) - low_x
                    y = start[i, 1] + u * (end[i, 1] - start[i, 1]) - low_y
                    cx = cython.cast(cython.longlong, x / cell) + 1
                    cy = cython.cast(cython.longlong, y / cell) + 1
                    at = slot(bins[i], cx, cy, mask)
                    if at == last:
                        continue
                    last = at
                    if fill == 0:
                        first[at] += 1
                    else:
                        first[at] -= 1
                        entry[first[at]] = i
            if fill == 0:
                for k in range(1, size):
                    first[k] += first[k - 1]
                first[size] = first[size - 1]
    return first_array, entry_array


def nearest(
    start: cython.const[cython.double][:, ::1],
    end: cython.const[cython.double][:, ::1],
    bins: cython.const[cython.longlong][::1],
    first: cython.const[cython.longlong][::1],
    entry: cython.const[cython.longlong][::1],
    low_x: cython.double,
    low_y: cython.double,
    cell: cython.double,
    points: cython.const[cython.double][:, ::1],
    point_bins: cython.const[cython.longlong][::1],
    edge: cython.longlong[::1],
    distance: cython.double[::1],
):
    """Fill for each point the nearest edge of its plane within 3/4 cell (-1: none) and its distance."""
    mask: cython.longlong = first.shape[0] - 2
    q: cython.Py_ssize_t
    cx: cython.longlong
    cy: cython.longlong
    dx: cython.longlong
    dy: cython.longlong
    j: cython.longlong
    at: cython.longlong
    i: cython.longlong
    best: cython.double
    d: cython.double
    with cython.nogil:
        for q in range(points.shape[0]):
            edge[q] = -1
            best = 0.5625 * cell * cell
            cx = cython.cast(cython.longlong, floor((points[q, 0] - low_x) / cell)) + 1
            cy = cython.cast(cython.longlong, floor((points[q, 1] - low_y) / cell)) + 1
            for dx in range(-1, 2):
                for dy in range(-1, 2):
                    if cx + dx < 0 or cy + dy < 0:
                        continue
                    at = slot(point_bins[q], cx + dx, cy + dy, mask)
                    for j in range(first[at], first[at + 1]):
                        i = entry[j]
                        if bins[i] != point_bins[q]:
                            continue
                        d = squared_distance(points[q, 0], points[q, 1], start[i, 0], start[i, 1], end[i, 0], end[i, 1])
                        if d < best or (d == best and i < edge[q]):
                            best = d
                            edge[q] = i
            distance[q] = sqrt(best)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def squared_distance(
    px: cython.double, py: cython.double, ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double
) -> cython.double:
    """Return the squared distance of a point from a segment."""
    vx: cython.double = bx - ax
    vy: cython.double = by - ay
    square: cython.double = vx * vx + vy * vy
    u: cython.double = 0.0
    if square > 0.0:
        u = ((px - ax) * vx + (py - ay) * vy) / square
        u = 0.0 if u < 0.0 else (1.0 if u > 1.0 else u)
    vx = ax + u * vx - px
    vy = ay + u * vy - py
    return vx * vx + vy * vy


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def side(
    ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double, px: cython.double, py: cython.double
) -> cython.double:
    """Return twice the signed area of a, b, p: positive where p lies left of a -> b."""
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


def crosses(
    start: cython.const[cython.double][:, ::1],
    end: cython.const[cython.double][:, ::1],
    bins: cython.const[cython.longlong][::1],
    first: cython.const[cython.longlong][::1],
    entry: cython.const[cython.longlong][::1],
    low_x: cython.double,
    low_y: cython.double,
    cell: cython.double,
    a: cython.const[cython.double][:, ::1],
    b: cython.const[cython.double][:, ::1],
    segment_bins: cython.const[cython.longlong][::1],
    crossed: cython.uchar[::1],
):
    """Fill 1 for each segment a -> b that meets an edge of its plane, touching included."""
    mask: cython.longlong = first.shape[0] - 2
    q: cython.Py_ssize_t
    k: cython.longlong
    steps: cython.longlong
    cx: cython.longlong
    cy: cython.longlong
    dx: cython.longlong
    dy: cython.longlong
    j: cython.longlong
    at: cython.longlong
    i: cython.longlong
    u: cython.double
    with cython.nogil:
        for q in range(a.shape[0]):
            crossed[q] = 0
            steps = samples(a[q, 0], a[q, 1], b[q, 0], b[q, 1], cell)
            for k in range(steps + 1):
                u = cython.cast(cython.double, k) / cython.cast(cython.double, steps)
                cx = cython.cast(cython.longlong, floor((a[q, 0] + u * (b[q, 0] - a[q, 0]) - low_x) / cell)) + 1
                cy = cython.cast(cython.longlong, floor((a[q, 1] + u * (b[q, 1] - a[q, 1]) - low_y) / cell)) + 1
                for dx in range(-1, 2):
                    for dy in range(-1, 2):
                        if crossed[q] or cx + dx < 0 or cy + dy < 0:
                            continue
                        at = slot(segment_bins[q], cx + dx, cy + dy, mask)
                        for j in range(first[at], first[at + 1]):
                            i = entry[j]
                            if bins[i] == segment_bins[q] and side(
                                start[i, 0], start[i, 1], end[i, 0], end[i, 1], a[q, 0], a[q, 1]
                            ) * side(start[i, 0], start[i, 1], end[i, 0], end[i, 1], b[q, 0], b[q, 1]) <= 0.0 and side(
                                a[q, 0], a[q, 1], b[q, 0], b[q, 1], start[i, 0], start[i, 1]
                            ) * side(a[q, 0], a[q, 1], b[q, 0], b[q, 1], end[i, 0], end[i, 1]) <= 0.0:
                                crossed[q] = 1
                                break
                if crossed[q]:
                    break
