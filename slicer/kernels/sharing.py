# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Move loops where their two sides share the room between them."""

import cython
from cython.cimports.libc.math import sqrt

UNKNOWN = cython.declare(cython.double, 1e9)  # mm: stands for a share that no ball tells
SHARPEST = cython.declare(cython.double, 0.3)  # 1 + cosine of a turn: corners sharper than that move no farther


def share(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    side: cython.const[cython.double][::1],
    samples: cython.const[cython.longlong][::1],
    radius: cython.const[cython.double][::1],
    spacing: cython.const[cython.double][::1],
    least: cython.const[cython.double][::1],
    most: cython.const[cython.double][::1],
    around: cython.const[cython.double][::1],
    points: cython.double[:, ::1],
    point_offsets: cython.longlong[::1],
):
    """Fill points (p + s + r, 3) and point_offsets (r + 1,) with the rings that share: x, y and half of their share.

    Each goes once around from its leftmost vertex, which comes twice, with its samples between the vertices. Rings that
    share nowhere get no points.

    xy, offsets    closed rings
    side           (r,) +1 where the solid is to the left of a ring's direction, -1 where it is to the right
    samples        (p + 1,) as `balls.count_samples` gives them
    radius         (s,) of the ball at each sample, mm; 0 where there is none
    spacing        (r,) of the beads, mm
    least, most    (r,) mm: sides that far apart share; nearer ones as if they were `least` apart
    around         (r,) mm: between two samples with balls no farther apart than this, so do those without
    """
    r: cython.Py_ssize_t
    end: cython.Py_ssize_t
    with cython.nogil:
        point_offsets[0] = 0
        for r in range(offsets.shape[0] - 1):
            end = point_offsets[r]
            if _shares(samples[offsets[r]], samples[offsets[r + 1]], radius, spacing[r], most[r]):
                end = _lay_out(xy, offsets[r], offsets[r + 1], samples, radius, spacing[r], least[r], most[r], points,
                               end)  # fmt: skip
                _fill(points, point_offsets[r], end, around[r])
                end = _move(points, point_offsets[r], end, side[r])
            point_offsets[r + 1] = end


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _shares(
    first: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    radius: cython.const[cython.double][::1],
    spacing: cython.double,
    most: cython.double,
) -> cython.bint:
    """Tell whether any of the samples first:end shares."""
    s: cython.Py_ssize_t
    found: cython.bint = False
    for s in range(first, end):
        found |= radius[s] > 0.0 and 2.0 * radius[s] < most and 2.0 * radius[s] != spacing
    return found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _lay_out(
    xy: cython.const[cython.double][:, ::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
    samples: cython.const[cython.longlong][::1],
    radius: cython.const[cython.double][::1],
    spacing: cython.double,
    least: cython.double,
    most: cython.double,
    points: cython.double[:, ::1],
    at: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write the vertices first:last of a ring, from the leftmost on, and its samples; return where they end."""
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    steps: cython.Py_ssize_t
    apart: cython.double
    along: cython.double
    leftmost: cython.Py_ssize_t = first
    for i in range(first + 1, last):
        if xy[i, 0] < xy[leftmost, 0] or (xy[i, 0] == xy[leftmost, 0] and xy[i, 1] < xy[leftmost, 1]):
            leftmost = i
    for i in range(last - first):
        a = leftmost + i if leftmost + i < last else leftmost + i - (last - first)
        b = a + 1 if a + 1 < last else first
        points[at, 0] = xy[a, 0]
        points[at, 1] = xy[a, 1]
        points[at, 2] = UNKNOWN
        at += 1
        steps = samples[a + 1] - samples[a]
        for k in range(steps):
            along = (k + 0.5) / steps
            points[at, 0] = xy[a, 0] + along * (xy[b, 0] - xy[a, 0])
            points[at, 1] = xy[a, 1] + along * (xy[b, 1] - xy[a, 1])
            apart = 2.0 * radius[samples[a] + k]
            if apart <= 0.0:
                points[at, 2] = UNKNOWN
            elif apart < most:
                points[at, 2] = (max(apart, least) - spacing) / 4.0
            else:
                points[at, 2] = 0.0
            at += 1
    return at


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _fill(
    points: cython.double[:, ::1], first: cython.Py_ssize_t, end: cython.Py_ssize_t, around: cython.double
) -> cython.void:
    """Give the points of a ring that nothing is known of what their neighbours on both sides have."""
    n: cython.Py_ssize_t = end - first
    start: cython.Py_ssize_t = first
    before: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    a: cython.double
    b: cython.double
    length: cython.double = 0.0
    along: cython.double
    while points[start, 2] == UNKNOWN:
        start += 1
    for i in range(1, n + 1):  # steps from the start, which is known; so is `before`
        length += _step(points, first, n, start, i)
        b = points[_place(first, n, start, i), 2]
        if b == UNKNOWN:
            continue
        a = points[_place(first, n, start, before), 2]
        along = 0.0
        for j in range(before + 1, i):
            along += _step(points, first, n, start, j)
            points[_place(first, n, start, j), 2] = a + along / length * (b - a) if length <= around else 0.0
        before = i
        length = 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _place(
    first: cython.Py_ssize_t, n: cython.Py_ssize_t, start: cython.Py_ssize_t, i: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Return the point of a ring of n that is i <= n steps behind `start`."""
    return start + i if start + i < first + n else start + i - n


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _step(
    points: cython.double[:, ::1],
    first: cython.Py_ssize_t,
    n: cython.Py_ssize_t,
    start: cython.Py_ssize_t,
    i: cython.Py_ssize_t,
) -> cython.double:
    """Return the distance from the point i - 1 steps behind `start` to the next."""
    a: cython.Py_ssize_t = _place(first, n, start, i - 1)
    b: cython.Py_ssize_t = _place(first, n, start, i)
    dx: cython.double = points[b, 0] - points[a, 0]
    dy: cython.double = points[b, 1] - points[a, 1]
    return sqrt(dx * dx + dy * dy)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _move(
    points: cython.double[:, ::1], first: cython.Py_ssize_t, end: cython.Py_ssize_t, side: cython.double
) -> cython.Py_ssize_t:
    """Move a ring's points inwards by their third number, corners along the bisector, and repeat the first behind."""
    i: cython.Py_ssize_t
    dx: cython.double
    dy: cython.double
    length: cython.double
    by: cython.double
    dx = points[first, 0] - points[end - 1, 0]
    dy = points[first, 1] - points[end - 1, 1]
    length = sqrt(dx * dx + dy * dy)
    before_x: cython.double = -dy / length if length > 0.0 else 0.0  # unit normals, to the left
    before_y: cython.double = dx / length if length > 0.0 else 0.0
    first_x: cython.double = points[first, 0]
    first_y: cython.double = points[first, 1]
    normal_x: cython.double
    normal_y: cython.double
    for i in range(first, end):
        dx = (points[i + 1, 0] if i + 1 < end else first_x) - points[i, 0]
        dy = (points[i + 1, 1] if i + 1 < end else first_y) - points[i, 1]
        length = sqrt(dx * dx + dy * dy)
        normal_x = -dy / length if length > 0.0 else 0.0
        normal_y = dx / length if length > 0.0 else 0.0
        by = side * points[i, 2] / max(1.0 + before_x * normal_x + before_y * normal_y, SHARPEST)
        points[i, 0] += by * (before_x + normal_x)
        points[i, 1] += by * (before_y + normal_y)
        before_x = normal_x
        before_y = normal_y
    for i in range(3):
        points[end, i] = points[first, i]
    return end + 1
