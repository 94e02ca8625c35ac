"""Sparse patterns made of straight lines: families of parallels, fixed on the bed so that layers stack."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from slicer.infill.join import Chains, joined
from slicer.infill.region import region_of, shrink
from slicer.infill.scan import Frames, scan
from slicer.infill.task import Beads, Task
from slicer.tools.offsets import grow_round

CROWDED = 0.45
"""Half the least width of a strip that gets sparse lines, in spacings."""


@dataclass(frozen=True, slots=True)
class Family:
    """One direction of a pattern: turn in degrees, shift in pitches, and climb in mm per mm of z."""

    turn: float = 0.0
    shift: float = 0.0
    climb: float = 0.0


FAMILIES: dict[str, tuple[Family, ...]] = {
    "rectilinear": (Family(),),
    "aligned": (Family(),),
    "grid": (Family(0), Family(90)),
    "triangles": (Family(0), Family(60), Family(120)),
    "tri-hexagon": (Family(0), Family(60), Family(120, shift=0.5)),
    "cubic": (Family(0, climb=sqrt(0.5)), Family(60, climb=-sqrt(0.5)), Family(120, climb=sqrt(0.5))),
}
"""Patterns as families of lines; k families lie k times as far apart, so that the density is the same for all.

Cubic is a lattice of cubes that stand on a corner: their faces cut a plane in three families that move with z.
"""


def lines(task: Task, pattern: str) -> Beads:
    """Fill the areas with the families of a pattern."""
    reach = CROWDED * task.spacing  # narrower strips would be drawn twice by the turns on both their sides
    region = region_of(grow_round(shrink(task.polygon, task.inset + reach, task.crew), reach, task.crew))
    rows = np.flatnonzero(np.diff(region.row_rings))
    if not len(rows):
        return Beads.none()
    families = FAMILIES[pattern]
    pitch = task.pitch[rows] * len(families)
    frames = Frames(
        np.tile(rows, len(families)),
        np.concatenate([np.deg2rad(task.angle[rows] + family.turn) for family in families]),
        np.tile(pitch, len(families)),
        np.concatenate([family.shift * pitch + family.climb * task.z[rows] for family in families]),
    )
    crossings = scan(region, frames)
    ends = crossings.ends
    chains = Chains(
        crossings.xy[ends.reshape(-1)],
        np.arange(0, 2 * len(ends) + 1, 2),
        frames.row[crossings.line_frame[crossings.line]],
        crossings.ring[ends],
        crossings.edge[ends],
        crossings.place[ends],
    )
    return joined(task, region, chains, in_turn=len(families) == 1)
