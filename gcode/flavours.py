"""Dialects of G-code as data: one record a firmware, no code that asks which firmware it is.

Texts with braces are `str.format` templates. Numbers that change with every move (fan, acceleration) are prefixes,
because the writer's kernel appends the digits itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flavour:
    """What one firmware calls things.

    nozzle, bed, chamber   (set, set and wait); `{0}` is the temperature in C
    fan_on, fan_off        prefix of a fan value, and the command that stops it
    fan_steps, fan_digits  a full fan in steps, and the decimals of its value: 255, 0 -> `S255`; 100, 2 -> `S1.00`
    acceleration           prefixes for printing and for travel; equal where the firmware has but one
    limits                 templates over the fields of `planner.Machine` (`speed_x_mm_min` and the like are added)
    corner                 template of the cornering limit: (classic jerk, junction deviation)
    define, begin, end     object labels; `{index}`, `{name}`, `{x}`, `{y}` and `{polygon}` are known
    """

    name: str
    nozzle: tuple[str, str] = ("M104 S{0}", "M109 S{0}")
    bed: tuple[str, str] = ("M140 S{0}", "M190 S{0}")
    chamber: tuple[str, str] = ("M141 S{0}", "M191 S{0}")
    fan_on: str = "M106 S"
    fan_off: str = "M107"
    fan_steps: int = 255
    fan_digits: int = 0
    acceleration: tuple[str, str] = ("M204 P", "M204 T")
    limits: tuple[str, ...] = ()
    corner: tuple[str, str] = ("", "")
    define: tuple[str, ...] = ("M486 S{index}", "M486 A{name}", "M486 S-1")
    begin: str = "M486 S{index}"
    end: str = "M486 S-1"


MARLIN = Flavour(
    "marlin",
    limits=(
        "M201 X{acceleration_x:g} Y{acceleration_y:g} Z{acceleration_z:g} E{acceleration_e:g}",
        "M203 X{speed_x:g} Y{speed_y:g} Z{speed_z:g} E{speed_e:g}",
        "M204 P{print_acceleration:g} R{retract_acceleration:g} T{travel_acceleration:g}",
    ),
    corner=("M205 X{jerk_xy:g} Y{jerk_xy:g} Z{jerk_z:g} E{jerk_e:g}", "M205 J{junction_deviation:g}"),
)

KLIPPER = Flavour(
    "klipper",
    chamber=(
        "SET_HEATER_TEMPERATURE HEATER=chamber TARGET={0}",
        "TEMPERATURE_WAIT SENSOR='heater_generic chamber' MINIMUM={0}",
    ),
    acceleration=("SET_VELOCITY_LIMIT ACCEL=", "SET_VELOCITY_LIMIT ACCEL="),
    limits=(
        "SET_VELOCITY_LIMIT VELOCITY={speed_xy:g} ACCEL={print_acceleration:g} "
        "SQUARE_CORNER_VELOCITY={square_corner_velocity:g} MINIMUM_CRUISE_RATIO={minimum_cruise_ratio:g}",
    ),
    define=("EXCLUDE_OBJECT_DEFINE NAME={name} CENTER={x:.3f},{y:.3f} POLYGON={polygon}",),
    begin="EXCLUDE_OBJECT_START NAME={name}",
    end="EXCLUDE_OBJECT_END NAME={name}",
)

REPRAPFIRMWARE = Flavour(
    "reprapfirmware",
    fan_steps=100,
    fan_digits=2,
    limits=(
        "M201 X{acceleration_x:g} Y{acceleration_y:g} Z{acceleration_z:g} E{acceleration_e:g}",
        "M203 X{speed_x_mm_min:g} Y{speed_y_mm_min:g} Z{speed_z_mm_min:g} E{speed_e_mm_min:g}",
        "M204 P{print_acceleration:g} T{travel_acceleration:g}",
    ),
    corner=("M566 X{jerk_xy_mm_min:g} Y{jerk_xy_mm_min:g} Z{jerk_z_mm_min:g} E{jerk_e_mm_min:g}",) * 2,
    define=('M486 S{index} A"{name}"', "M486 S-1"),
)

FLAVOURS: dict[str, Flavour] = {f.name: f for f in (MARLIN, KLIPPER, REPRAPFIRMWARE)}
"""By the name that profiles use."""


def label(name: str) -> str:
    """Return an object's name as every firmware takes it: no blanks, quotes or separators.

    >>> label('my "part".stl')
    'my_part_.stl'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_") or "object"
