"""OctoPrint's virtual printer behind a pseudo-terminal; run by OctoPrint's own Python, as a program.

    python octoprint_bridge.py FOLDER LINK [LINES:TRIGGER ...]

After each number of lines from the host a debug trigger is pulled. Moves are written to FOLDER/moves.
"""

import os
import select
import sys
import threading
import tty
from pathlib import Path

from octoprint.plugin import plugin_manager, plugin_settings
from octoprint.plugins.virtual_printer import VirtualPrinterPlugin
from octoprint.plugins.virtual_printer.virtual import VirtualPrinter
from octoprint.settings import settings


class Recorded(VirtualPrinter):
    """Writes down which moves it makes."""

    moves = None

    def _performMove(self, line):
        Recorded.moves.write(line + "\n")
        return super()._performMove(line)


class Profiles:
    """As much of a profile manager as the printer asks for."""

    def get_current_or_default(self):
        return {"volume": {"width": 300, "depth": 300, "height": 300, "custom_box": False, "origin": "lowerleft"}}

    get_default = get_current = get_current_or_default


def main(folder: Path, link: str, faults: list[str]) -> None:
    settings(init=True, basedir=str(folder / "base"))
    plugin_manager(init=True, plugin_folders=[], plugin_bases=[], plugin_entry_points=[])
    own = {
        "throttle": 0.0,
        "simulateReset": False,
        "rxBuffer": 4096,  # a full one deadlocks its simulated errors
        "simulated_errors": ["100:resend", "110:missing_lineno", "115:checksum_mismatch"],  # the fourth loses a line
    }
    defaults = VirtualPrinterPlugin().get_settings_defaults() | own
    Recorded.moves = open(folder / "moves", "w", buffering=1)  # noqa: SIM115 - until the process ends
    printer = Recorded(
        plugin_settings("virtual_printer", defaults=defaults),
        Profiles(),
        str(folder),
        read_timeout=0.1,
        write_timeout=600.0,
    )
    here, there = os.openpty()
    tty.setraw(there)
    os.symlink(os.ttyname(there), link)
    threading.Thread(target=answers, args=(printer, here), daemon=True).start()
    pull = sorted((int(fault.split(":")[0]), fault.split(":")[1]) for fault in faults)
    lines, rest = 0, b""
    print("ready", flush=True)
    while select.select([here], [], []):
        *whole, rest = (rest + os.read(here, 65536)).split(b"\n")
        for line in whole:
            lines += 1
            while pull and lines >= pull[0][0]:
                printer.write(b"!!DEBUG:" + pull.pop(0)[1].encode() + b"\n")
            data = line + b"\n"
            while data:
                data = data[printer.write(data) :]


def answers(printer: VirtualPrinter, here: int) -> None:
    """Pass on what the printer says."""
    while True:
        said = printer.readline()
        if said:
            os.write(here, said if said.endswith(b"\n") else said + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
