"""`fabthread terminal`: talk to a printer line by line."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

import click

from fabthread.choosing import chosen, printer_options
from printer.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from printer.clock import Clock
    from printer.drivers.local import Local
    from printer.transport.base import Transport

EPILOG = """\b
Examples:
  fabthread terminal                          type G-code, end with Ctrl-D
  fabthread terminal --printer shop -c M115 -c M503
  echo M114 | fabthread terminal --port /dev/ttyUSB0

Lines are numbered and checked on their way. M112 goes out at once, past every queue. Heaters that were switched on from
here stay on at the end.
"""
LOOK_S, MOST_S = 0.05, 600.0
"""Seconds between two looks at what came; the longest that an answer is waited for."""

ASKED_S = 2.0
"""Seconds after M105 in which temperatures are an answer; at other times they only come because we watch."""

NOISE = ("ok", "wait", "echo:busy: processing")


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
    """Shows what a printer says, and counts the commands it has done."""

    def __init__(self, driver: Local, lines: deque[str]) -> None:
        super().__init__(name="terminal")
        self._driver, self._lines = driver, lines
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

        for heard in self._driver.heard():
            if isinstance(heard.event, Completed):
                self.done[heard.event.line.split(" ", 1)[0].upper()] += 1
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
    from printer.drivers import ways

    where, secret = chosen(printer, port, baud)
    if where.kind in ways.REMOTE:
        driver = ways.connect(where, secret)
        try:
            for line in commands or sys.stdin:
                driver.send(line.strip())
        finally:
            driver.close()
        return
    lines: deque[str] = deque(maxlen=100_000)
    _talk(ways.local(where, through=lambda transport: Tap(transport, lines)), lines, commands or sys.stdin)


def _talk(driver: Local, heard: deque[str], said: Iterable[str]) -> None:
    """Say lines, and wait until each is done."""
    from fabthread.monitor_cli import settled

    try:
        driver.watch()
        settled(driver)
        heard.clear()
        listener = Listener(driver, heard)
        listener.start()
        try:
            for line in said:
                _say(driver, listener, line.strip())
        except KeyboardInterrupt:
            pass
        finally:
            listener.over.set()
            listener.join()
    finally:
        driver.close()


def _say(driver: Local, listener: Listener, line: str) -> None:
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
    _wait(lambda: listener.done[word] > before, driver)


def _wait(done: Callable[[], bool], driver: Local) -> None:
    until = time.monotonic() + MOST_S
    while not done() and driver.status().reached and time.monotonic() < until:
        time.sleep(LOOK_S / 2)
