"""Settings that do not go together: every rule is seen to fire, and fires alone."""

import pytest

from profiles.checks import ACCELERATIONS, ERRORS, SPEEDS, WARNINGS, WIDTHS, Rule
from profiles.errors import SettingsRefused
from profiles.loader import load

ALL_WIDTHS = [*WIDTHS.split(), "first_layer_line_width"]

ERROR_CASES = {
    "bed_round": {"bed_round": True, "bed_size": [200, 210]},
    "layer_height nozzle": {"layer_height": 0.41},
    "first_layer_height nozzle": {"first_layer_height": 0.41},
    "layer_height max_print": {"layer_height": 0.4, "first_layer_height": 0.1, "max_print_height": 0.3},
    "first_layer_height max_print": {"layer_height": 0.1, "first_layer_height": 0.4, "max_print_height": 0.3},
    **{f"{width} layer_height": {width: 0.19} for width in WIDTHS.split()},
    "first_layer_line_width first_layer_height": {"first_layer_line_width": 0.25, "first_layer_height": 0.3},
    **{f"{width} nozzle": {width: 1.61} for width in ALL_WIDTHS},
    "nozzle_temperature max": {"nozzle_temperature": 301},
    "first_layer_nozzle_temperature max": {"first_layer_nozzle_temperature": 301},
    "bed_temperature max": {"bed_temperature": 121},
    "first_layer_bed_temperature max": {"first_layer_bed_temperature": 121},
    "nozzle_temperature min": {"nozzle_temperature": 169},
    "first_layer_nozzle_temperature min": {"first_layer_nozzle_temperature": 169},
    "fan_min": {"fan_min": "60%", "fan_max": "50%"},
    "unretraction": {"unretraction_extra_length": -0.8},
    "bridge_angle": {"bridge_angle": -0.5},
    "brim": {"brim_type": "outer", "brim_width": 0.1, "brim_gap": 0.1},
}

WARNING_CASES = {
    "made_for_nozzle": {"nozzle_diameter": 0.5},
    "layer_height thick": {"layer_height": 0.33},
    "first_layer_height thick": {"first_layer_height": 0.33},
    **{f"{width} wide": {width: 1.1} for width in ALL_WIDTHS},
    **{f"{width} thin": {width: 0.23} for width in ALL_WIDTHS},
    "min_bead_width": {"min_bead_width": 0.5},
    "elephant": {"elephant_foot_compensation": 0.5},
    "temperature step": {"first_layer_nozzle_temperature": 250},
    "fan_full": {"fan_off_layers": 5, "fan_full_layer": 4},
    "min_layer_time": {"min_layer_time": 90},
    "retraction_speed": {"retraction_speed": 130},
    "unretraction_speed": {"unretraction_speed": 130},
    "z_hop": {"z_hop": 0.2, "retraction_length": 0},
    "wipe": {"wipe": True, "retraction_length": 0},
    "nothing": {"wall_count": 0, "infill_density": 0, "top_layers": 0, "bottom_layers": 0},
    "anchor": {"infill_anchor": 5, "infill_anchor_max": 4},
    "skirt": {"skirt_min_length": 5, "skirt_loops": 0},
    "slow walls": {"wall_speed": 9},
    "slow infill": {"infill_speed": 9},
    "slow solid": {"solid_infill_speed": 9},
    **{speed: {speed: 201} for speed in SPEEDS.split()},
    **{acceleration: {acceleration: 1501} for acceleration in ACCELERATIONS.split()},
}


def fired(rules: list[Rule], lines: tuple[str, ...]) -> set[int]:
    """Return the indices of the rules whose reason and keys stand in some line."""
    return {
        i
        for i, rule in enumerate(rules)
        if any(line.endswith(rule.reason) and all(f"{k} = " in line for k in rule.keys.split()) for line in lines)
    }


def error_lines(overrides) -> tuple[str, ...]:
    with pytest.raises(SettingsRefused) as caught:
        load(overrides=overrides)
    return caught.value.problems


@pytest.mark.parametrize("case", ERROR_CASES)
def test_clash_is_refused_with_one_reason(case):
    (line,) = error_lines(ERROR_CASES[case])
    assert "(--set)" in line


@pytest.mark.parametrize("case", WARNING_CASES)
def test_oddity_is_warned_about_once(case):
    (line,) = load(overrides=WARNING_CASES[case]).warnings
    assert "(--set)" in line


def test_every_rule_fires_in_some_case():
    errors = [fired(ERRORS, error_lines(case)) for case in ERROR_CASES.values()]
    warnings = [fired(WARNINGS, load(overrides=case).warnings) for case in WARNING_CASES.values()]
    assert set().union(*errors) == set(range(len(ERRORS)))
    assert set().union(*warnings) == set(range(len(WARNINGS)))


def test_message_names_values_origin_reason_and_remedy():
    (line,) = error_lines({"layer_height": "0.5"})
    nozzle = load().origin["nozzle_diameter"].source  # such as generic-marlin:8
    assert line == (
        f"layer_height = 0.5 (--set), nozzle_diameter = 0.4 ({nozzle}): "
        "a layer cannot be thicker than the nozzle is wide: lower the layer or fit a larger nozzle"
    )


@pytest.mark.parametrize(
    "overrides",
    [
        {"layer_height": 0.32, "first_layer_height": 0.32},  # exactly 0.8 nozzles
        {"line_width": 1.0, "wall_width": 0.24},  # exactly 2.5 and 0.6 nozzles
        {"bridge_angle": -1},
        {"bridge_angle": 0},
        {"fan_min": 0.5, "fan_max": 0.5},
        {"brim_type": "none", "brim_width": 0},
        {"infill_anchor_max": 0, "infill_anchor": 5},
        {"first_layer_speed": 0},
    ],
)
def test_edges_are_fine(overrides):
    assert load(overrides=overrides).warnings == ()
