"""walls: perimeters from the outline inwards, single beads where only one fits, and what is left for infill.

    edge_0 = outline                         the border that the next bead must touch
    loop_k = edge_k shrunk by half a bead    where at least `SQUEEZE` of a second bead fits beside it; where that is not
                                             all of it, or hardly more than it, both sides share the room
    gap_k  = edge_k minus what loop_k covers one variable-width bead along its medial axis
    edge_k+1 = loop_k shrunk by half a spacing

Everything runs over all islands of all layers at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.roles import Role
from profiles.schema import SlicingSettings, WallSettings
from slicer.nouns import Floats, Ints, LayerPlan, Paths, Regions
from slicer.ragged import lent, segment_ids
from slicer.tools.crew import Crew
from slicer.tools.dots import radii, rings_in, take_dots
from slicer.tools.ends import butted, cut_back, keeping_off, reaching
from slicer.tools.flow import Flows, spacing, width_of
from slicer.tools.joining import join_paths, take_paths
from slicer.tools.medial import (
    STEP,
    Axes,
    Balls,
    axes_through,
    find_balls,
    narrow_rows,
    stepped,
)
from slicer.tools.nubs import with_nubs
from slicer.tools.offsets import grow_twice, offset
from slicer.tools.polygons import alike, empty_stack, parts_of, ring_areas, rings_of, thinned, turned
from slicer.tools.sharing import shared

SQUEEZE = 0.75
"""A loop is laid where its two sides are at least this share of a spacing apart; else one wide bead does."""
LEAST_GAP = 0.1
"""Gaps narrower than this share of a spacing are left to the neighbouring beads."""
ROLLING = 0.65
"""Gaps are joined where a ball of this share of theirs fits all the way between them."""
KEPT_OFF = 0.25
"""Gap fill ends this many spacings before a loop: the tip of the loop fills half a disc of its own spacing there."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """Places too narrow for a loop, in what is long (`rest`) and what is not.

    balls  those in `rest`
    rest   (n,) polygons
    small  (k,) the others, and `of` (k,) the row of each
    dots   (d,) what the skins leave of those, and `owner` (d,) the row of each
    """

    balls: Balls
    rest: Regions
    small: NDArray[Any]
    of: Ints
    dots: NDArray[Any]
    owner: Ints


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
    """Return the walls, thin walls and gap fill of every layer, the islands, and the area (mm2) too thin to print.

    Straight parts have the same island in many layers: each different one is worked out once.
    """
    polygon, layer = parts_of(regions)
    first, same = alike(polygon, np.round(plan.height[layer], 9), layer == 0)  # in outline, thickness, bead widths
    paths, interior, too_thin = _walls_of(polygon[first], layer[first], plan, walls, slicing, flows, crew)
    by_island = np.argsort(paths.island, kind="stable")
    rows, island = lent(paths.island[by_island], same)
    paths = replace(
        take_paths(paths, by_island[rows]), island=island.astype(np.int32), layer=layer[island].astype(np.int32)
    )
    return paths, Islands(polygon, layer, interior[same]), float(too_thin[same].sum())


def _walls_of(
    polygon: Regions,
    layer: Ints,
    plan: LayerPlan,
    walls: WallSettings,
    slicing: SlicingSettings,
    flows: Flows,
    crew: Crew,
) -> tuple[Paths, Regions, Floats]:
    """Return the paths of islands (numbered as given), their interiors, and the area of each that is too thin."""
    height = plan.height[layer]
    thinnest = np.full(len(layer), walls.min_bead_width or flows.nozzle_diameter / 2) - 2 * slicing.resolution
    made: list[Paths] = []
    border: Regions = polygon  # the outline, then the centre line of the last loop
    skin = np.zeros(len(layer))  # from the border to the edge that the next bead must touch
    too_thin = np.zeros(len(layer))
    widths = [_per_island(flows, _role(inset), layer) for inset in range(walls.wall_count)]
    for inset, width in enumerate(widths):
        step = spacing(width, height)
        reach = step / 2 if inset else width / 2  # from the edge to the centre line
        narrow = _narrow(border, skin, skin + reach + SQUEEZE / 2 * step, crew)
        if inset:
            most = 2 * skin + LEAST_GAP * step
            made += _loops_around(narrow, most, inset - 1, widths[inset - 1], layer, height, slicing.resolution)
        border = narrow.rest
        rows = narrow_rows(narrow.balls, len(border))
        loops = _inset(border, skin + reach, SQUEEZE / 2 * step, narrow.balls, crew)
        if inset == 0:
            too_thin = _lost_area(narrow, thinnest)
        if inset == 0 and walls.thin_walls:
            narrow = _beside(narrow, loops, 0.0)
            beads = _single_beads(narrow, skin, thinnest, Role.THIN_WALL, layer, height, slicing, crew, usual=width)
            loops[rows] = _led_into_nubs(loops[rows], border, reach, rows, beads[0], crew)
            made += beads
        elif inset and walls.gap_fill:
            narrow = _beside(narrow, loops, ROLLING)
            made += _single_beads(
                narrow, skin, LEAST_GAP * step, Role.GAP_FILL, layer, height, slicing, crew, off=KEPT_OFF * step
            )
        border, skin = loops, step / 2
    if walls.wall_count:
        step = spacing(_per_island(flows, Role.SOLID_INFILL, layer), height)
        narrow = _narrow(border, skin, skin + step / 2, crew)
        most = 2 * skin + LEAST_GAP * step
        made += _loops_around(narrow, most, walls.wall_count - 1, widths[-1], layer, height, slicing.resolution)
        border = _inset(narrow.rest if walls.gap_fill else border, skin, step / 2, narrow.balls, crew)
        if walls.gap_fill:
            narrow = _beside(narrow, border, ROLLING)
            made += _single_beads(narrow, skin, LEAST_GAP * step, Role.GAP_FILL, layer, height, slicing, crew)
    return join_paths(made), border, too_thin


def _narrow(border: Regions, skin: Floats, room: Floats, crew: Crew) -> Narrow:
    """Return where `room` from the border there is no room for a loop."""
    rest, small, of = take_dots(border, room, crew)
    dots, owner = parts_of(offset(small, -skin[of], crew))
    return Narrow(find_balls(rest, room, crew), rest, small, of, dots, of[owner])


def _beside(narrow: Narrow, taken: Regions, rolling: float) -> Narrow:
    """Return the narrow places without those whose middle is taken: where there is more room, loops take over.

    rolling  see `Balls`
    """
    balls = narrow.balls
    at = np.flatnonzero((balls.radius > 0) & ~shapely.is_empty(taken)[balls.row])
    shapely.prepare(taken)
    gone = at[shapely.intersects_xy(taken[balls.row[at]], *balls.centre[at].T)]
    radius = balls.radius.copy()
    radius[gone] = 0.0
    return replace(narrow, balls=replace(balls, radius=radius, taken=taken, rolling=rolling))


def _inset(border: Regions, depth: Floats, squeeze: Floats, balls: Balls, crew: Crew) -> Regions:
    """Return the border moved inwards; narrow islands keep only what is wide enough for two sides of a loop."""
    narrow = narrow_rows(balls, len(border))
    loops = empty_stack(len(border))  # where none of the balls is `depth` and `squeeze` large
    loops[~narrow] = offset(border[~narrow], -depth[~narrow], crew)
    narrow &= balls.roomy
    loops[narrow] = grow_twice(border[narrow], -(depth + squeeze)[narrow], squeeze[narrow], crew)
    return loops


def _led_into_nubs(
    loops: Regions, border: Regions, depth: Floats, narrow: NDArray[np.bool_], beads: Paths, crew: Crew
) -> Regions:
    """Return the loops of narrow rows led on into what no bead along a middle fills."""
    lines = shapely.linestrings(beads.xy, indices=segment_ids(beads.offsets))
    owner = np.cumsum(narrow)[beads.island] - 1
    return with_nubs(loops, border[narrow], depth[narrow], lines, owner, crew)


def _role(inset: int) -> Role:
    """Return the role of the walls at an inset."""
    return Role.PERIMETER if inset else Role.EXTERNAL_PERIMETER


def _per_island(flows: Flows, role: Role, layer: Ints) -> Floats:
    """Return the bead width of a role for each island."""
    return np.where(layer == 0, flows.width(role, True), flows.width(role, False))


def _loops_around(
    inside: Narrow, most: Floats, inset: int, width: Floats, layer: Ints, height: Floats, resolution: float
) -> list[Paths]:
    """Return the loops of which is known where they are narrow inside: there both sides share the room.

    most  (n,) mm; where sides are farther apart, a bead fits between
    """
    role, of = _role(inset), inside.of
    return [
        _loops(inside.rest, layer, role, inset, width, height, resolution, inside=inside.balls, most=most),
        _loops(inside.small, layer[of], role, inset, width[of], height[of], resolution, of),
    ]


def _loops(
    loops: Regions,
    layer: Ints,
    role: Role,
    inset: int,
    width: Floats,
    height: Floats,
    resolution: float,
    number: Ints | None = None,
    inside: Balls | None = None,
    most: Floats | None = None,
) -> Paths:
    """Return the rings of loop polygons as closed paths: outlines counter-clockwise, holes clockwise.

    layer, width, height, number (m,) belong to each polygon; number is its island, by default its place
    """
    polygons, island = parts_of(loops)
    xy, offsets, owner = rings_of(polygons)
    outer = np.ones(len(owner), bool)
    outer[1:] = owner[1:] != owner[:-1]
    clockwise = (ring_areas(xy, offsets) > 0) != outer
    island = island[owner]
    if inside is None or most is None:
        xy, offsets = thinned(xy, offsets, resolution / 2)
        share = np.zeros(len(xy))
    else:
        step = spacing(width, height)
        xy, offsets, share = shared(xy, offsets, clockwise, inside, step, SQUEEZE * step, most, resolution / 2)
    order = turned(offsets, clockwise)
    return Paths.of(
        xy[order],
        offsets,
        layer=layer[island],
        role=role,
        closed=True,
        inset=inset,
        island=island if number is None else number[island],
        width=np.repeat(width[island], np.diff(offsets)) + share[order],
        height=height[island],
    )


def _single_beads(
    narrow: Narrow,
    skin: Floats,
    least: Floats,
    role: Role,
    layer: Ints,
    height: Floats,
    slicing: SlicingSettings,
    crew: Crew,
    usual: Floats | None = None,
    off: Floats | None = None,
) -> list[Paths]:
    """Return beads whose spacing is what is left between the skins: along the axes, and rings that fill the dots.

    skin   from the border to where the beads beside it end
    least  narrower places stay empty
    usual  however thin a free bead, it begins and ends with a blob of about this width: it stops that much earlier
    off    beads stay this far (mm) from the loops beside them
    """
    balls = narrow.balls
    axes = reaching(axes_through(balls, 2 * (balls.radius - skin[balls.row]) >= least[balls.row]), balls.stack)
    by = butted(axes, skin)
    if usual is not None:
        blob = np.maximum(0.0, np.repeat(usual[axes.owner], np.diff(axes.offsets)) - axes.width) / 2
        by = np.where(by == 0.0, blob, by)
    axes = cut_back(axes, by)
    if off is not None and balls.taken is not None:
        axes = keeping_off(axes, balls.taken, off)
    axes = stepped(axes)
    row = np.repeat(axes.owner, np.diff(axes.offsets))
    width = width_of(axes.width - 2 * skin[row], height[row])
    rings, gap, dot = rings_in(narrow.dots, least[narrow.owner], crew)
    owner = narrow.owner[dot]
    return [
        _beads(axes, width, role, layer, height),
        _loops(rings, layer[owner], role, -1, width_of(gap, height[owner]), height[owner], slicing.resolution, owner),
    ]


def _lost_area(narrow: Narrow, thinnest: Floats) -> Floats:
    """Return the area (mm2) of each island too thin for any bead, roughly: a sample stands for STEP of one side."""
    balls = narrow.balls
    lost = (balls.radius > 0) & (2 * balls.radius < thinnest[balls.row])
    area = np.bincount(balls.row[lost], balls.radius[lost] * STEP, len(thinnest))
    tiny = 2 * radii(narrow.dots) < thinnest[narrow.owner]
    return np.asarray(area + np.bincount(narrow.owner[tiny], shapely.area(narrow.dots[tiny]), len(thinnest)))


def _beads(axes: Axes, width: Floats, role: Role, layer: Ints, height: Floats) -> Paths:
    """Return variable-width paths along axes, sorted by layer."""
    paths = Paths.of(
        axes.xy,
        axes.offsets,
        layer=layer[axes.owner],
        role=role,
        closed=axes.closed,
        island=axes.owner,
        width=width,
        height=height[axes.owner],
    )
    return take_paths(paths, np.lexsort((axes.owner, paths.layer)))
