"""A G-code file as lines to send, and what is known of each before the first is sent.

The text is kept once, as bytes; a line is a pair of offsets until the moment it is sent. What is hashed, checked and
sent are the same bytes, so a file that changes on disk while it prints changes nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gcode.containers import text as text_of
from gcode.errors import Problem
from gcode.moves import Moves
from gcode.planner import Machine, estimate
from gcode.reader import read, stream
from printer.errors import FileChanged, UnsafeToPrint
from printer.modal import Modal
from printer.waiting import KINDS, Expected, expected

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
    waits                for heaters, homing and the like, none of it in `seconds`
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
    waits: tuple[Expected, ...] = ()
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
    def predicted(self) -> dict[str, float]:
        """Return the seconds that the print is to take: `printing` is motion, `heating` and `preparing` come before."""
        totals = dict.fromkeys(KINDS, 0.0)
        for wait in self.waits:
            totals[wait.kind] += wait.seconds
        return {"printing": float(self.seconds[-1])} | totals

    @property
    def layers(self) -> int:
        """Return the number of layers."""
        return int(self.layer[-1]) + 1 if len(self.layer) else 0

    def layer_start(self, layer: int) -> int:
        """Return the line at which a layer begins; n behind the last."""
        return int(np.searchsorted(self.layer, self.layer.dtype.type(layer)))  # of its type, or the column is copied

    def layer_seconds(self, layer: int) -> float:
        """Return the predicted time of a layer."""
        return float(self.seconds[self.layer_start(layer + 1)] - self.seconds[self.layer_start(layer)])

    def unchanged(self, path: str | os.PathLike[str]) -> None:
        """Raise `FileChanged` unless the file still holds what was loaded."""
        if hashlib.sha256(text_of(path)[0]).hexdigest() != self.sha256:
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

BATCH = 4096
"""Lines that are text at the same time."""


PIECE = 1 << 26
"""Bytes of text that are rows of moves at the same time, where no checks want to see them all."""


def load(source: str | os.PathLike[str] | bytes, limits: Limits | None = None, name: str = "") -> Program:
    """Return the program of a G-code file, given by path or as bytes, timed and checked for the machine of `limits`.

    Packed text (gzip, zip, binary G-code) is unpacked. Raises OSError or `gcode.GcodeError` where it cannot be read,
    `UnsafeToPrint` where there is nothing in it to send.
    """
    data, called = text_of(source)
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    begin, end, numbers = _sendable(data)
    if not len(numbers):
        raise UnsafeToPrint(f"{name or called} holds no G-code")
    problems: list[Problem] = []
    findings: tuple[Finding, ...] = ()
    pieces: Iterable[Moves] = stream(data, problems, chunk_bytes=PIECE)
    if limits:
        from gcode.checks import run

        pieces = (read(data, problems),)
        findings = tuple(run(pieces[0], limits, problems=problems))
    return Program(
        name=name or os.path.basename(called),
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        begin=begin,
        end=end,
        source=numbers,
        **_known(pieces, numbers, limits.machine if limits else None),
        findings=findings,
        problems=tuple(problems),
    )


def _known(pieces: Iterable[Moves], numbers: NDArray[np.int32], machine: Machine | None) -> dict[str, Any]:
    """Return the columns of a program that come from its moves, piece by piece."""
    n = len(numbers)
    seconds, filament = np.zeros(n + 1), np.zeros(n + 1)
    layer, which, tool = np.full(n, -1, np.int32), np.full(n, -1, np.int16), np.zeros(n, np.int16)
    objects: tuple[str, ...] = ()
    waits: tuple[Expected, ...] | None = None
    for moves in pieces:
        line = np.searchsorted(numbers, moves.line)
        took = estimate(moves, machine)
        waits = expected(moves, numbers, took) if waits is None else waits  # a print waits at its beginning
        seconds[1:] += np.bincount(line, took, n + 1)[:n]
        filament[1:] += np.bincount(line, moves.e, n + 1)[:n]
        first = int(line[0]) if len(line) else n
        for column, values in ((layer, moves.layer), (which, moves.object), (tool, moves.tool)):
            column[first:] = _held(values, line, first, n)
        objects = moves.objects
    return {
        "seconds": np.cumsum(seconds),
        "filament": np.cumsum(filament),
        "layer": np.maximum.accumulate(layer),
        "object": which,
        "tool": tool,
        "objects": objects,
        "waits": waits or (),
    }


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
        if b'"' in data[begins[i] : stops[i]]:
            stops[i] = line_ends[i]  # a semicolon in quotes is text to some firmware: let the protocol decide
    return begins, stops, (kept + 1).astype(np.int32)


def _held(column: NDArray[Any], line: NDArray[np.int64], first: int, last: int) -> NDArray[Any]:
    """Return the value of the last row at or before each line from `first` on, which has one."""
    return column[np.searchsorted(line, np.arange(first, last), "right") - 1]
