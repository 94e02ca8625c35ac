# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: read the numbers out of mesh files that are text: ASCII STL, the XML of 3MF, and OBJ.

A number of at most 53 bits and 22 decimal places is exact as (integer * or / power of ten), correctly rounded. The
others (17-digit floats, `nan`, words where a number should be) are left as nan and listed as spans of bytes for
Python's own `float`.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from numpy.typing import NDArray

POWERS = np.array([float(f"1e{i}") for i in range(23)] + [np.nan])
"""10**0 ... 10**22, all exact in a double, and the nan that stands for "not read"."""


def scan_stl(data: bytes) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], bool]:
    """Return (points (p, 3) f8, facet starts (n,) i8, spans (s, 3) i8, whole) of an ASCII STL.

    Facet i has the points from start i on. Each span (coordinate, first byte, last byte + 1) is a number that is
    not read yet. `whole` is false where the last facet is not closed: the file is cut off.
    """
    room = data.count(b"x") + data.count(b"X") + 1  # more than there are words "vertex"
    points = np.empty((room, 3))
    starts = np.empty(data.count(b"f") + data.count(b"F") + 1, np.int64)
    spans = np.empty((3 * room, 3), np.int64)
    found = np.zeros(4, np.int64)
    text: cython.const[cython.uchar][::1] = np.frombuffer(data, np.uint8)
    powers: cython.const[cython.double][::1] = POWERS
    points_view: cython.double[:, ::1] = points
    starts_view: cython.longlong[::1] = starts
    spans_view: cython.longlong[:, ::1] = spans
    found_view: cython.longlong[::1] = found
    with cython.nogil:
        stl_words(text, powers, points_view, starts_view, spans_view, found_view)
    n_points, n_facets, n_spans, n_closed = found.tolist()
    return points[:n_points], starts[:n_facets], spans[:n_spans], n_closed == n_facets


def scan_attributes(data: bytes, element: bytes, attribute: bytes) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (values (n, 3) f8, spans (s, 3) i8) of all XML elements called `element`, any prefix.

    `attribute` is the first of three consecutive names: b"x" reads x, y, z and b"v1" reads v1, v2, v3. One that is
    missing is nan.
    """
    room = data.count(b"<") + 1
    values = np.empty((room, 3))
    spans = np.empty((3 * room, 3), np.int64)
    found = np.zeros(2, np.int64)
    text: cython.const[cython.uchar][::1] = np.frombuffer(data, np.uint8)
    powers: cython.const[cython.double][::1] = POWERS
    name: cython.const[cython.uchar][::1] = np.frombuffer(element, np.uint8)
    first: cython.const[cython.uchar][::1] = np.frombuffer(attribute, np.uint8)
    values_view: cython.double[:, ::1] = values
    spans_view: cython.longlong[:, ::1] = spans
    found_view: cython.longlong[::1] = found
    with cython.nogil:
        xml_elements(text, powers, name, first, values_view, spans_view, found_view)
    return values[: found[0]], spans[: found[1]]


def scan_obj(data: bytes) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return (points (p, 3) f8, corners (c,) i8, offsets (n + 1,) i8, spans (s, 3) i8) of a Wavefront OBJ.

    Polygon i has the corners offsets[i] to offsets[i + 1]; corners count from 0, relative ones are resolved, and
    -1 is one that is not a number.
    """
    room = data.count(b"v") + 1
    points = np.empty((room, 3))
    corners = np.empty(len(data) // 2 + 1, np.int64)
    offsets = np.zeros(data.count(b"f") + 2, np.int64)
    spans = np.empty((3 * room, 3), np.int64)
    found = np.zeros(4, np.int64)
    text: cython.const[cython.uchar][::1] = np.frombuffer(data, np.uint8)
    powers: cython.const[cython.double][::1] = POWERS
    points_view: cython.double[:, ::1] = points
    corners_view: cython.longlong[::1] = corners
    offsets_view: cython.longlong[::1] = offsets
    spans_view: cython.longlong[:, ::1] = spans
    found_view: cython.longlong[::1] = found
    with cython.nogil:
        obj_lines(text, powers, points_view, corners_view, offsets_view, spans_view, found_view)
    n_points, n_corners, n_faces, n_spans = found.tolist()
    return points[:n_points], corners[:n_corners], offsets[: n_faces + 1], spans[:n_spans]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def number(
    text: cython.const[cython.uchar][::1],
    powers: cython.const[cython.double][::1],
    i: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
) -> cython.double:
    """Return the number that text[i:end] spells, or nan where it is not simple enough to be exact."""
    nan: cython.double = powers[23]
    full: cython.longlong = 900719925474098  # one digit more could exceed 2**53
    digits: cython.longlong = 0
    seen: cython.int = 0
    places: cython.int = 0
    after_point: cython.int = 0
    exponent: cython.int = 0
    negative: cython.int = 0
    exponent_negative: cython.int = 0
    value: cython.double
    c: cython.int
    if i < end and (text[i] == 45 or text[i] == 43):  # - +
        negative = 1 if text[i] == 45 else 0
        i += 1
    while i < end:
        c = cython.cast(cython.int, text[i])
        if 48 <= c <= 57:
            if digits > full:
                return nan
            digits = digits * 10 + (c - 48)
            seen = 1
            places += after_point
        elif c == 46 and after_point == 0:
            after_point = 1
        else:
            break
        i += 1
    if seen == 0:
        return nan
    if i < end:  # e or E, a sign, digits, and nothing else
        if text[i] != 101 and text[i] != 69:
            return nan
        i += 1
        if i < end and (text[i] == 45 or text[i] == 43):
            exponent_negative = 1 if text[i] == 45 else 0
            i += 1
        if i == end:
            return nan
        while i < end:
            c = cython.cast(cython.int, text[i])
            if c < 48 or c > 57 or exponent > 999:
                return nan
            exponent = exponent * 10 + (c - 48)
            i += 1
    exponent = (-exponent if exponent_negative else exponent) - places
    if exponent < -22 or exponent > 22:
        return nan
    value = cython.cast(cython.double, digits)
    value = value / powers[-exponent] if exponent < 0 else value * powers[exponent]
    return -value if negative else value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def store(
    text: cython.const[cython.uchar][::1],
    powers: cython.const[cython.double][::1],
    start: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    row: cython.Py_ssize_t,
    axis: cython.Py_ssize_t,
    values: cython.double[:, ::1],
    spans: cython.longlong[:, ::1],
    n_spans: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Read a number into `values`, or note its span; return how many spans there are now."""
    value: cython.double = number(text, powers, start, end)
    values[row, axis] = value
    if value != value:
        spans[n_spans, 0] = 3 * row + axis
        spans[n_spans, 1] = start
        spans[n_spans, 2] = end
        return n_spans + 1
    return n_spans


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def word_start(text: cython.const[cython.uchar][::1], i: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return where the next word begins; blanks are all control characters and the space."""
    n: cython.Py_ssize_t = text.shape[0]
    while i < n and text[i] <= 32:
        i += 1
    return i


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def word_end(text: cython.const[cython.uchar][::1], i: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return where the word at i ends."""
    n: cython.Py_ssize_t = text.shape[0]
    while i < n and text[i] > 32:
        i += 1
    return i


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def stl_word(text: cython.const[cython.uchar][::1], start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Return which word it is in any case: 1 vertex, 2 facet, 3 endloop, endfacet, 4 solid, endsolid, 0 another."""
    length: cython.Py_ssize_t = end - start
    a: cython.int
    b: cython.int
    if length < 5 or length > 8:
        return 0
    a = text[start] | 32  # lower case
    b = text[end - 1] | 32
    if length == 6 and a == 118 and b == 120 and (text[start + 1] | 32) == 101:  # ve...x
        return 1
    if length == 5 and a == 102 and b == 116 and (text[start + 1] | 32) == 97:  # fa...t
        return 2
    if length == 7 and a == 101 and b == 112:  # e...p
        return 3
    if length == 8 and a == 101 and b == 116:  # e...t
        return 3
    if length == 5 and a == 115 and b == 100:  # s...d
        return 4
    if length == 8 and a == 101 and b == 100:  # e...d
        return 4
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def stl_words(
    text: cython.const[cython.uchar][::1],
    powers: cython.const[cython.double][::1],
    points: cython.double[:, ::1],
    starts: cython.longlong[::1],
    spans: cython.longlong[:, ::1],
    found: cython.longlong[::1],
) -> cython.void:
    """Read an ASCII STL word by word; `found` gets the numbers of points, facets, spans and closed facets."""
    n: cython.Py_ssize_t = text.shape[0]
    n_points: cython.Py_ssize_t = 0
    n_facets: cython.Py_ssize_t = 0
    n_spans: cython.Py_ssize_t = 0
    n_closed: cython.Py_ssize_t = 0
    axis: cython.Py_ssize_t
    end: cython.Py_ssize_t
    kind: cython.int
    naming: cython.int = 0  # inside the free text after "solid": up to the end of the line
    before: cython.Py_ssize_t
    i: cython.Py_ssize_t = 0
    while True:
        before = i
        i = word_start(text, i)
        if naming:
            while before < i:
                if text[before] == 10 or text[before] == 13:
                    naming = 0
                before += 1
        if i >= n:
            break
        end = word_end(text, i)
        kind = stl_word(text, i, end)
        if kind == 2:  # ends a name too: some files have no line ends at all
            naming = 0
            n_closed = n_facets
            starts[n_facets] = n_points
            n_facets += 1
        elif naming == 0:
            if kind == 1:
                for axis in range(3):
                    i = word_start(text, end)
                    end = word_end(text, i)
                    n_spans = store(text, powers, i, end, n_points, axis, points, spans, n_spans)
                n_points += 1
            elif kind == 3:
                n_closed = n_facets
            elif kind == 4:
                naming = 1
        i = end
    found[0] = n_points
    found[1] = n_facets
    found[2] = n_spans
    found[3] = n_closed


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def xml_elements(
    text: cython.const[cython.uchar][::1],
    powers: cython.const[cython.double][::1],
    element: cython.const[cython.uchar][::1],
    first: cython.const[cython.uchar][::1],
    values: cython.double[:, ::1],
    spans: cython.longlong[:, ::1],
    found: cython.longlong[::1],
) -> cython.void:
    """Read three attributes of each element; `found` gets the numbers of elements and of spans."""
    n: cython.Py_ssize_t = text.shape[0]
    length: cython.Py_ssize_t = element.shape[0]
    rows: cython.Py_ssize_t = 0
    n_spans: cython.Py_ssize_t = 0
    start: cython.Py_ssize_t
    end: cython.Py_ssize_t
    k: cython.Py_ssize_t
    axis: cython.Py_ssize_t
    quote: cython.int
    i: cython.Py_ssize_t = 0
    while True:
        while i < n and text[i] != 60:  # <
            i += 1
        if i >= n:
            break
        i += 1
        if i + 2 < n and text[i] == 33 and text[i + 1] == 45 and text[i + 2] == 45:  # a comment: on to -->
            i += 3
            while i + 2 < n and not (text[i] == 45 and text[i + 1] == 45 and text[i + 2] == 62):
                i += 1
            continue
        start = i
        while i < n and text[i] > 32 and text[i] != 62 and text[i] != 47:  # up to a blank, > or /
            i += 1
            if text[i - 1] == 58:  # what stood before the colon was a prefix
                start = i
        if i - start != length:
            continue
        k = 0
        while k < length and text[start + k] == element[k]:
            k += 1
        if k < length:
            continue
        for axis in range(3):
            values[rows, axis] = powers[23]
        while True:
            i = word_start(text, i)
            start = i
            while i < n and text[i] > 32 and text[i] != 61 and text[i] != 62 and text[i] != 47:
                i += 1
            end = i
            i = word_start(text, i)
            if i >= n or text[i] != 61:  # no = : the element ends here
                break
            i = word_start(text, i + 1)
            if i >= n:
                break
            quote = text[i]
            i += 1
            axis = -1
            if end - start == first.shape[0] and (end - start == 1 or text[start] == first[0]):
                axis = cython.cast(cython.Py_ssize_t, text[end - 1]) - cython.cast(
                    cython.Py_ssize_t, first[first.shape[0] - 1]
                )
            start = word_start(text, i)
            while i < n and text[i] != quote:
                i += 1
            end = i
            while end > start and text[end - 1] <= 32:
                end -= 1
            if 0 <= axis < 3:
                n_spans = store(text, powers, start, end, rows, axis, values, spans, n_spans)
            i += 1
        rows += 1
    found[0] = rows
    found[1] = n_spans


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def corner(
    text: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    n_points: cython.Py_ssize_t,
) -> cython.longlong:
    """Return the vertex of an OBJ corner `7`, `7/1`, `7//3` or `-1`, counted from 0; -1 where it is none."""
    i: cython.Py_ssize_t = start
    value: cython.longlong = 0
    if i < end and text[i] == 45:
        i += 1
    if i == end or text[i] == 47:
        return -1
    while i < end and text[i] != 47:  # /
        if text[i] < 48 or text[i] > 57 or value > 1000000000:
            return -1
        value = value * 10 + cython.cast(cython.longlong, text[i]) - 48
        i += 1
    value = n_points - value if text[start] == 45 else value - 1
    return value if value >= 0 else -1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def obj_lines(
    text: cython.const[cython.uchar][::1],
    powers: cython.const[cython.double][::1],
    points: cython.double[:, ::1],
    corners: cython.longlong[::1],
    offsets: cython.longlong[::1],
    spans: cython.longlong[:, ::1],
    found: cython.longlong[::1],
) -> cython.void:
    """Read the v and f lines of an OBJ; `found` gets the numbers of points, corners, polygons and spans."""
    n: cython.Py_ssize_t = text.shape[0]
    n_points: cython.Py_ssize_t = 0
    n_corners: cython.Py_ssize_t = 0
    n_faces: cython.Py_ssize_t = 0
    n_spans: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t
    stop: cython.Py_ssize_t  # end of the line
    axis: cython.Py_ssize_t
    i: cython.Py_ssize_t = 0
    while i < n:
        i = word_start(text, i)
        if i >= n:
            break
        end = word_end(text, i)
        stop = end
        while stop < n and text[stop] != 10 and text[stop] != 13:
            stop += 1
            if stop < n and text[stop - 1] == 92:  # a backslash continues the line
                while stop < n and (text[stop] == 10 or text[stop] == 13):
                    stop += 1
        if end - i == 1 and text[i] == 118:  # v
            for axis in range(3):
                i = word_start(text, end)
                end = word_end(text, i)
                if i >= stop:  # too few numbers: an empty span, which is no number
                    i = stop
                    end = stop
                n_spans = store(text, powers, i, end, n_points, axis, points, spans, n_spans)
            n_points += 1
        elif end - i == 1 and text[i] == 102:  # f
            i = word_start(text, end)
            while i < stop:
                end = word_end(text, i)
                if text[i] != 92:
                    corners[n_corners] = corner(text, i, end, n_points)
                    n_corners += 1
                i = word_start(text, end)
            n_faces += 1
            offsets[n_faces] = n_corners
        i = stop
    found[0] = n_points
    found[1] = n_corners
    found[2] = n_faces
    found[3] = n_spans
