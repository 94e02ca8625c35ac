"""A print from the first line to the last, and what people do to it on the way; against a virtual printer."""

import pytest
from rig import Rig, squares

from printer.errors import ImpossibleAction, UnsendableLine
from printer.events import Temperatures
from printer.journal import Journal, recover
from printer.notices import Changed, Layer, Warned
from printer.sequences import Policy
from printer.virtual import VirtualPrinter

PARKED = Policy(park=(10.0, 200.0), lift=5.0, retract=2.0)


def states(rig: Rig) -> list[str]:
    return [event.state for event in rig.said(Changed)]


def test_the_printer_does_what_the_file_says_every_line_once_and_in_order():
    rig = Rig(squares())
    with rig.controller:
        view = rig.run()
    assert view.state == "done"
    assert rig.executed == rig.lines
    assert rig.cold
    assert view.job.done == view.job.done_layers == 1.0
    assert states(rig)[:3] == ["connecting", "starting", "printing"]
    assert "heating" in states(rig)
    assert [layer.number for layer in rig.said(Layer)] == [0, 1, 2]


@pytest.mark.parametrize(
    "firmware", ["marlin", "marlin1", "prusa", "klipper", "reprapfirmware", "repetier", "smoothie"]
)
def test_every_firmware_gets_the_same_print(firmware):
    rig = Rig(squares(layers=2), VirtualPrinter(firmware))
    with rig.controller:
        assert rig.run().state == "done", rig.view.job.reason
    assert rig.executed == rig.lines
    assert rig.cold


@pytest.mark.parametrize("line", [12, 17, 25])
def test_a_pause_leaves_no_trace_in_the_print(line):
    plain, rig = Rig(squares()), Rig(squares(), policy=PARKED)
    plain.run()
    with rig.controller:
        rig.to_line(line)
        rig.controller.pause()
        rig.to_state("paused")
        position = rig.printer.executed()
        assert (position.x[-1], position.y[-1]) == (10.0, 200.0)
        assert position.z[-1] >= 5.0
        rig.settle(30)
        rig.controller.resume()
        assert rig.run().state == "done"
    beads, expected = rig.printer.executed(), plain.printer.executed()
    assert [line for line in rig.executed if line in rig.lines and line.startswith("G1 X")] == [
        line for line in rig.lines if line.startswith("G1 X")
    ]
    assert beads.e.sum() == pytest.approx(expected.e.sum())
    wanted = [(x, y, z) for x, y, z, e in zip(expected.x, expected.y, expected.z, expected.e, strict=True) if e > 0]
    got = [(x, y, z) for x, y, z, e in zip(beads.x, beads.y, beads.z, beads.e, strict=True) if e > 0]
    assert [p for p in wanted if p in got] == wanted


def test_a_pause_brings_back_fan_feed_and_heat_also_those_set_by_hand():
    rig = Rig(squares(), policy=PARKED)
    with rig.controller:
        rig.to_line(20)
        rig.controller.override(nozzle=190, fan=20)
        rig.to_line(21)
        rig.controller.pause()
        rig.to_state("paused")
        assert rig.printer.motion.planner.fan == 0
        rig.controller.resume()
        rig.to_state("printing")
        rig.settle(1)
        assert rig.printer.hotends[0].target == 190
        assert rig.printer.motion.planner.fan == pytest.approx(0.2, abs=0.01)
        assert rig.run().state == "done"


def test_a_long_pause_lets_the_nozzle_cool_and_heats_it_again():
    rig = Rig(squares(), policy=Policy(cool_after=60.0))
    with rig.controller:
        rig.to_line(20)
        rig.controller.pause()
        rig.to_state("paused")
        rig.step_until(lambda: rig.printer.hotends[0].target == 0, 120)
        assert rig.printer.bed.target == 40
        rig.step_until(lambda: rig.printer.hotends[0].temperature < 120)
        rig.controller.resume()
        rig.to_state("printing")
        assert rig.printer.hotends[0].temperature > 170
        assert rig.run().state == "done"


@pytest.mark.parametrize("line", [0, 3, 6, 12, 25])
def test_a_cancelled_print_ends_cold(line):
    rig = Rig(squares(), policy=PARKED)
    with rig.controller:
        rig.step_until(lambda: rig.state in ("printing", "heating"))
        rig.to_line(line)
        rig.controller.cancel("enough")
        rig.to_state("cancelled")
    assert rig.cold
    assert rig.view.job.reason == "enough"
    assert [line for line in rig.executed if line in rig.lines] != rig.lines


def test_cancelling_ends_the_wait_for_a_temperature():
    rig = Rig(squares())
    with rig.controller:
        rig.to_state("heating")
        before = rig.printer.now
        rig.controller.cancel()
        rig.to_state("cancelled")
    assert rig.printer.now - before < 10
    assert rig.cold


def test_a_cancelled_pause_needs_no_parking():
    rig = Rig(squares(), policy=PARKED)
    with rig.controller:
        rig.to_line(20)
        rig.controller.pause()
        rig.to_state("paused")
        rig.controller.cancel()
        rig.to_state("cancelled")
    assert rig.cold


@pytest.mark.parametrize("where", ["heating", "printing", "paused"])
def test_an_emergency_stop_is_at_once(where):
    rig = Rig(squares(), policy=PARKED)
    with rig.controller:
        if where == "paused":
            rig.to_line(15)
            rig.controller.pause()
        rig.to_state(where)
        rig.controller.emergency_stop()
        rig.settle(0.1)
        assert rig.cold
        view = rig.run()
    assert view.state == "failed"
    assert "emergency stop" in view.job.reason


def test_leaving_in_the_middle_switches_the_heaters_off():
    rig = Rig(squares())
    with rig.controller:
        rig.to_line(15)
    assert rig.state == "failed"
    assert "heaters are off" in rig.view.job.reason
    rig.settle(1)
    assert rig.cold


def test_a_crash_in_a_face_switches_the_heaters_off():
    rig = Rig(squares())

    def crash():
        with rig.controller:
            rig.to_line(15)
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        crash()
    rig.settle(1)
    assert rig.cold


def test_a_file_that_stays_hot_is_cooled_and_told():
    rig = Rig(squares()[:-4])
    with rig.controller:
        assert rig.run().state == "done"
    assert rig.cold
    assert any("heaters on" in event.message for event in rig.said(Warned))


def test_overrides_reach_the_printer_and_their_bounds_hold():
    rig = Rig(squares())
    with rig.controller:
        rig.to_line(12)
        rig.controller.override(feed=150, flow=90, bed=50)
        assert rig.run().state == "done"
        for value in ({"feed": 1000}, {"nozzle": 500}, {"colour": 3}, {"fan": float("nan")}):
            with pytest.raises(ImpossibleAction):
                rig.controller.override(**value)
    assert {"M220 S150", "M221 S90", "M140 S50"} <= set(rig.executed)


def test_orders_that_make_no_sense_are_refused():
    rig = Rig(squares())
    with rig.controller:
        rig.to_line(12)
        for order in (rig.controller.resume, rig.controller.home, lambda: rig.controller.jog(x=5)):
            with pytest.raises(ImpossibleAction):
                order()
        with pytest.raises(ImpossibleAction, match="nozzle"):
            rig.controller.override(nozle=3)
        rig.run()
        for order in (rig.controller.pause, rig.controller.cancel):
            with pytest.raises(ImpossibleAction):
                order()


def test_people_may_move_the_head_while_it_is_paused():
    rig = Rig(squares(), policy=PARKED)
    with rig.controller:
        rig.to_line(20)
        rig.controller.pause()
        rig.to_state("paused")
        rig.controller.jog(x=20, z=3)
        rig.controller.send("M117 hello")
        with pytest.raises(UnsendableLine):
            rig.controller.send("G1 X1*2")
        with pytest.raises(ImpossibleAction):
            rig.controller.jog(x=5000)
        with pytest.raises(ImpossibleAction):
            rig.controller.home("Q")
        rig.controller.resume()
        assert rig.run().state == "done"
    assert [line for line in rig.executed if line in rig.lines and line.startswith("G1 X")] == [
        line for line in rig.lines if line.startswith("G1 X")
    ]
    assert "M117 hello" in rig.executed


def test_a_printer_without_a_job_can_be_watched_and_moved():
    from printer.controller import Controller
    from printer.transport.memory import MemoryTransport

    printer = VirtualPrinter("marlin")
    heard = []
    with Controller(MemoryTransport(printer), on_event=heard.append) as controller:
        controller.home()
        controller.jog(x=10, feed=3000)
        for _ in range(200):
            controller.step()
        assert controller.view().state == "idle"
        assert controller.view().heaters["T"].actual > 0
        assert "Marlin" in controller.view().firmware
    assert printer.executed().x[-1] == 10.0
    assert any(isinstance(event, Temperatures) for event in heard)


@pytest.mark.parametrize("halted", [False, True])
def test_a_printer_that_was_reset_can_be_used_again(halted):
    rig = Rig(squares())
    with rig.controller:
        rig.to_line(12)
        if halted:
            rig.controller.emergency_stop()
            rig.run()
        rig.printer.reset()
        rig.step_until(lambda: rig.state == "failed" and rig.view.link == "streaming", 30)
        rig.controller.home("X")
        for _ in range(60):
            rig.controller.step()
    assert rig.executed[-1] == "G28 X"
    assert rig.cold


def test_the_journal_follows_and_ends_with_the_job(tmp_path):
    journal = Journal(tmp_path / "journal", {"file": "tower"})
    rig = Rig(squares(), journal=journal)
    with rig.controller:
        rig.to_line(12)
        found = recover(tmp_path / "journal")
        assert found.state == "printing"
        assert found.end is None
        rig.run()
    assert recover(tmp_path / "journal").end == "done"


def test_a_disk_that_fails_costs_the_journal_and_not_the_print(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal", {})
    rig = Rig(squares(), journal=journal)

    def full(*_):
        raise OSError(28, "No space left on device")

    with rig.controller:
        rig.to_line(12)
        monkeypatch.setattr("printer.journal.os.write", full)
        assert rig.run().state == "done"
    monkeypatch.undo()
    journal.close()
    assert any("without a journal" in event.message for event in rig.said(Warned))


def labelled() -> list[str]:
    """Return two towers side by side, each with its label."""
    lines = squares(layers=0)[:-4]
    for layer in range(3):
        lines.append(f"G1 Z{0.2 * layer + 0.2:.1f} F600")
        for which in (0, 1):
            x = 60 + 60 * which
            lines += [f"M486 S{which}", f"G1 X{x} Y60 F6000", "G1 E0.8 F2100"]
            lines += [
                f"G1 X{x + dx} Y{60 + dy} E1.{layer}{which}{k} F1200"
                for k, (dx, dy) in enumerate([(20, 0), (20, 20), (0, 20)])
            ]
            lines += ["G1 E-0.8 F2100", "M486 S-1"]
    return lines + squares(layers=0)[-4:]


def test_an_object_that_is_left_out_is_not_printed_and_the_others_are():
    rig = Rig(labelled())
    with rig.controller:
        rig.to_line(14)
        rig.controller.exclude("object_1" if "object_1" in rig.program.objects else rig.program.objects[1])
        assert rig.run().state == "done"
        with pytest.raises(ImpossibleAction, match="no object"):
            rig.controller.exclude("teapot")
    moves = rig.printer.executed()
    beads = (moves.e > 0) & (moves.z > 0.3) & (moves.x > 115)
    assert not beads.any()
    wanted = [
        line
        for line in rig.lines
        if line.startswith("G1 X")
        and "E1." in line
        and "E1.01" not in line
        and "E1.11" not in line
        and "E1.21" not in line
    ]
    assert [line for line in rig.executed if line in wanted] == wanted
    # as much filament is in front of the nozzle as if nothing had been left out
    assert rig.executed.count("G1 E0.8 F2100") == rig.executed.count("G1 E-0.8 F2100")


def test_what_is_set_by_hand_leaves_alone_what_it_does_not_name():
    rig = Rig(squares())
    with rig.controller:
        rig.to_line(20)
        rig.controller.override(feed=150, flow=90)
        rig.controller.step()
        rig.controller.pause()
        rig.to_state("paused")
        fan = rig.program.state(rig.printing.feeder.cursor).fan[0]
        rig.controller.resume()
        rig.to_state("printing")
        rig.settle(0.5)
        assert [line for line in rig.executed if line.startswith("M106 P0")] == ["M106 P0 S0", f"M106 P0 S{fan:g}"]
        assert rig.run().state == "done"


def test_what_is_set_in_a_pause_stays_set():
    rig = Rig(squares(layers=8))
    with rig.controller:
        rig.to_line(20)
        rig.controller.pause()
        rig.to_state("paused")
        rig.controller.override(nozzle=195, bed=45)
        rig.controller.resume()
        rig.to_state("printing")
        assert rig.printer.hotends[0].target == 195
        assert rig.printer.bed.target == 45
        assert rig.run().state == "done"


def test_heat_that_is_switched_off_in_a_pause_comes_back_after_it():
    rig = Rig(squares(layers=8))
    with rig.controller:
        rig.to_line(20)
        rig.controller.pause()
        rig.to_state("paused")
        rig.controller.override(nozzle=0)
        rig.step_until(lambda: rig.printer.hotends[0].temperature < 120)
        rig.controller.resume()
        rig.to_state("printing")
        assert rig.printer.hotends[0].temperature > 170
        assert rig.run().state == "done"


def test_an_error_that_ends_a_print_says_what_to_do():
    rig = Rig(squares())
    with rig.controller:
        rig.to_state("printing")
        rig.printer.speak(b"Error:Failed to enable Bed Leveling\n")
        assert rig.run().state == "failed"
    assert "measure the bed first (G29)" in rig.view.job.reason
