"""A small camera and light for pictures of meshes and toolpaths: orthographic, no perspective, no randomness.

A picture is made in three steps: `view_of` finds the view that fits the canvas, `Canvas.draw` notes for each pixel
which triangle is seen there, and the caller gives each seen triangle a colour, which `Canvas.develop` shades.
All arithmetic is elementwise, so that the same picture comes out on any machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.kernels import raster

Floats = NDArray[np.float64]
LIGHTS = ((-0.45, -0.55, 0.70, 0.75), (0.80, -0.25, 0.55, 0.30))
"""Directional lights: x, y, z in canvas coordinates (right, down, towards the viewer) and strength."""
AMBIENT = 0.38


def axes_of(azimuth_deg: float, elevation_deg: float) -> Floats:
    """Return (3, 3) rows right, up, towards the viewer, of a camera at the given angles around and above the bed.

    >>> axes_of(0, 90).round(6).tolist()
    [[1.0, 0.0, 0.0], [-0.0, 1.0, 0.0], [0.0, -0.0, 1.0]]
    """
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    right = (math.cos(a), math.sin(a), 0.0)
    towards = (math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e))
    up = (-math.sin(a) * math.sin(e), math.cos(a) * math.sin(e), math.cos(e))
    return np.array([right, up, towards])


def _along(points: Any, axis: Any) -> Floats:
    """Return how far points (n, 3) lie along an axis; elementwise, unlike a product of matrices."""
    return np.asarray(points[:, 0] * axis[0] + points[:, 1] * axis[1] + points[:, 2] * axis[2])


@dataclass(frozen=True, slots=True)
class View:
    """Camera axes, pixels per mm, and the place of the camera's origin on the canvas."""

    axes: Floats
    scale: float
    origin: tuple[float, float]

    def project(self, points: Any) -> Floats:
        """Return points (n, 3) mm as pixels: x to the right, y down, z towards the viewer."""
        right, up, towards = self.axes * self.scale
        out = np.empty((len(points), 3))
        out[:, 0] = _along(points, right) + self.origin[0]
        out[:, 1] = self.origin[1] - _along(points, up)
        out[:, 2] = _along(points, towards)
        return out

    def turn(self, directions: Any) -> Floats:
        """Return directions (n, 3) as (3, n) columns in canvas coordinates."""
        right, up, towards = self.axes
        return np.stack([_along(directions, right), -_along(directions, up), _along(directions, towards)])


def view_of(points: Any, axes: Floats, width: int, height: int, margin: float = 0.04) -> View:
    """Return the view in which the points fill a canvas of width x height pixels but for the margin."""
    across, along = (_along(points, axis) for axis in axes[:2])
    (left, right), (bottom, top) = ((float(c.min()), float(c.max())) for c in (across, along))
    room = 1 - 2 * margin
    scale = min(width * room / max(right - left, 1e-6), height * room / max(top - bottom, 1e-6))
    return View(axes, scale, (width / 2 - (left + right) / 2 * scale, height / 2 + (bottom + top) / 2 * scale))


@dataclass(frozen=True, slots=True)
class Canvas:
    """What is seen at each pixel; `fine` samples along each side of a final pixel smooth the edges."""

    depth: Floats
    owner: NDArray[np.int32]
    fine: int

    @classmethod
    def blank(cls, width: int, height: int, fine: int = 2) -> Canvas:
        """Return an empty canvas for a picture of width x height pixels."""
        shape = height * fine, width * fine
        return cls(np.full(shape, -np.inf), np.full(shape, -1, np.int32), fine)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in samples: what a view must fit."""
        return self.depth.shape[1], self.depth.shape[0]

    def draw(self, points: Floats, faces: Any, first: int = 0) -> None:
        """Draw projected points (v, 3) joined by faces (f, 3), which are numbered from `first`."""
        raster.draw(points, np.ascontiguousarray(faces, np.int32), self.depth, self.owner, first)

    def develop(self, colour: Any, normal: Floats) -> NDArray[np.uint8]:
        """Return the picture (h, w, 4), transparent where nothing was drawn.

        colour  (3,) or (k, 3) red, green, blue, 0..1, of each sample with owner >= 0, in reading order
        normal  (3, k) unit vector x, y, z of each, in canvas coordinates
        """
        seen = np.flatnonzero(self.owner >= 0)
        bright = brightness(normal).astype(np.float32) * self._creases().ravel()[seen]
        samples = np.zeros((self.owner.size, 4), np.float32)
        samples[seen, :3] = np.minimum(np.asarray(colour, np.float32) * bright[:, None], 1)
        samples[seen, 3] = 1
        samples = samples.reshape(*self.owner.shape, 4)
        mean = np.zeros_like(samples[:: self.fine, :: self.fine])
        for i, j in np.ndindex(self.fine, self.fine):
            mean += samples[i :: self.fine, j :: self.fine]
        mean[..., :3] /= np.maximum(mean[..., 3:], 1)  # the colour of an edge is not darkened by what is behind it
        mean[..., 3] /= self.fine**2
        return np.asarray(mean * 255 + 0.5, np.uint8)

    def _creases(self) -> NDArray[np.float32]:
        """Return a factor (h, w) that darkens samples lying behind their neighbours: edges and layers stand out."""
        behind = np.empty(self.depth.shape, np.float32)
        raster.shadow(self.depth, behind)
        return np.asarray(1 / (1 + np.float32(0.012) * behind))


def normals_of(points: Floats, faces: Any) -> Floats:
    """Return (3, f) unit normals x, y, z of projected faces; zero where a face has no area."""
    a, b, c = np.take(points, faces.T, axis=0)
    (ux, uy, uz), (vx, vy, vz) = (b - a).T, (c - a).T
    normal = np.stack([uz * vy - uy * vz, ux * vz - uz * vx, uy * vx - ux * vy])
    return np.asarray(normal / np.maximum(np.sqrt((normal * normal).sum(axis=0)), 1e-300))


def brightness(normal: Floats) -> Floats:
    """Return how bright surfaces with unit normals (3, n) appear, about 0.3 to 1.2."""
    bright = np.full(normal.shape[1], AMBIENT)
    for x, y, z, strength in LIGHTS:
        share = strength / math.sqrt(x * x + y * y + z * z)
        bright += np.maximum(normal[0] * (x * share) + normal[1] * (y * share) + normal[2] * (z * share), 0)
    return bright
