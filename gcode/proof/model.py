"""A model as triangles and its outlines at any height, read independently of the slicer.

The solid is where outlines wind around a point: shells may overlap or repeat. What is inside out is turned first, be it
the whole model, a body of it or single triangles.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.errors import GcodeError
from gcode.kernels.columns import draw_outlines, fill
from gcode.kernels.sections import count_cuts, cut
from gcode.moves import Floats
from gcode.proof.threemf import read_3mf

Ints = NDArray[np.intp]


LOOKS, LOOK_SQUARES = 9, 128
"""Heights at which a model is looked at before it is believed, and into how many squares a side."""


class UnreadableModel(GcodeError):
    """A model file that cannot be read, or that holds no triangle."""


@dataclass(frozen=True, slots=True)
class Model:
    """Triangles (n, 3, 3) in mm, centred on x = y = 0 and standing on z = 0."""

    name: str
    triangles: Floats

    @property
    def size(self) -> Floats:
        """Extent in x, y and z, mm."""
        corners = self.triangles.reshape(-1, 3)
        return np.asarray(corners.max(axis=0) - corners.min(axis=0))

    def outlines(self, planes: Floats) -> Outlines:
        """Return the outlines at rising heights."""
        starts = np.zeros(len(planes) + 1, np.intp)
        count_cuts(self.triangles, planes, starts[1:])
        starts = np.cumsum(starts)
        segments = np.empty((starts[-1], 5))
        cut(self.triangles, planes, starts[:-1].copy(), segments)
        return Outlines(segments, starts)


@dataclass(frozen=True, slots=True)
class Outlines:
    """Segments (m, 5) of many planes one after another: x0, y0, x1, y1, uprightness; the solid to the left."""

    segments: Floats
    starts: Ints

    def __getitem__(self, plane: int) -> Floats:
        return self.segments[self.starts[plane] : self.starts[plane + 1]]


def load(source: str | os.PathLike[str]) -> Model:
    """Return the model in a file: STL, 3MF (all parts, as they are placed), or what trimesh reads (OBJ, PLY, OFF, GLB).

    Raises `UnreadableModel`, and OSError where the file cannot be opened.
    """
    path = Path(source)
    if path.exists() and not path.is_file():
        raise UnreadableModel(f"{path} is a directory, pipe or device, not a file; save the model as a file first")
    data = path.read_bytes()
    suffix = path.suffix.lower()
    try:
        if suffix == ".stl" and (binary := _binary_stl(data)) is not None:
            triangles = binary
        elif suffix == ".3mf":
            triangles = read_3mf(data)
        else:
            triangles = _by_trimesh(data, suffix[1:])
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, NotImplementedError) as error:
        reason = f"there is no {error} where one is needed" if isinstance(error, KeyError) else error
        raise UnreadableModel(f"{path.name} cannot be read as a model: {reason}") from None
    return model_of(triangles, path.stem)


def model_of(triangles: Floats, name: str = "model") -> Model:
    """Return a model of triangles (n, 3, 3), centred and set down. Raises `UnreadableModel` where there are none."""
    triangles = np.ascontiguousarray(triangles, np.float64).reshape(-1, 3, 3)
    triangles = triangles[np.isfinite(triangles).all(axis=(1, 2))]
    if not len(triangles):
        raise UnreadableModel(f"{name} holds no triangle")
    corners = triangles.reshape(-1, 3)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if not high[2] > low[2]:
        raise UnreadableModel(f"{name} is flat: it has no height")
    middle = np.array([*(low + high)[:2] / 2, low[2]])
    return Model(name, _turned_out(triangles - middle))


def _binary_stl(data: bytes) -> Floats | None:
    """Return the triangles of a binary STL, as many as are there; None where the file is text."""
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    count = int.from_bytes(data[80:84], "little") if len(data) >= 84 else 0
    there = (len(data) - 84) // record.itemsize
    if there < 1 or (count != there and data.lstrip()[:5].lower() == b"solid" and b"facet" in data[:4096].lower()):
        return None
    return np.frombuffer(data, record, min(count, there), 84)["corners"].astype(np.float64)


def _by_trimesh(data: bytes, kind: str) -> Floats:
    import io

    import trimesh

    scene: Any = trimesh.load(io.BytesIO(data), file_type=kind, process=False)
    mesh = scene.to_mesh() if isinstance(scene, trimesh.Scene) else scene
    return np.asarray(mesh.triangles, np.float64)


def _turned_out(triangles: Floats) -> Floats:
    """Return the triangles facing outwards: all turned over, or each body by itself where they disagree."""
    if _disagree(triangles):
        import trimesh

        soup = np.arange(3 * len(triangles)).reshape(-1, 3)
        mesh = trimesh.Trimesh(triangles.reshape(-1, 3).copy(), soup, process=True)
        mesh.update_faces(mesh.unique_faces())
        repair: Any = trimesh.repair
        repair.fix_winding(mesh)
        repair.fix_inversion(mesh, multibody=True)
        triangles = np.ascontiguousarray(mesh.triangles, np.float64)
    a, b, c = triangles.transpose(1, 0, 2)
    volume = float((a * np.cross(b, c)).sum())
    return triangles if volume >= 0 else np.ascontiguousarray(triangles[:, ::-1])


def _disagree(triangles: Floats) -> bool:
    """Tell whether some outlines at a few heights run against others, or do not run on from end to start."""
    planes = np.linspace(0, triangles[:, :, 2].max(), LOOKS + 2)[1:-1] + 1e-4
    outlines = Model("", triangles).outlines(planes)
    if not len(outlines.segments):
        return False
    plane = np.repeat(np.arange(LOOKS), np.diff(outlines.starts))
    ends = np.round(outlines.segments[:, :4], 4)
    both = np.concatenate([np.column_stack([plane, ends[:, :2]]), np.column_stack([plane, ends[:, 2:]])])
    _, point = np.unique(both, axis=0, return_inverse=True)
    balance = np.bincount(point, np.repeat([1.0, -1.0], len(ends)))
    return bool(np.count_nonzero(balance) > 0.1 * len(balance)) or any(_both_ways(outlines[k]) for k in range(LOOKS))


def _both_ways(outline: Floats) -> bool:
    """Tell whether an outline winds both ways around points inside."""
    if not len(outline):
        return False
    xy = outline[:, :4]
    low = np.minimum(xy[:, :2], xy[:, 2:]).min(axis=0)
    size = float((np.maximum(xy[:, :2], xy[:, 2:]).max(axis=0) - low).max()) or 1.0
    image = np.zeros((LOOK_SQUARES, LOOK_SQUARES + 2))
    draw_outlines((xy - [*low, *low]) * (LOOK_SQUARES / size), image)
    fill(image)
    return bool(image.min() < -0.9 and image.max() > 0.9)
