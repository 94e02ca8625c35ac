"""Limits: what commands and embedded settings make of a machine."""

from dataclasses import replace

import numpy as np
import pytest

from gcode.commands import find
from gcode.limits import LIMITS, Machine, by_row, embedded
from gcode.moves import Moves
from gcode.planner import estimate


def after(machine, *commands):
    """Return the limits that commands leave changed, by name."""
    moves = Moves.of(1, command_row=np.zeros(len(commands)), commands=commands)
    before = by_row(machine, [])[1][0]
    now = by_row(machine, find(moves, lambda name: True))[1][-1]
    return {name: float(value) for name, value, was in zip(LIMITS, now, before, strict=True) if value != was}


MARLIN, RRF, KLIPPER = Machine(), Machine("reprapfirmware"), Machine("klipper")
PRINT_TRAVEL = {"print_acceleration": 700, "travel_acceleration": 700}


@pytest.mark.parametrize(
    ("machine", "command", "changed"),
    [
        (MARLIN, "M201 X3000 E9000", {"acceleration_x": 3000, "acceleration_e": 9000}),
        (MARLIN, "m203 z5.5 ; slow", {"speed_z": 5.5}),
        (MARLIN, "M204 P800 T900 R700", dict(zip(LIMITS[12:15], (800, 900, 700), strict=True))),
        (MARLIN, "M204 S700", PRINT_TRAVEL),
        (MARLIN, "M205 X10 Z0 E2", {"jerk_x": 10, "jerk_z": 1e-6, "jerk_e": 2}),
        (MARLIN, "M205 J0.03", {"junction_deviation": 0.03}),
        (MARLIN, "M205 S5 T20", {"minimum_print_speed": 5, "minimum_travel_speed": 20}),
        (MARLIN, "M203 X0", {}),  # a machine that cannot move is no machine
        (MARLIN, "M566 X600", {}),
        (MARLIN, "SET_VELOCITY_LIMIT VELOCITY=50", {}),
        (RRF, "M203 X9000", {"speed_x": 150}),
        (RRF, "M566 X600 E240 P1", {"jerk_x": 10, "jerk_e": 4, "jerk_policy": 1}),
        (RRF, "M205 X9", {"jerk_x": 9}),
        (KLIPPER, "SET_VELOCITY_LIMIT VELOCITY=50", {"speed_x": 50, "speed_y": 50}),
        (KLIPPER, "set_velocity_limit accel=700", PRINT_TRAVEL),
        (KLIPPER, "SET_VELOCITY_LIMIT SQUARE_CORNER_VELOCITY=9", {"square_corner_velocity": 9}),
        (KLIPPER, "SET_VELOCITY_LIMIT MINIMUM_CRUISE_RATIO=0", {"minimum_cruise_ratio": 0}),
        (KLIPPER, "SET_VELOCITY_LIMIT ACCEL_TO_DECEL=250", {"minimum_cruise_ratio": 0.75}),
        (KLIPPER, "M203 X10", {}),
    ],
)
def test_a_command_changes_what_its_firmware_knows(machine, command, changed):
    assert after(machine, command) == pytest.approx(changed)


def test_limits_are_reset():
    assert after(KLIPPER, "SET_VELOCITY_LIMIT VELOCITY=9 ACCEL=9", "RESET_VELOCITY_LIMIT") == {}


def test_limits_hold_from_the_row_before_which_they_stand():
    moves = Moves.of(3, command_row=[1, 1, 3], commands=("M203 X50", "M203 X60", "M203 X70"))
    rows, table = by_row(MARLIN, find(moves, lambda name: True))
    assert rows.tolist() == [0, 1, 3]
    assert table[:, LIMITS.index("speed_x")].tolist() == [200, 60, 70]


@pytest.mark.parametrize("machine", [MARLIN, Machine(junction_deviation=0.02), RRF, KLIPPER])
def test_a_change_between_standstills_is_another_machine(machine):
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 60, (2, 20))
    change = {"klipper": "SET_VELOCITY_LIMIT VELOCITY=40"}.get(machine.flavour, "M201 X300 Y300")
    slow = {"klipper": {"speed_x": 40.0, "speed_y": 40.0}}.get(
        machine.flavour, {"acceleration_x": 300.0, "acceleration_y": 300.0}
    )
    whole = Moves.of(20, x=x, y=y, speed=90.0, command_row=[10, 10], commands=("M400", change))
    first = Moves.of(10, x=x[:10], y=y[:10], speed=90.0)
    second = Moves.of(10, x=x[10:], y=y[10:], speed=90.0, start=(x[9], y[9], 0, 0))
    parts = [estimate(first, machine), estimate(second, replace(machine, **slow))]
    np.testing.assert_allclose(estimate(whole, machine), np.concatenate(parts), rtol=1e-12)


def test_embedded_settings_of_slicers():
    prusa = {
        "machine_max_feedrate_x": "180,90",
        "machine_max_jerk_e": "1.5",
        "machine_max_acceleration_extruding": "800",
    }
    assert embedded(prusa | {"gcode_flavor": "marlin"}) == Machine(
        speed_x=180, jerk_e=1.5, print_acceleration=800, travel_acceleration=800
    )
    assert (
        embedded(prusa | {"gcode_flavor": "marlin2", "machine_max_acceleration_travel": "900"}).travel_acceleration
        == 900
    )
    orca = {"machine_max_speed_z": "20;10", "machine_max_junction_deviation": "0.013", "gcode_flavor": "klipper"}
    assert embedded(orca) == Machine("klipper", speed_z=20, junction_deviation=0.013)
    assert embedded({"layer_height": "0.2", "machine_max_speed_x": "nil"}) is None
