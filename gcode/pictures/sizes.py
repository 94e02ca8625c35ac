"""How wide and high beads are, in files that tell it and in files that do not."""

from __future__ import annotations

import math

import numpy as np

from gcode.moves import Floats, Moves
from gcode.pictures.beads import are_beads, lengths

THINNEST, THICKEST, WIDEST = 0.03, 1.5, 3.0
"""mm; what a calculation from strange numbers may come to."""


def with_sizes(moves: Moves, filament_diameter: float = 1.75) -> Moves:
    """Return the moves with a width and a height for every bead: what the file does not tell follows from the filament.

    A layer is as high as it lies above the layer below. A bead of that height is a rectangle with round sides.
    """
    beads = are_beads(moves) & (moves.layer >= 0)
    untold = beads & ((moves.width <= 0) | (moves.height <= 0))
    if not untold.any():
        return moves
    height = np.where(moves.height > 0, moves.height, _steps(moves, beads)[np.maximum(moves.layer, 0)])
    section = moves.e * (math.pi / 4 * filament_diameter**2) / np.maximum(lengths(moves), 1e-3)
    width = np.clip(section / height + height * (1 - math.pi / 4), THINNEST, WIDEST)
    width = np.where(moves.width > 0, moves.width, width)
    return moves.with_(
        width=np.where(beads, width, 0).astype(np.float32), height=np.where(beads, height, 0).astype(np.float32)
    )


def _steps(moves: Moves, beads: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Return how far each layer lies above the one below that prints anything."""
    layer = moves.layer[beads]
    count = np.bincount(layer)
    z = np.bincount(layer, moves.z[beads]) / np.maximum(count, 1)
    present = np.flatnonzero(count)
    steps = np.full(len(count), THINNEST)
    steps[present] = np.clip(np.diff(z[present], prepend=0.0), THINNEST, THICKEST)
    every = np.full(int(moves.layer.max()) + 1, THINNEST)
    every[: len(steps)] = steps
    return every
