"""What the file, the firmware and people ask for in the middle of a print: filament, answers, pauses."""

import pytest
from rig import Rig, squares

from printer.events import Busy
from printer.notices import Asked, Changed
from printer.sequences import Policy
from printer.virtual import VirtualPrinter

PARKED = Policy(park=(10.0, 200.0), lift=5.0)


def with_change(layers: int = 4) -> list[str]:
    lines = squares(layers=layers)
    return [*lines[:20], "M600", *lines[20:]]


def beads(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("G1 X") and " E1." in line]


def test_a_host_changes_filament_for_a_firmware_that_cannot():
    policy = Policy(park=(10.0, 200.0), own_changes=True, purge=20.0)
    rig = Rig(with_change(), policy=policy)
    with rig.controller:
        rig.to_state("paused")
        assert "person" in rig.view.job.reason
        extruded = rig.printer.executed().e.sum()
        rig.controller.resume()
        assert rig.run().state == "done"
    assert beads(rig.executed) == beads(rig.lines)
    assert "M600" not in rig.executed
    assert rig.printer.executed().e.sum() - extruded > 20.0


def test_a_filament_can_be_changed_at_any_time():
    plain, rig = Rig(squares()), Rig(squares(), policy=Policy(purge=15.0))
    plain.run()
    with rig.controller:
        rig.to_line(20)
        rig.controller.change_filament()
        rig.to_state("paused")
        rig.controller.resume()
        assert rig.run().state == "done"
    assert beads(rig.executed) == beads(rig.lines)
    assert rig.printer.executed().e.sum() - plain.printer.executed().e.sum() == pytest.approx(15.0)


def waiting(rig: Rig) -> bool:
    """Whether the printer has said that it waits for a person, since it last said something else."""
    busy = [event.reason for event in rig.said(Busy)]
    return rig.view.asks is not None or (bool(busy) and "user" in busy[-1])


def test_the_firmwares_own_change_asks_and_is_answered():
    rig = Rig(with_change())
    with rig.controller:
        rig.step_until(lambda: waiting(rig))
        for _ in range(10):
            rig.controller.answer(0 if rig.view.asks and rig.view.asks.choices else None)
            rig.events.clear()
            for _ in range(100):
                rig.controller.step()
            if not waiting(rig):
                break
        assert rig.run().state == "done", rig.view.job.reason
    assert "M600" in rig.executed
    assert beads(rig.executed) == beads(rig.lines)


@pytest.mark.parametrize(("action", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_the_printer_may_ask_for_a_pause_or_the_end(action, state):
    rig = Rig(squares(), policy=PARKED)
    with rig.controller:
        rig.to_line(20)
        rig.printer.speak(f"//action:{action}\n".encode())
        rig.to_state(state)
        assert "printer asks" in rig.view.job.reason
        if state == "paused":
            rig.printer.speak(b"//action:resume\n")
            assert rig.run().state == "done"
            assert [event.state for event in rig.said(Changed)][-3:] == ["printing", "finishing", "done"]


def test_a_question_is_shown_until_it_is_answered():
    rig = Rig(squares())
    with rig.controller:
        rig.to_line(12)
        for text in ("prompt_begin Nozzle clogged?", "prompt_button Yes", "prompt_button No", "prompt_show"):
            rig.printer.speak(f"//action:{text}\n".encode())
        rig.step_until(lambda: rig.view.asks is not None)
        assert rig.view.asks == Asked("Nozzle clogged?", ("Yes", "No"))
        rig.printer.speak(b"//action:prompt_end\n")
        rig.step_until(lambda: rig.view.asks is None)
        assert rig.run().state == "done"


def test_filament_that_runs_out_waits_for_a_person():
    rig = Rig(squares(layers=20), VirtualPrinter("marlin", faults=["runout@line=40"]), policy=PARKED)
    with rig.controller:
        rig.step_until(lambda: waiting(rig) or rig.state == "paused")
        assert rig.printer.hotends[0].target > 0
        assert len(beads(rig.executed)) < len(beads(rig.lines))
