"""Offsets: what the edges sweep over, taken away or added; GEOS is asked whether that is right."""

import numpy as np
import pytest
import shapely
from fill_cases import blob, shapes, uncompiled
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from slicer.tools import offsets, polygons
from slicer.tools.crew import Crew
from slicer.tools.offsets import moved, offset

distances = st.one_of(st.floats(0.02, 1.5), st.floats(-1.5, -0.02))


def stack(*polygons: object) -> np.ndarray:
    """Return a stack of regions."""
    out = np.empty(len(polygons), object)
    out[:] = polygons
    return out


def by_geos(shape: object, inwards: float) -> shapely.Geometry:
    """Return the offset that GEOS makes."""
    return shapely.buffer(shape, -inwards, join_style="mitre", mitre_limit=2.0)


@settings(deadline=None, max_examples=100)
@given(shape=shapes(), inwards=distances)
def test_moved_vertices_are_the_offset(shape: shapely.Polygon, inwards: float) -> None:
    made, sure = moved(stack(shape), np.array([inwards]))
    if sure[0]:
        apart = shapely.distance(shapely.boundary(shape), shapely.points(shapely.get_coordinates(made[0])))
        assert apart.min() > abs(inwards) - 1e-6  # never nearer, where GEOS leaves out what it finds unimportant
        # of which there is, after GEOS, at most a hundredth of the distance all along
        difference = shapely.symmetric_difference(made[0], by_geos(shape, inwards))
        assert difference.area < 0.01 * abs(inwards) * shape.length


@settings(deadline=None, max_examples=60)
@given(shape=shapes(), other=shapes(), inwards=distances)
def test_every_offset_is_made(shape: shapely.Polygon, other: shapely.Polygon, inwards: float) -> None:
    both = shapely.union(shape, shapely.affinity.translate(other, 16, 3))
    with Crew(1) as crew:
        made = offset(stack(both, shapely.Polygon(), shape), -inwards, crew)
    assert shapely.is_valid(made).all()
    assert shapely.symmetric_difference(made[0], by_geos(both, inwards)).area < 0.01 * abs(inwards) * both.length
    assert shapely.is_empty(made[1])


def test_lines_that_an_overlay_left_are_nothing() -> None:
    mixed = shapely.GeometryCollection([box(0, 0, 5, 5), shapely.LineString([(7, 0), (7, 5)])])
    with Crew(1) as crew:
        made = offset(stack(mixed, box(0, 0, 5, 5)), -1.0, crew)
    assert made[0].equals(made[1])
    assert made[1].equals(box(1, 1, 4, 4))


def test_corners_that_are_rounded_off_finely_come_together() -> None:
    plate = box(0, 0, 20, 10).buffer(-0.3).buffer(0.3, quad_segs=16)
    made, sure = moved(stack(plate), np.array([0.5]))
    assert sure[0]
    assert made[0].symmetric_difference(box(0.5, 0.5, 19.5, 9.5)).area < 1e-6


def test_holes_and_parts_stay_what_they_are() -> None:
    plate = box(0, 0, 30, 30)
    plate = plate.difference(shapely.union_all([shapely.Point(3 * i + 1.5, 15).buffer(0.5) for i in range(10)]))
    two = shapely.MultiPolygon([blob(), shapely.affinity.translate(blob(), 100, 0)])
    made, sure = moved(stack(plate, blob(), shapely.Polygon(), two), np.full(4, 0.1))
    assert sure.all()
    assert shapely.get_num_interior_rings(shapely.get_parts(made[0])).tolist() == [10]
    assert shapely.get_num_geometries(made).tolist() == [1, 1, 0, 2]


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        (shapely.Polygon([(0, 0), (10, 0), (10, 4), (5.05, 0.15), (0, 4)]), 2),  # falls apart at the neck
        (box(0, 0, 9, 9).difference(box(0.1, 1, 8, 8)), 1),  # the hole reaches the border
        (shapely.Polygon([(0, 0), (9, 0), (9, 5), (5, 5), (4.8, 0.3), (4.6, 5), (0, 5)]), 2),  # a slot's narrow end
        (box(0, 0, 0.39, 5), 0),  # narrower than both its sides sweep over
        (box(0, 0, 0.4, 5), 0),
        (box(0, 0, 0.41, 5), 1),
        (box(0, 0, 9, 9).difference(box(4.3, 4.3, 4.7, 4.7)), 1),  # the hole's edges move as far as it is wide
    ],
)
def test_parts_meet_fall_apart_and_vanish(shape: shapely.Polygon, parts: int) -> None:
    [made], sure = moved(stack(shape), np.array([0.2]))
    assert sure[0]
    assert shapely.get_num_geometries(made) == parts
    assert made.symmetric_difference(by_geos(shape, 0.2)).area < 1e-5


@pytest.mark.parametrize("inwards", [0.25, 0.5, 0.75, 1.0, -0.25, -0.5, -1.0])
def test_sides_that_come_to_lie_in_each_other_are_decided_somehow(inwards: float) -> None:
    comb = shapely.union_all([box(0, 0, 20, 1), *(box(2 * i, 0, 2 * i + 1, 4 + i % 3) for i in range(10))])
    with Crew(1) as crew:
        [made] = offset(stack(comb), -inwards, crew)
    assert shapely.is_valid(made)
    assert made.symmetric_difference(by_geos(comb, inwards)).area < 1e-3


def test_an_outline_that_shrinks_to_nothing_is_not_turned_inside_out() -> None:
    for corners in (3, 4, 5, 8):
        turns = np.arange(corners) * 2 * np.pi / corners
        shape = shapely.Polygon(np.column_stack([np.cos(turns), np.sin(turns)]))
        inner = np.cos(np.pi / corners)
        for share in (0.5, 0.99, 1.01, 1.5, 2.0, 3.0):
            [made], sure = moved(stack(shape), np.array([share * inner]))
            assert sure[0]
            assert shapely.is_empty(made) == (share > 1), (corners, share)


@settings(deadline=None, max_examples=20)
@given(shape=shapes(), inwards=distances)
def test_the_kernels_say_the_same_uncompiled(shape: shapely.Polygon, inwards: float) -> None:
    compiled, sure = moved(stack(shape), np.array([inwards]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offsets, "sweep", uncompiled("sweep"))
        patch.setattr(polygons, "strands", uncompiled("strands"))
        interpreted, too = moved(stack(shape), np.array([inwards]))
    assert sure.tolist() == too.tolist()
    assert shapely.to_wkb(compiled).tolist() == shapely.to_wkb(interpreted).tolist()


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_sharp_corners_that_grow_are_cut_off_at_twice_the_distance(width: float) -> None:
    spike = shapely.Polygon([(0, 0), (10, -width), (10, width)])
    made, sure = moved(stack(spike), np.array([-0.3]))
    assert sure[0]
    assert made[0].bounds[0] == pytest.approx(-0.6)
    assert made[0].symmetric_difference(by_geos(spike, -0.3)).area < 1e-6
