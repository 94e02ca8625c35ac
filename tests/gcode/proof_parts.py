"""Parts, their G-code, and ways to spoil it, for the tests of the proof."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

import slicer
from gcode.moves import DTYPES, Moves
from gcode.roles import Role

PLAIN = {"start_gcode": "", "end_gcode": "", "min_layer_time": 0, "check_rules": ["not-homed=off", "left-hot=off"]}
THIN = {"layer_height": 0.2, "first_layer_height": 0.2}
Mesh = tuple[np.ndarray, np.ndarray]


def prism(shape: Any, bottom: float, top: float) -> Mesh:
    """Return (vertices, faces) of a polygon pulled up; its holes are holes."""
    flat = shapely.constrained_delaunay_triangles(shape)
    corners = np.array([list(part.exterior.coords)[:3] for part in shapely.get_parts(flat)])
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    area = ax * by - ay * bx
    corners[area < 0] = corners[area < 0][:, ::-1]
    lid = np.concatenate([corners, np.full((*corners.shape[:2], 1), top)], axis=2)
    floor = np.concatenate([corners[:, ::-1], np.full((*corners.shape[:2], 1), bottom)], axis=2)
    sides = []
    outline = shapely.orient_polygons(shape)  # holes run the other way round: the solid is on the left of all rings
    for ring in (outline.exterior, *outline.interiors):
        xy = np.array(ring.coords)
        for (ax, ay), (bx, by) in pairwise(xy):
            low = [[ax, ay, bottom], [bx, by, bottom], [bx, by, top]]
            sides += [low, [low[0], low[2], [ax, ay, top]]]
    triangles = np.concatenate([lid, floor, np.array(sides)])
    return triangles.reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3)


def together(*parts: Mesh) -> Mesh:
    """Return one mesh of several."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    faces = [faces + start for (_, faces), start in zip(parts, starts, strict=False)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)


TOWERS = (shapely.box(2, 2, 10, 9), shapely.box(18, 3, 24, 8))
"""Where the towers of the part stand, before it is laid on the plate."""
HOLE = shapely.Point(14, 14).buffer(2.5)
HEIGHT = 3.2


@functools.cache
def part() -> Mesh:
    """Return a plate with a hole that carries two towers: no two sides of it are alike."""
    plate = shapely.difference(shapely.box(0, 0, 30, 18), HOLE)
    return together(prism(plate, 0, 1.6), *(prism(tower, 1.4, HEIGHT) for tower in TOWERS))


@functools.cache
def printed(**settings: Any) -> Moves:
    """Return the moves of the part, sliced in 0.2 mm layers."""
    return sliced(part(), settings)


def sliced(model: Any, settings: Mapping[str, Any] | None = None, **options: Any) -> Moves:
    """Return the moves of a model."""
    moves: Moves = slicer.slice(model, PLAIN | THIN | dict(settings or {}), **options).moves
    return moves


def without(moves: Moves, rows: np.ndarray) -> Moves:
    """Return moves that travel where they printed."""
    return moves.with_(e=np.where(rows & (moves.e > 0), 0.0, moves.e))


def layer(moves: Moves, number: int) -> np.ndarray:
    """Return which rows belong to a layer, counted from 1."""
    return moves.layer == number - 1


def longest_loop(moves: Moves, number: int, role: Role) -> np.ndarray:
    """Return the rows of the longest run of a role on a layer."""
    rows = np.flatnonzero(layer(moves, number) & (moves.e > 0) & (moves.role == role))
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    length = np.hypot(np.diff(moves.x, prepend=0.0), np.diff(moves.y, prepend=0.0))
    chosen = np.zeros(len(moves), np.bool_)
    chosen[max(runs, key=lambda run: length[run].sum())] = True
    return chosen


def corner_of(moves: Moves) -> np.ndarray:
    """Return where on the plate the origin of the part lies."""
    beads = (moves.e > 0) & (moves.role == Role.EXTERNAL_PERIMETER)
    xy = np.stack([moves.x[beads], moves.y[beads]], axis=1)
    return (xy.min(axis=0) + xy.max(axis=0)) / 2 - [15, 9]


def within(moves: Moves, shape: Any) -> np.ndarray:
    """Return the rows that end in a shape that is given in the part's coordinates."""
    x, y = np.stack([moves.x, moves.y], axis=1).T - corner_of(moves)[:, None]
    return np.asarray(shapely.contains_xy(shape.buffer(0.01), x, y))


def with_hatching(moves: Moves, shape: Any, number: int, spacing: float = 0.4) -> Moves:
    """Return moves that fill a shape (in the part's coordinates) on a layer, after all others."""
    z = float(moves.z[layer(moves, number) & (moves.e > 0)].max())
    x0, y0, x1, y1 = shape.bounds
    lines = [shapely.LineString([(x0, y), (x1, y)]).intersection(shape) for y in np.arange(y0 + 0.2, y1, spacing)]
    ends = np.array([line.coords[k] for line in lines if not line.is_empty for k in (0, -1)]) + corner_of(moves)
    e = np.zeros(len(ends))
    run = np.hypot(*(ends[1::2] - ends[::2]).T)
    e[1::2] = run * 0.2 * spacing / (np.pi * 1.75**2 / 4)
    return appended(moves, x=ends[:, 0], y=ends[:, 1], z=z, e=e, role=Role.SOLID_INFILL, layer=number - 1)


def appended(moves: Moves, **columns: Any) -> Moves:
    """Return moves with more rows at the end."""
    more = Moves.of(len(columns["x"]), **columns)
    both = {name: np.concatenate([getattr(moves, name), getattr(more, name)]) for name in DTYPES}
    rest = {f.name: getattr(moves, f.name) for f in fields(Moves) if f.name not in both}
    return Moves(**both, **rest)


def scaled(moves: Moves, x: float, y: float, z: float) -> Moves:
    """Return moves with all positions multiplied."""
    factors = np.array([x, y, z, 1.0])
    return moves.with_(x=moves.x * x, y=moves.y * y, z=moves.z * z, start=moves.start * factors)
