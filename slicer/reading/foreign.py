"""Read PLY, OFF and GLB through trimesh, imported only here and only when such a file comes."""

from __future__ import annotations

import io

import numpy as np

from slicer.errors import InputRefused
from slicer.nouns import Mesh
from slicer.reading.arrays import mesh_of

WANTED = {"ply": "PLY 1.0 of vertices and faces", "off": "OFF of vertices and faces", "glb": "GLB of glTF 2.0"}
"""What can be read, by the kind of file."""


def read_with_trimesh(data: bytes, kind: str, name: str) -> Mesh:
    """Return the mesh of a file of that kind; what a GLB scene holds stands where the scene puts it, as one part."""
    import trimesh

    try:
        scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False)
        found = [mesh for mesh in scene.dump() if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces)]
    except Exception as error:  # trimesh raises whatever its parsers stumble over
        raise InputRefused(f"is no whole {WANTED[kind]}: damaged or cut off; export the model again") from error
    if not found:
        raise InputRefused(f"holds no faces of a {kind.upper()} model; export the model again")
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in found[:-1]])
    faces = [np.asarray(mesh.faces) + start for mesh, start in zip(found, starts, strict=True)]
    return mesh_of(np.vstack([mesh.vertices for mesh in found]), np.vstack(faces), name)
