"""The kernels of infill say the same compiled and uncompiled."""

import numpy as np
import pytest
import shapely
from fill_cases import areas_of, blob, filled, uncompiled
from hypothesis import given
from hypothesis import strategies as st

from gcode.roles import Role
from slicer.infill import curves, join, region, scan, sweep
from slicer.infill.hilbert import distance

KERNELS = {
    "fill_scan": scan,
    "fill_sweep": sweep,
    "fill_join": join,
    "fill_clip": curves,
    "polyline": region,
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


@given(order=st.integers(1, 5))
def test_hilbert_curve_visits_each_cell_once_and_steps_to_neighbours(order):
    side = 1 << order
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    along = distance(cells, order)
    assert sorted(along) == list(range(side * side))
    steps = np.abs(np.diff(cells[np.argsort(along)], axis=0)).sum(axis=1)
    assert (steps == 1).all()


def test_the_length_along_a_ring_does_not_depend_on_the_rings_before_it():
    """Equal ways are equal to the last bit in every layer, and so is what is chosen between them."""
    ring = np.random.default_rng(0).normal(size=(40, 2))
    alone = region.places(ring, np.array([0, 40]))
    behind = region.places(np.concatenate([1e3 * ring, ring]), np.array([0, 40, 80]))
    assert (behind[40:] == alone).all()
    assert np.allclose(alone, np.append(0, np.cumsum(np.hypot(*np.diff(ring, axis=0).T))), rtol=1e-14)
