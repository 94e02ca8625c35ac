# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Closed contours: thin out their vertices, and find which lies inside which."""

import cython
import numpy as np

STRAIGHT = cython.declare(cython.double, 1e-14)  # mm2: squared distance of a vertex that is on the line


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _distance2(
    xy: cython.const[cython.double][:, ::1], i: cython.Py_ssize_t, a: cython.Py_ssize_t, b: cython.Py_ssize_t
) -> cython.double:
    """Return the squared distance of vertex i from the segment between vertices a and b."""
    ax: cython.double = xy[a, 0]
    ay: cython.double = xy[a, 1]
    dx: cython.double = xy[b, 0] - ax
    dy: cython.double = xy[b, 1] - ay
    px: cython.double = xy[i, 0] - ax
    py: cython.double = xy[i, 1] - ay
    length2: cython.double = dx * dx + dy * dy
    along: cython.double = px * dx + py * dy
    if length2 <= 0.0 or along <= 0.0:
        return px * px + py * py
    if along >= length2:
        return (px - dx) * (px - dx) + (py - dy) * (py - dy)
    along = px * dy - py * dx
    return along * along / length2


def simplify(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    tolerance: cython.double,
    out: cython.double[:, ::1],
    out_offsets: cython.longlong[::1],
):
    """Fill out (room for p,) and out_offsets (r + 1,) with closed rings thinned out to within tolerance.

    Each ring first loses the vertices that lie on a straight line (a plane that crosses the diagonal of a flat face
    leaves one), then those that Douglas and Peucker do not need. It is cut at its leftmost vertex and at the vertex
    farthest from it, and starts at the leftmost: the same outline gives the same ring, wherever it started.
    """
    rings: cython.Py_ssize_t = offsets.shape[0] - 1
    longest: cython.Py_ssize_t = 1
    r: cython.Py_ssize_t
    for r in range(rings):
        longest = max(longest, offsets[r + 1] - offsets[r])
    stack_array = np.empty((longest + 4, 2), np.int64)
    index_array = np.empty(2 * longest + 4, np.int64)
    keep_array = np.empty(longest + 4, np.int8)
    stack: cython.longlong[:, ::1] = stack_array
    index: cython.longlong[::1] = index_array  # vertices once around from the leftmost, which comes twice
    keep: cython.char[::1] = keep_array
    limit: cython.double = tolerance * tolerance
    lo: cython.Py_ssize_t
    n: cython.Py_ssize_t
    m: cython.Py_ssize_t
    i: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    p: cython.Py_ssize_t = 0
    depth: cython.Py_ssize_t
    anchor: cython.Py_ssize_t
    far: cython.Py_ssize_t
    best: cython.double
    d: cython.double
    with cython.nogil:
        out_offsets[0] = 0
        for r in range(rings):
            lo = offsets[r]
            n = offsets[r + 1] - lo
            anchor = lo
            for i in range(lo + 1, lo + n):
                if xy[i, 0] < xy[anchor, 0] or (xy[i, 0] == xy[anchor, 0] and xy[i, 1] < xy[anchor, 1]):
                    anchor = i
            m = 0
            for i in range(n):
                a = anchor + i if anchor + i < lo + n else anchor + i - n
                b = a + 1 if a + 1 < lo + n else lo
                if i == 0 or _distance2(xy, a, index[m - 1], b) > STRAIGHT:
                    index[m] = a
                    m += 1
            index[m] = anchor
            for i in range(m + 1):
                keep[i] = 0
            far = 0
            best = -1.0
            for i in range(m):
                d = (xy[index[i], 0] - xy[anchor, 0]) * (xy[index[i], 0] - xy[anchor, 0]) + (
                    xy[index[i], 1] - xy[anchor, 1]
                ) * (xy[index[i], 1] - xy[anchor, 1])
                if d > best:
                    best = d
                    far = i
            keep[0] = 1
            keep[far] = 1
            stack[0, 0] = 0
            stack[0, 1] = far
            stack[1, 0] = far
            stack[1, 1] = m
            depth = 2
            while depth > 0:
                depth -= 1
                a = stack[depth, 0]
                b = stack[depth, 1]
                best = limit
                far = -1
                for i in range(a + 1, b):
                    d = _distance2(xy, index[i], index[a], index[b])
                    if d > best:
                        best = d
                        far = i
                if far >= 0:
                    keep[far] = 1
                    stack[depth, 0] = a
                    stack[depth, 1] = far
                    stack[depth + 1, 0] = far
                    stack[depth + 1, 1] = b
                    depth += 2
            for i in range(m):
                if keep[i]:
                    out[p, 0] = xy[index[i], 0]
                    out[p, 1] = xy[index[i], 1]
                    p += 1
            out_offsets[r + 1] = p


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _inside(
    x: cython.double,
    y: cython.double,
    xy: cython.const[cython.double][:, ::1],
    lo: cython.Py_ssize_t,
    hi: cython.Py_ssize_t,
) -> cython.bint:
    """Return whether (x, y) lies inside the ring xy[lo:hi], by counting crossings of a ray."""
    inside: cython.bint = False
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t = hi - 1
    for i in range(lo, hi):
        if (xy[i, 1] <= y) != (xy[j, 1] <= y):
            if x < xy[i, 0] + (xy[j, 0] - xy[i, 0]) * (y - xy[i, 1]) / (xy[j, 1] - xy[i, 1]):
                inside = not inside
        j = i
    return inside


def nest(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    area: cython.const[cython.double][::1],
    bounds: cython.const[cython.double][:, ::1],
    layer_offsets: cython.const[cython.longlong][::1],
    parent: cython.longlong[::1],
    winding: cython.int[::1],
):
    """Find around each ring the winding number of its surroundings and its smallest counter-clockwise container.

    Rings of a layer must be sorted by falling |area|; bounds (r, 4) are x_min, y_min, x_max, y_max. A ring that
    touches another may be told either way: who needs certainty checks the polygons made from this.
    """
    layers: cython.Py_ssize_t = layer_offsets.shape[0] - 1
    k: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    x: cython.double
    y: cython.double
    with cython.nogil:
        for k in range(layers):
            for i in range(layer_offsets[k], layer_offsets[k + 1]):
                parent[i] = -1
                winding[i] = 0
                x = xy[offsets[i], 0]
                y = xy[offsets[i], 1]
                for j in range(layer_offsets[k], i):
                    if (
                        bounds[j, 0] <= bounds[i, 0]
                        and bounds[j, 1] <= bounds[i, 1]
                        and bounds[j, 2] >= bounds[i, 2]
                        and bounds[j, 3] >= bounds[i, 3]
                        and _inside(x, y, xy, offsets[j], offsets[j + 1])
                    ):
                        if area[j] > 0:
                            winding[i] += 1
                            parent[i] = j
                        else:
                            winding[i] -= 1


def winding_numbers(
    points: cython.const[cython.double][:, ::1],
    segments: cython.const[cython.double][:, ::1],
    winding: cython.int[::1],
):
    """Fill winding (n,) of points (n, 2) among directed segments (s, 4): x0, y0, x1, y1."""
    i: cython.Py_ssize_t
    s: cython.Py_ssize_t
    w: cython.int
    x: cython.double
    y: cython.double
    side: cython.double
    with cython.nogil:
        for i in range(points.shape[0]):
            x = points[i, 0]
            y = points[i, 1]
            w = 0
            for s in range(segments.shape[0]):
                if (segments[s, 1] <= y) == (segments[s, 3] <= y):
                    continue
                side = (segments[s, 2] - segments[s, 0]) * (y - segments[s, 1]) - (x - segments[s, 0]) * (
                    segments[s, 3] - segments[s, 1]
                )
                if segments[s, 1] <= y:
                    if side > 0:
                        w += 1
                elif side < 0:
                    w -= 1
            winding[i] = w
