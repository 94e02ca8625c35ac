"""Parallel lines through many regions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slicer.infill.region import Region
from slicer.kernels import fill_scan
from slicer.ragged import gather, offsets_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Frames:
    """Families of parallel lines, one family and one region row each: line k lies at `shift + k * pitch`.

    row (f,) row of the region; angle (f,) radians, direction of the lines; pitch, shift (f,) mm, along the normal
    """

    row: Ints
    angle: Floats
    pitch: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where lines cross rings, in the order of rings; and the segments of lines inside, sorted by frame, line and u.

    xy (m, 2), edge (m,) first vertex of the edge in the region, ring (m,) of the region, place (m,) along that ring
    frame_ring (m,) ring counted once a frame; ring_cross (q + 1,) crossings of those
    u (m,) along the line; level (m,) number of the line; ends (n, 2) left and right crossing of each segment
    line_offsets (lines + 1,) segments of each line, line_frame (lines,), line (n,) of each segment
    """

    xy: Floats
    edge: Ints
    ring: Ints
    place: Floats
    frame_ring: Ints
    ring_cross: Ints
    u: Floats
    level: Ints
    ends: Ints
    line_offsets: Ints
    line_frame: Ints
    line: Ints


def across(region: Region, frames: Frames) -> tuple[Floats, Floats]:
    """Return the lowest and highest position (f,) of each frame's region along the normal of its lines."""
    index, offsets, _, _ = vertices_of(region, frames.row)
    count = np.diff(offsets)
    v = region.xy[index, 1] * np.repeat(np.cos(frames.angle), count) - region.xy[index, 0] * np.repeat(
        np.sin(frames.angle), count
    )
    return np.minimum.reduceat(v, offsets[:-1]), np.maximum.reduceat(v, offsets[:-1])


def vertices_of(region: Region, rows: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return (vertices, offsets by frame, rings, offsets of those rings in the vertices) of the rows, in that order."""
    rings, frame_rings = gather(region.row_rings, rows)
    index, ring_offsets = gather(region.offsets, rings)
    return index, ring_offsets[frame_rings], rings, ring_offsets


def scan(region: Region, frames: Frames) -> Crossings:
    """Return where the frames' lines cross their regions; every frame's region has at least one ring."""
    index, vertex_offsets, rings, ring_offsets = vertices_of(region, frames.row)
    count = np.diff(vertex_offsets)
    cos, sin = np.cos(frames.angle), np.sin(frames.angle)
    x, y = region.xy[index, 0], region.xy[index, 1]
    u = x * np.repeat(cos, count) + y * np.repeat(sin, count)
    v = y * np.repeat(cos / frames.pitch, count) - x * np.repeat(sin / frames.pitch, count)
    v -= np.repeat(frames.shift / frames.pitch, count)
    ceil_v = np.ceil(v).astype(np.int64)
    low = np.minimum.reduceat(ceil_v, vertex_offsets[:-1])
    lines = offsets_of(np.maximum.reduceat(ceil_v, vertex_offsets[:-1]) - low)
    ring_frame = np.repeat(np.arange(len(frames.row)), np.diff(region.row_rings)[frames.row])
    steps = np.abs(np.diff(ceil_v))
    steps[ring_offsets[1:-1] - 1] = 0
    m = int(steps.sum())
    ints = {name: np.empty(m, np.int64) for name in ("edge", "ring", "line", "order")}
    cross_u, place = np.empty(m), np.empty(m)
    line_offsets = np.zeros(int(lines[-1]) + 1, np.int64)
    ring_cross = np.empty(len(rings) + 1, np.int64)
    fill_scan.scan(
        u, v, ceil_v, region.place[index], ring_offsets, (lines[:-1] - low)[ring_frame], line_offsets,
        ints["edge"], ints["ring"], ints["line"], cross_u, place, ring_cross, ints["order"],
    )  # fmt: skip
    line, order = ints["line"], ints["order"]
    line_frame = np.repeat(np.arange(len(frames.row)), np.diff(lines))
    frame = line_frame[line]
    level = line - (lines[:-1] - low)[frame]
    height = frames.shift[frame] + level * frames.pitch[frame]
    xy = np.stack([cross_u * cos[frame] - height * sin[frame], cross_u * sin[frame] + height * cos[frame]], axis=1)
    return Crossings(
        xy, index[ints["edge"]], rings[ints["ring"]], place, ints["ring"], ring_cross, cross_u,
        level, order.reshape(-1, 2), line_offsets // 2, line_frame, line[order[::2]],
    )  # fmt: skip
