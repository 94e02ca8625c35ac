"""`fabthread virtual` as a program."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from fabthread.cli import root
from gcode.reader import read
from printer.virtual import FAULTS, PERSONALITIES

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*arguments):
    return CliRunner().invoke(root, ["virtual", *arguments])


def test_lists():
    assert set(json.loads(run("faults", "--json").output)) == set(FAULTS)
    assert set(json.loads(run("firmwares", "--json").output)) == set(PERSONALITIES)
    assert all(name in run("faults").output for name in FAULTS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tcp", "here"], "HOST:PORT"),
        (["--tcp", "127.0.0.1:0", "--link", "/tmp/x"], "--tcp excludes"),
        (["--speed", "fast"], "neither a positive number nor max"),
        (["--speed", "0"], "neither a positive number nor max"),
        (["--sd", "/no/such/folder"], "not a folder"),
    ],
)
def test_wrong_usage_is_refused(arguments, words):
    done = run("serve", *arguments)
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(
    "arguments", [["--fault", "nosuch@line=1"], ["--personality", "grbl"], ["--baud", "-5"], ["--size", "0,9,9"]]
)
def test_impossible_printers_are_refused(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "fabthread", "virtual", "serve", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process on Windows")
def test_a_print_over_tcp_is_reported_and_recorded(tmp_path):
    out = tmp_path / "printed.gcode"
    command = [sys.executable, "-m", "fabthread", "virtual", "serve", "--tcp", "127.0.0.1:0", "--speed", "max"]
    command += ["--json", "--record", str(out), "--measured"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as server:
        try:
            host, _, port = json.loads(server.stdout.readline())["listening"].rpartition(":")
            with socket.create_connection((host, int(port)), timeout=20) as sock:
                sock.sendall(b"M302 P1\nG28\nM83\nG1 X50 E2 F6000\nG1 Y50 E2\nM420 S1\nM400\n")
                heard = b""
                while heard.count(b"ok\n") < 7:
                    heard += sock.recv(4096)
            assert b"Bed Leveling ON" in heard
        finally:
            server.send_signal(signal.SIGINT)
        facts = json.loads(server.stdout.readline())
        assert server.wait(20) == 0
    assert (facts["lines"], facts["filament_mm"], facts["underruns"]) == (7, 4.0, 0)
    moves = read(out)
    assert moves.e.sum() == pytest.approx(4.0)
    assert (moves.x[-1], moves.y[-1]) == (50, 50)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_it_ends_and_takes_its_link_away_though_a_script_put_it_behind_itself(tmp_path, number):
    link = tmp_path / "printer"
    command = [sys.executable, "-m", "fabthread", "virtual", "serve", "--link", str(link)]
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    with subprocess.Popen(ignoring, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as server:
        assert str(link) in server.stdout.readline()
        assert os.path.exists(link)
        time.sleep(0.1)
        server.send_signal(getattr(signal, number))
        assert server.wait(20) == 0
    assert not os.path.lexists(link)
