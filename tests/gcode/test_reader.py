"""What the reader understands: modes, arcs, comments of other slicers, malformed lines, noise."""

import math
import re
import shutil
import subprocess
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode.errors import GcodeError, MalformedGcode, NotGcode, UnreadableFile
from gcode.reader import read
from gcode.roles import Role


def columns(moves, *names):
    return [tuple(row) for row in np.stack([getattr(moves, n) for n in names], axis=1).round(9).tolist()]


def test_absolute_and_relative_positions_and_filament():
    moves = read("G1 X10 Y5 E1 F600\nG91\nG1 X1 Y1 E0.5\nG90\nG1 X0 E2\nM83\nG1 X1 E0.25\nM82\nG92 E0\nG1 X2 E1\n")
    assert columns(moves, "x", "y", "e") == [(10, 5, 1), (11, 6, 0.5), (0, 6, 0.5), (1, 6, 0.25), (2, 6, 1)]
    assert (moves.speed == 10).all()
    assert moves.line.tolist() == [1, 3, 5, 7, 10]


def test_words_in_any_shape():
    text = "N1 G1 X1Y2.5 Z.5*{}\n  g1 x-.5 (aside) y+3 ; end\r\nG01 E-0.5 F1200\nG1 S255 X7\n"
    text = text.format(np.bitwise_xor.reduce(np.frombuffer(b"N1 G1 X1Y2.5 Z.5", np.uint8)))
    moves = read(text)
    assert columns(moves, "x", "y", "z", "e") == [
        (1, 2.5, 0.5, 0),
        (-0.5, 3, 0.5, 0),
        (-0.5, 3, 0.5, -0.5),
        (7, 3, 0.5, 0),
    ]


def test_inches():
    moves = read("G20\nG1 X1 F60 E0.1\nG21\nG1 X1\n")
    assert columns(moves, "x", "e", "speed") == [(25.4, 2.54, 25.4), (1, 0, 25.4)]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("G1 X10 Y0\nG2 X0 Y10 I-10 J0 E1\n", 1.5 * math.pi * 10),
        ("G1 X10 Y0\nG3 X0 Y10 I-10 J0 E1\n", 0.5 * math.pi * 10),
        ("G1 X10 Y0\nG3 X0 Y10 R10 E1\n", 0.5 * math.pi * 10),
        ("G1 X10 Y0\nG2 X0 Y10 R-10 E1\n", 1.5 * math.pi * 10),
        ("G1 X10 Y0\nG3 X0 Y10 R-10 E1\n", 1.5 * math.pi * 10),
        ("G1 X10 Y0\nG2 I-10 E1\n", 2 * math.pi * 10),
    ],
)
def test_arcs(text, length):
    moves = read(text)
    rows = slice(1, None)
    dx, dy = np.diff(moves.x), np.diff(moves.y)
    assert np.hypot(dx, dy).sum() == pytest.approx(length, rel=1e-3)
    assert moves.e[rows].sum() == pytest.approx(1)
    assert np.ptp(np.hypot(moves.x - (0 if "R" not in text else moves.x[0] * 0), moves.y)) < 1e-6 or "R" in text
    middle = np.hypot((moves.x[1:] + moves.x[:-1]) / 2, (moves.y[1:] + moves.y[:-1]) / 2)
    if "I" in text:
        assert np.abs(middle - 10).max() <= 0.0101


def test_spirals_rise_evenly():
    moves = read("G1 X10\nG3 X-10 Y0 I-10 Z2\n")
    assert np.allclose(np.diff(moves.z[1:]), moves.z[-1] / (len(moves) - 1))


def test_firmware_retraction():
    moves = read("M207 S0.6 F1800\nG1 X1 F600\nG10\nG10\nG11\nG11\nG10 P0 S210\n")
    assert columns(moves, "e", "speed") == [(0, 10), (-0.6, 30), (0.6, 30)]
    assert moves.commands == ("M207 S0.6 F1800", "G10 P0 S210")


def test_homing_and_declared_positions_are_rows_without_duration():
    moves = read("G1 X5 Y5 Z5 F600\nG28 X\nG92 Y50\nG1 Y51\n")
    assert columns(moves, "x", "y", "z", "speed") == [(5, 5, 5, 10), (0, 5, 5, 0), (0, 50, 5, 0), (0, 51, 5, 10)]
    assert moves.role.tolist() == [0, Role.CUSTOM, Role.CUSTOM, 0]


def test_fan_acceleration_and_tool():
    moves = read(
        "M106 S127.5\nG1 X1\nM106 S0.25\nM204 P1000 T2000\nG1 X2\nG1 X3 E1\nM204 S500\nM107\nT1\nG1 X4\nM106 P2 S9\n"
    )
    assert columns(moves, "fan", "acceleration", "tool") == [
        (0.5, 0, 0), (0.25, 2000, 0), (0.25, 1000, 0), (0, 500, 1),
    ]  # fmt: skip
    assert moves.commands == ("M106 P2 S9",)
    klipper = read("SET_VELOCITY_LIMIT ACCEL=3000\nG1 X1\nSET_VELOCITY_LIMIT VELOCITY=9 ACCEL=800 ; x\nG1 X2\n")
    assert klipper.acceleration.tolist() == [3000, 800]
    assert klipper.commands == ("SET_VELOCITY_LIMIT VELOCITY=9 ACCEL=800 ; x",)


@pytest.mark.parametrize(
    ("comments", "role"),
    [
        (";LAYER_CHANGE\n;Z:0.2\n;HEIGHT:0.2\n;TYPE:Solid infill\n;WIDTH:0.45", Role.SOLID_INFILL),
        (
            "; CHANGE_LAYER\n; Z_HEIGHT: 0.2\n; LAYER_HEIGHT: 0.2\n; FEATURE: Outer wall\n; LINE_WIDTH: 0.45",
            Role.EXTERNAL_PERIMETER,
        ),
        (";LAYER:0\n;TYPE:WALL-INNER\n;WIDTH:0.45\n;HEIGHT:0.2", Role.PERIMETER),
        (";LAYER_CHANGE\n;TYPE:Nobody knows\n;WIDTH:0.45\n;HEIGHT:0.2", Role.NONE),
    ],
)
def test_comments_of_slicers(comments, role):
    moves = read(f"G1 X0 Y0 Z0.2\n{comments}\nG1 X1\nG1 X2 E1\nG1 E-1\nG1 X3\n")
    assert moves.layer.tolist() == [-1, 0, 0, 0, 0]
    assert moves.role.tolist() == [0, 0, role, 0, 0]
    assert moves.width.tolist() == [0, 0, np.float32(0.45), 0, 0]
    assert moves.height.tolist() == [0, 0, np.float32(0.2), 0, 0]
    assert moves.commands == ()


def test_layers_are_counted_by_height_where_nothing_names_them():
    moves = read("G1 X1 Z0.2\nG1 E1\nG1 X2 E2\nG1 Z0.6\nG1 X5\nG1 Z.4\nG1 X3 E3\nG1 Z.2\nG1 X1 E4\n")
    assert moves.layer.tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1]


LABELS = "G1 X1\nM486 S1\nG1 X2\nM486 S-1\nG1 X3\nM486 S0\nG1 X4\n"
NAMED = (
    "G1 X1\nEXCLUDE_OBJECT_START NAME=b\nG1 X2\nEXCLUDE_OBJECT_END NAME=b\nG1 X3\nEXCLUDE_OBJECT_START NAME=a\nG1 X4\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "EXCLUDE_OBJECT_DEFINE NAME=a CENTER=1,2\nEXCLUDE_OBJECT_DEFINE NAME='b'\n" + NAMED,
        ";TYPE:Custom\nM486 S0\nM486 Aa\nM486 S1\nM486 Ab\nM486 S-1\n;TYPE:None\n" + LABELS,
        "M486 S0\nM486 Aa\nM486 S1\nM486 Ab\nM486 S-1\n" + LABELS,
        ';TYPE:Custom\nM486 S0 A"a"\nM486 S1 A"b"\nM486 S-1\n;TYPE:None\n' + LABELS,
    ],
)
def test_objects(text):
    moves = read(text)
    assert moves.objects == ("a", "b")
    assert moves.object[moves.role == 0].tolist() == [-1, 1, -1, 0]


def test_sequences_are_kept_verbatim_and_their_motion_too():
    text = ";TYPE:Custom\nG28 ; home\nG1 Z5\nM106 S9\nSTART a=1\n;LAYER_CHANGE\n;TYPE:Perimeter\nG1 X1 E1\n"
    moves = read(text)
    assert moves.commands == tuple(text.splitlines()[:5])
    assert moves.role.tolist() == [Role.CUSTOM] * 3 + [Role.PERIMETER]
    assert moves.z.tolist() == [0, 5, 5, 5]
    assert moves.command_row.tolist() == [0, 0, 1, 2, 2]


BAD = [
    ("G1 X", "not a G-code word"),
    ("G1 X1.2.3", "not a G-code word"),
    ("G1 Xnan", "not a G-code word"),
    ("G1 X1 hello", "not a G-code word"),
    ("G1 X1e400", None),
    ("G1 X99999999999", "number out of range"),
    ("G1 X1 F-5", "not a G-code word"),
    ("G2 X5", "arc without a centre"),
    ("G2 X5 R1", "arc without a centre"),
    ("N3 G1 X1*99", "checksum does not match"),
    ("12 monkeys", "not a G-code word"),
    ("G1 X1 \x00", "not a G-code word"),
    ("\x01\x02", "not text"),
    ("; \x00", "not text"),
]


@pytest.mark.parametrize(("line", "reason"), [b for b in BAD if b[1]])
def test_malformed_lines_are_named(line, reason):
    with pytest.raises(MalformedGcode, match=f"line 2: ({reason}|not text): ") as caught:
        read(f"G28\n{line}\nG1 X3\n")
    assert caught.value.problem.line == 2
    problems = []
    moves = read(f"G28\n{line}\nG1 X3\n", problems)
    assert [p.line for p in problems] == [2]
    assert moves.x[-1] == 3
    assert len(moves.commands) == 2


def test_line_ends_and_last_lines():
    for text in ("G1 X1\rG1 X2\r", "G1 X1\r\nG1 X2\r\n", "G1 X1\n\nG1 X2"):
        assert read(text.encode()).x.tolist() == [1, 2]
    assert len(read(b"")) == 0


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_noise_is_moves_or_an_error(data):
    problems = []
    try:
        read(data, problems).validate()
    except UnreadableFile:
        problems.append("the file as a whole")
    with pytest.raises(GcodeError) if problems else nullcontext():
        read(data)


SOUP = st.lists(
    st.text("GMTNXYZEFIJRS0123456789.-+ ;:()*\t\rTYPELAWD=_", max_size=20) | st.sampled_from([line for line, _ in BAD]),
    max_size=30,
)


@settings(deadline=None, max_examples=300)
@given(SOUP)
def test_soup_is_moves_or_an_error(lines):
    problems = []
    with suppress(NotGcode):
        read("\n".join(lines).encode(), problems).validate()
    assert all(0 < p.line <= sum(line.count("\r") for line in lines) + len(lines) for p in problems)


# ---------------------------------------------------------------- files of other slicers, where they are installed

PRUSA = ["prusa-slicer", "--export-gcode", "--center", "100,100", "--start-gcode", "G28", "--output"]
SLIC3R = ["slic3r", "--print-center", "100,100", "--start-gcode", "G28", "--output"]


@pytest.mark.parametrize("command", [PRUSA, SLIC3R], ids=lambda c: c[0])
def test_files_of_other_slicers(command, tmp_path):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    trimesh = pytest.importorskip("trimesh")
    trimesh.creation.annulus(4, 8, 6).export(tmp_path / "ring.stl")
    path = tmp_path / "ring.gcode"
    done = subprocess.run(
        [*command, str(path), str(tmp_path / "ring.stl")], capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip(f"{command[0]} fails here: {done.stderr[-200:]!r}")
    moves = read(path)
    filament, low, high = plain_reading(path.read_text())
    bead = (moves.e > 0) & (np.diff(moves.x, prepend=0.0) ** 2 + np.diff(moves.y, prepend=0.0) ** 2 > 0)
    points = np.stack([moves.x, moves.y, moves.z], axis=1)[bead]
    assert moves.e.sum() == pytest.approx(filament, abs=1e-6)
    assert np.allclose(points.min(axis=0), low)
    assert np.allclose(points.max(axis=0), high)
    assert moves.layer.max() + 1 == len(np.unique(points[:, 2].round(4)))


def plain_reading(text):
    """Return net filament and the bounds of beads' ends, by the shortest program that can."""
    at, e, relative, total, ends = dict.fromkeys("XYZ", 0.0), 0.0, False, 0.0, []
    for line in text.splitlines():
        words = dict(re.findall(r"([A-Z])([-+]?[\d.]+)", line.split(";")[0]))
        code = line.split(" ")[0]
        if code in ("M82", "M83"):
            relative = code == "M83"
        elif code == "G92":
            e = float(words.get("E", e))
        elif code in ("G0", "G1"):
            de = float(words.get("E", 0 if relative else e)) - (0 if relative else e)
            new = {axis: float(words.get(axis, at[axis])) for axis in at}
            if de > 0 and (new["X"], new["Y"]) != (at["X"], at["Y"]):
                ends.append(tuple(new.values()))
            at, e, total = new, e + de, total + de
    return total, np.min(ends, axis=0), np.max(ends, axis=0)
