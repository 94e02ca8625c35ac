# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: look-ahead planning of moves, as Marlin, RepRapFirmware and Klipper do it.

A run of moves between two standstills is planned at once: limits of each move and of each junction first (`_corners`),
then backward so that every junction can be braked to, then forward so that it can be reached (`_trapezoids`). Speeds at
junctions are kept squared, because only sums of `2*a*d` are added to them. Runs compiled or as plain Python with the
same result.

A direction `u` is x, y, z, e over the length of the move. The limits `cap` in force are, in this order: speeds 0-3 and
accelerations 4-7 of the axes, jerks 8-11, accelerations for printing 12, travel 13 and retraction 14, the least speed
of printing 15 and of travel 16, junction deviation 17, square corner velocity 18, minimum cruise ratio 19, corner speed
of the extruder 20, jerk policy 21; 22 is the least of 4-7.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import fabs, sqrt
else:
    from math import fabs, sqrt


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
def _direction(
    dx: cython.double, dy: cython.double, dz: cython.double, de: cython.double, u: cython.p_double
) -> cython.double:
    """Write the direction of a move into u and return its length, 0 where it goes nowhere.

    A move of the filament alone is as long as the filament.
    """
    d: cython.double = sqrt(dx * dx + dy * dy + dz * dz)
    if d < 1e-9:
        d = fabs(de)
        dx = dy = dz = 0
        if d == 0:
            return 0
    share: cython.double = 1 / d
    u[0] = dx * share
    u[1] = dy * share
    u[2] = dz * share
    u[3] = de * share
    return d


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _within(
    value: cython.double, u: cython.p_double, cap: cython.p_double, first: cython.int, whole: cython.bint
) -> cython.double:
    """Return a speed or acceleration along u, lowered until no axis exceeds its own limit cap[first + axis].

    whole lowers it to that limit itself, whatever the direction.
    """
    axis: cython.int
    for axis in range(4):
        if value * fabs(u[axis]) > cap[first + axis]:
            value = cap[first + axis]
            if not whole:
                value /= fabs(u[axis])
    return value


# ---------------------------------------------------------------- rules for the squared speed through a junction


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _jerk2(
    b: cython.p_double,
    before: cython.double,
    asked: cython.double,
    u: cython.p_double,
    v: cython.double,
    cap: cython.p_double,
    whole: cython.bint,
) -> cython.double:
    """Marlin's classic jerk: no axis jumps by more than its own; a reversal counts its larger half.

    asked is the speed that stands for the move before: its own, or by PrusaSlicer's rule what it was asked for.
    """
    top: cython.double = asked if asked < v else v
    factor: cython.double = 1.0
    leave: cython.double
    enter: cython.double
    jump: cython.double
    axis: cython.int
    for axis in range(4):
        leave = b[axis] * before * (top / asked) * factor
        enter = u[axis] * v * factor
        if leave * enter > 0:
            jump = fabs(enter - leave)
        else:
            jump = fabs(leave) if fabs(leave) > fabs(enter) else fabs(enter)
        if jump > cap[8 + axis]:
            factor *= cap[8 + axis] / jump
    if factor == 1.0 and asked >= v:
        return top * top
    # not coasting: where a stop and a start are both free of jerk at such a speed, it stops and starts
    top *= factor
    if _within(before, b, cap, 8, whole) > 0.99 * top:
        enter = _within(v, u, cap, 8, whole)
        if enter > 0.99 * top:
            top = enter
    return top * top


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _deviation2(
    b: cython.p_double, before: cython.double, u: cython.p_double, v: cython.double,
    a: cython.double, d: cython.double, cap: cython.p_double,
) -> cython.double:  # fmt: skip
    """Marlin's junction deviation: the speed on an arc that cuts the corner by so much."""
    turn = cython.declare(cython.double[4])
    nb: cython.double = 0
    nu: cython.double = 0
    dot: cython.double = 0
    axis: cython.int
    for axis in range(4):
        nb += b[axis] * b[axis]
        nu += u[axis] * u[axis]
        dot += b[axis] * u[axis]
    dot /= sqrt(nb * nu)
    if dot < -0.999999:  # back to where it came from
        return 0.0025
    top: cython.double = before if before < v else v
    top *= top
    if dot > 0.999999:
        return top
    half_sin2: cython.double = 0.5 * (1 - dot)  # of the angle turned by
    half_cos: cython.double = sqrt(0.5 * (1 + dot))
    if a > cap[22]:  # the change of direction is an acceleration too, and no axis may exceed its own
        nb = 0.5 / sqrt(nb * half_sin2)
        nu = 0.5 / sqrt(nu * half_sin2)
        for axis in range(4):
            turn[axis] = u[axis] * nu - b[axis] * nb
        a = _within(a, turn, cap, 4, False)
    nu = a * cap[17] * half_cos * (1 + half_cos)
    if nu < top * half_sin2:
        top = nu / half_sin2
    if d < 1 and dot > 0.7071067811865475:  # short chords of a curve: its centripetal acceleration
        # the angle is 2*asin(half_sin), by its series: half_sin is below 0.383
        nb = 2 * sqrt(half_sin2) * (1 + half_sin2 * (1 / 6.0 + half_sin2 * (0.075 + half_sin2 * (5 / 112.0))))
        if a * d < top * nb:
            top = a * d / nb
    return top


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _instant2(
    b: cython.p_double,
    before: cython.double,
    u: cython.p_double,
    v: cython.double,
    cap: cython.p_double,
) -> cython.double:
    """RepRapFirmware's jerk: at the shared speed no axis jumps by more than its own.

    By policy 0 a move that prints joins only its like, and one of the head only its like.
    """
    turn = cython.declare(cython.double[4])
    axis: cython.int
    moves_b: cython.bint = b[0] != 0 or b[1] != 0
    moves_u: cython.bint = u[0] != 0 or u[1] != 0
    if cap[21] == 0 and (moves_b != moves_u or (moves_b and b[3] > 0) != (moves_u and u[3] > 0)):
        return 0.0
    for axis in range(4):
        turn[axis] = u[axis] - b[axis]
    top: cython.double = _within(before if before < v else v, turn, cap, 8, False)
    return top * top


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _rest2(u: cython.p_double, v: cython.double, cap: cython.p_double, firmware: cython.int) -> cython.double:
    """Return the squared speed from which a machine stops at once, and to which it starts."""
    if firmware == 1:
        return 0.0
    if firmware == 0 and cap[17] > 0:
        v = v if v < 0.05 else 0.05
    else:
        v = _within(v, u, cap, 8, firmware == 3)
    return v * v


# ---------------------------------------------------------------- one run of moves, Marlin and RepRapFirmware


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _corners(
    x: cython.const[cython.double][::1],
    y: cython.const[cython.double][::1],
    z: cython.const[cython.double][::1],
    e: cython.const[cython.double][::1],
    speed: cython.const[cython.double][::1],
    acceleration: cython.const[cython.float][::1],
    start: cython.const[cython.double][::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    limit_row: cython.const[cython.longlong][::1],
    limits: cython.const[cython.double][:, ::1],
    now: cython.Py_ssize_t,
    firmware: cython.int,
    work: cython.double[:, ::1],
) -> cython.Py_ssize_t:
    """Limit rows first..last and their junctions, Marlin's or RepRapFirmware's way; return the limits then in force.

    work takes distance (0: the row goes nowhere), cruising speed, acceleration and squared entry speed of each move,
    and at `last` the squared speed at which the run may end.
    """
    cap = cython.declare(cython.double[23])
    u = cython.declare(cython.double[4])
    b = cython.declare(cython.double[4])  # of the move before
    b[0] = b[1] = b[2] = b[3] = 0
    before: cython.double = 0
    asked: cython.double = 0
    i: cython.Py_ssize_t
    k: cython.int
    instant: cython.bint = firmware == 1
    whole: cython.bint = firmware == 3
    moving: cython.bint = False
    load: cython.bint = True
    kinematic: cython.bint
    px: cython.double = start[0] if first == 0 else x[first - 1]
    py: cython.double = start[1] if first == 0 else y[first - 1]
    pz: cython.double = start[2] if first == 0 else z[first - 1]
    d: cython.double
    v: cython.double
    a: cython.double
    top: cython.double
    entry2: cython.double

    for i in range(first, last):
        while now + 1 < limit_row.shape[0] and limit_row[now + 1] <= i:
            now += 1
            load = True
        if load:
            for k in range(22):
                cap[k] = limits[now, k]
            cap[22] = cap[4]
            for k in range(5, 8):
                if cap[k] < cap[22]:
                    cap[22] = cap[k]
            load = False
        d = _direction(x[i] - px, y[i] - py, z[i] - pz, e[i], u) if speed[i] > 0 else 0.0
        px = x[i]
        py = y[i]
        pz = z[i]
        work[0, i] = d
        if d == 0:
            continue
        a = cython.cast(cython.double, acceleration[i])
        if instant:  # what M204 says is for moves in the plane
            kinematic = u[0] != 0 or u[1] != 0
        else:
            kinematic = u[0] != 0 or u[1] != 0 or u[2] != 0
        if not kinematic:
            a = 1e30 if instant else cap[14]
        else:
            k = 13 if u[3] == 0 else 12
            if a <= 0 or (whole and a > cap[k]):
                a = cap[k]
        a = _within(a, u, cap, 4, whole)
        v = speed[i]
        k = 16 if u[3] == 0 else 15
        if v < cap[k]:
            v = cap[k]
        top = v
        v = _within(v, u, cap, 0, False)

        if moving:
            if instant:
                entry2 = _instant2(b, before, u, v, cap)
            elif cap[17] > 0 and not whole:
                entry2 = _deviation2(b, before, u, v, a, d, cap)
            else:
                entry2 = _jerk2(b, before, asked, u, v, cap, whole)
        else:
            entry2 = _rest2(u, v, cap, firmware)
        work[1, i] = v
        work[2, i] = a
        work[3, i] = entry2
        for k in range(4):
            b[k] = u[k]
        before = v
        asked = top if whole else v
        moving = True
    work[3, last] = _rest2(b, before, cap, firmware) if moving else 0.0
    return now


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _trapezoids(
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    queue: cython.Py_ssize_t,
    reached: cython.bint,
    work: cython.double[:, ::1],
    out: cython.double[::1],
) -> cython.int:
    """Make every junction speed of a run reachable, and write the seconds of its moves.

    Where a move begins, the firmware knows it and the next ones, `queue` in all, and must be able to stop by their end.
    PrusaSlicer lets a move begin at its speed even where the one before it has not `reached` that.
    """
    i: cython.Py_ssize_t
    # backward: the exit of a move is the entry of the next
    entry2: cython.double = work[3, last]
    for i in range(last - 1, first - 1, -1):
        if work[0, i] > 0:
            entry2 += 2 * work[2, i] * work[0, i]
            if work[3, i] < entry2:
                entry2 = work[3, i]
            else:
                work[3, i] = entry2

    # forward, and the time of each move as soon as its exit is known
    j: cython.Py_ssize_t = -1  # the move before
    v0: cython.double = 0
    v1: cython.double
    reach2: cython.double
    known: cython.Py_ssize_t = first  # rows i..known-1 are in the queue
    count: cython.Py_ssize_t = 0
    stop2: cython.double = 0  # from what they could stop
    for i in range(first, last + 1):
        if i < last and work[0, i] == 0:
            out[i] = 0.0
            continue
        entry2 = work[3, i]
        while count < queue and known < last:
            if work[0, known] > 0:
                stop2 += 2 * work[2, known] * work[0, known]
                count += 1
            known += 1
        if known < last:
            if entry2 > stop2:
                entry2 = stop2
            stop2 -= 2 * work[2, i] * work[0, i]
            count -= 1
        if j >= 0:
            reach2 = v0 * v0 + 2 * work[2, j] * work[0, j]
            v1 = sqrt(entry2 if entry2 < reach2 else reach2)
            out[j] = _seconds(work[0, j], work[2, j], v0, work[1, j], v1 if v1 < work[1, j] else work[1, j])
            v0 = v1 if reached else sqrt(entry2)
        else:
            v0 = sqrt(entry2)
        j = i
    return 0


# ---------------------------------------------------------------- one run of moves, Klipper


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _klipper_corners(
    x: cython.const[cython.double][::1],
    y: cython.const[cython.double][::1],
    z: cython.const[cython.double][::1],
    e: cython.const[cython.double][::1],
    speed: cython.const[cython.double][::1],
    acceleration: cython.const[cython.float][::1],
    start: cython.const[cython.double][::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    limit_row: cython.const[cython.longlong][::1],
    limits: cython.const[cython.double][:, ::1],
    now: cython.Py_ssize_t,
    work: cython.double[:, ::1],
) -> cython.Py_ssize_t:
    """Limit rows first..last and their junctions, Klipper's way; return the limits then in force.

    work takes distance (0: the row goes nowhere), squared cruising speed, acceleration, squared entry speed and, of the
    pass that smooths accelerations, squared entry speed and what the move can add to it.
    """
    u = cython.declare(cython.double[4])
    b = cython.declare(cython.double[4])  # of the move before, as all that begins with b_
    b[0] = b[1] = b[2] = b[3] = 0
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    kinematic: cython.bint
    b_kinematic: cython.bint = False
    b_cruise2: cython.double = 0
    b_start2: cython.double = 0
    b_delta2: cython.double = 0
    b_smooth2: cython.double = 0
    b_smooth_delta2: cython.double = 0
    b_corner: cython.double = 0
    corner: cython.double
    px: cython.double = start[0] if first == 0 else x[first - 1]
    py: cython.double = start[1] if first == 0 else y[first - 1]
    pz: cython.double = start[2] if first == 0 else z[first - 1]
    asked: cython.double
    d: cython.double
    v: cython.double
    a: cython.double
    delta2: cython.double
    start2: cython.double
    smooth2: cython.double
    smooth_delta2: cython.double
    cosine: cython.double
    half_sin: cython.double
    half_cos: cython.double
    bound: cython.double

    for i in range(first, last):
        while now + 1 < limit_row.shape[0] and limit_row[now + 1] <= i:
            now += 1
        d = _direction(x[i] - px, y[i] - py, z[i] - pz, e[i], u) if speed[i] > 0 else 0.0
        px = x[i]
        py = y[i]
        pz = z[i]
        work[0, i] = d
        if d == 0:
            continue
        v = speed[i]
        asked = cython.cast(cython.double, acceleration[i])
        if asked <= 0:
            asked = limits[now, 12]
        kinematic = u[0] != 0 or u[1] != 0 or u[2] != 0
        a = asked if kinematic else 1e8
        if kinematic and v > limits[now, 0]:
            v = limits[now, 0]
        if u[2] != 0:
            if v * fabs(u[2]) > limits[now, 2]:
                v = limits[now, 2] / fabs(u[2])
            if a * fabs(u[2]) > limits[now, 6]:
                a = limits[now, 6] / fabs(u[2])
        if u[3] < 0 or (u[3] != 0 and u[0] == 0 and u[1] == 0):
            if v * fabs(u[3]) > limits[now, 3]:
                v = limits[now, 3] / fabs(u[3])
            if a * fabs(u[3]) > limits[now, 7]:
                a = limits[now, 7] / fabs(u[3])
        corner = limits[now, 18] * limits[now, 18] * 0.41421356237309515 * a / asked
        delta2 = 2 * d * a
        smooth_delta2 = 2 * d * asked * (1 - limits[now, 19])
        if delta2 < smooth_delta2:
            smooth_delta2 = delta2
        start2 = 0
        smooth2 = 0
        if kinematic and b_kinematic:
            start2 = v * v if v * v < b_cruise2 else b_cruise2
            bound = u[3] - b[3]
            if bound * bound * start2 > limits[now, 20] * limits[now, 20]:
                start2 = limits[now, 20] * limits[now, 20] / (bound * bound)
            if b_start2 + b_delta2 < start2:
                start2 = b_start2 + b_delta2
            cosine = -(b[0] * u[0] + b[1] * u[1] + b[2] * u[2])
            half_sin = sqrt(0.5 * (1 - cosine)) if cosine < 1 else 0.0
            half_cos = sqrt(0.5 * (1 + cosine)) if cosine > -1 else 0.0
            if half_sin < 1 and half_cos > 0:
                # an arc that cuts the corner, and one that touches both moves no further than half-way
                bound = half_sin / (1 - half_sin) * (corner if corner < b_corner else b_corner)
                if bound < start2:
                    start2 = bound
                bound = 0.25 * half_sin / half_cos * (delta2 if delta2 < b_delta2 else b_delta2)
                if bound < start2:
                    start2 = bound
            smooth2 = b_smooth2 + b_smooth_delta2
            if start2 < smooth2:
                smooth2 = start2
        work[1, i] = v * v
        work[2, i] = a
        work[3, i] = start2
        work[4, i] = smooth2
        work[5, i] = smooth_delta2
        for k in range(4):
            b[k] = u[k]
        b_cruise2 = v * v
        b_start2 = start2
        b_delta2 = delta2
        b_smooth2 = smooth2
        b_smooth_delta2 = smooth_delta2
        b_corner = corner
        b_kinematic = kinematic

    return now


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _klipper_peaks(
    first: cython.Py_ssize_t, last: cython.Py_ssize_t, work: cython.double[:, ::1], out: cython.double[::1]
) -> cython.int:
    """Make every junction speed of a run reachable, find the peaks that smoothing allows, and write the seconds.

    Backward: a move that can only accelerate towards a later peak waits until that peak's speed is known.
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    d: cython.double
    v: cython.double
    a: cython.double
    start2: cython.double
    smooth2: cython.double
    bound: cython.double
    next2: cython.double = 0
    next_smooth2: cython.double = 0
    peak2: cython.double = 0
    waiting: cython.Py_ssize_t = last  # rows i+1..waiting-1 wait
    any_waiting: cython.bint = False
    reach_smooth2: cython.double
    cruise2: cython.double
    for i in range(last - 1, first - 1, -1):
        d = work[0, i]
        if d == 0:
            out[i] = 0.0
            continue
        a = work[2, i]
        start2 = next2 + 2 * d * a
        if work[3, i] < start2:
            start2 = work[3, i]
        reach_smooth2 = next_smooth2 + work[5, i]
        smooth2 = work[4, i] if work[4, i] < reach_smooth2 else reach_smooth2
        work[3, i] = start2
        work[4, i] = next2  # now the exit
        if smooth2 < reach_smooth2:
            if smooth2 + work[5, i] > next_smooth2 or any_waiting:
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
                            v = sqrt(cruise2)
                            out[k] = _seconds(work[0, k], work[2, k], v, v, sqrt(bound))
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
    limit_row: cython.const[cython.longlong][::1],
    limits: cython.const[cython.double][:, ::1],
    firmware: cython.int,
    queue: cython.Py_ssize_t,
    work: cython.double[:, ::1],
    out: cython.double[::1],
) -> None:
    """Write the seconds of each move into `out`; the machine stands still before each row in `stops`.

    limits[k] are in force from row limit_row[k] on; limit_row[0] is 0. firmware 0 is Marlin, 1 RepRapFirmware,
    2 Klipper (which looks ahead without end; the others know `queue` moves at a time), 3 Marlin as PrusaSlicer reckons.
    A row of speed 0 takes no time: the head is declared to be elsewhere.
    """
    n: cython.Py_ssize_t = x.shape[0]
    first: cython.Py_ssize_t = 0
    last: cython.Py_ssize_t
    s: cython.Py_ssize_t = 0
    now: cython.Py_ssize_t = 0
    with cython.nogil:
        while first < n:
            while s < stops.shape[0] and stops[s] <= first:
                s += 1
            last = stops[s] if s < stops.shape[0] and stops[s] < n else n
            if firmware == 2:
                now = _klipper_corners(
                    x, y, z, e, speed, acceleration, start, first, last, limit_row, limits, now, work
                )  # fmt: skip
                _klipper_peaks(first, last, work, out)
            else:
                now = _corners(
                    x, y, z, e, speed, acceleration, start, first, last, limit_row, limits, now, firmware, work
                )  # fmt: skip
                _trapezoids(first, last, queue, firmware != 3, work, out)
            first = last
