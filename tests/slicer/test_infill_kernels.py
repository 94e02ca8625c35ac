"""The kernels of infill say the same compiled and uncompiled; the inset of moved vertices is GEOS's own."""

import numpy as np
import pytest
import shapely
from fill_cases import areas_of, blob, filled, shapes, uncompiled
from hypothesis import given, settings
from hypothesis import strategies as st

from gcode.roles import Role
from slicer.infill import curves, join, region, scan, sweep
from slicer.infill.hilbert import distance
from slicer.infill.region import moved
from slicer.tools.crew import Crew

KERNELS = {
    "fill_scan": scan,
    "fill_sweep": sweep,
    "fill_join": join,
    "fill_clip": curves,
    "fill_inset": region,
}


@pytest.mark.parametrize("pattern", ["rectilinear", "triangles", "gyroid", "honeycomb", "hilbert"])
def test_uncompiled_kernels_draw_the_same_paths(pattern, monkeypatch):
    shape = blob(7).difference(shapely.Point(1, 2).buffer(2)).difference(shapely.box(-4, -3, -2, -1))
    areas = areas_of([shape, shape, blob(2)], [Role.INFILL, Role.TOP_SURFACE, Role.SOLID_INFILL], layer=[0, 1, 1])
    compiled = filled(areas, infill_pattern=pattern, infill_anchor_max=6)
    for name, user in KERNELS.items():
        monkeypatch.setattr(user, name, uncompiled(name))
    interpreted = filled(areas, infill_pattern=pattern, infill_anchor_max=6)
    for column in compiled.__slots__:
        assert getattr(compiled, column).tobytes() == getattr(interpreted, column).tobytes()


@settings(deadline=None, max_examples=60)
@given(shape=shapes(), inset=st.one_of(st.floats(0.02, 1.0), st.floats(-1.0, -0.02)))
def test_moved_vertices_are_the_inset(shape, inset):
    made, sure = moved(np.array([shape], object), np.array([inset]))
    if sure[0]:
        true = shapely.buffer(shape, -inset, join_style="mitre", mitre_limit=2.0)
        assert shapely.symmetric_difference(made[0], true).area < 1e-6 * shape.area


def test_most_insets_are_made_by_moving_vertices():
    plate = shapely.box(0, 0, 30, 30)
    plate = plate.difference(shapely.union_all([shapely.Point(3 * i + 1.5, 15).buffer(0.5) for i in range(10)]))
    made, sure = moved(np.array([plate, blob()], object), np.array([0.1, 0.1]))
    assert sure.all()
    assert len(made[0].interiors) == 10


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(0, 0, 1, 0.1),  # vanishes
        shapely.Polygon([(0, 0), (10, 0), (10, 4), (5.05, 0.15), (0, 4)]),  # falls apart at the neck
        shapely.box(0, 0, 9, 9).difference(shapely.box(0.1, 1, 8, 8)),  # the hole reaches the border
        shapely.Polygon(),
    ],
)
def test_insets_that_change_the_neighbourhood_are_left_to_geos(shape):
    _, sure = moved(np.array([shape], object), np.array([0.2]))
    assert not sure[0]
    with Crew(1) as crew:
        [made] = region.shrink(np.array([shape], object), np.array([0.2]), crew)
    assert made.equals(shapely.buffer(shape, -0.2, join_style="mitre", mitre_limit=2.0))


@given(order=st.integers(1, 5))
def test_hilbert_curve_visits_each_cell_once_and_steps_to_neighbours(order):
    side = 1 << order
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    along = distance(cells, order)
    assert sorted(along) == list(range(side * side))
    steps = np.abs(np.diff(cells[np.argsort(along)], axis=0)).sum(axis=1)
    assert (steps == 1).all()
