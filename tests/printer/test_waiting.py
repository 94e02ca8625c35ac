"""What a print waits for: expected, learned, and corrected while it is waited."""

import numpy as np
import pytest
from rig import Rig, squares

from printer.events import Reading
from printer.notices import Waited
from printer.program import load
from printer.virtual import VirtualPrinter
from printer.waiting import Expected, Waiting, learned

TEXT = b"M140 S60\nM104 S150\nG28\nG29\nM190 S60 ; warm\nM109 S210\nPRINT_START BED=60\nG1 X100 F600\nG1 X0\n"


def test_every_wait_of_a_file_is_expected_at_its_line():
    program = load(TEXT)
    assert [(wait.line, wait.text, wait.kind) for wait in program.waits] == [
        (2, "G28", "preparing"),
        (3, "G29", "preparing"),
        (4, "M190 S60", "heating"),
        (5, "M109 S210", "heating"),
        (6, "PRINT_START BED=60", "preparing"),
    ]
    assert program.predicted["printing"] == pytest.approx(20, rel=0.05)
    assert 100 < program.predicted["heating"] < 300
    assert program.waits[4].seconds < 20  # the bed is warm by then


def test_a_line_is_learned_from_the_same_line_in_the_same_situation():
    waits = (Expected(0, "M109 S210", "heating", 90.0, 90.0), Expected(1, "PRINT_START", "preparing", 0.0, 0.0))
    cold, warm = {"text": "M109 S210", "s": 130.0, "model_s": 91.0}, {"text": "M109 S210", "s": 12.0, "model_s": 0.0}
    macro = {"text": "PRINT_START", "s": 240.0, "model_s": 0.0}
    assert [wait.seconds for wait in learned(waits, [])] == [90.0, 0.0]
    assert [wait.seconds for wait in learned(waits, [[warm, macro], [cold]])] == [130.0, 240.0]
    many = [[{**macro, "s": s}] for s in (300.0, 200.0, 220.0, 210.0, 205.0, 9999.0, 9999.0)]
    assert learned(waits, many)[1].seconds == 210.0  # the median of the newest


def left(target, now, seconds, expected=100.0):
    """Return what is left of a wait that has come from 20 C to `now` in `seconds`."""
    waiting = Waiting([Expected(0, "M109 S220", "heating", expected, expected)], np.zeros(2))
    waiting.observe(0.0, 0, "M109 S220", {"T": Reading(20.0, target)})
    waiting.observe(seconds, 0, "M109 S220", {"T": Reading(now, target)})
    return waiting.left


def test_time_left_follows_how_fast_a_heater_really_warms():
    assert left(220.0, 20.0, 0.0) == pytest.approx(100.0)
    assert left(220.0, 120.0, 50.0) == pytest.approx(50.0)
    assert left(220.0, 120.0, 100.0) > 70  # half of the way in all of the time
    assert left(220.0, 120.0, 25.0) < 40
    assert left(220.0, 219.0, 180.0) < 2


def test_motion_that_is_under_way_is_no_wait():
    lines = squares(1)
    lines[lines.index("M109 S180")] = "G1 Z50 F600"  # five seconds
    lines.insert(lines.index("G1 Z50 F600") + 1, "M109 S180")
    with_lift, without = Rig(lines, VirtualPrinter("marlin")), Rig(squares(1), VirtualPrinter("marlin"))
    took = []
    for rig in (with_lift, without):
        assert rig.run().state == "done"
        took.append(next(wait.took for wait in rig.said(Waited) if wait.text == "M109 S180"))
    assert took[1] - 6.0 < took[0] < took[1]
    assert took[0] == pytest.approx(took[1] - 5.0, abs=0.6)


def test_a_clock_that_began_long_ago_and_a_start_in_the_middle_change_nothing():
    for began in (0.0, 1e5):
        waiting = Waiting([Expected(2, "M109 S220", "heating", 90.0, 90.0)], np.array([0.0, 400.0, 405.0]))
        waiting.observe(began, 1, "G1 X1", {})
        waiting.observe(began + 1.0, 1, "M109 S220", {})  # four of five seconds are still to be moved
        assert waiting.observe(began + 95.0, 2, "G1 X2", {}).took == pytest.approx(90.0)


def test_what_is_left_counts_waits_and_motion():
    rig = Rig(squares(2), VirtualPrinter("marlin"))
    rig.to_state("heating")
    expected = rig.program.predicted["printing"] + rig.program.predicted["heating"]
    assert rig.view.left_s == pytest.approx(expected, rel=0.25)
    assert rig.view.left_s > rig.view.job.left_s + 20
    rig.to_line(20)
    assert rig.view.left_s == pytest.approx(rig.view.job.left_s, abs=1.0)
