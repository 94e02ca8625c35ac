"""What commands have set, as columns over the rows of moves: temperatures wanted, speed and flow factors.

    in_force   Moves -> InForce            five columns
    changes    Moves -> the same as a list of `Change`, in order, with what is waited for

Understood: M104/M109, M140/M190, M141/M191, M116, M220, M221, G10 P S and M568 (RepRapFirmware),
SET_HEATER_TEMPERATURE, TEMPERATURE_WAIT and TURN_OFF_HEATERS (Klipper), and start macros whose words name a
temperature, as in `PRINT_START BED=60 EXTRUDER_TEMP=210`. A temperature that was never set is not a number.

A nozzle command that names no tool sets the tool in use; where no command names another than the first, one heater
serves all tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.commands import Command, find
from gcode.moves import Moves

NOZZLE, BED, CHAMBER, SPEED, FLOW = "nozzle", "bed", "chamber", "speed", "flow"
HEATERS = (NOZZLE, BED, CHAMBER)
ALL_TOOLS = -1


class Change(NamedTuple):
    """One thing set by a command that stands before row `row`.

    what    "nozzle", "bed", "chamber": C; "speed", "flow": factors, 1.0 for 100 %
    tool    of nozzle and flow; `ALL_TOOLS` where it is meant for each
    value   what it is set to; None where the command only waits
    waits   for which temperature the machine waits, None where it does not
    cools   it waits for falling temperatures too
    """

    row: int
    what: str
    tool: int
    value: float | None
    waits: float | None = None
    cools: bool = False


@dataclass(frozen=True, slots=True)
class InForce:
    """Columns (n,) f4, one row a move: what the commands before it have set.

    nozzle, bed, chamber  C, of the row's tool; not a number where never set, 0 where off
    speed, flow           factors of M220 and M221, 1 for 100 %
    """

    nozzle: NDArray[np.float32]
    bed: NDArray[np.float32]
    chamber: NDArray[np.float32]
    speed: NDArray[np.float32]
    flow: NDArray[np.float32]


def in_force(moves: Moves) -> InForce:
    """Return what holds at each row; the columns are independent of the moves' own `speed` and `e`.

    >>> moves = Moves.of(3, command_row=[0, 1, 2], commands=("M109 S210", "M220 S80", "M104 S0"))
    >>> held = in_force(moves)
    >>> held.nozzle.tolist(), held.speed.round(2).tolist()
    ([210.0, 210.0, 0.0], [1.0, 0.800000011920929, 0.800000011920929])
    """
    listed = changes(moves)
    return InForce(
        nozzle=_by_tool(moves, listed, NOZZLE, np.nan),
        bed=_column(len(moves), _settings(listed, BED), np.nan),
        chamber=_column(len(moves), _settings(listed, CHAMBER), np.nan),
        speed=_column(len(moves), _settings(listed, SPEED), 1.0),
        flow=_by_tool(moves, listed, FLOW, 1.0),
    )


def _settings(listed: Sequence[Change], what: str, tool: int = ALL_TOOLS) -> list[tuple[int, float]]:
    """Return (row, value) of the changes of one thing, for a tool where one is given."""
    return [(c.row, c.value) for c in listed if c.what == what and c.value is not None and c.tool in (tool, ALL_TOOLS)]


def _by_tool(moves: Moves, listed: Sequence[Change], what: str, default: float) -> NDArray[np.float32]:
    """Return the column of a thing that each tool has its own of."""
    tools = np.flatnonzero(np.bincount(moves.tool)).tolist() or [0]
    column = _column(len(moves), _settings(listed, what, tools[0]), default)
    for tool in tools[1:]:
        rows = moves.tool == tool
        column[rows] = _column(len(moves), _settings(listed, what, tool), default)[rows]
    return column


def _column(n: int, settings: Sequence[tuple[int, float]], default: float) -> NDArray[np.float32]:
    """Return values (n,) that hold from their row on."""
    rows = [0, *(row for row, _ in settings), n]
    values = np.array([default, *(value for _, value in settings)], np.float32)
    return np.repeat(values, np.diff(rows))


# ---------------------------------------------------------------- the commands

HEATER_OF = {"M104": NOZZLE, "M109": NOZZLE, "M140": BED, "M190": BED, "M141": CHAMBER, "M191": CHAMBER}
WAITING = ("M109", "M190", "M191")
OTHERS = ("M116", "M220", "M221", "G10", "M568", "SET_HEATER_TEMPERATURE", "TEMPERATURE_WAIT", "TURN_OFF_HEATERS")
KNOWN = frozenset((*HEATER_OF, *OTHERS))
HEATER_NAMES = ((re.compile(r"extruder(\d*)"), NOZZLE), (re.compile("bed"), BED), (re.compile("chamber"), CHAMBER))
"""How Klipper's heaters and sensors are called: `extruder1`, `heater_bed`, `heater_generic chamber`."""
MACRO_WORDS = (
    (re.compile(r"(EXTRUDER|HOTEND|NOZZLE|TOOL)(_?TEMP(ERATURE)?)?"), NOZZLE),
    (re.compile(r"BED(_?TEMP(ERATURE)?)?"), BED),
    (re.compile(r"CHAMBER(_?TEMP(ERATURE)?)?"), CHAMBER),
)
"""How start macros call the temperatures that they are to reach."""


def changes(moves: Moves) -> list[Change]:
    """Return everything that the commands set or wait for, in order."""
    commands = find(moves, lambda name: name in KNOWN or "START" in name)
    one_nozzle = not any(_names_a_tool(command) for command in commands)
    targets: dict[tuple[str, int], float] = {}
    kept_speed, speed = 1.0, 1.0
    listed: list[Change] = []
    for command in commands:
        if command.name == "M116":  # waits for whatever is set
            listed += [Change(command.row, what, tool, None, value) for (what, tool), value in targets.items()]
            continue
        if command.name == "M220":
            percent = command.number("S")
            kept_speed = speed if "B" in command.words else kept_speed
            speed = percent / 100 if percent else kept_speed if "R" in command.words else speed
            listed.append(Change(command.row, SPEED, ALL_TOOLS, speed))
            continue
        active = ALL_TOOLS if one_nozzle else _tool_at(moves, command.row)
        for change in _read(command, active):
            listed.append(change)
            if change.what in HEATERS and change.value is not None:
                targets[change.what, change.tool] = change.value
    return listed


def _names_a_tool(command: Command) -> bool:
    """Tell whether a nozzle command means another tool than the first."""
    if HEATER_OF.get(command.name) == NOZZLE:
        return bool(command.number("T"))
    if command.name in ("G10", "M568"):
        return bool(command.number("P"))
    return _klipper_tool(command.words.get("HEATER", "")) > 0


def _tool_at(moves: Moves, row: int) -> int:
    """Return the tool in use where a command stands."""
    return int(moves.tool[min(row, len(moves) - 1)]) if len(moves) else 0


def _read(command: Command, active: int) -> Iterator[Change]:
    """Yield what one command sets; `active` is the tool of commands that name none."""
    row, name, words = command
    if name in HEATER_OF:
        what, target = HEATER_OF[name], command.number("S", "R")
        tool = _nozzle(command, "T", active) if what == NOZZLE else ALL_TOOLS
        if target is not None:
            waits = name in WAITING
            yield Change(row, what, tool, target, target if waits else None, waits and "S" not in words)
    elif name == "M221":
        if percent := command.number("S"):
            yield Change(row, FLOW, _tool(command, "T", ALL_TOOLS), percent / 100)
    elif name in ("G10", "M568"):
        target = command.number("S")
        if target is not None and "P" in words and "L" not in words:
            yield Change(row, NOZZLE, _nozzle(command, "P", active), target)
    elif name == "SET_HEATER_TEMPERATURE":
        if heater := _klipper_heater(words.get("HEATER", ""), active):
            yield Change(row, *heater, command.number("TARGET") or 0.0)
    elif name == "TEMPERATURE_WAIT":
        least, most = command.number("MINIMUM"), command.number("MAXIMUM")
        if (heater := _klipper_heater(words.get("SENSOR", ""), active)) and (least or most):
            yield Change(row, *heater, None, least or most, least is None)
    elif name == "TURN_OFF_HEATERS":
        yield from (Change(row, what, ALL_TOOLS, 0.0) for what in HEATERS)
    else:
        for pattern, what in MACRO_WORDS:
            for word in words:
                if pattern.fullmatch(word) and (target := command.number(word)) is not None:
                    yield Change(row, what, active if what == NOZZLE else ALL_TOOLS, target, target)


def _tool(command: Command, letter: str, otherwise: int) -> int:
    """Return the tool that a command names."""
    named = command.number(letter)
    return otherwise if named is None else int(named)


def _nozzle(command: Command, letter: str, active: int) -> int:
    """Return the tool whose nozzle a command means."""
    return ALL_TOOLS if active == ALL_TOOLS else _tool(command, letter, active)


def _klipper_heater(name: str, active: int) -> tuple[str, int] | None:
    """Return (what, tool) of one of Klipper's heaters or sensors; None where it is none that is known."""
    for pattern, what in HEATER_NAMES:
        if pattern.search(name.lower()):
            named = what == NOZZLE and active != ALL_TOOLS
            return what, _klipper_tool(name) if named else ALL_TOOLS
    return None


def _klipper_tool(name: str) -> int:
    """Return the number of an extruder by name: 0 for `extruder`, 1 for `extruder1`; -1 for anything else."""
    found = re.fullmatch(r"extruder(\d*)", name.lower())
    return int(found[1] or 0) if found else -1
