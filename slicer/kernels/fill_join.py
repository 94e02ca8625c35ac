# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: join the clipped chains of a sparse pattern along the border, and hook the ends that stay free.

The ends of all chains are sorted along the rings; the way from one end to the next is an arc. Arcs are offered from the
shortest to the longest and taken where both ends are free and no loop closes. An end that stays free turns into a
neighbouring free arc for the length of a hook.
"""

import cython


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def root_of(root: cython.longlong[::1], i: cython.longlong) -> cython.longlong:
    """Return the representative of chain i, halving the way to it."""
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


def choose(
    offered: cython.const[cython.longlong][::1],
    arc_end: cython.const[cython.longlong][:, ::1],
    root: cython.longlong[::1],
    arc_of_end: cython.longlong[::1],
    mate: cython.longlong[::1],
    taken: cython.char[::1],
) -> cython.void:
    """Take arcs in the order they are offered.

    offered (k,) arcs; arc_end (a, 2) the ends an arc joins; end e belongs to chain e // 2
    root (chains,) 0, 1, 2 ... on entry; arc_of_end, mate (ends,) -1 on entry: out the arc taken and the end beyond it
    taken (a,) out: 1 for arcs taken
    """
    i: cython.Py_ssize_t
    a: cython.longlong
    b: cython.longlong
    ra: cython.longlong
    rb: cython.longlong
    with cython.nogil:
        for i in range(offered.shape[0]):
            a = arc_end[offered[i], 0]
            b = arc_end[offered[i], 1]
            if mate[a] >= 0 or mate[b] >= 0:
                continue
            ra = root_of(root, a >> 1)
            rb = root_of(root, b >> 1)
            if ra == rb:
                continue
            root[rb] = ra
            mate[a] = b
            mate[b] = a
            arc_of_end[a] = offered[i]
            arc_of_end[b] = offered[i]
            taken[offered[i]] = 1


def assemble(
    chain_offsets: cython.const[cython.longlong][::1],
    chain_xy: cython.const[cython.double][:, ::1],
    mate: cython.const[cython.longlong][::1],
    arc_of_end: cython.const[cython.longlong][::1],
    arc_end: cython.const[cython.longlong][:, ::1],
    arc_length: cython.const[cython.double][::1],
    taken: cython.const[cython.char][::1],
    end_arcs: cython.const[cython.longlong][:, ::1],
    end_ring: cython.const[cython.longlong][::1],
    end_edge: cython.const[cython.longlong][::1],
    end_place: cython.const[cython.double][::1],
    ring_xy: cython.const[cython.double][:, ::1],
    ring_place: cython.const[cython.double][::1],
    ring_offsets: cython.const[cython.longlong][::1],
    hook: cython.const[cython.double][::1],
    gap: cython.const[cython.double][::1],
    seen: cython.char[::1],
    out: cython.double[:, ::1],
    path_end: cython.longlong[::1],
    path_chain: cython.longlong[::1],
) -> tuple[int, int]:
    """Write the joined paths; return (number of points, number of paths).

    arc_length (a,) length of the way; end_arcs (ends, 2) the arc that leads to an end and the one that leaves it, or -1
    end_ring, end_edge, end_place (ends,) ring, first vertex of the edge and length along the ring; ring -1: on no ring
    ring_place (p,) length along the ring of each vertex; hook, gap (chains,) length of a hook, and what two keep apart
    """
    c: cython.Py_ssize_t
    n: cython.Py_ssize_t = 0
    paths: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    start: cython.longlong
    stop: cython.longlong
    e: cython.longlong
    far: cython.longlong
    with cython.nogil:
        for c in range(chain_offsets.shape[0] - 1):
            if seen[c] or (mate[2 * c] >= 0 and mate[2 * c + 1] >= 0):
                continue
            e = 2 * c
            if mate[e] >= 0:
                e += 1
            start = n
            n = hooked(
                e, arc_length, taken, end_arcs, end_ring, end_edge, end_place, ring_xy, ring_place, ring_offsets,
                hook[c], gap[c], out, n,
            )  # fmt: skip
            stop = n - 1
            while start < stop:  # a hook is written away from its end: the path's first one is turned round
                for i in range(2):
                    out[start, i], out[stop, i] = out[stop, i], out[start, i]
                start += 1
                stop -= 1
            while True:
                seen[e >> 1] = 1
                if e & 1:
                    for i in range(chain_offsets[(e >> 1) + 1] - 1, chain_offsets[e >> 1] - 1, -1):
                        out[n, 0] = chain_xy[i, 0]
                        out[n, 1] = chain_xy[i, 1]
                        n += 1
                else:
                    for i in range(chain_offsets[e >> 1], chain_offsets[(e >> 1) + 1]):
                        out[n, 0] = chain_xy[i, 0]
                        out[n, 1] = chain_xy[i, 1]
                        n += 1
                far = e ^ 1
                if mate[far] < 0:
                    break
                e = mate[far]
                n = along(
                    end_edge[far], end_edge[e], arc_end[arc_of_end[far], 0] == far, end_place[far], end_place[e],
                    ring_xy, ring_offsets[end_ring[e]], ring_offsets[end_ring[e] + 1] - 1, out, n,
                )  # fmt: skip
            n = hooked(
                far, arc_length, taken, end_arcs, end_ring, end_edge, end_place, ring_xy, ring_place, ring_offsets,
                hook[c], gap[c], out, n,
            )  # fmt: skip
            path_end[paths] = n
            path_chain[paths] = c
            paths += 1
    return n, paths


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def along(
    i: cython.longlong,
    goal: cython.longlong,
    forwards: cython.bint,
    place: cython.double,
    goal_place: cython.double,
    ring_xy: cython.const[cython.double][:, ::1],
    start: cython.longlong,
    stop: cython.longlong,
    out: cython.double[:, ::1],
    n: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Append the ring's vertices on the way from a place on edge i to a place on edge `goal`; return the new length."""
    if i == goal and ((forwards and goal_place >= place) or (not forwards and goal_place <= place)):
        return n
    while True:
        if forwards:
            i += 1
            if i == stop:
                i = start
            out[n, 0] = ring_xy[i, 0]
            out[n, 1] = ring_xy[i, 1]
        else:
            out[n, 0] = ring_xy[i, 0]
            out[n, 1] = ring_xy[i, 1]
            if i == start:
                i = stop
            i -= 1
        n += 1
        if i == goal:
            return n


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hooked(
    e: cython.longlong,
    arc_length: cython.const[cython.double][::1],
    taken: cython.const[cython.char][::1],
    end_arcs: cython.const[cython.longlong][:, ::1],
    end_ring: cython.const[cython.longlong][::1],
    end_edge: cython.const[cython.longlong][::1],
    end_place: cython.const[cython.double][::1],
    ring_xy: cython.const[cython.double][:, ::1],
    ring_place: cython.const[cython.double][::1],
    ring_offsets: cython.const[cython.longlong][::1],
    length: cython.double,
    gap: cython.double,
    out: cython.double[:, ::1],
    n: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Append the hook of the free end e, leading away from it; return the new length.

    The end turns into the longer of its free arcs, up to `length` and leaving half of `gap` before the arc's middle.
    """
    side: cython.Py_ssize_t
    arc: cython.longlong
    best: cython.longlong = -1
    forwards: cython.bint = False
    room: cython.double = 0.0
    left: cython.double
    edge: cython.double
    t: cython.double
    i: cython.longlong
    k: cython.longlong
    start: cython.longlong
    stop: cython.longlong
    if end_ring[e] < 0 or length <= 0.0:
        return n
    for side in range(2):
        arc = end_arcs[e, side]
        if arc >= 0 and not taken[arc] and arc_length[arc] > room:
            room = arc_length[arc]
            best = arc
            forwards = side == 1
    room = 0.5 * (room - gap)
    if best < 0 or room < 0.5 * gap:
        return n
    if room > length:
        room = length
    start = ring_offsets[end_ring[e]]
    stop = ring_offsets[end_ring[e] + 1] - 1
    i = end_edge[e]
    left = room
    edge = ring_place[i + 1] - end_place[e] if forwards else end_place[e] - ring_place[i]
    while left > edge:
        k = i + 1 if forwards else i
        out[n, 0] = ring_xy[k, 0]
        out[n, 1] = ring_xy[k, 1]
        n += 1
        left -= edge
        if forwards:
            i += 1
            if i == stop:
                i = start
        else:
            if i == start:
                i = stop
            i -= 1
        edge = ring_place[i + 1] - ring_place[i]
    # the hook ends `edge - left` before the far vertex of this edge
    edge = ring_place[i + 1] - ring_place[i]
    t = 0.0
    if edge > 0.0:
        if forwards:
            t = left / edge
            if i == end_edge[e] and left == room:
                t = (end_place[e] - ring_place[i] + left) / edge
        else:
            t = 1.0 - left / edge
            if i == end_edge[e] and left == room:
                t = (end_place[e] - ring_place[i] - left) / edge
    out[n, 0] = ring_xy[i, 0] + t * (ring_xy[i + 1, 0] - ring_xy[i, 0])
    out[n, 1] = ring_xy[i, 1] + t * (ring_xy[i + 1, 1] - ring_xy[i, 1])
    return n + 1
