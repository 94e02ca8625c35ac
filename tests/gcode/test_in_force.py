"""What commands hold in force: temperatures, speed and flow factors by row."""

import numpy as np
import pytest

from gcode.commands import find, words_of
from gcode.in_force import ALL_TOOLS, Change, changes, in_force
from gcode.moves import Moves
from gcode.reader import read

NAN = float("nan")


def held(text):
    return in_force(read(text))


def rows(*commands, tool=0):
    """Return moves with one command before each row."""
    n = len(commands)
    return Moves.of(n, tool=tool, command_row=np.arange(n), commands=commands)


@pytest.mark.parametrize(
    ("command", "what", "value"),
    [
        ("M104 S210", "nozzle", 210),
        ("m109 s210.5 ; warm", "nozzle", 210.5),
        ("N7 M104 S200*99", "nozzle", 200),
        ("M109 R180", "nozzle", 180),
        ("M104S215T0", "nozzle", 215),
        ("G10 P0 S205 R150", "nozzle", 205),
        ("M568 P0 R150 S205 A2", "nozzle", 205),
        ("SET_HEATER_TEMPERATURE HEATER=extruder TARGET=240", "nozzle", 240),
        ("set_heater_temperature heater=extruder", "nozzle", 0),
        ("M140 S60", "bed", 60),
        ("M190 R55", "bed", 55),
        ("SET_HEATER_TEMPERATURE HEATER=heater_bed TARGET=100", "bed", 100),
        ("M141 S45", "chamber", 45),
        ("M191 S45", "chamber", 45),
        ("SET_HEATER_TEMPERATURE HEATER=chamber TARGET=50", "chamber", 50),
        ("M220 S80", "speed", 0.8),
        ("M221 S95", "flow", 0.95),
        ("PRINT_START BED=60 EXTRUDER_TEMP=210", "nozzle", 210),
        ("START_PRINT BED_TEMP=65 EXTRUDER=210", "bed", 65),
        ("PRINT_START chamber=40", "chamber", 40),
    ],
)
def test_a_command_sets_one_thing(command, what, value):
    column = getattr(in_force(rows("; before", command)), what)
    untouched = 1.0 if what in ("speed", "flow") else NAN
    np.testing.assert_allclose(column, [untouched, value])


@pytest.mark.parametrize(
    "command",
    [
        "; M104 S210",
        "(M104 S210)",
        "M104",
        "M105 S210",
        "M1040 S3",
        "G10 L2 P1 S3",
        "G10 S1",
        "M220",
        "M104 Sx",
        "",
        "S210",
    ],
)
def test_what_sets_nothing(command):
    got = in_force(rows(command))
    assert np.isnan([got.nozzle, got.bed, got.chamber]).all()
    assert got.speed.tolist() == got.flow.tolist() == [1.0]


def test_values_hold_until_the_next_command():
    got = held("M104 S200\nG1 X1 F600\nG1 X2\nM104 S210\nG1 X3\nM104 S0\nM140 S60\n")
    assert got.nozzle.tolist() == [200, 200, 210]  # what stands at the end holds for no row
    assert np.isnan(got.bed).all()


def test_each_tool_has_its_nozzle_where_the_file_says_so():
    got = held("M104 S200 T0\nM104 S180 T1\nG1 X1 F600\nT1\nG1 X2\nM104 S190\nG1 X3\nT0\nG1 X4\n")
    assert got.nozzle.tolist() == [200, 180, 190, 200]


def test_one_nozzle_serves_all_tools_where_no_command_names_another():
    got = held("M104 S215\nG1 X1 F600\nT1\nG1 X2\nM104 S220 T0\nT2\nG1 X3\n")
    assert got.nozzle.tolist() == [215, 215, 220]


def test_flow_is_of_a_tool_and_speed_of_the_machine():
    got = held("M221 S90 T1\nM220 S50\nG1 X1 F600\nT1\nG1 X2\nM221 S110\nT0\nG1 X3\n")
    np.testing.assert_allclose(got.flow, [1, 0.9, 1.1])
    np.testing.assert_allclose(got.speed, 0.5)


def test_the_speed_factor_is_kept_and_given_back():
    got = in_force(rows("M220 S80", "M220 B", "M220 S50", "M220 R"))
    np.testing.assert_allclose(got.speed, [0.8, 0.8, 0.5, 0.8])


def test_heaters_are_turned_off_together():
    got = in_force(rows("PRINT_START BED=60 HOTEND=210", "TURN_OFF_HEATERS"))
    assert (got.nozzle.tolist(), got.bed.tolist()) == ([210, 0], [60, 0])


def test_waits_say_for_what_and_which_way():
    listed = changes(
        rows("M140 S60", "M109 S210", "M109 R170", "TEMPERATURE_WAIT SENSOR=heater_bed MINIMUM=55", "M116")
    )
    waits = [(c.row, c.what, c.value, c.waits, c.cools) for c in listed if c.waits is not None]
    assert waits == [
        (1, "nozzle", 210, 210, False),
        (2, "nozzle", 170, 170, True),
        (3, "bed", None, 55, False),
        (4, "bed", None, 60, False),
        (4, "nozzle", None, 170, False),
    ]
    assert listed[0] == Change(0, "bed", ALL_TOOLS, 60)


def test_columns_are_of_the_moves_length_whatever_comes():
    for n in (0, 1, 5):
        got = in_force(Moves.of(n, command_row=[0, n], commands=("M104 S200", "M220 S50")))
        assert all(getattr(got, name).shape == (n,) for name in got.__slots__)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('M486 S2 A"a T1 nut"', {"S": "2", "A": ""}),
        ("M104 S{nozzle + 5} T1", {"S": "", "T": "1"}),
        ("M104 (S100) S 200*13 T1", {"S": "200"}),
        ("SET_PIN PIN=led VALUE=0.5 ; X=1", {"PIN": "led", "VALUE": "0.5"}),
        ("exclude_object_define name='a b' center=1,2", {"NAME": "a b", "CENTER": "1,2"}),
        ("; G1 X1", {}),
    ],
)
def test_words_of_a_command(line, words):
    assert words_of(line) == words


def test_commands_are_found_with_their_rows():
    assert [c.row for c in find(rows("M1", ";M1", "m1"), lambda name: name == "M1")] == [0, 2]
