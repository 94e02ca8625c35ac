"""Klipper's host and Moonraker as they are, on a micro-controller of which only the list of its commands exists.

Klipper writes what it would send to nowhere, and takes all motion for done at once: it prints as fast as it can plan.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from printer.config import Secret
from printer.drivers.moonraker import Moonraker
from printer.errors import DriverError

KLIPPY = os.environ.get("FABTHREAD_KLIPPY")
MOONRAKER = os.environ.get("FABTHREAD_MOONRAKER") or shutil.which("moonraker")
BOOT_S = 30.0

COMMANDS = ("identify offset=%u count=%c", "allocate_oids count=%c", "get_config", "finalize_config crc=%u",
            "get_clock", "get_uptime", "emergency_stop", "clear_shutdown", "reset", "config_reset")  # fmt: skip
RESPONSES = ("identify_response offset=%u data=%.*s", "config is_config=%c crc=%u is_shutdown=%c move_count=%hu",
             "clock clock=%u", "uptime high=%u clock=%u", "shutdown clock=%u static_string_id=%hu",
             "is_shutdown static_string_id=%hu", "stats count=%u sum=%u sumsq=%u", "starting")  # fmt: skip
PRINTER = """
[mcu]
serial: /dev/null
[printer]
kinematics: none
max_velocity: 300
max_accel: 3000
[virtual_sdcard]
path: {folder}/data/gcodes
[pause_resume]
[display_status]
[respond]
"""
SERVER = """
[server]
host: 127.0.0.1
port: {port}
klippy_uds_address: {folder}/klippy
[authorization]
[announcements]
dev_mode: True
[file_manager]
enable_object_processing: False
"""


class Stack:
    """Both servers: their address, and the key that is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        for name in ("config", "gcodes", "logs", "comms"):
            (folder / "data" / name).mkdir(parents=True)
        (folder / "mcu.dict").write_text(json.dumps(dictionary()))
        (folder / "printer.cfg").write_text(PRINTER.format(folder=folder))
        (folder / "data" / "config" / "moonraker.conf").write_text(SERVER.format(folder=folder, port=port))
        self.commands = {
            "klippy": [KLIPPY, "-m", "klippy", "printer.cfg", "-a", "klippy", "-d", "mcu.dict", "-o", "/dev/null",
                       "-I", str(folder / "tty")],
            "moonraker": [MOONRAKER, "-d", str(folder / "data"), "-n"],
        }  # fmt: skip
        for name in self.commands:
            self.start(name)
        self.key = self._key()

    def start(self, name: str) -> None:
        """Start one of the two."""
        with open(self.folder / f"{name}.log", "a") as log:
            self.processes[name] = subprocess.Popen(self.commands[name], cwd=self.folder, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """Let one of the two die without a word."""
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self) -> None:
        for name in self.processes:
            self.kill(name)

    def driver(self) -> Moonraker:
        """Return a driver as soon as Moonraker answers and Klipper is ready."""
        driver, until = None, time.monotonic() + BOOT_S
        while time.monotonic() < until:
            with suppress(DriverError):
                driver = driver or Moonraker(self.address, Secret(key=self.key))
                if driver.status().state != "offline":
                    break
            time.sleep(0.2)
        assert driver, (self.folder / "moonraker.log").read_text()[-2000:]
        return driver

    def _key(self) -> str:
        """Ask for the key where only this computer can: over Moonraker's own socket."""
        path, until = str(self.folder / "data" / "comms" / "moonraker.sock"), time.monotonic() + BOOT_S
        while not os.path.exists(path):
            assert time.monotonic() < until, (self.folder / "moonraker.log").read_text()[-2000:]
            time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(BOOT_S)
            asked.connect(path)
            asked.sendall(b'{"jsonrpc": "2.0", "method": "access.get_api_key", "id": 1}\x03')
            heard = b""
            while True:
                *whole, heard = (heard + asked.recv(65536)).split(b"\x03")
                for answer in map(json.loads, whole):
                    if answer.get("id") == 1:
                        return answer["result"]


def dictionary() -> dict:
    """Return what a micro-controller says that it can."""
    return {
        "version": "none",
        "build_versions": "none",
        "commands": {form: 1 if form.startswith("identify") else 10 + i for i, form in enumerate(COMMANDS)},
        "responses": {form: 0 if form.startswith("identify") else 60 + i for i, form in enumerate(RESPONSES)},
        "config": {"CLOCK_FREQ": 16000000, "MCU": "none", "STATS_SUMSQ_BASE": 256},
        "enumerations": {},
    }
