"""Moves -> Moves: give every layer time to set, and air.

A layer that would be quicker than `min_layer_time` is stretched: all its beads but the outermost walls are slowed by
the same factor, none below `min_print_speed`; only when that is not enough the outermost walls too. Bridges keep their
speed. The factor is found by filling: what hits the floor stays there and the rest shares what is missing.

The fan is off in the first layers, ramps up to `fan_full_layer`, and runs between `fan_min` and `fan_max` by the time
the layer takes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import CoolingSettings
from slicer.nouns import Floats, Ints

Bools = NDArray[np.bool_]

STEADY = (Role.NONE, Role.BRIDGE, Role.OVERHANG_PERIMETER)
"""What is never slowed."""
OUTER = (Role.EXTERNAL_PERIMETER, Role.TOP_SURFACE)
"""What is slowed last, because it is seen."""
IN_AIR = (Role.BRIDGE, Role.OVERHANG_PERIMETER)
"""What `bridge_fan` is for."""


def cooling(moves: Moves, cooling: CoolingSettings) -> Moves:
    """Return the moves with slower beads where a layer would be too quick, and with the part fan's column."""
    if not len(moves):
        return moves
    seconds = _seconds(moves)
    layer = np.maximum(moves.layer, 0).astype(np.int64)
    needed = np.asarray(np.bincount(layer, seconds), np.float64)
    fan = _fan(moves, cooling, layer, needed)
    slowest = np.maximum(seconds, seconds * moves.speed / cooling.min_print_speed)
    steady, outer = np.isin(moves.role, STEADY), np.isin(moves.role, OUTER)
    stretched = seconds
    for mask in (~steady & ~outer, outer):
        stretched = _stretch(stretched, slowest, mask, layer, cooling.min_layer_time)
    factor = np.where(seconds > 0, stretched / np.where(seconds > 0, seconds, 1.0), 1.0)
    return moves.with_(speed=moves.speed / factor, fan=fan)


def _seconds(moves: Moves) -> Floats:
    """Return the time of each move at its speed, s; the machine's accelerations are left out."""
    x, y, z, _ = moves.start
    dx, dy, dz = (np.diff(a, prepend=s) for a, s in ((moves.x, x), (moves.y, y), (moves.z, z)))
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    way = np.where(length > 0, length, np.abs(moves.e))
    return np.where(moves.speed > 0, way / np.where(moves.speed > 0, moves.speed, 1.0), 0.0)


def _stretch(seconds: Floats, slowest: Floats, mask: Bools, layer: Ints, wanted: float) -> Floats:
    """Return the times with the masked moves of too quick layers stretched evenly, none beyond `slowest`.

    Each round clamps the moves that would go beyond; as this only raises the factor of the others, it ends.
    """
    missing = wanted - np.bincount(layer, seconds)
    if (missing <= 1e-9).all():
        return seconds
    free = mask & (missing > 1e-9)[layer] & (slowest > seconds)
    stretched, fixed = seconds.copy(), np.bincount(layer, np.where(free, 0.0, seconds))
    while free.any():
        loose = np.bincount(layer, np.where(free, seconds, 0.0))
        factor = (wanted - fixed) / np.where(loose > 0, loose, 1.0)
        over = free & (seconds * factor[layer] >= slowest)
        stretched[free] = np.where(over, slowest, seconds * factor[layer])[free]
        fixed += np.bincount(layer, np.where(over, slowest, 0.0))
        free &= ~over
        if not over.any():
            break
    return stretched


def _fan(moves: Moves, cooling: CoolingSettings, layer: Ints, seconds: Floats) -> NDArray[np.float32]:
    """Return the part fan of each move; a travel already has the fan of the bead it leads to."""
    span = max(cooling.fan_below_layer_time - cooling.min_layer_time, 1e-9)
    quick = np.clip((cooling.fan_below_layer_time - seconds) / span, 0.0, 1.0)
    by_time = cooling.fan_min + quick * (cooling.fan_max - cooling.fan_min)
    number, off, full = np.arange(len(seconds)), cooling.fan_off_layers, cooling.fan_full_layer
    ramp = np.where(number < off, 0.0, np.clip((number + 1 - off) / max(full - off, 1), 0.0, 1.0))
    fan = np.where(np.isin(moves.role, IN_AIR), cooling.bridge_fan, by_time[layer]) * ramp[layer]
    bead = np.flatnonzero(moves.role != Role.NONE)
    if len(bead):
        following = np.searchsorted(bead, np.arange(len(moves)))
        fan = fan[bead[np.minimum(following, len(bead) - 1)]]
    return fan.astype(np.float32)
