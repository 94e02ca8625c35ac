"""Printers behind a terminal of their own: found, watched, talked to, and printed on after a power cut."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fabthread.cli import main, root
from fabthread.errors import exit_code_of
from printer.journal import Journal, recover
from printer.recovery import QUEUE
from printer.store import JobRow, Store
from printer.transport.ports import Port

REPOSITORY = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")


def run(*arguments, **options):
    return CliRunner().invoke(root, [str(a) for a in arguments], **options)


def code_of(*arguments):
    with pytest.raises(SystemExit) as done:
        main([str(a) for a in arguments])
    return done.value.code


def start(*arguments, **options):
    """Start the program as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, "-m", "fabthread", *map(str, arguments)], env=environment, **options)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folders."""
    monkeypatch.setenv("FABTHREAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FABTHREAD_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def port(home):
    """A virtual printer, thirty times as fast as real time; what it has printed is in printed.gcode at its end."""
    link = home / "port"
    served = start(
        "virtual", "serve", "--link", link, "--speed", 30, "--record", home / "printed.gcode", stdout=subprocess.PIPE
    )
    assert served.stdout.readline()
    yield link
    if served.poll() is None:
        served.send_signal(signal.SIGINT)
    served.communicate(timeout=20)


def test_printers_are_added_listed_and_removed(home):
    assert "no printers yet" in run("printers", "list").output
    assert run("printers", "add", "shop", "/dev/ttyUSB7", "--baud", 250000, "--park", "10,200").exit_code == 0
    added = run("printers", "add", "octo", "http://127.0.0.1:9", "--kind", "octoprint", "--key", "-", input="sesame\n")
    assert added.exit_code == 0, added.output
    listed = run("printers", "list").output
    assert "serial" in listed
    assert "with a key" in listed
    facts = json.loads(run("printers", "list", "--json").output)["printers"]
    assert facts["shop"]["park"] == [10.0, 200.0]
    for said in (added.output, listed, json.dumps(facts), (home / "config" / "printers.toml").read_text()):
        assert "sesame" not in said
    assert run("printers", "remove", "shop").exit_code == 0
    assert "shop" not in run("printers", "list").output
    assert code_of("printers", "remove", "shop") == 4
    assert code_of("printers", "test", "octo") == 10


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["a b", "/dev/x"], 4),
        (["a", "http://x"], 2),
        (["a", "x", "--kind", "telepathy"], 4),
        (["a", "/dev/x", "--profile", "no-such-machine"], 4),
    ],
)
def test_printers_that_make_no_sense_are_refused(home, arguments, code):
    assert code_of("printers", "add", *arguments) == code
    assert not (home / "config" / "printers.toml").exists()


def test_several_printers_want_a_name(home):
    for name in ("one", "two"):
        run("printers", "add", name, "auto")
    assert code_of("monitor", "--once") == 2


@posix
def test_a_printer_is_tested_watched_and_talked_to(port):
    run("printers", "add", "shop", port, "--kind", "pty")
    tested = run("printers", "test", "shop")
    assert tested.exit_code == 0, tested.output
    assert "Marlin" in tested.output
    assert run("monitor", "--once").output == "idle; T 22 C, B 22 C\n"
    watched = [json.loads(line) for line in run("monitor", "--once", "--json").output.splitlines()]
    assert watched[0]["done"] == 0.0
    assert watched[-1]["heaters"]["T"][0] == pytest.approx(22, abs=5)
    said = run("terminal", "-c", "M114", "-c", "G28", "-c", "M105").output
    assert "X:" in said
    assert "T:" in said
    piped = run("terminal", input="; nothing\nM115\n\nM140 S\x1b\n")
    assert "FIRMWARE_NAME" in piped.output
    assert "\x1b" not in piped.output


@posix
def test_a_print_goes_on_after_the_host_was_killed(home, port):
    lines = ["M302 S0", "G28", "G90", "M83"]  # cold, because heating takes its time
    for layer in range(30):
        lines += [f";LAYER:{layer}", f"G1 Z{0.2 * layer + 0.2:.1f} F600"]
        lines += [f"G1 X{x} Y{y} E1 F3000" for x, y in ((120, 80), (120, 120), (80, 120), (80, 80))]
    Path("tower.gcode").write_text("\n".join([*lines, "M107"]))
    host = start("print", "tower.gcode", "--port", port, "--force", "--json", stdout=subprocess.PIPE, text=True)
    for line in host.stdout:
        if json.loads(line).get("number") == 4:
            break
    host.kill()
    host.communicate()

    listed = run("recover", "--json")
    (found,) = json.loads(listed.output)
    assert found["file"] == "tower.gcode"
    assert run("recover", found["id"], "--port", port, input="n\n").exit_code != 0
    done = run("recover", found["id"], "--yes", "--json")  # it knows the port
    assert done.exit_code == 0, done.output
    plan = next(told for told in map(json.loads, done.output.splitlines()) if told["event"] == "plan")
    assert 0 <= plan["layer"] <= 5
    assert json.loads(done.output.splitlines()[-1])["state"] == "done"
    assert json.loads(run("recover", "--json").output) == []
    with Store(home / "data") as store:
        after, before = store.jobs()
    assert (after.state, before.state) == ("done", "failed")
    assert before.reason == f"cut off; went on as job {after.id}"
    assert after.filament_mm == 4 * (30 - plan["layer"])
    twice = before.filament_mm + after.filament_mm - 120
    assert 0 <= twice <= QUEUE + 4  # what may not have been executed, and the layer that it begins in


@posix
def test_a_port_that_was_looked_for_is_written_down(home, port, monkeypatch):
    monkeypatch.setattr("printer.transport.ports.ports", lambda: [Port(str(port), "a board", True)])
    Path("part.gcode").write_text("G28\nG1 X10 F6000\n")
    assert run("print", "part.gcode", "--force").exit_code == 0
    head = recover(home / "data" / "jobs" / "000001" / "journal").job
    assert (head["printer"], head["port"], head["baud"]) == ("auto", str(port), 115200)


def test_a_dry_run_is_not_gone_on_with(home):
    Path("tower.gcode").write_text("G28\nM83\n;LAYER:0\nG1 X10 E10 F1000\nM109 S200\nG4 S100\nG1 X20 E1\n")
    run("print", "tower.gcode", "--virtual", "--speed", "max", "--force", "--fault", "reset@time=5")
    refused = run("recover", 1, "--yes").exception
    assert exit_code_of(refused) == 7
    assert "--drop takes it off the list" in str(refused)


def test_a_print_can_be_given_up(home):
    Path("tower.gcode").write_text("G28\nM83\n;LAYER:0\nG1 X10 E10 F1000\nM109 S200\nG4 S100\nG1 X20 E1\n")
    run("print", "tower.gcode", "--virtual", "--speed", "max", "--force", "--fault", "reset@time=5")
    assert "tower.gcode" in run("recover").output
    assert run("recover", 1, "--drop").exit_code == 0
    assert "no print was cut off" in run("recover").output


@posix
def test_what_another_program_prints_is_neither_listed_nor_given_up(home):
    with Store(home / "data") as store:
        job, folder = store.begin(
            JobRow(began="today", printer="port", file="tower.gcode", sha256="0", state="started")
        )
    (folder / "part.gcode").write_text("G28\n")
    log = Journal(folder / "journal", {})
    assert "no print was cut off" in run("recover").output
    refused = run("recover", job, "--drop")
    assert exit_code_of(refused.exception) == 2
    assert "printed by another program" in str(refused.exception)
    log.close()
    assert "tower.gcode" in run("recover").output


def test_what_is_over_cannot_be_given_up(home):
    Path("tower.gcode").write_text("G28\nG1 X10 F1000\n")
    run("print", "tower.gcode", "--virtual", "--speed", "max", "--force")
    before = (home / "data" / "jobs" / "000001" / "journal").read_bytes()
    dropped = run("recover", 1, "--drop")
    assert exit_code_of(dropped.exception) == 2
    assert str(dropped.exception) == "job 1 is done: there is nothing to give up"
    assert (home / "data" / "jobs" / "000001" / "journal").read_bytes() == before


def test_spools_are_kept_and_corrected(home):
    assert "no spools yet" in run("spools", "list").output
    assert run("spools", "add", "red", "--material", "petg", "--grams", 750).exit_code == 0
    assert json.loads(run("spools", "list", "--json").output)[0]["density"] == 1.27
    assert "in shop/1" in run("spools", "use", "red", "--printer", "shop", "--tool", 1).output
    assert re.search(r"700\.0 of 750", run("spools", "adjust", "red", "--by", "-50").output)
    assert code_of("spools", "adjust", "red") == 2
    assert code_of("spools", "use", "blue", "--printer", "shop") == 2
    assert code_of("spools", "add", "blue", "--grams", "nan") == 2
    assert "forgotten" in run("spools", "remove", 1).output


@pytest.mark.parametrize("command", ["print", "monitor", "terminal", "recover", "history", "printers", "spools"])
def test_help_teaches_by_examples(command):
    said = run(command, "--help").output if command != "printers" else run(command, "add", "--help").output
    assert "Examples:" in said
    assert f"fabthread {command}" in said
