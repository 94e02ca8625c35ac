"""Surfaces: what is seen from above or below is solid as deep as asked, everywhere else the infill is sparse."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box
from solids import floors, walls_and_areas

from gcode.roles import Role
from slicer.nouns import Areas

SKINS = (Role.TOP_SURFACE, Role.BOTTOM_SURFACE, Role.BRIDGE)
SOLID = (*SKINS, Role.SOLID_INFILL)
PLATE = box(0, 0, 30, 30)


def area(areas: Areas, layer: int, *roles: Role) -> object:
    """Return the union of the areas of some roles in a layer."""
    return shapely.union_all(areas.polygon[(areas.layer == layer) & np.isin(areas.role, roles)])


def roles(areas: Areas) -> list[set[Role]]:
    """Return what each layer holds."""
    return [set(map(Role, areas.role[areas.layer == k])) for k in range(int(areas.layer.max()) + 1)]


SHELLS = {
    # settings, solid layers at the bottom and at the top
    "by count": ({"bottom_layers": 3, "top_layers": 5}, 3, 5),
    "by thickness": ({"bottom_layers": 1, "bottom_thickness": 0.5, "top_layers": 2, "top_thickness": 0.8}, 3, 4),
    "the thicker of both": ({"bottom_layers": 6, "bottom_thickness": 0.5, "top_layers": 2, "top_thickness": 0.1}, 6, 2),
    "none below": ({"bottom_layers": 0, "bottom_thickness": 1.0, "top_layers": 1}, 0, 1),
    "none above": ({"bottom_layers": 2, "top_layers": 0}, 2, 0),
    "none at all": ({"bottom_layers": 0, "top_layers": 0}, 0, 0),
}


@pytest.mark.parametrize("name", SHELLS)
def test_a_box_has_as_many_solid_layers_as_asked(name: str) -> None:
    overrides, bottom, top = SHELLS[name]
    _, areas, _ = walls_and_areas(floors((PLATE, 20)), **({"bottom_thickness": 0.0, "top_thickness": 0.0} | overrides))
    found = roles(areas)
    assert [held & set(SOLID) != set() for held in found] == [k < bottom or k >= 20 - top for k in range(20)]
    assert [Role.INFILL in held for held in found] == [bottom <= k < 20 - top for k in range(20)]
    assert (Role.BOTTOM_SURFACE in found[0]) == (bottom > 0)
    assert (Role.TOP_SURFACE in found[-1]) == (top > 0)
    assert sum(Role.TOP_SURFACE in held for held in found) == (top > 0)


def test_shells_that_nothing_hides_are_the_interior_to_the_bit() -> None:
    plate = PLATE.difference(shapely.union_all(shapely.buffer(shapely.points([[8, 8], [20, 9], [15, 21]]), 2.3)))
    islands, areas, _ = walls_and_areas(floors((plate, 20)))
    for layer, role in enumerate((Role.BOTTOM_SURFACE, Role.SOLID_INFILL)):
        assert areas.polygon[areas.layer == layer].tolist() == shapely.get_parts(islands.interior[layer]).tolist()
        assert areas.role[areas.layer == layer].tolist() == [role]


SPECIAL = {
    "solid": ({"infill_density": 1.0}, lambda found: not any(Role.INFILL in held for held in found)),
    "hollow": ({"infill_density": 0.0}, lambda found: found.count({Role.INFILL}) == 0 and len(found) == 20),
    "every fifth layer": (
        {"solid_every": 5},
        lambda found: [Role.INFILL in held for held in found[5:15]] == [False, *[True] * 4] * 2,
    ),
    "a small island": ({"solid_below_area": 900.0}, lambda found: not any(Role.INFILL in held for held in found)),
    "a large island": ({"solid_below_area": 700.0}, lambda found: any(Role.INFILL in held for held in found)),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_what_is_solid_besides(name: str) -> None:
    overrides, holds = SPECIAL[name]
    _, areas, _ = walls_and_areas(floors((PLATE, 20)), **overrides)
    assert holds(roles(areas))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.15, 1.0]))
def test_areas_are_disjoint_and_cover_the_interior(seed: int, density: float) -> None:
    random = np.random.default_rng(seed)
    shapes = [
        shapely.union_all([box(x, y, x + w, y + h) for x, y, w, h in random.uniform([0, 0, 3, 3], 20, (4, 4))])
        for _ in range(6)
    ]
    islands, areas, _ = walls_and_areas(shapes, infill_density=density)
    assert (np.diff(areas.layer) >= 0).all()
    assert shapely.is_valid(areas.polygon).all()
    assert np.isfinite(areas.angle[areas.role == Role.BRIDGE]).all()
    assert np.isnan(areas.angle[areas.role != Role.BRIDGE]).all()
    for i, interior in enumerate(islands.interior):
        mine = areas.polygon[areas.island == i]
        assert shapely.area(mine).sum() == pytest.approx(shapely.area(shapely.union_all(mine)), abs=0.02)
        assert shapely.union_all(mine).difference(interior.buffer(0.01)).area < 0.01
        if density:
            left = interior.difference(shapely.union_all(mine).buffer(0.001))
            assert left.buffer(-0.1).area < 0.3


@pytest.mark.parametrize("degrees", [10, 20, 30, 45, 60, 70, 80])
@pytest.mark.parametrize("upside_down", [False, True])
def test_slopes_stay_closed(degrees: int, upside_down: bool) -> None:
    """No sparse spot is nearer to the air, up or down, than the shell is thick."""
    step = 0.2 / np.tan(np.radians(degrees))
    shapes = [box(0, 0, 30, 30).intersection(box(0, 0, 30 - i * step, 30)) for i in range(int(min(40, 25 / step)))]
    shapes = shapes[::-1] if upside_down else shapes
    _, areas, _ = walls_and_areas(shapes, top_layers=4, bottom_layers=3)
    for k in range(len(shapes)):
        sparse = area(areas, k, Role.INFILL)
        for shell in (*range(1, 5), *range(-3, 0)):
            over = shapes[k + shell] if 0 <= k + shell < len(shapes) else shapely.Polygon()
            assert sparse.difference(over).area < 0.05, (k, shell)
        above = shapes[k + 1] if k + 1 < len(shapes) else shapely.Polygon()
        tread = shapes[k].buffer(-1.1, join_style="mitre").difference(above.buffer(0.06, join_style="mitre"))
        assert tread.difference(area(areas, k, *SOLID).buffer(0.01)).area < 0.05
    assert any(Role.INFILL in held for held in roles(areas)) == (len(shapes) > 7)


def test_each_tread_of_a_stair_is_a_top_surface() -> None:
    _, areas, _ = walls_and_areas(floors((PLATE, 10), (box(0, 0, 20, 30), 10), (box(0, 0, 10, 30), 10)), top_layers=4)
    for k, tread in ((9, box(20, 2, 28, 28)), (19, box(10, 2, 18, 28))):
        assert area(areas, k, Role.TOP_SURFACE).contains(tread)
        assert area(areas, k, Role.TOP_SURFACE).area < 1.3 * 30 * 10
        for below in (1, 2, 3):
            assert area(areas, k - below, Role.SOLID_INFILL).contains(tread)
        assert area(areas, k - 4, Role.INFILL).intersection(tread).area > 0.9 * tread.area
    assert [Role.TOP_SURFACE in held for held in roles(areas)].count(True) == 3


def test_the_skin_of_a_tread_reaches_under_the_wall_above_it() -> None:
    _, areas, _ = walls_and_areas(floors((PLATE, 10), (box(0, 0, 15, 30), 10)))
    assert area(areas, 9, Role.TOP_SURFACE).bounds[0] == pytest.approx(15 - 0.407, abs=0.05)
    assert area(areas, 8, Role.SOLID_INFILL).bounds[0] == pytest.approx(15 - 0.407, abs=0.05)


def test_tolerances_of_contours_are_no_surfaces() -> None:
    random = np.random.default_rng(5)
    shapes = [PLATE.buffer(random.uniform(-0.02, 0.02), join_style="mitre") for _ in range(20)]
    _, areas, _ = walls_and_areas(shapes)
    assert all(held == {Role.INFILL} for held in roles(areas)[4:14])


def test_empty_layers_are_air() -> None:
    _, areas, _ = walls_and_areas(floors((PLATE, 6), (shapely.Polygon(), 2), (PLATE, 6)))
    found = roles(areas)
    assert Role.TOP_SURFACE in found[5]
    assert found[6] == found[7] == set()
    assert Role.BOTTOM_SURFACE in found[8]
    assert Role.BRIDGE not in found[8]
