"""Planted faults are caught by name and place, each alone."""

from __future__ import annotations

import numpy as np
import proof_parts as parts
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode.moves import Moves
from gcode.proof import Fault, verify
from gcode.roles import Role

LAYERS = 16
FEW = settings(max_examples=5)
NUMBERS = st.integers(2, LAYERS - 1)


def only(moves: Moves, name: str) -> Fault:
    """Return the one fault that is found, which must have this name."""
    found = verify(parts.part(), moves).faults
    assert [fault.name for fault in found] == [name], [str(fault) for fault in found]
    return found[0]


def near(fault: Fault, x: float, y: float, within: float) -> bool:
    """Tell whether a fault is at a place of the part."""
    at = np.array([fault.x, fault.y]) - parts.corner_of(parts.printed())
    return bool(np.hypot(*(at - [x, y])) < within)


def test_what_is_as_it_should_be_passes():
    proof = verify(parts.part(), parts.printed())
    assert proof.passed
    assert proof.parts[0].summary()["layers"] == LAYERS


@FEW
@given(st.integers(1, LAYERS - 1))
def test_a_layer_removed(number):
    moves = parts.printed()
    fault = only(parts.without(moves, parts.layer(moves, number)), "layer removed")
    assert (fault.first, fault.last) == (number, number)


def test_two_layers_removed():
    moves = parts.printed()
    gone = parts.layer(moves, 11) | parts.layer(moves, 12)
    fault = only(parts.without(moves, gone), "layer removed")
    assert (fault.first, fault.last) == (11, 12)


@FEW
@given(NUMBERS, st.sampled_from([Role.EXTERNAL_PERIMETER, Role.PERIMETER]))
def test_a_wall_loop_dropped(number, role):
    moves = parts.printed(infill_density="15%")
    fault = only(parts.without(moves, parts.longest_loop(moves, number, role)), "wall missing")
    assert (fault.first, fault.last) == (number, number)


@FEW
@given(st.integers(1, LAYERS), st.sampled_from([0.85, 0.9]))
def test_under_extrusion_on_one_layer(number, flow):
    moves = parts.printed()
    fault = only(moves.with_(e=np.where(parts.layer(moves, number), moves.e * flow, moves.e)), "under-extrusion")
    assert (fault.first, fault.last) == (number, number)


def test_over_extrusion_on_one_layer():
    moves = parts.printed()
    fault = only(moves.with_(e=np.where(parts.layer(moves, 6), moves.e * 1.15, moves.e)), "over-extrusion")
    assert (fault.first, fault.last) == (6, 6)


@pytest.mark.parametrize(("flow", "name"), [(0.75, "under-extrusion"), (1.3, "over-extrusion")])
def test_too_little_or_too_much_everywhere(flow, name):
    moves = parts.printed()
    only(moves.with_(e=moves.e * flow), name)


@FEW
@given(st.integers(4, LAYERS - 3), st.sampled_from([(0.3, 0), (0, -0.3), (-0.2, 0.25), (4, 0), (-2, 30)]))
def test_a_layer_shift(number, by):
    moves = parts.printed()
    after = moves.layer >= number - 1
    fault = only(moves.with_(x=moves.x + by[0] * after, y=moves.y + by[1] * after), "layer shift")
    assert abs(fault.first - number) <= 1
    assert f"{by[0]:+.1f}" in fault.text or f"{by[1]:+.1f}" in fault.text


@pytest.mark.parametrize("by", [0.98, 0.99, 1.01, 1.5])
def test_a_scaled_file(by):
    fault = only(parts.scaled(parts.printed(), by, by, by), "scaled")
    assert f"{100 * by:.0f}." in fault.text or f"{100 * by - 0.1:.1f}" in fault.text


def test_a_file_scaled_in_one_direction():
    assert "x" in only(parts.scaled(parts.printed(), 1.03, 1, 1), "scaled").text


@pytest.mark.parametrize(("x", "y"), [(-1, 1), (1, -1)])
def test_a_mirrored_file(x, y):
    only(parts.scaled(parts.printed(), x, y, 1), "mirrored")


def test_a_rotated_file():
    moves = parts.printed()
    fault = only(moves.with_(x=-moves.y, y=moves.x), "rotated")
    assert "90" in fault.text


def test_a_missing_top_layer():
    moves = parts.printed()
    fault = only(parts.without(moves, parts.layer(moves, LAYERS)), "top layer missing")
    assert (fault.first, fault.last) == (LAYERS, LAYERS)


def test_a_missing_top_of_a_step():
    moves = parts.printed()
    fault = only(parts.without(moves, parts.layer(moves, 8) & (moves.role == Role.TOP_SURFACE)), "top layer missing")
    assert (fault.first, fault.last) == (8, 8)


def test_a_missing_bottom():
    moves = parts.printed()
    solid = np.isin(moves.role, [Role.SOLID_INFILL, Role.BOTTOM_SURFACE, Role.INFILL])
    assert only(parts.without(moves, parts.layer(moves, 1) & solid), "bottom missing").first == 1


@pytest.mark.parametrize("factor", [25.4, 1 / 25.4])
def test_a_swapped_unit(factor):
    only(parts.scaled(parts.printed(), factor, factor, factor), "swapped unit")


@FEW
@given(st.integers(10, LAYERS), st.sampled_from([0, 1]))
def test_an_island_lost(number, tower):
    moves = parts.printed()
    shape = parts.TOWERS[tower]
    fault = only(parts.without(moves, parts.layer(moves, number) & parts.within(moves, shape)), "island lost")
    assert (fault.first, fault.last) == (number, number)
    assert near(fault, *shape.centroid.coords[0], 3.0)


@FEW
@given(st.integers(1, 8))
def test_a_hole_filled(number):
    fault = only(parts.with_hatching(parts.printed(), parts.HOLE, number), "hole filled")
    assert (fault.first, fault.last) == (number, number)
    assert near(fault, *parts.HOLE.centroid.coords[0], 2.0)


def test_plastic_outside():
    beside = parts.shapely.box(29.8, 5, 33, 9)
    fault = only(parts.with_hatching(parts.printed(), beside, 4), "overshoot")
    assert fault.first == 4


def test_another_model():
    other = parts.prism(parts.shapely.Point(0, 0).buffer(12), 0, 9)
    assert "another model" in {fault.name for fault in verify(other, parts.printed()).faults}


def test_walls_that_are_too_far_in():
    ring = parts.shapely.Point(0, 0).buffer(12, 64).difference(parts.shapely.Point(0, 0).buffer(6, 64))
    moves = parts.sliced(parts.prism(ring.buffer(-0.2), 0, 2))
    assert "surface off" in {fault.name for fault in verify(parts.prism(ring, 0, 2), moves).faults}
