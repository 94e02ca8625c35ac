"""Kill a printing host at random moments and look at what its journal says.

python -m benchmarks.kills [--times 50] [--seed 1]

The host prints on a virtual printer in its own process, as fast as it can, and tells how many lines have been executed;
then it is killed with SIGKILL. The journal has to be readable, and the lines it leaves open have to hold the truth.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from printer.journal import recover
from printer.program import load
from printer.recovery import QUEUE, plan
from printer.sequences import Policy

HOST = """
import sys
from printer.controller import Controller
from printer.journal import Journal
from printer.program import load
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter
journal, job = sys.argv[1:]
printer = VirtualPrinter("marlin")
controller = Controller(MemoryTransport(printer), load(job), journal=Journal(journal, {}))
steps = 0
while controller.step():
    steps += 1
    if steps % 20 == 0:
        print(sum(line.startswith(b"G1 X") for line in printer.executed_raw), flush=True)
"""


def tower(layers: int) -> bytes:
    """Return a tower of many small layers, every line different."""
    lines = ["G28", "G90", "M83"]
    for layer in range(layers):
        lines += [";LAYER_CHANGE", f"G1 Z{0.2 * (layer + 1):.1f} F600"]
        lines += [f"G1 X{100 + side % 2 * 5 + layer / 1e3:.3f} Y{100 + side % 3 * 5} F6000" for side in range(40)]
    return "".join(line + "\n" for line in lines).encode()


def killed(folder: Path, lines: int) -> tuple[int, int, int, int]:
    """Return (bead lines executed, first and last line that the journal leaves open, layers from the truth)."""
    job, journal = folder / "job.gcode", folder / "journal"
    job.write_bytes(tower(400))
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(journal), str(job)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])},
    )
    assert host.stdout is not None
    said = [int(host.stdout.readline()) for _ in range(lines)]
    host.kill()
    said += [int(line) for line in host.stdout.read().split()]
    host.wait()
    host.stdout.close()
    program, found = load(job), recover(journal)
    beads = [k for k, line in enumerate(program.lines(0, len(program)), 1) if line.startswith("G1 X")]
    done = beads[max(said) - 1]
    first, last = found.unknown(QUEUE)
    return done, first, last, int(program.layer[done - 1]) - plan(program, found, Policy()).layer


def main() -> None:
    """Print one line a kill, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice, off, away = random.Random(options.seed), 0, []
    for _ in range(options.times):
        with tempfile.TemporaryDirectory() as folder:
            done, first, last, layers = killed(Path(folder), dice.randrange(5, 120))
        off += not first <= done <= last
        away.append(layers)
        print(f"executed {done:5d}, journal {first:5d} to {last:5d}, goes on {layers} layer(s) before")
    print(f"{options.times} kills: truth outside of the journal's bounds {off} times, at most {max(away)} layers back")


if __name__ == "__main__":
    main()
