"""A file as lines to send, and what is known of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcode.errors import GcodeError
from printer.errors import FileChanged, UnsafeToPrint
from printer.modal import Modal
from printer.program import BATCH, load

PART = b"""; a part
M104 S200
G28
G90
M83

  G1 X10 Y10 F6000 ; to the start
;LAYER_CHANGE
;Z:0.2
G1 Z0.2
G1 X60 E2 F1200
M486 S0
G1 Y60 E2
M486 S-1
;LAYER_CHANGE
;Z:0.4
G1 Z0.4
G1 X10 E2
M107"""


def test_only_lines_that_mean_something_are_sent():
    program = load(PART)
    assert program.lines(0, 5) == ["M104 S200", "G28", "G90", "M83", "G1 X10 Y10 F6000"]
    assert program.lines(0, len(program))[-1] == "M107"
    assert len(program) == 13
    assert program.source[:5].tolist() == [2, 3, 4, 5, 7]


def test_time_and_filament_add_up_along_the_lines():
    program = load(PART)
    assert program.filament[-1] == pytest.approx(6)
    assert program.filament[[6, 7]].tolist() == [0, 2]
    assert np.all(np.diff(program.seconds) >= 0)
    assert 7.0 < program.seconds[-1] < 12  # 150 mm at 20 mm/s, and a travel


def test_layers_begin_where_their_first_line_stands():
    program = load(PART)
    assert program.layers == 2
    assert program.lines(program.layer_start(0), program.layer_start(0) + 1) == ["G1 Z0.2"]
    assert program.lines(program.layer_start(1), program.layer_start(1) + 1) == ["G1 Z0.4"]
    assert program.layer_start(2) == len(program)


def test_each_line_knows_its_object():
    program = load(PART)
    assert program.object[program.lines(0, 13).index("G1 Y60 E2")] == 0
    assert program.object[0] == -1


def test_the_state_before_any_line_is_that_of_the_lines_before_it():
    program = load(PART)
    lines = program.lines(0, len(program))
    for at in [*range(len(lines) + 1), 3, 0, 7]:  # backwards too
        assert program.state(at) == Modal().follow(lines[:at])


def test_states_far_into_a_long_file_are_right_in_any_order():
    program = load(b"G91\nM83\n" + b"G1 X0.5 E0.25\n" * (3 * BATCH))
    for line in (2 * BATCH + 7, BATCH, 3 * BATCH, 5, BATCH - 1, 2 * BATCH):
        assert program.state(line).x == pytest.approx(0.5 * (line - 2))
        assert program.state(line).e == pytest.approx(0.25 * (line - 2))


def test_a_state_that_was_given_away_is_the_receivers():
    program = load(PART)
    program.state(5).x = 99
    assert program.state(5).x == 10


@pytest.mark.parametrize("text", [b"", b"; nothing\n\n   \n", b"\n"])
def test_a_file_without_lines_is_refused(text):
    with pytest.raises(UnsafeToPrint, match="no G-code"):
        load(text)


def test_line_ends_of_all_systems_are_read():
    wanted = load(PART).lines(0, 13)
    assert load(PART.replace(b"\n", b"\r\n")).lines(0, 13) == wanted
    assert load(PART.replace(b"\n", b"\r")).lines(0, 13) == wanted


def test_a_semicolon_in_quotes_is_left_to_the_protocol():
    assert load(b'RESPOND MSG="a;b" ; really\nM117 a;b\n').lines(0, 2) == ['RESPOND MSG="a;b" ; really', "M117 a"]


def test_a_file_that_changed_is_refused(tmp_path):
    path = tmp_path / "part.gcode"
    path.write_bytes(PART)
    program = load(path)
    program.unchanged(path)
    path.write_bytes(PART + b"\nG1 Z0\n")
    with pytest.raises(FileChanged, match="changed"):
        program.unchanged(path)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data):
    try:
        program = load(data)
    except (UnsafeToPrint, GcodeError):
        return
    assert len(program.lines(0, len(program))) == len(program) == len(program.layer)
    program.state(len(program))
    assert all(line and not line.startswith(";") for line in program.lines(0, len(program)))
