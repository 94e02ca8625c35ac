"""Where on the plate a model was printed: the shift that lays the beads of all levels onto the model's outlines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.kernels.columns import draw_beads, draw_outlines, fill
from gcode.moves import Floats
from gcode.proof.beads import Beads, Levels, width_of
from gcode.proof.model import Model, Outlines
from gcode.proof.surface import LIMIT, Field, sample, shift_of

PITCH = 0.5
"""Size of the squares in which the first, coarse place is found, mm; larger on plates that would take too many."""
MOST_SQUARES = 1024
COARSE_LEVELS, FINE_LEVELS = 10, 24
CLOSE = 0.15
"""Plastic within this (mm) of where it usually lies beside the outline is at it."""


class Found(NamedTuple):
    """Where beads belong, and how well they fit there.

    shift   x, y by which they have to be moved
    bias    mm, by which half of the plastic lies further out than the outline, and half less
    met     share of the model's outline that has plastic there
    spread  mm, mean distance from there
    growth  share by which the plastic is larger than the model, walls that are evenly too thick taken apart
    """

    shift: Floats
    met: float
    bias: float
    spread: float
    growth: float


def coarse_shift(model: Model, outlines: Outlines, beads: Beads, level: NDArray[np.intp]) -> Floats:
    """Return the shift (x, y) of beads that brings most of them into the model.

    outlines of some levels; `level` says for each bead which of these it lies on. All places are tried at once, by
    Fourier transforms of squares: the plastic of a level against the section of the model, summed over the levels.
    """
    xy = beads.ends.reshape(-1, 2)
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = np.maximum(high - low, 1.0) + model.size[:2] + 4 * PITCH
    pitch = max(PITCH, float(span.max()) / MOST_SQUARES)
    columns, rows = (_round_up(int(n / pitch) + 2) for n in span)
    origin = -model.size[:2] / 2 - pitch
    total = np.zeros((rows, columns // 2 + 1), np.complex128)
    for k in range(len(outlines.starts) - 1):
        here = beads[level == k]
        if not len(here):
            continue
        section, plastic = np.zeros((rows, columns + 2)), np.zeros((rows, columns + 2))
        draw_outlines((outlines[k][:, :4] - [*origin, *origin]) / pitch, section)
        drawn = np.column_stack([(here.ends - [*low, *low]) / pitch + 1, np.ones(len(here)), here.area])
        draw_beads(drawn, plastic)
        for image in (section, plastic):
            fill(image)
        solid = np.minimum(np.abs(section[:, :-2]), 1.0)
        total += np.fft.rfft2(solid) * np.conj(np.fft.rfft2(plastic[:, :-2]))
    score = np.fft.irfft2(total, s=(rows, columns))
    best = int(score.argmax())
    steps = np.array([best % columns, best // columns], float)
    steps -= np.array([columns, rows]) * (steps > np.array([columns, rows]) / 2)
    return np.asarray(origin - low + (steps + 1) * pitch)


def _round_up(n: int) -> int:
    """Return the next number whose only factors are 2, 3 and 5: transforms of such sizes are quick."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1 and n % 2 == 0:
            return n
        n += 1


def fine_shift(outlines: Outlines, beads: Beads, levels: Levels, chosen: list[int], shift: Floats) -> Found:
    """Return the shift refined to a hundredth of a millimetre, and how well it fits.

    outlines of the `chosen` levels. Each level votes with the shift its own outline asks for; the middle vote of x and
    of y counts, so a minority of levels that were laid elsewhere has no say.
    """
    fields, points = [], []
    for k, number in enumerate(chosen):
        here = beads[levels.level == number]
        samples = sample(outlines[k], max(0.3, len(outlines[k]) / 4000))
        if len(here) and len(samples):
            fields.append(Field.of(here.ends, width_of(here.area, np.full(len(here), levels.height[number]))))
            points.append(samples)
    met, bias, spread, growth = 0.0, 0.0, LIMIT, 0.0
    for clip in (0.5, 0.2, 0.1, 0.1):
        votes, sure, distance = [], [], []
        for field, samples in zip(fields, points, strict=True):
            at = samples.at - [*shift, 0, 0]
            deviation = field.deviation(at)
            vote, weight = shift_of(at[:, 2:], deviation, clip)
            votes.append(vote)
            sure.append(weight * np.count_nonzero(np.isfinite(deviation)) ** 2 / len(samples))
            distance.append(np.nan_to_num(deviation, nan=LIMIT))
        if votes:
            signed = np.concatenate(distance)
            near = np.abs(signed) < LIMIT
            bias = float(np.median(signed[near])) if near.any() else 0.0
            met = float(np.mean(near & (np.abs(signed - bias) < CLOSE)))
            spread = float(np.abs(signed - bias).mean())
            growth = _growth(np.concatenate([samples.at for samples in points]), signed)
            shift = shift - [_middle(np.array(votes)[:, axis], np.array(sure)[:, axis]) for axis in (0, 1)]
    return Found(shift, met, bias, spread, growth)


def _growth(at: Floats, deviation: Floats) -> float:
    """Return how much faster than the distance from the middle the deviation grows: a scale, less one.

    Where all walls are equally far from the middle, this cannot be told from walls that are too thick, and is 0.
    """
    outward = (at[:, :2] * at[:, 2:]).sum(axis=1)
    known = np.abs(deviation) < LIMIT
    a, d = np.column_stack([outward, np.ones(len(at))])[known], deviation[known]
    if len(d) < 8:
        return 0.0
    solution = np.array([0.0, float(np.median(d))])
    for _ in range(6):
        weight = 1 / np.maximum(1, np.abs(d - a @ solution) / CLOSE) ** 2
        matrix = a.T @ (a * weight[:, None]) + np.diag([1.0, 1e-9]) * len(d)
        solution = np.linalg.solve(matrix, a.T @ (d * weight))
    return float(solution[0])


def _middle(values: Floats, weights: Floats) -> float:
    """Return the weighted median, 0 where nothing has weight."""
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    if not passed[-1] > 0:
        return 0.0
    return float(values[order][np.searchsorted(passed, passed[-1] / 2)])


def spread(count: int, most: int) -> list[int]:
    """Return up to `most` numbers below `count`, evenly spread, without the ends where there are others."""
    if count <= most:
        return list(range(count))
    return sorted({int((k + 0.5) * count / most) for k in range(most)})


def find(model: Model, beads: Beads, levels: Levels) -> Found:
    """Return where on the plate a model was printed, from levels all over its height."""
    middle = (levels.bottom + levels.top) / 2
    used = np.unique(levels.level)
    few = used[spread(len(used), COARSE_LEVELS)]
    rank = np.full(len(levels), -1)
    rank[few] = np.arange(len(few))
    shift = coarse_shift(model, model.outlines(middle[few]), beads, rank[levels.level])
    more = used[spread(len(used), FINE_LEVELS)]
    return fine_shift(model.outlines(middle[more]), beads, levels, more.tolist(), shift)
