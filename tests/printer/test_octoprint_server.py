"""A real OctoPrint server, where there is one: we print through it and on its virtual printer, and it prints on ours.

Set FABTHREAD_OCTOPRINT to its command (`pip install OctoPrint` in an environment of its own); else all is skipped.
"""

import os
import secrets
import shutil
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
from printer.config import Secret
from printer.controller import Controller
from printer.drivers.octoprint import OctoPrint
from printer.drivers.polling import Polling
from printer.errors import DriverError, ImpossibleAction
from printer.notices import Changed, Disconnected, Reconnected, Warned
from printer.program import load
from printer.transport.pty import PtyTransport

COMMAND = os.environ.get("FABTHREAD_OCTOPRINT") or shutil.which("octoprint")
REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.skipif(not COMMAND, reason="no OctoPrint here (set FABTHREAD_OCTOPRINT to its command)"),
    pytest.mark.slow,
]

BOOT_S = 60.0
CONFIG = """
accessControl: {{autologinLocal: true}}
api: {{key: {key}}}
server: {{firstRun: false, onlineCheck: {{enabled: false}}, pluginBlacklist: {{enabled: false}}}}
plugins:
  virtual_printer: {{enabled: true, throttle: 0.0, simulateReset: false}}
  _disabled: [softwareupdate, announcements, pluginmanager, discovery, tracking, health_check, errortracking]
serial: {{port: VIRTUAL, baudrate: 115200, autoconnect: false, additionalPorts: [{port}]}}
"""
GCODE = "\n".join(  # warm: their virtual printer heats slowly
    ["G28", "G90", "M83", "M104 S40", "M109 S40"]
    + [f"G1 X{80 + 40 * (i % 2)} Y{80 + 0.1 * i:.1f} E1.2 F6000" for i in range(200)]
    + ["M104 S0", ""]
)


class Server:
    """The server: its address, its key, and the port of our virtual printer."""

    def __init__(self, folder: Path) -> None:
        self.key = secrets.token_hex(16).upper()
        self.port = str(folder / "printer")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            number = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{number}"
        (folder / "config.yaml").write_text(CONFIG.format(key=self.key, port=self.port))
        base = [COMMAND, "-b", str(folder)]
        subprocess.run([*base, "user", "add", "me", "--password", "me", "--admin"], check=True, capture_output=True)
        self.command = [*base, "serve", "--iknowwhatimdoing", "--host", "127.0.0.1", "--port", str(number)]
        self.log = folder / "serve.log"
        self.start()

    def start(self) -> None:
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def driver(self) -> OctoPrint:
        """Return a driver as soon as the server answers."""
        until = time.monotonic() + BOOT_S
        while True:
            try:
                return OctoPrint(self.address, Secret(key=self.key))
            except DriverError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.5)

    def stop(self) -> None:
        self.process.kill()  # asked politely, it takes its time
        self.process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that runs during this module."""
    made = Server(tmp_path_factory.mktemp("octoprint"))
    yield made
    made.stop()


@pytest.fixture
def driver(server):
    """A driver on it, with a printer that prints nothing."""
    made = server.driver()
    yield made
    made.close()


def follow(driver, program, seconds=120.0):
    """Watch until the job is over; return the states that it went through."""
    polling, events = Polling(driver, program), []
    watch(polling, events, lambda: polling.status().over, seconds)
    assert driver.channel.alive
    assert not [each for each in events if isinstance(each, Warned)]
    return [each.state for each in events if isinstance(each, Changed)]


def watch(polling, events, true, seconds=60.0):
    """Look until something is true; what happens is added to `events`."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, (polling.status(), events)
        events += [each.event for each in polling.heard()]
        time.sleep(0.02)


def connect(driver, port):
    """Let the server connect with a port."""
    web = driver._web
    web.call("POST", "/api/connection", json={"command": "disconnect"})
    time.sleep(1.0)
    web.call("POST", "/api/connection", json={"command": "connect", "port": port, "baudrate": 115200})


def test_our_driver_uploads_prints_pauses_and_sees_the_end(driver):
    connect(driver, "VIRTUAL")
    program = load(GCODE.encode(), name="zigzag.gcode")
    name = driver.upload(program.data, program.name)
    assert any(file.name == name and file.size == len(program.data) for file in driver.files())
    driver.start(name)
    states = follow(driver, program)
    assert states[-1] == "done"
    assert "printing" in states
    assert driver.status().heaters["T"].target == 0.0


def test_our_driver_cancels(driver):
    connect(driver, "VIRTUAL")
    program = load(GCODE.encode(), name="zigzag.gcode")
    driver.start(driver.upload(program.data, program.name))
    while driver.status().state != "printing":
        time.sleep(0.1)
    driver.cancel()
    assert follow(driver, program)[-1] == "cancelled"
    with pytest.raises(ImpossibleAction):
        driver.cancel()


def test_the_terminal_shows_answers(driver, server, tmp_path, monkeypatch):
    monkeypatch.setenv("FABTHREAD_CONFIG", str(tmp_path))
    connect(driver, "VIRTUAL")
    runner = CliRunner()
    added = ["printers", "add", "octo", server.address, "--kind", "octoprint", "--key", "-"]
    assert runner.invoke(root, added, input=server.key).exit_code == 0
    while driver.status().state != "idle":
        time.sleep(0.1)
    said = runner.invoke(root, ["terminal", "-c", "M115", "-c", "M105"])
    assert said.exit_code == 0
    assert "FIRMWARE_NAME:Virtual Marlin" in said.output
    assert "ok T:" in said.output


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_octoprint_prints_on_our_virtual_printer(driver, server, tmp_path):
    printed, hot = tmp_path / "printed.gcode", GCODE.replace("S40", "S180").encode()  # ours extrudes nothing cold
    virtual = subprocess.Popen(
        [sys.executable, "-m", "fabthread", "virtual", "serve", "--link", server.port, "--speed", "max",
         "--fault", "corrupt:0.01", "--record", str(printed)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    try:
        assert virtual.stdout.readline()
        connect(driver, server.port)
        program = load(hot, name="zigzag.gcode")
        driver.start(driver.upload(program.data, program.name))
        assert follow(driver, program)[-1] == "done"
        time.sleep(1.0)
    finally:
        virtual.send_signal(signal.SIGINT)
        virtual.communicate(timeout=20)
    wanted, got = read(hot), read(str(printed))
    assert got.e[got.e > 0].sum() == pytest.approx(wanted.e[wanted.e > 0].sum(), abs=0.01)


def test_a_server_that_dies_in_mid_print_is_missed_and_fails_the_job(driver, server, monkeypatch):
    monkeypatch.setattr("printer.drivers.polling.IDLE_S", 1.0)
    connect(driver, "VIRTUAL")
    program = load(GCODE.replace("M109 S40", "M109 S250").encode(), name="hot.gcode")
    polling, events = Polling(driver, program), []
    driver.start(driver.upload(program.data, program.name))
    watch(polling, events, lambda: driver.channel.known and driver.pushed().state == "printing")
    server.stop()
    watch(polling, events, lambda: any(isinstance(each, Disconnected) for each in events))
    server.start()
    watch(polling, events, lambda: any(isinstance(each, Reconnected) for each in events))
    watch(polling, events, lambda: polling.status().over)
    assert polling.status().state == "failed"


# ---------------------------------------------------------------- our host on OctoPrint's virtual printer

LINES = ["G28", "G90", "M83", "M302 S0"]
LINES += [f"G1 X{80 + 40 * (i % 2)} Y{80 + 0.1 * i:.1f} E1.2 F60000" for i in range(300)]


@pytest.fixture
def bridged(tmp_path, request):
    """Its virtual printer behind a pseudo-terminal, with a trigger pulled after 60 lines; the port, and its moves."""
    python = Path(COMMAND).with_name("python")
    script = Path(__file__).with_name("octoprint_bridge.py")
    process = subprocess.Popen(
        [python, script, tmp_path, tmp_path / "port", f"60:{request.param}"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"ready\n"
        yield str(tmp_path / "port"), tmp_path / "moves"
    finally:
        process.kill()
        process.communicate()


def moves(path):
    """Return the moves that were made; one that was asked for again, and made twice, counts once."""
    made = [line for line in path.read_text().splitlines() if "X" in line]
    return [line for line, before in zip(made, [None, *made], strict=False) if line != before]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
@pytest.mark.parametrize(
    "bridged",
    ["trigger_resend_checksum", "trigger_missing_checksum", "trigger_resend_lineno", "trigger_missing_lineno"],
    indirect=True,
)
def test_we_print_on_octoprints_virtual_printer_through_its_faults(bridged):
    port, made = bridged
    with Controller(PtyTransport(port), load("\n".join(LINES).encode())) as controller:
        view = controller.run()
    assert view.state == "done", view.job.reason
    assert moves(made) == LINES[4:]


@pytest.mark.parametrize("bridged", ["trigger_fatal_error_marlin"], indirect=True)
def test_its_fatal_error_ends_the_print_with_what_it_means(bridged):
    with Controller(PtyTransport(bridged[0]), load("\n".join(LINES).encode())) as controller:
        view = controller.run()
    assert view.state == "failed"
    assert "Thermal Runaway" in view.job.reason
