"""Every fault does what its line in the table says, on schedule, at random and the same each time."""

import re
from pathlib import Path

import numpy as np
import pytest
from plain_host import ask, deliver, framed, hear, stream, switched_on

from gcode.roles import Role
from printer.errors import LinkLost, VirtualError
from printer.virtual import FAULTS, Fault
from printer.virtual.faults import Dice
from printer.virtual.mischief import MISCHIEF

DOCS = Path(__file__).resolve().parents[2] / "docs" / "virtual-printer.md"
MOVES = [f"G1 X{i % 150 + 1} Y{i % 31} F9000" for i in range(200)]
ON_THE_WIRE = [name for name, kind in FAULTS.items() if kind.where != "printer"]


def delivered(device):
    """Return the moves that were executed, as they were sent."""
    return [line for line in device.executed_lines if line.startswith("G1 ")]


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_one_fault_on_the_wire_can_be_survived(name):
    device = switched_on(faults=[f"{name}@line=57"], seed=3)
    deliver(device, ["G28", *MOVES])
    assert [fault for _, _, fault in device.schedule.struck] == [name]
    assert delivered(device) == MOVES


@pytest.mark.parametrize("seed", range(4))
def test_all_faults_on_the_wire_at_once_can_be_survived(seed):
    device = switched_on(faults=[f"{name}:0.01" for name in ON_THE_WIRE if name != "silent"], seed=seed, baud=115200)
    hear(device, 1.0)
    deliver(device, ["G28", *MOVES])
    assert len(device.schedule.struck) > 5
    assert delivered(device) == MOVES


def test_the_same_seed_is_the_same_run_and_another_is_not():
    def run(seed):
        device = switched_on(faults=["corrupt:0.05", "lost-ok:0.02", "drop:0.03"], seed=seed)
        deliver(device, ["G28", *MOVES[:80]])
        return device.schedule.struck, device.now, device.executed_raw

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_faults_do_what_they_say_to_a_line():
    def arrives(fault):
        device = switched_on(faults=[fault + "@line=1"], seed=1)
        device.write(framed(1, "G1 X10"), 0.0)
        heard = hear(device, 2.0)
        return heard, device

    assert arrives("corrupt")[0][1:] == ["Resend: 1", "ok"]
    assert arrives("drop")[0][1:] == ["Resend: 1", "ok"]
    assert arrives("duplicate")[0] == ["ok"]
    assert arrives("lose-line")[0] == []
    assert arrives("truncate")[0] == []
    assert arrives("wrong-number")[0][0].startswith("Error:Line Number")
    assert arrives("lost-ok")[0] == []
    assert arrives("duplicate-reply")[0] == ["ok", "ok"]
    for name in ("corrupt-reply", "drop-reply", "truncate-reply"):
        assert "ok" not in arrives(name)[0], name


@pytest.mark.parametrize(("name", "late"), [("delay", 0.5), ("delay-reply", 0.5), ("delay@line=1/3", 3.0)])
def test_delays(name, late):
    device = switched_on(faults=[name if "@" in name else f"{name}@line=1"])
    ask(device, framed(1, "G90"))
    assert device.now == pytest.approx(late)


def test_silence_hides_answers_but_not_work():
    device = switched_on(faults=["silent@line=2/10"])
    ask(device, framed(1, "G90"))
    device.write(framed(2, "G91") + framed(3, "M117 there"), device.now)
    assert hear(device, 9.0) == []
    assert device.executed_lines == ["G90", "G91", "M117 there"]
    hear(device, 2.0)
    assert ask(device, "M105")[0].startswith("ok T:")


def test_a_reset_forgets_everything_but_where_the_axes_are():
    device = switched_on(faults=["reset@time=20"])
    stream(device, ["M104 S100", "G28", "G1 X100 F6000", "M400"])
    hear(device, 20.0 - device.now)
    heard = hear(device, 3.0)
    assert heard[:2] == ["start", "External Reset"]
    assert device.hotends[0].target == 0
    assert ask(device, "M114")[0].startswith("X:0.00 ")
    assert ask(device, framed(1, "G90")) == ["ok"]
    stream(device, ["G91", "G1 X5 F6000", "M400"])
    assert device.executed().x[-1] == 105
    began = device.now
    ask(device, "G28 X")
    assert device.now - began > 2
    assert device.executed().x[-1] == 0


def test_a_watchdog_resets_a_firmware_that_hangs():
    device = switched_on(faults=["hang@time=5"])
    hear(device, 5.0)
    device.write(b"M105\n", device.now)
    assert hear(device, 3.5) == []
    assert hear(device, 3.0)[:2] == ["start", "Watchdog Reset"]
    assert ask(device, "M105")[0].startswith("ok")


def test_a_pulled_cable_is_a_lost_link_and_the_printer_goes_on():
    device = switched_on(faults=["unplug@line=3"])
    ask(device, "G28")
    ask(device, "G1 X100 F6000")
    device.write(b"G1 X200\n", device.now)
    assert not device.connected
    with pytest.raises(LinkLost):
        device.write(b"M105\n", device.now)
    assert hear(device, 10.0) == []
    assert device.executed().x[-1] == 100
    device.plug()
    assert hear(device, 3.0)[0] == "start"
    assert ask(device, "M105")[0].startswith("ok")


def test_a_runout_asks_for_filament_and_goes_on_where_it_was():
    device = switched_on(faults=["runout@time=4"])
    moves = [f"G1 X{x} F3000" for x in range(100, 150)]
    for move in ["G28", "G1 Z1 F600", *moves[:15]]:
        ask(device, move)
    heard = hear(device, 40.0)
    assert "//action:paused" in heard
    assert "//action:prompt_show" in heard
    assert "echo:busy: paused for user" in heard
    device.write(b"M108\n", device.now)
    heard = hear(device, 60.0)
    assert "//action:resumed" in heard
    stream(device, [*moves[15:], "M400"])
    done = device.executed()
    x = done.x[(done.z == 1) & (done.speed > 0)]
    assert set(range(100, 150)) <= set(np.round(x, 6))
    assert device.filament


def test_a_stuck_axis_is_seen_in_what_was_printed_and_when_homing():
    device = switched_on(faults=["stuck@time=9/y"])
    stream(device, ["G28", "G1 X10 Y10 F6000", "M400"])
    hear(device, 10.0)
    stream(device, ["G1 X20 Y20", "M400"])
    done = device.executed()
    assert (done.x[-1], done.y[-1]) == (20, 10)
    assert "Y:20.00" in ask(device, "M114")[0]
    device.write(b"G28\n", device.now)
    assert hear(device, 30.0)[-2:] == ["Error:Homing Failed", "Error:Printer halted. kill() called!"]


def test_a_slow_card_starves_the_motors():
    device = switched_on(faults=["slow-sd@time=0.05/200"])
    device.card.put("A.GCO", "\n".join(["G28", *(f"G1 X{i % 100} F9000" for i in range(100))]).encode())
    ask(device, "M23 A.GCO")
    ask(device, "M24")
    hear(device, 60.0)
    assert device.underruns > 10


@pytest.mark.parametrize(
    "text",
    ["corrupt", "nosuch@line=3", "corrupt@line=x", "corrupt:2", "corrupt:-1", "heater@time=3/nozzle",
     "delay@line=1/long", "runout@time=1/now", "drop:1e999", ""],
)  # fmt: skip
def test_what_is_no_fault_is_refused(text):
    with pytest.raises(VirtualError, match=r"fault"):
        switched_on(faults=[text])


@pytest.mark.parametrize("text", ["corrupt@line=1200", "silent@time=30/10", "drop:0.001", "heater@time=60/bed"])
def test_faults_are_written_as_they_are_read(text):
    assert str(Fault.of(text)) == text


def test_the_dice_are_fair_and_seeded():
    dice = Dice(7)
    throws = [dice.below(6) for _ in range(6000)]
    assert np.bincount(throws, minlength=6) == pytest.approx(1000, abs=120)
    assert sum(dice.chance(0.01) for _ in range(20000)) == pytest.approx(200, abs=60)
    assert [Dice(1).below(100) for _ in range(3)] == [Dice(1).below(100) for _ in range(3)]


def test_every_fault_happens_and_is_documented():
    assert set(FAULTS) == set(MISCHIEF)
    text = DOCS.read_text(encoding="utf-8")
    for name, kind in FAULTS.items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{name}` |")), None)
        assert row, f"docs/virtual-printer.md does not document {name}"
        assert kind.doc in row
        assert not kind.default or kind.default in row
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == set(FAULTS)


def test_moves_are_readable_as_any_moves():
    device = switched_on()
    stream(device, ["M302 P1", "G28", "M83", "G1 X10 E1 F600", "M400"])
    moves = device.executed().validate()
    assert moves.role[-1] == Role.EXTERNAL_PERIMETER
