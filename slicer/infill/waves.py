"""Patterns made of periodic waves side by side: gyroid and honeycomb."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from slicer.infill.curves import Curves, box_of, clip, turned
from slicer.infill.join import joined
from slicer.infill.region import Region, region_of, shrink
from slicer.infill.task import Beads, Task
from slicer.ragged import offsets_of, segment_ids

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GYROID_LENGTH = 0.39133
"""Length of the gyroid's section per unit of area, averaged over all heights, where the unit cell is 2 pi."""
FINE = 192
"""Samples of a period before they are thinned."""
TOLERANCE = 0.03
"""Largest deviation of a sampled curve, mm."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Waves of each row: two in a period across, each repeated along u and v.

    period  (n, 2) mm       along u and across v
    uv      (n, 2, t, 2) mm one period of both waves, u rising from 0; the next period continues it
    turn    (n,) radians    direction of u
    """

    period: Floats
    uv: Floats
    turn: Floats


def gyroid(task: Task) -> Beads:
    """Fill the areas with sections of a gyroid: sin x cos y + sin y cos z + sin z cos x = 0."""
    return waves(task, gyroid_wave(task.pitch, task.z, np.deg2rad(task.angle)))


def honeycomb(task: Task) -> Beads:
    """Fill the areas with hexagons; the walls that two waves share lie side by side."""
    return waves(task, honeycomb_wave(task.pitch, task.spacing, np.deg2rad(task.angle)))


def gyroid_wave(pitch: Floats, z: Floats, turn: Floats) -> Wave:
    """Return the gyroid's waves at each height, along x or along y, whichever are functions.

    A sin w + B cos w = C has the solutions `w = atan2(A, B) +- acos(C / |A, B|)`. Where |sin z| is the greater, w is x,
    u is y, A = cos u, B = sin z and C = -sin u cos z; elsewhere w is y, u is x, A = cos z, B = sin u, C = -sin z cos u.
    """
    unit = pitch * GYROID_LENGTH
    phase = (z / unit)[:, None]
    upright = np.abs(np.sin(phase)) > np.abs(np.cos(phase))
    u = np.broadcast_to(np.linspace(0.0, 2.0 * pi, FINE + 1), (len(pitch), FINE + 1))
    a = np.where(upright, np.cos(u), np.cos(phase))
    b = np.where(upright, np.sin(phase), np.sin(u))
    c = -np.where(upright, np.sin(u) * np.cos(phase), np.cos(u) * np.sin(phase))
    sign = np.where(upright, np.sign(b), np.sign(a))  # the constant one made positive: atan2 does not jump
    lean, swing = np.arctan2(sign * a, sign * b), np.arccos(np.clip(sign * c / np.hypot(a, b), -1.0, 1.0))
    w = np.stack([lean - swing, lean + swing], axis=1)
    uw = thinned(np.stack([np.broadcast_to(u[:, None], w.shape), w], axis=-1), unit)
    uw[..., 1] *= np.where(upright, -1.0, 1.0)[:, :, None]  # the frame turned by a quarter: u is y, v is -x
    cell = np.repeat(2.0 * pi * unit[:, None], 2, axis=1)
    return Wave(cell, uw * unit[:, None, None, None], turn + np.where(upright[:, 0], 0.5 * pi, 0.0))


def thinned(uw: Floats, unit: Floats) -> Floats:
    """Return (n, 2, t, 2) of finely sampled curves (n, 2, FINE + 1, 2), denser where they bend; t suits all rows.

    An arc of length l that turns by b deviates from its chord by l b / 8, so equal shares of sqrt(l b) deviate equally.
    """
    step = np.diff(uw, axis=2)
    heading = np.arctan2(step[..., 1], step[..., 0])
    bend = np.abs(np.diff(heading, axis=2, append=heading[..., :1]))
    length = np.hypot(step[..., 0], step[..., 1])
    share = np.sqrt(length * 0.5 * (bend + np.roll(bend, 1, axis=2))) + 0.02 * length
    total = np.concatenate([np.zeros((*share.shape[:2], 1)), np.cumsum(share, axis=2)], axis=2)
    t = max(8, ceil(float((total[..., -1] * np.sqrt(unit / (8.0 * TOLERANCE))[:, None]).max())))
    made = np.empty((*uw.shape[:2], t, 2))
    for i, j in np.ndindex(*uw.shape[:2]):
        at = np.linspace(0.0, total[i, j, -1], t, endpoint=False)
        for axis in (0, 1):
            made[i, j, :, axis] = np.interp(at, total[i, j], uw[i, j, :, axis])
    return made


def honeycomb_wave(pitch: Floats, spacing: Floats, turn: Floats) -> Wave:
    """Return the waves of a honeycomb: flat, rise, flat, fall, of one side each.

    A wave is 4 sides long over a period of 3, and sqrt(3) / 2 sides high; the next one lies a spacing above, mirrored.
    So pitch = 3 (sqrt(3) / 2 side + spacing) / 4.
    """
    rise = np.maximum(4.0 / 3.0 * pitch - spacing, 0.1 * spacing)
    side = rise * 2.0 / sqrt(3.0)
    u = np.array([0.0, 1.0, 1.5, 2.5])
    v = np.array([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]])
    uv = np.empty((len(pitch), 2, 4, 2))
    uv[..., 0] = u * side[:, None, None]
    uv[..., 1] = v * rise[:, None, None]
    uv[:, 1, :, 1] += (rise + spacing)[:, None]
    return Wave(np.stack([3.0 * side, 2.0 * (rise + spacing)], axis=1), uv, turn)


def waves(task: Task, wave: Wave) -> Beads:
    """Fill the areas with waves, cut to the area and joined along its border."""
    region = region_of(shrink(task.polygon, task.inset, task.crew))
    if not len(region.row):
        return Beads.none()
    return joined(task, region, clip(region, over(region, wave)), in_turn=True)


def over(region: Region, wave: Wave) -> Curves:
    """Return the waves that cover the region's rows, each a period longer than its area."""
    low, high = box_of(region, wave.turn)
    full = np.isfinite(low[:, 0])
    low, high = np.where(full[:, None], low, 0.0), np.where(full[:, None], high, 0.0)
    first = np.floor(low[:, 0] / wave.period[:, 0]).astype(np.int64) - 1
    periods = np.ceil(high[:, 0] / wave.period[:, 0]).astype(np.int64) + 1 - first
    across = wave.period[:, None, 1]
    lowest = np.ceil((low[:, None, 1] - wave.uv[..., 1].max(axis=2)) / across).astype(np.int64)
    highest = np.floor((high[:, None, 1] - wave.uv[..., 1].min(axis=2)) / across).astype(np.int64)
    count = np.where(full[:, None], np.maximum(highest - lowest + 1, 0), 0).reshape(-1)
    curve_of = np.repeat(np.arange(len(count)), count)  # 2 * row + branch
    nth = np.arange(len(curve_of)) - np.repeat(offsets_of(count)[:-1] - lowest.reshape(-1), count)
    row, t = curve_of // 2, wave.uv.shape[2]
    offsets = offsets_of(periods[row] * t)
    curve = segment_ids(offsets)
    step, r = np.arange(offsets[-1]) - offsets[curve], row[curve]
    uv = wave.uv[r, curve_of[curve] % 2, step % t]
    uv[:, 0] += (first[r] + step // t) * wave.period[r, 0]
    uv[:, 1] += nth[curve] * wave.period[r, 1]
    return Curves(turned(uv, wave.turn[r]), offsets, row)
