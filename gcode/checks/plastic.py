"""Does E mean what it says: beads of a possible size, no blobs, no strings?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence, Rows
from gcode.checks.sightings import Sighting
from gcode.moves import Floats

MOST_SECTION = 4.0
"""A bead's cross-section in squares of the nozzle's diameter: 2.5 wide and 0.8 high are 2."""
ABSURD_SECTION = 8.0
SHARE = 0.3
"""Of the beads, from which on a fault is that of the file's mode rather than of single lines."""
OPEN = 4.0
"""A square of this size without a bead is open; sparse infill leaves less, mm."""
RETRACTED = 0.05
"""Filament pulled back by less is not meant as a retraction, mm."""


def e_mode(e: Evidence) -> Iterator[Sighting]:
    """Yield the first bead of a file whose E words are read in the wrong mode.

    Running totals read as differences make beads that are absurdly thick, each thicker than the last; differences read
    as running totals pull back about as often as they push.
    """
    if len(e.bead_rows) < 4:
        return
    absurd = float(np.mean(e.section > ABSURD_SECTION * e.limits.nozzle_diameter**2))
    if absurd > SHARE and np.mean(np.diff(e.moves.e[e.bead_rows]) > 0) > 0.8:
        what = "E words look like running totals, but are relative here"
        yield Sighting(what, e.bead_rows[:1], e.section[:1], unit="mm2")
    ways = e.moves.e[e.printing & (e.flat > 0)]
    pulled, total = float(-ways[ways < 0].sum()), float(np.abs(ways).sum())
    if pulled > SHARE * total and np.mean(ways < 0) > SHARE / 2:
        what = "E words look relative, but are running totals here: beads pull filament back"
        yield Sighting(what, np.flatnonzero(e.printing & (e.flat > 0) & (e.moves.e < 0))[:1])


def too_thick(e: Evidence) -> Iterator[Sighting]:
    """Yield beads with more plastic than a nozzle can lay down."""
    limit = MOST_SECTION * e.limits.nozzle_diameter**2
    over = e.section > limit
    if over.any():
        yield Sighting("a bead too thick for the nozzle", e.bead_rows[over], e.section[over], limit, "mm2")


def blob(e: Evidence) -> Iterator[Sighting]:
    """Yield where the head stands and pushes more filament than was pulled back before."""
    pushed = np.cumsum(e.moves.e)
    most = np.maximum.accumulate(pushed)
    excess = np.diff(most, prepend=0.0)
    excess[(e.flat > 0) | ~e.printing] = 0.0
    total = _between_beads(e, excess)
    over = total > e.limits.blob
    if over.any():
        rows = np.concatenate([[0], e.bead_rows])[over]
        rows = np.minimum(rows + 1, len(e.moves) - 1)  # what stands after the bead
        what = "filament is pushed while the head stands"
        yield Sighting(what, rows, total[over], e.limits.blob, "mm of filament")


def stringing(e: Evidence) -> Iterator[Sighting]:
    """Yield long travels through the open, between beads, that nothing was pulled back for."""
    if not e.limits.retracts or not len(e.bead_rows):
        return
    pushed = np.cumsum(e.moves.e)
    since = np.cumsum(e.beads) - 1  # number of the last bead, -1 before the first
    pulled = pushed[e.bead_rows[np.maximum(since, 0)]] - pushed
    loose = ~e.beads & e.printing & (since >= 0) & (since < len(e.bead_rows) - 1) & (pulled < RETRACTED) & (e.flat > 0)
    rows = np.flatnonzero(loose)
    rows = rows[_between_beads(e, np.where(loose, e.flat, 0.0))[1:-1][since[rows]] > e.limits.long_travel]
    if not len(rows):
        return
    way = np.zeros(len(e.moves))
    way[rows] = _in_the_open(e, rows)
    total = _between_beads(e, way)[1:-1]  # after each bead but the last
    over = total > e.limits.long_travel
    if over.any():
        what = "a long travel through the open without retraction"
        yield Sighting(what, e.bead_rows[:-1][over] + 1, total[over], e.limits.long_travel, "mm")


def _in_the_open(e: Evidence, rows: Rows) -> Floats:
    """Return how far rows lead through squares in which their layer prints nothing, mm."""
    layers = np.zeros(int(e.moves.layer.max()) + 1, bool)
    layers[e.moves.layer[rows]] = True
    beads = e.bead_rows[layers[e.moves.layer[e.bead_rows]]]
    ways, pieces = _squares(e, rows)
    empty = ~np.isin(ways, _squares(e, beads)[0])
    share: Floats = np.add.reduceat(empty.astype(np.float64), np.cumsum(pieces) - pieces) / pieces
    return share * e.flat[rows]


def _squares(e: Evidence, rows: Rows) -> tuple[Rows, Rows]:
    """Return numbers of the squares that rows pass through, told apart by layer, and how many each row passes."""
    x, y, pieces = e.squares(rows, OPEN)
    return (np.repeat(e.moves.layer[rows].astype(np.int64), pieces) << 40) + (x << 20) + y, pieces


def _between_beads(e: Evidence, column: Floats) -> Floats:
    """Return sums (len(bead_rows) + 1,) of a column before, between and after the beads."""
    ends = np.concatenate([[0.0], np.cumsum(column)])
    return np.diff(ends[np.concatenate([[0], e.bead_rows, [len(column)]])])
