# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Draw triangles into a depth buffer: the pictures' only sequential part."""

import cython


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def first_centre(x: cython.double) -> cython.Py_ssize_t:
    """Return the first pixel of the canvas whose centre lies beyond x."""
    return cython.cast(cython.Py_ssize_t, max(x + 0.5, 0.0))


def draw(
    points: cython.const[cython.double][:, ::1],
    faces: cython.const[cython.int][:, ::1],
    depth: cython.double[:, ::1],
    owner: cython.int[:, ::1],
    first: cython.int,
) -> None:
    """Draw triangles, the nearest wins; of two equally near ones the earlier. Back faces are not drawn.

    points  (v, 3)  x to the right and y down in pixels, z towards the viewer
    faces   (f, 3)  corners of the triangles, counter-clockwise seen from outside
    depth   (h, w)  z of what is seen at each pixel's centre; -inf where nothing is
    owner   (h, w)  `first` + row of the triangle seen there
    """
    rows: cython.Py_ssize_t = depth.shape[0]
    columns: cython.Py_ssize_t = depth.shape[1]
    f: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    a: cython.int
    b: cython.int
    c: cython.int
    top: cython.Py_ssize_t
    bottom: cython.Py_ssize_t
    left: cython.Py_ssize_t
    right: cython.Py_ssize_t
    ax: cython.double
    ay: cython.double
    az: cython.double
    ux: cython.double
    uy: cython.double
    uz: cython.double
    vx: cython.double
    vy: cython.double
    vz: cython.double
    area: cython.double
    px: cython.double
    py: cython.double
    s: cython.double
    t: cython.double
    z: cython.double
    edge: cython.double = -1e-9  # a pixel on an edge belongs to both triangles, so that no crack shows through
    with cython.nogil:
        for f in range(faces.shape[0]):
            a = faces[f, 0]
            b = faces[f, 1]
            c = faces[f, 2]
            ay = points[a, 1]
            uy = points[b, 1] - ay
            vy = points[c, 1] - ay
            top = first_centre(ay + min(0.0, uy, vy))
            bottom = min(first_centre(ay + max(0.0, uy, vy)), rows)
            ax = points[a, 0]
            ux = points[b, 0] - ax
            vx = points[c, 0] - ax
            left = first_centre(ax + min(0.0, ux, vx))
            right = min(first_centre(ax + max(0.0, ux, vx)), columns)
            area = ux * vy - uy * vx
            if area >= 0.0 or top == bottom or left == right:  # y runs down: what faces the viewer is negative
                continue
            area = 1.0 / area
            az = points[a, 2]
            uz = points[b, 2] - az
            vz = points[c, 2] - az
            for i in range(top, bottom):
                py = i + 0.5 - ay
                for j in range(left, right):
                    px = j + 0.5 - ax
                    s = (px * vy - py * vx) * area
                    t = (ux * py - uy * px) * area
                    if s >= edge and t >= edge and s + t <= 1.0 - edge:
                        z = az + s * uz + t * vz
                        if z > depth[i, j]:
                            depth[i, j] = z
                            owner[i, j] = first + cython.cast(cython.int, f)
