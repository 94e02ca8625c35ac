"""What a file does, in numbers that can be worked out by hand."""

import json
import math

import numpy as np
import pytest
from check_cases import CLEAN, PER_MM, SIDES, WIDTH, clean, insert
from hypothesis import given
from hypothesis import strategies as st

from gcode import read
from gcode.checks import Limits
from gcode.checks.evidence import Evidence
from gcode.survey import Survey, histogram, survey
from gcode.times import times

OUTER, INNER = 2 * sum(SIDES), 2 * (sum(SIDES) - 4 * WIDTH)


def surveyed(text: str) -> Survey:
    moves = read(text.encode(), [])
    return survey(Evidence(moves, Limits()), times(moves))


FOUND = surveyed(CLEAN)


def test_sizes():
    assert FOUND.layers == 6
    assert FOUND.layer_heights == (0.2,)
    assert FOUND.low == pytest.approx((79.8, 79.8, 0.0))  # the nozzle's width where the file names none
    assert FOUND.high == pytest.approx((80.2 + SIDES[0], 80.2 + SIDES[1], 1.2))


def test_widths_and_heights_of_the_file_are_used():
    text = CLEAN.replace(";LAYER:0", ";LAYER:0\n;WIDTH:0.6\n;HEIGHT:0.2")
    assert surveyed(text).low == pytest.approx((79.7, 79.7, 0.0), abs=1e-4)


def test_plastic():
    length = 6 * (OUTER + INNER) * PER_MM
    assert FOUND.filament_mm == pytest.approx(length, rel=1e-4)
    assert FOUND.filament_cm3 == pytest.approx(length * math.pi / 4 * 1.75**2 / 1000, rel=1e-4)
    assert FOUND.filament_mm_by_tool[0] == pytest.approx(length - 1.0, rel=1e-3)  # the last retraction stays


def test_tools_are_told_apart():
    by_tool = surveyed(insert("T1")(CLEAN)).filament_mm_by_tool
    assert by_tool[0] == pytest.approx(by_tool[1] + 1.0, rel=1e-3)


def test_time():
    assert sum(FOUND.seconds_by_role.values()) == pytest.approx(FOUND.seconds)
    assert FOUND.heating > 30
    assert FOUND.homing > 5
    assert {layer.layer for layer in (*FOUND.slowest_layers, *FOUND.quickest_layers)} <= set(range(1, 7))
    assert FOUND.slowest_layers[0].seconds >= FOUND.slowest_layers[-1].seconds


def test_speeds_and_flows_are_weighted_by_time():
    flow = 40 * PER_MM * math.pi / 4 * 1.75**2
    (i,) = np.flatnonzero(FOUND.flows.seconds)
    assert FOUND.flows.edges[i] <= flow <= FOUND.flows.edges[i + 1]
    assert sum(FOUND.speeds.seconds) <= FOUND.seconds


def test_heat_travel_and_retractions():
    assert FOUND.temperatures == {"nozzle": (205.0, 0.0), "bed": (60.0, 0.0)}
    assert FOUND.retractions == 6  # five between layers and the last
    assert FOUND.retraction_mm == pytest.approx(0.8)
    assert FOUND.travel_mm == pytest.approx(math.hypot(80, 80) + (6 + 5) * WIDTH * math.sqrt(2), rel=1e-4)


def test_commands_are_counted_and_the_unknown_named():
    found = surveyed(insert("M7777 S1\nM7777")(CLEAN))
    assert found.unknown_commands == {"M7777": 2}
    assert found.commands["M104"] == 2


def test_lines_a_second_are_those_of_the_densest_second():
    wiggle = "".join(f"G1 X{90 + k % 2 * 0.05:.2f} E0.001 F3000\n" for k in range(400))
    assert surveyed(insert(wiggle)(CLEAN)).lines_per_second > 150
    assert FOUND.lines_per_second < 20
    arc = "G1 X90 Y80\nG2 X90 Y80 I10 J0 E1 F9000\n"  # many rows, one line
    assert surveyed(insert(arc)(CLEAN)).lines_per_second < 20


@pytest.mark.parametrize("text", ["M105\n", "G28\n", clean(1), "G1 X5 F600\n"])
def test_little_is_surveyed_too(text):
    found = json.loads(json.dumps(surveyed(text).as_dict()))
    assert found["layers"] >= 0
    assert isinstance(found["speeds"]["edges"], list)


@given(st.lists(st.floats(0, 1e4), max_size=50), st.integers(1, 30))
def test_histograms_lose_nothing(values, bins):
    found = histogram(np.array(values), np.ones(len(values)), bins)
    assert len(found.seconds) <= bins + 1
    if values and max(values) > 0:
        assert sum(found.seconds) == len(values)
        assert len(found.edges) == len(found.seconds) + 1
