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

ALIKE = ("role", "width", "height", "speed", "acceleration", "fan", "tool", "layer", "object")


def fit(moves: Moves, tolerance: float, xyz_digits: int = 3, e_digits: int = 5) -> NDArray[np.int64]:
    """Return arcs (k, 5): first row, last row, I and J in units of the last digit, and whether it turns left.

    >>> turn = np.linspace(0, np.pi, 41)
    >>> moves = Moves.of(41, x=10 * np.cos(turn), y=10 * np.sin(turn), e=np.r_[0, np.full(40, 0.1)], speed=30)
    >>> fit(moves, 0.02).tolist()
    [[1, 40, -10000, -4, 1]]
    """
    run_at = _runs(moves, xyz_digits)
    x, y = np.concatenate([moves.start[:1], moves.x]), np.concatenate([moves.start[1:2], moves.y])
    arcs = np.empty((int((run_at[1::2] - run_at[::2]).sum()) // 3, 5), np.int64)
    fitter = Fitter(x, y, moves.e, tolerance, 1.5 * 10.0**-e_digits, 10.0**xyz_digits)
    return arcs[: fitter.fit_runs(run_at, arcs)].copy()


def _runs(moves: Moves, xyz_digits: int) -> NDArray[np.int64]:
    """Return where runs of alike beads begin and, in turn, end: rows (2 r,)."""
    n = len(moves)
    last_digit = 10.0**-xyz_digits
    dx, dy, dz = (np.diff(c, prepend=s) for c, s in zip((moves.x, moves.y, moves.z), moves.start, strict=False))
    bead = (moves.e > 0) & (moves.role != Role.CUSTOM) & (np.abs(dx) + np.abs(dy) >= 2 * last_digit)
    with np.errstate(invalid="ignore"):
        bead &= (np.abs(dz) < 1e-9) & (np.abs(moves.x) < 1e6) & (np.abs(moves.y) < 1e6)
    commanded = np.zeros(n + 1, np.bool_)
    commanded[moves.command_row] = True
    bead &= ~commanded[:n]
    goes_on = bead[1:] & bead[:-1]
    for name in ALIKE:
        column = getattr(moves, name)
        goes_on &= column[1:] == column[:-1]
    ends = np.diff(np.concatenate([[False], goes_on, [False]]).astype(np.int8))
    run_at = np.empty(2 * int((ends > 0).sum()), np.int64)
    run_at[::2] = np.flatnonzero(ends > 0)
    run_at[1::2] = np.flatnonzero(ends < 0) + 1
    return run_at
