"""Offsets of whole stacks, in linear time: what the edges sweep over is added to the outline, or taken away from it.

The curve that the moving edges draw (`kernels.sweep`) winds round the offset once, however it crosses itself and others
(`kernels.strands`). GEOS makes the few that come out wrong where sides lie in each other. Unlike GEOS, which leaves out
vertices that change an offset by less than a hundredth of the distance, this keeps every edge at its distance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import strands, sweep
from slicer.nouns import Floats, Regions
from slicer.ragged import distinct, segment_ids
from slicer.tools.crew import Crew
from slicer.tools.polygons import empty_stack, flattened, nested

MITRE = 2.0
"""Corners that grow reach at most this many distances; beyond, they are cut off."""
DUST = 1e-6
"""Rings below this (mm2) are nothing but rounding."""
ROOM = 64
"""More points than the curves have, where they cross a lot in few."""
STYLES: dict[bool, dict[str, Any]] = {True: {"join_style": "mitre", "mitre_limit": MITRE}, False: {"quad_segs": 4}}
"""How GEOS makes an offset whose corners are mitred, or not."""


def offset(stack: Regions, distance: float | Floats, crew: Crew) -> Regions:
    """Return each polygon grown by `distance` mm (shrunk where negative; a scalar or one per layer), mitred."""
    return grow_twice(stack, distance, 0.0, crew)


def grow_twice(stack: Regions, first: float | Floats, second: float | Floats, crew: Crew) -> Regions:
    """Return each polygon offset by `first` and the result by `second`: an opening (-, +) or a closing (+, -)."""
    one, two = np.broadcast_to(first, stack.shape), np.broadcast_to(second, stack.shape)

    def work(rows: slice) -> Regions:
        part: Regions = stack[rows]
        for distance in (one[rows], two[rows]):
            if distance.any():
                part = offset_of(part, distance, mitred=True)
        return part

    return np.concatenate([*crew.map(work, pieces(stack)), stack[:0]])


def pieces(stack: Regions, points: int = 8192) -> list[slice]:
    """Return slices of about `points` vertices, or one row each where they have more."""
    n = len(stack)
    if not n:
        return []
    total = np.cumsum(shapely.get_num_coordinates(stack))
    cuts = distinct(np.searchsorted(total, np.arange(0, max(total[-1], 1), points), side="left"))
    return [slice(int(a), int(b)) for a, b in zip(cuts, [*cuts[1:], n], strict=True)]


def grow_round(stack: Regions, distance: Floats, crew: Crew) -> Regions:
    """Return each polygon grown by its distance, mm; where a corner is too sharp to be kept, all are rounded."""
    cuts = pieces(stack)
    made = crew.map(lambda rows: offset_of(stack[rows], distance[rows], mitred=False), cuts)
    return np.concatenate([*made, stack[:0]])


def offset_of(stack: Regions, distance: Floats, mitred: bool) -> Regions:
    """Return each polygon grown by its distance; corners that cannot be kept sharp are cut off, or all are rounded."""
    made, sure = moved(stack, -distance, cutting=mitred)
    made[~sure] = shapely.buffer(stack[~sure], distance[~sure], **STYLES[mitred])
    return made


def moved(stack: Regions, inwards: Floats, cutting: bool = True) -> tuple[Regions, NDArray[np.bool_]]:
    """Return the (Multi)Polygons with each edge moved inwards (mm), and whether that is their offset; else None.

    Outlines with corners too sharp to be kept have no such offset without `cutting`.
    """
    made, sure = np.empty(len(stack), object), np.zeros(len(stack), np.bool_)
    # what has not the area of a disc of that radius vanishes
    gone = shapely.is_empty(stack) | ((inwards > 0.0) & (shapely.area(stack) < np.pi * inwards**2))
    made[gone], sure[gone] = empty_stack(int(gone.sum())), True
    kind = shapely.get_type_id(stack)
    rows = np.flatnonzero(~gone & ((kind == 3) | (kind == 6)))  # an overlay may leave lines in a row
    if not len(rows):
        return made, sure
    xy, rings, polygons, groups = flattened(stack[rows])
    curves, starts, state = np.empty((3 * len(xy), 2)), np.empty(len(rings), np.int64), np.zeros(len(rows), np.int8)
    sweep.sweep(xy, rings, polygons, groups, inwards[rows], MITRE, cutting, curves, starts, state)
    curves, of = curves[: starts[-1]], np.empty(len(groups), np.int64)
    out, offsets = np.empty((len(curves) + ROOM, 2)), np.empty(len(curves) // 3 + ROOM, np.int64)
    strands.trace_strands(curves, starts, polygons[groups], out, offsets, of, state)
    offsets = offsets[: of[-1] + 1]
    *_, result, doubtful = nested(out[: offsets[-1]], offsets, segment_ids(of), len(rows), DUST)
    good = state < 2
    good[doubtful] = False
    good[state == 1] &= is_sound(result[state == 1])
    made[rows[good]], sure[rows[good]] = result[good], True
    return made, sure


def is_sound(stack: Regions) -> NDArray[np.bool_]:
    """Return whether each is valid: not by `shapely.is_valid`, which meddles with the warnings of all threads."""
    return np.asarray(shapely.is_valid_reason(stack) == "Valid Geometry")
