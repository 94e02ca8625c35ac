"""The rings of many polygons as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import polyline
from slicer.ragged import offsets_of
from slicer.tools.crew import Crew
from slicer.tools.offsets import offset
from slicer.tools.polygons import flattened

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


def shrink(polygon: NDArray[Any], distance: Floats, crew: Crew) -> NDArray[Any]:
    """Return every polygon inset by its distance (mm; grown where negative), corners kept sharp."""
    return offset(polygon, -distance, crew)


def region_of(polygon: NDArray[Any]) -> Region:
    """Return the rings of (Multi)Polygons, one row each."""
    parts, row = shapely.get_parts(polygon, return_index=True)
    keep = ~shapely.is_empty(parts)
    parts, row = parts[keep], row[keep]
    if not len(parts):
        empty = np.zeros(0, np.int64)
        return Region(np.zeros((0, 2)), np.zeros(1, np.int64), empty, np.zeros(len(polygon) + 1, np.int64), np.zeros(0))
    xy, offsets, part_rings, _ = flattened(parts)
    ring_row = np.repeat(row, np.diff(part_rings))
    rings = offsets_of(np.bincount(ring_row, minlength=len(polygon)))
    return Region(xy, offsets, ring_row, rings, places(xy, offsets))


def places(xy: Floats, offsets: Ints) -> Floats:
    """Return for each vertex the length along its ring from the ring's first vertex."""
    along = np.empty(len(xy))
    polyline.lengths(xy, offsets, along)
    return along
