"""What has happened at a printer behind a server: the difference between two looks at it.

A look takes what the server has pushed, where it has a push channel; else the server is asked, once a second. Only the
end of a job is not believed when it is pushed, but asked for: what was pushed before the job began looks just like it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from printer.clock import Clock, WallClock
from printer.drivers.base import OFFLINE, Heard, Remote, Status
from printer.errors import DriverError
from printer.events import Event, Halted, Message, Temperatures
from printer.job import FINAL
from printer.notices import Changed, Disconnected, Layer, Reconnected, Warned
from printer.program import NOTHING, Program
from printer.protocol.replies import is_error, is_line_error, parse_error

INTERVAL_S = 1.0
"""Between two questions."""

IDLE_S = 60.0
"""For so long a server may say that it prints nothing, although it should."""

GIVE_UP_S = 300.0
"""For so long a server may be away."""


class Polling:
    """A printer behind a server, listened to or asked now and then."""

    def __init__(self, driver: Remote, program: Program | None = None, clock: Clock | None = None) -> None:
        self.last = Status("connecting")
        self._driver, self._program, self._clock = driver, program or NOTHING, clock or WallClock()
        self._began = self._clock.now()
        self._asked = self._began - INTERVAL_S
        self._away: float | None = None
        self._idle: float | None = None
        self._layer = 0.0  # when it began
        self._printing = len(self._program) > 0  # or only looking
        self._told = False  # that nothing is pushed
        if driver.channel:
            driver.channel.open()

    def heard(self) -> list[Heard]:
        """Look, if it is time to; return what has happened. Raises `DriverError` where the server stays away."""
        now = self._clock.now()
        if self._printing and self.last.state in FINAL:
            return []
        try:
            status = self._look(now)
        except DriverError as error:
            return self._missing(now, str(error))
        if status is None:
            return []
        found: list[Event] = [Reconnected(now - self._away)] if self._away is not None else []
        self._away = None
        status = self._counted(self._forgotten(status, now))
        line = self._line(status)
        found += self._said()
        found += self._differences(status, now - self._began)
        self.last = status
        return [Heard(now - self._began, line, event) for event in found]

    def status(self) -> Status:
        """Return the last answer."""
        return self.last

    def _look(self, now: float) -> Status | None:
        """Return what is so; None where there is nothing to go by until it is time to ask."""
        pushed = self._driver.pushed()
        if pushed and not (self._printing and pushed.over):
            return pushed
        if now - self._asked < INTERVAL_S:
            return None
        self._asked = now
        return self._driver.status()

    def _said(self) -> list[Event]:
        """Return what the channel has told that people should see, its own troubles once."""
        channel = self._driver.channel
        if channel is None:
            return []
        lines = [event.text for event in channel.heard() if isinstance(event, Message)]
        said = [_complaint(line) for line in lines if is_error(line) and not is_line_error(line)]
        if channel.trouble and not self._told:
            self._told = True
            said.append(Warned(f"{self._driver.name} pushes nothing ({channel.trouble}): it is asked once a second"))
        return said

    def _missing(self, now: float, reason: str) -> list[Heard]:
        """Wait for a server that is away."""
        if self._away is None:
            self._away = now
            return [Heard(now - self._began, self._line(self.last), Disconnected(reason))]
        if now - self._away > GIVE_UP_S:
            raise DriverError(f"{reason}; what the printer does now is not known, it may be printing")
        return []

    def _forgotten(self, status: Status, now: float) -> Status:
        """Return a status that says so where a job was started and the server knows nothing of it."""
        if not self._printing or status.state not in ("idle", OFFLINE):
            self._idle = None
            return status
        self._idle = now if self._idle is None else self._idle
        if now - self._idle <= IDLE_S:
            return status
        return replace(
            status, state="failed", reason=status.reason or f"{self._driver.name} does not print it any more"
        )

    def _line(self, status: Status) -> int:
        """Return how many lines of the program are done."""
        program = self._program
        if status.state == "done":
            return len(program)
        if status.position is not None:
            return int(np.searchsorted(program.end, status.position, "right"))
        return int(np.searchsorted(program.seconds[1:], status.done * program.seconds[-1], "right"))

    def _counted(self, status: Status) -> Status:
        """Return a status with the layer and the filament that its server does not tell."""
        program, line = self._program, self._line(status)
        if not self._printing or status.state in ("idle", OFFLINE):
            return status
        known = status.filament if status.filament is not None else float(program.filament[line])
        layer = status.layer if status.layer >= 0 else int(program.layer[line - 1]) if line else -1
        return replace(status, layer=layer, layers=status.layers or program.layers, filament=known)

    def _differences(self, status: Status, at: float) -> list[Event]:
        """Return what is new in a status."""
        found: list[Event] = []
        if status.state != self.last.state:
            found.append(Changed(status.state, status.reason))
        if status.heaters and status.heaters != self.last.heaters:
            found.append(Temperatures(status.heaters))
        if status.layer > self.last.layer and status.state not in FINAL:
            before = self.last.layer
            predicted = self._program.layer_seconds(before) if 0 <= before < self._program.layers else 0.0
            found.append(Layer(status.layer, status.elapsed_s, at - self._layer, predicted))
            self._layer = at
        return found


def _complaint(line: str) -> Event:
    """Return what an error of the printer means to people."""
    error = parse_error(line)
    return error if isinstance(error, Halted) else Warned(line)
