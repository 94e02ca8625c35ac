"""A device that was lost and found: no line goes out before it is known to be the same printer."""

import pytest
from rig import Rig, squares
from test_protocol_link import M115, TEMPERATURES, opened

from printer.events import Failed
from printer.firmware import KLIPPER, MARLIN
from printer.notices import Reconnected
from printer.protocol import State
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter

OTHER = M115.replace(b"MACHINE_TYPE:y", b"MACHINE_TYPE:z")


def on_its_way(firmware=MARLIN):
    """Return a link whose device was lost with lines on their way, and found again."""
    link = opened(firmware, detect=False)
    for k in range(10):
        link.send(f"G1 X{k}")
    link.to_write(1.0)
    assert link.waiting
    link.reopened(2.0)
    return link


def refusal(number: int) -> bytes:
    return b"Error:Line Number is not Last Line Number+1, Last Line: %d\nResend: %d\nok\n" % (number - 1, number)


def test_the_same_printer_is_asked_who_it_is_and_which_line_it_wants_before_it_gets_one():
    link = on_its_way()
    wanted = link._sequence.acked + 2  # one of those on their way has arrived
    assert link.to_write(2.0) == b"\nM115\n"
    assert link.to_write(2.1) == b""
    link.receive(M115, 2.2)
    probe = link.to_write(2.2)
    assert probe.startswith(b"N")
    assert probe.count(b"\n") == probe.count(b"M105") == 1
    link.receive(refusal(wanted), 2.3)
    link.tick(2.5)
    assert link.state == State.STREAMING
    assert link.to_write(2.5).lstrip(b"\n").startswith(b"N%d G1 X1" % wanted)


def test_answers_to_lines_of_before_prove_nothing():
    link = on_its_way()
    before = link.acknowledged
    link.to_write(2.0)
    link.receive(b"ok\nok\n" + TEMPERATURES + b"ok\n", 2.1)
    assert link.state == State.MEETING
    assert link.acknowledged == before


def test_another_printer_gets_no_line_and_is_named():
    link = on_its_way()
    sent = link.to_write(2.0)
    assert not link.receive(OTHER + b"ok\nok\n", 2.1)  # it may be noise
    sent += link.to_write(10.0)
    events = link.receive(OTHER, 10.1)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.stranger
    assert "its MACHINE_TYPE is 'z', not 'y'" in failed.reason
    assert b"G1" not in sent + link.to_write(99.0)


def test_a_printer_that_counts_from_one_has_none_of_our_lines():
    link = on_its_way()
    link.to_write(2.0)
    link.receive(M115, 2.1)
    link.to_write(2.2)
    assert not link.receive(refusal(1), 2.3)
    events = link.receive(refusal(1), 2.4)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert "wants line 1" in failed.reason
    assert link.to_write(9.0) == b""


def test_a_device_without_a_printer_is_given_up():
    link = on_its_way()
    events = []
    for second in range(2, 90):
        link.to_write(second)
        events += link.tick(second)
    assert any(isinstance(event, Failed) and "no printer answers" in event.reason for event in events)


def test_where_lines_have_no_numbers_a_line_on_its_way_ends_the_job():
    link = on_its_way(KLIPPER)
    link.to_write(2.0)
    (failed,) = link.receive(M115, 2.1)
    assert "nobody knows whether 'G1 X0' arrived" in failed.reason
    assert link.state == State.FAILED


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("order", ["cancel", "close", "answer"])
def test_nothing_is_said_to_a_stranger_though_the_print_ends(ours, order):
    rig = Rig(squares(layers=9), VirtualPrinter("marlin", faults=["unplug@line=30"]), replug=True)
    rig.step_until(lambda: rig.said(Reconnected))
    if not ours:
        other = VirtualPrinter("prusa")
        other.advance(rig.printer.now)
        rig.printer = other
        rig.printing.session._transport = MemoryTransport(other)
        rig.printing.session.clock = rig.printing.session._transport.clock
    rig.printer.hotends[0].target = 210.0
    assert rig.printing.session.link.stranger
    before = len(rig.printer.executed_lines)
    if order == "answer":
        rig.controller.answer(0)
    elif order == "cancel":
        rig.controller.cancel()
        rig.run()
    rig.controller.close()
    assert (rig.printer.hotends[0].target == 0) is ours
    if not ours:
        assert set(rig.printer.executed_lines[before:]) <= {"M115"}
        assert "cannot be reached" in rig.view.job.reason


@pytest.mark.parametrize("line", [8, 12, 60])
@pytest.mark.parametrize("personality", ["marlin", "prusa"])
def test_another_printer_on_the_same_port_prints_nothing_and_is_left_alone(line, personality):
    other = VirtualPrinter(personality)
    other.hotends[0].target = 210.0

    def reopen() -> MemoryTransport:
        while other.now < rig.printer.now:
            other.advance(rig.printer.now)
        transport = MemoryTransport(other)
        rig.printer, rig.printing.session.clock = other, transport.clock
        return transport

    rig = Rig(squares(layers=9, cold=True), VirtualPrinter("marlin", faults=[f"unplug@line={line}"]), reopen=reopen)
    with rig.controller:
        view = rig.run()
    assert rig.said(Reconnected)
    assert view.state == "failed"
    assert "another printer answers" in view.job.reason
    assert other.hotends[0].target == 210.0
    assert not [each for each in other.executed_lines if each.startswith(("G", "T", "M104", "M140"))]
