"""layers: how high each layer is, and where the mesh is cut for it.

Layers have one thickness; the last few are stretched or squeezed by at most a tenth so that the top of the part is
met exactly. The mesh is cut in the middle of each layer, which is where a bead is widest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from profiles.schema import LayerSettings
from slicer.errors import NothingToPrint
from slicer.nouns import Floats, LayerPlan
from slicer.ragged import distinct

STRETCH = 0.1
"""A layer gives at most this share of its thickness to meet the top."""
Z_DIGITS = 3
"""Heights are multiples of a micrometre, as they will be written."""


def plan_layers(tops: float | Sequence[float], settings: LayerSettings) -> LayerPlan:
    """Return the layers of parts that stand on z = 0.

    Parameters
    ----------
    tops : mm, the height of each part; a top within half a layer of a lower one is met only to that half
    settings : first_layer_height and layer_height are used

    Raises
    ------
    NothingToPrint
        A part is thinner than half a first layer.

    >>> plan_layers(1.05, LayerSettings(layer_height=0.2, first_layer_height=0.2)).z_top.tolist()
    [0.2, 0.4, 0.617, 0.833, 1.05]
    """
    first, height = settings.first_layer_height, settings.layer_height
    wanted = distinct(np.asarray(tops, np.float64).ravel())
    if wanted[0] < first / 2:
        raise NothingToPrint(
            f"a part is {wanted[0]:.3f} mm high, less than half a first layer of {first:g} mm: "
            "check its units (--scale 25.4 for inches, --scale 1000 for metres) or use thinner layers"
        )
    z_top = np.array([first])
    for top in wanted:
        count = int(np.floor((top - z_top[-1]) / height + 0.5 + 1e-9))
        if count > 0:
            z_top = np.concatenate([z_top, _stretched(z_top[-1], top, count, height)])
        elif len(z_top) == 1:
            z_top = np.array([top])
    z_top = np.round(z_top, Z_DIGITS)
    z_bottom = np.concatenate([[0.0], z_top[:-1]])
    return LayerPlan(z_bottom, z_top, (z_bottom + z_top) / 2)


def _stretched(bottom: float, top: float, count: int, height: float) -> Floats:
    """Return the tops of `count` layers from bottom to top: the last ones take up what does not divide."""
    tops = np.asarray(bottom + height * np.arange(1, count + 1), np.float64)
    rest = top - tops[-1]
    stretched = min(count, int(np.ceil(abs(rest) / (STRETCH * height) - 1e-9)))
    if stretched:
        tops[-stretched:] += rest * np.arange(1, stretched + 1) / stretched
    return tops
