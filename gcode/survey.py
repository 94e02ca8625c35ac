"""What a G-code file does, in numbers: sizes, plastic, time by role and layer, speeds, flows, temperatures.

    survey   Evidence (moves and the machine's limits), Times -> Survey

Speeds and flows are those asked for (with M220 and M221), weighted by the time the machine spends at them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.checks.evidence import Evidence
from gcode.checks.vocabulary import is_known
from gcode.in_force import BED, CHAMBER, NOZZLE
from gcode.moves import Floats
from gcode.roles import TYPE_COMMENT, Role
from gcode.times import Times

BINS = 12
WINDOW = 1.0
"""Lines are counted in windows of this length, s."""
NAMES = ["travel", *(TYPE_COMMENT[role].lower() for role in Role if role), "unnamed beads"]
"""What the nozzle is doing, by role; last, beads that no comment names."""


class Histogram(NamedTuple):
    """Seconds spent between each two edges; there is one edge more than there are seconds."""

    edges: tuple[float, ...]
    seconds: tuple[float, ...]


class LayerTime(NamedTuple):
    """A layer, counted from 1, with the height of its nozzle and how long it takes."""

    layer: int
    z: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Survey:
    """A file in numbers; lengths mm, times s, speeds mm/s, flows mm3/s, temperatures C.

    slicer                name and version, "" where no comment tells
    low, high             corners of the box around all beads of the print; an unknown width is the nozzle's
    part_low, part_high   the same without skirt, brim and supports
    seconds               motion and dwells; heating and homing come on top, and `untimed` commands nobody can time
    seconds_by_role       longest first; travel holds retractions too
    temperatures          each heater's targets in order, without repetition
    lines_per_second      most source lines that the machine consumes within one second
    """

    slicer: str
    layers: int
    layer_heights: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    part_low: tuple[float, ...]
    part_high: tuple[float, ...]
    filament_mm: float
    filament_cm3: float
    filament_mm_by_tool: Mapping[int, float]
    seconds: float
    heating: float
    homing: float
    untimed: tuple[str, ...]
    seconds_by_role: Mapping[str, float]
    quickest_layers: tuple[LayerTime, ...]
    slowest_layers: tuple[LayerTime, ...]
    speeds: Histogram
    flows: Histogram
    temperatures: Mapping[str, tuple[float, ...]]
    retractions: int
    retraction_mm: float
    travel_mm: float
    travel_share: float
    objects: tuple[str, ...]
    commands: Mapping[str, int]
    unknown_commands: Mapping[str, int]
    lines_per_second: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return (
            asdict(self)
            | {name: getattr(self, name)._asdict() for name in ("speeds", "flows")}
            | {
                name: [layer._asdict() for layer in getattr(self, name)]
                for name in ("quickest_layers", "slowest_layers")
            }
        )


def survey(evidence: Evidence, times: Times) -> Survey:
    """Return the survey of moves that take as long as `gcode.times` says."""
    moves, e, seconds = evidence.moves, evidence, times.moves
    rows = e.bead_rows
    part = rows[~np.isin(moves.role[rows], (Role.SKIRT, Role.BRIM, Role.SUPPORT, Role.SUPPORT_INTERFACE))]
    (low, high), (part_low, part_high) = _box(e, rows), _box(e, part)
    used = np.cumsum(moves.e * e.held.flow).max(initial=0.0)  # what was retracted last has been used, too
    layers = _layer_times(e, times.by_layer)
    pulled = _retractions(e)
    travels = ~e.beads & (e.flat > 0)
    commands = Counter(one.name for one in e.spoken)
    flavour = e.limits.machine.flavour
    return Survey(
        slicer=_slicer(moves.commands),
        layers=int(moves.layer.max(initial=-1)) + 1,
        layer_heights=_layer_heights(e),
        low=low,
        high=high,
        part_low=part_low,
        part_high=part_high,
        filament_mm=float(used),
        filament_cm3=float(used) * e.filament_area / 1000,
        filament_mm_by_tool=_by_tool(e),
        seconds=float(seconds.sum()),
        heating=times.heating,
        homing=times.homing,
        untimed=times.untimed,
        seconds_by_role=_by_role(e, seconds),
        quickest_layers=tuple(sorted(layers, key=lambda one: (one.seconds, one.layer))[:3]),
        slowest_layers=tuple(sorted(layers, key=lambda one: (-one.seconds, one.layer))[:3]),
        speeds=histogram(e.speed[e.flat > 0], seconds[e.flat > 0]),
        flows=histogram(e.section * e.speed[rows], seconds[rows]),
        temperatures=_temperatures(e),
        retractions=len(pulled),
        retraction_mm=float(np.median(pulled)) if len(pulled) else 0.0,
        travel_mm=float(e.flat[travels].sum()),
        travel_share=float(seconds[travels].sum() / seconds.sum()) if seconds.sum() > 0 else 0.0,
        objects=moves.objects,
        commands=dict(sorted(commands.items())),
        unknown_commands={name: n for name, n in sorted(commands.items()) if not is_known(name, flavour)},
        lines_per_second=_peak_rate(moves.line, seconds),
    )


def histogram(values: Floats, seconds: Floats, bins: int = BINS) -> Histogram:
    """Return the time spent at values, in at most `bins` bins of a round width.

    >>> histogram(np.array([5.0, 18.0, 19.0]), np.array([1.0, 2.0, 4.0]), 4)
    Histogram(edges=(0.0, 5.0, 10.0, 15.0, 20.0), seconds=(0.0, 1.0, 0.0, 6.0))
    """
    most = float(values.max(initial=0.0))
    if most <= 0:
        return Histogram((), ())
    power = 10.0 ** math.floor(math.log10(most / bins))
    width = next(step * power for step in (1, 2, 5, 10, 20) if most < step * power * bins)
    edges = np.arange(math.floor(most / width) + 2) * width
    bars = len(edges) - 1
    counted, _ = np.histogram(values, bars, (0.0, edges[-1]), weights=seconds)  # edges as a list would sort values
    return Histogram(tuple(edges.round(9).tolist()), tuple(counted.tolist()))


MADE_BY = re.compile(
    r";\s*(?:(?:G-Code )?(?:generated|sliced) (?:by|with)\s+([^\s(]+(?: v?[\d.]+\S*)?)|((?:Bambu|Orca)\S+ [\d.]+\S*))",
    re.I,
)
"""How slicers name themselves near the start."""


def _slicer(commands: Sequence[str]) -> str:
    """Return the name and version of a file's slicer."""
    for line in commands[:100]:
        if line[:1] == ";" and (found := MADE_BY.match(line)):
            return (found[1] or found[2]).strip("(),")
    return ""


def _box(e: Evidence, rows: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the corners of the box around some beads; nothing where there are none."""
    if not len(rows):
        return (), ()
    moves = e.moves
    half = np.where(moves.width[rows] > 0, moves.width[rows], e.limits.nozzle_diameter) / 2
    height = np.where(moves.height[rows] > 0, moves.height[rows], moves.z[rows].min())
    low, high = [], []
    for column, step in zip((moves.x, moves.y), e.steps, strict=False):
        ends = np.stack([column[rows], column[rows] - step[rows]])
        low.append((ends - half).min())
        high.append((ends + half).max())
    low.append((moves.z[rows] - height).min())
    high.append(moves.z[rows].max())
    return tuple(round(float(v), 4) + 0.0 for v in low), tuple(round(float(v), 4) + 0.0 for v in high)


def _layer_heights(e: Evidence) -> tuple[float, ...]:
    """Return the steps between the heights at which beads lie, commonest first, at most five."""
    levels = np.unique(e.moves.z[e.bead_rows].round(3))
    steps = np.diff(levels, prepend=0.0).round(3)
    return tuple(step for step, _ in Counter(steps.tolist()).most_common(5))


def _layer_times(e: Evidence, seconds: Floats) -> list[LayerTime]:
    """Return the time of each layer that has beads, of the seconds (layers,) of all."""
    layers, z = e.layers
    columns = (layers + 1).tolist(), z.tolist(), seconds[layers].tolist()
    return [LayerTime(*told) for told in zip(*columns, strict=True)]


def _by_role(e: Evidence, seconds: Floats) -> dict[str, float]:
    """Return seconds by what the nozzle is doing, longest first."""
    role = np.where(e.beads & (e.moves.role == Role.NONE), len(Role), e.moves.role)
    total = np.bincount(role, seconds, minlength=len(NAMES)).tolist()
    ranked = sorted((k for k in range(len(NAMES)) if total[k] > 0), key=lambda k: (-total[k], k))
    return {NAMES[k]: total[k] for k in ranked}


def _by_tool(e: Evidence) -> dict[int, float]:
    """Return the filament that each tool pushes, retractions taken off."""
    total = np.bincount(e.moves.tool, e.moves.e * e.held.flow)
    return {tool: float(total[tool]) for tool in np.flatnonzero(total).tolist()}


def _retractions(e: Evidence) -> Floats:
    """Return how much each retraction between two beads pulls back, those below 0.05 mm left out."""
    pushed = np.concatenate([[0.0], np.cumsum(e.moves.e)])
    after = e.bead_rows + 1
    if not len(after):
        return np.zeros(0)
    lowest = np.minimum.reduceat(pushed, after)
    pulled: Floats = pushed[after] - lowest
    return pulled[pulled > 0.05]


def _temperatures(e: Evidence) -> dict[str, tuple[float, ...]]:
    """Return the targets of each heater in order."""
    found = {}
    for heater in (NOZZLE, BED, CHAMBER):
        targets = [change.value for change in e.changes if change.what == heater and change.value is not None]
        if any(targets):
            found[heater] = tuple(t for i, t in enumerate(targets) if i == 0 or t != targets[i - 1])
    return found


def _peak_rate(line: NDArray[np.int32], seconds: Floats) -> float:
    """Return the most source lines, or rows where there are no lines, within a window of the print."""
    if not len(line):
        return 0.0
    ends = np.cumsum(seconds)
    new = np.ones(len(line), bool)
    new[1:] = (line[1:] != line[:-1]) | (line[1:] == 0)
    count = np.concatenate([[0], np.cumsum(new & (seconds > 0))])
    last = np.searchsorted(ends, ends + WINDOW, "right")
    return float((count[last] - count[1:]).max() / WINDOW)
