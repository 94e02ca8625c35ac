"""Paths -> Moves: beads in the given order, and everything the tool does between them.

Between two beads stand, in this order and each only where needed: a wipe or a retraction, a lift (z-hop), the change
of layer, the travel, the way down and the priming of the nozzle. A travel is made with retraction when it is at least
`retraction_min_travel` long, unless it is hidden: from inside to inside of one part (neither end on an outermost wall
or a top surface) without touching an outermost wall on the way, so that what oozes stays inside.

Closed paths end `seam_gap` nozzles before their start: the round ends of the bead meet there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import RetractionSettings, SeamSettings, TravelSettings
from slicer.nouns import Floats, Ints, LayerPlan, Paths, Regions
from slicer.ragged import distinct, gather, offsets_of, segment_sum
from slicer.tools.detours import detours
from slicer.tools.edge_grid import EdgeGrid

Bools = NDArray[np.bool_]

WIPE, RETRACT, LIFT, CLIMB, TRAVEL, LOWER, PRIME, BEAD = range(8)
"""What a row does, in the order in which the rows of one path follow each other; CLIMB changes the layer."""
JOINED = 5e-4
"""Points closer than this are one for the machine (mm): no travel between them, no bead either."""
LONGEST_GAP = 0.1
"""A seam's gap is at most this share of its loop."""
HIDDEN_ROLES = (Role.PERIMETER, Role.INFILL, Role.SOLID_INFILL)
"""Beads between which ooze does no harm, as long as the way stays inside the part."""
CELL = 2.0
"""Cell of the grid of outlines, mm."""


@dataclass(frozen=True, slots=True)
class Beads:
    """Paths as the tool draws them: open lines, no point twice in a row, at least two points each.

    points (p, 2), width (p,) at each point, offsets (n + 1,); path (n,) row in the `Paths` they come from.
    """

    points: Floats
    width: Floats
    offsets: Ints
    path: Ints

    @property
    def first(self) -> Floats:
        """(n, 2) where each bead starts."""
        return self.points[self.offsets[:-1]]

    @property
    def last(self) -> Floats:
        """(n, 2) where each bead ends."""
        return self.points[self.offsets[1:] - 1]


def travel(
    paths: Paths,
    plan: LayerPlan,
    outlines: Regions,
    retraction: RetractionSettings,
    travel: TravelSettings,
    seams: SeamSettings,
    nozzle_diameter: float,
) -> Moves:
    """Return the moves that print the paths in their order; e of beads is 0 until `extrusion`.

    `outlines` are the slice regions of all layers; they tell which travels stay inside the part.
    """
    beads = unroll(paths, seams.seam_gap * nozzle_diameter)
    n, layer = len(beads.path), paths.layer[beads.path].astype(np.int64)
    origin = np.concatenate([np.zeros((1, 2)), beads.last])[:n]
    length = np.hypot(*(beads.first - origin).T)
    new_layer = np.diff(layer, prepend=-1) != 0
    route, counts, led = beads.first, np.ones(n, np.int64), np.zeros(n, bool)
    if travel.avoid_crossing_walls and n:
        longest = travel.avoid_crossing_max_detour
        route, counts, led = detours(outlines, origin, beads.first, layer, nozzle_diameter, longest)
    far = (length >= max(retraction.retraction_min_travel, JOINED)) | led
    hidden = far & ~new_layer
    hidden[hidden] = _hidden(paths, beads, outlines, origin, led, np.flatnonzero(hidden))
    retracted = (far & ~hidden) | (new_layer & retraction.retract_on_layer_change)
    retracted[:1] = False  # nothing was printed before the first bead
    retracted &= retraction.retraction_length > 0
    moving = (length >= JOINED) | (retracted & _wiping(retraction))
    moving[:1] = True  # wherever the start sequence left the tool
    route, counts = route[np.repeat(moving, counts)], counts * moving
    return _assemble(paths, beads, plan, retraction, route, counts, new_layer, retracted)


def _wiping(retraction: RetractionSettings) -> bool:
    """Return whether retractions wipe."""
    return retraction.wipe and retraction.wipe_length > 0


def unroll(paths: Paths, gap: float) -> Beads:
    """Return the beads of the paths; a closed one returns towards its first vertex but stops `gap` (mm) before it."""
    index, offsets = gather(paths.offsets, np.arange(len(paths)))
    index = np.insert(index, paths.offsets[1:][paths.closed], paths.offsets[:-1][paths.closed])
    offsets = offsets + np.concatenate([[0], np.cumsum(paths.closed)])
    points, width = paths.xy[index], paths.width[index]
    step = _steps(points, offsets)
    keep = step >= JOINED
    counts = segment_sum(keep, offsets).astype(np.int64)  # of what follows the first vertex
    keep[offsets[:-1]] = True
    if (counts == 0).any():
        keep &= np.repeat(counts > 0, np.diff(offsets))
    if not keep.all():
        points, width = points[keep], width[keep]
    path = np.flatnonzero(counts)
    beads = Beads(points, width, offsets_of(counts[path] + 1), path)
    return _cut_back(beads, np.where(paths.closed[path], gap, 0.0))


def _steps(points: Floats, offsets: Ints) -> Floats:
    """Return the distance of each point from the one before it in its bead, mm; 0 for the first."""
    step = np.zeros(len(points))
    step[1:] = np.sqrt(np.diff(points[:, 0]) ** 2 + np.diff(points[:, 1]) ** 2)
    step[offsets[:-1]] = 0.0
    return step


def _cut_back(beads: Beads, gap: Floats) -> Beads:
    """Return the beads with their last `gap` (n,) mm removed, at most a tenth of their length."""
    offsets = beads.offsets
    step = _steps(beads.points, offsets)
    travelled = np.cumsum(step)
    travelled -= np.repeat(travelled[offsets[:-1]], np.diff(offsets))
    total = travelled[offsets[1:] - 1]
    target = np.repeat(np.where(gap > 0, total - np.minimum(gap, LONGEST_GAP * total), np.inf), np.diff(offsets))
    beyond = travelled > target - JOINED
    end = beyond & ~np.concatenate([[False], beyond[:-1]])  # the first vertex beyond becomes the end of the bead
    at = np.flatnonzero(end)
    share = ((target[at] - travelled[at - 1]) / np.maximum(step[at], 1e-12))[:, None]
    points, width = beads.points.copy(), beads.width.copy()
    points[at] = points[at - 1] + share * (points[at] - points[at - 1])
    width[at] = width[at - 1] + share[:, 0] * (width[at] - width[at - 1])
    keep = ~beyond | end
    return Beads(points[keep], width[keep], offsets_of(segment_sum(keep, offsets)), beads.path)


def _hidden(paths: Paths, beads: Beads, outlines: Regions, origin: Floats, led: Bools, chosen: Ints) -> Bools:
    """Return which of the chosen travels (those before beads `chosen`) stay inside the part."""
    inner = np.isin(paths.role, HIDDEN_ROLES)[beads.path]
    inside = inner[chosen] & inner[chosen - 1]
    asked = inside & ~led[chosen]  # a detour runs inside of the outermost wall
    straight = chosen[asked]
    if not len(straight):
        return inside
    layer = paths.layer[beads.path]
    grid = _borders(outlines, paths, distinct(layer[straight]))
    inside[asked] = ~grid.crosses(origin[straight], beads.first[straight], layer[straight])
    return inside


def _borders(outlines: Regions, paths: Paths, layers: Ints) -> EdgeGrid:
    """Return the edges of the given layers' outermost walls; where nothing has walls, of the outlines."""
    walls = np.flatnonzero((paths.inset == 0) & paths.closed & np.isin(paths.layer, layers))
    if len(walls):
        index, offsets = gather(paths.offsets, walls)
        following = index + 1
        following[offsets[1:] - 1] = paths.offsets[walls]
        bins = np.repeat(paths.layer[walls], np.diff(offsets))
        return EdgeGrid.of(paths.xy[index], paths.xy[following], bins, CELL)
    rings, owner = shapely.get_parts(shapely.boundary(outlines[layers]), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    return EdgeGrid.of(xy[inner], xy[inner + 1], layers[owner[ring[inner]]], CELL)


def _wipes(beads: Beads, length: float, wanted: Bools) -> tuple[Floats, Ints]:
    """Return the points of the way back along the wanted beads, at most `length` mm, and how many each bead has."""
    wiped = np.zeros(len(wanted), np.int64)
    if not wanted.any():
        return np.zeros((0, 2)), wiped
    travelled = np.cumsum(_steps(beads.points, beads.offsets))
    first, last = beads.offsets[:-1][wanted], beads.offsets[1:][wanted] - 1
    target = np.maximum(travelled[last] - length, travelled[first])
    before = np.clip(np.searchsorted(travelled, target, "right") - 1, first, last - 1)
    share = (target - travelled[before]) / np.maximum(travelled[before + 1] - travelled[before], 1e-12)
    counts = last - before  # the vertices between, and the stop
    out = offsets_of(counts)
    points = beads.points[np.repeat(last - 1 + out[:-1], counts) - np.arange(out[-1])]
    points[out[1:] - 1] = beads.points[before] + share[:, None] * (beads.points[before + 1] - beads.points[before])
    wiped[wanted] = counts
    return points, wiped


def _assemble(
    paths: Paths,
    beads: Beads,
    plan: LayerPlan,
    retraction: RetractionSettings,
    route: Floats,
    route_counts: Ints,
    new_layer: Bools,
    retracted: Bools,
) -> Moves:
    """Return the rows of all beads, and of what stands before each; `route` holds the points of all travels."""
    n = len(beads.path)
    leaving = np.concatenate([retracted, [retraction.retraction_length > 0]])[1:] if n else retracted
    wipe, wiped = _wipes(beads, retraction.wipe_length, leaving & _wiping(retraction))
    # slot i of `counts` stands before bead i; one more slot holds the retraction after the last bead
    zero = np.zeros(1, np.int64)
    hop = retracted & (retraction.z_hop > 0)
    before = {
        WIPE: np.concatenate([zero, wiped]),
        RETRACT: np.concatenate([zero, leaving & (wiped == 0)]),
        LIFT: np.append(hop & ~new_layer, 0),
        CLIMB: np.append(new_layer, 0),
        TRAVEL: np.append(route_counts, 0),
        LOWER: np.append(hop, 0),
        PRIME: np.append(retracted, 0),
        BEAD: np.append(np.diff(beads.offsets) - 1, 0),
    }
    counts = np.stack([before[kind].astype(np.int64) for kind in range(8)], axis=1)
    kind = np.repeat(np.tile(np.arange(8), n + 1), counts.ravel())
    bead = np.repeat(np.arange(n + 1), counts.sum(axis=1))

    xy = np.zeros((len(kind), 2))
    is_bead = kind == BEAD
    drawn = np.ones(len(beads.points), bool)
    drawn[beads.offsets[:-1]] = False
    xy[kind == WIPE], xy[kind == TRAVEL], xy[is_bead] = wipe, route, beads.points[drawn]
    moved = (kind == WIPE) | (kind == TRAVEL) | is_bead
    xy = np.concatenate([np.zeros((1, 2)), xy])[np.maximum.accumulate(np.where(moved, np.arange(1, len(kind) + 1), 0))]

    # rows up to the lift still belong to the layer before
    owner = np.where(kind <= LIFT, bead - 1, bead).clip(0, max(n - 1, 0))
    layer = paths.layer[beads.path][owner] if n else np.zeros(0, np.int32)
    lifted = np.append(hop, False)[bead] & (kind >= LIFT) & (kind < LOWER)
    e = np.zeros(len(kind))
    e[kind == RETRACT] = -retraction.retraction_length
    e[kind == PRIME] = retraction.retraction_length + retraction.unretraction_extra_length
    if len(wipe):
        e[kind == WIPE] = _share(xy, kind == WIPE, bead) * -retraction.retraction_length

    width = np.zeros(len(kind))
    width[is_bead] = (0.5 * (beads.width[1:] + beads.width[:-1]))[drawn[1:]]
    path = beads.path[owner]
    return Moves.of(
        len(kind),
        x=xy[:, 0],
        y=xy[:, 1],
        z=plan.z_top[layer] + lifted * retraction.z_hop,
        e=e,
        role=np.where(is_bead, paths.role[path], Role.NONE),
        width=width,
        height=np.where(is_bead, paths.height[path], 0.0),
        layer=layer,
        object=paths.object[path],
    )


def _share(xy: Floats, wiping: Bools, bead: Ints) -> Floats:
    """Return each wiping row's part of its wipe's length."""
    length = _steps(xy, np.zeros(1, np.int64))[wiping]
    total = np.bincount(bead[wiping], length)[bead[wiping]]
    return np.asarray(length / np.maximum(total, 1e-12))
