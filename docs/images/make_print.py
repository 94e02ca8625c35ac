"""Draw `print.svg`: what `fabthread print` shows on a terminal, in the middle of a virtual print.

python docs/images/make_print.py
"""

import io
from pathlib import Path

from rich.console import Console

from fabthread.faces import HELP
from fabthread.live import Picture
from fabthread.print_cli import prepare
from printer.controller import Controller
from printer.drivers.local import seen
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter

HERE = Path(__file__).resolve().parent
PART = HERE.parents[1] / "sample_models" / "calibration_cube.stl"
HOW_FAR = 0.42
BETWEEN_S = 8.0
"""Seconds between two readings of the sparklines: from cold to hot takes two minutes."""


def main() -> None:
    """Print until `HOW_FAR`, and draw that moment."""
    load = prepare(str(PART), None, None, None, (), quiet=True)
    device = VirtualPrinter("marlin", machine=load.machine.machine)
    picture = Picture(f"{load.program.name} on shop", HELP)
    looked = -BETWEEN_S
    with Controller(MemoryTransport(device), load.program) as controller:
        controller.override(feed=110)
        picture.rates["feed"] = 110.0
        while (view := controller.view()).job.done < HOW_FAR and controller.step():
            if device.now - looked >= BETWEEN_S and view.heaters and device.now < 24 * BETWEEN_S:
                looked = device.now
                picture.remember(view.heaters)
        console = Console(record=True, width=100, force_terminal=True, file=io.StringIO())
        console.print(picture.draw(seen(controller.view())))
    (HERE / "print.svg").write_text(console.export_svg(title="fabthread print calibration_cube.stl"), encoding="utf-8")


if __name__ == "__main__":
    main()
