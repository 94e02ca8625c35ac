"""Small pictures of the part, embedded in the G-code so that a printer can show what it is about to print."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gcode.pictures import png, scene
from slicer.nouns import Mesh

COLOUR = (0.96, 0.49, 0.16)
AZIMUTH, ELEVATION = 30.0, 28.0


def render(meshes: Sequence[Mesh], width: int, height: int) -> bytes:
    """Return a PNG of width x height pixels: the meshes from the front right, shaded, on a transparent ground."""
    vertices, faces = _joined(meshes)
    canvas = scene.Canvas.blank(width, height, fine=2)
    view = scene.view_of(vertices, scene.axes_of(AZIMUTH, ELEVATION), *canvas.size)
    points = view.project(vertices)
    canvas.draw(points, faces)
    seen = faces[canvas.owner[canvas.owner >= 0]]
    return png.encode(canvas.develop(COLOUR, scene.normals_of(points, seen)))


def _joined(meshes: Sequence[Mesh]) -> tuple[scene.Floats, NDArray[np.int32]]:
    """Return vertices and faces of all meshes together."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])[:-1]
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]
    return np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces).astype(np.int32)
