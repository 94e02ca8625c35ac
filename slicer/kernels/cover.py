# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: which faces lie above which points, to tell what is inside what; one pass over the faces."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from numpy.typing import NDArray


def cover(
    vertices: NDArray[np.float64], faces: NDArray[np.int32], label: NDArray[np.int32], points: NDArray[np.float64]
) -> NDArray[Any]:
    """Return (h, 3) i4: for each face above a point (point, label of the face, 1 where it looks up or -1 down).

    The sum for a point and a shell is how often the shell winds around the point. Edges count half-open, so that a
    point below an edge meets exactly one of its faces.
    """
    order = np.argsort(points[:, 1], kind="stable")
    room = max(1024, 4 * len(points))
    while True:
        hits = np.empty((room, 3), np.int32)
        n = hits_above(vertices, faces, label, np.ascontiguousarray(points[order]), hits)
        if n <= room:
            hits[:n, 0] = order[hits[:n, 0]]
            return hits[:n]
        room = n


def hits_above(
    vertices: cython.const[cython.double][:, ::1],
    faces: cython.const[cython.int][:, ::1],
    label: cython.const[cython.int][::1],
    points: cython.const[cython.double][:, ::1],
    hits: cython.int[:, ::1],
) -> cython.Py_ssize_t:
    """Write what `cover` returns for points sorted by y; return how many hits there are, also beyond the room."""
    n: cython.Py_ssize_t = faces.shape[0]
    n_points: cython.Py_ssize_t = points.shape[0]
    found: cython.Py_ssize_t = 0
    f: cython.Py_ssize_t
    i: cython.Py_ssize_t
    low: cython.Py_ssize_t
    high: cython.Py_ssize_t
    side: cython.int
    bottom: cython.double
    top: cython.double
    with cython.nogil:
        for f in range(n):
            bottom = min(vertices[faces[f, 0], 1], min(vertices[faces[f, 1], 1], vertices[faces[f, 2], 1]))
            top = max(vertices[faces[f, 0], 1], max(vertices[faces[f, 1], 1], vertices[faces[f, 2], 1]))
            low = 0
            high = n_points
            while low < high:  # the first point that is not before the face
                i = (low + high) // 2
                if points[i, 1] < bottom:
                    low = i + 1
                else:
                    high = i
            while low < n_points and points[low, 1] <= top:
                side = above(vertices, faces, f, points[low, 0], points[low, 1], points[low, 2])
                if side != 0:
                    if found < hits.shape[0]:
                        hits[found, 0] = cython.cast(cython.int, low)
                        hits[found, 1] = label[f]
                        hits[found, 2] = side
                    found += 1
                low += 1
    return found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def above(
    p: cython.const[cython.double][:, ::1],
    faces: cython.const[cython.int][:, ::1],
    f: cython.Py_ssize_t,
    x: cython.double,
    y: cython.double,
    z: cython.double,
) -> cython.int:
    """Return 1 or -1 where face f lies above (x, y, z), looking up or down; 0 where it does not lie above."""
    a: cython.int
    b: cython.int
    k: cython.Py_ssize_t
    inside: cython.int = 0
    normal: cython.double
    height: cython.double
    for k in range(3):
        a = faces[f, k]
        b = faces[f, k + 1 if k < 2 else 0]
        if p[b, 1] < p[a, 1] or (p[b, 1] == p[a, 1] and b < a):
            a, b = b, a  # both faces of an edge compute the same crossing
        if (p[a, 1] > y) != (p[b, 1] > y) and p[a, 0] + (y - p[a, 1]) * (p[b, 0] - p[a, 0]) / (p[b, 1] - p[a, 1]) > x:
            inside = 1 - inside
    if not inside:
        return 0
    a = faces[f, 0]
    b = faces[f, 1]
    k = faces[f, 2]
    normal = (p[b, 0] - p[a, 0]) * (p[k, 1] - p[a, 1]) - (p[b, 1] - p[a, 1]) * (p[k, 0] - p[a, 0])
    if normal == 0:
        return 0
    height = ((p[b, 1] - p[a, 1]) * (p[k, 2] - p[a, 2]) - (p[b, 2] - p[a, 2]) * (p[k, 1] - p[a, 1])) * (x - p[a, 0]) + (
        (p[b, 2] - p[a, 2]) * (p[k, 0] - p[a, 0]) - (p[b, 0] - p[a, 0]) * (p[k, 2] - p[a, 2])
    ) * (y - p[a, 1])
    height = p[a, 2] - height / normal
    if height <= z:
        return 0
    return 1 if normal > 0 else -1
