"""Measure the reader: MB/s, memory, and other parsers of Python beside it.

python -m benchmarks.reading                    a file of 50 MB of a sliced sample model, again and again
python -m benchmarks.reading a.gcode b.gcode    these files, repeated up to 50 MB

Parsers that are installed beside ours (printrun, gcode-lib, gcodeparser) read the first 2 MB of the same text.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import REPOSITORY
from gcode import read, stream
from gcode.reader import parse

SIZE = 50_000_000
MEMORY = """
import re, sys
from gcode import read, stream

def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024

before = peak()
{action}
print(peak() - before)
"""
"""Linux alone says what a process has held at most since it began."""
ACTIONS = {
    "read": "moves = read(sys.argv[1], [])",
    "stream": "rows = sum(len(moves) for moves in stream(sys.argv[1], []))",
}
SAMPLE = "herringbone_gear.stl"


def texts(files: list[Path]) -> bytes:
    """Return G-code of about `SIZE` bytes."""
    if files:
        once = b"".join(file.read_bytes() for file in files)
    else:
        import slicer
        from benchmarks.run import matched

        once = slicer.slice(REPOSITORY / "sample_models" / SAMPLE, matched()).gcode()
    return once * (SIZE // len(once) + 1)


def best(action: Callable[[], object], repeats: int = 5) -> float:
    """Return the least CPU seconds of several runs."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        action()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def peers(text: str) -> dict[str, Callable[[], object]]:
    """Return what other installed parsers do with the same text."""
    found: dict[str, Callable[[], object]] = {}
    if importlib.util.find_spec("printrun"):
        from printrun.gcoder import GCode

        found["printrun.gcoder"] = lambda: GCode(text.splitlines())
    if importlib.util.find_spec("gcode_lib"):
        import gcode_lib

        found["gcode-lib"] = lambda: gcode_lib.compute_bounds(gcode_lib.parse_lines(text))
    if importlib.util.find_spec("gcodeparser"):
        from gcodeparser import GcodeParser

        found["gcodeparser"] = lambda: GcodeParser(text).lines
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    data = texts(parser.parse_args().files)
    lines = data.count(b"\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.gcode"
        path.write_bytes(data)
        rows = [
            ("read, warm", len(data) / best(lambda: read(path, []))),
            ("stream, warm", len(data) / best(lambda: sum(len(moves) for moves in stream(path, [])))),
        ]
        print(f"{len(data) / 1e6:.0f} MB, {lines:,} lines\n")
        for name, rate in rows:
            print(f"{name:<16}{rate / 1e6:>8.0f} MB/s")
        for name, action in ACTIONS.items():
            command = [sys.executable, "-c", MEMORY.format(action=action), str(path)]
            peak = int(subprocess.run(command, capture_output=True, check=True, cwd=REPOSITORY).stdout)
            print(f"{name:<16}{peak / 1e6:>8.0f} MB of memory, {peak / len(data):.1f} times the file")
    small = data[: data.rfind(b"\n", 0, 2_000_000) + 1]
    ours = best(lambda: parse(small, []))
    for name, action in peers(small.decode()).items():
        theirs = best(action, 1)
        print(f"{name:<16}{len(small) / theirs / 1e6:>8.1f} MB/s, {theirs / ours:,.0f} times as long as ours")


if __name__ == "__main__":
    main()
