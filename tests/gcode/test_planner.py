"""Move times against closed forms, and against PrusaSlicer's own estimate."""

import math
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode.moves import Moves
from gcode.planner import Machine, estimate
from gcode.reader import read

FREE = Machine(
    **{f"speed_{axis}": 1e4 for axis in "xyze"},
    **{f"acceleration_{axis}": 1e6 for axis in "xyze"},
    **{f"{kind}_acceleration": 1000.0 for kind in ("print", "travel", "retract")},
    **{f"jerk_{axis}": 0.0 for axis in ("xy", "z", "e")},
)
KLIPPER = replace(FREE, flavour="klipper", minimum_cruise_ratio=0.0)
DEVIATION = replace(FREE, junction_deviation=0.01)


def line(*x, **columns):
    return Moves.of(len(x), x=np.array(x, float), **{"speed": 100.0} | columns)


@pytest.mark.parametrize("machine", [FREE, KLIPPER])
@pytest.mark.parametrize(
    ("length", "seconds"),
    [(50.0, 2 * 0.1 + 40 / 100), (10.0, 2 * 0.1), (2.5, 2 * math.sqrt(2.5 / 1000))],  # trapezoid, its limit, triangle
)
def test_one_move_from_rest_to_rest(machine, length, seconds):
    assert estimate(line(length), machine).sum() == pytest.approx(seconds)


@pytest.mark.parametrize("machine", [FREE, KLIPPER, DEVIATION])
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


def test_dwells_and_homing():
    moves = read("G28\nG1 X50 F6000\nG4 P1500\nG1 X100\nG4 S2\n")
    together = estimate(read("G1 X50 F6000\nG1 X100\n"), FREE).sum()
    seconds = estimate(moves, FREE)
    assert seconds[0] == 0
    assert seconds.sum() == pytest.approx(2 * (0.2 + 0.4) + 3.5)
    assert seconds.sum() > together + 3.5


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
    st.sampled_from([FREE, KLIPPER, DEVIATION, Machine(), Machine("klipper")]),
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


def test_within_two_percent_of_prusaslicer(tmp_path):
    if not shutil.which("prusa-slicer"):
        pytest.skip("prusa-slicer is not installed")
    trimesh = pytest.importorskip("trimesh")
    trimesh.creation.annulus(6, 12, 10).export(tmp_path / "ring.stl")
    path = tmp_path / "ring.gcode"
    command = [
        "prusa-slicer",
        "--export-gcode",
        "--start-gcode",
        "G28",
        "--output",
        str(path),
        str(tmp_path / "ring.stl"),
    ]
    if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("prusa-slicer fails here")
    text = path.read_text()
    config = dict(re.findall(r"^; machine_max_(\w+) = ([\d.]+)", text, re.M))
    limits = {f"speed_{a}": float(config[f"feedrate_{a}"]) for a in "xyze"}
    limits |= {f"acceleration_{a}": float(config[f"acceleration_{a}"]) for a in "xyze"}
    limits |= {"jerk_xy": float(config["jerk_x"]), "jerk_z": float(config["jerk_z"]), "jerk_e": float(config["jerk_e"])}
    kinds = {"print": "extruding", "travel": "travel", "retract": "retracting"}
    limits |= {f"{ours}_acceleration": float(config[f"acceleration_{theirs}"]) for ours, theirs in kinds.items()}
    claimed = re.search(r"printing time \(normal mode\) = (.*)", text)[1]
    theirs = sum(int(n) * {"h": 3600, "m": 60, "s": 1}[u] for n, u in re.findall(r"(\d+)([hms])", claimed))
    assert estimate(read(path), Machine(**limits)).sum() == pytest.approx(theirs, rel=0.02, abs=1)
