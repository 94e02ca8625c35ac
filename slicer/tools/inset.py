"""Offsets without GEOS where nothing meets: most insets change no neighbourhood, moving the vertices is enough.

The moved outline is the offset if no edge turned round (`kernels.inset` takes out those that vanish on the way) and the
result is a valid polygon: where parts met, it crosses itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.kernels import inset
from slicer.nouns import Floats
from slicer.ragged import offsets_of

MITRE = 2.0
"""Corners that grow reach at most this many distances; sharper ones are cut."""


def moved(stack: NDArray[Any], inwards: Floats) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the (Multi)Polygons with each edge moved inwards (mm), and whether that is their offset (else None)."""
    made, sure = np.full(len(stack), None, dtype=object), np.zeros(len(stack), np.bool_)
    rows = np.flatnonzero(~shapely.is_empty(stack))
    if not len(rows):
        return made, sure
    _, xy, offsets = shapely.to_ragged_array(stack[rows])
    rings, polygons, *more = (o.astype(np.int64) for o in offsets)
    groups = more[0] if more else np.arange(len(rows) + 1)
    out, out_rings, doubtful = np.empty((len(xy), 2)), np.empty(len(rings), np.int64), np.zeros(len(rows), np.int8)
    inset.inset(
        np.ascontiguousarray(xy[:, :2]), rings, polygons, groups, inwards[rows], MITRE, out, out_rings, doubtful
    )
    good = np.flatnonzero(doubtful == 0)
    kept, count = np.repeat(doubtful == 0, np.diff(groups)), np.diff(groups)[good]
    sizes = np.diff(out_rings)[np.repeat(kept, np.diff(polygons))], np.diff(polygons)[kept]
    flat = out[: out_rings[-1]], tuple(offsets_of(size) for size in sizes)
    result = shapely.from_ragged_array(shapely.GeometryType.POLYGON, *flat)
    if len(result) > len(good):
        whole = shapely.multipolygons(result, indices=np.repeat(np.arange(len(good)), count))
        result = np.where(count > 1, whole, result[offsets_of(count)[:-1]])
    # not is_valid, which meddles with the warnings of all threads
    valid = shapely.is_valid_reason(result) == "Valid Geometry"
    made[rows[good[valid]]] = result[valid]
    sure[rows[good[valid]]] = True
    return made, sure
