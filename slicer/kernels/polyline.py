# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Polylines: the length along them, and thinning out those that are open."""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt


def lengths(
    xy: cython.const[cython.double][:, ::1], offsets: cython.const[cython.longlong][::1], out: cython.double[::1]
):
    """Write for each point (p, 2) the length along its polyline up to it; what other polylines are does not matter."""
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    x: cython.double
    y: cython.double
    along: cython.double
    with cython.nogil:
        for r in range(offsets.shape[0] - 1):
            along = 0.0
            for i in range(offsets[r], offsets[r + 1]):
                if i > offsets[r]:
                    x = xy[i, 0] - xy[i - 1, 0]
                    y = xy[i, 1] - xy[i - 1, 1]
                    along += sqrt(x * x + y * y)
                out[i] = along


def simplify_open(
    points: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    tolerance: cython.double,
    keep: cython.char[::1],
):
    """Mark in keep the points (p, 3) of open polylines that Douglas and Peucker need; axis 3 is half a width."""
    longest: cython.Py_ssize_t = 1
    r: cython.Py_ssize_t
    for r in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[r + 1] - offsets[r])
    stack_array = np.empty((longest + 2, 2), np.int64)
    stack: cython.longlong[:, ::1] = stack_array
    depth: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    i: cython.Py_ssize_t
    far: cython.Py_ssize_t
    j: cython.int
    best: cython.double
    d: cython.double
    u: cython.double
    length2: cython.double
    along: cython.double
    with cython.nogil:
        for r in range(offsets.shape[0] - 1):
            if offsets[r + 1] <= offsets[r]:
                continue
            keep[offsets[r]] = 1
            keep[offsets[r + 1] - 1] = 1
            stack[0, 0] = offsets[r]
            stack[0, 1] = offsets[r + 1] - 1
            depth = 1
            while depth > 0:
                depth -= 1
                a = stack[depth, 0]
                b = stack[depth, 1]
                far = -1
                best = tolerance * tolerance
                length2 = 0.0
                for j in range(3):
                    length2 += (points[b, j] - points[a, j]) * (points[b, j] - points[a, j])
                for i in range(a + 1, b):
                    along = 0.0
                    for j in range(3):
                        along += (points[i, j] - points[a, j]) * (points[b, j] - points[a, j])
                    u = along / length2 if length2 > 0.0 else 0.0
                    u = 0.0 if u < 0.0 else 1.0 if u > 1.0 else u
                    d = 0.0
                    for j in range(3):
                        d += (points[i, j] - points[a, j] - u * (points[b, j] - points[a, j])) * (
                            points[i, j] - points[a, j] - u * (points[b, j] - points[a, j])
                        )
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
