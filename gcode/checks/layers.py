"""Does each layer lie on the one before, from the bed up?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence, Rows
from gcode.checks.sightings import Sighting
from gcode.moves import Floats
from gcode.roles import Role

SQUARE = 1.0
"""Beads within the same square of this size lie on each other, mm."""
SAME = 0.001
"""Heights closer than this are one, mm."""


def layer_order(e: Evidence) -> Iterator[Sighting]:
    """Yield beads that come a layer or more below what has been printed in their place.

    Parts printed one after the other go back down too, but elsewhere: the bed is looked at in squares.
    """
    rows = e.bead_rows
    z = e.moves.z[rows]
    if not len(rows) or (np.maximum.accumulate(z) - z).max() < SAME:
        return
    x, y, pieces = e.squares(rows, SQUARE)
    squares = (x - x.min()) * (int(np.ptp(y)) + 1) + (y - y.min())
    drops = _highest_before(squares, np.repeat(z, pieces)) - np.repeat(z, pieces)
    drop = np.maximum.reduceat(drops, np.cumsum(pieces) - pieces)
    low = drop > max(0.95 * _layer_height(e), SAME)
    if low.any():
        what = "a bead lies below what was printed in its place, by"
        yield Sighting(what, rows[low], drop[low], unit="mm")


def _highest_before(squares: Rows, z: Floats) -> Floats:
    """Return the greatest z in the same square up to each bead, itself included."""
    order = np.argsort(squares, kind="stable")
    steps = np.cumsum(np.diff(squares[order], prepend=squares[order[0]]) > 0) * (np.ptp(z) + 1.0)
    highest = np.empty(len(z))
    highest[order] = np.maximum.accumulate(z[order] + steps) - steps
    return highest


def _layer_height(e: Evidence) -> float:
    """Return the usual step between heights at which beads lie."""
    levels = _levels(e)[0]
    return float(np.median(np.diff(levels))) if len(levels) > 1 else 0.0


def _levels(e: Evidence) -> tuple[Floats, Rows]:
    """Return the heights at which beads lie, ascending, and the first bead of each."""
    z = np.round(e.moves.z[e.bead_rows] / SAME)
    levels, first = np.unique(z, return_index=True)
    return levels * SAME, e.bead_rows[first]


def floating(e: Evidence) -> Iterator[Sighting]:
    """Yield the first beads above a gap: what lies below ends further down than they are high."""
    levels, first = _levels(e)
    if len(levels) < 2:
        return
    height = e.moves.height[first].astype(np.float64)
    reach = np.where(height > 0, height * 1.05 + 0.02, 1.05 * e.limits.nozzle_diameter)[1:]
    gap = np.diff(levels)
    raft = np.isin(e.moves.role[first], (Role.SUPPORT, Role.SUPPORT_INTERFACE))[:-1]  # leaves a gap that parts
    found = (gap > reach) & ~raft
    if found.any():
        yield Sighting("nothing was printed below this layer: it floats", first[1:][found], gap[found], unit="mm step")


def first_layer(e: Evidence) -> Iterator[Sighting]:
    """Yield the first bead if it is in the bed or above it in the air."""
    if not len(e.bead_rows):
        return
    z, most = float(e.moves.z[e.bead_rows].min()), 1.5 * e.limits.nozzle_diameter
    row = e.bead_rows[:1]
    if 0 <= z < 0.02:
        yield Sighting("the first layer has no height", row, np.array([z]), 0.02, "mm")
    elif z > most:
        yield Sighting("the first layer is printed in the air", row, np.array([z]), most, "mm")
