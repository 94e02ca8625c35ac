"""Dots: places too small for a loop and too compact for a line, such as pins, tips and the middle of a thick wall.

A ring halfway between the middle and the edge, with a bead half as wide as the place, fills it: any polygon whose
sides all touch one circle of radius r has the area r / 2 * perimeter, which is the length of the ring at r / 2 times r.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from slicer.nouns import Floats, Ints, Regions
from slicer.ragged import distinct
from slicer.tools.crew import Crew
from slicer.tools.offsets import offset
from slicer.tools.polygons import empty_stack, parts_of

SMALL = 8.0
"""Places are small up to so many squares of the distance that a loop needs to their middle."""
COMPACT = 5.5
"""Places are compact up to this perimeter² / 4 area: a disc has 3.1, a square 4, a triangle 5.2, three squares 5.3."""
PRECISION = 0.005
"""Radii are found to this, mm."""


def take_dots(stack: Regions, room: Floats, crew: Crew) -> tuple[Regions, NDArray[Any], Ints]:
    """Return (the stack without them, its small compact parts, the row of each).

    Parameters
    ----------
    stack : (n,) polygons
    room : (n,) mm from the border to the middle of the narrowest place for a loop
    """
    parts, row = parts_of(stack)
    rough = np.flatnonzero(shapely.area(parts) < SMALL * room[row] ** 2)
    compact = shapely.length(parts[rough]) ** 2 <= 4 * COMPACT * shapely.area(parts[rough])
    at = rough[compact & shapely.is_empty(offset(parts[rough], -room[row[rough]], crew))]
    if not len(at):
        return stack, parts[:0], row[:0]
    rest = stack.copy()
    kept = np.ones(len(parts), bool)
    kept[at] = False
    touched = distinct(row[at])
    rest[touched] = empty_stack(len(touched))
    back = np.flatnonzero(kept & np.isin(row, touched))
    for r in distinct(row[back]):
        rest[r] = shapely.multipolygons(parts[back[row[back] == r]])
    return rest, parts[at], row[at]


def radii(dots: NDArray[Any]) -> Floats:
    """Return the radius of the largest circle in each dot, mm."""
    return np.asarray(shapely.length(shapely.maximum_inscribed_circle(dots, PRECISION)))


def rings_in(dots: NDArray[Any], least: Floats, crew: Crew) -> tuple[NDArray[Any], Floats, Ints]:
    """Return (polygons whose borders are the rings, the spacing that fills the dot, the dot of each).

    Dots less than `least` (n,) mm wide get none.
    """
    radius = radii(dots)
    wide = np.flatnonzero(2 * radius >= least)
    rings, owner = parts_of(offset(dots[wide], -radius[wide] / 2, crew))
    length = np.bincount(owner, shapely.length(rings), minlength=len(wide))
    return rings, shapely.area(dots[wide])[owner] / length[owner], wide[owner]
