"""Arcs: within the tolerance of everything they replace, with its filament, and only where nothing else changes."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode import arcs
from gcode.moves import Moves
from gcode.reader import read
from gcode.roles import Role
from gcode.writer import Style, write

MODELS = Path(__file__).parents[2] / "sample_models"
WORD = re.compile(r"([GXYIJE])(-?[\d.]+)")


def beads(x, y, per_mm=0.03, **columns):
    """Return a travel to the first point, and beads along the others."""
    length = np.hypot(np.diff(x), np.diff(y))
    given = {"e": np.concatenate([[0.0], per_mm * length]), "speed": 30.0, "role": Role.EXTERNAL_PERIMETER, "z": 0.2}
    return Moves.of(len(x), x=x, y=y, **given | {"layer": 0, "width": 0.45, "height": 0.2} | columns).validate()


def circle(n=60, radius=10.0, turn=6.0, start=0.0, centre=(100.0, 80.0)):
    """Return points (2, n + 1) around a centre."""
    angle = start + np.linspace(0, turn, n + 1)
    return centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)


def spoken(moves, tolerance, **style):
    """Return the motion as written: (code, x, y, i, j, e) of each line."""
    found, here = [], {"X": 0.0, "Y": 0.0}
    for line in write(moves, Style(arcs=tolerance, **style)).decode().splitlines():
        if line.startswith(("G1 ", "G2 ", "G3 ")):
            words = {letter: float(number) for letter, number in WORD.findall(line.split(";")[0])}
            here |= {axis: words[axis] for axis in "XY" if axis in words}
            found.append((int(words["G"]), here["X"], here["Y"], *(words.get(w, 0.0) for w in "IJE")))
    return found


def deviation(moves, lines):
    """Return how far any point of the beads is off the lines and arcs as written, and how many arcs there are.

    The ends of the lines are found among the ends of the moves, so that it is known what each of them replaces.
    """
    x, y = np.concatenate([[moves.start[0]], moves.x]), np.concatenate([[moves.start[1]], moves.y])
    worst, at, count = 0.0, 0, 0
    for (_, x0, y0, *_), (code, x1, y1, i, j, _) in pairwise([(1, 0.0, 0.0, 0, 0, 0), *lines]):
        last = at + 1
        while np.hypot(x[last] - x1, y[last] - y1) > 0.001:
            last += 1
        share = np.linspace(0, 1, 33)[:, None]
        px = (x[at:last] + share * np.diff(x[at : last + 1])).ravel()
        py = (y[at:last] + share * np.diff(y[at : last + 1])).ravel()
        if code == 1:
            assert last == at + 1
        else:
            count += 1
            off = np.hypot(px - x0 - i, py - y0 - j) - np.hypot(i, j)
            worst = max(worst, float(np.abs(off).max()))
            turn = (x[at:last] - x0 - i) * np.diff(y[at : last + 1]) - (y[at:last] - y0 - j) * np.diff(x[at : last + 1])
            assert ((turn if code == 3 else -turn) > -0.01).all()
        at = last
    assert at == len(x) - 1
    return worst, count


def test_a_circle_is_a_line_or_two():
    moves = beads(*circle())
    lines = spoken(moves, 0.02)
    assert [line[0] for line in lines] == [1, 3]
    assert deviation(moves, lines)[0] <= 0.02
    back = beads(*circle(turn=-6.0))
    assert [line[0] for line in spoken(back, 0.02)] == [1, 2]


@pytest.mark.parametrize("tolerance", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_no_point_of_what_is_replaced_is_farther_off_than_the_tolerance(tolerance, seed):
    rng = np.random.default_rng(seed)
    angle = np.cumsum(rng.uniform(0.02, 0.3, 400) * rng.choice([1, 1, 1, -0.3], 400))
    x, y = np.cumsum(np.cos(angle)) + rng.normal(0, 0.003, 400), np.cumsum(np.sin(angle)) + rng.normal(0, 0.003, 400)
    moves = beads(x + 50, y + 50)
    worst, count = deviation(moves, spoken(moves, tolerance))
    assert worst <= tolerance
    assert count > 0 or tolerance < 0.01


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 200), st.floats(0.2, 300), st.floats(-6.2, 6.2), st.floats(0, 6.2), st.floats(0.003, 0.2),
    st.floats(0, 0.02), st.integers(2, 5), st.integers(0, 99),
)  # fmt: skip
def test_noisy_circles_of_any_size(n, radius, turn, start, tolerance, noise, digits, seed):
    rng = np.random.default_rng(seed)
    x, y = circle(n, radius, turn, start) + rng.normal(0, noise, (2, n + 1))
    keep = np.concatenate([[True], np.hypot(np.diff(x), np.diff(y)) > 0.02])
    moves = beads(x[keep], y[keep])
    if len(moves) < 3:
        return
    found = arcs.fit(moves, tolerance, digits)
    assert (np.diff(found[:, :2].ravel()) > 0).all()
    if digits >= 3 and tolerance > 0.01:
        assert deviation(moves, spoken(moves, tolerance, xyz_digits=digits))[0] <= tolerance


def test_filament_is_that_of_what_is_replaced():
    moves = beads(*circle(200))
    for relative in (True, False):
        text = write(moves, Style(arcs=0.02, relative=relative))
        assert read(text).e.sum() == pytest.approx(moves.e.sum(), abs=6e-6)
    (_, arc) = spoken(moves, 0.02)
    assert arc[5] == pytest.approx(moves.e.sum(), abs=6e-6)


def halves(name, value):
    """Return a circle whose second half has another value in one column."""
    moves = beads(*circle(60))
    column = getattr(moves, name).copy()
    column[31:] = value
    return moves.with_(**{name: column, "objects": ("a", "b")})


@pytest.mark.parametrize(
    ("name", "value"),
    [("role", 2), ("width", 0.6), ("height", 0.3), ("speed", 20), ("acceleration", 900), ("fan", 1), ("tool", 1),
     ("layer", 1), ("object", 1), ("z", 0.4), ("e", 0.05)],
)  # fmt: skip
def test_an_arc_ends_where_anything_changes(name, value):
    moves = halves(name, value)
    ends = arcs.fit(moves, 0.02)[:, :2].tolist()
    assert [1, 30] in ends
    assert all(last <= 30 or first > 30 for first, last in ends)


def test_an_arc_ends_where_a_command_stands_and_begins_where_the_head_is_known():
    moves = beads(*circle(60)).with_(command_row=np.array([31]), commands=("M117 half",))
    assert arcs.fit(moves, 0.02)[:, :2].tolist() == [[1, 30], [32, 60]]
    unknown = beads(*circle(60)).with_(command_row=np.array([1]), commands=("PARK",))
    assert [line[0] for line in spoken(unknown, 0.02)] == [1, 1, 3]


def test_lines_corners_and_travels_stay():
    square = beads(*np.array([[0, 0], [5, 0], [10, 0], [10, 5], [10, 10], [0, 10], [0, 0.0]]).T + 20)
    assert len(arcs.fit(square, 0.05)) == 0
    octagon = beads(*circle(8, 10, 6.283))
    assert len(arcs.fit(octagon, 0.05)) == 0
    travel = beads(*circle()).with_(e=np.zeros(61))
    assert len(arcs.fit(travel, 0.05)) == 0


def test_what_is_almost_straight_stays_straight():
    assert len(arcs.fit(beads(*circle(20, 900, 0.01)), 0.05)) == 0
    assert len(arcs.fit(beads(*circle(20, 5000, 0.2)), 0.05)) == 0


@pytest.mark.parametrize("tolerance", [0.01, 0.02, 0.05])
def test_arcs_come_back_byte_for_byte(tolerance):
    import slicer

    result = slicer.slice(
        MODELS / "bracket.stl", {"layer_height": 0.28, "arc_fitting": True, "arc_tolerance": tolerance}
    )
    text = result.gcode()
    style = Style(arcs=tolerance)
    assert text.count(b"\nG2 ") > 20
    assert text.count(b"\nG3 ") > 20
    assert write(read(text), style) == text
    plain = write(result.moves)
    assert text.count(b"\n") < plain.count(b"\n")
    assert read(text).e.sum() == pytest.approx(read(plain).e.sum(), abs=1e-4)


def test_the_work_grows_with_the_moves():
    """Spirals of ever the same curvature, and zigzags that never fit: each move is tried a bounded number of times."""
    import time

    def seconds(n):
        turn = np.linspace(0, n / 20, n)
        x, y = (30 + np.arange(n) % 7) * np.cos(turn), (30 + turn) * np.sin(turn)
        moves = beads(x, y)
        best = []
        for _ in range(3):
            began = time.process_time()
            arcs.fit(moves, 0.02)
            best.append(time.process_time() - began)
        return min(best)

    assert seconds(80_000) < 16 * max(seconds(10_000), 1e-3)
