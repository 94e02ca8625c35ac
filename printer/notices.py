"""What the controller itself has to say, beside what the printer says (`printer.events`): frozen values for faces."""

from __future__ import annotations

from dataclasses import dataclass

from printer.events import Event


@dataclass(frozen=True, slots=True)
class Changed(Event):
    """The job is in another state, and why."""

    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Layer(Event):
    """A layer begins: 0-based number, seconds printed so far, seconds that the last one took and was to take."""

    number: int
    elapsed: float
    took: float
    predicted: float


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something that a person should know and that stops nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class Alarmed(Event):
    """The host's own watch has stopped the print."""

    rule: str
    heater: str
    message: str


@dataclass(frozen=True, slots=True)
class Disconnected(Event):
    """The device is gone: unplugged, closed, or it takes nothing any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reconnected(Event):
    """The device is there again after `seconds`, and still knows where it was."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Asked(Event):
    """The printer asks a person; `choices` are answered by their index."""

    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overridden(Event):
    """A person has set `feed`, `flow` or `fan` to a percentage, `nozzle` or `bed` to C."""

    what: str
    value: float


@dataclass(frozen=True, slots=True)
class Waited(Event):
    """A wait of the file is over: its line, "heating" or "preparing", and seconds.

    took, predicted, model   really, as expected, and as the models alone expected it
    """

    text: str
    kind: str
    took: float
    predicted: float
    model: float
