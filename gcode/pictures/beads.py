"""Toolpaths as solid beads, to be drawn by `scene`: a prism with six sides for every printing move, travel and seam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Floats, Moves
from gcode.pictures import scene
from gcode.roles import Role

TRAVEL = 0
"""The place of travels, and of the bed below, in a palette."""
UNTOLD_WIDTH, UNTOLD_HEIGHT = 0.45, 0.2
"""mm, of beads in files that do not tell them."""
CHUNK = 1 << 15
"""Beads built at once: bounds the memory whatever the size of the print."""
BEVEL = 0.8
"""Share of half the height that is bevelled off the sides of a bead."""
SIDES = np.array([(0.92, 0.4), (0, 1), (-0.92, 0.4), (-0.92, -0.4), (0, -1), (0.92, -0.4)])
"""Normal of each side of the prism, leftwards and upwards; flatter than it is, so that layers do not flicker."""
QUADS = np.array([(k, (k + 1) % 6, (k + 1) % 6 + 6, k + 6) for k in range(6)])
TRIANGLES = QUADS[:, [0, 1, 2, 0, 2, 3]].reshape(12, 3)
"""Corners of the 12 triangles of a prism whose start ring is 0..5 and end ring 6..11."""


@dataclass(frozen=True, slots=True)
class Beads:
    """Straight beads: start and end of the centre line on their upper side (n, 3), width and height (n,), mm.

    colour is a place in a palette (n,); joined (n,) tells that a bead goes on where the one before it ended.
    """

    start: Floats
    end: Floats
    width: Floats
    height: Floats
    colour: NDArray[np.uint8]
    joined: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.width)

    def __getitem__(self, rows: Any) -> Beads:
        return Beads(*(getattr(self, name)[rows] for name in self.__slots__))


def together(*parts: Beads) -> Beads:
    """Return all beads of the parts, one part after the other."""
    return Beads(*(np.concatenate([getattr(part, name) for part in parts]) for name in Beads.__slots__))


def beads_of(
    moves: Moves,
    colour: NDArray[np.uint8],
    first_layer: int = 0,
    last_layer: int | None = None,
    travel_width: float = 0.0,
) -> Beads:
    """Return the beads of some layers, by default all; travels too, as thin lines on top, if they are given a width."""
    starts, ends = _ends(moves)
    prints = are_beads(moves)
    wanted = moves.layer >= first_layer
    if last_layer is not None:
        wanted &= moves.layer <= last_layer
    travels = (lengths(moves) > 0) & (moves.e <= 0) & (moves.speed > 0) if travel_width > 0 else np.zeros_like(prints)
    rows = np.flatnonzero(wanted & (prints | travels))
    travel = ~prints[rows]
    lift = np.where(travel, travel_width, 0.0)[:, None] * (0, 0, 1)
    joined = np.diff(rows, prepend=-2) == 1
    joined[1:] &= travel[1:] == travel[:-1]
    width = np.where(moves.width[rows] > 0, moves.width[rows], UNTOLD_WIDTH)
    height = np.where(moves.height[rows] > 0, moves.height[rows], UNTOLD_HEIGHT)
    return Beads(
        starts[rows] + lift,
        ends[rows] + lift,
        np.where(travel, travel_width, width).astype(np.float64),
        np.where(travel, travel_width, height).astype(np.float64),
        np.where(travel, TRAVEL, colour[rows]).astype(np.uint8),
        joined,
    )


def are_beads(moves: Moves) -> NDArray[np.bool_]:
    """Return (n,) which moves print; sequences at the start and the end do not count."""
    return np.asarray((moves.e > 0) & (lengths(moves) > 0) & (moves.role != Role.CUSTOM))


def lengths(moves: Moves) -> Floats:
    """Return (n,) how far each move goes in x and y."""
    x, y = np.diff(moves.x, prepend=moves.start[0]), np.diff(moves.y, prepend=moves.start[1])
    return np.asarray(np.sqrt(x * x + y * y))


def _ends(moves: Moves) -> tuple[Floats, Floats]:
    """Return the starts and ends (n, 3) of the moves."""
    ends = np.stack([moves.x, moves.y, moves.z], axis=1)
    return np.concatenate([moves.start[None, :3], ends[:-1]]), ends


def lines(start: Any, end: Any, width: float, colour: int = TRAVEL) -> Beads:
    """Return flat lines from start to end, each (n, 3)."""
    n = len(start)
    return Beads(
        np.asarray(start, np.float64),
        np.asarray(end, np.float64),
        np.full(n, width),
        np.full(n, width / 4),
        np.full(n, colour, np.uint8),
        np.zeros(n, np.bool_),
    )


def seams(moves: Moves) -> Floats:
    """Return the places (k, 3) where closed loops of outer walls begin, with the layer of each as a fourth column."""
    outer = are_beads(moves) & np.isin(moves.role, (Role.EXTERNAL_PERIMETER, Role.OVERHANG_PERIMETER))
    rows = np.flatnonzero(outer)
    if not len(rows):
        return np.zeros((0, 4))
    begins = np.flatnonzero((np.diff(rows, prepend=-2) > 1) | (np.diff(moves.layer[rows], prepend=-1) != 0))
    first, last = rows[begins], rows[np.append(begins[1:], len(rows)) - 1]
    external = np.add.reduceat(moves.role[rows] == Role.EXTERNAL_PERIMETER, begins) > 0
    starts, ends = _ends(moves)
    gap = np.sqrt(((starts[first] - ends[last])[:, :2] ** 2).sum(axis=1))
    chosen = external & (last > first + 1) & (gap < 2 * UNTOLD_WIDTH)
    return np.asarray(np.column_stack([starts[first, :2], ends[first, 2], moves.layer[first]])[chosen])


def dots(places: Floats, width: float, colour: int) -> Beads:
    """Return beads as long as they are wide, just above places (k, 3)."""
    half = np.array([width / 2, 0, 0])
    above = places + (0, 0, width / 4)
    return lines(above - half, above + half, width, colour)


def draw(beads: Beads, canvas: scene.Canvas, view: scene.View, palette: Floats) -> NDArray[np.uint8]:
    """Draw beads on a blank canvas and return the picture (h, w, 4); palette (k, 3) gives their colours."""
    for begin in range(0, len(beads), CHUNK):
        part = beads[begin : begin + CHUNK]
        faces = (np.arange(len(part))[:, None, None] * 12 + TRIANGLES).reshape(-1, 3)
        canvas.draw(view.project(_prisms(part)), faces, begin * 12)
    seen = canvas.owner[canvas.owner >= 0]
    row, side = seen // 12, seen % 12 // 2
    return canvas.develop(palette[beads.colour[row]], view.turn(_normals(beads, row, side)))


def _prisms(beads: Beads) -> Floats:
    """Return the corners (12 n, 3) of the prisms, start ring and end ring in turn."""
    left = _left(beads)
    cosine = np.zeros(len(beads))
    cosine[1:] = (left[1:] * left[:-1]).sum(axis=1)
    mitred = beads.joined & (cosine > -0.5)  # at a sharper corner the mitre would stick out too far
    mitre = left.copy()
    before = np.flatnonzero(mitred)
    mitre[before] = (left[before] + left[before - 1]) / (1 + cosine[before, None])
    finish = left.copy()
    finish[before - 1] = mitre[before]
    flat = 1 - np.minimum(BEVEL * beads.height / beads.width, 1)
    one, half = np.ones(len(beads)), np.full(len(beads), 0.5)
    across = np.stack([one, flat, -flat, -one, -flat, flat], axis=1) * (beads.width[:, None] / 2)
    up = np.stack([half, one, one, half, 0 * one, 0 * one], axis=1) * beads.height[:, None] - beads.height[:, None]
    corners = np.empty((len(beads), 2, 6, 3))
    for ring, (centre, sideways) in enumerate(((beads.start, mitre), (beads.end, finish))):
        corners[:, ring, :, :2] = centre[:, None, :2] + across[..., None] * sideways[:, None, :]
        corners[:, ring, :, 2] = centre[:, None, 2] + up
    return corners.reshape(-1, 3)


def _normals(beads: Beads, row: Any, side: Any) -> Floats:
    """Return the outward normals (k, 3) of the given sides of the given beads."""
    across, up = SIDES[side].T
    left = _left(beads)[row]
    return np.stack([left[:, 0] * across, left[:, 1] * across, up], axis=1)


def _left(beads: Beads) -> Floats:
    """Return the unit vectors (n, 2) that point to the left of each bead."""
    along = (beads.end - beads.start)[:, :2]
    length = np.sqrt((along * along).sum(axis=1))
    return np.asarray(np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length, 1e-12)[:, None])
