"""Moves -> Moves: how fast each move is made, and with what acceleration.

A bead has the speed of its role; the first layer, the hotend's melting rate and the machine's axes may lower it.
An acceleration of 0 in the settings means "the more general one", and at last the machine's own default; as long as
no acceleration is set anywhere, the column stays 0 and the firmware is left alone.
"""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import FilamentSettings, LimitSettings, RetractionSettings, SpeedSettings
from slicer.nouns import Floats
from slicer.ragged import segment_sum

SPEED: dict[Role, str] = {
    Role.EXTERNAL_PERIMETER: "external_wall_speed",
    Role.PERIMETER: "wall_speed",
    Role.OVERHANG_PERIMETER: "bridge_speed",
    Role.THIN_WALL: "thin_wall_speed",
    Role.GAP_FILL: "gap_fill_speed",
    Role.INFILL: "infill_speed",
    Role.SOLID_INFILL: "solid_infill_speed",
    Role.TOP_SURFACE: "top_surface_speed",
    Role.BOTTOM_SURFACE: "solid_infill_speed",
    Role.BRIDGE: "bridge_speed",
    Role.SKIRT: "skirt_speed",
    Role.BRIM: "skirt_speed",
    Role.SUPPORT: "wall_speed",
    Role.SUPPORT_INTERFACE: "wall_speed",
    Role.IRONING: "top_surface_speed",
    Role.CUSTOM: "skirt_speed",
    Role.NONE: "travel_speed",
}
"""The setting that rules the speed of each role."""

ACCELERATION: dict[Role, str] = {
    Role.EXTERNAL_PERIMETER: "external_wall_acceleration",
    Role.INFILL: "infill_acceleration",
    Role.TOP_SURFACE: "top_surface_acceleration",
    Role.BRIDGE: "bridge_acceleration",
    Role.OVERHANG_PERIMETER: "bridge_acceleration",
    Role.NONE: "travel_acceleration",
}
"""The setting that rules the acceleration of a role; the others have `print_acceleration`."""

WALLS = (Role.EXTERNAL_PERIMETER, Role.PERIMETER)
SHUT = 0.5
"""A run of wall beads whose end comes back to its start within this is a loop, mm."""


def speeds(
    moves: Moves,
    speeds: SpeedSettings,
    filament: FilamentSettings,
    retraction: RetractionSettings,
    limits: LimitSettings,
) -> Moves:
    """Return the moves with speed (mm/s) and acceleration (mm/s2); `e` must be known."""
    steps = _steps(moves)
    length = np.sqrt((steps[:, :3] ** 2).sum(axis=1))
    bead = moves.role != Role.NONE
    speed = np.array([getattr(speeds, SPEED[role]) for role in Role])[moves.role]
    small = _small_loops(moves, length, speeds.small_wall_length)
    speed[small] = np.minimum(speed[small], speeds.small_wall_speed)
    if speeds.first_layer_speed > 0:
        first = bead & (moves.layer == 0)
        speed[first] = np.minimum(speed[first], speeds.first_layer_speed)
    climbing = ~bead & (length > 0) & (np.abs(steps[:, 2]) == length)
    speed[climbing] = speeds.travel_speed_z or limits.max_speed_z

    speed[length == 0] = np.inf  # only the filament moves: its own speed rules
    pull, push = retraction.retraction_speed, retraction.unretraction_speed or retraction.retraction_speed
    filament_speed = np.where(bead, np.inf, np.where(moves.e < 0, pull, push))
    if filament.max_volumetric_speed > 0:
        melted = filament.max_volumetric_speed / (pi / 4.0 * filament.filament_diameter**2)
        filament_speed[bead] = melted
    path = np.where(length > 0, length, np.abs(moves.e))
    speed = np.minimum(speed, _speed_for(path, moves.e, np.minimum(filament_speed, limits.max_speed_e)))
    for axis, most in enumerate((limits.max_speed_x, limits.max_speed_y, limits.max_speed_z)):
        speed = np.minimum(speed, _speed_for(path, steps[:, axis], most))
    speed[~np.isfinite(speed)] = speeds.travel_speed  # rows where nothing moves at all
    return moves.with_(speed=speed, acceleration=_acceleration(moves, speeds, limits))


def _steps(moves: Moves) -> Floats:
    """Return (n, 3) the motion of each row along x, y and z, mm."""
    position = np.stack([moves.x, moves.y, moves.z], axis=1)
    return np.diff(position, axis=0, prepend=moves.start[None, :3])


def _speed_for(path: Floats, part: Floats, most: Floats | float) -> Floats:
    """Return the speed along `path` at which one axis, moving `part` of it, reaches `most`; inf where it rests."""
    moves = np.abs(part) > 0
    return np.where(moves, most * path / np.where(moves, np.abs(part), 1.0), np.inf)


def _small_loops(moves: Moves, length: Floats, longest: float) -> NDArray[np.bool_]:
    """Return which moves belong to a closed wall of at most the given length."""
    change = np.flatnonzero(np.diff(moves.role, prepend=255) != 0)
    offsets = np.append(change, len(moves))
    around = segment_sum(length, offsets)
    x, y = (np.concatenate([[start], axis]) for start, axis in ((moves.start[0], moves.x), (moves.start[1], moves.y)))
    opening = np.hypot(x[offsets[1:]] - x[offsets[:-1]], y[offsets[1:]] - y[offsets[:-1]])
    small = np.isin(moves.role[change], WALLS) & (opening <= SHUT) & (around + opening <= longest)
    return np.repeat(small, np.diff(offsets))


def _acceleration(moves: Moves, speeds: SpeedSettings, limits: LimitSettings) -> NDArray[np.float32]:
    """Return the acceleration of each move; all 0 where the settings name none."""
    own = np.array([getattr(speeds, ACCELERATION.get(role, "print_acceleration")) for role in Role])
    if not own.any() and speeds.first_layer_acceleration == 0:
        return np.zeros(len(moves), np.float32)
    general = np.full(len(own), speeds.print_acceleration or limits.default_acceleration)
    general[Role.NONE] = limits.default_travel_acceleration
    column = np.where(own > 0, own, general)[moves.role]
    if speeds.first_layer_acceleration > 0:
        column = np.where((moves.layer == 0) & (moves.role != Role.NONE), speeds.first_layer_acceleration, column)
    return column.astype(np.float32)
