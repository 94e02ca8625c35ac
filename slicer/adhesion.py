"""Regions -> Paths: what helps the first layer, a skirt that primes the nozzle and a brim that holds the part.

Loops are offset copies of outlines, one bead spacing apart, so the brim fills its ring as solid infill would. Each
brim is printed from its far edge towards the part. The skirt runs around the convex hull of everything, the brim
included. Neither belongs to an island or an object (-1).
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import shapely

from gcode.roles import Role
from profiles.schema import AdhesionSettings, FilamentSettings
from slicer.nouns import LayerPlan, Paths, Regions
from slicer.ragged import distinct, offsets_of
from slicer.tools import flow
from slicer.tools.flow import Flows
from slicer.tools.joining import join_paths

CORNER = 16
"""Segments of a rounded quarter circle."""
RESOLUTION = 0.0125
"""Largest deviation of the loops from the true offset curves, mm."""
MEET = 0.4
"""Loops come at most this close to the middle between two brims that meet, in spacings."""
MOST_LOOPS = 1000
"""End of the search for `skirt_min_length`."""


def adhesion(
    regions: Regions, plan: LayerPlan, adhesion: AdhesionSettings, filament: FilamentSettings, flows: Flows
) -> Paths:
    """Return skirt and brim for the regions of the first layers (supports included, where there are any)."""
    if not len(regions) or not len(plan) or shapely.is_empty(regions).all():
        return Paths.empty()
    height = float(plan.height[0])
    spacing = flows.spacing(Role.BRIM, height, first_layer=True)
    brim, base = _brim(regions[0], adhesion, spacing)
    layers = min(adhesion.skirt_height, len(regions), len(plan))
    hull = shapely.convex_hull(shapely.geometrycollections([base, *regions[:layers]]))
    parts = [_skirt(hull, plan, layer, adhesion, filament, flows) for layer in range(layers)]
    first = _paths(brim, 0, Role.BRIM, plan, flows)
    return join_paths([parts[0], first, *parts[1:]])


def _brim(region: Any, adhesion: AdhesionSettings, spacing: float) -> tuple[list[list[Any]], Any]:
    """Return the brim's rings, a list for each connected piece of it, and the ground that brim and part cover."""
    count = round(adhesion.brim_width / spacing)
    if adhesion.brim_type == "none" or count == 0 or shapely.is_empty(region):
        return [], region
    outlines = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(region))))
    distance = adhesion.brim_gap + spacing * (np.arange(count)[::-1] + 0.5)  # from the far edge inwards
    groups: list[list[Any]] = []
    base = region
    if adhesion.brim_type in ("outer", "both"):
        base = shapely.buffer(outlines, adhesion.brim_gap + spacing * count, quad_segs=CORNER)
        groups += _grouped(_loops(outlines, distance, spacing), base)
    if adhesion.brim_type in ("inner", "both"):
        holes = shapely.difference(outlines, region)
        groups += _grouped(_loops(holes, -distance, spacing), holes)
    return groups, base


def _loops(ground: Any, distance: Any, spacing: float) -> Any:
    """Return the ground grown by each distance, or shrunk; where two fronts meet, without what would overlap."""
    meet = np.copysign(MEET * spacing, distance)
    return shapely.buffer(shapely.buffer(ground, distance + meet, quad_segs=CORNER), -meet, quad_segs=CORNER)


def _grouped(areas: Any, pieces: Any) -> list[list[Any]]:
    """Return the rings around the areas, in their order, sorted by the piece of ground they lie in."""
    rings = _rings(areas)
    parts = shapely.get_parts(pieces)
    ring, piece = shapely.STRtree(parts).query(shapely.get_point(rings, 0), "intersects")
    return [list(rings[np.sort(ring[piece == p])]) for p in distinct(piece)]


def _rings(areas: Any) -> Any:
    """Return the rings around areas, simplified; empty areas have none."""
    return shapely.get_rings(shapely.get_parts(shapely.simplify(areas, RESOLUTION)))


def _skirt(
    hull: Any, plan: LayerPlan, layer: int, adhesion: AdhesionSettings, filament: FilamentSettings, flows: Flows
) -> Paths:
    """Return one layer's skirt, from the outermost loop inwards; the first layer's primes `skirt_min_length`."""
    height, first = float(plan.height[layer]), layer == 0
    spacing = flows.spacing(Role.SKIRT, height, first)
    loops = adhesion.skirt_loops
    if loops == 0:
        return Paths.empty()
    if first and adhesion.skirt_min_length > 0:
        wanted = adhesion.skirt_min_length * pi / 4 * filament.filament_diameter**2 / filament.extrusion_multiplier
        bead = flow.area(max(flows.width(Role.SKIRT, first), height), height)
        # a loop at distance d around a convex hull of length l has the length l + 2 pi d
        lengths = shapely.length(hull) + 2 * pi * (adhesion.skirt_distance + spacing * (np.arange(MOST_LOOPS) + 0.5))
        loops = max(loops, int(np.searchsorted(np.cumsum(lengths) * bead, wanted)) + 1)
    distance = adhesion.skirt_distance + spacing * (np.arange(loops)[::-1] + 0.5)
    rings = _rings(shapely.buffer(hull, distance, quad_segs=CORNER))
    return _paths([list(rings)], layer, Role.SKIRT, plan, flows)


def _paths(groups: list[list[Any]], layer: int, role: Role, plan: LayerPlan, flows: Flows) -> Paths:
    """Return closed paths along rings; each list of rings is one group."""
    rings = [ring for group in groups for ring in group]
    if not rings:
        return Paths.empty()
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    keep = np.append(owner[1:] == owner[:-1], False)  # rings repeat their first vertex at the end
    height = float(plan.height[layer])
    return Paths.of(
        xy[keep],
        offsets_of(np.bincount(owner[keep], minlength=len(rings))),
        width=max(flows.width(role, layer == 0), height),
        layer=layer,
        role=role,
        closed=True,
        height=height,
        island=-1,
        group=np.repeat(np.arange(len(groups)) + (role == Role.BRIM), [len(group) for group in groups]),
        object=-1,
    )
