# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: line numbers and checksums, as hosts send them: `N12 G1 X5*97`. Comments are not counted."""

import cython


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _put(out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.longlong) -> cython.Py_ssize_t:
    """Write a non-negative integer; return the next position."""
    end: cython.Py_ssize_t = at + 1
    rest: cython.longlong = value // 10
    while rest > 0:
        rest //= 10
        end += 1
    k: cython.Py_ssize_t
    for k in range(end - 1, at - 1, -1):
        rest = value // 10
        out[k] = 48 + cython.cast(cython.int, value - rest * 10)
        value = rest
    return end


def number_lines(
    text: cython.const[cython.uchar][::1], out: cython.uchar[::1], number: cython.longlong
) -> tuple[int, int]:
    """Copy whole lines, each command with a number and a checksum; return how many bytes and the number after the last.

    `out` needs 32 bytes a line more than the text.
    """
    n: cython.Py_ssize_t = text.shape[0]
    first: cython.Py_ssize_t = 0
    at: cython.Py_ssize_t = 0
    cython.declare(last=cython.Py_ssize_t, end=cython.Py_ssize_t, k=cython.Py_ssize_t, begin=cython.Py_ssize_t)
    checksum: cython.int
    with cython.nogil:
        while first < n:
            last = first
            while last < n and text[last] != 10:
                last += 1
            while first < last and text[first] == 32:
                first += 1
            end = first
            while end < last and text[end] != 59:  # up to the comment
                end += 1
            k = end
            while end > first and (text[end - 1] == 32 or text[end - 1] == 13):
                end -= 1
            if end > first and text[first] != 40:
                out[at] = 78
                begin = at
                at = _put(out, at + 1, number)
                out[at] = 32
                at += 1
                while first < end:
                    out[at] = text[first]
                    at += 1
                    first += 1
                checksum = 0
                for end in range(begin, at):
                    checksum ^= out[end]
                out[at] = 42
                at = _put(out, at + 1, checksum)
                if k < last:
                    out[at] = 32
                    at += 1
                first = k
                number += 1
            while first < last:
                out[at] = text[first]
                at += 1
                first += 1
            out[at] = 10
            at += 1
            first = last + 1
    return at, number
