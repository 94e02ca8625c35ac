"""What was done to a whole file: each suspicion is tried by undoing it and looking whether the beads then fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gcode.moves import Floats
from gcode.proof.beads import Beads, Levels, levels_of, width_of
from gcode.proof.model import Model
from gcode.proof.register import Found, find
from gcode.proof.result import Fault

FITS = 0.85
"""Share of the outline that has plastic at it in a file that prints the model."""
CLEAR = 0.15
"""Something undone that brings this share more of the outline to its place was done."""
SCATTER = 0.02
"""Plastic scatters this much (mm) about the outline where nothing was done to it."""
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
    for suspicion in _units(_extent(beads) / model.size):
        return _undone(model, beads, raft, suspicion)
    fit = _fit(model, beads, raft)
    tried = []
    for suspicion in _scales(_extent(beads, fit.levels) / model.size, model.size, fit.levels):
        rough = _undone(model, beads, raft, suspicion)
        tried.append(_undone(model, beads, raft, _refined(suspicion, rough.found.growth)))
    explained = [other for other in tried if _explains(other.found, fit.found)]
    if fit.found.met < FITS:
        turned = [_undone(model, beads, raft, suspicion) for suspicion in _symmetries()]
        explained += [other for other in turned if other.found.met > max(fit.found.met + CLEAR, 0.9 * FITS)]
    if explained:
        return max(explained, key=lambda other: round(other.found.met, 1))  # the first, where several fit alike
    if fit.found.met >= STRANGE:
        return fit
    text = f"only {100 * fit.found.met:.0f} % of the model's outline have plastic at them, wherever it is laid"
    return Fit(fit.beads, fit.levels, fit.found, Fault("another model", text))


def _explains(undone: Found, found: Found) -> bool:
    """Tell whether something that was undone makes beads fit so much better that it must have been done."""
    if undone.met > found.met + CLEAR:
        return undone.met > 0.9 * FITS
    if undone.met < found.met - 0.02:
        return False
    straight = undone.spread < 0.6 * found.spread and found.spread > SCATTER
    smaller = abs(undone.bias) < 0.5 * abs(found.bias) and undone.spread < found.spread + SCATTER / 4
    return straight or smaller


def _fit(model: Model, beads: Beads, raft: bool) -> Fit:
    levels = levels_of(beads, float(model.size[2]), raft)
    return Fit(beads, levels, find(model, beads, levels))


def _undone(model: Model, beads: Beads, raft: bool, suspicion: Suspicion) -> Fit:
    fit = _fit(model, beads.turned(suspicion.undo, suspicion.undo_z), raft)
    return Fit(fit.beads, fit.levels, fit.found, Fault(suspicion.name, suspicion.text))


def _extent(beads: Beads, levels: Levels | None = None) -> Floats:
    """Return the size of what is printed (x, y, z) from the bed, mm; with the widths of beads if levels are known."""
    half = np.zeros(len(beads)) if levels is None else width_of(beads.area, levels.height[levels.level]) / 2
    low, high = (pick(beads.ends[:, :2], beads.ends[:, 2:]) for pick in (np.minimum, np.maximum))
    side = (high + half[:, None]).max(axis=0) - (low - half[:, None]).min(axis=0)
    return np.array([*side, beads.z.max() - (0 if levels is None else levels.base)])


def _units(ratio: Floats) -> Iterator[Suspicion]:
    """Yield inches taken for millimetres, or the other way round."""
    size = float(np.median(ratio))
    for factor, text in ((INCH, "25.4 times too large: millimetres read as inches"),
                         (1 / INCH, "25.4 times too small: inches read as millimetres")):  # fmt: skip
        if abs(size / factor - 1) < 0.1:
            yield Suspicion("swapped unit", text, np.eye(2) / factor, 1 / factor)


def _scales(ratio: Floats, size: Floats, levels: Levels) -> Iterator[Suspicion]:
    """Yield a scale that explains the size, if the size is wrong; in z it is only known to a layer or two."""
    layer = float(np.median(levels.height))
    wrong = np.abs(ratio - 1) * size > [OFF_SIZE, OFF_SIZE, 1.6 * layer]
    scale = float(ratio[:2] @ size[:2] / size[:2].sum())
    loose = OFF_SIZE + abs(scale - 1)  # widths of beads are not scaled
    alike = np.abs(ratio - scale) * size < [2 * loose, 2 * loose, 1.6 * layer]
    if abs(scale - 1) > 0.002 and wrong[:2].any() and alike.all():
        yield Suspicion("scaled", _in_all(scale), np.eye(2) / scale, 1 / scale)
    if wrong.any() and (ratio > 0).all():
        text = ", ".join(f"{100 * r:.1f} % in {axis}" for r, axis in zip(ratio, "xyz", strict=True))
        yield Suspicion("scaled", text, np.diag(1 / ratio[:2]), float(1 / ratio[2]))


def _refined(scale: Suspicion, growth: float) -> Suspicion:
    """Return a suspected scale corrected by what is still too large once it is undone."""
    undo = scale.undo / (1 + growth)
    if scale.undo[0, 0] != scale.undo[1, 1]:
        return scale
    return Suspicion(scale.name, _in_all(1 / undo[0, 0]), undo, float(undo[0, 0]))


def _in_all(scale: float) -> str:
    return f"{100 * scale:.1f} % of its size in x, y and z"


def _symmetries() -> Iterator[Suspicion]:
    """Yield mirrors and quarter turns."""
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    mirror = np.diag([-1.0, 1.0])
    turn = np.eye(2)
    for degrees in (0, 90, 180, 270):
        words = f"and turned by {degrees} degrees" if degrees else "left and right are swapped"
        yield Suspicion("mirrored", words, mirror @ turn.T, 1.0)
        if degrees:
            yield Suspicion("rotated", f"by {degrees} degrees about z", turn.T, 1.0)
        turn = quarter @ turn
