"""Bands: two shares of a part's layers, so that a whole stage runs side by side.

More bands gain nothing: work on a band is shared out too, and what cannot be holds Python's one lock. How much there
is to do decides about the bands, not who does it: the same bytes with any number of workers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from slicer.nouns import Areas, Regions
from slicer.tools.polygons import alike, empty_stack

WORTHWHILE = 24_000
"""Vertices from which on two bands are quicker than one: each costs 5 to 10 ms to begin."""


def bands_of(regions: Regions) -> list[Regions]:
    """Return stacks as high as `regions` that share out its layers; layers that look alike are in the same one."""
    first, kind = alike(regions)
    points = np.cumsum(shapely.get_num_coordinates(regions[first]))
    total = points.max(initial=0)
    middle = np.searchsorted(points, total / 2)
    if total < WORTHWHILE or middle == len(first) - 1:
        return [regions]
    stacks = []
    for mine in (kind <= middle, kind > middle):
        stack = empty_stack(len(regions))
        stack[mine] = regions[mine]
        stacks.append(stack)
    return stacks


def areas_together(bands: Sequence[Areas]) -> Areas:
    """Return the areas of all bands, sorted by layer."""
    order = np.argsort(np.concatenate([areas.layer for areas in bands]), kind="stable")
    columns = ("polygon", "layer", "role", "angle", "island")
    return Areas(*(np.concatenate([getattr(areas, name) for areas in bands])[order] for name in columns))
