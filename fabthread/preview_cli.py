"""`fabthread preview`: pictures of toolpaths, from G-code or straight from a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from fabthread.options import check_writable, profile_options, resolve, write_file

if TYPE_CHECKING:
    from gcode.moves import Moves

GCODE_SUFFIXES = (".gcode", ".gco", ".g", ".gc", ".nc", ".txt", ".gcode.gz", ".bgcode", ".gcode.3mf", ".ufp")

EPILOG = """\b
Examples:
  fabthread preview part.gcode
  fabthread preview part.gcode --layer 12 -o layer12.png
  fabthread preview part.stl --layer 1-40 --set infill_pattern=gyroid
"""


def layer_range(text: str) -> tuple[int, int]:
    """Return first and last of `12` or `3-40`, counted from 1."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and 1 <= int(first) <= int(last or first)):
        raise click.BadParameter(f"{text!r} is neither a layer such as 12 nor a range such as 3-40")
    return int(first), int(last or first)


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path())
@click.option("-o", "--output", metavar="OUT.png", help="Picture, - for stdout; FILE.png in this directory by default.")
@click.option("--layer", type=layer_range, metavar="N|A-B", help="One layer from above, or a range of them, from 1.")
@profile_options
def preview(file: str, output: str | None, layer: tuple[int, int] | None, **profile: Any) -> None:
    """Draw the toolpaths of a G-code file or a model.

    FILE is G-code of any slicer, or a model that is sliced first. Beads are coloured by what they are for.
    """
    from slicer import preview as pictures

    title = os.path.splitext(os.path.basename(file))[0]
    output = output or title + ".png"
    check_writable(output, [file])
    moves = _moves(file, profile)
    count = int(moves.layer.max(initial=-1)) + 1
    if layer is None:
        data = pictures.sheet(moves, title, f"{count} layers")
    elif layer[0] > count:
        raise click.BadParameter(f"the print has {count} layers", param_hint="'--layer'")
    else:
        data = pictures.layers(moves, layer[0] - 1, min(layer[1], count) - 1, title)
    write_file(output, data)


def _moves(file: str, profile: dict[str, Any]) -> Moves:
    """Return the moves of a G-code file, or of a model sliced now."""
    if not file.lower().endswith(GCODE_SUFFIXES):
        from slicer import slice

        return slice(file, resolve(**profile), check=False).moves
    from gcode.reader import read
    from slicer.errors import InputRefused

    try:
        return read(file)
    except OSError as error:
        raise InputRefused(f"cannot read {file}: {error.strerror or error}") from None
