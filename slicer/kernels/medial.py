# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Walk the chordal axis of triangulated narrow polygons.

A triangle with one inner edge ends a branch, with two it carries one on, with three it is a junction. The axis runs
through the midpoints of the inner edges; `path` lists them as edge numbers, and a junction's centre as -1 - triangle.
"""

import cython
import numpy as np


def prune(
    face_edges: cython.const[cython.int][:, ::1],
    edge_faces: cython.const[cython.int][:, ::1],
    middle: cython.const[cython.double][:, ::1],
    length: cython.const[cython.double][::1],
    inner: cython.char[::1],
) -> cython.Py_ssize_t:
    """Clear `inner` of the edge that leads from a junction into a branch shorter than that edge; return how many."""
    cut: cython.Py_ssize_t = 0
    f: cython.Py_ssize_t
    t: cython.Py_ssize_t
    e: cython.Py_ssize_t
    entry: cython.Py_ssize_t
    run: cython.double
    k: cython.int
    with cython.nogil:
        for f in range(face_edges.shape[0]):
            if inner[face_edges[f, 0]] + inner[face_edges[f, 1]] + inner[face_edges[f, 2]] != 1:
                continue
            e = face_edges[f, 0] if inner[face_edges[f, 0]] else face_edges[f, 1] if inner[face_edges[f, 1]] else face_edges[f, 2]
            t = f
            run = 0.0
            while True:
                t = edge_faces[e, 1] if edge_faces[e, 0] == t else edge_faces[e, 0]
                k = inner[face_edges[t, 0]] + inner[face_edges[t, 1]] + inner[face_edges[t, 2]]
                if k != 2:
                    break
                entry = face_edges[t, 0]
                if entry == e or not inner[entry]:
                    entry = face_edges[t, 1]
                    if entry == e or not inner[entry]:
                        entry = face_edges[t, 2]
                run += (
                    (middle[entry, 0] - middle[e, 0]) * (middle[entry, 0] - middle[e, 0])
                    + (middle[entry, 1] - middle[e, 1]) * (middle[entry, 1] - middle[e, 1])
                ) ** 0.5
                e = entry
            if k == 3 and run < length[e]:
                inner[e] = 0
                cut += 1
    return cut


def walk(
    face_edges: cython.const[cython.int][:, ::1],
    edge_faces: cython.const[cython.int][:, ::1],
    inner: cython.const[cython.char][::1],
    path: cython.longlong[::1],
    offsets: cython.longlong[::1],
    closed: cython.char[::1],
) -> cython.Py_ssize_t:
    """Fill the branches of all axes; return how many. path needs room for every edge and three a junction."""
    visited_array = np.zeros(inner.shape[0], np.int8)
    visited: cython.char[::1] = visited_array
    n: cython.Py_ssize_t = face_edges.shape[0]
    made: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t = 0
    sweep: cython.int
    f: cython.Py_ssize_t
    t: cython.Py_ssize_t
    e: cython.Py_ssize_t
    j: cython.int
    k: cython.int
    with cython.nogil:
        offsets[0] = 0
        for sweep in range(3):  # branches from ends, branches between junctions, loops
            for f in range(n):
                k = inner[face_edges[f, 0]] + inner[face_edges[f, 1]] + inner[face_edges[f, 2]]
                if (sweep == 0 and k != 1) or (sweep == 1 and k != 3) or (sweep == 2 and k != 2):
                    continue
                for j in range(3):
                    e = face_edges[f, j]
                    if not inner[e] or visited[e]:
                        continue
                    if sweep == 1:
                        path[p] = -1 - f
                        p += 1
                    t = f
                    closed[made] = 0
                    while True:
                        visited[e] = 1
                        path[p] = e
                        p += 1
                        t = edge_faces[e, 1] if edge_faces[e, 0] == t else edge_faces[e, 0]
                        k = inner[face_edges[t, 0]] + inner[face_edges[t, 1]] + inner[face_edges[t, 2]]
                        if k == 3:
                            path[p] = -1 - t
                            p += 1
                            break
                        if k == 1:
                            break
                        if inner[face_edges[t, 0]] and not visited[face_edges[t, 0]]:
                            e = face_edges[t, 0]
                        elif inner[face_edges[t, 1]] and not visited[face_edges[t, 1]]:
                            e = face_edges[t, 1]
                        elif inner[face_edges[t, 2]] and not visited[face_edges[t, 2]]:
                            e = face_edges[t, 2]
                        else:
                            closed[made] = 1
                            break
                    made += 1
                    offsets[made] = p
                    if sweep == 2:
                        break
    return made


def simplify_open(
    points: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    tolerance: cython.double,
    keep: cython.char[::1],
):
    """Mark in keep the points (p, 3) of open polylines that Douglas and Peucker need; the third axis is half a width."""
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
