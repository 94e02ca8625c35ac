"""From a program into a link: which line is next, which are left out, where to stop."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from printer.program import Program
from printer.protocol.link import AHEAD, Link
from printer.sequences import without_objects
from printer.waiting import HEATING, kind_of

CHANGES = ("M600", "M0", "M1", "M25", "M226", "M601")
"""Commands with which a file asks for a person, for firmware that knows none of them."""

QUEUED = 64
"""Moves that a firmware may hold at most."""


class Feeder:
    """Feeds one program to one link; counts in lines of the program.

    `cursor` is the next line to hand over. Every line of the program is one job line of the link, also where it is
    left out (as an empty one), so that both count alike.
    """

    def __init__(self, program: Program, link: Link, start: int = 0, own_changes: bool = False) -> None:
        self.program = program
        self.cursor = start
        self.excluded: set[int] = set()
        self.stops = _changes(program) if own_changes else []
        self._link = link
        self._offset = start - link.acknowledged
        self._passed = -1  # the stop that has been honoured
        self._section: tuple[int, list[str]] = (0, [])  # lines of an excluded object, from a line on

    @property
    def acknowledged(self) -> int:
        """Lines of the program that the printer is known to have."""
        return self._offset + self._link.acknowledged

    @property
    def sent(self) -> int:
        """Lines of the program that may have reached the printer."""
        return self.cursor - (AHEAD - self._link.room())

    @property
    def heating(self) -> bool:
        """Whether the first line without an answer waits for a temperature."""
        return kind_of(self._link.oldest) == HEATING

    @property
    def longest_move(self) -> float:
        """Seconds of the longest move that the printer may be making, or wait for with an answer."""
        seconds = self.program.seconds[max(self.acknowledged - QUEUED, 0) : self.cursor + 1]
        return float(np.diff(seconds).max(initial=0.0))

    @property
    def done(self) -> bool:
        """Whether the printer is known to have everything."""
        return self.acknowledged >= len(self.program)

    @property
    def stop(self) -> int:
        """The line before which the host pauses by itself; n where it does not."""
        at = bisect_left(self.stops, max(self.cursor, self._passed + 1))
        return self.stops[at] if at < len(self.stops) else len(self.program)

    @property
    def at_stop(self) -> bool:
        """Whether everything before the next stop is handed over and taken."""
        return self.cursor == self.stop < len(self.program) and self.acknowledged >= self.cursor

    def feed(self) -> None:
        """Hand over as many lines as the link has room for."""
        room = self._link.room()
        while room > 0 and self.cursor < self.stop:
            lines = self._next(min(self.cursor + room, self.stop))
            self._link.send_job(lines)
            self.cursor += len(lines)
            room -= len(lines)

    def withdraw(self) -> None:
        """Take back what has not gone out."""
        self.cursor -= self._link.withdraw()

    def pass_stop(self) -> None:
        """Go on behind the stop at the cursor, whose line the host has executed itself."""
        if self.at_stop:
            self._passed = self.cursor
            self._link.send("")
            self.cursor += 1

    def _next(self, last: int) -> list[str]:
        """Return lines from the cursor on, at most up to `last`."""
        begin, text = self._section
        if begin <= self.cursor < begin + len(text):
            return text[self.cursor - begin : last - begin]
        if not self.excluded:
            return self.program.lines(self.cursor, last)
        objects = self.program.object[self.cursor : last]
        left_out = np.isin(objects, list(self.excluded))
        if not left_out[0]:
            return self.program.lines(self.cursor, self.cursor + _length(left_out))
        self._section = self.cursor, self._silent(int(objects[0]))
        return self._next(last)

    def _silent(self, which: int) -> list[str]:
        """Return the lines of the object at the cursor, up to its label's end, without what moves."""
        end = self.cursor + _length(self.program.object[self.cursor :] == which)
        return without_objects(self.program.lines(self.cursor, end), self.program.state(self.cursor))


def _length(same: np.ndarray) -> int:
    """Return how many elements at the beginning equal the first."""
    other = np.flatnonzero(same != same[0])
    return int(other[0]) if len(other) else len(same)


def _changes(program: Program) -> list[int]:
    """Return the lines with which the file asks for a person."""
    found: list[int] = []
    for word in CHANGES:
        at = program.data.find(word.encode())
        while at >= 0:
            line = int(np.searchsorted(program.begin, at, "right")) - 1
            if program.lines(line, line + 1)[0].split(" ", 1)[0] == word:
                found.append(line)
            at = program.data.find(word.encode(), at + 1)
    return sorted(found)
