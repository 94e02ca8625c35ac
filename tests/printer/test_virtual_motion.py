"""The virtual printer's motors: the planner in a window against the planner of whole files, and where the nozzle is."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_host import ask, hear, stream, switched_on

from gcode.limits import Machine
from gcode.planner import estimate
from gcode.reader import read
from printer.firmware import MARLIN
from printer.kernels import framing, lookahead, plain
from printer.protocol.framing import frame
from printer.virtual import motion
from printer.virtual.lines import Words

CIRCLE = [f"G1 X{100 + 40 * math.cos(i / 40):.3f} Y{100 + 40 * math.sin(i / 40):.3f} E{0.03:.4f}" for i in range(600)]
START = ["M302 P1", "G28", "G90", "M83", "G1 Z0.3 F600", "G1 X140 Y100 F9000"]


def zigzag(n):
    rng = np.random.default_rng(5)
    x, y = rng.uniform(20, 180, (2, n))
    kind = rng.integers(0, 5, n)
    return [
        f"G1 E{-0.8 if i % 2 else 0.8} F2100" if k == 0 else
        f"G0 X{a:.3f} Y{b:.3f} F9000" if k == 1 else
        f"G1 X{a:.3f} Y{b:.3f} E{0.4 + i % 3:.4f} F{1800 + 600 * k}"
        for i, (a, b, k) in enumerate(zip(x, y, kind, strict=True))
    ]  # fmt: skip


def motion_seconds(device):
    """Return the time from the first begin to the last end of real moves."""
    run = device.run()
    moving = run.moves.speed > 0
    return run.end[moving][-1] - run.begin[moving][0]


def assert_same_moves(done, asked):
    """Assert that what moved is what was to move."""
    for column in ("x", "y", "z", "e", "fan"):
        np.testing.assert_allclose(
            getattr(done, column)[done.speed > 0], getattr(asked, column)[asked.speed > 0], atol=1e-6, err_msg=column
        )


@pytest.mark.parametrize(
    ("firmware", "machine"),
    [
        ("marlin", Machine()),
        ("marlin", Machine(junction_deviation=0.02)),
        ("marlin", Machine(print_acceleration=3000, acceleration_x=4000, acceleration_y=4000, jerk_xy=12)),
        ("reprapfirmware", Machine("reprapfirmware")),
        ("reprapfirmware", Machine("reprapfirmware", jerk_policy=1)),
        ("klipper", Machine("klipper", minimum_cruise_ratio=0.0)),
        ("klipper", Machine("klipper")),
    ],
)
@pytest.mark.parametrize("name", ["circle", "zigzag"])
def test_a_print_that_never_starves_takes_as_long_as_estimated(firmware, machine, name):
    lines = {"circle": CIRCLE, "zigzag": zigzag(500)}[name]
    device = switched_on(firmware, machine=machine)
    ask(device, "M104 S205") if firmware == "klipper" else None
    hear(device, 200) if firmware == "klipper" else None
    stream(device, [*START, *lines, "M400"])
    moves = read(("\n".join([*START, *lines]) + "\n").encode())
    assert device.underruns == 0
    assert motion_seconds(device) == pytest.approx(estimate(moves, machine).sum(), rel=0.01)


def test_what_is_executed_is_what_was_sent():
    lines = [*START, *zigzag(400)]
    device = switched_on()
    stream(device, [*lines, "M400"])
    assert_same_moves(device.executed(), read(("\n".join(lines) + "\n").encode()))


def test_a_sliced_part_comes_out_as_it_was_sliced(sample_models):
    from slicer import slice

    text = slice(str(sample_models / "calibration_cube.stl")).gcode().decode()
    lines = [command for line in text.splitlines() if (command := line.partition(";")[0].strip())]
    device = switched_on()
    stream(device, [*lines, "M400"])
    asked = read(text.encode())
    assert_same_moves(device.executed(), asked)
    assert device.underruns == 0
    assert motion_seconds(device) == pytest.approx(estimate(asked).sum(), rel=0.002)
    run = device.run()
    assert (run.temperature[run.moves.e > 0] > 190).all()


def test_a_starved_printer_is_slower_and_counts_it():
    device = switched_on(baud=115200, latency=0.02)
    lines = [f"G1 X{140 - i * 0.1:.2f} F6000" for i in range(200)]
    stream(device, [*START, *lines, "M400"], window=1)
    fed = switched_on()
    stream(fed, [*START, *lines, "M400"])
    assert device.underruns > 20
    assert device.starved > 0
    assert motion_seconds(device) > 1.2 * motion_seconds(fed)


def test_waiting_on_purpose_is_no_underrun():
    device = switched_on()
    stream(device, [*START, "G1 X10 F6000", "M400", "G4 P500", "G1 X20", "M400", "G1 X30", "M400"])
    assert device.underruns == 0


def test_one_move_follows_its_trapezoid():
    device = switched_on(machine=Machine(jerk_xy=0.0))
    ask(device, "G28")
    ask(device, "G1 X100 F6000")  # 0.1 s and 5 mm to 100 mm/s at 1000 mm/s2
    began = device.now + 0.1  # a first move waits for company
    hear(device, began + 0.05 - device.now)
    device.motion.planner.run(device.now)
    assert device.motion.where[0] == pytest.approx(1000 * 0.05**2 / 2, abs=1e-6)
    hear(device, began + 0.6 - device.now)
    device.motion.planner.run(device.now)
    assert device.motion.where[0] == pytest.approx(5 + 100 * 0.5, abs=1e-6)
    hear(device, 2.0)
    assert device.motion.where[0] == 100.0
    run = device.run()
    assert run.end[-1] - run.begin[-1] == pytest.approx(0.1 + 0.1 + 0.9)


def test_quickstop_ends_where_the_nozzle_is():
    device = switched_on()
    ask(device, "G28")
    ask(device, "G1 X100 F6000")
    ask(device, "G1 X200 F6000")
    hear(device, 0.7)
    device.write(b"M410\n", device.now)
    hear(device, 0.1)
    x = device.executed().x[-1]
    assert 20 < x < 80
    assert ask(device, "M114")[0].startswith(f"X:{x:.2f} ")
    began = device.now
    ask(device, "M400")
    assert device.now - began < 0.01


@pytest.mark.parametrize(
    ("commands", "position"),
    [
        (["G91", "G1 X5 Y5 F6000", "G1 X5"], "X:10.00 Y:5.00 Z:0.00 E:0.00"),
        (["G1 X20 F6000", "G92 X0", "G1 X5"], "X:5.00 Y:0.00 Z:0.00 E:0.00"),
        (["G20", "G1 X1 F200"], "X:25.40 Y:0.00 Z:0.00 E:0.00"),
        (["M302 P1", "M83", "G1 E5 F300", "G1 E5"], "X:0.00 Y:0.00 Z:0.00 E:10.00"),
        (["M302 P1", "M82", "G1 E5 F300", "G92 E0", "G1 E2"], "X:0.00 Y:0.00 Z:0.00 E:2.00"),
        (["G1 X500 Y-5 F6000"], "X:300.00 Y:0.00 Z:0.00 E:0.00"),
        (["M211 S0", "G1 X-5 F6000"], "X:-5.00 Y:0.00 Z:0.00 E:0.00"),
        (["G1 X20 F6000", "G3 X20 Y40 I0 J20"], "X:20.00 Y:40.00 Z:0.00 E:0.00"),
        (["G1X20Y30F6000"], "X:20.00 Y:30.00 Z:0.00 E:0.00"),
        (["g1 x20 f6000"], "X:20.00 Y:0.00 Z:0.00 E:0.00"),
    ],
)
def test_positions(commands, position):
    device = switched_on()
    stream(device, ["G28", *commands, "M400"])
    assert position in ask(device, "M114")[0]


@pytest.mark.parametrize("word", ["I20 J0", "R20"])
def test_arcs_are_as_long_as_they_should_be(word):
    device = switched_on()
    stream(device, ["M302 P1", "M83", "G28", "G1 X20 Y50 F6000", f"G2 X60 Y50 {word} E4", "M400"])
    moves = device.executed()
    arc = moves.e > 0
    x, y = moves.x[arc], moves.y[arc]
    np.testing.assert_allclose(np.hypot(x - 40, y - 50), 20, atol=1e-6)
    assert moves.e.sum() == pytest.approx(4)
    steps = np.hypot(np.diff(x, prepend=20), np.diff(y, prepend=50))
    assert steps.sum() == pytest.approx(math.pi * 20, rel=1e-3)
    assert y.max() == pytest.approx(70, abs=0.1)


@pytest.mark.parametrize(
    ("command", "centre", "turn"),
    [("G2", (40, 50), 90), ("G3", (20, 70), 90)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_an_arc_by_its_radius_is_the_short_one_or_by_a_negative_radius_the_long_one(command, centre, turn, sign):
    device = switched_on()
    stream(device, ["G28", "G1 X20 Y50 F6000", f"{command} X40 Y70 R{20 * sign}", "M400"])
    moves = device.executed()
    x, y = moves.x[moves.speed > 0][1:], moves.y[moves.speed > 0][1:]
    cx, cy = centre if sign > 0 else (60 - centre[0], 120 - centre[1])
    np.testing.assert_allclose(np.hypot(x - cx, y - cy), 20, atol=1e-6)
    way = np.hypot(np.diff(x, prepend=20), np.diff(y, prepend=50)).sum()
    assert way == pytest.approx(math.radians(turn if sign > 0 else 360 - turn) * 20, rel=1e-3)


def test_a_move_that_runs_counts_as_far_as_it_came():
    device = switched_on(machine=Machine(jerk_xy=0.0))
    stream(device, ["M302 P1", "G28", "M83", "G1 X100 E10 F6000"])
    hear(device, 0.1 + 0.6)
    moves = device.executed()
    assert moves.x[-1] == pytest.approx(55, abs=0.5)
    assert moves.e[-1] == pytest.approx(moves.x[-1] / 10)
    device.write(b"M410\n", device.now)
    hear(device, 0.01)
    assert device.executed().e.sum() == pytest.approx(device.executed().x[-1] / 10)


def test_g90_and_m83_as_each_firmware_reads_them():
    for firmware, absolute in (("marlin", True), ("prusa", False), ("klipper", False)):
        device = switched_on(firmware)
        stream(device, ["M83", "G90"])
        assert bool(device.motion.planner.absolute_e) is absolute, firmware


def test_speed_and_flow_factors():
    device = switched_on()
    stream(device, ["M302 P1", "G28", "M83", "M220 S50", "M221 S200", "G1 X100 E10 F6000", "M400"])
    moves = device.executed()
    assert moves.speed[-1] == 50
    assert moves.e[-1] == 20
    assert "E:10.00" in ask(device, "M114")[0]


def test_settings_change_what_the_planner_may():
    device = switched_on()
    stream(device, ["G28", "M203 X50", "M204 P500 T500", "G1 X100 F12000", "M400"])
    moves = device.executed()
    assert (moves.speed[-1], moves.acceleration[-1]) == (50, 500)
    assert estimate(moves)[-1] == pytest.approx(estimate(moves, Machine(speed_x=50))[-1])


def test_a_cold_nozzle_extrudes_nothing():
    device = switched_on()
    stream(device, ["G28", "M83"])
    assert ask(device, "G1 X10 E5 F600")[0] == "echo: cold extrusion prevented"
    ask(device, "M400")
    assert device.executed().e.sum() == 0
    assert device.executed().x[-1] == 10


def test_a_cancelled_object_is_left_out():
    device = switched_on()
    stream(device, ["G28", "M302 P1", "M83", "M486 T3", "M486 P1", "M486 S0", "G1 X10 E1 F6000", "M486 S1",
                    "G1 X50 Y50 E1", "G2 X60 Y50 I5 J0 E1", "M486 S2", "G1 X20 E1", "M486 S-1", "M400"])  # fmt: skip
    moves = device.executed()
    assert moves.e.sum() == 2
    assert set(moves.x[moves.speed > 0]) == {10, 20}


def test_a_cancelled_object_leaves_no_debt_of_filament():
    device = switched_on()
    stream(device, ["G28", "M302 P1", "M82", "M486 P1", "M486 S0", "G1 X10 E1 F6000", "M486 S1", "G1 X50 E5",
                    "M486 S2", "G1 X20 E6", "M400"])  # fmt: skip
    assert device.executed().e.sum() == pytest.approx(2)


def test_homing_takes_the_way_to_the_endstops():
    device = switched_on()
    ask(device, "G28")
    stream(device, ["G1 X200 F9000", "M400"])
    began = device.now
    ask(device, "G28 X")
    assert device.now - began == pytest.approx((200 + 25) / 50, abs=0.05)
    assert device.executed().x[-1] == 0


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 20)), min_size=1, max_size=60))
def test_any_path_is_executed_once_and_never_too_fast(points):
    device = switched_on()
    stream(device, ["M302 P1", "G28", "M83", "G0 F9000"])
    stream(device, [f"G1 X{x / 10} Y{y / 10} E{e / 100}" for x, y, e in points] + ["M400"])
    run = device.run()
    moves = run.moves
    moving = moves.speed > 0
    wanted = np.array([(x / 10, y / 10) for x, y, _ in points])
    changes = np.any(np.diff(wanted, axis=0, prepend=[[0, 0]]) != 0, axis=1) | (np.array(points)[:, 2] > 0)
    np.testing.assert_allclose(np.column_stack([moves.x, moves.y])[moving], wanted[changes])
    assert (run.end[moving][:-1] <= run.begin[moving][1:] + 1e-9).all()
    way = np.hypot(np.diff(moves.x, prepend=0), np.diff(moves.y, prepend=0))
    assert (way[moving] <= 150.0 * (run.end - run.begin)[moving] + 1e-9).all()


def interpreted(name):
    """Return a kernel's module run as plain Python."""
    spec = importlib.util.spec_from_file_location(f"interpreted_{name}", Path(framing.__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(st.binary(max_size=60))
def test_framing_is_the_same_compiled_and_interpreted(data):
    line = b"N" + data
    assert framing.unframe(line) == interpreted("framing").unframe(line)
    assert framing.usual(line) == interpreted("framing").usual(line)
    assert framing.checksum(line) == interpreted("framing").checksum(line)


@given(st.integers(0, 10**6), st.text("G01 XYE-.9M;", max_size=30), st.integers(-1, 40), st.integers(1, 255))
def test_a_usual_line_is_read_as_any_other(number, text, at, noise):
    line = bytearray(frame(number, f"G1 {text}".strip(), MARLIN)[:-1])
    if 0 <= at < len(line):
        line[at] ^= noise
    found, start, star = framing.usual(bytes(line))
    if start:
        assert framing.unframe(bytes(line)) == (found, start, star, True)
        assert found == number or at >= 0
    elif at < 0:
        assert "M" in text or ";" in text


@given(st.text("G01 XYZEFI+-.0123456789", max_size=30))
def test_a_plain_move_is_read_as_the_general_reader_does(text):
    line = b"G1" + text.encode()
    given_, *words = plain.plain(line)
    assert interpreted("plain").plain(line) == (given_, *words)
    for bit, letter in enumerate("XYZEF"):
        if given_ >= 0 and text.count(letter) == 1:
            assert given_ & 1 << bit
            assert words[bit] == pytest.approx(Words(line).number(letter, 0.0), abs=1e-9)


def test_the_planner_is_the_same_compiled_and_interpreted(monkeypatch):
    lines = [*START, *CIRCLE[:60], *zigzag(120), "M400"]
    machines = [
        ("marlin", Machine()), ("marlin", Machine(junction_deviation=0.02)),
        ("reprapfirmware", Machine("reprapfirmware")), ("klipper", Machine("klipper")),
    ]  # fmt: skip
    for firmware, machine in machines:
        tables = []
        for planner in (lookahead.Planner, interpreted("lookahead").Planner):
            monkeypatch.setattr(motion, "Planner", planner)
            device = switched_on(firmware, machine=machine)
            stream(device, lines)
            tables.append(np.array(device.motion.planner.table[: device.motion.planner.head]))
        np.testing.assert_array_equal(*tables)


def test_firmware_retraction_is_undone_once_and_not_counted():
    device = switched_on()
    stream(device, ["M302 P1", "G28", "M83", "M207 S2 F1800", "G10", "G10", "G11", "G11", "G10", "M400"])
    moves = device.executed()
    assert moves.e[moves.e != 0].tolist() == [-2, 2, -2]
    assert moves.speed[moves.e != 0].tolist() == [30, 30, 30]
    assert "E:0.00" in ask(device, "M114")[0]


def test_leveling_probes_nine_points_once_it_is_homed():
    device = switched_on()
    assert ask(device, "G29")[0].startswith("Error:Home XYZ first")
    ask(device, "G28")
    assert "Bilinear Leveling Grid:" in ask(device, "G29")
    moves = device.executed()
    assert ((moves.z == 0) & (moves.speed > 0)).sum() == 9


def test_motors_without_current_forget_where_they_are():
    device = switched_on()
    stream(device, ["G28", "M84", "G1 X-5 F6000", "M400"])
    assert device.executed().x[-1] == -5


@pytest.mark.parametrize("bad", ["G2 X10", "G3 X50 R1", "G2 R5"])
def test_an_arc_that_cannot_be_is_refused(bad):
    device = switched_on()
    ask(device, "G28")
    assert ask(device, bad) == ["Error:G2/G3 bad parameters", "ok"]
