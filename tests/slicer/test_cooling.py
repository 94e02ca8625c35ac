"""Cooling: every layer gets its time or goes as slow as it may, and the fan follows."""

import numpy as np
import pytest
from toolpaths import circle, lengths, line, moves_of, path, together

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import CoolingSettings, FilamentSettings, LimitSettings, RetractionSettings, SpeedSettings
from slicer.cooling import cooling
from slicer.extrusion import extrusion
from slicer.nouns import Paths
from slicer.speeds import speeds


def cooled(paths: Paths, **settings: float) -> tuple[Moves, Moves]:
    """Return the validated moves before and after cooling."""
    moves = extrusion(moves_of(paths), FilamentSettings())
    plain = SpeedSettings(first_layer_speed=0, small_wall_length=0)
    moves = speeds(moves, plain, FilamentSettings(), RetractionSettings(), LimitSettings())
    return moves, cooling(moves, CoolingSettings(**settings)).validate()


def layer_times(moves: Moves) -> np.ndarray:
    """Return the seconds of each layer."""
    along, up = lengths(moves), np.abs(np.diff(moves.z, prepend=0))
    way = np.where(along > 0, along, np.where(up > 0, up, np.abs(moves.e)))
    return np.bincount(moves.layer, way / moves.speed)


def layer(k: int, size: float) -> Paths:
    """Return a wall pair and some infill."""
    return together(
        path(circle(size - 0.4), Role.PERIMETER, layer=k),
        path(circle(size), layer=k),
        line((-size / 2, 0), (size / 2, 0), layer=k),
    )


TOWER = together(*(layer(k, size) for k, size in enumerate([4.0, 6.0, 10.0, 40.0, 1.0])))


def test_quick_layers_reach_the_time_or_the_floor() -> None:
    before, after = cooled(TOWER, min_layer_time=10, min_print_speed=10)
    old, new = layer_times(before), layer_times(after)
    assert new[old >= 10].tolist() == old[old >= 10].tolist()
    slow = np.array([after.speed[(after.layer == k) & (after.role != Role.NONE)].max() for k in range(5)])
    reached, floored = np.isclose(new, 10), np.isclose(slow, 10)
    assert (reached | floored)[old < 10].all()
    assert reached.any()
    assert floored.any()
    assert (old < 10).sum() == 4
    assert after.speed[after.role != Role.NONE].min() >= 10 - 1e-9


def test_outer_walls_are_slowed_last() -> None:
    before, after = cooled(layer(0, 6.0), min_layer_time=2.2, min_print_speed=5)
    outer, inner = (after.role == r for r in (Role.EXTERNAL_PERIMETER, Role.PERIMETER))
    assert layer_times(after)[0] == pytest.approx(2.2)
    assert after.speed[outer].tolist() == before.speed[outer].tolist()
    assert (after.speed[inner] < before.speed[inner]).all()


def test_slowing_is_proportional() -> None:
    before, after = cooled(layer(0, 6.0), min_layer_time=2.2, min_print_speed=1)
    slowed = np.isin(after.role, [Role.PERIMETER, Role.INFILL])
    assert np.ptp((after.speed / before.speed)[slowed]) < 1e-9


def test_travels_and_bridges_keep_their_speed() -> None:
    paths = together(layer(0, 6.0), line((0, 1), (5, 1), Role.BRIDGE))
    before, after = cooled(paths, min_layer_time=60)
    steady = np.isin(after.role, [Role.NONE, Role.BRIDGE])
    assert after.speed[steady].tolist() == before.speed[steady].tolist()


def test_zero_never_slows() -> None:
    before, after = cooled(TOWER, min_layer_time=0)
    assert after.speed.tolist() == before.speed.tolist()


def fans(moves: Moves) -> list[float]:
    """Return the fan over the infill of each layer."""
    return moves.fan[moves.role == Role.INFILL].tolist()


def test_the_fan_ramps_up() -> None:
    tower = together(*(layer(k, 6.0) for k in range(7)))
    _, after = cooled(tower, fan_min=0.5, fan_max=0.5, fan_off_layers=2, fan_full_layer=6)
    assert fans(after) == pytest.approx([0, 0, 0.125, 0.25, 0.375, 0.5, 0.5])


def test_the_fan_follows_the_layer_time() -> None:
    quick = {"fan_min": 0.2, "fan_max": 0.8, "fan_off_layers": 0, "fan_full_layer": 0}
    before, after = cooled(TOWER, min_layer_time=2, fan_below_layer_time=8, **quick)
    share = np.clip((8 - layer_times(before)) / 6, 0, 1)
    assert fans(after) == pytest.approx((0.2 + 0.6 * share).tolist())
    assert max(fans(after)) == pytest.approx(0.8)
    assert min(fans(after)) == pytest.approx(0.2)


def test_bridges_have_their_own_fan_and_travels_that_of_the_next_bead() -> None:
    paths = together(layer(0, 6.0), line((0, 1), (5, 1), Role.BRIDGE))
    _, after = cooled(paths, fan_min=0.3, fan_max=0.3, fan_off_layers=0, fan_full_layer=0, bridge_fan=1.0)
    assert set(after.fan[after.role == Role.BRIDGE]) == {1.0}
    first = int(np.argmax(after.role == Role.BRIDGE))
    assert after.role[first - 1] == Role.NONE
    assert after.fan[first - 1] == 1.0
    assert np.allclose(after.fan[: int(np.argmax(after.role == Role.INFILL)) + 1], 0.3)


def test_no_moves() -> None:
    assert len(cooled(Paths.empty())[1]) == 0
