"""Read PLY, OFF and GLB through trimesh, imported only here and only when such a file comes."""

from __future__ import annotations

import io

import numpy as np

from slicer.errors import InputRefused
from slicer.nouns import Mesh
from slicer.reading.arrays import mesh_of


def read_with_trimesh(data: bytes, kind: str, name: str) -> Mesh:
    """Return the mesh of a file of that kind; what a GLB scene holds stands where the scene puts it, as one part."""
    import trimesh

    try:
        scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False)
        found = [mesh for mesh in scene.dump() if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces)]
    except Exception as error:  # trimesh raises whatever its parsers stumble over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputRefused(f"cannot be read as {kind.upper()} ({reason}); export the model again") from error
    if not found:
        raise InputRefused(f"holds no faces of a {kind.upper()} model; export the model again")
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in found[:-1]])
    faces = [np.asarray(mesh.faces) + start for mesh, start in zip(found, starts, strict=True)]
    return mesh_of(np.vstack([mesh.vertices for mesh in found]), np.vstack(faces), name)
