"""The reading of one file by the kernels, piece after piece: their arrays, and what the events between rows mean.

    Reading.take    the next lines -> Moves
    Reading.finish  what is wrong with the file as a whole

`kernels.words` turns text into `Lines`, `kernels.rows` turns these into `Rows` and `Events`, a batch at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode import wholeness
from gcode.dialects import BEGIN, DEFINE, END, ROLE, ROLE_WORDS, TABLE
from gcode.errors import CutOff, MalformedGcode, NotGcode, Problem, TooLarge
from gcode.kernels.rows import Printer
from gcode.kernels.words import Scanner
from gcode.labels import Labels
from gcode.moves import Moves
from gcode.roles import Role

COMMAND, MALFORMED = 0, 16
"""Kinds of events beside those that `dialects` names; from MALFORMED on they are lines that cannot be read."""
FAULTS = (
    "",
    "not a G-code word",
    "not text",
    "checksum does not match",
    "line number out of order",
    "number out of range",
    "arc without a centre",
)
"""What is wrong with a malformed line, as the kernels number it."""

BATCH = 4096
"""Lines that pass between the kernels at a time: what fits into a processor's cache."""
GCODE = re.compile(r"\s*(?:(?:N\d+\s*)?[GMTgmt]\d|[A-Z][A-Z0-9_]+(?:\s|$))")
"""A line that is G-code, or could be a macro."""
FOREIGN = re.compile(r"\s*[A-Za-z]")
"""A line of words."""
ULTIMAKER_2 = 2.85
"""mm; its files count E in mm3 and do not say of which filament."""

Column = NDArray[Any]


class Lines(NamedTuple):
    """A batch of lines and their words, on the way from one kernel to the other."""

    kind: memoryview  # (n,) u1
    code: memoryview  # (n,) i4
    words: memoryview  # (n,) u1: how many
    spot: memoryview  # (3, n) i8: first byte, first byte of what it says, end
    letter: memoryview  # of each word, u1
    value: memoryview  # of each word, f8

    @classmethod
    def empty(cls, n: int) -> Lines:
        """Return room for n lines."""
        words = 8 * n + 64
        sizes = (n, np.uint8), (n, np.int32), (n, np.uint8), ((3, n), np.int64), (words, np.uint8), (words, np.float64)
        return cls(*[np.empty(size, kind).data for size, kind in sizes])


class Rows(NamedTuple):
    """The columns of moves, in blocks of one type: a row of a block is a column of moves."""

    motion: Column  # (5, n) f8: x, y, z, e, speed
    bead: Column  # (4, n) f4: acceleration, width, height, fan
    small: Column  # (2, n) u1: role, tool
    counts: Column  # (2, n) i4: layer, line

    @classmethod
    def empty(cls, n: int) -> Rows:
        """Return room for n rows."""
        kinds = ((5, np.float64), (4, np.float32), (2, np.uint8), (2, np.int32))
        return cls(*[np.empty((width, n), kind) for width, kind in kinds])


class Events(NamedTuple):
    """What is not a row: commands, names of roles and objects, malformed lines."""

    kind: Column  # (k,) u1
    spot: Column  # (4, k) i8: row before which it stands, first byte, end, line

    @classmethod
    def empty(cls, n: int) -> Events:
        """Return room for n events."""
        return cls(np.empty(n, np.uint8), np.empty((4, n), np.int64))

    @property
    def row(self) -> Column:
        """Rows before which they stand."""
        row: Column = self.spot[0]
        return row

    @property
    def malformed(self) -> Column:
        """Which are lines that cannot be read."""
        malformed: Column = self.kind > MALFORMED
        return malformed


def _longer(block: Column) -> Column:
    """Return a block with as much room again."""
    return np.concatenate([block, np.empty((*block.shape[:-1], block.shape[-1] + 4096), block.dtype)], axis=-1)


def _texts(text: bytes, events: Events, chosen: Column) -> Iterator[str]:
    """Yield the text of the chosen events."""
    for first, last in zip(events.spot[1, chosen].tolist(), events.spot[2, chosen].tolist(), strict=True):
        yield text[first:last].decode("utf-8", "surrogateescape")


def held(before: int, rows: Column, values: Sequence[int], n: int, kind: type[np.generic]) -> Column:
    """Return a column (n,) of values, each from its row on, and of `before` up to the first.

    >>> held(7, np.array([1, 3]), [8, 9], 5, np.uint8).tolist()
    [7, 8, 8, 9, 9]
    """
    spans = np.diff(np.concatenate([[0], rows, [n]]))
    column: Column = np.repeat(np.array([before, *values], kind), spans)
    return column


class Reading:
    """The reading of one file: the kernels' state, and what roles and labels have been named last."""

    def __init__(
        self,
        head: bytes,
        name: str,
        problems: list[Problem] | None,
        position: tuple[float, float, float] = (0.0, 0.0, 0.0),
        relative_e: bool = False,
        counting: bool = True,
    ) -> None:
        self.head = head[: wholeness.EDGE]
        self.name = name
        self.problems = problems
        self.scanner = Scanner(TABLE)
        volumetric = ULTIMAKER_2 if b";FLAVOR:UltiGCode" in self.head else 0.0
        self.printer = Printer(*position, not relative_e, volumetric)
        self.printer.counting = counting
        self.role = Role.NONE
        self.labels = Labels()
        self.position = np.array([*position, 0.0])
        self.top = -1
        self.understood = self.foreign = False  # whether there is a line of G-code, and one of anything else

    def take(self, data: bytes) -> Moves:
        """Return the moves of the next lines."""
        text = data if not data or data.endswith(b"\n") else data + b"\n"
        rows, events = self._run(text)
        self._report(data, events)
        n = rows.motion.shape[1]
        kept = (events.kind == COMMAND) | (events.kind == DEFINE) | events.malformed
        commands = tuple(_texts(text, events, kept))
        self._name_roles(text, events, rows.small[0])
        objects = self._objects(text, events, n)
        self.understood = self.understood or n > 0 or any(map(GCODE.match, commands))
        self.foreign = self.foreign or (not self.understood and any(map(FOREIGN.match, commands)))
        if self.printer.named_row > 0 and self.top < 0:
            rows.counts[0, : self.printer.named_row] = -1  # counted by height before layers had names
        start = self.position
        if n:
            self.position = np.array([*rows.motion[:3, -1], 0.0])
            self.top = max(self.top, int(rows.counts[0, -1]))
        return Moves(
            **dict(zip(("x", "y", "z", "e", "speed"), rows.motion, strict=True)),
            **dict(zip(("acceleration", "width", "height", "fan"), rows.bead, strict=True)),
            **dict(zip(("role", "tool"), rows.small, strict=True)),
            **dict(zip(("layer", "line"), rows.counts, strict=True)),
            object=objects,
            start=start,
            command_row=events.row[kept],
            command_line=events.spot[3, kept].astype(np.int32),
            commands=commands,
            objects=tuple(self.labels.names),
        )

    def finish(self, tail: bytes) -> None:
        """Say what is wrong with the file as a whole, of which these are the last bytes."""
        reason = wholeness.doubt(self.head, tail, self.top + 1)
        if reason and self.problems is None:
            raise CutOff(self.name, reason)
        if reason and self.problems is not None:
            self.problems.append(Problem(0, self.name, reason))
        if self.foreign and not self.understood:
            raise NotGcode(self.name, "holds no line of G-code")

    def _run(self, text: bytes) -> tuple[Rows, Events]:
        """Run the kernels over whole lines, with arrays that grow until they hold all."""
        lines = text.count(b"\n")
        rows, events = Rows.empty(lines + 16), Events.empty(1024 + lines // 4)
        scanner, printer, view = self.scanner, self.printer, memoryview(text)
        batch = Lines.empty(min(BATCH, lines))
        scanner.at = 0
        printer.restart()
        while scanner.at < len(text):
            found = scanner.run(view, *batch)
            done = printer.run(0, found, *batch, *rows, *events)
            while done < found:
                if rows.motion.shape[1] > 200 * lines + 1_000_000:
                    raise TooLarge(self.name, "has arcs of far more chords than any printer could mean")
                rows = Rows(*[_longer(block) for block in rows])
                events = Events(*[_longer(block) for block in events])
                done = printer.run(done, found, *batch, *rows, *events)
        n, k = printer.rows, printer.events
        return Rows(*[block[:, :n] for block in rows]), Events(*[block[..., :k] for block in events])

    def _report(self, data: bytes, events: Events) -> None:
        """Raise, or append to the problems, what the kernels could not read."""
        for i in np.flatnonzero(events.malformed).tolist():
            first, last = events.spot[1:3, i].tolist()
            text = data[first:last].decode("utf-8", "replace").strip()
            text = text if len(text) <= 80 else text[:77] + "..."
            problem = Problem(int(events.spot[3, i]), text, FAULTS[events.kind[i] - MALFORMED])
            if last == len(data):
                problem = problem._replace(reason="the file ends in the middle of the line")
            if self.problems is not None:
                self.problems.append(problem)
            elif last == len(data):
                raise CutOff(self.name, str(problem))
            else:
                raise MalformedGcode(problem, self.name)

    def _name_roles(self, text: bytes, events: Events, column: Column) -> None:
        """Give beads (1 in the column) the role named last before them; CUSTOM rows and travels keep theirs."""
        named = events.kind == ROLE
        roles = [ROLE_WORDS.get(words.strip().lower(), Role.NONE) for words in _texts(text, events, named)]
        np.copyto(column, held(self.role, events.row[named], roles, len(column), np.uint8), where=column == 1)
        self.role = roles[-1] if roles else self.role

    def _objects(self, text: bytes, events: Events, n: int) -> Column:
        """Return the object of each row, from the definitions and labels in text order."""
        named = (events.kind == BEGIN) | (events.kind == END) | (events.kind == DEFINE)
        before, now = self.labels.now, []
        for words, kind in zip(_texts(text, events, named), events.kind[named].tolist(), strict=True):
            now.append(self.labels.take(kind, words))
        return held(before, events.row[named], now, n, np.int16)
