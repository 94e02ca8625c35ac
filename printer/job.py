"""A print job as a value: frozen actions, a table of what may follow what, a reducer and a view. Knows nothing of I/O.

    job = Job(outline)
    job = reduce(job, Connect(now))     raises ImpossibleAction for what makes no sense in the job's state
    view(job, now).left_s               progress in four measures, and a time left that learns from what was measured

docs/protocol.md draws the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from printer.errors import ImpossibleAction


class JobState(StrEnum):
    """What a job is doing."""

    IDLE = "idle"
    CONNECTING = "connecting"
    STARTING = "starting"
    HEATING = "heating"
    PRINTING = "printing"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    CANCELLING = "cancelling"
    FINISHING = "finishing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


FINAL = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED})
"""Nothing follows these."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that happened to a job at `at` seconds of the printer's clock; `reason` is for people."""

    at: float
    reason: str = ""


class Connect(Action):
    """The link is being opened."""


class Connected(Action):
    """The printer answers."""


class Heat(Action):
    """A line that waits for a temperature is under way."""


class Heated(Action):
    """That line is done."""


class Begin(Action):
    """The file's own lines are being printed."""


class Pause(Action):
    """A pause is asked for."""


class Paused(Action):
    """The head is parked."""


class Resume(Action):
    """Going on is asked for."""


class Resumed(Action):
    """Position, temperatures and modes are what they were."""


class Cancel(Action):
    """The end is asked for."""


class Cancelled(Action):
    """The head is parked, the heaters are off."""


class Finish(Action):
    """All lines are acknowledged; the printer works off what it holds."""


class Finished(Action):
    """The last motion is done."""


class Fail(Action):
    """It cannot go on."""


@dataclass(frozen=True, slots=True)
class Advance(Action):
    """The first `line` lines of the program are acknowledged."""

    line: int = 0


_LIVE = tuple(state for state in JobState if state not in FINAL and state != JobState.IDLE)
_MOVING = tuple(s for s in _LIVE if s not in (JobState.CONNECTING, JobState.PAUSED))

TRANSITIONS: dict[tuple[JobState, type[Action]], JobState] = {
    (JobState.IDLE, Connect): JobState.CONNECTING,
    (JobState.CONNECTING, Connected): JobState.STARTING,
    (JobState.STARTING, Begin): JobState.PRINTING,
    (JobState.STARTING, Heat): JobState.HEATING,
    (JobState.PRINTING, Heat): JobState.HEATING,
    (JobState.HEATING, Heated): JobState.PRINTING,
    (JobState.STARTING, Pause): JobState.PAUSING,
    (JobState.HEATING, Pause): JobState.PAUSING,
    (JobState.PRINTING, Pause): JobState.PAUSING,
    (JobState.PAUSING, Paused): JobState.PAUSED,
    (JobState.PAUSED, Resume): JobState.RESUMING,
    (JobState.RESUMING, Resumed): JobState.PRINTING,
    (JobState.RESUMING, Pause): JobState.PAUSING,
    (JobState.PRINTING, Finish): JobState.FINISHING,
    (JobState.FINISHING, Finished): JobState.DONE,
    **{(state, Cancel): JobState.CANCELLING for state in _LIVE if state != JobState.CANCELLING},
    (JobState.CANCELLING, Cancelled): JobState.CANCELLED,
    **{(state, Fail): JobState.FAILED for state in _LIVE},
    **{(state, Advance): state for state in _MOVING},
}
"""What may follow what; what is absent is an `ImpossibleAction`."""


class Outline(Protocol):
    """What a job has to know of its n lines; `printer.program.Program` is one.

    seconds, filament   (n+1,) predicted s and mm of filament before line k
    end                 (n,) where each line ends in the file, bytes
    layer               (n,) its layer, -1 before the first
    """

    @property
    def seconds(self) -> NDArray[np.float64]: ...
    @property
    def filament(self) -> NDArray[np.float64]: ...
    @property
    def end(self) -> NDArray[np.int64]: ...
    @property
    def layer(self) -> NDArray[np.int32]: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How long printing really took, in chunks of (predicted, measured) seconds; few, whatever the print's length."""

    chunks: tuple[tuple[float, float], ...] = ()
    size_s: float = 15.0  # predicted seconds of a chunk
    open: tuple[float, float] = (0.0, 0.0)

    def add(self, predicted: float, measured: float) -> Pace:
        """Return the pace with some more time in it."""
        chunk = (self.open[0] + predicted, self.open[1] + measured)
        if chunk[0] < self.size_s:
            return replace(self, open=chunk)
        chunks, size = (*self.chunks, chunk), self.size_s
        if len(chunks) >= MOST_CHUNKS:
            pairs = zip(chunks[::2], chunks[1::2], strict=True)
            chunks, size = tuple((a[0] + b[0], a[1] + b[1]) for a, b in pairs), 2 * size
        return Pace(chunks, size)

    @property
    def factor(self) -> float:
        """How much slower printing is than was predicted: the weighted median of the chunks, and 1 until they weigh.

        The median, because a single long stop says nothing about the rest of the print.
        """
        rates = sorted((measured / predicted, predicted) for predicted, measured in self.chunks)
        total = sum(weight for _, weight in rates)
        passed = 0.0
        for rate, weight in rates:
            passed += weight
            if passed >= total / 2:
                return float((TRUST_S + total * rate) / (TRUST_S + total))
        return 1.0


MOST_CHUNKS = 32  # even
TRUST_S = 120.0
"""Predicted seconds that the prediction is worth against what was measured."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job's whole state.

    line     how many lines of the program are acknowledged
    since    when it came into its state
    began    when it left idle; None before
    spent    seconds in each state that it has left
    """

    outline: Outline = field(repr=False, compare=False)
    state: JobState = JobState.IDLE
    reason: str = ""
    line: int = 0
    since: float = 0.0
    began: float | None = None
    spent: tuple[tuple[JobState, float], ...] = ()
    pace: Pace = field(default=Pace(), repr=False)
    seen: float = field(default=0.0, repr=False)  # until when `pace` has counted


def possible(state: JobState) -> list[type[Action]]:
    """Return the actions that a state allows."""
    return [action for known, action in TRANSITIONS if known == state]


def reduce(job: Job, action: Action) -> Job:
    """Return the job after an action; raise `ImpossibleAction` where the table has none."""
    state = TRANSITIONS.get((job.state, type(action)))
    if state is None:
        able = ", ".join(sorted(kind.__name__.lower() for kind in possible(job.state) if kind is not Advance))
        raise ImpossibleAction(
            f"cannot {type(action).__name__.lower()} a job that is {job.state}; possible now: {able or 'nothing'}"
        )
    if isinstance(action, Advance):
        return _advance(job, action)
    spent = dict(job.spent)
    spent[job.state] = spent.get(job.state, 0.0) + action.at - job.since
    return replace(
        job,
        state=state,
        reason=action.reason or ("" if state not in FINAL else job.reason),
        since=action.at,
        began=action.at if job.began is None else job.began,
        spent=tuple(spent.items()),
        seen=action.at,
    )


def _advance(job: Job, action: Advance) -> Job:
    """Count acknowledged lines, and the time they took where nothing but printing was going on."""
    line = min(max(action.line, 0), len(job.outline.layer))
    if job.state != JobState.PRINTING:
        return replace(job, line=line)
    predicted = float(job.outline.seconds[line] - job.outline.seconds[job.line])
    if predicted <= 0.0:  # no motion: its time is counted when some follows
        return replace(job, line=line)
    return replace(job, line=line, pace=job.pace.add(predicted, action.at - job.seen), seen=action.at)


@dataclass(frozen=True, slots=True)
class View:
    """What there is to say about a job at one moment.

    done          0 to 1 by predicted time: the honest one
    done_bytes, done_layers, done_filament   the same by other measures
    layer         the current layer from 0, -1 before the first
    elapsed_s     since it began, in all
    printing_s    of these spent printing
    left_s        printing time left; None where nothing is predicted
    factor        measured over predicted time
    """

    state: JobState
    reason: str
    line: int
    lines: int
    done: float
    done_bytes: float
    done_layers: float
    done_filament: float
    layer: int
    layers: int
    filament: float
    elapsed_s: float
    printing_s: float
    left_s: float | None
    factor: float


def view(job: Job, now: float) -> View:
    """Return what there is to say about a job at `now`."""
    outline, line = job.outline, job.line
    lines = len(outline.layer)
    seconds, filament = outline.seconds, outline.filament
    layer = int(outline.layer[line - 1]) if line else -1
    layers = int(outline.layer[-1]) + 1 if lines else 0
    final = job.state in FINAL
    end = job.since if final else now
    spent = dict(job.spent)
    if not final:
        spent[job.state] = spent.get(job.state, 0.0) + now - job.since
    factor = job.pace.factor
    left = float(seconds[-1] - seconds[line]) * factor
    return View(
        state=job.state,
        reason=job.reason,
        line=line,
        lines=lines,
        done=_share(seconds[line], seconds[-1], line, lines),
        done_bytes=_share(outline.end[line - 1] if line else 0, outline.end[-1] if lines else 0, line, lines),
        done_layers=_share(max(layer, 0) if line < lines else layers, layers, line, lines),
        done_filament=_share(filament[line], filament[-1], line, lines),
        layer=layer,
        layers=layers,
        filament=float(filament[line]),
        elapsed_s=0.0 if job.began is None else end - job.began,
        printing_s=spent.get(JobState.PRINTING, 0.0),
        left_s=0.0 if job.state == JobState.DONE else left if seconds[-1] > 0 else None,
        factor=factor,
    )


def _share(part: Any, whole: Any, line: int, lines: int) -> float:
    """Return part of whole, by lines where there is no whole; nothing of a job without any."""
    if whole > 0:
        return min(max(float(part) / float(whole), 0.0), 1.0)
    return line / lines if lines else 0.0
