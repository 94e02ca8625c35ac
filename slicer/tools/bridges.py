"""Which hanging areas can be spanned by threads, and in which direction.

A border of a hanging area carries where there is material below just outside it; the other borders are free. Threads
that end on a free border hang from one end only, so the best direction has the least free border across it. An area
that is carried all around is spanned the short way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.nouns import Floats
from slicer.ragged import offsets_of, segment_sum
from slicer.tools.polygons import rings_of

LOOK = 0.3
"""How far (mm) outside the border material below is looked for: less than the walls that stand there."""
SAMPLE = 1.0
"""Borders are judged in pieces of at most this length, mm."""
FREE_ENDS = 0.25
"""An area is a bridge where at most this share of the threads' ends are free."""
ANGLES = np.arange(0.0, 180.0, 5.0)


def bridge_angles(hanging: NDArray[Any], below: NDArray[Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return (angle in degrees, whether it is a bridge) for each hanging polygon over what lies below it."""
    n = len(hanging)
    if not n:
        return np.zeros(0), np.zeros(0, bool)
    xy, offsets, owner = rings_of(shapely.segmentize(shapely.orient_polygons(hanging), SAMPLE))
    following = np.arange(1, len(xy) + 1)
    following[offsets[1:] - 1] = offsets[:-1]
    edge = xy[following] - xy
    length = np.hypot(*edge.T)
    normal = np.column_stack([edge[:, 1], -edge[:, 0]]) / np.where(length > 0, length, 1)[:, None]
    polygon = np.repeat(owner, np.diff(offsets))
    look = (xy + xy[following]) / 2 + LOOK * normal
    shapely.prepare(below)
    free = ~shapely.contains_xy(below[polygon], look[:, 0], look[:, 1])
    pieces = offsets_of(np.bincount(polygon, minlength=n))
    direction = np.radians(ANGLES)
    across = np.abs(edge[:, :1] * np.sin(direction) - edge[:, 1:] * np.cos(direction))  # (pieces, angles)
    ends = np.stack([segment_sum(across[:, a], pieces) for a in range(len(ANGLES))], axis=1)
    free_ends = np.stack([segment_sum(across[:, a] * free, pieces) for a in range(len(ANGLES))], axis=1)
    share = free_ends / np.maximum(ends, 1e-9)
    along = xy[:, :1] * np.cos(direction) + xy[:, 1:] * np.sin(direction)  # (pieces, angles)
    span = np.maximum.reduceat(along, pieces[:-1]) - np.minimum.reduceat(along, pieces[:-1])
    best = np.argmin(np.round(share, 2) * 1e6 + span, axis=1)  # of equals, the one with the shortest span
    return ANGLES[best], share[np.arange(n), best] <= FREE_ENDS
