"""How many moves a second a whole dry run executes: link, job, journal and watch over heat on a virtual printer.

python -m benchmarks.dry_run                    the sample vase, sliced first
python -m benchmarks.dry_run part.gcode ...     other files

What `fabthread print FILE --virtual --speed max` does, without reading, checking and showing it. CPU seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import MATCHED
from printer.drivers import ways
from printer.journal import Journal
from printer.program import Program, load
from printer.virtual import VirtualPrinter
from profiles.loader import load as profile
from slicer import slice

VASE = Path(__file__).resolve().parent.parent / "sample_models" / "twisted_vase.stl"


def main() -> None:
    """Print a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    given: Any = parser.parse_args()
    for program in [load(path) for path in given.files] or [vase()]:
        runs = [dry_run(program) for _ in range(given.repeats)]
        moves = runs[0][0]
        print(f"{program.name}: {moves} moves, {moves / median(seconds for _, seconds in runs):.0f} moves/CPU s")


def vase() -> Program:
    """Return the sample vase, sliced with the matched settings."""
    settings = profile(*(str(MATCHED / f"{part}.toml") for part in ("printer", "filament", "process")))
    return load(slice(VASE, settings).gcode(), name="twisted_vase.gcode")


def dry_run(program: Program) -> tuple[int, float]:
    """Return how many moves were executed, and in how many CPU seconds."""
    device = VirtualPrinter("marlin")
    driver = ways.virtual(device)
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        driver.start(driver.offer(program), Journal(Path(folder) / "journal", {}))
        while driver.status().state not in ("done", "failed"):
            time.sleep(0.05)
        took = time.process_time() - began
        driver.close()
    if driver.status().state == "failed":
        raise SystemExit(f"{program.name}: {driver.status().reason}")
    return len(device.executed()), took


if __name__ == "__main__":
    main()
