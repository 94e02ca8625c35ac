"""Questions about the nearest or crossed edge, asked of all layers at once; the work is done in `kernels/near.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slicer.kernels import near

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EdgeGrid:
    """Edges start -> end (n, 2), each in a plane `bins` (n,) >= 0 that only questions with the same number see."""

    start: Floats
    end: Floats
    bins: Ints
    first: Ints
    entry: Ints
    low: tuple[float, float]
    cell: float

    @classmethod
    def of(cls, start: Any, end: Any, bins: Any, cell: float) -> EdgeGrid:
        """Return the grid of these edges with square cells of the given size, mm."""
        start, end = (np.ascontiguousarray(a, np.float64).reshape(-1, 2) for a in (start, end))
        bins = np.ascontiguousarray(bins, np.int64)
        corner = np.minimum(start, end).min(axis=0) if len(start) else np.zeros(2)
        low = (float(corner[0]), float(corner[1]))
        first, entry = near.build(start, end, bins, *low, cell)
        return cls(start, end, bins, first, entry, low, cell)

    def nearest(self, points: Any, bins: Any) -> tuple[Ints, Floats]:
        """Return for each point the nearest edge within 3/4 cell (-1: none) and its distance, mm."""
        points, bins = np.ascontiguousarray(points, np.float64), np.ascontiguousarray(bins, np.int64)
        edge, distance = np.empty(len(points), np.int64), np.empty(len(points))
        near.nearest(
            self.start, self.end, self.bins, self.first, self.entry, *self.low, self.cell, points, bins, edge, distance
        )
        return edge, distance

    def crosses(self, a: Any, b: Any, bins: Any) -> NDArray[np.bool_]:
        """Return whether each segment a -> b meets an edge of its plane, touching included."""
        a, b = (np.ascontiguousarray(p, np.float64).reshape(-1, 2) for p in (a, b))
        crossed = np.empty(len(a), np.uint8)
        near.crosses(
            self.start,
            self.end,
            self.bins,
            self.first,
            self.entry,
            *self.low,
            self.cell,
            a,
            b,
            np.ascontiguousarray(bins, np.int64),
            crossed,
        )
        return crossed.astype(bool)
