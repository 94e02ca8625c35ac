"""Which object on the plate a move belongs to: definitions and labels in text order, as names and indices."""

from __future__ import annotations

import re

from gcode.dialects import BEGIN, END

NAME = re.compile(r"NAME=(?:'([^']*)'|\"([^\"]*)\"|([^\s*]+))")
M486 = re.compile(r"(?:[Nn]\d+ *)?M486(?: ?S(-?\d+))?(?: ?A\"?([^\"*]*)\"?)?")
MOST = 1000
"""Objects on a plate; what comes beyond that is no object."""


class Labels:
    """The names known so far, and the object whose turn it is.

    names   by index; an object that only has a number is called `object_3`
    now     index, -1 for none
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.now = -1
        self._defined = 0

    def take(self, kind: int, text: str) -> int:
        """Take a definition, beginning or end; return the object whose turn it is then."""
        if kind == BEGIN:
            self.begin(text)
        elif kind == END:
            self.now = -1
        else:
            self.define(text)
        return self.now

    def define(self, command: str) -> None:
        """Take the name that EXCLUDE_OBJECT_DEFINE, `M486 S1 A"name"` or, after M486 S1, `M486 Aname` gives."""
        if found := NAME.search(command):
            self._named(found[1] or found[2] or found[3])
        elif found := M486.match(command.lstrip()):
            self._defined = self._defined if found[1] is None else int(found[1])
            if found[2] and 0 <= self._defined < MOST:
                self._reach(self._defined)
                self.names[self._defined] = found[2].strip()

    def begin(self, text: str) -> None:
        """Take the beginning of an object: EXCLUDE_OBJECT_START, M486 S1, or the name that a comment gives."""
        if (number := M486.match(text)) and number[1]:
            self.now = self._defined = int(number[1])
            if self.now < MOST:
                self._reach(self.now)
            else:
                self.now = -1
        else:
            found = NAME.search(text)
            self.now = self._named((found[1] or found[2] or found[3]) if found else text.strip())

    def _named(self, name: str) -> int:
        """Return the index of a name, which may be new; -1 where there are too many."""
        if name not in self.names:
            if len(self.names) == MOST:
                return -1
            self.names.append(name)
        return self.names.index(name)

    def _reach(self, index: int) -> None:
        """Have names up to an index."""
        self.names.extend(f"object_{i}" for i in range(len(self.names), index + 1))
