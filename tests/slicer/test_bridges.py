"""Bridges: hanging areas that threads can span, in the direction in which both ends hold."""

import numpy as np
import pytest
import shapely
from shapely import affinity, box
from solids import beads, extruded, floors, joined, printed, walls_and_areas

from gcode.roles import Role
from slicer.nouns import Areas

PILLARS = shapely.union_all([box(0, 0, 6, 8), box(24, 0, 30, 8)])
BEAM = box(0, 0, 30, 8)
BELOW = 10


def over(below: object, above: object, **overrides: object) -> Areas:
    """Return the areas of the first layer above."""
    _, areas, _ = walls_and_areas(floors((below, BELOW), (above, BELOW)), **overrides)
    mine = areas.layer == BELOW
    return Areas(*(getattr(areas, name)[mine] for name in ("polygon", "layer", "role", "angle", "island")))


def bridges(areas: Areas) -> tuple[object, list[float]]:
    """Return the area of all bridges and their angles."""
    at = areas.role == Role.BRIDGE
    return shapely.union_all(areas.polygon[at]), sorted(set(areas.angle[at].tolist()))


@pytest.mark.parametrize("turn", [0, 30, 45, 90, 135])
def test_a_beam_over_two_pillars_is_spanned_along_the_beam(turn: float) -> None:
    spot = (15, 4)
    below, above = affinity.rotate(PILLARS, turn, spot), affinity.rotate(BEAM, turn, spot)
    area, (angle,) = bridges(over(below, above))
    assert (angle - turn + 90) % 180 - 90 == pytest.approx(0, abs=3)
    gap = affinity.rotate(box(6, 1.1, 24, 6.9), turn, spot)
    assert area.buffer(0.01).contains(gap)
    ends = area.intersection(below)  # the threads begin and end on something
    assert len(shapely.get_parts(ends)) == 2
    assert ends.area > 2 * 0.8 * 5


def test_a_lid_over_a_square_hole_is_spanned() -> None:
    area, (angle,) = bridges(over(box(0, 0, 20, 20).difference(box(5, 5, 15, 15)), box(0, 0, 20, 20)))
    assert area.buffer(0.01).contains(box(5, 5, 15, 15))
    assert angle % 90 == 0


def test_a_slot_is_spanned_the_short_way() -> None:
    _, (angle,) = bridges(over(box(0, 0, 30, 12).difference(box(4, 4, 26, 8)), box(0, 0, 30, 12)))
    assert angle == 90


def test_a_round_ceiling_is_spanned() -> None:
    hole = shapely.Point(10, 10).buffer(5, 32)
    area, angles = bridges(over(box(0, 0, 20, 20).difference(hole), box(0, 0, 20, 20)))
    assert area.buffer(0.01).contains(hole)
    assert len(angles) == 1


CANTILEVERS = {
    "balcony": (box(0, 0, 10, 20), box(0, 0, 25, 20)),
    "mushroom": (box(8, 8, 12, 12), box(0, 0, 20, 20)),
    "nothing below": (shapely.Polygon(), box(0, 0, 20, 20)),
    "corner": (box(0, 0, 20, 6).union(box(0, 0, 6, 20)).difference(box(0, 0, 0, 0)), box(0, 0, 40, 40)),
}


@pytest.mark.parametrize("name", CANTILEVERS)
def test_what_hangs_from_one_side_is_no_bridge(name: str) -> None:
    areas = over(*CANTILEVERS[name])
    assert Role.BRIDGE not in areas.role
    assert Role.BOTTOM_SURFACE in areas.role


def test_two_gaps_get_a_direction_each() -> None:
    below = box(0, 0, 40, 20).difference(box(4, 4, 10, 16)).difference(box(18, 7, 36, 13))
    _, angles = bridges(over(below, box(0, 0, 40, 20)))
    assert angles == [0.0, 90.0]


def test_the_direction_can_be_given_and_bridges_be_forbidden() -> None:
    assert bridges(over(PILLARS, BEAM, bridge_angle=33.0))[1] == [33.0]
    areas = over(PILLARS, BEAM, bridges=False)
    assert Role.BRIDGE not in areas.role
    assert Role.BOTTOM_SURFACE in areas.role


def test_threads_cross_the_gap_as_round_threads_with_the_fan_on() -> None:
    solid = joined(extruded(PILLARS, 2), extruded(BEAM, 1, bottom=2.0))
    result = printed(solid, {"bridge_fan": 0.7, "fan_min": 0.2, "fan_max": 0.2, "bridge_flow": 0.9})
    found = beads(result, 10).of(Role.BRIDGE)
    long = found.length > 15
    assert long.sum() > 10
    along = np.abs(found.ends[long, 1] - found.ends[long, 0])
    assert (along[:, 1] < 0.05 * along[:, 0]).all()
    assert found.volume[long] / found.length[long] == pytest.approx(np.pi / 4 * 0.4**2 * 0.9, rel=0.01)
    moves = result.moves
    assert moves.fan[moves.role == Role.BRIDGE] == pytest.approx(0.7)
    assert moves.speed[(moves.role == Role.BRIDGE) & (moves.e > 0)].max() <= result.settings.speeds.bridge_speed + 1e-6
