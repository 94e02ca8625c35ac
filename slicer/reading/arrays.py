"""Make a `Mesh` from plain arrays: weld equal points, keep the faces' order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slicer.errors import InputRefused
from slicer.kernels.weld import weld
from slicer.nouns import Mesh


def mesh_of_triangles(triangles: Any, name: str = "part") -> Mesh:
    """Return a mesh from (n, 3, 3) corners, f4 or f8 mm; corners with the same bits become one vertex.

    >>> mesh_of_triangles(np.float32([[[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 1, 0], [0, 1, 0]]])).faces
    array([[0, 1, 2],
           [1, 3, 2]], dtype=int32)
    """
    with np.errstate(invalid="ignore"):  # garbage holds signalling nans; they are found and refused later
        points, index = weld(np.asarray(triangles).reshape(-1, 3))
        return Mesh(frozen(points.astype(np.float64, copy=False)), frozen(index.reshape(-1, 3)), name)


def mesh_of(vertices: Any, faces: Any, name: str = "part") -> Mesh:
    """Return a mesh from (v, 3) vertices in mm and (f, 3) indices; equal vertices become one, unused ones go.

    Raises `InputRefused` where an index points nowhere.
    """
    vertices = np.asarray(vertices, np.float64).reshape(-1, 3)
    faces = np.asarray(faces).reshape(-1, 3)
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        wrong = int(((faces < 0) | (faces >= len(vertices))).any(axis=1).sum())
        raise InputRefused(f"{wrong} of {len(faces)} faces use a vertex that is not there; export the model again")
    used = np.zeros(len(vertices), bool)
    used[faces.ravel()] = True
    points, index = weld(vertices[used], room=int(used.sum()))
    renumbered = np.zeros(len(vertices), np.int32)
    renumbered[used] = index
    return Mesh(frozen(points), frozen(renumbered[faces]), name)


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, made read-only."""
    array.flags.writeable = False
    return array


def read_spans(values: NDArray[np.float64], spans: NDArray[np.int64], data: bytes) -> None:
    """Fill in the numbers that `kernels.mesh_text` left to Python; raise `InputRefused` where one is none.

    values  (n, 3) f8, written in place      spans  (s, 3) i8: position in values.flat, first byte, last byte + 1
    """
    flat = values.reshape(-1)
    for position, start, end in spans.tolist():
        try:
            flat[position] = float(data[start:end])
        except ValueError:
            line = len(data[:start].splitlines()) or 1
            shown = data[start : min(end, start + 20)].decode("latin-1")
            raise InputRefused(f"line {line}: {shown!r} stands where a coordinate should be") from None
