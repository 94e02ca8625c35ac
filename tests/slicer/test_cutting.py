"""Cutting and chaining: every closed surface gives closed contours with the right area, wherever the planes lie."""

from types import ModuleType

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from mesh_cases import BOX_FACES, CORNERS, box, mesh
from shapely import affinity
from solids import cross_sections, extruded, joined
from toolpaths import uncompiled

from slicer.kernels import contours, cut
from slicer.kernels.edges import edge_table
from slicer.ragged import offsets_of

seeds = st.integers(0, 2**32 - 1)


def hull(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a random convex solid whose vertices lie on a coarse grid, so that planes meet vertices and faces."""
    trimesh = pytest.importorskip("trimesh")
    points = np.random.default_rng(seed).integers(0, 9, (12, 3)).astype(float)
    points = np.concatenate([points, [[0, 0, 0], [8, 0, 0], [0, 8, 0], [0, 0, 8]]])
    solid = trimesh.convex.convex_hull(points)
    return np.asarray(solid.vertices, float), np.asarray(solid.faces, np.int32)


def cuts(
    kernel: ModuleType, vertices: np.ndarray, faces: np.ndarray, planes: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return (contours, plane of each, whether closed) as the kernel makes them."""
    face_edges, edges = edge_table(faces)
    rank = np.searchsorted(planes, vertices[:, 2], side="right").astype(np.int32)
    offsets = np.empty(len(planes) + 1, np.int64)
    kernel.count_segments(faces, rank, offsets)
    n = int(offsets[-1])
    start, end, points = np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 4))
    kernel.cut(vertices, faces, face_edges, rank, planes, offsets, start, end, points)
    xy, ends = np.empty((2 * n, 2)), np.empty(n + 1, np.int64)
    plane, closed = np.empty(n, np.int32), np.empty(n, np.int8)
    made = kernel.chain(edges, offsets, start, end, points, xy, ends, plane, closed)
    return [xy[ends[i] : ends[i + 1]] for i in range(made)], plane[:made], closed[:made]


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.25, 0.5]))
def test_convex_solids_are_cut_like_their_truth(seed: int, shift: float) -> None:
    vertices, faces = hull(seed)
    planes = np.arange(0, 9) + shift
    loops, plane, closed = cuts(cut, vertices, faces, planes)
    assert closed.all()
    assert (np.diff(plane) >= 0).all()
    assert len(np.unique(plane)) == len(plane)  # one loop in each plane
    for k, loop in zip(plane, loops, strict=True):
        above = planes[k] - 1e-7  # a vertex in the plane counts as above it
        edges = vertices[faces][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2, 3)
        low, high = edges[:, 0, 2] < above, edges[:, 1, 2] < above
        crossing = edges[low != high]
        share = (above - crossing[:, 0, 2]) / (crossing[:, 1, 2] - crossing[:, 0, 2])
        points = crossing[:, 0, :2] + share[:, None] * (crossing[:, 1, :2] - crossing[:, 0, :2])
        truth = shapely.convex_hull(shapely.multipoints(points)).area
        polygon = shapely.Polygon(loop) if len(loop) > 2 else shapely.Polygon()
        assert polygon.area == pytest.approx(truth, abs=1e-4)
        assert shapely.LinearRing(loop).is_ccw or polygon.area < 1e-4


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.5]))
def test_compiled_and_uncompiled_agree(seed: int, shift: float) -> None:
    vertices, faces = hull(seed)
    faces = faces[np.random.default_rng(seed).random(len(faces)) < 0.9]  # with holes
    planes = np.arange(0, 9) + shift
    ours, ours_plane, ours_closed = cuts(cut, vertices, faces, planes)
    plain, plain_plane, plain_closed = cuts(UNCOMPILED, vertices, faces, planes)
    assert ours_plane.tolist() == plain_plane.tolist()
    assert ours_closed.tolist() == plain_closed.tolist()
    assert all((a == b).all() for a, b in zip(ours, plain, strict=True))


UNCOMPILED, UNCOMPILED_CONTOURS = uncompiled("cut"), uncompiled("contours")


@pytest.mark.parametrize("plane", [0.0, 1.0, 2.0, 3.0])
def test_faces_in_the_plane_belong_to_what_is_below(plane: float) -> None:
    stairs = joined(extruded(shapely.box(0, 0, 3, 3), 1), extruded(shapely.box(0, 0, 2, 2), 1, bottom=1.0))
    area = cross_sections(*stairs, np.array([plane])).regions[0].area
    assert area == pytest.approx({0.0: 0, 1.0: 9, 2.0: 4, 3.0: 0}[plane])


def test_touching_boxes_share_a_plane_without_a_seam() -> None:
    tower = joined(extruded(shapely.box(0, 0, 4, 4), 2), extruded(shapely.box(1, 1, 3, 3), 2, bottom=2.0))
    areas = shapely.area(cross_sections(*tower, np.array([1e-6, 2.0, 2.000001, 4.0])).regions)
    assert areas == pytest.approx([16, 16, 4, 4])


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_boolean_solids_are_cut_like_their_outline(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = shapely.union_all(
        [affinity.rotate(shapely.box(0, 0, *random.uniform(1, 9, 2)), random.uniform(0, 90)) for _ in range(4)]
    ).difference(shapely.Point(random.uniform(0, 5, 2)).buffer(1.5))
    regions = cross_sections(*extruded(shape, 3), np.array([0.5, 1.5, 2.999])).regions
    assert shapely.area(regions) == pytest.approx(shape.area, abs=1e-3)
    assert shapely.area(shapely.symmetric_difference(regions, shape)) == pytest.approx(0, abs=1e-2)


def test_a_tilted_prism_meets_every_plane_in_the_same_area() -> None:
    vertices, faces = extruded(shapely.Point(0, 0).buffer(4, 16), 20)
    vertices = vertices @ np.array([[1, 0, 0], [0, 1, 0], [0.3, 0.1, 1]])  # sheared: sections stay
    areas = shapely.area(cross_sections(vertices, faces, np.linspace(0.1, 19.9, 50)).regions)
    assert areas == pytest.approx(areas[0], rel=1e-9)


# ---------------------------------------------------------------- what encloses what


def squares(*specification: tuple[float, float, float, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Return a mesh of boxes (x, y, edge, inside out) of height 2."""
    pieces = [mesh(box(edge, at=(x, y, 0), inside_out=out)) for x, y, edge, out in specification]
    return joined(*((piece.vertices * [1, 1, 2 / np.ptp(piece.vertices[:, 2])], piece.faces) for piece in pieces))


ARRANGEMENTS = {
    "alone": ([(0, 0, 10, False)], 100),
    "apart": ([(0, 0, 10, False), (20, 0, 4, False)], 116),
    "overlapping": ([(0, 0, 10, False), (5, 0, 10, False)], 150),
    "overlapping at a corner": ([(0, 0, 10, False), (5, 5, 10, False)], 175),
    "twice the same": ([(0, 0, 10, False), (0, 0, 10, False)], 100),
    "thrice the same": ([(0, 0, 10, False)] * 3, 100),
    "nested with the same winding": ([(0, 0, 10, False), (0, 0, 4, False)], 100),
    "a cavity": ([(0, 0, 10, False), (0, 0, 4, True)], 84),
    "a solid in a cavity": ([(0, 0, 10, False), (0, 0, 6, True), (0, 0, 2, False)], 68),
    "touching along a side": ([(0, 0, 10, False), (10, 0, 10, False)], 200),
    "touching along part of a side": ([(0, 0, 10, False), (7, 2, 4, False)], 116),
    "touching in a corner": ([(0, 0, 10, False), (10, 10, 10, False)], 200),
    "a cavity that reaches through the wall": ([(0, 0, 10, False), (5, 0, 4, True)], 92),
    "a cavity that touches the wall": ([(0, 0, 10, False), (3, 0, 4, True)], 84),
    "two cavities that overlap": ([(0, 0, 10, False), (-1, 0, 4, True), (1, 0, 4, True)], 76),
    "a cavity in two overlapping solids": ([(0, 0, 10, False), (0, 0, 10, False), (0, 0, 4, True)], 100),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_solid_is_where_the_winding_number_is_positive(name: str, turn: float) -> None:
    boxes, area = ARRANGEMENTS[name]
    vertices, faces = squares(*boxes)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    found = cross_sections(vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), faces, np.array([0.1]))
    region = found.regions[0]
    assert region.is_valid
    assert region.area == pytest.approx(area, abs=1e-2)
    assert found.gaps == 0


def test_deep_nests_of_rings() -> None:
    sizes = np.arange(40, 0, -1.0)
    nest = squares(*[(0, 0, size, i % 2 == 1) for i, size in enumerate(sizes)])
    region = cross_sections(*nest, np.array([0.1])).regions[0]
    assert region.area == pytest.approx((sizes[::2] ** 2 - sizes[1::2] ** 2).sum())
    assert len(region.geoms) == 20


def test_dust_is_left_out() -> None:
    assert cross_sections(*squares((0, 0, 0.03, False)), np.array([0.1])).regions[0].is_empty


# ---------------------------------------------------------------- cracks and holes


def broken(missing: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return a cube without some of its faces."""
    return CORNERS * 10 + 5, np.delete(BOX_FACES, missing, axis=0).astype(np.int32)


@pytest.mark.parametrize("missing", [[0], [1], [4], [0, 1], [0, 4], [8], [10, 11]])
def test_holes_are_closed_straight_and_told(missing: list[int]) -> None:
    vertices, faces = broken(missing)
    found = cross_sections(vertices, faces, np.linspace(0.1, 9.9, 11))
    assert shapely.area(found.regions) == pytest.approx(100)
    assert (found.gaps > 0) == (min(missing) < 8)  # the last four faces are horizontal


def test_a_crack_between_faces_is_closed_without_a_word() -> None:
    vertices, faces = broken([])
    apart = vertices[faces].reshape(-1, 3)  # no face shares a vertex with another
    apart = apart + np.random.default_rng(1).normal(0, 1e-4, apart.shape)
    found = cross_sections(apart, np.arange(36, dtype=np.int32).reshape(-1, 3), np.linspace(0.5, 9.5, 10))
    assert shapely.area(found.regions) == pytest.approx(100, abs=0.05)
    assert found.gaps == 0


@pytest.mark.parametrize("apart", [0.0, 1000.0])
def test_the_closed_share_is_that_of_the_length_of_all_contours(apart: float) -> None:
    """A wall of four is missing from one of two cubes, however far they are apart."""
    pieces = [broken([4, 5]), (broken([])[0] + [20 + apart, 0, 0], broken([])[1])]
    assert cross_sections(*joined(*pieces), np.array([2.0, 5.0])).closed_share == pytest.approx(10 / 80)


def test_mostly_missing_says_so() -> None:
    vertices, faces = broken([0, 1, 4, 5, 2, 3])
    assert cross_sections(vertices, faces, np.array([5.0])).closed_share > 0.35


# ---------------------------------------------------------------- simplification


def noisy_ring(seed: int) -> np.ndarray:
    """Return a star-shaped ring with fine noise, straight runs and repeated vertices."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, 60))
    ring = (5 + random.uniform(-0.02, 0.02, 60))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.repeat(ring, random.integers(1, 3, 60), axis=0)


def simplified(kernel: ModuleType, rings: list[np.ndarray], tolerance: float) -> list[np.ndarray]:
    """Return the thinned rings."""
    xy, offsets = np.concatenate(rings), offsets_of([len(ring) for ring in rings])
    out, out_offsets = np.empty_like(xy), np.empty_like(offsets)
    kernel.simplify(np.ascontiguousarray(xy), offsets, tolerance, out, out_offsets)
    return np.split(out[: out_offsets[-1]], out_offsets[1:-1])


@given(seeds, st.sampled_from([0.0, 0.001, 0.0125, 0.1]), st.integers(0, 50))
def test_thinning_stays_within_tolerance_and_forgets_the_start(seed: int, tolerance: float, shift: int) -> None:
    ring = noisy_ring(seed)
    thin, again = simplified(contours, [ring, np.roll(ring, shift, axis=0)], tolerance)
    assert (thin == again).all()
    left = shapely.LinearRing(thin)
    assert shapely.distance(shapely.points(ring), left).max() <= tolerance + 1e-6
    assert {tuple(point) for point in thin} <= {tuple(point) for point in ring}
    assert thin[0, 0] == ring[:, 0].min()
    plain = simplified(UNCOMPILED_CONTOURS, [ring, ring[:5]], tolerance)
    assert (plain[0] == thin).all()


def test_straight_vertices_go_even_without_tolerance() -> None:
    ring = np.array([[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [0, 2], [0, 1]], float)
    (thin,) = simplified(contours, [ring], 0.0)
    assert thin.tolist() == [[0, 0], [2, 0], [2, 2], [0, 2]]


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_nesting_and_winding_agree_with_their_uncompiled_selves(seed: int) -> None:
    random = np.random.default_rng(seed)
    rings = [noisy_ring(seed + i) * s for i, s in enumerate((3.0, 2.0, 1.0, 0.5))]
    rings = [ring if random.random() < 0.7 else ring[::-1] for ring in rings]
    xy, offsets = np.concatenate(rings), offsets_of([len(ring) for ring in rings])
    area = np.array([shapely.Polygon(r).area * (1 if shapely.LinearRing(r).is_ccw else -1) for r in rings])
    bounds = np.array([[*r.min(axis=0), *r.max(axis=0)] for r in rings])
    found = []
    for kernel in (contours, UNCOMPILED_CONTOURS):
        parent, winding = np.empty(4, np.int64), np.empty(4, np.int32)
        kernel.nest(xy, offsets, area, bounds, np.array([0, 4]), parent, winding)
        inside = np.empty(50, np.int32)
        segments = np.concatenate([np.concatenate([r, np.roll(r, -1, axis=0)], axis=1) for r in rings])
        points = np.ascontiguousarray(np.random.default_rng(3).uniform(-16, 16, (50, 2)))
        kernel.winding_numbers(points, segments, inside)
        discs = np.array([shapely.Polygon(r) for r in rings])
        truth = np.sign(area) @ shapely.contains_xy(discs[:, None], points[:, 0], points[:, 1])
        assert inside.tolist() == truth.tolist()
        found.append((parent.tolist(), winding.tolist()))
    assert found[0] == found[1]
    assert winding.tolist() == np.concatenate([[0], np.cumsum(np.sign(area))[:-1]]).astype(int).tolist()
