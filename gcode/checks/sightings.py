"""What a rule saw, and where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Sighting(NamedTuple):
    """The same thing seen at one or many rows.

    rows    where, ascending
    values  of each, in `unit`; the one furthest from `limit` is the worst
    lines   source lines, where they are not those of the rows
    """

    what: str
    rows: NDArray[np.int64]
    values: NDArray[np.float64] | None = None
    limit: float | None = None
    unit: str = ""
    lines: NDArray[np.int64] | None = None
