"""Hilbert curves: one endless curve over the whole bed, of which every area shows its part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slicer.infill.curves import Curves, box_of, clip, turned
from slicer.infill.join import joined
from slicer.infill.region import Region, region_of, shrink
from slicer.infill.task import Beads, Task
from slicer.ragged import offsets_of, segment_ids

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDER = 18
"""The curve has 2^18 cells a side, its middle at the origin: farther than any bed."""


def hilbert(task: Task) -> Beads:
    """Fill the areas with a Hilbert curve whose steps are as long as the pitch."""
    region = region_of(shrink(task.polygon, task.inset, task.crew))
    if not len(region.row):
        return Beads.none()
    return joined(task, region, clip(region, over(region, task.pitch, np.deg2rad(task.angle))))


def over(region: Region, pitch: Floats, angle: Floats) -> Curves:
    """Return the parts of the curve over each row's box and one cell around it."""
    low, high = box_of(region, angle)
    full = np.isfinite(low[:, 0])
    first = np.zeros(low.shape, np.int64)
    size = np.zeros(low.shape, np.int64)
    # the origin lies in the middle of a cell: no wall of the curve runs along the axes of the bed
    first[full] = np.floor(low[full] / pitch[full, None] + 0.5).astype(np.int64) - 1
    size[full] = np.floor(high[full] / pitch[full, None] + 0.5).astype(np.int64) + 2 - first[full]
    cells = offsets_of(size.prod(axis=1))
    row = segment_ids(cells)
    at = np.arange(cells[-1]) - cells[row]
    cell = first[row] + np.stack([at % size[row, 0], at // size[row, 0]], axis=1)
    along = distance(cell + (1 << (ORDER - 1)), ORDER)
    order = np.lexsort((along, row))
    row, cell, along = row[order], cell[order], along[order]
    starts = np.flatnonzero(np.append(True, (np.diff(along) != 1) | (np.diff(row) != 0)))
    xy = turned(cell * pitch[row, None], angle[row])
    return Curves(xy, np.append(starts, len(row)), row[starts])


def distance(cell: Ints, order: int) -> Ints:
    """Return how far along the Hilbert curve of 2^order cells a side each cell (n, 2) lies.

    >>> distance(np.array([[0, 0], [0, 1], [1, 1], [1, 0]]), 1).tolist()
    [0, 1, 2, 3]
    """
    x, y = cell[:, 0].copy(), cell[:, 1].copy()
    total = np.zeros(len(x), np.int64)
    for bit in range(order - 1, -1, -1):
        side = 1 << bit
        rx, ry = (x >> bit) & 1, (y >> bit) & 1
        total += side * side * ((3 * rx) ^ ry)
        x, y = x & (side - 1), y & (side - 1)
        mirrored = (ry == 0) & (rx == 1)
        x, y = np.where(mirrored, side - 1 - x, x), np.where(mirrored, side - 1 - y, y)
        x, y = np.where(ry == 0, y, x), np.where(ry == 0, x, y)
    return total
