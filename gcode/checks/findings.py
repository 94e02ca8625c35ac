"""What a rule is, and what is told of what it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.checks.evidence import Evidence
from gcode.checks.sightings import Sighting


class Severity(IntEnum):
    """How much a finding weighs; OFF switches a rule off."""

    OFF = 0
    INFO = 1  # worth knowing; nothing goes wrong
    WARNING = 2  # the print may suffer, or the machine does other than asked
    ERROR = 3  # the machine may be harmed, or the print is lost


class Rule(NamedTuple):
    """A named promise about G-code: what breaks it, what to do then, and the function that looks for it."""

    name: str
    severity: Severity
    what: str
    remedy: str
    look: Callable[[Evidence], Iterable[Sighting]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything of one kind that a rule found, with its first place and its worst value.

    line, layer, z    of the first; lines and layers count from 1, 0 where there is none (before the first layer)
    value             the worst, in `unit`, and `worst_line` where it is; None where there is nothing to measure
    limit             what it should not pass
    """

    rule: str
    severity: str
    what: str
    remedy: str
    count: int
    line: int
    layer: int
    z: float | None
    value: float | None
    limit: float | None
    unit: str
    worst_line: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def measured(self) -> str:
        """Return the worst value beside its limit, "" where there is none."""
        if self.value is None:
            return ""
        limit = "" if self.limit is None else f", limit {self.limit:.5g}"
        return f"{self.value:.5g} {self.unit}".rstrip() + limit

    def place(self) -> str:
        """Return where it is first.

        >>> Finding("r", "error", "w", "r", 2, 7, 3, 0.6, None, None, "", 7).place()
        'line 7, layer 3'
        """
        words = [f"line {self.line}"] * bool(self.line) + [f"layer {self.layer}"] * bool(self.layer)
        if not self.line and self.z is not None:
            words.append(f"z {self.z:.5g}")
        return ", ".join(words) or "start"

    def __str__(self) -> str:
        measured = f" ({self.measured()})" if self.measured() else ""
        more = f", {self.count} times" if self.count > 1 else ""
        return f"{self.severity}: {self.rule}: {self.what}{measured}, {self.place()}{more}: {self.remedy}"


def finding(rule: Rule, severity: Severity, seen: Sighting, evidence: Evidence) -> Finding:
    """Return what is told of a sighting."""
    moves = evidence.moves
    last = len(moves) - 1
    row = min(int(seen.rows[0]), last)
    worst = 0 if seen.values is None else int(np.argmax(np.abs(seen.values - (seen.limit or 0.0))))
    lines = _lines(seen, moves.line)
    return Finding(
        rule.name,
        severity.name.lower(),
        seen.what,
        rule.remedy,
        len(seen.rows),
        int(lines[0]),
        int(moves.layer[row]) + 1 if row >= 0 else 0,
        float(moves.z[row]) if row >= 0 else None,
        None if seen.values is None else float(seen.values[worst]),
        seen.limit,
        seen.unit,
        int(lines[worst]),
    )


def _lines(seen: Sighting, line: NDArray[np.int32]) -> NDArray[np.integer]:
    """Return the source line of each place of a sighting."""
    if seen.lines is not None:
        return seen.lines
    return line[np.minimum(seen.rows, len(line) - 1)] if len(line) else np.zeros(len(seen.rows), np.int64)
