"""What the link says and does, reply by reply."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printer.errors import UnsendableLine
from printer.events import (
    Action,
    Busy,
    Capabilities,
    Completed,
    Failed,
    Halted,
    Ready,
    Restarted,
    Silent,
    Temperatures,
    Trouble,
)
from printer.firmware import FIRMWARES, KLIPPER, MARLIN, REPETIER, UNKNOWN, recognise
from printer.protocol import Link, State, clean
from printer.protocol.framing import fit, frame, harmless
from printer.protocol.reader import Reader
from printer.protocol.replies import parse, parse_resend, parse_temperatures

M115 = b"FIRMWARE_NAME:Marlin 2.1.2 SOURCE_CODE_URL:x MACHINE_TYPE:y\nCap:AUTOREPORT_TEMP:1\nok\n"
TEMPERATURES = b"ok T:20.0 /0.0 B:21.0 /0.0 @:0 B@:0\n"


def answer(link: Link, now: float) -> None:
    """Let a firmware without faults take all there is to send."""
    replies = {b"M105": TEMPERATURES, b"M115": M115}
    while data := link.to_write(now):
        for line in data.split(b"\n"):
            if line:
                link.receive(next((said for name, said in replies.items() if name in line), b"ok\n"), now)


def opened(firmware=MARLIN, **options) -> Link:
    """Return a link that streams, and has sent all its questions."""
    link = Link(firmware, **options)
    link.open(0.0)
    answer(link, 0.0)
    assert link.state == State.STREAMING
    assert link.idle
    return link


def test_the_handshake_counts_lines_asks_what_it_is_and_turns_reports_on():
    link = Link()
    link.open(0.0)
    assert link.to_write(0.0) == b"\nN0 M110 N0*125\n"
    link.receive(b"ok\n", 0.0)
    assert b"M115" in link.to_write(0.0)
    link.receive(M115, 0.0)
    assert b"M105" in link.to_write(0.0)
    events = link.receive(TEMPERATURES, 0.0)
    assert [type(event) for event in events] == [Temperatures, Capabilities, Ready]
    assert link.firmware is MARLIN
    assert b"M0113 S2" in link.to_write(0.0)
    link.receive(b"ok\n", 0.0)
    assert b"M155 S2" in link.to_write(0.0)


def test_opening_is_repeated_until_somebody_answers():
    link = Link()
    link.open(0.0)
    assert link.to_write(0.0)
    assert not link.to_write(1.0)
    link.tick(3.0)
    assert link.to_write(3.0) == b"\nN0 M110 N0*125\n"


def test_a_boot_while_opening_is_waited_for():
    link = Link()
    link.open(0.0)
    link.to_write(0.0)
    assert link.receive(b"start\n", 0.1) == [Restarted(unexpected=False)]
    link.tick(0.7)
    assert b"M110" in link.to_write(0.7)


def test_a_boot_in_the_middle_of_a_job_is_loud_and_nothing_more_is_sent():
    link = opened()
    link.send("G1 X1")
    link.to_write(1.0)
    assert link.receive(b"start\n", 1.1) == [Restarted(unexpected=True)]
    link.send("G1 X2")
    assert link.to_write(1.2) == b""


def test_commands_pass_the_job_and_are_reported_complete():
    link = opened(ping_pong=True)
    link.send("G1 X1")
    link.send("M220 S90", job=False)
    assert b"M220" in link.to_write(1.0)
    assert link.receive(b"ok\n", 1.0) == []
    assert b"M105" in link.to_write(1.0)  # an `ok` may be another's: this answer is not
    assert Completed("M220 S90") in link.receive(TEMPERATURES, 1.0)
    assert b"G1 X1" in link.to_write(1.0)


def test_a_comment_line_of_the_job_counts_with_the_line_before_it():
    link = opened()
    for line in ("; first", "G1 X1 ; one", "", "; last"):
        link.send(line)
    answer(link, 1.0)
    assert link.acknowledged == 4
    assert link.idle


@pytest.mark.parametrize(
    "text", ["Resend: 12", "Resend:12", "resend N:12", "rs 12", "rs N12 Expected checksum 67", "Resend: N12"]
)
def test_every_form_of_a_resend_request_is_understood(text):
    assert parse_resend(text) == 12


def test_an_unreadable_resend_request_takes_the_number_from_the_error():
    link = opened()
    for k in range(3):
        link.send(f"G1 X{k}")
    sent = link.to_write(1.0)
    number = int(sent.split(b"N")[1].split()[0])
    events = link.receive(b"Error:checksum mismatch, Last Line: %d\nRe#end: 1\nok\n" % (number - 1), 1.0)
    events += link.receive(b"Error:checksum mismatch, Last Line: %d\nResend: ?\nok\n" % (number - 1), 1.0)
    link.tick(2.0)
    assert b"G1 X0" in link.to_write(2.0)


def test_a_number_that_was_never_given_is_doubted_first_and_then_fatal():
    link = opened()
    link.send("G1 X1")
    link.to_write(1.0)
    now, events = 1.0, []
    for _ in range(8):
        events += link.receive(b"Error:Line Number is not Last Line Number+1, Last Line: 7000\nResend: 7001\nok\n", now)
        link.to_write(now)
        now += 10
    assert sum(isinstance(event, Failed) for event in events) == 1
    assert link.state == State.FAILED


def test_the_same_line_refused_for_ever_is_given_up():
    link = opened()
    link.send("G1 X1")
    number = int(link.to_write(1.0).split(b"N")[1].split()[0])
    now, events = 1.0, []
    while link.state != State.FAILED and now < 100:
        events += link.receive(b"Error:checksum mismatch, Last Line: %d\nResend: %d\nok\n" % (number - 1, number), now)
        now += 1.0
        events += link.tick(now)
        link.to_write(now)
    assert isinstance(events[-1], Failed)
    assert "G1 X1" in events[-1].reason


def test_silence_is_asked_about_and_then_reported():
    link = opened()
    link.send("G1 X1")
    link.to_write(1.0)
    assert b"M105" in link.to_write(link.deadline(1.0))
    events = []
    now = 1.0
    while now < 60:
        now = max(min(link.deadline(now), now + 1.0), now + 0.01)
        events += link.tick(now)
        link.to_write(now)
    assert [event.dead for event in events if isinstance(event, Silent)] == [False, True]


def test_busy_is_a_sign_of_life():
    link = opened()
    link.send("G28")
    link.to_write(1.0)
    for now in range(2, 200, 2):
        assert link.receive(b"echo:busy: processing\n", float(now)) == [Busy("processing")]
        assert link.tick(float(now)) == []
        link.to_write(float(now))
    assert link.stats.probes < 3


def test_an_emergency_stop_passes_everything():
    link = opened()
    link.send("G1 X1")
    assert link.urgent("M112") == b"\nM112\n"
    assert link.to_write(1.0) == b""
    assert link.state == State.HALTED


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (b"Error:Thermal Runaway, system stopped! Heater_ID: bed\n", "hold"),
        (b"Error:0\n: Extruder switched off. MAXTEMP triggered !\n", "too hot"),
        (b"echo:Homing Failed\nError:Printer halted. kill() called!\n", "endstop"),
        (b"!! Shutdown due to M112\n", "emergency"),
        (b"fatal: heater defect\n", "cannot go on"),
    ],
)
def test_a_halt_says_what_it_means(said, meaning):
    link = opened()
    halted = [event for event in link.receive(said, 1.0) if isinstance(event, Halted)]
    assert len(halted) == 1
    assert meaning in halted[0].meaning
    assert halted[0].advice
    assert link.state == State.HALTED


def test_klipper_gets_no_numbers_and_an_error_of_one_command_halts_nothing():
    assert frame(7, "G1 X1", KLIPPER) == b"G1 X1\n"
    link = opened(KLIPPER, detect=False)
    assert [type(e) for e in link.receive(b"!! Must home axis first: 0 0 0\n", 1.0)] == [Trouble]
    assert link.state == State.STREAMING


def test_firmwares_are_recognised_by_their_own_names():
    names = {
        "Marlin 2.1.2.4 (Mar 14 2024 12:00:00)": "marlin",
        "Marlin 1.1.9 (Github)": "marlin-1",
        "Prusa-Firmware 3.13.3 based on Marlin": "prusa",
        "Prusa-Firmware-Buddy 6.1.2+8022 (Github)": "buddy",
        "Klipper": "klipper",
        "RepRapFirmware for Duet 2 WiFi/Ethernet": "reprapfirmware",
        "Repetier_1.0.4": "repetier",
        "Smoothieware": "smoothie",
        "Teacup": "teacup",
        "Something else": UNKNOWN.name,
    }
    assert {name: recognise(name).name for name in names} == names


def test_temperatures_of_every_firmware():
    cases = {
        " T:210.12 /210.00 B:60.00 /60.00 @:64 B@:12": {"T": (210.12, 210), "B": (60, 60)},
        "T:21.30/ 0.00 B:22.10/ 0.00 @:0 B@:0": {"T": (21.3, 0), "B": (22.1, 0)},
        "B:22.0 /0.0 T0:22.0 /0.0": {"B": (22, 0), "T0": (22, 0)},
        "T:170.00 E:0 W:?": {"T": (170, None)},
        "T:20.1 /0.0 B:20.2 /0.0 T0:20.1 /0.0 @:0 B@:0 P:25.3 A:27.1": {"P": (25.3, None), "A": (27.1, None)},
    }
    for text, wanted in cases.items():
        found = parse_temperatures(text.strip())
        assert found, text
        assert {name: tuple(found.readings[name]) for name in wanted} == wanted, text
    assert parse_temperatures("Cap:EEPROM:1") is None


def test_repetier_marks_with_a_line_behind_the_ok():
    link = opened(REPETIER, detect=False)
    link.send("G1 X1")
    link.to_write(3.0)
    assert link.receive(b"ok 5\nT:20.00 /0 B:21.00 /0 B@:0 @:0\n", 3.0)


def test_actions_and_prompts():
    assert parse("//action:prompt_begin Filament runout") == Action("prompt_begin", "Filament runout")
    assert parse("// action:pause") == Action("pause")


def test_nothing_that_could_steer_a_terminal_comes_through():
    link = opened()
    (event,) = link.receive(b"echo:\x1b[2J\x9b31m\x07 hello \xff\xfe\n", 1.0)
    assert "hello" in event.text
    assert event.text.isprintable()


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([1, 2, 3, 7, 19, 64, 300]))
def test_the_same_bytes_give_the_same_events_however_they_are_cut(noise, size):
    said = M115 + noise + b"\nError:0\n: MAXTEMP triggered\nok T:1 /2\nResend: 3\nok\n" + b"x" * 4500 + b"\nwait\n"
    whole, pieces = opened(), opened()
    for link in (whole, pieces):
        for k in range(5):
            link.send(f"G1 X{k}")
        link.to_write(1.0)
    cut = [pieces.receive(said[k : k + size], 1.0) for k in range(0, len(said), size)]
    assert whole.receive(said, 1.0) == [event for events in cut for event in events]
    assert whole.acknowledged == pieces.acknowledged
    assert whole.state == pieces.state


@given(st.lists(st.text('GMTNn01 XYE.-;:*(%\\"é', max_size=12).map(str.strip), max_size=4))
def test_what_is_harmless_needs_no_cleaning(lines):
    if harmless(lines):
        for firmware in FIRMWARES.values():
            assert [clean(line, firmware) for line in lines] == lines


def test_lines_are_cleaned():
    assert clean("  G1 X1 ; move", MARLIN) == "G1 X1"
    assert clean("G1 (fast) X1", MARLIN) == "G1  X1"
    assert clean("N12 G1 X1*33", MARLIN) == "G1 X1"
    assert clean("; nothing", MARLIN) == ""
    assert clean("M110 N5", MARLIN) == ""
    assert clean("M117 5*3 (half) äh", MARLIN) == "M117 5_3 (half) _h"
    assert clean('M117 "a;b" ; c', KLIPPER) == 'M117 "a;b"'


@pytest.mark.parametrize("line", ["G1 X1*33 Y2", "G1 X\\1", "G1 X1ä", "M23 M110.gco"])
def test_what_would_be_misread_is_refused(line):
    with pytest.raises(UnsendableLine):
        clean(line, MARLIN)


@given(st.lists(st.floats(-999, 999).map(lambda v: round(v, 9)), min_size=1, max_size=7))
def test_long_lines_are_shortened_without_moving_or_refused(values):
    text = "G1 " + " ".join(f"{letter}{value:.9f}" for letter, value in zip("XYZEFIJ", values, strict=False))
    try:
        short = fit(text, 84)
    except UnsendableLine:
        assert len(values) == 7
        return
    assert len(short) <= 84
    numbers = [float(part) for part in __import__("re").split("[A-Z]", short)[2:]]
    assert numbers == pytest.approx([round(v, 9) for v in values[: len(numbers)]], abs=5e-5) or " " in short


def test_a_frame_is_never_longer_than_the_firmware_reads():
    with pytest.raises(UnsendableLine):
        frame(123456, "M23 " + "x" * 90, MARLIN)
    assert len(frame(123456, "M117 " + "x" * 190, MARLIN)) <= 96


HOSTILE = ["x" * 4096, "1" * 4096, "T:1 " * 1000, "x_min:" * 700, "A: " * 1300] + [
    start + " " * 4000 + "x" for start in ("", "echo:", "File opened: ", "//action:", "Resend", "ok ", "FIRMWARE_NAME:")
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_no_line_takes_long_to_read(text):
    begun = time.perf_counter()
    Reader().feed(text.encode() + b"\n")
    assert time.perf_counter() - begun < 1.0  # some milliseconds; minutes where an expression goes back and forth
