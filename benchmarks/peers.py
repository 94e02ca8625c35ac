"""Other slicers under the same settings, where they are installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import MATCHED

Command = Callable[[Path, Path], list[str]]
CURA_DEFINITIONS = Path(os.environ.get("CURA_DEFINITIONS", "/usr/share/cura/resources/definitions")).resolve()
"""Directory of fdmprinter.def.json, which CuraEngine needs and Debian ships in its package `cura`."""


def prusa_slicer(model: Path, output: Path) -> list[str]:
    """Return PrusaSlicer's command."""
    settings = ["--load", str(MATCHED / "prusaslicer.ini"), "--center", "125,105"]
    return ["prusa-slicer", "--export-gcode", *settings, "--output", str(output), str(model)]


def slic3r(model: Path, output: Path) -> list[str]:
    """Return Slic3r's command."""
    settings = ["--load", str(MATCHED / "slic3r.ini"), "--print-center", "125,105"]
    return ["slic3r", *settings, "--output", str(output), str(model)]


def cura_engine(model: Path, output: Path) -> list[str]:
    """Return CuraEngine's command."""
    flags = [line for line in (MATCHED / "cura.flags").read_text(encoding="utf-8").splitlines() if line]
    settings = [word for flag in flags for word in ("-s", flag)]
    extruder = ["-e0", "-s", "machine_nozzle_size=0.4", "-s", "material_diameter=1.75"]
    definition = str(CURA_DEFINITIONS / "fdmprinter.def.json")
    return ["CuraEngine", "slice", "-j", definition, *settings, *extruder, "-l", str(model), "-o", str(output)]


def installed() -> dict[str, Command]:
    """Return the peers found on this machine."""
    peers: dict[str, Command] = {}
    if shutil.which("prusa-slicer"):
        peers["PrusaSlicer"] = prusa_slicer
    if shutil.which("CuraEngine") and (CURA_DEFINITIONS / "fdmprinter.def.json").exists():
        peers["CuraEngine"] = cura_engine
    if shutil.which("slic3r"):
        peers["Slic3r"] = slic3r
    return peers
