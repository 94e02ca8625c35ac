"""Meshes for tests of reading, health, repair and placement, and ways to compare them."""

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np

from slicer.nouns import Mesh
from slicer.reading import mesh_of_triangles

CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
BOX_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]]
    + [[2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)


def box_triangles(size: tuple[float, float, float], at: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """Return the (12, 3, 3) f4 triangles of a box about `at`, wound outwards."""
    return (CORNERS * size + at)[BOX_FACES].astype(np.float32)


def box(size: float = 10, at: tuple[float, float, float] = (0, 0, 0), inside_out: bool = False) -> np.ndarray:
    """Return the triangles of a cube."""
    triangles = box_triangles((size, size, size), at)
    return triangles[:, ::-1] if inside_out else triangles


def grid_sphere(radius: float = 10, n: int = 12) -> np.ndarray:
    """Return (t, 3, 3) triangles of a ball, wound outwards."""
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 2 * n + 1)[:-1], np.linspace(0, np.pi, n + 1), indexing="ij")
    points = radius * np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v)], axis=-1)
    points[:, 0], points[:, -1] = (0, 0, radius), (0, 0, -radius)
    a, b = points, np.roll(points, -1, axis=0)
    quads = [np.stack([a[:, :-1], a[:, 1:], b[:, 1:]], axis=2), np.stack([a[:, :-1], b[:, 1:], b[:, :-1]], axis=2)]
    return np.concatenate([quads[0][:, :-1].reshape(-1, 3, 3), quads[1][:, 1:].reshape(-1, 3, 3)]).astype(np.float32)


def mesh(*pieces: np.ndarray) -> Mesh:
    """Return one mesh of several pieces of triangles."""
    return mesh_of_triangles(np.concatenate(pieces), "part")


def same_triangles(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Tell whether two (n, 3, 3) arrays hold the same corners in the same order."""
    return found.shape == wanted.shape and bool((found == wanted).all())


def uncompiled(name: str) -> ModuleType:
    """Return a kernel of the slicer as plain Python, whether or not it was compiled."""
    path = Path(__file__).resolve().parents[2] / "slicer" / "kernels" / f"{name}.py"
    loader = SourceFileLoader(f"uncompiled_{name}", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
