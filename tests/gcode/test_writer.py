"""What the writer says: golden texts for each flavour, rounding, and what it leaves out."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest

from gcode.effects import effect
from gcode.errors import UnwritableMoves
from gcode.flavours import FLAVOURS, KLIPPER, MARLIN, REPRAPFIRMWARE, label
from gcode.moves import Moves
from gcode.reader import read
from gcode.roles import Role
from gcode.writer import Style, write, write_to


def two_layers(**columns):
    """Travel and two beads in each of two layers, on two objects."""
    given = {
        "x": [10, 20, 20, 10, 20, 20],
        "y": [10, 10, 20, 10, 10, 20],
        "z": [0.2] * 3 + [0.4] * 3,
        "e": [0, 0.5, 0.25, 0, 0.5, 0.25],
        "speed": [150, 20, 20, 150, 40, 40],
        "acceleration": [2000, 1000, 1000, 2000, 1000, 1000],
        "role": [0, 1, 5, 0, 1, 5],
        "width": [0, 0.45, 0.4, 0, 0.45, 0.4],
        "height": [0, 0.2, 0.2, 0, 0.2, 0.2],
        "fan": [0, 0, 0, 0.5, 0.5, 0.5],
        "layer": [0, 0, 0, 1, 1, 1],
        "object": [0, 0, 0, 1, 1, 1],
        "objects": ("left", "right"),
        "command_row": [0, 6],
        "commands": ("; hello", "M84"),
    }
    return Moves.of(6, **given | columns)


def lines(moves, **style):
    return write(moves, Style(**style)).decode().splitlines()


MARLIN_TEXT = """\
;LAYER_CHANGE
;Z:0.2
;HEIGHT:0.2
; hello
G90
M83
M486 S0
M107
M204 T2000
G1 X10 Y10 Z0.2 F9000
M204 P1000
;TYPE:External perimeter
;WIDTH:0.45
G1 X20 E0.5 F1200
;TYPE:Gap fill
;WIDTH:0.4
G1 Y20 E0.25
M486 S-1
;LAYER_CHANGE
;Z:0.4
;HEIGHT:0.2
M486 S1
M106 S128
G1 X10 Y10 Z0.4 F9000
;TYPE:External perimeter
;WIDTH:0.45
G1 X20 E0.5 F2400
;TYPE:Gap fill
;WIDTH:0.4
G1 Y20 E0.25
M486 S-1
M84
"""


def test_marlin_text():
    assert write(two_layers(), Style(MARLIN)).decode() == MARLIN_TEXT


def test_klipper_differs_in_labels_and_its_one_acceleration():
    text = MARLIN_TEXT.replace("M486 S0", "EXCLUDE_OBJECT_START NAME=left", 1)
    text = text.replace("M486 S-1", "EXCLUDE_OBJECT_END NAME=left", 1).replace(
        "M486 S1", "EXCLUDE_OBJECT_START NAME=right"
    )
    text = text.replace("M486 S-1", "EXCLUDE_OBJECT_END NAME=right")
    text = text.replace("M204 T", "SET_VELOCITY_LIMIT ACCEL=").replace("M204 P", "SET_VELOCITY_LIMIT ACCEL=")
    second = text.replace("M106 S128\n", "M106 S128\nSET_VELOCITY_LIMIT ACCEL=2000\n")
    head, tail = second.split("Z0.4 F9000\n")
    assert write(two_layers(), Style(KLIPPER)).decode() == head + "Z0.4 F9000\nSET_VELOCITY_LIMIT ACCEL=1000\n" + tail


def test_reprapfirmware_fan_is_a_share():
    assert write(two_layers(), Style(REPRAPFIRMWARE)).decode() == MARLIN_TEXT.replace("M106 S128", "M106 S0.50")


def test_absolute_extrusion_is_reset_at_each_layer():
    text = [line for line in lines(two_layers(), relative=False) if "E" in line.split(";")[0] or line in ("M82", "M83")]
    assert [line.split(" F")[0] for line in text] == [
        "G92 E0", "M82", "G92 E0", "G1 X20 E0.5", "G1 Y20 E0.75", "G92 E0", "G1 X20 E0.5", "G1 Y20 E0.75",
    ]  # fmt: skip


def test_numbers_are_short_and_never_minus_zero():
    x = [0.0004, -0.0004, -0.0016, 1.0005, 123.4, -0.5, 100000.0]
    text = lines(Moves.of(7, x=x, y=np.arange(7) + 1.0, speed=10.0))
    words = [line.split()[1] for line in text if line.startswith("G1")]
    assert words == ["X0", "Y2", "X-0.002", "X1.001", "X123.4", "X-0.5", "X100000"]
    assert not any("X-0 " in line or line.endswith("-0") for line in text)


@pytest.mark.parametrize("digits", [2, 3, 6])
def test_digits_are_the_nearest(digits):
    x = np.random.default_rng(digits).uniform(-300, 300, 500)
    text = lines(Moves.of(500, x=x, speed=10.0), xyz_digits=digits)
    written = [float(line.split()[1][1:]) for line in text if line.startswith("G1")]
    assert np.abs(np.array(written) - x).max() <= 0.5 * 10.0**-digits * (1 + 1e-9)
    assert max(len(line.split()[1].partition(".")[2]) for line in text if "." in line) == digits


@pytest.mark.parametrize("relative", [True, False])
def test_rounding_of_e_never_adds_up(relative):
    n = 100_000
    e = np.random.default_rng(3).uniform(0, 0.03, n)
    moves = Moves.of(n, x=np.arange(n) % 2 * 10.0, e=e, speed=30.0, layer=np.arange(n) // 1000)
    back = read(write(moves, Style(relative=relative)))
    assert abs(back.e.sum() - e.sum()) < 1e-5
    assert np.abs(np.cumsum(back.e) - np.cumsum(e)).max() < 1e-5


def test_moves_smaller_than_a_digit_are_left_out_but_their_filament_is_not():
    moves = Moves.of(10, x=np.linspace(0.0001, 0.001, 10), e=2e-6, speed=20.0)
    text = lines(moves)
    assert [line for line in text if line.startswith("G1")] == ["G1 E0.00001 F1200", "G1 X0.001 Y0 Z0", "G1 E0.00001"]


def test_what_a_left_out_row_asks_for_waits_for_the_next():
    moves = Moves.of(3, x=[1, 1, 2], fan=[0, 0.2, 1.0], speed=10.0)
    assert lines(moves)[2:] == ["M107", "G1 X1 Y0 Z0 F600", "M106 S255", "G1 X2"]


def test_after_a_command_that_may_move_position_and_speed_are_said_again():
    columns = {
        "x": [1, 2, 3],
        "y": 5.0,
        "z": 0.2,
        "speed": 10.0,
        "command_row": [1, 2],
        "commands": ("M117 hi", "PARK"),
    }
    text = lines(Moves.of(3, **columns))
    assert text[3:] == ["G1 X1 Y5 Z0.2 F600", "M117 hi", "G1 X2", "PARK", "G1 X3 Y5 Z0.2 F600"]


def test_modes_that_commands_change_are_restored():
    columns = {"x": [1, 2], "e": [0.1, 0.1], "speed": 10.0, "command_row": [1] * 3, "commands": ("G91", "M82", "G20")}
    text = lines(Moves.of(2, **columns))
    assert text[text.index("G20") + 1 :] == ["G21", "G90", "M83", "G1 X2 E0.1"]


def test_relative_extrusion_is_said_again_after_g90():
    columns = {"x": [1, 2], "e": [0.1, 0.1], "speed": 10.0, "command_row": [1, 1], "commands": ("G91", "G90")}
    assert lines(Moves.of(2, **columns))[-2:] == ["M83", "G1 X2 E0.1"]  # Marlin's G90 makes E absolute


def test_fan_acceleration_and_tool_are_followed_through_commands():
    columns = {"x": [1, 2], "fan": 1.0, "tool": [0, 1], "acceleration": 500, "speed": 10.0}
    text = lines(Moves.of(2, **columns, command_row=[0] * 2 + [1], commands=("M106 S255", "M204 S500", "T1")))
    assert not {"M106 S255", "M204 T500"} & set(text[3:])
    assert text.count("T1") == 1


@pytest.mark.parametrize("other", ["M106 P3 S255", "M106 P1", "M106 P10 S255", "M107 P2"])
def test_other_fans_are_not_taken_for_the_parts(other):
    columns = {"x": [1, 2], "fan": [1.0, 1.0], "speed": 10.0, "command_row": [0, 1], "commands": ("M106 S0", other)}
    text = lines(Moves.of(2, **columns))
    assert text.count("M106 S255") == 1
    assert read("\n".join(text).encode()).fan.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("m106s255", 3),
        ("M106 P0 S9", 3),
        ("G4P500", 0),
        ("; note", 0),
        ("M117 G1 X1", 0),
        ("  G28", 1),
        ("", 0),
        ("START_PRINT", 1),
        (";TYPE:Custom", 2),
        ("M107", 3),
    ],
)
def test_effects_of_commands(line, kind):
    assert effect(line)[0] == kind


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e12])
@pytest.mark.parametrize("column", ["x", "y", "z", "e", "speed"])
def test_what_is_no_number_is_refused(column, value):
    values = np.ones(5)
    values[3] = value
    with pytest.raises(UnwritableMoves, match=f"move 3: {column}"):
        write(Moves.of(5, **{column: values}))


def test_an_object_that_is_not_there_is_refused():
    with pytest.raises(UnwritableMoves, match="object 2 of 1"):
        write(Moves.of(1, x=1.0, object=2, objects=("a",)))


def test_custom_rows_are_left_to_their_commands():
    columns = {
        "x": [1, 2, 3],
        "role": [0, Role.CUSTOM, 0],
        "speed": 10.0,
        "command_row": [1],
        "commands": ("G1 X2 ; park",),
    }
    assert lines(Moves.of(3, **columns))[3:] == ["G1 X1 Y0 Z0 F600", "G1 X2 ; park", "G1 X3 Y0 Z0 F600"]


def test_a_stream_gets_the_same_bytes_in_bounded_chunks(monkeypatch):
    moves = two_layers()
    moves = moves.with_(commands=("; " + "x" * 9000, "M84"))
    monkeypatch.setattr("gcode.writer.CHUNK", 1 << 12)
    stream = io.BytesIO()
    size = write_to(stream, moves)
    assert stream.getvalue() == write(moves)
    assert size == len(stream.getvalue())


def test_empty_moves_are_their_commands():
    assert write(Moves.of(0)) == b""
    assert write(Moves.of(0, command_row=[0], commands=("M84",))) == b"M84\n"


def test_unknown_roles_and_flavours_are_records():
    assert set(FLAVOURS) == {"marlin", "klipper", "reprapfirmware"}
    assert replace(MARLIN, fan_on="M106 P1 S").fan_on == "M106 P1 S"
    assert label("") == "object"
    assert label("a b/c\u00e9.stl") == "a_b_c_.stl"


SEQUENCES = [
    # in inches, absolute E, relative: what is copied must not move otherwise than it did
    ("G20\nM82\nG1 X1 Y1 E.1 F60\n;TYPE:Custom\nG1 X3 E.2\n;TYPE:FILL\nG1 X5 E.4\n", "G1 X76.2 E2.54"),
    ("M82\nG1 X1 E5 F600\n;TYPE:Custom\nG1 X2 E6\n;TYPE:FILL\nG1 X5 E7\n", "G1 X2 E1"),
    ("M83\nG1 X1 E1 F600\nG91\n;TYPE:Custom\nG1 X2 E1\n;TYPE:FILL\nG90\nG1 X9\n", "G1 X3 E1"),
    ("G20\nG1 X1 F60\nG92 X2\nG1 X3\n", "G92 X50.8"),
    ("M207 S2 F1200 Z0.4\nG1 X1 F600\n;TYPE:Custom\nG10\n;TYPE:FILL\nG1 X5\nG11\n", "G1 Z0.4 E-2 F1200"),
    # and what would not is copied as it is
    ("M83\nG1 X1 F600\n;TYPE:Custom\nG91\nG1 Z5 F300 ; up\nG90\n;TYPE:FILL\nG1 X5\n", "G1 Z5 F300 ; up"),
    ("G21\nG90\nM83\nG1 X1 F600\n;TYPE:Custom\nM82\nG92 E0\nG1 E4 F90\nG1 E5\n;TYPE:FILL\nG1 X5\n", "G1 E5"),
]


@pytest.mark.parametrize(("text", "line"), SEQUENCES)
def test_lines_are_copied_only_where_they_mean_the_same(text, line):
    written = write(read(text)).decode()
    assert line in written.splitlines()
    first, again = read(text), read(written)
    assert again.x[-1] == pytest.approx(first.x[-1], abs=1e-3)
    assert again.z[-1] == pytest.approx(first.z[-1], abs=1e-3)
    assert again.e.sum() == pytest.approx(first.e.sum(), abs=1e-5)


def test_volumes_become_lengths_once():
    text = ";FLAVOR:UltiGCode\nG28\nG1 F600\nG1 X10 E63.79\n"
    assert read(text).e.sum() == pytest.approx(10, abs=0.01)
    written = write(read(text))
    assert b"M200 D0" in written
    assert read(written).e.sum() == pytest.approx(10, abs=0.01)
    assert read(write(read(written))).e.sum() == pytest.approx(10, abs=0.01)


def test_numbers_and_checksums():
    moves = Moves.of(2, x=[1, 2], speed=10.0, command_row=[0, 2, 2], commands=("G28 ; home", "; done", "M84"))
    text = write(moves, Style(numbered=True)).decode().splitlines()
    assert [re.sub(r"\*\d+", "", line) for line in text] == [
        "N1 G28 ; home", "N2 G90", "N3 M83", "N4 M107", "N5 G1 X1 Y0 Z0 F600", "N6 G1 X2", "; done", "N7 M84",
    ]  # fmt: skip
    for line in text:
        if line[0] == "N":
            said, checksum = line.split(" ;")[0].split("*")
            total = 0
            for byte in said.encode():
                total ^= byte
            assert total == int(checksum)
    assert write(read(write(moves, Style(numbered=True)))) == write(read(write(moves)))
