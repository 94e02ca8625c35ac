"""`fabthread preview`: pictures of toolpaths, from G-code or straight from a model."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from fabthread import judging
from fabthread.options import (
    check_stdout,
    check_writable,
    is_model,
    numbers,
    picture_form,
    plate_option,
    profile_options,
    resolve,
    write_file,
)

if TYPE_CHECKING:
    from gcode.checks.limits import Limits
    from gcode.moves import Moves

COLOURS = ("role", "tool", "speed", "flow", "width", "height", "time", "fan", "temperature", "layer")

EPILOG = """\b
Examples:
  fabthread preview part.gcode
  fabthread preview part.gcode --colour speed -o speeds.svg
  fabthread preview part.gcode --layer 12 --travels --seams -o layer12.png
  fabthread preview part.gcode --layer 1-40 --angle 120,35
  fabthread preview part.gcode --view top --colour time --printer prusa-mk4
  fabthread preview part.stl --layer 20 --set infill_pattern=gyroid
  fabthread preview plates.gcode.3mf --plate 2
"""


def layer_range(text: str) -> tuple[int, int]:
    """Return first and last of `12` or `3-40`, counted from 1."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and 1 <= int(first) <= int(last or first)):
        raise click.BadParameter(f"{text!r} is neither a layer such as 12 nor a range such as 3-40")
    return int(first), int(last or first)


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path())
@click.option(
    "-o", "--output", metavar="OUT", help="OUT.png or OUT.svg, - for stdout; FILE.png in this directory by default."
)
@click.option("--layer", type=layer_range, metavar="N|A-B", help="One layer from above, or a range as a solid, from 1.")
@click.option(
    "--view", type=click.Choice(("sheet", "top", "solid")), help="The print and some layers, from above, or as a solid."
)
@click.option(
    "--colour",
    "--color",
    "colour",
    type=click.Choice(COLOURS),
    default="role",
    show_default=True,
    help="What colours tell.",
)
@click.option("--travels", is_flag=True, help="Draw travels too.")
@click.option("--seams", is_flag=True, help="Mark where outer walls begin.")
@click.option("--angle", type=numbers(2), default="30,30", metavar="A,E", help="Degrees around and above, of a solid.")
@click.option("--size", type=numbers(2), metavar="W,H", help="Pixels of the picture.")
@click.option("--json", "as_json", is_flag=True, help="Say as JSON what was drawn.")
@plate_option
@profile_options
def preview(
    file: str,
    output: str | None,
    layer: tuple[int, int] | None,
    view: str | None,
    colour: str,
    travels: bool,
    seams: bool,
    angle: tuple[float, float],
    size: tuple[float, float] | None,
    as_json: bool,
    plate: int | None,
    **profile: Any,
) -> None:
    """Draw the toolpaths of a G-code file or a model.

    FILE is G-code of any slicer, or a model that is sliced first. Without --layer and --view the whole print is drawn
    beside some telling layers.
    """
    from gcode import pictures
    from gcode.pictures.sizes import with_sizes
    from gcode.planner import estimate

    title = os.path.basename(file).split(".")[0]
    output = output or title + ".png"
    form = picture_form(output, "png", "svg")
    _refuse(file, output, size, as_json)
    moves, limits = _moves(file, plate, profile)
    first, last = _layers(moves, layer)
    if seams:
        _warn_of_seams(file, moves)
    moves = with_sizes(moves, limits.filament_diameter)
    seconds = estimate(moves, limits.machine) if colour == "time" else None
    paint = pictures.paint(moves, colour, seconds, limits.filament_diameter)
    look = pictures.Look(
        paint, travels, seams, *angle,
        size=(int(size[0]), int(size[1])) if size else (0, 0),
        form=form,
        title=title,
    )  # fmt: skip
    view = view or ("sheet" if layer is None else "top" if first == last else "solid")
    if view == "sheet":
        data = pictures.sheet(moves, look)
    else:
        data = {"top": pictures.flat, "solid": pictures.solid}[view](moves, first - 1, last - 1, look)
    write_file(output, data)
    if as_json:
        facts = {"picture": output, "view": view, "first_layer": first, "last_layer": last, "colour": paint.title}
        click.echo(json.dumps(facts, indent=2))


def _refuse(file: str, output: str, size: tuple[float, float] | None, as_json: bool) -> None:
    """Raise now what would be wrong after a long reading."""
    check_writable(output, [file])
    check_stdout(as_json, output)
    if size and not all(400 <= side <= 8000 for side in size):
        raise click.BadParameter("a picture has 400 to 8000 pixels each way", param_hint="'--size'")


def _layers(moves: Moves, asked: tuple[int, int] | None) -> tuple[int, int]:
    """Return the first and the last layer to draw, counted from 1; by default all."""
    count = int(moves.layer.max(initial=-1)) + 1
    first, last = asked or (1, count)
    if asked and first > count:
        raise click.BadParameter(f"the print has {count} layers", param_hint="'--layer'")
    return first, min(last, count)


def _warn_of_seams(file: str, moves: Moves) -> None:
    """Say on stderr that a file does not tell where its outer walls begin."""
    from gcode.pictures.beads import seams

    if not len(seams(moves)):
        click.echo(f"Warning: {file} names no closed outer walls, so no seams are known", err=True)


def _moves(file: str, plate: int | None, profile: dict[str, Any]) -> tuple[Moves, Limits]:
    """Return the moves of a G-code file, or of a model sliced now, and the machine that is to print them."""
    if plate is None and is_model(file):
        from slicer import slice
        from slicer.tools.machine import limits_of

        resolved = resolve(**profile)
        return slice(file, resolved, check=False).moves, limits_of(resolved.settings)
    subject = judging.read(file, plate)
    judging.warn_of(subject)
    return subject.moves, judging.judge_of(file, subject.settings, **profile).limits
