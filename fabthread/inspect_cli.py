"""`fabthread inspect`: what is in a G-code file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from fabthread.options import profile_options, read_gcode, resolve_for

if TYPE_CHECKING:
    from gcode.checks.evidence import Evidence
    from gcode.moves import Floats, Moves
    from gcode.survey import Histogram, LayerTime, Survey
    from profiles.schema import Settings

EPILOG = """\b
Examples:
  fabthread inspect part.gcode
  fabthread inspect part.gcode --printer prusa-mk4 --filament petg
  fabthread inspect part.gcode --json | jq .filament_g
  fabthread inspect part.gcode --thumbnails pictures/
"""
BAR = 40
SERIAL = 290
"""Lines a second that 115200 baud carries: 11,520 bytes, numbered and checksummed lines of 40."""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path())
@profile_options
@click.option("--thumbnails", metavar="DIR", help="Write the pictures in the file to this directory.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(file: str, thumbnails: str | None, as_json: bool, **profile: Any) -> None:
    """Tell what is in the G-code FILE, of any slicer: size, time, plastic, speeds, flows, heat, commands.

    Times are those of the machine in the file if fabthread sliced it, or of --printer, else of a generic one.
    """
    settings = resolve_for(file, **profile).settings
    moves, problems = read_gcode(file)
    found, _ = surveyed(moves, settings)
    facts = {
        "file": file,
        "machine": settings.machine.printer_model,
        "filament_g": found.filament_cm3 * settings.filament.filament_density,
        "malformed_lines": len(problems),
    }
    if as_json:
        click.echo(json.dumps(facts | found.as_dict(), indent=2))
        return
    click.echo(file)
    for name, value in _rows(found, settings, facts):
        if value:
            click.echo(f"  {name:<12}{value}")
    for name, bars in (("speeds", found.speeds), ("flows", found.flows)):
        _draw(name, {"speeds": "mm/s", "flows": "mm3/s"}[name], bars)


def surveyed(moves: Moves, settings: Settings) -> tuple[Survey, tuple[Evidence, Floats]]:
    """Return the survey of moves on the machine of the settings, and what `gcode.diff` compares."""
    from gcode.checks.evidence import Evidence
    from gcode.survey import survey
    from gcode.times import Homing, times
    from slicer.tools.machine import limits_of

    machine, limits = settings.machine, limits_of(settings)
    took = times(moves, limits.machine, homing=Homing(size=(*machine.bed_size, machine.max_print_height)))
    evidence = Evidence(moves, limits)
    return survey(evidence, took), (evidence, took.moves)


def _rows(found: Survey, settings: Settings, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is said in one line each: name and text."""
    from slicer.summary import duration, shares

    yield "size", f"{_box(found.part_low, found.part_high)}, {found.layers} layers of {_list(found.layer_heights)} mm"
    if found.low != found.part_low or found.high != found.part_high:
        yield "with skirt", _box(found.low, found.high)
    if found.low:
        yield (
            "place",
            ", ".join(f"{a} {p:.1f} to {q:.1f}" for a, p, q in zip("XYZ", found.low, found.high, strict=True)),
        )
    waits = f"heating about {duration(found.heating)}, homing {duration(found.homing)}"
    yield "time", f"{duration(found.seconds)} of motion on {facts['machine']}; {waits}"
    yield "", shares(found.seconds_by_role)
    yield "layers", f"slowest {_layers(found.slowest_layers)}; quickest {_layers(found.quickest_layers)}"
    weight = f"{facts['filament_g']:.1f} g of {settings.filament.filament_name}"
    yield "filament", f"{found.filament_mm / 1000:.2f} m, {found.filament_cm3:.2f} cm3, {weight}"
    if len(found.filament_mm_by_tool) > 1:
        yield "tools", ", ".join(f"T{tool} {mm / 1000:.2f} m" for tool, mm in found.filament_mm_by_tool.items())
    yield "heat", "; ".join(f"{name} {' > '.join(f'{t:g}' for t in ts)} C" for name, ts in found.temperatures.items())
    retractions = f"{found.retractions} retractions of {found.retraction_mm:.2g} mm" if found.retractions else ""
    travel = f"{found.travel_mm / 1000:.1f} m, {found.travel_share:.0%} of the time".replace("%", " %")
    yield "untimed", ", ".join(found.untimed)
    yield "travel", ", ".join(filter(None, (travel, retractions)))
    yield "objects", ", ".join(found.objects)
    yield "commands", ", ".join(f"{name} {n}" for name, n in found.commands.items())
    yield "unknown", ", ".join(f"{name} {n}" for name, n in found.unknown_commands.items())
    yield "malformed", f"{facts['malformed_lines']} lines; fabthread check tells which" * bool(facts["malformed_lines"])
    slow = ", more than 115200 baud carries" if found.lines_per_second > SERIAL else ""
    yield "lines", f"up to {found.lines_per_second:.0f} a second{slow}"


def _box(low: tuple[float, ...], high: tuple[float, ...]) -> str:
    return " x ".join(f"{b - a:.1f}" for a, b in zip(low, high, strict=True)) + " mm" if low else "nothing"


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _layers(layers: tuple[LayerTime, ...]) -> str:
    """Return layers with their times: `43 (51.5 s), 42 (50.6 s)`."""
    return ", ".join(f"{one.layer} ({one.seconds:.1f} s)" for one in layers) or "none"


def _draw(name: str, unit: str, bars: Histogram) -> None:
    """Draw a histogram of time as bars, empty ones at both ends left out."""
    from slicer.summary import duration

    full = "\u2588" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    used = [i for i, seconds in enumerate(bars.seconds) if seconds > 0]
    for i in range(used[0], used[-1] + 1) if used else ():
        edges = f"{bars.edges[i]:g}-{bars.edges[i + 1]:g}"
        length = round(bars.seconds[i] / max(bars.seconds) * BAR)
        title = f"{name} {unit}" if i == used[0] else ""
        told = duration(bars.seconds[i]) if bars.seconds[i] > 0 else ""
        click.echo(f"  {title:<12}{edges:>9} {full * length}{' ' * bool(length)}{told}".rstrip())
