"""Is anything asked for that the machine cannot do? Its firmware slows axes down; the hotend just falls behind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence, Spoken, seen
from gcode.checks.sightings import Sighting
from gcode.moves import Floats
from gcode.planner import Machine

EXCESS = 1.01
"""Limits are passed from one per cent on: less is rounding."""


def too_fast(e: Evidence) -> Iterator[Sighting]:
    """Yield rows that ask x, y or the extruder for more speed than they have."""
    machine = e.limits.machine
    yield from _over(e, np.abs(e.steps[0]), machine.speed_x, "x")
    yield from _over(e, np.abs(e.steps[1]), machine.speed_y, "y")
    yield from _over(e, np.abs(e.moves.e), machine.speed_e, "the extruder")


def too_fast_z(e: Evidence) -> Iterator[Sighting]:
    """Yield rows that ask z for more speed than it has."""
    yield from _over(e, np.abs(e.steps[2]), e.limits.machine.speed_z, "z")


def _over(e: Evidence, part: Floats, limit: float, axis: str) -> Iterator[Sighting]:
    """Yield rows in which an axis, which goes `part` of each row, is asked for more than its limit."""
    asked = e.speed > limit * EXCESS  # no axis is faster than the whole move
    rows = np.flatnonzero(asked & (e.length > 0) & ~e.declared)
    values = e.speed[rows] * part[rows] / e.length[rows]
    over = values > limit * EXCESS
    if over.any():
        yield Sighting(f"{axis} is asked for more speed than it has", rows[over], values[over], limit, "mm/s")


def no_speed(e: Evidence) -> Iterator[Sighting]:
    """Yield moves before any feedrate was given."""
    rows = np.flatnonzero((e.moves.speed <= 0) & (e.length > 0) & ~e.declared)
    if len(rows):
        yield Sighting("a move without a speed: no F was given yet", rows)


def too_much_acceleration(e: Evidence) -> Iterator[Sighting]:
    """Yield moves in the plane that ask for more acceleration than x and y have."""
    machine = e.limits.machine
    limit = min(machine.acceleration_x, machine.acceleration_y)
    rows = np.flatnonzero((e.moves.acceleration > limit * EXCESS) & (e.flat > 0))
    if len(rows):
        values = e.moves.acceleration[rows].astype(float)
        yield Sighting("more acceleration than x and y have", rows, values, limit, "mm/s2")


def limits_raised(e: Evidence) -> Iterator[Sighting]:
    """Yield commands that allow the machine more than its profile does."""
    for one in e.spoken:
        for words, value, limit, unit in _allowed(one, e.limits.machine):
            if value > limit * EXCESS:
                yield seen(f"{one.name} raises the limit of {words}", [one], [value], limit, unit)


def _allowed(one: Spoken, machine: Machine) -> Iterator[tuple[str, float, float, str]]:
    """Yield (what, value, limit of the machine, unit) of what a command allows."""
    if one.name == "M201":
        for axis in "XYZE":
            yield axis, one.number(axis) or 0.0, getattr(machine, f"acceleration_{axis.lower()}"), "mm/s2"
    elif one.name == "M203":
        per_minute = 60.0 if machine.flavour == "reprapfirmware" else 1.0
        for axis in "XYZE":
            value = (one.number(axis) or 0.0) / per_minute
            yield axis, value, getattr(machine, f"speed_{axis.lower()}"), "mm/s"
    elif one.name == "SET_VELOCITY_LIMIT":
        yield "all axes", one.number("VELOCITY") or 0.0, max(machine.speed_x, machine.speed_y), "mm/s"


def too_much_flow(e: Evidence) -> Iterator[Sighting]:
    """Yield beads that need more plastic a second than the hotend melts."""
    limit = e.limits.flow
    if not limit:
        return
    flow = e.section * e.speed[e.bead_rows]
    over = flow > limit * EXCESS
    if over.any():
        yield Sighting("more plastic than the hotend melts", e.bead_rows[over], flow[over], limit, "mm3/s")
