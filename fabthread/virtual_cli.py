"""`fabthread virtual`: a printer that does not exist, for other programs to print on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fabthread.interrupts import let_interrupt
from fabthread.options import check_writable, numbers, write_file

if TYPE_CHECKING:
    from printer.virtual import VirtualPrinter
    from printer.virtual.servers import DeviceLine

SERVE_EPILOG = """\b
Examples:
  fabthread virtual serve                          a serial port of this computer; its name is printed
  fabthread virtual serve --link /tmp/printer
  fabthread virtual serve --tcp 127.0.0.1:8000 --speed max
  fabthread virtual serve --personality prusa --baud 115200 --fault corrupt:0.01 --fault reset@time=60
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def virtual() -> None:
    """A virtual printer: real protocol, motion and heat, and every fault you ask for."""


def speed(text: str) -> float:
    """Return how many times as fast as real time `max` or a number is."""
    try:
        value = float("inf") if text == "max" else float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise click.BadParameter(f"{text!r} is neither a positive number nor max")
    return value


def address(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8000")
    return host.strip("[]"), int(port)


@virtual.command(epilog=SERVE_EPILOG)
@click.option("--pty", "pty", is_flag=True, help="A pseudo-terminal, as a serial port (the default; not on Windows).")
@click.option("--link", metavar="PATH", default="", help="Another name for the pseudo-terminal.")
@click.option("--tcp", type=address, metavar="HOST:PORT", help="A TCP port instead; port 0 takes any that is free.")
@click.option("--personality", default="marlin", metavar="NAME", help="The firmware; `fabthread virtual firmwares`.")
@click.option("--speed", type=speed, default="1", metavar="N|max", help="Times as fast as real time; 1 by default.")
@click.option("--baud", type=int, metavar="N", help="Bits a second of the UART; 0 is USB, which loses nothing.")
@click.option("--latency", type=float, default=0.0, metavar="SECONDS", help="Of the wire, one way.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="What goes wrong; `fabthread virtual faults`.")
@click.option("--seed", type=int, default=0, metavar="N", help="Of faults at random.")
@click.option("--size", type=numbers(3), default="300,300,300", metavar="X,Y,Z", help="Travel of the axes in mm.")
@click.option("--measured", is_flag=True, help="Its bed was measured once: M420 S1 finds a mesh.")
@click.option("--sd", type=click.Path(path_type=Path), metavar="FOLDER", help="A folder that is the SD card.")
@click.option("--record", type=click.Path(), metavar="OUT.gcode", help="At the end, write what was really printed.")
@click.option("--json", "as_json", is_flag=True, help="Say on stdout, as JSON, where it listens and how it ended.")
def serve(
    pty: bool, link: str, tcp: tuple[str, int] | None, personality: str, speed: float, baud: int | None, latency: float,
    size: tuple[float, float, float], faults: tuple[str, ...], seed: int, measured: bool, sd: Path | None,
    record: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let other programs print on a virtual printer, until Ctrl-C."""
    from printer.virtual import VirtualPrinter
    from printer.virtual.servers import PtyLine, TcpLine
    from printer.virtual.servers import serve as run

    if tcp and (pty or link):
        raise click.UsageError("--tcp excludes --pty and --link")
    if sd is not None and not sd.is_dir():
        raise click.BadParameter(f"{sd} is not a folder", param_hint="'--sd'")
    if record:
        check_writable(record, [])
    printer = VirtualPrinter(
        personality,
        seed=seed,
        faults=faults,
        baud=baud,
        latency=latency,
        size=size,
        measured=measured,
        card=sd,
    )
    line: DeviceLine = TcpLine(*tcp) if tcp else PtyLine(link)
    let_interrupt()
    line.open()
    said = {"listening": line.name, "firmware": personality, "faults": list(faults)}
    click.echo(json.dumps(said) if as_json else f"{personality} printer on {link or line.name}; Ctrl-C ends it")
    try:
        run(printer, line, speed)
    except KeyboardInterrupt:
        _report(printer, record, as_json)


def _report(printer: VirtualPrinter, record: str | None, as_json: bool) -> None:
    """Say what the printer has done, and write it down."""
    moves = printer.executed()
    facts = {
        "lines": len(printer.executed_lines),
        "moves": len(moves),
        "filament_mm": round(float(moves.e.sum()), 3),
        "seconds": round(printer.now, 1),
        "underruns": printer.underruns,
        "starved_seconds": round(printer.starved, 3),
        "lost_bytes": printer.uart.lost,
        "resets": printer.resets,
        "faults": [f"{name} with line {line} at {time:.1f} s" for time, line, name in printer.schedule.struck],
    }
    if record:
        from gcode.writer import write

        write_file(record, write(moves))
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(
        f"\n{facts['lines']} commands and {facts['moves']} moves in {facts['seconds']} s, "
        f"{facts['filament_mm']} mm of filament, {facts['underruns']} underruns"
    )


@virtual.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def faults(as_json: bool) -> None:
    """List what can go wrong, and how to ask for it."""
    from printer.virtual import FAULTS

    if as_json:
        click.echo(json.dumps({name: kind._asdict() for name, kind in FAULTS.items()}))
        return
    click.echo("name@line=N, name@time=SECONDS or name:RATE (per line), with /ARGUMENT where there is one\n")
    for name, kind in FAULTS.items():
        argument = f" (/{kind.argument}, {kind.default} where not said)" if kind.argument else ""
        click.echo(f"  {name:<17}{kind.doc}{argument}")


@virtual.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def firmwares(as_json: bool) -> None:
    """List the firmwares that a virtual printer can be."""
    from printer.virtual import PERSONALITIES

    if as_json:
        click.echo(json.dumps({name: p.m115 for name, p in PERSONALITIES.items()}))
        return
    for name, each in PERSONALITIES.items():
        click.echo(f"  {name:<16}{each.m115[:100]}")
