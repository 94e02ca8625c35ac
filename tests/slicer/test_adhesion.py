"""Adhesion: a skirt at its distance, a brim that covers its ring."""

from math import pi

import numpy as np
import pytest
import shapely
from toolpaths import plan, points_of

from gcode.roles import Role
from profiles.schema import AdhesionSettings, FilamentSettings, SurfaceSettings, WidthSettings
from slicer.adhesion import adhesion
from slicer.nouns import Paths, Regions
from slicer.tools import flow
from slicer.tools.flow import Flows

FLOWS = Flows.resolve(WidthSettings(), 0.4, SurfaceSettings())
SPACING = FLOWS.spacing(Role.BRIM, 0.2, True)
RING = shapely.difference(shapely.box(0, 0, 40, 40), shapely.Point(20, 20).buffer(14))
BLOCKS = [shapely.box(60, 0, 70, 10), shapely.box(74, 0, 84, 10)]
PLATE = shapely.union_all([RING, shapely.Point(20, 20).buffer(2), *BLOCKS])


def stack(shape: object, layers: int = 4) -> Regions:
    """Return the same region for each layer."""
    out = np.empty(layers, object)
    out[:] = shape
    return out


def made(shape: object, **settings: object) -> Paths:
    """Return the validated skirt and brim."""
    options = AdhesionSettings(**{"skirt_loops": 0, **settings})  # type: ignore[arg-type]
    return adhesion(stack(shape), plan(4), options, FilamentSettings(), FLOWS).validate()


def rings(paths: Paths, role: Role) -> list[shapely.LinearRing]:
    """Return the loops of a role."""
    return [shapely.LinearRing(points_of(paths, i)) for i in np.flatnonzero(paths.role == role)]


def test_the_skirt_keeps_its_distance_from_everything() -> None:
    paths = made(PLATE, skirt_loops=3, skirt_distance=6.0)
    hull = shapely.convex_hull(PLATE)
    distance = [shapely.distance(ring, hull) for ring in rings(paths, Role.SKIRT)]
    assert distance == pytest.approx([6 + SPACING * k for k in (2.5, 1.5, 0.5)], abs=0.01)
    assert paths.island.tolist() == paths.object.tolist() == [-1] * 3


def test_the_skirt_goes_around_the_brim_and_up() -> None:
    paths = made(PLATE, skirt_loops=1, skirt_height=3, brim_type="outer", brim_width=5.0)
    assert paths.layer[paths.role == Role.SKIRT].tolist() == [0, 1, 2]
    brim = shapely.union_all([shapely.Polygon(ring) for ring in rings(paths, Role.BRIM)]).buffer(SPACING / 2)
    assert shapely.distance(rings(paths, Role.SKIRT)[0], brim) == pytest.approx(6 + SPACING / 2, abs=0.02)


@pytest.mark.parametrize("wanted", [10.0, 100.0, 400.0])
def test_the_skirt_primes_what_is_asked(wanted: float) -> None:
    loops = rings(made(RING, skirt_loops=1, skirt_min_length=wanted), Role.SKIRT)
    filament = np.array([ring.length for ring in loops]) * flow.area(FLOWS.width(Role.SKIRT, True), 0.2)
    filament /= pi / 4 * 1.75**2
    assert filament.sum() >= wanted
    assert filament[1:].sum() < wanted  # and not a loop more


def ground(kind: str, width: float, gap: float) -> shapely.Geometry:
    """Return where the brim belongs."""
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(PLATE)])
    holes = shapely.difference(filled, PLATE)
    outer = shapely.difference(filled.buffer(gap + width), filled.buffer(gap))
    inner = shapely.difference(holes.buffer(-gap), holes.buffer(-gap - width))
    return {"outer": outer, "inner": inner, "both": shapely.union(outer, inner)}[kind]


@pytest.mark.parametrize("kind", ["outer", "inner", "both"])
@pytest.mark.parametrize("gap", [0.0, 0.3])
def test_the_brim_covers_its_ring(kind: str, gap: float) -> None:
    width = 12 * SPACING
    loops = rings(made(PLATE, brim_type=kind, brim_width=width, brim_gap=gap), Role.BRIM)
    where = ground(kind, width, gap)
    assert sum(ring.length for ring in loops) * SPACING == pytest.approx(where.area, rel=0.02)
    beads = shapely.union_all(shapely.buffer(loops, SPACING / 2))
    assert shapely.difference(where, beads).area < 0.02 * where.area
    assert shapely.intersection(beads, PLATE).area < 1e-3 * PLATE.length


@pytest.mark.parametrize("between", np.linspace(6.0, 8.0, 9))
def test_brims_that_meet_do_not_pile_up(between: float) -> None:
    pair = shapely.union(shapely.box(0, 0, 50, 10), shapely.box(0, 10 + between, 50, 30))
    loops = rings(made(pair, brim_type="outer", brim_width=5.0), Role.BRIM)
    beads = shapely.union_all(shapely.buffer(loops, SPACING / 2))
    middle = shapely.box(10, 10, 40, 10 + between)
    laid = shapely.length(shapely.intersection(loops, middle)).sum() * SPACING
    assert laid <= 1.005 * shapely.intersection(beads, middle).area + 0.2 * SPACING * 30


def test_the_brim_is_printed_towards_the_part() -> None:
    paths = made(PLATE, brim_type="both", brim_width=5.0)
    for group in np.unique(paths.group):
        rows = np.flatnonzero(paths.group == group)
        assert (np.diff(rows) == 1).all()
        distance = shapely.distance([shapely.LinearRing(points_of(paths, i)) for i in rows], PLATE)
        assert (np.diff(distance) < 1e-3).all()


def test_nothing_asked_or_nothing_there() -> None:
    assert len(made(PLATE)) == 0
    assert len(made(PLATE, brim_type="outer", brim_width=0.0)) == 0
    assert len(made(shapely.Polygon(), skirt_loops=2, brim_type="both")) == 0
    assert len(made(shapely.box(0, 0, 1, 1), brim_type="inner")) == 0
