"""Moves to text and back, and text to moves and back."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gcode.errors import Problem
from gcode.flavours import FLAVOURS
from gcode.in_force import changes
from gcode.moves import Moves
from gcode.planner import estimate
from gcode.reader import read
from gcode.roles import Role
from gcode.writer import Style, write

COMMANDS = (
    "; note", "", "M117 hello", "PARK X=1", "M104 S200", "M73 P5", "G4 P10", "M600", ";WIDTH:0.7", "M204 S700",
    "M106 S10", "G91", "T1", "M82", "G1 F1234",
)  # fmt: skip
MOTION = ("G28", "G28 X", "G1 X5 Y5 E1 ; not canonical", "G92 E0", "G92 X3", "G0 Z9", "G2 X1 Y1 I3 J3")
"""What stands in sequences; `custom` wraps them as `slicer.sequence` does."""


@st.composite
def prints(draw, lines=COMMANDS):
    """Moves as a slicer makes them: beads, travels, retractions, several layers and objects."""
    n = draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = rng.choice(4, n, p=[0.6, 0.2, 0.1, 0.1])  # bead, travel, retraction, repeat
    x, y = rng.uniform(-50, 250, n), rng.uniform(0, 250, n)
    still = kind >= 2
    for i in np.flatnonzero(still):
        x[i], y[i] = (x[i - 1], y[i - 1]) if i else (0, 0)
    layer = np.sort(rng.integers(-1, 4, n))
    layer[-1:] = np.maximum(layer[-1:], 0)  # a file without any layer has them counted by the reader
    e = np.choose(kind, [rng.uniform(0, 2, n), np.zeros(n), rng.choice([-0.8, 0.8], n), np.zeros(n)])
    bead = kind == 0
    commands = [c for _ in range(draw(st.integers(0, 4))) for c in draw(custom(lines))] if n else []
    rows = np.sort(rng.integers(0, n + 1, len(commands)))
    rows[:] = rows[0] if len(rows) else 0
    return Moves.of(
        n,
        x=x,
        y=y,
        z=0.2 * (layer + 1) + rng.choice([0.0, 0.4], n, p=[0.9, 0.1]),
        e=e,
        speed=rng.choice([10.0, 33.3, 60.0, 150.0], n),
        acceleration=rng.choice([0, 500, 1000, 3000], n),
        role=np.where(bead, rng.integers(0, 16, n), Role.NONE),
        width=np.where(bead, rng.choice([0.4, 0.45, 0.4321], n), 0),
        height=np.where(bead, rng.choice([0.2, 0.15], n), 0),
        fan=rng.choice([0, 0.3, 1.0], n),
        tool=rng.choice(2, n, p=[0.9, 0.1]),
        layer=layer,
        object=rng.integers(-1, 2, n),
        objects=("one", "two"),
        command_row=rows,
        commands=tuple(commands),
    )


@st.composite
def custom(draw, lines):
    """Return lines as a sequence of commands that is kept verbatim."""
    return [";TYPE:Custom", *draw(st.lists(st.sampled_from(lines), max_size=5)), ";TYPE:None"]


styles = st.builds(
    Style, st.sampled_from(list(FLAVOURS.values())), st.integers(2, 5), st.integers(3, 6), st.booleans(), st.booleans()
)


@settings(deadline=None, max_examples=200)
@given(prints(), styles)
def test_text_comes_back_byte_for_byte(moves, style):
    text = write(moves, style)
    again = read(text).validate()
    assert write(again, style) == text


@settings(deadline=None, max_examples=100)
@given(prints(COMMANDS + MOTION), styles)
def test_motion_of_commands_comes_back_as_rows(moves, style):
    moves = read(write(moves, style)).validate()  # now with a row for each motion, as `slicer.sequence` makes them
    text = write(moves, style)
    assert write(read(text), style) == text


@settings(deadline=None, max_examples=100)
@given(prints(), styles)
def test_moves_come_back_to_the_digit(moves, style):
    moves = moves.with_(commands=(), command_row=np.zeros(0, np.int64), object=np.full(len(moves), -1, np.int16))
    moves = moves.with_(objects=())
    back = read(write(moves, style))
    moves, back = _moving(moves, style), back.with_()
    rows = back.role != Role.CUSTOM
    assert rows.sum() == len(moves["x"])
    for axis in "xyz":
        assert np.abs(getattr(back, axis)[rows] - moves[axis]).max(initial=0) <= 0.5001 * 10.0**-style.xyz_digits
    assert np.abs(np.cumsum(back.e[rows]) - moves["total"]).max(initial=0) <= 0.5001 * 10.0**-style.e_digits
    assert np.abs(back.speed[rows] - moves["speed"]).max(initial=0) <= 0.001
    assert np.abs(back.fan[rows] - moves["fan"]).max(initial=0) <= 0.005
    assert (back.tool[rows] == moves["tool"]).all()
    bead = (back.role[rows] != Role.NONE) & (moves["role"] != Role.NONE)
    assert (back.role[rows][bead] == moves["role"][bead]).all()
    assert np.abs(back.width[rows][bead] - moves["width"][bead]).max(initial=0) <= 0.0005001


def _moving(moves, style):
    """Return columns of the rows that move anything after rounding, and the running total of filament."""

    def counts(values, digits):
        scaled = values * 10**digits
        return np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)

    q = np.stack(
        [counts(getattr(moves, a), style.xyz_digits) for a in "xyz"] + [counts(np.cumsum(moves.e), style.e_digits)]
    )
    moved = (np.diff(q, prepend=0.0) != 0).any(axis=0) if len(moves) else np.zeros(0, bool)
    columns = {name: getattr(moves, name)[moved] for name in ("x", "y", "z", "speed", "fan", "tool", "role", "width")}
    return columns | {"total": np.cumsum(moves.e)[moved]}


@pytest.mark.parametrize("relative", [True, False])
def test_physics_of_a_foreign_file_survives_rewriting(relative):
    text = (
        b"G21\nG90\nM82\nG28\nG92 E0\n;LAYER:0\n;TYPE:WALL-OUTER\nG0 F7200 X10 Y10 Z.2\nG1 F1800 X20 E.5\nG1 Y20 E1\n"
        b"G92 E0\nG91\nG1 X-10 E.5\nG90\n;LAYER:1\n;TYPE:FILL\nG1 Z.4\nG2 X20 Y30 I5 J5 E2\nM107\nM104 S0\n"
    )
    first = read(text)
    again = read(write(first, Style(relative=relative)))
    for column in ("x", "y", "z", "e", "speed", "layer", "role"):
        moving = [m.role != Role.CUSTOM for m in (first, again)]
        a, b = getattr(first, column)[moving[0]], getattr(again, column)[moving[1]]
        assert np.allclose(a, b, atol=0.00051 if column in "xyz" else 1.1e-5), column
    assert first.e.sum() == pytest.approx(0.5 + 0.5 + 0.5 + 1.5)


WORDS = [
    "G1 X{a} Y{b} E{c} F1200", "G1 X{a} E{c}", "G0 Z{c} F{a}00", "G1 E-{c}", "g1 y{b}", "G1 F{a}0", "G92 E0",
    "G2 X{a} Y{b} R200 E{c}", "G3 I{c} J3", "G2 X{a} Y{b} I9 J{c} E{c}", "G18", "G19", "G17", "G20", "G21", "G91",
    "G90", "M82", "M83", "G92 E{c}", "G92 X{a}", "G92", "G28", "G28 X", "G10", "G11", "M207 S1 F1800", "M107",
    "M106 S{c}", "M200 D1.75", "M200 D0", "M204 S{a}", "T1", "T0", "M220 S{a}", "M221 S{b}", "M104 S{a}", "M110 N0",
    "M600", "G4 P{a}", "PARK X={a}", ";LAYER:{c}", ";TYPE:WALL-OUTER", "; feature infill", "; tool H0.2 W0.48", "",
    "; CHANGE_LAYER", ";LAYER_CHANGE", ";MESH:a.stl", ";MESH:NONMESH", "; printing object b", "(aside)",
    "; stop printing object b", ";TYPE:Custom", ";TYPE:Custom", ";TYPE:None",
]  # fmt: skip
NUMBERS = st.tuples(st.integers(1, 150), st.integers(0, 150), st.integers(1, 9))
LINES = st.lists(st.builds(lambda form, n: form.format(a=n[0], b=n[1], c=n[2]), st.sampled_from(WORDS), NUMBERS))
HEADS = st.sampled_from(["M82\nG28\n", "M83\nG28\n", "G28\n", "G20\n", ";FLAVOR:UltiGCode\n", ";TYPE:Custom\n"])
HEADS = HEADS.map(lambda head: head + "G1 F3000\n")


def ways(moves):
    """Return where the head stops, what it has pushed there, and how fast it came: (k, 5), stops that differ."""
    stops = np.stack([moves.x, moves.y, moves.z, np.cumsum(moves.e), moves.speed], axis=1)
    declared = moves.speed == 0  # G28 and G92 say where the head is, in a time of their own
    steps = np.abs(np.diff(stops[:, :4], axis=0, prepend=[[*moves.start[:3], 0.0]]))
    return stops[(steps > 1e-9).any(axis=1) & ~declared]


def assert_alike(first, again, style):
    """Assert that both stop at the same places, in the same order, with the same filament, at the same speed."""
    near = 1.2 * 10.0**-style.xyz_digits
    near_e = 0.6 * 10.0**-style.e_digits * (2 + (first.role == Role.CUSTOM).sum())
    limits = np.array([near, near, near, near_e + 1e-6 * np.abs(first.e).sum(), 0.002])
    for one, other in ((ways(first), ways(again)), (ways(again), ways(first))):
        at = 0
        for n, stop in enumerate(one):  # stops that go no farther than a digit may be missing
            small = n and (np.abs(stop - one[n - 1])[:4] <= limits[:4]).all()
            begin = at
            while at < len(other) and (np.abs(other[at] - stop) > limits).any():
                at += 1
            if small and at == len(other):
                at = begin
            assert at < len(other) or small or not len(other), (n, stop)


@settings(max_examples=300, deadline=None)
@given(HEADS, LINES, styles)
def test_any_file_moves_alike_after_rewriting(head, lines, style):
    problems: list[Problem] = []
    first = read((head + "\n".join(lines) + "\n").encode(), problems)
    assume(not problems)
    text = write(first, style)
    again = read(text)
    assert_alike(first, again, style)
    assert [(c.what, c.value) for c in changes(first)] == [(c.what, c.value) for c in changes(again)]


@settings(max_examples=50, deadline=None)
@given(prints(), styles)
def test_lines_are_numbered_without_a_gap(moves, style):
    """The checksums are read back by the other tests: the reader refuses a wrong one."""
    lines = write(moves, replace(style, numbered=True)).decode().splitlines()
    spoken = [line for line in lines if line[:1] not in (";", "(", "")]
    assert [int(line.split(" ")[0][1:]) for line in spoken] == list(range(1, len(spoken) + 1))


@pytest.fixture(scope="module", params=["prusa-slicer", "slic3r"])
def foreign(request, tmp_path_factory):
    """Return the moves of a small ring, sliced by a slicer that is installed."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    trimesh = pytest.importorskip("trimesh")
    folder = tmp_path_factory.mktemp(request.param)
    trimesh.creation.annulus(4, 8, 6).export(folder / "ring.stl")
    command = [request.param, *(["--export-gcode"] if request.param == "prusa-slicer" else []), "--output"]
    done = subprocess.run(
        [*command, "ring.gcode", "ring.stl"], cwd=folder, capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip(f"{request.param} fails here: {done.stderr[-200:]!r}")
    return read(folder / "ring.gcode")


@pytest.mark.parametrize("relative", [True, False])
def test_files_of_other_slicers_come_back_exactly(foreign, relative):
    first = foreign
    again = read(write(first, Style(relative=relative)))
    assert np.abs(ways(first) - ways(again)).max() < 1e-6
    assert changes(first) == changes(again)
    assert (first.role == again.role).all()
    assert estimate(again).sum() == pytest.approx(estimate(first).sum())


@pytest.mark.parametrize("text", [b"G1 X1 F600\n;TYPE:Custom\nG2 X5 Y5\n", b"G20\nG1 X5 F600\nG3 X5\nG1 X6\n"])
def test_an_arc_that_is_none_moves_nothing(text):
    moves = read(text, [])
    assert read(write(moves), []).x.tolist() == pytest.approx(moves.x.tolist())
