"""A job under way: what happens is recorded and shown, what people ask for is carried out, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fabthread.faces import Face
from fabthread.interrupts import Stop
from fabthread.keys import Keys
from printer.errors import DriverError, ImpossibleAction

if TYPE_CHECKING:
    from printer.drivers.base import Driver, Heard, Remote, Status
    from printer.drivers.local import Local
    from printer.program import Program
    from printer.record import Record
    from printer.recovery import Plan

LOOK_S = 0.05
SURE_S = 5.0
"""Seconds in which a question is answered by asking again."""

STEPS: dict[str, tuple[str, float]] = {
    "-": ("feed", -10), "+": ("feed", 10), "(": ("flow", -2), ")": ("flow", 2), "f": ("fan", -10), "F": ("fan", 10),
    "n": ("nozzle", -5), "N": ("nozzle", 5), "b": ("bed", -5), "B": ("bed", 5),
}  # fmt: skip
"""Key -> what it changes, and by how much."""

EXITS = {"done": 0, "failed": 11, "cancelled": 12, "offline": 10}
"""Exit code of a job by its last state."""


class Source(Protocol):
    """What has happened, and what is so."""

    def heard(self) -> list[Heard]: ...
    def status(self) -> Status: ...


class Asked(NamedTuple):
    """A question to the person at the keyboard: what would be done, and until when it can be confirmed."""

    what: str = ""
    until: float = 0.0


class Running:
    """One job on one driver, and one person who may want something of it."""

    def __init__(
        self, driver: Driver, source: Source, face: Face, record: Record | None = None, program: Program | None = None
    ) -> None:
        self._driver, self._source, self._face, self._record = driver, source, face, record
        self._program = program
        self._asked = Asked()
        self._interrupts = 0
        self._cancelling = False
        self._rates: dict[str, float] = {}  # set by hand
        self.line = 0

    def follow(self) -> Status:
        """Show and record until the job is over; return its last status."""
        with Stop() as stop, Keys(self._face.keys) as keys, self._face:
            while True:
                status = self._source.status()
                self._pass_on()
                self._face.draw(status)
                if status.over:
                    self._pass_on()
                    return status
                if key := keys.get(LOOK_S):
                    self._press(key, status)
                self._interrupted(stop)

    def _pass_on(self) -> None:
        """Record and show what has happened."""
        for heard in self._source.heard():
            self._tell(heard)

    def _tell(self, heard: Heard) -> None:
        self.line = heard.line
        if self._record:
            self._record.observe(heard)
        self._face.hear(heard)

    def _interrupted(self, stop: Stop) -> None:
        """Ask at the first Ctrl-C, stop at the second, at once at the third; a kill does not ask."""
        if stop.killed and not self._cancelling:
            self._do(self._cancel)
        if self._asked.what and time.monotonic() > self._asked.until:
            self._ask("")
        if stop.pressed == self._interrupts:
            return
        self._interrupts = stop.pressed
        if self._cancelling:
            self._do(self._driver.emergency_stop)
        elif self._asked.what == "cancel":
            self._do(self._cancel)
        else:
            self._ask("cancel", "Stop the print? Ctrl-C again stops it, heaters off; otherwise it goes on")

    def _press(self, key: str, status: Status) -> None:
        """Do what a key means."""
        sure = self._asked.what
        self._ask("")
        if key == "p":
            self._do(self._driver.resume if status.state == "paused" else self._driver.pause)
        elif key in "cq" and sure == "cancel":
            self._do(self._cancel)
        elif key in "cq":
            self._ask("cancel", "Cancel the print? Press c again")
        elif key == "!":
            self._do(self._driver.emergency_stop)
        elif key in STEPS:
            self._do(lambda: self._change(*STEPS[key], status))
        elif key == "x":
            self._do(lambda: self._exclude(sure))
        elif key.isdigit() and status.asks:
            self._do(lambda: self._driver.answer(int(key) if status.asks and status.asks.choices else None))

    def _change(self, what: str, by: float, status: Status) -> None:
        """Change a rate from where it is."""
        from printer.drivers.base import Heard
        from printer.notices import Overridden

        heater = status.heaters.get({"nozzle": "T", "bed": "B"}.get(what, ""))
        value = by + ((heater.target or 0.0) if heater else self._rates.get(what, 100.0))
        self._driver.override(**{what: value})
        self._rates[what] = value
        self._tell(Heard(status.elapsed_s, self.line, Overridden(what, value)))

    def _exclude(self, sure: str) -> None:
        """Leave out the object at hand, when asked for it twice."""
        program = self._program
        which = int(program.object[min(self.line, len(program) - 1)]) if program else -1
        if program is None or which < 0:
            raise ImpossibleAction("no object is being printed now that the file labels")
        if sure == f"exclude {which}":
            self._driver.exclude(program, which)
        else:
            self._ask(f"exclude {which}", f"Leave out {program.objects[which]} from now on? Press x again")

    def _cancel(self) -> None:
        self._cancelling = True
        self._driver.cancel()

    def _do(self, order: Callable[[], None]) -> None:
        """Carry out an order; tell where it makes no sense now."""
        try:
            order()
        except (ImpossibleAction, DriverError) as error:  # a server that is away now may be there again soon
            self._ask("told", str(error))

    def _ask(self, what: str, text: str = "") -> None:
        if what or self._asked.what:
            self._face.say(text)
        self._asked = Asked(what, time.monotonic() + SURE_S)


def print_on(
    driver: Local | Remote, name: str, program: Program, record: Record, face: Face, plan: Plan | None = None,
    detach: bool = False,
) -> Status:  # fmt: skip
    """Start what was handed over, follow it to its end, and write down what became of it.

    plan     where to go on, instead of the beginning
    detach   leave as soon as a server has begun
    """
    from printer.drivers.base import Status
    from printer.drivers.local import Local
    from printer.drivers.polling import Polling
    from printer.journal import Journal

    status, line = Status("failed", "it never began"), 0
    try:
        if isinstance(driver, Local):
            driver.start(name, Journal(record.folder / "journal", record.head()), plan)
            source: Source = driver
        else:
            driver.start(name)
            if detach:
                status = Status("detached", f"{driver.name} prints on by itself")
                return status
            source = Polling(driver, program)
        status, running = Status("failed", "fabthread stopped"), Running(driver, source, face, record, program)
        try:
            status = running.follow()
        finally:
            line = running.line
    finally:
        face.end(record.finish(status, line))
    return status
