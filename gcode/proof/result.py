"""What a proof says: parts with their figures, level by level and in all, and the faults found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gcode.moves import Floats
from gcode.proof.compare import OUT, OVER
from gcode.proof.measure import Measured, Placed
from gcode.proof.surface import LIMIT


class Fault(NamedTuple):
    """One thing that is wrong.

    name         from the table in `diagnosis`
    text         what was seen, in figures
    first, last  layers, counted from 1; 0 where it is no matter of layers
    z            mm, top of the first of these layers
    x, y         mm on the plate, of the worst spot
    """

    name: str
    text: str
    first: int = 0
    last: int = 0
    z: float = 0.0
    x: float = 0.0
    y: float = 0.0

    def __str__(self) -> str:
        if not self.first:
            return f"{self.name}: {self.text}"
        layers = f"layer {self.first}" if self.first == self.last else f"layers {self.first} to {self.last}"
        return f"{self.name}: {self.text}; {layers}, z {self.z:.2f}, at x {self.x:.1f} y {self.y:.1f}"


class Deviation(NamedTuple):
    """How far plastic lies from the surface, mm, + outside: mean, root mean square, 95 % of the sizes, the largest."""

    mean: float
    rms: float
    p95: float
    largest: float


def deviation_of(classes: Floats) -> Deviation:
    """Return the figures of a histogram of deviations (`Measured.deviation`); nan where nothing was measured."""
    total = float(classes.sum())
    if not total:
        return Deviation(*[float("nan")] * 4)
    at = (np.arange(len(classes)) + 0.5) / len(classes) * 2 * LIMIT - LIMIT
    order = np.argsort(np.abs(at), kind="stable")
    passed = np.cumsum(classes[order])
    p95 = float(np.abs(at[order][np.searchsorted(passed, 0.95 * total)]))
    largest = float(at[order][np.flatnonzero(classes[order])[-1]])
    mean = float(classes @ at) / total
    return Deviation(mean, float(np.sqrt(classes @ at**2 / total)), p95, largest)


@dataclass(frozen=True, slots=True)
class Part:
    """One model of the plate and what was found of it.

    shell  mm, how deep from the surface this file fills everything
    """

    placed: Placed
    measured: Measured
    shell: float
    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.placed.model.name

    def columns(self) -> dict[str, Floats]:
        """Return figures, one of each a layer: areas in mm2, shares of what was asked for, deviations in mm."""
        levels, seen = self.placed.levels, self.measured
        squares, plastic, asked, bare = seen.by_distance.transpose(1, 0, 2)
        shell = slice(OUT, OUT + round(self.shell / self.placed.pitch))
        walls = self.placed.walls(self.shell)
        outside = slice(0, OUT - int(OVER))
        deviation = np.array([deviation_of(row) for row in seen.deviation]).reshape(-1, 4)
        solid = squares[:, walls].sum(axis=1)
        return {
            "z": levels.top + levels.base,
            "height": levels.height,
            "overshoot": plastic[:, outside].sum(axis=1),
            "shell": asked[:, shell].sum(axis=1),
            "shell_missing": bare[:, shell].sum(axis=1),
            "top": seen.skins[:, 0],
            "top_missing": seen.skins[:, 1],
            "bottom": seen.skins[:, 2],
            "bottom_missing": seen.skins[:, 3],
            "fill": _ratio(plastic[:, walls].sum(axis=1), solid),
            "solid": solid,
            "deviation_mean": deviation[:, 0],
            "deviation_rms": deviation[:, 1],
            "deviation_p95": deviation[:, 2],
            "deviation_max": deviation[:, 3],
            "unmet": _ratio(seen.bare, seen.bare + seen.deviation.sum(axis=1)),
        }

    def summary(self) -> dict[str, Any]:
        """Return the figures of the whole part: shares of the area asked for, and deviations in mm."""
        c = self.columns()
        total = {name: float(np.nansum(column)) for name, column in c.items()}
        deviation = deviation_of(self.measured.deviation.sum(axis=0))
        solid = max(total["solid"], 1e-9)
        return {
            "layers": len(c["z"]),
            "shell_mm": self.shell,
            "overshoot": total["overshoot"] / solid,
            "shell_missing": total["shell_missing"] / max(total["shell"], 1e-9),
            "top_missing": total["top_missing"] / max(total["top"], 1e-9),
            "bottom_missing": total["bottom_missing"] / max(total["bottom"], 1e-9),
            "fill": float(np.nansum(c["fill"] * c["solid"])) / solid,
            "fill_least": float(np.nanmin(c["fill"], initial=1.0)),
            "fill_most": float(np.nanmax(c["fill"], initial=0.0)),
            "deviation_mean": deviation.mean,
            "deviation_rms": deviation.rms,
            "deviation_p95": deviation.p95,
            "deviation_max": deviation.largest,
        }


def _ratio(a: Floats, b: Floats) -> Floats:
    """Return a / b, nan where b is 0."""
    return np.asarray(np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0))


@dataclass(frozen=True, slots=True)
class Proof:
    """What `verify` found: the parts of the plate and all their faults; passed where there is none."""

    parts: tuple[Part, ...]
    faults: tuple[Fault, ...]

    @property
    def passed(self) -> bool:
        """Tell whether no fault was found."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """Return everything for programs, in plain lists and numbers; None for what could not be measured."""
        return {
            "passed": self.passed,
            "faults": [fault._asdict() for fault in self.faults],
            "parts": [
                {
                    "model": part.name,
                    "shift": [round(float(v), 4) for v in -part.placed.shift],
                    **{name: _plain(value) for name, value in part.summary().items()},
                    "by_layer": {name: [_plain(v) for v in column] for name, column in part.columns().items()},
                }
                for part in self.parts
            ],
        }


def _plain(value: float) -> float | None:
    """Return a number rounded to six digits, None where it is none."""
    return round(float(value), 6) if np.isfinite(value) else None
