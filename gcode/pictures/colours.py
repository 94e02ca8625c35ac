"""What the colour of a bead says: its role or tool, or a quantity such as speed, on an even scale.

paint   Moves, what to tell -> Paint: a colour for each move, and what the colours mean
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.in_force import in_force
from gcode.moves import Floats, Moves
from gcode.pictures.beads import TRAVEL, are_beads, lengths
from gcode.planner import estimate
from gcode.roles import TYPE_COMMENT, Role

SEAM, UNKNOWN, FIRST = range(TRAVEL + 1, TRAVEL + 4)
"""Places in every palette after that of travels: seams, beads of which the value is not known, the first value."""
FIXED = ("#9aa3ad", "#101216", "#d4d6d8")
"""Colours of travels, seams and the unknown."""
ROLES: dict[Role, str] = {
    Role.NONE: "#c9b8a8",
    Role.EXTERNAL_PERIMETER: "#f07a28",
    Role.PERIMETER: "#f9c22e",
    Role.OVERHANG_PERIMETER: "#2f5fd0",
    Role.THIN_WALL: "#f5e9a6",
    Role.GAP_FILL: "#e8e8e8",
    Role.INFILL: "#a63d40",
    Role.SOLID_INFILL: "#8f5bd6",
    Role.TOP_SURFACE: "#e5383b",
    Role.BOTTOM_SURFACE: "#4f7cac",
    Role.BRIDGE: "#3aa0ff",
    Role.SKIRT: "#1f9e89",
    Role.BRIM: "#1f9e89",
    Role.SUPPORT: "#6fbf4b",
    Role.SUPPORT_INTERFACE: "#2e7d32",
    Role.IRONING: "#ff9ecb",
    Role.CUSTOM: "#c0c4c9",
}
"""Colour of each role; warm outside, cool where there is nothing below."""
TOOLS = ("#f07a28", "#2f7fd0", "#2e9e5b", "#c2499d", "#e0b52c", "#6fc3e8", "#7a5bd0", "#8a8f98")
SCALE = "472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725"
"""Fifteen colours of viridis, evenly spaced: equal steps look equal, in grey and to the colour-blind too.

The two darkest are left out: they would swallow the shading."""
STEPS = 200
FEW = 7
"""Up to so many different values are named one by one, more are a scale."""


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour for each move, and what the colours mean.

    index    (n,) u1    place in the palette
    palette  (k, 3) f8  red, green, blue, 0..1; the first three are TRAVEL, SEAM, UNKNOWN
    title    what is told, with its unit
    names    place in the palette -> what it means; nothing where there is a scale
    ticks    value written at a place along the scale, 0..1; nothing where there are names
    """

    index: NDArray[np.uint8]
    palette: Floats
    title: str
    names: dict[int, str]
    ticks: tuple[tuple[float, str], ...] = ()


def paint(moves: Moves, by: str = "role", seconds: Floats | None = None, filament_diameter: float = 1.75) -> Paint:
    """Return the colours that tell one of `CHOICES` of each move; raise KeyError for anything else.

    seconds (n,) of each move are asked of a machine with default limits where they are needed and not given.
    """
    if by in NAMED:
        return NAMED[by](moves)
    title, measure = MEASURED[by]
    return _scaled(moves, title, measure(moves, seconds, filament_diameter))


def rgb(*colours: str) -> Floats:
    """Return colours such as #f07a28 as rows (k, 3) of 0..1."""
    return np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])


def _by_role(moves: Moves) -> Paint:
    names = {FIRST + role: TYPE_COMMENT[role].lower() for role in Role if role in TYPE_COMMENT}
    names[FIRST + Role.NONE] = "no role named"
    palette = rgb(*FIXED, *(ROLES[role] for role in Role))
    index = FIRST + np.minimum(moves.role, max(Role))
    return Paint(index.astype(np.uint8), palette, "what it is for", names)


def _by_tool(moves: Moves) -> Paint:
    index = FIRST + moves.tool % len(TOOLS)
    names = {FIRST + tool % len(TOOLS): f"T{tool}" for tool in np.unique(moves.tool)[::-1].tolist()}
    return Paint(index.astype(np.uint8), rgb(*FIXED, *TOOLS), "tool", names)


NAMED: dict[str, Callable[[Moves], Paint]] = {"role": _by_role, "tool": _by_tool}

# ---------------------------------------------------------------- quantities

Measure = Callable[[Moves, Floats | None, float], Floats]


def _speed(moves: Moves, seconds: Floats | None, diameter: float) -> Floats:
    return np.asarray(moves.speed * in_force(moves).speed)


def _flow(moves: Moves, seconds: Floats | None, diameter: float) -> Floats:
    """Return mm3/s: the filament of a move over the time it takes at the speed asked for."""
    held = in_force(moves)
    area = math.pi / 4 * diameter**2
    return np.asarray(moves.e * held.flow * area * moves.speed * held.speed / np.maximum(lengths(moves), 1e-9))


def _layer_time(moves: Moves, seconds: Floats | None, diameter: float) -> Floats:
    seconds = estimate(moves) if seconds is None else seconds
    layer = np.maximum(moves.layer, 0)
    return np.asarray(np.bincount(layer, np.where(moves.layer >= 0, seconds, 0.0))[layer])


def _unless_zero(column: NDArray[np.float32]) -> Floats:
    return np.where(column > 0, column, np.nan).astype(np.float64)


MEASURED: dict[str, tuple[str, Measure]] = {
    "speed": ("speed asked for, mm/s", _speed),
    "flow": ("flow, mm³/s", _flow),
    "width": ("width, mm", lambda moves, *_: _unless_zero(moves.width)),
    "height": ("height, mm", lambda moves, *_: _unless_zero(moves.height)),
    "time": ("time of the layer, s", _layer_time),
    "fan": ("fan, %", lambda moves, *_: moves.fan * 100.0),
    "temperature": ("nozzle, °C", lambda moves, *_: in_force(moves).nozzle.astype(np.float64)),
    "layer": ("layer", lambda moves, *_: moves.layer + 1.0),
}
DECADES = frozenset(MEASURED[by][0] for by in ("flow", "time"))
"""Titles of scales that are logarithmic where they span more than a decade."""
CHOICES = (*NAMED, *MEASURED)
"""What colours can tell."""


def _scaled(moves: Moves, title: str, values: Floats) -> Paint:
    """Return the paint of a quantity (n,); where it is not a number it is not known."""
    length = np.where(are_beads(moves) & (moves.layer >= 0), lengths(moves), 0.0)
    known = np.isfinite(values) & (length > 0)
    if not known.any():
        return Paint(np.full(len(moves), UNKNOWN, np.uint8), rgb(*FIXED), title, {UNKNOWN: "not told in this file"})
    told, share = _spread(values[known], length[known])
    scale = _scale(told, share, title in DECADES)
    place = np.where(np.isfinite(values), scale.place(values), 0.0)
    index = np.where(np.isfinite(values), FIRST + np.rint(place * (STEPS - 1)), UNKNOWN).astype(np.uint8)
    palette = np.concatenate([rgb(*FIXED), _even_scale()])
    names = {UNKNOWN: "not told"}
    if len(told) <= FEW:
        at = FIRST + np.rint(scale.place(told) * (STEPS - 1)).astype(int)
        names |= dict(zip(at.tolist(), map("{:g}".format, told), strict=True))
        return Paint(index, palette, title, names)
    return Paint(index, palette, title, names, _ticks(scale, bool(told[0] < scale.low), bool(told[-1] > scale.high)))


class Scale(NamedTuple):
    """A scale from low to high, even or in decades.

    >>> Scale(1, 100, True).place(np.array([0.5, 10, 100])), Scale(1, 3, False).place(np.array([2]))
    (array([0. , 0.5, 1. ]), array([0.5]))
    """

    low: float
    high: float
    decades: bool

    def place(self, values: Floats) -> Floats:
        """Return where values lie on the scale, 0..1."""
        low, high = self.low, self.high
        if low == high:
            return np.full(len(values), 0.5)
        if self.decades:
            values, low, high = np.log(np.maximum(values, low)), math.log(low), math.log(high)
        return np.clip((values - low) / (high - low), 0, 1)


def _spread(values: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Return the different values, to three digits, and the share of all length up to each."""
    digits = 10.0 ** (2 - np.floor(np.log10(np.maximum(np.abs(values), 1e-9))))
    told, which = np.unique(np.round(np.rint(values * digits) / digits, 9), return_inverse=True)
    share = np.cumsum(np.bincount(which, length))
    return told, share / share[-1]


def _scale(told: Floats, share: Floats, decades: bool) -> Scale:
    """Return the scale of values: 0.5 % of the length is beyond at each side where that narrows it much."""
    low, high = told[0], told[-1]
    inner = told[np.searchsorted(share, 0.005)], told[min(int(np.searchsorted(share, 0.995)), len(told) - 1)]
    if len(told) > FEW and high - low > 1.3 * (inner[1] - inner[0]) > 0:
        low, high = inner
    return Scale(float(low), float(high), decades and bool(0 < 10 * low < high))


def _ticks(scale: Scale, more_below: bool, more_above: bool) -> tuple[tuple[float, str], ...]:
    """Return where along a scale what is written: both ends, and round numbers between.

    >>> _ticks(Scale(12.0, 88.0, False), False, True)
    ((0.0, '12'), (0.368, '40'), (0.632, '60'), (1.0, '≥ 88'))
    """
    low, high, decades = scale
    if decades:
        tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
        inner = np.array([factor * 10.0**ten for ten in tens for factor in (1, 2, 5)])
    else:
        step = 10.0 ** math.floor(math.log10((high - low) / 2))
        step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * step) <= 5)
        inner = step * np.arange(math.floor(low / step), math.ceil(high / step) + 1)
    places = zip(scale.place(inner).round(3).tolist(), inner.tolist(), strict=True)
    between = [(place, f"{value:.6g}") for place, value in places if 0.12 < place < 0.88]
    return (0.0, f"{'≤ ' * more_below}{low:g}"), *between, (1.0, f"{'≥ ' * more_above}{high:g}")


def _even_scale() -> Floats:
    """Return the colours (STEPS, 3) of the scale."""
    stops = rgb(*(f"#{colour}" for colour in SCALE.split()))
    at = np.linspace(0, 1, STEPS)
    return np.stack([np.interp(at, np.linspace(0, 1, len(stops)), stops[:, k]) for k in range(3)], axis=1)
