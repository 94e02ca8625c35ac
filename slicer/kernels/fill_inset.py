# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: move every edge of polygons sideways, vertex by vertex: the offset wherever nothing meets or vanishes."""

import cython
from cython.cimports.libc.math import sqrt


def inset(
    xy: cython.const[cython.double][:, ::1],
    ring_offsets: cython.const[cython.longlong][::1],
    polygon_rings: cython.const[cython.longlong][::1],
    distance: cython.const[cython.double][::1],
    mitre_limit: cython.double,
    out: cython.double[:, ::1],
    doubtful: cython.char[::1],
) -> cython.void:
    """Write the moved vertices, and 1 for polygons where an edge turned round, is a point, or a corner is too sharp.

    xy, out (p, 2) closed rings, the first of each polygon its outer one; ring_offsets (r + 1,)
    polygon_rings (n + 1,); distance (n,) mm inwards; doubtful (n,) zeroed on entry
    """
    k: cython.Py_ssize_t
    r: cython.Py_ssize_t
    with cython.nogil:
        for k in range(polygon_rings.shape[0] - 1):
            for r in range(polygon_rings[k], polygon_rings[k + 1]):
                if not move(xy, ring_offsets[r], ring_offsets[r + 1] - 1, r == polygon_rings[k], distance[k],
                            mitre_limit, out):  # fmt: skip
                    doubtful[k] = 1
                    break


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def move(
    xy: cython.const[cython.double][:, ::1],
    start: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    outer: cython.bint,
    distance: cython.double,
    mitre_limit: cython.double,
    out: cython.double[:, ::1],
) -> cython.bint:
    """Move one ring whose vertex `last` repeats `start`; return whether all went well."""
    i: cython.Py_ssize_t
    area: cython.double = 0.0
    for i in range(start, last):
        area += (xy[i, 0] - xy[start, 0]) * (xy[i + 1, 1] - xy[start, 1])
        area -= (xy[i + 1, 0] - xy[start, 0]) * (xy[i, 1] - xy[start, 1])
    side: cython.double = distance if (area > 0.0) == outer else -distance  # positive: the inside is to the left
    x0: cython.double = xy[last, 0] - xy[last - 1, 0]
    y0: cython.double = xy[last, 1] - xy[last - 1, 1]
    length: cython.double = sqrt(x0 * x0 + y0 * y0)
    x1: cython.double
    y1: cython.double
    share: cython.double
    if length == 0.0:
        return False
    x0 /= length
    y0 /= length
    for i in range(start, last):
        x1 = xy[i + 1, 0] - xy[i, 0]
        y1 = xy[i + 1, 1] - xy[i, 1]
        length = sqrt(x1 * x1 + y1 * y1)
        if length == 0.0:
            return False
        x1 /= length
        y1 /= length
        share = 1.0 + x0 * x1 + y0 * y1  # 2 / (mitre ratio)^2
        if share < 1e-3 or ((x0 * y1 - y0 * x1) * side < 0.0 and share * mitre_limit * mitre_limit < 2.0):
            return False
        out[i, 0] = xy[i, 0] - side * (y0 + y1) / share
        out[i, 1] = xy[i, 1] + side * (x0 + x1) / share
        x0 = x1
        y0 = y1
    out[last, 0] = out[start, 0]
    out[last, 1] = out[start, 1]
    for i in range(start, last):
        x1 = (xy[i + 1, 0] - xy[i, 0]) * (out[i + 1, 0] - out[i, 0])
        y1 = (xy[i + 1, 1] - xy[i, 1]) * (out[i + 1, 1] - out[i, 1])
        if x1 + y1 <= 0.0:
            return False
    return True
