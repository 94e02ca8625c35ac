"""Read Wavefront OBJ: points and polygons; materials, normals and textures are nothing to a printer."""

from __future__ import annotations

import numpy as np

from slicer.errors import InputRefused
from slicer.kernels.mesh_text import scan_obj
from slicer.nouns import Mesh
from slicer.reading.arrays import mesh_of, read_spans
from slicer.reading.stl import fan


def read_obj(data: bytes, name: str) -> Mesh:
    """Return the mesh of all objects and groups of the file; polygons are cut into fans."""
    points, corners, offsets, spans = scan_obj(data)
    if not len(corners):
        raise InputRefused("holds no faces of an OBJ model; export the model again")
    read_spans(points, spans, data)
    triangles = fan(offsets[:-1], np.diff(offsets))
    return mesh_of(points, corners[triangles], name)
