"""A part of full density weighs what its mesh says: everything is filled once."""

from pathlib import Path

import pytest
import shapely
from solids import FILAMENT, PLAIN, beads, extruded, printed

from slicer import SliceResult, slice
from slicer.health import examine
from slicer.reading import load

BEADS = {
    # model: share of the volume by which the beads may differ. Walls of two beads lose the rounding of their sides.
    "calibration_cube.stl": 0.01,
    "bracket.stl": 0.015,
    "overhang_and_bridge.stl": 0.02,
    "herringbone_gear.stl": 0.02,
    "thin_walls.stl": 0.02,
    "lattice.stl": 0.055,
    "twisted_vase.stl": 0.035,
}
SHARED = {
    "part_prusa_lcd_knob.stl": 0.02,
    "part_voron_t8_nut_block.stl": 0.02,
    "hard_text_emboss.stl": 0.02,
    "hard_herringbone_gear.stl": 0.02,
    "hard_overhang_fan.stl": 0.02,
    "part_thingi_1514499.stl": 0.02,
    "hard_thin_walls.stl": 0.04,
}


def deposited(result: SliceResult) -> float:
    """Return the volume of the part's beads, mm3."""
    return float(beads(result).volume.sum())


def mesh_volume(path: Path) -> float:
    return sum(examine(mesh).volume for mesh in load(path).meshes)


@pytest.mark.parametrize("name", BEADS)
def test_sample_models(sample_models: Path, name: str) -> None:
    result = slice(sample_models / name, PLAIN | {"infill_density": 1.0})
    assert deposited(result) == pytest.approx(mesh_volume(sample_models / name), rel=BEADS[name])


@pytest.mark.parametrize("name", SHARED)
def test_shared_models(shared_models: Path, name: str) -> None:
    result = slice(shared_models / name, PLAIN | {"infill_density": 1.0, "bed_size": (250, 250)})
    assert deposited(result) == pytest.approx(mesh_volume(shared_models / name), rel=SHARED[name])


@pytest.mark.parametrize("pattern", ["rectilinear", "concentric", "aligned"])
@pytest.mark.parametrize("height", [0.1, 0.3])
def test_patterns_and_thicknesses(pattern: str, height: float) -> None:
    shape = shapely.box(0, 0, 20, 12).difference(shapely.Point(6, 6).buffer(3, 32))
    solid = extruded(shape, 3)
    result = printed(
        solid,
        {
            "infill_density": 1.0,
            "solid_pattern": pattern,
            "top_pattern": "monotonic",
            "layer_height": height,
            "first_layer_height": height,
        },
    )
    rounding = 0.5 * height * (1 - 0.785398) * shape.length * 3  # of the outer sides
    assert deposited(result) == pytest.approx(shape.area * 3 - rounding, rel=0.012)


@pytest.mark.parametrize("pitch", [2.2, 2.5, 2.8, 3.1])
def test_between_small_holes_nothing_is_filled_twice(pitch: float) -> None:
    at = [2.5 + pitch * k for k in range(8)]
    holes = [shapely.Point(x, y).buffer(0.35 + 0.07 * i, 6) for i, x in enumerate(at) for y in at]
    shape = shapely.box(0, 0, at[-1] + 2.5, at[-1] + 2.5).difference(shapely.union_all(holes))
    result = printed(extruded(shape, 1), {"infill_density": 1.0})
    rounding = 0.5 * 0.2 * (1 - 0.785398) * shape.length  # of all outer sides
    assert 0.97 * shape.area < deposited(result) + rounding < 1.01 * shape.area


def test_the_multiplier_and_the_filament_scale_what_is_pushed() -> None:
    solid = extruded(shapely.box(0, 0, 10, 10), 2)
    one = printed(solid).summary.filament_mm
    assert printed(solid, {"extrusion_multiplier": 0.9}).summary.filament_mm == pytest.approx(0.9 * one, rel=1e-6)
    thick = printed(solid, {"filament_diameter": 2.85}).summary.filament_mm
    assert thick * 2.85**2 == pytest.approx(one * 1.75**2, rel=1e-6)
    assert FILAMENT * one == pytest.approx(1000 * printed(solid).summary.filament_cm3, rel=1e-9)
