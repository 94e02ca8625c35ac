"""`fabthread monitor`: what a printer is doing, without printing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from fabthread.choosing import chosen, printer_options
from fabthread.interrupts import let_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from fabthread.faces import Face
    from fabthread.running import Source
    from printer.drivers.base import Status
    from printer.drivers.local import Local

EPILOG = """\b
Examples:
  fabthread monitor --printer octo
  fabthread monitor --port /dev/ttyUSB0 --json | jq .heaters
  fabthread monitor --once

A serial port is opened without resetting the board where the system lets it. Ctrl-C ends it; the printer goes on.
"""
LOOK_S, ANSWER_S = 0.1, 15.0
"""Between two looks; for the first answer of a printer."""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@printer_options
@click.option("--once", is_flag=True, help="Show it once, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Write events and progress as JSON, one object a line.")
def monitor(printer: str | None, port: str | None, baud: int | None, once: bool, as_json: bool) -> None:
    """Watch a printer: temperatures, and what it says; on a server also the job that runs."""
    let_interrupt()
    from dataclasses import replace

    from fabthread.faces import face
    from printer.drivers.local import Local
    from printer.drivers.polling import Polling
    from printer.drivers.ways import connect

    where, secret = chosen(printer, port, baud)
    driver = connect(replace(where, reset=False), secret)
    try:
        shown = face(driver.name, as_json, keys="Ctrl-C ends it; the printer goes on")
        if isinstance(driver, Local):
            driver.watch()
            _watch(lambda: driver, shown, settled(driver), once)
        else:
            _watch(lambda: Polling(driver), shown, driver.status(), once)
    finally:
        driver.close()


def settled(driver: Local) -> Status:
    """Return the status of a printer once it has told its temperatures. Raises `NoPrinter` where it says nothing."""
    from printer.errors import NoPrinter

    until = time.monotonic() + ANSWER_S
    while not (status := driver.status()).heaters:
        if time.monotonic() > until or status.over:
            raise NoPrinter(f"{driver.name} does not answer: is it switched on, and is the speed of the port right?")
        time.sleep(LOOK_S)
    return status


def _watch(follow: Callable[[], Source], shown: Face, status: Status, once: bool) -> None:
    """Show what is so, until Ctrl-C unless `once`."""
    with shown:
        shown.draw(status)
        if once:
            return
        source = follow()
        try:
            while True:
                time.sleep(LOOK_S)
                for heard in source.heard():
                    shown.hear(heard)
                shown.draw(source.status())
        except KeyboardInterrupt:
            pass
