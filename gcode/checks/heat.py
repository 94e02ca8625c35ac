"""Is it hot enough when filament is pushed, never too hot, and cold again at the end?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence, Spoken, seen
from gcode.checks.sightings import Sighting
from gcode.in_force import ALL_TOOLS, BED, CHAMBER, HEATERS, NOZZLE, Change

NEARLY = 25.0
"""A wait for a temperature this far below what is set later counts: the rest is reached on the way."""


def cold_extrusion(e: Evidence) -> Iterator[Sighting]:
    """Yield rows that push filament through a nozzle which is set too cold to melt it."""
    least = e.limits.min_extrusion_temperature
    rows = np.flatnonzero((e.moves.e > 0) & (e.held.nozzle < least))
    if len(rows):
        yield Sighting("filament is pushed through a cold nozzle", rows, e.held.nozzle[rows].astype(float), least, "C")


def never_heated(e: Evidence) -> Iterator[Sighting]:
    """Yield the rows that push filament before the nozzle was ever set to a temperature."""
    rows = np.flatnonzero((e.moves.e > 0) & np.isnan(e.held.nozzle))
    if len(rows) and not e.hidden_before(int(rows[0])):
        yield Sighting("filament is pushed, but nothing has heated the nozzle", rows)


def heat_not_awaited(e: Evidence) -> Iterator[Sighting]:
    """Yield the first row that pushes filament while the nozzle may still be warming up."""
    rows = np.flatnonzero((e.moves.e > 0) & (e.held.nozzle > 0))[:1]
    if not len(rows) or e.hidden_before(int(rows[0])):
        return
    row, target = int(rows[0]), float(e.held.nozzle[rows[0]])
    waits = [c.waits for c in e.changes if c.what == NOZZLE and c.waits is not None and c.row <= row]
    if max(waits, default=0.0) < target - NEARLY:
        yield Sighting("filament is pushed while the nozzle is still warming up", rows, np.array([target]), unit="C")


def nozzle_too_hot(e: Evidence) -> Iterator[Sighting]:
    """Yield where the nozzle is set hotter than the machine allows."""
    yield from _too_hot(e, NOZZLE, e.limits.max_nozzle_temperature)


def bed_too_hot(e: Evidence) -> Iterator[Sighting]:
    """Yield where the bed or the chamber is set hotter than the machine allows."""
    yield from _too_hot(e, BED, e.limits.max_bed_temperature)
    yield from _too_hot(e, CHAMBER, e.limits.max_chamber_temperature)


def _too_hot(e: Evidence, heater: str, most: float) -> Iterator[Sighting]:
    hot = [change for change in e.changes if change.what == heater and (change.value or 0.0) > most]
    if hot:
        said = [_command(e, change) for change in hot]
        yield seen(f"the {heater} is set too hot", said, [change.value or 0.0 for change in hot], most, "C")


def _command(e: Evidence, change: Change) -> Spoken:
    """Return the command that made a change: the one of its row that holds the value."""
    told = f"{change.value:g}"
    return next((one for one in e.spoken if one.row == change.row and told in one.text), Spoken(change.row, 0, "", ""))


def left_hot(e: Evidence) -> Iterator[Sighting]:
    """Yield heaters that are still on when the file ends, unless a macro comes after the last bead."""
    end = np.array([len(e.moves)])
    last_bead = int(e.bead_rows[-1]) if len(e.bead_rows) else 0
    if e.hidden and e.hidden[-1] > last_bead:
        return
    for heater in HEATERS:
        left = [target for target in _final(e.changes, heater).values() if target > 0]
        if left:
            yield Sighting(f"the {heater} stays hot at the end", end, np.array([max(left)]), 0.0, "C")


def _final(changes: list[Change], heater: str) -> dict[int, float]:
    """Return the last target of a heater for each tool."""
    targets: dict[int, float] = {}
    for change in changes:
        if change.what == heater and change.value is not None:
            if change.tool == ALL_TOOLS:
                targets.clear()
            targets[change.tool] = change.value
    return targets
