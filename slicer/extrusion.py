"""Moves -> Moves: how much filament each bead takes, `e = area * length / filament area * multiplier`.

The cross-section is that of the flow model; a bridge is a round thread whose diameter is the move's width. Between two
vertices of different width the area grows linearly, so the mean width of the move gives its exact volume. Retractions
and primings, which draw nothing, keep their e.
"""

from __future__ import annotations

from math import pi

import numpy as np

from gcode.moves import Moves
from gcode.roles import Role
from profiles.schema import FilamentSettings
from slicer.nouns import Floats
from slicer.tools import flow


def extrusion(moves: Moves, filament: FilamentSettings) -> Moves:
    """Return the moves with e of every bead, mm of filament."""
    bead = moves.role != Role.NONE
    volume = cross_section(moves) * lengths(moves)
    filament_area = pi / 4.0 * filament.filament_diameter**2
    return moves.with_(e=np.where(bead, volume * (filament.extrusion_multiplier / filament_area), moves.e))


def cross_section(moves: Moves) -> Floats:
    """Return the area across each bead, mm2; 0 for moves that draw nothing.

    A bead narrower than high has no room for round sides: its section is an ellipse, which meets the flow model where
    both are equal. Between others it fills what they leave, however little that is.
    """
    width, height = moves.width.astype(np.float64), moves.height.astype(np.float64)
    free = moves.role != Role.GAP_FILL
    area = np.where(free & (width < height), pi / 4.0 * width * height, flow.area(width, height))
    return np.where(moves.role == Role.BRIDGE, flow.thread_area(width), area)


def lengths(moves: Moves) -> Floats:
    """Return the length of each move, mm."""
    x, y, z, _ = moves.start
    return np.sqrt(
        np.diff(moves.x, prepend=x) ** 2 + np.diff(moves.y, prepend=y) ** 2 + np.diff(moves.z, prepend=z) ** 2
    )
