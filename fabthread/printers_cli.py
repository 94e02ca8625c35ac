"""`fabthread printers`: the printers that you have, and how to reach them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from printer.text import plain

if TYPE_CHECKING:
    from printer.config import Printer, Secret

ADD_EPILOG = """\b
Examples:
  fabthread printers add shop /dev/ttyUSB0 --baud 115200 --profile prusa-mk3s --park 10,200
  fabthread printers add shop auto                      finds port and speed each time
  fabthread printers add voron /tmp/printer --kind pty --profile voron-2.4-350
  fabthread printers add esp 192.168.1.20:8888 --kind tcp
  fabthread printers add octo http://octopi.local --kind octoprint --key -
  fabthread printers add klip http://mainsail.local:7125 --kind moonraker
  fabthread printers add mk4 http://192.168.1.30 --kind prusalink --key -
  fabthread printers add mk4 http://192.168.1.30 --kind prusalink --user maker --password -

"-" asks for a key or password without showing it (or reads it from a pipe), so that it is in no history of a shell.
"""
HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP)
def printers() -> None:
    """The printers that you have, in a TOML file of your own; keys are kept apart, and never shown."""


@printers.command(epilog=ADD_EPILOG, context_settings=HELP)
@click.argument("name")
@click.argument("address")
@click.option("--kind", help="serial, tcp, pty, virtual, octoprint, moonraker or prusalink; guessed where not said.")
@click.option("--baud", type=click.IntRange(0), default=0, help="Speed of a serial port; all in use are tried.")
@click.option("--no-reset", is_flag=True, help="Open a serial port without resetting the board.")
@click.option("--profile", default="", metavar="NAME|FILE", help="Machine profile, for slicing and checking.")
@click.option("--filament", default="", metavar="NAME|FILE", help="What is usually printed with.")
@click.option("--firmware", default="", help="Where the printer does not tell what it runs.")
@click.option("--park", metavar="X,Y", help="Where the head waits in a pause.")
@click.option("--meatpack", is_flag=True, help="Pack lines where the firmware unpacks them: faster over a slow port.")
@click.option(
    "--buffer", type=int, default=0, metavar="BYTES", help="Receive buffer of a board built with a larger one."
)
@click.option("--key", metavar="KEY|-", help="API key of a server.")
@click.option("--user", default="", help="User name of a server.")
@click.option("--password", metavar="PASSWORD|-", help="Password of a server.")
def add(
    name: str, address: str, kind: str | None, baud: int, no_reset: bool, profile: str, filament: str, firmware: str,
    park: str | None, meatpack: bool, buffer: int, key: str | None, user: str, password: str | None,
) -> None:  # fmt: skip
    """Add a printer, or replace the one of that name."""
    from fabthread.options import numbers
    from printer import config

    place = numbers(2)(park) if park else ()
    made = config.Printer(
        name, kind or guessed(address), address, baud=baud, reset=not no_reset, profile=profile, filament=filament,
        firmware=firmware, park=place, meatpack=meatpack, buffer=buffer,
    )  # fmt: skip
    if profile or filament:
        from profiles.loader import load

        load(profile or None, filament or None, None, {})  # raises where there is no such profile
    secret = config.Secret(hidden("API key", key), user, hidden("Password", password))
    config.save(made, secret if key or user or password else None)
    click.echo(f"{name}: {made.kind} at {plain(address)}; `fabthread printers test {name}` asks whether it is there")


@printers.command("list", context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_printers(as_json: bool) -> None:
    """List the printers, and the serial ports of this computer."""
    from printer import config
    from printer.transport.ports import ports

    known, found = config.printers(), ports()
    if as_json:
        facts = {name: {k: v for k, v in asdict(each).items() if k != "name"} for name, each in known.items()}
        click.echo(json.dumps({"printers": facts, "ports": [asdict(port) for port in found]}, indent=2))
        return
    for name, each in sorted(known.items()):
        more = ", ".join(plain(text) for text in (each.profile, each.filament) if text)
        key = "  (with a key)" if config.secret(name) != config.Secret() else ""
        click.echo(f"  {name:<16} {each.kind:<10} {plain(each.address)}  {more}{key}".rstrip())
    if not known:
        click.echo("no printers yet: `fabthread printers add NAME ADDRESS`")
    for port in found:
        click.echo(
            f"  port {plain(port.path)}: {plain(port.description)}" + ("  <- likely a printer" if port.likely else "")
        )


@printers.command(context_settings=HELP)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def test(name: str, as_json: bool) -> None:
    """Ask a printer whether it is there, and what it is. Heats and moves nothing."""
    from printer import config

    facts = probe(config.find(name), config.secret(name))
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    heat = ", ".join(f"{heater} {now:.0f} C" for heater, (now, _) in facts["heaters"].items())
    words = [facts["firmware"], facts["state"], heat, f"{facts['files']} files" if facts["files"] else ""]
    click.echo(f"{name}: {'; '.join(word for word in words if word)}")


@printers.command(context_settings=HELP)
@click.argument("name")
def remove(name: str) -> None:
    """Forget a printer and its key."""
    from printer import config

    config.remove(name)
    click.echo(f"{name} is forgotten")


def probe(printer: Printer, secret: Secret) -> dict[str, Any]:
    """Return what a printer says of itself."""
    from fabthread.monitor_cli import settled
    from printer.drivers.local import Local
    from printer.drivers.ways import connect

    driver = connect(replace(printer, reset=False), secret)  # somebody may be printing
    try:
        if isinstance(driver, Local):
            driver.watch()
            status = settled(driver)
        else:
            status = driver.status()
        files = driver.files()
    finally:
        driver.close()
    heaters = {name: [reading.actual, reading.target] for name, reading in status.heaters.items()}
    told = {"printer": printer.name, "kind": printer.kind, "state": status.state, "firmware": status.firmware}
    return told | {"heaters": heaters, "files": len(files), "can": sorted(driver.can)}


def guessed(address: str) -> str:
    """Return the kind of printer that an address looks like.

    >>> guessed("/dev/ttyUSB0"), guessed("/tmp/printer"), guessed("10.0.0.2:8888")
    ('serial', 'pty', 'tcp')
    """
    from fabthread.choosing import of_port

    if address.startswith(("http://", "https://")):
        raise click.UsageError("which kind of server? --kind octoprint, moonraker or prusalink")
    if "://" in address and not address.startswith("tcp://"):
        raise click.UsageError(f"{plain(address)}: a printer is reached by http, https or tcp, or by a serial port")
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and not host.startswith("/"):
        return "tcp"
    return of_port(address).kind


def hidden(what: str, given: str | None) -> str:
    """Return a secret; "-" asks for it without showing it, or reads a line of a pipe."""
    if given != "-":
        return given or ""
    if sys.stdin.isatty():
        text: str = click.prompt(what, hide_input=True)
        return text
    return sys.stdin.readline().strip()
