"""Where outlines are narrow, and the axis that runs through the middle: the place of a single bead.

Every sample of an outline gets the largest ball that touches it from inside (`kernels.balls`). Balls smaller than a
limit mark narrow places; their centres, strung together, are the medial axis with the width at every point. Nothing
is triangulated and no boolean is needed, see docs/decisions for the comparison with the segment Voronoi diagram.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import balls, polyline
from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import gather, offsets_of, segment_ids, segment_sum
from slicer.tools.crew import Crew
from slicer.tools.edge_grid import EdgeGrid, pairs_within
from slicer.tools.polygons import parts_of, ring_areas, rings_of, turned

STEP = 0.25
"""Samples of an outline are at most this far apart, mm."""
LEAST_TURN = -0.55
"""Cosine: a ball that touches two sides less than 123 degrees apart sits in a corner, not between walls."""
TOLERANCE = 0.01
"""Axes are thinned out to this (mm), in position and in half their width."""
STRAIGHT = 0.7
"""Cosine: ends of axes head for each other if neither turns by more than 45 degrees to go there."""
CLEAR = 0.75
"""Share of a ball rolling from one end to another that keeps off what is taken: lines, with beads around them."""
WIDTH_STEP = 0.05
"""Widths change by at most this (mm) from one vertex of an axis to the next: between two, a bead has one width."""


@dataclass(frozen=True, slots=True)
class Balls:
    """Samples of the outlines of a stack and the largest ball at each.

    centre   (s, 2) mm
    radius   (s,) mm; 0 where the region is not narrow
    partner  (s,) sample on the other side; -1 where there is none
    row      (s,) row of the stack
    rings    (r + 1,) offsets of the samples of each ring
    stack    (n,) the regions themselves
    roomy    (n,) bool; no ball of the full size fits into the others
    taken    (n,) what has been laid inside them already, which no axis crosses
    rolling  beside what is taken, axes are joined where a ball of this share of their ends' fits all the way between
    """

    centre: Floats
    radius: Floats
    partner: Ints
    row: Ints
    rings: Ints
    stack: Regions
    roomy: NDArray[np.bool_]
    taken: Regions | None = None
    rolling: float = 0.0


@dataclass(frozen=True, slots=True)
class Axes:
    """Polylines: xy (p, 2) mm, width (p,) mm, offsets (n + 1,), closed (n,), owner (n,) row of the stack."""

    xy: Floats
    width: Floats
    offsets: Ints
    closed: NDArray[np.bool_]
    owner: Ints


def find_balls(stack: Regions, reach: Any, crew: Crew, outside: bool = False) -> Balls:
    """Return the balls of radius up to `reach` mm (a scalar or one per row) inside the outlines, or outside them."""
    polygons, row = parts_of(stack)
    xy, offsets, owner = rings_of(polygons)
    xy = np.ascontiguousarray(xy)
    outer = np.ones(len(owner), bool)
    outer[1:] = owner[1:] != owner[:-1]
    left = (ring_areas(xy, offsets) > 0) == outer  # the solid lies to the left of the ring's direction
    samples = np.empty(len(xy) + 1, np.int64)
    balls.count_samples(xy, offsets, STEP, samples)
    n = int(samples[-1])
    centre, radius, partner = np.zeros((n, 2)), np.zeros(n), np.full(n, -1)
    side = np.where(left != outside, 1.0, -1.0)
    row_rings = np.searchsorted(row[owner], np.arange(len(stack) + 1))
    reach = np.ascontiguousarray(np.broadcast_to(reach, stack.shape), np.float64)
    roomy = np.zeros(len(stack), np.int8)

    def work(rows: slice) -> None:
        mine = row_rings[rows.start : rows.stop + 1]
        balls.shrink(xy, offsets, side, mine, reach[rows], LEAST_TURN, samples, centre, radius, partner, roomy[rows])

    crew.map(work, Crew.chunks(len(stack), 64))
    rings = samples[offsets]
    return Balls(centre, radius, partner, np.repeat(row[owner], np.diff(rings)), rings, stack, roomy == 1)


def narrow_rows(balls: Balls, rows: int) -> NDArray[np.bool_]:
    """Return which of the rows have a ball: are narrow somewhere."""
    return np.bincount(balls.row[balls.radius > 0], minlength=rows) > 0


def medial_axes(strips: Regions, crew: Crew, widest: Any = 2.0) -> Axes:
    """Return the medial axes of narrow polygons; places wider than `widest` mm (a scalar or one each) have none."""
    found = find_balls(strips, np.asarray(widest) / 2, crew)
    return axes_through(found, found.radius > 0)


def axes_through(found: Balls, wanted: NDArray[np.bool_]) -> Axes:
    """Return the axes through the centres of the wanted balls (s,), each axis once."""
    samples = np.arange(len(found.radius))
    there = wanted & (found.radius > 0)
    both = there[np.maximum(found.partner, 0)] & (found.partner >= 0)
    once = _unseen(found, there, there & ((samples < found.partner) | ~both))  # a strip is seen from both its sides
    path, offsets = np.empty(len(samples), np.int64), np.empty(len(samples) + 1, np.int64)
    made = balls.trace(found.rings, found.centre, once.astype(np.int8), 2 * STEP, path, offsets)
    offsets, path = offsets[: made + 1].copy(), path[: offsets[made]]
    xy, width = found.centre[path], 2 * found.radius[path]
    row = found.row[path[offsets[:-1]]] if made else np.zeros(0, np.int64)
    order, joined, closed = _joined(
        offsets, _mates(xy, width / 2, offsets, row, found.stack, found.taken, found.rolling)
    )
    xy, width = xy[order], width[order]
    points = np.ascontiguousarray(np.column_stack([xy, width / 2]))
    keep = np.zeros(len(points), np.int8)
    polyline.simplify_open(points, joined, TOLERANCE, keep)
    kept = np.concatenate([[0], np.cumsum(keep, dtype=np.int64)])
    first = order[joined[:-1]] if len(joined) > 1 else np.zeros(0, np.int64)
    return _lines(Axes(xy[keep == 1], width[keep == 1], kept[joined], closed, row[segment_ids(offsets)[first]]))


def _unseen(found: Balls, there: NDArray[np.bool_], once: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return `once` and those balls that are there and far from it: around a bend, its inside is a single sample."""
    far = np.flatnonzero(there & ~once)
    far = far[np.hypot(*(found.centre[far] - found.centre[found.partner[far]]).T) > STEP]
    if not len(far):
        return once
    seen = found.centre[once]
    edge, apart = EdgeGrid.of(seen, seen, found.row[once], 2 * STEP).nearest(found.centre[far], found.row[far])
    out = once.copy()
    out[far[(edge < 0) | (apart > STEP)]] = True
    return out


def _lines(axes: Axes) -> Axes:
    """Return the axes of two points and more: a single ball leads nowhere."""
    rows = np.flatnonzero(np.diff(axes.offsets) > 1)
    if len(rows) == len(axes.closed):
        return axes
    index, offsets = gather(axes.offsets, rows)
    return Axes(axes.xy[index], axes.width[index], offsets, axes.closed[rows], axes.owner[rows])


def _joined(offsets: Ints, mate: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return (order of the points, offsets, closed) after joining runs whose ends are mates."""
    n = len(offsets) - 1
    runs: list[int] = []
    backward: list[bool] = []
    firsts: list[int] = [0]
    closed: list[bool] = []
    mates, seen = mate.tolist(), [False] * n
    for start in [*np.flatnonzero((mate[:n] < 0) | (mate[n:] < 0)).tolist(), *range(n)]:
        if seen[start]:
            continue
        run, forward = start, mates[start] < 0 or mates[n + start] >= 0
        while not seen[run]:
            seen[run] = True
            runs.append(run)
            backward.append(not forward)
            leave = mates[run + n if forward else run]
            if leave < 0:
                break
            run, forward = leave % n, leave < n
        firsts.append(len(runs))
        closed.append(leave >= 0)
    index, starts = gather(offsets, runs)
    return index[turned(starts, np.array(backward, np.bool_))], starts[firsts], np.array(closed, np.bool_)


def _mates(
    xy: Floats, radius: Floats, offsets: Ints, row: Ints, stack: Regions, taken: Regions | None, rolling: float
) -> Ints:
    """Return for each end the other end (start of run i is i, its end n + i) it joins: near, and rather straight on.

    Two ends meet where their balls do, or a little farther apart where both runs head for each other inside the region.
    Among beads laid already they meet only where the way is free. What has become one run is closed to a ring where it
    leads around; that its ends are near is not enough, those of a short stub are near as well.
    """
    n = len(offsets) - 1
    mate = np.full(2 * n, -1)
    if not n:
        return mate
    size, row = np.diff(offsets), np.concatenate([row, row])
    steps = np.hypot(*np.diff(xy, axis=0, append=xy[-1:]).T)
    steps[offsets[1:] - 1] = 0.0
    length = np.tile(segment_sum(steps, offsets), 2)
    end = np.concatenate([offsets[:-1], offsets[1:] - 1])
    inner = np.concatenate([offsets[:-1] + (size > 1), offsets[1:] - 1 - (size > 1)])
    xy, radius, ahead = xy[end], radius[end], unit(xy[end] - xy[inner])
    i, j = pairs_within(xy, radius + STEP, row)
    apart = np.hypot(*(xy[j] - xy[i]).T)
    between = unit(xy[j] - xy[i])
    straight = np.minimum((ahead[i] * between).sum(axis=1), -(ahead[j] * between).sum(axis=1))
    meet = apart <= radius[i] + radius[j]
    far = np.flatnonzero(~meet & (straight > STRAIGHT))
    shapely.prepare(stack[row[i[far]]])
    meet[far] = shapely.covers(stack[row[i[far]]], _ways(xy, i[far], j[far]))
    if taken is not None:
        near = np.flatnonzero(meet & (apart > STEP))
        ball = rolling * np.minimum(radius[i], radius[j])[near]
        meet[near] = _free(_ways(xy, i[near], j[near]), ball, row[i[near]], stack, taken)
    cost = apart * (1 + 2 * (1 - straight))
    picks = np.lexsort((j, i, cost))
    picks = picks[meet[picks]]
    i, j = i[picks], j[picks]
    aside = row * (np.ptp(xy[:, 0]) + 4 * float(radius.max()) + 4 * STEP)  # rows lie side by side
    shifted = np.column_stack([xy[:, 0] + aside, xy[:, 1]])
    _pair(mate, length, i, j, apart[picks], _crossing(shifted, i, j))
    return mate


def _crossing(xy: Floats, i: Ints, j: Ints) -> dict[int, list[int]]:
    """Return for each of the ways from points i to points j (k,) that cross others which ones those are."""
    ways = _ways(xy, i, j)
    a, b = shapely.STRtree(ways).query(ways)
    apart = (a < b) & (i[a] != i[b]) & (i[a] != j[b]) & (j[a] != i[b]) & (j[a] != j[b])
    a, b = a[apart], b[apart]
    across = (_side(xy, i[a], j[a], i[b]) * _side(xy, i[a], j[a], j[b]) < 0) & (
        _side(xy, i[b], j[b], i[a]) * _side(xy, i[b], j[b], j[a]) < 0
    )
    found: dict[int, list[int]] = {}
    for one, other in zip(a[across].tolist(), b[across].tolist(), strict=True):
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


def _side(xy: Floats, a: Ints, b: Ints, c: Ints) -> Floats:
    """Return twice the area of the triangles a, b, c (k,): positive where c lies left of the way from a to b."""
    (ux, uy), (vx, vy) = (xy[b] - xy[a]).T, (xy[c] - xy[a]).T
    return np.asarray(ux * vy - uy * vx)


def _pair(mate: Ints, length: Floats, i: Ints, j: Ints, apart: Floats, crossing: dict[int, list[int]]) -> None:
    """Join ends i and j (k,), `apart` mm from each other, in this order where both are free; updates mate.

    length (2 n,) mm of the run behind each end; a run becomes a ring where that is more than twice the way back.
    """
    n = len(mate) // 2
    mates, far, long = mate.tolist(), [*range(n, 2 * n), *range(n)], length.tolist()  # far: the other end of a line
    joined: set[int] = set()
    for k, (a, b, way) in enumerate(zip(i.tolist(), j.tolist(), apart.tolist(), strict=True)):
        if mates[a] >= 0 or mates[b] >= 0 or (far[a] == b and long[a] <= 2 * way):
            continue
        if not joined.isdisjoint(crossing.get(k, ())):
            continue
        joined.add(k)
        mates[a], mates[b] = b, a
        one, other = far[a], far[b]
        far[one], far[other] = other, one
        long[one] = long[other] = long[a] + long[b] + way
    mate[:] = mates


def _ways(xy: Floats, i: Ints, j: Ints) -> NDArray[Any]:
    """Return the straight lines from points i to points j."""
    return np.asarray(shapely.linestrings(np.stack([xy[i], xy[j]], axis=1)))


def _free(ways: NDArray[Any], rolling: Floats, row: Ints, stack: Regions, taken: Regions) -> NDArray[np.bool_]:
    """Return which ways (k,) let a ball of radius `rolling` (k,) roll along, most of it clear of what is taken."""
    free = ~shapely.dwithin(taken[row], ways, CLEAR * rolling)
    free[free] = ~shapely.dwithin(borders(stack, row[free]), ways[free], rolling[free])
    return np.asarray(free)


def borders(stack: Regions, row: Ints) -> NDArray[Any]:
    """Return the boundary of the row of each (k,), prepared; those of one row are the same object."""
    rows, which = np.unique(row, return_inverse=True)
    made = shapely.boundary(stack[rows])
    shapely.prepare(made)
    return np.asarray(made[which])


def unit(vectors: Floats) -> Floats:
    """Return the vectors (n, 2) with length 1; zeros stay."""
    length = np.hypot(*vectors.T)
    return np.asarray(vectors / np.where(length > 0, length, 1)[:, None])


def stepped(axes: Axes) -> Axes:
    """Return the axes with vertices added where the width changes by more than `WIDTH_STEP` at once."""
    p = len(axes.xy)
    following = np.arange(1, p + 1)
    last = axes.offsets[1:] - 1
    following[last] = np.where(axes.closed, axes.offsets[:-1], last)
    change = np.abs(axes.width[following] - axes.width)
    pieces, large = np.ones(p, np.int64), np.flatnonzero(change > WIDTH_STEP)
    pieces[large] = np.ceil(change[large] / WIDTH_STEP - 1e-9)
    start = offsets_of(pieces)
    at = segment_ids(start)
    xy, width = axes.xy[at], axes.width[at]
    added = np.flatnonzero(np.diff(at, prepend=-1) == 0)
    of = at[added]
    share = (added - start[of]) / pieces[of]
    xy[added] += (axes.xy[following[of]] - axes.xy[of]) * share[:, None]
    width[added] += (axes.width[following[of]] - axes.width[of]) * share
    return Axes(xy, width, start[axes.offsets], axes.closed, axes.owner)
