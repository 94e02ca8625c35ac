"""The summary counts what the moves hold."""

import doctest
import json
import math

import numpy as np
import pytest

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import Settings
from slicer import summary


def job() -> tuple[Moves, np.ndarray]:
    """Return a skirt, a retraction and two layers of a 10 mm line, with a second for each move."""
    moves = Moves.of(
        6,
        x=[50, 0, 0, 10, 0, 0.0],
        z=[0.2, 0.2, 0.2, 0.2, 0.4, 0.4],
        e=[3, -1, 1, 2, 2, 0.0],
        role=[Role.SKIRT, 0, 0, Role.EXTERNAL_PERIMETER, Role.INFILL, 0],
        width=[0.4, 0, 0, 0.4, 0.4, 0],
        height=[0.2, 0, 0, 0.2, 0.2, 0],
        layer=[0, 0, 0, 0, 1, 1],
    )
    return moves, np.array([1.0, 2, 3, 4, 50, 6])


def test_filament_is_what_the_beads_take():
    made = summary.summarise(*job(), Settings())
    assert made.filament_mm == pytest.approx(7)
    assert made.filament_cm3 == pytest.approx(7 * math.pi * 1.75**2 / 4 / 1000)
    assert made.filament_g == pytest.approx(made.filament_cm3 * 1.24)
    assert made.filament_cost == pytest.approx(made.filament_g * 0.025)


def test_time_adds_up_by_role_and_layer():
    made = summary.summarise(*job(), Settings())
    assert made.print_seconds == 66
    assert made.first_layer_seconds == 10
    assert sum(made.seconds_by_role.values()) == 66
    assert list(made.seconds_by_role)[:2] == ["internal infill", "travel"]


def test_size_is_that_of_the_part_with_the_width_of_its_beads():
    made = summary.summarise(*job(), Settings())
    assert made.size == pytest.approx((10.4, 0.4, 0.4), abs=1e-6)
    assert made.layers == 2


def test_the_text_names_everything_and_json_takes_the_dict():
    made = summary.summarise(
        *job(),
        Settings(),
        models=["cube"],
        repairs=["3 faces flipped"],
        dropped=["a 0.1 mm wall"],
        warnings=["odd size"],
        stage_seconds={"walls": 0.25, "infill": 0.75},
    )
    for words in "cube", "3 faces flipped", "a 0.1 mm wall", "odd size", "1m 6s", "1.00 s", "infill 75 %":
        assert words in made.text()
    assert json.loads(json.dumps(made.as_dict()))["models"] == ["cube"]


def test_a_job_without_beads_has_no_size():
    made = summary.summarise(Moves.of(0), np.zeros(0), Settings())
    assert made.size == (0, 0, 0)
    assert made.layers == 0
    assert "0s" in made.text()


def test_examples_in_the_documentation():
    assert doctest.testmod(summary).failed == 0
