"""Offset algebra: segments of flat arrays, safe for empty segments (`np.add.reduceat` is not).

`offsets` (n + 1,) splits a flat array into n segments `flat[offsets[i]:offsets[i + 1]]`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def offsets_of(counts: Any) -> Ints:
    """Return offsets from segment lengths.

    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    counts = np.asarray(counts, np.int64)
    out = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=out[1:])
    return out


def segment_ids(offsets: Any) -> Ints:
    """Return for each element the number of its segment.

    >>> segment_ids([0, 2, 2, 5]).tolist()
    [0, 0, 2, 2, 2]
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def segment_sum(values: Any, offsets: Any) -> NDArray[np.float64]:
    """Return the sum of each segment, whatever the others hold; 0 for an empty one.

    >>> segment_sum([1.0, 2.0, 4.0], [0, 2, 2, 3]).tolist()
    [3.0, 0.0, 4.0]
    """
    total = np.bincount(segment_ids(offsets), np.asarray(values, np.float64), len(offsets) - 1)
    return total.astype(np.float64, copy=False)  # of no values, bincount makes integers


def distinct(values: Any) -> NDArray[Any]:
    """Return the different values of an array (n,), sorted; `np.unique` loads numpy.ma first, 5 ms of a short job.

    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]


def gather(offsets: Any, rows: Any) -> tuple[Ints, Ints]:
    """Return (element indices, new offsets) of the chosen segments in the given order.

    >>> index, offsets = gather([0, 2, 2, 5], [2, 0])
    >>> index.tolist(), offsets.tolist()
    ([2, 3, 4, 0, 1], [0, 3, 5])
    """
    offsets, rows = np.asarray(offsets, np.int64), np.asarray(rows, np.int64)
    counts = offsets[rows + 1] - offsets[rows]
    new = offsets_of(counts)
    return np.arange(new[-1]) + np.repeat(offsets[rows] - new[:-1], counts), new


def lent(owner: Any, of: Any) -> tuple[Ints, Ints]:
    """Return (elements, borrower): borrower i gets all elements whose owner is of[i]; `owner` is sorted.

    >>> elements, borrower = lent([0, 0, 2], [2, 0, 0, 1])
    >>> elements.tolist(), borrower.tolist()
    ([2, 0, 1, 0, 1], [0, 1, 1, 2, 2])
    """
    of = np.asarray(of, np.int64)
    elements, offsets = gather(np.searchsorted(owner, np.arange(of.max(initial=-1) + 2)), of)
    return elements, segment_ids(offsets)
