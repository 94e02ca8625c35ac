"""What is in force after some lines, and how it is said again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcode.reader import parse
from printer.modal import Modal, heat, modes


def after(*lines: str) -> Modal:
    return Modal().follow(lines)


@pytest.mark.parametrize(
    "line", ["G1 X5 Y6 E1.5 F1200", "G01 X5 Y6 E1.5 F1200", "G1X5Y6E1.5F1200", "N7 G1 X5 Y6 E1.5 F1200*99"]
)
def test_a_move_is_understood_however_it_is_written(line):
    state = after(line)
    assert (state.x, state.y, state.e, state.feed) == (5, 6, 1.5, 1200)


def test_relative_moves_add_up_and_absolute_ones_do_not():
    state = after("G1 X10 E1", "G91", "G1 X1 Y2 E0.5", "G1 X1", "G90", "M83", "G1 Y7 E0.5")
    assert (state.x, state.y, state.e) == (12, 7, 2.0)
    assert state.absolute
    assert not state.absolute_e


def test_inches_are_converted():
    assert after("G20", "G1 X1 F60").x == pytest.approx(25.4)


def test_retraction_is_what_is_drawn_back_since_the_filament_was_furthest():
    assert after("M83", "G1 E5", "G1 E-0.8").retracted == pytest.approx(0.8)
    assert after("M83", "G1 E5", "G1 E-0.8", "G1 X5", "G1 E0.8").retracted == 0
    assert after("M82", "G1 E5", "G1 E4.2", "G92 E0").retracted == pytest.approx(0.8)


def test_a_declared_origin_is_noticed_until_the_machine_homes():
    assert after("G92 Z5").shifted
    assert not after("G92 E0").shifted
    assert not after("G92 Z5", "G28").shifted


def test_each_tool_and_fan_has_its_own_value():
    state = after("T1", "M104 S200", "M104 T0 S190", "M106 S128", "M106 P2 S10", "M107 P2", "M140 S60")
    assert state.nozzle == {1: 200, 0: 190}
    assert state.fan == {0: 128, 2: 0}
    assert state.hot
    assert not after("M104 S0", "M140 S0").hot


def test_comments_in_brackets_say_nothing():
    assert after("G1 X5 (not Y9)").y == 0


MOVE = st.builds(
    "G1 X{:.3f} Y{:.3f} E{:.4f} F{}".format,
    st.floats(0, 200), st.floats(0, 200), st.floats(0, 50), st.integers(60, 9000),
)  # fmt: skip
MODES = ("G90", "G91", "M82", "M83", "G92 E0", "G1 Z0.2", "T0")
SETTINGS = ("M106 S100", "M107", "M204 P500", "M140 S60", "M104 S200")
LINES = st.lists(st.one_of(MOVE, st.sampled_from(MODES + SETTINGS)), max_size=30)


@given(LINES)
def test_what_is_said_again_brings_a_fresh_machine_into_the_same_state(lines):
    state = after(*lines)
    again = after("G90", f"G1 X{state.x:.9f} Y{state.y:.9f} Z{state.z:.9f}", *heat(state, wait=True), *modes(state))
    assert (again.absolute, again.absolute and again.absolute_e) == (
        state.absolute,
        state.absolute and state.absolute_e,
    )
    assert again.feed == pytest.approx(state.feed) or not state.feed
    assert (again.fan, again.nozzle, again.bed, again.kept) == (state.fan, state.nozzle, state.bed, state.kept)
    if state.absolute_e:
        assert again.e == pytest.approx(state.e, abs=1e-4)


@given(LINES)
def test_positions_agree_with_the_reader(lines):
    moves = parse("".join(line + "\n" for line in lines).encode())
    state = after(*lines)
    end = [moves.x[-1], moves.y[-1], moves.z[-1]] if len(moves) else [0, 0, 0]
    assert np.allclose([state.x, state.y, state.z], end)


def test_moves_left_to_relative_coordinates_come_last_in_the_right_order():
    assert modes(after("M83", "G91"))[-2:] == ["M83", "G91"]
    assert modes(after("M83"))[-2:] == ["G90", "M83"]
    assert modes(after("G20"))[-1] == "G20"
