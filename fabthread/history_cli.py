"""`fabthread history`: what was printed, how it ended, and how long it really took."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from printer.text import plain

if TYPE_CHECKING:
    from printer.store import JobRow

EPILOG = """\b
Examples:
  fabthread history
  fabthread history 17                 one job: states, layers, filament, overrides
  fabthread history --json | jq '[.[] | select(.state == "failed")] | length'
"""
SLOWEST = 5
"""Layers that are told because they took longer than predicted."""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("job", type=int, required=False)
@click.option("-n", "--most", type=click.IntRange(1), default=20, metavar="N", help="So many jobs; 20 by default.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def history(job: int | None, most: int, as_json: bool) -> None:
    """List the latest jobs, or tell all about one."""
    from printer.config import data_folder
    from printer.store import Store

    with Store(data_folder()) as store:
        if job is None:
            _list(store.jobs(most), as_json)
            return
        row = store.job(job)
        folder = store.job_folder(job)
    try:
        facts: dict[str, Any] = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        facts = asdict(row) | {"layers": []}  # it has not ended, or its folder is gone: what each layer took is unknown
    if as_json:
        click.echo(json.dumps(facts | {"folder": str(folder)}, indent=1))
        return
    click.echo(f"job {job}: {_line(row)}")
    _details(row, facts)
    click.echo(f"  {'folder':<10}{folder}")


def _list(rows: list[JobRow], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return
    for row in rows:
        click.echo(f"  {row.id:>5}  {_line(row)}")
    if not rows:
        click.echo("nothing was printed yet")


def here(moment: str) -> str:
    """Return when something was, by this computer's clock on the wall.

    >>> here("2020-01-31T12:30:00+00:00")[:8], here("long ago")
    ('2020-01-', 'long ago')
    """
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return plain(moment, 16)


def _line(row: JobRow) -> str:
    """Return a job in one line."""
    from fabthread.live import clock

    took = f"{clock(row.elapsed_s)} ({clock(row.printing_s)} printing)" if row.elapsed_s else "-"
    return (
        f"{here(row.began)}  {row.state:<10} {took:<26} {row.filament_g:7.1f} g  "
        f"{plain(row.file, 40)} on {plain(row.printer, 20)}"
    )


def _details(row: JobRow, facts: dict[str, Any]) -> None:
    """Tell what the folder knows beyond the row."""
    from fabthread.live import clock

    if facts.get("reason"):
        click.echo(f"  {'reason':<10}{plain(facts['reason'])}")
    click.echo(f"  {'sha256':<10}{plain(facts['sha256'])}")
    for kind, each in facts.get("times", {}).items():
        click.echo(f"  {plain(kind):<10}{clock(each['s'])}, {clock(each['predicted_s'])} predicted")
    for each in facts.get("states", ()):
        click.echo(f"  {each['t']:9.1f} s  {plain(each['state'])} {plain(each['reason'])}".rstrip())
    for tool, used in facts.get("filament", {}).items():
        click.echo(f"  {'filament':<10}tool {plain(tool)}: {used['mm'] / 1000:.2f} m, {used['g']:.1f} g")
    for each in facts.get("overrides", ()):
        click.echo(f"  {each['t']:9.1f} s  {plain(each['what'])} set to {each['value']:g}")
    for each in facts.get("warnings", ()):
        click.echo(f"  {each['t']:9.1f} s  {plain(each['message'])}")
    slow = sorted(facts.get("layers", ()), key=lambda each: each["predicted_s"] - each["s"])[:SLOWEST]
    for each in slow:
        if each["s"] > each["predicted_s"] + 1:
            click.echo(
                f"  {'layer':<10}{each['layer'] + 1} took {each['s']:.1f} s, {each['predicted_s']:.1f} s predicted"
            )
