"""What can be wrong with G-code, as a tree; every message says what, where and what to do.

GcodeError
├── UnreadableFile     a file as a whole
│   ├── NotGcode       a picture, a model, a program: anything but G-code
│   ├── CutOff         ends before it is complete
│   ├── DamagedFile    checksums or structure are wrong
│   ├── TooLarge       would expand to far more than an honest file
│   └── NoSuchPlate    an archive of several plates, or without the one asked for
├── MalformedGcode     a line that is not G-code (`problem` says where)
├── UnwritableMoves    moves that no G-code can express (not a number, out of range)
├── NothingToDraw      a picture of layers that hold no bead
├── TemplateError      a template with an unknown placeholder or an impossible expression
└── UnknownRule        a check that there is not
"""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One malformed line: 1-based number (0: the whole file), its text, and what is wrong with it."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.text!r}" if self.line else f"{self.reason}: {self.text!r}"


class GcodeError(Exception):
    """Any error this package raises on purpose."""


class UnreadableFile(GcodeError):
    """A file that cannot be read at all."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


class NotGcode(UnreadableFile):
    """A file of another kind."""


class CutOff(UnreadableFile):
    """A file that ends before it is complete."""


class DamagedFile(UnreadableFile):
    """A file whose checksums or structure are wrong."""


class TooLarge(UnreadableFile):
    """A file that would expand to far more than an honest one."""


class NoSuchPlate(UnreadableFile):
    """An archive of several plates of which none was chosen, or without the chosen one."""


class MalformedGcode(GcodeError):
    """A line that cannot be read as G-code."""

    def __init__(self, problem: Problem, source: str = "G-code") -> None:
        super().__init__(f"{source}, {problem}")
        self.problem = problem


class UnwritableMoves(GcodeError):
    """Moves that hold what is not a number, or a position beyond what a machine could mean."""


class NothingToDraw(GcodeError):
    """A picture of layers that hold no bead."""


class TemplateError(GcodeError):
    """A G-code template that cannot be rendered."""


class UnknownRule(GcodeError):
    """The name of a check, or the severity given to it, that there is not."""
