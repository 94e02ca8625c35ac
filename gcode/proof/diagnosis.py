"""From figures to names: what is wrong with a part, where, and since when.

    whole part     `causes`: what was done to the file, each tried by undoing it and looking whether it then fits
    some layers    `FAULTS`: one function a row, from what was measured to faults

A level that one of the first rows explains is not asked again by those below it: an island that was lost is not also a
wall that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.kernels.labels import label
from gcode.moves import Floats
from gcode.proof.beads import width_of
from gcode.proof.compare import ASKED, BOTTOM, EXCESS, OUT, OVER, SHELL, TOP, Picture
from gcode.proof.measure import Measured, Placed, picture
from gcode.proof.register import find
from gcode.proof.result import Fault, deviation_of

LEAST_AREA = 1.0
"""Less than this much (mm2) in one piece is no fault: a nozzle's width squared, several times."""
HIDDEN = 25
"""A hole that is no larger than a bead of this many widths is none, as long as it is within the part or its skin."""
GAPS = 0.06
"""Share of a wall that may be empty in a layer that has the wall."""
SPARSE = 0.2
"""Share of its inside that is empty in a layer with sparse infill, at least."""
SHIFTED = 0.12
"""Levels this far (mm) beside those below them were shifted."""
FLOW = 0.06
"""Levels that got this share of plastic less or more than others did were fed wrongly."""
LEAN, RICH = 0.92, 1.17
"""Walls hold this share of the plastic that beads of their width would, in files whose flow is right."""
OFF_SURFACE = 0.12
"""Surfaces that are off by more than this (mm) on average are off on purpose or by mistake."""
USUAL = 10
"""Levels below and above that say what is usual."""


@dataclass(slots=True)
class Evidence:
    """What the rules look at; `explained` levels are done with."""

    placed: Placed
    measured: Measured
    shell: float
    explained: NDArray[np.bool_]
    shown: tuple[int, Picture] | None = None

    def picture(self, level: int) -> Picture:
        """Return the picture of a level; the last one asked for is at hand."""
        if self.shown is None or self.shown[0] != level:
            self.shown = (level, picture(self.placed, level))
        return self.shown[1]

    @property
    def shell_squares(self) -> slice:
        """Distances from the outline that belong to the shell."""
        return slice(OUT, OUT + round(self.shell / self.placed.pitch))

    def fault(self, name: str, text: str, first: int, last: int, at: Floats) -> Fault:
        """Return a fault on levels first to last (from 0) at a place in the model's coordinates."""
        x, y = at - self.placed.shift
        z = float(self.placed.levels.top[first] + self.placed.levels.base)
        return Fault(name, text, first + 1, last + 1, round(z, 4), round(float(x), 3), round(float(y), 3))


def shell_of(placed: Placed, measured: Measured) -> float:
    """Return how deep (mm) this file fills its layers everywhere: its walls, as most of its sparse layers show them.

    A layer is sparse if it is empty further in than a bead beyond its first gaps; where none is, everything is shell.
    """
    asked, bare = measured.by_distance[:, 2, OUT:], measured.by_distance[:, 3, OUT:]
    gaps = bare > GAPS * asked
    first = np.where(gaps.any(axis=1), gaps.argmax(axis=1), asked.shape[1])
    bead = round(placed.bead / placed.pitch)
    beyond = np.arange(asked.shape[1]) >= first[:, None] + bead
    sparse = np.where(beyond, bare, 0).sum(axis=1) > SPARSE * np.where(beyond, asked, 0).sum(axis=1)
    if not sparse.any():
        return float(asked.shape[1] * placed.pitch)
    votes = np.bincount(first[sparse], minlength=asked.shape[1] + 2)
    usual = int(np.convolve(votes, [1, 1, 1])[1:-1].argmax())
    return float(max(usual, bead) - 1) * placed.pitch


def diagnose(placed: Placed, measured: Measured, shell: float) -> list[Fault]:
    """Return the faults of a part."""
    evidence = Evidence(placed, measured, shell, np.zeros(len(placed.levels), np.bool_))
    faults = [fault for rule in FAULTS for fault in rule(evidence)]
    return sorted(_joined(faults), key=lambda fault: (fault.first, fault.name))


def _missing_layers(e: Evidence) -> Iterator[Fault]:
    """Yield levels that have no plastic at all."""
    asked = e.measured.by_distance[:, 2].sum(axis=1)
    empty = (np.diff(e.placed.starts) == 0) & (asked > LEAST_AREA)
    laid = np.flatnonzero(np.diff(e.placed.starts))
    for k in np.flatnonzero(empty).tolist():
        at = _middle(e.picture(k), e.picture(k).asked > 0)
        name = "top layer missing" if k > laid[-1] else "layer removed"
        yield e.fault(name, f"{asked[k]:.0f} mm2 of the part have no plastic", k, k, at)
    e.explained |= empty


def _shifts(e: Evidence) -> Iterator[Fault]:
    """Yield levels from which on the part is laid beside what is below."""
    met = e.measured.deviation.sum(axis=1)
    known = np.asarray((e.measured.sure > 4.0).all(axis=1) & (met > 0.7 * (met + e.measured.bare)))
    yield from _far_shifts(e, met)
    history: list[Any] = []
    waiting: list[int] = []
    begins = [0]
    for k in np.flatnonzero(known).tolist():
        drift = e.measured.drift[k]
        if not history or np.abs(drift - np.median(history[-7:], axis=0)).max() <= SHIFTED:
            history.append(drift)
            waiting = []
            continue
        waiting.append(k)
        if len(waiting) == 3 or k == np.flatnonzero(known)[-1]:
            by = np.median(e.measured.drift[waiting], axis=0) - np.median(history[-7:], axis=0)
            yield _shift(e, waiting[0], len(e.placed.levels), by)
            begins.append(waiting[0])
            history, waiting = [e.measured.drift[j] for j in waiting], []
    for first, end in pairwise([*begins, len(known)]):
        own = e.measured.drift[first:end][known[first:end]]
        if len(begins) > 1 and len(own) and np.abs(np.median(own, axis=0)).max() > SHIFTED / 2:
            e.explained[first:end] = True


def _shift(e: Evidence, first: int, end: int, by: Floats) -> Fault:
    text = f"laid {by[0]:+.2f} mm in x and {by[1]:+.2f} mm in y beside what is below"
    return e.fault("layer shift", text, first, end - 1, np.zeros(2))


def _far_shifts(e: Evidence, met: Floats) -> Iterator[Fault]:
    """Yield runs of levels whose plastic is not even near the outline, but fits it elsewhere."""
    levels, beads = e.placed.levels, e.placed.beads
    lost = (met < 0.6 * (met + e.measured.bare)) & (np.diff(e.placed.starts) > 0)
    runs = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]])))
    for first, end in zip(runs[::2].tolist(), runs[1::2].tolist(), strict=True):
        own = slice(e.placed.starts[first], e.placed.starts[end])
        level = np.repeat(np.arange(first, end), np.diff(e.placed.starts[first : end + 1]))
        found = find(e.placed.model, beads[own], replace(levels, level=level))
        if found.met > 0.7 and np.abs(found.shift).max() > SHIFTED:
            if first == 0 and end < len(lost):
                yield _shift(e, end, len(lost), found.shift)
            else:
                yield _shift(e, first, end, -found.shift)
            e.explained[first:end] = True


def _feeding(e: Evidence) -> Iterator[Fault]:
    """Yield levels that got less or more plastic than the levels around them, for the same beads."""
    squares, plastic = e.measured.by_distance[:, :2, e.placed.walls(e.shell)].sum(axis=2).T
    laid = (np.diff(e.placed.starts) > 0) & (squares > LEAST_AREA)
    fill = np.divide(plastic, squares, out=np.ones(len(squares)), where=laid)
    width = width_of(e.measured.outer_bead, e.placed.levels.height)
    laid &= np.isfinite(width)
    for k in np.flatnonzero(laid & ~e.explained).tolist():
        near = [j for j in range(max(0, k - USUAL), min(len(laid), k + USUAL + 1)) if j != k and laid[j]]
        if len(near) < 3:
            continue
        fed, filled = width[k] / np.median(width[near]) - 1, fill[k] / np.median(fill[near]) - 1
        if fed < -FLOW and filled < -FLOW / 2:
            name = "under-extrusion"
        elif fed > FLOW and filled > FLOW / 2 and k > 0:  # a first layer is often wider on purpose
            name = "over-extrusion"
        else:
            continue
        text = f"beads are {100 * fed:+.0f} % wide, walls are filled to {100 * fill[k]:.0f} %"
        yield e.fault(name, text, k, k, _middle(e.picture(k), e.picture(k).asked > 0))
        e.explained[k] = True
    usual = float(np.median(fill[laid & ~e.explained])) if (laid & ~e.explained).any() else 1.0
    if not LEAN < usual / e.placed.roundness < RICH:
        name = "under-extrusion" if usual < 1 else "over-extrusion"
        yield e.fault(name, f"walls are filled to {100 * usual:.0f} % everywhere", 0, len(laid) - 1, np.zeros(2))
        e.explained |= True


def _bare(e: Evidence) -> Iterator[Fault]:
    """Yield islands that are not there, walls and surfaces with holes."""
    shell = e.measured.by_distance[:, 3, e.shell_squares].sum(axis=1)
    kinds = ((TOP, "top layer missing"), (SHELL, "wall missing"), (BOTTOM, "bottom missing"))  # a spiral stays open
    suspected = (shell + e.measured.skins[:, 1] + e.measured.skins[:, 3] > LEAST_AREA) & ~e.explained
    for k in np.flatnonzero(suspected).tolist():
        shown = e.picture(k)
        square = shown.pitch**2
        deep = shown.depth * shown.pitch > e.shell
        empty = (shown.wrong != 0) & (shown.wrong != EXCESS)
        lost = _islands_lost(shown, empty)
        if lost.any():
            text = f"{np.count_nonzero(lost) * square:.0f} mm2 of an island of their own have no plastic"
            yield e.fault("island lost", text, k, k, _middle(shown, lost))
        for kind, name in kinds[e.placed.levels.spiral :]:
            own = empty & ~lost & ((shown.wrong == kind) if kind != SHELL else ~deep & (shown.wrong == SHELL))
            piece = _largest(own)
            if np.count_nonzero(piece) * square > _tolerated(e.placed, shown, piece, kind):
                text = f"{np.count_nonzero(own) * square:.1f} mm2 have no plastic"
                yield e.fault(name, text, k, k, _middle(shown, piece))


def _tolerated(placed: Placed, shown: Picture, piece: NDArray[np.bool_], kind: int) -> float:
    """Return how large (mm2) a hole in one piece may be: small where it opens to the outside."""
    if kind == SHELL and shown.depth[piece].min(initial=np.inf) * shown.pitch < placed.bead / 2:
        return LEAST_AREA
    return HIDDEN * placed.bead**2


def _islands_lost(shown: Picture, empty: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pieces of the section that are not printed at all."""
    pieces, count = _pieces(shown.depth > 0)
    if count < 2:
        return np.zeros(empty.shape, np.bool_)
    asked = np.bincount(pieces.ravel(), (shown.asked & ASKED).ravel() != 0, count + 1)
    without = np.bincount(pieces[empty], minlength=count + 1)
    inside = np.bincount(pieces.ravel(), np.minimum(shown.plastic, 1.0).ravel(), count + 1)
    whole = np.bincount(pieces.ravel(), minlength=count + 1)
    lost = (without > 0.6 * asked) & (asked * shown.pitch**2 > 2 * LEAST_AREA) & (inside < 0.3 * whole)
    lost[0] = False
    return np.asarray(lost[pieces] & empty)


def _excess(e: Evidence) -> Iterator[Fault]:
    """Yield holes that are filled, and other plastic outside of the part that touches it."""
    outside = e.measured.by_distance[:, 1, : OUT - int(OVER)].sum(axis=1)
    for k in np.flatnonzero((outside > LEAST_AREA) & ~e.explained).tolist():
        shown = e.picture(k)
        square = shown.pitch**2
        over = _attached(shown)
        piece = _largest(over)
        if np.count_nonzero(piece) * square <= LEAST_AREA:
            continue
        holes, _ = _pieces(shown.depth < 0, corners=False)
        own = holes[piece & (holes > 0)]
        number = int(np.bincount(own).argmax()) if len(own) else 0
        hole = holes == number
        inside = number not in _border(holes) and number > 0
        filled = float(shown.plastic[hole].clip(0, 1).mean()) if inside else 0.0
        if filled > 0.5:
            text = f"a hole of {np.count_nonzero(hole) * square:.1f} mm2 is filled to {100 * filled:.0f} %"
            yield e.fault("hole filled", text, k, k, _middle(shown, hole))
        else:
            text = f"{np.count_nonzero(over) * square:.1f} mm2 of plastic outside of the part"
            yield e.fault("overshoot", text, k, k, _middle(shown, piece))


def _attached(shown: Picture) -> NDArray[np.bool_]:
    """Return the squares with plastic outside that is continuous with the part: not support, skirt or the like."""
    over = shown.wrong == EXCESS
    pieces, count = _pieces(over)
    nearest = np.full(count + 1, -np.inf)
    np.maximum.at(nearest, pieces[over], shown.depth[over])
    return np.asarray(over & (nearest > -OVER - 2)[pieces])


def _surface(e: Evidence) -> Iterator[Fault]:
    """Yield a surface that lies too far in or out as a whole."""
    mean = deviation_of(e.measured.deviation[~e.explained].sum(axis=0)).mean
    if abs(mean) > OFF_SURFACE:
        text = f"plastic ends {abs(mean):.2f} mm {'inside' if mean < 0 else 'outside'} of it on average"
        yield e.fault("surface off", text, 0, len(e.placed.levels) - 1, np.zeros(2))


def _pieces(mask: NDArray[np.bool_], corners: bool = True) -> tuple[NDArray[np.intc], int]:
    """Return the number of the connected piece each square belongs to, 0 for none, and how many there are."""
    out = np.empty(mask.shape, np.intc)
    count = label(np.asarray(mask, np.uint8), corners, out, np.empty(mask.size // 2 + 2, np.intc))
    return out, count


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected piece."""
    pieces, count = _pieces(mask)
    if not count:
        return mask
    size = np.bincount(pieces.ravel())
    size[0] = 0
    return np.asarray(pieces == size.argmax())


def _border(pieces: NDArray[np.intc]) -> set[int]:
    """Return the numbers of the pieces that touch the edge of a picture."""
    return {int(n) for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]) for n in np.unique(edge)}


def _middle(shown: Picture, mask: NDArray[np.bool_]) -> Floats:
    """Return a place in a mask, near its middle, in the model's coordinates."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return np.zeros(2)
    near = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return shown.xy(float(rows[near]), float(columns[near]))


def _joined(faults: list[Fault]) -> list[Fault]:
    """Return faults of one name on successive layers as one, at the place of the first."""
    joined: list[Fault] = []
    for fault in sorted(faults, key=lambda f: (f.name, f.first)):
        before = joined[-1] if joined else None
        if before and before.name == fault.name and 0 < fault.first <= before.last + 2:
            joined[-1] = before._replace(last=max(before.last, fault.last))
        else:
            joined.append(fault)
    return joined


FAULTS: tuple[Callable[[Evidence], Iterator[Fault]], ...] = (
    _missing_layers,
    _shifts,
    _feeding,
    _bare,
    _excess,
    _surface,
)
"""In this order: a rule may rely on the levels that those before it have explained."""
