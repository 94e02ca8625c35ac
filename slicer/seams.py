"""Paths -> Paths: where each closed wall starts, and therefore where its seam is.

aligned   in a corner, concave before convex, and above the seam of the layer below; see `kernels/seam.py`
nearest   `order` lets the walls start where the tool comes to them; here they are aligned, as a first guess
rear      at the largest y, a hair towards larger x so that a straight back has one answer
random    anywhere, by a hash of the seed, the layer and the loop's number in it

Inner walls start beside the wall outside of them. Loops have the material to their left. The gap at the end of each
loop is cut when the beads are drawn (`travel`): here loops stay closed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gcode.roles import WALLS
from profiles.schema import SeamSettings
from slicer.kernels import seam
from slicer.nouns import PATH_DTYPES, Floats, Ints, Paths
from slicer.ragged import gather, offsets_of, segment_ids, segment_sum
from slicer.tools.edge_grid import EdgeGrid

ARM = 1.25
"""Length along the contour over which a corner is seen, in nozzle diameters."""
CELL = 2.0
"""Cell of the grids in which loops find the one they follow, mm: it may be 3/4 of it away."""
REAR_SKEW = 0.02

Places = tuple[Ints, Floats]
"""For each loop the vertex (a row of `Paths.xy`) before its seam, and the share 0..1 of the edge behind that vertex."""


def place_seams(paths: Paths, seams: SeamSettings, nozzle_diameter: float) -> Paths:
    """Return the paths with each closed wall rotated to its seam; a vertex is added where that lies within an edge."""
    loops = np.flatnonzero(paths.closed & np.isin(paths.role, WALLS) & (paths.inset >= 0))
    if not len(loops):
        return paths
    vertex, share = PLACE[seams.seam_position](paths, loops, seams, nozzle_diameter)
    return _rotated(paths, loops, vertex, share)


def _follow(paths: Paths, loops: Ints, _: SeamSettings, nozzle_diameter: float) -> Places:
    """Return seams in corners and above each other."""
    rank = np.lexsort((paths.inset[loops], paths.layer[loops]))
    loops = loops[rank]
    guide = _guides(paths, loops)
    vertex, share = np.zeros(len(loops), np.int64), np.zeros(len(loops))
    first, end = paths.offsets[loops], paths.offsets[loops + 1]
    inner = (paths.inset[loops] > 0).astype(np.uint8)
    seam.follow(paths.xy, first, end, guide, inner, ARM * nozzle_diameter, vertex, share)
    back = np.argsort(rank)
    return vertex[back], share[back]


def _guides(paths: Paths, loops: Ints) -> Ints:
    """Return for each loop which of `loops` its seam follows, -1 for none.

    An outermost wall follows one of the layer below, an inner wall the next one outwards. That is the wall, of the same
    winding, whose bounding box begins nearest to its own, or failing that (loops that merge or part) the one that
    passes its first vertex.
    """
    index, offsets = gather(paths.offsets, loops)
    x, y = paths.xy[index].T
    corner = np.stack([np.minimum.reduceat(x, offsets[:-1]), np.minimum.reduceat(y, offsets[:-1])], axis=1)
    following = np.arange(1, len(x) + 1)
    following[offsets[1:] - 1] = offsets[:-1]
    hole = segment_sum(x * y[following] - x[following] * y, offsets) < 0
    inset, layer = paths.inset[loops].astype(np.int64), paths.layer[loops].astype(np.int64) + 1
    most = int(inset.max()) + 1
    own = (layer * most + inset) * 2 + hole
    wanted = np.where(inset > 0, own - 2, own - 2 * most)
    guide, _ = EdgeGrid.of(corner, corner, own, CELL).nearest(corner, wanted)
    lost = np.flatnonzero((guide < 0) & np.isin(wanted, own))
    if len(lost):
        around = np.flatnonzero(np.isin(own, wanted[lost]))
        edge, inside = gather(offsets, around)
        ends = paths.xy[index[edge]], paths.xy[index[following[edge]]]
        grid = EdgeGrid.of(*ends, np.repeat(own[around], np.diff(inside)), CELL)
        passing, _ = grid.nearest(paths.xy[paths.offsets[loops[lost]]], wanted[lost])
        guide[lost] = np.where(passing >= 0, around[segment_ids(inside)[passing]], -1)
    return guide


def _rear(paths: Paths, loops: Ints, _: SeamSettings, __: float) -> Places:
    """Return the rearmost vertices."""
    index, offsets = gather(paths.offsets, loops)
    depth = paths.xy[index, 1] + REAR_SKEW * paths.xy[index, 0]
    deepest = np.repeat(np.maximum.reduceat(depth, offsets[:-1]), np.diff(offsets))
    at = np.flatnonzero(depth == deepest)
    first = at[np.unique(segment_ids(offsets)[at], return_index=True)[1]]
    return index[first], np.zeros(len(loops))


def _random(paths: Paths, loops: Ints, seams: SeamSettings, _: float) -> Places:
    """Return places spread evenly along the loops, the same for the same seed."""
    number = loops - np.searchsorted(paths.layer, paths.layer[loops])
    name = (paths.layer[loops].astype(np.uint64) << np.uint64(32)) + number.astype(np.uint64)
    draw = _hash(_hash(name) + np.uint64(seams.seam_seed))
    index, offsets = gather(paths.offsets, loops)
    following = index + 1
    following[offsets[1:] - 1] = paths.offsets[loops]
    length = np.hypot(*(paths.xy[following] - paths.xy[index]).T)
    travelled = np.cumsum(length)
    total = segment_sum(length, offsets)
    start = travelled[offsets[1:] - 1] - total
    target = start + total * (draw >> np.uint64(11)).astype(np.float64) / 2.0**53
    edge = np.clip(np.searchsorted(travelled, target, "right"), offsets[:-1], offsets[1:] - 1)
    share = (target - (travelled[edge] - length[edge])) / np.maximum(length[edge], 1e-12)
    return index[edge], np.clip(share, 0.0, 1.0)


def _hash(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well-mixed numbers (the finaliser of splitmix64)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


PLACE: dict[str, Callable[[Paths, Ints, SeamSettings, float], Places]] = {
    "aligned": _follow,
    "nearest": _follow,
    "rear": _rear,
    "random": _random,
}
"""How each `seam_position` chooses."""


def _rotated(paths: Paths, loops: Ints, vertex: Ints, share: Floats) -> Paths:
    """Return the paths with the loops starting at the given places."""
    sizes = np.diff(paths.offsets)
    last = paths.offsets[loops + 1] - 1
    end_of_edge = share >= 1.0 - 1e-9
    vertex = np.where(end_of_edge, np.where(vertex == last, paths.offsets[loops], vertex + 1), vertex)
    inserted = (share > 1e-9) & ~end_of_edge
    start, added = np.zeros(len(paths), np.int64), np.zeros(len(paths), np.int64)
    start[loops], added[loops] = vertex - paths.offsets[loops], inserted
    offsets = offsets_of(sizes + added)
    owner = segment_ids(offsets)
    local = np.arange(offsets[-1]) - offsets[owner] + start[owner]
    source = paths.offsets[owner] + local % sizes[owner]
    xy, width = paths.xy[source], paths.width[source]
    # an inserted seam is the first vertex of its loop; the vertex before it comes last, as the modulus has it
    at, before = offsets[loops[inserted]], vertex[inserted]
    after = source[at + 1]
    part = share[inserted]
    xy[at] = paths.xy[before] + part[:, None] * (paths.xy[after] - paths.xy[before])
    width[at] = paths.width[before] + part * (paths.width[after] - paths.width[before])
    columns = {name: getattr(paths, name) for name in PATH_DTYPES if name != "width"}
    return Paths(xy=xy, width=width, offsets=offsets, **columns)
