"""Solids for the tests of the engine's core, and what their G-code puts where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
import shapely
from shapely import affinity

from gcode.moves import Moves
from gcode.roles import Role
from profiles.loader import load
from profiles.schema import SlicingSettings
from slicer import SliceResult, slice
from slicer.kernels.edges import edge_table
from slicer.nouns import Areas, LayerPlan, Mesh
from slicer.slicing import Slices, slice_mesh
from slicer.surfaces import find_surfaces
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows
from slicer.walls import Islands, make_walls

FILAMENT = np.pi * 1.75**2 / 4  # mm2
PLAIN = {
    "skirt_loops": 0,
    "start_gcode": "",
    "end_gcode": "",
    "min_layer_time": 0,
    "check_rules": ["not-homed=off", "left-hot=off"],
}
MIDDLE = 110.0  # of the default bed
AROUND = (Role.NONE, Role.SKIRT, Role.BRIM, Role.CUSTOM)


def extruded(shape: Any, height: float, bottom: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return (vertices, faces) of a prism over a (multi)polygon."""
    m3 = pytest.importorskip("manifold3d")
    rings = [
        np.asarray(ring.coords)[:-1]
        for part in shapely.get_parts(shapely.orient_polygons(shape))
        for ring in (part.exterior, *part.interiors)
    ]
    made = m3.Manifold.extrude(m3.CrossSection(rings, m3.FillRule.Positive), height).translate((0, 0, bottom)).to_mesh()
    return made.vert_properties[:, :3].astype(np.float64), made.tri_verts.astype(np.int32)


def joined(*solids: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return all solids as one mesh, which may overlap itself."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in solids)])
    faces = [faces + start for (_, faces), start in zip(solids, starts, strict=False)]
    return np.concatenate([vertices for vertices, _ in solids]), np.concatenate(faces).astype(np.int32)


def printed(model: Any, settings: Mapping[str, Any] | None = None, **options: Any) -> SliceResult:
    """Return the sliced model without anything around it."""
    return slice(model, PLAIN | dict(settings or {}), **options)


def centred(shape: Any) -> Any:
    """Return the shape where `printed` puts it."""
    x0, y0, x1, y1 = shape.bounds
    return affinity.translate(shape, MIDDLE - (x0 + x1) / 2, MIDDLE - (y0 + y1) / 2)


def pointed(moves: Moves, rows: np.ndarray) -> np.ndarray:
    """Return (n, 2, 2) start and end of rows."""
    end = np.stack([moves.x, moves.y], axis=1)
    start = np.concatenate([moves.start[None, :2], end[:-1]])
    return np.stack([start[rows], end[rows]], axis=1)


class Beads(NamedTuple):
    """Beads of a layer: ends (n, 2, 2), width (n,), role (n,), volume (n,)."""

    ends: np.ndarray
    width: np.ndarray
    role: np.ndarray
    volume: np.ndarray

    def of(self, *roles: Role) -> Beads:
        """Return the beads of the given roles."""
        return Beads(*(column[np.isin(self.role, roles)] for column in self))

    @property
    def length(self) -> np.ndarray:
        return np.hypot(*(self.ends[:, 1] - self.ends[:, 0]).T)

    @property
    def cover(self) -> Any:
        """The ground the beads cover."""
        return shapely.union_all(shapely.buffer(shapely.linestrings(self.ends), self.width / 2, quad_segs=6))


def beads(result: SliceResult, layer: int | None = None) -> Beads:
    """Return the part's beads, of one layer or all."""
    moves = result.moves
    rows = (moves.e > 0) & ~np.isin(moves.role, AROUND)
    if layer is not None:
        rows &= moves.layer == layer
    at = np.flatnonzero(rows)
    return Beads(pointed(moves, at), moves.width[at].astype(float), moves.role[at], moves.e[at] * FILAMENT)


def cross_sections(vertices: np.ndarray, faces: np.ndarray, planes: np.ndarray, **settings: float) -> Slices:
    """Return the cross-sections at the given heights."""
    planes = np.asarray(planes, float)
    mesh = Mesh(np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int32))
    options = SlicingSettings(**{"closing_radius": 0.0, "resolution": 0.0, **settings})
    with Crew(1) as crew:
        return slice_mesh(mesh, edge_table(mesh.faces)[0], LayerPlan(planes, planes, planes), options, crew)


def floors(*stack: tuple[Any, int]) -> list[Any]:
    """Return one region a layer from (region, number of layers)."""
    return [shape for shape, count in stack for _ in range(count)]


def walls_and_areas(shapes: list[Any], **overrides: Any) -> tuple[Islands, Areas, LayerPlan]:
    """Return the islands and the areas to fill of one region a layer."""
    resolved = load(overrides=overrides).settings
    tops = np.arange(1, len(shapes) + 1) * resolved.layers.layer_height
    plan = LayerPlan(tops - resolved.layers.layer_height, tops, tops - resolved.layers.layer_height / 2)
    flows = Flows.resolve(resolved.widths, resolved.machine.nozzle_diameter, resolved.surfaces)
    regions = np.empty(len(shapes), object)
    regions[:] = shapes
    with Crew(1) as crew:
        _, islands, _ = make_walls(regions, plan, resolved.walls, resolved.slicing, flows, crew)
        areas = find_surfaces(
            regions, islands.layer, islands.interior, plan, resolved.surfaces, resolved.infill, flows, crew
        )
    return islands, areas, plan
