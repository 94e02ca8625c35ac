"""walls: perimeters from the outline inwards, single beads where only one fits, and what is left for infill.

    edge_0 = outline                         the border that the next bead must touch
    loop_k = edge_k shrunk by half a bead    where at least `SQUEEZE` of a second bead fits beside it
    gap_k  = edge_k minus what loop_k covers one variable-width bead along its medial axis
    edge_k+1 = loop_k shrunk by half a spacing

Everything runs over all islands of all layers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.roles import Role
from profiles.schema import SlicingSettings, WallSettings
from slicer.kernels import contours
from slicer.nouns import Floats, Ints, LayerPlan, Paths, Regions

from slicer.tools.crew import Crew
from slicer.tools.flow import Flows, spacing, width_of
from slicer.tools.joining import join_paths, take_paths
from slicer.tools.medial import medial_axes
from slicer.tools.polygons import difference, empty_stack, facing_rows, offset, parts_of, ring_areas, rings_of

SQUEEZE = 0.75
"""A loop is laid where its two sides are at least this share of a spacing apart; else one wide bead does."""
LEAST_GAP = 0.25
"""Gaps narrower than this share of a spacing are left to the neighbouring beads."""
DUST = 0.01
"""Gap polygons below this area (mm2) are dropped: a tenth of the bead that starts and stops there."""


@dataclass(frozen=True, slots=True)
class Islands:
    """Connected parts of all layers, sorted by layer: outline and what is left inside the walls.

    polygon   (m,) object   shapely Polygon
    layer     (m,) i8
    interior  (m,) object   (Multi)Polygon inside the walls; its border is the edge of the last wall's spacing
    """

    polygon: NDArray[Any]
    layer: Ints
    interior: NDArray[Any]


def make_walls(
    regions: Regions, plan: LayerPlan, walls: WallSettings, slicing: SlicingSettings, flows: Flows, crew: Crew
) -> tuple[Paths, Islands, float]:
    """Return the walls, thin walls and gap fill of every layer, the islands, and the area (mm2) too thin to print."""
    polygon, layer = parts_of(regions)
    height = plan.height[layer]
    least = walls.min_bead_width or flows.nozzle_diameter / 2
    made: list[Paths] = []
    border: Regions = polygon  # the outline, then the centre line of the last loop
    skin = np.zeros(len(layer))  # from the border to the edge that the next bead must touch
    dropped = 0.0
    for inset in range(walls.wall_count):
        role = Role.PERIMETER if inset else Role.EXTERNAL_PERIMETER
        width = _per_island(flows, role, layer)
        step = spacing(width, height)
        reach = step / 2 if inset else width / 2  # from the edge to the centre line
        squeeze = SQUEEZE / 2 * step
        loops, gap = _inset(border, skin, reach, squeeze, crew)
        made.append(_loops(loops, layer, role, inset, width, height, slicing.resolution))
        if walls.thin_walls if inset == 0 else walls.gap_fill:
            narrowest = np.full(len(layer), least) if inset == 0 else LEAST_GAP * step
            beads, lost = _single_beads(gap, layer, height, narrowest, inset == 0)
            made.append(beads)
            dropped += lost
        border, skin = loops, step / 2
    if walls.wall_count:
        half = spacing(_per_island(flows, Role.SOLID_INFILL, layer), height) / 2
        middle, gap = _inset(border, skin, half, np.zeros(len(layer)), crew)
        border = offset(middle, half, crew)
        if walls.gap_fill:
            made.append(_single_beads(gap, layer, height, LEAST_GAP * 2 * half, False)[0])
    return join_paths(made), Islands(polygon, layer, border), dropped


def _inset(border: Regions, skin: Floats, reach: Floats, squeeze: Floats, crew: Crew) -> tuple[Regions, Regions]:
    """Return the centre lines of the next bead as polygons, and what of the edge it cannot cover.

    Most islands are thick enough everywhere for the whole bead; only where two sides face each other closely is the
    centre line found by an opening, and the rest by a boolean.
    """
    loops = offset(border, -(skin + reach), crew)
    gap = empty_stack(len(border))
    rows = np.flatnonzero(facing_rows(border, 2 * (skin + reach + squeeze)))
    if len(rows):
        edge = offset(border[rows], -skin[rows], crew)
        core = offset(edge, -(reach + squeeze)[rows], crew)
        loops[rows] = offset(core, squeeze[rows], crew)
        covered = offset(core, (reach + squeeze)[rows], crew)
        gap[rows] = difference(edge, covered, crew)
    return loops, gap


def _per_island(flows: Flows, role: Role, layer: Ints) -> Floats:
    """Return the bead width of a role for each island."""
    return np.where(layer == 0, flows.width(role, True), flows.width(role, False))


def _loops(
    loops: Regions, layer: Ints, role: Role, inset: int, width: Floats, height: Floats, resolution: float
) -> Paths:
    """Return the rings of loop polygons as closed paths: outlines counter-clockwise, holes clockwise."""
    polygons, island = parts_of(loops)
    xy, offsets, owner = rings_of(polygons)
    keep = np.zeros(len(xy), np.int8)
    xy = np.ascontiguousarray(xy)
    contours.simplify(xy, offsets, resolution / 2, keep)
    kept = np.concatenate([[0], np.cumsum(keep, dtype=np.int64)])
    xy, offsets = xy[keep == 1], kept[offsets]
    area = ring_areas(xy, offsets)
    outer = np.ones(len(owner), bool)
    outer[1:] = owner[1:] != owner[:-1]
    xy = _turn(xy, offsets, (area > 0) != outer)
    island = island[owner]
    return Paths.of(
        xy,
        offsets,
        layer=layer[island],
        role=role,
        closed=True,
        inset=inset,
        island=island,
        width=np.repeat(width[island], np.diff(offsets)),
        height=height[island],
    )


def _turn(xy: Floats, offsets: Ints, turned: NDArray[np.bool_]) -> Floats:
    """Return the vertices with the chosen segments reversed."""
    counts = np.diff(offsets)
    at = np.arange(len(xy))
    mirrored = np.repeat(offsets[:-1] + offsets[1:] - 1, counts) - at
    return np.ascontiguousarray(xy[np.where(np.repeat(turned, counts), mirrored, at)])


def _single_beads(gap: Regions, layer: Ints, height: Floats, least: Any, thin: bool) -> tuple[Paths, float]:
    """Return variable-width beads along the medial axes of narrow regions, and the area (mm2) that got none.

    A thin wall shows both its sides, so its bead is as wide as the wall; a gap lies between beads, so its bead takes
    the gap as its spacing.
    """
    rows = np.flatnonzero(~shapely.is_empty(gap))
    half = np.broadcast_to(least, layer.shape)[rows] / 2
    opened = shapely.buffer(
        shapely.buffer(gap[rows], -half, join_style="mitre"), half * 1.05, join_style="mitre", mitre_limit=1.5
    )
    polygons, row = parts_of(shapely.intersection(opened, gap[rows]))
    lost = float(shapely.area(gap[rows]).sum() - shapely.area(polygons).sum()) if thin else 0.0
    solid = shapely.area(polygons) > DUST
    polygons, island = polygons[solid], rows[row[solid]]
    axes = medial_axes(polygons)
    island = island[axes.owner]
    counts = np.diff(axes.offsets)
    h = np.repeat(height[island], counts)
    width = np.maximum(axes.width, h) if thin else width_of(axes.width, h)
    paths = Paths.of(
        axes.xy,
        axes.offsets,
        layer=layer[island],
        role=Role.THIN_WALL if thin else Role.GAP_FILL,
        closed=axes.closed,
        island=island,
        width=width,
        height=height[island],
    )
    order = np.argsort(paths.layer, kind="stable")
    return take_paths(paths, order), lost


