"""The mesh kernels: against slow truths, and compiled against uncompiled."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mesh_cases import box, grid_sphere, mesh, uncompiled

from slicer.kernels import cover, edges, mesh_text, shells, weld

coordinates = st.lists(st.sampled_from([-1.5, -0.0, 0.0, 0.25, 3.0]), min_size=3, max_size=60).map(
    lambda values: np.array(values[: len(values) // 3 * 3]).reshape(-1, 3)
)
face_lists = st.lists(st.tuples(*[st.integers(0, 7)] * 3), min_size=0, max_size=40).map(
    lambda faces: np.array(faces, np.int32).reshape(-1, 3)
)


@pytest.fixture(scope="module", params=["compiled", "uncompiled"])
def kernels(request: pytest.FixtureRequest) -> dict[str, ModuleType]:
    """The kernels as installed, then as plain Python."""
    names = ("weld", "edges", "shells", "cover", "mesh_text")
    if request.param == "uncompiled":
        return {name: uncompiled(name) for name in names}
    return dict(zip(names, (weld, edges, shells, cover, mesh_text), strict=True))


def true_edges(faces: np.ndarray) -> np.ndarray:
    """Return the (f, 3) edges as sorted pairs of corners, (f, 3, 2)."""
    return np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2)


@given(coordinates, st.sampled_from(["f4", "f8"]))
def test_weld_makes_equal_points_one(kernels: dict[str, ModuleType], points: np.ndarray, dtype: str) -> None:
    points = points.astype(dtype)
    unique, index = kernels["weld"].weld(points)
    assert unique.dtype == points.dtype
    assert (unique[index] == points).all()
    assert len(unique) == len(np.unique(points + 0.0, axis=0))
    seen, first = np.unique(index, return_index=True)
    assert seen.tolist() == list(range(len(unique)))
    assert (np.diff(first) > 0).all()


def test_weld_makes_room_when_all_points_differ(kernels: dict[str, ModuleType]) -> None:
    points = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    unique, index = kernels["weld"].weld(points)
    assert (unique == points).all()
    assert (index == np.arange(2000)).all()


@given(face_lists)
def test_edges_are_numbered_by_first_appearance(kernels: dict[str, ModuleType], faces: np.ndarray) -> None:
    face_edges, n = kernels["edges"].edge_table(faces)
    numbers: dict[tuple[int, ...], int] = {}
    wanted = [[numbers.setdefault(tuple(edge), len(numbers)) for edge in face] for face in true_edges(faces).tolist()]
    assert face_edges.tolist() == wanted
    assert n == len(numbers)


def test_edges_of_a_huge_fan_take_linear_time() -> None:
    rim = np.arange(1, 200_001, dtype=np.int32)
    fan = np.stack([np.zeros_like(rim), rim, np.roll(rim, -1)], axis=1)
    _, n = edges.edge_table(fan)  # quadratic would be 40,000,000,000 steps
    assert n == 400_000


@given(face_lists)
def test_census_duplicates_and_components(kernels: dict[str, ModuleType], faces: np.ndarray) -> None:
    face_edges, n = edges.edge_table(faces)
    uses, balance = kernels["shells"].census(faces, face_edges, n)
    assert uses.tolist() == np.bincount(face_edges.ravel(), minlength=n).tolist()
    upwards = np.where(faces < np.roll(faces, -1, axis=1), 1, -1)
    assert balance.tolist() == np.bincount(face_edges.ravel(), upwards.ravel(), n).tolist()
    first: dict[tuple[int, ...], int] = {}
    keys = [tuple(sorted(edge)) for edge in face_edges.tolist()]
    wanted = [-1 if first.setdefault(key, i) == i else first[key] for i, key in enumerate(keys)]
    assert kernels["shells"].duplicates(faces, face_edges, uses).tolist() == wanted
    label = kernels["shells"].components(face_edges, n)
    for i, j in np.ndindex(len(faces), len(faces)):
        if set(face_edges[i]) & set(face_edges[j]):
            assert label[i] == label[j]
    if len(faces):
        assert [int(np.flatnonzero(label == k)[0]) for k in range(label.max() + 1)] == sorted(
            int(np.flatnonzero(label == k)[0]) for k in range(label.max() + 1)
        )


def test_measure_and_slivers(kernels: dict[str, ModuleType]) -> None:
    cube = mesh(box(10, at=(3, 4, 5)))
    vectors, volumes = kernels["shells"].measure(cube.vertices, cube.faces)
    assert volumes.sum() == pytest.approx(1000)
    assert np.abs(vectors).sum() == pytest.approx(600)
    thin = np.array([[[0, 0, 0], [9, 0, 0], [4, height, 0]] for height in (0, 1e-6, 2e-5, 1)], np.float64)
    sheet = mesh(thin)
    assert kernels["shells"].slivers(sheet.vertices, sheet.faces, 1e-5).tolist() == [True, True, False, False]


@given(st.integers(0, 2**32 - 1))
def test_windings_undo_any_flips(kernels: dict[str, ModuleType], seed: int) -> None:
    cube = mesh(box(10))
    flipped = np.random.default_rng(seed).random(12) < 0.5
    faces = np.ascontiguousarray(np.where(flipped[:, None], cube.faces[:, ::-1], cube.faces))
    face_edges, n = edges.edge_table(faces)
    against = kernels["shells"].windings(faces, face_edges, np.full(n, 2, np.int32)).astype(bool)
    assert (against ^ flipped == against[0] ^ flipped[0]).all()
    assert not against[0]


def test_cover_counts_how_shells_wind_around_points(kernels: dict[str, ModuleType]) -> None:
    nest = mesh(box(30), box(20, inside_out=True), box(10))
    shell = np.repeat(np.arange(3, dtype=np.int32), 12)
    points = np.array([[0.0, 0.0, 0.0], [7.0, 7.0, 7.0], [12.0, 0.0, 0.0], [99.0, 0.0, 0.0], [5.0, 5.0, -5.0]])
    hits = kernels["cover"].cover(nest.vertices, nest.faces, shell, points)
    winding = np.zeros((len(points), 3), int)
    np.add.at(winding, (hits[:, 0], hits[:, 1]), hits[:, 2])
    assert winding[:4].tolist() == [[1, -1, 1], [1, -1, 0], [1, 0, 0], [0, 0, 0]]
    assert winding[4, :2].tolist() == [1, -1]  # and on the third shell itself either answer will do


def test_cover_beyond_its_first_room(kernels: dict[str, ModuleType]) -> None:
    stack = mesh(*[box(10, at=(0, 0, 20 * i)) for i in range(600)])
    hits = kernels["cover"].cover(
        stack.vertices, stack.faces, np.zeros(len(stack.faces), np.int32), np.full((1, 3), -9.0)
    )
    assert len(hits) == 0
    hits = kernels["cover"].cover(
        stack.vertices, stack.faces, np.zeros(len(stack.faces), np.int32), np.array([[1.0, 2.0, -9.0]])
    )
    assert hits[:, 2].sum() == 0
    assert len(hits) == 1200


def test_text_kernels_agree(kernels: dict[str, ModuleType]) -> None:
    stl = b"solid a\nfacet normal 0 0 1\nouter loop\nvertex 1 -2.50 3e2\nvertex x 0 17.123456789012345678 endloop facet"
    points, starts, spans, whole = kernels["mesh_text"].scan_stl(stl)
    assert points[0].tolist() == [1, -2.5, 300]
    assert np.isnan(points[1]).tolist() == [True, False, True]
    assert starts.tolist() == [0, 2]
    assert [stl[start:end] for _, start, end in spans.tolist()] == [b"x", b"17.123456789012345678"]
    assert not whole
    xml = b"<m:vertex y='2' x=\"1\" z = '3'/><other x='7'/><!-- <vertex x='5'/> --><vertex x='4'></vertex>"
    values, spans = kernels["mesh_text"].scan_attributes(xml, b"vertex", b"x")
    assert values[0].tolist() == [1, 2, 3]
    assert np.isnan(values[1]).tolist() == [False, True, True]
    obj = b"v 1 2 3\nvn 1 1 1\nv 4 5 6\n# f 1 2\nf 1/2/3 -1//7 2\nf 9 x"
    points, corners, offsets, spans = kernels["mesh_text"].scan_obj(obj)
    assert points.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert corners.tolist() == [0, 1, 1, 8, -1]
    assert offsets.tolist() == [0, 3, 5]


def test_the_ball_of_the_tests_is_a_ball() -> None:
    ball = mesh(grid_sphere(10, 24))
    assert shells.measure(ball.vertices, ball.faces)[1].sum() == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
