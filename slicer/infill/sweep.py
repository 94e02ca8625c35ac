"""Closed surfaces: parallel beads side by side, joined into zigzags that sweep each area in one direction.

The lines of an area are spread so that a whole number of them fits between its outermost points; the beads take the
width of that spacing, so the volume stays exact. Sides parallel to the lines are met without gap or overlap, and the
turns of the zigzag overlap the wall by the given share.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.infill.concentric import closed_rings, mean_width
from slicer.infill.region import Region, region_of, shrink
from slicer.infill.scan import Crossings, Frames, across, scan
from slicer.infill.strips import strips
from slicer.infill.task import Beads, Task, repeated, together
from slicer.kernels import fill_sweep
from slicer.ragged import offsets_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCALE = (0.85, 1.1)
"""How far beads are thinned or thickened to give an area its volume."""
REACH = 3.0
"""Neighbouring lines are joined where the way along the border is at most this many spacings."""


NARROW = 4.0
"""Areas that are nowhere wider than this many spacings are filled along instead of across."""
SURELY = 1.5
"""Areas whose mean width is below this many spacings are taken for narrow without a closer look."""
HOLES = 4
"""Areas with more holes are never taken for narrow: it is the holes that make them look so."""


def surface(task: Task) -> Beads:
    """Close the areas: with zigzags, and with loops where an area is too narrow for them."""
    narrow = is_narrow(task)
    return filled(task, together([repeated(closed_rings, task.take(narrow), ()), zigzag(task.take(~narrow))]))


def is_narrow(task: Task) -> NDArray[np.bool_]:
    """Return which areas are nowhere wider than `NARROW` spacings and have few holes."""
    narrow = mean_width(task.polygon) < NARROW * task.spacing
    narrow &= shapely.get_num_interior_rings(task.polygon) <= HOLES
    some = np.flatnonzero(narrow & (mean_width(task.polygon) > SURELY * task.spacing))
    narrow[some] = shapely.is_empty(shrink(task.polygon[some], 0.5 * NARROW * task.spacing[some], task.crew))
    return narrow


def filled(task: Task, beads: Beads) -> Beads:
    """Return the beads with their spacing scaled such that each area gets just its volume.

    Turns overlap the wall, a slanted border is met in steps and the tip of a wedge is narrower than any bead: all beads
    of the area pay that back.
    """
    if not len(beads.row):
        return beads
    index = np.searchsorted(task.row, beads.row)
    laid = np.bincount(index, beads.volume, len(task))
    scale = np.clip(shapely.area(task.polygon) / np.where(laid > 0.0, laid, 1.0), *SCALE)
    return replace(beads, spacing=beads.spacing * np.repeat(scale[index], np.diff(beads.offsets)))


def zigzag(task: Task) -> Beads:
    """Fill the areas with zigzags; paths of one area follow the sweep."""
    region = region_of(shrink(task.polygon, task.inset, task.crew))
    rows = np.flatnonzero(np.diff(region.row_rings))
    if not len(rows):
        return Beads.none()
    frames = spread(task, region, rows)
    crossings = scan(region, frames)
    xy, offsets, frame, linked = swept(region, crossings, frames)
    zigzags = Beads.open(xy, offsets, task.row[rows[frame]], frames.pitch[frame], ordered=True)
    return together([zigzags, strips(region, crossings, frames, task, linked)])


def spread(task: Task, region: Region, rows: Ints) -> Frames:
    """Return the frames of the rows, their pitch such that a whole number of lines fits across the area."""
    angle = np.deg2rad(task.angle[rows])
    low, high = across(region, Frames(rows, angle, task.pitch[rows], np.zeros(len(rows))))
    low, high = low - task.inset[rows], high + task.inset[rows]
    pitch = (high - low) / np.maximum(np.rint((high - low) / task.pitch[rows]), 1.0)
    return Frames(rows, angle, pitch, low + 0.5 * pitch)


def swept(region: Region, crossings: Crossings, frames: Frames) -> tuple[Floats, Ints, Ints, NDArray[np.bool_]]:
    """Return (xy, offsets, frame of each path) of the zigzags, and at which crossings (m,) a link begins."""
    n = len(crossings.ends)
    end_u = crossings.u[crossings.ends]
    before, after = np.zeros((n, 2), np.int64), np.zeros((n, 2), np.int64)
    fill_sweep.overlaps(
        crossings.line_offsets, crossings.line_frame, np.ascontiguousarray(end_u[:, 0]),
        np.ascontiguousarray(end_u[:, 1]), before, after,
    )  # fmt: skip
    frame_segments = offsets_of(np.bincount(crossings.line_frame[crossings.line], minlength=len(frames.row)))
    point = np.empty(2 * n + len(region.xy), np.int64)
    linked = np.zeros(len(crossings.u), np.int8)
    path_end, path_frame = np.empty(n, np.int64), np.empty(n, np.int64)
    points, paths = fill_sweep.sweep(
        frame_segments, crossings.line, crossings.ends, end_u, before, after, crossings.ring, crossings.edge,
        crossings.place, crossings.ring_cross, region.offsets, region.length, REACH * frames.pitch,
        np.empty(n, np.int64), np.empty(n, np.int64), linked, point, path_end, path_frame,
    )  # fmt: skip
    offsets = np.concatenate([[0], path_end[:paths]])
    return xy_of(point[:points], region, crossings), offsets, path_frame[:paths], linked == 1


def xy_of(point: Ints, region: Region, crossings: Crossings) -> Floats:
    """Return the coordinates of points: crossing c is written -1 - c, vertex i of the region as i."""
    xy = region.xy[np.maximum(point, 0)]
    crossed = point < 0
    xy[crossed] = crossings.xy[-1 - point[crossed]]
    return xy
