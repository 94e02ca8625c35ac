"""Questions about the nearest or crossed edge, asked of all layers at once; the work is done in `kernels/near.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slicer.kernels import near

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EdgeGrid:
    """Edges start -> end (n, 2), each in a plane `bins` (n,) >= 0 that only questions with the same number see."""

    start: Floats
    end: Floats
    grid: Any

    @classmethod
    def of(cls, start: Any, end: Any, bins: Any, cell: float) -> EdgeGrid:
        """Return the grid of these edges with square cells of the given size, mm."""
        start, end = _points(start), _points(end)
        low = (0.0, 0.0)
        if len(start):
            low = (float(min(start[:, 0].min(), end[:, 0].min())), float(min(start[:, 1].min(), end[:, 1].min())))
        return cls(start, end, near.Grid(start, end, _labels(bins), *low, cell))

    def nearest(self, points: Any, bins: Any) -> tuple[Ints, Floats]:
        """Return for each point the nearest edge within 3/4 cell (-1: none) and its distance, mm."""
        points = _points(points)
        edge, distance = np.empty(len(points), np.int64), np.empty(len(points))
        self.grid.nearest(points, _labels(bins), edge, distance)
        return edge, distance

    def around(self, points: Any, bins: Any, reach: float, owner: Any, most: int) -> Ints:
        """Return for each point the nearest edge of every owner (n,) within `reach` mm: (q, most), -1 behind the last.

        reach is at most 3/4 cell
        """
        points = _points(points)
        edge = np.empty((len(points), most), np.int64)
        self.grid.around(points, _labels(bins), reach, _labels(owner), edge)
        return edge

    def crosses(self, a: Any, b: Any, bins: Any) -> Bools:
        """Return whether each segment a -> b meets an edge of its plane, touching included."""
        a = _points(a)
        crossed = np.empty(len(a), np.uint8)
        self.grid.crosses(a, _points(b), _labels(bins), crossed)
        return crossed.astype(bool)

    def hits(self, a: Any, b: Any, bins: Any, most: int) -> tuple[Ints, Ints]:
        """Return how many edges each segment a -> b meets (at most `most`), and which: (q,) and (q, most)."""
        a = _points(a)
        count, edge = np.zeros(len(a), np.int64), np.full((len(a), most), -1, np.int64)
        self.grid.hits(a, _points(b), _labels(bins), count, edge)
        return count, edge

    def pull(self, points: Any, offsets: Any, bins: Any) -> tuple[Bools, Bools]:
        """Return which points are left when each line is pulled taut between the edges, and which lines meet none."""
        points, offsets = _points(points), _labels(offsets)
        keep, clear = np.zeros(len(points), np.uint8), np.zeros(len(offsets) - 1, np.uint8)
        self.grid.pull(points, offsets, _labels(bins), keep, clear)
        return keep.astype(bool), clear.astype(bool)


def pairs_within(points: Any, reach: Any, bins: Any) -> tuple[Ints, Ints]:
    """Return the pairs i < j of points of the same plane that are no farther apart than reach[i] + reach[j] mm."""
    points, reach, bins = _points(points), np.ascontiguousarray(reach, np.float64), _labels(bins)
    order = np.lexsort((points[:, 0], bins))
    room, found = 4 * len(points), 0
    while True:
        i, j = np.empty(room, np.int64), np.empty(room, np.int64)
        found = near.pairs_within(points, reach, bins, order, i, j)
        if found <= room:
            return i[:found], j[:found]
        room = found


def _points(values: Any) -> Floats:
    return np.ascontiguousarray(values, np.float64).reshape(-1, 2)


def _labels(values: Any) -> Ints:
    return np.ascontiguousarray(values, np.int64)
