"""`fabthread verify`: does this G-code print this model?"""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

import click

from fabthread.options import (
    check_stdout,
    check_writable,
    is_model,
    picture_form,
    plate_option,
    read_gcode,
    readable,
    write_file,
)

if TYPE_CHECKING:
    from gcode.proof import Part, Proof

EPILOG = """\b
Examples:
  fabthread verify part.stl part.gcode
  fabthread verify part.stl part.gcode --picture proof.png
  fabthread verify left.stl right.3mf plate.gcode
  fabthread verify part.stl part.gcode --json | jq '.faults[] | {name, first, x, y}'

\b
Exit codes:
  0    the G-code prints the model
  9    it does not: the faults are listed
"""
FAILED = 9


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("models", nargs=-1, required=True, type=click.Path(), metavar="MODEL...")
@click.argument("file", type=click.Path(), metavar="OUT.gcode")
@click.option("--picture", metavar="OUT.png", help="Draw the worst layers, - for stdout.")
@click.option("--filament", metavar="MM", type=click.FloatRange(0.5, 5), help="Diameter; as the file says by default.")
@plate_option
@click.option("--json", "as_json", is_flag=True, help="Print all figures, layer by layer, as JSON.")
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Threads; the result does not depend on them."
)
@click.pass_context
def verify(
    ctx: click.Context,
    models: tuple[str, ...],
    file: str,
    picture: str | None,
    filament: float | None,
    plate: int | None,
    as_json: bool,
    workers: int | None,
) -> None:
    """Prove that the G-code in a file, of any slicer, prints the model.

    The deposited plastic is rebuilt from the moves alone, laid onto the model wherever on the plate it was printed,
    and compared layer by layer: what is missing, what is too much, how far the surface is off. Give all MODELs that
    are on the plate.
    """
    from gcode import proof

    check_stdout(as_json, picture)
    if picture:
        picture_form(picture, "png")
        check_writable(picture, [*models, file])
    if is_model(file) and not any(map(is_model, models)):
        raise click.UsageError("the models come first, then the G-code")
    chosen = []
    for model in models:
        with readable(model):
            chosen.append(proof.load(model))
    moves, _ = read_gcode(file, plate)
    found = proof.verify(chosen, moves, filament, workers)
    if picture:
        from gcode.proof.heatmap import heatmap

        write_file(picture, heatmap(found, f"{', '.join(model.name for model in chosen)}: {os.path.basename(file)}"))
    if as_json:
        click.echo(json.dumps({"file": file, **found.as_dict()}))
    else:
        _report(found, err=picture == "-")
    ctx.exit(0 if found.passed else FAILED)


def _report(found: Proof, err: bool) -> None:
    """Print the figures of each part, and the verdict."""
    for part in found.parts:
        click.echo(f"{part.name}: {_place(part)}", err=err)
        for line in figures(part):
            click.echo(f"  {line}", err=err)
    for fault in found.faults:
        click.secho(f"  {fault}", fg="red", err=err)
    if found.passed:
        click.secho("passed: the G-code prints the model", fg="green", bold=True, err=err)
    else:
        names = ", ".join(dict.fromkeys(fault.name for fault in found.faults))
        click.secho(f"failed: {names}", fg="red", bold=True, err=err)


def _place(part: Part) -> str:
    x, y = -part.placed.shift
    return f"{len(part.placed.levels)} layers, its middle at x {x:.2f} y {y:.2f}"


def figures(part: Part) -> list[str]:
    """Return the figures of a part as lines of text."""
    s: dict[str, Any] = part.summary()
    worst = "" if math.isnan(s["deviation_max"]) else f", at most {s['deviation_max']:+.2f}"
    return [
        f"missing    shell {_percent(s['shell_missing'])} of {s['shell_mm']:.2f} mm, top {_percent(s['top_missing'])}, "
        f"bottom {_percent(s['bottom_missing'])}",
        f"too much   outside of the part {_percent(s['overshoot'])}",
        f"fill       {_percent(s['fill'])} of the walls, layers from {_percent(s['fill_least'])} "
        f"to {_percent(s['fill_most'])}",
        f"surface    off by {s['deviation_mean']:+.3f} mm on average, {s['deviation_rms']:.3f} RMS, "
        f"95 % within {s['deviation_p95']:.3f}{worst}",
    ]


def _percent(share: float) -> str:
    return f"{round(100 * share, 2) + 0.0:.2f} %"  # no -0.00
