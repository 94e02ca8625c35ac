"""What a person or a program wants to know about a sliced job."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gcode.moves import Floats, Moves
from gcode.roles import TYPE_COMMENT, Role
from profiles.schema import Settings

AROUND = (Role.SKIRT, Role.BRIM, Role.CUSTOM, Role.SUPPORT, Role.SUPPORT_INTERFACE)
"""Roles of beads that are not part of the part."""
NAMES = {Role.NONE: "travel"} | {role: text.lower() for role, text in TYPE_COMMENT.items()}


@dataclass(frozen=True, slots=True)
class Summary:
    """A sliced job in numbers.

    models            name of each model on the plate
    layers            number of layers
    size              x, y, z of what is printed without skirt, brim and supports, mm
    filament_mm, filament_cm3, filament_g, filament_cost
    print_seconds     estimated time on the machine, and that of the first layer
    seconds_by_role   the same by what the nozzle is doing, longest first
    warnings          what a person should look at before printing
    repairs           what was mended in the models
    dropped           what the models have but the nozzle cannot print
    health            examination of each model, as plain numbers
    stage_seconds     where the slicer's own time went; the only part that differs from run to run
    """

    models: tuple[str, ...]
    layers: int
    size: tuple[float, float, float]
    filament_mm: float
    filament_cm3: float
    filament_g: float
    filament_cost: float
    print_seconds: float
    first_layer_seconds: float
    seconds_by_role: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    health: tuple[Mapping[str, Any], ...] = ()
    stage_seconds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)

    def text(self) -> str:
        """Return a few lines for people."""
        x, y, z = self.size
        rows = [
            ("size", f"{x:.1f} x {y:.1f} x {z:.1f} mm, {self.layers} layers"),
            ("time", f"{duration(self.print_seconds)}, first layer {duration(self.first_layer_seconds)}"),
            ("", shares(self.seconds_by_role)),
            ("filament", f"{self.filament_mm / 1000:.2f} m, {self.filament_g:.1f} g, {self.filament_cm3:.1f} cm3"),
            ("cost", f"{self.filament_cost:.2f}" if self.filament_cost else ""),
            *(("mended", line) for line in counted(self.repairs)),
            *(("dropped", line) for line in counted(self.dropped)),
            *(("warning", line) for line in counted(self.warnings)),
            ("sliced in", f"{sum(self.stage_seconds.values()):.2f} s" if self.stage_seconds else ""),
            ("", shares(self.stage_seconds)),
        ]
        return "\n".join([", ".join(counted(self.models)), *(f"  {name:<10}{value}" for name, value in rows if value)])


def summarise(
    moves: Moves,
    seconds: Floats,
    settings: Settings,
    *,
    models: Sequence[str] = (),
    health: Sequence[Mapping[str, Any]] = (),
    repairs: Sequence[object] = (),
    dropped: Sequence[object] = (),
    warnings: Sequence[str] = (),
    stage_seconds: Mapping[str, float] | None = None,
) -> Summary:
    """Return the summary of moves that take `seconds` (n,) each; repairs and what was dropped become texts."""
    filament = settings.filament
    used = float(moves.e[moves.role != Role.NONE].sum())
    volume = used * math.pi * filament.filament_diameter**2 / 4 / 1000
    mass = volume * filament.filament_density
    by_role = np.bincount(moves.role, seconds, minlength=len(Role))
    longest = sorted((role for role in Role if by_role[role]), key=lambda role: (-by_role[role], role))
    return Summary(
        models=tuple(models),
        layers=int(moves.layer.max(initial=-1)) + 1,
        size=extent(moves),
        filament_mm=used,
        filament_cm3=volume,
        filament_g=mass,
        filament_cost=mass / 1000 * filament.filament_cost,
        print_seconds=float(seconds.sum()),
        first_layer_seconds=float(seconds[moves.layer == 0].sum()),
        seconds_by_role={NAMES[role]: float(by_role[role]) for role in longest},
        warnings=tuple(warnings),
        repairs=tuple(map(str, repairs)),
        dropped=tuple(map(str, dropped)),
        health=tuple(health),
        stage_seconds=dict(stage_seconds or {}),
    )


def extent(moves: Moves) -> tuple[float, float, float]:
    """Return the size of what the beads of the part fill, mm; zeros where there are none."""
    rows = np.flatnonzero((moves.e > 0) & (moves.role != Role.NONE) & ~np.isin(moves.role, AROUND))
    if not len(rows):
        return 0.0, 0.0, 0.0
    sizes = []
    for column, begin in (moves.x, moves.start[0]), (moves.y, moves.start[1]):
        before = np.where(rows > 0, column[rows - 1], begin)
        half = moves.width[rows] / 2
        low = np.minimum(column[rows], before) - half
        high = np.maximum(column[rows], before) + half
        sizes.append(float(high.max() - low.min()))
    bottom = float((moves.z[rows] - moves.height[rows]).min())
    return sizes[0], sizes[1], float(moves.z[rows].max()) - bottom


def duration(seconds: float) -> str:
    """Return a time for people.

    >>> [duration(s) for s in (4.2, 75, 5000, 100000)]
    ['4s', '1m 15s', '1h 23m', '1d 3h 47m']
    """
    whole = round(seconds)
    if whole >= 3600:
        minutes = round(seconds / 60)
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        return f"{days}d {hours}h {minutes}m" if days else f"{hours}h {minutes}m"
    return f"{whole // 60}m {whole % 60}s" if whole >= 60 else f"{whole}s"


def counted(texts: Sequence[str]) -> list[str]:
    """Return texts once each, in order, with how often they occur.

    >>> counted(["pawn", "king", "pawn"])
    ['2 x pawn', 'king']
    """
    return [text if n == 1 else f"{n} x {text}" for text, n in Counter(texts).items()]


def shares(parts: Mapping[str, float], most: int = 5) -> str:
    """Return the largest parts of a whole as percentages.

    >>> shares({"infill": 3.0, "walls": 6.0, "travel": 1.0, "skirt": 0.0}, most=2)
    'walls 60 %, infill 30 %, rest 10 %'
    """
    total = sum(parts.values())
    if not total > 0:
        return ""
    largest = sorted(parts.items(), key=lambda part: -part[1])[:most]
    words = [f"{name} {value / total:.0%}" for name, value in largest if value >= total / 200]
    rest = total - sum(value for _, value in largest)
    if rest >= total / 200:
        words.append(f"rest {rest / total:.0%}")
    return ", ".join(words).replace("%", " %")
