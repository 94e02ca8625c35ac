"""Where the printer is and what it did: the planner's arrays, homing, sudden stops, and the record as `Moves`.

The firmware counts in its own coordinates, which a reset forgets; the record is in the room's, in which the axes really
moved: `Frame` says what lies between both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.limits import Machine, by_row
from gcode.moves import Moves
from printer.kernels.lookahead import COLUMNS, Planner

Floats = NDArray[np.float64]

HOMING_SPEED = (50.0, 50.0, 4.0)
"""mm/s, Marlin's defaults; each axis bumps its endstop twice, the second time at a quarter of it."""

BUMP = (5.0, 5.0, 2.0)
"""mm from the endstop between both bumps."""

COLUMN = {name: i for i, name in enumerate(COLUMNS)}


class Run(NamedTuple):
    """What the printer did: moves, when each began and ended, and how hot the nozzle was."""

    moves: Moves
    begin: Floats
    end: Floats
    temperature: Floats


class Frame(NamedTuple):
    """From a row on: what lies between the firmware's coordinates and the room's, and which axis is stuck where."""

    row: int
    shift: Floats
    stuck: str
    place: Floats


class Motion:
    """The planner and the machine behind it.

    position, origin, homed   (4,), (3,), (3,) f8: firmware position, what G92 added, which axes know where they are
    size                      (3,) travel of the axes from 0
    """

    def __init__(
        self, machine: Machine, size: tuple[float, float, float], blocks: int, rule: int, delay: float
    ) -> None:
        self.size = size
        self.limits = by_row(machine, ())[1][0]
        self.position, self.origin, self.homed = np.zeros(4), np.zeros(3), np.zeros(3)
        self.planner = Planner(
            self.limits, np.zeros(3), np.array(size, float), self.position, self.origin, self.homed, blocks, rule, delay
        )
        self.stuck = ""
        self._frames = [Frame(0, np.zeros(3), "", np.zeros(3))]

    @property
    def where(self) -> Floats:
        """Where the nozzle is now, in the firmware's coordinates (4,): x, y, z, and e as counted."""
        planner = self.planner
        if planner.tail == planner.head:
            return self.position.copy()
        done = planner.tail + planner.fraction()
        rows = planner.table[: planner.head]
        here = self.position.copy()
        here[3] -= rows[planner.tail :, COLUMN["e"]].sum()
        last = rows[planner.tail]
        before = rows[planner.tail - 1, :3] if planner.tail else np.zeros(3)
        part = done - planner.tail
        here[:3] = before + part * (last[:3] - before)
        here[3] += part * last[COLUMN["e"]]
        return here

    def stop(self) -> None:
        """Stop at once and forget what is queued; steps are lost, as in a real machine."""
        planner, here = self.planner, self.where
        if planner.tail < planner.head:
            x, y, z = here[:3].tolist()
            planner.cut(x, y, z, planner.fraction())
            self.position[:] = here
            self._frames = [frame._replace(row=min(frame.row, planner.head)) for frame in self._frames]
        planner.settle()

    def homing_seconds(self, axes: list[int]) -> float:
        """Return how long it takes to find the endstops; negative where a stuck axis never arrives."""
        seconds = 0.0
        truth = self.real()
        for axis in axes:
            seconds += (abs(float(truth[axis])) + 5 * BUMP[axis]) / HOMING_SPEED[axis]
            if self.stuck == "xyz"[axis]:
                return -seconds
        return seconds

    def home(self, axes: list[int]) -> None:
        """Declare that axes are at their endstops."""
        truth = self.real()
        for axis in axes:
            self.homed[axis] = 1.0
            self.origin[axis] = 0.0
            self.position[axis] = truth[axis] = 0.0
        self._frame(truth - self.position[:3], truth)
        self.planner.place()

    def real(self) -> Floats:
        """Where the axes really are (3,)."""
        here: Floats = self._really(self.where[None, :3], self._frames[-1:])[0]
        return here

    def stick(self, axis: str) -> None:
        """From now on an axis does not move."""
        planner, shift = self.planner, self._frames[-1].shift
        row = planner.tail + planner.running  # a move that runs ends first
        place = planner.table[row - 1, :3] + shift if planner.running else self.real()
        self.stuck = axis
        self._frames.append(Frame(row, shift, axis, place))

    def forget(self) -> None:
        """Lose all knowledge of positions, as a reset does; the axes stay where they are."""
        self.stop()
        truth = self.real()
        self.position[:] = self.origin[:] = self.homed[:] = 0.0
        self._frame(truth, truth)
        self.planner.place()
        planner = self.planner
        planner.absolute = planner.absolute_e = planner.clamp = True
        planner.unit, planner.feedrate, planner.feed_factor, planner.flow_factor = 1.0, 25.0, 1.0, 1.0
        planner.special = False
        planner.tool = 0

    def _frame(self, shift: Floats, place: Floats) -> None:
        self._frames.append(Frame(self.planner.head, shift, self.stuck, place))

    def run(self) -> Run:
        """Return what was really done; a move that runs now counts as far as it came."""
        planner = self.planner
        rows = planner.table[: planner.tail + (1 if planner.running else 0)].copy()
        xyz = self._really(rows[:, :3], self._frames)
        if planner.running:
            part = planner.fraction()
            before = xyz[-2] if len(xyz) > 1 else np.zeros(3)
            xyz[-1] = before + part * (xyz[-1] - before)
            rows[-1, COLUMN["e"]] *= part
            rows[-1, COLUMN["end"]] = planner.now
        column = {name: rows[:, i] for name, i in COLUMN.items()}
        bead = (column["e"] > 0) & (np.diff(xyz, axis=0, prepend=np.zeros((1, 3))) != 0).any(axis=1)
        moves = Moves.of(
            len(rows), x=xyz[:, 0], y=xyz[:, 1], z=xyz[:, 2], e=column["e"], speed=column["speed"],
            acceleration=column["acceleration"], role=np.where(bead, 1, np.where(column["speed"] > 0, 0, 16)),
            fan=column["fan"], tool=column["tool"], line=column["line"], layer=0,
        )  # fmt: skip
        return Run(moves, column["start"].copy(), column["end"].copy(), column["temperature"].copy())

    def _really(self, planned: Floats, frames: list[Frame]) -> Floats:
        """Return positions (n, 3) of the room for positions of the firmware; the last frame holds to the end."""
        xyz = planned.copy()
        first = frames[0].row
        rows = [frame.row - first for frame in frames] + [len(planned)]
        for frame, begin, end in zip(frames, rows[:-1], rows[1:], strict=True):
            xyz[begin:end] += frame.shift
            if frame.stuck:
                axis = "xyz".index(frame.stuck)
                xyz[begin:end, axis] = frame.place[axis]
        return xyz
