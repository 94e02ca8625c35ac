"""Which printer is meant: options that `print`, `monitor`, `terminal` and `recover` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from printer.text import plain

if TYPE_CHECKING:
    from printer.config import Printer, Secret

F = TypeVar("F", bound=Callable[..., Any])


def printer_names(ctx: click.Context, option: click.Parameter, begun: str) -> list[str]:
    """Complete the name of a printer that one has; of none where their file cannot be read."""
    from printer import config
    from printer.errors import ConfigError

    try:
        return [name for name in config.printers() if name.startswith(begun)]
    except ConfigError:
        return []


def printer_options(command: F) -> F:
    """Add --printer, --port and --baud to a command."""
    for option in (
        click.option("--baud", type=click.IntRange(0), metavar="N", help="Speed of the port; all in use are tried."),
        click.option(
            "--port", metavar="PORT", help="A serial port, a pseudo-terminal, or tcp://HOST:PORT, instead of a name."
        ),
        click.option(
            "--printer", metavar="NAME", shell_complete=printer_names, help="A printer of `fabthread printers list`."
        ),
    ):
        command = option(command)
    return command


def chosen(printer: str | None, port: str | None, baud: int | None) -> tuple[Printer, Secret]:
    """Return the printer that is meant: by name, by port, else the only one known, else the first port that answers.

    Says so where its port or its speed has to be looked for, since nothing else is seen of that for half a minute.
    """
    where, secret = _meant(printer, port, baud)
    if where.kind == "serial" and (where.address == "auto" or not where.baud):
        at = "every port" if where.address == "auto" else plain(where.address)
        click.echo(f"looking for a printer at {at}, at all speeds in use; --port and --baud spare that", err=True)
    return where, secret


def _meant(printer: str | None, port: str | None, baud: int | None) -> tuple[Printer, Secret]:
    from printer import config

    if printer and port:
        raise click.UsageError("--printer and --port exclude each other")
    if port:
        return of_port(port, baud), config.Secret()
    known = config.printers()
    if printer or len(known) == 1:
        found = config.find(printer) if printer else next(iter(known.values()))
        return found, config.secret(found.name)
    if len(known) > 1:
        raise click.UsageError(f"which printer? --printer {', '.join(sorted(known))}")
    return config.Printer("auto", "serial", "auto", baud or 0), config.Secret()


def of_port(port: str, baud: int | None = None) -> Printer:
    """Return a printer that has no name, by its port.

    >>> of_port("tcp://10.0.0.2:8888").kind, of_port("COM3", 250000).baud, of_port("/tmp/printer").kind
    ('tcp', 250000, 'pty')
    """
    from printer.config import Printer

    if port.startswith("tcp://"):
        return Printer("port", "tcp", port.removeprefix("tcp://"))
    if os.path.dirname(port):
        port = os.path.abspath(port)  # to be found again from anywhere
    if port.startswith(("/tmp/", "/dev/pts/")):
        return Printer("port", "pty", port)
    return Printer("port", "serial", port, baud or 0)
