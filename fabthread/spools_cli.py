"""`fabthread spools`: how much filament is left, by what was really fed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from printer.text import plain

if TYPE_CHECKING:
    from printer.spools import Spool
    from printer.store import Store

EPILOG = """\b
Examples:
  fabthread spools add "galaxy black" --material PETG --density 1.27 --grams 1000
  fabthread spools use 1 --printer shop            printing on shop takes from it now
  fabthread spools use 2 --printer shop --tool 1
  fabthread spools adjust 1 --left 640             it was put on a scale
  fabthread spools list
"""
HELP = {"help_option_names": ["-h", "--help"]}


@click.group(epilog=EPILOG, context_settings=HELP)
def spools() -> None:
    """Spools of filament: what is left on them, and which printer uses which."""


@spools.command(context_settings=HELP)
@click.argument("name")
@click.option("--material", default="PLA", help="PLA by default.")
@click.option("--colour", "--color", default="", help="In words.")
@click.option("--diameter", type=float, default=1.75, metavar="MM", help="1.75 by default.")
@click.option("--density", type=float, metavar="N", help="g/cm3; the material's usual one by default.")
@click.option("--grams", type=float, default=1000.0, metavar="N", help="Of filament when full; 1000 by default.")
@click.option("--left", type=float, metavar="GRAMS", help="Grams that are left, where it is not full.")
def add(
    name: str, material: str, colour: str, diameter: float, density: float | None, grams: float, left: float | None
) -> None:
    """Add a spool."""
    from printer.spools import DENSITIES, Spool

    dense = density or DENSITIES.get(material.upper(), DENSITIES["PLA"])
    made = Spool(0, name, material, colour, diameter, dense, grams, grams if left is None else left)
    with _store() as store:
        _tell(store.add(made))


@spools.command("list", context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_spools(as_json: bool) -> None:
    """List all spools."""
    with _store() as store:
        found = store.spools()
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1))
        return
    for each in found:
        _tell(each)
    if not found:
        click.echo('no spools yet: `fabthread spools add "red PLA" --grams 1000`')


@spools.command(context_settings=HELP)
@click.argument("spool")
@click.option("--printer", required=True, metavar="NAME", help="Where it is loaded; `virtual` counts dry runs.")
@click.option("--tool", type=click.IntRange(0, 255), default=0, metavar="N", help="0 by default.")
def use(spool: str, printer: str, tool: int) -> None:
    """Say that SPOOL (its number or name) is loaded in a printer now."""
    with _store() as store:
        _tell(store.use(spool, printer, tool))


@spools.command(context_settings=HELP)
@click.argument("spool")
@click.option("--left", type=float, metavar="GRAMS", help="Grams that are left.")
@click.option("--by", type=float, metavar="GRAMS", help="Grams more, or less where negative.")
def adjust(spool: str, left: float | None, by: float | None) -> None:
    """Correct what is left on SPOOL."""
    if (left is None) == (by is None):
        raise click.UsageError("either --left or --by")
    with _store() as store:
        before = store.spool(spool)
        _tell(store.adjust(before.id, left if left is not None else before.left + (by or 0.0)))


@spools.command(context_settings=HELP)
@click.argument("spool")
def remove(spool: str) -> None:
    """Forget SPOOL; the history keeps what was printed from it."""
    with _store() as store:
        click.echo(f"spool {store.remove(spool).id} is forgotten")


def _store() -> Store:
    from printer.config import data_folder
    from printer.store import Store

    return Store(data_folder())


def _tell(spool: Spool) -> None:
    """Print one spool."""
    where = f"  in {', '.join(plain(place) for place in spool.loaded)}" if spool.loaded else ""
    words = " ".join(plain(word) for word in (spool.material, spool.colour) if word)
    share = max(spool.left, 0.0) / spool.full if spool.full else 0.0
    bar = "█" * round(10 * share) + "░" * (10 - round(10 * min(share, 1.0)))
    click.echo(
        f"  {spool.id:>4}  {plain(spool.name):<20} {words:<16} {bar} {spool.left:7.1f} of {spool.full:g} g{where}"
    )
