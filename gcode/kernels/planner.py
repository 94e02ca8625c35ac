# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: look-ahead planning of moves, Marlin's and Klipper's way. `gcode.planner` names the limits.

A run of moves between two standstills is planned at once: limits of each move and junction first, then backward so
that every junction can be braked to, then forward so that it can be reached. Speeds are kept squared where only sums
of `2*a*d` are added to them. Runs compiled or as plain Python with the same result.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import acos, fabs, sqrt
else:
    from math import acos, fabs, sqrt


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _seconds(
    d: cython.double, a: cython.double, v0: cython.double, cruise: cython.double, v1: cython.double
) -> cython.double:
    """Return the time of a trapezoid over d from v0 to v1; a triangle where it is too short to cruise."""
    ramps: cython.double = (2 * cruise * cruise - v0 * v0 - v1 * v1) / (2 * a)
    if ramps <= d:
        return (2 * cruise - v0 - v1) / a + (d - ramps) / cruise
    peak: cython.double = sqrt((2 * a * d + v0 * v0 + v1 * v1) / 2)
    return (2 * peak - v0 - v1) / a


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _jump(before: cython.double, after: cython.double) -> cython.double:
    """Return Marlin's measure of an axis' change of speed: a reversal counts its larger half."""
    if before > after:
        return before - after if after > 0 or before < 0 else (before if before > -after else -after)
    return after - before if after < 0 or before > 0 else (-before if -before > after else after)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _deviation(
    limits: cython.const[cython.double][::1],
    ux: cython.double, uy: cython.double, uz: cython.double, ue: cython.double,
    wx: cython.double, wy: cython.double, wz: cython.double, we: cython.double,
    a: cython.double, d: cython.double,
) -> cython.double:  # fmt: skip
    """Return the squared speed through a junction by Marlin's junction deviation (directions u before, w after)."""
    cosine: cython.double = -(ux * wx + uy * wy + uz * wz + ue * we)
    if cosine > 0.999999:
        return 0.0025
    if cosine < -0.999999:
        return 1e18
    # the change of direction is an acceleration too, and no axis may exceed its own
    jx: cython.double = fabs(wx - ux)
    jy: cython.double = fabs(wy - uy)
    jz: cython.double = fabs(wz - uz)
    je: cython.double = fabs(we - ue)
    norm: cython.double = sqrt(jx * jx + jy * jy + jz * jz + je * je)
    if a * jx > limits[4] * norm:
        a = limits[4] * norm / jx
    if a * jy > limits[5] * norm:
        a = limits[5] * norm / jy
    if a * jz > limits[6] * norm:
        a = limits[6] * norm / jz
    if a * je > limits[7] * norm:
        a = limits[7] * norm / je
    half: cython.double = sqrt(0.5 * (1 - cosine))
    speed2: cython.double = a * limits[14] * half / (1 - half)
    if d < 1 and cosine < -0.7071067811865475:  # short chords of a curve: its centripetal acceleration
        chord: cython.double = d / acos(-cosine) * a
        if chord < speed2:
            speed2 = chord
    return speed2


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _marlin(
    x: cython.const[cython.double][::1],
    y: cython.const[cython.double][::1],
    z: cython.const[cython.double][::1],
    e: cython.const[cython.double][::1],
    speed: cython.const[cython.double][::1],
    acceleration: cython.const[cython.float][::1],
    start: cython.const[cython.double][::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    limits: cython.const[cython.double][::1],
    by_deviation: cython.bint,
    work: cython.double[:, ::1],
    out: cython.double[::1],
) -> cython.int:
    """Plan rows first..last; work holds distance, cruise, acceleration and entry speed of each."""
    i: cython.Py_ssize_t
    px: cython.double = start[0]
    py: cython.double = start[1]
    pz: cython.double = start[2]
    if first > 0:
        px = x[first - 1]
        py = y[first - 1]
        pz = z[first - 1]
    moving: cython.bint = False
    safe: cython.double = 0
    # of the move before: its direction, speed and safe speed
    bx: cython.double = 0
    by: cython.double = 0
    bz: cython.double = 0
    be: cython.double = 0
    before: cython.double = 0
    before_safe: cython.double = 0
    dx: cython.double
    dy: cython.double
    dz: cython.double
    de: cython.double
    d: cython.double
    v: cython.double
    a: cython.double
    limit: cython.double
    factor: cython.double
    top: cython.double
    jump: cython.double
    norm: cython.double

    for i in range(first, last):
        dx = x[i] - px
        dy = y[i] - py
        dz = z[i] - pz
        de = e[i]
        px = x[i]
        py = y[i]
        pz = z[i]
        d = sqrt(dx * dx + dy * dy + dz * dz)
        if d > 0:
            a = cython.cast(cython.double, acceleration[i])
            if a <= 0:
                a = limits[9] if de == 0 else limits[8]
        else:
            d = fabs(de)
            a = limits[10]
        work[0, i] = d
        if d == 0:
            continue
        dx /= d
        dy /= d
        dz /= d
        de /= d

        v = speed[i]
        if v * fabs(dx) > limits[0]:
            v = limits[0] / fabs(dx)
        if v * fabs(dy) > limits[1]:
            v = limits[1] / fabs(dy)
        if v * fabs(dz) > limits[2]:
            v = limits[2] / fabs(dz)
        if v * fabs(de) > limits[3]:
            v = limits[3] / fabs(de)
        if a * fabs(dx) > limits[4]:
            a = limits[4] / fabs(dx)
        if a * fabs(dy) > limits[5]:
            a = limits[5] / fabs(dy)
        if a * fabs(dz) > limits[6]:
            a = limits[6] / fabs(dz)
        if a * fabs(de) > limits[7]:
            a = limits[7] / fabs(de)
        work[1, i] = v
        work[2, i] = a

        if by_deviation:
            safe = v if v < 0.05 else 0.05
            norm = sqrt(dx * dx + dy * dy + dz * dz + de * de)
            dx /= norm
            dy /= norm
            dz /= norm
            de /= norm
            limit = safe
            if moving:
                limit = sqrt(_deviation(limits, bx, by, bz, be, dx, dy, dz, de, a, d))
                if limit > v:
                    limit = v
                if limit > before:
                    limit = before
        else:
            # the speed at which a stop is no jerk to any axis
            safe = v
            if v * fabs(dx) > limits[11] and safe > limits[11]:
                safe = limits[11]
            if v * fabs(dy) > limits[11] and safe > limits[11]:
                safe = limits[11]
            if v * fabs(dz) > limits[12] and safe > limits[12]:
                safe = limits[12]
            if v * fabs(de) > limits[13] and safe > limits[13]:
                safe = limits[13]
            limit = safe
            if moving:
                top = before if before < v else v  # the slower of both, which the faster is scaled to
                factor = 1.0
                jump = _jump(bx * top, dx * v)
                if jump > limits[11]:
                    factor *= limits[11] / jump
                jump = _jump(by * top * factor, dy * v * factor)
                if jump > limits[11]:
                    factor *= limits[11] / jump
                jump = _jump(bz * top * factor, dz * v * factor)
                if jump > limits[12]:
                    factor *= limits[12] / jump
                jump = _jump(be * top * factor, de * v * factor)
                if jump > limits[13]:
                    factor *= limits[13] / jump
                limit = top * factor
                if before_safe > 0.99 * limit and safe > 0.99 * limit:
                    limit = safe
        work[3, i] = limit
        bx = dx
        by = dy
        bz = dz
        be = de
        before = v
        before_safe = safe
        moving = True

    # backward: the exit of a move is the entry of the next, and the last one ends at its safe speed
    v = safe
    for i in range(last - 1, first - 1, -1):
        if work[0, i] == 0:
            continue
        limit = sqrt(v * v + 2 * work[2, i] * work[0, i])
        if work[3, i] > limit:
            work[3, i] = limit
        v = work[3, i]

    # forward, and the time of each move as soon as its exit is known
    b: cython.Py_ssize_t = -1
    for i in range(first, last):
        if work[0, i] == 0:
            out[i] = 0.0
            continue
        if b >= 0:
            limit = sqrt(work[3, b] * work[3, b] + 2 * work[2, b] * work[0, b])
            if work[3, i] > limit:
                work[3, i] = limit
            out[b] = _seconds(work[0, b], work[2, b], work[3, b], work[1, b], work[3, i])
        b = i
    if b >= 0:
        limit = sqrt(work[3, b] * work[3, b] + 2 * work[2, b] * work[0, b])
        out[b] = _seconds(work[0, b], work[2, b], work[3, b], work[1, b], safe if safe < limit else limit)
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _klipper(
    x: cython.const[cython.double][::1],
    y: cython.const[cython.double][::1],
    z: cython.const[cython.double][::1],
    e: cython.const[cython.double][::1],
    speed: cython.const[cython.double][::1],
    acceleration: cython.const[cython.float][::1],
    start: cython.const[cython.double][::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    limits: cython.const[cython.double][::1],
    work: cython.double[:, ::1],
    out: cython.double[::1],
) -> cython.int:
    """Plan rows first..last; work holds distance, squared cruise, acceleration, squared entry and smoothed entry."""
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    px: cython.double = start[0]
    py: cython.double = start[1]
    pz: cython.double = start[2]
    if first > 0:
        px = x[first - 1]
        py = y[first - 1]
        pz = z[first - 1]
    kinematic: cython.bint
    was_kinematic: cython.bint = False
    bx: cython.double = 0
    by: cython.double = 0
    bz: cython.double = 0
    be: cython.double = 0
    b_cruise2: cython.double = 0
    b_start2: cython.double = 0
    b_smooth2: cython.double = 0
    b_delta2: cython.double = 0
    b_share: cython.double = 0
    share: cython.double  # of the requested acceleration that the axes allow
    corner: cython.double = limits[15] * limits[15] * 0.41421356237309515
    smooth: cython.double = 1.0 - limits[16]
    asked: cython.double
    dx: cython.double
    dy: cython.double
    dz: cython.double
    de: cython.double
    d: cython.double
    v: cython.double
    a: cython.double
    delta2: cython.double
    start2: cython.double
    smooth2: cython.double
    cosine: cython.double
    half_sin: cython.double
    half_cos: cython.double
    bound: cython.double

    for i in range(first, last):
        dx = x[i] - px
        dy = y[i] - py
        dz = z[i] - pz
        de = e[i]
        px = x[i]
        py = y[i]
        pz = z[i]
        d = sqrt(dx * dx + dy * dy + dz * dz)
        v = speed[i]
        a = cython.cast(cython.double, acceleration[i])
        if a <= 0:
            a = limits[8]
        asked = a
        kinematic = d > 1e-9
        if not kinematic:
            d = fabs(de)
        work[0, i] = d
        if d == 0:
            continue
        dx /= d
        dy /= d
        dz /= d
        de /= d
        if kinematic:
            if v > limits[0]:
                v = limits[0]
            if fabs(dz) > 0:
                if v * fabs(dz) > limits[2]:
                    v = limits[2] / fabs(dz)
                if a * fabs(dz) > limits[6]:
                    a = limits[6] / fabs(dz)
        else:
            a = limits[7]
        if de < 0 or not kinematic:
            if v * fabs(de) > limits[3]:
                v = limits[3] / fabs(de)
            if a * fabs(de) > limits[7]:
                a = limits[7] / fabs(de)
        share = a / asked
        delta2 = 2 * d * a
        start2 = 0
        smooth2 = 0
        if kinematic and was_kinematic:
            start2 = v * v if v * v < b_cruise2 else b_cruise2
            if de != be:  # the extruder changes its speed by at most 1 mm/s at once
                bound = 1.0 / ((de - be) * (de - be))
                if bound < start2:
                    start2 = bound
            if b_start2 + b_delta2 < start2:
                start2 = b_start2 + b_delta2
            cosine = -(bx * dx + by * dy + bz * dz)
            half_sin = sqrt(0.5 * (1 - cosine)) if cosine < 1 else 0.0
            half_cos = sqrt(0.5 * (1 + cosine)) if cosine > -1 else 0.0
            if half_sin < 1 and half_cos > 0:
                bound = half_sin / (1 - half_sin) * corner
                if bound * share < start2:
                    start2 = bound * share
                if bound * b_share < start2:
                    start2 = bound * b_share
                bound = 0.25 * half_sin / half_cos
                if bound * delta2 < start2:
                    start2 = bound * delta2
                if bound * b_delta2 < start2:
                    start2 = bound * b_delta2
            smooth2 = start2 if start2 < b_smooth2 + b_delta2 * smooth else b_smooth2 + b_delta2 * smooth
        work[1, i] = v * v
        work[2, i] = a
        work[3, i] = start2
        work[4, i] = smooth2
        bx = dx
        by = dy
        bz = dz
        be = de
        b_cruise2 = v * v
        b_start2 = start2
        b_smooth2 = smooth2
        b_delta2 = delta2
        b_share = share
        was_kinematic = kinematic

    # backward: a move that can only accelerate towards a later peak waits until that peak's speed is known
    next2: cython.double = 0
    next_smooth2: cython.double = 0
    peak2: cython.double = 0
    waiting: cython.Py_ssize_t = last  # rows i+1..waiting-1 wait
    any_waiting: cython.bint = False
    reach2: cython.double
    reach_smooth2: cython.double
    cruise2: cython.double
    for i in range(last - 1, first - 1, -1):
        d = work[0, i]
        if d == 0:
            out[i] = 0.0
            continue
        a = work[2, i]
        delta2 = 2 * d * a
        reach2 = next2 + delta2
        start2 = work[3, i] if work[3, i] < reach2 else reach2
        reach_smooth2 = next_smooth2 + delta2 * smooth
        smooth2 = work[4, i] if work[4, i] < reach_smooth2 else reach_smooth2
        work[3, i] = start2
        work[4, i] = next2  # now the exit
        if smooth2 < reach_smooth2:
            if smooth2 + delta2 * smooth > next_smooth2 or any_waiting:
                peak2 = 0.5 * (smooth2 + reach_smooth2)
                if work[1, i] < peak2:
                    peak2 = work[1, i]
                if any_waiting:
                    cruise2 = peak2
                    for k in range(i + 1, waiting):
                        if work[0, k] > 0:
                            if work[3, k] < cruise2:
                                cruise2 = work[3, k]
                            bound = work[4, k] if work[4, k] < cruise2 else cruise2
                            out[k] = _seconds(work[0, k], work[2, k], sqrt(cruise2), sqrt(cruise2), sqrt(bound))
                    any_waiting = False
            cruise2 = work[1, i] if work[1, i] < peak2 else peak2
            bound = start2 if start2 < cruise2 else cruise2
            v = next2 if next2 < cruise2 else cruise2
            out[i] = _seconds(d, a, sqrt(bound), sqrt(cruise2), sqrt(v))
        elif not any_waiting:
            any_waiting = True
            waiting = i + 1
        next2 = start2
        next_smooth2 = smooth2
    return 0


def plan_moves(
    x: cython.const[cython.double][::1],
    y: cython.const[cython.double][::1],
    z: cython.const[cython.double][::1],
    e: cython.const[cython.double][::1],
    speed: cython.const[cython.double][::1],
    acceleration: cython.const[cython.float][::1],
    start: cython.const[cython.double][::1],
    stops: cython.const[cython.longlong][::1],
    limits: cython.const[cython.double][::1],
    rule: cython.int,
    work: cython.double[:, ::1],
    out: cython.double[::1],
) -> None:
    """Write the seconds of each move into `out`; the machine stands still before each row in `stops`.

    rule 0 is classic jerk, 1 junction deviation, 2 Klipper's. A row of speed 0 takes no time and ends a run.
    """
    n: cython.Py_ssize_t = x.shape[0]
    first: cython.Py_ssize_t = 0
    last: cython.Py_ssize_t
    s: cython.Py_ssize_t = 0
    with cython.nogil:
        while first < n:
            if speed[first] <= 0:
                out[first] = 0.0
                first += 1
                continue
            while s < stops.shape[0] and stops[s] <= first:
                s += 1
            last = first + 1
            while last < n and speed[last] > 0 and not (s < stops.shape[0] and stops[s] == last):
                last += 1
            if rule == 2:
                _klipper(x, y, z, e, speed, acceleration, start, first, last, limits, work, out)
            else:
                _marlin(x, y, z, e, speed, acceleration, start, first, last, limits, rule == 1, work, out)
            first = last
