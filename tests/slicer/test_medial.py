"""Balls and axes: the middle of narrow places, with their width; compiled and uncompiled alike."""

from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box
from toolpaths import uncompiled

from slicer.kernels import balls, polyline
from slicer.ragged import offsets_of, segment_ids
from slicer.tools import medial
from slicer.tools.crew import Crew
from slicer.tools.dots import radii, rings_in, take_dots
from slicer.tools.ends import butted, cut_back
from slicer.tools.medial import axes_through, find_balls, medial_axes, narrow_rows
from slicer.tools.offsets import offset

seeds = st.integers(0, 2**32 - 1)
CREW = Crew(1)
PLAIN = {"balls": uncompiled("balls"), "polyline": uncompiled("polyline")}


def stack(*shapes: object) -> np.ndarray:
    """Return a stack of regions."""
    out = np.empty(len(shapes), object)
    out[:] = shapes
    return out


def blob(seed: int) -> shapely.Polygon:
    """Return a random region with narrow places and a hole."""
    random = np.random.default_rng(seed)
    strips = [
        affinity.rotate(box(0, 0, random.uniform(2, 6), random.uniform(0.2, 1.2)), random.uniform(0, 180))
        for _ in range(4)
    ]
    return shapely.union_all(strips).difference(shapely.Point(random.uniform(-1, 3, 2)).buffer(0.3, 8))


@settings(max_examples=30, deadline=None)
@given(seeds, st.booleans())
def test_balls_fit_and_touch(seed: int, outside: bool) -> None:
    shape, reach = blob(seed), 0.4
    found = find_balls(stack(shape), reach, CREW, outside)
    there = found.radius > 0
    distance = shapely.distance(shapely.boundary(shape), shapely.points(found.centre[there]))
    assert (found.radius <= reach + 1e-9).all()
    assert distance == pytest.approx(found.radius[there], abs=1e-5)
    assert (shapely.contains_xy(shape, *found.centre[there].T) != outside).all()
    assert (found.partner[there] >= 0).all()
    assert narrow_rows(found, 1)[0] == there.any()


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(0.2, 1.0))
def test_where_no_ball_of_full_size_fits_nothing_is_left_at_that_depth(seed: int, reach: float) -> None:
    shapes = stack(blob(seed), box(0, 0, 9, 1.98 * reach), box(0, 0, 9, 1.8 * reach - 0.1))
    roomy = find_balls(shapes, reach, CREW).roomy
    assert shapely.is_empty(offset(shapes, -reach, CREW)[~roomy]).all()
    assert not roomy[2]


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_compiled_and_uncompiled_balls_agree(seed: int) -> None:
    shape = blob(seed)
    found = [find_balls(stack(shape), 0.4, CREW)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(medial, "balls", PLAIN["balls"])
        found.append(find_balls(stack(shape), 0.4, CREW))
    assert found[0].roomy.tolist() == found[1].roomy.tolist()
    ours, plain = axes_of(shape, {"balls": balls, "polyline": polyline}), axes_of(shape, PLAIN)
    for name in ("xy", "width", "offsets", "closed", "owner"):
        assert getattr(ours, name).tolist() == getattr(plain, name).tolist(), name


def axes_of(shape: object, kernels: dict[str, ModuleType]) -> medial.Axes:
    """Return the axes that these kernels find."""
    with pytest.MonkeyPatch.context() as patch:
        for name, kernel in kernels.items():
            patch.setattr(medial, name, kernel)
        return medial_axes(stack(shape), CREW, 0.9)


@pytest.mark.parametrize("width", [0.1, 0.3, 0.8])
@pytest.mark.parametrize("angle", [0, 17, 45, 90])
def test_the_axis_of_a_strip_is_its_middle(width: float, angle: float) -> None:
    strip = affinity.rotate(box(0, 0, 10, width), angle, origin=(0, 0))
    axes = medial_axes(stack(shapely.Polygon(), strip), CREW)
    assert len(axes.closed) == 1
    assert axes.owner.tolist() == [1]
    assert not axes.closed[0]
    assert axes.width == pytest.approx(width, abs=1e-4)
    middle = affinity.rotate(shapely.LineString([(0, width / 2), (10, width / 2)]), angle, origin=(0, 0))
    assert shapely.distance(shapely.points(axes.xy), middle).max() < 1e-4
    assert shapely.LineString(axes.xy).length == pytest.approx(10 - width, abs=0.51)


def test_a_ring_has_one_closed_axis() -> None:
    ring = shapely.Point(0, 0).buffer(5, 64).difference(shapely.Point(0, 0).buffer(4.5, 64))
    axes = medial_axes(stack(ring), CREW, 0.8)
    assert axes.closed.tolist() == [True]
    assert np.hypot(*axes.xy.T) == pytest.approx(4.75, abs=0.01)
    assert axes.width == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("apart", [0.3, 0.4, 0.5, 0.6])
def test_the_axis_of_a_neck_leads_there_and_not_back(apart: float) -> None:
    """Its two ends are as near to each other as those of a ring are."""
    hole = shapely.Point(0, 0).buffer(0.5, 16)
    plate = (
        box(-4, -3, 4, 3)
        .difference(affinity.translate(hole, 0.5 + apart / 2))
        .difference(affinity.translate(hole, -0.5 - apart / 2))
    )
    axes = medial_axes(stack(plate), CREW, 0.8)
    assert len(axes.closed) == 1
    assert not axes.closed.any()


@pytest.mark.parametrize("first", range(6))
@pytest.mark.parametrize("width", [0.5, 1.0, 1.5])
def test_the_axis_goes_around_a_corner(first: int, width: float) -> None:
    """Inside, the bend is a single corner: only from outside is seen what lies around it."""
    corners = np.array([(0, 0), (8, 0), (8, width), (width, width), (width, 8), (0, 8)])
    axes = medial_axes(stack(shapely.Polygon(np.roll(corners, first, axis=0))), CREW, 1.2 * width)
    assert len(axes.closed) == 1
    axis = shapely.LineString(axes.xy)
    middle = shapely.LineString([(width / 2, 7.4), (width / 2, width / 2), (7.4, width / 2)])
    assert shapely.hausdorff_distance(axis.simplify(0.01), middle) < 0.3 * width + 0.5
    assert axis.distance(shapely.Point(0.586 * width, 0.586 * width)) < 0.1


def test_a_taper_has_a_growing_width() -> None:
    axes = medial_axes(stack(shapely.Polygon([(0, 0), (10, 0.5), (10, -0.5)])), CREW)
    order = np.argsort(axes.xy[:, 0])
    assert axes.width[order] == pytest.approx(2 * np.sin(np.arctan(0.05)) * axes.xy[order, 0], abs=0.03)


def test_wide_places_have_no_axis_and_corners_neither() -> None:
    assert len(medial_axes(stack(box(0, 0, 10, 10), box(0, 0, 10, 10).buffer(0.5)), CREW).closed) == 0
    dumbbell = shapely.union_all([box(0, 0, 5, 5), box(4, 2.25, 11, 2.75), box(10, 0, 15, 5)])
    axes = medial_axes(stack(dumbbell), CREW, 1.0)
    assert len(axes.closed) == 1
    assert axes.xy[:, 0].min() == pytest.approx(5, abs=0.3)
    assert axes.xy[:, 0].max() == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("width", [0.7, 1.0, 1.3])
def test_axes_go_straight_on_at_a_crossing(width: float) -> None:
    cross = box(-5, -width / 2, 5, width / 2).union(box(-width / 2, -5, width / 2, 5))
    axes = medial_axes(stack(cross), CREW, 1.5 * width)
    lengths = np.hypot(*(axes.xy[1::2] - axes.xy[::2]).T)
    assert np.diff(axes.offsets).tolist() == [2, 2, 2]  # one passes, the other waits on both sides
    assert sorted(lengths)[2] == pytest.approx(10 - width, abs=0.51)


@pytest.mark.parametrize("width", [0.6, 0.7, 1.0])
@pytest.mark.parametrize("arms", [3, 4])
def test_ends_stop_at_the_edge_of_the_bead_that_passes(width: float, arms: int) -> None:
    across = box(-5, -width / 2, 5, width / 2)
    shape = across.union(box(-width / 2, -5 if arms == 4 else 0, width / 2, 5))
    axes = medial_axes(stack(affinity.rotate(shape, 17, origin=(0, 0))), CREW, 1.3 * width)
    axes = cut_back(axes, butted(axes, np.zeros(1)))
    passing, *waiting = shapely.linestrings(axes.xy, indices=segment_ids(axes.offsets))
    if shapely.length(passing) < 6:
        passing, waiting = waiting[0], [passing, *waiting[1:]]
    assert len(waiting) == arms - 2
    assert shapely.distance(passing, waiting) == pytest.approx(axes.width.max() / 2, abs=0.03)  # it bulges at a T


def test_only_wanted_balls_are_strung_together() -> None:
    found = find_balls(stack(shapely.Polygon([(0, 0), (10, 0.5), (10, -0.5)])), 1.0, CREW)
    axes = axes_through(found, found.radius > 0.25)
    assert axes.width.min() >= 0.5
    assert len(axes_through(found, found.radius > 9).closed) == 0


def test_no_regions_have_no_axes() -> None:
    assert len(medial_axes(stack(), CREW).closed) == 0
    assert len(medial_axes(stack(shapely.Polygon()), CREW).closed) == 0


@given(seeds, st.sampled_from([0.001, 0.01, 0.2]))
def test_thinning_lines_keeps_ends_places_and_widths(seed: int, tolerance: float) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 30, 5)
    points = np.cumsum(random.normal(0, 0.2, (int(sizes.sum()), 3)), axis=0)
    offsets = offsets_of(sizes)
    keeps = []
    for kernel in (polyline, PLAIN["polyline"]):
        keep = np.zeros(len(points), np.int8)
        kernel.simplify_open(points, offsets, tolerance, keep)
        keeps.append(keep.tolist())
    assert keeps[0] == keeps[1]
    for a, b in pairwise(offsets):
        kept = a + np.flatnonzero(keep[a:b])
        assert kept[0] == a
        assert kept[-1] == b - 1
        for low, high in pairwise(kept):
            line = points[high] - points[low]
            share = np.clip((points[low:high] - points[low]) @ line / max(line @ line, 1e-30), 0, 1)
            away = points[low] + share[:, None] * line - points[low:high]
            assert np.sqrt((away**2).sum(axis=1)).max() <= tolerance + 1e-9


def test_steps_of_width_are_small_and_nothing_else_changes() -> None:
    xy = np.array([[0.0, 0], [10, 0], [0, 0], [0, 4], [3, 0]])
    axes = medial.Axes(
        xy, np.array([0.2, 0.7, 0.3, 0.4, 0.3]), np.array([0, 2, 5]), np.array([False, True]), np.array([7, 8])
    )
    steps = medial.stepped(axes)
    assert steps.owner.tolist() == [7, 8]
    for i in range(2):
        width = steps.width[steps.offsets[i] : steps.offsets[i + 1]]
        around = np.append(width, width[0]) if steps.closed[i] else width
        assert np.abs(np.diff(around)).max() <= medial.WIDTH_STEP + 1e-9
        old = shapely.LineString(np.concatenate([xy[2:], xy[2:3]]) if i else xy[:2])
        assert shapely.distance(shapely.points(steps.xy[steps.offsets[i] : steps.offsets[i + 1]]), old).max() < 1e-12
    assert len(steps.xy) == 11 + 5


# ---------------------------------------------------------------- dots


DOTS = {
    "disc": shapely.Point(0, 0).buffer(0.3, 32),
    "square": box(0, 0, 0.5, 0.5),
    "triangle": shapely.Polygon([(0, 0), (0.8, 0), (0.4, 0.7)]),
    "three by one": box(0, 0, 0.9, 0.32),
}


@pytest.mark.parametrize("name", DOTS)
def test_the_ring_in_a_dot_has_its_area(name: str) -> None:
    dot = DOTS[name]
    with Crew(1) as crew:
        rest, dots, row = take_dots(stack(box(0, 0, 9, 9), dot), np.full(2, 0.378), crew)
        rings, gap, of = rings_in(dots, np.full(len(dots), 0.2), crew)
    assert rest[0].equals(box(0, 0, 9, 9))
    assert rest[1].is_empty
    assert row.tolist() == [1]
    assert of.tolist() == [0]
    assert rings[0].length * gap[0] == pytest.approx(dot.area)
    assert gap[0] == pytest.approx(radii(dots)[0], rel=0.12)
    assert dot.contains(rings[0].buffer(gap[0] / 2 - 0.05))


def test_what_is_long_or_large_is_no_dot() -> None:
    regions = stack(box(0, 0, 5, 0.3), box(0, 0, 2, 2), shapely.union_all([box(0, 0, 3, 3), box(5, 5, 5.6, 5.6)]))
    with Crew(1) as crew:
        rest, dots, row = take_dots(regions, np.full(3, 0.378), crew)
    assert row.tolist() == [2]
    assert dots[0].area == pytest.approx(0.6**2)
    assert shapely.area(rest) == pytest.approx([1.5, 4, 9])
