"""Paths -> Paths: the order of printing. A permutation: paths may be reversed or entered elsewhere, never changed.

In each layer first what belongs to no island (skirt, brim, supports), then island by island. Within an island come the
walls stack by stack (a stack is what lies side by side, such as the walls around one hole; a thin wall is one of its
own), then all that fills, sparse, solid and gaps, then top surfaces. Within each of these the tool goes to what is
near; a layer starts where the one below ended. Consecutive paths with one `group` stay together, in their direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcode.roles import WALLS, Role
from profiles.schema import InfillSettings, SeamSettings, WallSettings
from slicer.kernels import order_tour
from slicer.nouns import PATH_DTYPES, Floats, Ints, Paths
from slicer.ragged import gather, offsets_of, segment_ids
from slicer.tools.edge_grid import EdgeGrid

Bools = NDArray[np.bool_]

PHASE: dict[Role, int] = {
    Role.SKIRT: 0,
    Role.BRIM: 1,
    Role.SUPPORT: 2,
    Role.SUPPORT_INTERFACE: 2,
    Role.EXTERNAL_PERIMETER: 4,
    Role.PERIMETER: 4,
    Role.OVERHANG_PERIMETER: 4,
    Role.THIN_WALL: 4,
    Role.TOP_SURFACE: 6,
    Role.IRONING: 7,
}
"""When a role is printed within its island; the others, which fill, have phase `FILL`."""
FILL, FILL_FIRST = 5, 3
"""Phase of what fills, after the walls or (`infill_first`) before them."""
CELL = 2.0
"""Cell of the grid of walls, in the widest wall's widths: walls of one stack are at most 3/4 of it apart."""
PROBES = 8
"""Vertices of a wall that are asked for the wall they lie beside."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What is put in order: single paths, and runs of grouped paths.

    first, size (n,) rows of `Paths`; entry, exit (n, 2) mm; loop: may start at any vertex; reversible: from either end.
    """

    first: Ints
    size: Ints
    entry: Floats
    exit: Floats
    loop: Bools
    reversible: Bools

    def take(self, rows: Ints) -> Nodes:
        """Return the chosen nodes in the given order."""
        return Nodes(*(getattr(self, name)[rows] for name in self.__slots__))


def order(paths: Paths, walls: WallSettings, infill: InfillSettings, seams: SeamSettings) -> Paths:
    """Return the paths in the order of printing; with nearest seams walls start where the tool comes to them."""
    if not len(paths):
        return paths
    nodes = _nodes(paths, seams.seam_position == "nearest")
    keys = _keys(paths, nodes, walls, infill)
    rank = np.lexsort((keys[5], keys[4], keys[3], keys[2], keys[0] * 2 + keys[1]))
    nodes = nodes.take(rank)
    return _permuted(paths, nodes, *_visit(paths, nodes, keys[:, rank]))


def _nodes(paths: Paths, free_seams: bool) -> Nodes:
    """Return the runs of paths that stay together."""
    joined = paths.group >= 0
    for column in (paths.group, paths.layer, paths.island, paths.object):
        joined = joined & (np.diff(column, prepend=-2) == 0)
    first = np.flatnonzero(~joined)
    size = np.diff(first, append=len(paths))
    last = first + size - 1
    entry = paths.xy[paths.offsets[first]]
    stop = np.where(paths.closed[last], paths.offsets[last], paths.offsets[last + 1] - 1)
    free = (size == 1) & (paths.group[first] < 0)
    closed = paths.closed[first]
    fixed_seam = np.isin(paths.role[first], WALLS) & (not free_seams)
    return Nodes(first, size, entry, paths.xy[stop], free & closed & ~fixed_seam, free & ~closed)


def _keys(paths: Paths, nodes: Nodes, walls: WallSettings, infill: InfillSettings) -> Ints:
    """Return (6, n) what the nodes are sorted by: layer, section, island, phase, stack, level.

    Section 0 of a layer is what belongs to no island, section 1 the islands.
    """
    first = nodes.first
    phases = np.array([PHASE.get(role, FILL_FIRST if infill.infill_first else FILL) for role in Role])
    islands = int(paths.island.max()) + 2
    island = np.where(paths.island < 0, 0, (paths.object + 1) * islands + paths.island + 1).astype(np.int64)
    wall = np.isin(paths.role, WALLS) & (paths.inset >= 0) & paths.closed
    outward = -1 if walls.wall_order == "inner-first" else 1
    level = np.where(wall, outward * paths.inset.astype(np.int64), 0)
    stack = _stacks(paths, island, wall)
    section = (paths.island >= 0).astype(np.int64)
    return np.stack([paths.layer, section, island, phases[paths.role], stack, level]).astype(np.int64)[:, first]


def _stacks(paths: Paths, island: Ints, wall: Bools) -> Ints:
    """Return a number for each path, the same for walls that lie side by side in one island.

    Each wall is tied to the wall of the next inset, outwards and inwards, whose first vertex is near its own: seams
    mostly lie side by side. Where none is (walls that merge or part), to the walls that pass some of its vertices.
    """
    number = np.arange(len(paths))
    rows = np.flatnonzero(wall)
    if not len(rows) or paths.inset[rows].max() == 0:
        return number
    span = int(paths.inset.max()) + 3
    _, place = np.unique(paths.layer[rows] * (island.max() + 1) + island[rows], return_inverse=True)
    bins = place.astype(np.int64) * span + paths.inset[rows] + 1
    first = paths.xy[paths.offsets[rows]]
    cell = CELL * float(paths.width[paths.offsets[rows]].max())
    seams = EdgeGrid.of(first, first, bins, cell)
    for step in (-1, 1):
        asked = np.flatnonzero(np.isin(bins + step, bins))
        other, _ = seams.nearest(first[asked], bins[asked] + step)
        order_tour.tie(number, rows[asked[other >= 0]], rows[other[other >= 0]])
        lost = asked[other < 0]
        around = np.flatnonzero(np.isin(bins, bins[lost] + step))
        edge_start, edge_end, owner = _edges(paths, rows[around])
        owner = around[owner]
        passing = EdgeGrid.of(edge_start, edge_end, bins[owner], cell)
        probe, asking = _probes(paths, rows[lost])
        asking = lost[asking]
        other, _ = passing.nearest(probe, bins[asking] + step)
        order_tour.tie(number, rows[asking[other >= 0]], rows[owner[other[other >= 0]]])
    return number


def _edges(paths: Paths, rows: Ints) -> tuple[Floats, Floats, Ints]:
    """Return start and end (m, 2) of the edges of closed paths, and which of the rows each belongs to."""
    index, offsets = gather(paths.offsets, rows)
    following = index + 1
    following[offsets[1:] - 1] = paths.offsets[rows]
    return paths.xy[index], paths.xy[following], segment_ids(offsets)


def _probes(paths: Paths, rows: Ints) -> tuple[Floats, Ints]:
    """Return up to `PROBES` vertices of each path, spread over it, and which of the rows each belongs to."""
    size = np.diff(paths.offsets)[rows]
    counts = np.minimum(size, PROBES)
    offsets = offsets_of(counts)
    owner = segment_ids(offsets)
    number = np.arange(offsets[-1]) - offsets[owner]
    return paths.xy[paths.offsets[rows][owner] + number * size[owner] // counts[owner]], owner


def _visit(paths: Paths, nodes: Nodes, keys: Ints) -> tuple[Ints, Ints]:
    """Return the nodes in the order in which they are visited, and for each node the door taken (0, 1, ...)."""
    n = len(nodes.first)
    changed = np.concatenate([np.ones((len(keys), 1), bool), np.diff(keys, axis=1) != 0], axis=1)
    changed = np.logical_or.accumulate(changed, axis=0)[1:]  # a new layer is a new section, a new phase a new stack ...
    starts = [np.flatnonzero(row) for row in changed]
    section, island, phase, stack, level = (
        np.append(np.searchsorted(inner, outer), len(inner)).astype(np.int64)
        for outer, inner in zip(starts, [*starts[1:], np.arange(n)], strict=True)
    )
    # items: all nodes, then the stacks of several nodes, then the islands
    single = np.diff(starts[3], append=n) == 1
    stack_item = np.where(single, starts[3], n + np.cumsum(~single) - 1)
    island_item = n + int((~single).sum()) + np.arange(len(starts[1]))
    door_first, doors = _doors(paths, nodes, np.concatenate([starts[3][~single], starts[1]]))
    visit, chosen = np.zeros(n, np.int64), np.zeros(len(door_first) - 1, np.int64)
    owner = segment_ids(door_first)
    order_tour.arrange(
        section, island, phase, stack, level, island_item, stack_item, door_first, doors, owner, visit, chosen
    )
    return visit, (chosen - door_first[:-1])[:n]


def _doors(paths: Paths, nodes: Nodes, firsts: Ints) -> tuple[Ints, Floats]:
    """Return the doors of all nodes and of the bags that begin with the nodes `firsts`: offsets, (d, 4) in and out."""
    n = len(nodes.first)
    sizes = np.diff(paths.offsets)[nodes.first]
    counts = np.concatenate([np.where(nodes.loop, sizes, np.where(nodes.reversible, 2, 1)), np.ones(len(firsts), int)])
    door_first = offsets_of(counts)
    doors = np.empty((int(door_first[-1]), 4))
    at = door_first[:n]
    doors[at] = np.hstack([nodes.entry, nodes.exit])
    doors[at[nodes.reversible] + 1] = np.hstack([nodes.exit, nodes.entry])[nodes.reversible]
    vertices, _ = gather(paths.offsets, nodes.first[nodes.loop])
    inside, _ = gather(door_first, np.flatnonzero(nodes.loop))
    doors[inside] = np.tile(paths.xy[vertices], 2)
    doors[door_first[n:-1]] = np.tile(nodes.entry[firsts], 2)
    return door_first, doors


def _permuted(paths: Paths, nodes: Nodes, visit: Ints, door: Ints) -> Paths:
    """Return the paths of the nodes in the order of the visit, entered at the doors taken."""
    nodes, door = nodes.take(visit), door[visit]
    run = offsets_of(nodes.size)
    rows = np.arange(run[-1]) + np.repeat(nodes.first - run[:-1], nodes.size)
    index, offsets = gather(paths.offsets, rows)
    # within each path, vertex i comes from (turn + way * i) mod size
    size = np.diff(offsets)
    turned = np.repeat(nodes.reversible & (door == 1), nodes.size)
    turn = np.where(turned, size - 1, np.repeat(np.where(nodes.loop, door, 0), nodes.size))
    changed = np.repeat(turn != 0, size)
    local = (index - np.repeat(paths.offsets[rows], size))[changed]
    way = np.repeat(np.where(turned, -1, 1), size)[changed]
    source = (np.repeat(turn, size)[changed] + way * local) % np.repeat(size, size)[changed]
    index[changed] += source - local
    columns = {name: getattr(paths, name)[rows] for name in PATH_DTYPES if name != "width"}
    return Paths(xy=paths.xy[index], width=paths.width[index], offsets=offsets, **columns)
