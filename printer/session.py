"""A link on a transport: bytes pumped both ways, a lost device found again, what follows an order done when it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from printer.errors import LinkError, LinkLost
from printer.events import Event, Halted, Temperatures
from printer.notices import Disconnected, Reconnected
from printer.protocol import Link, State
from printer.transport.base import Transport

RETRY_FIRST, RETRY_MOST = 0.5, 10.0
"""Seconds before a lost device is looked for, doubled at each attempt."""

BREATH = 0.0005
"""Seconds that every pump waits at least, so that time passes whatever happens."""

CONFIRM = 3.0
"""Seconds in which a printer that still listens says that its heaters are off."""


class Session:
    """Only one thread may `pump`; `urgent` may come from any."""

    def __init__(self, transport: Transport, link: Link, reopen: Callable[[], Transport] | None = None) -> None:
        self.link = link
        self.name = transport.name + (f" at {transport.baud} baud" if transport.baud else "")
        self.baud = transport.baud
        self.clock = transport.clock
        self._transport: Transport | None = transport
        self._reopen = reopen
        self._wire = threading.Lock()
        self._then: Callable[[], None] | None = None
        self._lost = 0.0
        self._retry = self._retry_at = 0.0
        link.open(self.now)

    @property
    def now(self) -> float:
        """The device's time."""
        return self.clock.now()

    @property
    def connected(self) -> bool:
        """Whether there is a device."""
        return self._transport is not None

    @property
    def lost_for(self) -> float:
        """Seconds since the device was lost; 0 while there is one."""
        return 0.0 if self.connected else self.now - self._lost

    @property
    def talking(self) -> bool:
        """Whether the printer takes lines, now or once it has recovered from noise."""
        return self.connected and self.link.state in (State.STREAMING, State.SETTLING)

    def say(self, lines: Iterable[str], then: Callable[[], None] | None = None) -> None:
        """Queue lines before all lines of the job; call `then` when everything that was said has certainly arrived."""
        for line in lines:
            self.link.send(line, job=False)
        self._then = then or self._then

    def forget(self) -> None:
        """Wait for no more answers."""
        self._then = None

    def urgent(self, line: str) -> bool:
        """Write a line at once, past every queue; say whether there was somebody to write to.

        A stranger gets no answers of ours; an emergency stop by hand does not ask who is there.
        """
        if self.link.stranger and line != "M112":
            return False
        return self._write(self.link.urgent(line))

    def pump(self, timeout: float) -> list[Event]:
        """Write what may be written, wait up to `timeout` seconds for an answer, and return what it means."""
        link, transport = self.link, self._transport
        if transport is None:
            return self._find(timeout)
        now = self.now
        try:
            if data := link.to_write(now):
                with self._wire:
                    transport.write(data)
            data = transport.read(max(min(timeout, link.deadline(now) - now), BREATH))
        except LinkLost as error:
            return self._lose(error)
        now = self.now
        events = link.receive(data, now) if data else []
        events += link.tick(now)
        if self._then and self.talking and link.idle:
            then, self._then = self._then, None
            then()
        return events

    def heaters_off(self, lines: Iterable[str]) -> bool | None:
        """Say `lines` past the link, un-numbered, because who counts may have lost count.

        M108 before them ends a wait for a temperature, M105 behind them asks. Return whether the printer confirms that
        no heater has a target any more, None where it is not there, or does not say that it is ours.
        """
        until = self.now + CONFIRM
        while self.link.stranger and self._transport and self.now < until:
            self.pump(until - self.now)
        if self.link.stranger:
            return None
        text = "\n".join(["", "M108", *lines, "M107", "M105", ""])
        if not self._write(self.link.plainly() + text.encode("ascii")):
            return None
        until = self.now + CONFIRM
        while self.now < until and self._transport:
            try:
                data = self._transport.read(until - self.now)
            except LinkLost:
                return None
            if any(_is_cold(event) for event in self.link.receive(data, self.now)):
                return True
        return False

    def close(self) -> None:
        """Let go of the device."""
        if plainly := self.link.plainly():
            self._write(plainly + b"\n")  # who comes next need not know about packing
        if self._transport:
            self._transport.close()
            self._transport = None
        self._reopen = None

    def _write(self, data: bytes) -> bool:
        """Write at once; say whether that was possible."""
        transport = self._transport
        if transport:
            with suppress(LinkLost), self._wire:
                transport.write(data)
                return True
        return False

    def _lose(self, error: LinkLost) -> list[Event]:
        """Note that the device is gone."""
        if self._transport:
            self._transport.close()
        self._transport = None
        self._lost, self._retry = self.now, RETRY_FIRST
        self._retry_at = self.now + self._retry
        return [Disconnected(str(error))]

    def _find(self, timeout: float) -> list[Event]:
        """Look for the device where it is time to; otherwise wait."""
        wait = self._retry_at - self.now
        if wait > 0 or not self._reopen:
            self.clock.sleep(min(timeout, max(wait, 0.0)) if self._reopen else timeout)
            return []
        try:
            self._transport = self._reopen()
        except LinkError:
            self._retry = min(2 * self._retry, RETRY_MOST)
            self._retry_at = self.now + self._retry
            return []
        self.link.reopened(self.now)
        return [Reconnected(self.now - self._lost)]


def _is_cold(event: Event) -> bool:
    """Return whether an event says that nothing is heated: firmware that stops itself switches everything off."""
    if isinstance(event, Temperatures):
        targets = [reading.target for reading in event.readings.values() if reading.target is not None]
        return bool(targets) and not any(targets)
    return isinstance(event, Halted)
