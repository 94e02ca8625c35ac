"""Fill the holes of a surface: each closed border gets the triangles of least area that span it.

A hole that several planes cut through is closed the same way in all of them; closed in the plane, end to nearest
start, the borders of neighbouring holes are easily mistaken for each other's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slicer.nouns import Floats, Ints

Faces = NDArray[np.int32]

LARGEST = 400
"""Borders of more edges are no holes but where a surface ends; the work grows with the cube of this."""


def fill_holes(points: Floats, border: Faces) -> tuple[Faces, Floats]:
    """Return (new faces (n, 3), width (h,) mm of each hole they fill).

    Parameters
    ----------
    points : (v, 3) mm
    border : (b, 2) the edges of one face only, as that face runs along them
    """
    holes = [hole[::-1] for hole in loops_of(border) if 3 <= len(hole) <= LARGEST]
    made = [np.asarray(hole, np.int32)[span(points[hole])] for hole in holes]
    width = np.array([float(np.ptp(points[hole], axis=0).max()) for hole in holes])
    return np.concatenate([np.empty((0, 3), np.int32), *made]), width


def loops_of(border: Faces) -> list[list[int]]:
    """Return the closed walks along directed edges, none through a vertex twice; what is not closed is left out.

    >>> loops_of(np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 4], [4, 2], [7, 8]], np.int32))
    [[0, 1, 2], [2, 3, 4]]
    """
    onward: dict[int, list[int]] = {}
    for a, b in border[::-1].tolist():
        onward.setdefault(a, []).append(b)
    loops: list[list[int]] = []
    for first in sorted(onward):
        walk, place = [first], {first: 0}
        while onward.get(walk[-1]):
            following = onward[walk[-1]].pop()
            if following in place:  # a walk that meets itself closes a loop; what led there goes on
                at = place[following]
                loops.append(walk[at:])
                for gone in walk[at + 1 :]:
                    del place[gone]
                del walk[at + 1 :]
            else:
                place[following] = len(walk)
                walk.append(following)
    return loops


def span(corners: Floats) -> Ints:
    """Return the triangles (n - 2, 3) of least area in all that span a closed polygon (n, 3) in space.

    The best way to span the chord from i to j is the best corner m between them, and both sides of it (Klincsek 1980).
    """
    n = len(corners)
    area = np.zeros((n, n))  # [d, i]: least area between corners i and i + d
    best = np.zeros((n, n), np.int64)
    for d in range(2, n):
        a, k = np.arange(n - d), np.arange(1, d)[:, None]
        middle, chord = corners[a + k] - corners[a], corners[a + d] - corners[a]
        triangle = 0.5 * np.linalg.norm(np.cross(middle, chord), axis=2)
        total = area[k, a] + area[d - k, a + k] + triangle
        choice = total.argmin(axis=0)
        best[d, a], area[d, a] = choice + 1, total[choice, a]
    triangles: list[tuple[int, int, int]] = []
    todo = [(0, n - 1)]
    while todo:
        i, j = todo.pop()
        if j - i > 1:
            m = i + int(best[j - i, i])
            triangles.append((i, m, j))
            todo += [(i, m), (m, j)]
    return np.array(triangles, np.int64)
