"""What the firmwares say, form by form."""

import re

import pytest
from plain_host import ask, framed, hear, stream, switched_on
from rig import Rig

from printer.errors import VirtualError
from printer.virtual import PERSONALITIES, Board, VirtualPrinter

FORMS = {
    "marlin": {
        "M105": ["ok T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0"],
        "M114": ["X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0", "ok"],
        "M119": ["Reporting endstop status", "x_min: TRIGGERED", "y_min: TRIGGERED", "z_min: TRIGGERED",
                 "filament: TRIGGERED", "ok"],
        "FOO": ['echo:Unknown command: "FOO"', "ok"],
    },
    "marlin1": {"M105": ["ok T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0"]},
    "marlin0": {"M105": ["ok T:22.0 /0.0 B:22.0 /0.0 @:0 B@:0"]},
    "prusa": {
        "M105": ["ok T:22.0 /0.0 B:22.0 /0.0 T0:22.0 /0.0 @:0 B@:0 P:0.0 A:22.0"],
        "M114": ["X:0.00 Y:0.00 Z:0.00 E:0.00 Count X: 0.00 Y:0.00 Z:0.00 E:0.00", "ok"],
    },
    "klipper": {
        "M105": ["ok B:22.0 /0.0 T0:22.0 /0.0"],
        "M114": ["X:0.000 Y:0.000 Z:0.000 E:0.000", "ok"],
        "FOO X=1": ['// Unknown command:"FOO"', "ok"],
        "STATUS": ["// Klipper state: Ready", "ok"],
        "RESPOND MSG=hello": ["echo: hello", "ok"],
    },
    "reprapfirmware": {
        "M105": ["ok T:22.0 /0.0 T0:22.0 /0.0 B:22.0 /0.0"],
        "M119": ["Endstops - X: at min stop, Y: at min stop, Z: at min stop, Z probe: not stopped", "ok"],
    },
    "repetier": {
        "M105": ["ok", "T:22.00 /0 B:22.00 /0 B@:0 @:0"],
        "M119": ["ok", "endstops hit: x_min:H y_min:H z_min:H"],
    },
    "smoothie": {
        "M105": ["ok T:22.0 /0.0 @0 B:22.0 /0.0 @0"],
        "FOO": ["ok"],
        "": ["ok"],
    },
}  # fmt: skip


@pytest.mark.parametrize(("firmware", "command"), [(f, c) for f, forms in FORMS.items() for c in forms])
def test_reports(firmware, command):
    device = switched_on(firmware)
    hear(device, 0.5)
    assert ask(device, command) + hear(device, 0.1) == FORMS[firmware][command]


@pytest.mark.parametrize("firmware", PERSONALITIES)
def test_every_firmware_heats_homes_and_prints(firmware):
    device = switched_on(firmware)
    hear(device, 0.5)
    print_job = ["M104 S200", "M140 S50", "M190 S50", "M109 S200", "G28", "G90", "M83", "G92 E0", "M106 S255",
                 "G1 Z0.2 F600", *(f"G1 X{50 + i % 7} Y{50 + i // 7} E0.05 F3000" for i in range(70)),
                 "M107", "M104 S0", "M140 S0", "G1 Z5", "M400", "M84"]  # fmt: skip
    stream(device, print_job, number=firmware not in ("repetier",))
    hear(device, 60.0)  # where the last line is answered when it is read
    done = [line for line in device.executed_lines if line not in ("M110 N0",)]
    assert done == print_job
    moves = device.executed()
    assert moves.e.sum() == pytest.approx(70 * 0.05)
    assert (moves.x[-1], moves.y[-1], moves.z[-1]) == (56, 59, 5)


@pytest.mark.parametrize("firmware", PERSONALITIES)
def test_every_firmware_says_who_it_is(firmware):
    device = switched_on(firmware)
    hear(device, 0.5)
    names = {"marlin0": "Marlin", "marlin1": "Marlin", "prusa": "Prusa", "reprapfirmware": "RepRapFirmware"}
    said = "\n".join(ask(device, "M115") + hear(device, 0.1))
    assert re.search(rf"FIRMWARE_NAME:\s*{names.get(firmware, firmware)}", said, re.IGNORECASE)


@pytest.mark.parametrize(
    ("firmware", "answer"),
    [
        ("marlin", ["Error:checksum mismatch, Last Line: 0", "Resend: 1", "ok"]),
        ("repetier", ["Error:Wrong checksum", "Resend:1", "ok"]),
        ("smoothie", ["rs N1"]),
        ("reprapfirmware", ["Error:checksum mismatch, Last Line: 0", "Resend: 1"]),
        ("klipper", ["ok"]),
    ],
)
def test_how_a_line_is_asked_for_again(firmware, answer):
    device = switched_on(firmware)
    hear(device, 0.5)
    device.write(b"N1 G90*1\n", device.now)
    assert hear(device, 0.1) == answer


def test_repetier_numbers_its_oks_and_says_wait():
    device = switched_on("repetier")
    hear(device, 0.5)
    assert ask(device, framed(1, "G90")) == ["ok 1"]
    assert hear(device, 3.2).count("wait") == 3


def test_klipper_refuses_with_two_exclamation_marks():
    device = switched_on("klipper")
    assert ask(device, "G1 X10 F600")[0].startswith("!! Must home axis first")
    ask(device, "G28")
    assert ask(device, "G1 X1000 F600")[0].startswith("!! Move out of range: 1000.000")
    assert ask(device, "G1 X10 E5 F600")[0] == "!! Extrude below minimum temp"
    assert ask(device, "M104 S900")[0].startswith("!! Requested temperature")
    assert device.executed_lines[-1] == "M104 S900"
    device.write(b"M112\n", device.now)
    assert hear(device, 1.0)[0] == "!! Shutdown due to M112 command"


def test_klipper_excludes_objects_and_changes_limits():
    device = switched_on("klipper")
    stream(device, ["G28", "EXCLUDE_OBJECT_DEFINE NAME=a", "EXCLUDE_OBJECT NAME=b", "SET_VELOCITY_LIMIT ACCEL=500"])
    stream(device, ["EXCLUDE_OBJECT_START NAME=a", "G1 X10 F6000", "EXCLUDE_OBJECT_END NAME=a"])
    stream(device, ["EXCLUDE_OBJECT_START NAME=b", "G1 X90", "EXCLUDE_OBJECT_END NAME=b", "G1 X20", "M400"])
    moves = device.executed()
    assert set(moves.x[moves.speed > 0]) == {10, 20}
    assert moves.acceleration[-1] == 500


def test_a_command_that_a_firmware_does_not_know():
    device = switched_on("klipper")
    assert ask(device, "M155 S1") == ['// Unknown command:"M155"', "ok"]
    assert ask(switched_on(), "M155 S1") == ["ok"]


def test_boards_can_be_described():
    device = VirtualPrinter("marlin1", baud=250000, receive_buffer=1024, line_buffer=8, blocks=32)
    assert device.personality.board == Board(250000, 1024, 8, 95, 32, 0.0008)


@pytest.mark.parametrize(
    "options",
    [
        {"firmware": "grbl"}, {"hotend": "none"}, {"bed": "none"}, {"baud": -1}, {"latency": -1.0}, {"blocks": 1},
        {"line_buffer": 0}, {"receive_buffer": 4}, {"extruders": 0}, {"latency": float("nan")},
    ],
)  # fmt: skip
def test_impossible_printers_are_refused(options):
    with pytest.raises(VirtualError):
        VirtualPrinter(**options)


def test_klipper_knows_the_customary_macros():
    start, end = "PRINT_START EXTRUDER=60 BED=40 CHAMBER=0", "PRINT_END"
    rig = Rig([start, "G92 E0", "G1 X20 Y20 Z1 F6000", "G1 X40 F6000", end], VirtualPrinter("klipper"))
    with rig.controller:
        assert rig.run().state == "done", rig.view.job.reason
    made = rig.printer.executed()
    assert (made.x[-1], made.y[-1], made.z[-1]) == (40.0, 20.0, 1.0)
    assert rig.cold


def test_a_refused_line_ends_the_job_instead_of_printing_something_else():
    rig = Rig(["G90", "G1 X20 Y20 Z1 F6000", "G28", *["G1 X40 F6000", "G1 X20 F6000"] * 20], VirtualPrinter("klipper"))
    with rig.controller:
        assert rig.run().state == "failed"
    assert "Must home axis first" in rig.view.job.reason
    assert rig.cold
