"""The same files read by Printrun's parser: every position, and the filament.

Printrun's `gcoder` is a module of one file that needs nothing else: `pip install --no-deps printrun`.
"""

import shutil
import subprocess

import numpy as np
import pytest

from gcode.reader import read

SNIPPETS = {
    "relative, hand-written": (
        "g28\nG91\nG1 x10 y5 F1200\nG0 Z.3\nG1 X-2.5E.4\nG90\nM83\nG1X3Y4 E-.8 ; back\nG92 E0\nG1 E.8\n"
    ),
    "Simplify3D": (
        "G90\nM82\nG28\n; layer 1, Z = 0.200\nT0\nG92 E0.0000\nG1 E-1.0000 F1800\n; feature outer perimeter\n"
        "; tool H0.200 W0.480\nG1 Z0.200 F1000\nG1 X50.000 Y40.000 F4800\nG1 E0.0000 F1800\nG92 E0.0000\n"
        "G1 X60.000 Y40.000 E0.3512 F900\nG1 X60.000 Y55.000 E0.8780\n; layer end\n"
    ),
    "Bambu Studio": (
        "G90\nM83\nG28\n; CHANGE_LAYER\n; Z_HEIGHT: 0.2\nG1 X127.1 Y116.2 F42000\nG1 Z.4\nG1 Z.2\nG1 E.8 F1800\n"
        "; FEATURE: Outer wall\nG1 F3000\nG1 X128.4 Y116.3 E.04821\nG1 X128.4 Y139.9 E.87\nG1 E-.8 F1800\n"
    ),
    "Kiri:Moto": (
        "G21\nM82\nG28\nG90\nG92 E0\n;; --- layer 0 (0.250 @ 0.25) ---\nG1 Z0.250 F6000\n; feature shells\n"
        "G0 X-12.500 Y3.250\nG1 X-10.000 E0.1034 F1800\nG1 Y10.125 E0.3877\n"
    ),
    "ideaMaker": (
        "G28 X0 Y0\nG28 Z0\nM82\nG1 F4800 Z0.3\n;LAYER:0\n;TYPE:WALL-OUTER\nG0 F9000 X140.25 Y150.5\n"
        "G1 F1800 X150.75 E0.52\nG92 E0\nG1 Y160.1 E.41\n"
    ),
    "inches": "G20\nG90\nM83\nG1 X1 Y2 F60\nG1 X1.5 E.1\nG21\nG1 X50 E1\n",
}


def as_printrun_reads(text):
    """Return positions (n, 3) after each line that moves, and how far the filament has been pushed at most."""
    gcoder = pytest.importorskip("printrun.gcoder", reason="printrun is not installed")
    parsed = gcoder.GCode(text.splitlines())
    moves = [line for line in parsed.lines if line.command in ("G0", "G1") and line.is_move]
    return np.array([(line.current_x, line.current_y, line.current_z) for line in moves]), parsed.filament_length


def compare(text):
    """Printrun keeps positions as 32-bit floats."""
    theirs, filament = as_printrun_reads(text)
    moves = read(text, [])
    rows = (moves.role != 16) | (moves.speed > 0)
    ours = np.stack([moves.x, moves.y, moves.z], axis=1)[rows]
    there = ours[np.any(np.diff(ours, axis=0, prepend=np.nan) != 0, axis=1)]
    theirs = theirs[np.any(np.diff(theirs, axis=0, prepend=np.nan) != 0, axis=1)]
    assert len(there) == len(theirs)
    assert np.abs(there - theirs).max() < 2e-5
    assert np.cumsum(moves.e).max() == pytest.approx(filament, abs=1e-4)


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets(name):
    compare(SNIPPETS[name])


@pytest.mark.parametrize("slicer", ["prusa-slicer", "slic3r", "CuraEngine"])
def test_files_of_slicers(slicer, tmp_path):
    peers = pytest.importorskip("benchmarks.peers")
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("printrun.gcoder", reason="printrun is not installed")
    if slicer == "CuraEngine" and not (peers.CURA_DEFINITIONS / "fdmprinter.def.json").exists():
        pytest.skip("Cura's definitions are not installed (set CURA_DEFINITIONS)")
    if not shutil.which(slicer):
        pytest.skip(f"{slicer} is not installed")
    trimesh.creation.annulus(4, 8, 6).export(tmp_path / "ring.stl")
    command = {"prusa-slicer": peers.prusa_slicer, "slic3r": peers.slic3r, "CuraEngine": peers.cura_engine}[slicer]
    subprocess.run(command(tmp_path / "ring.stl", tmp_path / "ring.gcode"), capture_output=True, timeout=60, check=True)
    compare((tmp_path / "ring.gcode").read_text())
