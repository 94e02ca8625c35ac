"""layers: how high each layer is, and where the mesh is cut for it.

Layers have one thickness; the last few are stretched or squeezed by at most a tenth so that the top of the part is
met exactly. The mesh is cut in the middle of each layer, which is where a bead is widest.
"""

from __future__ import annotations

import numpy as np

from profiles.schema import LayerSettings
from slicer.errors import NothingToPrint
from slicer.nouns import LayerPlan

STRETCH = 0.1
"""A layer gives at most this share of its thickness to meet the top."""
Z_DIGITS = 3
"""Heights are multiples of a micrometre, as they will be written."""


def plan_layers(part_height: float, settings: LayerSettings) -> LayerPlan:
    """Return the layers of a part that stands on z = 0.

    Parameters
    ----------
    part_height : mm
    settings : first_layer_height and layer_height are used.

    Raises
    ------
    NothingToPrint
        The part is thinner than half a first layer.

    >>> plan_layers(1.05, LayerSettings(layer_height=0.2, first_layer_height=0.2)).z_top.tolist()
    [0.2, 0.4, 0.617, 0.833, 1.05]
    """
    first, height = settings.first_layer_height, settings.layer_height
    if part_height < first / 2:
        raise NothingToPrint(
            f"the part is {part_height:.3f} mm high, less than half a first layer of {first:g} mm: "
            "check its units (--scale 25.4 for inches, --scale 1000 for metres) or use thinner layers"
        )
    count = 1 + max(0, int(np.floor((part_height - first) / height + 0.5)))
    z_top = first + height * np.arange(count)
    rest = part_height - z_top[-1]
    if abs(rest) > 1e-9:
        most = max(1, count - 1)
        stretched = min(most, int(np.ceil(abs(rest) / (STRETCH * height))))
        z_top[-stretched:] += rest * np.arange(1, stretched + 1) / stretched
    z_top = np.round(z_top, Z_DIGITS)
    z_bottom = np.concatenate([[0.0], z_top[:-1]])
    return LayerPlan(z_bottom, z_top, (z_bottom + z_top) / 2)
