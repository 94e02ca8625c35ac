"""How long moves take: the firmware's look-ahead planner over columns of moves.

Every move is a trapezoid: it enters at a junction speed, accelerates, cruises and brakes to the next junction. A
junction's limit comes from the firmware's own rule (Marlin's classic jerk, junction deviation, Klipper's square corner
velocity); a backward and a forward pass make every speed reachable (`v1**2 <= v0**2 + 2*a*d`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcode.kernels.planner import plan_moves
from gcode.moves import Moves


@dataclass(frozen=True, slots=True)
class Machine:
    """Limits of a machine as its firmware knows them: speeds mm/s, accelerations mm/s2.

    junction_deviation > 0 replaces Marlin's classic jerk; square_corner_velocity and minimum_cruise_ratio are
    Klipper's. print, travel and retract accelerations hold where a move asks for none.
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
    square_corner_velocity: float = 5.0
    minimum_cruise_ratio: float = 0.5


JERK, DEVIATION, SQUARE_CORNER = range(3)
"""Rules for the speed through a junction."""


def estimate(moves: Moves, machine: Machine | None = None) -> NDArray[np.float64]:
    """Return the seconds (n,) that each move takes, from standstill to standstill.

    Rows of speed 0 (homing, positions that are declared) take no time; a `G4` dwell among the commands stops the
    machine and counts for the move before which it stands (the last one, at the end).
    """
    machine = machine or Machine()
    out = np.zeros(len(moves))
    if not len(moves):
        return out
    rule = SQUARE_CORNER if machine.flavour == "klipper" else DEVIATION if machine.junction_deviation > 0 else JERK
    limits = np.array([getattr(machine, name) for name in KERNEL_FIELDS])
    stops, seconds = _dwells(moves)
    plan_moves(
        moves.x, moves.y, moves.z, moves.e, moves.speed, moves.acceleration, moves.start, stops, limits, rule,
        np.empty((5, len(moves))), out,
    )  # fmt: skip
    np.add.at(out, np.minimum(stops, len(moves) - 1), seconds)
    return out


KERNEL_FIELDS = (
    "speed_x", "speed_y", "speed_z", "speed_e",
    "acceleration_x", "acceleration_y", "acceleration_z", "acceleration_e",
    "print_acceleration", "travel_acceleration", "retract_acceleration",
    "jerk_xy", "jerk_z", "jerk_e", "junction_deviation", "square_corner_velocity", "minimum_cruise_ratio",
)  # fmt: skip
"""The order in which the kernel takes the limits."""

DWELL = re.compile(r"G4 (?:.*?)([PS])(\d*\.?\d+)")


def _dwells(moves: Moves) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (rows before which the machine stands still, seconds it waits there)."""
    rows, seconds = [], []
    for row, line in zip(moves.command_row.tolist(), moves.commands, strict=True):
        if line.startswith("G4 ") and (found := DWELL.match(line)):
            rows.append(row)
            seconds.append(float(found[2]) / (1000.0 if found[1] == "P" else 1.0))
        elif line.startswith(("M400", "M109", "M190", "M600", "M0", "M1 ")):
            rows.append(row)
            seconds.append(0.0)
    return np.array(rows, np.int64), np.array(seconds)
