"""Thin beads where the border runs along the lines of a zigzag and leaves a strip that is too narrow for one more line.

Between two successive crossings of a ring with the lines lies an arc of the border. Where the zigzag does not take it
as a link, and the arc is long, it keeps more or less the same distance from one line, which is on its inner side:

    arc                                    the line beside it
    from one end of a segment to its other the segment's own: the arc is a cap
    between two segments of a line         the next line beyond the arc: the arc is the tip of a hole
    from a line to the next, right ends    the one that reaches further right (left ends: further left)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slicer.infill.region import Region
from slicer.infill.scan import Crossings, Frames
from slicer.infill.task import Beads, Task
from slicer.ragged import offsets_of, segment_ids, segment_sum

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OPEN = 0.25
"""Strips narrower than this many spacings stay open."""
THINNEST = 0.35
"""Beads are not thinner than this many spacings."""
SHORTEST = 1.8
"""Strips shorter than this many spacings stay open."""


def strips(region: Region, crossings: Crossings, frames: Frames, task: Task, linked: NDArray[np.bool_]) -> Beads:
    """Return the beads that fill the strips; the frames' rows are rows of the task."""
    after, length = arcs(region, crossings)
    ring_frame = np.repeat(np.arange(len(frames.row)), np.diff(region.row_rings)[frames.row])
    frame = ring_frame[crossings.ring]
    pitch = frames.pitch[frame]
    start = np.flatnonzero(~linked & (length > SHORTEST * pitch))
    if not len(start):
        return Beads.none()
    beside, side = neighbour(crossings, start, after[start], frame[start], region, frames)
    points, arc = points_of(region, crossings, start, after[start])
    f = frame[start][arc]
    level = level_of(points, f, frames)
    gap = (level - beside[arc]) * side[arc] * frames.pitch[f] + task.inset[frames.row[f]] - 0.5 * frames.pitch[f]
    points, piece, gap, arc = cut(points, arc, gap, OPEN * frames.pitch[f])
    f = frame[start][arc]
    # from the border at `inset` beyond the arc, go back by half of the gap
    back = (task.inset[frames.row[f]] - 0.5 * gap) * side[arc]
    points = points + back[:, None] * np.stack([-np.sin(frames.angle[f]), np.cos(frames.angle[f])], axis=1)
    gap = np.maximum(gap, THINNEST * frames.pitch[f])
    return beads_of(points, piece, gap, frames.pitch[f], task.row[frames.row[f]])


def arcs(region: Region, crossings: Crossings) -> tuple[Ints, Floats]:
    """Return for each crossing the next one of its ring, and the length of the way to it."""
    after = np.arange(1, len(crossings.u) + 1)
    full = np.diff(crossings.ring_cross) > 0
    last = crossings.ring_cross[1:][full] - 1
    after[last] = crossings.ring_cross[:-1][full]
    length = crossings.place[after] - crossings.place
    length[last] += region.length[crossings.ring[last]]
    return after, length


def neighbour(
    crossings: Crossings, a: Ints, b: Ints, frame: Ints, region: Region, frames: Frames
) -> tuple[Ints, Floats]:
    """Return the number of the line beside each arc from crossing a to b, and on which side of it the arc lies."""
    segment = np.empty(len(crossings.u), np.int64)
    segment[crossings.ends[:, 0]] = segment[crossings.ends[:, 1]] = np.arange(len(crossings.ends))
    right = np.zeros(len(crossings.u), np.bool_)
    right[crossings.ends[:, 1]] = True
    la, lb = crossings.level[a], crossings.level[b]
    # which way the arc leaves: its first point after a, or the middle of its only edge
    vertex = region.xy[crossings.edge[a] + 1]
    way = np.where(la == lb, np.sign(level_of(vertex, frame, frames) - la), lb - la).astype(np.int64)
    farther = np.where((crossings.u[a] > crossings.u[b]) == right[a], la, lb)
    beside = np.where(la != lb, farther, np.where(segment[a] == segment[b], la, la + way))
    side = np.where(la != lb, np.where(farther == la, way, -way), np.where(segment[a] == segment[b], way, -way))
    return beside, side.astype(np.float64)


def level_of(xy: Floats, frame: Ints, frames: Frames) -> Floats:
    """Return on which line points lie, as a fractional number."""
    v = xy[:, 1] * np.cos(frames.angle[frame]) - xy[:, 0] * np.sin(frames.angle[frame])
    return np.asarray((v - frames.shift[frame]) / frames.pitch[frame])


def points_of(region: Region, crossings: Crossings, a: Ints, b: Ints) -> tuple[Floats, Ints]:
    """Return (points, arc of each): crossing a, the ring's vertices up to b, and crossing b."""
    ring = crossings.ring[a]
    count = region.offsets[ring + 1] - region.offsets[ring] - 1
    inner = crossings.edge[b] - crossings.edge[a]
    around = (inner < 0) | ((inner == 0) & (crossings.place[b] < crossings.place[a]))
    inner = inner + np.where(around, count, 0)
    offsets = offsets_of(inner + 2)
    arc = segment_ids(offsets)
    index = crossings.edge[a][arc] + np.arange(offsets[-1]) - offsets[:-1][arc]
    stop = region.offsets[ring + 1][arc] - 1
    points = region.xy[np.where(index >= stop, index - count[arc], index)]
    points[offsets[:-1]], points[offsets[1:] - 1] = crossings.xy[a], crossings.xy[b]
    return points, arc


def cut(points: Floats, arc: Ints, gap: Floats, least: Floats) -> tuple[Floats, Ints, Floats, Ints]:
    """Return (points, piece, gap, arc) where the gap is wide enough, with new points where it becomes so."""
    n = len(points)
    high = gap >= least
    step = np.flatnonzero((arc[1:] == arc[:-1]) & (high[1:] != high[:-1]))
    share = (least[step] - gap[step]) / (gap[step + 1] - gap[step])
    made = points[step] + share[:, None] * (points[step + 1] - points[step])
    order = np.argsort(np.concatenate([np.arange(n), step + 0.5]), kind="stable")
    keep = np.concatenate([high, np.ones(len(step), np.bool_)])[order]
    arcs_too = np.concatenate([arc, arc[step]])[order]
    # what was left out, and the end of an arc, part the pieces
    piece = np.cumsum(~keep | np.append(False, arcs_too[1:] != arcs_too[:-1]))
    xy, gaps = np.concatenate([points, made])[order], np.concatenate([gap, least[step]])[order]
    return xy[keep], piece[keep], gaps[keep], arcs_too[keep]


def beads_of(points: Floats, piece: Ints, gap: Floats, pitch: Floats, row: Ints) -> Beads:
    """Return one bead for each piece, those dropped that are short."""
    first = np.flatnonzero(np.append(True, piece[1:] != piece[:-1])[: len(piece)])
    offsets = np.append(first, len(piece))
    step = np.zeros(len(points))
    step[1:] = np.hypot(*(points[1:] - points[:-1]).T)
    step[first] = 0.0
    length = segment_sum(step, offsets)
    keep = np.flatnonzero((np.diff(offsets) > 1) & (length > SHORTEST * pitch[first]))
    flags = np.zeros(len(first), np.bool_)
    return Beads(points, offsets, row[first], gap, flags, flags).take(keep)
