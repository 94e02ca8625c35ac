"""What is thinner than two walls is printed too: straight, centred, as thick as it is, down to half a nozzle."""

import numpy as np
import pytest
import shapely
from shapely import affinity, box
from solids import beads, centred, extruded, joined, printed

from gcode.roles import Role
from slicer.errors import NothingToPrint

SOLID = {"infill_density": 1.0}
LONG = 30.0


@pytest.mark.parametrize("thickness", np.round(np.arange(0.2, 3.01, 0.05), 2))
@pytest.mark.parametrize("angle", [0, 37])
def test_strips_of_every_thickness_are_whole(thickness: float, angle: float) -> None:
    strip = affinity.rotate(box(0, 0, LONG, thickness), angle)
    result = printed(extruded(strip, 0.8), SOLID)
    found = beads(result, 2)
    place = centred(strip)
    assert found.volume.sum() == pytest.approx(0.2 * place.area, rel=0.1)
    assert place.difference(found.cover).area <= 0.03 * place.area
    assert found.cover.difference(place.buffer(0.03)).area <= 1e-3 * place.area
    assert not result.summary.dropped
    if thickness < 0.76:
        assert set(found.role) == {Role.THIN_WALL}
        assert found.width.mean() - 0.2 * (1 - np.pi / 4) == pytest.approx(thickness, abs=0.015)
        middle = affinity.rotate(shapely.LineString([(110 - LONG / 2, 110), (110 + LONG / 2, 110)]), angle)
        assert shapely.distance(shapely.points(found.ends.reshape(-1, 2)), middle).max() < 0.01
    else:
        assert Role.EXTERNAL_PERIMETER in found.role


@pytest.mark.parametrize("nozzle", [0.25, 0.4, 0.8])
def test_half_a_nozzle_is_the_limit(nozzle: float) -> None:
    wall, thinner = (extruded(box(0, 0, LONG, share * nozzle), 1) for share in (0.5, 0.35))
    assert printed(wall, {"nozzle_diameter": nozzle}).summary.filament_mm > 0
    with pytest.raises(NothingToPrint):
        printed(thinner, {"nozzle_diameter": nozzle})
    assert printed(thinner, {"nozzle_diameter": nozzle, "min_bead_width": nozzle / 3}).summary.filament_mm > 0


def test_what_is_dropped_is_told() -> None:
    part = joined(extruded(box(0, 0, 20, 10), 1), extruded(box(2, 5, 18, 5.1), 5, bottom=1.0))
    (told,) = printed(part).summary.dropped
    assert "thinner than a bead" in told
    assert float(told.split("about ")[1].split()[0]) == pytest.approx(1.6 * 25, rel=0.1)


@pytest.mark.parametrize("first", [0, 2])
def test_without_thin_walls_they_are_left_out(first: int) -> None:
    part = joined(extruded(box(0, 0, 20, 10), 1), extruded(box(2, 5, 18, 5.5), 5, bottom=1.0))
    result = printed(part, {"thin_walls": False})
    assert Role.THIN_WALL not in result.moves.role
    assert result.moves.layer[result.moves.e > 0].max() == 4


# ---------------------------------------------------------------- dots


BASE = extruded(box(-4, -4, 4, 4), 0.4)


def regular(corners: int, diameter: float) -> shapely.Polygon:
    angle = np.arange(corners) * 2 * np.pi / corners + np.pi / 4
    return shapely.Polygon(diameter / 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1))


@pytest.mark.parametrize("corners", [3, 4, 5, 6, 32])
@pytest.mark.parametrize("wide", [0.22, 0.3, 0.45, 0.6, 0.75, 0.9, 1.2, 1.6, 2.0])
def test_pins_of_every_size_are_printed(corners: int, wide: float) -> None:
    """Of `wide` mm from side to side."""
    pin = regular(corners, wide / np.cos(np.pi / corners))
    result = printed(joined(BASE, extruded(pin, 1.2, bottom=0.4)), SOLID)
    found = beads(result, 5)
    place = affinity.translate(pin, 110, 110)
    assert place.difference(found.cover.buffer(0.02)).area <= 0.09 * place.area
    assert found.cover.difference(place.buffer(0.03)).area <= 0.02 * place.area
    assert found.volume.sum() == pytest.approx(0.2 * place.area, rel=0.21)  # the gap at the seam, rounded corners
    assert not result.summary.dropped


def test_pins_that_are_too_thin_are_told() -> None:
    pin = regular(8, 0.16)
    pins = [extruded(affinity.translate(pin, x, y), 3, bottom=0.4) for x in range(-3, 4) for y in range(-3, 4)]
    (told,) = printed(joined(BASE, *pins)).summary.dropped
    assert float(told.split("about ")[1].split()[0]) == pytest.approx(49 * pin.area * 15, rel=0.15)


def test_a_needle_is_printed_up_to_half_a_nozzle() -> None:
    trimesh = pytest.importorskip("trimesh")
    cone = trimesh.creation.cone(3, 30, sections=48)
    result = printed(cone, SOLID)
    last = int(result.moves.layer[result.moves.e > 0].max())
    assert result.layers.z_slice[last] == pytest.approx(30 * (1 - 0.1 / 3), abs=0.5)
    layers = np.unique(result.moves.layer[(result.moves.e > 0) & (result.moves.role > 0)])
    assert layers.tolist() == list(range(last + 1))


# ---------------------------------------------------------------- shapes


def test_a_taper_changes_its_width_in_small_steps() -> None:
    wedge = shapely.Polygon([(0, 0), (20, 0.7), (20, 0)])
    found = beads(printed(extruded(wedge, 0.8), SOLID), 2)
    assert set(found.role) == {Role.THIN_WALL}
    order = np.argsort(found.ends[:, :, 0].mean(axis=1))
    assert np.diff(found.width[order]).min() >= -1e-6
    assert np.diff(found.width[order]).max() <= 0.051
    assert found.width.min() < 0.3
    assert found.width.max() > 0.65


def test_neighbouring_thin_walls_are_not_joined_through_the_air() -> None:
    for thickness, slit in ((0.3, 0.1), (0.25, 0.2), (0.2, 0.3), (0.6, 0.2)):
        pitch = thickness + slit
        tines = [box(i * pitch, 0, i * pitch + thickness, 8) for i in range(8)]
        comb = shapely.union_all([box(0, 0, 8 * pitch, 2), *tines])
        found = beads(printed(extruded(comb, 0.8), SOLID | {"closing_radius": 0}), 2)
        assert found.cover.difference(centred(comb).buffer(0.05)).area < 1e-3, (thickness, slit)


def test_a_slit_stays_open() -> None:
    whole = shapely.Point(0, 0).buffer(5, 32).difference(shapely.Point(0, 0).buffer(4.7, 32))
    ring = whole.difference(box(0, -0.08, 9, 0.08))
    found = beads(printed(extruded(ring, 0.8), SOLID | {"closing_radius": 0}), 2)
    across = affinity.translate(box(4, -0.04, 6, 0.04), *np.array(centred(ring).bounds[:2]) - np.array(ring.bounds[:2]))
    assert found.cover.intersection(across).area == 0


@pytest.mark.parametrize("thickness", [0.3, 0.5, 0.7, 0.9, 1.2])
@pytest.mark.parametrize("shape", ["cross", "tee", "bend", "ring"])
def test_where_thin_walls_meet_there_is_no_hole(shape: str, thickness: float) -> None:
    t = thickness
    region = {
        "cross": box(-6, -t / 2, 6, t / 2).union(box(-t / 2, -6, t / 2, 6)),
        "tee": box(-6, -t / 2, 6, t / 2).union(box(-t / 2, 0, t / 2, 6)),
        "bend": box(0, 0, 6, t).union(box(0, 0, t, 6)),
        "ring": shapely.Point(0, 0).buffer(4, 32).difference(shapely.Point(0, 0).buffer(4 - t, 32)),
    }[shape]
    found = beads(printed(extruded(region, 0.8), SOLID), 2)
    bare = centred(region).difference(found.cover.buffer(0.02))
    assert max((hole.area for hole in shapely.get_parts(bare)), default=0) <= 0.2 * t * t + 0.02
    assert found.volume.sum() == pytest.approx(0.2 * region.area, rel=0.12)
