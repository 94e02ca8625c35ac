"""Every shared model comes out as its manifest says: sliced, mended to what it was, or refused; never a traceback."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slicer
from gcode.roles import Role
from slicer import SliceResult
from slicer.errors import InputRefused

FOLDER = Path(os.environ.get("FABTHREAD_SHARED_MODELS") or Path(__file__).resolve().parents[3] / "shared" / "models")
MANIFEST: list[dict[str, Any]] = (
    json.loads((FOLDER / "manifest.json").read_text())["models"] if (FOLDER / "manifest.json").is_file() else []
)
HUGE = ("hard_gyroid_750k", "hard_tiny_holes")
COARSE = (
    "part_prusa_einsy_base",
    "part_prusa_spool_holder",
    "part_prusa_extruder_body",
    "hard_menger3",
    "hard_vase_twist",
)
BED = {"bed_size": (250, 210)}


def models(expected: str) -> list[Any]:
    """Return the models of the manifest that are expected to end so."""
    return [pytest.param(model, id=model["name"]) for model in MANIFEST if model["expect"] == expected]


@cache
def sliced(file: str) -> SliceResult:
    return slicer.slice(FOLDER / file, BED)


@pytest.mark.parametrize("model", models("ok"))
def test_sound_models_are_sliced_from_bottom_to_top(shared_models: Path, model: dict[str, Any]) -> None:
    if model["name"] in HUGE:
        pytest.skip("takes long; the benchmarks slice it")
    coarse = {"layer_height": 0.6, "nozzle_diameter": 0.8, "made_for_nozzle": 0} if model["name"] in COARSE else {}
    result = slicer.slice(shared_models / model["file"], BED | coarse) if coarse else sliced(model["file"])
    moves, summary = result.moves.validate(), result.summary
    printing = (moves.e > 0) & (moves.role > Role.NONE) & (moves.role < Role.CUSTOM)
    printed = np.unique(moves.layer[printing])
    assert printed.tolist() == list(range(len(printed)))
    assert len(result.layers) - len(printed) <= 1  # a needle's tip
    assert not [told for told in summary.warnings if "floats" not in told]
    if model["size_mm"]:
        top = model["size_mm"][2]
        assert result.layers.z_top[-1] == pytest.approx(top, abs=1.1e-3)
        assert len(result.layers) == pytest.approx(1 + (top - 0.2) / coarse.get("layer_height", 0.2), abs=1.01)
        assert summary.size[:2] == pytest.approx(model["size_mm"][:2], abs=0.6)


@pytest.mark.parametrize("model", models("repair"))
def test_broken_models_are_mended_to_what_they_were(shared_models: Path, model: dict[str, Any]) -> None:
    result = sliced(model["file"])
    if model.get("reference"):
        wanted = sliced(next(m["file"] for m in MANIFEST if m["name"] == model["reference"]))
        assert result.summary.filament_mm == pytest.approx(wanted.summary.filament_mm, rel=0.03)
        assert len(result.layers) == len(wanted.layers)
    if model["name"] != "broken_inner_shell_same_winding":  # which needs no mending
        assert result.summary.repairs


@pytest.mark.parametrize("model", models("reject"))
def test_hopeless_models_are_refused(shared_models: Path, model: dict[str, Any]) -> None:
    with pytest.raises(InputRefused) as refused:
        sliced(model["file"])
    assert len(str(refused.value).splitlines()) == 1


def test_the_same_model_from_two_files_is_the_same_print(shared_models: Path) -> None:
    one, other = sliced("part_benchy.stl"), sliced("part_benchy_3mf.3mf")
    assert other.summary.filament_mm == pytest.approx(one.summary.filament_mm, rel=1e-3)
    assert len(other.layers) == len(one.layers)
