"""Loops whose two sides meet: where the room between them is a little too small, or too large, they share it.

Two sides that are `apart` fill the room between them if both are laid at half of the difference more, or less:

    share = (apart - spacing) / 2       added to the width of both
    share / 2                           is how far they move inwards, so that their outer edges stay where they are

How far apart sides are is told by the balls inside the loops, which are found anyway for the bead that comes next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slicer.kernels import balls, polyline, sharing
from slicer.nouns import Floats, Ints
from slicer.ragged import gather, offsets_of
from slicer.tools.medial import STEP, Axes, Balls, stepped
from slicer.tools.polygons import thinned


def shared(
    xy: Floats,
    offsets: Ints,
    clockwise: NDArray[np.bool_],
    inside: Balls,
    spacing: Floats,
    least: Floats,
    most: Floats,
    tolerance: float,
) -> tuple[Floats, Ints, Floats]:
    """Return (rings thinned out, offsets, what is added to the width at each vertex), those that share moved.

    Parameters
    ----------
    xy, offsets : closed rings, those of `inside.stack`
    clockwise : (r,) which have the solid to their right
    spacing : (n,) of the beads, mm
    least, most : (n,) mm, how far apart sides are that share; nearer ones count as `least` apart
    """
    samples = np.empty(len(xy) + 1, np.int64)
    balls.count_samples(xy, offsets, STEP, samples)
    row = inside.row[inside.rings[:-1]]
    points, opened = np.empty((len(xy) + samples[-1] + len(row), 3)), np.empty(len(offsets), np.int64)
    side = np.where(clockwise, -1.0, 1.0)
    around = 2 * (most[row] + STEP)  # an end, from where the balls of one side touch it to where those of the other do
    sharing.share(
        xy, offsets, side, samples, inside.radius, spacing[row], least[row], most[row], around, points, opened
    )
    alone = np.diff(opened) == 0
    moved = _needed(points[: opened[-1]], np.append(0, opened[1:][~alone]), tolerance)
    index, rings = gather(offsets, np.flatnonzero(alone))
    plain, rings = thinned(xy[index], rings, tolerance)
    place = np.argsort(np.argsort(~alone, kind="stable"))  # of each ring among those first, then these
    order, offsets = gather(np.append(rings, rings[-1] + moved.offsets[1:]), place)
    share = np.append(np.zeros(len(plain)), moved.width)
    return np.concatenate([plain, moved.xy])[order], offsets, share[order]


def _needed(points: Floats, opened: Ints, tolerance: float) -> Axes:
    """Return rings as `kernels.sharing` gives them, with the vertices that place and width need, and no others."""
    keep = np.zeros(len(points), np.int8)
    polyline.simplify_open(points, opened, tolerance, keep)
    keep[opened[1:] - 1] = 0  # the first vertex once more
    x, y, half = points[keep == 1].T
    rings = len(opened) - 1
    closed, owner = np.ones(rings, np.bool_), np.arange(rings)
    counts = np.add.reduceat(keep, opened[:-1], dtype=np.int64) if rings else np.zeros(0, np.int64)
    return stepped(Axes(np.column_stack([x, y]), 2 * half, offsets_of(counts), closed, owner))
