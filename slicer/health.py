"""Examine a mesh: what is open, doubled, flipped or flat about it. Nothing is changed here.

An edge of a closed, well wound surface belongs to two faces that run along it in opposite directions.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slicer.kernels import shells
from slicer.kernels.edges import edge_table
from slicer.nouns import Edges, Floats, Mesh


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was mended: a short name, how often, and a sentence for people."""

    name: str
    count: int
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Health:
    """What `examine` found.

    faces, edges       how many there are
    open_edges         edges of one face only: the surface has a hole or a crack
    nonmanifold_edges  edges of more than two faces
    flipped_edges      edges whose two faces run along it in the same direction: one of them is inside out
    duplicate_faces    faces with the same three corners as an earlier one
    degenerate_faces   faces without area
    shells             parts of the surface that share no edge
    volume             mm3, signed: negative when the surface is inside out; open surfaces are closed by a cone
    area               mm2
    openness           length of the sum of the faces' area vectors over area: 0 for a closed surface, 1 for a sheet
    bounds             lowest and highest corner, mm
    """

    faces: int
    edges: int
    open_edges: int
    nonmanifold_edges: int
    flipped_edges: int
    duplicate_faces: int
    degenerate_faces: int
    shells: int
    volume: float
    area: float
    openness: float
    bounds: tuple[tuple[float, float, float], tuple[float, float, float]]

    @property
    def is_sound(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.problems()

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong, a line each, for people."""
        found = [f"{getattr(self, name)} {text}" for name, text in PROBLEMS.items() if getattr(self, name)]
        if self.volume < 0:
            found.append("negative volume: the surface is inside out")
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers for JSON, and the problems."""
        return {**dataclasses.asdict(self), "problems": list(self.problems())}


PROBLEMS = {
    "open_edges": "open edges: the surface has holes or cracks",
    "nonmanifold_edges": "edges of more than two faces: surfaces touch or cross",
    "flipped_edges": "edges between faces of opposite winding: some faces are inside out",
    "duplicate_faces": "duplicate faces: parts of the surface are there twice",
    "degenerate_faces": "faces without area",
}
"""Counts of `Health` that should be 0, and what they mean."""


SLIVER = 1e-5
"""mm; a face nowhere thicker than this has no area: float32 rounding alone makes such faces of points in a line."""


def edges_of(mesh: Mesh) -> Edges:
    """Return the edges of a mesh, worked out if they are not known."""
    if mesh.edges is not None:
        return mesh.edges
    return counted(mesh.faces, *edge_table(mesh.faces))


def counted(faces: NDArray[np.int32], face_edges: NDArray[np.int32], n: int) -> Edges:
    """Return the n edges of faces, whose numbers are known; some may be of no face (any more)."""
    return Edges(face_edges, *shells.census(faces, face_edges, n))


def connected(mesh: Mesh) -> Mesh:
    """Return the mesh with its edges known, for all that ask for them later."""
    return dataclasses.replace(mesh, edges=edges_of(mesh))


def examine(mesh: Mesh) -> Health:
    """Return the health of a mesh; linear in its faces."""
    if not len(mesh.faces):
        return Health(0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, ((0.0,) * 3, (0.0,) * 3))
    edges = edges_of(mesh)
    points = centred(mesh)
    vectors, volumes = shells.measure(points, mesh.faces)
    areas = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    total, area = np.array([column.sum() for column in vectors.T]), float(areas.sum())
    low, high = mesh.bounds.tolist()
    return Health(
        faces=len(mesh.faces),
        edges=len(edges.uses),
        open_edges=int((edges.uses == 1).sum()),
        nonmanifold_edges=int((edges.uses > 2).sum()),
        flipped_edges=int(((edges.uses == 2) & (edges.balance != 0)).sum()),
        duplicate_faces=int((shells.duplicates(mesh.faces, edges.face_edges, edges.uses) >= 0).sum()),
        degenerate_faces=int(shells.slivers(points, mesh.faces, SLIVER).sum()),
        shells=int(shells.components(edges.face_edges, len(edges.uses)).max()) + 1,
        volume=float(volumes.sum()),
        area=area,
        openness=float(np.sqrt(total @ total)) / area if area else 1.0,
        bounds=(tuple(low), tuple(high)),
    )


def centred(mesh: Mesh) -> Floats:
    """Return the vertices about the middle of the bounding box, where volumes and areas keep their digits."""
    about = np.empty_like(mesh.vertices)
    for k, middle in enumerate(mesh.bounds.mean(axis=0)):  # a column at a time is three times as fast
        np.subtract(mesh.vertices[:, k], middle, out=about[:, k])
    return about
