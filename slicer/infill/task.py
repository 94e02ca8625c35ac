"""What a pattern is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slicer.ragged import gather, lent, offsets_of, segment_sum
from slicer.tools.crew import Crew
from slicer.tools.polygons import alike

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Task:
    """Areas of any layers that one pattern fills, one row each.

    polygon  (n,) object   shapely Polygons
    row      (n,) i8       row of the area in the caller's `Areas`
    layer    (n,) i4
    z        (n,) f8  mm   top of the layer
    spacing  (n,) f8  mm   distance at which the beads fill the layer
    pitch    (n,) f8  mm   distance of parallel lines: spacing / density
    angle    (n,) f8  deg  direction of the pattern; alternate layers are already turned where the pattern alternates
    inset    (n,) f8  mm   distance of the outermost centre line from the border
    """

    polygon: NDArray[Any]
    row: Ints
    layer: NDArray[np.int32]
    z: Floats
    spacing: Floats
    pitch: Floats
    angle: Floats
    inset: Floats
    anchor: float
    anchor_max: float
    crew: Crew

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Any) -> Task:
        """Return the chosen rows."""
        columns = ("polygon", "row", "layer", "z", "spacing", "pitch", "angle", "inset")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})


@dataclass(frozen=True, slots=True)
class Beads:
    """Centre lines, one row a path.

    xy (p, 2), offsets (n + 1,), row (n,) of `Areas`, spacing (p,) that the bead fills at each vertex
    ordered (n,) the path has its place in a sweep over its area: order and direction are to be kept
    """

    xy: Floats
    offsets: Ints
    row: Ints
    spacing: Floats
    closed: NDArray[np.bool_]
    ordered: NDArray[np.bool_]

    @classmethod
    def open(cls, xy: Floats, offsets: Ints, row: Ints, spacing: Floats, ordered: bool = False) -> Beads:
        """Return open paths, each (n,) of one spacing."""
        return cls(xy, offsets, row, np.repeat(spacing, np.diff(offsets)), *flags(len(row), False, ordered))

    @classmethod
    def none(cls) -> Beads:
        """Return no beads."""
        return cls.open(np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))

    @property
    def volume(self) -> Floats:
        """(n,) length times spacing of each path, mm2: the area it fills."""
        following = np.arange(1, len(self.xy) + 1)
        following[self.offsets[1:] - 1] = np.where(self.closed, self.offsets[:-1], self.offsets[1:] - 1)
        length = np.hypot(*(self.xy[following] - self.xy).T)
        return segment_sum(length * 0.5 * (self.spacing + self.spacing[following]), self.offsets)

    def take(self, paths: Any) -> Beads:
        """Return the chosen paths in the given order."""
        index, offsets = gather(self.offsets, paths)
        columns = (self.row[paths], self.spacing[index], self.closed[paths], self.ordered[paths])
        return Beads(self.xy[index], offsets, *columns)


def flags(n: int, *values: bool) -> list[NDArray[np.bool_]]:
    """Return columns of n times each value."""
    return [np.full(n, value) for value in values]


def together(parts: list[Beads]) -> Beads:
    """Return all beads, sorted by area; the paths of one area keep their order."""
    counts = [np.diff(part.offsets) for part in parts]
    beads = Beads(
        np.concatenate([part.xy for part in parts]),
        offsets_of(np.concatenate(counts)),
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.spacing for part in parts]),
        np.concatenate([part.closed for part in parts]),
        np.concatenate([part.ordered for part in parts]),
    )
    return beads if (np.diff(beads.row) >= 0).all() else beads.take(np.argsort(beads.row, kind="stable"))


def repeated(pattern: Callable[[Task], Beads], task: Task, by: tuple[str, ...] = ("angle",)) -> Beads:
    """Return what a pattern makes of the areas, worked out once for areas that are alike.

    Straight parts have the same areas in many layers. Alike are areas of the same outline, spacing, pitch, inset and
    the columns named in `by`.
    """
    first, same = alike(task.polygon, *(getattr(task, name) for name in ("spacing", "pitch", "inset", *by)))
    if len(first) == len(task):
        return pattern(task)
    beads = pattern(replace(task.take(first), row=np.arange(len(first))))
    paths, area = lent(beads.row, same)
    return replace(beads.take(paths), row=task.row[area])
