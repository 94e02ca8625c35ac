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
