"""Sizes are corrected where the settings ask for it, and thin features survive the elephant's foot."""

from math import pi, sqrt

import numpy as np
import pytest
import shapely

import slicer
from profiles.schema import SlicingSettings
from slicer.nouns import Regions
from slicer.slicing import _compensate
from slicer.tools.crew import Crew

PLATE = shapely.box(0, 0, 20, 20).difference(shapely.Point(10, 10).buffer(3, quad_segs=64))
FIN = shapely.box(30, 0, 30.6, 10)


def compensated(**settings: float) -> Regions:
    """Return two layers of a plate with a hole and a thin fin beside it, compensated."""
    layers = np.array([shapely.MultiPolygon([PLATE, FIN])] * 2, object)
    with Crew(1) as crew:
        return _compensate(layers, SlicingSettings(**settings), crew)


def parts(region: shapely.Geometry) -> tuple[shapely.Polygon, shapely.Polygon]:
    """Return the plate and the fin."""
    fin, plate = sorted(shapely.get_parts(region), key=lambda part: part.area)
    return plate, fin


def radius(plate: shapely.Polygon) -> float:
    """Return the radius of the plate's hole."""
    return sqrt(shapely.Polygon(plate.interiors[0]).area / pi)


@pytest.mark.parametrize("amount", [0.1, -0.1])
def test_holes_change_alone(amount: float) -> None:
    plate, fin = parts(compensated(hole_compensation=amount)[0])
    assert radius(plate) == pytest.approx(3 + amount, abs=1e-3)
    assert shapely.Polygon(plate.exterior).area == pytest.approx(400)
    assert fin.area == pytest.approx(FIN.area)


@pytest.mark.parametrize("amount", [0.1, -0.1])
def test_everything_grows_in_x_and_y(amount: float) -> None:
    plate, fin = parts(compensated(xy_compensation=amount)[0])
    assert plate.bounds == pytest.approx((-amount, -amount, 20 + amount, 20 + amount))
    assert radius(plate) == pytest.approx(3 - amount, abs=1e-3)
    assert fin.area == pytest.approx((0.6 + 2 * amount) * (10 + 2 * amount))


def test_only_the_first_layer_loses_its_foot_and_thin_features_keep_theirs() -> None:
    first, second = compensated(elephant_foot_compensation=0.2)
    plate, fin = parts(first)
    assert plate.bounds == pytest.approx((0.2, 0.2, 19.8, 19.8))
    assert fin.area == pytest.approx(FIN.area, rel=0.01)
    assert second.area == pytest.approx(PLATE.area + FIN.area)


def test_the_printed_outline_follows(sample_models) -> None:  # type: ignore[no-untyped-def]
    cube = sample_models / "calibration_cube.stl"
    sizes = [slicer.slice(cube, {"xy_compensation": grow}).summary.size[0] for grow in (0.0, 0.15)]
    assert sizes[1] - sizes[0] == pytest.approx(0.3, abs=1e-3)
