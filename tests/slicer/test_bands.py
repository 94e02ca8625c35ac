"""Bands of layers, worked on side by side: nobody can tell from the result that there were any."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from fill_cases import areas_of

import slicer
from slicer.tools import bands
from slicer.tools.bands import areas_together, bands_of


def stack(sizes: list[int]) -> np.ndarray:
    """Return rings of as many vertices, no two alike unless they have as many."""
    out = np.empty(len(sizes), object)
    out[:] = [shapely.Point(0, 0).buffer(10 + size, quad_segs=size) for size in sizes]
    return out


def test_every_layer_is_in_one_band_and_the_halves_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "WORTHWHILE", 1000)
    regions = stack(list(range(10, 60)))
    parts = bands_of(regions)
    filled = np.array([~shapely.is_empty(part) for part in parts])
    assert (filled.sum(axis=0) == 1).all()
    assert all((part[mine] == regions[mine]).all() for part, mine in zip(parts, filled, strict=True))
    points = [shapely.get_num_coordinates(part).sum() for part in parts]
    assert max(points) < 0.55 * sum(points)


def test_layers_that_are_alike_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is alike is worked out once, which it would not be in two bands."""
    monkeypatch.setattr(bands, "WORTHWHILE", 100)
    regions = stack([30, 20, 40, 30, 20, 40, 30, 20, 40])
    for part in bands_of(regions):
        mine = ~shapely.is_empty(part)
        assert set(np.flatnonzero(mine) % 3).isdisjoint(np.flatnonzero(~mine) % 3)


@pytest.mark.parametrize("regions", [stack([]), stack([20] * 500), stack([8, 9])], ids=["none", "alike", "few"])
def test_little_work_is_not_shared_out(regions: np.ndarray) -> None:
    assert len(bands_of(regions)) == 1


def test_one_heavy_layer_is_not_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "WORTHWHILE", 100)
    assert len(bands_of(stack([2, 90, 90, 90]))) == 1
    assert len(bands_of(stack([90, 90, 90, 2]))) == 2


def test_areas_of_all_bands_are_sorted_by_layer() -> None:
    layers = [0, 0, 3], [1, 2, 3]
    both = areas_together([areas_of(stack([8, 9, 10]), layer=layer) for layer in layers])
    assert both.layer.tolist() == [0, 0, 1, 2, 3, 3]
    assert both.island.tolist() == [0, 1, 0, 1, 2, 2]
    assert shapely.get_num_coordinates(both.polygon).tolist() == [33, 37, 33, 37, 41, 41]


@pytest.mark.parametrize("name", ["twisted_vase", "bracket"])
def test_bands_change_nothing_whoever_works_on_them(
    monkeypatch: pytest.MonkeyPatch, sample_models: Path, name: str
) -> None:
    def sliced(workers: int) -> bytes:
        return slicer.slice(sample_models / f"{name}.stl", {"layer_height": 0.28}, workers=workers).gcode()

    whole = sliced(1)
    monkeypatch.setattr(bands, "WORTHWHILE", 100)
    for workers in (1, 2, 8):
        assert sliced(workers) == whole
