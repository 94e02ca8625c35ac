"""A G-code file as lines to send, and what is known of each before the first is sent.

The text is kept once, as bytes; a line is a pair of offsets until the moment it is sent. What is hashed, checked and
sent are the same bytes, so a file that changes on disk while it prints changes nothing.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from gcode.errors import Problem
from gcode.moves import Moves
from gcode.planner import estimate
from gcode.reader import read
from printer.errors import FileChanged, UnsafeToPrint
from printer.modal import Modal

if TYPE_CHECKING:  # the rules are imported where a machine is given to check against
    from gcode.checks import Finding, Limits

NEWLINE, SEMICOLON, BLANKS, COMMENTS = 10, 59, b" \t\r", b";(%"


@dataclass(frozen=True, slots=True)
class Program:
    """n lines to send, in order; everything else of the file is comment or blank.

    begin     (n,) i8    where each line begins in `data`
    end       (n,) i8    where its comment does, or its newline
    source    (n,) i4    its 1-based number in the file
    seconds   (n+1,) f8  predicted motion time before line k; the last is the whole print
    filament  (n+1,) f8  mm fed before line k
    layer     (n,) i4    -1 before the first
    tool      (n,) i2    whose filament is fed
    object    (n,) i2    index into `objects`, -1 where the line belongs to none
    findings             what the checks say of the file on this machine; none where no machine was given
    problems             lines that are not G-code
    """

    name: str
    data: bytes
    sha256: str
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    source: NDArray[np.int32]
    seconds: NDArray[np.float64]
    filament: NDArray[np.float64]
    layer: NDArray[np.int32]
    object: NDArray[np.int16]
    tool: NDArray[np.int16]
    objects: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    _reached: list[Modal] = field(default_factory=list, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.source)

    def lines(self, first: int, last: int) -> list[str]:
        """Return the lines `first` to `last` (exclusive) without their comments."""
        data, spans = self.data, zip(self.begin[first:last].tolist(), self.end[first:last].tolist(), strict=True)
        return [data[a:b].decode("utf-8", "replace").rstrip(" \t\r") for a, b in spans]

    def state(self, line: int) -> Modal:
        """Return what is in force before line `line`; remembered at every `BATCH` lines of what was once asked for."""
        known = self._reached
        modal = known[min(line // BATCH, len(known) - 1)].copy() if known else Modal()
        at = BATCH * min(line // BATCH, max(len(known) - 1, 0))
        while True:
            if at == BATCH * len(known):
                known.append(modal.copy())
            if at >= line:
                return modal
            until = min(at + BATCH, line)
            modal.follow(self.lines(at, until))
            at = until

    @property
    def layers(self) -> int:
        """Return the number of layers."""
        return int(self.layer[-1]) + 1 if len(self.layer) else 0

    def layer_start(self, layer: int) -> int:
        """Return the line at which a layer begins; n behind the last."""
        return int(np.searchsorted(self.layer, layer))

    def layer_seconds(self, layer: int) -> float:
        """Return the predicted time of a layer."""
        return float(self.seconds[self.layer_start(layer + 1)] - self.seconds[self.layer_start(layer)])

    def unchanged(self, path: str | os.PathLike[str]) -> None:
        """Raise `FileChanged` unless the file still holds what was loaded."""
        if hashlib.sha256(Path(path).read_bytes()).hexdigest() != self.sha256:
            raise FileChanged(f"{os.fspath(path)} has changed since it was checked: load it again")


NOTHING = Program(
    name="",
    data=b"",
    sha256="",
    begin=np.zeros(0, np.int64),
    end=np.zeros(0, np.int64),
    source=np.zeros(0, np.int32),
    seconds=np.zeros(1),
    filament=np.zeros(1),
    layer=np.zeros(0, np.int32),
    object=np.zeros(0, np.int16),
    tool=np.zeros(0, np.int16),
)
"""The program of a printer that is only watched."""

Scalar = TypeVar("Scalar", bound=np.generic)

BATCH = 4096
"""Lines that are text at the same time."""


def load(source: str | os.PathLike[str] | bytes, limits: Limits | None = None, name: str = "") -> Program:
    """Return the program of a G-code file, given by path or as bytes, timed and checked for the machine of `limits`.

    Raises OSError or `gcode.GcodeError` where it cannot be read, `UnsafeToPrint` where there is nothing in it to send.
    """
    if isinstance(source, bytes):
        data, name = source, name or "G-code"
    else:
        data, name = Path(source).read_bytes(), name or os.path.basename(os.fspath(source))
    digest = hashlib.sha256(data).hexdigest()
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    begin, end, source_line = _sendable(data)
    if not len(source_line):
        raise UnsafeToPrint(f"{name} holds no G-code")
    problems: list[Problem] = []
    moves = read(data if data.endswith(b"\n") else data + b"\n", problems=problems)
    findings = _checked(moves, limits, problems) if limits else ()
    row_line = np.searchsorted(source_line, moves.line)
    n = len(source_line)
    return Program(
        name=name,
        data=data,
        sha256=digest,
        begin=begin,
        end=end,
        source=source_line,
        seconds=_running(row_line, estimate(moves, limits.machine if limits else None), n),
        filament=_running(row_line, moves.e, n),
        layer=np.maximum.accumulate(_held(moves.layer, row_line, n)),
        object=_held(moves.object, row_line, n),
        tool=np.maximum(_held(moves.tool.astype(np.int16), row_line, n), 0),
        objects=moves.objects,
        findings=findings,
        problems=tuple(problems),
    )


def _checked(moves: Moves, limits: Limits, problems: list[Problem]) -> tuple[Finding, ...]:
    """Return what the checks say."""
    from gcode.checks import run

    return tuple(run(moves, limits, problems=problems))


def _sendable(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Return where the lines that hold more than comments begin and end, and their numbers in the file."""
    text = np.frombuffer(data + b"\n", np.uint8)
    stops = np.flatnonzero((text == NEWLINE) | (text == SEMICOLON))
    ends = stops[text[stops] == NEWLINE]
    begins = np.concatenate([[0], ends[:-1] + 1])
    blank, skip = (np.zeros(256, bool) for _ in range(2))
    blank[list(BLANKS)] = True
    skip[[NEWLINE, *COMMENTS]] = True
    todo = np.flatnonzero(blank[text[begins]])
    while len(todo):  # leading blanks; the text ends with a newline, which is none
        begins[todo] += 1
        todo = todo[blank[text[begins[todo]]]]
    kept = np.flatnonzero(~skip[text[begins]])
    begins, line_ends = begins[kept], ends[kept]
    stops = stops[np.searchsorted(stops, begins)]
    for i in np.flatnonzero(stops < line_ends).tolist() if b'"' in data else ():
        if (
            b'"' in data[begins[i] : stops[i]]
        ):  # a semicolon in quotes is text to some firmware: let the protocol decide
            stops[i] = line_ends[i]
    return begins, stops, (kept + 1).astype(np.int32)


def _running(line: NDArray[np.int64], value: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return (n+1,) the sum over all rows of lines before each line."""
    return np.concatenate([[0.0], np.cumsum(np.bincount(line, value, n)[:n])])


def _held(column: NDArray[Scalar], line: NDArray[np.int64], n: int) -> NDArray[Scalar]:
    """Return (n,) the value of each line's last row, or of the last line that has one; -1 before any."""
    last = np.searchsorted(line, np.arange(n), "right")
    return np.concatenate([np.full(1, -1, column.dtype), column])[last]
