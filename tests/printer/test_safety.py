"""The host's own watch: silent on healthy machines, loud on sick ones."""

import math

import pytest
from rig import Rig, squares

from printer.notices import Alarmed
from printer.safety import SLOW_TIME, Guard, LayerWatch
from printer.virtual import VirtualPrinter


def rules(readings, guard=None):
    """Return the names of the rules that a series of (seconds, heater, current, target) breaks."""
    guard = guard or Guard()
    return [alarm.rule for now, name, *reading in readings for alarm in guard.observe(now, {name: tuple(reading)})]


def heating(target, gain=250.0, tau=150.0, start=20.0, seconds=400):
    """Yield a first-order heater that is switched off at its target."""
    current = start
    for now in range(seconds):
        power = gain if current < target else 0.0
        current += (20 + power - current) / tau
        yield now, "T", current, target


def test_a_heater_that_heats_and_holds_is_left_alone():
    assert rules(heating(210)) == []
    assert rules((now, "B", 20 + 40 * (1 - math.exp(-now / 200)), 60.0) for now in range(2000)) == []


def test_cooling_down_and_lower_targets_are_nobodys_fault():
    readings = [*heating(210)]
    current, guard = readings[-1][2], Guard()
    assert rules(readings, guard) == []
    cooling = [(400 + t, "T", 20 + (current - 20) * math.exp(-t / 150), 0.0) for t in range(600)]
    assert rules(cooling, guard) == []
    assert rules([(1000 + t, "T", 60 - t / 10, 50.0) for t in range(60)], Guard()) == []


def test_a_heater_that_does_not_heat():
    found = rules((now, "T", 21.0, 210.0) for now in range(0, 70, 2))
    assert found
    assert set(found) == {"not heating"}
    assert rules((now, "T", 21.0, 210.0) for now in range(0, 60, 2)) == []


def test_a_heater_that_heats_too_slowly_is_not_following():
    assert "not heating" in rules((now, "T", 21.0 + now / 100, 210.0) for now in range(300))


def test_a_sensor_off_its_block_is_a_runaway():
    readings = [*heating(210)]
    falling = [(400 + t, "T", max(210 - 2 * t, 100), 210.0) for t in range(120)]
    assert set(rules(readings + falling)) == {"runaway"}


def test_a_short_dip_is_not():
    readings = [*heating(210)]
    dip = [(400 + t, "T", 190.0 if t < 30 else 209.0, 210.0) for t in range(120)]
    assert rules(readings + dip) == []


def test_heat_that_nobody_asked_for():
    assert "overheating" in rules((t, "T", 20.0 + t, 0.0) for t in range(40))
    assert "overheating" in rules([*heating(210), *((400 + t, "T", 210.0 + t, 210.0) for t in range(40))])


@pytest.mark.parametrize("current", [-20.0, 400.0, math.nan, math.inf])
def test_impossible_readings_are_a_broken_sensor(current):
    assert rules([(now, "T", current, 0.0) for now in range(3)]) == ["sensor"]


def test_a_jump_is_a_loose_sensor():
    well = [(t, "T", 200.0, 210.0) for t in range(3)]
    assert "sensor" in rules([*well, *((3 + t / 2, "T", 100.0, 210.0) for t in range(4))])
    assert rules([*well, (200, "T", 100.0, 0.0)]) == []


@pytest.mark.parametrize("before", [0, 1, 5])
def test_a_reading_that_is_just_believable_makes_no_jump_of_those_behind_it(before):
    told = [60.0] * before + [0.0] + [60.03] * 9  # `B:0.0`: a digit was lost
    assert rules((t / 2, "B", current, 60.0) for t, current in enumerate(told)) == []


@pytest.mark.parametrize("garbled", [2100.4, 21.0, 10.4, 250.0, math.nan, -210.0])
def test_a_reading_that_was_garbled_on_its_way_alarms_nobody(garbled):
    readings = [*heating(210)]
    for at in range(5, 395, 13):
        readings[at] = (readings[at][0], "T", garbled, 210)
    assert rules(readings) == []


def test_sensors_that_are_no_heaters_are_not_watched():
    assert rules([(0, "P", -50.0, None), (0, "M", 500.0, None)]) == []


def test_silence_counts_while_something_is_hot():
    guard = Guard()
    guard.observe(0, {"T": (200.0, 210.0)})
    assert not guard.tick(29)
    assert not guard.tick(100, blocked=True)
    assert [a.rule for a in guard.tick(31)] == ["no reading"]
    guard.observe(40, {"T": (200.0, 0.0)})
    assert not guard.tick(1000)


def test_a_layer_that_takes_far_too_long_is_said_once():
    watch = LayerWatch()
    said = [watch.observe(3, 10.0, 1.0) for _ in range(400)]
    assert sum(alarm is not None for alarm in said) == 1
    assert said.index(next(filter(None, said))) == SLOW_TIME + 30
    assert watch.observe(4, 10.0, 1.0) is None


def test_firmware_that_tells_no_target_while_it_heats_is_left_alone():
    readings = [(0, "T", 21.0, 0.0), *((now, "T", 21.0 + 2 * now, None) for now in range(1, 90))]
    assert rules([*readings, (90, "T", 200.0, 200.0)]) == []


def test_a_heater_that_is_tuned_is_no_alarm():
    rig = Rig([*squares(1)], VirtualPrinter("marlin"))
    rig.run()
    until = rig.printer.now + 600
    while rig.printer.now < until:
        rig.controller.step()
    rig.controller.send("M303 E0 S210 C4")
    until = rig.printer.now + 900
    while rig.printer.now < until:
        rig.controller.step()
    assert any("PID Autotune finished" in line for line in rig.view.messages)
    assert not rig.said(Alarmed)
