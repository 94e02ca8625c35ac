"""Bands: two shares of a part's layers, so that whole stages run side by side.

More bands gain nothing: work on a band is shared out too, and what cannot be holds Python's one lock. How much there
is to do decides about the bands, not who does it: the same bytes with any number of workers.
"""

from __future__ import annotations

import numpy as np
import shapely

from slicer.nouns import Regions
from slicer.tools.polygons import alike, empty_stack

WORTHWHILE = 24_000
"""Vertices from which on two bands are quicker than one: each costs 5 to 10 ms to begin."""


def bands_of(regions: Regions) -> list[Regions]:
    """Return stacks as high as `regions` that share out its layers; layers that look alike are in the same one."""
    first, kind = alike(regions)
    points = np.cumsum(shapely.get_num_coordinates(regions[first]))
    total = points.max(initial=0)
    if total < WORTHWHILE:
        return [regions]
    middle = np.searchsorted(points, total / 2)
    stacks = []
    for mine in (kind <= middle, kind > middle):
        stack = empty_stack(len(regions))
        stack[mine] = regions[mine]
        stacks.append(stack)
    return stacks
