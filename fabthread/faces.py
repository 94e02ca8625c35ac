"""How a print is shown: a live picture on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from fabthread.errors import silence
from printer.record import described
from printer.text import plain

if TYPE_CHECKING:
    from printer.drivers.base import Heard, Status

PICTURES_S, PROGRESS_S, LINES_S = 0.25, 1.0, 30.0
"""Seconds between two pictures, two `progress` events and two plain lines about progress."""

TOLD = ("warning", "alarm", "halted", "delivery_failed", "disconnected", "reconnected", "question", "doubt")
"""Events that are worth a line of their own; resends are counted, not told."""

HELP = (
    "p pause/resume   c cancel   ! stop at once   x leave out object   -+ feed   () flow   fF fan   nN nozzle   bB bed"
)


class Plain:
    """Lines: for logs, pipes and people without a terminal."""

    keys = False

    def __init__(self) -> None:
        self._next = 0.0
        self._told = ""

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def hear(self, heard: Heard) -> None:
        """Tell what has happened."""
        told = described(heard)
        if told is None:
            return
        if told["event"] == "state":
            self.say(f"{told['state']}" + (f": {told['reason']}" if told["reason"] else ""))
        elif told["event"] in TOLD:
            self.say(f"{told['event']}: {in_words(told)}")

    def draw(self, status: Status) -> None:
        """Tell how far it is, now and then."""
        now = time.monotonic()
        if now < self._next or (status.over and self._told):  # how it ended is told by `end`
            return
        text = so_far(status)
        if text != self._told:
            self._next, self._told = now + LINES_S, text
            self.say(text)

    def say(self, text: str) -> None:
        """Tell anything."""
        if text:
            with suppress_gone():
                click.echo(plain(text, 2000))

    def end(self, facts: Mapping[str, Any]) -> None:
        """Tell how it ended."""
        self.say(summary(facts))


class Json:
    """One JSON object a line on stdout."""

    keys = False

    def __init__(self) -> None:
        self._next = 0.0

    def __enter__(self) -> Json:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def hear(self, heard: Heard) -> None:
        """Write an event."""
        if (told := described(heard)) is not None:
            self.write(told)

    def draw(self, status: Status) -> None:
        """Write how far it is, once a second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + PROGRESS_S
        self.write({"event": "progress", **progress(status)})

    def say(self, text: str) -> None:
        """Write a note."""
        if text:
            self.write({"event": "note", "message": plain(text, 2000)})

    def end(self, facts: Mapping[str, Any]) -> None:
        """Write how it ended."""
        self.write({"event": "end", **facts})

    def write(self, told: Mapping[str, Any]) -> None:
        """Write one object."""
        with suppress_gone():
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


class Live(Plain):
    """The picture."""

    keys = True

    def __init__(self, title: str, keys: str) -> None:
        super().__init__()
        from rich.console import Console
        from rich.live import Live as RichLive

        from fabthread.live import Picture

        self.picture = Picture(title, keys)
        self._live = RichLive(console=Console(), auto_refresh=False, transient=False, screen=False)
        self._drawn = self._sampled = 0.0

    def __enter__(self) -> Live:
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.__exit__(kind, error, at)

    def hear(self, heard: Heard) -> None:
        """Keep what matters for the next picture."""
        told = described(heard)
        if told is None:
            return
        if told["event"] in TOLD:
            self.picture.warnings.append(f"{told['event']}: {in_words(told)}")
        elif told["event"] == "override" and told["what"] in ("feed", "flow", "fan"):
            self.picture.rates[told["what"]] = told["value"]

    def draw(self, status: Status) -> None:
        """Draw a picture, a few times a second."""
        now = time.monotonic()
        if now - self._drawn < PICTURES_S and not status.over:
            return
        self._drawn = now
        if now - self._sampled >= 1.0:
            self._sampled = now
            self.picture.remember(status.heaters)
        self._live.update(self.picture.draw(status), refresh=True)

    def say(self, text: str) -> None:
        """Ask or tell in the picture; "" takes it back."""
        self.picture.question = plain(text)

    def end(self, facts: Mapping[str, Any]) -> None:
        """Tell how it ended, below the picture."""
        self._live.stop()
        click.echo(plain(summary(facts), 2000))


Face = Plain | Json


@contextmanager
def suppress_gone() -> Iterator[None]:
    """Go on printing where whoever read our output has gone away: what is said from now on is for nobody."""
    try:
        yield
    except BrokenPipeError:
        silence()


def face(title: str, as_json: bool, keys: str = HELP) -> Face:
    """Return the face that fits: JSON where asked for, a picture on a terminal that can show it, else lines."""
    if as_json:
        return Json()
    return Live(title, keys) if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else Plain()


def so_far(status: Status) -> str:
    """Return in a line how far a job is; where there is none, how hot the printer is."""
    from fabthread.live import clock

    if status.over or status.state in ("idle", "offline"):
        heat = ", ".join(f"{plain(name, 8)} {reading.actual:.0f} C" for name, reading in status.heaters.items())
        return "; ".join(filter(None, (status.state, status.reason, heat)))
    left = f", {clock(status.left_s)} left" if status.left_s is not None else ""
    layer = f", layer {status.layer + 1} of {status.layers}" if status.layers else ""
    return f"{100 * status.done:.1f}%{layer}{left}"


def progress(status: Status) -> dict[str, Any]:
    """Return the figures of a moment for programs."""
    return {
        "state": status.state,
        "done": round(status.done, 5),
        "layer": status.layer,
        "layers": status.layers,
        "elapsed_s": round(status.elapsed_s, 1),
        "left_s": None if status.left_s is None else round(status.left_s, 1),
        "heaters": {name: [r.actual, r.target] for name, r in status.heaters.items()},
        "resends": status.resends,
    }


def in_words(told: Mapping[str, Any]) -> str:
    """Return what an event says, without its time and name.

    >>> in_words({"t": 1.0, "line": 3, "event": "warning", "message": "hot"})
    'hot'
    """
    parts = [value for key, value in told.items() if key not in ("t", "line", "event") and value not in ("", None, [])]
    return plain("; ".join(str(part) for part in parts))


def compared(facts: Mapping[str, Any]) -> list[str]:
    """Return how long everything took and was to take; the whole where only that is known.

    >>> compared({"times": {"printing": {"s": 61, "predicted_s": 60}, "heating": {"s": 90, "predicted_s": 95}}})
    ['1:01 printing (1:00 predicted)', '1:30 heating (1:35 predicted)']
    """
    from fabthread.live import clock

    times = facts["times"]
    if len([each for each in times.values() if each["s"]]) < 2:  # nobody told what it was waiting for
        total = {key: sum(each[key] for each in times.values()) for key in ("s", "predicted_s")}
        times = {"printing": total}
    return [
        f"{clock(each['s'])} {kind} ({clock(each['predicted_s'])} predicted)"
        for kind, each in times.items()
        if each["s"] or each["predicted_s"]
    ]


def summary(facts: Mapping[str, Any]) -> str:
    """Return how a print ended, in one line."""
    from fabthread.live import clock

    grams = sum(each["g"] for each in facts.get("filament", {}).values())
    words = [f"{facts['state']} after {clock(facts['elapsed_s'])}"]
    words += [", ".join(compared(facts))] if facts.get("printing_s") else []
    if grams:
        words.append(f"{grams:.1f} g of filament")
    if facts.get("resends"):
        words.append(f"{facts['resends']} resends")
    if facts.get("reason"):
        words.append(facts["reason"])
    return "; ".join(words) + (f" (job {facts['id']})" if facts.get("id") else "")
