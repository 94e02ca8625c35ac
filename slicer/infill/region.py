"""The rings of many polygons as flat arrays, inset so that beads along the border touch the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import fill_inset
from slicer.ragged import offsets_of
from slicer.tools.crew import Crew

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Region:
    """Closed rings of the polygons of n rows, sorted by row.

    xy        (p, 2) f8   vertices; each ring repeats its first one
    offsets   (r + 1,)    vertices of each ring
    row       (r,)        row the ring belongs to
    row_rings (n + 1,)    rings of each row
    place     (p,) f8     length along the ring up to each vertex
    """

    xy: Floats
    offsets: Ints
    row: Ints
    row_rings: Ints
    place: Floats

    @property
    def length(self) -> Floats:
        """(r,) length of each ring, mm."""
        return self.place[self.offsets[1:] - 1]


MITRE = 2.0
"""Corners that grow reach at most this many distances; sharper ones are cut."""


def shrink(polygon: NDArray[Any], distance: Floats, crew: Crew) -> NDArray[Any]:
    """Return every polygon inset by its distance (mm; grown where negative), corners kept sharp.

    Most offsets change no neighbourhood: moving the vertices is enough, and a look at the result tells whether it was.
    GEOS does the others.
    """
    return offset(polygon, distance, crew, {"join_style": "mitre", "mitre_limit": MITRE})


def grow_round(polygon: NDArray[Any], distance: Floats, crew: Crew) -> NDArray[Any]:
    """Return every polygon grown by its distance, mm; where a corner is too sharp to be kept, all are rounded."""
    return offset(polygon, -distance, crew, {"quad_segs": 4})


def offset(polygon: NDArray[Any], inwards: Floats, crew: Crew, style: dict[str, Any]) -> NDArray[Any]:
    """Return every polygon inset by its distance; style is for what GEOS has to do."""

    def work(part: slice) -> NDArray[Any]:
        made, sure = moved(polygon[part], inwards[part])
        # what has not the area of a disc of that radius vanishes
        gone = ~sure & (inwards[part] > 0.0) & (shapely.area(polygon[part]) < np.pi * inwards[part] ** 2)
        made[gone] = shapely.Polygon()
        left = ~sure & ~gone
        made[left] = shapely.buffer(polygon[part][left], -inwards[part][left], **style)
        return made

    return np.concatenate([*crew.map(work, pieces(polygon)), polygon[:0]])


def moved(polygon: NDArray[Any], distance: Floats) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the polygons with each edge moved, and whether that is their offset (what is not is None)."""
    made = np.full(len(polygon), None, dtype=object)
    plain = np.flatnonzero((shapely.get_type_id(polygon) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(polygon))
    if not len(plain):
        return made, np.zeros(len(polygon), np.bool_)
    _, xy, (rings, polygons) = shapely.to_ragged_array(polygon[plain])
    xy = np.ascontiguousarray(xy[:, :2])
    rings, polygons = rings.astype(np.int64), polygons.astype(np.int64)
    out, doubtful = xy.copy(), np.zeros(len(plain), np.int8)
    fill_inset.inset(xy, rings, polygons, distance[plain], MITRE, out, doubtful)
    result = shapely.from_ragged_array(shapely.GeometryType.POLYGON, out, (rings, polygons))
    good = np.flatnonzero(doubtful == 0)
    # not is_valid, which meddles with the warnings of all threads
    good = good[shapely.is_valid_reason(result[good]) == "Valid Geometry"]
    made[plain[good]] = result[good]
    sure = np.zeros(len(polygon), np.bool_)
    sure[plain[good]] = True
    return made, sure


def pieces(polygon: NDArray[Any], points: int = 4096) -> list[slice]:
    """Return slices of about `points` vertices, or one polygon each where they have more."""
    n = len(polygon)
    if not n:
        return []
    total = np.cumsum(shapely.get_num_coordinates(polygon))
    cuts = np.unique(np.searchsorted(total, np.arange(0, max(total[-1], 1), points), side="left"))
    return [slice(int(a), int(b)) for a, b in zip(cuts, [*cuts[1:], n], strict=True)]


def region_of(polygon: NDArray[Any]) -> Region:
    """Return the rings of (Multi)Polygons, one row each."""
    parts, row = shapely.get_parts(polygon, return_index=True)
    keep = ~shapely.is_empty(parts)
    parts, row = parts[keep], row[keep]
    if not len(parts):
        empty = np.zeros(0, np.int64)
        return Region(np.zeros((0, 2)), np.zeros(1, np.int64), empty, np.zeros(len(polygon) + 1, np.int64), np.zeros(0))
    _, xy, (offsets, part_rings) = shapely.to_ragged_array(parts)
    xy, offsets = np.ascontiguousarray(xy[:, :2]), offsets.astype(np.int64)
    ring_row = np.repeat(row, np.diff(part_rings))
    rings = offsets_of(np.bincount(ring_row, minlength=len(polygon)))
    return Region(xy, offsets, ring_row, rings, places(xy, offsets))


def places(xy: Floats, offsets: Ints) -> Floats:
    """Return for each vertex the length along its ring from the ring's first vertex."""
    step = np.zeros(len(xy))
    step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
    step[offsets[:-1]] = 0.0
    total = np.cumsum(step)
    return total - np.repeat(total[offsets[:-1]], np.diff(offsets))
