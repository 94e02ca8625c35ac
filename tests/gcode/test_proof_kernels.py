"""The proof's kernels: exact areas and distances, and the same numbers compiled and as plain Python."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import proof_parts as parts
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gcode.proof.compare
import gcode.proof.model
import gcode.proof.surface
from gcode.kernels import columns, labels
from gcode.proof import verify
from gcode.proof.model import model_of
from gcode.proof.surface import LIMIT, Field

KERNELS = Path(columns.__file__).parent
NAMES = {
    "sections": (gcode.proof.model, ["count_cuts", "cut"]),
    "columns": (
        gcode.proof.compare,
        ["ask", "close_cracks", "count", "distances", "draw_beads", "draw_outlines", "drop_slivers", "fill", "judge"]
        + ["keep_wide", "merge_section", "opened"],
    ),
    "reach": (gcode.proof.surface, ["enter", "reach"]),
}


def interpreted(name: str):
    """Return a kernel's module run as plain Python."""
    spec = importlib.util.spec_from_file_location(f"interpreted_{name}", KERNELS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small():
    """Return a small part, its moves, and what these prove."""
    model = parts.prism(shapely.difference(shapely.box(0, 0, 4, 3), shapely.box(1.5, 1, 2.5, 2)), 0, 0.6)
    return model, parts.sliced(model, {"skirt_loops": 0})


@pytest.mark.parametrize("name", NAMES)
def test_compiled_and_interpreted_agree(name, monkeypatch):
    model, moves = small()
    compiled = verify(model, moves, workers=1).parts[0]
    module, functions = NAMES[name]
    plain = interpreted(name)
    for function in functions:
        monkeypatch.setattr(module, function, getattr(plain, function))
    found = verify(model, moves, workers=1).parts[0]
    for column in ("by_distance", "skins", "deviation", "drift", "outer_bead"):
        np.testing.assert_array_equal(getattr(found.measured, column), getattr(compiled.measured, column))


def test_labels_compiled_and_interpreted_agree():
    mask = (np.indices((40, 60)).sum(axis=0) * 7919 % 13 < 5).astype(np.uint8)
    for corners in (True, False):
        both = []
        for kernel in (labels, interpreted("labels")):
            out = np.empty(mask.shape, np.intc)
            both.append((kernel.label(mask, corners, out, np.empty(mask.size // 2 + 2, np.intc)), out))
        assert both[0][0] == both[1][0]
        assert (both[0][1] == both[1][1]).all()


@given(st.lists(st.booleans(), min_size=24, max_size=24), st.booleans())
def test_pieces_are_what_is_connected(bits, corners):
    mask = np.array(bits, np.uint8).reshape(4, 6)
    out = np.empty(mask.shape, np.intc)
    count = labels.label(mask, corners, out, np.empty(mask.size // 2 + 2, np.intc))
    squares = [shapely.box(j, i, j + 1, i + 1) for i, j in zip(*np.nonzero(mask), strict=True)]
    joined = shapely.union_all([square.buffer(0.1 if corners else 0, join_style="mitre") for square in squares])
    assert count == len(shapely.get_parts(joined))
    assert set(np.unique(out[mask == 1])) == set(range(1, count + 1))
    assert not out[mask == 0].any()


def covered(polygon: shapely.Polygon, shape: tuple[int, int]) -> np.ndarray:
    """Return the exact share of each square that a polygon covers."""
    squares = np.array([[shapely.box(j, i, j + 1, i + 1) for j in range(shape[1])] for i in range(shape[0])])
    return shapely.area(shapely.intersection(squares, polygon))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0.5, 9.5), st.floats(0.5, 7.5)), min_size=3, max_size=7))
def test_squares_are_covered_exactly(points):
    polygon = shapely.MultiPoint(points).convex_hull
    if polygon.geom_type != "Polygon" or polygon.area < 1e-6:
        return
    ring = np.array(shapely.orient_polygons(polygon).exterior.coords)
    image, inner, outer = np.zeros((8, 12)), np.ones((8, 10)), np.zeros((8, 10))
    columns.draw_outlines(np.column_stack([ring[:-1], ring[1:]]), image)
    assert columns.merge_section(image, inner, outer) == 0
    np.testing.assert_allclose(inner, covered(polygon, (8, 10)), atol=1e-9)
    np.testing.assert_array_equal(inner, outer)
    assert not image.any()


@given(st.floats(2, 8), st.floats(2, 6), st.floats(2, 8), st.floats(2, 6), st.floats(0.1, 3), st.floats(0.1, 2))
def test_a_bead_leaves_all_its_plastic(x0, y0, x1, y1, width, amount):
    image = np.zeros((8, 12))
    columns.draw_beads(np.array([[x0, y0, x1, y1, width, amount]]), image)
    columns.fill(image)
    assert image.sum() == pytest.approx(np.hypot(x1 - x0, y1 - y0) * width * amount, abs=1e-9)


def test_distances_are_those_to_the_outline():
    disc = shapely.Point(30, 30).buffer(20, quad_segs=32)
    out = np.empty((60, 60))
    columns.distances(covered(disc, (60, 60)), out)
    y, x = np.indices(out.shape) + 0.5
    exact = 20 - np.hypot(x - 30, y - 30)
    near = np.abs(exact) < 10
    assert np.abs(out - exact)[near].max() < 0.05 * 10 + 0.3


@settings(max_examples=40)
@given(
    st.lists(st.tuples(*[st.floats(-1.5, 1.5)] * 4, st.floats(0.1, 0.4)), min_size=1, max_size=5),
    st.floats(0, 2 * np.pi),
)
def test_plastic_ends_where_the_beads_do(beads, angle):
    ends = np.array([bead[:4] for bead in beads])
    widths = 2 * np.array([bead[4] for bead in beads])
    normal = np.array([np.cos(angle), np.sin(angle)])
    found = Field.of(ends, widths).deviation(np.array([[0.0, 0.0, *normal]]))[0]
    lines = [shapely.LineString(end.reshape(2, 2)).buffer(w / 2, 64) for end, w in zip(ends, widths, strict=True)]
    inside = shapely.intersection(shapely.union_all(lines), shapely.LineString([-3 * normal, 3 * normal]))
    stops = [max(np.array(piece.coords) @ normal) for piece in shapely.get_parts(inside) if piece.length > 1e-3]
    nearest = min(stops, key=abs, default=np.inf)
    if abs(nearest) < LIMIT - 0.01 and all(abs(abs(stop) - abs(nearest)) > 0.02 for stop in stops if stop != nearest):
        assert found == pytest.approx(nearest, abs=0.02)


def test_planes_that_meet_corners_give_closed_outlines():
    model = model_of(np.array(parts.part()[0])[parts.part()[1]])
    for z in (1.4, 1.6):
        outline = model.outlines(np.array([z]))[0]
        starts, ends = (set(map(tuple, np.round(outline[:, k : k + 2], 9))) for k in (0, 2))
        assert starts == ends
