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

from slicer.kernels import sweep
from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import distinct
from slicer.tools.crew import Crew
from slicer.tools.polygons import empty_stack, enclosed, flattened

MITRE = 2.0
"""Corners that grow reach at most this many distances; beyond, they are cut off."""
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
    curves, starts, groups, state = swept(stack[rows], inwards[rows], cutting)
    result, good = enclosed(curves, starts, groups, state)
    made[rows[good]], sure[rows[good]] = result[good], True
    return made, sure


def swept(stack: Regions, inwards: Floats, cutting: bool = True) -> tuple[Floats, Ints, Ints, NDArray[np.int8]]:
    """Return the curves that the edges draw while they move inwards (mm): (xy, offsets, those of each row, state).

    They wind once round what is left, the inside to their left. State is 2 for rows that have none.
    """
    xy, rings, polygons, groups = flattened(stack)
    curves, starts, state = np.empty((3 * len(xy), 2)), np.empty(len(rings), np.int64), np.zeros(len(stack), np.int8)
    sweep.sweep(xy, rings, polygons, groups, inwards, MITRE, cutting, curves, starts, state)
    return curves[: starts[-1]], starts, polygons[groups], state
