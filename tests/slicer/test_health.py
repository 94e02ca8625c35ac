"""Health: counts of what is wrong, in meshes where it is known."""

import json

import numpy as np
import pytest
from mesh_cases import box, grid_sphere, mesh

from slicer.health import examine
from slicer.nouns import Mesh


def test_a_sound_box() -> None:
    health = examine(mesh(box(10, at=(1e6, 0, 0))))
    assert health.is_sound
    assert health.problems() == ()
    assert (health.faces, health.edges, health.shells) == (12, 18, 1)
    assert health.volume == pytest.approx(1000)
    assert health.area == pytest.approx(600)
    assert health.openness == pytest.approx(0, abs=1e-12)
    assert health.bounds == ((1e6 - 5, -5, -5), (1e6 + 5, 5, 5))


cube = box(10)
TWISTED = cube.copy()
TWISTED[3] = TWISTED[3, ::-1]
CASES = {
    "hole": (cube[:-1], {"open_edges": 3}),
    "flipped face": (TWISTED, {"flipped_edges": 3}),
    "duplicate face": (np.concatenate([cube, cube[:1]]), {"duplicate_faces": 1, "nonmanifold_edges": 3}),
    "opposite duplicate": (np.concatenate([cube, cube[:1, ::-1]]), {"duplicate_faces": 1, "nonmanifold_edges": 3}),
    "two shells": (np.concatenate([cube, box(4, at=(20, 0, 0))]), {"shells": 2}),
    "touching along an edge": (np.concatenate([cube, box(10, at=(10, 10, 0))]), {"nonmanifold_edges": 1}),
    "inside out": (cube[:, ::-1], {}),
    "point": (np.concatenate([cube, np.zeros((1, 3, 3), np.float32)]), {"degenerate_faces": 1, "shells": 2}),
    "sheet": (cube[:2], {"open_edges": 4}),
}


@pytest.mark.parametrize("case", CASES)
def test_counts(case: str) -> None:
    triangles, wanted = CASES[case]
    health = examine(mesh(triangles))
    quiet = {"open_edges": 0, "flipped_edges": 0, "duplicate_faces": 0, "nonmanifold_edges": 0, "shells": 1}
    if case == "point":  # its one edge joins a vertex to itself, three times over
        wanted = {**wanted, "nonmanifold_edges": 1}
    found = health.as_dict()
    assert {name: found[name] for name in quiet} == {**quiet, **{k: v for k, v in wanted.items() if k in quiet}}
    assert found["degenerate_faces"] == wanted.get("degenerate_faces", 0)
    assert health.is_sound == (case == "two shells")
    assert len(health.problems()) >= (case != "two shells")
    json.dumps(found)


def test_volume_and_openness() -> None:
    assert examine(mesh(cube[:, ::-1])).volume == pytest.approx(-1000)
    assert examine(mesh(cube[:2])).openness == pytest.approx(1)
    assert examine(mesh(grid_sphere(10, 24))).openness == pytest.approx(0, abs=1e-6)


def test_no_faces() -> None:
    health = examine(Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int32)))
    assert (health.faces, health.shells, health.volume) == (0, 0, 0)
