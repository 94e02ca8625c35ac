"""The slicer's nouns: frozen columns, no objects that own objects.

`Mesh -> LayerPlan -> regions -> Paths -> Moves`: regions are numpy object arrays of shapely (Multi)Polygons, one per
layer; `Moves` belongs to `gcode`. Offsets have one row more than they describe; empty layers are normal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Regions = NDArray[Any]
"""(n,) object array of shapely Polygon or MultiPolygon, one per layer; empty polygons where there is nothing."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of some faces.

    face_edges  (f, 3) i4 number of the undirected edge from corner k to corner k + 1 of each face
    uses        (e,) i4   how many faces use an edge; 0 where all of its faces were dropped
    balance     (e,) i4   how many more of them run upwards along it, to the vertex of higher number, than downwards
    """

    face_edges: NDArray[np.int32]
    uses: NDArray[np.int32]
    balance: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles: vertices (v, 3) f8 mm, faces (f, 3) i4 indices, counter-clockwise seen from outside.

    edges  those of the faces, where they are known already (`health.connected`)
    """

    vertices: Floats
    faces: NDArray[np.int32]
    name: str = "part"
    edges: Edges | None = field(default=None, compare=False, repr=False)

    @property
    def bounds(self) -> Floats:
        """(2, 3) lowest and highest corner, mm."""
        columns = self.vertices.T  # a column at a time is 20 times faster than numpy's reduction along rows
        return np.array([[column.min() for column in columns], [column.max() for column in columns]])


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """Heights of the layers, each (n,) f8 mm: bottom and top of the bead, and the plane where the mesh is cut."""

    z_bottom: Floats
    z_top: Floats
    z_slice: Floats

    def __len__(self) -> int:
        return len(self.z_top)

    @property
    def height(self) -> Floats:
        """(n,) thickness of each layer, mm."""
        return self.z_top - self.z_bottom

    @property
    def usual_height(self) -> float:
        """Median thickness of the layers, mm; `np.median` would load numpy.ma to tell."""
        n = len(self)
        return float(np.sort(self.height)[[(n - 1) // 2, n // 2]].mean())


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas to be filled, one row each, sorted by layer.

    polygon  (n,) object   shapely Polygon whose border is the edge of the neighbouring bead's spacing: a bead of
                           spacing s that touches the border has its centre line s/2 inside
    layer    (n,) i4
    role     (n,) u1       INFILL, SOLID_INFILL, TOP_SURFACE, BOTTOM_SURFACE or BRIDGE
    angle    (n,) f8       direction of a bridge's threads, degrees; nan elsewhere
    island   (n,) i4       island (connected part of the layer) it lies in
    """

    polygon: NDArray[Any]
    layer: NDArray[np.int32]
    role: NDArray[np.uint8]
    angle: Floats
    island: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.layer)


@dataclass(frozen=True, slots=True)
class Paths:
    """Typed toolpaths, one row a path, sorted by layer; vertices of path i are `offsets[i]:offsets[i + 1]`.

    xy       (p, 2) f8  mm    a closed path does not repeat its first vertex
    width    (p,) f8    mm    bead width at each vertex (constant along most paths)
    offsets  (n + 1,) i8
    layer    (n,) i4          non-decreasing
    role     (n,) u1          `gcode.roles.Role`
    closed   (n,) bool
    height   (n,) f8    mm    thickness of the bead
    island   (n,) i4          island of the layer the path lies in; -1 for skirts
    inset    (n,) i2          0 for the outermost wall, 1, 2 ... inwards; -1 for what is not a wall
    group    (n,) i4          consecutive paths of one layer with the same group >= 0 keep order and direction; -1: free
    object   (n,) i2          object on the plate
    """

    xy: Floats
    width: Floats
    offsets: Ints
    layer: NDArray[np.int32]
    role: NDArray[np.uint8]
    closed: NDArray[np.bool_]
    height: Floats
    island: NDArray[np.int32]
    inset: NDArray[np.int16]
    group: NDArray[np.int32]
    object: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))

    def __len__(self) -> int:
        return len(self.layer)

    @classmethod
    def of(cls, xy: Any, offsets: Any, **columns: Any) -> Paths:
        """Return paths from vertices and offsets; scalars are spread, what is not given is 0 (inset, group: -1)."""
        xy = np.ascontiguousarray(xy, np.float64).reshape(-1, 2)
        offsets = np.ascontiguousarray(offsets, np.int64)
        made: dict[str, Any] = {"xy": xy, "offsets": offsets}
        for name, dtype in PATH_DTYPES.items():
            n = len(xy) if name == "width" else len(offsets) - 1
            value = columns.pop(name, -1 if name in ("inset", "group") else 0)
            made[name] = np.full(n, value, dtype) if np.ndim(value) == 0 else np.ascontiguousarray(value, dtype)
        if columns:
            raise TypeError(f"Paths has no column {sorted(columns)[0]!r}")
        return cls(**made)

    @classmethod
    def empty(cls) -> Paths:
        """Return no paths."""
        return cls.of(np.zeros((0, 2)), [0])

    def validate(self) -> Paths:
        """Return self; raise ValueError where columns disagree."""
        n, p = len(self.offsets) - 1, len(self.xy)
        for name, dtype in PATH_DTYPES.items():
            column = getattr(self, name)
            if column.shape != ((p if name == "width" else n),) or column.dtype != dtype:
                raise ValueError(f"Paths.{name} has {column.dtype}{column.shape}")
        if self.offsets[0] != 0 or self.offsets[-1] != p or (np.diff(self.offsets) < 1).any():
            raise ValueError("Paths.offsets do not partition the vertices into non-empty paths")
        if (np.diff(self.layer) < 0).any():
            raise ValueError("Paths are not sorted by layer")
        if not (np.isfinite(self.xy).all() and np.isfinite(self.width).all()):
            raise ValueError("Paths hold a coordinate that is not a finite number")
        return self


PATH_DTYPES: dict[str, type[np.generic]] = {
    "width": np.float64,
    "layer": np.int32,
    "role": np.uint8,
    "closed": np.bool_,
    "height": np.float64,
    "island": np.int32,
    "inset": np.int16,
    "group": np.int32,
    "object": np.int16,
}
"""The columns of `Paths` beside xy and offsets, and their types."""
