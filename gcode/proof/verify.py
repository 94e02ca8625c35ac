"""Prove that a G-code file prints a model: find where it was laid, measure it, and say what is wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.errors import GcodeError
from gcode.moves import Floats, Moves
from gcode.proof.beads import Beads, beads_of
from gcode.proof.causes import best_fit
from gcode.proof.diagnosis import diagnose, shell_of
from gcode.proof.measure import Placed, measure
from gcode.proof.model import Model, load, model_of
from gcode.proof.plate import share_out
from gcode.proof.result import Fault, Part, Proof

Source = Model | str | os.PathLike[str] | tuple[Floats, NDArray[np.integer[Any]]]


class NothingDeposited(GcodeError):
    """A G-code file that lays no bead."""


def verify(
    models: Source | Sequence[Source],
    moves: Moves,
    filament_diameter: float | None = None,
    workers: int | None = None,
) -> Proof:
    """Return how well the beads of a G-code file make up its models.

    Parameters
    ----------
    models : files, or (vertices (v, 3), faces (f, 3)) in mm, or a list of these: all that is on the plate
    moves : of any slicer's file, as `gcode.read` returns them
    filament_diameter : mm; as the file says by default, else 1.75
    workers : threads; the result is the same on any number of them

    Raises `UnreadableModel` and `NothingDeposited`.
    """
    beads = beads_of(moves, filament_diameter)
    if not len(beads):
        raise NothingDeposited("the G-code deposits nothing: no move extrudes while it goes from place to place")
    own = beads[~beads.beside] if not beads.beside.all() else beads
    raft = _has_raft(beads)
    chosen = [_model(source) for source in _several(models)]
    shares = share_out(chosen, own)
    parts = tuple(_prove(model, share, raft, workers) for model, share in shares if len(share))
    absent = [
        Fault("not printed", f"{model.name} is nowhere on the plate") for model, share in shares if not len(share)
    ]
    return Proof(parts, (*absent, *(fault for part in parts for fault in part.faults)))


def _prove(model: Model, beads: Beads, raft: bool, workers: int | None) -> Part:
    """Return what is found of one model and the beads that are laid for it."""
    fit = best_fit(model, beads, raft)
    placed = Placed.of(model, fit.beads, fit.levels, fit.found.shift)
    measured = measure(placed, workers)
    shell = shell_of(placed, measured)
    faults = [fit.fault] if fit.fault else []
    if not fit.fault or fit.fault.name != "another model":
        faults += diagnose(placed, measured, shell)
    return Part(placed, measured, shell, tuple(faults))


def _has_raft(beads: Beads) -> bool:
    """Tell whether what does not belong to the part begins below it."""
    return bool(beads.beside.any() and beads.z[beads.beside].min() < beads.z[~beads.beside].min(initial=np.inf) - 0.01)


def _several(models: Source | Sequence[Source]) -> Sequence[Source]:
    """Return a list of sources, also where there is one; (vertices, faces) is one."""
    if isinstance(models, Model | str | os.PathLike):
        return [models]
    if isinstance(models, tuple) and len(models) == 2 and isinstance(models[0], np.ndarray):
        return [(models[0], np.asarray(models[1]))]
    return [*models]


def _model(source: Source) -> Model:
    """Return a model from whatever stands for one."""
    if isinstance(source, Model):
        return source
    if isinstance(source, tuple):
        vertices, faces = source
        return model_of(np.asarray(vertices, np.float64)[np.asarray(faces)])
    return load(source)
