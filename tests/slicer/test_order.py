"""Order: a permutation that respects islands, walls, phases and groups, with short ways between."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toolpaths import SQUARE, circle, line, path, points_of, starts, together, travel_length, uncompiled

from gcode.roles import Role
from profiles.schema import InfillSettings, SeamSettings, WallSettings
from slicer import order as stage
from slicer.nouns import Paths
from slicer.order import order

INNER, OUTER = WallSettings(), WallSettings(wall_order="outer-first")


def ordered(paths: Paths, walls: WallSettings = INNER, infill_first: bool = False, seam: str = "aligned") -> Paths:
    """Return the validated order."""
    return order(paths, walls, InfillSettings(infill_first=infill_first), SeamSettings(seam_position=seam)).validate()


def shape_of(paths: Paths, i: int) -> tuple[object, ...]:
    """Return what a path is, whatever its direction and, for a loop, its start."""
    xy = points_of(paths, i).tolist()
    edges = list(zip(xy, xy[1:] + xy[:1] if paths.closed[i] else xy[1:], strict=False))
    return (
        int(paths.layer[i]),
        int(paths.role[i]),
        int(paths.island[i]),
        int(paths.group[i]),
        str(sorted(sorted(edge) for edge in edges)),
    )


def random_paths(seed: int, n: int, layers: int = 1, role: Role = Role.INFILL) -> Paths:
    """Return short lines scattered over a square of 100 mm."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, 100, (n, 2))
    xy = np.stack([a, a + rng.normal(0, 2, (n, 2))], axis=1).reshape(-1, 2)
    return Paths.of(
        xy, np.arange(n + 1) * 2, layer=np.sort(rng.integers(0, layers, n)), role=role, height=0.2, width=0.4
    )


@st.composite
def jobs(draw: st.DrawFn) -> Paths:
    """Return layers of lines, loops and groups in several islands."""
    pieces = []
    for k in range(draw(st.integers(1, 3))):
        for i in range(draw(st.integers(0, 12))):
            role = draw(st.sampled_from([Role.EXTERNAL_PERIMETER, Role.PERIMETER, Role.INFILL, Role.TOP_SURFACE]))
            at = draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))
            island = draw(st.integers(-1, 2))
            columns = {"layer": k, "island": island, "group": draw(st.sampled_from([-1, -1, i // 3]))}
            if draw(st.booleans()):
                pieces.append(path(circle(0.5, at, 5), role, **columns))
            else:
                bent = [at, (at[0] + 1.0, at[1] + 0.5), (at[0] + 1.0, at[1] + 2.0)]
                pieces.append(path(bent, role, closed=False, **columns))
    return together(*pieces)


@settings(max_examples=80, deadline=None)
@given(jobs(), st.sampled_from([INNER, OUTER]), st.booleans(), st.sampled_from(["aligned", "nearest"]))
def test_the_same_beads_are_drawn(paths: Paths, walls: WallSettings, infill_first: bool, seam: str) -> None:
    after = ordered(paths, walls, infill_first, seam)
    assert sorted(shape_of(paths, i) for i in range(len(paths))) == sorted(
        shape_of(after, i) for i in range(len(after))
    )
    # each island of a layer is printed in one go, islands -1 before the others
    for k in np.unique(after.layer):
        island = after.island[after.layer == k]
        runs = island[np.flatnonzero(np.diff(island, prepend=-9) != 0)]
        assert len(runs) == len(set(runs.tolist()))
        assert -1 not in runs[1:]


@settings(max_examples=40, deadline=None)
@given(jobs())
def test_groups_stay_together_in_order_and_direction(paths: Paths) -> None:
    after = ordered(paths)
    rows = np.flatnonzero(paths.group >= 0)
    for i in rows[:-1]:
        j = i + 1
        same = all(getattr(paths, name)[i] == getattr(paths, name)[j] for name in ("group", "layer", "island"))
        if same and paths.group[j] >= 0:
            both = np.concatenate([points_of(paths, i), points_of(paths, j)])
            size = len(both)
            runs = [after.xy[o : o + size] for o in after.offsets[:-1]]
            assert any(len(run) == size and (run == both).all() for run in runs)


@pytest.mark.parametrize("n", [5, 60, 800])
def test_ways_get_shorter(n: int) -> None:
    paths = random_paths(n, n)
    after = ordered(paths)
    assert travel_length(after) < travel_length(paths)
    # a shortest tour of random points is about 0.71 sqrt(n A); doors at both ends only help
    assert travel_length(after) < 80 * np.sqrt(n) + 60


def test_a_good_order_is_not_made_worse() -> None:
    comb = together(*(line((i % 2 * 10.0, i), (10.0 - i % 2 * 10.0, i)) for i in range(30)))
    assert travel_length(ordered(comb)) == pytest.approx(travel_length(comb))


def test_layers_start_where_the_one_below_ended() -> None:
    lines = [line((x, 0), (x, 10), layer=k) for k in range(6) for x in (0.0, 1.0, 2.0)]
    assert travel_length(ordered(together(*lines))) == pytest.approx(2 * 6)


@pytest.mark.parametrize(("walls", "insets"), [(INNER, [2, 1, 0]), (OUTER, [0, 1, 2])])
def test_walls_of_a_stack_follow_the_wall_order(walls: WallSettings, insets: list[int]) -> None:
    centres = [(0.0, 0.0), (30.0, 0.0), (60.0, 0.0)]
    rings = [
        path(circle(5 - 0.4 * i, c), Role.PERIMETER if i else Role.EXTERNAL_PERIMETER, inset=i)
        for i in range(3)
        for c in centres
    ]
    after = ordered(together(*rings), walls)
    assert after.inset.tolist() == insets * 3  # one stack after the other: holes are not visited twice


@pytest.mark.parametrize(("walls", "last"), [(INNER, [0, 0]), (OUTER, [1])])
def test_walls_that_merge_are_one_stack(walls: WallSettings, last: list[int]) -> None:
    # two holes so near that their second wall is common
    holes = [path(circle(3, (x, 0))[::-1]) for x in (0.0, 7.0)]
    common = path(circle(7.3, (3.5, 0), 90)[::-1] * [1.0, 0.5], Role.PERIMETER)
    after = ordered(together(*holes, common), walls)
    assert after.inset[-len(last) :].tolist() == last


@pytest.mark.parametrize(
    ("first", "roles"),
    [
        (False, [Role.BRIM, Role.PERIMETER, Role.EXTERNAL_PERIMETER, Role.INFILL, Role.TOP_SURFACE]),
        (True, [Role.BRIM, Role.INFILL, Role.PERIMETER, Role.EXTERNAL_PERIMETER, Role.TOP_SURFACE]),
    ],
)
def test_roles_of_an_island_have_their_turn(first: bool, roles: list[Role]) -> None:
    paths = together(
        line((2, 2), (3, 3), Role.TOP_SURFACE),
        line((3, 3), (4, 4), Role.INFILL),
        path(SQUARE),
        path(SQUARE * 0.9 + 0.5, Role.PERIMETER),
        path(SQUARE * 3, Role.BRIM, island=-1),
    )
    assert ordered(paths, infill_first=first).role.tolist() == roles


def test_nearest_seams_start_where_the_tool_comes_from() -> None:
    paths = together(line((12, 10), (11, 10), Role.SKIRT, island=-1), path(SQUARE))
    assert starts(ordered(paths, seam="nearest"))[1].tolist() == [10.0, 10.0]
    assert starts(ordered(paths))[1].tolist() == [0.0, 0.0]


def test_objects_keep_their_islands_apart() -> None:
    at = [(0.0, 0.0), (50.0, 0.0), (1.0, 0.0), (51.0, 0.0)]
    paths = together(*(line(a, (a[0], 9.0), object=i % 2) for i, a in enumerate(at)))
    assert ordered(paths).object.tolist() == [0, 0, 1, 1]


def test_the_kernel_gives_the_same_uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    holes = [path(circle(1, (x, y), 6)) for x in range(0, 24, 3) for y in range(0, 18, 3)]
    paths = together(random_paths(3, 120, 2), *holes)
    compiled = [ordered(paths, seam=seam) for seam in ("aligned", "nearest")]
    monkeypatch.setattr(stage, "order_tour", uncompiled("order_tour"))
    for seam, expected in zip(("aligned", "nearest"), compiled, strict=True):
        assert (ordered(paths, seam=seam).xy == expected.xy).all()


def test_nothing_to_order() -> None:
    assert len(ordered(Paths.empty())) == 0


def test_a_tiny_cluster_far_away_is_reached_at_once() -> None:
    """Rings of grid cells around the tool end with the grid, however many cells lie between."""
    specks = [line((100 + 1e-6 * i, 100), (100 + 1e-6 * i, 100 + 1e-6), Role.INFILL) for i in range(80)]
    paths = together(line((0, 0), (1, 0), Role.SKIRT, island=-1), *specks)
    assert len(ordered(paths)) == len(paths)
