"""A virtual printer that other programs can open: behind a pseudo-terminal or on a TCP port, in real time or faster.

    serve(printer, PtyLine(link="/tmp/printer"))
    serve(printer, TcpLine("127.0.0.1", 8000), speed=10)

A pulled cable closes the line; after `REPLUG` seconds it is put back, as a user would. Pseudo-terminals do not exist on
Windows: there only TCP.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from math import inf
from typing import Protocol

from printer.clock import Clock, WallClock
from printer.errors import VirtualError
from printer.virtual.printer import VirtualPrinter

CHUNK = 4096
LONGEST_WAIT = 0.25
"""Seconds after which the loop looks whether it is to stop."""

DEAF = 0.5
"""Seconds after which a host that takes nothing loses what it was sent."""

REPLUG = 5.0
"""Seconds for which a pulled cable stays out."""

SLICE = 10.0
"""Seconds of the printer's time between two looks at the line at maximum speed, while it has nothing to say."""

PATIENCE = 0.005
"""Seconds that a host has for its next line, before a printer at maximum speed goes on without it."""


class DeviceLine(Protocol):
    """The printer's end of a line."""

    name: str

    def open(self) -> None:
        """Let a host connect; raise `VirtualError` where that is impossible."""

    def read(self, timeout: float) -> bytes:
        """Return what the host has sent within `timeout` seconds."""

    def write(self, data: bytes) -> None:
        """Send to the host, if there is one."""

    def close(self) -> None:
        """Let go of the line."""


class PtyLine:
    """A pseudo-terminal: `name` is what a host opens as its serial port, `link` another name for it."""

    def __init__(self, link: str = "") -> None:
        self.name, self._link = link, link
        self._ends: tuple[int, ...] = ()

    def open(self) -> None:
        """Make the terminal, and the link to it."""
        try:
            import pty
            import tty
        except ImportError:
            raise VirtualError("there are no pseudo-terminals on this system: use --tcp") from None
        if os.path.islink(self._link) and os.path.exists(self._link):
            used = f"it leads to {os.readlink(self._link)}, which is in use: choose another name, or remove it"
            raise VirtualError(f"cannot make the link {self._link}: {used}")
        ours, theirs = pty.openpty()
        self._ends = (ours, theirs)  # both stay open, so that hosts may come and go
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self.name = os.ttyname(theirs)
        if self._link:
            try:
                if os.path.islink(self._link):
                    os.unlink(self._link)
                os.symlink(self.name, self._link)
            except OSError as error:
                self.close()
                raise VirtualError(f"cannot make the link {self._link}: {error.strerror}") from None

    def read(self, timeout: float) -> bytes:
        """Return what the host has sent."""
        try:
            return os.read(self._ends[0], CHUNK) if select.select([self._ends[0]], [], [], timeout)[0] else b""
        except OSError:  # the host has just gone
            return b""

    def write(self, data: bytes) -> None:
        """Send; what no host takes for a while is lost, as on a wire."""
        ours, theirs = self._ends
        while data:
            if not select.select([], [ours], [], DEAF)[1]:
                import termios

                termios.tcflush(theirs, termios.TCIFLUSH)
                return
            data = data[os.write(ours, data) :]

    def close(self) -> None:
        """Close both ends, and remove the link."""
        for end in self._ends:
            os.close(end)
        self._ends = ()
        if os.path.islink(self._link) and os.readlink(self._link) == self.name:
            os.unlink(self._link)


class TcpLine:
    """A TCP port, for one host at a time; port 0 takes any that is free."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self.name = f"{host}:{port}"
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None

    def open(self) -> None:
        """Listen."""
        if self._listener is None:
            try:
                self._listener = socket.create_server(self._address)
            except OSError as error:
                raise VirtualError(f"cannot listen on {self.name}: {error.strerror or error}") from None
            self._address = self._listener.getsockname()[:2]
            self.name = "{}:{}".format(*self._address)

    def read(self, timeout: float) -> bytes:
        """Return what the host has sent; take the next host where there is none."""
        assert self._listener is not None
        if self._peer is None:
            if select.select([self._listener], [], [], timeout)[0]:
                self._peer = self._listener.accept()[0]
                self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._peer.settimeout(REPLUG)
            return b""
        peer = self._peer
        try:
            if not select.select([peer], [], [], timeout)[0]:
                return b""
            if data := peer.recv(CHUNK):
                return data
        except OSError:
            pass
        self._hang_up()
        return b""

    def write(self, data: bytes) -> None:
        """Send, if somebody listens."""
        if self._peer is not None:
            try:
                self._peer.sendall(data)
            except OSError:
                self._hang_up()

    def close(self) -> None:
        """Hang up and listen no more."""
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


def serve(
    printer: VirtualPrinter,
    line: DeviceLine,
    speed: float = 1.0,
    stop: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
) -> None:
    """Serve a printer on an open line until `stop`; its time runs `speed` times as fast as the clock's.

    At infinite speed its time jumps from one answer to the next while it works, and runs with the clock while it waits.
    """
    clock = clock or WallClock()
    jumps, pace = speed == inf, 1.0 if speed == inf else speed
    began, lived = clock.now(), printer.now
    try:
        while not stop():
            if jumps and printer.busy:
                line.write(printer.advance(printer.now + SLICE))
                began, lived, wait = clock.now(), printer.now, PATIENCE
            else:
                _live(printer, line, lived + (clock.now() - began) * pace)
                wait = max((printer.due - printer.now) / pace, 0.0)
            if not printer.connected:
                _replug(printer, line, clock, stop)
                began, lived = clock.now(), printer.now
            elif data := line.read(min(wait, LONGEST_WAIT)):
                if not (jumps and printer.busy):
                    _live(printer, line, lived + (clock.now() - began) * pace)
                if printer.connected:
                    printer.write(data, printer.now)
    finally:
        line.close()


def _live(printer: VirtualPrinter, line: DeviceLine, until: float) -> None:
    """Let the printer live until `until`, and send what it says."""
    while printer.now < until:
        if heard := printer.advance(until):
            line.write(heard)


def _replug(printer: VirtualPrinter, line: DeviceLine, clock: Clock, stop: Callable[[], bool]) -> None:
    """Close the line of an unplugged printer and open it again a little later."""
    line.close()
    back = clock.now() + REPLUG
    while clock.now() < back and not stop():
        clock.sleep(0.05)
        printer.advance(printer.now + 0.05)
    line.open()
    printer.plug()
