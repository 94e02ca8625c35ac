"""What was done to a whole file: each suspicion is tried by undoing it and looking whether the beads then fit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.proof.beads import Beads, Levels, levels_of
from gcode.proof.model import Model
from gcode.proof.register import Found, find
from gcode.proof.result import Fault

Floats = NDArray[np.float64]

FITS = 0.85
"""Share of the outline that has plastic at it in a file that prints the model."""
STRANGE = 0.4
"""Below this share it prints something else."""
INCH = 25.4
OFF_SIZE = 0.06
"""A side may be this much (mm) too long or short."""


class Suspicion(NamedTuple):
    """What may have been done: a name, how to say it, and what undoes it in x and y (2, 2), and in z."""

    name: str
    text: str
    undo: Floats
    undo_z: float


@dataclass(frozen=True, slots=True)
class Fit:
    """Beads as they fit best, their levels and place, and the fault that was undone for that, if any."""

    beads: Beads
    levels: Levels
    found: Found
    fault: Fault | None = None


def best_fit(model: Model, beads: Beads, raft: bool) -> Fit:
    """Return how the beads fit the model, as they are or with the one thing undone that was done to all of them."""
    ratio = _extent(beads) / model.size
    for suspicion in _units(ratio):
        return _undone(model, beads, raft, suspicion)
    fit = _fit(model, beads, raft)
    for suspicion in _scales(ratio, model.size):
        other = _undone(model, beads, raft, suspicion)
        if other.found.off < 0.6 * fit.found.off and other.found.met >= fit.found.met:
            return other
    if fit.found.met >= FITS:
        return fit
    turned = [_undone(model, beads, raft, suspicion) for suspicion in _symmetries()]
    best = max(turned, key=lambda other: other.found.met)
    if best.found.met > FITS * 0.9 and best.found.met > fit.found.met + 0.15:
        return best
    if fit.found.met >= STRANGE:
        return fit
    text = f"only {100 * fit.found.met:.0f} % of the model's outline have plastic at them, wherever it is laid"
    return Fit(fit.beads, fit.levels, fit.found, Fault("another model", text))


def _fit(model: Model, beads: Beads, raft: bool) -> Fit:
    levels = levels_of(beads, float(model.size[2]), raft)
    return Fit(beads, levels, find(model, beads, levels))


def _undone(model: Model, beads: Beads, raft: bool, suspicion: Suspicion) -> Fit:
    fit = _fit(model, beads.turned(suspicion.undo, suspicion.undo_z), raft)
    return Fit(fit.beads, fit.levels, fit.found, Fault(suspicion.name, suspicion.text))


def _extent(beads: Beads) -> Floats:
    """Return the size of what is printed, in x, y and z from the bed, mm; without the widths of beads."""
    xy = beads.ends.reshape(-1, 2)
    width = 1.25 * math.sqrt(float(np.median(beads.area)) * 4 / math.pi)  # about that of a bead
    return np.array([*(xy.max(axis=0) - xy.min(axis=0) + width), beads.z.max()])


def _units(ratio: Floats) -> Iterator[Suspicion]:
    """Yield inches taken for millimetres, or the other way round."""
    size = float(np.median(ratio))
    for factor, text in ((INCH, "25.4 times too large: millimetres read as inches"),
                         (1 / INCH, "25.4 times too small: inches read as millimetres")):  # fmt: skip
        if abs(size / factor - 1) < 0.1:
            yield Suspicion("swapped unit", text, np.eye(2) / factor, 1 / factor)


def _scales(ratio: Floats, size: Floats) -> Iterator[Suspicion]:
    """Yield a scale that explains the size, if the size is wrong."""
    wrong = np.abs(ratio - 1) * size > OFF_SIZE
    if not wrong[:2].any() and abs(ratio[2] - 1) < 0.02:
        return
    scale = float(np.median(ratio))
    if abs(scale - 1) > 0.003 and np.all(np.abs(ratio / scale - 1) * size < 2 * OFF_SIZE + np.array([0, 0, 0.2])):
        text = f"{100 * scale:.1f} % of its size in x, y and z"
        yield Suspicion("scaled", text, np.eye(2) / scale, 1 / scale)
    elif wrong.any():
        text = ", ".join(f"{100 * r:.1f} % in {axis}" for r, axis in zip(ratio, "xyz", strict=True))
        yield Suspicion("scaled", text, np.diag(1 / ratio[:2]), float(1 / ratio[2]))


def _symmetries() -> Iterator[Suspicion]:
    """Yield mirrors and quarter turns."""
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    mirror = np.diag([-1.0, 1.0])
    turn = np.eye(2)
    for degrees in (0, 90, 180, 270):
        if degrees:
            yield Suspicion("rotated", f"by {degrees} degrees about z", turn.T, 1.0)
        words = f"mirrored, and turned by {degrees} degrees" if degrees else "left and right are swapped"
        yield Suspicion("mirrored", words, mirror @ turn.T, 1.0)
        turn = quarter @ turn
