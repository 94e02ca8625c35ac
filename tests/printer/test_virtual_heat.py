"""Heaters against the closed forms of their physics, and the protection that must trip."""

import math
import re

import pytest
from plain_host import ask, hear, stream, switched_on

from printer.virtual.thermal import AMBIENT, BED_GUARD, BEDS, HOTEND_GUARD, HOTEND_PID, HOTENDS, Heater, Plant


def heated(plant, seconds, step=0.1, duty=1.0, **conditions):
    heater = Heater(plant, HOTEND_GUARD)
    heater.duty = duty
    for _ in range(round(seconds / step)):
        heater.live(step, **conditions)
    return heater


def step_response(plant, seconds, duty=1.0, fan=0.0, filament=0.0):
    """The closed form: an exponential from the room's temperature to where power and losses meet."""
    loss = plant.loss + plant.fan_loss * fan + plant.filament_capacity * filament
    return AMBIENT + plant.power * duty / loss * (1 - math.exp(-loss * seconds / plant.capacity))


@pytest.mark.parametrize("plant", [*HOTENDS.values(), *BEDS.values()])
@pytest.mark.parametrize("step", [0.1, 3.0])
@pytest.mark.parametrize("conditions", [{}, {"fan": 1.0}, {"fan": 0.5, "filament": 4.0}])
def test_heating_follows_its_exponential_whatever_the_step(plant, step, conditions):
    for seconds in (30, 90, 300):
        assert heated(plant, seconds, step, **conditions).temperature == pytest.approx(
            step_response(plant, seconds, **conditions), rel=1e-9
        )


def test_cooling_is_exponential():
    plant = HOTENDS["v6"]
    heater = heated(plant, 60)
    hot = heater.temperature - AMBIENT
    heater.duty = 0.0
    for _ in range(2000):
        heater.live(0.1)
    assert heater.temperature - AMBIENT == pytest.approx(hot * math.exp(-200 * plant.loss / plant.capacity))


def test_the_sensor_lags_by_its_time_constant():
    plant = Plant(40.0, 10.0, 0.05, responsiveness=0.2)
    heater = heated(plant, 40)
    slope = (plant.power - plant.loss * (heater.temperature - AMBIENT)) / plant.capacity
    assert heater.temperature - heater.reading == pytest.approx(slope / plant.responsiveness, rel=0.1)


@pytest.mark.parametrize(
    ("name", "to_60", "to_100"), [("mk52", (90, 150), (240, 360)), ("mk2b", (200, 280), (500, 800))]
)
def test_beds_take_the_minutes_that_people_measure(name, to_60, to_100):
    plant = BEDS[name]
    for degrees, (least, most) in ((60, to_60), (100, to_100)):
        seconds = -plant.capacity / plant.loss * math.log(1 - (degrees - AMBIENT) * plant.loss / plant.power)
        assert least < seconds < most


@pytest.mark.parametrize("hotend", HOTENDS)
@pytest.mark.parametrize("target", [170.0, 215.0, 260.0])
def test_a_hotend_arrives_without_much_overshoot_and_stays(hotend, target):
    heater = Heater(HOTENDS[hotend], HOTEND_GUARD, HOTEND_PID)
    heater.aim(target, 0.0)
    peak, tail = 0.0, []
    for tick in range(6000):
        heater.regulate(0.1)
        heater.live(0.1)
        peak = max(peak, heater.temperature)
        if tick > 3000:
            tail.append(heater.temperature)
        assert heater.trip(tick / 10) == ""
    assert peak < target + 12
    assert max(abs(t - target) for t in tail) < 1.0
    plant = HOTENDS[hotend]
    fastest = -plant.capacity / plant.loss * math.log(1 - (target - AMBIENT) * plant.loss / plant.power)
    reached = next(t for t in range(6000) if step_response(plant, t / 10) >= target) / 10
    assert reached == pytest.approx(fastest, abs=0.2)


def test_fan_and_filament_draw_heat_that_the_regulator_gives_back():
    heater = Heater(HOTENDS["v6"], HOTEND_GUARD, HOTEND_PID)
    heater.aim(210.0, 0.0)

    def settle(**conditions):
        for _ in range(3000):
            heater.regulate(0.1)
            heater.live(0.1, **conditions)
        return heater.duty

    plain, windy, printing = settle(), settle(fan=1.0), settle(fan=1.0, filament=5.0)
    assert heater.temperature == pytest.approx(210, abs=1)
    rise, plant = 210 - AMBIENT, HOTENDS["v6"]
    assert plain == pytest.approx(rise * plant.loss / plant.power, rel=0.03)
    assert windy == pytest.approx(rise * (plant.loss + plant.fan_loss) / plant.power, rel=0.03)
    assert printing == pytest.approx(rise * (plant.loss + plant.fan_loss + 5 * plant.filament_capacity) / plant.power,
                                     rel=0.03)  # fmt: skip


def test_m109_waits_for_the_temperature_and_ten_seconds_more():
    device = switched_on()
    lines = ask(device, "M109 S200")
    waits = [re.search(r"W:(\S+)", line)[1] for line in lines if "W:" in line]
    assert waits[0] == "?"
    assert waits[-1] in ("0", "1")
    assert "9" in waits
    assert device.hotends[0].reading == pytest.approx(200, abs=2)
    assert 60 < device.now < 180
    began = device.now
    ask(device, "M109 S150")  # S does not wait while it cools
    assert device.now - began < 0.5
    ask(device, "M109 R150")
    assert device.hotends[0].reading == pytest.approx(150, abs=3)
    ask(device, "M109 R0", patience=3600.0)  # colder than the room: it gives up
    assert device.hotends[0].reading < 30


def test_m190_heats_the_bed():
    device = switched_on()
    assert any("B:" in line for line in ask(device, "M190 S60"))
    assert device.bed.reading == pytest.approx(60, abs=2)


def test_m108_ends_a_wait():
    device = switched_on()
    device.write(b"M109 S250\n", device.now)
    hear(device, 10.0)
    device.write(b"M108\n", device.now)
    assert hear(device, 0.5)[-2:] == ["ok", "ok"]
    assert device.hotends[0].target == 250


def test_reports():
    device = switched_on()
    assert ask(device, "M105") == ["ok T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0"]
    ask(device, "M155 S2")
    reports = [line for line in hear(device, 10.2) if line.startswith(" T:")]
    assert len(reports) == 5
    ask(device, "M155 S0")
    assert hear(device, 10.0) == []


def test_two_extruders_report_both():
    device = switched_on(extruders=2)
    ask(device, "M104 T1 S200")
    assert " T0:22.00 /0.00 T1:22.00 /200.00" in ask(device, "M105")[0]
    assert ask(device, "T1") == ["echo:Active Extruder: 1", "ok"]
    assert ask(device, "T5") == ["echo:T5 Invalid extruder", "ok"]


@pytest.mark.parametrize(
    ("fault", "prepare", "message"),
    [
        ("heater@time=1/hotend", "M104 S200", "Heating failed, system stopped! Heater_ID: E0"),
        ("heater@time=1/bed", "M140 S60", "Heating failed, system stopped! Heater_ID: bed"),
        ("heater@time=300/hotend", "M104 S200", "Thermal Runaway, system stopped! Heater_ID: E0"),
        ("heater@time=400/bed", "M140 S60", "Thermal Runaway, system stopped! Heater_ID: bed"),
        ("loose@time=300/hotend", "M104 S200", "Thermal Runaway, system stopped! Heater_ID: E0"),
        ("open@time=5/hotend", "M104 S200", "MINTEMP triggered, system stopped! Heater_ID: E0"),
        ("open@time=5/bed", "M105", "MINTEMP triggered, system stopped! Heater_ID: bed"),
        ("short@time=5/hotend", "M105", "MAXTEMP triggered, system stopped! Heater_ID: E0"),
    ],
)
def test_protection_trips_and_everything_is_off(fault, prepare, message):
    device = switched_on(faults=[fault])
    ask(device, prepare)
    heard = hear(device, 600.0)
    assert heard[-2:] == [f"Error:{message}", "Error:Printer halted. kill() called!"]
    assert all(heater.duty == 0 and heater.target == 0 for heater in (*device.hotends, device.bed))
    device.write(b"M105\n", device.now)
    assert hear(device, 5.0) == []
    device.reset()
    assert hear(device, 2.0)[0] == "start"


def test_heat_that_nobody_uses_is_switched_off():
    device = switched_on()
    ask(device, "M104 S200")
    hear(device, 1700.0)
    assert device.hotends[0].target == 200
    ask(device, "M105")
    assert "idle" in hear(device, 200.0)[0]
    assert device.hotends[0].target == 0
    ask(device, "M86 S0")
    ask(device, "M104 S200")
    assert hear(device, 4000.0) == []


def test_moves_remember_how_hot_the_nozzle_was():
    device = switched_on()
    stream(device, ["M109 S210", "M106 S128", "G28", "M83", "G1 X50 E2 F1200", "M400"])
    run = device.run()
    assert run.temperature[-1] == pytest.approx(210, abs=2)
    assert run.moves.fan[-1] == pytest.approx(128 / 255)


def test_the_guard_watches_the_bed_more_strictly():
    assert BED_GUARD.runaway < HOTEND_GUARD.runaway
    assert BED_GUARD.hysteresis < HOTEND_GUARD.hysteresis


def test_a_firmware_without_protection_burns():
    device = switched_on(faults=["loose@time=60"])
    device.hotends[0].guard = None
    ask(device, "M104 S200")
    assert hear(device, 600.0) == []
    assert device.hotends[0].temperature > 400


def test_autotune_finds_gains_that_hold_a_temperature():
    device = switched_on()
    heard = ask(device, "M303 E0 S200 C8 U1", 3600)
    assert heard[0] == "PID Autotune start"
    assert any(line.startswith(" bias: ") for line in heard)
    assert any(line.startswith(" Classic PID Kp: ") for line in heard)
    p, i, d = (float(line.split()[-1]) for line in heard if line.startswith("#define DEFAULT_K"))
    assert i / p == pytest.approx(p / d / 4, rel=0.02)  # Ziegler and Nichols: Ti = 4 Td
    assert device.hotends[0].gains == pytest.approx((p, i, d), abs=0.006)
    assert device.hotends[0].target == 0
    ask(device, "M109 S200", 900)
    readings = []
    for _ in range(60):
        device.advance(device.now + 1.0)
        readings.append(device.hotends[0].reading)
    assert max(abs(reading - 200) for reading in readings) < 3


@pytest.mark.parametrize(
    ("line", "said"),
    [("M303 E7 S200", "Bad heater id"), ("M303 E0 S400", "Temperature too high")],
)
def test_autotune_that_cannot_be_is_refused(line, said):
    assert ask(switched_on(), line) == [f"PID Autotune failed! {said}", "ok"]
