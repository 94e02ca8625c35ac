"""How close to the speed of the wire lines are delivered, beside ping-pong and Printrun's printcore.

python -m benchmarks.streaming                            the table of docs/printing.md: virtual time, minutes of CPU
python -m benchmarks.streaming --lines 20000              shorter
python -m benchmarks.streaming --printrun PYTHON          with printcore, from a Python that has `printrun` installed
python -m benchmarks.streaming --pty 20                   also in real time over a pseudo-terminal, for so many seconds

The wire is the virtual printer's UART: 10 bits a byte, latency both ways, a receive buffer that overflows. Its moves
are so short that motion is never the limit. In virtual time the figures are the same on every machine.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gcode.planner import Machine
from printer.controller import Controller
from printer.events import Event
from printer.firmware import FIRMWARES
from printer.notices import Changed
from printer.program import Program, load
from printer.protocol import Link
from printer.protocol.framing import frame
from printer.transport.base import Transport
from printer.transport.memory import MemoryTransport
from printer.transport.pty import PtyTransport
from printer.virtual import VirtualPrinter
from printer.virtual.servers import PtyLine, serve

BITS = 10
MACHINE = Machine(
    speed_x=1e5, speed_y=1e5, speed_e=1e5, jerk_xy=1e4, jerk_e=1e4,
    acceleration_x=1e8, acceleration_y=1e8, acceleration_e=1e8, print_acceleration=1e8,
)  # fmt: skip


class Wire(NamedTuple):
    """One line of the table: baud, seconds of latency one way, bytes of the receive buffer, share to reach."""

    baud: int
    latency: float
    buffer: int
    goal: float


WIRES = [
    Wire(115200, 0.0005, 128, 0.97),
    Wire(250000, 0.0005, 128, 0.97),
    Wire(115200, 0.002, 128, 0.92),
    Wire(250000, 0.002, 128, 0.92),
    Wire(115200, 0.008, 1024, 0.90),
    Wire(250000, 0.008, 1024, 0.90),
]

HEAD = (
    "baud", "latency", "buffer", "lines/s", "of the wire", "goal", "ping-pong", "of the wire", "packed", "exact",
    "lines/CPU s",
)  # fmt: skip


class Result(NamedTuple):
    """What a sender reached: lines a second, share of the wire, CPU seconds, and whether all lines arrived in order."""

    rate: float
    share: float
    cpu: float
    exact: bool


def job(lines: int) -> list[str]:
    """Return lines of about 39 bytes when they are framed, all different."""
    return [f"G1 X{100 + k % 97 / 100:.3f} Y{100 + k % 89 / 100:.3f} E{k % 83 / 1e4:.4f}" for k in range(lines)]


def text(lines: list[str]) -> bytes:
    """Return the lines as a file."""
    return ("M302 P1\nG90\nM83\nG1 F600000\n" + "".join(line + "\n" for line in lines)).encode()


def printer(wire: Wire) -> VirtualPrinter:
    """Return a printer at the end of a wire, that never makes anybody wait."""
    return VirtualPrinter("marlin", machine=MACHINE, baud=wire.baud, latency=wire.latency, receive_buffer=wire.buffer)


def ours(program: Program, wire: Wire, **options: bool) -> Result:
    """Print in memory, on the virtual printer's clock."""
    device = printer(wire)
    result = printed(MemoryTransport(device, wire.baud), program, wire, **options)
    got = [line.replace(" ", "") for line in device.executed_lines]
    wanted = [line.replace(" ", "") for line in program.lines(4, len(program))]
    return result._replace(exact=[line for line in got if line.startswith("G1X")] == wanted)


def printed(transport: Transport, program: Program, wire: Wire, **options: bool) -> Result:
    """Print over a transport, and return what was reached between the first line and the last `ok`."""
    times: dict[str, float] = {}

    def changed(event: Event) -> None:
        if isinstance(event, Changed):
            times.setdefault(event.state, transport.clock.now())

    link = Link(replace(FIRMWARES["marlin"], rx_bytes=wire.buffer), detect=False, **options)
    cpu = time.process_time()
    with Controller(transport, program, link=link, on_event=changed) as controller:
        view = controller.run()
    seconds = times.get("finishing", transport.clock.now()) - times["printing"]
    share = link.stats.bytes * BITS / wire.baud / seconds
    return Result(len(program) / seconds, share, time.process_time() - cpu, view.state == "done")


PRINTCORE = """
import sys, time
from printrun.printcore import printcore
from printrun.gcoder import LightGCode
port, baud, path = sys.argv[1:]
core = printcore(port, int(baud))
while not core.online:
    time.sleep(0.1)
lines = open(path).read().splitlines()
began = time.time()
core.startprint(LightGCode(lines))
while core.printing:
    time.sleep(0.01)
print(time.time() - began)
core.disconnect()
"""


def over_pty(program: Program, wire: Wire, printrun: str | None) -> list[list[str]]:
    """Return rows for ourselves and for printcore over the same pseudo-terminal, in real time."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        link, path = Path(folder) / "printer", Path(folder) / "job.gcode"
        path.write_bytes(program.data)
        with served(link, wire):
            result = printed(PtyTransport(link), program, wire)
            rows.append(["fabthread, pty", f"{result.rate:.0f}", f"{100 * result.share:.1f} %", f"{result.cpu:.1f}"])
        if printrun:
            with served(link, wire):
                command = [printrun, "-c", PRINTCORE, str(link), str(wire.baud), str(path)]
                done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            seconds = float(done.stdout.split()[-1]) if done.returncode == 0 else math.nan
            share = framed_bytes(program) * BITS / wire.baud / seconds
            rows.append(["printcore, pty", f"{len(program) / seconds:.0f}", f"{100 * share:.1f} %", "-"])
    return rows


def framed_bytes(program: Program) -> int:
    """Return the bytes that the program is on the wire."""
    return sum(len(frame(k, line, FIRMWARES["marlin"])) for k, line in enumerate(program.lines(0, len(program)), 1))


@contextmanager
def served(link: Path, wire: Wire) -> Iterator[None]:
    """Have a virtual printer of its own process behind a pseudo-terminal."""
    command = [sys.executable, "-m", "benchmarks.streaming", "--serve", str(link), *map(str, wire)]
    server = subprocess.Popen(command)
    try:
        while not link.exists():
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()
        link.unlink(missing_ok=True)


def table(lines: int) -> list[list[str]]:
    """Return the rows of the table in virtual time."""
    rows = []
    program, short = load(text(job(lines))), load(text(job(min(lines, 5000))))
    for wire in WIRES:
        result, one = ours(program, wire), ours(short, wire, ping_pong=True)
        reached = f"{result.rate:.0f}", f"{100 * result.share:.1f} %", f"{100 * wire.goal:.0f} %"
        packed = ours(program, wire, pack=True)
        exact = result.exact and packed.exact
        beside = f"{one.rate:.0f}", f"{100 * one.share:.1f} %", f"{packed.rate:.0f}", "yes" if exact else "NO"
        at = f"{wire.baud}", f"{1e3 * wire.latency:g} ms", f"{wire.buffer}"
        rows.append([*at, *reached, *beside, f"{lines / result.cpu:.0f}"])
        print("| " + " | ".join(rows[-1]) + " |", flush=True)
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--pty", type=float, default=0.0, help="seconds of real time over a pseudo-terminal")
    parser.add_argument("--printrun", help="a Python that has printrun installed")
    parser.add_argument("--serve", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        link, baud, latency, buffer, _ = options.serve
        line = PtyLine(link)
        line.open()
        serve(printer(Wire(int(baud), float(latency), int(buffer), 0.0)), line)
        return
    print("| " + " | ".join(HEAD) + " |\n| " + " | ".join(["---:"] * len(HEAD)) + " |")
    if options.lines:
        table(options.lines)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB\n")
    if options.pty:
        wire = WIRES[0]
        print("| sender, real time | lines/s | of the wire | CPU s |\n| --- | ---: | ---: | ---: |")
        for row in over_pty(load(text(job(int(options.pty * 290)))), wire, options.printrun):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
