"""`fabthread terminal`: talk to a printer line by line."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

import click

from fabthread.choosing import chosen, printer_options
from fabthread.interrupts import let_interrupt
from printer.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from printer.clock import Clock
    from printer.drivers.base import Remote
    from printer.drivers.local import Local
    from printer.drivers.push import Channel
    from printer.events import Event
    from printer.transport.base import Transport

EPILOG = """\b
Examples:
  fabthread terminal                          type G-code, end with Ctrl-D
  fabthread terminal --printer shop -c M115 -c M503
  echo M114 | fabthread terminal --port /dev/ttyUSB0

Lines are numbered and checked on their way. M112 goes out at once, past every queue. Heaters that were switched on from
here stay on at the end. Through OctoPrint and Moonraker it is the same; PrusaLink takes no lines.
"""
LOOK_S, MOST_S = 0.05, 600.0
"""Seconds between two looks at what came; the longest that an answer is waited for."""

CHANNEL_S, LATE_S = 5.0, 0.6
"""Seconds that a server has to open its push channel; in which its last lines come when all is done."""

ASKED_S = 2.0
"""Seconds after M105 in which temperatures are an answer; at other times they only come because we watch."""

NOISE = ("ok", "wait", "echo:busy: processing", "Not SD printing")


class Tap:
    """A transport that lets others read along."""

    def __init__(self, transport: Transport, lines: deque[str]) -> None:
        self.name, self.baud = transport.name, transport.baud
        self.clock: Clock = transport.clock
        self._transport, self._lines, self._rest = transport, lines, b""

    def write(self, data: bytes) -> None:
        """Pass on."""
        self._transport.write(data)

    def read(self, timeout: float) -> bytes:
        """Pass on, and keep the lines."""
        data = self._transport.read(timeout)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-4096:]
        self._lines.extend(line.decode("utf-8", "replace").strip() for line in lines)
        return data

    def close(self) -> None:
        """Close."""
        self._transport.close()


class Listener(threading.Thread):
    """Shows what a printer says, and counts the commands it has done.

    hear    returns what has happened since the last call
    lines   what the printer has said and nobody has shown
    """

    def __init__(self, hear: Callable[[], Iterable[Event]], lines: deque[str]) -> None:
        super().__init__(name="terminal")
        self._hear, self._lines = hear, lines
        self.done: Counter[str] = Counter()
        self.over = threading.Event()
        self.asked = -ASKED_S  # when M105 was said

    def run(self) -> None:
        """Look now and then, and once more at the end."""
        while not self.over.wait(LOOK_S):
            self.look()
        self.look()

    def look(self) -> None:
        """Show what has come."""
        from printer.events import Completed

        for event in self._hear():
            if isinstance(event, Completed):
                self.done[event.line.split(" ", 1)[0].upper()] += 1
        while self._lines:
            line = self._lines.popleft()
            heat = line.removeprefix("ok ").startswith(("T:", "T0:"))
            if line not in NOISE and (not heat or time.monotonic() - self.asked < ASKED_S):
                click.echo(plain(line))


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@printer_options
@click.option("-c", "--command", "commands", multiple=True, metavar="LINE", help="Say this, and stop; repeatable.")
def terminal(printer: str | None, port: str | None, baud: int | None, commands: tuple[str, ...]) -> None:
    """Talk to a printer in G-code; nothing may be printing meanwhile."""
    let_interrupt()
    from printer.drivers import ways

    where, secret = chosen(printer, port, baud)
    lines: deque[str] = deque(maxlen=100_000)
    if where.kind in ways.REMOTE:
        _through_server(ways.remote(where, secret), lines, commands or sys.stdin)
    else:
        _on_wire(ways.local(where, through=lambda transport: Tap(transport, lines)), lines, commands or sys.stdin)


def _on_wire(driver: Local, lines: deque[str], said: Iterable[str]) -> None:
    """Talk to a printer that is driven from here."""
    from fabthread.monitor_cli import settled

    try:
        driver.watch()
        settled(driver)
        lines.clear()
        listener = Listener(lambda: [heard.event for heard in driver.heard()], lines)
        _talk(driver, listener, said, lambda: driver.status().reached)
    finally:
        driver.close()


def _through_server(driver: Remote, lines: deque[str], said: Iterable[str]) -> None:
    """Talk to a printer behind a server, whose answers come through the push channel."""
    from printer.errors import ImpossibleAction

    channel = driver.channel
    try:
        if "send" not in driver.can:
            raise ImpossibleAction(f"{driver.name} takes no G-code lines")
        if channel is None or not _opened(channel):
            trouble = (channel.trouble if channel else "") or "it pushes nothing"
            click.echo(f"answers cannot be shown, lines are sent all the same: {trouble}", err=True)
        listener = Listener(lambda: _heard(channel, lines), lines)
        _talk(driver, listener, said, lambda: bool(channel and channel.alive), LATE_S)
    finally:
        driver.close()


def _opened(channel: Channel) -> bool:
    """Return whether a channel can be had in good time."""
    channel.open()
    until = time.monotonic() + CHANNEL_S
    while not channel.alive and time.monotonic() < until:
        time.sleep(LOOK_S)
    return channel.alive


def _heard(channel: Channel | None, lines: deque[str]) -> list[Event]:
    """Return what a server has pushed; keep what its printer has said."""
    from printer.events import Message

    events = channel.heard() if channel else []
    lines.extend(event.text for event in events if isinstance(event, Message))
    return events


def _talk(
    driver: Local | Remote, listener: Listener, said: Iterable[str], there: Callable[[], bool], late: float = 0.0
) -> None:
    """Say lines, and wait until each is done, as long as the printer is there; then for what comes late."""
    listener.start()
    try:
        for line in said:
            _say(driver, listener, line.strip(), there)
        time.sleep(late if there() else 0.0)
    except KeyboardInterrupt:
        pass
    finally:
        listener.over.set()
        listener.join()


def _say(driver: Local | Remote, listener: Listener, line: str, there: Callable[[], bool]) -> None:
    """Say one line and wait until it is done."""
    from printer.errors import ImpossibleAction, UnsendableLine

    word = line.split(" ", 1)[0].upper()
    if not word or word.startswith(";"):
        return
    before = listener.done[word]
    if word == "M105":
        listener.asked = time.monotonic()
    if word == "M112":
        driver.emergency_stop()
        return
    try:
        driver.send(line)
    except (ImpossibleAction, UnsendableLine) as error:
        click.echo(plain(error), err=True)
        return
    until = time.monotonic() + MOST_S
    while listener.done[word] == before and there() and time.monotonic() < until:
        time.sleep(LOOK_S / 2)
