"""Choose, reorder and concatenate `Paths`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from slicer.nouns import PATH_DTYPES, Paths
from slicer.ragged import gather


def take_paths(paths: Paths, rows: Any) -> Paths:
    """Return the paths `rows` (indices or a mask), in that order."""
    rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows, np.int64)
    index, offsets = gather(paths.offsets, rows)
    columns = {name: getattr(paths, name)[index if name == "width" else rows] for name in PATH_DTYPES}
    return Paths(xy=paths.xy[index], offsets=offsets, **columns)


def join_paths(pieces: Sequence[Paths]) -> Paths:
    """Return all paths of all pieces, sorted by layer; within a layer the pieces keep their order."""
    pieces = [piece for piece in pieces if len(piece)]
    if not pieces:
        return Paths.empty()
    starts = np.cumsum([0] + [len(piece.xy) for piece in pieces])
    offsets = np.concatenate([[0]] + [piece.offsets[1:] + start for piece, start in zip(pieces, starts, strict=False)])
    columns = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in PATH_DTYPES}
    joined = Paths(xy=np.concatenate([piece.xy for piece in pieces]), offsets=offsets, **columns)
    order = np.argsort(joined.layer, kind="stable")
    return take_paths(joined, order)
