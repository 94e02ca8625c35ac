"""surfaces: what inside the walls is seen from above or below, what hangs free, and what may stay sparse.

A spot may be sparse only where the part goes on for `top_layers` above and `bottom_layers` below it; anything else is
solid, so shells on slopes stay closed by construction.

    air above, directly   TOP_SURFACE
    air below, directly   BRIDGE where threads can span it, BOTTOM_SURFACE elsewhere and on the first layer
    otherwise solid       SOLID_INFILL
    the rest              INFILL
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.roles import Role
from profiles.schema import InfillSettings, SurfaceSettings
from slicer.nouns import Areas, Floats, Ints, LayerPlan, Regions
from slicer.ragged import distinct, lent
from slicer.tools.bridges import bridge_angles
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows
from slicer.tools.offsets import grow_twice, offset
from slicer.tools.polygons import alike, covers, difference, empty_stack, intersection, parts_of, union

SLIVER = 0.05
"""Exposed strips narrower than twice this (mm) are the tolerance of the contours, not surfaces."""
SLACK = 0.02
"""What is nearer to a hidden area than this (mm) is hidden: GEOS takes longer over borders that are nearly the same."""
OVERLAP = 1.0
"""Solid areas reach this many spacings under or over their neighbours, so that their lines end on something."""
BRIDGE_ANCHOR = 3.0
"""Bridges reach this many spacings into what carries them."""
FILLED = (Role.INFILL, Role.SOLID_INFILL, Role.TOP_SURFACE, Role.BOTTOM_SURFACE, Role.BRIDGE)
NARROW = 2.5
"""Sparse strips that are on average less than this many spacings wide (twice area over outline) become solid."""
DUST = 0.05
"""Areas below this (mm2) get no fill of their own."""


def find_surfaces(
    regions: Regions,
    layer: Ints,
    interior: Regions,
    plan: LayerPlan,
    surfaces: SurfaceSettings,
    infill: InfillSettings,
    flows: Flows,
    crew: Crew,
) -> Areas:
    """Return the areas to fill.

    Straight parts have the same interior between the same neighbours in many layers: each is worked out once.

    Parameters
    ----------
    regions : (layers,) cross-sections
    layer, interior : (m,) layer of each island and what is left inside its walls
    """
    tops = _shell(surfaces.top_layers, surfaces.top_thickness, plan)
    bottoms = _shell(surfaces.bottom_layers, surfaces.bottom_thickness, plan)
    shells = [*range(tops, 0, -1), *range(-bottoms, 0)]  # the farthest first: what they cover, the nearer mostly do too
    every = layer % surfaces.solid_every == 0 if surfaces.solid_every else np.zeros(len(layer), bool)
    regions = _own(regions, distinct(np.concatenate([layer + shell for shell in (*shells, -1)])))
    kind = np.append(alike(regions)[1], -1)  # the last is air
    neighbours = [kind[np.clip(layer + shell, -1, len(regions))] for shell in shells]
    first, same = alike(interior, np.round(plan.height[layer], 9), layer == 0, every, *neighbours)
    areas = _areas_of(interior[first], regions, layer[first], every[first], shells, plan, surfaces, infill, flows, crew)
    rows, island = lent(areas.island, same)
    return Areas(
        areas.polygon[rows],
        layer[island].astype(np.int32),
        areas.role[rows],
        areas.angle[rows],
        island.astype(np.int32),
    )


def _areas_of(
    interior: Regions,
    regions: Regions,
    layer: Ints,
    every: NDArray[np.bool_],
    shells: Sequence[int],
    plan: LayerPlan,
    surfaces: SurfaceSettings,
    infill: InfillSettings,
    flows: Flows,
    crew: Crew,
) -> Areas:
    """Return the areas of interiors (numbered as given); those of `every` are solid."""
    spacing = np.array([flows.spacing(Role.SOLID_INFILL, h, k == 0) for k, h in enumerate(plan.height)])[layer]
    out = {role: empty_stack(len(layer)) for role in FILLED}
    angles = np.empty(len(layer), object)

    bare = _uncovered(interior, regions, layer, shells, crew)
    rows = np.flatnonzero(~shapely.is_empty(bare))  # elsewhere the whole interior stays sparse
    inside, step, level = interior[rows], spacing[rows], layer[rows]
    top = _grown(_uncovered(inside, regions, level, {1}.intersection(shells), crew), OVERLAP * step, inside, crew)
    hanging = _uncovered(inside, regions, level, {-1}.intersection(shells), crew)
    bridge, bottom, angles[rows] = _split_bridges(hanging, inside, regions, level, surfaces, step, crew)
    top = _without(top, bridge, crew)
    bottom = _without(_without(bottom, top, crew), bridge, crew)
    seen = union(union(top, bottom, crew), bridge, crew)
    # grown by half a spacing too much and shrunk again: no strips of sparse infill narrower than a line between solids
    part = np.flatnonzero(_smaller(bare[rows], inside))  # elsewhere nothing is hidden
    near = grow_twice(bare[rows[part]], (OVERLAP + 0.5) * step[part], -0.5 * step[part], crew)
    sparse, solid = interior.copy(), inside.copy()
    sparse[rows] = empty_stack(len(rows))
    sparse[rows[part]] = _without(_without(inside[part], near, crew), bridge[part], crew)  # near covers top and bottom
    solid[part] = intersection(near, inside[part], crew)
    whole = _drop_sparse(sparse, every, spacing, ~shapely.is_empty(bare), surfaces, infill)
    out[Role.SOLID_INFILL][rows] = _without(solid, seen, crew)
    out[Role.SOLID_INFILL] = union(out[Role.SOLID_INFILL], whole, crew)
    out[Role.TOP_SURFACE][rows], out[Role.BOTTOM_SURFACE][rows], out[Role.BRIDGE][rows] = top, bottom, bridge
    out[Role.INFILL] = sparse if infill.infill_density else empty_stack(len(layer))
    return _table(out, angles, layer)


def _shell(layers: int, thickness: float, plan: LayerPlan) -> int:
    """Return how many layers the shell has: at least `layers`, and at least `thickness` mm; 0 is no shell."""
    if layers == 0:
        return 0
    height = plan.usual_height if len(plan) else 1.0
    return max(layers, int(np.ceil(thickness / height - 1e-6)))


def _rows(stack: Regions, rows: Ints) -> Regions:
    """Return the chosen rows; there is air below the first and above the last."""
    out = empty_stack(len(rows))
    there = (rows >= 0) & (rows < len(stack))
    out[there] = stack[rows[there]]
    return out


def _own(stack: Regions, rows: Ints) -> Regions:
    """Return copies of the chosen rows and nothing else: what others look at is not to be prepared."""
    rows = rows[(rows >= 0) & (rows < len(stack))]
    own = empty_stack(len(stack))
    own[rows] = shapely.force_2d(stack[rows])
    return own


def _uncovered(interior: Regions, regions: Regions, layer: Ints, shells: Iterable[int], crew: Crew) -> Regions:
    """Return what of each interior is not covered by all of the layers `layer + shell`, without slivers.

    Most interiors lie inside their neighbours, which is quickly told: only the others are intersected.
    """
    hidden = interior.copy()
    for shell in shells:
        cover = _rows(regions, layer + shell)
        rows = np.flatnonzero(~covers(cover, hidden))
        hidden[rows] = intersection(hidden[rows], cover[rows], crew)
    out = np.where(shapely.is_empty(hidden), interior, empty_stack(1))
    rows = np.flatnonzero(~shapely.is_empty(hidden) & (shapely.area(interior) - shapely.area(hidden) > DUST / 2))
    seen = difference(interior[rows], offset(hidden[rows], SLACK, crew), crew)
    out[rows] = grow_twice(seen, SLACK / 2 - SLIVER, SLIVER - SLACK / 2, crew)
    return out


def _smaller(areas: Regions, interior: Regions) -> NDArray[np.bool_]:
    """Return which areas are not all of their interior."""
    return np.asarray(shapely.area(areas) < shapely.area(interior))


def _grown(areas: Regions, distance: Floats, interior: Regions, crew: Crew) -> Regions:
    """Return the areas grown, but not out of the interior."""
    rows = np.flatnonzero(~shapely.is_empty(areas) & _smaller(areas, interior))
    out = areas.copy()
    out[rows] = intersection(offset(areas[rows], distance[rows], crew), interior[rows], crew)
    return out


def _split_bridges(
    hanging: Regions,
    interior: Regions,
    regions: Regions,
    layer: Ints,
    surfaces: SurfaceSettings,
    step: Floats,
    crew: Crew,
) -> tuple[Regions, Regions, NDArray[Any]]:
    """Return (bridges, other bottom surfaces, the angle of each bridge's threads per island as a list of pairs)."""
    bridges, bottoms = empty_stack(len(layer)), empty_stack(len(layer))
    first = layer == 0
    bottoms[first] = hanging[first]
    polygons, row = parts_of(np.where(first, empty_stack(1)[0], hanging))
    angle, spans = bridge_angles(polygons, _rows(regions, layer[row] - 1))
    if surfaces.bridge_angle >= 0:
        angle[:] = surfaces.bridge_angle
    if not surfaces.bridges:
        spans[:] = False
    reach = np.where(spans, BRIDGE_ANCHOR, OVERLAP) * step[row]
    grown = intersection(offset(polygons, reach, crew), interior[row], crew)
    pairs = np.empty(len(layer), object)
    for r in distinct(row):
        mine = row == r
        bridges[r] = shapely.union_all(grown[mine & spans])
        bottoms[r] = shapely.union_all(grown[mine & ~spans])
        pairs[r] = (grown[mine & spans], angle[mine & spans])
    return bridges, bottoms, pairs


def _without(a: Regions, b: Regions, crew: Crew) -> Regions:
    """Return a without b; rows where b is empty are passed through, and nothing is left of a without itself."""
    out = np.where(shapely.equals_exact(a, b), empty_stack(1), a)
    rows = np.flatnonzero(~shapely.is_empty(out) & ~shapely.is_empty(b))
    out[rows] = difference(a[rows], b[rows], crew)
    return out


def _drop_sparse(
    sparse: Regions,
    every: NDArray[np.bool_],
    step: Floats,
    beside_solid: NDArray[np.bool_],
    surfaces: SurfaceSettings,
    infill: InfillSettings,
) -> Regions:
    """Take out of `sparse`, in place, what shall be solid after all, and return it.

    That is all of `every` row, small islands, narrow strips beside other solids, or everything at full density.
    """
    solid = empty_stack(len(sparse))
    whole = every | (infill.infill_density >= 1)
    solid[whole] = sparse[whole]
    sparse[whole] = shapely.MultiPolygon()
    parts, row = parts_of(sparse)
    area = shapely.area(parts)
    narrow = 2 * area < NARROW * step[row] * shapely.length(parts)
    small = (area < surfaces.solid_below_area) | (narrow & beside_solid[row])
    for r in distinct(row[small]):
        solid[r] = shapely.multipolygons(parts[(row == r) & small])
        sparse[r] = shapely.multipolygons(parts[(row == r) & ~small])
    return solid


def _table(out: dict[Role, Regions], angles: NDArray[Any], layer: Ints) -> Areas:
    """Return all areas as one table, sorted by layer, then island, then role."""
    polygons, rows, roles, angle = [], [], [], []
    for role, stack in out.items():
        parts, row = parts_of(stack)
        polygons.append(parts)
        rows.append(row)
        roles.append(np.full(len(row), role, np.uint8))
        angle.append(_angles_of(parts, row, angles) if role == Role.BRIDGE else np.full(len(row), np.nan))
    polygon, island, filling = np.concatenate(polygons), np.concatenate(rows), np.concatenate(roles)
    keep = shapely.area(polygon) > DUST
    order = np.lexsort((filling, island))
    order = order[keep[order]]
    return Areas(
        polygon[order],
        layer[island[order]].astype(np.int32),
        filling[order],
        np.concatenate(angle)[order],
        island[order].astype(np.int32),
    )


def _angles_of(parts: NDArray[Any], row: Ints, angles: NDArray[Any]) -> Floats:
    """Return the angle of each bridge: that of the span it shares most with."""
    found = np.full(len(parts), np.nan)
    for i, r in enumerate(row):
        spans, angle = angles[r]
        found[i] = angle[int(np.argmax(shapely.area(shapely.intersection(spans, parts[i]))))]
    return found
