"""What a printer has said so far, as a fold over events: the figures that faces show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from printer.events import (
    Action,
    Capabilities,
    Event,
    Message,
    Position,
    Rate,
    Reading,
    SdProgress,
    Temperatures,
    Trouble,
)
from printer.notices import Asked, Warned

KEPT_SECONDS, KEPT_READINGS = 1.0, 600
"""A reading a second is kept, for ten minutes."""

KEPT_MESSAGES = 50
RATE_SECONDS = 5.0
"""Over which lines a second are counted."""


@dataclass(slots=True)
class Telemetry:
    """The latest of everything; bounded in size, whatever the printer says.

    readings    by heater, as the firmware names it
    history     by heater: (time, C) once a second
    position    mm by axis, as the firmware last said
    speed, flow percent
    asks        a question of the printer that waits for an answer
    sd          (bytes done, bytes in all) of a print from the card
    """

    readings: dict[str, Reading] = field(default_factory=dict)
    history: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)
    position: dict[str, float] = field(default_factory=dict)
    speed: float = 100.0
    flow: float = 100.0
    firmware: str = ""
    asks: Asked | None = None
    sd: tuple[int, int] = (0, 0)
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))
    _rates: deque[tuple[float, int]] = field(default_factory=deque)
    _prompt: str = ""
    _choices: list[str] = field(default_factory=list)

    def observe(self, event: Event, now: float) -> Event | None:
        """Take in an event; return what follows from it, if anything does."""
        handler = HANDLERS.get(type(event))
        return handler(self, event, now) if handler else None

    def lines_per_second(self, lines: int, now: float) -> float:
        """Return the rate over the last seconds, given how many lines there are in all now."""
        rates = self._rates
        if not rates or now > rates[-1][0]:
            rates.append((now, lines))
        while len(rates) > 2 and rates[1][0] < now - RATE_SECONDS:
            rates.popleft()
        (since, before), (until, after) = rates[0], rates[-1]
        return (after - before) / (until - since) if until > since else 0.0


def _temperatures(kept: Telemetry, event: Temperatures, now: float) -> None:
    for name, reading in event.readings.items():
        if name not in kept.readings and len(kept.readings) >= 32:
            continue
        before = kept.readings.get(name)
        target = before.target if reading.target is None and before else reading.target
        kept.readings[name] = Reading(reading.actual, target)
        history = kept.history.setdefault(name, deque(maxlen=KEPT_READINGS))
        if not history or now - history[-1][0] >= KEPT_SECONDS:
            history.append((now, reading.actual))


def _position(kept: Telemetry, event: Position, now: float) -> None:
    kept.position.update(event.axes)


def _rate(kept: Telemetry, event: Rate, now: float) -> None:
    if event.what == "feed":
        kept.speed = event.percent
    else:
        kept.flow = event.percent


def _capabilities(kept: Telemetry, event: Capabilities, now: float) -> None:
    kept.firmware = event.firmware[:80]


def _sd_progress(kept: Telemetry, event: SdProgress, now: float) -> None:
    kept.sd = (event.done, event.total)


def _message(kept: Telemetry, event: Message, now: float) -> None:
    kept.messages.append(event.text[:200])


def _trouble(kept: Telemetry, event: Trouble, now: float) -> Event:
    kept.messages.append(event.message[:200])
    return Warned(f"the printer says: {event.message[:200]}")


def _action(kept: Telemetry, event: Action, now: float) -> Event | None:
    """Collect a question piece by piece; return it when it is complete."""
    if event.name == "prompt_begin":
        kept._prompt, kept._choices = event.text[:200], []
    elif event.name in ("prompt_choice", "prompt_button") and len(kept._choices) < 16:
        kept._choices.append(event.text[:80])
    elif event.name == "prompt_show":
        kept.asks = Asked(kept._prompt, tuple(kept._choices))
        return kept.asks
    elif event.name == "prompt_end":
        kept.asks = None
    elif event.name == "notification":
        kept.messages.append(event.text[:200])
    return None


HANDLERS: dict[type[Event], Callable[..., Event | None]] = {
    Temperatures: _temperatures,
    Position: _position,
    Rate: _rate,
    Capabilities: _capabilities,
    SdProgress: _sd_progress,
    Message: _message,
    Trouble: _trouble,
    Action: _action,
}
