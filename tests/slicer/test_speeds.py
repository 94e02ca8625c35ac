"""Speeds: each role its own, and no faster than hotend and machine can."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from toolpaths import SQUARE, circle, lengths, line, moves_of, path, together

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import FilamentSettings, LimitSettings, RetractionSettings, SpeedSettings
from slicer.extrusion import extrusion
from slicer.nouns import Paths
from slicer.speeds import SPEED, speeds

FREE = LimitSettings(max_speed_x=2000, max_speed_y=2000, max_speed_z=1000, max_speed_e=1000)
PLAIN = SpeedSettings(first_layer_speed=0, small_wall_length=0)


def sped(
    paths: Paths,
    settings: SpeedSettings = PLAIN,
    filament: FilamentSettings | None = None,
    retraction: RetractionSettings | None = None,
    limits: LimitSettings = FREE,
) -> Moves:
    """Return the validated moves with their speeds."""
    filament, retraction = filament or FilamentSettings(), retraction or RetractionSettings()
    moves = extrusion(moves_of(paths, retraction=retraction), filament)
    return speeds(moves, settings, filament, retraction, limits).validate()


def of_role(moves: Moves, role: Role) -> np.ndarray:
    """Return the speeds of a role's moves."""
    return moves.speed[moves.role == role]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.NONE])
def test_every_role_has_its_own_speed(role: Role) -> None:
    settings = replace(PLAIN, **{name: 20.0 + i for i, name in enumerate(sorted(set(SPEED.values())))})
    moves = sped(line((0, 0), (9, 3), role), settings)
    assert of_role(moves, role).tolist() == pytest.approx([getattr(settings, SPEED[role])])


def test_the_first_layer_is_capped() -> None:
    paths = together(*(line((0, 0), (9, 0), layer=k) for k in range(2)))
    assert of_role(sped(paths, SpeedSettings(first_layer_speed=20)), Role.INFILL).tolist() == [20, 80]
    assert of_role(sped(paths, SpeedSettings(first_layer_speed=0)), Role.INFILL).tolist() == [80, 80]
    assert of_role(sped(paths, SpeedSettings(first_layer_speed=500)), Role.INFILL).tolist() == [80, 80]


def test_small_loops_are_slow_and_open_walls_are_not() -> None:
    settings = replace(PLAIN, small_wall_length=30.0)
    small, large = path(circle(3)), path(circle(9, (30, 0)), Role.PERIMETER)
    opened = path(SQUARE[:3] * 0.3, Role.PERIMETER, closed=False)
    moves = sped(together(small, large), settings)
    assert set(of_role(moves, Role.EXTERNAL_PERIMETER)) == {25.0}
    assert set(of_role(moves, Role.PERIMETER)) == {60.0}
    assert set(of_role(sped(opened, settings), Role.PERIMETER)) == {60.0}


@pytest.mark.parametrize("most", [1.0, 5.0, 1000.0])
def test_the_hotend_is_not_outrun(most: float) -> None:
    wide = path([[0, 0], [10, 0], [20, 0]], Role.GAP_FILL, closed=False, width=[0.3, 0.9, 0.4])
    moves = sped(together(wide, path(circle(20))), filament=FilamentSettings(max_volumetric_speed=most))
    bead = moves.role != Role.NONE
    flow = moves.e[bead] * pi / 4 * 1.75**2 / lengths(moves)[bead] * moves.speed[bead]
    assert flow.max() <= most * (1 + 1e-9)
    assert (flow.max() == pytest.approx(most)) == (most == 1.0)


def test_axes_keep_their_limits() -> None:
    limits = LimitSettings(max_speed_x=30, max_speed_y=70, max_speed_z=5, max_speed_e=1)
    moves = sped(together(path(circle(20)), path(circle(20), layer=1)), limits=limits)
    seconds = np.where(lengths(moves) > 0, lengths(moves), 1) / moves.speed
    dx, dy = np.abs(np.diff(moves.x, prepend=0)), np.abs(np.diff(moves.y, prepend=0))
    moving = lengths(moves) > 0
    assert (dx / seconds)[moving].max() == pytest.approx(30)
    assert (dy / seconds)[moving].max() <= 70 + 1e-9
    assert (np.abs(moves.e) / seconds)[moving].max() <= 1 + 1e-9
    assert moves.speed[np.diff(moves.z, prepend=0) > 0].tolist() == [5, 5]
    assert moves.speed[(moves.role == Role.NONE) & (moves.e != 0)].max() <= 1


def test_the_filament_has_its_own_speeds() -> None:
    paths = together(path(circle(3)), path(circle(3, (20, 0))))
    moves = sped(paths, retraction=RetractionSettings(retraction_speed=30, unretraction_speed=20))
    assert moves.speed[moves.e < 0].tolist() == [30, 30]
    assert moves.speed[(moves.e > 0) & (moves.role == Role.NONE)].tolist() == [20]
    same = sped(paths, retraction=RetractionSettings(retraction_speed=30))
    assert same.speed[(same.e > 0) & (same.role == Role.NONE)].tolist() == [30]


def test_wipes_do_not_pull_faster_than_the_retraction() -> None:
    moves = sped(path(circle(9)), retraction=RetractionSettings(wipe=True, retraction_speed=30))
    wiping = (moves.role == Role.NONE) & (moves.e < 0)
    pulled = -moves.e[wiping] / lengths(moves)[wiping] * moves.speed[wiping]
    assert pulled.max() <= 30 + 1e-9


def test_accelerations_fall_back_to_the_more_general() -> None:
    paths = together(*(line((0, 0), (9, 0), role, layer=k) for k in (0, 1) for role in (Role.INFILL, Role.BRIDGE)))
    assert (sped(paths).acceleration == 0).all()
    settings = replace(PLAIN, print_acceleration=700.0, bridge_acceleration=300.0, first_layer_acceleration=100.0)
    moves = sped(paths, settings)
    later = moves.layer == 1
    assert set(moves.acceleration[later & (moves.role == Role.INFILL)]) == {700}
    assert set(moves.acceleration[later & (moves.role == Role.BRIDGE)]) == {300}
    assert set(moves.acceleration[later & (moves.role == Role.NONE)]) == {FREE.default_travel_acceleration}
    assert set(moves.acceleration[~later & (moves.role != Role.NONE)]) == {100}
    only = sped(paths, replace(PLAIN, bridge_acceleration=300.0))
    assert set(only.acceleration[only.role == Role.INFILL]) == {FREE.default_acceleration}


def test_no_moves() -> None:
    assert len(sped(Paths.empty())) == 0
