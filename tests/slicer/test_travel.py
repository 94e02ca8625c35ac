"""Travel: beads drawn as planned, seams' gaps, layer changes, and ways around walls."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from toolpaths import SQUARE, circle, lengths, line, moves_of, path, plan, segments, together, uncompiled

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import TravelSettings
from slicer.nouns import Paths
from slicer.tools import edge_grid

AROUND = TravelSettings(avoid_crossing_walls=True)


@pytest.mark.parametrize("gap", [0.0, 0.15, 1.0])
@pytest.mark.parametrize("radius", [0.3, 5.0])
def test_a_loop_ends_a_gap_before_its_start(gap: float, radius: float) -> None:
    ring = circle(radius, (20, 20), 90)
    moves = moves_of(path(ring), gap=gap)
    bead = moves.role != Role.NONE
    around = np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum()
    assert lengths(moves)[bead].sum() == pytest.approx(around - min(0.4 * gap, around / 10), abs=1e-9)
    assert segments(moves)[bead][0, 0].tolist() == ring[0].tolist()


def test_beads_are_the_paths_and_nothing_else() -> None:
    paths = together(line((1, 1), (9, 1)), line((9, 2), (1, 2)), line((1, 1), (9, 1), layer=1))
    moves = moves_of(paths)
    bead = moves.role != Role.NONE
    assert segments(moves)[bead].tolist() == [[[1, 1], [9, 1]], [[9, 2], [1, 2]], [[1, 1], [9, 1]]]
    assert moves.layer[bead].tolist() == [0, 0, 1]
    assert np.allclose(moves.z[bead], [0.2, 0.2, 0.4])
    assert (moves.e[bead] == 0).all()  # that is the next stage's


def test_widths_of_moves_are_the_mean_of_their_ends() -> None:
    wall = path([[0, 0], [1, 0], [2, 0]], Role.THIN_WALL, closed=False, width=[0.3, 0.5, 0.4])
    moves = moves_of(wall)
    assert np.allclose(moves.width[moves.role == Role.THIN_WALL], [0.4, 0.45])


def test_paths_that_touch_need_no_travel() -> None:
    moves = moves_of(together(line((1, 1), (9, 1)), line((9, 1), (9, 9))))
    assert (moves.role != Role.NONE).tolist() == [False, False, True, True, False]


def test_oddities_draw_nothing() -> None:
    dot = Paths.of([[5.0, 5.0]], [0, 1], role=Role.INFILL, height=0.2, width=0.4)
    same = path([[5.0, 5.0]] * 3)
    assert len(moves_of(Paths.empty())) == 0
    assert (moves_of(together(dot, same)).role == Role.NONE).all()
    doubled = path(np.repeat(SQUARE, 2, axis=0))
    assert (moves_of(doubled).role != Role.NONE).sum() == 4


def test_empty_layers_between_are_climbed_over() -> None:
    moves = moves_of(together(line((1, 1), (9, 1)), line((1, 1), (9, 1), layer=3)), plan(5))
    assert moves.z.tolist()[-1] == pytest.approx(0.8)
    assert np.unique(moves.layer).tolist() == [0, 3]


U = shapely.Polygon([(0, 0), (30, 0), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30)])


def test_ways_around_walls_stay_inside() -> None:
    paths = together(line((5, 20), (5, 28)), line((25, 28), (25, 20)))
    straight, around = (moves_of(paths, outline=U, settings=s) for s in (TravelSettings(), AROUND))

    def way(moves: Moves) -> np.ndarray:
        between = np.flatnonzero(moves.role == Role.INFILL)
        return segments(moves)[between[0] + 1 : between[1]]

    assert not shapely.covers(U, shapely.union_all(shapely.linestrings(way(straight))))
    assert shapely.covers(U, shapely.union_all(shapely.linestrings(way(around))))
    # taut: from (5, 28) past both inner corners, which lie 0.3 mm inside of the outline's
    corners = [(5, 28), (10 - 0.3, 10 - 0.3), (20 + 0.3, 10 - 0.3), (25, 28)]
    assert lengths(around)[around.role == Role.NONE][2:].sum() <= shapely.length(shapely.LineString(corners)) + 0.5
    # infill to infill inside one island: nothing can be seen, so nothing is retracted
    assert (straight.e < 0).sum() == 2
    assert (around.e < 0).sum() == 1


def test_a_long_detour_is_not_worth_it() -> None:
    paths = together(line((5, 20), (5, 28)), line((25, 28), (25, 20)))
    short = TravelSettings(avoid_crossing_walls=True, avoid_crossing_max_detour=1.5)
    moves = moves_of(paths, outline=U, settings=short)
    assert (moves.role == Role.NONE).sum() == (moves_of(paths, outline=U).role == Role.NONE).sum()


def test_another_island_is_reached_straight_and_with_retraction() -> None:
    two = shapely.union_all([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10)])
    moves = moves_of(together(line((5, 2), (5, 8)), line((25, 8), (25, 2))), outline=two, settings=AROUND)
    assert (moves.e < 0).sum() == 2


def test_arms_too_thin_to_travel_in_are_crossed_with_retraction() -> None:
    thin = shapely.LineString([(0, 30), (0, 0), (20, 0), (20, 30)]).buffer(0.25, cap_style="flat", join_style="mitre")
    moves = moves_of(together(line((0, 20), (0, 25)), line((20, 25), (20, 20))), outline=thin, settings=AROUND)
    assert (moves.e < 0).sum() == 2


def test_no_detour_ever_leaves_the_part() -> None:
    """A plate with many holes: each way that was led around stays inside, and most are."""
    rng = np.random.default_rng(5)
    holes = [shapely.Point(x, y).buffer(1.2, quad_segs=4) for x in range(3, 40, 4) for y in range(3, 40, 4)]
    plate = shapely.difference(shapely.box(0, 0, 42, 42), shapely.union_all(holes))
    spots = rng.uniform(1, 41, (200, 2))
    spots = spots[shapely.contains_xy(shapely.buffer(plate, -0.31), *spots.T)]
    paths = together(*(line(tuple(p), tuple(p + [0.01, 0.0])) for p in spots))
    moves = moves_of(paths, outline=plate, settings=AROUND)
    ways = segments(moves)[(moves.role == Role.NONE) & (lengths(moves) > 0)][1:]
    assert shapely.covers(plate, shapely.linestrings(ways)).mean() > 0.98


def test_the_kernel_gives_the_same_uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = together(line((5, 20), (5, 28)), line((25, 28), (25, 20)), line((2, 2), (28, 2)))
    compiled = moves_of(paths, outline=U, settings=AROUND)
    monkeypatch.setattr(edge_grid, "near", uncompiled("near"))
    plain = moves_of(paths, outline=U, settings=AROUND)
    assert (compiled.x == plain.x).all()
    assert (compiled.e == plain.e).all()


def test_the_grid_finds_what_is_near_and_only_in_its_plane() -> None:
    grid = edge_grid.EdgeGrid.of([[0, 0], [5, 5]], [[9, 0], [5, 50]], [0, 1], 2.0)
    edge, distance = grid.nearest([[4.0, 1.0], [5.0, 30.0], [5.0, 30.0], [40.0, 40.0]], [0, 1, 0, 1])
    assert edge.tolist() == [0, 1, -1, -1]
    assert distance[:2].tolist() == [1.0, 0.0]
    crossed = grid.crosses([[4, -3], [4, -3], [4, 20]], [[4, 3], [4, 3], [6, 21]], [0, 1, 1])
    assert crossed.tolist() == [True, False, True]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_grid_agrees_with_looking_at_every_edge(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends, ways = rng.uniform(0, 20, (2, 2, 30, 2))
    planes, plane = rng.integers(0, 2, 30), rng.integers(0, 2, 30)
    grid = edge_grid.EdgeGrid.of(*ends, planes, 2.0)
    edges, asked = (shapely.linestrings(np.stack(pair, axis=1)) for pair in (ends, ways))
    same = planes[None, :] == plane[:, None]
    assert (grid.crosses(*ways, plane) == (shapely.intersects(asked[:, None], edges[None, :]) & same).any(axis=1)).all()
    distance = np.where(same, shapely.distance(shapely.points(ways[0])[:, None], edges[None, :]), np.inf).min(axis=1)
    found, near = grid.nearest(ways[0], plane)
    assert ((found >= 0) == (distance < 1.5)).all()
    assert np.allclose(near[found >= 0], distance[found >= 0])
    apart = np.where(same, shapely.distance(shapely.points(ways[0])[:, None], edges[None, :]), np.inf)
    around = grid.around(ways[0], plane, 1.2, np.arange(30) // 3, 10)
    for asked_one, edge in zip(apart, around, strict=True):
        nearest = asked_one.reshape(10, 3).min(axis=1)
        edge = edge[edge >= 0]
        assert sorted(edge // 3) == np.flatnonzero(nearest <= 1.2).tolist()
        assert np.allclose(asked_one[edge], nearest[edge // 3])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_pairs_of_points_are_those_of_looking_at_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, reach, planes = rng.uniform(0, 3, (20, 2)), rng.uniform(0, 1, 20), rng.integers(0, 3, 20)
    near = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1)) <= reach[:, None] + reach[None, :]
    near &= (planes[:, None] == planes[None, :]) & (np.arange(20)[:, None] < np.arange(20)[None, :])
    i, j = edge_grid.pairs_within(points, reach, planes)
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == [tuple(pair) for pair in np.argwhere(near).tolist()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge_grid, "near", uncompiled("near"))
        assert edge_grid.pairs_within(points, reach, planes)[0].tolist() == i.tolist()
