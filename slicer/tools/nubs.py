"""Nubs: short stubs of an outline, too narrow for both sides of a loop and too short for a bead along their middle.

A stroke of raised text on a side wall is one, or a knot of a rugged thin wall. The sides of a loop led into a nub press
on each other a little; without them it would not be printed at all. A nub that stands alone gets a small loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.nouns import Ints, Regions
from slicer.ragged import distinct
from slicer.tools.crew import Crew
from slicer.tools.offsets import offset
from slicer.tools.polygons import difference, parts_of

LEAST = 0.01
"""Nubs whose loop would enclose less than this (mm2) are left to the beads beside them."""
SLACK = 0.02
"""What is nearer to a loop than this (mm) is the loop: GEOS takes far longer over borders that are nearly the same."""


def with_nubs(loops: Regions, whole: Regions, beads: NDArray[Any], owner: Ints, crew: Crew) -> Regions:
    """Return the loops together with those parts of whole loops in which nothing else is laid.

    Parameters
    ----------
    loops : (n,) polygons whose borders are the loops, none where its two sides would be too near to each other
    whole : (n,) the same polygons with all such places
    beads, owner : (k,) lines laid along narrow places, and the row of each
    """
    rows = np.flatnonzero(shapely.area(whole) - shapely.area(loops) > LEAST)
    nubs, of = parts_of(difference(whole[rows], offset(loops[rows], SLACK, crew), crew))
    large = shapely.area(nubs) > LEAST
    nubs, row = nubs[large], rows[of[large]]
    out = loops.copy()
    for r in distinct(row):
        mine = nubs[row == r]
        bare = mine[~shapely.intersects(mine, shapely.multilinestrings(beads[owner == r]))]
        if len(bare):
            foot = shapely.buffer(shapely.multipolygons(bare), 1.5 * SLACK)  # so that it overlaps the loop
            out[r] = shapely.union(loops[r], shapely.intersection(whole[r], foot))
    return out
