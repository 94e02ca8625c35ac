"""Whatever bytes come as a model, the answer is a print or one clear refusal, and it comes soon."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mesh_cases import BOX_FACES, CORNERS, box_triangles

import slicer
from profiles.errors import SettingsRefused
from slicer.errors import SlicerError

PATIENCE = 20.0  # seconds
QUICK = {"layer_height": 0.3, "infill_density": 0.1}
RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def stl(triangles: np.ndarray) -> bytes:
    """Return a binary STL."""
    table = np.zeros(len(triangles), RECORD)
    table["corners"] = triangles
    return b"hostile".ljust(80) + np.uint32(len(triangles)).tobytes() + table.tobytes()


PLAIN = stl(np.concatenate([box_triangles((8, 8, 3)), box_triangles((3, 3, 4), at=(0, 0, 3))]))
FACET = "facet normal 0 0 0\nouter loop\n{}endloop\nendfacet\n"
CORNER = "vertex {} {} {}\n"
FACETS = [FACET.format("".join(CORNER.format(*xyz) for xyz in face)) for face in (CORNERS * 8)[BOX_FACES].tolist()]
ASCII = ("solid part\n" + "".join(FACETS) + "endsolid part\n").encode()


def answer(path: Path) -> None:
    """Slice; let only refusals pass."""
    began = time.monotonic()
    try:
        result = slicer.slice(path, QUICK)
    except (SlicerError, SettingsRefused):
        result = None
    assert result is None or result.moves.validate().e.sum() > 0
    assert time.monotonic() - began < PATIENCE


HOSTILE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture], "derandomize": True}
mutations = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(mutations, st.sampled_from([PLAIN, ASCII]), st.integers(0, 200))
def test_flipped_bytes_and_lost_ends(tmp_path: Path, changes: list[tuple[int, int]], data: bytes, lost: int) -> None:
    broken = bytearray(data)
    for at, value in changes:
        broken[at % len(broken)] = value
    file = tmp_path / "hostile.stl"
    file.write_bytes(bytes(broken[: len(broken) - lost]))
    answer(file)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["noise", "missing", "repeated", "huge", "flat", "crossed"]))
def test_torn_meshes(tmp_path: Path, seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    triangles = np.concatenate([box_triangles((8, 8, 4)), box_triangles((5, 5, 4), at=(2, 3, 1))]).astype(np.float64)
    if kind == "noise":
        triangles += random.normal(0, 10 ** random.uniform(-6, 0.5), triangles.shape)
    elif kind == "missing":
        triangles = triangles[random.random(len(triangles)) < 0.8]
    elif kind == "repeated":
        triangles = triangles[random.integers(0, len(triangles), 60)]
    elif kind == "huge":
        triangles[random.integers(0, len(triangles))] *= 10.0 ** random.integers(1, 30)
    elif kind == "flat":
        triangles[random.random(len(triangles)) < 0.3, :, 2] = 0.5
    else:
        triangles[:, random.integers(0, 3)] = random.permutation(triangles[:, 0])
    file = tmp_path / "torn.stl"
    with np.errstate(over="ignore"):
        file.write_bytes(stl(triangles))
    answer(file)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38, 1e-38, -0.0])
def test_strange_numbers(tmp_path: Path, value: float) -> None:
    triangles = box_triangles((8, 8, 4)).copy()
    triangles[3, 1, 2] = value
    file = tmp_path / "strange.stl"
    file.write_bytes(stl(triangles))
    answer(file)
