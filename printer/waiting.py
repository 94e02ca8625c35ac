"""What a print waits for besides motion: heaters, homing, measuring the bed, macros; what is expected, what it took.

expected   Moves -> [Expected]          from a cold machine, by the models of `gcode.times`
learned    the same as the same lines took the same printer in earlier prints
Waiting    a fold over what the printer is doing: `left` of what is expected, and `Waited` for each wait that ends
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.commands import name_of
from gcode.moves import Moves
from gcode.times import estimate_heating, estimate_homing
from printer.events import Reading
from printer.firmware import PATIENCE_MACRO_S, is_macro, patience
from printer.notices import Waited

KINDS = HEATING, PREPARING = "heating", "preparing"
HEATERS = {"M109": "T", "M190": "B", "M191": "C", "M116": "", "TEMPERATURE_WAIT": ""}
"""Commands that wait for a heater, and what firmware calls it; "" for any."""
PREPARATIONS = frozenset(("G28", "G29", "G30", "G32", "G33", "G34", "G76", "G80", "M48"))
WAITS_IN = {"nozzle": "M109", "bed": "M190", "chamber": "M191", "homing": "G28"}
"""The usual command for each wait of `gcode.times`; where it is missing, a macro at that place waits instead."""
MOTION = ("", "G0", "G1")
STILL_MOVING = 60.0
"""Seconds of motion that a printer may hold when it comes to a line that waits; they are no wait."""
REMEMBERED = 5
"""Earlier prints that a wait is learned from."""


class Expected(NamedTuple):
    """A wait: its 0-based line of the program and text, "heating" or "preparing".

    seconds   that it may take
    model     that it would take by the models alone
    """

    line: int
    text: str
    kind: str
    seconds: float
    model: float


def kind_of(text: str) -> str:
    """Return what a line waits for, "" where it does not.

    >>> [kind_of(text) for text in ("M109 S210", "G28 X", "PRINT_START BED=60", "G1 X9", "G4 S9", "M600")]
    ['heating', 'preparing', 'preparing', '', '', '']
    """
    if text[:2] in MOTION:  # nearly all lines: not worth taking apart
        return ""
    name = name_of(text)
    if name in HEATERS:
        return HEATING
    macro = is_macro(name) and patience(text) == PATIENCE_MACRO_S and "END" not in name  # which waits for motion
    return PREPARING if name in PREPARATIONS or macro else ""


def expected(moves: Moves, numbers: NDArray[np.integer], seconds: NDArray[np.float64]) -> tuple[Expected, ...]:
    """Return every wait among moves that take `seconds` (n,); `numbers` are the lines of the program in the file."""
    homes = estimate_homing(moves)
    stands: dict[tuple[int, str], list[float]] = {}  # by row and command
    for stand in (*homes, *estimate_heating(moves, None, seconds, homes)):
        stands.setdefault((stand.row, WAITS_IN[stand.what]), []).append(stand.seconds)
    told = list(zip(moves.command_row.tolist(), map(name_of, moves.commands), strict=True))
    named = set(told)
    found = []
    for (row, name), number, text in zip(told, moves.command_line, moves.commands, strict=True):
        if kind := kind_of(text):
            places = [(row, name)]
            if is_macro(name) or name == "M116":
                places = [place for other in WAITS_IN.values() if (place := (row, other)) not in named]
            model = sum(stands[place].pop(0) for place in places if stands.get(place))
            found.append(Expected(int(np.searchsorted(numbers, number)), spelled(text), kind, model, model))
    return tuple(found)


def learned(waits: Iterable[Expected], earlier: Iterable[Iterable[Mapping[str, Any]]]) -> tuple[Expected, ...]:
    """Return waits with the time that the same lines took in earlier prints, the newest first.

    The same line is one for which the models, which know what was heated before it, expect about as much.
    """
    past = [wait for job in earlier for wait in job]

    def took(wait: Expected) -> list[float]:
        return [
            float(each["s"])
            for each in past
            if each["text"] == wait.text and abs(each["model_s"] - wait.model) <= 5.0 + 0.1 * wait.model
        ]

    return tuple(wait._replace(seconds=median(known[:REMEMBERED])) if (known := took(wait)) else wait for wait in waits)


class Waiting:
    """What of the expected waits is over, and how far the one at hand has come."""

    def __init__(self, waits: Sequence[Expected], seconds: NDArray[np.float64]) -> None:
        self._waits, self._seconds = waits, seconds
        self._rested: tuple[float, float] | None = None  # motion up to where it stood still last, and when that was
        self._next = 0  # the first that has neither begun nor been passed
        self._now: Expected | None = None
        self._began = self._left = 0.0
        self._gap: float | None = None  # C to the target when it began

    def observe(self, now: float, line: int, doing: str, readings: Mapping[str, Reading]) -> Waited | None:
        """Take in the line that the printer is at and what it is doing; return the wait that has ended by that."""
        kind, ended = kind_of(doing), None
        if self._rested is None:
            self._rested = float(self._seconds[line]), now
        if self._now and self._now.text != doing:
            _, text, kind_, expected_s, model = self._now
            ended = Waited(text, kind_, max(now - self._began, 0.0), expected_s, model)
            self._rested, self._now = (float(self._seconds[self._now.line]), now), None
        if kind and self._now is None:
            self._now, self._gap = self._take(line, doing, kind), None
            moved, since = self._rested
            under_way = float(self._seconds[self._now.line]) - moved - (now - since)
            self._began = now + min(max(under_way, 0.0), STILL_MOVING)
        while self._next < len(self._waits) and self._waits[self._next].line < line:
            self._next += 1
        self._left = self._remaining(now, self._now, readings) if self._now else 0.0
        return ended

    @property
    def left(self) -> float:
        """Seconds of waiting that are still to come."""
        return self._left + sum(wait.seconds for wait in self._waits[self._next :])

    def _take(self, line: int, doing: str, kind: str) -> Expected:
        """Return the expected wait that begins now, or one of which nothing was expected."""
        for k in range(self._next, len(self._waits)):
            if self._waits[k].text == doing:
                self._next = k + 1
                return self._waits[k]
        return Expected(line, doing, kind, 0.0, 0.0)

    def _remaining(self, now: float, wait: Expected, readings: Mapping[str, Reading]) -> float:
        """Return what is left of the wait at hand: as expected at first, as measured the nearer its end is.

        With a share f of the way to the target done in t seconds, the whole is taken to be t + (1 - f) x expected.
        """
        spent = max(now - self._began, 0.0)
        gap = _gap(readings, HEATERS.get(name_of(wait.text), ""))
        if wait.kind != HEATING or gap is None:
            return max(wait.seconds - spent, 0.0)
        self._gap = max(self._gap or gap, gap)
        rest = min(gap / self._gap, 1.0)
        return rest * (spent + rest * wait.seconds)


def _gap(readings: Mapping[str, Reading], heater: str) -> float | None:
    """Return how many C the heaters of a letter are from their targets at most; None where nobody knows."""
    gaps = [
        abs(reading.target - reading.actual)
        for name, reading in readings.items()
        if name.startswith(heater) and reading.target
    ]
    return max(max(gaps), 0.1) if gaps else None


def spelled(text: str) -> str:
    """Return a line as it is sent: without comment and stray blanks."""
    return text.partition(";")[0].strip()
