"""One level of a part against the model: what is filled that should be, what is not, what is that should not.

The level is a picture of small squares. Each square knows how full of plastic it is (1: to the brim of the layer), how
deep it lies in the section of the model, and whether the section goes on above and below. A slicer may cut a layer
anywhere between its bottom and its top: what is asked for lies in the section at all of these heights, what is allowed
at any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.kernels.columns import (
    ask,
    close_cracks,
    count,
    distances,
    draw_beads,
    draw_outlines,
    drop_slivers,
    fill,
    judge,
    keep_wide,
    merge_section,
    opened,
)
from gcode.moves import Floats

OUT, DEEP = 10, 30
"""How many squares around the outline and into the part are counted by their distance from it."""
OVER = 1.5
"""Plastic that many squares outside of the section is too much, not a rounding."""
NARROW = 1.3
"""What is narrower than this many beads is not asked for: slicers leave it out, or not, each by its own rule."""
LEAST_WALL = 5.0
"""Less outline than this (mm) says little about how the beads along it were fed."""
CRACK = 0.12
"""Gaps of the model up to this width are not gaps of the part, mm."""
HOLLOW = 0.33
"""A gap of two thirds of a bead's width leaves a disc about it filled this much, a whole bead 0.05."""
SKIN = 3.0
"""How many squares a horizontal surface must stretch in all directions before it has to be covered."""
MARGIN = 2.0
"""How far around the model plastic is looked at, mm."""
FINE, SHELL, TOP, BOTTOM, EXCESS = range(5)
"""What may be wrong with a square."""
ASKED, IS_TOP, IS_BOTTOM, PRINTABLE = 1, 2, 4, 8
"""Bits of what is asked of a square."""


class Slab(NamedTuple):
    """What is compared on one level: outlines of the model (n, 5) and beads, all in the model's coordinates, mm.

    here          outlines near the bottom, in the middle and near the top of the level
    above, below  two outlines each of the next levels; empty where there is none
    ends, area    of the beads
    width, height of the beads, mm
    """

    here: tuple[Floats, Floats, Floats]
    above: tuple[Floats, ...]
    below: tuple[Floats, ...]
    ends: Floats
    area: Floats
    width: Floats
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A level as squares (rows, columns), the first at `corner`.

    plastic      how full, 1 to the brim
    depth        in squares, + inside of the section at any height, - outside
    asked        bits: ASKED has to be filled, IS_TOP, IS_BOTTOM and is seen from above, below; PRINTABLE by a bead
    wrong        FINE, SHELL, TOP, BOTTOM or EXCESS
    by_distance  (4, OUT + DEEP) mm2 by distance from the outline, square by square from OUT outside to DEEP inside: all
                 there is, plastic as a full layer, what has to be filled if the shell reaches that deep, and what of
                 that is empty
    skins        (4,) mm2 of top, of it empty, of bottom, of it empty
    outer_bead   mm2, cross-section of the beads along the outline that lie on something; nan where there are few
    open_rows    rows of squares in which an outline is open
    """

    corner: Floats
    pitch: float
    plastic: Floats
    depth: Floats
    asked: NDArray[np.uint8]
    wrong: NDArray[np.uint8]
    by_distance: Floats
    skins: Floats
    outer_bead: float
    open_rows: int

    def xy(self, row: float, column: float) -> Floats:
        """Return where a square is, mm."""
        return self.corner + (np.array([column, row]) + 0.5) * self.pitch


def picture_of(slab: Slab, pitch: float, bead: float) -> Picture:
    """Return the picture of a level; `bead` is the usual width of a bead, mm."""
    corner, shape = _frame(slab, pitch)
    canvas = np.zeros((shape[0], shape[1] + 2))
    inner, outer, broken = _sections(slab.here, corner, pitch, canvas)
    close_cracks(inner, outer, CRACK / pitch)
    depth, away = np.empty(shape), np.empty(shape)
    distances(outer, depth)
    radius = NARROW * bead / 2 / pitch
    opened(depth, radius, away)
    above = _sections(slab.above, corner, pitch, canvas)[1]
    below = _sections(slab.below, corner, pitch, canvas)[1]
    asked = np.zeros(shape, np.uint8)
    seen = ask(inner, away, radius + 0.5, above, below, asked)
    for bit in (IS_TOP, IS_BOTTOM):
        if seen & bit:
            keep_wide(asked, bit, SKIN, away)
    plastic = _plastic(slab, corner, pitch, canvas)
    suspected, wrong = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    judge(depth, asked, plastic, OVER, suspected)
    drop_slivers(suspected, plastic, HOLLOW, wrong)
    by_distance, skins = np.zeros((4, OUT + DEEP)), np.zeros(4)
    count(depth, asked, plastic, wrong, OUT, by_distance, skins)
    outer_bead = _outer_bead(slab, corner, pitch, depth, below if slab.below else None)
    return Picture(
        corner, pitch, plastic, depth, asked, wrong, by_distance * pitch**2, skins * pitch**2, outer_bead, broken
    )


def _outer_bead(slab: Slab, corner: Floats, pitch: float, depth: Floats, below: Floats | None) -> float:
    """Return the median cross-section, by length, of the beads next to the outline that lie on the level below."""
    middle = ((slab.ends[:, :2] + slab.ends[:, 2:]) / 2 - corner) / pitch
    inside = ((middle >= 0) & (middle < depth.shape[::-1])).all(axis=1)
    column, row = middle[inside].astype(np.intp).T
    first = (depth[row, column] > 0) & (depth[row, column] * pitch < 0.75 * slab.width[inside])
    if below is not None:
        first &= below[row, column] > 0.5
    area, run = slab.area[inside][first], slab.ends[inside][first]
    length = np.hypot(run[:, 2] - run[:, 0], run[:, 3] - run[:, 1])
    order = np.argsort(area, kind="stable")
    passed = np.cumsum(length[order])
    if not len(passed) or passed[-1] < LEAST_WALL:
        return float("nan")
    return float(area[order][np.searchsorted(passed, passed[-1] / 2)])


def _frame(slab: Slab, pitch: float) -> tuple[Floats, tuple[int, int]]:
    """Return the corner of a picture that holds the section with a margin, and its rows and columns."""
    points = np.concatenate([outline[:, :4].reshape(-1, 2) for outline in slab.here])
    if not len(points):
        points = slab.ends.reshape(-1, 2) if len(slab.ends) else np.zeros((1, 2))
    low = np.floor((points.min(axis=0) - MARGIN) / pitch) * pitch
    columns, rows = (int(n) + 1 for n in (points.max(axis=0) + MARGIN - low) / pitch)
    return low, (rows, columns)


def _sections(outlines: tuple[Floats, ...], corner: Floats, pitch: float, canvas: Floats) -> tuple[Floats, Floats, int]:
    """Return which share of each square lies in all sections, which in any, and in how many rows an outline is open."""
    rows, columns = canvas.shape
    inner, outer, broken = np.ones((rows, columns - 2)), np.zeros((rows, columns - 2)), 0
    for outline in outlines:
        if len(outline):
            draw_outlines((outline[:, :4] - [*corner, *corner]) / pitch, canvas)
        broken = max(broken, merge_section(canvas, inner, outer))
    return inner, outer, broken


def _plastic(slab: Slab, corner: Floats, pitch: float, canvas: Floats) -> Floats:
    """Return how full each square is of plastic."""
    amount = slab.area / (slab.height * slab.width)
    draw_beads(np.column_stack([(slab.ends - [*corner, *corner]) / pitch, slab.width / pitch, amount]), canvas)
    fill(canvas)
    return np.ascontiguousarray(canvas[:, :-2])
