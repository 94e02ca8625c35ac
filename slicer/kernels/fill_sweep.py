# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: print the segments of each frame as zigzags that sweep over it in one direction.

Segments of neighbouring lines that overlap, each the only neighbour of the other, form a cell: a part of the region
that is swept without a fork. Cells are printed in an order in which everything beside and before a cell is printed
first, the nearest of those that are ready; inside a cell the lines alternate in direction and are joined along the
border where the way is short.
"""

import cython
from cython.cimports.libc.math import fabs


def overlaps(
    row_offsets: cython.const[cython.longlong][::1],
    row_frame: cython.const[cython.longlong][::1],
    left: cython.const[cython.double][::1],
    right: cython.const[cython.double][::1],
    before: cython.longlong[:, ::1],
    after: cython.longlong[:, ::1],
) -> cython.void:
    """Fill for each segment the first neighbour and their number on the row before and on the row after.

    row_offsets (rows + 1,) segments of each row, row_frame (rows,), left, right (n,) ends; before, after (n, 2) zeroed.
    """
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    with cython.nogil:
        for r in range(row_offsets.shape[0] - 2):
            if row_frame[r] != row_frame[r + 1]:
                continue
            j = row_offsets[r + 1]
            for i in range(row_offsets[r], row_offsets[r + 1]):
                while j < row_offsets[r + 2] and right[j] <= left[i]:
                    j += 1
                k = j
                while k < row_offsets[r + 2] and left[k] < right[i]:
                    if after[i, 1] == 0:
                        after[i, 0] = k
                    after[i, 1] += 1
                    if before[k, 1] == 0:
                        before[k, 0] = i
                    before[k, 1] += 1
                    k += 1


def sweep(
    seg_offsets: cython.const[cython.longlong][::1],
    seg_row: cython.const[cython.longlong][::1],
    ends: cython.const[cython.longlong][:, ::1],
    end_u: cython.const[cython.double][:, ::1],
    before: cython.const[cython.longlong][:, ::1],
    after: cython.const[cython.longlong][:, ::1],
    cross_ring: cython.const[cython.longlong][::1],
    cross_edge: cython.const[cython.longlong][::1],
    cross_arc: cython.const[cython.double][::1],
    ring_cross: cython.const[cython.longlong][::1],
    ring_offsets: cython.const[cython.longlong][::1],
    ring_length: cython.const[cython.double][::1],
    reach: cython.const[cython.double][::1],
    pending: cython.longlong[::1],
    ready: cython.longlong[::1],
    linked: cython.char[::1],
    point: cython.longlong[::1],
    path_end: cython.longlong[::1],
    path_frame: cython.longlong[::1],
) -> tuple[int, int]:
    """Fill the points and paths; return (number of points, number of paths).

    seg_offsets (frames + 1,) segments of each frame; seg_row (n,); ends, end_u (n, 2) left and right crossing and its u
    reach (frames,) the longest way along the border that joins two lines
    pending, ready (n,) scratch; linked (m,) zeroed: out 1 where the way from a crossing to the next one is a link
    point (2 n + vertices,) out: crossing c as -1 - c, ring vertex i as i
    path_end, path_frame (n,) out: where each path ends in `point`, and its frame
    """
    f: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    best: cython.Py_ssize_t
    seg: cython.longlong
    nxt: cython.longlong
    side: cython.longlong
    came: cython.longlong
    n: cython.Py_ssize_t = 0
    paths: cython.Py_ssize_t = 0
    waiting: cython.Py_ssize_t
    u: cython.double
    row: cython.double
    d: cython.double
    nearest: cython.double
    with cython.nogil:
        for f in range(seg_offsets.shape[0] - 1):
            waiting = 0
            for i in range(seg_offsets[f], seg_offsets[f + 1]):
                pending[i] = before[i, 1]
                if before[i, 1] == 0:
                    ready[waiting] = i
                    waiting += 1
            came = -1
            u = 0.0
            row = 0.0
            while waiting > 0:
                best = 0
                side = 0
                nearest = 1e300
                for i in range(waiting):
                    seg = ready[i]
                    for j in range(2):
                        d = fabs(end_u[seg, j] - u) + fabs(seg_row[seg] - row) * reach[f] * 0.3
                        if d < nearest:
                            nearest = d
                            best = i
                            side = j
                seg = ready[best]
                waiting -= 1
                ready[best] = ready[waiting]
                while True:  # along the cell
                    j = -1
                    if came >= 0:
                        j = link(
                            came, ends[seg, side], cross_ring, cross_edge, cross_arc, ring_cross, ring_offsets,
                            ring_length, reach[f], linked, point, n,
                        )  # fmt: skip
                    if j >= 0:
                        n = j
                    elif came >= 0:
                        path_end[paths] = n
                        path_frame[paths] = f
                        paths += 1
                    point[n] = -1 - ends[seg, side]
                    point[n + 1] = -1 - ends[seg, 1 - side]
                    n += 2
                    side = 1 - side
                    came = ends[seg, side]
                    u = end_u[seg, side]
                    row = seg_row[seg]
                    nxt = after[seg, 0]
                    if after[seg, 1] == 1 and before[nxt, 1] == 1:
                        seg = nxt
                        continue
                    for i in range(after[seg, 1]):
                        pending[nxt + i] -= 1
                        if pending[nxt + i] == 0:
                            ready[waiting] = nxt + i
                            waiting += 1
                    break
            if came >= 0:
                path_end[paths] = n
                path_frame[paths] = f
                paths += 1
    return n, paths


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def link(
    a: cython.longlong,
    b: cython.longlong,
    cross_ring: cython.const[cython.longlong][::1],
    cross_edge: cython.const[cython.longlong][::1],
    cross_arc: cython.const[cython.double][::1],
    ring_cross: cython.const[cython.longlong][::1],
    ring_offsets: cython.const[cython.longlong][::1],
    ring_length: cython.const[cython.double][::1],
    reach: cython.double,
    linked: cython.char[::1],
    point: cython.longlong[::1],
    n: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Append the ring's vertices from crossing a to crossing b; return the new length, or -1 where there is no way.

    There is a way where b is the next crossing of the same ring, forwards or backwards, within reach.
    """
    ring: cython.longlong = cross_ring[a]
    first: cython.longlong = ring_cross[ring]
    last: cython.longlong = ring_cross[ring + 1] - 1
    start: cython.longlong = ring_offsets[ring]
    stop: cython.longlong = ring_offsets[ring + 1] - 1
    step: cython.longlong = 0
    way: cython.double
    i: cython.longlong
    if cross_ring[b] != ring:
        return -1
    if b == a + 1 or (a == last and b == first):
        way = cross_arc[b] - cross_arc[a]
        if way < 0.0:
            way += ring_length[ring]
        if way <= reach:
            step = 1
    if step == 0 and (b == a - 1 or (a == first and b == last)):
        way = cross_arc[a] - cross_arc[b]
        if way < 0.0:
            way += ring_length[ring]
        if way <= reach:
            step = -1
    if step == 0:
        return -1
    linked[a if step > 0 else b] = 1
    i = cross_edge[a]
    if step > 0:
        if i == cross_edge[b] and cross_arc[b] >= cross_arc[a]:
            return n
        while True:
            i += 1
            if i == stop:
                i = start
            point[n] = i
            n += 1
            if i == cross_edge[b]:
                return n
    if i == cross_edge[b] and cross_arc[b] <= cross_arc[a]:
        return n
    while True:
        point[n] = i
        n += 1
        if i == start:
            i = stop
        i -= 1
        if i == cross_edge[b]:
            return n
