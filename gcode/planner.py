"""How long moves take: the firmware's look-ahead planner over columns of moves.

Every move is a trapezoid: it enters at a junction speed, accelerates, cruises and brakes to the next junction. A
junction's limit comes from the firmware's own rule (Marlin's classic jerk or junction deviation, RepRapFirmware's jerk,
Klipper's square corner velocity); a backward and a forward pass make every speed reachable (`v1**2 <= v0**2 + 2*a*d`).
Limits are those of the `Machine` until a command changes them (`gcode.limits`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gcode.commands import Command, find
from gcode.in_force import in_force
from gcode.kernels.planner import plan_moves
from gcode.limits import COMMANDS, Machine, by_row
from gcode.moves import Moves

__all__ = ["Machine", "estimate"]

FIRMWARE = {"marlin": 0, "reprapfirmware": 1, "klipper": 2, "prusaslicer": 3}
"""The kernel's numbers."""
QUEUES = {"marlin": 16, "reprapfirmware": 40, "klipper": 0, "prusaslicer": 2**30}
"""Moves that a firmware holds (BLOCK_BUFFER_SIZE, the ring of DDAs); Klipper looks ahead by time, far enough."""
FACTORS = ("M220", "M221")
STANDSTILL = frozenset((
    "G4", "G28", "G29", "M0", "M1", "M18", "M25", "M84", "M109", "M116", "M190", "M191", "M226", "M400", "M600",
    "M601", "M900", "PAUSE", "SET_PRESSURE_ADVANCE", "TEMPERATURE_WAIT",
))  # fmt: skip
"""Commands that wait until all moves before them are done."""


def estimate(moves: Moves, machine: Machine | None = None) -> NDArray[np.float64]:
    """Return the seconds (n,) that each move takes, from standstill to standstill.

    Speed and flow factors (M220, M221) are applied. Rows of speed 0 (homing, positions that are declared) take no time;
    a `G4` dwell among the commands stops the machine and counts for the move before which it stands (the last one, at
    the end). Heating and homing take time too: `gcode.times`.
    """
    machine = machine or Machine()
    out = np.zeros(len(moves))
    if not len(moves):
        return out
    known = COMMANDS[machine.flavour]
    commands = find(moves, lambda name: name in STANDSTILL or name in known or name in FACTORS)
    speed, e = moves.speed, moves.e
    if any(command.name in FACTORS for command in commands):
        held = in_force(moves)
        speed, e = speed * held.speed, e * held.flow
    queue = max((machine.block_queue or QUEUES[machine.flavour]) - 2, 1)  # one place is free, one runs
    work = np.empty((6 if machine.flavour == "klipper" else 4, len(moves) + 1))
    plan_moves(
        moves.x, moves.y, moves.z, e, speed, moves.acceleration, moves.start, _stops(moves, commands),
        *by_row(machine, commands), FIRMWARE[machine.flavour], queue, work, out,
    )  # fmt: skip
    rows, seconds = dwells(commands, machine)
    np.add.at(out, np.minimum(rows, len(moves) - 1), seconds)
    return out


def _stops(moves: Moves, commands: Sequence[Command]) -> NDArray[np.int64]:
    """Return the rows, in order, before which the machine stands still: commands that wait, changes of tool."""
    rows = [command.row for command in commands if command.name in STANDSTILL]
    changes = np.flatnonzero(np.diff(moves.tool)) + 1
    return np.sort(np.concatenate([np.array(rows, np.int64), changes]))


def dwells(commands: Sequence[Command], machine: Machine) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (rows before which the machine waits, for how many seconds): G4 P in ms, or S in s where it is known."""
    rows, seconds = [], []
    for command in commands:
        if command.name == "G4":
            whole = command.number("S") if machine.flavour != "klipper" else None
            wait = whole if whole is not None else (command.number("P") or 0.0) / 1000
            rows.append(command.row)
            seconds.append(max(wait, 0.0))
    return np.array(rows, np.int64), np.array(seconds)
