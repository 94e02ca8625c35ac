"""What a G-code file deposits: beads, the levels they lie on, and how wide each must be for what was extruded.

A bead's cross-section follows from the filament it takes and its length. At a height h it is a rectangle with round
sides, so its width is area / h + h (1 - pi / 4). Nothing here believes a comment about widths or heights.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Floats, Moves
from gcode.roles import Role

Ints = NDArray[np.intp]

BESIDE = (Role.SKIRT, Role.BRIM, Role.SUPPORT, Role.SUPPORT_INTERFACE, Role.CUSTOM)
"""Roles of plastic that does not belong to the part."""
SAME_Z = 0.03
"""Beads closer in z than this (mm) lie on one level: no printer makes thinner layers."""
MOST_MISSING = 100_000
"""Levels that may be missing in all: what lies further apart is no layer of a part."""
WIDEST = 6.0
"""No nozzle lays wider beads (mm); what asks for more is drawn this wide."""
FILAMENT = re.compile(r"filament_diameter\s*[=:]\s*\[?\"?([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Beads:
    """Columns of beads, in the order they are laid.

    ends   (n, 4) f8  x0, y0, x1, y1 mm
    z      (n,) f8    of the nozzle, which is the top of the bead
    area   (n,) f8    mm2, of the cross-section
    beside (n,) bool  named as skirt, brim, support or the like
    layer  (n,) i4    as the file counts them
    """

    ends: Floats
    z: Floats
    area: Floats
    beside: NDArray[np.bool_]
    layer: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.z)

    def __getitem__(self, rows: NDArray[np.generic] | slice) -> Beads:
        return Beads(self.ends[rows], self.z[rows], self.area[rows], self.beside[rows], self.layer[rows])

    @property
    def length(self) -> Floats:
        """Length of each bead, mm."""
        return np.hypot(self.ends[:, 2] - self.ends[:, 0], self.ends[:, 3] - self.ends[:, 1])

    @property
    def volume(self) -> Floats:
        """Plastic in each bead, mm3."""
        return self.area * self.length

    def moved(self, x: float, y: float) -> Beads:
        """Return the beads shifted by x, y."""
        return replace(self, ends=self.ends + [x, y, x, y])

    def turned(self, matrix: Floats, z_scale: float) -> Beads:
        """Return the beads with their x, y multiplied by a matrix (2, 2) and z scaled; their volume stays."""
        ends = (self.ends.reshape(-1, 2) @ matrix.T).reshape(-1, 4)
        made = replace(self, ends=ends, z=self.z * z_scale)
        return replace(made, area=self.volume / np.maximum(made.length, 1e-9))


def beads_of(moves: Moves, filament_diameter: float | None = None) -> Beads:
    """Return what moves deposit; the filament is 1.75 mm thick unless the file or the caller says otherwise."""
    diameter = filament_diameter or _filament_in(moves) or 1.75
    x, y, z = (np.concatenate([moves.start[k : k + 1], axis]) for k, axis in enumerate((moves.x, moves.y, moves.z)))
    length = np.hypot(np.diff(x), np.diff(y))
    rows = np.flatnonzero((moves.e > 0) & (length > 1e-5))
    ends = np.stack([x[rows], y[rows], x[rows + 1], y[rows + 1]], axis=1)
    area = moves.e[rows] * (math.pi * diameter**2 / 4) / length[rows]
    middle = (z[rows] + z[rows + 1]) / 2
    return Beads(ends, middle, area, np.isin(moves.role[rows], BESIDE), moves.layer[rows])


def _filament_in(moves: Moves) -> float | None:
    """Return the filament's diameter that a slicer's embedded settings name."""
    for line in reversed(moves.commands):
        if "filament_diameter" in line and (found := FILAMENT.search(line)):
            return float(found[1]) or None
    return None


def width_of(area: Floats, height: Floats) -> Floats:
    """Return how wide beads of a cross-section are at a height: rectangles with round sides, or thin and round."""
    flat = area / height + height * (1 - math.pi / 4)
    return np.minimum(np.where(flat > height, flat, np.sqrt(4 / math.pi * area)), WIDEST)


@dataclass(frozen=True, slots=True)
class Levels:
    """The layers that a part is made of, from the bed up: `bottom` and `top` (k,) mm above the part's underside.

    level   (n,) of each bead
    planned levels whose plastic is missing have no bead
    """

    bottom: Floats
    top: Floats
    level: Ints
    base: float
    spiral: bool

    def __len__(self) -> int:
        return len(self.top)

    @property
    def height(self) -> Floats:
        """Thickness of each level, mm."""
        return self.top - self.bottom


def levels_of(beads: Beads, model_height: float, raft: bool) -> Levels:
    """Return the levels on which the beads of a part lie, with those where plastic should be but is not.

    raft  there is support below the part, so that it may stand higher than the bed
    """
    spiral = _is_spiral(beads)
    z, level = _by_layer(beads) if spiral else _by_height(beads)
    thickness = max(float(np.median(np.diff(z))) if len(z) > 1 else float(z[0]), SAME_Z)
    lifted = z[0] - thickness
    base = lifted if raft and abs(z[-1] - lifted - model_height) < abs(z[-1] - model_height) else 0.0
    bottom, top = np.concatenate([[base], z[:-1]]) - base, z - base
    bottom = np.minimum(bottom, top - 0.01)
    gaps = _gaps(top - bottom, _typical_area(beads, level, len(z)))
    above = max(0, math.ceil((model_height - top[-1]) / thickness - 0.55))
    above = min(above, MOST_MISSING // len(z))
    return _with_missing(bottom, top, level, gaps, above, thickness, base, spiral)


def _is_spiral(beads: Beads) -> bool:
    """Tell whether the nozzle rises all the time, as in a vase."""
    z = np.unique(np.round(beads.z, 3))
    return len(z) > 50 and float(np.median(np.diff(z))) < SAME_Z


def _by_layer(beads: Beads) -> tuple[Floats, Ints]:
    """Return the highest z of each of the file's layers, and the layer of each bead."""
    _, level = np.unique(beads.layer, return_inverse=True)
    z = np.zeros(int(level.max()) + 1)
    np.maximum.at(z, level, beads.z)
    return np.maximum.accumulate(z), level.astype(np.intp)


def _by_height(beads: Beads) -> tuple[Floats, Ints]:
    """Return the different z of beads, and which of them each bead has; of very close ones the longest counts."""
    z, level = np.unique(np.round(beads.z, 3), return_inverse=True)
    length = np.bincount(level, beads.length)
    group = np.concatenate([[0], np.cumsum(np.diff(z) > SAME_Z)])
    longest = np.lexsort((-length, group))
    first = np.searchsorted(group[longest], np.arange(group[-1] + 1))
    return z[longest[first]], group[level].astype(np.intp)


def _typical_area(beads: Beads, level: Ints, count: int) -> Floats:
    """Return the median cross-section of each level, by length."""
    order = np.lexsort((beads.area, level))
    length = np.cumsum(beads.length[order])
    ends = np.concatenate([[0.0], length])[np.searchsorted(level[order], np.arange(count + 1))]
    middle = np.searchsorted(length, (ends[:-1] + ends[1:]) / 2)
    return np.asarray(beads.area[order][np.minimum(middle, len(order) - 1)])


def _gaps(height: Floats, area: Floats) -> Ints:
    """Return how many levels are missing below each: it lies too high for the plastic that it has."""
    missing = np.zeros(len(height), np.intp)
    for k in np.flatnonzero(height > 1.5 * np.median(height)).tolist():
        near = [j for j in range(max(0, k - 2), min(len(height), k + 3)) if j != k]
        if not near:
            continue
        usual, usual_area = float(np.median(height[near])), float(np.median(area[near]))
        steps = height[k] / usual
        if steps > 1.5 and area[k] < usual_area * (1 + steps) / 2:
            missing[k] = round(steps) - 1
    return np.minimum(missing, MOST_MISSING // len(height))


def _with_missing(
    bottom: Floats, top: Floats, level: Ints, gaps: Ints, above: int, thickness: float, base: float, spiral: bool
) -> Levels:
    """Return levels with `gaps` more below each and `above` more on top, all of them without beads."""
    tops: list[Floats] = []
    for low, high, n in zip(bottom, top, gaps, strict=True):
        tops.append(np.linspace(low, high, n + 2)[1:])
    tops.append(top[-1] + thickness * np.arange(1, above + 1))
    every = np.concatenate(tops)
    place = np.cumsum(gaps + 1) - 1
    return Levels(np.concatenate([bottom[:1], every[:-1]]), every, place[level], base, spiral)
