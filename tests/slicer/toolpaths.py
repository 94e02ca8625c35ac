"""Hand-made paths for the tests of the stages between infill and G-code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import shapely

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import RetractionSettings, SeamSettings, TravelSettings
from slicer import kernels
from slicer.nouns import LayerPlan, Paths, Regions
from slicer.tools.joining import join_paths
from slicer.travel import travel

SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
L_SHAPE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [5.0, 10.0], [5.0, 5.0], [0.0, 5.0]])


def plan(layers: int, height: float = 0.2) -> LayerPlan:
    """Return a plan of equal layers."""
    top = np.arange(1, layers + 1) * height
    return LayerPlan(top - height, top, top - height / 2)


def circle(radius: float, centre: tuple[float, float] = (0.0, 0.0), n: int = 60, turn: float = 0.0) -> np.ndarray:
    """Return a counter-clockwise polygon (n, 2)."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False) + turn
    return np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def path(xy: object, role: Role = Role.EXTERNAL_PERIMETER, closed: bool = True, **columns: object) -> Paths:
    """Return one path; walls have inset 0 unless told otherwise."""
    xy = np.asarray(xy, float)
    if role in (Role.EXTERNAL_PERIMETER, Role.PERIMETER):
        columns.setdefault("inset", 0 if role == Role.EXTERNAL_PERIMETER else 1)
    columns = {"height": 0.2, "width": 0.45, **columns}
    return Paths.of(xy, [0, len(xy)], role=role, closed=closed, **columns)


def together(*pieces: Paths) -> Paths:
    """Return all paths, sorted by layer."""
    return join_paths(pieces).validate()


def line(a: tuple[float, float], b: tuple[float, float], role: Role = Role.INFILL, **columns: object) -> Paths:
    """Return an open path of two vertices."""
    return path([a, b], role, closed=False, **columns)


def points_of(paths: Paths, i: int) -> np.ndarray:
    """Return the vertices of path i."""
    return paths.xy[paths.offsets[i] : paths.offsets[i + 1]]


def starts(paths: Paths) -> np.ndarray:
    """Return (n, 2) the first vertex of each path."""
    return paths.xy[paths.offsets[:-1]]


def travel_length(paths: Paths) -> float:
    """Return the length of the straight ways between the paths, mm."""
    ends = np.where(paths.closed[:, None], starts(paths), paths.xy[paths.offsets[1:] - 1])
    return float(np.hypot(*(starts(paths)[1:] - ends[:-1]).T).sum())


def uncompiled(name: str) -> ModuleType:
    """Return a kernel module as plain Python, whether or not it was compiled."""
    source = Path(kernels.__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"uncompiled_{name}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stack(shape: object, layers: int) -> Regions:
    """Return the same region for each layer."""
    out = np.empty(layers, object)
    out[:] = shape
    return out


def moves_of(
    paths: Paths,
    layers: LayerPlan | None = None,
    outline: object = None,
    retraction: RetractionSettings | None = None,
    settings: TravelSettings | None = None,
    gap: float = 0.15,
) -> Moves:
    """Return the validated moves."""
    layers = layers or plan(int(paths.layer.max(initial=0)) + 1)
    return travel(
        paths,
        layers,
        stack(outline or shapely.box(-50, -50, 50, 50), len(layers)),
        retraction or RetractionSettings(),
        settings or TravelSettings(),
        SeamSettings(seam_gap=gap),
        0.4,
    ).validate()


def segments(moves: Moves) -> np.ndarray:
    """Return (n, 2, 2) start and end of each row, in the plane."""
    end = np.stack([moves.x, moves.y], axis=1)
    return np.stack([np.concatenate([moves.start[None, :2], end])[:-1], end], axis=1)


def lengths(moves: Moves) -> np.ndarray:
    """Return the length of each row in the plane, mm."""
    ends = segments(moves)
    return np.hypot(*(ends[:, 1] - ends[:, 0]).T)
