"""`fabthread slice`: models in, G-code out."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from fabthread.options import (
    MODEL_SUFFIXES,
    check_stdout,
    check_writable,
    is_model,
    numbers,
    picture_form,
    profile_options,
    resolve,
    write_file,
)

if TYPE_CHECKING:
    from slicer.job import SliceResult

EPILOG = """\b
Examples:
  fabthread slice bracket.stl
  fabthread slice bracket.stl clip.stl -o plate.gcode --preview plate.png
  fabthread slice part.3mf --printer voron-2.4-350 --filament abs --process 0.16mm
  fabthread slice part.stl --set infill_density=30% --set infill_pattern=gyroid
  fabthread slice part.stl --scale 25.4 --rotate 90,0,0
  fabthread slice part.stl -o - | gzip > part.gcode.gz
  fabthread slice other.stl --like part.gcode
  fabthread slice --explain nozzle_temperature --filament petg

Every setting is listed in docs/settings.md. Exit codes: see fabthread --help.
"""


@click.command("slice", epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("models", nargs=-1, metavar="MODEL...", type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="G-code file (also .gcode.gz and .bgcode), - for stdout; MODEL.gcode here by default.",
)
@profile_options
@click.option(
    "--scale", type=numbers(3, spread=True), default="1", metavar="FACTOR", help="Enlarge; one factor or X,Y,Z."
)
@click.option("--rotate", type=numbers(3), default="0,0,0", metavar="X,Y,Z", help="Turn about the axes, degrees.")
@click.option("--center", type=numbers(2), metavar="X,Y", help="Middle of the print on the bed, mm.")
@click.option("--strict", is_flag=True, help="Refuse models that would have to be repaired.")
@click.option(
    "--no-check", "check", is_flag=True, flag_value=False, default=True, help="Write G-code that fails the checks, too."
)
@click.option("--preview", "picture", metavar="OUT.png", help="Also draw the toolpaths (or OUT.svg).")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), metavar="N", help="Threads; all cores by default, same result."
)
@click.option(
    "--explain", is_flag=False, flag_value="", metavar="[KEY]", help="Say where settings come from, and stop."
)
def slice_models(
    models: tuple[str, ...],
    output: str | None,
    printer: str | None,
    filament: str | None,
    process: str | None,
    like: str | None,
    overrides: tuple[str, ...],
    explain: str | None,
    picture: str | None,
    as_json: bool,
    **job: Any,
) -> None:
    """Slice the models, arranged on one plate, and write G-code.

    With only a MODEL (STL, 3MF, OBJ, PLY, OFF, GLB) it prints on a generic 0.4 mm Marlin machine, in PLA, in layers
    of 0.2 mm.
    """
    if explain is not None and explain.lower().endswith(MODEL_SUFFIXES):
        models, explain = (explain, *models), ""  # `--explain part.stl` means no key
    profile = resolve(printer, filament, process, like, overrides)
    if explain is not None:
        key = explain.replace("-", "_")
        if as_json:
            click.echo(json.dumps(profile.facts([key]) if key else profile.facts(), indent=2))
        else:
            click.echo(profile.explain(key or None))
        return
    if not models:
        raise click.UsageError("Missing argument 'MODEL...': which file shall be sliced?")
    output = output or os.path.splitext(os.path.basename(models[0]))[0] + ".gcode"
    if is_model(output):
        raise click.UsageError(f"{output}: is the name of a model, and G-code goes there; call it .gcode")
    check_stdout(as_json, output, picture)
    form = picture_form(picture or "-", "png", "svg")
    if output == picture:
        raise click.UsageError(f"the G-code and the picture cannot both be {output}")
    for path in filter(None, (output, picture)):
        check_writable(path, models)
    result = _run(list(models), profile, job)
    write_file(output, _packed(output, result.gcode()))
    if picture:
        write_file(picture, _draw(result, form))
    _tell(result, profile, [output, picture] if picture else [output], as_json)


def _run(models: list[str], profile: Any, job: dict[str, Any]) -> SliceResult:
    """Slice with progress on the terminal."""
    from fabthread.progress import Progress
    from slicer import slice

    with Progress() as progress:
        return slice(models if len(models) > 1 else models[0], profile, progress=progress, **job)


def _packed(path: str, text: bytes) -> bytes:
    """Return G-code as the ending of a file's name promises it; the same bytes every time."""
    ending = os.path.splitext(path)[1].lower()
    if ending == ".bgcode":
        from gcode import bgcode

        return bgcode.pack(text)
    if ending == ".gz":
        import gzip

        return gzip.compress(text, mtime=0)
    return text


def _draw(result: SliceResult, form: str) -> bytes:
    from gcode.pictures import Look, sheet
    from slicer.summary import counted, duration

    summary = result.summary
    facts = [f"{summary.layers} layers", duration(summary.print_seconds), f"{summary.filament_g:.1f} g"]
    look = Look(form=form, title=", ".join(counted(summary.models)), facts="  ·  ".join(facts))
    return sheet(result.moves, look)


def _tell(result: SliceResult, profile: Any, written: list[str], as_json: bool) -> None:
    """Print the summary: for people to stdout, unless a file went there."""
    if as_json:
        from fabthread import __version__

        facts = {"fabthread": __version__, "output": written[0], "profiles": dict(profile.names)}
        click.echo(json.dumps(facts | result.summary.as_dict(), indent=2))
        return
    files = ", ".join(path for path in written if path != "-")
    lines = [result.summary.text(), *([f"  {'written':<10}{files}"] if files else [])]
    click.echo("\n".join(lines), err="-" in written)
