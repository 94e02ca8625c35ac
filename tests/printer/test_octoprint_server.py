"""A real OctoPrint server, where there is one: our driver prints through it, and it prints on our virtual printer.

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

from gcode.reader import read
from printer.config import Secret
from printer.drivers.octoprint import OctoPrint
from printer.drivers.polling import Polling
from printer.errors import DriverError, ImpossibleAction
from printer.notices import Changed
from printer.program import load

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
GCODE = "\n".join(
    ["G28", "G90", "M83", "M104 S180", "M109 S180"]
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
        self.log = open(folder / "serve.log", "w")  # noqa: SIM115 - closed by `stop`
        self.process = subprocess.Popen(
            [*base, "serve", "--iknowwhatimdoing", "--host", "127.0.0.1", "--port", str(number)],
            stdout=self.log,
            stderr=self.log,
        )

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
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


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
    """Poll until the job is over; return the states that it went through."""
    polling, states = Polling(driver, program), []
    until = time.monotonic() + seconds
    while not polling.status().over:
        assert time.monotonic() < until, polling.status()
        states += [each.event.state for each in polling.heard() if isinstance(each.event, Changed)]
        time.sleep(0.05)
    return states


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


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_octoprint_prints_on_our_virtual_printer(driver, server, tmp_path):
    printed = tmp_path / "printed.gcode"
    virtual = subprocess.Popen(
        [sys.executable, "-m", "fabthread", "virtual", "serve", "--link", server.port, "--speed", "max",
         "--fault", "corrupt:0.01", "--record", str(printed)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    try:
        assert virtual.stdout.readline()
        connect(driver, server.port)
        program = load(GCODE.encode(), name="zigzag.gcode")
        driver.start(driver.upload(program.data, program.name))
        assert follow(driver, program)[-1] == "done"
        time.sleep(1.0)
    finally:
        virtual.send_signal(signal.SIGINT)
        virtual.communicate(timeout=20)
    wanted, got = read(GCODE.encode()), read(str(printed))
    assert got.e[got.e > 0].sum() == pytest.approx(wanted.e[wanted.e > 0].sum(), abs=0.01)
