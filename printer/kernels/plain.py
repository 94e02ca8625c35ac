# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: how a plain move is spelled. Runs compiled or as plain Python with the same result."""

import cython

DIGITS: cython.int = 15  # a number of more is left to the slower, general reader


NOT: tuple[int, float, float, float, float, float] = (-1, 0.0, 0.0, 0.0, 0.0, 0.0)


def plain(text: bytes) -> tuple[int, float, float, float, float, float]:
    """Read a `G0` or `G1` of X, Y, Z, E and F; return which it has, as bits 0 to 4, and the five; -1 for other lines.

    >>> plain(b"G1 X1.5 F1200"), plain(b"G28 X")
    ((17, 1.5, 0.0, 0.0, 0.0, 1200.0), (-1, 0.0, 0.0, 0.0, 0.0, 0.0))
    """
    n: cython.Py_ssize_t = len(text)
    if n < 2 or text[0] != 71 or (text[1] != 49 and text[1] != 48):
        return NOT
    p: cython.Py_ssize_t = 2
    given: cython.int = 0
    c: cython.int
    which: cython.int
    digits: cython.int
    negative: cython.bint
    mantissa: cython.longlong
    scale: cython.longlong
    value: cython.double
    x: cython.double = 0.0
    y: cython.double = 0.0
    z: cython.double = 0.0
    e: cython.double = 0.0
    f: cython.double = 0.0
    while p < n:
        c = text[p]
        p += 1
        if c == 32:
            continue
        if 88 <= c <= 90:
            which = c - 88
        elif c == 69 or c == 70:
            which = c - 66
        else:
            return NOT
        negative = False
        if p < n and (text[p] == 45 or text[p] == 43):
            negative = text[p] == 45
            p += 1
        mantissa = 0
        scale = 1
        digits = 0
        while p < n and 48 <= text[p] <= 57 and digits < DIGITS:
            mantissa = mantissa * 10 + (text[p] - 48)
            digits += 1
            p += 1
        if p < n and text[p] == 46:
            p += 1
            while p < n and 48 <= text[p] <= 57 and digits < DIGITS:
                mantissa = mantissa * 10 + (text[p] - 48)
                scale *= 10
                digits += 1
                p += 1
        if digits == 0 or digits >= DIGITS or (p < n and text[p] == 46):
            return NOT
        value = cython.cast(cython.double, mantissa) / cython.cast(cython.double, scale)
        if negative:
            value = -value
        if which == 0:
            x = value
        elif which == 1:
            y = value
        elif which == 2:
            z = value
        elif which == 3:
            e = value
        else:
            f = value
        given |= 1 << which
    return given, x, y, z, e, f
