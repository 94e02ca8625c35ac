"""Loops that follow the border inwards; the closed kind fills what they leave with a bead along its middle."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.infill.region import grow, pieces, region_of, shrink
from slicer.infill.task import Beads, Task, flags, together
from slicer.ragged import gather, offsets_of
from slicer.tools.medial import medial_axes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PAIR = 1.8
"""From this width on (in spacings) two beads lie side by side; narrower strips get one along their middle."""
HAIRLINE = 0.1
"""What is left with a mean width below this many spacings is not looked into any more."""
THINNEST = 0.35
"""Strips narrower than this many spacings get no bead."""


def rings(task: Task) -> Beads:
    """Fill the areas with loops at the distance of the pitch: sparse."""
    parts: list[Beads] = []
    rows, rest = np.arange(len(task)), shrink(task.polygon, task.inset, task.crew)
    while True:
        keep = ~shapely.is_empty(rest)
        rest, rows = rest[keep], rows[keep]
        if not len(rows):
            return together(parts) if parts else Beads.none()
        parts.append(loops(rest, task.row[rows], task.spacing[rows]))
        rest = shrink(rest, task.pitch[rows], task.crew)


def closed_rings(task: Task) -> Beads:
    """Fill the areas with loops side by side, and the middle with a bead of varying width: closed surfaces.

    What is narrower than a pair of beads is found by an opening with round corners, so that the tips of acute corners
    belong to it. The loops' spacing is chosen for each area so that a whole number of beads fits its mean width.
    """
    parts: list[Beads] = []
    rows, rest, spacing = np.arange(len(task)), task.polygon, fitted(task)
    while len(rows):
        core = shrink(rest, 0.5 * PAIR * spacing, task.crew)
        wide = grow(core, 0.5 * PAIR * spacing, task.crew, round_corners=True)
        parts.append(middles(narrow(rest, wide, spacing, task), task.row[rows], spacing))
        keep = ~shapely.is_empty(core)
        core, rows, spacing = core[keep], rows[keep], spacing[keep]
        parts.append(loops(grow(core, 0.5 * (PAIR - 1.0) * spacing, task.crew), task.row[rows], spacing))
        rest = shrink(core, (1.0 - 0.5 * PAIR) * spacing, task.crew)
        keep = mean_width(rest) > HAIRLINE * spacing
        rest, rows, spacing = rest[keep], rows[keep], spacing[keep]
    return together(parts) if parts else Beads.none()


def fitted(task: Task) -> Floats:
    """Return for each area the spacing near the task's at which a whole number of beads fits the mean width."""
    width = mean_width(task.polygon)
    count = np.maximum(np.rint(width / task.pitch), 1.0)
    return np.clip(width / count, 0.8 * task.pitch, 1.2 * task.pitch)


def mean_width(polygon: NDArray[Any]) -> Floats:
    """Return twice the area over the length of the border: the width of a long band."""
    length = shapely.length(polygon)
    return np.asarray(2.0 * shapely.area(polygon) / np.where(length > 0.0, length, 1.0))


def loops(polygon: NDArray[Any], row: Ints, spacing: Floats) -> Beads:
    """Return the rings of the polygons as closed beads."""
    region = region_of(polygon)
    index, offsets = gather(region.offsets, np.arange(len(region.row)))
    keep = np.ones(len(index), np.bool_)
    keep[offsets[1:] - 1] = False  # closed paths do not repeat their first vertex
    count = np.diff(offsets) - 1
    return Beads(
        region.xy[keep],
        offsets_of(count),
        row[region.row],
        np.repeat(spacing[region.row], count),
        *flags(len(region.row), True, False),
    )


def narrow(rest: NDArray[Any], wide: NDArray[Any], spacing: Floats, task: Task) -> NDArray[Any]:
    """Return what of each area is not wide; nothing where it is only crumbs."""
    left = np.where(shapely.is_empty(wide), rest, shapely.Polygon())
    some = np.flatnonzero(~shapely.is_empty(wide) & (shapely.area(rest) - shapely.area(wide) >= spacing**2))
    a, b = rest[some], wide[some]
    parts = task.crew.map(lambda cut: shapely.difference(a[cut], b[cut]), pieces(a))
    left[some] = np.concatenate([*parts, a[:0]])
    return opened(left, 0.5 * THINNEST * spacing, task)


def opened(polygon: NDArray[Any], radius: Floats, task: Task) -> NDArray[Any]:
    """Return the polygons without what is narrower than twice the radius."""
    return grow(shrink(polygon, radius, task.crew), radius, task.crew)


def middles(strips: NDArray[Any], row: Ints, spacing: Floats) -> Beads:
    """Return a bead along the middle of each strip that is more than a crumb, filling its width."""
    parts, owner = shapely.get_parts(strips, return_index=True)
    keep = shapely.area(parts) >= spacing[owner] ** 2
    if not keep.any():
        return Beads.none()
    axes = medial_axes(parts[keep])
    owner = owner[keep][axes.owner]
    least = np.repeat(THINNEST * spacing[owner], np.diff(axes.offsets))
    most = np.repeat(PAIR * spacing[owner], np.diff(axes.offsets))
    columns = (row[owner], np.clip(axes.width, least, most), axes.closed)
    return Beads(axes.xy, axes.offsets, *columns, *flags(len(owner), False))
