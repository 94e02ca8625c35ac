"""Which beads of a plate belong to which model."""

from __future__ import annotations

import numpy as np

from gcode.proof.beads import Beads, levels_of
from gcode.proof.model import Model
from gcode.proof.register import find

AROUND = 1.0
"""Beads this far (mm) outside the box of a model still count as its own."""


def share_out(models: list[Model], beads: Beads) -> list[tuple[Model, Beads]]:
    """Return each model with the beads laid for it, in the given order; one model alone has them all.

    The largest model chooses its place first and takes the beads in its box; the next looks among those that are left.
    """
    if len(models) == 1:
        return [(models[0], beads)]
    left = beads
    shares: dict[int, Beads] = {}
    for number in sorted(range(len(models)), key=lambda k: (-float(np.prod(models[k].size)), k)):
        if not len(left):
            shares[number] = left
            continue
        model = models[number]
        found = find(model, left, levels_of(left, float(model.size[2]), False))
        middle = (left.ends[:, :2] + left.ends[:, 2:]) / 2 + found.shift
        own = np.asarray((np.abs(middle) <= model.size[:2] / 2 + AROUND).all(axis=1))
        shares[number], left = left[own], left[~own]
    return [(model, shares[number]) for number, model in enumerate(models)]
