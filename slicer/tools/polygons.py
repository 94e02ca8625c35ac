"""Whole stacks of polygons at once: from rings and back, booleans, winding.

A stack is a numpy object array of shapely (Multi)Polygons, one a layer. GEOS is called on chunks of layers from
several threads (it releases the GIL); what comes back never depends on how many there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import contours, strands
from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import distinct, gather, offsets_of, segment_ids
from slicer.tools.crew import Crew

SNAP = 1e-4
"""Grid (mm) on which crossing contours are noded when they have to be untangled."""
DUST = 1e-6
"""Rings below this (mm2) are nothing but rounding."""
ROOM = 64
"""More points than curves have, where they cross a lot in few."""


def empty_stack(n: int) -> Regions:
    """Return n empty polygons."""
    stack = np.empty(n, object)
    if n:
        stack[:] = shapely.MultiPolygon()
    return stack


def intersection(a: Regions, b: Regions, crew: Crew) -> Regions:
    """Return a and b, layer by layer."""
    return _by_chunks(lambda rows: shapely.intersection(a[rows], b[rows]), len(a), crew)


def difference(a: Regions, b: Regions, crew: Crew) -> Regions:
    """Return a without b, layer by layer."""
    return _by_chunks(lambda rows: shapely.difference(a[rows], b[rows]), len(a), crew)


def union(a: Regions, b: Regions, crew: Crew) -> Regions:
    """Return a or b, layer by layer."""
    out = np.where(shapely.is_empty(a), b, a)
    rows = np.flatnonzero(~shapely.is_empty(a) & ~shapely.is_empty(b))
    out[rows] = _by_chunks(lambda cut: shapely.union(a[rows[cut]], b[rows[cut]]), len(rows), crew)
    return out


def covers(a: Regions, b: Regions) -> NDArray[np.bool_]:
    """Return whether each a covers its b; an empty b is covered by anything.

    Runs in one thread: rows may share polygons, and a prepared polygon builds its index at the first question.
    """
    shapely.prepare(a)
    return np.asarray(shapely.covers(a, b) | shapely.is_empty(b))


def _by_chunks(work: Any, n: int, crew: Crew) -> Regions:
    out = np.empty(n, object)
    chunks = Crew.chunks(n)
    for rows, result in zip(chunks, crew.map(work, chunks), strict=True):
        out[rows] = result
    return out


def parts_of(stack: Regions) -> tuple[NDArray[Any], Ints]:
    """Return (polygons, layer of each): the non-empty parts of a stack; lines and points in it are left out."""
    parts, layer = shapely.get_parts(stack, return_index=True)
    keep = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return parts[keep], layer[keep]


def alike(polygons: NDArray[Any], *columns: NDArray[Any]) -> tuple[Ints, Ints]:
    """Return (the first row of each kind, the kind of each row): alike in outline, to the bit, and in all columns."""
    kinds: dict[Any, int] = {}
    keys = zip(shapely.to_wkb(polygons), *(column.tolist() for column in columns), strict=True)
    same = np.array([kinds.setdefault(key, len(kinds)) for key in keys], np.int64)
    first = np.full(len(kinds), len(same))
    np.minimum.at(first, same, np.arange(len(same)))
    return first, same


def flattened(stack: Regions) -> tuple[Floats, Ints, Ints, Ints]:
    """Return (xy, offsets of the rings in it, of the polygons in those, of the rows in those); rings are closed."""
    parts, row = shapely.get_parts(stack, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    polygons, rows = np.bincount(part, minlength=len(parts)), np.bincount(row, minlength=len(stack))
    points = shapely.get_num_points(rings)
    return shapely.get_coordinates(parts), offsets_of(points), offsets_of(polygons), offsets_of(rows)


def rings_of(polygons: NDArray[Any]) -> tuple[Floats, Ints, Ints]:
    """Return (xy, ring offsets, polygon of each ring) of single polygons; rings do not repeat their first vertex."""
    xy, offsets, owner, _ = flattened(polygons)
    kept = np.ones(len(xy), bool)
    kept[offsets[1:] - 1] = False
    return xy[kept], offsets - np.arange(len(offsets)), segment_ids(owner)


def thinned(xy: Floats, offsets: Ints, tolerance: float) -> tuple[Floats, Ints]:
    """Return closed rings with only the vertices that matter, each starting at its leftmost vertex."""
    out, out_offsets = np.empty((len(xy), 2)), np.empty(len(offsets), np.int64)
    contours.simplify(np.ascontiguousarray(xy), offsets, tolerance, out, out_offsets)
    return out[: out_offsets[-1]].copy(), out_offsets


def ring_areas(xy: Floats, offsets: Ints) -> Floats:
    """Return the signed area of each closed ring, mm2; positive is counter-clockwise."""
    following = np.arange(1, len(xy) + 1)
    following[offsets[1:] - 1] = offsets[:-1]
    doubled = xy[:, 0] * xy[following, 1] - xy[following, 0] * xy[:, 1]
    return 0.5 * np.add.reduceat(doubled, offsets[:-1]) if len(offsets) > 1 else np.zeros(0)


def turned(offsets: Ints, chosen: NDArray[np.bool_]) -> Ints:
    """Return the order of the vertices with the chosen segments reversed."""
    counts = np.diff(offsets)
    at = np.arange(offsets[-1])
    mirrored = np.repeat(offsets[:-1] + offsets[1:] - 1, counts) - at
    return np.where(np.repeat(chosen, counts), mirrored, at)


def stack_of_rings(
    xy: Floats, offsets: Ints, layer: Ints, layers: int, least_area: float = 0.0
) -> tuple[Regions, Ints]:
    """Return the solid that directed rings enclose in each layer, and the layers where they had to be untangled.

    Solid is where the winding number is positive: counter-clockwise rings add, clockwise rings take away, overlapping
    and repeated ones are united. Clean layers (almost all) are assembled directly; where rings cross, touch along a
    line or are nested in another way, the arrangement is worked out cell by cell.

    Parameters
    ----------
    xy, offsets : rings, (p, 2) mm and (r + 1,)
    layer : (r,) non-decreasing
    layers : number of layers
    least_area : mm2; smaller rings are dropped
    """
    xy, offsets, layer, stack, suspicious = nested(xy, offsets, layer, layers, least_area)
    if not len(layer):
        return stack, suspicious
    layer_offsets = np.searchsorted(layer, np.arange(layers + 1))
    tangled = distinct(np.append(suspicious, np.flatnonzero(~shapely.is_valid(stack))))
    for k in tangled:
        rows = np.arange(layer_offsets[k], layer_offsets[k + 1])
        chosen, chosen_offsets = gather(offsets, rows)
        stack[k] = untangle(xy[chosen], chosen_offsets)
    return stack, tangled


def enclosed(xy: Floats, offsets: Ints, groups: Ints, state: NDArray[np.int8]) -> tuple[Regions, NDArray[np.bool_]]:
    """Return what the curves of each group wind round once to the left, and whether that is certain.

    Parameters
    ----------
    xy, offsets, groups : closed curves, each without its first vertex at the end, and how they are grouped
    state : (g,) 2 for groups that are to be left out
    """
    out, made = np.empty((len(xy) + ROOM, 2)), np.empty(len(xy) // 3 + ROOM, np.int64)
    loops = np.empty(len(groups), np.int64)
    strands.trace_strands(xy, offsets, groups, out, made, loops, state)
    made = made[: loops[-1] + 1]
    *_, stack, doubtful = nested(out[: made[-1]], made, segment_ids(loops), len(state), DUST)
    sure = state < 2
    sure[doubtful] = False
    shaken = np.flatnonzero(state == 1)
    # not is_valid, which meddles with the warnings of all threads
    sure[shaken] &= shapely.is_valid_reason(stack[shaken]) == "Valid Geometry"
    return stack, sure


def nested(
    xy: Floats, offsets: Ints, layer: Ints, layers: int, least_area: float
) -> tuple[Floats, Ints, Ints, Regions, Ints]:
    """Return (xy, offsets, layer) of the rings that count, their layers' polygons, and the layers that have none.

    Rings that do not cross are nested by winding number; where they enclose something twice, or nothing, layers are
    empty. See `stack_of_rings`.
    """
    area = ring_areas(xy, offsets)
    size = np.diff(offsets)
    order = np.lexsort((-np.abs(area), layer))
    order = order[(size[order] >= 3) & (np.abs(area[order]) > least_area)]
    index, offsets = gather(offsets, order)
    xy, area, layer = np.ascontiguousarray(xy[index]), area[order], layer[order]
    if not len(layer):
        return xy, offsets, layer, empty_stack(layers), np.zeros(0, np.int64)
    layer_offsets = np.searchsorted(layer, np.arange(layers + 1))
    bounds = np.concatenate(
        [np.minimum.reduceat(xy, offsets[:-1], axis=0), np.maximum.reduceat(xy, offsets[:-1], axis=0)], axis=1
    )
    parent, winding = np.empty(len(layer), np.int64), np.empty(len(layer), np.int32)
    contours.nest(xy, offsets, area, np.ascontiguousarray(bounds), layer_offsets, parent, winding)
    suspicious = distinct(layer[winding != np.where(area > 0, 0, 1)])
    return xy, offsets, layer, _assemble(xy, offsets, area > 0, parent, layer, layers, suspicious), suspicious


def _assemble(
    xy: Floats, offsets: Ints, outer: NDArray[np.bool_], parent: Ints, layer: Ints, layers: int, skip: Ints
) -> Regions:
    """Return multipolygons from rings whose holes know their container, without checking them."""
    rows = np.arange(len(layer))
    owner = np.where(outer, rows, parent)
    usable = ~np.isin(layer, skip)
    order = np.lexsort((rows, ~outer, owner))  # a container, then its holes; containers stay sorted by layer
    order = order[usable[order]]
    index, ring_offsets = gather(offsets, order)
    n = len(order)
    closed_xy = np.empty((len(index) + n, 2))
    first = np.zeros(len(closed_xy), bool)
    first[ring_offsets[1:] + np.arange(n)] = True
    closed_xy[~first] = xy[index]
    closed_xy[first] = xy[offsets[order]]
    is_outer = outer[order]
    polygon_offsets = np.concatenate([np.flatnonzero(is_outer), [n]])
    layer_offsets = np.searchsorted(layer[order][is_outer], np.arange(layers + 1))
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON,
            closed_xy,
            (ring_offsets + np.arange(n + 1), polygon_offsets, layer_offsets),
        )
    )


def untangle(xy: Floats, offsets: Ints) -> Any:
    """Return the polygon where the winding number of directed closed rings is positive, however they cross.

    All crossings are noded on a fine grid, the plane is cut into cells, and each cell asks for its winding number.
    """
    following = np.arange(1, len(xy) + 1)
    following[offsets[1:] - 1] = offsets[:-1]
    segments = np.concatenate([xy, xy[following]], axis=1)
    segments = np.ascontiguousarray(segments[(segments[:, :2] != segments[:, 2:]).any(axis=1)])
    if not len(segments):
        return shapely.MultiPolygon()
    lines = shapely.linestrings(segments.reshape(-1, 2, 2))
    noded = shapely.union_all(lines, grid_size=SNAP)
    cells = shapely.get_parts(shapely.polygonize([noded]))
    if not len(cells):
        return shapely.MultiPolygon()
    inside = np.ascontiguousarray(shapely.get_coordinates(shapely.point_on_surface(cells)))
    winding = np.empty(len(cells), np.int32)
    contours.winding_numbers(inside, segments, winding)
    return shapely.union_all(cells[winding > 0])
