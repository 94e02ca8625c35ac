# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: cut triangles at horizontal planes. A triangle is cut by the planes above its lowest z, up to its highest.

What lies exactly in a plane counts as above it, for every triangle alike, so the outlines of a closed mesh are closed
whatever lies in the plane.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import sqrt
else:
    from math import sqrt


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _first_above(planes: cython.const[cython.double][::1], z: cython.double) -> cython.Py_ssize_t:
    """Return the first of the rising planes that is above z."""
    low: cython.Py_ssize_t = 0
    high: cython.Py_ssize_t = planes.shape[0]
    middle: cython.Py_ssize_t
    while low < high:
        middle = (low + high) // 2
        if planes[middle] <= z:
            low = middle + 1
        else:
            high = middle
    return low


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def _share(z0: cython.double, z1: cython.double, z: cython.double) -> cython.double:
    """Return how far along an edge from z0 to z1 the plane lies, 0 to 1."""
    return (z - z0) / (z1 - z0)


def count_cuts(
    triangles: cython.const[cython.double][:, :, ::1],
    planes: cython.const[cython.double][::1],
    counts: cython.Py_ssize_t[::1],
) -> None:
    """Add to `counts` how many triangles each plane cuts.

    triangles  (n, 3, 3) corners
    planes     (k,)      z, rising
    counts     (k,)      out
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    low: cython.double
    high: cython.double
    last: cython.Py_ssize_t
    with cython.nogil:
        for i in range(triangles.shape[0]):
            low = min(triangles[i, 0, 2], min(triangles[i, 1, 2], triangles[i, 2, 2]))
            high = max(triangles[i, 0, 2], max(triangles[i, 1, 2], triangles[i, 2, 2]))
            last = _first_above(planes, high)
            for k in range(_first_above(planes, low), last):
                counts[k] += 1


def cut(
    triangles: cython.const[cython.double][:, :, ::1],
    planes: cython.const[cython.double][::1],
    place: cython.Py_ssize_t[::1],
    out: cython.double[:, ::1],
) -> None:
    """Write the segment of every triangle in every plane that cuts it; the solid lies to the left of a segment.

    place  (k,)    row of `out` for the next segment of each plane; moved on
    out    (m, 5)  x0, y0, x1, y1, and how upright the triangle stands: 1 a wall, towards 0 a roof
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    c: cython.Py_ssize_t
    d: cython.Py_ssize_t
    row: cython.Py_ssize_t
    last: cython.Py_ssize_t
    low: cython.double
    high: cython.double
    t: cython.double
    upright: cython.double
    nx: cython.double
    ny: cython.double
    nz: cython.double
    with cython.nogil:
        for i in range(triangles.shape[0]):
            low = min(triangles[i, 0, 2], min(triangles[i, 1, 2], triangles[i, 2, 2]))
            high = max(triangles[i, 0, 2], max(triangles[i, 1, 2], triangles[i, 2, 2]))
            k = _first_above(planes, low)
            last = _first_above(planes, high)
            if k == last:
                continue
            nx = (triangles[i, 1, 1] - triangles[i, 0, 1]) * (triangles[i, 2, 2] - triangles[i, 0, 2]) - (
                triangles[i, 1, 2] - triangles[i, 0, 2]
            ) * (triangles[i, 2, 1] - triangles[i, 0, 1])
            ny = (triangles[i, 1, 2] - triangles[i, 0, 2]) * (triangles[i, 2, 0] - triangles[i, 0, 0]) - (
                triangles[i, 1, 0] - triangles[i, 0, 0]
            ) * (triangles[i, 2, 2] - triangles[i, 0, 2])
            nz = (triangles[i, 1, 0] - triangles[i, 0, 0]) * (triangles[i, 2, 1] - triangles[i, 0, 1]) - (
                triangles[i, 1, 1] - triangles[i, 0, 1]
            ) * (triangles[i, 2, 0] - triangles[i, 0, 0])
            t = nx * nx + ny * ny + nz * nz
            upright = sqrt((nx * nx + ny * ny) / t) if t > 0 else 0.0
            while k < last:
                row = place[k]
                place[k] += 1
                out[row, 4] = upright
                for c in range(3):
                    d = c + 1 if c < 2 else 0
                    if triangles[i, c, 2] >= planes[k] and triangles[i, d, 2] < planes[k]:
                        # from below upwards, as the neighbour across the edge does: the same number comes out
                        t = _share(triangles[i, d, 2], triangles[i, c, 2], planes[k])
                        out[row, 0] = triangles[i, d, 0] + t * (triangles[i, c, 0] - triangles[i, d, 0])
                        out[row, 1] = triangles[i, d, 1] + t * (triangles[i, c, 1] - triangles[i, d, 1])
                    elif triangles[i, c, 2] < planes[k] and triangles[i, d, 2] >= planes[k]:
                        t = _share(triangles[i, c, 2], triangles[i, d, 2], planes[k])
                        out[row, 2] = triangles[i, c, 0] + t * (triangles[i, d, 0] - triangles[i, c, 0])
                        out[row, 3] = triangles[i, c, 1] + t * (triangles[i, d, 1] - triangles[i, c, 1])
                k += 1
