"""Holes of a surface: found as loops of its border, spanned by the least area."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slicer.tools import holes


def area(corners: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = corners[triangles].transpose(1, 0, 2)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_examples() -> None:
    assert doctest.testmod(holes, extraglobs={"np": np}).failed == 0


@given(st.lists(st.floats(0.2, 3.0), min_size=3, max_size=20), st.integers(0, 2**32 - 1))
def test_a_flat_star_is_spanned_by_itself(radii: list[float], seed: int) -> None:
    angle = np.arange(len(radii)) / len(radii) * 2 * np.pi
    x, y = np.array(radii) * np.cos(angle), np.array(radii) * np.sin(angle)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    corners = np.stack([x, y, np.zeros(len(x))], axis=1) @ turn.T
    inside = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    triangles = holes.span(corners)
    assert len(triangles) == len(radii) - 2
    assert area(corners, triangles) == pytest.approx(inside, rel=1e-9)


@given(st.integers(4, 12), st.integers(0, 2**32 - 1))
def test_no_fan_is_smaller_than_the_least(n: int, seed: int) -> None:
    corners = np.random.default_rng(seed).normal(size=(n, 3))
    least = area(corners, holes.span(corners))
    for tip in range(n):
        fan = [(tip, (tip + k) % n, (tip + k + 1) % n) for k in range(1, n - 1)]
        assert least <= area(corners, np.array(fan)) + 1e-9


def test_the_border_of_a_sheet_is_left_alone() -> None:
    n = holes.LARGEST + 1
    ring = np.stack([np.arange(n), np.roll(np.arange(n), -1)], axis=1).astype(np.int32)
    faces, width = holes.fill_holes(np.random.default_rng(0).normal(size=(n, 3)), ring)
    assert len(faces) == 0
    assert len(width) == 0
