"""What the rules look at: columns derived from moves once, when the first rule asks for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.checks.limits import Limits
from gcode.checks.sightings import Sighting
from gcode.checks.vocabulary import hides_motion_and_heat
from gcode.commands import Command, name_of, words_of
from gcode.errors import Problem
from gcode.in_force import Change, InForce, changes, in_force
from gcode.moves import Floats, Moves
from gcode.roles import Role

MOST_PIECES = 5_000_000
"""Beads are never looked at in more pieces: 5 km in steps of a millimetre."""
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


class Spoken(NamedTuple):
    """One command: it stands before `row`, in source line `line` (0: unknown)."""

    row: int
    line: int
    name: str
    text: str

    def number(self, letter: str) -> float | None:
        """Return the number after a letter, None where there is none."""
        return Command(self.row, self.name, words_of(self.text)).number(letter)


def seen(
    what: str, said: Sequence[Spoken], values: Sequence[float] | None = None, limit: float | None = None, unit: str = ""
) -> Sighting:
    """Return what was seen in commands."""
    rows = np.array([one.row for one in said], np.int64)
    lines = np.array([one.line for one in said], np.int64)
    return Sighting(what, rows, None if values is None else np.array(values, np.float64), limit, unit, lines)


def pieces_of(length: Floats, size: float) -> Rows:
    """Return into how many pieces of at most `size` each length falls; larger ones where they would be too many."""
    size = max(size, float(length.sum()) / MOST_PIECES)
    return np.maximum(np.ceil(length / size), 1).astype(np.int64)


class Evidence:
    """Moves, limits and malformed lines, and what follows from them. All columns are (n,), one entry a row."""

    def __init__(self, moves: Moves, limits: Limits, problems: Sequence[Problem] = ()) -> None:
        self.moves = moves
        self.limits = limits
        self.problems = problems

    # ------------------------------------------------------------ motion

    @cached_property
    def steps(self) -> tuple[Floats, Floats, Floats]:
        """How far x, y and z go in each row."""
        moves = self.moves
        x, y, z, _ = moves.start
        return np.diff(moves.x, prepend=x), np.diff(moves.y, prepend=y), np.diff(moves.z, prepend=z)

    @cached_property
    def flat(self) -> Floats:
        """Length of each row in the plane, mm; 0 where the head is only declared to be elsewhere."""
        length = np.hypot(self.steps[0], self.steps[1])
        length[self.declared] = 0.0
        return length

    @cached_property
    def length(self) -> Floats:
        """Length of each row, mm; that of the filament where only it moves."""
        length = np.hypot(self.flat, self.steps[2])
        length[self.declared] = 0.0
        return np.where(length > 0, length, np.abs(self.moves.e))

    @cached_property
    def speed(self) -> Floats:
        """Speed asked for, mm/s, with the factor of M220."""
        return self.moves.speed * self.held.speed

    @cached_property
    def printing(self) -> Mask:
        """Rows of the print: not those of start, end and layer sequences.

        Where nothing marks the start sequence (layers then begin with a bead, not with a comment before a travel), it
        is what is drawn beside the bed before anything is printed on it.
        """
        moves = self.moves
        printing: Mask = (moves.layer >= 0) & (moves.role != Role.CUSTOM)
        drawn = np.flatnonzero(printing & (moves.e > 0) & (self.flat > 0))
        if len(drawn) and not (drawn[0] and printing[drawn[0] - 1]):
            beyond = self.limits.off_bed(moves.x[drawn], moves.y[drawn])
            first = int(np.argmax(beyond <= 0))  # on the bed
            if first and beyond[:first].max() <= self.limits.reach:
                printing[: drawn[first - 1] + 1] = False
        return printing

    @cached_property
    def beads(self) -> Mask:
        """Rows of the print that deposit plastic along a way."""
        return self.printing & (self.moves.e > 0) & (self.flat > 0)

    @cached_property
    def bead_rows(self) -> Rows:
        """Rows of the beads, ascending."""
        return np.flatnonzero(self.beads)

    @cached_property
    def layers(self) -> tuple[NDArray[np.int32], Floats]:
        """The layers that have beads, from 0, and the height of the first bead of each."""
        layers, first = np.unique(self.moves.layer[self.bead_rows], return_index=True)
        return layers, self.moves.z[self.bead_rows[first]]

    @cached_property
    def section(self) -> Floats:
        """Cross-section of each bead (len(bead_rows),), mm2, by what is surely extruded: rounding is taken off."""
        rows = self.bead_rows
        pushed = np.maximum(self.moves.e[rows] * self.held.flow[rows] - 1e-5, 0.0)
        return pushed * self.filament_area / (self.flat[rows] + 0.002)

    def squares(self, rows: Rows, size: float) -> tuple[Rows, Rows, Rows]:
        """Return the squares of `size` mm that rows pass through, in order, and how many each row passes.

        The squares are given as columns and lines of a grid that begins at 0, 0.
        """
        pieces = pieces_of(self.flat[rows], size)
        row = np.repeat(rows, pieces)
        place = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        back = 1 - (place + 0.5) / np.repeat(pieces, pieces)  # from the end, in lengths of the row
        x = np.floor((self.moves.x[row] - self.steps[0][row] * back) / size).astype(np.int64)
        y = np.floor((self.moves.y[row] - self.steps[1][row] * back) / size).astype(np.int64)
        return x, y, pieces

    @property
    def filament_area(self) -> float:
        """Cross-section of the filament, mm2."""
        return math.pi / 4 * self.limits.filament_diameter**2

    # ------------------------------------------------------------ commands

    @cached_property
    def spoken(self) -> list[Spoken]:
        """The commands, without comments and blank lines."""
        moves = self.moves
        columns = zip(moves.command_row.tolist(), moves.command_line.tolist(), moves.commands, strict=True)
        return [
            Spoken(row, line, name, text)
            for row, line, text in columns
            if text and text[0] != ";" and (name := name_of(text))
        ]

    @cached_property
    def held(self) -> InForce:
        """Temperatures and factors that hold at each row."""
        return in_force(self.moves)

    @cached_property
    def changes(self) -> list[Change]:
        """Every change of a temperature or factor, and what is waited for."""
        return changes(self.moves)

    @cached_property
    def hidden(self) -> list[int]:
        """Rows before which a macro stands that may heat, home and move without our seeing it."""
        flavour = self.limits.machine.flavour
        return [one.row for one in self.spoken if hides_motion_and_heat(one.name, flavour)]

    def hidden_before(self, row: int) -> bool:
        """Tell whether a macro stands before a row."""
        return bool(self.hidden) and self.hidden[0] <= row

    # ------------------------------------------------------------ where the head really is

    @cached_property
    def _declarations(self) -> list[tuple[int, str, set[str]]]:
        """(row, name, axes) of each G28 and G92 that is a row of its own."""
        found = []
        for one, after in pairwise([*self.spoken, Spoken(-1, 0, "", "")]):
            own = after.row != one.row < len(self.moves)  # the last command before a row
            words = words_of(one.text) if own and one.name in ("G28", "G92") else {}
            if own and (one.name == "G28" or (one.name == "G92" and (not words or set(words) & set("XYZ")))):
                found.append((one.row, one.name, set(words) & set("XYZ") or set("XYZ")))
        return found

    @cached_property
    def declared(self) -> Mask:
        """Rows in which the head does not move as they say: homing, and G92 with X, Y or Z."""
        mask = np.zeros(len(self.moves), bool)
        mask[[row for row, _, _ in self._declarations]] = True
        return mask

    @cached_property
    def homed(self) -> int:
        """The first row after homing; n where nothing homes, 0 where a macro that comes first may have."""
        rows = [row + 1 for row, name, _ in self._declarations if name == "G28"]
        return min([*rows, *self.hidden, len(self.moves)])

    @cached_property
    def real(self) -> tuple[Floats, Floats, Floats]:
        """x, y and z from the homed origin: what G92 has shifted since is taken back."""
        moves = self.moves
        columns = [moves.x, moves.y, moves.z]
        for k, axis in enumerate("XYZ"):
            shifts = np.zeros(len(moves) + 1)
            for row, name, axes in self._declarations:
                if name == "G28" and axis in axes:
                    shifts[row] -= shifts[:row].sum()
                elif name == "G92" and row >= self.homed:
                    shifts[row] += self.steps[k][row]
            if shifts.any():
                columns[k] = columns[k] - np.cumsum(shifts[:-1])
        return columns[0], columns[1], columns[2]
