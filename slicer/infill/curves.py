"""Curves of a pattern, cut to their areas: what gyroid, honeycomb and Hilbert curves have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slicer.infill.join import Chains
from slicer.infill.region import Region
from slicer.kernels import fill_clip
from slicer.ragged import offsets_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves that begin and end outside their area: xy (p, 2), offsets (n + 1,), row (n,) of the region, sorted."""

    xy: Floats
    offsets: Ints
    row: Ints


def turned(xy: Floats, angle: Floats) -> Floats:
    """Return points turned counter-clockwise by an angle (radians) each."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([xy[:, 0] * cos - xy[:, 1] * sin, xy[:, 0] * sin + xy[:, 1] * cos], axis=1)


def box_of(region: Region, angle: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest corners (n, 2) of each row in a frame turned by its angle; inf where empty."""
    rings = np.diff(region.row_rings) > 0
    start = region.offsets[region.row_rings[:-1][rings]]
    row = np.repeat(region.row, np.diff(region.offsets))
    xy = turned(region.xy, -angle[row])
    low, high = np.full((len(rings), 2), np.inf), np.full((len(rings), 2), -np.inf)
    low[rings] = np.minimum.reduceat(xy, start, axis=0)
    high[rings] = np.maximum.reduceat(xy, start, axis=0)
    return low, high


def clip(region: Region, curves: Curves) -> Chains:
    """Return the pieces of the curves inside their areas."""
    grid, shape, cells, entries = grid_of(region)
    hits, segment, edge, at = crossings(region, curves, grid, shape, cells, entries)
    # each curve enters and leaves in turn; should rounding leave one crossing over, its piece is dropped
    rank = np.arange(hits[-1]) - np.repeat(hits[:-1], np.diff(hits))
    enters = np.flatnonzero((rank % 2 == 0) & (rank + 1 < np.repeat(np.diff(hits), np.diff(hits))))
    leaves = enters + 1
    inner = segment[leaves] - segment[enters]
    offsets = offsets_of(inner + 2)
    index = np.arange(offsets[-1]) + np.repeat(segment[enters] - offsets[:-1], inner + 2)
    xy = curves.xy[index]
    ends = np.stack([enters, leaves], axis=1)
    a, b = region.xy[edge[ends]], region.xy[edge[ends] + 1]
    touch = a + (b - a) * at[ends, 1][..., None]
    xy[offsets[:-1]], xy[offsets[1:] - 1] = touch[:, 0], touch[:, 1]
    place = region.place[edge[ends]]
    place = place + (region.place[edge[ends] + 1] - place) * at[ends, 1]
    ring = np.searchsorted(region.offsets, edge[ends], side="right") - 1
    row = region.row[ring[:, 0]]
    return Chains(xy, offsets, row, ring, edge[ends], place)


def grid_of(region: Region) -> tuple[Floats, Ints, Ints, Ints]:
    """Return (grid, shape, cells, entries) of the kernel: about as many cells in each area as it has edges."""
    edges = np.delete(np.arange(len(region.xy)), region.offsets[1:] - 1)
    ring = np.repeat(np.arange(len(region.row)), np.diff(region.offsets) - 1)
    edge_area = region.row[ring]
    low, high = box_of(region, np.zeros(len(region.row_rings) - 1))
    extent = np.where(np.isfinite(low), high - low, 0.0)
    count = np.bincount(edge_area, minlength=len(low))
    size = np.maximum(np.sqrt(extent.prod(axis=1) / np.maximum(count, 1)), extent.max(axis=1) / 1024) + 1e-6
    grid = np.column_stack([low, 1.0 / size])
    columns = (extent / size[:, None]).astype(np.int64) + 1
    first = offsets_of(columns.prod(axis=1))
    shape = np.column_stack([first[:-1], columns])
    cells = np.zeros(first[-1] + 1, np.int64)
    fill_clip.bucket(region.xy, edges, edge_area, grid, shape, cells, np.zeros(0, np.int64))
    np.cumsum(cells, out=cells)
    entries = np.zeros(max(int(cells[-1]), 1), np.int64)
    fill_clip.bucket(region.xy, edges, edge_area, grid, shape, cells[:-1].copy(), entries)
    return grid, shape, cells, entries


def crossings(
    region: Region, curves: Curves, grid: Floats, shape: Ints, cells: Ints, entries: Ints
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return (crossings of each curve, segment, edge, place on both) of all crossings, sorted along the curves."""
    room = len(curves.xy) // 4 + 1024
    while True:
        hits = np.empty(len(curves.row) + 1, np.int64)
        segment, edge, at = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, 2))
        n = fill_clip.cross(
            region.xy, curves.xy, curves.offsets, curves.row, grid, shape, cells, entries, hits, segment, edge, at
        )
        if n <= room:
            return hits, segment[:n], edge[:n], at[:n]
        room = n
