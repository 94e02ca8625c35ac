"""A dry run at the greatest speed: the same print as one that is watched, with the answers read in bulk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rig import Rig, executed, squares, text
from test_faults import CHECKED, NOISE

from printer.drivers import ways
from printer.program import load
from printer.virtual import VirtualPrinter

LINES = squares(layers=40, sides=16, cold=True)


def dry_run(*faults: str, seed: int = 0, lines: list[str] = LINES, baud: int = 0) -> tuple[VirtualPrinter, str]:
    """Return a virtual printer that a driver has printed on as fast as it goes, and how the job ended."""
    printer = VirtualPrinter("marlin", faults=faults, seed=seed, baud=baud)
    driver = ways.virtual(printer)
    driver.start(driver.offer(load(text(lines), name="dry.gcode")))
    while driver.status().state not in ("done", "failed"):
        driver._thread.join(0.05)
    driver.close()
    return printer, driver.status().state


@pytest.fixture(scope="module")
def watched() -> VirtualPrinter:
    rig = Rig(LINES)
    rig.run()
    return rig.printer


def test_it_moves_as_when_every_answer_is_read(watched):
    printer, state = dry_run()
    assert state == "done"
    assert executed(printer) == LINES
    here, there = printer.run(), watched.run()
    for name in "xyze":
        np.testing.assert_array_equal(getattr(here.moves, name), getattr(there.moves, name))
    np.testing.assert_allclose(here.end - here.begin, there.end - there.begin, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.diff(here.begin)[1:], np.diff(there.begin)[1:], rtol=0, atol=1e-9)


@pytest.mark.parametrize("line", [20, 300])
@pytest.mark.parametrize("fault", NOISE)
def test_noise_costs_no_line_and_less_than_a_second(fault, line, watched):
    printer, state = dry_run(f"{fault}@line={line}", seed=line)
    assert state == "done"
    assert executed(printer) == LINES
    assert printer.now - watched.now < 1.0


@given(seed=st.integers(0, 10**6), baud=st.sampled_from([0, 250000]))
@settings(max_examples=8)
def test_all_noise_at_once_costs_no_line(seed, baud):
    printer, state = dry_run(*(f"{fault}:{0.01 / len(CHECKED)}" for fault in CHECKED), seed=seed, baud=baud)
    done = executed(printer)
    assert done == (LINES if state == "done" else LINES[: len(done)])


def test_heat_is_watched_in_it_as_closely():
    printer, state = dry_run("heater@time=40", lines=squares(layers=400))
    assert state == "failed"
    assert all(heater.target == 0 for heater in (*printer.hotends, printer.bed))


def test_time_only_goes_on_while_answers_wait_to_be_read():
    printer = VirtualPrinter("marlin")
    printer.patience = 2.0
    printer.write(b"M155 S1\n" + b"".join(b"G4 P%d\n" % (100 + k) for k in range(40)), 0.0)
    before, heard = 0.0, b""
    while printer.now < 8.0:
        heard += printer.advance(8.0)
        assert printer.now >= before
        before = printer.now
    assert heard.count(b"ok\n") == 41
    assert heard.count(b"T:") == 8
