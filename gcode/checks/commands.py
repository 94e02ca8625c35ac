"""What commands may do beyond printing; the tables are in `vocabulary.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from gcode.checks import vocabulary
from gcode.checks.evidence import Evidence, Spoken, seen
from gcode.checks.sightings import Sighting
from gcode.commands import words_of


def listed(table: Mapping[str, str]) -> Callable[[Evidence], Iterator[Sighting]]:
    """Return a rule that yields the commands of a table, each with what it does."""

    def look(e: Evidence) -> Iterator[Sighting]:
        for name, said in _by_name(e, table.__contains__).items():
            if meant := [one for one in said if _disarms(one)]:
                yield seen(f"{name} {table[name]}", meant)

    return look


def _by_name(e: Evidence, wanted: Callable[[str], bool]) -> dict[str, list[Spoken]]:
    """Return the wanted commands by name, in order of their first."""
    found: dict[str, list[Spoken]] = {}
    for one in e.spoken:
        if wanted(one.name):
            found.setdefault(one.name, []).append(one)
    return found


def _disarms(one: Spoken) -> bool:
    """Tell whether the rest of a command makes it dangerous."""
    pattern = vocabulary.DISARMS.get(one.name)
    return pattern is None or pattern.search(one.text.split(";", 1)[0]) is not None


def unknown(e: Evidence) -> Iterator[Sighting]:
    """Yield commands that the firmware does not know."""
    flavour = e.limits.machine.flavour
    for name, said in _by_name(e, lambda name: not vocabulary.is_known(name, flavour)).items():
        if not (flavour == "klipper" and vocabulary.is_macro(name)):
            yield seen(f"{name} is unknown to {flavour}", said)


def macros(e: Evidence) -> Iterator[Sighting]:
    """Yield macros of the machine, which may heat, home and move unseen."""
    flavour = e.limits.machine.flavour
    for name, said in _by_name(e, lambda name: vocabulary.hides_motion_and_heat(name, flavour)).items():
        yield seen(f"what {name} does is up to the machine", said)


def not_homed(e: Evidence) -> Iterator[Sighting]:
    """Yield the first bead of a print before which nothing homes."""
    if len(e.bead_rows) and e.homed > e.bead_rows[0]:
        yield Sighting("printing starts, but nothing has homed the axes", e.bead_rows[:1])


def motors_off(e: Evidence) -> Iterator[Sighting]:
    """Yield where motors are switched off between homing and the last bead: the position is lost."""
    if not len(e.bead_rows):
        return
    last = int(e.bead_rows[-1])
    said = [one for one in e.spoken if one.name in vocabulary.MOTORS_OFF and e.homed <= one.row <= last]
    if said := [one for one in said if not words_of(one.text) or set(words_of(one.text)) & set("XYZ")]:
        yield seen("motors are switched off before the last bead", said)


def origin_shifted(e: Evidence) -> Iterator[Sighting]:
    """Yield where G92 or an offset moves the origin after homing."""
    shifts = [one for one in e.spoken if one.name == "G92" and set(words_of(one.text)) & set("XYZ")]
    if shifts := [one for one in shifts if one.row >= e.homed and len(e.bead_rows)]:
        yield seen("G92 moves the origin after homing", shifts)
    offsets = [one for one in e.spoken if one.name == "SET_GCODE_OFFSET"]
    if low := [(one, z) for one in offsets if (z := one.number("Z") or one.number("Z_ADJUST") or 0.0) < -0.5]:
        yield seen("SET_GCODE_OFFSET lowers the nozzle", [one for one, _ in low], [z for _, z in low], -0.5, "mm")


def no_such_tool(e: Evidence) -> Iterator[Sighting]:
    """Yield tools that the machine does not have."""
    most = e.limits.tools - 1
    rows = np.flatnonzero((e.moves.tool > most) & (np.diff(e.moves.tool.astype(int), prepend=0) != 0))
    if len(rows):
        yield Sighting("no such tool", rows, e.moves.tool[rows].astype(float), most)
    said = [(one, tool) for one in e.spoken if one.name in ("M104", "M109") and (tool := one.number("T") or 0) > most]
    if said:
        yield seen("no such tool to heat", [one for one, _ in said], [tool for _, tool in said], most)


def fan_range(e: Evidence) -> Iterator[Sighting]:
    """Yield fans asked for more than all."""
    rows = np.flatnonzero((e.moves.fan > 1) | (e.moves.fan < 0))
    if len(rows):
        yield Sighting("the fan is out of range", rows, e.moves.fan[rows].astype(float), 1.0)
    over = [(one, value) for one in e.spoken if one.name == "M106" and not 0 <= (value := one.number("S") or 0) <= 255]
    if over:
        yield seen("a fan is out of range", [one for one, _ in over], [value for _, value in over], 255.0)
