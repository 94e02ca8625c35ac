"""Closed surfaces and bridges: covered without gaps or double plastic, swept in one direction, threads in the air."""

import numpy as np
import pytest
import shapely
from fill_cases import SPACING, areas_of, blob, filled, plastic, segments, shapes
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode.roles import Role
from slicer.infill import SOLID

SURFACE_PATTERNS = sorted(set(SOLID) - {"bridge"})


@settings(deadline=None, max_examples=40)
@given(shape=shapes(), angle=st.floats(0, 180))
def test_surfaces_are_covered_with_the_volume_of_the_layer(shape, angle):
    covered, volume = plastic(filled(areas_of([shape], Role.TOP_SURFACE), infill_angle=angle))
    within = shapely.buffer(shapely.buffer(shape, -SPACING), SPACING)  # what is as wide as two beads
    assert shapely.area(within.difference(covered.buffer(0.04))) <= 0.01 * shape.area
    assert shapely.area(covered.difference(shape.buffer(0.25 * SPACING + 0.03))) <= 1e-3 * shape.area
    assert volume == pytest.approx(shape.area, rel=0.02)
    assert volume / covered.area - 1 <= 0.02


@pytest.mark.parametrize("width", [0.25, 0.4, 0.6, 0.9, 1.2, 1.6, 2.5])
@pytest.mark.parametrize("pattern", ["monotonic", "rectilinear", "concentric"])
def test_bands_of_any_width_are_filled(width, pattern):
    outer = blob(12)
    band = outer.difference(outer.buffer(-width))
    paths = filled(areas_of([band], Role.TOP_SURFACE), top_pattern=pattern)
    covered, volume = plastic(paths)
    assert shapely.area(band.difference(covered.buffer(0.04))) <= 0.015 * band.area
    assert volume == pytest.approx(band.area, rel=0.03)
    if width < 1.5:
        assert len(paths.xy) < 4 * len(outer.exterior.coords)  # along, not hundreds of little turns


@pytest.mark.parametrize("pattern", SURFACE_PATTERNS)
def test_every_pattern_closes_a_plain_surface(pattern):
    shape = shapely.box(0, 0, 24, 17).difference(shapely.Point(8, 8).buffer(3))
    covered, volume = plastic(filled(areas_of([shape], Role.TOP_SURFACE), top_pattern=pattern))
    assert shapely.area(shape.difference(covered.buffer(0.04))) <= 0.01 * shape.area
    assert volume == pytest.approx(shape.area, rel=0.03)


def test_a_whole_number_of_lines_fits_between_parallel_sides():
    for width in np.linspace(4, 5, 7):
        paths = filled(areas_of([shapely.box(0, 0, 30, width)], Role.TOP_SURFACE), infill_angle=0)
        ends, _, _ = segments(paths)
        flat = np.abs(ends[:, 0, 1] - ends[:, 1, 1]) < 1e-9
        y = np.unique(np.round(ends[flat][:, 0, 1], 9))
        step = np.diff(y)
        assert np.allclose(step, step[0])
        assert y[0] == pytest.approx(step[0] / 2)
        assert width - y[-1] == pytest.approx(step[0] / 2)
        assert len(paths) == 1


def swept_lines(paths):
    """Return (y, low x, high x) of the horizontal lines of sweeps in printing order."""
    ends, _, path = segments(paths)
    flat = (np.abs(ends[:, 0, 1] - ends[:, 1, 1]) < 1e-9) & (paths.group[path] >= 0)
    x = np.sort(ends[flat][:, :, 0], axis=1)
    return ends[flat][:, 0, 1], x[:, 0], x[:, 1]


@settings(deadline=None, max_examples=40)
@given(shape=shapes())
def test_no_line_is_printed_behind_one_that_is_already_there(shape):
    tilted = shapely.affinity.rotate(shape, 0.123, origin=(0, 0))  # no border runs along the lines
    paths = filled(areas_of([tilted], Role.TOP_SURFACE), infill_angle=0)
    y, low, high = swept_lines(paths)
    if not len(y):
        return  # narrow: filled along
    row = np.rint((y - y.min()) / np.diff(np.unique(np.round(y, 6))).min()).astype(int)
    for k in range(len(y)):
        before = np.arange(len(y)) < k
        beside = (row == row[k] + 1) & (low < high[k] - 1e-9) & (high > low[k] + 1e-9)
        assert not (before & beside).any()


def test_monotonic_paths_are_one_group_an_area_and_others_are_free():
    shape = shapely.box(0, 0, 20, 20).difference(shapely.box(5, 5, 15, 15))
    areas = areas_of([shape, shape], Role.TOP_SURFACE, layer=[0, 1])
    ordered = filled(areas, infill_angle=45)
    assert (ordered.group == ordered.layer).all()
    free = filled(areas, infill_angle=45, top_pattern="rectilinear")
    assert (free.group == -1).all()
    assert ordered.xy.tobytes() == free.xy.tobytes()


@pytest.mark.parametrize("bottom", np.linspace(2.0, 2.4, 5))
def test_sides_along_the_lines_are_met_between_two_lines(bottom):
    shape = shapely.box(0, 0, 12, 8).difference(shapely.box(3, bottom, 8, 5.3))
    covered, volume = plastic(filled(areas_of([shape], Role.TOP_SURFACE), infill_angle=0))
    assert shapely.area(shape.difference(covered.buffer(0.06))) <= 0.002 * shape.area
    assert volume == pytest.approx(shape.area, rel=1e-6)


@pytest.mark.parametrize("slope", [0.02, 0.05, 0.1, 0.2])
def test_slightly_slanted_sides_leave_no_wedges(slope):
    shape = shapely.Polygon([(0, 0), (20, 20 * slope), (20, 8), (0, 8)])
    covered, _ = plastic(filled(areas_of([shape], Role.TOP_SURFACE), infill_angle=0))
    assert shapely.area(shape.difference(covered.buffer(0.04))) <= 0.004 * shape.area


def test_lines_are_joined_into_zigzags():
    assert len(filled(areas_of([shapely.box(0, 0, 30, 20)], Role.SOLID_INFILL))) == 1
    holed = shapely.box(0, 0, 30, 20).difference(shapely.Point(15, 10).buffer(4))
    assert (filled(areas_of([holed], Role.TOP_SURFACE)).group >= 0).sum() <= 4


@settings(deadline=None, max_examples=25)
@given(shape=shapes(), angle=st.floats(0, 180))
def test_links_stay_inside(shape, angle):
    paths = filled(areas_of([shape], Role.SOLID_INFILL), infill_angle=angle)
    ends, _, _ = segments(paths)
    room = shapely.buffer(shape, -0.1 * SPACING)  # a strip is 0.25 spacings wide at least
    assert shapely.length(shapely.difference(shapely.linestrings(ends), room)).sum() < 1e-3


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0])
def test_bridge_threads_follow_the_given_direction(angle):
    box = shapely.box(0, 0, 30, 12)
    paths = filled(areas_of([box, box], Role.BRIDGE, layer=[0, 1], angle=angle))
    ends, width, _ = segments(paths)
    assert np.allclose(width, 0.4)  # the thread of a 0.4 mm nozzle at full flow
    way = ends[:, 1] - ends[:, 0]
    length = np.hypot(*way.T)
    turn = np.abs((np.rad2deg(np.arctan2(way[:, 1], way[:, 0])) - angle + 90) % 180 - 90)
    assert length[turn < 1e-6].sum() > 0.85 * length.sum()
    threads = shapely.union_all(shapely.linestrings(ends[turn < 1e-6]))
    assert box.buffer(-0.3).difference(threads.buffer(0.215)).area < 0.02 * box.area
    assert set(paths.role) == {Role.BRIDGE}


def test_full_density_closes_sparse_areas():
    shape = shapely.box(0, 0, 20, 15)
    covered, volume = plastic(filled(areas_of([shape], Role.INFILL), infill_density=1.0))
    assert volume == pytest.approx(shape.area, rel=0.02)
    assert shapely.area(shape.difference(covered.buffer(0.04))) <= 0.01 * shape.area
