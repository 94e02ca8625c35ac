"""Shapes nobody drew for us: what a slicer drops, or lays twice, where a part is rugged."""

import numpy as np
import pytest
import shapely
from shapely import affinity, box
from solids import beads, centred, extruded, printed

from slicer.errors import InputRefused

SOLID = {"infill_density": 1.0, "skirt_loops": 0}


def bare(region: shapely.Geometry, cover: shapely.Geometry) -> float:
    """Return the area (mm2) of the largest spot that no bead covers."""
    left = centred(region).difference(cover.buffer(0.03))
    return max((spot.area for spot in shapely.get_parts(left)), default=0.0)


@pytest.mark.parametrize("wide", [0.5, 0.6, 0.7])
@pytest.mark.parametrize("far", [0.3, 0.5, 0.8, 2.0])
def test_raised_strokes_on_a_side_are_printed(wide: float, far: float) -> None:
    wall = box(0, 0, 12, 4)
    region = wall.union(box(6 - wide / 2, -far, 6 + wide / 2, 0))
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert bare(region, found.cover) < 0.06
    assert found.cover.difference(centred(region).buffer(0.06)).area < 1e-3


def koch(corners: list[complex], depth: int) -> list[complex]:
    """Return Koch's snowflake, grown inwards, of a counter-clockwise outline."""
    for _ in range(depth):
        sides = zip(corners, corners[1:] + corners[:1], strict=True)
        third = [(a, (b - a) / 3) for a, b in sides]
        corners = [p for a, d in third for p in (a, a + d, a + d + d * np.exp(1j * np.pi / 3), a + 2 * d)]
    return corners


def test_an_inward_snowflake_keeps_its_knots() -> None:
    outline = [-15 - 9j, 15 - 9j, 17j]
    region = shapely.make_valid(shapely.Polygon([(p.real, p.imag) for p in koch(outline, 4)]))
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert bare(region, found.cover) < 0.3  # what is left between beads; a knot that is lost is 1.1
    assert found.volume.sum() == pytest.approx(0.2 * region.area, rel=0.05)


def test_a_knot_on_a_thin_wall_is_filled() -> None:
    knots = [shapely.Point(x, 0).buffer(0.36, 2) for x in (2, 5, 8)]
    region = shapely.union_all([box(0, -0.14, 10, 0.14), *knots])
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert bare(region, found.cover) < 0.06


def test_gap_fill_does_not_run_across_walls() -> None:
    pitch, radii = 2.0, (0.24, 0.35, 0.46, 0.52)
    holes = [
        affinity.translate(shapely.Point(0, 0).buffer(radii[(3 * i + j) % 4], 4), pitch * i, pitch * j)
        for i in range(7)
        for j in range(7)
    ]
    region = box(-2, -2, 14, 14).difference(shapely.union_all(holes))
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert found.volume.sum() < 0.2 * region.area * 1.02


def standing_on_a_tip(slope: float) -> tuple[list[tuple[float, float, float]], list[tuple[int, int, int]]]:
    """Return a pyramid upside down, 8 mm high and `slope` mm wider per mm."""
    r = 4 * slope
    corners = [(0, 0, 0), (-r, -r, 8), (r, -r, 8), (r, r, 8), (-r, r, 8)]
    return corners, [(0, 2, 1), (0, 3, 2), (0, 4, 3), (0, 1, 4), (1, 2, 3), (1, 3, 4)]


def test_what_stands_on_a_tip_is_refused_by_name() -> None:
    with pytest.raises(InputRefused, match="stands on a tip"):
        printed(standing_on_a_tip(0.3))


def test_a_blunter_tip_is_printed_and_told() -> None:
    told = printed(standing_on_a_tip(1.2)).summary.warnings
    assert any("nothing is printed between z = 0 and 0.2 mm" in one for one in told)


def test_where_loops_and_single_beads_meet_plastic_is_laid_once() -> None:
    """The walls of a honeycomb are about as wide as the limit between the two: some get a loop, some one bead."""
    cell = shapely.Polygon([(2.1 * np.cos(a), 2.1 * np.sin(a)) for a in np.arange(6) * np.pi / 3])
    cells = [affinity.translate(cell, 3.8 * i, 4.4 * j + 2.2 * (i % 2)) for i in range(5) for j in range(4)]
    region = box(-3, -3, 18, 18).difference(shapely.union_all(cells))
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert bare(region, found.cover) < 0.1
    assert found.cover.difference(centred(region).buffer(0.06)).area < 0.05
    assert found.volume.sum() < 0.2 * region.area * 1.02


@pytest.mark.parametrize("turn", [0.0, 20.0])
def test_pockets_between_holes_are_closed(turn: float) -> None:
    """Stars with four short arms, hardly wider than a bead, have neither a middle line nor room for a zigzag."""
    holes = [
        shapely.Point(3 * i, 3 * j).buffer(0.6 + 0.04 * ((7 * i + 3 * j) % 10), 8) for i in range(5) for j in range(5)
    ]
    region = affinity.rotate(box(-3, -3, 15, 15).difference(shapely.union_all(holes)), turn, origin=(0, 0))
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert bare(region, found.cover) < 0.15
    assert found.volume.sum() < 0.2 * region.area * 1.02


@pytest.mark.parametrize("wall", [0.4, 0.65])
def test_walls_that_cross_are_laid_once(wall: float) -> None:
    cells = [box(x, y, x + 1.5, y + 1.5) for x in np.arange(6) * (1.5 + wall) for y in np.arange(6) * (1.5 + wall)]
    grid = shapely.union_all([shapely.buffer(cell, wall, join_style="mitre") for cell in cells])
    region = grid.difference(shapely.union_all(cells))
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    assert bare(region, found.cover) < 0.1  # at the outer corners
    assert found.volume.sum() == pytest.approx(0.2 * region.area, rel=0.04)


@pytest.mark.parametrize("rib", [1.2, 1.4])
def test_gaps_meet_where_ribs_do(rib: float) -> None:
    """Ribs of three beads side by side: the middle one goes on around the joint."""
    arms = [affinity.rotate(box(0, -rib / 2, 6, rib / 2), turn, origin=(0, 0)) for turn in (0, 120, 240)]
    region = shapely.union_all(arms)
    assert bare(region, beads(printed(extruded(region, 0.8), SOLID), 2).cover) < 0.03


@pytest.mark.parametrize("nozzle", [0.4, 0.6])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_gap_fill_reaches_into_corners_and_knobs(nozzle: float, turn: int) -> None:
    """Between the loops of a post at a window is room for a bead that turns, and widens where the post does."""
    post = shapely.union_all([box(0, 0, 10, 2.15), box(9, -2.8, 11.1, 2.15), box(8.8, -3, 11.1, -1.2)])
    region = affinity.scale(affinity.rotate(post, turn), nozzle / 0.6, nozzle / 0.6)
    settings = SOLID | {"nozzle_diameter": nozzle, "line_width": 1.125 * nozzle}
    assert bare(region, beads(printed(extruded(region, 0.8), settings), 2).cover) < 0.4 * nozzle**2
