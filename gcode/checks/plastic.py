"""Does E mean what it says: beads of a possible size, no blobs, no strings?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence
from gcode.checks.findings import Sighting
from gcode.moves import Floats

MOST_SECTION = 4.0
"""A bead's cross-section in squares of the nozzle's diameter: 2.5 wide and 0.8 high are 2."""
ABSURD_SECTION = 8.0
SHARE = 0.3
"""Of the beads, from which on a fault is that of the file's mode rather than of single lines."""
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
    """Yield long travels between beads that nothing was pulled back for."""
    if not e.limits.retracts or not len(e.bead_rows):
        return
    pushed = np.cumsum(e.moves.e)
    since = np.cumsum(e.beads) - 1  # number of the last bead, -1 before the first
    pulled = pushed[e.bead_rows[np.maximum(since, 0)]] - pushed
    loose = np.where(~e.beads & e.printing & (since >= 0) & (pulled < RETRACTED), e.flat, 0.0)
    total = _between_beads(e, loose)[1:-1]  # between two beads
    over = total > e.limits.long_travel
    if over.any():
        what = "a long travel without retraction"
        yield Sighting(what, e.bead_rows[:-1][over] + 1, total[over], e.limits.long_travel, "mm")


def _between_beads(e: Evidence, column: Floats) -> Floats:
    """Return sums (len(bead_rows) + 1,) of a column before, between and after the beads."""
    ends = np.concatenate([[0.0], np.cumsum(column)])
    return np.diff(ends[np.concatenate([[0], e.bead_rows, [len(column)]])])
