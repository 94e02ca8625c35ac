"""`fabthread print` from the outside: what is printed, what is said, what is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fabthread.cli import main, root
from fabthread.print_cli import prepare
from gcode import bgcode
from gcode.reader import read
from printer.journal import recover
from printer.store import Store

REPOSITORY = Path(__file__).resolve().parents[2]
SQUARE = ["G1 X120 Y80 E2 F3000", "G1 X120 Y120 E2", "G1 X80 Y120 E2", "G1 X80 Y80 E2"]
TOWER = ["M140 S40", "M104 S180", "G28", "G90", "M83", "M109 S180"]
for layer in range(12):
    TOWER += [f";LAYER:{layer}", f"G1 Z{0.2 * layer + 0.2:.1f} F600", *SQUARE]
TOWER += ["M104 S0", "M140 S0"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folders, and a small file to print."""
    monkeypatch.setenv("FABTHREAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FABTHREAD_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("tower.gcode").write_text("\n".join(TOWER) + "\n")
    return tmp_path


def run(*arguments, **options):
    return CliRunner().invoke(root, [str(a) for a in arguments], **options)


def code_of(*arguments):
    """Return the exit code of the whole program, errors included."""
    with pytest.raises(SystemExit) as done:
        main([str(a) for a in arguments])
    return done.value.code


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_model_becomes_a_part_a_row_a_folder_and_a_lighter_spool(home, sample_models):
    run("spools", "add", "red", "--left", "500")
    run("spools", "use", "1", "--printer", "virtual")
    began = time.monotonic()
    done = run(
        "print",
        sample_models / "calibration_cube.stl",
        "--virtual",
        "--speed",
        "max",
        "--json",
        "--record",
        "out.gcode",
    )
    assert done.exit_code == 0, done.output
    assert time.monotonic() - began < 30

    told = events(done.output)
    first, last = next(e for e in told if e["event"] == "job"), told[-1]
    assert [e["state"] for e in told if e["event"] == "state"][-2:] == ["finishing", "done"]
    assert [e["number"] for e in told if e["event"] == "layer"] == list(range(first["layers"]))
    assert (last["event"], last["state"], last["lines_done"]) == ("end", "done", first["lines"])

    run("slice", sample_models / "calibration_cube.stl", "-o", "cube.gcode")
    wanted, printed = read("cube.gcode"), read("out.gcode")
    beads = [(np.round(m.x, 2), np.round(m.y, 2), np.round(m.z, 2), np.round(m.e, 4)) for m in (wanted, printed)]
    for ours, theirs in zip(*(np.array(each)[:, each[3] > 0] for each in beads), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.011)

    with Store(home / "data") as store:
        (row,), (spool,) = store.jobs(), store.spools()
    assert (row.state, row.file, row.sha256) == ("done", "calibration_cube.gcode", first["sha256"])
    assert row.filament_mm == pytest.approx(wanted.e.sum(), rel=1e-3)
    assert spool.left == pytest.approx(500 - row.filament_g)
    folder = Path(first["folder"])
    facts = json.loads((folder / "job.json").read_text())
    assert len(facts["layers"]) == first["layers"]
    assert sum(each["s"] for each in facts["layers"]) == pytest.approx(first["predicted"]["printing"], rel=0.05)
    assert facts["settings"]["layer_height"] == "0.2"
    logged = events((folder / "events.jsonl").read_text())
    assert any(each["event"] == "temperatures" for each in logged)
    assert recover(folder / "journal").end == "done"
    assert not (folder / "part.gcode").exists()


@pytest.mark.parametrize("profile", ["generic-klipper", "generic-reprapfirmware"])
def test_other_firmware_takes_as_long_as_predicted(home, sample_models, profile):
    part = sample_models / "calibration_cube.stl"
    done = run("print", part, "--profile", profile, "--virtual", "--speed", "max", "--json")
    assert done.exit_code == 0, done.output[-2000:]
    end = events(done.output)[-1]
    motion, heat = end["times"]["printing"], end["times"]["heating"]
    assert motion["s"] == pytest.approx(motion["predicted_s"], rel=0.01)
    assert heat["s"] == pytest.approx(heat["predicted_s"], rel=0.05)
    again = events(run("print", part, "--profile", profile, "--virtual", "--speed", "max", "--json").output)[-1]
    assert again["elapsed_s"] == pytest.approx(again["predicted_s"], rel=0.01)  # it has learned how long it waits


def test_history_tells_what_happened(home):
    assert "nothing was printed" in run("history").output
    assert run("print", "tower.gcode", "--virtual", "--speed", "max").exit_code == 0
    assert "tower.gcode on virtual" in run("history").output
    told = run("history", "1").output
    assert "heating" in told
    assert "tool 0: 0.10 m" in told
    assert json.loads(run("history", "1", "--json").output)["state"] == "done"
    assert code_of("history", "9") == 2
    (home / "data" / "jobs" / "000001" / "job.json").unlink()  # as of a job that was killed
    assert "sha256" in run("history", "1").output
    assert json.loads(run("history", "1", "--json").output)["layers"] == []


def test_what_the_checks_refuse_is_not_printed_unless_forced(home):
    Path("wild.gcode").write_text("\n".join([*TOWER[:-20], "G1 X900 Y900 E50 F3000", *TOWER[-20:]]))
    assert code_of("print", "wild.gcode", "--virtual", "--speed", "max") == 7
    with Store(home / "data") as store:
        assert store.jobs() == []
    done = run("print", "wild.gcode", "--virtual", "--speed", "max", "--force")
    assert done.exit_code == 0, done.output
    assert "error" in done.output


def test_a_spool_that_is_too_short_is_a_warning(home):
    run("spools", "add", "rest", "--left", "0.1")
    run("spools", "use", "rest", "--printer", "virtual")
    done = run("print", "tower.gcode", "--virtual", "--speed", "max")
    assert done.exit_code == 0
    assert "the spool ends before the print: tool 0 needs 0.3 g" in done.output


def test_a_printer_that_fails_ends_the_print_with_its_reason(home):
    done = run("print", "tower.gcode", "--virtual", "--speed", "max", "--fault", "open@time=30")
    assert done.exit_code == 11
    assert re.search("sensor|thermistor|temp", done.output, re.I)
    with Store(home / "data") as store:
        assert store.jobs()[0].state == "failed"
    assert "tower.gcode" in run("recover").output


def test_faults_on_the_wire_are_counted_and_leave_no_trace(home):
    done = run(
        "print", "tower.gcode", "--virtual", "--speed", "max", "--fault", "corrupt:0.05", "--record", "out.gcode"
    )
    assert done.exit_code == 0, done.output
    assert "resends" in done.output
    assert read("out.gcode").e.sum() == pytest.approx(read("tower.gcode").e.sum(), abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["no-such.gcode", "--virtual"], 3),
        (["tower.gcode", "--printer", "nobody"], 4),
        (["tower.gcode", "--virtual", "--port", "/dev/null"], 2),
        (["tower.gcode", "--speed", "3"], 2),
        (["tower.gcode", "--virtual", "--detach"], 2),
        (["tower.gcode", "--virtual", "--fault", "nonsense"], 4),
        (["tower.gcode", "--port", "tcp://127.0.0.1:9"], 10),
        (["tower.gcode", "--port", "/tmp/no/such/terminal"], 10),
        (["tower.gcode", "--port", "tcp://nowhere"], 4),
    ],
)
def test_errors_are_one_clear_line(home, capfd, arguments, code):
    assert code_of("print", *arguments) == code
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "Error" in said


def test_names_with_escape_sequences_do_not_reach_the_terminal(home, capfd):
    name = "evil\x1b[2J\x07.gcode"
    Path(name).write_text("M117 \x1b]0;owned\x07\n" + "\n".join(TOWER))
    run_ = run("print", name, "--virtual", "--speed", "max", "--force")
    assert "\x1b" not in run_.output
    assert "\x07" not in run_.output
    assert code_of("print", "gone\x1b[2J.gcode", "--virtual") == 3
    assert "\x1b" not in capfd.readouterr().err


# ---------------------------------------------------------------- a real terminal, and real signals


def start(*arguments, **options):
    """Start the program as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, "-m", "fabthread", *arguments], env=environment, **options)


def wait_for(stream, word, seconds=20):
    """Return everything up to a word on a stream."""
    read, until = "", time.monotonic() + seconds
    while word not in read:
        assert time.monotonic() < until, read
        read += stream.readline()
    return read


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent another way there")
def test_ctrl_c_asks_and_a_second_one_stops_with_heaters_off(home):
    process = start("print", "tower.gcode", "--virtual", "--speed", "10", stdout=subprocess.PIPE, text=True)
    wait_for(process.stdout, "heating")
    process.send_signal(signal.SIGINT)
    wait_for(process.stdout, "Ctrl-C again stops it")
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    rest = wait_for(process.stdout, "cancelled after")
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)  # too late to change anything
    rest += process.communicate(timeout=20)[0]
    assert process.returncode == 12
    assert "cancelled by hand" in rest


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM there")
def test_a_polite_kill_stops_safely_without_asking(home):
    process = start("print", "tower.gcode", "--virtual", "--speed", "10", stdout=subprocess.PIPE, text=True)
    wait_for(process.stdout, "heating")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 12


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP there")
def test_a_print_under_nohup_outlives_its_terminal(home):
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "fabthread"]
    command += ["print", "tower.gcode", "--virtual", "--speed", "100"]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE, text=True
    ) as process:
        wait_for(process.stdout, "heating")
        process.send_signal(signal.SIGHUP)
        rest = process.communicate(timeout=30)[0]
    assert process.returncode == 0, rest


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}])
def test_a_poor_terminal_ends_no_print(home, setting, monkeypatch):
    import pty

    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    main_end, terminal = pty.openpty()
    process = start("print", "tower.gcode", "--virtual", "--speed", "1000", stdin=terminal, stdout=terminal)
    os.close(terminal)
    seen = b""
    with suppress(OSError):  # Linux's way to say that nobody writes any more
        while data := os.read(main_end, 65536):
            seen += data
    os.close(main_end)
    assert process.wait(20) == 0, seen
    assert b"done after" in seen


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_keys_pause_resume_change_rates_and_cancel(home):
    import pty

    Path("tower.gcode").write_text("\n".join(["G28", "G90", *200 * ["G1 X10 Y10 F3000", "G1 X100 Y100"]]))

    main_end, terminal = pty.openpty()
    process = start(
        "print",
        "tower.gcode",
        "--virtual",
        "--speed",
        "60",
        "--force",
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = ""

    def see(word, seconds=20):
        nonlocal seen
        until = time.monotonic() + seconds
        while word not in seen:
            assert time.monotonic() < until, seen[-3000:]
            try:
                seen += os.read(main_end, 65536).decode("utf-8", "replace")
            except OSError:
                raise AssertionError(f"no {word!r}: {seen[-3000:]}") from None
        seen = seen.split(word, 1)[1]

    try:
        see("printing")
        os.write(main_end, b"p")
        see("● paused")
        os.write(main_end, b"+")
        see("feed 110 %")
        os.write(main_end, b"p")
        see("● printing")
        os.write(main_end, b"c")
        see("Press c again")
        os.write(main_end, b"c")
        see("cancelled by hand")
        assert process.wait(20) == 12
    finally:
        process.kill()
        os.close(main_end)
        process.wait()


def test_binary_gcode_is_printed_as_text_for_the_machine_in_its_metadata(home, sample_models):
    run("slice", sample_models / "calibration_cube.stl", "-o", "cube.gcode", "--printer", "prusa-mk4")
    bgcode.write("cube.bgcode", Path("cube.gcode").read_bytes())
    plain, binary = (prepare(name, None, None, None, None, (), True) for name in ("cube.gcode", "cube.bgcode"))
    assert binary.machine == plain.machine
    assert binary.program.name == "cube.gcode"
    assert binary.program.seconds[-1] == pytest.approx(plain.program.seconds[-1])
