"""Two sides of a loop that stand a little too near to each other, or too far apart, share the room between them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box
from solids import beads, centred, extruded, printed
from toolpaths import uncompiled

from gcode.roles import Role
from slicer.kernels import balls, sharing
from slicer.tools.flow import ROUNDING, spacing, width_of
from slicer.tools.medial import STEP

HEIGHT, WIDTH = 0.2, 0.45
SPACING = spacing(WIDTH, HEIGHT)
SOLID = {"infill_density": 1.0}
FROM, BELOW = WIDTH + 0.75 * SPACING, WIDTH + 1.1 * SPACING
"""Walls between these thicknesses are two beads that share."""


def straight(thickness: float) -> shapely.Polygon:
    return affinity.rotate(box(0, 0, 30, thickness), 37)


def round_(thickness: float) -> shapely.Polygon:
    return shapely.Point(0, 0).buffer(10, 48).difference(shapely.Point(0, 0).buffer(10 - thickness, 48))


def expected(shape: shapely.Polygon) -> float:
    """Return the volume in a layer of a shape that is full, but for the rounded sides of its outermost beads, mm3."""
    return float(HEIGHT * (shape.area - HEIGHT * ROUNDING / 2 * shape.length))


@pytest.mark.parametrize("shape", [straight, round_])
@pytest.mark.parametrize("thickness", [0.76, 0.78, 0.8, 0.82, 0.84, 0.86, 0.88, 0.89])
def test_walls_of_two_beads_hold_what_they_have_room_for(shape: object, thickness: float) -> None:
    wall = shape(thickness)  # type: ignore[operator]
    found = beads(printed(extruded(wall, 0.6), SOLID), 1)
    assert set(found.role) == {Role.EXTERNAL_PERIMETER}
    assert found.volume.sum() == pytest.approx(expected(wall), rel=0.005)
    assert found.width == pytest.approx((thickness + HEIGHT * ROUNDING) / 2, abs=0.004)
    assert centred(wall).difference(found.cover.buffer(0.005)).area < 4e-3 * wall.area
    assert found.cover.difference(centred(wall).buffer(0.015)).area < 1e-3 * wall.area


@pytest.mark.parametrize("thickness", [0.91, 0.95, 1.0])
def test_gap_fill_thinner_than_its_layer_fills_the_gap_and_no_more(thickness: float) -> None:
    wall = round_(thickness)
    found = beads(printed(extruded(wall, 0.6), SOLID), 1)
    assert 0 < found.of(Role.GAP_FILL).width.max() < 1.5 * HEIGHT
    assert found.volume.sum() == pytest.approx(expected(wall), rel=0.005)


@pytest.mark.parametrize("thickness", [1.59, 1.63, 1.67, 1.7])
def test_of_four_beads_the_inner_two_share(thickness: float) -> None:
    wall = round_(thickness)
    found = beads(printed(extruded(wall, 0.6), SOLID), 1)
    assert found.volume.sum() == pytest.approx(expected(wall), rel=0.005)
    assert found.of(Role.EXTERNAL_PERIMETER).width == pytest.approx(WIDTH, abs=1e-6)
    room = (thickness - HEIGHT * ROUNDING - 2 * SPACING) / 2
    assert found.of(Role.PERIMETER).width == pytest.approx(width_of(room, HEIGHT), abs=0.004)


@pytest.mark.parametrize("nozzle", [0.25, 0.6])
def test_it_goes_by_the_width_of_the_beads(nozzle: float) -> None:
    wall = round_(2 * nozzle)
    found = beads(printed(extruded(wall, 0.6), SOLID | {"nozzle_diameter": nozzle, "line_width": 1.1 * nozzle}), 1)
    assert found.volume.sum() == pytest.approx(expected(wall), rel=0.005)


def test_a_taper_is_laid_once_from_its_thin_end_to_its_thick_one() -> None:
    wall = shapely.Polygon([(0, 0), (60, 0), (60, BELOW), (0, FROM)])
    found = beads(printed(extruded(wall, 0.6), SOLID), 1).of(Role.EXTERNAL_PERIMETER)
    assert found.volume.sum() == pytest.approx(expected(wall), rel=0.01)
    along = found.ends[:, :, 0].mean(axis=1) - found.ends[:, :, 0].min()
    long = found.length > 1
    thickness = FROM + along[long] / 60 * (BELOW - FROM)
    assert found.width[long] == pytest.approx((thickness + HEIGHT * ROUNDING) / 2, abs=0.01)
    assert np.ptp(found.width[long]) > 0.03


def test_what_is_wide_enough_has_beads_of_one_width() -> None:
    shape = box(0, 0, 12, 9).difference(shapely.Point(6, 4.5).buffer(2))
    found = beads(printed(extruded(shape, 0.6)), 1).of(Role.EXTERNAL_PERIMETER, Role.PERIMETER)
    assert np.ptp(found.width) == 0


def test_a_neck_between_wide_places_narrows_only_there() -> None:
    shape = shapely.union_all([box(0, 0, 5, 5), box(4, 2, 16, 2.8), box(15, 0, 20, 5)])
    found = beads(printed(extruded(shape, 0.6), SOLID | {"wall_count": 1}), 1).of(Role.EXTERNAL_PERIMETER)
    middle = found.ends[:, :, 0].mean(axis=1) - found.ends[:, :, 0].min()
    neck = (middle > 6) & (middle < 13)
    assert neck.any()
    assert found.width[neck] == pytest.approx((0.8 + HEIGHT * ROUNDING) / 2, abs=0.004)
    wide = (middle < 4) | (middle > 16)
    assert found.width[wide] == pytest.approx(WIDTH, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_compiled_and_uncompiled_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 9, 4)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    xy = rng.normal(0, 2, (offsets[-1], 2))
    samples = np.empty(len(xy) + 1, np.int64)
    balls.count_samples(xy, offsets, STEP, samples)
    radius = rng.uniform(0.1, 0.3, samples[-1]) * (rng.random(samples[-1]) < 0.4)
    radius[samples[offsets[1]] : samples[offsets[2]]] = 0.0
    limits = [np.full(4, limit) for limit in (SPACING, 0.75 * SPACING, 1.1 * SPACING, 1.4)]
    made = []
    for kernel in (sharing, uncompiled("sharing")):
        points, opened = np.zeros((len(xy) + samples[-1] + 4, 3)), np.empty(5, np.int64)
        kernel.share(xy, offsets, np.array([1.0, -1.0, -1.0, 1.0]), samples, radius, *limits, points, opened)
        made.append((points.tolist(), opened.tolist()))
    assert made[0] == made[1]
    assert made[0][1][1] == made[0][1][2], "a ring that shares nowhere has no points"
