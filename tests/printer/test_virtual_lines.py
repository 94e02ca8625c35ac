"""Line numbers, checksums, comments and acknowledgements of the virtual printer, as Marlin handles them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_host import ask, framed, hear, stream, switched_on

from printer.virtual import VirtualPrinter
from printer.virtual.lines import Line, LineReader, Refused, Words
from printer.virtual.personalities import MARLIN2


def said(device, data: bytes) -> list[str]:
    device.write(data, device.now)
    return hear(device, 0.05)


def test_a_framed_line_is_acknowledged_once():
    device = switched_on()
    assert said(device, framed(1, "M117 hello")) == ["ok"]
    assert device.executed_lines == ["M117 hello"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (framed(3, "G90"), "Error:Line Number is not Last Line Number+1, Last Line: 1"),
        (framed(2, "G90").replace(b"G90", b"G91"), "Error:checksum mismatch, Last Line: 1"),
        (b"N2 G90\n", "Error:No Checksum with line number, Last Line: 1"),
        (b"N2 G90*\n", "Error:checksum mismatch, Last Line: 1"),
    ],
)
def test_a_bad_line_is_asked_for_again(line, complaint):
    device = switched_on()
    said(device, framed(1, "G90"))
    assert said(device, line) == [complaint, "Resend: 2", "ok"]
    assert device.executed_lines == ["G90"]
    assert said(device, framed(2, "G91")) == ["ok"]


@pytest.mark.parametrize("number", [0, 1])
def test_the_last_line_and_the_one_before_are_dropped_without_a_word(number):
    device = switched_on()
    said(device, framed(1, "G90"))
    assert said(device, framed(number, "G90")) == []
    assert device.executed_lines == ["G90"]


def test_the_number_is_looked_at_before_the_checksum():
    device = switched_on()
    said(device, framed(1, "G90"))
    assert said(device, b"N1 G9x*0\n") == []
    assert said(device, b"N7 G9x*0\n")[0].startswith("Error:Line Number")


@pytest.mark.parametrize("line", [framed(0, "M110 N41"), framed(77, "M110 N41"), b"M110 N41\n", framed(41, "M110")])
def test_m110_sets_the_number(line):
    device = switched_on()
    assert said(device, line) == ["ok"]
    assert said(device, framed(42, "G90")) == ["ok"]


def test_m110_needs_a_checksum_that_fits():
    device = switched_on()
    assert said(device, b"N0 M110 N41*1\n")[0].startswith("Error:checksum mismatch")


def test_a_checksum_without_a_number_is_not_looked_at():
    assert said(switched_on(), b"M105*11\n")[0].startswith("ok T:")


def test_an_error_empties_the_receive_buffer():
    device = switched_on()
    window = framed(1, "G90") + framed(3, "G90") + framed(4, "G90") + framed(5, "G90")
    complaint = "Error:Line Number is not Last Line Number+1, Last Line: 1"
    assert said(device, window) == [complaint, "Resend: 2", "ok", "ok"]
    assert device.executed_lines == ["G90"]


def test_an_error_can_come_before_the_ok_of_earlier_lines():
    device = switched_on()
    answer = said(device, b"G4 P20\n" + framed(9, "G90"))
    assert [line[:5] for line in answer] == ["Error", "Resen", "ok", "ok"]


def test_errors_on_a_real_wire_leave_what_has_not_arrived():
    device = switched_on(baud=115200)
    device.write(framed(3, "G90") + framed(1, "G90"), device.now)
    assert hear(device, 0.1)[-1] == "ok"
    assert device.executed_lines == ["G90"]


@pytest.mark.parametrize(
    ("raw", "command"),
    [
        (b"G90 ; all that follows", "G90"),
        (b"   G90", "G90"),
        (rb"M117 a\;b", "M117 a;b"),
        (b"G91\b0", "G90"),
        (b"\r\nG90\r", "G90"),
    ],
)
def test_what_is_kept_of_a_line(raw, command):
    device = switched_on()
    assert said(device, raw + b"\n") == ["ok"]
    assert device.executed_lines == [command]


@pytest.mark.parametrize("raw", [b"\n", b"   \n", b"; only a comment\n", b"\r\n\r\n"])
def test_lines_that_say_nothing_get_no_answer(raw):
    assert said(switched_on(), raw) == []


def test_what_is_longer_than_95_bytes_is_cut_off_with_its_checksum():
    device = switched_on()
    assert said(device, framed(1, "M117 " + "x" * 84)) == ["ok"]
    assert said(device, framed(2, "M117 " + "x" * 90))[0].startswith("Error:No Checksum")


def test_bytes_may_come_one_at_a_time():
    whole, single = switched_on(), switched_on()
    data = framed(1, "G28") + framed(2, "M105") + b"junk\n" + framed(7, "G90")
    whole.write(data, 0.0)
    for byte in data:
        single.write(bytes([byte]), 0.0)
    assert hear(whole, 30) == hear(single, 30)


def test_moves_are_acknowledged_when_they_are_queued_and_others_when_they_are_done():
    device = switched_on()
    ask(device, "G28")
    began = device.now
    assert ask(device, "G1 X100 F600")[-1] == "ok"
    assert device.now - began < 0.01
    ask(device, "M400")
    assert device.now - began > 10


def test_sixteen_blocks_are_fifteen_moves():
    device = switched_on("marlin", line_buffer=32)
    ask(device, "G28")
    began = device.now
    for i in range(15):
        ask(device, f"G1 X{i + 1} F60")
    assert device.now - began < 0.1
    ask(device, "G1 X16")
    assert device.now - began > 1.0


def test_advanced_ok_says_how_much_room_is_left():
    device = switched_on(advanced_ok=True, line_buffer=16)
    assert said(device, framed(1, "G90")) == ["ok N1 P15 B15"]
    assert said(device, b"G91\n") == ["ok P15 B15"]
    ask(device, "G28")
    assert said(device, b"G1 X50 F600\n") == ["ok P14 B15"]


def test_unknown_commands_are_echoed_and_acknowledged():
    assert said(switched_on(), b"G99 X1\n") == ['echo:Unknown command: "G99 X1"', "ok"]


def test_order_is_kept_and_every_line_answered_once():
    device = switched_on()
    commands = [f"G1 X{i % 200} Y{i % 7} F6000" for i in range(400)] + ["M400"]
    heard = stream(device, ["G28", *commands])
    assert device.executed_lines == ["M110 N0", "G28", *commands]
    assert heard.count(b"ok\n") == len(commands) + 1
    assert b"Error" not in heard


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(data):
    device = VirtualPrinter(line_buffer=8)
    device.write(data + b"\n", 0.0)
    hear(device, 2.0)
    if not device._firmware.halted:
        device.write(b"\nM115\n", device.now)
        hear(device, 100.0)


@given(st.text(st.characters(codec="latin-1", exclude_characters="\n\r"), max_size=60))
def test_any_text_can_be_taken_apart(text):
    words = Words(text.strip().encode("latin-1") or b"M105")
    assert isinstance(words.number("X", 1.0), float)


@given(st.integers(0, 2**31), st.text("GMX0123456789. ", min_size=1, max_size=60).filter(str.strip))
def test_framing_is_undone(number, command):
    reader = LineReader(MARLIN2)
    reader.last = number - 1
    line = reader.read(framed(number, command.strip())[:-1])
    assert line == Line(number, command.strip().encode())


@given(st.data())
def test_one_wrong_bit_is_never_executed_as_something_else(data):
    reader = LineReader(MARLIN2)
    reader.last = 41
    line = framed(42, "G1 X10.125 Y20 E0.5")[:-1]
    at, bit = data.draw(st.integers(0, len(line) - 1)), data.draw(st.integers(0, 7))
    damaged = line[:at] + bytes([line[at] ^ (1 << bit)]) + line[at + 1 :]
    for part in damaged.split(b"\n"):
        got = reader.read(part)
        if isinstance(got, Line) and got.number is None:  # the N itself is lost: no command of that name
            assert got.text[:2] not in (b"G0", b"G1")
        elif isinstance(got, Line):
            assert got.text == b"G1 X10.125 Y20 E0.5"
        else:
            assert got is None or isinstance(got, Refused)
