"""What changed between two prints: beads, time, plastic, commands; never mind in which order things are printed.

    compare   two prints, each (Evidence, seconds of its moves) -> Diff

Beads are matched by height and by both their ends, whichever end is first. Those left over are looked at in the plane:
where the other print has plastic along the same line, only its pieces differ (a seam elsewhere, an arc, other
rounding); where it has none, the geometry does. Two prints of equal size in different places are laid on each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.checks.evidence import Evidence, pieces_of
from gcode.moves import Floats

GRID = 0.01
"""Ends and heights are matched to this, mm."""
ROUNDING = 0.0021
"""Boxes whose sizes differ by less are equally large: each side is rounded to 0.001 mm."""
ALONG = 0.05
"""Beads of which all points are closer to one of the other print lie on the same line, mm."""
SPACING = 1.0
"""Leftover beads are looked at in points this far apart, mm."""
MEASURED = 300
"""Points of a height whose distance is measured; of the others only whether they are close."""
NOTABLE = 0.01
"""Flows and speeds that differ by a smaller share are the same."""
SAME, ORDER, SEAMS, GEOMETRY = "the same beads", "another order", "other seams", "different geometry"


class LayerDiff(NamedTuple):
    """One height at which beads differ.

    layer            counted from 1, in the first print, or in the second where it is only there
    kind             "only in A", "only in B", SEAMS or GEOMETRY
    length, volume   of the beads in A and B, mm and mm3
    far_mm           length of beads where the other has none, `far` the greatest distance from one, at x, y
                     (0 where the other has nothing at this height)
    """

    z: float
    layer: int
    kind: str
    length: tuple[float, float]
    volume: tuple[float, float]
    far_mm: float
    far: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Diff:
    """Two prints compared; pairs are (first, second).

    verdict   the gravest of SAME, ORDER, SEAMS, GEOMETRY
    shift     how far the second print was moved onto the first, x and y, mm
    beads     how many each has; `matched` of them are in both
    flows, speeds   matched beads whose plastic or speed differs
    layers    heights at which beads differ, from the bed up
    layer_seconds   z -> seconds of layers whose time differs, the most different first, at most ten
    commands  text -> how often in each, where that differs
    moves     everything else moves alike, too: travels and retractions
    """

    verdict: str
    shift: tuple[float, float]
    beads: tuple[int, int]
    matched: int
    flows: int
    speeds: int
    layers: tuple[LayerDiff, ...]
    layer_seconds: Mapping[float, tuple[float, float]]
    commands: Mapping[str, tuple[int, int]]
    moves: bool

    @property
    def same(self) -> bool:
        """Whether both do exactly the same, comments aside."""
        return self.verdict == SAME and self.moves and not (self.commands or self.flows or self.speeds)

    @property
    def same_beads(self) -> bool:
        """Whether both lay the same plastic in the same places, at the same speed and in the same order."""
        return self.verdict == SAME and not (self.flows or self.speeds or any(self.shift))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"same": self.same, "layers": [layer._asdict() for layer in self.layers]}


@dataclass(frozen=True, slots=True)
class _Beads:
    """Beads of one print: ends (n, 4) mm, z, row, length, volume."""

    ends: Floats
    z: Floats
    row: NDArray[np.int64]
    length: Floats
    volume: Floats


Print = tuple[Evidence, Floats]


def compare(one: Print, other: Print) -> Diff:
    """Return how the other print differs from the one."""
    (a, seconds_a), (b, seconds_b) = one, other
    first, second = _beads(a), _beads(b)
    shift = _shift(first, second)
    second = _Beads(second.ends - np.tile(shift, 2), second.z, second.row, second.length, second.volume)
    pairs = _matched(first, second)
    left = np.ones(len(first.z), bool), np.ones(len(second.z), bool)
    left[0][pairs[0]] = left[1][pairs[1]] = False
    layers = _layers((a, b), (first, second), left)
    in_order = len(first.z) == len(second.z) == len(pairs[0]) and bool((pairs[0] == pairs[1]).all())
    kinds = {layer.kind for layer in layers}
    return Diff(
        verdict=SEAMS if kinds == {SEAMS} else GEOMETRY if kinds else SAME if in_order else ORDER,
        shift=(float(shift[0]), float(shift[1])),
        beads=(len(first.z), len(second.z)),
        matched=len(pairs[0]),
        flows=_changed(first.volume[pairs[0]], second.volume[pairs[1]]),
        speeds=_changed(a.speed[first.row[pairs[0]]], b.speed[second.row[pairs[1]]]),
        layers=tuple(layers),
        layer_seconds=_layer_seconds(_by_height(a, seconds_a), _by_height(b, seconds_b)),
        commands=_commands(a, b),
        moves=not shift.any() and _same_motion(a, b),
    )


def _beads(e: Evidence) -> _Beads:
    """Return the beads of a print."""
    row = e.bead_rows
    x, y = e.moves.x[row], e.moves.y[row]
    ends = np.stack([x - e.steps[0][row], y - e.steps[1][row], x, y], axis=1)
    volume = e.moves.e[row] * e.held.flow[row] * e.filament_area
    return _Beads(ends, e.moves.z[row], row, e.flat[row], volume)


def _shift(a: _Beads, b: _Beads) -> Floats:
    """Return how far b lies from a, if their boxes are equally large; else nothing."""
    if not len(a.z) or not len(b.z):
        return np.zeros(2)
    boxes = [[ends.reshape(-1, 2).min(axis=0), ends.reshape(-1, 2).max(axis=0)] for ends in (a.ends, b.ends)]
    low, high = boxes[1][0] - boxes[0][0], boxes[1][1] - boxes[0][1]
    alike = np.abs(high - low).max() < ROUNDING and np.abs(low).max() > ROUNDING
    return np.asarray(low).round(3) if alike else np.zeros(2)


def _matched(a: _Beads, b: _Beads) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the beads of a and those of b that are the same, pair by pair, in the order of a."""
    key = np.concatenate([_keys(a), _keys(b)])
    of_b = np.repeat([False, True], [len(a.z), len(b.z)])
    order = np.lexsort((of_b, *key.T))  # equal keys together, those of a before those of b
    key, of_b = key[order], of_b[order]
    new = np.ones(len(order), bool)
    new[1:] = (key[1:] != key[:-1]).any(axis=1)
    group, begin = np.cumsum(new) - 1, np.flatnonzero(new)
    count_a = np.bincount(group[~of_b], minlength=len(begin))
    count_b = np.bincount(group[of_b], minlength=len(begin))
    rank = np.arange(len(order)) - begin[group] - np.where(of_b, count_a[group], 0)  # within the key and the print
    both = rank < np.minimum(count_a, count_b)[group]
    left, right = order[both & ~of_b], order[both & of_b] - len(a.z)
    in_order = np.argsort(left)
    return left[in_order], right[in_order]


def _keys(beads: _Beads) -> NDArray[np.int64]:
    """Return whole numbers (n, 5) that are equal for equal beads, whichever way they are printed."""
    ends = np.round(beads.ends / GRID).astype(np.int64)
    turn = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[turn] = ends[turn][:, [2, 3, 0, 1]]
    return np.column_stack([_levels(beads.z), ends])


def _levels(z: Floats) -> NDArray[np.int64]:
    """Return heights as whole numbers."""
    levels: NDArray[np.int64] = np.round(z / GRID).astype(np.int64)
    return levels


def _changed(a: Floats, b: Floats) -> int:
    """Return how many values differ notably."""
    return int((np.abs(a - b) > NOTABLE * np.maximum(np.abs(a), np.abs(b))).sum())


# ---------------------------------------------------------------- what is left over, height by height


def _layers(
    both: tuple[Evidence, Evidence], beads: tuple[_Beads, _Beads], left: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> list[LayerDiff]:
    """Return the heights that hold beads without their like in the other print."""
    levels = [_levels(one.z) for one in beads]
    orders = [np.argsort(level, kind="stable") for level in levels]
    found = []
    for level in np.unique(np.concatenate([level[mask] for level, mask in zip(levels, left, strict=True)])).tolist():
        rows = [order[_span(lev[order], level)] for lev, order in zip(levels, orders, strict=True)]
        lost = [beads[k].row[rows[k]][left[k][rows[k]]] for k in (0, 1)]
        here = [_only(one, some) for one, some in zip(beads, rows, strict=True)]
        gaps = [_far(here[k], left[k][rows[k]], here[1 - k]) for k in (0, 1)]
        far, x, y = max(gap[1:] for gap in gaps)
        far_mm = gaps[0][0] + gaps[1][0]
        missing = [name for name, some in zip("BA", rows, strict=True) if not len(some)]
        kind = f"only in {missing[0]}" if missing else GEOMETRY if far_mm > 0 else SEAMS
        owner = 0 if len(lost[0]) else 1
        layer = int(both[owner].moves.layer[lost[owner][0]]) + 1
        length = float(here[0].length.sum()), float(here[1].length.sum())
        volume = float(here[0].volume.sum()), float(here[1].volume.sum())
        found.append(LayerDiff(round(level * GRID, 2), layer, kind, length, volume, far_mm, far, x, y))
    return found


def _span(ordered: NDArray[np.int64], level: int) -> slice:
    """Return where a level lies among ordered ones."""
    return slice(int(np.searchsorted(ordered, level)), int(np.searchsorted(ordered, level, "right")))


def _only(beads: _Beads, some: NDArray[np.int64]) -> _Beads:
    """Return some of the beads."""
    return _Beads(beads.ends[some], beads.z[some], beads.row[some], beads.length[some], beads.volume[some])


def _far(beads: _Beads, left: NDArray[np.bool_], others: _Beads) -> tuple[float, float, float, float]:
    """Return (length of leftover beads that lie along none of the others, greatest distance, and its x and y)."""
    points, bead = _along(beads, left)
    if not len(points):
        return 0.0, 0.0, 0.0, 0.0
    away, distance = _away(points, others.ends)
    worst = int(np.argmax(distance))
    share = np.bincount(bead, away) / np.bincount(bead)
    lost = float((beads.length[left] * share).sum())
    return lost, float(distance[worst]), float(points[worst, 0]), float(points[worst, 1])


def _along(beads: _Beads, chosen: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.int64]]:
    """Return points (n, 2) along the chosen beads, both ends included, and the number of each one's bead."""
    ends = beads.ends[chosen]
    count = pieces_of(beads.length[chosen], SPACING) + 1
    bead = np.repeat(np.arange(len(ends)), count)
    place = np.arange(len(bead)) - np.repeat(np.cumsum(count) - count, count)
    share = (place / (count[bead] - 1))[:, None]
    return ends[bead, :2] * (1 - share) + ends[bead, 2:] * share, bead


def _away(points: Floats, ends: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Return which points (n, 2) lie along none of the segments (m, 4), and how far they are from the nearest.

    Distances are those of at most `MEASURED` of them, evenly chosen; 0 for the others, and where there is no segment.
    """
    away, distance = np.ones(len(points), bool), np.zeros(len(points))
    if not len(ends):
        return away, distance
    import shapely

    tree = shapely.STRtree(shapely.linestrings(ends.reshape(-1, 2, 2)))
    spots = shapely.points(points)
    away[tree.query(spots, "dwithin", ALONG)[0]] = False
    some = np.flatnonzero(away)
    some = some[:: len(some) // MEASURED + 1]
    distance[some] = tree.query_nearest(spots[some], return_distance=True, all_matches=False)[1]
    return away, distance


# ---------------------------------------------------------------- time, commands, motion


def _layer_seconds(a: Mapping[float, float], b: Mapping[float, float]) -> dict[float, tuple[float, float]]:
    """Return the times of layers, by height, that differ by more than a tenth of a second, at most ten."""
    pairs = {z: (a.get(z, 0.0), b.get(z, 0.0)) for z in {**a, **b}}
    ranked = sorted(pairs, key=lambda z: (-abs(pairs[z][0] - pairs[z][1]), z))
    return {z: pairs[z] for z in ranked[:10] if abs(pairs[z][0] - pairs[z][1]) > 0.1}


def _by_height(e: Evidence, seconds: Floats) -> dict[float, float]:
    """Return the seconds of each layer by the height of its first bead."""
    inside = e.moves.layer >= 0
    total = np.bincount(e.moves.layer[inside], seconds[inside])
    layers, z = e.layers
    return dict(zip((_levels(z) * GRID).round(2).tolist(), total[layers].tolist(), strict=True))


def _commands(a: Evidence, b: Evidence) -> dict[str, tuple[int, int]]:
    """Return commands, without their comments, that are not as often in both."""
    counts = [Counter(one.text.split(";", 1)[0].strip() for one in e.spoken) for e in (a, b)]
    texts = sorted(set(counts[0]) | set(counts[1]))
    return {text: (counts[0][text], counts[1][text]) for text in texts if counts[0][text] != counts[1][text]}


def _same_motion(a: Evidence, b: Evidence) -> bool:
    """Tell whether all rows go to the same places with the same plastic at the same speed."""
    names = ("x", "y", "z", "e", "speed", "acceleration", "fan", "tool")
    return len(a.moves) == len(b.moves) and all(
        np.allclose(getattr(a.moves, name), getattr(b.moves, name), rtol=1e-6, atol=1e-4) for name in names
    )
