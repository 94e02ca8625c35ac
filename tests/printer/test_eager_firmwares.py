"""Firmware that says `ok` to a line when it reads it, and other habits of Marlin 1.0, Repetier, Smoothie, Teacup."""

from __future__ import annotations

import pytest
from plain_host import ask, framed, hear, switched_on
from rig import Rig, squares

from printer.errors import UnsendableLine
from printer.events import Doubted, Halted, Resent, Silent
from printer.firmware import MARLIN, MARLIN_0, REPETIER, SMOOTHIE, TEACUP, recognise
from printer.notices import Changed, Waited
from printer.protocol import Link, State, clean
from printer.protocol.framing import frame
from printer.protocol.replies import is_error, is_line_error
from printer.virtual import VirtualPrinter
from printer.virtual.lines import Words

EAGER = ["marlin0", "repetier", "smoothie"]
LINES = squares(layers=5, sides=40, cold=True)


def greeted(firmware) -> Link:
    """Return a link that streams to a firmware."""
    link = Link(firmware, detect=False)
    link.open(0.0)
    link.to_write(0.0)
    link.receive(b"ok\n" * (1 + firmware.answers_empty), 0.1)
    link.to_write(0.1)
    link.receive(b"FIRMWARE_NAME:x\nok\nok T:20 /0\n" if firmware.marks_m105 else b"ok\nok\nT:20 /0 B:20 /0\n", 0.2)
    link.to_write(0.2)
    link.receive(b"ok T:20 /0\n" if firmware.marks_m105 else b"ok\nT:20 /0 B:20 /0\n", 0.3)
    assert link.state == State.STREAMING
    assert link.idle
    return link


@pytest.mark.parametrize("firmware", EAGER)
def test_what_has_no_ok_fits_into_the_receive_buffer_though_none_of_it_is_read(firmware):
    rig = Rig(LINES, VirtualPrinter(firmware, baud=115200, receive_buffer=128 if firmware != "smoothie" else 256))
    assert rig.run().job.state == "done"
    assert rig.printer.uart.lost == 0
    assert rig.executed == rig.lines
    assert not [event for _, event in rig.events if isinstance(event, Resent | Doubted)]


@pytest.mark.parametrize("firmware", EAGER)
@pytest.mark.parametrize("fault", ["corrupt:0.02", "drop:0.02", "duplicate:0.02", "wrong-number:0.02"])
def test_through_noise_each_line_is_executed_once_and_in_order(firmware, fault):
    rig = Rig(LINES, VirtualPrinter(firmware, baud=115200, faults=[fault], seed=3))
    assert rig.run().job.state == "done"
    assert rig.executed == rig.lines


@pytest.mark.parametrize("firmware", [MARLIN_0, REPETIER])
def test_a_line_that_has_its_ok_may_still_take_its_time(firmware):
    """G28 is homing for a minute; its `ok`, or one that looks like its, came when it was read."""
    link = greeted(firmware)
    for line in ("G28", "G90", "G1 Z5", "G1 X5"):
        link.send(line)
    while link.to_write(1.0):
        link.receive(b"ok\n", 1.0)
    link.send("G1 X6")
    link.send("G1 X7")
    link.to_write(1.1)
    said = [event for now in range(2, 250) for event in link.tick(float(now)) if isinstance(event, Silent)]
    assert said
    assert not any(event.dead for event in said)
    assert said[0].waiting_for == "G28"
    assert any(event.dead for now in range(250, 600) for event in link.tick(float(now)) if isinstance(event, Silent))


@pytest.mark.parametrize("firmware", EAGER)
def test_heating_is_told_and_timed_though_its_ok_came_before(firmware):
    rig = Rig(squares(layers=1), VirtualPrinter(firmware))
    assert rig.run().job.state == "done"
    assert any(isinstance(event, Changed) and event.state == "heating" for _, event in rig.events)
    took = {event.text: event.took for _, event in rig.events if isinstance(event, Waited)}
    assert took["M109 S180"] > 60.0
    assert took["G28"] > 1.0


def test_an_answer_to_m105_may_come_behind_the_oks_of_later_moves():
    link = greeted(MARLIN_0)
    for k in range(6):
        link.send(f"G1 X{k}")
    wrote = link.to_write(3.0)
    assert wrote.index(b"M105") < wrote.index(b"G1 X0")
    count = wrote.count(b"\n")
    assert link.receive(b"ok\n" * (count - 1), 3.1) == []
    told = link.receive(b"ok T:20.0 /0.0 B:20.0 /0.0 @:0 B@:0\n", 3.2)
    assert [type(event).__name__ for event in told] == ["Temperatures"]
    assert link.waiting == 0


@pytest.mark.parametrize("firmware", ["marlin0", "repetier"])
def test_a_colon_in_a_text_does_not_end_the_line(firmware):
    lines = [*LINES[:20], "M117 Layer 3: 10:30 to go", *LINES[20:]]
    rig = Rig(lines, VirtualPrinter(firmware))
    assert rig.run().job.state == "done"
    assert rig.executed[20] == "M117 Layer 3. 10.30 to go"
    assert not [event for _, event in rig.events if isinstance(event, Resent)]


def test_a_colon_ends_a_line_of_old_firmware():
    device = switched_on("marlin0")
    hear(device, 0.1)
    assert ask(device, framed(1, "M117 at 10:30"))[0] == "Error:No Checksum with line number, Last Line: 0"
    assert clean("M117 10:30", MARLIN) == "M117 10:30"
    with pytest.raises(UnsendableLine, match="':'"):
        clean("M23 a:b.gco", REPETIER)


@pytest.mark.parametrize("firmware", [REPETIER, SMOOTHIE, TEACUP])
def test_a_star_that_is_lost_does_not_make_a_number_longer(firmware):
    sent = frame(1, "G1 X10.5 F600", firmware)
    device = switched_on("repetier")
    ask(device, framed(0, "M110 N0"))
    ask(device, sent.replace(b"*", b""))
    hear(device, 0.1)
    assert Words(device.executed_raw[-1]).number("F", 0.0) == 600.0
    assert len(frame(1, "M117 " + 99 * "x", firmware).rstrip()) <= firmware.max_line


@pytest.mark.parametrize(
    ("firmware", "again", "answer"),
    [
        ("marlin", 2, []),
        ("marlin", 3, []),
        ("marlin1", 3, ["Error:Line Number is not Last Line Number+1, Last Line: 3", "Resend: 4", "ok"]),
        ("prusa", 3, ["Error:Line Number is not Last Line Number+1, Last Line: 3", "Resend: 4", "ok"]),
        ("smoothie", 3, ["rs N4"]),
        ("repetier", 1, ["skip 1", "ok"]),
        ("repetier", 9, ["Error:expected line 4 got 9", "Resend:4", "ok"]),
    ],
)
def test_what_becomes_of_a_line_whose_turn_it_is_not(firmware, again, answer):
    device = switched_on(firmware)
    for number, command in enumerate(("M110 N0", "G90", "M83", "M107")):
        ask(device, framed(number, command))
    hear(device, 0.4)
    device.write(framed(again, "G91"), device.now)
    assert hear(device, 0.1) == answer
    assert "G91" not in device.executed_lines


def test_repetier_skips_what_comes_behind_a_refused_line():
    device = switched_on("repetier")
    ask(device, framed(0, "M110 N0"))
    device.write(framed(2, "G90"), device.now)
    hear(device, 0.05)
    for number in (3, 4):
        device.write(framed(number, "G91"), device.now)
        assert hear(device, 0.05) == [f"skip {number}", "ok"]
    assert ask(device, framed(1, "M83")) == ["ok 1"]
    device.write(framed(4, "G91"), device.now)
    assert hear(device, 0.05)[-2:] == ["Resend:2", "ok"]


@pytest.mark.parametrize("said", [b"Error: Soft Endstop X was exceeded\r\nEntering Alarm/Halt state\r\n", b"!!\r\n"])
def test_smoothies_halt_ends_the_job_since_m105_is_answered_in_it(said):
    link = greeted(SMOOTHIE)
    assert isinstance(link.receive(said, 1.0)[-1], Halted)
    assert link.state == State.HALTED


def test_sprinters_errors_say_why():
    link = greeted(MARLIN_0)
    link.send("G1 X1")
    link.to_write(1.0)
    (event,) = link.receive(b"Serial Error: Line Number is not Last Line Number+1, Last Line:3\nResend:4\nok\n", 1.1)
    assert isinstance(event, Resent)
    assert event.reason.startswith("Serial Error: Line Number")


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Marlin V1; Sprinter/grbl mashup for gen6", "marlin-0"),
        ("Marlin Ultimaker2; Sprinter/grbl mashup for gen6", "marlin-0"),
        ("Marlin 1.0.2", "marlin-0"),
        ("Sprinter", "marlin-0"),
        ("Marlin non gen6", "marlin-0"),
        ("Marlin TH3D UFW 2.97a", "marlin"),
        ("Marlin 1.1.9 (Github)", "marlin-1"),
        ("Marlin bugfix-2.1.x (Mar 14 2024 12:00:00)", "marlin"),
        ("ANET_A8_20160524", "repetier"),
        ("Prusa-Firmware 3.14.1 based on Marlin", "prusa"),
    ],
)
def test_old_ones_are_recognised(told, name):
    assert recognise(told).name == name


@pytest.mark.parametrize("firmware", ["marlin", "marlin1", "prusa"])
def test_what_ends_a_wait_has_an_ok_of_its_own(firmware):
    """M108 ends the wait at once, and is executed in its turn besides; its `ok` is nobody else's."""
    rig = Rig(squares(), VirtualPrinter(firmware))
    rig.to_state("heating")
    rig.step_until(lambda: rig.printer.now > 30.0)
    rig.controller.cancel()
    assert rig.run().job.state == "cancelled"
    assert "M108" in rig.printer.executed_lines
    assert not [event for _, event in rig.events if isinstance(event, Doubted)]


@pytest.mark.parametrize(
    "text",
    [
        "Error:Wrong checksum",
        "Error:Missing checksum",
        "Error:Format error",
        "Error:expected line 31 got 33",
        "Error:checksum mismatch, Last Line: 41",
        "Error:No Checksum with line number, Last Line: 41",
        "Error:Line Number is not Last Line Number+1, Last Line: 41",
    ],
)
def test_noise_makes_no_refused_line_an_error_that_ends_a_print(text):
    for k in range(len(text)):
        for hurt in (text[:k] + "?" + text[k + 1 :], text[:k] + text[k + 1 :]):
            assert is_line_error(hurt) or not is_error(hurt), hurt


@pytest.mark.parametrize("firmware", ["marlin0", "marlin1", "prusa", "repetier"])
def test_what_is_sent_behind_a_question_that_must_be_refused_may_be_taken(firmware):
    """While it heats it is asked by a line with too high a number; what follows comes before or behind its refusal."""
    rig = Rig(squares(layers=1), VirtualPrinter(firmware, baud=115200, latency=0.002))
    assert rig.run().job.state == "done"
    assert rig.printing.session.link.stats.probes > 3
    assert rig.executed == rig.lines
    assert not [event for _, event in rig.events if isinstance(event, Doubted)]
