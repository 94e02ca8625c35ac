"""`fabthread inspect`: what is in a G-code file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fabthread import judging
from fabthread.errors import OutputRefused
from fabthread.options import plate_option, profile_options, write_file

if TYPE_CHECKING:
    from gcode.embedded import Thumbnail
    from gcode.survey import Histogram, LayerTime, Survey

EPILOG = """\b
Examples:
  fabthread inspect part.gcode
  fabthread inspect part.gcode --printer prusa-mk4 --filament petg
  fabthread inspect part.gcode --json | jq .settings.layer_height
  fabthread inspect part.gcode --thumbnails pictures/
  fabthread inspect plates.gcode.3mf --plate 2
"""
ASKED_FIRST = (
    *("printer_model", "filament_type", "nozzle_diameter", "layer_height", "Layer height"),
    *("infill_density", "fill_density", "sparse_infill_density", "infill_pattern", "fill_pattern"),
)
"""Settings shown on the terminal, by the names of several slicers; --json has all."""
BAR = 40
SERIAL = 290
"""Lines a second that 115200 baud carries: 11,520 bytes, numbered and checksummed lines of 40."""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path())
@profile_options
@plate_option
@click.option("--thumbnails", metavar="DIR", help="Write the pictures in the file to this directory.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(file: str, plate: int | None, thumbnails: str | None, as_json: bool, **profile: Any) -> None:
    """Tell what is in the G-code FILE, of any slicer: size, time, plastic, speeds, flows, heat, commands.

    Times are those of --printer; without it of the machine that the file was sliced for, if its slicer wrote that into
    it, else of a generic one.
    """
    import gcode

    subject = judging.read(file, plate)
    judging.warn_of(subject)
    judge = judging.judge_of(file, subject.settings, **profile)
    found, _ = judging.surveyed(subject, judge)
    pictures = gcode.thumbnails(file, plate)
    facts = {
        "file": file,
        "machine": judge.machine,
        "filament": judge.filament,
        "filament_density": judge.density,
        "filament_g": found.filament_cm3 * judge.density,
        "problems": [str(problem) for problem in subject.problems],
        "settings": subject.settings,
        "thumbnails": [f"{one.width}x{one.height} {one.format}" for one in pictures],
    }
    if thumbnails:
        _write(pictures, thumbnails, file)
    if as_json:
        click.echo(json.dumps(facts | found.as_dict(), indent=2))
        return
    click.echo(file)
    for name, value in _rows(found, facts):
        if value:
            click.echo(f"  {name:<12}{value}")
    for name, bars in (("speeds", found.speeds), ("flows", found.flows)):
        _draw(name, {"speeds": "mm/s", "flows": "mm3/s"}[name], bars)


def _write(pictures: Sequence[Thumbnail], folder: str, file: str) -> None:
    """Write pictures to a folder, which is made: part_220x124.png; say where there are none."""
    if not pictures:
        click.echo(f"Warning: {file} holds no pictures", err=True)
        return
    stem = os.path.basename(file).split(".")[0]
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OutputRefused(folder, error) from None
    for number, one in enumerate(pictures):
        twin = sum((one.width, one.height) == (other.width, other.height) for other in pictures[:number])
        name = f"{stem}_{one.width}x{one.height}{f'_{twin + 1}' if twin else ''}.{one.format}"
        write_file(os.path.join(folder, name), one.data)


def _rows(found: Survey, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is said in one line each: name and text."""
    from slicer.summary import duration, shares

    yield "slicer", found.slicer
    yield "settings", _settings(facts["settings"])
    heights = f" of {_list(found.layer_heights)} mm" * bool(found.layers)
    yield "size", f"{_box(found.part_low, found.part_high)}, {found.layers} layers{heights}"
    if found.low != found.part_low or found.high != found.part_high:
        yield "with skirt", _box(found.low, found.high)
    if found.low:
        spans = zip("XYZ", found.low, found.high, strict=True)
        yield "place", ", ".join(f"{axis} {low:.1f} to {high:.1f}" for axis, low, high in spans)
    total = duration(found.seconds + found.heating + found.homing)
    parts = f"motion {duration(found.seconds)}, heating {duration(found.heating)}, homing {duration(found.homing)}"
    yield "time", f"about {total} on {facts['machine']}: {parts}"
    yield "", shares(found.seconds_by_role)
    yield "untimed", ", ".join(found.untimed)
    yield "layers", f"slowest {_layers(found.slowest_layers)}; quickest {_layers(found.quickest_layers)}"
    yield from _plastic(found, facts)
    yield "objects", ", ".join(found.objects)
    yield "commands", ", ".join(f"{name} {n}" for name, n in found.commands.items())
    yield "unknown", ", ".join(f"{name} {n}" for name, n in found.unknown_commands.items())
    yield "thumbnails", ", ".join(facts["thumbnails"])
    slow = ", more than 115200 baud carries" if found.lines_per_second > SERIAL else ""
    yield "lines", f"up to {found.lines_per_second:.0f} a second{slow}"


def _plastic(found: Survey, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is said of filament, heat and travels."""
    weight = f"{facts['filament_g']:.1f} g of {facts['filament']} at {facts['filament_density']:g} g/cm3"
    yield "filament", f"{found.filament_mm / 1000:.2f} m, {found.filament_cm3:.2f} cm3, {weight}"
    if len(found.filament_mm_by_tool) > 1:
        yield "tools", ", ".join(f"T{tool} {mm / 1000:.2f} m" for tool, mm in found.filament_mm_by_tool.items())
    yield "heat", "; ".join(f"{name} {' > '.join(f'{t:g}' for t in ts)} C" for name, ts in found.temperatures.items())
    retractions = f"{found.retractions} retractions of {found.retraction_mm:.2g} mm" if found.retractions else ""
    travel = f"{found.travel_mm / 1000:.1f} m, {found.travel_share:.0%} of the time".replace("%", " %")
    yield "travel", ", ".join(filter(None, (travel, retractions)))


def _box(low: tuple[float, ...], high: tuple[float, ...]) -> str:
    return " x ".join(f"{b - a:.1f}" for a, b in zip(low, high, strict=True)) + " mm" if low else "nothing"


def _settings(told: Mapping[str, str]) -> str:
    """Return how many settings there are, and those that a person asks for first."""
    if not told:
        return ""
    asked = [f"{key} {value}" for key in ASKED_FIRST if (value := told.get(key, "").strip('"'))]
    return f"{len(told)}, such as {', '.join(asked)}" if asked else str(len(told))


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
