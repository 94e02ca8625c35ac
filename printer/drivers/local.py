"""Printing by ourselves: a controller in a thread of its own, so that a terminal that hangs starves no printer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from printer.clock import WallClock
from printer.controller import AT_REST, Controller
from printer.drivers.base import Heard, RemoteFile, Status, safe_name
from printer.errors import ImpossibleAction
from printer.events import Event
from printer.firmware import UNKNOWN, Firmware
from printer.program import Program, load
from printer.protocol import Link
from printer.sequences import Policy
from printer.transport.base import Transport

if TYPE_CHECKING:
    from printer.journal import Journal
    from printer.recovery import Plan
    from printer.view import View

CLOCK = WallClock()
LOOK_S = 0.1
"""Seconds between two views that are taken for others."""

LONGEST_S = 2.0
"""Seconds of its own that a virtual printer runs at most until somebody looks, however quick it is."""

MOST_HEARD = 100_000
"""Events kept for a listener that does not come."""


class Local:
    """A printer on a transport, driven from here.

    open     opens the transport; its argument says whether it is being opened again, while a print may be running
    waits    whether a device that is lost is looked for again
    pack     packs lines where the firmware unpacks them
    buffer, lossless   bytes of the board's receive buffer, 0 what is usual for its firmware; nothing ever overflows
    pace     times as fast as real time that a virtual printer may run; None for a printer with a clock of its own
    """

    can = frozenset({"emergency", "override", "send", "answer", "exclude"})

    def __init__(
        self,
        open: Callable[[bool], Transport],
        *,
        name: str = "",
        firmware: Firmware = UNKNOWN,
        policy: Policy | None = None,
        waits: bool = True,
        pack: bool = False,
        buffer: int = 0,
        lossless: bool = False,
        pace: float | None = None,
    ) -> None:
        self.name = name
        self._link = partial(Link, firmware, pack=pack, buffer=buffer, lossless=lossless)
        self._open, self._waits = open, waits
        self.policy = policy or Policy()
        self._pace = Pace(pace) if pace else None
        self._programs: dict[str, Program] = {}
        self._heard: deque[Heard] = deque(maxlen=MOST_HEARD)
        self._controller: Controller | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._view: View | None = None
        self._began = 0.0

    def upload(self, data: bytes, name: str) -> str:
        """Keep a file, to be printed from here."""
        return self.offer(load(data, name=safe_name(name)))

    def offer(self, program: Program) -> str:
        """Keep a program that is loaded and checked already."""
        self._programs[program.name] = program
        return program.name

    def start(self, name: str, journal: Journal | None = None, plan: Plan | None = None) -> None:
        """Begin to print, from the beginning or where a plan of recovery says."""
        if name not in self._programs:
            raise ImpossibleAction(f"no file {name!r} was handed over")
        self._connect(self._programs[name], journal, plan)

    def watch(self) -> None:
        """Connect without printing: to look, talk and move by hand."""
        self._connect(None, None, None)

    def pause(self) -> None:
        """Stop between two lines, off the part."""
        self._running.pause()

    def resume(self) -> None:
        """Go on."""
        self._running.resume()

    def cancel(self) -> None:
        """End the job with heaters off."""
        self._running.cancel()

    def emergency_stop(self) -> None:
        """Write M112 now."""
        self._running.emergency_stop()

    def override(self, **values: float) -> None:
        """Set feed, flow, fan, nozzle, bed."""
        self._running.override(**values)

    def send(self, line: str) -> None:
        """Say a line of one's own, while nothing prints."""
        self._running.send(line)

    def answer(self, choice: int | None = None) -> None:
        """Answer the printer's question."""
        self._running.answer(choice)

    def exclude(self, program: Program, which: int) -> None:
        """Leave out an object of the file."""
        self._running.exclude(program.objects[which])

    def status(self) -> Status:
        """Return what was so a moment ago. Raises whatever has stopped the thread, if it was no printer's fault."""
        if self._error:
            raise self._error
        return seen(self._view) if self._view else Status("idle")

    def files(self) -> list[RemoteFile]:
        """Return what was handed over."""
        return [RemoteFile(name, len(program.data)) for name, program in self._programs.items()]

    def heard(self) -> list[Heard]:
        """Return all that has happened since the last call."""
        found = []
        while self._heard:
            found.append(self._heard.popleft())
        return found

    def close(self) -> None:
        """Let go of the printer; a job that still runs ends here, with the heaters off."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    @property
    def _running(self) -> Controller:
        if self._controller is None:
            raise ImpossibleAction(f"{self.name} is not connected")
        return self._controller

    def _connect(self, program: Program | None, journal: Journal | None, plan: Plan | None) -> None:
        """Open the transport and let the thread run."""
        if self._thread:
            raise ImpossibleAction(f"{self.name} is in use")
        try:
            transport = self._open(False)
        except BaseException:
            if journal:
                journal.end("never began")
            raise
        if journal:
            journal.add(port=transport.name, baud=transport.baud or 0)
        self._controller = Controller(
            transport,
            program,
            link=self._link(),
            policy=self.policy,
            journal=journal,
            reopen=(lambda: self._open(True)) if self._waits else None,
            on_event=self._hear,
            start=plan.line if plan else 0,
            preamble=plan.lines if plan else (),
        )
        self._began = self._controller.now
        self._view = self._controller.view()
        self._thread = threading.Thread(target=self._run, args=(self._controller,), name="printer")
        self._thread.start()

    def _run(self, controller: Controller) -> None:
        """Step until the job has ended or nobody wants it any more."""
        looked = 0.0
        try:
            while controller.step(self._wait()) and not self._stop.is_set():
                if CLOCK.now() - looked > LOOK_S:
                    looked = CLOCK.now()
                    self._view = controller.view()
                if self._pace:
                    self._pace.keep(controller.now, self._view.state in AT_REST if self._view else False)
        except BaseException as error:  # told by `status`, in the thread that can do something about it
            self._error = error
        finally:
            controller.close()
            self._view = controller.view()

    def _wait(self) -> float:
        """Return how long a step may wait, of the printer's seconds."""
        if self._pace and self._view and self._view.state not in AT_REST:
            return min(LOOK_S * self._pace.speed, LONGEST_S)
        return LOOK_S

    def _hear(self, event: Event) -> None:
        controller = self._controller
        self._heard.append(
            Heard(controller.now - self._began, controller.line, event) if controller else Heard(0.0, 0, event)
        )


class Pace:
    """Keeps a virtual printer's time from running ahead of the wall's; while it rests, of the wall's own pace."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._wall = self._printer = 0.0
        self._resting: bool | None = None

    def keep(self, now: float, resting: bool) -> None:
        """Wait until the wall's clock has come to the printer's `now`."""
        wall = CLOCK.now()
        if resting is not self._resting:
            self._wall, self._printer, self._resting = wall, now, resting
        speed = 1.0 if resting else self.speed
        ahead = (now - self._printer) / speed - (wall - self._wall)
        if ahead > 0:
            CLOCK.sleep(min(ahead, 1.0))


def seen(view: View) -> Status:
    """Return what everybody wants to know of a view."""
    job = view.job
    return Status(
        state=job.state,
        reason=job.reason,
        file=view.file,
        done=job.done,
        layer=job.layer,
        layers=job.layers,
        elapsed_s=job.elapsed_s,
        left_s=view.left_s,
        heaters=view.heaters,
        speed=view.speed,
        flow=view.flow,
        lines_per_second=view.lines_per_second,
        resends=view.resends,
        underruns=view.underruns,
        filament=job.filament,
        firmware=view.firmware,
        reached=view.connected,
        asks=view.asks,
    )
