"""The sample models are what their script makes: sound, small, standing on z = 0."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from slicer.health import examine
from slicer.reading import load, suspicious_size

MODELS = {
    "calibration_cube.stl": 8000.0,
    "bracket.stl": 15810.2,
    "overhang_and_bridge.stl": 10575.7,
    "thin_walls.stl": 4205.1,
    "twisted_vase.stl": 11224.1,
    "herringbone_gear.stl": 8638.0,
    "lattice.stl": 2163.2,
    "two_items_inch.3mf": 5286.2,
}
"""Files and their volume, mm3."""


def script(folder: Path) -> ModuleType:
    pytest.importorskip("manifold3d")
    spec = importlib.util.spec_from_file_location("generate_sample_models", folder / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", MODELS)
def test_sound_small_and_standing(sample_models: Path, name: str) -> None:
    reading = load(sample_models / name)
    assert not reading.repairs
    assert (sample_models / name).stat().st_size <= 300_000
    assert sum(examine(mesh).volume for mesh in reading.meshes) == pytest.approx(MODELS[name], abs=0.1)
    for mesh in reading.meshes:
        assert examine(mesh).is_sound
        assert mesh.bounds[0, 2] == 0
    assert suspicious_size(reading.meshes) is None


def test_nothing_else_lies_there(sample_models: Path) -> None:
    assert {path.name for path in sample_models.iterdir() if path.suffix in (".stl", ".3mf")} == set(MODELS)


def test_the_script_makes_the_same_models_again(sample_models: Path, tmp_path: Path) -> None:
    made = script(sample_models)
    made.generate(tmp_path)
    for name in MODELS:
        (ours, *_), (again, *_) = load(sample_models / name).meshes, load(tmp_path / name).meshes
        assert examine(again).volume == pytest.approx(examine(ours).volume, rel=1e-6)
        assert np.abs(again.bounds - ours.bounds).max() < 1e-3
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    made.generate(tmp_path)
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
