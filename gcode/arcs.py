"""Arcs for runs of short beads: fewer lines, the same path within a tolerance.

Beads are taken together where nothing but the direction changes: role, width, height, speed, acceleration, fan, tool,
layer, object and z are those of the one before, no command stands between them, and each takes its share of the
filament. What the arc replaces, every point of it, lies within the tolerance of the arc as it is written.

Firmwares split arcs into chords again. Marlin's are 1 mm or shorter (`MAX_ARC_SEGMENT_MM`, 72 to a full circle at
least), RepRapFirmware's by time; Klipper knows arcs only with a section `[gcode_arcs]`, whose `resolution` is 1 mm
unless it says otherwise: 0.1 suits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gcode.kernels.arcs import Fitter
from gcode.moves import Moves
from gcode.roles import Role

Mask = NDArray[np.bool_]
ALIKE = dict.fromkeys(("role", "tool", "layer", "object", "acceleration"), 1.0) | {
    "width": 1e3, "height": 1e5, "speed": 600.0, "fan": 255.0
}  # fmt: skip
"""Columns that must not change, and the steps in which they are written."""
FAR = 1e4
"""mm, longer than any bead."""
HALF_DIAGONAL = 0.71
"""How far a point moves at most when it is rounded, in last digits."""


def fit(moves: Moves, tolerance: float, xyz_digits: int = 3, e_digits: int = 5) -> NDArray[np.int64]:
    """Return arcs (k, 5): first row, last row, I and J in units of the last digit, and whether it turns left.

    >>> turn = np.linspace(0, np.pi, 41)
    >>> moves = Moves.of(41, x=10 * np.cos(turn), y=10 * np.sin(turn), e=np.r_[0, np.full(40, 0.1)], speed=30)
    >>> fit(moves, 0.02).tolist()
    [[1, 40, -10000, -4, 1]]
    """
    scale, digit = 10.0**xyz_digits, 10.0**-e_digits
    together = (moves.line[1:] == moves.line[:-1]) & (moves.line[1:] > 0)
    chords = np.concatenate([together, [False]]) | np.concatenate([[False], together])
    with np.errstate(invalid="ignore"):  # what is no number is refused by the writer
        x, y, z = (
            np.where(np.concatenate([[False], chords]), column, np.rint(column * scale) / scale)
            for start, moved in zip(moves.start, (moves.x, moves.y, moves.z), strict=False)
            for column in [np.concatenate([[start], moved])]
        )
        e = np.diff(np.rint(np.cumsum(np.where(moves.role == Role.CUSTOM, 0.0, moves.e)) / digit), prepend=0.0) * digit
    steps = np.abs(np.diff(x)) + np.abs(np.diff(y))
    beads = (e > 0) & (moves.role != Role.CUSTOM) & (steps > 1.5 / scale) & (steps < FAR) & (np.diff(z) == 0)
    beads[moves.command_row[moves.command_row < len(moves)]] = False
    runs = _runs(moves, beads, together, chords)
    arcs = np.empty((int((runs[:, 1] - runs[:, 0]).sum()) // 3, 5), np.int64)
    fitter = Fitter(x, y, e, max(tolerance - HALF_DIAGONAL / scale, 0.0), 1.5 * digit, scale)
    return arcs[: fitter.fit_runs(runs, arcs)].copy()


def _runs(moves: Moves, beads: Mask, together: Mask, chords: Mask) -> NDArray[np.int64]:
    """Return runs (r, 3) of alike beads: first row, row behind the last, whether they come from one line."""
    goes_on = beads[1:] & beads[:-1]
    for name, steps in ALIKE.items():
        column = np.rint(getattr(moves, name) * steps)
        goes_on &= column[1:] == column[:-1]
    goes_on &= together | ~(chords[1:] | chords[:-1])
    ends = np.diff(np.concatenate([[False], goes_on, [False]]).astype(np.int8))
    first, last = np.flatnonzero(ends > 0), np.flatnonzero(ends < 0) + 1
    return np.stack([first, last, chords[first]], axis=1).astype(np.int64)
