"""A shape with as many triangles and layers as wanted, for plots of time against size."""

from __future__ import annotations

import numpy as np

from slicer.nouns import Mesh


def pebble(triangles: int, height: float = 30.0, width: float = 40.0) -> Mesh:
    """Return a closed bumpy ball of about this many triangles, `height` mm tall."""
    rings = max(3, round((triangles / 4) ** 0.5))
    around = 2 * rings
    theta = np.linspace(0, np.pi, rings + 1)[1:-1, None]
    phi = np.linspace(0, 2 * np.pi, around, endpoint=False)[None, :]
    radius = 1 + 0.06 * np.sin(5 * phi) * np.sin(theta) ** 2 + 0.03 * np.sin(11 * phi + 7 * theta) * np.sin(theta)
    x, y = (width / 2 * radius * np.sin(theta) * f(phi) for f in (np.cos, np.sin))
    z = height / 2 * np.cos(theta) * np.ones_like(phi)
    body = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([body, [[0, 0, height / 2], [0, 0, -height / 2]]])
    here = np.arange(around)
    after = (here + 1) % around
    start = np.arange(rings - 2)[:, None] * around
    upper, lower = start + here, start + around + here
    upper_after, lower_after = start + after, start + around + after
    faces = [
        np.stack([upper, lower, lower_after], axis=-1).reshape(-1, 3),
        np.stack([upper, lower_after, upper_after], axis=-1).reshape(-1, 3),
        np.stack([np.full(around, len(body)), here, after], axis=-1),
        np.stack([np.full(around, len(body) + 1), len(body) - around + after, len(body) - around + here], axis=-1),
    ]
    return Mesh(vertices, np.concatenate(faces).astype(np.int32), "pebble")
