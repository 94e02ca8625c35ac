# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: checksums of lines, and framed lines as a firmware reads them. Runs compiled or as plain Python."""

import cython


def checksum(data: bytes) -> int:
    """Return the exclusive or of all bytes.

    >>> checksum(b"N0 M110 N0")
    125
    """
    total: cython.int = 0
    p: cython.Py_ssize_t
    for p in range(len(data)):
        total ^= data[p]
    return total


def usual(line: bytes) -> tuple[int, int, int]:
    """Return line number, start and end of the command of a line as most are: `N`, number, blank, `G...`, `*`, sum.

    The start is 0 where the line is not like that, its sum does not fit, or something in it needs a closer look.

    >>> usual(b"N7 G1 X2*84"), usual(b"N8 M105*33")
    ((7, 3, 8), (0, 0, 0))
    """
    n: cython.Py_ssize_t = len(line)
    p: cython.Py_ssize_t = 1
    number: cython.longlong = 0
    given: cython.int = 0
    total: cython.int = 0
    c: cython.int
    if n < 8 or n > 96 or line[0] != 78:
        return 0, 0, 0
    while p < n and 48 <= line[p] <= 57:
        number = number * 10 + (line[p] - 48)
        p += 1
    if p == 1 or p > 12 or p + 2 >= n or line[p] != 32 or line[p + 1] != 71:
        return 0, 0, 0
    start: cython.Py_ssize_t = p + 1
    for p in range(start):
        total ^= line[p]
    p = start
    while p < n and line[p] != 42:
        c = line[p]
        if c == 59 or c == 92 or c == 8 or c == 77:  # a comment, an escape, a backspace, an M
            return 0, 0, 0
        total ^= c
        p += 1
    star: cython.Py_ssize_t = p
    p += 1
    if p >= n or n - p > 3 or line[star - 1] == 32:
        return 0, 0, 0
    while p < n and 48 <= line[p] <= 57:
        given = given * 10 + (line[p] - 48)
        p += 1
    if p < n or given != total:
        return 0, 0, 0
    return number, start, star


def unframe(line: bytes) -> tuple[int, int, int, bool]:
    """Return line number, where the command starts, where its checksum's `*` stands (-1: none), and whether it fits.

    The line starts with `N`. The checksum is the exclusive or of all bytes before the last `*`.
    """
    n: cython.Py_ssize_t = len(line)
    p: cython.Py_ssize_t = 1
    number: cython.longlong = 0
    negative: cython.bint = False
    total: cython.int = 0
    given: cython.int = 0
    digits: cython.int = 0
    star: cython.Py_ssize_t = n - 1
    while p < n and line[p] == 32:
        p += 1
    if p < n and line[p] == 45:
        negative = True
        p += 1
    while p < n and 48 <= line[p] <= 57 and digits < 12:
        number = number * 10 + (line[p] - 48)
        digits += 1
        p += 1
    while p < n and line[p] == 32:
        p += 1
    start: cython.Py_ssize_t = p
    while star >= 0 and line[star] != 42:
        star -= 1
    if star >= 0:
        for p in range(star):
            total ^= line[p]
        p = star + 1
        while p < n and line[p] == 32:
            p += 1
        digits = 0
        while p < n and 48 <= line[p] <= 57 and digits < 6:
            given = given * 10 + (line[p] - 48)
            digits += 1
            p += 1
    return (-number if negative else number), start, star, star >= 0 and digits > 0 and given == total
