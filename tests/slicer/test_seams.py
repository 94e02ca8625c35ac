"""Seams: where loops start, and that they follow each other through the layers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toolpaths import L_SHAPE, SQUARE, circle, line, path, points_of, starts, together, uncompiled

from gcode.roles import Role
from profiles.schema import SeamSettings
from slicer import seams as stage
from slicer.kernels import seam
from slicer.nouns import Paths
from slicer.seams import place_seams

ALIGNED, REAR, RANDOM = (SeamSettings(seam_position=p) for p in ("aligned", "rear", "random"))


def tower(shape, layers: int = 60) -> Paths:
    """Return one loop a layer: shape(k)."""
    return together(*(path(shape(k), layer=k) for k in range(layers)))


def test_seams_of_a_cube_stay_in_one_corner() -> None:
    seams = starts(place_seams(tower(lambda k: np.roll(SQUARE, k, axis=0)), ALIGNED, 0.4))
    assert (seams == seams[0]).all()
    assert seams[0].tolist() in SQUARE.tolist()


def test_a_concave_corner_is_preferred() -> None:
    seams = starts(place_seams(tower(lambda k: np.roll(L_SHAPE, k, axis=0)), ALIGNED, 0.4))
    assert (seams == [5.0, 5.0]).all()


@pytest.mark.parametrize("shrink", [0.0, 0.1])
def test_seams_of_cylinder_and_cone_form_a_straight_line(shrink: float) -> None:
    # the vertices turn from layer to layer, the seam must not
    placed = place_seams(tower(lambda k: circle(20 - shrink * k, n=80, turn=0.37 * k)), ALIGNED, 0.4)
    seams = starts(placed)
    angle = np.unwrap(np.arctan2(seams[:, 1], seams[:, 0]))
    assert np.ptp(angle) < np.radians(1.5)
    assert np.hypot(*np.diff(seams, axis=0).T).max() < shrink + 0.1


def test_a_seam_leaves_a_smooth_wall_for_a_corner() -> None:
    round_then_notched = [circle(10, n=80) for _ in range(5)] + [
        np.concatenate([circle(10, n=80)[:-1], [[7.0, -0.5]]]) for _ in range(5)
    ]
    seams = starts(place_seams(tower(lambda k: round_then_notched[k], 10), ALIGNED, 0.4))
    assert np.hypot(*(seams[5:] - [7.0, -0.5]).T).max() < 1e-9


def test_inner_walls_start_beside_the_outer_one() -> None:
    inner = [path(circle(20 - 0.4 * i, turn=i), Role.PERIMETER, inset=i) for i in (1, 2)]
    seams = starts(place_seams(together(path(circle(20)), *inner), ALIGNED, 0.4))
    assert np.hypot(*np.diff(seams, axis=0).T).max() < 0.8


def test_rear_is_the_largest_y_and_one_corner_of_a_straight_back() -> None:
    seams = starts(place_seams(tower(lambda k: np.roll(SQUARE, k, axis=0)), REAR, 0.4))
    assert (seams == [10.0, 10.0]).all()


def test_random_seams_are_spread_and_reproducible() -> None:
    cylinder = tower(lambda k: circle(20, n=7), 300)
    seams = starts(place_seams(cylinder, RANDOM, 0.4))
    assert (seams == starts(place_seams(cylinder, RANDOM, 0.4))).all()
    other = SeamSettings(seam_position="random", seam_seed=2)
    assert (seams != starts(place_seams(cylinder, other, 0.4))).any()
    count, _ = np.histogram(np.arctan2(seams[:, 1], seams[:, 0]), bins=6)
    assert count.min() > 25
    assert count.max() < 80


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 20), st.integers(3, 12), st.integers(0, 4)), min_size=1, max_size=6),
    st.sampled_from(["aligned", "nearest", "rear", "random"]),
)
def test_loops_keep_their_shape(rings: list[tuple[float, int, int]], position: str) -> None:
    paths = together(*(path(circle(r, n=n), layer=k) for r, n, k in rings))
    placed = place_seams(paths, SeamSettings(seam_position=position), 0.4).validate()
    for i in range(len(paths)):
        before, after = points_of(paths, i), points_of(placed, i)
        assert len(after) - len(before) in (0, 1)
        if len(after) > len(before):  # an added vertex lies on the edge that it divides
            a, b, c = after[-1], after[0], after[1]
            assert abs(np.cross(np.append(b - a, 0), np.append(c - a, 0))[2]) < 1e-6
            after = after[1:]
        turn = int(np.argmin(np.abs(before - after[0]).sum(axis=1)))
        assert np.abs(np.roll(before, -turn, axis=0) - after).max() == 0


def test_open_paths_and_loops_that_are_no_walls_stay() -> None:
    paths = together(line((0, 0), (5, 5)), path(SQUARE, Role.INFILL), path(SQUARE, Role.BRIM, island=-1))
    placed = place_seams(paths, RANDOM, 0.4)
    assert (placed.xy == paths.xy).all()
    assert len(place_seams(Paths.empty(), ALIGNED, 0.4)) == 0


def test_widths_move_with_their_vertices() -> None:
    paths = path(L_SHAPE, width=L_SHAPE[:, 0] / 100 + 0.4)
    placed = place_seams(paths, ALIGNED, 0.4)
    assert np.allclose(placed.width, placed.xy[:, 0] / 100 + 0.4)


def test_the_kernel_gives_the_same_uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    rings = [
        path(shape, layer=k, inset=0)
        for k in range(6)
        for shape in (circle(9, (0, k / 3), 15, k), L_SHAPE + [20 + k / 5, 0])
    ]
    paths = together(*rings, path(circle(8.6, n=14), Role.PERIMETER, layer=2))
    compiled = place_seams(paths, ALIGNED, 0.4)
    monkeypatch.setattr(stage, "seam", uncompiled("seam"))
    assert seam is not stage.seam
    plain = place_seams(paths, ALIGNED, 0.4)
    assert (compiled.xy == plain.xy).all()
