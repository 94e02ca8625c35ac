# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Shrink balls inside outlines: the medial axis where a region is narrow, and whether it is narrow at all.

At a point p of the outline a ball of radius `reach` is laid inside, touching p. Where another segment of the outline
enters the ball, it shrinks until it only touches that segment; what remains is the largest ball that fits at p, and its
centre lies on the medial axis (after the shrinking ball of Ma, Bae and Choi, 2012). All balls at p lie in each other,
so one look at every segment near by is enough. A point whose first ball is empty is not narrow. Outlines are looked up
in a grid of square cells: the work grows with their length.
"""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt

TOUCH = cython.declare(cython.double, 1e-6)  # mm: a ball may be entered this deep
NEARLY = cython.declare(cython.double, 0.06)  # mm: a ball that lacks no more may fit as a whole between two samples


def count_samples(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    step: cython.double,
    samples: cython.longlong[::1],
):
    """Fill samples (p + 1,): those of the segment that starts at vertex i are samples[i]:samples[i + 1]."""
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    b: cython.Py_ssize_t
    dx: cython.double
    dy: cython.double
    with cython.nogil:
        samples[0] = 0
        for r in range(offsets.shape[0] - 1):
            for i in range(offsets[r], offsets[r + 1]):
                b = i + 1 if i + 1 < offsets[r + 1] else offsets[r]
                dx = xy[b, 0] - xy[i, 0]
                dy = xy[b, 1] - xy[i, 1]
                samples[i + 1] = samples[i] + 1 + cython.cast(cython.Py_ssize_t, sqrt(dx * dx + dy * dy) / step)


def shrink(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    side: cython.const[cython.double][::1],
    group_offsets: cython.const[cython.longlong][::1],
    reach: cython.const[cython.double][::1],
    least_turn: cython.double,
    samples: cython.const[cython.longlong][::1],
    centre: cython.double[:, ::1],
    radius: cython.double[::1],
    partner: cython.longlong[::1],
    roomy: cython.char[::1],
):
    """Fill for each sample its ball: centre (s, 2), radius (s,), and the sample on the other side (s,), -1 if none.

    Write 1 into roomy (g,) for groups in which a ball of radius `reach` may fit anywhere.

    xy, offsets    closed rings
    side           (r,) +1 looks to the left of a ring's direction, -1 to the right
    group_offsets  (g + 1,) rings of each group: only outlines of the same group meet; some of all rings will do
    reach          (g,) radius of the first ball, mm; radius stays 0 where it is empty
    least_turn     cosine: balls that touch the outline in nearer directions than this sit in a corner and count as none
    """
    groups: cython.Py_ssize_t = reach.shape[0]
    grids: cython.double[:, ::1] = np.zeros((groups, 2))
    cells: cython.longlong[:, ::1] = np.zeros((groups, 2), np.int64)
    g: cython.Py_ssize_t
    most_edges: cython.Py_ssize_t = 0
    most_cells: cython.Py_ssize_t = 0
    most_links: cython.Py_ssize_t = 0
    with cython.nogil:
        for g in range(groups):
            most_links = max(
                most_links, _measure(xy, offsets, group_offsets[g], group_offsets[g + 1], reach[g], grids[g], cells[g])
            )
            most_cells = max(most_cells, cells[g, 0] * cells[g, 1])
            most_edges = max(most_edges, offsets[group_offsets[g + 1]] - offsets[group_offsets[g]])
    edges: cython.double[:, ::1] = np.empty((most_edges, 6))
    heads: cython.int[::1] = np.empty(most_cells, np.int32)
    links: cython.int[:, ::1] = np.empty((most_links, 2), np.int32)
    with cython.nogil:
        for g in range(groups):
            _enter(xy, offsets, side, group_offsets[g], group_offsets[g + 1], 1.0 / _cell_size(reach[g]), grids[g],
                   cells[g], edges, heads, links)  # fmt: skip
            roomy[g] = _search(offsets[group_offsets[g]], offsets[group_offsets[g + 1]], edges, reach[g], least_turn,
                               grids[g], cells[g, 0], heads, links, samples, centre, radius, partner)  # fmt: skip


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _cell_size(reach: cython.double) -> cython.double:
    return max(reach, 0.4)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _measure(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    first_ring: cython.Py_ssize_t,
    last_ring: cython.Py_ssize_t,
    reach: cython.double,
    grid: cython.double[::1],
    cells: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Note the lower left corner of a group's grid and its cells across and up; return the entries it needs at most."""
    size: cython.double = _cell_size(reach)
    room: cython.double = 0.0
    i: cython.Py_ssize_t
    start: cython.Py_ssize_t = offsets[first_ring]
    last: cython.Py_ssize_t = offsets[last_ring]
    if start == last:
        return 0
    low_x: cython.double = xy[start, 0]
    low_y: cython.double = xy[start, 1]
    high_x: cython.double = low_x
    high_y: cython.double = low_y
    r: cython.Py_ssize_t
    before: cython.Py_ssize_t
    for r in range(first_ring, last_ring):
        before = offsets[r + 1] - 1
        for i in range(offsets[r], offsets[r + 1]):
            low_x = min(low_x, xy[i, 0])
            low_y = min(low_y, xy[i, 1])
            high_x = max(high_x, xy[i, 0])
            high_y = max(high_y, xy[i, 1])
            room += (abs(xy[i, 0] - xy[before, 0]) + abs(xy[i, 1] - xy[before, 1])) / size * 4.0
            before = i
    # the first ball reaches past the outline by up to two cells; half a cell more, for rounding
    grid[0] = low_x - 2.5 * size
    grid[1] = low_y - 2.5 * size
    cells[0] = cython.cast(cython.Py_ssize_t, (high_x - low_x) / size) + 7
    cells[1] = cython.cast(cython.Py_ssize_t, (high_y - low_y) / size) + 7
    return cython.cast(cython.Py_ssize_t, room) + 2 * (last - start) + 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _enter(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    side: cython.const[cython.double][::1],
    first_ring: cython.Py_ssize_t,
    last_ring: cython.Py_ssize_t,
    per_mm: cython.double,
    grid: cython.double[::1],
    cells: cython.longlong[::1],
    edges: cython.double[:, ::1],
    heads: cython.int[::1],
    links: cython.int[:, ::1],
) -> cython.void:
    """Write a group's segments as (x, y, unit direction, length, side), and each into the lists of the cells it passes.

    per_mm  cells per mm; heads hold the first entry of each cell or -1, links (next entry, segment)
    """
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    b: cython.Py_ssize_t
    k: cython.Py_ssize_t
    steps: cython.Py_ssize_t
    cell: cython.Py_ssize_t
    last: cython.Py_ssize_t
    j: cython.Py_ssize_t = 0
    entries: cython.Py_ssize_t = 0
    dx: cython.double
    dy: cython.double
    u: cython.double
    length: cython.double
    for cell in range(cells[0] * cells[1]):
        heads[cell] = -1
    for r in range(first_ring, last_ring):
        for i in range(offsets[r], offsets[r + 1]):
            b = i + 1 if i + 1 < offsets[r + 1] else offsets[r]
            dx = xy[b, 0] - xy[i, 0]
            dy = xy[b, 1] - xy[i, 1]
            length = sqrt(dx * dx + dy * dy)
            edges[j, 0] = xy[i, 0]
            edges[j, 1] = xy[i, 1]
            edges[j, 2] = dx / length if length > 0.0 else 0.0
            edges[j, 3] = dy / length if length > 0.0 else 0.0
            edges[j, 4] = length
            edges[j, 5] = side[r]
            steps = 1 + cython.cast(cython.Py_ssize_t, (abs(dx) + abs(dy)) * per_mm * 4.0)
            u = 1.0 / steps
            last = -1
            for k in range(steps + 1):
                cell = cython.cast(cython.Py_ssize_t, (xy[i, 0] + dx * u * k - grid[0]) * per_mm)
                cell += cells[0] * cython.cast(cython.Py_ssize_t, (xy[i, 1] + dy * u * k - grid[1]) * per_mm)
                if cell != last:
                    links[entries, 0] = heads[cell]
                    links[entries, 1] = j
                    heads[cell] = entries
                    entries += 1
                    last = cell
            j += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _nearest(
    edges: cython.double[:, ::1],
    j: cython.Py_ssize_t,
    px: cython.double,
    py: cython.double,
    nx: cython.double,
    ny: cython.double,
) -> cython.double:
    """Return how far along segment j the ball at p touches it.

    It touches the line where its centre is as far from that as from p; beyond an end, it is the end that it touches.
    """
    away: cython.double = (py - edges[j, 1]) * edges[j, 2] - (px - edges[j, 0]) * edges[j, 3]
    facing: cython.double = ny * edges[j, 2] - nx * edges[j, 3]
    along: cython.double = (px - edges[j, 0]) * edges[j, 2] + (py - edges[j, 1]) * edges[j, 3]
    if away < 0.0:
        away = -away
        facing = -facing
    if facing < 1.0:
        along += away / (1.0 - facing) * (nx * edges[j, 2] + ny * edges[j, 3])
    return min(max(along, 0.0), edges[j, 4])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _radius(
    edges: cython.double[:, ::1],
    j: cython.Py_ssize_t,
    along: cython.double,
    px: cython.double,
    py: cython.double,
    nx: cython.double,
    ny: cython.double,
) -> cython.double:
    """Return the radius of the ball at p that touches segment j `along` mm from its start, 0 if that is behind p."""
    dx: cython.double = edges[j, 0] + edges[j, 2] * along - px
    dy: cython.double = edges[j, 1] + edges[j, 3] * along - py
    ahead: cython.double = dx * nx + dy * ny
    return (dx * dx + dy * dy) / (2.0 * ahead) if ahead > 0.0 else 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _search(
    first: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    edges: cython.double[:, ::1],
    reach: cython.double,
    least_turn: cython.double,
    grid: cython.double[::1],
    wide: cython.Py_ssize_t,
    heads: cython.int[::1],
    links: cython.int[:, ::1],
    samples: cython.const[cython.longlong][::1],
    centre: cython.double[:, ::1],
    radius: cython.double[::1],
    partner: cython.longlong[::1],
) -> cython.bint:
    """Do the work of `shrink` for the segments first:end, a group; return whether a first ball may fit."""
    roomy: cython.bint = False
    per_mm: cython.double = 1.0 / _cell_size(reach)
    right: cython.Py_ssize_t
    top: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    e: cython.Py_ssize_t
    k: cython.Py_ssize_t
    s: cython.Py_ssize_t
    steps: cython.Py_ssize_t
    touched: cython.Py_ssize_t
    gx: cython.Py_ssize_t
    gy: cython.Py_ssize_t
    px: cython.double
    py: cython.double
    nx: cython.double
    ny: cython.double
    r: cython.double
    cx: cython.double
    cy: cython.double
    dx: cython.double
    dy: cython.double
    along: cython.double
    away: cython.double
    at: cython.double
    nearest: cython.double
    touch_x: cython.double
    touch_y: cython.double
    likely: cython.Py_ssize_t = -1  # what the ball before touched: this one is hardly larger
    for i in range(end - first):
        steps = samples[first + i + 1] - samples[first + i]
        nx = -edges[i, 3] * edges[i, 5]
        ny = edges[i, 2] * edges[i, 5]
        for k in range(steps):
            s = samples[first + i] + k
            radius[s] = 0.0
            partner[s] = -1
            along = (k + 0.5) / steps * edges[i, 4]
            px = edges[i, 0] + edges[i, 2] * along
            py = edges[i, 1] + edges[i, 3] * along
            r = reach if edges[i, 4] > 0.0 else 0.0
            cx = px + nx * r
            cy = py + ny * r
            touched = -1
            at = 0.0
            if likely >= 0 and likely != i:
                nearest = _nearest(edges, likely, px, py, nx, ny)
                away = _radius(edges, likely, nearest, px, py, nx, ny)
                if 0.0 < away < r - TOUCH:
                    r = away
                    cx = px + nx * r
                    cy = py + ny * r
                    touched = likely
                    at = nearest
            gy = cython.cast(cython.Py_ssize_t, (cy - r - grid[1]) * per_mm)
            right = cython.cast(cython.Py_ssize_t, (cx + r - grid[0]) * per_mm)
            top = cython.cast(cython.Py_ssize_t, (cy + r - grid[1]) * per_mm)
            while gy <= top:
                gx = cython.cast(cython.Py_ssize_t, (cx - r - grid[0]) * per_mm)
                while gx <= right:
                    e = heads[gx + wide * gy]
                    gx += 1
                    while e >= 0:
                        j = links[e, 1]
                        e = links[e, 0]
                        if j == i:
                            continue
                        dx = cx - edges[j, 0]
                        dy = cy - edges[j, 1]
                        along = min(max(dx * edges[j, 2] + dy * edges[j, 3], 0.0), edges[j, 4])
                        dx -= edges[j, 2] * along
                        dy -= edges[j, 3] * along
                        if dx * dx + dy * dy >= (r - TOUCH) * (r - TOUCH):
                            continue
                        nearest = _nearest(edges, j, px, py, nx, ny)
                        away = _radius(edges, j, nearest, px, py, nx, ny)
                        if away < r:
                            r = away
                            cx = px + nx * r
                            cy = py + ny * r
                            right = cython.cast(cython.Py_ssize_t, (cx + r - grid[0]) * per_mm)
                            top = cython.cast(cython.Py_ssize_t, (cy + r - grid[1]) * per_mm)
                            touched = j
                            at = nearest
                gy += 1
            roomy = roomy or r > reach - NEARLY
            likely = touched
            if touched < 0 or r <= 0.0:
                continue
            touch_x = edges[touched, 0] + edges[touched, 2] * at
            touch_y = edges[touched, 1] + edges[touched, 3] * at
            # the two directions from the centre to the outline: opposite (-1) between walls, near (+) in a corner
            if (px - cx) * (touch_x - cx) + (py - cy) * (touch_y - cy) > least_turn * r * r:
                continue
            radius[s] = r
            centre[s, 0] = cx
            centre[s, 1] = cy
            j = first + touched
            at = min(at / edges[touched, 4], 0.999999) if edges[touched, 4] > 0.0 else 0.0
            partner[s] = samples[j] + cython.cast(cython.Py_ssize_t, at * (samples[j + 1] - samples[j]))
    return roomy


def trace(
    ring_samples: cython.const[cython.longlong][::1],
    centre: cython.const[cython.double][:, ::1],
    chosen: cython.const[cython.char][::1],
    leap: cython.double,
    path: cython.longlong[::1],
    offsets: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """String chosen samples that follow each other along a ring, and whose balls do too, into runs; return how many.

    ring_samples (r + 1,) are the samples of each ring; leap (mm) is the farthest two centres of a run may be apart.
    """
    rings: cython.Py_ssize_t = ring_samples.shape[0] - 1
    made: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t = 0
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    n: cython.Py_ssize_t
    first: cython.Py_ssize_t
    last: cython.Py_ssize_t
    dx: cython.double
    dy: cython.double
    with cython.nogil:
        offsets[0] = 0
        for r in range(rings):
            n = ring_samples[r + 1] - ring_samples[r]
            first = 0
            while first < n and chosen[ring_samples[r] + first]:  # begin behind a sample that is not chosen
                first += 1
            last = -1
            for k in range(n):
                i = ring_samples[r] + (first + 1 + k) % n if first < n else ring_samples[r] + k
                if not chosen[i]:
                    continue
                if last >= 0:
                    dx = centre[i, 0] - centre[last, 0]
                    dy = centre[i, 1] - centre[last, 1]
                    if dx * dx + dy * dy > leap * leap:
                        last = -1
                if last < 0 and p > offsets[made]:
                    made += 1
                    offsets[made] = p
                path[p] = i
                p += 1
                last = i
            if p > offsets[made]:
                made += 1
                offsets[made] = p
    return made
