# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: number the connected pieces of an image."""

import cython


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _root(parent: cython.int[::1], i: cython.int) -> cython.int:
    """Return the number that stands for all that i was joined with, and shorten the way there."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _join(parent: cython.int[::1], i: cython.int, j: cython.int) -> cython.int:
    """Join what i and j stand for, under the smaller; 0 stands for nothing."""
    if i == 0 or j == 0:
        return i + j
    i = _root(parent, i)
    j = _root(parent, j)
    parent[max(i, j)] = min(i, j)
    return min(i, j)


def label(
    mask: cython.const[cython.uchar][:, ::1], corners: cython.bint, out: cython.int[:, ::1], parent: cython.int[::1]
) -> cython.int:
    """Number the pieces of what is not 0 in a mask from 1, in the order of their first squares; return how many.

    corners  whether squares that only share a corner are connected
    out      number of each square's piece; 0 where the mask is 0
    parent   (squares / 2 + 2,) room to work in
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    here: cython.int
    used: cython.int = 0
    count: cython.int = 0
    columns: cython.Py_ssize_t = mask.shape[1]
    with cython.nogil:
        parent[0] = 0
        for i in range(mask.shape[0]):
            for j in range(columns):
                here = 0
                if mask[i, j]:
                    if j > 0:
                        here = out[i, j - 1]
                    if i > 0:
                        here = _join(parent, here, out[i - 1, j])
                        if corners:
                            if j > 0:
                                here = _join(parent, here, out[i - 1, j - 1])
                            if j < columns - 1:
                                here = _join(parent, here, out[i - 1, j + 1])
                    if here == 0:
                        used += 1
                        parent[used] = used
                        here = used
                out[i, j] = here
        # roots are the smallest numbers of their pieces: those before them already have their final number
        for i in range(1, used + 1):
            here = parent[i]
            if here == i:
                count += 1
                parent[i] = count
            else:
                parent[i] = parent[here]
        for i in range(mask.shape[0]):
            for j in range(columns):
                out[i, j] = parent[out[i, j]]
    return count
