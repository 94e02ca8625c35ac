"""`fabthread diff`: what changed between two G-code files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from fabthread import judging
from fabthread.options import profile_options, readable

if TYPE_CHECKING:
    from gcode.diff import Diff, LayerDiff
    from gcode.survey import Survey

EPILOG = """\b
Examples:
  fabthread diff before.gcode after.gcode
  fabthread diff a.gcode b.gcode --printer prusa-mk4 --json
  fabthread diff part.gcode printed.gcode --beads       did `print --record` lay what the file says?
  fabthread diff plates.gcode.3mf plates.gcode.3mf --plate 1,2

\b
Exit codes:
  0    both print the same; comments may differ; with --beads: the beads are the same
  1    they differ
"""
MOST, WORST = 8, 3
"""Commands and layers that are listed; --json has all."""
FIGURE = re.compile(r"(filament (used|cost)|total |estimated |(MIN|MAX)[XYZ]$|TIME$|PRINT\.)", re.IGNORECASE)
"""Names of what a slicer worked out, not of what it was told; `compare` says better what became of it."""
VERDICTS = {
    "the same beads": "the beads are the same, in the same order",
    "another order": "the beads are the same, printed in another order",
    "other seams": "the lines are the same, begun or divided elsewhere",
    "different geometry": "the geometry differs",
}


def plates(text: str) -> tuple[int, ...]:
    """Return the plates in `2` or `1,2`."""
    words = text.split(",")
    if len(words) > 2 or not all(word.isdigit() and int(word) for word in words):
        raise click.BadParameter(f"{text!r} is neither a plate such as 2 nor two such as 1,2")
    return tuple(map(int, words))


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@profile_options
@click.option("--plate", type=plates, metavar="N|A,B", help="Which plate of .gcode.3mf files; the only one by default.")
@click.option("--beads", is_flag=True, help="Only what is laid counts: not heat, homing or what stands around it.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_context
def diff(
    ctx: click.Context, /, a: str, b: str, plate: tuple[int, ...] | None, beads: bool, as_json: bool, **profile: Any
) -> None:
    """Tell what changed from the G-code file A to B: beads, time, plastic, heat, commands.

    Not the text is compared but what is printed, in whatever order. Both are timed on --printer; without it on the
    machine that A was sliced for, if its slicer wrote that into it, else on a generic one.
    """
    from gcode.diff import compare

    one, other = (judging.read(file, chosen) for file, chosen in zip((a, b), _chosen(a, b, plate), strict=True))
    judging.warn_of(one)
    judging.warn_of(other)
    judge = judging.judge_of(a, one.settings, **profile)
    (first, of_a), (second, of_b) = judging.surveyed(one, judge), judging.surveyed(other, judge)
    found = compare(of_a, of_b)
    same = found.same_beads if beads else found.same
    changed = {} if beads else _changed(one.settings, other.settings)
    if as_json:
        facts = {
            "files": [a, b],
            **found.as_dict(),
            "same": same,
            "settings": changed,
            "a": first.as_dict(),
            "b": second.as_dict(),
        }
        click.echo(json.dumps(facts, indent=2))
    else:
        rows = [("verdict", "both print the same")] if found.same else list(_rows(found, first, second, beads))
        texts = [f"{key}: {_short(was)} > {_short(now)}" for key, (was, now) in changed.items()]
        for name, text in rows + _listed("settings", texts):
            click.echo(f"{name:<12}{text}")
    ctx.exit(0 if same else 1)


def _chosen(a: str, b: str, plate: tuple[int, ...] | None) -> tuple[int | None, int | None]:
    """Return the plate of each file; a lone one is meant for both, or for the one that is a file of plates."""
    import gcode

    if plate is None:
        return None, None
    if len(plate) == 1:
        with readable(a):
            first = bool(gcode.plates(a))
        with readable(b):
            second = bool(gcode.plates(b))
        if first != second:
            return (plate[0], None) if first else (None, plate[0])
    return plate[0], plate[-1]


def _rows(found: Diff, a: Survey, b: Survey, beads: bool) -> Iterator[tuple[str, str]]:
    """Yield what differs, in one line each: name and text; of the `beads` alone if wanted."""
    yield "geometry", _geometry(found)
    if any(found.shift):
        yield "", f"B lies {found.shift[0]:g}, {found.shift[1]:g} mm from A; the rest is told as if it did not"
    for text in _layers(found.layers):
        yield "", text
    if beads:
        return
    yield from _numbers(found, a, b)
    for z, (first, second) in list(found.layer_seconds.items())[:WORST]:
        yield "", f"z {z:g}: {first:.1f} > {second:.1f} s"
    yield from _listed("commands", [f"{text}: {was} > {now} times" for text, (was, now) in found.commands.items()])


def _listed(name: str, texts: list[str]) -> list[tuple[str, str]]:
    """Return the first of some texts as rows, the first of them named."""
    rows = [("" if i else name, text) for i, text in enumerate(texts[:MOST])]
    return rows + [("", f"and {len(texts) - MOST} more")] * (len(texts) > MOST)


def _changed(a: Mapping[str, str], b: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the settings of both files that differ; - where one has none. Figures such as times are left out."""
    keys = [key for key in {**a, **b} if a.get(key) != b.get(key) and not FIGURE.match(key)]
    return {key: (a.get(key, "-"), b.get(key, "-")) for key in keys}


def _geometry(found: Diff) -> str:
    """Return the verdict in words."""
    text = f"{VERDICTS[found.verdict]}; {found.matched:,} of {found.beads[0]:,} and {found.beads[1]:,} beads are alike"
    if found.flows:
        text += f", {found.flows:,} of them with other plastic"
    if found.speeds:
        text += f", {found.speeds:,} at another speed"
    return text


def _layers(layers: tuple[LayerDiff, ...]) -> Iterator[str]:
    """Yield how many heights differ in which way, and where they differ most."""
    for kind in dict.fromkeys(layer.kind for layer in layers):
        heights = [layer.z for layer in layers if layer.kind == kind]
        span = f"z {heights[0]:g}" + f" to {heights[-1]:g}, {len(heights)} heights" * (len(heights) > 1)
        yield f"{kind}: {span}"
    for layer in sorted(layers, key=lambda layer: -layer.far_mm)[:WORST]:
        if layer.far_mm > 0:
            where = (
                f"up to {layer.far:.2f} mm away at {layer.x:.1f}, {layer.y:.1f}"
                if layer.length[0] and layer.length[1]
                else "all of it"
            )
            volume = f"{layer.volume[0]:.1f} > {layer.volume[1]:.1f} mm3"
            yield f"z {layer.z:g}, layer {layer.layer}: {layer.far_mm:.1f} mm of bead, {where}; {volume}"


def _numbers(found: Diff, a: Survey, b: Survey) -> Iterator[tuple[str, str]]:
    """Yield the sums that differ: size, layers, time, plastic, heat."""
    from slicer.summary import duration

    for name, first, second in (
        ("layers", a.layers, b.layers),
        ("layer height", list(a.layer_heights), list(b.layer_heights)),
        ("part from", _corner(a.part_low), _corner(b.part_low)),
        ("part to", _corner(a.part_high), _corner(b.part_high)),
        ("filament", f"{a.filament_mm:.1f} mm", f"{b.filament_mm:.1f} mm"),
        ("retractions", a.retractions, b.retractions),
        ("travel", f"{a.travel_mm:.0f} mm", f"{b.travel_mm:.0f} mm"),
        *((heater, _targets(a, heater), _targets(b, heater)) for heater in ("nozzle", "bed", "chamber")),
        ("time", duration(a.seconds), duration(b.seconds)),
    ):
        if first != second:
            yield name, f"{first} > {second}"
    roles = {role: (a.seconds_by_role.get(role, 0.0), b.seconds_by_role.get(role, 0.0)) for role in a.seconds_by_role}
    roles |= {role: (0.0, seconds) for role, seconds in b.seconds_by_role.items() if role not in roles}
    for role, (was, now) in sorted(roles.items(), key=lambda one: -abs(one[1][0] - one[1][1])):
        if abs(was - now) > 1.0:
            yield "", f"{role}: {duration(was)} > {duration(now)}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _corner(corner: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.2f}" for value in corner)


def _targets(found: Survey, heater: str) -> str:
    return " ".join(f"{target:g}" for target in found.temperatures.get(heater, ())) + " C"
