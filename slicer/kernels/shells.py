# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: areas, volumes and neighbours of faces: what health and repair of a mesh are made of."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from numpy.typing import NDArray


def census(faces: NDArray[np.int32], face_edges: NDArray[np.int32], n_edges: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return for each edge, i4: how many faces use it, and how many more use it upwards than downwards.

    Upwards is from the lower vertex number to the higher one.
    """
    uses = np.zeros(n_edges, np.int32)
    balance = np.zeros(n_edges, np.int32)
    corners: cython.const[cython.int][:, ::1] = faces
    edges: cython.const[cython.int][:, ::1] = face_edges
    uses_view: cython.int[::1] = uses
    balance_view: cython.int[::1] = balance
    n: cython.Py_ssize_t = corners.shape[0]
    f: cython.Py_ssize_t
    k: cython.Py_ssize_t
    with cython.nogil:
        for f in range(n):
            for k in range(3):
                uses_view[edges[f, k]] += 1
                balance_view[edges[f, k]] += 1 if corners[f, k] < corners[f, k + 1 if k < 2 else 0] else -1
    return uses, balance


def measure(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return for each face its area as a vector, (f, 3) mm2, and the volume of its cone from the origin, (f,) mm3."""
    vectors = np.empty((len(faces), 3))
    volumes = np.empty(len(faces))
    p: cython.const[cython.double][:, ::1] = vertices
    corners: cython.const[cython.int][:, ::1] = faces
    vectors_view: cython.double[:, ::1] = vectors
    volumes_view: cython.double[::1] = volumes
    n: cython.Py_ssize_t = corners.shape[0]
    f: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    c: cython.Py_ssize_t
    ux: cython.double
    uy: cython.double
    uz: cython.double
    vx: cython.double
    vy: cython.double
    vz: cython.double
    x: cython.double
    y: cython.double
    z: cython.double
    with cython.nogil:
        for f in range(n):
            a = corners[f, 0]
            b = corners[f, 1]
            c = corners[f, 2]
            ux = p[b, 0] - p[a, 0]
            uy = p[b, 1] - p[a, 1]
            uz = p[b, 2] - p[a, 2]
            vx = p[c, 0] - p[a, 0]
            vy = p[c, 1] - p[a, 1]
            vz = p[c, 2] - p[a, 2]
            x = (uy * vz - uz * vy) * 0.5
            y = (uz * vx - ux * vz) * 0.5
            z = (ux * vy - uy * vx) * 0.5
            vectors_view[f, 0] = x
            vectors_view[f, 1] = y
            vectors_view[f, 2] = z
            volumes_view[f] = (p[a, 0] * x + p[a, 1] * y + p[a, 2] * z) / 3.0
    return vectors, volumes


def slivers(vertices: NDArray[np.float64], faces: NDArray[np.int32], height: float) -> NDArray[np.bool_]:
    """Return for each face whether it is nowhere thicker than `height` mm."""
    flags = np.empty(len(faces), np.uint8)
    p: cython.const[cython.double][:, ::1] = vertices
    corners: cython.const[cython.int][:, ::1] = faces
    flags_view: cython.uchar[::1] = flags
    limit: cython.double = height * height
    n: cython.Py_ssize_t = corners.shape[0]
    f: cython.Py_ssize_t
    u: cython.double
    v: cython.double
    w: cython.double
    uv: cython.double
    longest: cython.double
    with cython.nogil:
        for f in range(n):
            u = dot(p, corners[f, 0], corners[f, 1], corners[f, 1])
            v = dot(p, corners[f, 0], corners[f, 2], corners[f, 2])
            w = dot(p, corners[f, 1], corners[f, 2], corners[f, 2])
            uv = dot(p, corners[f, 0], corners[f, 1], corners[f, 2])
            longest = max(u, max(v, w))
            flags_view[f] = 1 if u * v - uv * uv <= limit * longest else 0  # (2 area)**2 <= (height * side)**2
    return flags.view(np.bool_)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def dot(p: cython.const[cython.double][:, ::1], o: cython.int, a: cython.int, b: cython.int) -> cython.double:
    """Return the scalar product of the ways from vertex o to a and to b."""
    return (
        (p[a, 0] - p[o, 0]) * (p[b, 0] - p[o, 0])
        + (p[a, 1] - p[o, 1]) * (p[b, 1] - p[o, 1])
        + (p[a, 2] - p[o, 2]) * (p[b, 2] - p[o, 2])
    )


def duplicates(faces: NDArray[np.int32], face_edges: NDArray[np.int32], uses: NDArray[np.int32]) -> NDArray[Any]:
    """Return for each face, i4: the first face with the same three corners before it, or -1.

    A face is listed at that one of its edges which the fewest faces use, so the lists stay short.
    """
    heads = np.full(len(uses), -1, np.int32)
    links = np.empty(len(faces), np.int32)
    first = np.empty(len(faces), np.int32)
    edges: cython.const[cython.int][:, ::1] = face_edges
    uses_view: cython.const[cython.int][::1] = uses
    heads_view: cython.int[::1] = heads
    links_view: cython.int[::1] = links
    first_view: cython.int[::1] = first
    n: cython.Py_ssize_t = edges.shape[0]
    f: cython.int
    other: cython.int
    a: cython.int
    b: cython.int
    c: cython.int
    with cython.nogil:
        for f in range(cython.cast(cython.int, n)):
            a = edges[f, 0]  # sort the three by use, then by number; equal faces get the same order
            b = edges[f, 1]
            c = edges[f, 2]
            if uses_view[b] < uses_view[a] or (uses_view[b] == uses_view[a] and b < a):
                a, b = b, a
            if uses_view[c] < uses_view[a] or (uses_view[c] == uses_view[a] and c < a):
                a, c = c, a
            other = -1
            if uses_view[a] > 1:
                other = heads_view[a]
                while other >= 0 and not same(edges, other, b, c, a):
                    other = links_view[other]
                if other < 0:
                    links_view[f] = heads_view[a]
                    heads_view[a] = f
            first_view[f] = other
    return first


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def same(
    edges: cython.const[cython.int][:, ::1], f: cython.int, a: cython.int, b: cython.int, c: cython.int
) -> cython.bint:
    """Tell whether face f has the three edges a, b, c in any order (repeated ones must repeat alike)."""
    x: cython.int = edges[f, 0]
    y: cython.int = edges[f, 1]
    z: cython.int = edges[f, 2]
    if x == a:
        return (y == b and z == c) or (y == c and z == b)
    if x == b:
        return (y == a and z == c) or (y == c and z == a)
    return x == c and ((y == a and z == b) or (y == b and z == a))


def components(face_edges: NDArray[np.int32], n_edges: int, joins: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return for each face the number of its component, i4: faces that share an edge are together.

    joins  (n_edges,) bool: only these edges hold faces together. Components are numbered by their first face.
    """
    parent = np.arange(len(face_edges), dtype=np.int32)
    owner = np.full(n_edges, -1, np.int32)
    holds = np.ones(n_edges, np.uint8) if joins is None else np.ascontiguousarray(joins, np.uint8)
    label = np.empty(len(face_edges), np.int32)
    edges: cython.const[cython.int][:, ::1] = face_edges
    parent_view: cython.int[::1] = parent
    owner_view: cython.int[::1] = owner
    holds_view: cython.const[cython.uchar][::1] = holds
    label_view: cython.int[::1] = label
    n: cython.Py_ssize_t = edges.shape[0]
    f: cython.Py_ssize_t
    k: cython.Py_ssize_t
    e: cython.int
    a: cython.int
    b: cython.int
    count: cython.int = 0
    with cython.nogil:
        for f in range(n):
            for k in range(3):
                e = edges[f, k]
                if not holds_view[e]:
                    continue
                if owner_view[e] < 0:
                    owner_view[e] = cython.cast(cython.int, f)
                    continue
                a = root(parent_view, owner_view[e])
                b = root(parent_view, cython.cast(cython.int, f))
                if a < b:
                    parent_view[b] = a
                elif b < a:
                    parent_view[a] = b
        for f in range(n):
            a = root(parent_view, cython.cast(cython.int, f))
            if a == f:
                label_view[f] = count
                count += 1
            else:
                label_view[f] = label_view[a]
    return label


def windings(faces: NDArray[np.int32], face_edges: NDArray[np.int32], uses: NDArray[np.int32]) -> NDArray[Any]:
    """Return for each face, u1, whether it is wound against the first face of its patch.

    A patch is what edges of exactly two faces hold together. On a one-sided surface the first edges decide.
    """
    parent = np.arange(len(faces), dtype=np.int32)
    against = np.zeros(len(faces), np.uint8)  # relative to the parent, in the end to the root
    owner = np.full(len(uses), -1, np.int32)
    corners: cython.const[cython.int][:, ::1] = faces
    edges: cython.const[cython.int][:, ::1] = face_edges
    uses_view: cython.const[cython.int][::1] = uses
    parent_view: cython.int[::1] = parent
    against_view: cython.uchar[::1] = against
    owner_view: cython.int[::1] = owner  # the edge's first face, times two, plus whether it runs upwards
    n: cython.Py_ssize_t = corners.shape[0]
    f: cython.Py_ssize_t
    k: cython.Py_ssize_t
    e: cython.int
    a: cython.int
    b: cython.int
    upwards: cython.int
    differ: cython.int
    with cython.nogil:
        for f in range(n):
            for k in range(3):
                e = edges[f, k]
                if uses_view[e] != 2:
                    continue
                upwards = 1 if corners[f, k] < corners[f, k + 1 if k < 2 else 0] else 0
                if owner_view[e] < 0:
                    owner_view[e] = cython.cast(cython.int, f) * 2 + upwards
                    continue
                a = owner_view[e] // 2
                b = cython.cast(cython.int, f)
                differ = 1 if owner_view[e] - 2 * a == upwards else 0  # neighbours must run in opposite directions
                compress(parent_view, against_view, a)
                compress(parent_view, against_view, b)
                differ = differ ^ against_view[a] ^ against_view[b]
                a = parent_view[a]
                b = parent_view[b]
                if a < b:
                    parent_view[b] = a
                    against_view[b] = cython.cast(cython.uchar, differ)
                elif b < a:
                    parent_view[a] = b
                    against_view[a] = cython.cast(cython.uchar, differ)
        for f in range(n):
            compress(parent_view, against_view, cython.cast(cython.int, f))
    return against


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def compress(parent: cython.int[::1], against: cython.uchar[::1], f: cython.int) -> cython.void:
    """Make the root of f's set its parent, and `against` relative to it (all faces on the way, too)."""
    top: cython.int = f
    parity: cython.int = 0
    step: cython.int
    next_parity: cython.int
    while parent[top] != top:
        parity = parity ^ against[top]
        top = parent[top]
    while parent[f] != f and parent[f] != top:
        step = parent[f]
        next_parity = parity ^ against[f]
        parent[f] = top
        against[f] = cython.cast(cython.uchar, parity)
        parity = next_parity
        f = step


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def root(parent: cython.int[::1], f: cython.int) -> cython.int:
    """Return the representative of f's set, halving the way to it."""
    while parent[f] != f:
        parent[f] = parent[parent[f]]
        f = parent[f]
    return f
