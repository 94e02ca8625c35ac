# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Shrink balls inside outlines: the medial axis where a region is narrow, and whether it is narrow at all.

At a point p of the outline a ball of radius `reach` is laid inside, touching p. While another part of the outline lies
inside the ball, the ball shrinks until it touches that part too; what remains is the largest ball that fits at p, and
its centre lies on the medial axis (the shrinking ball of Ma, Bae and Choi, 2012). A point whose first ball is empty
is not narrow. Outlines are looked up in a grid of square cells: the work grows with their length.
"""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt

ROUNDS = cython.declare(cython.int, 12)
TOUCH = cython.declare(cython.double, 1e-6)  # mm: a ball may be entered this deep


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
):
    """Fill for each sample its ball: centre (s, 2), radius (s,), and the sample on the other side (s,), -1 if none.

    xy, offsets    closed rings
    side           (r,) +1 looks to the left of a ring's direction, -1 to the right
    group_offsets  (g + 1,) rings of each group: only outlines of the same group meet
    reach          (g,) radius of the first ball, mm; radius stays 0 where it is empty
    least_turn     cosine: balls that touch the outline in nearer directions than this sit in a corner and count as none
    """
    groups: cython.Py_ssize_t = group_offsets.shape[0] - 1
    longest: cython.Py_ssize_t = 1
    g: cython.Py_ssize_t
    for g in range(groups):
        longest = max(longest, offsets[group_offsets[g + 1]] - offsets[group_offsets[g]])
    following_array = np.empty(longest, np.int64)
    side_array = np.empty(longest, np.float64)
    following: cython.longlong[::1] = following_array  # end vertex of each segment, relative to the group
    inward: cython.double[::1] = side_array
    heads_array = np.empty(1024, np.int64)
    heads: cython.longlong[::1] = heads_array
    links_array = np.empty((4096, 2), np.int64)
    links: cython.longlong[:, ::1] = links_array
    r: cython.Py_ssize_t
    i: cython.Py_ssize_t
    lo: cython.Py_ssize_t
    n: cython.Py_ssize_t
    wide: cython.Py_ssize_t
    high: cython.Py_ssize_t
    room: cython.Py_ssize_t
    for g in range(groups):
        lo = offsets[group_offsets[g]]
        n = offsets[group_offsets[g + 1]] - lo
        if n < 3:
            continue
        for r in range(group_offsets[g], group_offsets[g + 1]):
            for i in range(offsets[r], offsets[r + 1]):
                following[i - lo] = i + 1 - lo
                inward[i - lo] = side[r]
            following[offsets[r + 1] - 1 - lo] = offsets[r] - lo
        wide, high, room = _measure(xy[lo : lo + n], following[:n], reach[g])
        if wide * high > heads_array.shape[0]:
            heads_array = np.empty(2 * wide * high, np.int64)
            heads = heads_array
        if room > links_array.shape[0]:
            links_array = np.empty((2 * room, 2), np.int64)
            links = links_array
        _search(
            xy[lo : lo + n],
            following[:n],
            inward[:n],
            reach[g],
            least_turn,
            wide,
            high,
            heads,
            links,
            samples[lo : lo + n + 1],
            centre,
            radius,
            partner,
        )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _cell_size(reach: cython.double) -> cython.double:
    return max(reach, 0.4)


@cython.cfunc
def _measure(
    xy: cython.const[cython.double][:, ::1], following: cython.const[cython.longlong][::1], reach: cython.double
) -> tuple[cython.Py_ssize_t, cython.Py_ssize_t, cython.Py_ssize_t]:
    """Return the cells of the grid across and up, with a free margin, and how many entries it needs at most."""
    box: cython.double[4] = [xy[0, 0], xy[0, 1], xy[0, 0], xy[0, 1]]
    size: cython.double = _cell_size(reach)
    room: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    b: cython.Py_ssize_t
    for i in range(xy.shape[0]):
        b = following[i]
        box[0] = min(box[0], xy[i, 0])
        box[1] = min(box[1], xy[i, 1])
        box[2] = max(box[2], xy[i, 0])
        box[3] = max(box[3], xy[i, 1])
        room += 2 + cython.cast(cython.Py_ssize_t, (abs(xy[b, 0] - xy[i, 0]) + abs(xy[b, 1] - xy[i, 1])) / size * 4)
    return (
        cython.cast(cython.Py_ssize_t, (box[2] - box[0]) / size) + 7,
        cython.cast(cython.Py_ssize_t, (box[3] - box[1]) / size) + 7,
        room,
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _search(
    xy: cython.const[cython.double][:, ::1],
    following: cython.const[cython.longlong][::1],
    inward: cython.const[cython.double][::1],
    reach: cython.double,
    least_turn: cython.double,
    wide: cython.Py_ssize_t,
    high: cython.Py_ssize_t,
    heads: cython.longlong[::1],
    links: cython.longlong[:, ::1],
    samples: cython.const[cython.longlong][::1],
    centre: cython.double[:, ::1],
    radius: cython.double[::1],
    partner: cython.longlong[::1],
) -> cython.void:
    """Do the work of `shrink` for one group; links hold (next entry, segment) of each cell's list."""
    n: cython.Py_ssize_t = xy.shape[0]
    size: cython.double = _cell_size(reach)
    x0: cython.double = xy[0, 0]
    y0: cython.double = xy[0, 1]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    b: cython.Py_ssize_t
    e: cython.Py_ssize_t
    k: cython.Py_ssize_t
    s: cython.Py_ssize_t
    cell: cython.Py_ssize_t
    last: cython.Py_ssize_t
    touched: cython.Py_ssize_t
    entries: cython.Py_ssize_t = 0
    steps: cython.Py_ssize_t
    _turn: cython.int
    gx: cython.Py_ssize_t
    gy: cython.Py_ssize_t
    dx: cython.double
    dy: cython.double
    ex: cython.double
    ey: cython.double
    px: cython.double
    py: cython.double
    qx: cython.double
    qy: cython.double
    cx: cython.double
    cy: cython.double
    nx: cython.double
    ny: cython.double
    r: cython.double
    length: cython.double
    ahead: cython.double
    u: cython.double
    d2: cython.double
    best: cython.double
    best_u: cython.double
    best_x: cython.double
    best_y: cython.double
    for i in range(n):
        x0 = min(x0, xy[i, 0])
        y0 = min(y0, xy[i, 1])
    x0 -= 2.5 * size  # the first ball reaches past the outline by up to two cells; half a cell more, for rounding
    y0 -= 2.5 * size
    for cell in range(wide * high):
        heads[cell] = -1
    for i in range(n):  # enter every segment into the cells it passes
        b = following[i]
        dx = xy[b, 0] - xy[i, 0]
        dy = xy[b, 1] - xy[i, 1]
        steps = 1 + cython.cast(cython.Py_ssize_t, (abs(dx) + abs(dy)) / size * 4)
        last = -1
        for k in range(steps + 1):
            u = cython.cast(cython.double, k) / steps
            cell = cython.cast(cython.Py_ssize_t, (xy[i, 0] + dx * u - x0) / size) + wide * cython.cast(
                cython.Py_ssize_t, (xy[i, 1] + dy * u - y0) / size
            )
            if cell != last:
                links[entries, 0] = heads[cell]
                links[entries, 1] = i
                heads[cell] = entries
                entries += 1
                last = cell
    for i in range(n):
        b = following[i]
        dx = xy[b, 0] - xy[i, 0]
        dy = xy[b, 1] - xy[i, 1]
        length = sqrt(dx * dx + dy * dy)
        steps = samples[i + 1] - samples[i]
        for k in range(steps):
            s = samples[i] + k
            radius[s] = 0.0
            partner[s] = -1
            if length <= 0.0:
                continue
            nx = -dy / length * inward[i]
            ny = dx / length * inward[i]
            u = (k + 0.5) / steps
            px = xy[i, 0] + dx * u
            py = xy[i, 1] + dy * u
            r = reach
            touched = -1
            best_u = 0.0
            best_x = 0.0
            best_y = 0.0
            for _turn in range(ROUNDS):
                cx = px + nx * r
                cy = py + ny * r
                best = (r - TOUCH) * (r - TOUCH)
                for gy in range(
                    cython.cast(cython.Py_ssize_t, (cy - r - y0) / size),
                    cython.cast(cython.Py_ssize_t, (cy + r - y0) / size) + 1,
                ):
                    for gx in range(
                        cython.cast(cython.Py_ssize_t, (cx - r - x0) / size),
                        cython.cast(cython.Py_ssize_t, (cx + r - x0) / size) + 1,
                    ):
                        e = heads[gx + wide * gy]
                        while e >= 0:
                            j = links[e, 1]
                            e = links[e, 0]
                            if j == i:
                                continue
                            ex = xy[following[j], 0] - xy[j, 0]
                            ey = xy[following[j], 1] - xy[j, 1]
                            u = (cx - xy[j, 0]) * ex + (cy - xy[j, 1]) * ey
                            d2 = ex * ex + ey * ey
                            u = 0.0 if u <= 0.0 or d2 <= 0.0 else 1.0 if u >= d2 else u / d2
                            qx = xy[j, 0] + ex * u
                            qy = xy[j, 1] + ey * u
                            d2 = (qx - cx) * (qx - cx) + (qy - cy) * (qy - cy)
                            if d2 < best:
                                best = d2
                                touched = j
                                best_u = u
                                best_x = qx
                                best_y = qy
                if best >= (r - TOUCH) * (r - TOUCH):
                    break
                ahead = (best_x - px) * nx + (best_y - py) * ny
                d2 = (best_x - px) * (best_x - px) + (best_y - py) * (best_y - py)
                if ahead <= 0.0 or d2 <= 0.0:
                    r = 0.0
                    break
                ahead = d2 / (2.0 * ahead)
                if ahead >= r:
                    break
                r = ahead
            if touched < 0 or r <= 0.0:
                continue
            cx = px + nx * r
            cy = py + ny * r
            # the two directions from the centre to the outline: opposite (-1) between walls, near (+) in a corner
            if ((px - cx) * (best_x - cx) + (py - cy) * (best_y - cy)) > least_turn * r * r:
                continue
            radius[s] = r
            centre[s, 0] = cx
            centre[s, 1] = cy
            partner[s] = samples[touched] + cython.cast(
                cython.Py_ssize_t, min(best_u, 0.999999) * (samples[touched + 1] - samples[touched])
            )


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
