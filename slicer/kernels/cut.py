# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Cut triangles with many planes at once and chain the segments into contours by the edges they share.

A vertex lies above plane k exactly when k < rank[v], where rank[v] counts the planes at or below it: a face is cut by
the planes from its lowest to its highest rank. Vertices in a plane count as above it, faces in a plane are not cut.
Seen from above, the solid lies to the left of a segment.
"""

import cython
import numpy as np


def count_segments(
    faces: cython.const[cython.int][:, ::1], rank: cython.const[cython.int][::1], offsets: cython.longlong[::1]
):
    """Fill offsets (planes + 1,) so that plane k owns the segments offsets[k]:offsets[k + 1]."""
    n: cython.Py_ssize_t = faces.shape[0]
    planes: cython.Py_ssize_t = offsets.shape[0] - 1
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    a: cython.int
    b: cython.int
    c: cython.int
    lo: cython.int
    hi: cython.int
    with cython.nogil:
        for k in range(planes + 1):
            offsets[k] = 0
        for i in range(n):
            a = rank[faces[i, 0]]
            b = rank[faces[i, 1]]
            c = rank[faces[i, 2]]
            lo = min(a, min(b, c))
            hi = max(a, max(b, c))
            for k in range(lo, hi):
                offsets[k + 1] += 1
        for k in range(planes):
            offsets[k + 1] += offsets[k]


def cut(
    vertices: cython.const[cython.double][:, ::1],
    faces: cython.const[cython.int][:, ::1],
    face_edges: cython.const[cython.int][:, ::1],
    rank: cython.const[cython.int][::1],
    planes: cython.const[cython.double][::1],
    offsets: cython.const[cython.longlong][::1],
    start_edge: cython.int[::1],
    end_edge: cython.int[::1],
    points: cython.double[:, ::1],
):
    """Fill one directed segment per face and plane: the edges where it starts and ends, and both points (s, 4)."""
    n: cython.Py_ssize_t = faces.shape[0]
    cursor_array = np.array(offsets[:-1])
    cursor: cython.longlong[::1] = cursor_array
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    s: cython.Py_ssize_t
    j: cython.int
    lo: cython.int
    hi: cython.int
    v: cython.int
    w: cython.int
    u: cython.double
    z: cython.double
    above: cython.bint
    next_above: cython.bint
    with cython.nogil:
        for i in range(n):
            lo = min(rank[faces[i, 0]], min(rank[faces[i, 1]], rank[faces[i, 2]]))
            hi = max(rank[faces[i, 0]], max(rank[faces[i, 1]], rank[faces[i, 2]]))
            for k in range(lo, hi):
                s = cursor[k]
                cursor[k] = s + 1
                z = planes[k]
                for j in range(3):
                    v = faces[i, j]
                    w = faces[i, j + 1 if j < 2 else 0]
                    above = k < rank[v]
                    next_above = k < rank[w]
                    if above == next_above:
                        continue
                    if above:  # from below to above, whichever way the face runs: both faces get the same point
                        u = (z - vertices[w, 2]) / (vertices[v, 2] - vertices[w, 2])
                        start_edge[s] = face_edges[i, j]
                        points[s, 0] = vertices[w, 0] + (vertices[v, 0] - vertices[w, 0]) * u
                        points[s, 1] = vertices[w, 1] + (vertices[v, 1] - vertices[w, 1]) * u
                    else:
                        u = (z - vertices[v, 2]) / (vertices[w, 2] - vertices[v, 2])
                        end_edge[s] = face_edges[i, j]
                        points[s, 2] = vertices[v, 0] + (vertices[w, 0] - vertices[v, 0]) * u
                        points[s, 3] = vertices[v, 1] + (vertices[w, 1] - vertices[v, 1]) * u


def chain(
    n_edges: cython.Py_ssize_t,
    offsets: cython.const[cython.longlong][::1],
    start_edge: cython.const[cython.int][::1],
    end_edge: cython.const[cython.int][::1],
    points: cython.const[cython.double][:, ::1],
    xy: cython.double[:, ::1],
    chain_offsets: cython.longlong[::1],
    chain_plane: cython.int[::1],
    chain_closed: cython.char[::1],
) -> cython.Py_ssize_t:
    """Join segments end to start through shared edges; return how many chains were made.

    xy needs room for two points a segment, chain_* for one chain a segment (chain_offsets: one more). A closed chain
    does not repeat its first point. Open chains (a mesh with open edges) start where nothing leads in.
    """
    first_array = np.full(n_edges, -1, np.int64)
    incoming_array = np.full(n_edges, -1, np.int64)
    following_array = np.full(start_edge.shape[0], -1, np.int64)
    used_array = np.zeros(start_edge.shape[0], np.int8)
    first: cython.longlong[::1] = first_array  # first[e]: a segment of this plane that starts at edge e
    incoming: cython.longlong[::1] = incoming_array  # the plane (plus one) in which some segment ends at edge e
    following: cython.longlong[::1] = following_array  # the next segment that starts at the same edge
    used: cython.char[::1] = used_array
    planes: cython.Py_ssize_t = offsets.shape[0] - 1
    k: cython.Py_ssize_t
    s: cython.Py_ssize_t
    s0: cython.Py_ssize_t
    s1: cython.Py_ssize_t
    t: cython.Py_ssize_t
    sweep: cython.int
    m: cython.Py_ssize_t = 0  # chains made
    p: cython.Py_ssize_t = 0  # points written
    with cython.nogil:
        chain_offsets[0] = 0
        for k in range(planes):
            s0 = offsets[k]
            s1 = offsets[k + 1]
            for t in range(s1 - s0):
                s = s1 - 1 - t
                following[s] = first[start_edge[s]] if first[start_edge[s]] >= s0 else -1
                first[start_edge[s]] = s
                incoming[end_edge[s]] = k + 1
            for sweep in range(2):  # first the open chains, from where nothing leads in; then what is left: loops
                for s in range(s0, s1):
                    if used[s] or (sweep == 0 and incoming[start_edge[s]] == k + 1):
                        continue
                    t = s
                    while True:
                        used[t] = 1
                        xy[p, 0] = points[t, 0]
                        xy[p, 1] = points[t, 1]
                        p += 1
                        if sweep == 1 and end_edge[t] == start_edge[s]:
                            chain_closed[m] = 1
                            break
                        if first[end_edge[t]] < s0:
                            chain_closed[m] = 0
                            break
                        # take the first unused segment that starts here, and drop the used ones from the list
                        while first[end_edge[t]] >= s0 and used[first[end_edge[t]]]:
                            first[end_edge[t]] = following[first[end_edge[t]]]
                        if first[end_edge[t]] < s0:
                            chain_closed[m] = 0
                            break
                        t = first[end_edge[t]]
                    if chain_closed[m] == 0:
                        xy[p, 0] = points[t, 2]
                        xy[p, 1] = points[t, 3]
                        p += 1
                    chain_plane[m] = cython.cast(cython.int, k)
                    m += 1
                    chain_offsets[m] = p
    return m
