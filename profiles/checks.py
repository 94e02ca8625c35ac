"""Settings that are each within bounds but do not go together: rules as tables, each with reason and remedy.

An error would spoil the print or harm the machine; a warning names what will surprise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from profiles.values import dump


class Rule(NamedTuple):
    """`broken` is given the values of `keys` in order; `reason` says why they clash and what to do."""

    keys: str
    broken: Callable[..., bool]
    reason: str


def check(values: Mapping[str, Any], origin: Callable[[str], str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (errors, warnings), one line each, naming the values and, by `origin`, where they came from."""
    return _clashes(ERRORS, values, origin), _clashes(WARNINGS, values, origin)


def _clashes(rules: list[Rule], values: Mapping[str, Any], origin: Callable[[str], str]) -> tuple[str, ...]:
    broken = [rule for rule in rules if rule.broken(*(values[key] for key in rule.keys.split()))]
    return tuple(
        ", ".join(f"{key} = {dump(values[key])} ({origin(key)})" for key in rule.keys.split()) + f": {rule.reason}"
        for rule in broken
    )


def _each(firsts: str, others: str, broken: Callable[..., bool], reason: str) -> list[Rule]:
    """Return the same rule for several keys, each beside the same others."""
    return [Rule(f"{first} {others}", broken, reason) for first in firsts.split()]


WIDTHS = "line_width external_wall_width wall_width infill_width solid_infill_width top_infill_width"
SPEEDS = (
    "wall_speed external_wall_speed small_wall_speed thin_wall_speed gap_fill_speed infill_speed solid_infill_speed "
    "top_surface_speed bridge_speed skirt_speed first_layer_speed travel_speed"
)
ACCELERATIONS = (
    "default_acceleration default_travel_acceleration print_acceleration external_wall_acceleration "
    "infill_acceleration top_surface_acceleration bridge_acceleration first_layer_acceleration travel_acceleration"
)

ERRORS: list[Rule] = [
    Rule(
        "bed_round bed_size",
        lambda round_, size: round_ and size[0] != size[1],
        "a round bed has one diameter: give it twice",
    ),
    *_each(
        "layer_height first_layer_height",
        "nozzle_diameter",
        lambda height, nozzle: height > nozzle,
        "a layer cannot be thicker than the nozzle is wide: lower the layer or fit a larger nozzle",
    ),
    *_each(
        "layer_height first_layer_height",
        "max_print_height",
        lambda height, most: height > most,
        "not one layer fits below the greatest print height: correct the printer",
    ),
    # a bead's section is a rectangle with round sides, which needs width >= height
    *_each(
        WIDTHS,
        "layer_height",
        lambda width, height: 0 < width < height,
        "a bead cannot be narrower than it is high: raise the width, lower the layer, or set the width to 0",
    ),
    Rule(
        "first_layer_line_width first_layer_height",
        lambda width, height: 0 < width < height,
        "a bead cannot be narrower than it is high: raise the width, lower the layer, or set the width to 0",
    ),
    *_each(
        f"{WIDTHS} first_layer_line_width",
        "nozzle_diameter",
        lambda width, nozzle: width > 4 * nozzle,
        "the nozzle cannot press a bead wider than four diameters: lower the width or set it to 0",
    ),
    *_each(
        "nozzle_temperature first_layer_nozzle_temperature",
        "max_nozzle_temperature",
        lambda temperature, most: temperature > most,
        "hotter than the machine allows: choose another filament, or correct the printer if it can take it",
    ),
    *_each(
        "bed_temperature first_layer_bed_temperature",
        "max_bed_temperature",
        lambda temperature, most: temperature > most,
        "hotter than the machine allows: choose another filament, or correct the printer if it can take it",
    ),
    *_each(
        "nozzle_temperature first_layer_nozzle_temperature",
        "min_extrusion_temperature",
        lambda temperature, least: temperature < least,
        "the firmware refuses to push filament: raise the temperature, or correct the printer if it allows less",
    ),
    Rule("fan_min fan_max", lambda least, most: least > most, "the least fan exceeds the most: swap them"),
    Rule(
        "unretraction_extra_length retraction_length",
        lambda extra, length: extra < 0 and -extra >= length,
        "nothing of the retracted filament would come back: raise unretraction_extra_length",
    ),
    Rule(
        "bridge_angle",
        lambda angle: -1 < angle < 0,
        "a direction lies between 0 and 180 degrees; exactly -1 finds it from the anchors",
    ),
    Rule(
        "brim_type brim_width brim_gap",
        lambda kind, width, gap: kind != "none" and width <= gap,
        'the brim lies wholly within its gap: widen it or set brim_type = "none"',
    ),
]

WARNINGS: list[Rule] = [
    Rule(
        "made_for_nozzle nozzle_diameter",
        lambda meant, nozzle: meant > 0 and abs(meant - nozzle) > 1e-6,
        "the process is meant for another nozzle: choose a process for this one",
    ),
    *_each(
        "layer_height first_layer_height",
        "nozzle_diameter",
        lambda height, nozzle: 0.8 * nozzle + 1e-9 < height <= nozzle,
        "layers thicker than 0.8 nozzle diameters stick poorly: lower the layer or fit a larger nozzle",
    ),
    *_each(
        f"{WIDTHS} first_layer_line_width",
        "nozzle_diameter",
        lambda width, nozzle: 2.5 * nozzle < width <= 4 * nozzle,
        "beads wider than 2.5 nozzle diameters curl and miss their neighbours: lower the width or set it to 0",
    ),
    *_each(
        f"{WIDTHS} first_layer_line_width",
        "nozzle_diameter",
        lambda width, nozzle: 0 < width < 0.6 * nozzle,
        "beads thinner than 0.6 nozzle diameters tear: raise the width or set it to 0",
    ),
    Rule(
        "min_bead_width nozzle_diameter",
        lambda width, nozzle: width > 1.2 * nozzle,
        "walls that one bead can print are left out: lower it, or set it to 0",
    ),
    Rule(
        "elephant_foot_compensation nozzle_diameter",
        lambda shrink, nozzle: shrink > nozzle,
        "the first layer loses more than a nozzle diameter on each side: 0.1 to 0.3 is usual",
    ),
    Rule(
        "first_layer_nozzle_temperature nozzle_temperature",
        lambda first, others: abs(first - others) > 30,
        "the nozzle changes by more than 30 C after the first layer: correct one of them",
    ),
    Rule(
        "fan_full_layer fan_off_layers",
        lambda full, off: 0 < full < off,
        "the fan should be full before it may start: raise fan_full_layer",
    ),
    Rule(
        "min_layer_time fan_below_layer_time",
        lambda slow, fan: slow > fan,
        "layers are slowed down before the fan speeds up: raise fan_below_layer_time",
    ),
    *_each(
        "retraction_speed unretraction_speed",
        "max_speed_e",
        lambda speed, most: speed > most,
        "faster than the extruder can; it will be limited",
    ),
    Rule(
        "z_hop retraction_length",
        lambda lift, length: lift > 0 and length == 0,
        "the nozzle is lifted only when it retracts, and it never does: set retraction_length, or z_hop to 0",
    ),
    Rule(
        "wipe retraction_length",
        lambda wipe, length: wipe and length == 0,
        "the nozzle wipes only when it retracts, and it never does: set retraction_length, or wipe to false",
    ),
    Rule(
        "wall_count infill_density top_layers bottom_layers",
        lambda *shares: not any(shares),
        "nothing of the part would be printed: give it walls, infill or shells",
    ),
    Rule(
        "infill_anchor infill_anchor_max",
        lambda anchor, most: 0 < most < anchor,
        "anchors are longer than the longest allowed: lower infill_anchor",
    ),
    Rule(
        "skirt_min_length skirt_loops",
        lambda length, loops: length > 0 and loops == 0,
        "there is no skirt to be made longer: set skirt_loops",
    ),
    *_each(
        "wall_speed infill_speed solid_infill_speed",
        "min_print_speed",
        lambda speed, least: speed < least,
        "cooling cannot slow beads that are slower already: lower min_print_speed",
    ),
    *_each(
        SPEEDS,
        "max_speed_x max_speed_y",
        lambda speed, x, y: speed > min(x, y),
        "faster than the machine allows; it will be limited",
    ),
    *_each(
        ACCELERATIONS,
        "max_acceleration_x max_acceleration_y",
        lambda acceleration, x, y: acceleration > min(x, y),
        "more than the machine allows; its firmware will limit it",
    ),
]
