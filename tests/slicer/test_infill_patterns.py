"""Sparse infill: the density is what was asked for, layers stack, ends are anchored, nothing leaves the area."""

import numpy as np
import pytest
import shapely
from fill_cases import SPACING, areas_of, blob, filled, segments, shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from solids import beads, centred, extruded, printed

from gcode.roles import Role
from slicer.infill import SPARSE, hold

INSET = (0.5 - 0.25 - float(hold(0.2, np.array(SPACING)))) * SPACING

PATTERNS = sorted(SPARSE)


def length_within(paths, window):
    ends, _, _ = segments(paths)
    return shapely.length(shapely.intersection(shapely.linestrings(ends), window)).sum()


@pytest.mark.parametrize("density", [0.05, 0.15, 0.35, 0.6])
@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p != "gyroid"])
def test_length_times_spacing_is_density_times_area(pattern, density):
    pitch = SPACING / density
    side = 150 * pitch
    paths = filled(areas_of([shapely.box(0, 0, side, side)]), infill_pattern=pattern, infill_density=density)
    window = shapely.box(10 * pitch, 10 * pitch, side - 10 * pitch, side - 10 * pitch)
    if pattern == "concentric":  # away from the middle, where a loop may or may not fit
        window = window.difference(shapely.Point(side / 2, side / 2).buffer(10 * pitch))
    assert length_within(paths, window) * SPACING / window.area == pytest.approx(density, rel=0.02)


@pytest.mark.parametrize("density", [0.1, 0.3, 0.6])
def test_gyroid_has_its_density_averaged_over_a_period_of_heights(density):
    pitch = SPACING / density
    period = 2 * np.pi * 0.39133 * pitch
    layers = np.unique(np.rint(np.linspace(0, period / 0.2, 20, endpoint=False)).astype(int))
    side = 60 * pitch
    box = shapely.box(0, 0, side, side)
    paths = filled(areas_of([box] * len(layers), layer=layers), infill_pattern="gyroid", infill_density=density)
    window = shapely.box(5 * pitch, 5 * pitch, side - 5 * pitch, side - 5 * pitch)
    mean = length_within(paths, window) / len(layers)
    assert mean * SPACING / window.area == pytest.approx(density, rel=0.02)


def test_gyroid_lies_on_its_surface():
    density = 0.2
    unit = 0.39133 * SPACING / density
    for layer in range(0, 60, 7):
        area = areas_of([shapely.box(0, 0, 40, 40)], layer=layer)
        paths = filled(area, infill_pattern="gyroid", infill_density=density, infill_angle=0, infill_anchor_max=0)
        inner = paths.xy[((paths.xy > 1) & (paths.xy < 39)).all(axis=1)]
        x, y = inner.T / unit
        z = 0.2 * (layer + 1) / unit
        value = np.sin(x) * np.cos(y) + np.sin(y) * np.cos(z) + np.sin(z) * np.cos(x)
        assert len(inner) > 100
        assert np.abs(value).max() < 0.02


@pytest.mark.parametrize("pattern", sorted(set(PATTERNS) - {"cubic", "gyroid", "concentric"}))
def test_layers_stack_whatever_their_outline(pattern):
    small, large = blob(8, at=(50, 40)), blob(14, at=(48, 41))
    paths = filled(areas_of([small, large], layer=[0, 2]), infill_pattern=pattern, infill_anchor_max=0)
    ends, _, path = segments(paths)
    lower, upper = (shapely.union_all(shapely.linestrings(ends[paths.layer[path] == k])) for k in (0, 2))
    assert lower.length > 20
    assert lower.difference(upper.buffer(1e-6)).length < 1e-3


def test_cubic_moves_with_height():
    box = shapely.box(0, 0, 60, 60)
    paths = filled(areas_of([box, box], layer=[0, 2]), infill_pattern="cubic", infill_anchor_max=0)
    ends, _, path = segments(paths)
    lower, upper = (shapely.union_all(shapely.linestrings(ends[paths.layer[path] == k])) for k in (0, 2))
    assert lower.hausdorff_distance(upper) > 0.2
    shifted = shapely.affinity.translate(lower, 0, 0)
    assert shifted.difference(upper.buffer(0.4 / np.sqrt(2) + 1e-6)).length < 0.05 * lower.length


def test_rectilinear_turns_by_a_right_angle():
    box = shapely.box(0, 0, 40, 40)
    paths = filled(areas_of([box, box], layer=[0, 1]), infill_angle=30, infill_anchor_max=0)
    ends, _, path = segments(paths)
    way = ends[:, 1] - ends[:, 0]
    angle = np.rad2deg(np.arctan2(way[:, 1], way[:, 0])) % 180
    assert np.allclose(angle[paths.layer[path] == 0], 30)
    assert np.allclose(angle[paths.layer[path] == 1], 120)


@settings(deadline=None, max_examples=25)
@given(shape=shapes(), pattern=st.sampled_from(PATTERNS), density=st.floats(0.05, 0.6))
def test_beads_stay_within_the_area_and_its_overlap(shape, pattern, density):
    paths = filled(areas_of([shape]), infill_pattern=pattern, infill_density=density)
    room = shapely.buffer(shape, -INSET + 1e-3)
    ends, _, _ = segments(paths)
    assert shapely.length(shapely.difference(shapely.linestrings(ends), room)).sum() < 1e-3


def test_neighbouring_lines_are_joined_along_the_border():
    box = shapely.box(0, 0, 40, 40)
    loose = filled(areas_of([box]), infill_anchor_max=0)
    joined = filled(areas_of([box]), infill_anchor_max=20)
    assert len(loose) > 10
    assert len(joined) == 1
    ends, _, _ = segments(loose)
    kept = shapely.union_all(shapely.linestrings(ends))
    assert kept.difference(shapely.LineString(joined.xy).buffer(1e-6)).length < 1e-3


def test_free_ends_are_hooked_to_the_wall():
    box = shapely.box(0, 0, 60, 60)
    paths = filled(areas_of([box]), infill_density=0.05, infill_anchor=2.5, infill_anchor_max=2.5, infill_angle=45)
    long = np.diff(paths.offsets) == 4
    assert long.sum() >= len(paths) - 4  # lines across a corner have less room
    hooks = np.concatenate([paths.xy[paths.offsets[:-1]], paths.xy[paths.offsets[1:] - 1]])[np.tile(long, 2)]
    ends = np.concatenate([paths.xy[paths.offsets[:-1] + 1], paths.xy[paths.offsets[1:] - 2]])[np.tile(long, 2)]
    line = np.hypot(*(ends[: len(ends) // 2] - ends[len(ends) // 2 :]).T)
    assert np.allclose(np.hypot(*(hooks - ends).T), np.tile(np.minimum(2.5, line / 2), 2))


def test_no_arc_of_the_border_is_drawn_twice():
    shape = blob(15).difference(shapely.Point(2, 3).buffer(4))
    paths = filled(areas_of([shape]), infill_pattern="grid", infill_density=0.2)
    border = shapely.buffer(shape, -INSET, join_style="mitre").boundary
    ends, _, _ = segments(paths)
    lines = shapely.linestrings(ends)
    along = lines[shapely.length(shapely.intersection(lines, border.buffer(1e-6))) > 0.99 * shapely.length(lines)]
    assert len(along) > 20
    assert shapely.union_all(along).length == pytest.approx(shapely.length(along).sum(), rel=1e-3)


def test_the_same_bytes_with_any_number_of_workers():
    polygons = [blob(4 + k % 7, at=(20 * (k % 5), 0)) for k in range(60)]
    areas = areas_of(polygons, layer=np.arange(60) // 2, role=np.tile([Role.INFILL, Role.TOP_SURFACE], 30))
    one, many = filled(areas, workers=1), filled(areas, workers=4)
    for name in one.__slots__:
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes()


def test_columns_come_from_the_area():
    areas = areas_of([blob(5), blob(5, at=(30, 0))], layer=[0, 1], role=[Role.SOLID_INFILL, Role.INFILL])
    paths = filled(areas)
    assert set(zip(paths.layer.tolist(), paths.role.tolist(), paths.island.tolist(), strict=True)) == {
        (0, Role.SOLID_INFILL, 0),
        (1, Role.INFILL, 1),
    }
    assert np.allclose(paths.height, 0.2)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_nothing_to_fill(pattern):
    none = areas_of([])
    assert len(filled(none, infill_pattern=pattern)) == 0
    slivers = [shapely.Polygon(), shapely.box(0, 0, 0.05, 30), shapely.box(0, 0, 0.1, 0.1)]
    assert len(filled(areas_of(slivers), infill_pattern=pattern)) == 0
    assert len(filled(areas_of([blob()]), infill_pattern=pattern, infill_density=0)) == 0


@pytest.mark.parametrize("density", [0.2, 1.0])
@pytest.mark.parametrize("shape", [shapely.box(0, 0, 12, 8), shapely.Point(0, 0).buffer(6, 12)])
def test_without_walls_beads_end_at_the_outline(shape, density):
    bare = {"wall_count": 0, "infill_density": density}
    cover = beads(printed(extruded(shape, 1.2), bare), 3).cover
    assert cover.difference(centred(shape).buffer(0.03)).area < 0.05
    assert cover.bounds == pytest.approx(centred(shape).bounds, abs=0.05)


@pytest.mark.parametrize("width", [0.45, 0.65])
@pytest.mark.parametrize("height", [0.1, 0.2])
def test_what_holds_on_to_the_wall_is_hardly_laid_twice(height, width):
    """Less plastic goes into the laps along the wall than the round sides of free beads lack."""
    settings = {"layer_height": height, "first_layer_height": height, "line_width": width, "top_layers": 0}
    laid = beads(printed(extruded(shapely.Point(0, 0).buffer(9, 32), 4.8), settings), round(2.4 / height))
    assert (laid.role == Role.INFILL).any()
    assert laid.volume.sum() / height < 1.01 * laid.cover.area
