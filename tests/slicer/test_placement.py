"""Placement: on the bed, in the middle, apart from each other; what does not fit is refused with remedies."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from mesh_cases import box_triangles, grid_sphere, mesh

from profiles.schema import MachineSettings
from slicer.errors import InputRefused
from slicer.health import examine
from slicer.nouns import Mesh
from slicer.placement import place, rotation, rounded_down
from slicer.reading import mesh_of_triangles

BED = MachineSettings()
ROUND = MachineSettings(bed_round=True, bed_size=(200.0, 200.0), bed_origin=(-100.0, -100.0))


def part(*size: float, at: tuple[float, float, float] = (0, 0, 0), name: str = "part") -> Mesh:
    """Return a box."""
    return mesh_of_triangles(box_triangles((size[0], size[1], size[2]), at), name)


def footprints(parts: list[Mesh]) -> list[shapely.Polygon]:
    return [shapely.box(*p.bounds[0, :2], *p.bounds[1, :2]) for p in parts]


def assert_apart(parts: list[Mesh], gap: float) -> None:
    shapes = footprints(parts)
    for i, shape in enumerate(shapes):
        for other in shapes[:i]:
            assert shape.distance(other) >= gap - 1e-9


def test_one_part_stands_in_the_middle() -> None:
    (placed,) = place([part(20, 10, 5, at=(7, -3, 11))], BED)
    assert placed.bounds.tolist() == [[100, 105, 0], [120, 115, 5]]
    assert not placed.vertices.flags.writeable


def test_a_part_far_away_loses_nothing_more() -> None:
    near = part(20, 10, 5)
    far = Mesh(near.vertices + [1e6, -1e6, 1e6], near.faces)
    assert (place([far], BED)[0].vertices == place([near], BED)[0].vertices).all()


def test_the_mesh_that_came_is_not_changed() -> None:
    ours = part(20, 10, 5, at=(1, 2, 3))
    before = ours.vertices.copy()
    place([ours], BED, scale=2, rotate=(10, 20, 30))
    assert (ours.vertices == before).all()


def test_scale_rotation_and_centre() -> None:
    (placed,) = place([part(20, 10, 5)], BED, scale=(2, 1, 3), rotate=(90, 0, 0), center=(30, 40))
    assert placed.bounds.tolist() == [[10, 32.5, 0], [50, 47.5, 10]]
    assert examine(placed).volume == pytest.approx(6000)


def test_quarter_turns_are_exact_and_the_order_is_x_y_z() -> None:
    assert rotation((90, 0, 0)).tolist() == [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    assert (rotation((90, 0, 90)) @ [0, 1, 0]).tolist() == [0, 0, 1]
    assert (rotation((0, 90, 90)) @ [1, 0, 0]).tolist() == [0, 0, -1]
    assert (rotation((360, -450, 180)) == rotation((0, 270, 180))).all()


@given(st.tuples(*[st.floats(-360, 360)] * 3))
def test_rotation_keeps_volumes(degrees: tuple[float, float, float]) -> None:
    (placed,) = place([part(20, 10, 5)], BED, rotate=degrees)
    assert examine(placed).volume == pytest.approx(1000)
    assert placed.bounds[0, 2] == 0
    assert placed.bounds.mean(axis=0)[:2] == pytest.approx([110, 110])


def test_places_from_the_file_are_kept_where_they_can_be() -> None:
    items = [part(20, 20, 5, at=(500, 0, 0)), part(10, 10, 30, at=(530, 12, 100)), part(10, 10, 5, at=(500, 40, 0))]
    placed = place(items, BED)
    way = placed[0].bounds.mean(axis=0) - items[0].bounds.mean(axis=0)
    for before, after in zip(items, placed, strict=True):
        assert (after.bounds.mean(axis=0) - before.bounds.mean(axis=0))[:2] == pytest.approx(way[:2])
        assert after.bounds[0, 2] == 0
    low, high = np.min([p.bounds[0] for p in placed], axis=0), np.max([p.bounds[1] for p in placed], axis=0)
    assert ((low + high) / 2)[:2].tolist() == [110, 110]


@pytest.mark.parametrize("at", [(0, 0, 0), (10, 10, 0), (400, 0, 0)])
def test_parts_that_overlap_or_lie_too_far_are_arranged(at: tuple[float, float, float]) -> None:
    placed = place([part(20, 20, 5), part(20, 20, 5, at=at)], BED, spacing=6, margin=2)
    assert_apart(placed, 10)


@given(
    st.lists(st.tuples(st.floats(1, 60), st.floats(1, 60)), min_size=2, max_size=12),
    st.floats(0, 8),
    st.sampled_from([BED, ROUND]),
)
def test_arranged_parts_are_on_the_bed_and_apart(
    sizes: list[tuple[float, float]], spacing: float, machine: MachineSettings
) -> None:
    items = [part(x, y, 5, name=str(i)) for i, (x, y) in enumerate(sizes)]
    try:
        placed = place(items, machine, spacing=spacing)
    except InputRefused:
        assert sum(x * y for x, y in sizes) > 6000
        return
    assert [p.name for p in placed] == [p.name for p in items]
    assert_apart(placed, spacing)
    middle = np.array(machine.bed_origin) + np.array(machine.bed_size) / 2
    for p in placed:
        reach = np.abs(p.vertices[:, :2] - middle)
        assert (np.hypot(*reach.T) if machine.bed_round else reach).max() <= machine.bed_size[0] / 2 + 1e-3


def test_the_order_of_equal_parts_is_that_given() -> None:
    assert [p.bounds.tolist() for p in place([part(20, 20, 5)] * 4, BED)] == [
        p.bounds.tolist() for p in place([part(20, 20, 5)] * 4, BED)
    ]


REFUSED = {
    "too large": (
        part(500, 500, 500),
        {},
        BED,
        ["500.0 x 500.0 x 500.0", "220 x 220", "--scale 0.44", "larger printer"],
    ),
    "too tall": (part(50, 60, 300), {}, MachineSettings(bed_size=(300.0, 300.0)), ["--rotate 90,0,0", "--scale 0.833"]),
    "too long": (part(10, 230, 10), {}, BED, ["--rotate 90,0,0"]),
    "scaled": (part(100, 10, 10), {"scale": 3.0}, BED, ["300.0", "--scale 2.2"]),
    "scaled unevenly": (part(10, 10, 10), {"scale": (1, 1, 50)}, BED, ["--scale 0.5,0.5,25"]),
    "with margin": (part(210, 10, 10), {"margin": 6}, BED, ["6 mm around it", "--rotate 0,90,0", "--scale 0.99"]),
    "round bed": (part(150, 150, 5), {}, ROUND, ["round bed of 200 mm", "--scale 0.942"]),
    "off the bed": (part(20, 20, 5), {"center": (5, 110)}, BED, ["5.0 mm beyond", "--center", "110,110"]),
    "scale 0": (part(20, 20, 5), {"scale": 0}, BED, ["scale 0"]),
    "scale nan": (part(20, 20, 5), {"scale": float("nan")}, BED, ["scale nan"]),
    "rotation inf": (part(20, 20, 5), {"rotate": (0, float("inf"), 0)}, BED, ["--rotate"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_remedies(case: str) -> None:
    model, options, machine, words = REFUSED[case]
    with pytest.raises(InputRefused) as refusal:
        place([model], machine, **options)
    for word in words:
        assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("case", ["too large", "too tall", "scaled", "round bed"])
def test_the_proposed_scale_fits_and_a_little_more_does_not(case: str) -> None:
    model, options, machine, _ = REFUSED[case]
    with pytest.raises(InputRefused) as refusal:
        place([model], machine, **options)
    proposed = float(str(refusal.value).split("--scale ")[1].split()[0])
    place([model], machine, scale=proposed)
    with pytest.raises(InputRefused):
        place([model], machine, scale=proposed * 1.01)


def test_a_round_part_fills_a_round_bed() -> None:
    ball = mesh(grid_sphere(99.9, 24))
    assert len(place([ball], ROUND)) == 1
    assert len(place([part(220.0, 220.0, 250.0)], BED)) == 1


@given(st.floats(1e-9, 1e9))
def test_rounded_down_never_grows(value: float) -> None:
    assert value * 0.989 <= rounded_down(value) <= value * (1 + 1e-11)


def test_no_parts() -> None:
    assert place([], BED) == []


@pytest.mark.parametrize(("parts", "brim"), [(49, 0.0), (144, 0.0), (81, 4.0)])
def test_a_full_bed_leaves_no_room_for_a_skirt_around_each_part(parts: int, brim: float) -> None:
    placed = place([part(10, 10, 5)] * parts, BED, margin=7.0, brim=brim)
    assert_apart(placed, 6 + 2 * brim)
    assert max(np.abs(p.bounds[:, :2] - 110).max() for p in placed) <= 103
    with pytest.raises(InputRefused, match="do not fit together"):
        place([part(10, 10, 5)] * 400, BED, margin=7.0)
