"""`fabthread print`: a file or a model in, a printed part out, and a record of how that went."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fabthread.choosing import chosen, printer_options
from fabthread.interrupts import let_interrupt
from fabthread.options import (
    MODEL_SUFFIXES,
    check_writable,
    is_model,
    plate_option,
    profile_names,
    readable,
    resolve,
    write_file,
)
from fabthread.virtual_cli import speed
from printer.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gcode.checks import Finding
    from printer.config import Printer
    from printer.drivers.base import Remote, Status
    from printer.drivers.local import Local
    from printer.program import Program
    from printer.store import Store
    from printer.virtual import VirtualPrinter

EPILOG = """\b
Examples:
  fabthread print part.gcode                            on the only printer you have, or the first that answers
  fabthread print part.stl --printer shop --filament petg --set infill_density=20%
  fabthread print part.gcode --port /dev/ttyUSB0 --baud 250000
  fabthread print part.stl --virtual --speed max        a dry run, as fast as it goes
  fabthread print part.gcode --virtual --fault corrupt:0.01 --record printed.gcode
  fabthread print part.gcode --printer farm-3 --detach  a server prints on by itself
  fabthread print part.gcode --json | jq 'select(.event == "layer")'

\b
Ctrl-C asks; a second one cancels with heaters off; a third one is an emergency stop.

\b
Exit codes:
  0    printed
  7    the checks refuse the file for this printer; --force prints all the same
  10   no printer
  11   the print failed
  12   the print was cancelled
"""


PACKED = re.compile(rf"({'|'.join(map(re.escape, (*MODEL_SUFFIXES, '.gz', '.ufp', '.bgcode')))})+$", re.IGNORECASE)
"""Ends of the names of files that are not printed as they are."""


class Load(NamedTuple):
    """What is to be printed: the program, and what judged it."""

    program: Program
    settings: dict[str, str]
    machine: Any


@click.command("print", epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path())
@printer_options
@plate_option
@click.option("--virtual", is_flag=True, help="Print on a virtual printer, built like the machine of the file.")
@click.option("--speed", type=speed, default="1", metavar="N|max", help="Of the virtual printer; 1 is real time.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="What goes wrong with it; repeatable.")
@click.option("--seed", type=int, default=0, metavar="N", help="Of its faults at random.")
@click.option("--record", type=click.Path(), metavar="OUT.gcode", help="Write what it has really printed.")
@click.option(
    "--profile",
    metavar="NAME|FILE",
    shell_complete=profile_names,
    help="Machine to slice and check for; the printer's own by default.",
)
@click.option("--filament", metavar="NAME|FILE", shell_complete=profile_names, help="What to print with, for slicing.")
@click.option("--process", metavar="NAME|FILE", shell_complete=profile_names, help="How to print, for slicing.")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change one setting; repeatable.")
@click.option("--force", is_flag=True, help="Print what the checks refuse.")
@click.option("--detach", is_flag=True, help="Start it on a server, and leave.")
@click.option("--json", "as_json", is_flag=True, help="Write events as JSON, one object a line.")
@click.pass_context
def print_file(
    ctx: click.Context, /, file: str, printer: str | None, port: str | None, baud: int | None, plate: int | None,
    virtual: bool, speed: float, faults: tuple[str, ...], seed: int, record: str | None, profile: str | None,
    filament: str | None, process: str | None, overrides: tuple[str, ...], force: bool, detach: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print FILE: G-code of any slicer, or a model (STL, 3MF, OBJ, PLY, OFF, GLB), which is sliced first.

    What speaks against printing it is said first. Then it is printed, watched and recorded; `fabthread history` shows
    what became of it, and after a power cut `fabthread recover` goes on.
    """
    if virtual and (printer or port):
        raise click.UsageError("--virtual is a printer of its own: leave out --printer and --port")
    if not virtual and (faults or record or speed != 1):
        raise click.UsageError("--speed, --fault and --record are for --virtual")
    if record:
        check_writable(record, [file])
    let_interrupt()
    from printer.config import Printer, Secret, data_folder
    from printer.drivers.local import Local
    from printer.store import Store

    where, secret = (Printer("virtual", "virtual", "marlin"), Secret()) if virtual else chosen(printer, port, baud)
    machine = profile or where.profile or None
    load = prepare(file, plate, machine, filament or where.filament or None, process, overrides, as_json)
    with Store(data_folder()) as store:
        load = load._replace(program=experienced(load.program, where.name, store))
        refuse(load, where, store, force, as_json)
        device = _device(load, faults, seed) if virtual else None
        driver = _driver(where, secret, device, speed)
        try:
            if detach and isinstance(driver, Local):
                raise click.UsageError("--detach is for servers: a printer on a wire needs this computer to the end")
            status = begin(driver, load, where, store, as_json, detach)
        finally:
            driver.close()
    if device and record:
        from gcode.writer import write

        write_file(record, write(device.executed()))
    from fabthread.running import EXITS

    ctx.exit(EXITS.get(status.state, 0))


def prepare(
    file: str, plate: int | None, machine: str | None, filament: str | None, process: str | None,
    overrides: tuple[str, ...], quiet: bool,
) -> Load:  # fmt: skip
    """Return the program of a file; a model is sliced."""
    import gcode
    from fabthread.judging import judge_of
    from gcode.containers import text
    from printer.program import load

    if plate is None and is_model(file):
        data, limits, settings = _sliced(file, machine, filament, process, overrides, quiet)
    else:
        with readable(file):
            data, settings = text(file, plate)[0], gcode.settings(file, plate)
        limits = judge_of(file, settings, machine, filament, process, overrides=overrides).limits
    return Load(load(data, limits, _name(file, plate)), settings, limits)


def experienced(program: Program, printer: str, store: Store) -> Program:
    """Return a program whose waits are expected to take as long as they last took this printer."""
    from dataclasses import replace

    from printer.record import earlier_waits
    from printer.waiting import learned

    return replace(program, waits=learned(program.waits, earlier_waits(store, printer)))


def refuse(load: Load, where: Printer, store: Store, force: bool, as_json: bool) -> None:
    """Tell what speaks against the print; stop where that is an error, unless forced."""
    from fabthread.check_cli import total
    from printer.errors import UnsafeToPrint
    from printer.firmware import FIRMWARES, MARLIN
    from printer.preflight import check

    program = load.program
    baud = (where.baud or 115200) if where.kind == "serial" else None
    firmware = FIRMWARES.get(where.firmware or load.machine.machine.flavour, MARLIN)
    materials = [word.strip(' "') for word in re.split("[;,]", load.settings.get("filament_type", ""))]
    found = check(program, firmware, baud=baud, spools=store.loaded(where.name), materials=materials)
    if as_json:
        for one in found:
            click.echo(json.dumps({"event": "finding", **one.as_dict()}))
    else:
        _tell(found)
    errors = sum(one.severity == "error" for one in found)
    if errors and not force:
        what = total(Counter(error=errors))
        raise UnsafeToPrint(f"the checks found {what} in {program.name}: --force prints it all the same")


def begin(
    driver: Local | Remote, load: Load, where: Printer, store: Store, as_json: bool, detach: bool = False
) -> Status:
    """Hand over, start and follow a print; return how it ended."""
    from fabthread.faces import Json, face
    from fabthread.running import print_on
    from printer.drivers.local import Local
    from printer.record import Record

    program = load.program
    name = driver.offer(program) if isinstance(driver, Local) else driver.upload(program.data, program.name)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {"driver": driver.name, "settings": load.settings}
    record = Record(store, program, where.name, began, facts)
    shown = face(f"{plain(program.name)} on {driver.name}", as_json)
    if isinstance(shown, Json):
        shown.write({"event": "job", "id": record.id, "folder": str(record.folder), **_outline(program)})
    return print_on(driver, name, program, record, shown, detach=detach)


def _sliced(
    file: str, machine: str | None, filament: str | None, process: str | None, overrides: tuple[str, ...], quiet: bool
) -> tuple[bytes, Any, dict[str, str]]:
    """Slice a model; return G-code, the machine's limits, and its settings."""
    from fabthread.progress import Progress
    from gcode.embedded import settings
    from slicer import slice
    from slicer.tools.machine import limits_of

    resolved = resolve(machine, filament, process, None, overrides)
    with Progress() as progress:
        result = slice(file, resolved, progress=progress)
    if not quiet:
        click.echo(result.summary.text())
    data = result.gcode()
    return data, limits_of(resolved.settings), settings(data)


def _device(load: Load, faults: tuple[str, ...], seed: int) -> VirtualPrinter:
    """Return a virtual printer like the machine that the file is for."""
    from printer.virtual import PERSONALITIES, VirtualPrinter

    limits = load.machine
    flavour = limits.machine.flavour
    return VirtualPrinter(
        flavour if flavour in PERSONALITIES else "marlin",
        seed=seed,
        faults=faults,
        machine=limits.machine,
        extruders=min(max(limits.tools, 1), 8),
        size=(limits.high[0], limits.high[1], limits.high[2]),
        measured=True,  # the real one's start G-code may count on it
    )


def _driver(where: Printer, secret: Any, device: VirtualPrinter | None, speed: float) -> Local | Remote:
    from printer.drivers import ways

    return ways.virtual(device, speed) if device else ways.connect(where, secret)


def _tell(found: Sequence[Finding]) -> None:
    """Print findings, for people."""
    from fabthread.check_cli import tell, total

    if found:
        click.echo(f"before the first line: {total(Counter(one.severity for one in found))}")
        tell(found)
        click.echo()


def _outline(program: Program) -> dict[str, Any]:
    """Return what is known of a program before it is printed."""
    return {
        "file": program.name,
        "sha256": program.sha256,
        "lines": len(program),
        "layers": program.layers,
        "predicted_s": round(sum(program.predicted.values()), 1),
        "predicted": {kind: round(seconds, 1) for kind, seconds in program.predicted.items()},
        "filament_mm": round(float(program.filament[-1]), 1),
    }


def _name(file: str, plate: int | None = None) -> str:
    """Return the name under which a file is printed: as plain G-code, whatever it is packed in.

    >>> _name("a/Part.gcode.3mf", 2), _name("part.bgcode"), _name("my part.STL"), _name("part.gcode.gz")
    ('Part_plate_2.gcode', 'part.gcode', 'my part.gcode', 'part.gcode')
    """
    name = PACKED.sub("", os.path.basename(file))
    stem = name.removesuffix(".gcode") + (f"_plate_{plate}" if plate else "")
    return plain(stem or "part") + ".gcode"
