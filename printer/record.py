r"""What became of a job, as a fold over what has happened, and on disk: one row in the store, and one folder.

    job.json        what is known at the end: file, hash, settings, states, layers, overrides, filament
    events.jsonl    everything that happened, as it happens: {"t": seconds, "line": n, "event": name, ...}
    journal         for recovery after a power cut: see `journal`
    part.gcode      the file, kept until the job has come to a good end

`described` is the one spelling of events for programs; `fabthread print --json` writes the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any

import numpy as np

from printer import events, notices
from printer.drivers.base import Heard, Status
from printer.errors import StoreError
from printer.events import Event
from printer.program import Program
from printer.store import JobRow, Store
from printer.text import plain
from printer.waiting import REMEMBERED

NAMES: dict[type[Event], str] = {
    notices.Changed: "state",
    notices.Layer: "layer",
    notices.Waited: "waited",
    notices.Warned: "warning",
    notices.Alarmed: "alarm",
    notices.Disconnected: "disconnected",
    notices.Reconnected: "reconnected",
    notices.Asked: "question",
    notices.Overridden: "override",
    events.Resent: "resend",
    events.Doubted: "doubt",
    events.Halted: "halted",
    events.Restarted: "restarted",
    events.Failed: "delivery_failed",
    events.Silent: "silent",
    events.Capabilities: "firmware",
    events.Message: "message",
}
"""Events that are told, by their name; `Temperatures` have a shape of their own, all others are the link's affair."""

SAMPLE_S = 1.0
"""Temperatures are written down no oftener."""

MOST = 10_000
"""Entries of one list in job.json."""

LISTS = ("states", "waits", "layers", "overrides", "warnings")

LOOKED_AT = 50
"""Jobs among which the last ones of a printer are looked for."""


def described(heard: Heard) -> dict[str, Any] | None:
    """Return an event for programs, None for one that nobody needs to know.

    >>> described(Heard(1.5, 7, notices.Warned("hot")))
    {'t': 1.5, 'line': 7, 'event': 'warning', 'message': 'hot'}
    """
    head: dict[str, Any] = {"t": round(heard.at, 3), "line": heard.line}
    if isinstance(heard.event, events.Temperatures):
        readings = {name: [r.actual, r.target] for name, r in heard.event.readings.items()}
        return {**head, "event": "temperatures", "heaters": readings}
    name = NAMES.get(type(heard.event))
    if name is None:
        return None
    return {**head, "event": name, **{k: _rounded(v) for k, v in asdict(heard.event).items()}}


@dataclass(slots=True)
class Tally:
    """Filament by tool, in mm: what the lines that were done have fed, with the flow that was set then."""

    program: Program
    line: int
    flow: float
    fed: dict[int, float]

    def advance(self, line: int) -> None:
        """Count the lines up to `line`, exclusive."""
        first, last = self.line, min(line, len(self.program))
        if last <= first:
            return
        tools, fed = self.program.tool[first:last], np.diff(self.program.filament[first : last + 1])
        for tool in np.unique(tools[fed != 0.0]).tolist():
            self.fed[tool] = self.fed.get(tool, 0.0) + self.flow * float(fed[tools == tool].sum())
        self.line = last


class Record:
    """The record of one job, being written; `finish` must be called at its end."""

    def __init__(
        self, store: Store, program: Program, printer: str, began: str, facts: Mapping[str, Any], start: int = 0
    ) -> None:
        row = JobRow(
            began=began,
            printer=printer,
            file=plain(program.name, 200),
            sha256=program.sha256,
            state="started",
            predicted_s=sum(program.predicted.values()),
            layers=program.layers,
        )
        self._store, self._program = store, program
        self.tally = Tally(program, start, 1.0, {})
        self.id, self.folder = store.begin(row)
        self._facts = {"id": self.id, "began": began, "printer": printer, "file": row.file, "sha256": row.sha256}
        self._facts |= {"lines": len(program), "first_line": start, **facts}
        self._lists: dict[str, list[Any]] = {name: [] for name in LISTS}
        self._layer: tuple[int, float] | None = None  # the layer at hand, and when it began
        self._sampled = -SAMPLE_S
        try:
            (self.folder / "part.gcode").write_bytes(program.data)
            self._log: IO[str] = open(self.folder / "events.jsonl", "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - until `finish`
        except OSError as error:
            reason = f"cannot write into {self.folder}: {error.strerror}"
            with suppress(OSError, StoreError):
                (self.folder / "part.gcode").unlink(missing_ok=True)
                store.finish(self.id, {"state": "failed", "reason": reason}, {})
            raise StoreError(reason) from None

    def observe(self, heard: Heard) -> None:
        """Take in what has happened."""
        handler = HANDLERS.get(type(heard.event))
        if handler:
            handler(self, heard)
        if isinstance(heard.event, events.Temperatures) and heard.at - self._sampled < SAMPLE_S:
            return
        told = described(heard)
        if told is None:
            return
        self._sampled = heard.at if told["event"] == "temperatures" else self._sampled
        with suppress(OSError, ValueError):  # a full disk costs the record, not the print
            self._log.write(json.dumps(told) + "\n")

    def finish(self, status: Status, line: int) -> dict[str, Any]:
        """Write down how it ended, and take the filament off the spools; return the facts."""
        self.tally.advance(line)
        self._end_layer(status.elapsed_s)
        took = self._took(status.elapsed_s)
        row = {
            "state": status.state,
            "reason": plain(status.reason),
            "elapsed_s": round(status.elapsed_s, 3),
            "printing_s": round(took["printing"], 3),
            "resends": status.resends,
            "underruns": status.underruns,
        }
        grams = self._store.finish(self.id, row, self.tally.fed)
        predicted = self._program.predicted
        self._facts |= {**row, "lines_done": line, "predicted_s": round(sum(predicted.values()), 3)}
        self._facts["times"] = {
            kind: {"s": round(took[kind], 3), "predicted_s": round(seconds, 3)} for kind, seconds in predicted.items()
        }
        self._facts["filament"] = {
            tool: {"mm": round(mm, 3), "g": round(grams[tool], 3)} for tool, mm in sorted(self.tally.fed.items())
        }
        self._facts |= self._lists
        with suppress(OSError):
            self._log.close()
        try:
            (self.folder / "job.json").write_text(json.dumps(self._facts, indent=1) + "\n", encoding="utf-8")
            if status.state in ("done", "cancelled") or not line:
                (self.folder / "part.gcode").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write into {self.folder}: {error.strerror}") from None
        return self._facts

    def _took(self, end: float) -> dict[str, float]:
        """Return the seconds that motion, heating and preparing took; what a person made it wait is none of these."""
        took = dict.fromkeys(self._program.predicted, 0.0)
        for wait in self._lists["waits"]:
            took[wait["kind"]] += wait["s"]
        going = sum(_spent(state, self._lists["states"], end) for state in ("printing", "heating"))
        took["printing"] = max(going - sum(took.values()), 0.0)
        return took

    def head(self) -> dict[str, Any]:
        """Return what a journal has to know to find everything again."""
        return {"job": self.id, "printer": self._facts["printer"], "file": self._facts["file"]} | {
            "sha256": self._facts["sha256"],
            "first_line": self._facts["first_line"],
        }

    def _note(self, name: str, entry: Any) -> None:
        if len(self._lists[name]) < MOST:
            self._lists[name].append(entry)

    def _end_layer(self, at: float) -> None:
        """Write down the layer at hand: number, predicted and real seconds."""
        if self._layer:
            number, began = self._layer
            predicted = self._program.layer_seconds(number) if number < self._program.layers else 0.0
            self._note("layers", {"layer": number, "predicted_s": round(predicted, 3), "s": round(at - began, 3)})
            self._layer = None


def earlier_waits(store: Store, printer: str) -> list[list[dict[str, Any]]]:
    """Return what the last prints of a printer waited for and how long, the newest first."""
    found: list[list[dict[str, Any]]] = []
    for row in store.jobs(LOOKED_AT, state="done"):
        if row.printer == printer and len(found) < REMEMBERED:
            with suppress(OSError, ValueError, AttributeError):
                facts = json.loads((store.job_folder(row.id) / "job.json").read_text(encoding="utf-8"))
                found.append([wait for wait in facts.get("waits", ()) if wait.keys() >= {"text", "s", "model_s"}])
    return found


def _changed(record: Record, heard: Heard) -> None:
    assert isinstance(heard.event, notices.Changed)
    record._note("states", {"t": round(heard.at, 3), "state": heard.event.state, "reason": heard.event.reason})
    if heard.event.state in ("finishing", "cancelling", "failed", "done", "cancelled"):
        record._end_layer(heard.at)


def _layer(record: Record, heard: Heard) -> None:
    assert isinstance(heard.event, notices.Layer)
    record._end_layer(heard.at)
    record._layer = heard.event.number, heard.at


def _waited(record: Record, heard: Heard) -> None:
    wait = heard.event
    assert isinstance(wait, notices.Waited)
    told = {"text": plain(wait.text, 200), "kind": wait.kind}
    record._note(
        "waits",
        {**told, "s": round(wait.took, 3), "predicted_s": round(wait.predicted, 3), "model_s": round(wait.model, 3)},
    )


def _overridden(record: Record, heard: Heard) -> None:
    assert isinstance(heard.event, notices.Overridden)
    record._note("overrides", {"t": round(heard.at, 3), "what": heard.event.what, "value": heard.event.value})
    if heard.event.what == "flow":
        record.tally.advance(heard.line)
        record.tally.flow = heard.event.value / 100


def _warned(record: Record, heard: Heard) -> None:
    assert isinstance(heard.event, notices.Warned | notices.Alarmed)
    record._note("warnings", {"t": round(heard.at, 3), "message": heard.event.message})


def _spent(state: str, states: list[dict[str, Any]], end: float) -> float:
    """Return the seconds spent in a state."""
    ends = [float(each["t"]) for each in states[1:]] + [end]
    spans = zip(states, ends, strict=False)
    return sum(max(until - float(each["t"]), 0.0) for each, until in spans if each["state"] == state)


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


HANDLERS: dict[type[Event], Callable[[Record, Heard], None]] = {
    notices.Changed: _changed,
    notices.Layer: _layer,
    notices.Waited: _waited,
    notices.Overridden: _overridden,
    notices.Warned: _warned,
    notices.Alarmed: _warned,
}
