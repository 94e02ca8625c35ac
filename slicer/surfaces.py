"""surfaces: what inside the walls is seen from above or below, what hangs free, and what may stay sparse.

A spot may be sparse only where the part goes on for `top_layers` above and `bottom_layers` below it; anything else is
solid, so shells on slopes stay closed by construction. The intersection of n neighbouring layers is built by doubling
(2, 4, 8 ... layers), for all layers at once.

    air above, directly   TOP_SURFACE
    air below, directly   BOTTOM_SURFACE on the first layer and where it only overhangs, BRIDGE where threads can span it
    otherwise solid       SOLID_INFILL
    the rest              INFILL
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.roles import Role
from profiles.schema import InfillSettings, SurfaceSettings
from slicer.nouns import Areas, Floats, Ints, LayerPlan, Regions
from slicer.tools.bridges import bridge_angles
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows
from slicer.tools.polygons import difference, empty_stack, grow_twice, intersection, offset, parts_of, union

SLIVER = 0.05
"""Exposed strips narrower than twice this (mm) are the tolerance of the contours, not surfaces."""
OVERLAP = 1.0
"""Solid areas reach this many spacings under or over their neighbours, so that their lines end on something."""
BRIDGE_ANCHOR = 3.0
"""Bridges reach this many spacings into what carries them."""
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

    Parameters
    ----------
    regions : (layers,) cross-sections
    layer, interior : (m,) layer of each island and what is left inside its walls
    """
    above = _covered(regions, _shell(surfaces.top_layers, surfaces.top_thickness, plan), +1, crew)
    below = _covered(regions, _shell(surfaces.bottom_layers, surfaces.bottom_thickness, plan), -1, crew)
    step = np.array([flows.spacing(Role.SOLID_INFILL, h, k == 0) for k, h in enumerate(plan.height)])[layer]
    out: dict[Role, Regions] = {}

    solid = _exposed(interior, [c[layer] for c in (above, below) if c is not None], step, crew)
    up, down = _shifted(regions, 1)[layer], _shifted(regions, -1)[layer]
    out[Role.TOP_SURFACE] = _exposed(interior, [up] if surfaces.top_layers else [], step, crew)
    hanging = _exposed(interior, [down] if surfaces.bottom_layers else [], step, crew, overlap=0.0)
    out[Role.BRIDGE], out[Role.BOTTOM_SURFACE], angles = _split_bridges(
        hanging, interior, down, layer, surfaces, step, crew
    )
    out[Role.TOP_SURFACE] = _without(out[Role.TOP_SURFACE], out[Role.BRIDGE], crew)
    out[Role.BOTTOM_SURFACE] = _without(out[Role.BOTTOM_SURFACE], out[Role.TOP_SURFACE], crew)
    out[Role.BOTTOM_SURFACE] = _without(out[Role.BOTTOM_SURFACE], out[Role.BRIDGE], crew)
    seen = union(union(out[Role.TOP_SURFACE], out[Role.BOTTOM_SURFACE], crew), out[Role.BRIDGE], crew)
    sparse = _without(interior, union(solid, seen, crew), crew)
    sparse = _keep_sparse(sparse, layer, surfaces, infill, step, crew)
    out[Role.INFILL] = sparse
    out[Role.SOLID_INFILL] = _without(_without(interior, sparse, crew), seen, crew)
    if infill.infill_density == 0:
        out[Role.INFILL] = empty_stack(len(layer))
    return _table(out, angles, layer)


def _shell(layers: int, thickness: float, plan: LayerPlan) -> int:
    """Return how many layers the shell has: at least `layers`, and at least `thickness` mm; 0 is no shell."""
    if layers == 0:
        return 0
    height = float(np.median(plan.height)) if len(plan) else 1.0
    return max(layers, int(np.ceil(thickness / height - 1e-6)))


def _shifted(regions: Regions, by: int) -> Regions:
    """Return the stack whose row i is row i + by; beyond the ends there is air."""
    out = empty_stack(len(regions))
    source = np.arange(len(regions)) + by
    inside = (source >= 0) & (source < len(regions))
    out[inside] = regions[source[inside]]
    return out


def _covered(regions: Regions, layers: int, direction: int, crew: Crew) -> Regions | None:
    """Return where the part goes on for the next `layers` layers in a direction; None where it need not."""
    if layers == 0:
        return None
    window, size = regions, 1  # window[i] is the intersection of `size` layers, starting with i
    done, reached = _shifted(regions, direction), 1
    while reached < layers:
        if reached == size:
            window = intersection(window, _shifted(window, direction * size), crew)
            size *= 2
        take = min(size, layers - reached)
        while take < size:  # the last step overlaps what is already there, which does no harm
            reached -= size - take
            take = size
        done = intersection(done, _shifted(window, direction * (reached + 1)), crew)
        reached += size
    return done


def _exposed(interior: Regions, covers: list[Regions], step: Floats, crew: Crew, overlap: float = OVERLAP) -> Regions:
    """Return the part of each interior that some cover leaves open, without slivers, grown into its surroundings."""
    out = empty_stack(len(interior))
    if not covers:
        return out
    hidden = interior
    for cover in covers:
        hidden = intersection(hidden, cover, crew)
    rows = np.flatnonzero(shapely.area(interior) - shapely.area(hidden) > DUST / 2)
    if not len(rows):
        return out
    bare = difference(interior[rows], hidden[rows], crew)
    grown = grow_twice(bare, -SLIVER, SLIVER * 1.01 + overlap * step[rows], crew)
    out[rows] = intersection(grown, interior[rows], crew)
    return out


def _split_bridges(
    hanging: Regions,
    interior: Regions,
    down: Regions,
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
    angle, spans = bridge_angles(polygons, down[row])
    if surfaces.bridge_angle >= 0:
        angle[:] = surfaces.bridge_angle
    if not surfaces.bridges:
        spans[:] = False
    reach = np.where(spans, BRIDGE_ANCHOR, OVERLAP) * step[row]
    grown = intersection(offset(polygons, reach, crew), interior[row], crew)
    pairs = np.empty(len(layer), object)
    for r in np.unique(row):
        mine = row == r
        bridges[r] = shapely.union_all(grown[mine & spans])
        bottoms[r] = shapely.union_all(grown[mine & ~spans])
        pairs[r] = (grown[mine & spans], angle[mine & spans])
    return bridges, bottoms, pairs


def _without(a: Regions, b: Regions, crew: Crew) -> Regions:
    """Return a without b; rows where b is empty are passed through."""
    out = a.copy()
    rows = np.flatnonzero(~shapely.is_empty(a) & ~shapely.is_empty(b))
    if len(rows):
        out[rows] = difference(a[rows], b[rows], crew)
    return out


def _keep_sparse(
    sparse: Regions, layer: Ints, surfaces: SurfaceSettings, infill: InfillSettings, step: Floats, crew: Crew
) -> Regions:
    """Return the sparse areas that stay sparse: neither every n-th layer, nor too narrow, nor too small."""
    if infill.infill_density >= 1:
        return empty_stack(len(layer))
    out = sparse.copy()
    if surfaces.solid_every:
        out[layer % surfaces.solid_every == 0] = shapely.MultiPolygon()
    opened = grow_twice(out, -step / 2, step / 2, crew)
    kept, row = parts_of(opened)
    large = shapely.area(kept) >= max(surfaces.solid_below_area, DUST)
    out = empty_stack(len(layer))
    for r in np.unique(row[large]):
        out[r] = shapely.multipolygons(kept[(row == r) & large])
    return out


def _table(out: dict[Role, Regions], angles: NDArray[Any], layer: Ints) -> Areas:
    """Return all areas as one table, sorted by layer, then island, then role."""
    polygons, rows, roles, angle = [], [], [], []
    for role, stack in out.items():
        parts, row = parts_of(stack)
        polygons.append(parts)
        rows.append(row)
        roles.append(np.full(len(row), role, np.uint8))
        angle.append(_angles_of(parts, row, angles) if role == Role.BRIDGE else np.full(len(row), np.nan))
    polygon, row, role = np.concatenate(polygons), np.concatenate(rows), np.concatenate(roles)
    keep = shapely.area(polygon) > DUST
    order = np.lexsort((role, row))
    order = order[keep[order]]
    return Areas(
        polygon[order],
        layer[row[order]].astype(np.int32),
        role[order],
        np.concatenate(angle)[order],
        row[order].astype(np.int32),
    )


def _angles_of(parts: NDArray[Any], row: Ints, angles: NDArray[Any]) -> Floats:
    """Return the angle of each bridge: that of the span it shares most with."""
    found = np.full(len(parts), np.nan)
    for i, r in enumerate(row):
        spans, angle = angles[r]
        found[i] = angle[int(np.argmax(shapely.area(shapely.intersection(spans, parts[i]))))]
    return found
