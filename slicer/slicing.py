"""slicing: the solid cross-section of the mesh in the middle of every layer.

    triangles x planes -> segments -> chains (through shared edges) -> closed rings -> polygons by winding number

Every triangle meets every plane in one pass of a kernel. Open chains, left where the mesh has holes or cracks, are
closed end to start, nearest first. Contours are thinned out early: afterwards geometry is nearly free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from profiles.schema import SlicingSettings
from slicer.kernels import cut
from slicer.nouns import Floats, Ints, LayerPlan, Mesh, Regions
from slicer.ragged import distinct, gather, offsets_of
from slicer.tools.crew import Crew
from slicer.tools.medial import find_balls, narrow_rows
from slicer.tools.offsets import grow_twice, offset
from slicer.tools.polygons import difference, stack_of_rings, thinned

LEAST_AREA = 1e-3
"""Rings below this (mm2) are dust: a bead's end alone is a hundred times larger."""
CRACK = 1e-3
"""Ends closer than this (mm) are one point that two triangles wrote differently; joining them is no repair."""


@dataclass(frozen=True, slots=True)
class Slices:
    """Cross-sections of one part and what had to be done to get them.

    regions          (n,) object, one (Multi)Polygon a layer
    gaps             gaps of the contours that were closed by a straight line longer than a crack
    widest_gap       mm
    closed_share     length of those lines as a share of all contours
    tangled_layers   layers whose contours overlapped or touched and were united by winding number
    """

    regions: Regions
    gaps: int = 0
    widest_gap: float = 0.0
    closed_share: float = 0.0
    tangled_layers: int = 0


def slice_mesh(
    mesh: Mesh, face_edges: NDArray[np.int32], plan: LayerPlan, settings: SlicingSettings, crew: Crew
) -> Slices:
    """Return the cross-section of a mesh at every `plan.z_slice`.

    Parameters
    ----------
    mesh : outward oriented as far as it can be; it may be open, overlapping, cracked
    face_edges : (f, 3) i4 number of the undirected edge from corner k to corner k + 1 of each face
    """
    xy, offsets, layer, closed = _chains(mesh, face_edges, plan.z_slice)
    xy, offsets, layer, gaps = _close_gaps(xy, offsets, layer, closed, settings.gap_closing)
    wide = gaps[gaps > CRACK]
    closed_share = float(wide.sum()) / _length(xy, offsets) if len(wide) else 0.0
    regions, tangled = stack_of_rings(*thinned(xy, offsets, settings.resolution), layer, len(plan), LEAST_AREA)
    if settings.closing_radius > 0:
        regions = _close_cracks(regions, settings.closing_radius, crew)
    return Slices(
        _compensate(regions, settings, crew),
        len(wide),
        float(wide.max(initial=0.0)),
        closed_share,
        len(tangled),
    )


def _chains(mesh: Mesh, face_edges: NDArray[np.int32], planes: Floats) -> tuple[Floats, Ints, Ints, NDArray[np.bool_]]:
    """Return (xy, offsets, layer, closed) of the contours of all layers."""
    planes = np.ascontiguousarray(planes)
    rank = np.searchsorted(planes, mesh.vertices[:, 2], side="right").astype(np.int32)
    offsets = np.empty(len(planes) + 1, np.int64)
    cut.count_segments(mesh.faces, rank, offsets)
    n = int(offsets[-1])
    start, end, points = np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 4))
    cut.cut(mesh.vertices, mesh.faces, face_edges, rank, planes, offsets, start, end, points)
    xy, chain_offsets = np.empty((2 * n, 2)), np.empty(n + 1, np.int64)
    layer, closed = np.empty(n, np.int32), np.empty(n, np.int8)
    n_edges = int(face_edges.max(initial=-1)) + 1
    made = cut.chain(n_edges, offsets, start, end, points, xy, chain_offsets, layer, closed)
    return xy[: chain_offsets[made]], chain_offsets[: made + 1], layer[:made].astype(np.int64), closed[:made] == 1


def _close_gaps(
    xy: Floats, offsets: Ints, layer: Ints, closed: NDArray[np.bool_], reach: float
) -> tuple[Floats, Ints, Ints, Floats]:
    """Return closed rings (xy, offsets, layer) and the gaps (mm) that were bridged: ends are led to nearby starts."""
    rows = np.flatnonzero(~closed)
    if not len(rows):
        return xy, offsets, layer, np.zeros(0)
    starts, ends = xy[offsets[rows]], xy[offsets[rows + 1] - 1]
    successor = np.full(len(rows), -1)
    taken = np.zeros(len(rows), bool)
    for distance in (reach, np.inf):  # near ends first; then whatever is left, or the ring would stay open
        _match(starts, ends, layer[rows], distance, successor, taken)
    gaps = np.hypot(*(ends - starts[successor]).T)
    loops = _loops(successor)
    order = np.concatenate([np.flatnonzero(closed), rows[np.concatenate(loops)]])
    index, _ = gather(offsets, order)
    lengths = np.diff(offsets)
    sizes = np.concatenate([lengths[closed], [lengths[rows[loop]].sum() for loop in loops]])
    ring_layer = np.concatenate([layer[closed], [layer[rows[loop[0]]] for loop in loops]])
    by_layer = np.argsort(ring_layer, kind="stable")
    ring_index, ring_offsets = gather(offsets_of(sizes), by_layer)
    return xy[index][ring_index], ring_offsets, ring_layer[by_layer], gaps


def _length(xy: Floats, offsets: Ints) -> float:
    """Return the length of all closed rings together, mm."""
    following = np.arange(1, len(xy) + 1)
    following[offsets[1:] - 1] = offsets[:-1]
    return float(np.hypot(*(xy[following] - xy).T).sum())


def _match(starts: Floats, ends: Floats, layer: Ints, reach: float, successor: Ints, taken: NDArray[np.bool_]) -> None:
    """Pair free ends with free starts of the same layer, nearest first, as far as `reach` mm; updates its arguments."""
    for k in distinct(layer[successor < 0]):
        tails, heads = np.flatnonzero((layer == k) & (successor < 0)), np.flatnonzero((layer == k) & ~taken)
        if np.isfinite(reach):
            tree = shapely.STRtree(shapely.points(starts[heads]))
            i, j = tree.query(shapely.points(ends[tails]), predicate="dwithin", distance=reach)
        else:
            i, j = (a.ravel() for a in np.indices((len(tails), len(heads))))
        distance = np.hypot(*(ends[tails[i]] - starts[heads[j]]).T)
        for pick in np.lexsort((j, i, distance)):
            tail, head = tails[i[pick]], heads[j[pick]]
            if successor[tail] < 0 and not taken[head]:
                successor[tail] = head
                taken[head] = True


def _loops(successor: Ints) -> list[Ints]:
    """Return the cycles of a permutation."""
    seen, loops = np.zeros(len(successor), bool), []
    for first in range(len(successor)):
        loop, at = [], first
        while not seen[at]:
            seen[at] = True
            loop.append(at)
            at = int(successor[at])
        if loop:
            loops.append(np.array(loop))
    return loops


def _close_cracks(regions: Regions, radius: float, crew: Crew) -> Regions:
    """Return regions without cracks narrower than 2 * radius; layers that have none stay as they are."""
    rows = np.flatnonzero(narrow_rows(find_balls(regions, radius, crew, outside=True), len(regions)))
    closed = regions.copy()
    closed[rows] = grow_twice(regions[rows], radius, -radius, crew)
    return closed


def _compensate(regions: Regions, settings: SlicingSettings, crew: Crew) -> Regions:
    """Return regions with the XY, hole and elephant-foot compensation applied."""
    if settings.xy_compensation:
        regions = offset(regions, settings.xy_compensation, crew)
    if settings.hole_compensation:
        regions = _resize_holes(regions, settings.hole_compensation, crew)
    if settings.elephant_foot_compensation and len(regions):
        regions = regions.copy()
        regions[:1] = _lift_foot(regions[:1], settings.elephant_foot_compensation, crew)
    return regions


def _resize_holes(regions: Regions, amount: float, crew: Crew) -> Regions:
    """Return regions whose holes are wider by `amount` mm all around (narrower where negative)."""
    polygons, layer = shapely.get_parts(regions, return_index=True)
    filled = shapely.polygons(shapely.get_exterior_ring(polygons))
    holes = shapely.difference(filled, polygons)
    kept = difference(filled, offset(holes, amount, crew), crew)
    out = regions.copy()
    for k in distinct(layer):
        out[k] = shapely.union_all(kept[layer == k])
    return out


def _lift_foot(first: Regions, amount: float, crew: Crew) -> Regions:
    """Return the first layer shrunk by `amount` mm, except where that would lose a thin feature."""
    shrunk = offset(first, -amount, crew)
    thick = grow_twice(first, -2 * amount, 2 * amount + SLACK, crew)
    thin = difference(first, thick, crew)
    return np.asarray(shapely.union(shrunk, thin))


SLACK = 0.01
"""Overlap (mm) that keeps a boolean's two halves from leaving a hairline between them."""
