"""Ends of the beads that run along axes: on to a tip, short of a loop, up to the edge of a bead that passes."""

from __future__ import annotations

import numpy as np
import shapely

from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import segment_ids
from slicer.tools.edge_grid import EdgeGrid
from slicer.tools.medial import STEP, STRAIGHT, Axes, borders, unit

MOST = 8
"""Of more axes near one end, some are not looked at."""
TOUCH = 1e-6
"""mm; what is nearer to the end of an axis than this is its end."""


def reaching(axes: Axes, stack: Regions) -> Axes:
    """Return the axes with open ends moved on to where their balls touch the tip of the region, if that is near.

    The samples of an outline are too coarse to tell where exactly an axis ends.
    """
    xy = axes.xy.copy()
    open_ = ~axes.closed & (np.diff(axes.offsets) >= 2)
    first, last = axes.offsets[:-1][open_], axes.offsets[1:][open_] - 1
    end, inner = np.concatenate([first, last]), np.concatenate([first + 1, last - 1])
    row = np.concatenate([axes.owner[open_]] * 2)
    ahead, radius = unit(axes.xy[end] - axes.xy[inner]), axes.width[end] / 2
    beyond = xy[end] + ahead * (STEP + radius)[:, None]
    shapely.prepare(stack[row])
    tips = np.flatnonzero(~shapely.contains_xy(stack[row], *beyond.T))
    border = borders(stack, row[tips])
    for reach in (STEP / 4, STEP / 2, 3 * STEP / 4, STEP):
        at = axes.xy[end[tips]] + reach * ahead[tips]
        free = ~shapely.dwithin(border, shapely.points(at), 0.95 * radius[tips])
        tips, border = tips[free], border[free]
        xy[end[tips]] = at[free]
    return Axes(xy, axes.width, axes.offsets, axes.closed, axes.owner)


def keeping_off(axes: Axes, taken: Regions, off: Floats) -> Axes:
    """Return the axes with open ends moved back to where they are `off` (n,) mm from what is taken (n,) polygons."""
    ends = np.concatenate([axes.offsets[:-1], axes.offsets[1:] - 1])
    row = np.concatenate([axes.owner] * 2)
    points = shapely.points(axes.xy[ends])
    shapely.prepare(taken)
    near = np.flatnonzero(shapely.dwithin(taken[row], points, off[row]))
    by = np.zeros(len(axes.xy))
    by[ends[near]] = off[row[near]] - shapely.distance(taken[row[near]], points[near])
    return cut_back(axes, by)


def butted(axes: Axes, skin: Floats) -> Floats:
    """Return how far (p,) mm open ends must go back to meet the edge of a bead that passes: at crossings and Ts.

    Negative where an end lies a little before it, as it does between two samples; 0 where no bead passes.

    skin  (n,) mm of each row: on both sides, that much of the width belongs to other beads
    """
    by = np.zeros(len(axes.xy))
    end, path, at, away = _passing(axes)
    back = _half_width(axes, path, at) - skin[axes.owner[path]] - away
    near = np.flatnonzero(back > -STEP)
    near = near[np.argsort(-away[near], kind="stable")]  # the nearest is written last
    by[end[near]] = back[near]
    return by


def _passing(axes: Axes) -> tuple[Ints, Ints, Floats, Floats]:
    """Return rows (open end, the axis that passes ahead of it, the length along that, the distance to it)."""
    own = np.tile(np.flatnonzero(~axes.closed), 2)
    first, last = np.split(np.concatenate([axes.offsets[:-1], axes.offsets[1:] - 1]), 2)
    end = np.concatenate([first[~axes.closed], last[~axes.closed]])
    inner = np.concatenate([first[~axes.closed] + 1, last[~axes.closed] - 1])
    reach = float(axes.width.max(initial=0.0)) / 2 + STEP
    path, following = segment_ids(axes.offsets), np.arange(1, len(axes.xy) + 1)
    following[axes.offsets[1:] - 1] -= 1  # nothing leads on from the last point
    row = axes.owner[path]
    grid = EdgeGrid.of(axes.xy, axes.xy[following], row, 1.5 * reach)
    edge = grid.around(axes.xy[end], row[end], reach, path, MOST)
    i, k = np.nonzero(edge >= 0)
    edge = edge[i, k]
    way = axes.xy[following[edge]] - axes.xy[edge]
    square = (way**2).sum(axis=1)
    share = ((axes.xy[end[i]] - axes.xy[edge]) * way).sum(axis=1) / np.where(square > 0, square, 1.0)
    share = np.clip(share, 0.0, 1.0)
    to = axes.xy[edge] + way * share[:, None] - axes.xy[end[i]]
    away = np.hypot(*to.T)
    step = np.hypot(*(axes.xy[following] - axes.xy).T)
    along, other = np.cumsum(step) - step, path[edge]
    first, last = axes.offsets[other], axes.offsets[other + 1] - 1
    at = along[edge] + share * step[edge] - along[first]
    ahead = (unit(axes.xy[end] - axes.xy[inner])[i] * to).sum(axis=1) > STRAIGHT * away
    between = (at > TOUCH) & (at < along[last] - along[first] - TOUCH)
    passes = ahead & between & (other != own[i])
    return end[i[passes]], other[passes], at[passes], away[passes]


def _half_width(axes: Axes, path: Ints, at: Floats) -> Floats:
    """Return half the width (k,) of the axes `path` at the length `at` (k,) along each."""
    if not len(path):
        return np.zeros(0)
    along = np.cumsum(np.hypot(*np.diff(axes.xy, axis=0, prepend=axes.xy[:1]).T))
    return 0.5 * np.interp(along[axes.offsets[path]] + at, along, axes.width)


def cut_back(axes: Axes, by: Floats) -> Axes:
    """Return the axes with the ends of open ones moved inwards along the axis.

    by  (p,) mm, used at the end points only; a third of an axis is always left
    """
    if not len(axes.closed):
        return axes
    step = np.hypot(*np.diff(axes.xy, axis=0, prepend=axes.xy[:1]).T)
    step[axes.offsets[:-1]] = 0.0
    at = np.cumsum(step)
    first, last = axes.offsets[:-1], axes.offsets[1:] - 1
    begin, end = at[first], at[last]
    cut = np.where(axes.closed, 0.0, by[first]), np.where(axes.closed, 0.0, by[last])
    least = np.minimum(1.0, 2 / 3 * (end - begin) / np.maximum(cut[0] + cut[1], 1e-9))
    low, high = begin + cut[0] * least, end - cut[1] * least
    path = segment_ids(axes.offsets)
    inside = (at > low[path]) & (at < high[path])
    inside[first], inside[last] = True, True
    place = at.copy()
    place[first], place[last] = low, high
    before = np.clip(np.searchsorted(at + path, place + path, side="right") - 1, first[path], last[path] - 1)
    share = (place - at[before]) / np.maximum(at[before + 1] - at[before], 1e-12)
    xy = axes.xy[before] + (axes.xy[before + 1] - axes.xy[before]) * share[:, None]
    width = axes.width[before] + (axes.width[before + 1] - axes.width[before]) * share
    kept = np.concatenate([[0], np.cumsum(inside)])
    return Axes(xy[inside], width[inside], kept[axes.offsets], axes.closed, axes.owner)
