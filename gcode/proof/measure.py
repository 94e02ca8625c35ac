"""A part measured level by level: pictures and deviations of all levels, a few at a time on several threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Floats
from gcode.proof.beads import Beads, Levels, width_of
from gcode.proof.compare import DEEP, OUT, Picture, Slab, picture_of
from gcode.proof.model import Model, Outlines
from gcode.proof.surface import LIMIT, Field, sample, shift_of

HEIGHTS = (0.1, 0.5, 0.9)
"""Where a level is cut, as shares of its height."""
CHUNK = 16
"""Levels whose outlines are in memory at the same time."""
SPACING = 0.25
"""Distance between points of an outline at which the surface is measured, mm."""
STEPS = 400
"""Classes of deviations from -LIMIT to LIMIT."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A model and the beads of it, these shifted onto the model, by level."""

    model: Model
    levels: Levels
    beads: Beads
    starts: NDArray[np.intp]
    shift: Floats
    pitch: float
    bead: float

    @classmethod
    def of(cls, model: Model, beads: Beads, levels: Levels, shift: Floats) -> Placed:
        """Return the beads moved by `shift` and sorted by level."""
        order = np.argsort(levels.level, kind="stable")
        starts = np.searchsorted(levels.level[order], np.arange(len(levels) + 1))
        width = width_of(beads.area, levels.height[levels.level])
        bead = float(np.clip(np.median(width), 0.1, 2.0))
        return cls(model, levels, beads[order].moved(*shift), starts, shift, pitch_for(bead, model, levels), bead)

    def walls(self, shell: float) -> slice:
        """Return how many squares from the outline inwards walls are: two beads, or one if the shell is no deeper."""
        return slice(OUT, OUT + round((2 if shell > 1.2 * self.bead else 1) * self.bead / self.pitch))

    @property
    def roundness(self) -> float:
        """How full a level is of beads of the usual width side by side: their sides are round."""
        height = float(np.median(self.levels.height))
        return 1 - height * (1 - np.pi / 4) / max(self.bead, height)

    def slab(self, level: int, outlines: Outlines, first: int) -> Slab:
        """Return what is compared on a level; `outlines` begin with those of level `first` - 1."""
        here = self.beads[self.starts[level] : self.starts[level + 1]]
        height = float(self.levels.height[level])
        at = 3 * (level - first + 1)
        top = level + 1 == len(self.levels)
        return Slab(
            (outlines[at], outlines[at + 1], outlines[at + 2]),
            () if top else (outlines[at + 3], outlines[at + 4]),
            () if level == 0 else (outlines[at - 1], outlines[at - 2]),
            here.ends,
            here.area,
            width_of(here.area, np.full(len(here), height)),
            height,
        )

    def outlines(self, first: int, last: int) -> Outlines:
        """Return the outlines of levels first - 1 to last, three each; none below the first and above the last."""
        bottom, height = (
            self.levels.bottom[max(first - 1, 0) : last + 1],
            self.levels.height[max(first - 1, 0) : last + 1],
        )
        planes = (bottom[:, None] + height[:, None] * HEIGHTS).ravel()
        found = self.model.outlines(planes)
        if first == 0:
            return Outlines(found.segments, np.concatenate([np.zeros(3, np.intp), found.starts]))
        return found


def pitch_for(bead: float, model: Model, levels: Levels) -> float:
    """Return the size of the squares, mm: four to a bead's width and a half, more where there would be too many."""
    squares = float(np.prod(model.size[:2] + 4)) * len(levels)
    return max(bead / 4.5, float(np.sqrt(squares / 6e8)))


@dataclass(frozen=True, slots=True)
class Measured:
    """What all levels show, one row a level.

    by_distance (k, 4, OUT + DEEP), skins (k, 4), open_rows (k,)   see `compare.Picture`
    deviation   (k, STEPS)  mm of outline by how far plastic lies from the surface there
    bare        (k,)        mm of outline that no plastic is near
    outer_bead  (k,)        mm2, cross-section of the beads along the outline, nan where there are few
    drift       (k, 2)      mm, by which a level lies beside the outline in x and y
    sure        (k, 2)      mm of outline that this was seen on
    """

    by_distance: Floats
    skins: Floats
    open_rows: NDArray[np.intp]
    deviation: Floats
    bare: Floats
    outer_bead: Floats
    drift: Floats
    sure: Floats


def measure(placed: Placed, workers: int | None = None) -> Measured:
    """Return what the levels of a part show; the same on any number of threads."""
    n = len(placed.levels)
    out = Measured(
        np.zeros((n, 4, OUT + DEEP)),
        np.zeros((n, 4)),
        np.zeros(n, np.intp),
        np.zeros((n, STEPS)),
        np.zeros(n),
        np.full(n, np.nan),
        np.zeros((n, 2)),
        np.zeros((n, 2)),
    )

    def work(first: int) -> None:
        for level, slab in slabs(placed, first, min(first + CHUNK, n)):
            picture = picture_of(slab, placed.pitch, placed.bead)
            out.by_distance[level], out.skins[level] = picture.by_distance, picture.skins
            out.open_rows[level], out.outer_bead[level] = picture.open_rows, picture.outer_bead
            _survey(slab, out, level)

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for _ in pool.map(work, range(0, n, CHUNK)):
            pass
    return out


def slabs(placed: Placed, first: int, last: int) -> Iterator[tuple[int, Slab]]:
    """Yield levels first to last - 1 with what is compared on them."""
    outlines = placed.outlines(first, last)
    for level in range(first, last):
        yield level, placed.slab(level, outlines, first)


def picture(placed: Placed, level: int) -> Picture:
    """Return the picture of one level."""
    ((_, slab),) = slabs(placed, level, level + 1)
    return picture_of(slab, placed.pitch, placed.bead)


def _survey(slab: Slab, out: Measured, level: int) -> None:
    """Measure how far the plastic of a level lies from the surface all along the middle outline."""
    points = sample(slab.here[1], SPACING)
    if not len(points):
        return
    if not len(slab.ends):
        out.bare[level] = points.length.sum()
        return
    found = Field.of(slab.ends, slab.width).deviation(points.at)
    met = np.isfinite(found)
    out.bare[level] = points.length[~met].sum()
    out.drift[level], sure = shift_of(points.at[:, 2:], found, 0.15)
    out.sure[level] = sure * points.length[met].sum()
    across = found[met] * points.upright[met]
    place = np.clip((across + LIMIT) / (2 * LIMIT) * STEPS, 0, STEPS - 1).astype(np.intp)
    out.deviation[level] = np.bincount(place, points.length[met], STEPS)
