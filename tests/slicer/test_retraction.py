"""Retraction: when, how much, and that what is pulled back is pushed again."""

import numpy as np
import pytest
import shapely
from toolpaths import SQUARE, circle, lengths, line, moves_of, path, plan, segments, together

from gcode.roles import Role
from profiles.schema import RetractionSettings

ISLANDS = together(*(path(circle(3, (x, y)), layer=k) for k in range(3) for x in (0, 20) for y in (0, 20)))
PART = path(SQUARE)


@pytest.mark.parametrize("wipe", [False, True])
@pytest.mark.parametrize("hop", [0.0, 0.4])
@pytest.mark.parametrize("extra", [0.0, 0.1])
def test_pulls_and_pushes_balance(wipe: bool, hop: float, extra: float) -> None:
    settings = RetractionSettings(wipe=wipe, z_hop=hop, unretraction_extra_length=extra)
    moves = moves_of(ISLANDS, retraction=settings)
    level = np.cumsum(np.where(moves.e > 0, moves.e - extra, moves.e))
    bead = moves.role != Role.NONE
    assert np.abs(level[bead]).max() < 1e-9  # never prints while pulled back
    assert level.min() == pytest.approx(-0.8)  # and never pulls twice
    assert level[-1] == pytest.approx(-0.8)  # the last one leaves a dry nozzle
    far = ~bead & (lengths(moves) >= 2.0) & (moves.e == 0)
    far[: np.flatnonzero(bead)[0]] = False  # the way to the first bead
    assert np.allclose(level[far], -0.8)


def test_the_nozzle_is_lifted_between_and_never_while_printing() -> None:
    moves = moves_of(ISLANDS, retraction=RetractionSettings(z_hop=0.4))
    bead, top = moves.role != Role.NONE, plan(3).z_top[moves.layer]
    assert np.allclose(moves.z[bead], top[bead])
    far = ~bead & (lengths(moves) > 2.0)
    far[: np.flatnonzero(bead)[0]] = False
    assert np.allclose((moves.z - top)[far], 0.4)
    assert (np.abs(segments(moves)[:, 1] - segments(moves)[:, 0]).sum(axis=1) * np.diff(moves.z, prepend=0) == 0).all()


def test_wipes_go_back_over_the_bead() -> None:
    settings = RetractionSettings(wipe=True, wipe_length=3.0)
    moves = moves_of(ISLANDS, retraction=settings, gap=0.0)
    wiping = (moves.role == Role.NONE) & (moves.e < 0)
    assert (lengths(moves)[wiping] > 0).all()
    per_wipe = np.bincount(np.cumsum(np.diff(wiping.astype(int), prepend=0) == 1)[wiping], moves.e[wiping])[1:]
    assert np.allclose(per_wipe, -0.8)
    assert lengths(moves)[wiping].sum() == pytest.approx(3.0 * len(per_wipe))
    beads = shapely.union_all(shapely.linestrings(segments(moves)[moves.role != Role.NONE]))
    assert shapely.distance(shapely.linestrings(segments(moves)[wiping]), beads).max() < 1e-9


def test_a_wipe_is_no_longer_than_its_bead() -> None:
    paths = together(line((0, 0), (0.5, 0), Role.TOP_SURFACE), line((20, 0), (30, 0), Role.TOP_SURFACE))
    moves = moves_of(paths, retraction=RetractionSettings(wipe=True))
    wiping = (moves.role == Role.NONE) & (moves.e < 0)
    assert lengths(moves)[wiping].tolist() == pytest.approx([0.5, 2.0])
    assert moves.e[wiping].sum() == pytest.approx(-1.6)


@pytest.mark.parametrize(("distance", "pulls"), [(1.9, 1), (2.0, 2), (2.1, 2)])
def test_only_far_travels_are_retracted(distance: float, pulls: int) -> None:
    paths = together(line((0, 0), (9, 0), Role.TOP_SURFACE), line((9 + distance, 0), (20, 0), Role.TOP_SURFACE))
    assert (moves_of(paths).e < 0).sum() == pulls  # the last one ends the print


@pytest.mark.parametrize(
    ("a", "b", "hidden"),
    [
        (Role.INFILL, Role.INFILL, True),
        (Role.PERIMETER, Role.SOLID_INFILL, True),
        (Role.INFILL, Role.TOP_SURFACE, False),
        (Role.TOP_SURFACE, Role.INFILL, False),
        (Role.INFILL, Role.EXTERNAL_PERIMETER, False),
    ],
)
def test_ooze_inside_the_part_is_hidden(a: Role, b: Role, hidden: bool) -> None:
    first, second = line((2, 2), (2, 8), a, inset=-1), line((8, 8), (8, 2), b, inset=-1)
    assert ((moves_of(together(PART, first, second)).e < 0).sum() == 2) == hidden


def test_a_way_across_the_outer_wall_is_not_hidden() -> None:
    hole = path(circle(1.5, (5, 5))[::-1])
    paths = together(PART, hole, line((2, 4), (2, 5)), line((8, 5), (8, 4)))
    assert (moves_of(paths).e < 0).sum() == 4


def test_without_walls_the_outline_tells_what_is_hidden() -> None:
    paths = together(line((2, 4), (2, 5)), line((8, 5), (8, 4)))
    ring = shapely.difference(shapely.box(0, 0, 10, 10), shapely.Point(5, 5).buffer(1))
    assert (moves_of(paths, outline=shapely.box(0, 0, 10, 10)).e < 0).sum() == 1
    assert (moves_of(paths, outline=ring).e < 0).sum() == 2


def test_layer_changes_retract_when_asked() -> None:
    paths = together(*(line((0, 0), (9, 0), layer=k) for k in range(4)))
    never = RetractionSettings(retract_on_layer_change=False, retraction_min_travel=50)
    assert (moves_of(paths).e < 0).sum() == 4
    assert (moves_of(paths, retraction=never).e < 0).sum() == 1


def test_length_zero_never_retracts() -> None:
    moves = moves_of(ISLANDS, retraction=RetractionSettings(retraction_length=0, wipe=True, z_hop=1))
    assert (moves.e == 0).all()
    assert moves.z.max() == pytest.approx(0.6)
