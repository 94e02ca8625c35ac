"""Is everything within reach? Positions are those from the homed origin: what G92 has shifted is taken back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence, Mask
from gcode.checks.sightings import Sighting
from gcode.moves import Floats

SLACK = 0.005
"""Positions are rounded to less than this, mm."""


def outside_volume(e: Evidence) -> Iterator[Sighting]:
    """Yield beads outside the build volume."""
    yield from _beyond(e, e.beads, SLACK)


def below_bed(e: Evidence) -> Iterator[Sighting]:
    """Yield moves of the print through the bed."""
    z = e.real[2]
    rows = np.flatnonzero((z < -SLACK) & e.printing & (e.length > 0))
    if len(rows):
        yield Sighting("the nozzle is below the bed", rows, z[rows], 0.0, "mm")


def travel_outside(e: Evidence) -> Iterator[Sighting]:
    """Yield all other moves that lead further out than the machine can be expected to reach."""
    others = ~e.beads & ~e.declared & (e.length > 0)
    others[: e.homed] = False  # the position is unknown
    yield from _beyond(e, others, e.limits.reach)
    z = e.real[2]
    rows = np.flatnonzero((z < -SLACK) & others & ~e.printing)
    if len(rows):
        yield Sighting("a start or end sequence moves below the bed", rows, z[rows], 0.0, "mm")


def _beyond(e: Evidence, chosen: Mask, margin: float) -> Iterator[Sighting]:
    """Yield chosen rows that end more than a margin outside the volume, side by side."""
    low, high = np.asarray(e.limits.low), np.asarray(e.limits.high)
    if e.limits.round:
        middle, radius = (low + high) / 2, (high[0] - low[0]) / 2
        away = np.hypot(e.real[0] - middle[0], e.real[1] - middle[1])
        yield from _past(chosen & (away > radius + margin), away, radius, "off the round bed, from its middle")
    else:
        for k, axis in enumerate("XY"):
            column = e.real[k]
            yield from _past(chosen & (column < low[k] - margin), column, low[k], f"{axis} before the bed")
            yield from _past(chosen & (column > high[k] + margin), column, high[k], f"{axis} beyond the bed")
    z = e.real[2]
    yield from _past(chosen & (z > high[2] + margin), z, high[2], "above the build volume")


def _past(mask: Mask, column: Floats, limit: float, what: str) -> Iterator[Sighting]:
    rows = np.flatnonzero(mask)
    if len(rows):
        yield Sighting(what, rows, column[rows], float(limit), "mm")
