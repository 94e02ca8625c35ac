"""Join the clipped chains of a sparse pattern along the border of their area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slicer.infill.region import Region, places
from slicer.infill.task import Beads, Task
from slicer.kernels import fill_join
from slicer.ragged import gather

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CRUMB = 0.8
"""Chains shorter than this many spacings are left out."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Clipped pieces of a pattern: xy (p, 2), offsets (n + 1,), row (n,) of the region, and where both ends touch.

    ring (n, 2) ring of the region, or -1 for an end inside; edge (n, 2) first vertex of the edge; place (n, 2) along it
    """

    xy: Floats
    offsets: Ints
    row: Ints
    ring: Ints
    edge: Ints
    place: Floats

    def take(self, chains: Ints) -> Chains:
        """Return the chosen chains."""
        index, offsets = gather(self.offsets, chains)
        at = (self.ring[chains], self.edge[chains], self.place[chains])
        return Chains(self.xy[index], offsets, self.row[chains], *at)

    @property
    def length(self) -> Floats:
        """(n,) length of each chain, mm."""
        return places(self.xy, self.offsets)[self.offsets[1:] - 1]


def joined(task: Task, region: Region, chains: Chains, in_turn: bool = False) -> Beads:
    """Return the chains joined along the border where the way is short, their free ends hooked to it.

    Short ways are taken first, or those between successive chains: side by side, these become one long zigzag.
    """
    chains = chains.take(np.flatnonzero(chains.length >= CRUMB * task.spacing[chains.row]))
    n = len(chains.row)
    if not n:
        return Beads.none()
    arcs, arc_length, end_arcs = arcs_of(region, chains)
    root, taken = np.arange(n), np.zeros(len(arcs), np.int8)
    mate, arc_of_end = np.full(2 * n, -1), np.full(2 * n, -1)
    length = chains.length
    # a way along the wall is not longer than what it holds: pockets are not lined all around
    short = np.flatnonzero(arc_length <= np.minimum(task.anchor_max, length[arcs // 2].sum(axis=1)))
    rank = arcs.max(axis=1) // 2 if in_turn else arc_length
    fill_join.choose(short[np.argsort(rank[short], kind="stable")], arcs, root, arc_of_end, mate, taken)
    hook = np.minimum(min(task.anchor, task.anchor_max), 0.5 * length)
    out = np.empty((len(chains.xy) + len(region.xy) + 4 * n, 2))
    path_end, path_chain = np.empty(n, np.int64), np.empty(n, np.int64)
    points, paths = fill_join.assemble(
        chains.offsets, chains.xy, mate, arc_of_end, arcs, arc_length, taken, end_arcs,
        chains.ring.reshape(-1), chains.edge.reshape(-1), chains.place.reshape(-1),
        region.xy, region.place, region.offsets, hook, task.spacing[chains.row], np.zeros(n, np.int8),
        out, path_end, path_chain,
    )  # fmt: skip
    row = chains.row[path_chain[:paths]]
    return Beads.open(out[:points], np.concatenate([[0], path_end[:paths]]), task.row[row], task.spacing[row])


def arcs_of(region: Region, chains: Chains) -> tuple[Ints, Floats, Ints]:
    """Return (ends (a, 2), length (a,)) of the ways between successive ends of chains along the rings.

    And for each end (2 n, 2) the arc that arrives there and the arc that leaves, -1 for an end that touches no ring.
    """
    ring, place = chains.ring.reshape(-1), chains.place.reshape(-1)
    order = np.lexsort((place, ring))
    order = order[np.searchsorted(ring[order], 0) :]
    ring, place = ring[order], place[order]
    last = np.append(ring[1:] != ring[:-1], True)[: len(ring)]
    first = np.flatnonzero(np.append(True, ring[1:] != ring[:-1])[: len(ring)])
    after = np.arange(1, len(order) + 1)
    after[last] = first
    length = place[after] - place
    length[last] += region.length[ring[last]]
    end_arcs = np.full((2 * len(chains.row), 2), -1)
    end_arcs[order, 1] = np.arange(len(order))
    end_arcs[order[after], 0] = np.arange(len(order))
    return np.stack([order, order[after]], axis=1), length, end_arcs
