# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: number equal points, by an open-addressing hash over the bits of their coordinates."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from numpy.typing import NDArray


def weld(points: NDArray[Any], room: int = 0) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return (unique points, index of each point among them), exact equality, numbered by first appearance.

    points  (n, d) f4 or f8; -0.0 equals 0.0, and a nan equals only a nan of the same bits
    room    how many different points to expect; 0 expects the third of n, twice what a closed mesh has

    >>> unique, index = weld(np.array([[1.0, 2.0], [3.0, -0.0], [1.0, 2.0], [3.0, 0.0]]))
    >>> unique.tolist(), index.tolist()
    ([[1.0, 2.0], [3.0, 0.0]], [0, 1, 0, 1])
    """
    points = np.asarray(points)
    dtype = points.dtype
    plain = np.add(points, dtype.type(0.0), order="C").view(np.uint32)  # adding 0.0 turns -0.0 into 0.0
    index = np.empty(len(plain), np.int32)
    unique = np.empty_like(plain)
    words: cython.const[cython.uint][:, ::1] = plain
    index_view: cython.int[::1] = index
    unique_view: cython.uint[:, ::1] = unique
    slots = 16
    while slots < (room or len(plain) // 3) * 2:
        slots *= 2
    count: cython.Py_ssize_t = -1
    while count < 0:
        table: cython.int[::1] = np.full(slots, -1, np.int32)
        with cython.nogil:
            count = number(words, table, index_view, unique_view)
        slots *= 4
    return unique[:count].copy().view(dtype), index


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def number(
    words: cython.const[cython.uint][:, ::1],
    table: cython.int[::1],
    index: cython.int[::1],
    unique: cython.uint[:, ::1],
) -> cython.Py_ssize_t:
    """Number the rows of `words`; return how many differ, or -1 once `table` is three quarters full.

    table  (2**k,) filled with -1: the numbers, at the hash of their row
    index, unique  are written: the number of each row, and the rows by number
    """
    n: cython.Py_ssize_t = words.shape[0]
    d: cython.Py_ssize_t = words.shape[1]
    mask: cython.ulonglong = table.shape[0] - 1
    limit: cython.Py_ssize_t = table.shape[0] * 3 // 4
    factor: cython.ulonglong = 2654435761  # Knuth's: 2**32 over the golden ratio
    low: cython.ulonglong = 4294967295
    count: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    other: cython.int
    hashed: cython.ulonglong
    for i in range(n):
        hashed = 0
        for j in range(d):  # both factors stay below 2**32: the product does not wrap around
            hashed = ((hashed ^ cython.cast(cython.ulonglong, words[i, j])) * factor) & low
            hashed = hashed ^ (hashed >> 15)
        hashed = hashed & mask
        while True:
            other = table[hashed]
            if other < 0:
                break
            j = 0
            while j < d and unique[other, j] == words[i, j]:
                j += 1
            if j == d:
                break
            hashed = (hashed + 1) & mask
        if other < 0:
            if count >= limit:
                return -1
            other = cython.cast(cython.int, count)
            table[hashed] = other
            for j in range(d):
                unique[other, j] = words[i, j]
            count += 1
        index[i] = other
    return count
