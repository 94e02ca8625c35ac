"""What a firmware can be told and keeps: limits, offsets and regulators, saved by M500 and reported by M503."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.limits import LIMITS, Machine, by_row
from printer.virtual.thermal import HOTEND_PID


class Entry(NamedTuple):
    """One command of the settings: its title in M503, and which limit of the planner each of its letters sets."""

    title: str
    letters: str
    limits: tuple[str, ...] = ()


def _axes(limit: str) -> tuple[str, ...]:
    return tuple(f"{limit}_{axis}" for axis in "xyze")


ENTRIES: dict[str, Entry] = {
    "M92": Entry("Steps per unit", "XYZE"),
    "M203": Entry("Max feedrates (units/s)", "XYZE", _axes("speed")),
    "M201": Entry("Max Acceleration (units/s2)", "XYZE", _axes("acceleration")),
    "M204": Entry("Acceleration (units/s2) (P<print-accel> R<retract-accel> T<travel-accel>)", "PRT",
                  ("print_acceleration", "retract_acceleration", "travel_acceleration")),
    "M205": Entry("Advanced (S<min_feedrate> T<min_travel_feedrate> X<jerk> Y<jerk> Z<jerk> E<jerk> J<deviation>)",
                  "STXYZEJ", ("minimum_print_speed", "minimum_travel_speed", *_axes("jerk"), "junction_deviation")),
    "M206": Entry("Home offset", "XYZ"),
    "M301": Entry("Hotend PID", "PID"),
    "M851": Entry("Z-Probe Offset", "XYZ"),
}  # fmt: skip
"""Every setting, by the command that changes it."""

DEFAULTS = {"M92": (80.0, 80.0, 400.0, 93.0), "M206": (0.0, 0.0, 0.0), "M301": HOTEND_PID, "M851": (0.0, 0.0, 0.0)}
"""Values that the machine's limits do not say."""

NEVER_ZERO = ("M92", "M201", "M203", "M204")
"""Settings that would stop the machine if they were 0."""

Values = dict[str, dict[str, float]]


MESH = "mesh"
"""What else is kept: at how many points the bed was measured, 0 for never."""


def defaults(machine: Machine) -> Values:
    """Return the settings that the firmware was built with."""
    limits = dict(zip(LIMITS, by_row(machine, ())[1][0].tolist(), strict=True))
    values: Values = {MESH: {"points": 0.0}}
    for code, entry in ENTRIES.items():
        numbers = [limits[name] for name in entry.limits] or DEFAULTS[code]
        values[code] = dict(zip(entry.letters, numbers, strict=True))
    return values


def copied(values: Values) -> Values:
    """Return settings that do not change with these."""
    return {code: dict(letters) for code, letters in values.items()}


def change(values: Values, code: str, letter: str, value: float) -> None:
    """Set one value, unless no machine could move with it."""
    if value > 0 or (code not in NEVER_ZERO and (value == 0 or not ENTRIES[code].limits)):
        values[code][letter] = value


def apply(values: Values, limits: NDArray[np.float64]) -> None:
    """Write the settings that limit motion into the planner's array."""
    for code, entry in ENTRIES.items():
        for letter, name in zip(entry.letters, entry.limits, strict=False):
            limits[LIMITS.index(name)] = values[code][letter]


def report(values: Values) -> list[str]:
    """Return the lines of M503."""
    lines = ["echo:; Linear Units:", "echo:  G21 ; (mm)"]
    for code, entry in ENTRIES.items():
        numbers = " ".join(f"{letter}{values[code][letter]:.2f}" for letter in entry.letters)
        lines += [f"echo:; {entry.title}:", f"echo:  {code} {numbers}"]
    return lines
