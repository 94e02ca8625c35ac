"""Commands that can be written as they stand, because they mean there what they meant where they were read.

    settled   Moves -> Moves whose commands do what their rows say, in the modes that the writer writes in

The reader keeps sequences verbatim (`;TYPE:Custom`), and what their lines move in rows of role CUSTOM. The writer
copies the lines and passes over the rows. But `G1 X1 E5` means something else after G20, G91 or M82 than after G21, G90
and M83, and the writer says all modes its own way. So each line is obeyed here once more, by a machine in the writer's
modes: where it does not come out as its rows say, it is left out and its rows are written like any others.

Line numbers and checksums are taken off, and M110 is left out: the writer counts for itself. E is a length from here
on, so M200, and Cura's UltiGCode that counts volumes without it, end as M200 D0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcode.commands import NUMBER, name_of, words_of
from gcode.effects import E_MODE, HARMLESS, MOVES_HEAD, TOOL, XYZ_MODE, effect, unnumbered
from gcode.moves import Floats, Moves
from gcode.roles import Role

MOTIONS = ("G0", "G1", "G2", "G3", "G10", "G11", "G92")
INCH = 25.4


def settled(moves: Moves, relative: bool, xyz_digits: int = 3, e_digits: int = 5) -> Moves:
    """Return the moves with commands that mean the same in the writer's modes (E relative or not)."""
    plain = [_plain(line) for line in moves.commands]
    role, custom = moves.role, moves.role == Role.CUSTOM
    told = np.flatnonzero(moves.command_line > 0).tolist()
    spoken = [
        (k, line) for k in told if (line := plain[k]) and line[0] not in ";(" and line.split(" ")[0] not in HARMLESS
    ]
    if not spoken and plain == list(moves.commands):
        return moves
    machine = _Machine(moves, custom, relative, 1.1 * 10.0**-xyz_digits, 2.1 * 10.0**-e_digits)
    for k, line in spoken:
        rows = _rows_of(moves, custom, k)
        machine.pass_over(int(moves.command_row[k]))
        if machine.obey(line, rows):
            continue
        if name_of(line) == "G92":
            plain[k] = machine.declare(line, rows)
            continue
        role = role.copy() if role is moves.role else role
        role[rows] = Role.NONE
        plain[k] = None
        machine.write(rows)
    if role is moves.role and plain == list(moves.commands):
        return moves
    kept = np.array([line is not None for line in plain], np.bool_)
    return moves.with_(
        role=role,
        commands=tuple(line for line in plain if line is not None),
        command_row=moves.command_row[kept],
        command_line=moves.command_line[kept],
    )


def _plain(line: str) -> str | None:
    """Return a line as it can be written; None for what is left out."""
    if line[:1] in ("N", "n"):
        line = unnumbered(line)
    if line[:1] in ("M", "m"):
        name = name_of(line)
        return None if name == "M110" else "M200 D0" if name == "M200" else line
    return line + "\nM200 D0" if line == ";FLAVOR:UltiGCode" else line


def _rows_of(moves: Moves, custom: NDArray[np.bool_], k: int) -> slice:
    """Return the rows that command k moves."""
    row = last = int(moves.command_row[k])
    while last < len(moves) and custom[last] and moves.line[last] == moves.command_line[k]:
        last += 1
    return slice(row, last)


@dataclass(slots=True)
class _Modes:
    """What a machine has been told; E is where absolute words count from."""

    unit: float = 1.0
    absolute: bool = True
    absolute_e: bool = True
    e: float = 0.0
    e_known: bool = False
    feed: float = 0.0
    retracted: bool = False


class _Machine:
    """A machine that reads what the writer writes, row after row and command after command."""

    def __init__(self, moves: Moves, custom: NDArray[np.bool_], relative: bool, near: float, near_e: float) -> None:
        self.moves, self.relative, self.near, self.near_e = moves, relative, near, near_e
        self.modes = _Modes()
        self.at = self.layers = 0
        self.filament = np.concatenate([[0.0], np.cumsum(np.where(custom, 0.0, moves.e))])
        self.written = np.flatnonzero(~custom & self._goes())
        self.begins = np.flatnonzero((np.diff(moves.layer, prepend=-1) != 0) & (moves.layer >= 0))

    def _goes(self) -> NDArray[np.bool_]:
        """Return (n,) which rows move anything."""
        moves = self.moves
        steps = [np.diff(column, prepend=start) for column, start in zip(self._axes(), moves.start, strict=False)]
        return np.asarray((np.abs(steps).max(axis=0) > self.near) | (np.abs(moves.e) > self.near_e))

    def _axes(self) -> tuple[Floats, Floats, Floats]:
        return self.moves.x, self.moves.y, self.moves.z

    def pass_over(self, row: int) -> None:
        """Go on to a row, by rows that the writer writes in its own modes."""
        modes = self.modes
        first, last = np.searchsorted(self.written, (self.at, row))
        begun = int(np.searchsorted(self.begins, row, "right"))  # layers so far: each lets absolute E count from 0
        if not self.relative and begun > self.layers:
            modes.e, modes.e_known = self.filament[self.at] - self.filament[self.begins[begun - 1]], True
        self.layers = begun
        if last > first:
            self._speak(self.filament[row] - self.filament[self.at])
            speeds = self.moves.speed[self.written[first:last]]
            modes.feed = float(speeds[speeds > 0][-1]) if (speeds > 0).any() else modes.feed
        elif not self.relative:
            modes.e += self.filament[row] - self.filament[self.at]
        self.at = row

    def write(self, rows: slice) -> None:
        """Take rows that are written like any others."""
        if rows.stop > rows.start:
            self._speak(float(self.moves.e[rows].sum()))
            self.modes.feed = float(self.moves.speed[rows.stop - 1]) or self.modes.feed
        self.at = max(self.at, rows.stop)

    def _speak(self, filament: float) -> None:
        """Take up the writer's modes, and move this much filament."""
        modes = self.modes
        if not self.relative and filament and not (modes.e_known and modes.absolute_e):
            modes.e = 0.0
        modes.e += filament
        modes.unit, modes.absolute, modes.absolute_e = 1.0, True, not self.relative
        modes.e_known = modes.e_known or filament != 0

    def declare(self, line: str, rows: slice) -> str:
        """Return a G92 that declares in the units at hand what another does in its own."""
        named = words_of(line).keys() & set("XYZE") or set("XYZE")
        axes = [(axis, column[rows.stop - 1]) for axis, column in zip("XYZ", self._axes(), strict=True)]
        said = [f"{axis}{place / self.modes.unit:.6g}" for axis, place in axes if axis in named]
        again = " ".join(["G92", *said, *(["E0"] if "E" in named else [])])
        self.obey(again, rows)
        return again

    def obey(self, line: str, rows: slice) -> bool:
        """Obey a command and return True, unless its rows say otherwise; then change nothing."""
        name, modes = name_of(line), self.modes
        if name in MOTIONS and not self._moves(name, words_of(line), rows):
            return False
        if effect(line)[0] in (MOVES_HEAD, TOOL, E_MODE, XYZ_MODE):
            modes.e_known = False
        if name in ("G20", "G21"):
            modes.unit = INCH if name == "G20" else 1.0
        elif name in ("G90", "G91"):
            modes.absolute = name == "G90"
        elif name in ("M82", "M83"):
            modes.absolute_e = name == "M82"
        self.at = max(self.at, rows.stop)
        return True

    def _moves(self, name: str, words: Mapping[str, str], rows: slice) -> bool:
        """Tell whether a command moves the head, the filament and the origin as its rows say, and if so do it."""
        modes, moves = self.modes, self.moves
        said = {key: float(text) for key, text in words.items() if NUMBER.fullmatch(text)}
        filament = float(moves.e[rows].sum())
        if name in ("G10", "G11"):
            return bool(words) or self._retracts(name == "G10", rows)
        if name == "G92" and not said.keys() & set("XYZE"):
            said = dict.fromkeys("XYZE", 0.0)
        absolute = modes.absolute or name == "G92"
        for axis, column, start in zip("XYZ", self._axes(), moves.start, strict=False):
            here = float(column[rows.start - 1]) if rows.start else float(start)
            there = float(column[rows.stop - 1]) if rows.stop > rows.start else here
            aim = said[axis] * modes.unit + (0.0 if absolute else here) if axis in said else here
            if rows.stop > rows.start and abs(aim - there) > self.near and (axis in said or name != "G92"):
                return False
        if name == "G92":
            modes.e = said["E"] * modes.unit if "E" in said else modes.e
            return True
        if name in ("G2", "G3") and rows.stop > rows.start and not self._is_round(said, rows):
            return False
        e = said.get("E", 0.0) * modes.unit
        pushed = e - modes.e if "E" in said and modes.absolute and modes.absolute_e else e
        feed = said["F"] * modes.unit / 60 if said.get("F", 0) > 0 else modes.feed
        if rows.stop > rows.start:
            if abs(pushed - filament) > self.near_e or abs(feed - float(moves.speed[rows.start])) > 0.002:
                return False
            modes.e += pushed
        modes.feed = feed
        return True

    def _retracts(self, back: bool, rows: slice) -> bool:
        """Tell whether G10 or G11 finds the filament as it expects it, and leaves z alone: a hop would stay unsaid."""
        if rows.stop == rows.start:
            return self.modes.retracted == back
        moves = self.moves
        before = moves.z[rows.start - 1] if rows.start else moves.start[2]
        if self.modes.retracted == back or abs(moves.z[rows.stop - 1] - before) > self.near:
            return False
        self.modes.retracted = back
        return True

    def _is_round(self, said: Mapping[str, float], rows: slice) -> bool:
        """Tell whether the rows of an arc go around its I and J, in the units at hand and the plane of x and y."""
        moves, unit = self.moves, self.modes.unit
        before, middle = rows.start - 1, (rows.start + rows.stop) // 2
        x, y = (moves.x[before], moves.y[before]) if rows.start else moves.start[:2]
        i, j = said.get("I", 0.0) * unit, said.get("J", 0.0) * unit
        radius = np.hypot(moves.x[middle] - x - i, moves.y[middle] - y - j)
        return "R" not in said and bool(abs(radius - np.hypot(i, j)) < 0.02)
