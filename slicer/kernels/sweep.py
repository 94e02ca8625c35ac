# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: the curve that the edges of an outline draw when each moves sideways, with all its crossings.

What the moving edges sweep over is covered: the curve winds round it once less (or more) than the outline did. Where
two edges move apart, the corner between them is mitred. Where they move towards each other and are long enough, the
corner is where they meet; else the curve goes from the end of one edge back to the vertex and out to the next edge.
"""

import cython
from cython.cimports.libc.math import sqrt

SAME = cython.declare(cython.double, 1e-14)  # mm2: vertices nearer to each other than the root of this are one


def sweep(
    xy: cython.const[cython.double][:, ::1],
    ring_offsets: cython.const[cython.longlong][::1],
    polygon_rings: cython.const[cython.longlong][::1],
    row_polygons: cython.const[cython.longlong][::1],
    distance: cython.const[cython.double][::1],
    mitre_limit: cython.double,
    cutting: cython.bint,
    out: cython.double[:, ::1],
    out_offsets: cython.longlong[::1],
    state: cython.char[::1],
):
    """Write a curve for each ring, open, with the inside to the left, and 2 for rows that have none.

    xy (p, 2) closed rings, the first of each polygon its outer one; ring_offsets (r + 1,)
    polygon_rings (n + 1,); row_polygons (m + 1,); distance (m,) mm inwards; state (m,) zeroed on entry
    mitre_limit: corners reach at most so many distances, then they are cut off, or their row has no curve
    out (3 p, 2), out_offsets (r + 1,)
    """
    m: cython.Py_ssize_t
    k: cython.Py_ssize_t
    r: cython.Py_ssize_t
    at: cython.Py_ssize_t = 0
    made: cython.Py_ssize_t
    with cython.nogil:
        out_offsets[0] = 0
        for m in range(row_polygons.shape[0] - 1):
            for k in range(row_polygons[m], row_polygons[m + 1]):
                for r in range(polygon_rings[k], polygon_rings[k + 1]):
                    made = _draw(xy, ring_offsets[r], ring_offsets[r + 1] - 1, r == polygon_rings[k], distance[m],
                                 mitre_limit, cutting, out, at)  # fmt: skip
                    if made < at:
                        state[m] = 2
                        made = at
                    at = made
                    out_offsets[r + 1] = at


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _draw(
    xy: cython.const[cython.double][:, ::1],
    first: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    outer: cython.bint,
    distance: cython.double,
    mitre_limit: cython.double,
    cutting: cython.bint,
    out: cython.double[:, ::1],
    at: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write the curve of the ring first:end from `at` on; return where it ends, -1 if there is none."""
    n: cython.Py_ssize_t = end - first
    i: cython.Py_ssize_t
    area: cython.double = 0.0
    for i in range(first, end):
        area += (xy[i, 0] - xy[first, 0]) * (xy[i + 1, 1] - xy[first, 1])
        area -= (xy[i + 1, 0] - xy[first, 0]) * (xy[i, 1] - xy[first, 1])
    step: cython.Py_ssize_t = 1 if (area > 0.0) == outer else -1
    i = first if step > 0 else end - 1
    x: cython.double = xy[i, 0]
    y: cython.double = xy[i, 1]
    before_x: cython.double = 0.0  # unit direction of the edge that leads to (x, y), and its length
    before_y: cython.double = 0.0
    before: cython.double = 0.0
    dx: cython.double
    dy: cython.double
    length: cython.double
    k: cython.Py_ssize_t
    start: cython.Py_ssize_t = at
    for k in range(2 * n):  # once around to know the last edge, once to write
        i += step
        if i < first or i >= end:
            i = first if step > 0 else end - 1
        dx = xy[i, 0] - x
        dy = xy[i, 1] - y
        length = sqrt(dx * dx + dy * dy)
        if length * length <= SAME:
            continue
        dx /= length
        dy /= length
        if k >= n:
            at = _turn(x, y, before_x, before_y, dx, dy, min(before, length), distance,
                       mitre_limit, cutting, out, at)  # fmt: skip
            if at < 0:
                return -1
        x = xy[i, 0]
        y = xy[i, 1]
        before_x = dx
        before_y = dy
        before = length
    return at if area != 0.0 and at - start > 2 else -1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _turn(
    x: cython.double,
    y: cython.double,
    ax: cython.double,
    ay: cython.double,
    bx: cython.double,
    by: cython.double,
    shorter: cython.double,
    distance: cython.double,
    mitre_limit: cython.double,
    cutting: cython.bint,
    out: cython.double[:, ::1],
    at: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write the curve around the vertex (x, y) between edges of unit directions a and b; return where it ends, or -1.

    shorter  length of the shorter of the two edges; -1: the corner would have to be cut
    """
    sine: cython.double = ax * by - ay * bx
    share: cython.double = max(1.0 + ax * bx + ay * by, 0.0)  # 2 / (mitre ratio)^2
    far: cython.double = abs(distance)
    meeting: cython.bint = sine * distance > 0.0
    sine = abs(sine)
    # both edges cover what is near the corner: once is enough, if no other corner is near for which that holds as well
    if meeting and (shorter < 2.0 * far * sine or shorter * share < 2.0 * far * sine):
        out[at, 0] = x - ay * distance
        out[at, 1] = y + ax * distance
        out[at + 1, 0] = x
        out[at + 1, 1] = y
        out[at + 2, 0] = x - by * distance
        out[at + 2, 1] = y + bx * distance
        return at + 3
    if meeting or share >= 2.0 / (mitre_limit * mitre_limit):
        out[at, 0] = x - (ay + by) / share * distance
        out[at, 1] = y + (ax + bx) / share * distance
        return at + 1
    if not cutting:
        return -1
    # square to the way of the corner, `mitre_limit` distances along it
    cut: cython.double = far * (mitre_limit - sqrt(0.5 * share)) / sqrt(1.0 - 0.5 * share)
    out[at, 0] = x - ay * distance + ax * cut
    out[at, 1] = y + ax * distance + ay * cut
    out[at + 1, 0] = x - by * distance - bx * cut
    out[at + 1, 1] = y + bx * distance - by * cut
    return at + 2
