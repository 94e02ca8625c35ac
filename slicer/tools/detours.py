"""Ways around walls: travels that would leave the part are led along the inside of its outline.

    straight P -> Q crosses the outline
    1. put both ends onto the inside: the region shrunk by `DEPTH` (a bead's centre may lie just outside of it)
    2. follow the straight way, and each border of the inside that it leaves through the shorter way round
    3. pull the line taut: straight on wherever the outline is not met

Where no such way exists (another island, a border that is left but not re-entered) the travel stays straight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import distinct, offsets_of, segment_sum
from slicer.tools.edge_grid import EdgeGrid

Bools = NDArray[np.bool_]

DEPTH = 0.75
"""Distance of the detours from the outline, in nozzle diameters: beside the outermost wall's centre line."""
CELL = 2.0
"""Cell of the grids, mm."""
NUDGE = 1e-4
"""Points are put this far (mm) beyond the border of the inside, so that they do not touch it."""
MOST_HITS = 64
"""Travels that cross more borders than this stay straight."""


@dataclass(frozen=True, slots=True)
class Rings:
    """Borders of regions, the region to the left: xy (p, 2), offsets (n + 1,), layer (n,)."""

    xy: Floats
    offsets: Ints
    layer: Ints

    @classmethod
    def of(cls, regions: Regions, layers: Ints) -> Rings:
        """Return the rings of the regions of the given layers."""
        parts, part = shapely.get_parts(shapely.orient_polygons(regions), return_index=True)
        filled = ~shapely.is_empty(parts)
        parts, part = parts[filled], part[filled]
        rings, ring = shapely.get_rings(parts, return_index=True)
        xy, owner = shapely.get_coordinates(rings, return_index=True)
        keep = np.diff(owner, append=-1) == 0  # rings repeat their first vertex
        return cls(xy[keep], offsets_of(np.bincount(owner[keep], minlength=len(rings))), layers[part[ring]])

    @property
    def following(self) -> Ints:
        """(p,) the next vertex around the ring."""
        following = np.arange(1, len(self.xy) + 1)
        following[self.offsets[1:] - 1] = self.offsets[:-1]
        return following

    def grid(self) -> EdgeGrid:
        """Return the edges; edge i starts at vertex i."""
        return EdgeGrid.of(self.xy, self.xy[self.following], np.repeat(self.layer, np.diff(self.offsets)), CELL)


def detours(
    outlines: Regions, start: Floats, end: Floats, layer: Ints, nozzle_diameter: float, longest: float
) -> tuple[Floats, Ints, Bools]:
    """Return the points of all travels' ways to their ends, how many each has, and which are detours.

    Parameters
    ----------
    start, end, layer : (n, 2), (n, 2), (n,)
    longest : a detour may be so many times the straight way; 0 is no limit
    """
    layers, row = np.unique(layer, return_inverse=True)
    outline = Rings.of(outlines[layers], np.arange(len(layers))).grid()
    asked = np.flatnonzero(outline.crosses(start, end, row))
    used = distinct(row[asked])
    inside = shapely.buffer(outlines[layers[used]], -DEPTH * nozzle_diameter, join_style="mitre")
    rings = Rings.of(inside, used)
    if not len(rings.xy):
        return end, np.ones(len(start), np.int64), np.zeros(len(start), bool)
    points, offsets, travel = _along(rings, start[asked], end[asked], row[asked])
    keep, clear = outline.pull(points, offsets, row[asked[travel]])
    length = line_lengths(points[keep], offsets_of(segment_sum(keep, offsets)))
    straight = np.hypot(*(end - start)[asked[travel]].T)
    good = clear & ((length <= longest * straight) | (longest == 0))
    led = np.zeros(len(start), bool)
    led[asked[travel[good]]] = True
    keep[offsets[:-1]] = False  # the way begins where the tool is
    keep &= np.repeat(good, np.diff(offsets))
    counts = np.ones(len(start), np.int64)
    counts[led] = segment_sum(keep, offsets).astype(np.int64)[good]
    way = np.empty((int(counts.sum()), 2))
    detoured = np.repeat(led, counts)
    way[~detoured], way[detoured] = end[~led], points[keep]
    return way, counts, led


def line_lengths(points: Floats, offsets: Ints) -> Floats:
    """Return the length of each line, mm."""
    step = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    step[offsets[:-1]] = 0.0
    return segment_sum(step, offsets)


def _along(rings: Rings, start: Floats, end: Floats, layer: Ints) -> tuple[Floats, Ints, Ints]:
    """Return lines from start to end that stay within the rings, their offsets, and the travels that have one."""
    grid, following = rings.grid(), rings.following
    enter, leave = (_inside(rings, grid, point, layer) for point in (start, end))
    count, edge = grid.hits(enter, leave, layer, MOST_HITS)
    travel = np.flatnonzero((count % 2 == 0) & (count < MOST_HITS))
    owner = np.repeat(travel, count[travel])
    edge = edge[owner, np.arange(len(owner)) - np.repeat(offsets_of(count[travel])[:-1], count[travel])]
    share = _crossing(enter[owner], leave[owner], rings.xy[edge], rings.xy[following[edge]])
    order = np.lexsort((share, owner))
    owner, edge, share = owner[order], edge[order], share[order]
    at = enter[owner] + share[:, None] * (leave[owner] - enter[owner])
    # hits come in pairs: where the way leaves the inside and where it enters it again, on the same ring
    ring = np.searchsorted(rings.offsets, edge, "right") - 1
    torn = distinct(owner[::2][ring[::2] != ring[1::2]])
    whole = ~np.isin(owner[::2], torn)
    travel = travel[~np.isin(travel, torn)]
    walk, counts = _walks(rings, edge[::2][whole], edge[1::2][whole], at[::2][whole], at[1::2][whole])
    hop = np.repeat(owner[::2][whole], counts)
    pieces = [(start, 0), (enter, 1), (leave, 3), (end, 4)]
    points = np.concatenate([*(piece[travel] for piece, _ in pieces), walk])
    rank = np.concatenate([np.repeat([rank for _, rank in pieces], len(travel)), np.full(len(walk), 2)])
    whose = np.concatenate([np.tile(travel, len(pieces)), hop])
    order = np.lexsort((rank, whose))
    return points[order], offsets_of(np.bincount(np.searchsorted(travel, whose), minlength=len(travel))), travel


def _inside(rings: Rings, grid: EdgeGrid, points: Floats, layer: Ints) -> Floats:
    """Return the points moved onto the inside where they lie just outside of it."""
    edge, _ = grid.nearest(points, layer)
    a = rings.xy[edge]
    along = rings.xy[rings.following[edge]] - a
    size = np.maximum(np.hypot(*along.T), 1e-12)[:, None]
    along /= size
    left = np.stack([-along[:, 1], along[:, 0]], axis=1)
    share = ((points - a) * along).sum(axis=1)[:, None]
    foot = a + np.clip(share, 0.0, size) * along + NUDGE * left
    deep = (edge < 0) | (((points - a) * left).sum(axis=1) >= 0)
    return np.where(deep[:, None], points, foot)


def _crossing(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Return the share of each a -> b at which it meets the edge c -> d."""
    ab, cd, ac = b - a, d - c, c - a
    across = ab[:, 0] * cd[:, 1] - ab[:, 1] * cd[:, 0]
    along = ac[:, 0] * cd[:, 1] - ac[:, 1] * cd[:, 0]
    return np.clip(along / np.where(across == 0, 1.0, across), 0.0, 1.0)


def _walks(rings: Rings, out: Ints, back: Ints, leave: Floats, enter: Floats) -> tuple[Floats, Ints]:
    """Return the points of the shorter way round from edge `out` (left at `leave`) to edge `back`, and their counts."""
    if not len(out):
        return np.zeros((0, 2)), np.zeros(0, np.int64)
    step = np.hypot(*(rings.xy[rings.following] - rings.xy).T)
    travelled = np.concatenate([[0.0], np.cumsum(step)])
    ring = np.searchsorted(rings.offsets, out, "right") - 1
    low, size = rings.offsets[ring], np.diff(rings.offsets)[ring]
    around = travelled[low + size] - travelled[low]
    place_out = travelled[out] + np.hypot(*(leave - rings.xy[out]).T)
    place_back = travelled[back] + np.hypot(*(enter - rings.xy[back]).T)
    forward = (place_back - place_out) % around
    ahead = forward <= around / 2
    # ahead: vertices out + 1 .. back; otherwise: out .. back + 1, downwards
    counts = np.where(ahead, back - out, out - back) % size + 2  # the vertices between, and both crossings
    offsets = offsets_of(counts)
    way, first = np.where(ahead, 1, -1), np.where(ahead, out, out + 1) - low
    walk = np.repeat(np.arange(len(out)), counts)
    local = np.arange(offsets[-1]) - offsets[walk]
    points = rings.xy[low[walk] + (first[walk] + way[walk] * local) % size[walk]]
    points[offsets[:-1]], points[offsets[1:] - 1] = leave, enter
    return points, counts
