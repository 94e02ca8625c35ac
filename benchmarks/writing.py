"""Measure the writer: MB/s, arcs and what they save, and whether files come back as they were.

python -m benchmarks.writing                    a sliced sample model
python -m benchmarks.writing a.gcode b.gcode    these files, of any slicer
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.measure import REPOSITORY
from gcode import Moves, Style, arcs, read, write

SAMPLE = REPOSITORY / "sample_models" / "herringbone_gear.stl"
TOLERANCES = (0.01, 0.02, 0.05)
T = TypeVar("T")


def best(action: Callable[[], T], repeats: int = 5) -> tuple[float, T]:
    """Return the least CPU seconds of several runs, and what came of it."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        result = action()
        seconds.append(time.process_time() - begin)
    return min(seconds), result


def deviation(moves: Moves, found: np.ndarray) -> float:
    """Return how far points along the beads that arcs replace are off the arcs at most, mm."""
    worst = 0.0
    x, y = np.concatenate([moves.start[:1], moves.x]), np.concatenate([moves.start[1:2], moves.y])
    share = np.linspace(0, 1, 17)[:, None]
    for first, last, i, j, _ in found.tolist():
        px = x[first : last + 1] + share * np.diff(x[first : last + 2])
        py = y[first : last + 1] + share * np.diff(y[first : last + 2])
        centre = round(x[first], 3) + i / 1000, round(y[first], 3) + j / 1000
        off = np.hypot(px - centre[0], py - centre[1]) - np.hypot(i, j) / 1000
        worst = max(worst, float(np.abs(off).max()))
    return worst


def measure(name: str, text: bytes) -> None:
    """Print what is measured of one file."""
    moves = read(text)
    seconds, again = best(lambda: write(moves))
    back = read(again)
    same = "byte for byte" if again == text else "the same moves" if alike(moves, back) else "OTHER MOVES"
    print(f"{name}: {len(again) / 1e6:.1f} MB at {len(again) / seconds / 1e6:.0f} MB/s, comes back {same}")
    lines = again.count(b"\n")
    for tolerance in TOLERANCES:
        seconds, found = best(lambda tolerance=tolerance: arcs.fit(moves, tolerance))
        style = Style(arcs=tolerance)
        curved = write(moves, style)
        shorter = curved.count(b"\n")
        stable = "yes" if write(read(curved), style) == curved else "no"
        print(
            f"  arcs within {tolerance:g} mm: {len(found)}, lines {lines} > {shorter}, "
            f"{len(again) / 1e6:.2f} > {len(curved) / 1e6:.2f} MB, at most {deviation(moves, found):.4f} mm off, "
            f"{len(moves) / seconds / 1e6:.1f} million moves/s, byte for byte again: {stable}"
        )


def alike(one: Moves, other: Moves) -> bool:
    """Tell whether moves end at the same places with the same filament at the same speed, to the last digit."""

    def stops(moves: Moves) -> np.ndarray:
        columns = np.stack([moves.x, moves.y, moves.z, np.cumsum(moves.e), moves.speed], axis=1)
        changed = np.abs(np.diff(columns[:, :4], axis=0, prepend=[[*moves.start[:3], 0.0]])).max(axis=1) > 1e-6
        return columns[changed & (moves.speed > 0)]

    a, b = stops(one), stops(other)
    return len(a) == len(b) and bool((np.abs(a - b) < [6e-4, 6e-4, 6e-4, 6e-6, 2e-3]).all())


def main() -> None:
    """Measure the files given, or a sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files
    if not files:
        import slicer

        measure(SAMPLE.stem, slicer.slice(SAMPLE).gcode())
    for file in files:
        measure(file.name, file.read_bytes())


if __name__ == "__main__":
    main()
