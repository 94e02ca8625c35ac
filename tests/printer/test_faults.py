"""Whatever goes wrong on the way: every line once and in order, or a safe stop that says why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rig import Rig, squares

from printer.errors import NoPrinter
from printer.notices import Alarmed, Disconnected, Reconnected
from printer.virtual import FAULTS, VirtualPrinter

NOISE = [name for name, kind in FAULTS.items() if kind.where != "printer" and not name.startswith(("delay", "silent"))]
FORGED = ("truncate", "wrong-number")
"""Noise that firmware can take for a good line: half a line that runs into the next has a sum that fits once in 256,
and a number with a sum to match is a good line once a refused one has made way for it."""

CHECKED = [name for name in NOISE if name not in FORGED]
LINES = squares(layers=6, cold=True)
BAUD = 115200


def noisy(*faults: str, seed: int = 0, lines: list[str] = LINES) -> Rig:
    rig = Rig(lines, VirtualPrinter("marlin", baud=BAUD, latency=0.0005, faults=faults, seed=seed))
    rig.run()
    return rig


@pytest.fixture(scope="module")
def undisturbed() -> float:
    return noisy().printer.now


@pytest.mark.parametrize("line", [6, 20, 41, 66])
@pytest.mark.parametrize("fault", NOISE)
def test_noise_costs_no_line_and_less_than_a_second(fault, line, undisturbed):
    rig = noisy(f"{fault}@line={line}", seed=line)
    assert rig.state == "done", rig.view.job.reason
    assert rig.executed == rig.lines
    assert rig.printer.now - undisturbed < 1.0


@pytest.mark.parametrize("line", [100, 300])
def test_answers_that_come_late_prove_no_more_than_they_should(line):
    """After a doubled `ok`, slow moves bring the answers to M105 behind those to later lines; USB takes any number."""
    lines = squares(layers=40, sides=16, cold=True)
    rig = Rig(lines, VirtualPrinter("marlin", faults=[f"duplicate-reply@line={line}"], seed=line))
    rig.run()
    assert rig.state == "done"
    assert rig.executed == lines


@pytest.mark.parametrize("fault", ["delay@line=30/0.5", "delay-reply@line=30/0.5", "silent@line=30/3"])
def test_delays_cost_little_more_than_themselves(fault, undisturbed):
    rig = noisy(fault)
    assert rig.state == "done", rig.view.job.reason
    assert rig.executed == rig.lines
    assert rig.printer.now - undisturbed < float(fault.split("/")[1]) + 1.0


@pytest.mark.parametrize("line", [6, 30])
def test_a_silence_in_which_questions_are_lost_too_is_survived(line, undisturbed):
    rig = noisy(f"silent@line={line}/12")
    assert rig.state == "done", rig.view.job.reason
    assert rig.executed == rig.lines
    assert rig.printer.now - undisturbed < 24.0


@pytest.mark.parametrize("fault", ["lose-line:1", "corrupt:1", "lost-ok:1"])
def test_a_device_that_never_answers_is_given_up(fault):
    rig = noisy(fault)
    assert rig.state == "failed"
    assert "does not answer" in rig.view.job.reason
    assert rig.printer.now < 90


def test_a_printer_that_waits_for_a_person_can_be_cancelled():
    rig = Rig(squares(layers=6), VirtualPrinter("marlin", faults=["runout@line=30"]))
    rig.step_until(lambda: rig.view.asks)
    rig.settle(10.0)
    rig.controller.cancel()
    rig.step_until(lambda: rig.state == "cancelled", seconds=60)
    assert rig.cold


@given(seed=st.integers(0, 10**6), rate=st.sampled_from([0.01, 0.05]))
@settings(max_examples=25)
def test_all_noise_at_once_costs_no_line(seed, rate):
    rig = noisy(*(f"{fault}:{rate / len(CHECKED)}" for fault in CHECKED), seed=seed)
    if rig.state == "failed":
        assert "delivery" in rig.view.job.reason
        assert rig.executed == rig.lines[: len(rig.executed)]
    else:
        assert rig.executed == rig.lines


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_hour_of_noise_costs_no_line(seed):
    lines = squares(layers=30, sides=32, cold=True, feed=600)
    rig = noisy(*(f"{fault}:0.004" for fault in CHECKED), seed=seed, lines=lines)
    assert rig.program.seconds[-1] > 3600
    assert rig.state == "done", rig.view.job.reason
    assert rig.executed == lines
    assert rig.printer.now < rig.program.seconds[-1] * 1.02 + 60


@pytest.mark.parametrize("fault", ["reset@line=30", "hang@line=30"])
def test_a_printer_that_restarts_is_no_longer_printing(fault):
    rig = Rig(squares(layers=6), VirtualPrinter("marlin", faults=[fault]))
    with rig.controller:
        view = rig.run()
    assert view.state == "failed"
    assert "restarted" in view.job.reason
    assert rig.cold
    assert rig.executed == rig.lines[: len(rig.executed)]


@pytest.mark.parametrize(
    "fault", ["heater@time=30", "open@time=30", "short@time=30", "loose@time=30", "heater@line=30/bed"]
)
def test_heaters_that_fail_stop_the_print_cold(fault):
    rig = Rig(squares(layers=40), VirtualPrinter("marlin", faults=[fault]))
    with rig.controller:
        view = rig.run()
    assert view.state == "failed", view
    assert rig.cold
    assert any(word in view.job.reason for word in ("heat", "sensor", "temperature", "thermistor", "TEMP"))


def test_the_host_notices_what_a_firmware_without_protection_does_not():
    printer = VirtualPrinter("marlin")
    for heater in (*printer.hotends, printer.bed):
        heater.guard = None
    rig = Rig(squares(), printer)
    with rig.controller:
        rig.to_state("heating")
        printer.hotends[0].broken = True
        rig.to_state("failed")
    assert rig.said(Alarmed)
    assert rig.cold


@pytest.mark.parametrize("line", [12, 25, 40])
def test_a_cable_that_is_put_back_costs_no_line(line):
    rig = Rig(squares(layers=6), VirtualPrinter("marlin", faults=[f"unplug@line={line}"]), replug=True)
    with rig.controller:
        assert rig.run().state == "done", rig.view.job.reason
    assert rig.executed == rig.lines
    assert rig.said(Disconnected)
    assert rig.said(Reconnected)


def test_a_cable_that_is_put_back_and_resets_the_board_ends_the_print():
    rig = Rig(squares(layers=6), VirtualPrinter("marlin", faults=["unplug@line=30"]))
    with rig.controller:
        view = rig.run()
    assert view.state == "failed"
    assert "unplugged" in view.job.reason
    assert "switch it off by hand" in view.job.reason


def test_a_device_that_stays_away_is_given_up_and_it_is_said_so():
    def nobody():
        raise NoPrinter("nothing there")

    rig = Rig(squares(layers=6), VirtualPrinter("marlin", faults=["unplug@line=30"]), reopen=nobody)
    with rig.controller:
        view = rig.run()
    assert view.state == "failed"
    assert "did not come back" in view.job.reason
    assert "switch it off by hand" in view.job.reason


def test_a_print_that_is_cancelled_while_the_cable_is_out_ends():
    def nobody():
        raise NoPrinter("nothing there")

    rig = Rig(squares(layers=6), VirtualPrinter("marlin", faults=["unplug@line=30"]), reopen=nobody)
    with rig.controller:
        rig.step_until(lambda: not rig.view.connected)
        rig.controller.cancel("enough")
        assert rig.run().state == "failed"
    assert "enough" in rig.view.job.reason
