# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: where parallel lines cross the rings of polygons, all polygons of all layers at once.

A frame is turned so that its lines are horizontal and scaled so that line k lies at v = k. A vertex belongs to line
`ceil(v)`; an edge crosses the lines from the lower ceil up to, not including, the higher one. This half-open rule gives
each line an even number of crossings with closed rings, whatever vertices it touches.
"""

import cython


def scan(
    u: cython.const[cython.double][::1],
    v: cython.const[cython.double][::1],
    ceil_v: cython.const[cython.longlong][::1],
    arc: cython.const[cython.double][::1],
    ring_offsets: cython.const[cython.longlong][::1],
    ring_base: cython.const[cython.longlong][::1],
    row_offsets: cython.longlong[::1],
    cross_edge: cython.longlong[::1],
    cross_ring: cython.longlong[::1],
    cross_row: cython.longlong[::1],
    cross_u: cython.double[::1],
    cross_arc: cython.double[::1],
    ring_cross: cython.longlong[::1],
    order: cython.longlong[::1],
) -> cython.void:
    """Fill the crossings in ring order, and `order`: the crossings sorted by row and then by u.

    u, v, ceil_v, arc  (p,) vertices of closed rings in the frame, ceil(v), and the length along the ring up to there
    ring_offsets       (r + 1,) vertices of each ring; ring_base (r,) row of line 0 of the ring's frame
    row_offsets        (rows + 1,) out: crossings of each row (a row is one line of one frame)
    cross_*            (m,) out: edge (its first vertex), ring, row, u and length along the ring of each crossing
    ring_cross         (r + 1,) out: crossings of each ring
    order              (m,) out
    """
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    m: cython.Py_ssize_t = 0
    rows: cython.Py_ssize_t = row_offsets.shape[0] - 1
    a: cython.longlong
    b: cython.longlong
    k: cython.longlong
    step: cython.longlong
    t: cython.double
    with cython.nogil:
        for r in range(ring_offsets.shape[0] - 1):
            ring_cross[r] = m
            for i in range(ring_offsets[r], ring_offsets[r + 1] - 1):
                a = ceil_v[i]
                b = ceil_v[i + 1]
                if a == b:
                    continue
                step = 1
                k = a
                if b < a:
                    step = -1
                    k = a - 1
                    b = b - 1
                while k != b:
                    t = (k - v[i]) / (v[i + 1] - v[i])
                    cross_edge[m] = i
                    cross_ring[m] = r
                    cross_row[m] = ring_base[r] + k
                    cross_u[m] = u[i] + t * (u[i + 1] - u[i])
                    cross_arc[m] = arc[i] + t * (arc[i + 1] - arc[i])
                    row_offsets[cross_row[m] + 1] += 1
                    m += 1
                    k += step
        ring_cross[ring_offsets.shape[0] - 1] = m
        for j in range(rows):
            row_offsets[j + 1] += row_offsets[j]
        for i in range(m):  # counting sort: row_offsets[row] runs up to the next row's start, and is moved back below
            j = cross_row[i]
            order[row_offsets[j]] = i
            row_offsets[j] += 1
        for j in range(rows, 0, -1):
            row_offsets[j] = row_offsets[j - 1]
        row_offsets[0] = 0
        for j in range(rows):
            sort_row(order, cross_u, row_offsets[j], row_offsets[j + 1])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sort_row(
    order: cython.longlong[::1], key: cython.double[::1], start: cython.Py_ssize_t, stop: cython.Py_ssize_t
) -> cython.void:
    """Shell sort of order[start:stop] by key and then by index: rows are short, a few hundred at most."""
    gap: cython.Py_ssize_t = 1
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    mine: cython.longlong
    other: cython.longlong
    while gap < (stop - start) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(start + gap, stop):
            mine = order[i]
            j = i
            while j >= start + gap:
                other = order[j - gap]
                if key[other] < key[mine] or (key[other] == key[mine] and other < mine):
                    break
                order[j] = other
                j -= gap
            order[j] = mine
        gap = gap // 3
