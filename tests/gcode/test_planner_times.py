"""Heating, homing and sums: what a job takes beside its motion."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcode.moves import Moves
from gcode.planner import Machine, estimate
from gcode.roles import Role
from gcode.times import Heater, Heaters, Homing, estimate_heating, estimate_homing, times

NOZZLE = Heaters().nozzle
AMBIENT = Heaters().ambient
AT_ONCE = Heaters(settle=0.0)


def job(*commands, rows=None, n=4, **columns):
    """Return moves with commands before the first row, or before the given ones."""
    rows = np.zeros(len(commands)) if rows is None else rows
    return Moves.of(n, **{"x": np.arange(1.0, n + 1), "speed": 10.0} | columns, command_row=rows, commands=commands)


def waits(*commands, heaters=AT_ONCE, **columns):
    return [(w.what, w.seconds) for w in estimate_heating(job(*commands, **columns), heaters)]


def test_a_hotend_warms_like_one_mass():
    # the published constants: a 40 W cartridge in an E3D block needs about a minute and a half to 210 C
    rise = 40 / 0.068
    expected = 16.7 / 0.068 * math.log(rise / (rise - (210 - AMBIENT)))
    assert waits("M109 S210") == [("nozzle", pytest.approx(expected))]
    assert 80 < expected < 100


@given(st.floats(25, 300), st.floats(25, 300), st.floats(0, 500))
def test_a_heater_is_where_its_time_says(now, target, seconds):
    way = NOZZLE.seconds_to(target, now, AMBIENT)
    assert NOZZLE.after(way, now, target, AMBIENT) == pytest.approx(target, abs=1e-6)
    there = NOZZLE.after(seconds, now, target, AMBIENT)
    assert min(now, target) - 1e-9 <= there <= max(now, target) + 1e-9
    if seconds < way:
        assert NOZZLE.seconds_to(target, there, AMBIENT) == pytest.approx(way - seconds, rel=1e-6, abs=1e-6)


def test_heaters_warm_at_the_same_time():
    apart = dict(waits("M190 S60", "M109 S200"))
    together = dict(waits("M140 S60", "M104 S200", "M190 S60", "M109 S200"))
    assert together["bed"] == pytest.approx(apart["bed"])
    assert "nozzle" not in together  # warm while the bed was waited for
    assert apart["nozzle"] > 60


def test_motion_and_other_stands_warm_too():
    moves = job("M104 S200", "M109 S200", rows=[0, 2])
    alone = estimate_heating(moves, AT_ONCE)[0].seconds
    during = estimate_heating(moves, AT_ONCE, np.array([20.0, 10.0, 0, 0]))[0].seconds
    assert during == pytest.approx(alone - 30)


def test_what_is_warm_is_not_waited_for():
    assert [what for what, _ in waits("M109 S200", "M109 S200", "M109 S180")] == ["nozzle"]


def test_cooling_is_waited_for_where_it_is_asked_for():
    seconds = waits("M109 S200", "M109 R100")[1][1]
    assert seconds == pytest.approx(16.7 / 0.068 * math.log((200 - AMBIENT) / (100 - AMBIENT)))


def test_firmware_wants_a_temperature_to_hold():
    held = waits("M109 S200", heaters=Heaters(settle=7.0))[0][1]
    assert held == pytest.approx(waits("M109 S200")[0][1] + 7)


def test_a_temperature_out_of_reach_is_not_waited_for_without_end():
    weak = replace(AT_ONCE, bed=Heater(10.0, 600.0, 1.0))
    assert math.isfinite(waits("M190 S100", heaters=weak)[0][1])


def test_homing_from_an_unknown_place_and_from_a_known_one():
    homing = Homing(size=(200, 100, 100), speed=(50, 50, 5), bump=(5, 5, 2), slower=(2, 2, 4))
    moves = job("G28", "G28 X", rows=[0, 3], x=[0.0, 10, 30, 0], speed=[0.0, 10, 10, 0])
    first, second = estimate_homing(moves, homing)
    assert first.seconds == pytest.approx((100 + 15) / 50 + (50 + 15) / 50 + (50 + 10) / 5)
    assert second.seconds == pytest.approx((30 + 15) / 50)


def test_times_add_up():
    moves = job(
        "M109 S200", "G28", "G4 S3", rows=[0, 0, 2],
        role=[0, 1, 1, 7], layer=[-1, 0, 0, 1], object=[-1, 0, 1, 1], objects=("a", "b"),
    )  # fmt: skip
    job_times = times(moves, Machine())
    seconds = estimate(moves, Machine())
    np.testing.assert_array_equal(job_times.moves, seconds)
    assert job_times.motion + job_times.dwell == pytest.approx(seconds.sum())
    assert job_times.dwell == 3
    np.testing.assert_allclose(job_times.by_layer, [seconds[1:3].sum(), seconds[3]])
    np.testing.assert_allclose(job_times.by_object, [seconds[1], seconds[2:].sum()])
    assert job_times.by_role[Role.EXTERNAL_PERIMETER] == pytest.approx(seconds[1:3].sum())
    assert job_times.by_role.sum() == pytest.approx(seconds.sum())
    assert [w.what for w in job_times.waits] == ["homing", "nozzle"]
    assert job_times.total == pytest.approx(seconds.sum() + job_times.heating + job_times.homing)


def test_what_no_file_tells_is_named():
    moves = job("PRINT_START BED=60", "G29", "G4 P1", "M600", "M600", "EXCLUDE_OBJECT_START NAME=a")
    assert times(moves).untimed == ("PRINT_START", "G29", "M600")


def test_nothing_takes_no_time():
    assert times(Moves.of(0)).total == 0
