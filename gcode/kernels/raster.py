# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Draw triangles into a depth buffer, and darken its creases: what pictures do for each pixel."""

import cython

WIDE = cython.declare(cython.Py_ssize_t, 6)  # columns from which on the ends of a row are worth computing


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def begin_of(slope: cython.double, value: cython.double, x: cython.double) -> cython.double:
    """Return where `slope * x + value` is no longer negative if it rises, else x."""
    return max(x, -value / slope) if slope > 0.0 else x


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def end_of(slope: cython.double, value: cython.double, x: cython.double) -> cython.double:
    """Return where `slope * x + value` becomes negative if it falls, else x."""
    return min(x, -value / slope) if slope < 0.0 else x


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
    begin: cython.Py_ssize_t
    end: cython.Py_ssize_t
    low: cython.double
    high: cython.double
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
                begin = left
                end = right
                if right - left > WIDE:  # a slanting sliver fills little of its bounding box
                    low = begin_of(vy * area, -py * vx * area, left - ax)
                    low = begin_of(-uy * area, py * ux * area, low)
                    low = begin_of((uy - vy) * area, 1.0 - py * (ux - vx) * area, low)
                    high = end_of(vy * area, -py * vx * area, right - ax)
                    high = end_of(-uy * area, py * ux * area, high)
                    high = end_of((uy - vy) * area, 1.0 - py * (ux - vx) * area, high)
                    begin = max(left, first_centre(low + ax - 1.0))
                    end = min(right, first_centre(high + ax + 1.0))
                for j in range(begin, end):
                    px = j + 0.5 - ax
                    s = (px * vy - py * vx) * area
                    t = (ux * py - uy * px) * area
                    if s >= edge and t >= edge and s + t <= 1.0 - edge:
                        z = az + s * uz + t * vz
                        if z > depth[i, j]:
                            depth[i, j] = z
                            owner[i, j] = first + cython.cast(cython.int, f)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def above(rise: cython.double, slack: cython.double) -> cython.double:
    """Return how far a neighbour rises beyond the slack, up to 20 pixels."""
    return min(max(rise - slack, 0.0), 20.0)


def shadow(depth: cython.const[cython.double][:, ::1], out: cython.float[:, ::1]) -> None:
    """Write for each pixel how far its neighbours at 1 and 3 pixels rise above it, in all: (h, w) each."""
    rows: cython.Py_ssize_t = depth.shape[0]
    columns: cython.Py_ssize_t = depth.shape[1]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    step: cython.Py_ssize_t
    z: cython.double
    total: cython.double
    with cython.nogil:
        for i in range(rows):
            for j in range(columns):
                z = depth[i, j]
                total = 0.0
                if z > -1e300:
                    for step in range(1, 4, 2):
                        if i >= step:
                            total += above(depth[i - step, j] - z, 2.0 * step)
                        if i + step < rows:
                            total += above(depth[i + step, j] - z, 2.0 * step)
                        if j >= step:
                            total += above(depth[i, j - step] - z, 2.0 * step)
                        if j + step < columns:
                            total += above(depth[i, j + step] - z, 2.0 * step)
                out[i, j] = total
