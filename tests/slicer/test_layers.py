"""Layers: the top of every part is met, thicknesses stay near what was asked, planes lie in the middle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box
from solids import extruded, printed

from profiles.schema import LayerSettings
from slicer.errors import NothingToPrint
from slicer.layers import plan_layers

thicknesses = st.sampled_from([0.05, 0.1, 0.12, 0.2, 0.25, 0.28, 0.3, 0.6])


@given(st.floats(0.5, 300), thicknesses, thicknesses)
def test_tops_and_thicknesses(top: float, first: float, height: float) -> None:
    plan = plan_layers(top, LayerSettings(first_layer_height=first, layer_height=height))
    assert plan.z_bottom[0] == 0
    assert (plan.z_bottom[1:] == plan.z_top[:-1]).all()
    assert np.allclose(plan.z_slice, (plan.z_bottom + plan.z_top) / 2)
    assert (plan.height > 0).all()
    met = abs(plan.z_top[-1] - top)
    if top - first >= 5 * height:
        assert met <= 5.001e-4  # as it will be written
        assert plan.height[0] == pytest.approx(first)
        assert np.abs(plan.height[1:] - height).max() <= 0.1 * height + 1.1e-3
    else:
        assert met <= max(height / 2, first / 2) + 1e-3


@given(st.lists(st.floats(1.0, 60.0), min_size=1, max_size=5), thicknesses)
def test_the_top_of_each_part_is_met_where_parts_are_not_nearly_equal(tops: list[float], height: float) -> None:
    plan = plan_layers(tops, LayerSettings(first_layer_height=0.2, layer_height=height))
    assert (np.diff(plan.z_top) > 0).all()
    wanted = np.unique(tops)
    alone = np.diff(wanted, prepend=-99) > 11 * height
    nearest = np.abs(wanted[:, None] - plan.z_top).min(axis=1)
    assert (nearest[alone] <= 5.001e-4).all()
    assert (nearest <= height / 2 + 1e-3).all()


def test_even_heights_are_left_alone() -> None:
    plan = plan_layers(20.0, LayerSettings())
    assert len(plan) == 100
    assert (plan.z_top == np.round(0.2 * np.arange(1, 101), 3)).all()


@pytest.mark.parametrize(("top", "layers"), [(0.1, 1), (0.19, 1), (0.29, 1), (0.31, 2), (0.5, 3)])
def test_thin_parts(top: float, layers: int) -> None:
    plan = plan_layers(top, LayerSettings())
    assert len(plan) == layers
    assert plan.z_top[-1] == pytest.approx(top)


def test_too_flat_is_refused_with_a_remedy() -> None:
    with pytest.raises(NothingToPrint, match=r"0\.09.*--scale"):
        plan_layers(0.0901, LayerSettings())


def test_the_shorter_of_two_parts_ends_at_its_top() -> None:
    solids = [extruded(box(0, 0, 5, 5), 10.13), extruded(box(0, 0, 5, 5), 4.47)]
    result = printed(solids, {"label_objects": True})
    tops = [float(result.moves.z[(result.moves.object == i) & (result.moves.e > 0)].max()) for i in (0, 1)]
    assert tops == [pytest.approx(10.13), pytest.approx(4.47)]
