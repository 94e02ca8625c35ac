"""Walls: loops at exact distances, turned the right way, and an outer shell without holes."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box
from solids import beads, centred, extruded, printed

from gcode.roles import Role
from profiles.loader import load
from slicer.nouns import LayerPlan, Paths
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows, spacing
from slicer.walls import Islands, make_walls

WIDTH, STEP = 0.45, spacing(0.45, 0.2)


def walled(shapes: list[object], **overrides: object) -> tuple[Paths, Islands, float]:
    """Return what `make_walls` makes of one region a layer; the first layer is like the others."""
    resolved = load(overrides=overrides).settings
    tops = np.arange(1, len(shapes) + 1) * resolved.layers.layer_height
    plan = LayerPlan(tops - resolved.layers.layer_height, tops, tops - resolved.layers.layer_height / 2)
    flows = Flows.resolve(resolved.widths, resolved.machine.nozzle_diameter, resolved.surfaces)
    regions = np.empty(len(shapes), object)
    regions[:] = shapes
    with Crew(1) as crew:
        paths, islands, lost = make_walls(regions, plan, resolved.walls, resolved.slicing, flows, crew)
    return paths.validate(), islands, lost


def ring(paths: Paths, i: int) -> shapely.LinearRing:
    return shapely.LinearRing(paths.xy[paths.offsets[i] : paths.offsets[i + 1]])


def test_a_square_gets_nested_squares_at_exact_distances() -> None:
    paths, islands, lost = walled([box(0, 0, 20, 20)], wall_count=3)
    assert paths.role.tolist() == [Role.EXTERNAL_PERIMETER, Role.PERIMETER, Role.PERIMETER]
    assert paths.inset.tolist() == [0, 1, 2]
    assert paths.closed.all()
    for i, depth in enumerate([WIDTH / 2, WIDTH / 2 + STEP, WIDTH / 2 + 2 * STEP]):
        wanted = box(depth, depth, 20 - depth, 20 - depth)
        assert shapely.Polygon(ring(paths, i)).symmetric_difference(wanted).area < 1e-6
    edge = WIDTH / 2 + 2.5 * STEP
    assert islands.interior[0].symmetric_difference(box(edge, edge, 20 - edge, 20 - edge)).area < 1e-6
    assert lost == 0


def test_the_first_layer_and_the_outer_wall_have_their_own_widths() -> None:
    paths, _, _ = walled([box(0, 0, 20, 20)] * 2, first_layer_line_width=0.6, external_wall_width=0.4, wall_width=0.5)
    width = paths.width[paths.offsets[:-1]]
    assert width.tolist() == [0.6, 0.6, 0.4, 0.5]
    depths = [ring(paths, i).bounds[0] for i in range(4)]
    between = (spacing(0.4, 0.2) + spacing(0.5, 0.2)) / 2
    assert depths == pytest.approx([0.3, 0.3 + spacing(0.6, 0.2), 0.2, 0.2 + between])


def test_solid_lies_to_the_left_of_every_loop() -> None:
    shape = box(0, 0, 20, 20).difference(box(8, 8, 12, 12)).union(box(9.5, 9.5, 10.5, 10.5))
    paths, _, _ = walled([shape, affinity.scale(shape, -1, 1)])
    for i in range(len(paths)):
        loop = ring(paths, i)
        around_hole = shapely.Polygon(loop).contains(shapely.Point(8.2, 8.2)) and loop.length < 60
        around_hole |= shapely.Polygon(loop).contains(shapely.Point(-8.2, 8.2)) and loop.length < 60
        big = loop.length > 60
        if big or shapely.Polygon(loop).area < 1:
            assert loop.is_ccw
        elif around_hole:
            assert not loop.is_ccw


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_loops_keep_their_distance_from_any_outline(seed: int) -> None:
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, 9)) + np.arange(9) * 1e-3
    shape = shapely.Polygon(random.uniform(6, 15, 9)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    if not shape.is_valid or shape.area < 50:
        return
    paths, islands, _ = walled([shape])
    for i in np.flatnonzero(paths.inset >= 0):
        loop = ring(paths, int(i))
        depth = WIDTH / 2 + STEP * paths.inset[i]
        vertices = shapely.distance(shapely.points(np.asarray(loop.coords)), shape.exterior)
        assert vertices.min() >= depth - 0.06  # where a tip was cut
        assert np.median(vertices) <= depth * 1.02 + 0.01
        assert shape.contains(loop)
    assert islands.interior[0].difference(shape.buffer(-(WIDTH / 2 + 1.5 * STEP) + 0.06)).area < 0.05


def test_like_islands_get_like_walls_in_every_layer() -> None:
    shape = box(0, 0, 20, 20).difference(box(5, 5, 5.5, 15))
    one, _, _ = walled([shape, box(0, 0, 5, 5)])
    many, islands, _ = walled([shape, box(0, 0, 5, 5), shape, shape])
    assert len(islands.layer) == 4
    for k in (2, 3):
        mine, first = many.layer == k, one.layer == 0
        assert many.role[mine].tolist() == one.role[first].tolist()
        assert many.xy[np.repeat(mine, np.diff(many.offsets))].tolist() == (
            one.xy[np.repeat(first, np.diff(one.offsets))].tolist()
        )
        assert (many.island[mine] == k).all()


def test_no_walls_leave_the_whole_island_to_the_infill() -> None:
    paths, islands, lost = walled([box(0, 0, 5, 5)], wall_count=0)
    assert len(paths) == 0
    assert islands.interior[0].equals(box(0, 0, 5, 5))
    assert lost == 0


def test_empty_layers_are_normal() -> None:
    paths, islands, _ = walled([shapely.Polygon(), box(0, 0, 5, 5), shapely.MultiPolygon()])
    assert set(paths.layer.tolist()) == {1}
    assert islands.layer.tolist() == [1]
    nothing, islands, _ = walled([shapely.Polygon()])
    assert len(nothing) == len(islands.layer) == 0


SHAPES = {
    "plate with holes": box(0, 0, 20, 12).difference(
        shapely.union_all([shapely.Point(4 + 4 * i, 6).buffer(0.4 + 0.35 * i) for i in range(4)])
    ),
    "comb": shapely.union_all([box(0, 0, 20, 3), *(box(2.2 * i, 0, 2.2 * i + 0.3 + 0.15 * i, 9) for i in range(9))]),
    "cross": box(-8, -0.6, 8, 0.6).union(box(-0.6, -8, 0.6, 8)),
    "ring": shapely.Point(0, 0).buffer(6, 32).difference(shapely.Point(0.3, 0).buffer(4.9, 32)),
    "star": shapely.Polygon(
        [((4, 9)[i % 2] * np.cos(i * np.pi / 6), (4, 9)[i % 2] * np.sin(i * np.pi / 6)) for i in range(12)]
    ),
    "wedge": shapely.Polygon([(0, 0), (20, 1.5), (20, -1.5)]),
    "spiral": shapely.LineString(
        [(0.35 * a * np.cos(a), 0.35 * a * np.sin(a)) for a in np.linspace(4, 20, 160)]
    ).buffer(0.55, cap_style="flat"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_outer_shell_has_no_holes_and_nothing_is_laid_outside(name: str) -> None:
    shape = centred(SHAPES[name])
    result = printed(extruded(SHAPES[name], 1.2))
    found = beads(result, 4)
    shell = shape.difference(shape.buffer(-0.8))
    shell = shell.intersection(shape.buffer(-0.1).buffer(0.1))  # less the very tips
    bare = shell.difference(found.cover.buffer(0.02))
    assert bare.area <= 0.006 * shell.area
    assert max((hole.area for hole in shapely.get_parts(bare)), default=0) < 0.08
    assert found.cover.difference(shape.buffer(0.06)).area <= 1e-3 * shape.area


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("thin", [True, False])
def test_plastic_is_not_laid_twice(name: str, thin: bool) -> None:
    found = beads(printed(extruded(SHAPES[name], 1.2), {"infill_density": 1.0, "thin_walls": thin}), 4)
    assert found.volume.sum() / 0.2 <= 1.03 * found.cover.area
