"""Read model files: STL, 3MF, OBJ, PLY, OFF and GLB in, `Mesh` out, or `InputRefused` with one clear line.

A file is known by how it begins, then by its name's ending, since models are often misnamed. Equal points are
welded; coordinates are those of the file, in mm (3MF says its unit, the others are taken as mm).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slicer.errors import InputRefused
from slicer.health import Repair
from slicer.nouns import Mesh
from slicer.reading.arrays import mesh_of, mesh_of_triangles

__all__ = ["FORMATS", "Reading", "load", "mesh_of", "mesh_of_triangles", "read", "suspicious_size"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: one mesh per object on its plate, and what had to be mended to read it."""

    meshes: tuple[Mesh, ...]
    repairs: tuple[Repair, ...] = ()


def _stl(data: bytes, name: str) -> Reading:
    from slicer.reading.stl import read_stl

    mesh, repairs = read_stl(data, name)
    return Reading((mesh,), repairs)


def _threemf(data: bytes, name: str) -> Reading:
    from slicer.reading.threemf import read_threemf

    return Reading(*read_threemf(data, name))


def _obj(data: bytes, name: str) -> Reading:
    from slicer.reading.obj import read_obj

    return Reading((read_obj(data, name),))


def _with_trimesh(kind: str) -> Callable[[bytes, str], Reading]:
    def reader(data: bytes, name: str) -> Reading:
        from slicer.reading.foreign import read_with_trimesh

        return Reading((read_with_trimesh(data, kind, name),))

    return reader


FORMATS: dict[str, Callable[[bytes, str], Reading]] = {
    ".stl": _stl,
    ".3mf": _threemf,
    ".obj": _obj,
    ".ply": _with_trimesh("ply"),
    ".off": _with_trimesh("off"),
    ".glb": _with_trimesh("glb"),
}
"""Readers by the ending of the file's name."""

BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", ".3mf"),
    (b"glTF", ".glb"),
    (b"ply\n", ".ply"),
    (b"ply\r", ".ply"),
    (b"OFF", ".off"),
    (b"solid", ".stl"),
)
"""First bytes that name a format, whatever the file is called."""


def read(path: str | os.PathLike[str]) -> list[Mesh]:
    """Return the meshes of a model file, one per object on its plate.

    Raises `InputRefused` where the file is missing, unreadable or no model; `load` also tells what was mended.
    """
    return list(load(path).meshes)


def load(path: str | os.PathLike[str]) -> Reading:
    """Return the meshes of a model file and what had to be mended to read it; raise `InputRefused` like `read`."""
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device may have no end, or no beginning
            raise InputRefused(f"{path}: is a directory, pipe or device, not a file; save the model as a file first")
        data = path.read_bytes()
    except OSError as error:
        raise InputRefused(f"{path}: cannot be read ({error.strerror or error})") from None
    if not data:
        raise InputRefused(f"{path}: the file is empty; export the model again")
    ending = next((known for first, known in BEGINNINGS if data.startswith(first)), path.suffix.lower())
    if ending not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputRefused(f"{path}: is not a model file I know ({known}); export it as one of these")
    try:
        reading = FORMATS[ending](data, path.stem)
        check_coordinates(reading.meshes)
    except InputRefused as error:
        raise InputRefused(f"{path}: {error}") from error.__cause__
    except MemoryError:
        raise InputRefused(f"{path}: is too large for this computer's memory") from None
    return reading


FARTHEST = 1e9
"""mm; coordinates beyond this are garbage, not a part far from the origin."""


def check_coordinates(meshes: Sequence[Mesh]) -> None:
    """Raise `InputRefused` where a coordinate is nan, infinite or absurd."""
    for mesh in meshes:
        sane = np.asarray(np.abs(mesh.vertices) < FARTHEST)  # nan is not
        if not sane.all():
            worst = mesh.vertices[~sane][0]
            lost = ~np.asarray(sane.all(axis=1))
            broken = int(lost[mesh.faces].any(axis=1).sum())
            what = f"{broken} of {len(mesh.faces)} triangles have a coordinate that is no place ({worst:g})"
            raise InputRefused(f"{what}; the file is damaged, export it again")


def suspicious_size(meshes: Sequence[Mesh]) -> str | None:
    """Return a warning that names the option to use where the whole plate looks like another unit than mm."""
    if not meshes or not all(len(mesh.vertices) for mesh in meshes):
        return None
    low = np.min([mesh.bounds[0] for mesh in meshes], axis=0)
    high = np.max([mesh.bounds[1] for mesh in meshes], axis=0)
    largest = float((high - low).max())
    size = " x ".join(f"{length:.4g}" for length in high - low)
    if largest < 0.5:
        return f"the model is only {size} mm; if it was drawn in metres, use --scale 1000"
    if largest < 3:
        return f"the model is only {size} mm; if it was drawn in inches, use --scale 25.4"
    if largest > 2000:
        return f"the model is {size} mm; if it was drawn in microns, use --scale 0.001"
    return None
