# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Choose where loops start so that seams hide in corners and follow each other from layer to layer.

Every place on a loop has a cost: 1 on a smooth contour, down to 0 in a sharp concave corner and 0.1 on a sharp convex
one, plus up to JUMP for its distance from the seam it should follow. So a seam stays in its corner, slides along a
smooth wall straight above the one below, and leaves only for a corner that is clearly better.
"""

import cython
from cython.cimports.libc.math import acos, sqrt

JUMP: cython.double = cython.declare(cython.double, 0.6)  # cost of a seam that does not follow the one below
REACH: cython.double = cython.declare(cython.double, 1.5)  # distance at which a seam no longer follows, mm
BLUNT: cython.double = cython.declare(cython.double, 0.26)  # turns below this are no corners, rad
SHARP: cython.double = cython.declare(cython.double, 1.57)  # turns above this hide a seam fully, rad
CONVEX: cython.double = cython.declare(cython.double, 0.9)  # worth of a convex corner; a concave one is worth 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hypot2(ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double) -> cython.double:
    """Return the distance of two points."""
    return sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def arm_end(
    xy: cython.const[cython.double][:, ::1],
    lo: cython.longlong,
    hi: cython.longlong,
    v: cython.longlong,
    step: cython.longlong,
    arm: cython.double,
    axis: cython.int,
) -> cython.double:
    """Return x or y (axis 0, 1) of the point an arm's length from vertex v along the loop, step +1 or -1."""
    a: cython.longlong = v
    b: cython.longlong
    left: cython.double = arm
    d: cython.double
    while True:
        b = a + step
        b = lo if b == hi else (hi - 1 if b < lo else b)
        d = hypot2(xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1])
        if d >= left or b == v:
            return xy[a, axis] + (left / d if d > left else 1.0) * (xy[b, axis] - xy[a, axis])
        left -= d
        a = b


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def smoothness(
    xy: cython.const[cython.double][:, ::1],
    lo: cython.longlong,
    hi: cython.longlong,
    v: cython.longlong,
    arm: cython.double,
) -> cython.double:
    """Return the cost of vertex v by its corner: 1 where it is smooth. The material lies to the left."""
    ax: cython.double = xy[v, 0] - arm_end(xy, lo, hi, v, -1, arm, 0)
    ay: cython.double = xy[v, 1] - arm_end(xy, lo, hi, v, -1, arm, 1)
    bx: cython.double = arm_end(xy, lo, hi, v, 1, arm, 0) - xy[v, 0]
    by: cython.double = arm_end(xy, lo, hi, v, 1, arm, 1) - xy[v, 1]
    size: cython.double = sqrt((ax * ax + ay * ay) * (bx * bx + by * by))
    if size <= 0.0:
        return 1.0
    cosine: cython.double = (ax * bx + ay * by) / size
    if cosine > 0.9662:  # cos(BLUNT): most vertices end here
        return 1.0
    share: cython.double = (acos(max(cosine, -1.0)) - BLUNT) / (SHARP - BLUNT)
    share = 1.0 if share > 1.0 else (0.0 if share < 0.0 else share)
    share = share * share * (3.0 - 2.0 * share)
    return 1.0 - share * (CONVEX if ax * by - ay * bx > 0.0 else 1.0)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def foot(
    ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double, x: cython.double, y: cython.double
) -> cython.double:
    """Return the share of the edge a -> b at which it is nearest to (x, y), 0..1."""
    vx: cython.double = bx - ax
    vy: cython.double = by - ay
    square: cython.double = vx * vx + vy * vy
    if square <= 0.0:
        return 0.0
    u: cython.double = ((x - ax) * vx + (y - ay) * vy) / square
    return 0.0 if u < 0.0 else (1.0 if u > 1.0 else u)


def follow(
    xy: cython.const[cython.double][:, ::1],
    first: cython.const[cython.longlong][::1],
    end: cython.const[cython.longlong][::1],
    guide: cython.const[cython.longlong][::1],
    inner: cython.const[cython.uchar][::1],
    arm: cython.double,
    vertex: cython.longlong[::1],
    share: cython.double[::1],
):
    """Fill the edge (by its first vertex) and the share of it, 0..1, at which each loop starts.

    Loop i has the vertices first[i]:end[i]; it follows the seam of loop guide[i] < i (-1: none). Inner walls take the
    nearest place, snapping to a vertex within an arm; the others weigh corners (seen with arms of that length, mm)
    against the distance.
    """
    i: cython.Py_ssize_t
    v: cython.longlong
    w: cython.longlong
    g: cython.longlong
    best: cython.double
    nearest: cython.double
    cost: cython.double
    d: cython.double
    u: cython.double
    gx: cython.double = 0.0
    gy: cython.double = 0.0
    top: cython.double
    with cython.nogil:
        for i in range(first.shape[0]):
            g = guide[i]
            vertex[i] = first[i]
            share[i] = 0.0
            best = 1e300
            nearest = 1e300
            top = 0.0
            if g >= 0:
                v = vertex[g]
                w = v + 1 if v + 1 < end[g] else first[g]
                gx = xy[v, 0] + share[g] * (xy[w, 0] - xy[v, 0])
                gy = xy[v, 1] + share[g] * (xy[w, 1] - xy[v, 1])
                for v in range(first[i], end[i]):
                    w = v + 1 if v + 1 < end[i] else first[i]
                    u = foot(xy[v, 0], xy[v, 1], xy[w, 0], xy[w, 1], gx, gy)
                    d = hypot2(xy[v, 0] + u * (xy[w, 0] - xy[v, 0]), xy[v, 1] + u * (xy[w, 1] - xy[v, 1]), gx, gy)
                    if d < nearest:
                        nearest = d
                        vertex[i] = v
                        share[i] = u
                best = 1.0 + JUMP * min(nearest / REACH, 1.0)
            else:
                top = xy[first[i], 1]
                for v in range(first[i], end[i]):
                    top = max(top, xy[v, 1])
            if inner[i] and g >= 0:
                v = vertex[i]
                w = v + 1 if v + 1 < end[i] else first[i]
                d = hypot2(xy[v, 0], xy[v, 1], xy[w, 0], xy[w, 1])
                if share[i] * d <= arm and share[i] <= 0.5:
                    share[i] = 0.0
                elif (1.0 - share[i]) * d <= arm:
                    vertex[i] = w
                    share[i] = 0.0
                continue
            for v in range(first[i], end[i]):
                if g >= 0:  # behind a smooth place straight above only a corner can win
                    d = JUMP * min(hypot2(xy[v, 0], xy[v, 1], gx, gy) / REACH, 1.0)
                else:  # nothing to follow: of equal corners the rearmost
                    d = 1e-3 * (top - xy[v, 1])
                if d >= best:
                    continue
                cost = d + smoothness(xy, first[i], end[i], v, arm)
                if cost < best - 1e-9:
                    best = cost
                    vertex[i] = v
                    share[i] = 0.0
