"""Limits of a machine as its firmware knows them, and how commands in a file change them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.commands import Command


@dataclass(frozen=True, slots=True)
class Machine:
    """Limits of a machine: speeds and jerks mm/s, accelerations mm/s2. All are positive; jerks may be 0.

    flavour   "marlin", "klipper" or "reprapfirmware": whose rules hold; "prusaslicer" reckons as PrusaSlicer's estimate
              does, which takes short cuts that no firmware takes
    print, travel and retract acceleration hold where a move asks for none

    block_queue is how many moves Marlin and RepRapFirmware know ahead, as its makers set it where it is 0

    Marlin: junction_deviation (mm) > 0 replaces classic jerk. RepRapFirmware: jerk_policy as of M566 P. Klipper:
    speed_x and speed_y are max_velocity (the lower counts), print_acceleration is max_accel, speed_e and acceleration_e
    are those of extrude-only moves; square_corner_velocity, minimum_cruise_ratio and instantaneous_corner_velocity (of
    the extruder) are its own.
    """

    flavour: str = "marlin"
    speed_x: float = 200.0
    speed_y: float = 200.0
    speed_z: float = 12.0
    speed_e: float = 120.0
    acceleration_x: float = 1500.0
    acceleration_y: float = 1500.0
    acceleration_z: float = 200.0
    acceleration_e: float = 5000.0
    print_acceleration: float = 1000.0
    travel_acceleration: float = 1000.0
    retract_acceleration: float = 1500.0
    jerk_xy: float = 8.0
    jerk_z: float = 0.4
    jerk_e: float = 5.0
    junction_deviation: float = 0.0
    minimum_print_speed: float = 0.0
    minimum_travel_speed: float = 0.0
    jerk_policy: float = 0.0
    block_queue: int = 0
    square_corner_velocity: float = 5.0
    minimum_cruise_ratio: float = 0.5
    instantaneous_corner_velocity: float = 1.0


LIMITS = (
    "speed_x", "speed_y", "speed_z", "speed_e",
    "acceleration_x", "acceleration_y", "acceleration_z", "acceleration_e",
    "jerk_x", "jerk_y", "jerk_z", "jerk_e",
    "print_acceleration", "travel_acceleration", "retract_acceleration",
    "minimum_print_speed", "minimum_travel_speed",
    "junction_deviation", "square_corner_velocity", "minimum_cruise_ratio", "instantaneous_corner_velocity",
    "jerk_policy",
)  # fmt: skip
"""The order in which the kernel takes the limits."""
JERKS = slice(LIMITS.index("jerk_x"), LIMITS.index("jerk_e") + 1)

Values = tuple[float, ...]
Words = Mapping[str, tuple[tuple[str, ...], float]]
"""What the words of a command set: by letter or name, the limits and the factor that their value is multiplied by."""


def _axes(limit: str, factor: float = 1.0) -> Words:
    return {axis.upper(): ((f"{limit}_{axis}",), factor) for axis in "xyze"}


PRINT_AND_TRAVEL = ("print_acceleration", "travel_acceleration")
M204: Words = {
    "S": (PRINT_AND_TRAVEL, 1),
    "P": (("print_acceleration",), 1),
    "T": (("travel_acceleration",), 1),
    "R": (("retract_acceleration",), 1),
}
COMMANDS: dict[str, Mapping[str, Words]] = {
    "marlin": {
        "M201": _axes("acceleration"),
        "M203": _axes("speed"),
        "M204": M204,
        "M205": {
            **_axes("jerk"),
            "J": (("junction_deviation",), 1),
            "S": (("minimum_print_speed",), 1),
            "T": (("minimum_travel_speed",), 1),
        },
    },
    "reprapfirmware": {  # mm/min, but for M205
        "M201": _axes("acceleration"),
        "M203": _axes("speed", 1 / 60),
        "M204": M204,
        "M205": _axes("jerk"),
        "M566": {**_axes("jerk", 1 / 60), "P": (("jerk_policy",), 1)},
    },
    "klipper": {
        "M204": {"S": (PRINT_AND_TRAVEL, 1)},
        "SET_VELOCITY_LIMIT": {
            "VELOCITY": (("speed_x", "speed_y"), 1),
            "ACCEL": (PRINT_AND_TRAVEL, 1),
            "SQUARE_CORNER_VELOCITY": (("square_corner_velocity",), 1),
            "MINIMUM_CRUISE_RATIO": (("minimum_cruise_ratio",), 1),
        },
        "RESET_VELOCITY_LIMIT": {},
    },
}
COMMANDS["prusaslicer"] = COMMANDS["marlin"]
"""By flavour, the commands that change limits; what a firmware does not know changes nothing."""
NEVER_ZERO = ("speed", "acceleration", "print", "travel", "retract", "junction")
"""What limits begin with that a command cannot set to 0."""


def initial(machine: Machine) -> dict[str, float]:
    """Return a machine's limits by the names in `LIMITS`, in that order."""
    values = {field.name: float(getattr(machine, field.name)) for field in fields(machine)[1:]}
    values["jerk_x"] = values["jerk_y"] = values["jerk_xy"]
    if machine.flavour == "klipper":
        values["speed_x"] = values["speed_y"] = min(values["speed_x"], values["speed_y"])
    elif machine.flavour == "reprapfirmware":  # it moves no slower than this
        values["minimum_print_speed"] = values["minimum_travel_speed"] = 0.5
    return {name: values[name] for name in LIMITS}


def by_row(machine: Machine, commands: Iterable[Command]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (rows (k,), limits (k, len(LIMITS))): what holds from each row on, beginning with row 0."""
    known = COMMANDS[machine.flavour]
    first = now = tuple(initial(machine).values())
    after: dict[tuple[Values, str, tuple[tuple[str, str], ...]], Values] = {}  # a file repeats a few changes
    held = {0: first}  # by row, in order; the last command before a row counts
    for command in commands:
        if command.name not in known:
            continue
        step = (now, command.name, tuple(command.words.items()))
        if step not in after:
            reset = command.name == "RESET_VELOCITY_LIMIT"
            after[step] = first if reset else _changed(now, command, known[command.name])
        held[command.row] = now = after[step]
    table = np.array(list(held.values()))
    table[:, JERKS] = np.maximum(table[:, JERKS], 1e-6)  # of 0, rounding would make a corner of a straight line
    return np.array(list(held), np.int64), table


def _changed(now: Values, command: Command, words: Words) -> Values:
    """Return the limits after one command."""
    values = dict(zip(LIMITS, now, strict=True))
    for word, (names, factor) in words.items():
        number = command.number(word)
        if number is not None:
            values |= {name: number * factor for name in names if number > 0 or not name.startswith(NEVER_ZERO)}
    if to_decel := command.number("ACCEL_TO_DECEL"):  # how older Klippers call the minimum cruise ratio
        values["minimum_cruise_ratio"] = max(0.0, 1 - to_decel / values["print_acceleration"])
    return tuple(values.values())


# ---------------------------------------------------------------- what slicers embed

EMBEDDED = {  # PrusaSlicer's and SuperSlicer's words, then OrcaSlicer's and Bambu Studio's
    **{f"speed_{a}": (f"machine_max_feedrate_{a}", f"machine_max_speed_{a}") for a in "xyze"},
    **{f"acceleration_{a}": (f"machine_max_acceleration_{a}",) for a in "xyze"},
    "jerk_xy": ("machine_max_jerk_x",),
    "jerk_z": ("machine_max_jerk_z",),
    "jerk_e": ("machine_max_jerk_e",),
    "junction_deviation": ("machine_max_junction_deviation",),
    "print_acceleration": ("machine_max_acceleration_extruding",),
    "travel_acceleration": ("machine_max_acceleration_travel",),
    "retract_acceleration": ("machine_max_acceleration_retracting",),
    "minimum_print_speed": ("machine_min_extruding_rate",),
    "minimum_travel_speed": ("machine_min_travel_rate",),
}
FLAVOURS = {"klipper": "klipper", "reprapfirmware": "reprapfirmware"}
ONE_ACCELERATION = ("marlin", "reprap", "sprinter")
"""Flavours (in PrusaSlicer's words) of firmware without an acceleration of its own for travel."""


def embedded(settings: Mapping[str, str]) -> Machine | None:
    """Return the limits among the settings that a slicer embedded in its file; None where there are none.

    Of values for several modes (`200,180`) the first counts, which is the normal one.

    >>> embedded({"machine_max_feedrate_x": "180,150", "gcode_flavor": "marlin2"}).speed_x
    180.0
    """
    found: dict[str, float] = {}
    for limit, keys in EMBEDDED.items():
        for key in keys:
            text = settings.get(key, "").replace(";", ",").split(",")[0].strip()
            try:
                found.setdefault(limit, float(text))
            except ValueError:
                continue
    values: dict[str, Any] = {k: v for k, v in found.items() if v > 0 or not k.startswith(NEVER_ZERO)}
    if not values:
        return None
    flavour = settings.get("gcode_flavor", "")
    if flavour in ONE_ACCELERATION and "print_acceleration" in values:
        values["travel_acceleration"] = values["print_acceleration"]
    return Machine(FLAVOURS.get(flavour, "marlin"), **values)
