"""Extrusion: the filament that goes in is the plastic that lies there."""

from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolpaths import circle, line, moves_of, path, together

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import FilamentSettings
from slicer.extrusion import extrusion
from slicer.tools import flow

FILAMENT_AREA = pi / 4 * 1.75**2


def filament_of(moves: Moves, role: Role) -> float:
    """Return the filament in the beads of a role, mm."""
    return float(extrusion(moves, FilamentSettings()).e[moves.role == role].sum())


def test_volume_is_area_times_length() -> None:
    moves = moves_of(line((0, 0), (30, 40), Role.INFILL, width=0.5, height=0.3))
    assert filament_of(moves, Role.INFILL) * FILAMENT_AREA == pytest.approx(50 * flow.area(0.5, 0.3), rel=1e-6)


def test_a_growing_width_has_its_exact_volume() -> None:
    moves = moves_of(path([[0, 0], [10, 0]], Role.GAP_FILL, closed=False, width=[0.3, 0.7]))
    share = np.linspace(0, 1, 10001)
    exact = 10 * np.mean(flow.area(0.3 + 0.4 * (share[1:] + share[:-1]) / 2, np.float64(0.2)))
    assert filament_of(moves, Role.GAP_FILL) * FILAMENT_AREA == pytest.approx(exact, rel=1e-6)


def test_bridges_are_round_threads() -> None:
    moves = moves_of(line((0, 0), (10, 0), Role.BRIDGE, width=0.4, height=0.2))
    assert filament_of(moves, Role.BRIDGE) * FILAMENT_AREA == pytest.approx(10 * pi / 4 * 0.16, rel=1e-6)


@given(st.floats(0.05, 1.0), st.floats(0.05, 0.6))
def test_every_bead_takes_filament(width: float, height: float) -> None:
    moves = moves_of(line((0, 0), (10, 0), width=width, height=height))
    volume = filament_of(moves, Role.INFILL) * FILAMENT_AREA
    assert 0 < volume <= 10 * width * height


def test_narrow_beads_meet_the_flow_model_where_width_is_height() -> None:
    below, above = (filament_of(moves_of(line((0, 0), (9, 0), width=w)), Role.INFILL) for w in (0.2 - 1e-5, 0.2 + 1e-5))
    assert below == pytest.approx(above, rel=1e-3)


def test_the_multiplier_scales_beads_and_leaves_retractions() -> None:
    moves = moves_of(together(path(circle(3)), path(circle(3, (20, 0)))))
    one, two = (extrusion(moves, FilamentSettings(extrusion_multiplier=k)).e for k in (1.0, 1.1))
    bead = moves.role != Role.NONE
    assert np.allclose(two[bead], 1.1 * one[bead])
    assert two[~bead].tolist() == moves.e[~bead].tolist()
    assert (one[~bead] < 0).sum() == 2
