"""Every shipped printer, filament and process that go together slice the cube."""

from pathlib import Path

import numpy as np
import pytest
from solids import FILAMENT

import slicer
from gcode.moves import Moves
from profiles.files import chain, shipped
from profiles.loader import load


def nozzle(kind: str, name: str) -> float:
    """Return the nozzle a printer has or a process is made for."""
    key = {"printer": "nozzle_diameter", "process": "made_for_nozzle"}[kind]
    return next(source.values[key] for source in reversed(chain(kind, name)) if key in source.values)


def fastest_flow(moves: Moves) -> float:
    """Return the largest volume a second of the beads, mm3/s."""
    length = np.hypot(np.diff(moves.x, prepend=moves.start[0]), np.diff(moves.y, prepend=moves.start[1]))
    rows = (moves.e > 0) & (length > 0.01) & (moves.role > 0) & (moves.role < 16)
    return float((moves.e[rows] * FILAMENT / length[rows] * moves.speed[rows]).max())


PAIRS = [
    (printer, process)
    for printer in shipped("printer")
    for process in shipped("process")
    if nozzle("printer", printer) == nozzle("process", process)
]


@pytest.mark.parametrize(("printer", "process"), PAIRS)
def test_every_combination_slices_the_cube(sample_models: Path, printer: str, process: str) -> None:
    for number, filament in enumerate(shipped("filament")):
        resolved = load(printer, filament, process)
        model = sample_models / "calibration_cube.stl"
        result = slicer.slice(
            model, resolved, scale=(1, 1, 1 if number == 0 else 0.2)
        )  # once whole, then lower and quick
        settings, moves = resolved.settings, result.moves.validate()
        assert result.layers.z_top[-1] == pytest.approx(20 if number == 0 else 4)
        assert result.layers.height[0] == pytest.approx(settings.layers.first_layer_height)
        assert result.summary.size[:2] == pytest.approx((20, 20), abs=1e-3)
        printing = (moves.e > 0) & (moves.role > 0) & (moves.role < 16)
        width, height = settings.machine.bed_size
        x0, y0 = settings.machine.bed_origin
        assert moves.x[printing].min() > x0
        assert moves.x[printing].max() < x0 + width
        assert moves.y[printing].min() > y0
        assert moves.y[printing].max() < y0 + height
        text = result.gcode().decode()
        assert f" S{settings.filament.first_layer_nozzle_temperature}" in text or (
            f"={settings.filament.first_layer_nozzle_temperature}" in text
        )
        if settings.filament.max_volumetric_speed:
            assert fastest_flow(moves) <= settings.filament.max_volumetric_speed * 1.01


def test_each_printer_has_a_process() -> None:
    assert {printer for printer, _ in PAIRS} == set(shipped("printer"))
