# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: move every edge of polygons sideways, vertex by vertex: the offset wherever no parts meet.

Each edge moves at the same speed, so each corner runs along its bisector. Edges that get shorter may vanish on the
way: they are taken out in the order of time, and their neighbours meet in a new corner. This is the straight skeleton
without its split events; where one would have happened the moved outline crosses itself, for the caller to see.
"""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt

STRAIGHT = cython.declare(cython.double, 1e-5)  # sine of the angle between lines that have no reliable crossing
TINY = cython.declare(cython.double, 1e-7)  # mm: shorter edges are none
NEVER = cython.declare(cython.double, 1e30)
MOST = cython.declare(cython.Py_ssize_t, 256)  # edges of one ring that may vanish: the next one is searched for


def inset(
    xy: cython.const[cython.double][:, ::1],
    ring_offsets: cython.const[cython.longlong][::1],
    polygon_rings: cython.const[cython.longlong][::1],
    row_polygons: cython.const[cython.longlong][::1],
    distance: cython.const[cython.double][::1],
    mitre_limit: cython.double,
    cutting: cython.bint,
    out: cython.double[:, ::1],
    out_offsets: cython.longlong[::1],
    doubtful: cython.char[::1],
):
    """Write the moved rings, and 1 for rows where a ring vanishes, is degenerate, or divides.

    xy (p, 2) closed rings, the first of each polygon its outer one; ring_offsets (r + 1,)
    out (2 p, 2), out_offsets alike, but with the inside to the left; a doubtful row's rings are empty
    mitre_limit: corners that grow reach at most so many distances, then they are cut off, or doubtful without `cutting`
    polygon_rings (n + 1,); row_polygons (m + 1,); distance (m,) mm inwards; doubtful (m,) zeroed on entry
    """
    longest: cython.Py_ssize_t = 1
    r: cython.Py_ssize_t
    for r in range(ring_offsets.shape[0] - 1):
        longest = max(longest, ring_offsets[r + 1] - ring_offsets[r])
    edges: cython.double[:, ::1] = np.empty((longest, 7))
    links: cython.int[:, ::1] = np.empty((longest, 2), np.int32)
    shrinking: cython.int[::1] = np.empty(MOST, np.int32)
    m: cython.Py_ssize_t
    k: cython.Py_ssize_t
    at: cython.Py_ssize_t = 0
    first: cython.Py_ssize_t
    made: cython.Py_ssize_t
    with cython.nogil:
        out_offsets[0] = 0
        for m in range(row_polygons.shape[0] - 1):
            first = at
            for k in range(row_polygons[m], row_polygons[m + 1]):
                for r in range(polygon_rings[k], polygon_rings[k + 1]):
                    made = 0
                    if not doubtful[m]:
                        made = move(xy[ring_offsets[r] : ring_offsets[r + 1]], r == polygon_rings[k], distance[m],
                                    mitre_limit, cutting, edges, links, shrinking, out[at:])  # fmt: skip
                        doubtful[m] = made == 0
                    at += made
                    out_offsets[r + 1] = at
            if doubtful[m] and row_polygons[m] < row_polygons[m + 1]:
                at = first
                for r in range(polygon_rings[row_polygons[m]], polygon_rings[row_polygons[m + 1]]):
                    out_offsets[r + 1] = at


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def move(
    xy: cython.const[cython.double][:, ::1],
    outer: cython.bint,
    distance: cython.double,
    mitre_limit: cython.double,
    cutting: cython.bint,
    edges: cython.double[:, ::1],
    links: cython.int[:, ::1],
    shrinking: cython.int[::1],
    out: cython.double[:, ::1],
) -> cython.Py_ssize_t:
    """Write one moved ring, closed like xy; return its vertices, 0 if it is doubtful.

    edges      (n, 7) unit direction; the corner at the start: where it is at time 0 and how far it goes in a time of 1;
               the time when the edge vanishes
    links      (n, 2) edges before and after
    shrinking  edges that vanish
    """
    n: cython.Py_ssize_t = xy.shape[0] - 1
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    pick: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    area: cython.double = 0.0
    length: cython.double
    time: cython.double
    if n < 3:
        return 0
    for i in range(n):
        area += (xy[i, 0] - xy[0, 0]) * (xy[i + 1, 1] - xy[0, 1]) - (xy[i + 1, 0] - xy[0, 0]) * (xy[i, 1] - xy[0, 1])
        edges[i, 0] = xy[i + 1, 0] - xy[i, 0]
        edges[i, 1] = xy[i + 1, 1] - xy[i, 1]
        length = sqrt(edges[i, 0] * edges[i, 0] + edges[i, 1] * edges[i, 1])
        if length == 0.0:
            return 0
        edges[i, 0] /= length
        edges[i, 1] /= length
        links[i, 0] = i - 1 if i else n - 1
        links[i, 1] = i + 1 if i + 1 < n else 0
    forward: cython.bint = (area > 0.0) == outer  # the inside is to the left
    left: cython.double = 1.0 if forward == (distance > 0.0) else -1.0  # edges move to their left
    until: cython.double = abs(distance)
    for i in range(n):
        edges[i, 2] = xy[i, 0]
        edges[i, 3] = xy[i, 1]
        if not run(edges, links[i, 0], i, left):
            return 0
    waiting: cython.Py_ssize_t = 0
    for i in range(n):
        edges[i, 6] = vanishing(edges, i, links[i, 1], until)
        if edges[i, 6] < NEVER:
            if waiting == MOST:
                return 0
            shrinking[waiting] = i
            waiting += 1
    start: cython.Py_ssize_t = 0
    while waiting:
        pick = 0
        for k in range(1, waiting):
            if edges[shrinking[k], 6] < edges[shrinking[pick], 6]:
                pick = k
        i = shrinking[pick]
        waiting -= 1
        shrinking[pick] = shrinking[waiting]
        time = edges[i, 6]
        if time == NEVER:  # a neighbour gave it room, or it is listed twice
            continue
        edges[i, 6] = NEVER
        a = links[i, 0]
        b = links[i, 1]
        if links[b, 1] == a:  # a triangle: it vanishes as a whole
            return 0
        # turned by more than half a circle: a place that got wider behind a neck, and should have been split off
        if turn(edges, a, b) * left <= 0.0 and turn(edges, a, i) * left > 0.0 and turn(edges, i, b) * left > 0.0:
            return 0
        # beside a corner that will be cut off, and is not where its lines meet
        if sharp(edges, links[a, 0], a, left, mitre_limit) or sharp(edges, b, links[b, 1], left, mitre_limit):
            return 0
        if not meet(xy, edges, a, b, left):
            return 0
        links[a, 1] = b
        links[b, 0] = a
        if i == start:
            start = b
        for k in range(2):
            i = b if k else a
            edges[i, 6] = vanishing(edges, i, links[i, 1], until)
            if edges[i, 6] < NEVER:
                edges[i, 6] = max(edges[i, 6], time)
                if waiting == MOST:
                    return 0
                shrinking[waiting] = i
                waiting += 1
    return write(edges, links, start, until, left, forward, mitre_limit, cutting, out)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def turn(edges: cython.double[:, ::1], a: cython.Py_ssize_t, b: cython.Py_ssize_t) -> cython.double:
    """Return the sine of the angle by which edge b turns left from edge a."""
    return edges[a, 0] * edges[b, 1] - edges[a, 1] * edges[b, 0]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sharp(
    edges: cython.double[:, ::1],
    a: cython.Py_ssize_t,
    b: cython.Py_ssize_t,
    left: cython.double,
    mitre_limit: cython.double,
) -> cython.bint:
    """Return whether the corner from edge a to edge b grows and reaches farther than the limit."""
    reach: cython.double = edges[b, 4] * edges[b, 4] + edges[b, 5] * edges[b, 5]
    return reach > mitre_limit * mitre_limit and turn(edges, a, b) * left < 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def meet(
    xy: cython.const[cython.double][:, ::1],
    edges: cython.double[:, ::1],
    a: cython.Py_ssize_t,
    b: cython.Py_ssize_t,
    left: cython.double,
) -> cython.bint:
    """Put the corner at the start of edge b where its line crosses that of edge a; return whether there is a place."""
    sine: cython.double = turn(edges, a, b)
    if abs(sine) < STRAIGHT or not run(edges, a, b, left):
        return False
    along: cython.double = ((xy[b, 0] - xy[a, 0]) * edges[b, 1] - (xy[b, 1] - xy[a, 1]) * edges[b, 0]) / sine
    edges[b, 2] = xy[a, 0] + edges[a, 0] * along
    edges[b, 3] = xy[a, 1] + edges[a, 1] * along
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def run(edges: cython.double[:, ::1], a: cython.Py_ssize_t, b: cython.Py_ssize_t, left: cython.double) -> cython.bint:
    """Note how the corner between edges a and b runs; return whether they do not turn back on each other."""
    share: cython.double = 1.0 + edges[a, 0] * edges[b, 0] + edges[a, 1] * edges[b, 1]  # 2 / (mitre ratio)^2
    if share < 1e-3:
        return False
    edges[b, 4] = -left * (edges[a, 1] + edges[b, 1]) / share
    edges[b, 5] = left * (edges[a, 0] + edges[b, 0]) / share
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def vanishing(
    edges: cython.double[:, ::1], i: cython.Py_ssize_t, after: cython.Py_ssize_t, until: cython.double
) -> cython.double:
    """Return when edge i has no length any more, NEVER if it still has some at time `until`."""
    length: cython.double = (edges[after, 2] - edges[i, 2]) * edges[i, 0] + (edges[after, 3] - edges[i, 3]) * edges[
        i, 1
    ]
    gain: cython.double = (edges[after, 4] - edges[i, 4]) * edges[i, 0] + (edges[after, 5] - edges[i, 5]) * edges[i, 1]
    if length + gain * until > TINY:
        return NEVER
    return -length / gain if gain < 0.0 else 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def write(
    edges: cython.double[:, ::1],
    links: cython.int[:, ::1],
    start: cython.Py_ssize_t,
    until: cython.double,
    left: cython.double,
    forward: cython.bint,
    mitre_limit: cython.double,
    cutting: cython.bint,
    out: cython.double[:, ::1],
) -> cython.Py_ssize_t:
    """Write the corners at time `until`, closed, the inside to the left; return how many.

    Corners that reach farther than the limit are cut off there, square to their way; 0 if that is not wanted.
    """
    made: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t = start
    a: cython.Py_ssize_t
    k: cython.Py_ssize_t
    reach: cython.double
    cut: cython.double
    while made == 0 or i != start:
        a = links[i, 0]
        cut = 0.0
        if sharp(edges, a, i, left, mitre_limit):
            if not cutting:
                return 0
            reach = sqrt(edges[i, 4] * edges[i, 4] + edges[i, 5] * edges[i, 5])
            cut = (reach - mitre_limit) / sqrt(1.0 - 1.0 / (reach * reach)) * until
        for k in range(2 if cut > 0.0 else 1):
            out[made, 0] = edges[i, 2] + edges[i, 4] * until
            out[made, 1] = edges[i, 3] + edges[i, 5] * until
            if cut > 0.0 and k == forward:
                out[made, 0] += edges[i, 0] * cut
                out[made, 1] += edges[i, 1] * cut
            elif cut > 0.0:
                out[made, 0] -= edges[a, 0] * cut
                out[made, 1] -= edges[a, 1] * cut
            made += 1
        i = links[i, 1] if forward else a
    out[made, 0] = out[0, 0]
    out[made, 1] = out[0, 1]
    return made + 1
