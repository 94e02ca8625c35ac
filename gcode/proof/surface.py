"""How far the plastic of a level lies from the model's surface: rays from points of the outline to where beads end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcode.kernels.reach import enter, reach
from gcode.moves import Floats

LIMIT = 1.0
"""How far from the outline plastic is looked for, mm."""
CELL = 1.0
"""Size of the squares in which beads are looked up, mm."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points of an outline.

    at       (m, 4)  x, y and the unit normal that points out of the part
    upright  (m,)    share of a horizontal distance that lies across the surface: 1 at a wall, small on a roof
    length   (m,)    mm of outline that a point stands for
    """

    at: Floats
    upright: Floats
    length: Floats

    def __len__(self) -> int:
        return len(self.length)


def sample(segments: Floats, spacing: float) -> Points:
    """Return points about `spacing` apart along outlines (n, 5), at least one on what is not much shorter."""
    run = segments[:, 2:4] - segments[:, :2]
    length = np.hypot(run[:, 0], run[:, 1])
    # short segments take turns: a point falls wherever the length passed so far crosses a multiple of the spacing
    passed = np.cumsum(length) / spacing
    first, last = np.floor(passed - length / spacing), np.floor(passed)
    count = (last - first).astype(np.intp)
    row = np.repeat(np.arange(len(count)), count)
    number = first[row] + 1 + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    share = np.clip(1 - (passed[row] - number) * spacing / np.maximum(length[row], 1e-12), 0, 1)
    unit = run[row] / np.maximum(length[row], 1e-12)[:, None]
    at = np.column_stack([segments[row, :2] + run[row] * share[:, None], unit[:, 1], -unit[:, 0]])
    return Points(at, segments[row, 4], np.full(len(row), spacing))


@dataclass(frozen=True, slots=True)
class Field:
    """Beads of one level in a grid: `near` is the grid's origin, `beads` (n, 5) are relative to it."""

    near: Floats
    shape: tuple[int, int]
    beads: Floats
    starts: NDArray[np.intp]
    entries: NDArray[np.intc]

    @classmethod
    def of(cls, ends: Floats, width: Floats) -> Field:
        """Return the field of beads (n, 4) of some widths (n,)."""
        xy = ends.reshape(-1, 2)
        margin = LIMIT + float(width.max(initial=0.0)) / 2 + CELL
        near = xy.min(axis=0) - margin if len(xy) else np.zeros(2)
        size = (xy.max(axis=0) + margin - near if len(xy) else np.zeros(2)) / CELL
        columns, rows = (int(n) + 1 for n in size)
        beads = np.column_stack([ends - [*near, *near], width / 2])
        counts = np.zeros(rows * columns, np.intp)
        enter(beads, LIMIT, CELL, rows, columns, counts, np.empty(0, np.intc))
        starts = np.concatenate([[0], np.cumsum(counts)])
        entries = np.empty(starts[-1], np.intc)
        enter(beads, LIMIT, CELL, rows, columns, starts[:-1].copy(), entries)
        return cls(near, (rows, columns), beads, starts, entries)

    def deviation(self, points: Floats) -> Floats:
        """Return how far plastic ends outside (+) or inside (-) of points (m, 4), mm; nan where not within LIMIT."""
        out = np.empty(len(points))
        local = points - [*self.near, 0, 0]
        reach(local, self.beads, LIMIT, CELL, *self.shape, self.starts, self.entries, np.empty((64, 2)), out)
        return np.where(np.abs(out) <= LIMIT, out, np.nan)


def shift_of(normal: Floats, deviation: Floats, clip: float) -> tuple[Floats, Floats]:
    """Return (x, y) by which plastic is shifted against the outline, and how sure that is in x and y (0 to 1).

    The shift t and the general growth b that explain deviations best, d = t . n + b; what is further off than `clip`
    from that weighs less the further it is.
    """
    known = np.isfinite(deviation)
    n, d = normal[known], deviation[known]
    if len(d) < 8:
        return np.zeros(2), np.zeros(2)
    a = np.column_stack([n, np.ones(len(n))])
    solution = np.array([0.0, 0.0, float(np.median(d))])
    sure = np.clip(np.diag(a.T @ a)[:2] / len(d) * 4, 0, 1)
    for _ in range(6):
        weight = 1 / np.maximum(1, np.abs(d - a @ solution) / clip) ** 2
        matrix = a.T @ (a * weight[:, None]) + np.diag([0.02, 0.02, 1e-9]) * len(d) * 0.02
        solution = np.linalg.solve(matrix, a.T @ (d * weight))
    return solution[:2], sure
