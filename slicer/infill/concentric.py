"""Loops that follow the border inwards; the closed kind fills what they leave with a bead along its middle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.infill.region import region_of, shrink
from slicer.infill.task import Beads, Task, flags, together
from slicer.ragged import gather, offsets_of
from slicer.tools.crew import Crew
from slicer.tools.dots import rings_in
from slicer.tools.medial import medial_axes
from slicer.tools.offsets import grow_round, pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PAIR = 1.8
"""From this width on (in spacings) two beads lie side by side; narrower strips get one along their middle."""
HAIRLINE = 0.1
"""What is left with a mean width below this many spacings is not looked into any more."""
THINNEST = 0.35
"""Strips narrower than this many spacings get no bead."""
STUB = 0.5
"""A middle line that fills less than this share of its strip gives way to a ring: the strip is as wide as long."""


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
        wide = grow_round(core, 0.5 * PAIR * spacing, task.crew)
        strips, owner = narrow_parts(rest, wide, spacing, task)
        parts.append(middles(strips, task.row[rows[owner]], spacing[owner], task.crew))
        keep = ~shapely.is_empty(core)
        core, rows, spacing = core[keep], rows[keep], spacing[keep]
        parts.append(loops(shrink(core, -0.5 * (PAIR - 1.0) * spacing, task.crew), task.row[rows], spacing))
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


def narrow_parts(rest: NDArray[Any], wide: NDArray[Any], spacing: Floats, task: Task) -> tuple[NDArray[Any], Ints]:
    """Return what of each area is not wide, without crumbs, and the number of the area of each part."""
    whole = np.flatnonzero(shapely.is_empty(wide) & (shapely.area(rest) >= spacing**2))
    some = np.flatnonzero(~shapely.is_empty(wide) & (shapely.area(rest) - shapely.area(wide) >= spacing**2))
    a, b = rest[some], wide[some]
    cuts = task.crew.map(lambda cut: shapely.difference(a[cut], b[cut]), pieces(a))
    parts, owner = parts_from(np.concatenate([*cuts, a[:0]]), some, spacing)
    radius = 0.5 * THINNEST * spacing[owner]  # hairlines beside the wide part are cut off
    parts, owner = parts_from(shrink(shrink(parts, radius, task.crew), -radius, task.crew), owner, spacing)
    return np.concatenate([rest[whole], parts]), np.concatenate([whole, owner])


def parts_from(polygon: NDArray[Any], owner: Ints, spacing: Floats) -> tuple[NDArray[Any], Ints]:
    """Return the parts of (Multi)Polygons that are more than crumbs, and the owner of each."""
    parts, index = shapely.get_parts(polygon, return_index=True)
    keep = shapely.area(parts) >= spacing[owner[index]] ** 2
    return parts[keep], owner[index[keep]]


def middles(strips: NDArray[Any], row: Ints, spacing: Floats, crew: Crew) -> Beads:
    """Return beads that fill the width of each strip: along its middle, or around it where that hardly leads anywhere.

    row, spacing (n,) are the strips'.
    """
    if not len(strips):
        return Beads.none()
    axes = medial_axes(strips, crew)
    wide = np.repeat(spacing[axes.owner], np.diff(axes.offsets))
    width = np.clip(axes.width, THINNEST * wide, PAIR * wide)
    lines = Beads(axes.xy, axes.offsets, axes.owner, width, axes.closed, *flags(len(axes.owner), False))
    area = shapely.area(strips)
    stubs = np.bincount(axes.owner, lines.volume, len(strips)) < STUB * area
    found, gap, of = rings_in(strips[stubs], THINNEST * spacing[stubs], crew)
    around = loops(found, np.flatnonzero(stubs)[of], np.minimum(gap, PAIR * spacing[stubs][of]))
    beads = together([lines.take(np.flatnonzero(~stubs[axes.owner])), around])
    return replace(beads, row=row[beads.row])
