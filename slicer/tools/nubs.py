"""Nubs: short stubs of an outline, too narrow for both sides of a loop and too short for a bead along their middle.

A stroke of raised text on a side wall is one, or a knot of a rugged thin wall. The sides of a loop led into a nub press
on each other a little; without them it would not be printed at all. A nub that stands alone gets a small loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import distinct, gather, segment_ids
from slicer.tools.crew import Crew
from slicer.tools.offsets import offset, offset_of, pieces, swept
from slicer.tools.polygons import enclosed, parts_of, turned

LEAST = 0.01
"""Nubs whose loop would enclose less than this (mm2) are left to the beads beside them."""
SLACK = 0.02
"""What is nearer to a loop than this (mm) is the loop: borders that are nearly the same cross at random."""


def with_nubs(loops: Regions, border: Regions, depth: Floats, beads: NDArray[Any], owner: Ints, crew: Crew) -> Regions:
    """Return the loops together with those parts of whole loops in which nothing else is laid.

    Parameters
    ----------
    loops : (n,) polygons whose borders are the loops, none where its two sides would be too near to each other
    border, depth : (n,) polygons that are, `depth` mm inside, the same with all such places: whole loops
    beads, owner : (k,) lines laid along narrow places, and the row of each
    """
    cuts = pieces(border)
    stacks = crew.map(lambda rows: _left_out(loops[rows], border[rows], depth[rows]), cuts)
    nubs, row = parts_of(np.concatenate([*stacks, border[:0]]))
    large = shapely.area(nubs) > LEAST
    nubs, row = nubs[large], row[large]
    rows, which = distinct(row), np.searchsorted(distinct(row), row)
    mine = np.flatnonzero(np.isin(owner, rows))
    mine = mine[np.argsort(owner[mine], kind="stable")]
    laid = np.full(len(rows), shapely.MultiLineString())
    shapely.multilinestrings(beads[mine], indices=np.searchsorted(rows, owner[mine]), out=laid)
    shapely.prepare(laid)
    bare = ~shapely.intersects(laid[which], nubs)
    out = loops.copy()
    if bare.any():
        rows, which = distinct(row[bare]), np.searchsorted(distinct(row[bare]), row[bare])
        feet = shapely.buffer(shapely.multipolygons(nubs[bare], indices=which), 1.5 * SLACK)  # they overlap the loops
        whole = offset(border[rows], -depth[rows], crew)
        out[rows] = shapely.union(loops[rows], shapely.intersection(whole, feet))
    return out


def _left_out(loops: Regions, border: Regions, depth: Floats) -> Regions:
    """Return what whole loops enclose farther than SLACK from the loops: curves that turn the other way take away."""
    wholes, rings, rows, state = swept(border, depth)
    others, other_rings, other_rows, failed = swept(loops, np.full(len(loops), -SLACK))
    row = np.concatenate([segment_ids(rows), segment_ids(other_rows)])
    starts = np.append(rings, rings[-1] + other_rings[1:])
    away = np.arange(len(row)) >= len(rings) - 1
    xy = np.concatenate([wholes, others])[turned(starts, away)]
    index, starts = gather(starts, np.argsort(row, kind="stable"))
    nubs, sure = enclosed(xy[index], starts, rows + other_rows, np.maximum(state, failed))
    if not sure.all():
        whole, loops = offset_of(border[~sure], -depth[~sure], True), shapely.buffer(loops[~sure], SLACK)
        nubs[~sure] = shapely.difference(whole, loops)
    return nubs
