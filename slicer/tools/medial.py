"""Medial axes of narrow polygons, with the width at every point: where a single bead of varying width goes.

The axis is the chordal axis of a constrained Delaunay triangulation: between parallel sides the midpoint of any chord
lies on the axis exactly. It runs in GEOS over all polygons at once, see docs/decisions for the comparison with the
segment Voronoi diagram.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import medial
from slicer.kernels.edges import edge_table
from slicer.kernels.weld import weld
from slicer.nouns import Floats, Ints
from slicer.ragged import gather, offsets_of, segment_ids, segment_sum

SAMPLE = 0.4
"""Longest piece of outline (mm) between two vertices of the triangulation."""
TOLERANCE = 0.01
"""The axis is thinned out to this (mm), in position and in half its width."""
PRUNE_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Axes:
    """Polylines: xy (p, 2) mm, width (p,) mm, offsets (n + 1,), closed (n,), owner (n,) polygon of each."""

    xy: Floats
    width: Floats
    offsets: Ints
    closed: NDArray[np.bool_]
    owner: Ints


def medial_axes(polygons: NDArray[Any]) -> Axes:
    """Return the medial axes of narrow polygons, ordered by polygon."""
    sampled = shapely.segmentize(polygons, SAMPLE)
    triangles, owner = shapely.get_parts(shapely.constrained_delaunay_triangles(sampled), return_index=True)
    if not len(triangles):
        return Axes(np.zeros((0, 2)), np.zeros(0), np.zeros(1, np.int64), np.zeros(0, bool), np.zeros(0, np.int64))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    keyed = np.concatenate([corners, np.broadcast_to(owner[:, None, None], (len(corners), 3, 1))], axis=2)
    vertices, index = weld(keyed.reshape(-1, 3).astype(np.float64))
    faces = np.ascontiguousarray(index.reshape(-1, 3))
    face_edges, n_edges = edge_table(faces)
    edge_faces, ends = _edges(faces, face_edges, n_edges)
    chord = vertices[ends[:, 1], :2] - vertices[ends[:, 0], :2]
    middle = np.ascontiguousarray((vertices[ends[:, 0], :2] + vertices[ends[:, 1], :2]) / 2)
    inner = (edge_faces[:, 1] >= 0).astype(np.int8)
    for _ in range(PRUNE_ROUNDS):
        if not medial.prune(face_edges, edge_faces, middle, np.hypot(*chord.T), inner):
            break
    junctions = int((inner[face_edges].sum(axis=1) == 3).sum())
    path = np.empty(n_edges + 6 * junctions + 1, np.int64)
    offsets, closed = np.empty(n_edges + 1, np.int64), np.empty(n_edges + 1, np.int8)
    made = medial.walk(face_edges, edge_faces, inner, path, offsets, closed)
    offsets, path = offsets[: made + 1].copy(), path[: offsets[made]]
    xy, width = _along(path, offsets, middle, chord, corners.mean(axis=1))
    first = path[offsets[:-1]]
    face = np.where(first >= 0, edge_faces[np.maximum(first, 0), 0], -1 - first)
    return _thin_out(Axes(xy, width, offsets, closed[:made] == 1, owner[face]))


def _edges(faces: NDArray[np.int32], face_edges: NDArray[np.int32], n_edges: int) -> tuple[Any, Any]:
    """Return the two faces (second -1 at the outline) and the two vertices of each edge."""
    edge_faces = np.full((n_edges, 2), -1, np.int32)
    ends = np.empty((n_edges, 2), np.int32)
    flat = face_edges.ravel()
    order = np.argsort(flat, kind="stable")
    first = np.searchsorted(flat[order], np.arange(n_edges))
    edge_faces[:, 0] = order[first] // 3
    second = np.minimum(first + 1, len(flat) - 1)
    shared = (second != first) & (flat[order[second]] == np.arange(n_edges))
    edge_faces[shared, 1] = order[second[shared]] // 3
    for corner in range(3):
        ends[face_edges[:, corner], 0] = faces[:, corner]
        ends[face_edges[:, corner], 1] = faces[:, (corner + 1) % 3]
    return edge_faces, ends


def _along(path: Ints, offsets: Ints, middle: Floats, chord: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """Return position and width at each step: the part of the chord that lies across the axis."""
    at_edge = path >= 0
    edge = np.maximum(path, 0)
    xy = np.where(at_edge[:, None], middle[edge], centre[np.maximum(-1 - path, 0)])
    n = len(path)
    before, after = np.maximum(np.arange(n) - 1, 0), np.minimum(np.arange(n) + 1, n - 1)
    before[offsets[:-1]], after[offsets[1:] - 1] = offsets[:-1], offsets[1:] - 1
    tangent = xy[after] - xy[before]
    length = np.hypot(*tangent.T)
    across = np.abs(tangent[:, 0] * chord[edge, 1] - tangent[:, 1] * chord[edge, 0])
    width = np.where(length > 0, across / np.where(length > 0, length, 1), np.hypot(*chord[edge].T))
    width = np.where(at_edge, width, 0.0)
    neighbours = np.maximum(np.where(at_edge[before], width[before], 0), np.where(at_edge[after], width[after], 0))
    return xy, np.where(at_edge, width, neighbours)


def _thin_out(axes: Axes) -> Axes:
    """Return the axes with only the points that matter, ordered by polygon; single points are dropped."""
    points = np.ascontiguousarray(np.column_stack([axes.xy, axes.width / 2]))
    keep = np.zeros(len(points), np.int8)
    medial.simplify_open(points, axes.offsets, TOLERANCE, keep)
    counts = segment_sum(keep, axes.offsets).astype(np.int64)
    ids = segment_ids(axes.offsets)
    long_enough = counts >= 2
    kept = (keep == 1) & long_enough[ids]
    offsets = offsets_of(counts[long_enough])
    order = np.argsort(axes.owner[long_enough], kind="stable")
    index, new = gather(offsets, order)
    return Axes(
        axes.xy[kept][index],
        axes.width[kept][index],
        new,
        axes.closed[long_enough][order],
        axes.owner[long_enough][order],
    )
