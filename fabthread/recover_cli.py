"""`fabthread recover`: go on with a print after a power cut, or after this program was killed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from fabthread.choosing import chosen, of_port, printer_options
from fabthread.history_cli import here
from fabthread.interrupts import let_interrupt
from printer.text import plain

if TYPE_CHECKING:
    from printer.config import Printer, Secret
    from printer.drivers.local import Local
    from printer.journal import Recovery
    from printer.program import Program
    from printer.recovery import Plan
    from printer.store import JobRow, Store

EPILOG = """\b
Examples:
  fabthread recover              lists prints that never came to their end
  fabthread recover 17           says what would be done, asks, and goes on
  fabthread recover 17 --yes --json
  fabthread recover 17 --drop    never mind that one

The heater of the nozzle is switched off first of all. Z is never homed: nobody may have moved the head up or down.
"""
SETTLE_S = 1.0
"""Seconds that a printer has to carry out a line."""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("job", type=int, required=False)
@printer_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--drop", is_flag=True, help="Give the print up: it is listed no more, and its file is removed.")
@click.option("--json", "as_json", is_flag=True, help="Write the plan, then events, as JSON.")
@click.pass_context
def recover(
    ctx: click.Context, job: int | None, printer: str | None, port: str | None, baud: int | None, yes: bool,
    drop: bool, as_json: bool,
) -> None:  # fmt: skip
    """Go on with a print that was cut off.

    It goes on at the beginning of the layer before which all is surely printed, so a part of it is printed twice.
    """
    from fabthread.running import EXITS
    from printer.config import data_folder
    from printer.errors import ImpossibleAction
    from printer.journal import recover as read
    from printer.store import Store

    let_interrupt()
    with Store(data_folder()) as store:
        if job is None:
            _list(store, as_json)
            return
        row = store.job(job)
        if (journal := store.job_folder(row.id) / "journal").exists() and read(journal).written:
            raise ImpossibleAction(f"job {row.id} is being printed by another program right now")
        if drop:
            if row.state in ("done", "cancelled"):
                raise ImpossibleAction(f"job {row.id} is {row.state}: there is nothing to give up")
            _end(store, row, "given up")
            click.echo(f"job {row.id} is given up")
            return
        where = chosen(printer, port, baud) if printer or port else _printed_on(store, row, baud)
        state = _go_on(store, row, where, yes, as_json)
    ctx.exit(EXITS.get(state, 0))


def unfinished(store: Store) -> list[tuple[JobRow, Recovery]]:
    """Return the prints that never came to their end and could go on, the newest first, and what is known of each."""
    from printer.errors import StoreError
    from printer.journal import recover as read

    found = []
    for row in [*store.jobs(state="started"), *store.jobs(state="failed")]:
        try:
            known = read(store.job_folder(row.id) / "journal")
        except StoreError:
            continue
        if known.end is None and not known.written and (store.job_folder(row.id) / "part.gcode").exists():
            found.append((row, known))
    return sorted(found, key=lambda each: -each[0].id)


def _list(store: Store, as_json: bool) -> None:
    """List what could be recovered."""
    found = unfinished(store)
    if as_json:
        click.echo(json.dumps([{"id": row.id, "file": row.file, "began": row.began} for row, _ in found]))
        return
    for row, known in found:
        what = f"{plain(row.file, 40)} on {plain(row.printer)}: {known.acknowledged} lines"
        click.echo(f"  {row.id:>5}  {here(row.began)}  {what}")
    click.echo("`fabthread recover NUMBER` goes on with one" if found else "no print was cut off")


def _printed_on(store: Store, row: JobRow, baud: int | None) -> tuple[Printer, Secret]:
    """Return the printer that a print was on: by its name, or by the port that it was found at."""
    from printer.config import Printer, Secret
    from printer.journal import recover as read

    if row.printer == "virtual":
        return Printer("virtual", "virtual", "marlin"), Secret()
    if row.printer not in ("auto", "port"):
        return chosen(row.printer, None, baud)
    head = read(store.job_folder(row.id) / "journal").job
    if "port" not in head:  # it had not been found yet
        return chosen(None, None, baud)
    return of_port(head["port"], baud or head["baud"]), Secret()


def _go_on(store: Store, row: JobRow, where: tuple[Printer, Secret], yes: bool, as_json: bool) -> str:
    """Switch the nozzle off, plan, ask, print; return the last state."""
    from fabthread.faces import face
    from fabthread.running import print_on
    from printer.drivers import ways
    from printer.errors import UnsafeToPrint
    from printer.journal import recover as read
    from printer.program import load
    from printer.record import Record
    from printer.recovery import plan

    if where[0].kind == "virtual":
        raise UnsafeToPrint(f"job {row.id} was a dry run: its printer is gone with it; --drop takes it off the list")
    if where[0].kind in ways.REMOTE:
        raise UnsafeToPrint(f"{where[0].name} is a server: it prints by itself, and goes on by itself where it can")
    folder = store.job_folder(row.id)
    found = read(folder / "journal")
    try:
        program = load((folder / "part.gcode").read_bytes(), name=row.file)
    except FileNotFoundError:
        raise UnsafeToPrint(f"job {row.id} is over, and its file is gone: there is nothing to go on with") from None
    driver = ways.local(where[0])
    going_on = plan(program, found, driver.policy)
    _cool(ways.local(where[0]))
    later = [each for each in store.jobs() if each.id > row.id and each.printer == row.printer and each.filament_mm]
    if later:
        doubt = f"the printer has printed job {later[0].id} since: is the part still where it was?"
        going_on = replace(going_on, doubts=(*going_on.doubts, doubt))
    _explain(going_on, program, as_json)
    if not yes and not click.confirm("Go on with it?", err=True):
        click.echo(f"nothing was printed, the nozzle is off; `fabthread recover {row.id}` asks again", err=True)
        return "cancelled"
    began = datetime.now(UTC).isoformat(timespec="seconds")
    record = Record(store, program, where[0].name, began, {"recovers": row.id}, start=going_on.line)
    shown = face(f"{program.name} on {driver.name}, from layer {going_on.layer + 1}", as_json)
    try:
        status = print_on(driver, driver.offer(program), program, record, shown, going_on)
    finally:
        driver.close()
    _end(store, row, f"went on as job {record.id}")
    return status.state


def _cool(driver: Local) -> None:
    """Switch the nozzle off before anything is asked; the bed keeps the part where it is."""
    from fabthread.monitor_cli import settled

    try:
        driver.watch()
        settled(driver)
        driver.send("M104 S0")
        time.sleep(SETTLE_S)
    finally:
        driver.close()


def _explain(going_on: Plan, program: Program, as_json: bool) -> None:
    """Tell what would be done, and what nobody can know."""
    if as_json:
        facts = {"event": "plan", "line": going_on.line, "layer": going_on.layer, "z": going_on.z}
        click.echo(json.dumps(facts | {"z_between": going_on.z_between, "doubts": going_on.doubts}))
        return
    click.echo(
        f"{plain(program.name)}: goes on with layer {going_on.layer + 1} of {program.layers}, at z {going_on.z:g} mm"
    )
    for doubt in going_on.doubts:
        click.echo(f"  - {plain(doubt)}")


def _end(store: Store, row: JobRow, how: str) -> None:
    """Let a print be listed no more: its filament comes off the spools, its file is removed."""
    from printer.journal import encode
    from printer.journal import recover as read
    from printer.program import load
    from printer.record import Tally

    folder = store.job_folder(row.id)
    if row.state == "started":
        found = read(folder / "journal")
        tally = Tally(load((folder / "part.gcode").read_bytes()), int(found.job.get("first_line", 0)), 1.0, {})
        tally.advance(found.acknowledged)
        store.finish(row.id, {"state": "failed", "reason": f"cut off; {how}"}, tally.fed)
    with open(folder / "journal", "ab") as journal:
        journal.write(encode({"end": how}))
    (folder / "part.gcode").unlink(missing_ok=True)
