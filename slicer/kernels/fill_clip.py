# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: where the curves of a pattern cross the rings of their areas.

Each area has a grid of square cells; every ring edge is entered in the cells its bounding box covers, every segment of
a curve is tested against the edges in the cells of its own bounding box. A vertex is left of a line or not, and never
on it: both curves and rings then change sides an even number of times.
"""

import cython


def bucket(
    xy: cython.const[cython.double][:, ::1],
    edges: cython.const[cython.longlong][::1],
    edge_area: cython.const[cython.longlong][::1],
    grid: cython.const[cython.double][:, ::1],
    shape: cython.const[cython.longlong][:, ::1],
    cells: cython.longlong[::1],
    entries: cython.longlong[::1],
) -> cython.void:
    """Enter edges in cells. Called twice: with no entries to count into cells[1:], then to place them.

    xy (p, 2); edges (e,) first vertices; grid (areas, 3) lowest x, y and 1 / cell size; shape (areas, 3) first cell,
    columns and rows; cells (c + 1,) count or next free entry of each cell; entries (k,) edges
    """
    i: cython.Py_ssize_t
    a: cython.longlong
    e: cython.longlong
    c: cython.longlong
    r: cython.longlong
    c0: cython.longlong
    c1: cython.longlong
    r0: cython.longlong
    r1: cython.longlong
    cell: cython.longlong
    counting: cython.bint = entries.shape[0] == 0
    with cython.nogil:
        for i in range(edges.shape[0]):
            e = edges[i]
            a = edge_area[i]
            c0 = column(xy[e, 0], grid[a, 0], grid[a, 2], shape[a, 1])
            c1 = column(xy[e + 1, 0], grid[a, 0], grid[a, 2], shape[a, 1])
            r0 = column(xy[e, 1], grid[a, 1], grid[a, 2], shape[a, 2])
            r1 = column(xy[e + 1, 1], grid[a, 1], grid[a, 2], shape[a, 2])
            if c1 < c0:
                c0, c1 = c1, c0
            if r1 < r0:
                r0, r1 = r1, r0
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    cell = shape[a, 0] + r * shape[a, 1] + c
                    if counting:
                        cells[cell + 1] += 1
                    else:
                        entries[cells[cell]] = e
                        cells[cell] += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def column(x: cython.double, low: cython.double, scale: cython.double, n: cython.longlong) -> cython.longlong:
    """Return the column of a coordinate, clamped into the grid."""
    t: cython.double = (x - low) * scale
    if t <= 0.0:
        return 0
    if t >= n:
        return n - 1
    return cython.cast(cython.longlong, t)


def cross(
    xy: cython.const[cython.double][:, ::1],
    curve_xy: cython.const[cython.double][:, ::1],
    curve_offsets: cython.const[cython.longlong][::1],
    curve_area: cython.const[cython.longlong][::1],
    grid: cython.const[cython.double][:, ::1],
    shape: cython.const[cython.longlong][:, ::1],
    cells: cython.const[cython.longlong][::1],
    entries: cython.const[cython.longlong][::1],
    curve_hits: cython.longlong[::1],
    hit_segment: cython.longlong[::1],
    hit_edge: cython.longlong[::1],
    hit_at: cython.double[:, ::1],
) -> int:
    """Write the crossings, sorted along the curves, as far as there is room; return the number found.

    curve_xy, curve_offsets, curve_area: curves, each beginning and ending outside its area
    curve_hits (curves + 1,) out: crossings of each curve
    hit_segment (m,) first vertex of the curve's segment, hit_edge (m,) first vertex of the ring's edge
    hit_at (m, 2) the place on both, 0..1
    """
    k: cython.Py_ssize_t
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = 0
    with cython.nogil:
        for k in range(curve_offsets.shape[0] - 1):
            curve_hits[k] = n
            for i in range(curve_offsets[k], curve_offsets[k + 1] - 1):
                n = cross_segment(
                    xy, curve_xy, i, curve_area[k], grid, shape, cells, entries, hit_segment, hit_edge, hit_at, n
                )
        curve_hits[curve_offsets.shape[0] - 1] = n
    return n


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cross_segment(
    xy: cython.const[cython.double][:, ::1],
    curve_xy: cython.const[cython.double][:, ::1],
    i: cython.Py_ssize_t,
    a: cython.longlong,
    grid: cython.const[cython.double][:, ::1],
    shape: cython.const[cython.longlong][:, ::1],
    cells: cython.const[cython.longlong][::1],
    entries: cython.const[cython.longlong][::1],
    hit_segment: cython.longlong[::1],
    hit_edge: cython.longlong[::1],
    hit_at: cython.double[:, ::1],
    n: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Add the crossings of the segment from curve vertex i; return the new number."""
    px: cython.double = curve_xy[i, 0]
    py: cython.double = curve_xy[i, 1]
    qx: cython.double = curve_xy[i + 1, 0]
    qy: cython.double = curve_xy[i + 1, 1]
    c0: cython.longlong = column(min(px, qx), grid[a, 0], grid[a, 2], shape[a, 1])
    c1: cython.longlong = column(max(px, qx), grid[a, 0], grid[a, 2], shape[a, 1])
    r0: cython.longlong = column(min(py, qy), grid[a, 1], grid[a, 2], shape[a, 2])
    r1: cython.longlong = column(max(py, qy), grid[a, 1], grid[a, 2], shape[a, 2])
    first: cython.Py_ssize_t = n
    slot: cython.Py_ssize_t
    j: cython.Py_ssize_t
    e: cython.longlong
    c: cython.longlong
    r: cython.longlong
    cell: cython.longlong
    s0: cython.double
    s1: cython.double
    t0: cython.double
    t1: cython.double
    ex: cython.double
    ey: cython.double
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            cell = shape[a, 0] + r * shape[a, 1] + c
            for j in range(cells[cell], cells[cell + 1]):
                e = entries[j]
                ex = xy[e, 0]
                ey = xy[e, 1]
                s0 = (qx - px) * (ey - py) - (qy - py) * (ex - px)
                s1 = (qx - px) * (xy[e + 1, 1] - py) - (qy - py) * (xy[e + 1, 0] - px)
                if (s0 >= 0.0) == (s1 >= 0.0):
                    continue
                t0 = (xy[e + 1, 0] - ex) * (py - ey) - (xy[e + 1, 1] - ey) * (px - ex)
                t1 = (xy[e + 1, 0] - ex) * (qy - ey) - (xy[e + 1, 1] - ey) * (qx - ex)
                if (t0 >= 0.0) == (t1 >= 0.0):
                    continue
                # a pair that shares several cells counts in the first of them
                if c != max(c0, column(min(ex, xy[e + 1, 0]), grid[a, 0], grid[a, 2], shape[a, 1])):
                    continue
                if r != max(r0, column(min(ey, xy[e + 1, 1]), grid[a, 1], grid[a, 2], shape[a, 2])):
                    continue
                if n < hit_segment.shape[0]:
                    slot = n
                    t0 = t0 / (t0 - t1)
                    while slot > first and hit_at[slot - 1, 0] > t0:
                        hit_at[slot, 0] = hit_at[slot - 1, 0]
                        hit_at[slot, 1] = hit_at[slot - 1, 1]
                        hit_edge[slot] = hit_edge[slot - 1]
                        slot -= 1
                    hit_at[slot, 0] = t0
                    hit_at[slot, 1] = s0 / (s0 - s1)
                    hit_edge[slot] = e
                    hit_segment[n] = i
                n += 1
    return n
