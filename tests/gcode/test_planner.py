"""Move times against closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode.moves import Moves
from gcode.planner import Machine, estimate

FREE = Machine(
    **{f"speed_{axis}": 1e4 for axis in "xyze"},
    **{f"acceleration_{axis}": 1e6 for axis in "xyze"},
    **{f"{kind}_acceleration": 1000.0 for kind in ("print", "travel", "retract")},
    **{f"jerk_{axis}": 0.0 for axis in ("xy", "z", "e")},
)
KLIPPER = replace(FREE, flavour="klipper", minimum_cruise_ratio=0.0)
RRF = replace(FREE, flavour="reprapfirmware")
DEVIATION = replace(FREE, junction_deviation=0.01)


def line(*x, **columns):
    return Moves.of(len(x), x=np.array(x, float), **{"speed": 100.0} | columns)


@pytest.mark.parametrize("machine", [FREE, KLIPPER, RRF])
@pytest.mark.parametrize(
    ("length", "seconds"),
    [(50.0, 2 * 0.1 + 40 / 100), (10.0, 2 * 0.1), (2.5, 2 * math.sqrt(2.5 / 1000))],  # trapezoid, its limit, triangle
)
def test_one_move_from_rest_to_rest(machine, length, seconds):
    assert estimate(line(length), machine).sum() == pytest.approx(seconds)


@pytest.mark.parametrize("machine", [FREE, KLIPPER, DEVIATION, RRF])
def test_a_straight_chain_is_one_long_move(machine):
    pieces = np.sort(np.random.default_rng(0).uniform(0, 80, 40))
    chain = estimate(line(*pieces, 80.0), machine)
    # the last chord of a triangle may be shorter than a move can brake in: the whole is what counts
    assert chain.sum() == pytest.approx(estimate(line(80.0), machine).sum(), rel=2e-3)


def test_jerk_carries_speed_through_a_right_angle():
    corner = Moves.of(2, x=[50, 50], y=[0, 50], speed=100.0)
    v = 8.0
    leg = (100 - v) / 1000
    with_jerk = 2 * (2 * leg + (50 - 2 * (100**2 - v**2) / 2000) / 100)
    assert estimate(corner, replace(FREE, jerk_xy=v)).sum() == pytest.approx(with_jerk)


def test_a_reversal_counts_the_larger_half_of_its_jerk():
    v = 8.0
    leg = 100 / 1000 - v / 1000 + (50 - (100**2 - v**2) / 1000) / 100 + (100 - v) / 1000
    assert estimate(line(50, 0), replace(FREE, jerk_xy=v)).sum() == pytest.approx(2 * leg)


def test_a_small_reversal_across_the_way_is_free():
    # x swings by +6 and -6 mm/s: each half is within the jerk of 8, their sum is not
    y = np.arange(1, 11) * 5.0
    zigzag = Moves.of(10, x=np.tile([0.3, 0.0], 5), y=y, speed=100.0)
    length = 10 * math.hypot(0.3, 5.0)
    straight = estimate(line(length), replace(FREE, jerk_xy=8.0)).sum()
    assert estimate(zigzag, replace(FREE, jerk_xy=8.0)).sum() == pytest.approx(straight, rel=1e-3)


def test_a_fast_move_after_a_slow_one_starts_at_its_jerk():
    slow, fast = estimate(line(10.0, 60.0, speed=[5.0, 100.0]), replace(FREE, jerk_xy=8.0))
    assert slow == pytest.approx(10 / 5)
    ramps = (100 - 8) / 1000
    assert fast == pytest.approx(2 * ramps + (50 - (100**2 - 8**2) / 1000) / 100)


def test_prusaslicer_lowers_a_diagonal_to_the_acceleration_of_one_axis():
    machine = replace(FREE, acceleration_x=500.0)
    diagonal = Moves.of(1, x=[30.0], y=[30.0], speed=50.0)
    d = math.hypot(30, 30)
    assert estimate(diagonal, machine).sum() == pytest.approx(d / 50 + 50 / (500 * math.sqrt(2)))
    assert estimate(diagonal, replace(machine, flavour="prusaslicer")).sum() == pytest.approx(d / 50 + 50 / 500)


def test_square_corner_velocity_is_the_speed_of_a_right_angle():
    corner = Moves.of(2, x=[50, 50], y=[0, 50], speed=100.0)
    v = 5.0
    leg = 100 / 1000 + (100 - v) / 1000 + (50 - (100**2 / 2000 + (100**2 - v**2) / 2000)) / 100
    assert estimate(corner, replace(KLIPPER, square_corner_velocity=v)).sum() == pytest.approx(2 * leg)


def test_junction_deviation_of_a_right_angle():
    corner = Moves.of(2, x=[50, 50], y=[0, 50], speed=100.0)
    half = math.sqrt(0.5)
    v = math.sqrt(1000 * 0.01 * half / (1 - half))
    outer = (100 - 0.05) / 1000  # Marlin's slowest planned speed is 0.05 mm/s
    cruise = (50 - (100**2 - 0.05**2) / 2000 - (100**2 - v**2) / 2000) / 100
    assert estimate(corner, DEVIATION).sum() == pytest.approx(2 * (outer + (100 - v) / 1000 + cruise))


def test_the_turn_itself_respects_the_axes():
    corner = Moves.of(2, x=[50, 50], y=[0, 50], speed=20.0)
    half = math.sqrt(0.5)
    v = math.sqrt(200 / half * 0.01 * half / (1 - half))  # x may 200, and half of the turn is x
    legs = [(2 * 20 - 0.05 - v) / a + (50 - (2 * 20**2 - 0.05**2 - v**2) / (2 * a)) / 20 for a in (200, 1000)]
    np.testing.assert_allclose(estimate(corner, replace(DEVIATION, acceleration_x=200.0)), legs)


def test_minimum_cruise_ratio_lowers_the_peak_of_short_moves():
    peak = math.sqrt(2.0 * 500)  # half the acceleration decides how fast, the whole one how soon
    expected = 2 * peak / 1000 + (2.0 - peak**2 / 1000) / peak
    assert estimate(line(2.0), replace(KLIPPER, minimum_cruise_ratio=0.5)).sum() == pytest.approx(expected)
    n = 40
    zigzag = Moves.of(n, x=np.arange(n) % 2 * 2.0, y=np.arange(n) * 0.4, speed=200.0)
    slow = estimate(zigzag, replace(KLIPPER, minimum_cruise_ratio=0.5)).sum()
    assert 1.05 < slow / estimate(zigzag, KLIPPER).sum() < expected / (2 * math.sqrt(2 / 1000)) + 0.02


def test_axis_limits_scale_the_whole_move():
    machine = replace(FREE, speed_z=5.0, acceleration_z=50.0)
    rise = Moves.of(1, x=[30.0], z=[40.0], speed=100.0)
    v, a = 5 / 0.8, 50 / 0.8
    assert estimate(rise, machine).sum() == pytest.approx(50 / v + v / a)


def test_each_kind_of_move_has_its_acceleration():
    machine = replace(FREE, print_acceleration=100, travel_acceleration=400, retract_acceleration=900)
    rows = {100: (10, 1, 0), 400: (10, 0, 0), 900: (0, -10, 0), 1600: (10, 1, 1600)}
    for used, (x, e, asked) in rows.items():
        seconds = estimate(line(x, e=e, acceleration=asked, speed=200.0), machine).sum()
        assert seconds == pytest.approx(2 * math.sqrt(10 / used))


def commanded(moves, **commands):
    """Return moves with commands by row, as in `r2="M400"`."""
    rows = [int(row[1:]) for row in commands]
    return moves.with_(command_row=np.array(rows), commands=tuple(commands.values()))


@pytest.mark.parametrize("machine", [FREE, KLIPPER, DEVIATION, RRF])
@pytest.mark.parametrize("command", ["M400", "G4 P0", "M109 S200", "G28"])
def test_some_commands_wait_for_a_standstill(machine, command):
    moves = commanded(line(50.0, 100.0), r1=command)
    assert estimate(moves, machine).sum() == pytest.approx(2 * estimate(line(50.0), machine).sum())


@pytest.mark.parametrize("machine", [FREE, KLIPPER, DEVIATION, RRF])
@pytest.mark.parametrize("command", ["M104 S200", "M106 S99", "; note", "M204 P1000", "M73 P4"])
def test_others_do_not(machine, command):
    moves = commanded(line(50.0, 100.0), r1=command)
    assert estimate(moves, machine).sum() == pytest.approx(estimate(line(100.0), machine).sum())


def test_a_change_of_tool_is_a_standstill():
    assert estimate(line(50.0, 100.0, tool=[0, 1]), FREE).sum() == pytest.approx(2 * estimate(line(50.0), FREE).sum())


@pytest.mark.parametrize("machine", [FREE, KLIPPER, DEVIATION, RRF])
def test_rows_that_go_nowhere_or_are_only_declared_do_not_stop_the_machine(machine):
    held = line(50.0, 50.0, 100.0, speed=[100.0, 0.0, 100.0])
    assert estimate(held, machine).sum() == pytest.approx(estimate(line(100.0), machine).sum())
    declared = line(50.0, 0.0, 50.0, speed=[100.0, 0.0, 100.0])  # G92 X0
    np.testing.assert_allclose(estimate(declared, machine), estimate(held, machine))


def test_a_dwell_counts_for_the_move_before_which_it_stands():
    moves = commanded(line(50.0, 100.0), r1="G4 P1500", r2="G4 S2")
    leg = 0.2 + 0.4
    np.testing.assert_allclose(estimate(moves, FREE), [leg, leg + 3.5])
    np.testing.assert_allclose(estimate(moves, KLIPPER), [leg, leg + 1.5])  # Klipper knows no S


def test_speed_and_flow_factors():
    half = commanded(line(100.0), r0="M220 S50")
    assert estimate(half, FREE).sum() == pytest.approx(estimate(line(100.0, speed=50.0), FREE).sum())
    slow_e = replace(FREE, speed_e=10.0)
    thick = commanded(line(100.0, e=10.0, speed=200.0), r0="M221 S200")
    assert estimate(thick, slow_e).sum() == pytest.approx(estimate(line(100.0, e=20.0, speed=200.0), slow_e).sum())


def test_marlin_moves_no_slower_than_told():
    crawl = line(10.0, e=[1.0], speed=1.0)
    told = commanded(crawl, r0="M205 S5")
    assert estimate(told, FREE).sum() == pytest.approx(estimate(line(10.0, e=[1.0], speed=5.0), FREE).sum())
    assert estimate(commanded(line(10.0, speed=1.0), r0="M205 S5"), FREE).sum() > 10  # that was for printing


def speed_on_a_circle(radius, n, machine):
    """Return the speed half-way round a circle of n chords."""
    angle = np.linspace(0, 2 * np.pi, n + 1)
    moves = Moves.of(
        n, x=radius * np.cos(angle[1:]), y=radius * np.sin(angle[1:]), speed=1000.0, start=(radius, 0, 0, 0)
    )
    return 2 * np.pi * radius / n / estimate(moves, machine)[n // 2]


def test_short_chords_are_driven_like_the_arc_that_they_mean():
    speed = speed_on_a_circle(20.0, 600, replace(DEVIATION, junction_deviation=1.0, block_queue=600))
    assert speed == pytest.approx(math.sqrt(1000 * 20), rel=5e-3)  # v**2 / r is the acceleration


def test_what_the_queue_does_not_hold_cannot_be_relied_on():
    for queue in 8, 16, 32:
        speed = speed_on_a_circle(20.0, 2000, replace(DEVIATION, junction_deviation=1.0, block_queue=queue))
        ahead = (queue - 2) * 2 * np.pi * 20 / 2000  # one place is free, one move runs
        assert speed == pytest.approx(math.sqrt(2 * 1000 * ahead), rel=0.05)  # it can just stop


def test_reprapfirmware_shares_one_speed_at_a_corner():
    corner = Moves.of(2, x=[50, 50], y=[0, 50], speed=100.0)
    v = 8.0  # of x it loses v, of y it gains v
    leg = 100 / 1000 + (100 - v) / 1000 + (50 - (100**2 / 2000 + (100**2 - v**2) / 2000)) / 100
    assert estimate(corner, replace(RRF, jerk_xy=v)).sum() == pytest.approx(2 * leg)
    # of a reversal it counts the whole
    back = 100 / 1000 + (100 - v / 2) / 1000 + (50 - (100**2 / 2000 + (100**2 - v**2 / 4) / 2000)) / 100
    assert estimate(line(50, 0), replace(RRF, jerk_xy=v)).sum() == pytest.approx(2 * back)


def test_reprapfirmware_joins_only_alike_moves_unless_its_jerk_policy_says_so():
    moves = line(50.0, 100.0, e=[0.001, 0.0])
    machine = replace(RRF, jerk_e=1.0)
    alone = 2 * estimate(line(50.0), machine).sum()
    assert estimate(moves, machine).sum() == pytest.approx(alone)
    joined = estimate(line(100.0), machine).sum()
    assert estimate(moves, replace(machine, jerk_policy=1.0)).sum() == pytest.approx(joined, rel=1e-6)
    assert estimate(commanded(moves, r0="M566 P1"), machine).sum() == pytest.approx(joined, rel=1e-6)


def test_klippers_extruder_changes_its_speed_by_so_much_at_once():
    moves = line(50.0, 100.0, e=[0.0, 2.5])
    v = 0.8 / 0.05
    leg = 100 / 1000 + (100 - v) / 1000 + (50 - (100**2 / 2000 + (100**2 - v**2) / 2000)) / 100
    assert estimate(moves, replace(KLIPPER, instantaneous_corner_velocity=0.8)).sum() == pytest.approx(2 * leg)


@pytest.mark.parametrize("x", [[0.0], [10.0]])
def test_klipper_limits_retraction_also_on_the_way(x):
    machine = replace(KLIPPER, speed_e=20.0, acceleration_e=500.0)
    moves = line(*x, e=-10.0, speed=200.0)
    assert estimate(moves, machine).sum() == pytest.approx(10 / 20 + 20 / 500)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([DEVIATION, replace(FREE, flavour="reprapfirmware", jerk_xy=8.0)]),
)
def test_a_path_takes_as_long_backwards(n, seed, machine):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 40, (2, n + 1)).round(2)
    speed = 80.0
    there = Moves.of(n, x=x[1:], y=y[1:], speed=speed, start=(x[0], y[0], 0, 0))
    back = Moves.of(n, x=x[-2::-1], y=y[-2::-1], speed=speed, start=(x[-1], y[-1], 0, 0))
    assert estimate(there, machine).sum() == pytest.approx(estimate(back, machine).sum(), rel=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from([FREE, KLIPPER, DEVIATION, Machine(), Machine("klipper"), Machine("reprapfirmware")]),
)
def test_times_are_bounded_by_speed_and_by_stopping_everywhere(n, seed, machine):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 20, (2, n))
    moves = Moves.of(n, x=x, y=y, e=rng.choice([0.0, 0.1], n), speed=rng.uniform(5, 150, n), acceleration=500.0)
    seconds = estimate(moves, machine)
    length = np.hypot(np.diff(x, prepend=0), np.diff(y, prepend=0))
    assert np.isfinite(seconds).all()
    assert (seconds >= length / moves.speed * (1 - 1e-9)).all()
    if machine.flavour != "klipper":  # smoothed cruising may be slower than stopping
        v = moves.speed
        alone = np.where(v * v / 500 <= length, length / v + v / 500, 2 * np.sqrt(length / 500))
        assert seconds.sum() <= alone.sum() * (1 + 1e-9) + 1e-3 * n


def test_nothing_takes_no_time():
    assert estimate(Moves.of(0)).shape == (0,)
    assert estimate(Moves.of(3, speed=10.0)).tolist() == [0, 0, 0]
