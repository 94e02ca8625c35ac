"""The triangles of a 3MF file: every part, where the file places it, in mm."""

from __future__ import annotations

import io
import posixpath
import xml.etree.ElementTree as ET
import zipfile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Floats

CORE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
PRODUCTION = "{http://schemas.microsoft.com/3dmanufacturing/production/2015/06}"
START_PART = "3D/3dmodel.model"
UNITS = {"micron": 1e-3, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
DEEPEST = 32


class _Part(NamedTuple):
    """One model part of the archive: its objects by id, its root, its unit in mm."""

    objects: dict[str, ET.Element]
    root: ET.Element
    unit: float


def read_3mf(data: bytes) -> Floats:
    """Return the triangles (n, 3, 3) of all items that a 3MF file builds. Raises ValueError where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: _part(archive.read(name)) for name in archive.namelist() if name.endswith(".model")}
    except (zipfile.BadZipFile, ET.ParseError) as error:
        raise ValueError(f"no 3MF archive ({error})") from None
    start = START_PART if START_PART in parts else min(parts, default="")
    if not start:
        raise ValueError("the archive holds no model")
    found = []
    for item in parts[start].root.iterfind(f"{CORE}build/{CORE}item"):
        found += _triangles(parts, _path(item, start), item.attrib["objectid"], _transform(item), 0)
    return np.concatenate(found) * parts[start].unit if found else np.empty((0, 3, 3))


def _part(text: bytes) -> _Part:
    root = ET.fromstring(text)
    objects = {node.attrib["id"]: node for node in root.iterfind(f"{CORE}resources/{CORE}object")}
    return _Part(objects, root, UNITS[root.get("unit", "millimeter")])


def _path(node: ET.Element, here: str) -> str:
    """Return the part that an item or component names, `here` where it names none."""
    return posixpath.normpath(node.get(f"{PRODUCTION}path", here)).lstrip("/")


def _transform(node: ET.Element) -> Floats:
    """Return the 4 x 3 matrix of an item or component."""
    words = node.get("transform", "1 0 0 0 1 0 0 0 1 0 0 0").split()
    return np.array(words, np.float64).reshape(4, 3)


def _triangles(parts: dict[str, _Part], path: str, number: str, matrix: Floats, depth: int) -> list[Floats]:
    """Return the triangles of an object and of its components."""
    if depth > DEEPEST:
        raise ValueError("components are nested too deeply")
    node = parts[path].objects[number]
    found = []
    mesh = node.find(f"{CORE}mesh")
    if mesh is not None and node.get("type", "model") == "model":
        vertices = _numbers(mesh, "vertices/vertex", ("x", "y", "z"), np.float64)
        faces = _numbers(mesh, "triangles/triangle", ("v1", "v2", "v3"), np.intp)
        found.append((vertices @ matrix[:3] + matrix[3])[faces])
    for component in node.iterfind(f"{CORE}components/{CORE}component"):
        own = _transform(component)
        both = np.concatenate([own[:3] @ matrix[:3], own[3:] @ matrix[:3] + matrix[3]])
        found += _triangles(parts, _path(component, path), component.attrib["objectid"], both, depth + 1)
    return found


def _numbers(mesh: ET.Element, path: str, names: tuple[str, ...], kind: type) -> NDArray[Any]:
    """Return one row of numbers for each node at a path below a mesh."""
    nodes = mesh.iterfind("/".join(CORE + step for step in path.split("/")))
    return np.array([[node.attrib[name] for name in names] for node in nodes], dtype="U32").reshape(-1, 3).astype(kind)
