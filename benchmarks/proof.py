"""Verify the files of several slicers, plant faults into them, and write the tables of docs/proof.md.

python -m benchmarks.proof ../models/*.stl               tables for these models (else those in sample_models)
python -m benchmarks.proof --keep /tmp/files MODEL ...   keep the sliced files there, or take those that are there
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks import measure, peers
from benchmarks.measure import REPOSITORY
from benchmarks.run import table
from gcode.moves import Moves
from gcode.proof import Model, Proof, load, verify
from gcode.reader import read
from gcode.roles import Role

PAGE = REPOSITORY / "docs" / "proof.md"
TIMEOUT = 300
SLICERS = {"fabthread": measure.ours, **peers.installed()}
Fault = Callable[[Moves, int], Moves]


def sliced(model: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of each slicer and the file it makes of a model, sliced unless it is there already."""
    for name, command in SLICERS.items():
        output = folder / f"{model.stem}.{name}.gcode"
        if not output.exists():
            try:
                subprocess.run(command(model.resolve(), output), capture_output=True, timeout=TIMEOUT, cwd=REPOSITORY)
            except subprocess.TimeoutExpired:
                output.unlink(missing_ok=True)
        if output.exists() and output.stat().st_size > 1000:
            yield name, output


def clean(models: list[Path], folder: Path) -> str:
    """Return the figures of whole files side by side."""
    head = ["model, slicer", "verdict", "outside %", "shell %", "top %", "bottom %", "walls filled %"]
    head += ["mean", "RMS", "95 %"]
    rows = []
    for path in models:
        for name, file in sliced(path, folder):
            moves = read(file)
            proof = verify(path, moves)
            rows.append([f"{path.stem}, {name}", _verdict(proof), *_figures(proof)])
            print(" ".join(rows[-1]), flush=True)
    return table(head, rows)


def _verdict(proof: Proof) -> str:
    return "passed" if proof.passed else ", ".join(dict.fromkeys(fault.name for fault in proof.faults))


def _figures(proof: Proof) -> list[str]:
    s = proof.parts[0].summary()
    shares = [s[name] for name in ("overshoot", "shell_missing", "top_missing", "bottom_missing")]
    off = [s[f"deviation_{name}"] for name in ("mean", "rms", "p95")]
    return [*(f"{100 * share:.2f}" for share in shares), f"{100 * s['fill']:.1f}", *(f"{mm:+.3f}" for mm in off)]


def without(moves: Moves, rows: np.ndarray) -> Moves:
    """Return moves that travel where they printed."""
    return moves.with_(e=np.where(rows & (moves.e > 0), 0.0, moves.e))


def loop(moves: Moves, number: int) -> np.ndarray:
    """Return the rows of the longest run of external perimeters on a layer."""
    rows = np.flatnonzero((moves.layer == number) & (moves.e > 0) & (moves.role == Role.EXTERNAL_PERIMETER))
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return np.isin(np.arange(len(moves)), max(runs, key=len))


def times(moves: Moves, x: float, y: float, z: float) -> Moves:
    """Return moves with their positions multiplied."""
    return moves.with_(x=moves.x * x, y=moves.y * y, z=moves.z * z, start=moves.start * [x, y, z, 1])


FAULTS: dict[str, tuple[str, Fault]] = {
    "a layer removed": ("layer removed", lambda m, k: without(m, m.layer == k)),
    "a wall loop dropped": ("wall missing", lambda m, k: without(m, loop(m, k))),
    "10 % under-extrusion on one layer": (
        "under-extrusion",
        lambda m, k: m.with_(e=np.where((m.layer == k) & (m.e > 0), 0.9 * m.e, m.e)),
    ),
    "shifted by 0.3 mm from mid-height": ("layer shift", lambda m, k: m.with_(x=m.x + 0.3 * (m.layer >= k))),
    "scaled to 99 %": ("scaled", lambda m, k: times(m, 0.99, 0.99, 0.99)),
    "mirrored": ("mirrored", lambda m, k: times(m, -1, 1, 1)),
    "top layer missing": ("top layer missing", lambda m, k: without(m, m.layer == m.layer[m.e > 0].max())),
    "inches for millimetres": ("swapped unit", lambda m, k: times(m, 25.4, 25.4, 25.4)),
}
"""What is done to a file at a layer (here the middle one), and the name it must be caught by."""


def planted(models: list[Path], folder: Path) -> str:
    """Return what is said of each planted fault, for the files of all slicers."""
    head = ["model, slicer", *FAULTS]
    rows = []
    for path in models:
        model: Model = load(path)
        for name, file in sliced(path, folder):
            moves = read(file)
            middle = int(moves.layer[moves.e > 0].max()) // 2
            row = [f"{path.stem}, {name}"]
            for wanted, spoil in FAULTS.values():
                names = list(dict.fromkeys(fault.name for fault in verify(model, spoil(moves, middle)).faults))
                row.append("caught" if names == [wanted] else f"{'caught' if wanted in names else 'MISSED'}: {names}")
            rows.append(row)
            print(" ".join(row), flush=True)
    return table(head, rows)


def write(parts: dict[str, str]) -> None:
    """Replace what stands between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name, body in parts.items():
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        text = re.sub(f"{marks[0]}.*?{marks[1]}", f"{marks[0]}\n{body}\n{marks[1]}", text, flags=re.S)
    PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    """Make both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--keep", type=Path, help="directory of the sliced files")
    parser.add_argument("--without", action="append", default=[], choices=SLICERS, help="a slicer to leave out")
    parser.add_argument("--planted", nargs="*", type=Path, default=[], help="models for the table of planted faults")
    chosen = parser.parse_args()
    for name in chosen.without:
        del SLICERS[name]
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        models = chosen.models or sorted((REPOSITORY / "sample_models").glob("*.stl"))
        write({"figures": clean(models, folder)})
        write({"planted": planted(chosen.planted or [REPOSITORY / "sample_models" / "bracket.stl"], folder)})


if __name__ == "__main__":
    main()
