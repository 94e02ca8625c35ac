"""The triangles of a 3MF file: every part, where the file places it, in mm.

What other slicers keep beside the model, volumes that change settings or block supports, is left out. What would change
the shape in a way that is not known here, negative volumes or a required extension, is refused with a ValueError.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Floats

EXTENSIONS = "http://schemas.microsoft.com/3dmanufacturing/"
CORE = f"{{{EXTENSIONS}core/2015/02}}"
PRODUCTION = f"{{{EXTENSIONS}production/2015/06}}"
UNDERSTOOD = {f"{EXTENSIONS}{name}" for name in ("production/2015/06", "material/2015/02", "trianglesets/2021/07")}
"""Extensions that may be required: parts elsewhere are followed, colours and names change no shape."""
RELATIONS, START_PART = "_rels/.rels", "3D/3dmodel.model"
CONFIGS = ("Metadata/Slic3r_PE_model.config", "Metadata/model_settings.config")
"""Where PrusaSlicer says which triangles of an object are no part of it, and Bambu Studio and Orca which components."""
UNITS = {"micron": 1e-3, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
DEEPEST, MOST_PLACED = 32, 10_000
"""Objects within objects, and how often all of them are placed: twice a thing of which there are two multiplies."""
FLOOR, RATIO = 1 << 24, 400
"""Bytes that a member may unpack to, or times its packed size: lists of numbers shrink twentyfold, bombs more."""
DAMAGED = (zipfile.BadZipFile, ET.ParseError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


class _Part(NamedTuple):
    """One model part of the archive: its objects by id, its root, its unit in mm."""

    objects: dict[str, ET.Element]
    root: ET.Element
    unit: float


class _Archive(NamedTuple):
    """The model parts by name, the one that says what is built, and what of its objects is no part of the model.

    ranges      first and last triangles, by the object's id
    components  (object's id, id of what it places)
    """

    parts: dict[str, _Part]
    start: str
    ranges: dict[str, list[tuple[int, int]]]
    components: set[tuple[str, str]]
    placings: Iterator[int]


def read_3mf(data: bytes) -> Floats:
    """Return the triangles (n, 3, 3) of all items that a 3MF file builds. Raises ValueError where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            whole = _opened(archive)
    except DAMAGED as error:
        raise ValueError(f"no 3MF archive ({error})") from None
    start = whole.parts[whole.start]
    found = []
    for item in start.root.iterfind(f"{CORE}build/{CORE}item"):
        if not any(key.endswith("printable") and value == "0" for key, value in item.items()):
            path = _path(item, whole.start)
            found += _triangles(whole, path, item.attrib["objectid"], _transform(item), 0)
    return np.concatenate(found) * start.unit if found else np.empty((0, 3, 3))


def _opened(archive: zipfile.ZipFile) -> _Archive:
    """Return what an archive holds of models; its relationships say where to start, else the usual name or the only."""
    names = set(archive.namelist())
    parts = {name: _part(_unpacked(archive, name)) for name in names if name.lower().endswith(".model")}
    if not parts:
        raise ValueError("the archive holds no model")
    start = START_PART if START_PART in parts else min(parts)
    for relation in ET.fromstring(_unpacked(archive, RELATIONS)) if RELATIONS in names else ():
        target = relation.get("Target", "").lstrip("/")
        if relation.get("Type", "").endswith("/3dmodel") and target in parts:
            start = target
    whole = _Archive(parts, start, {}, set(), count(1))
    for name in names.intersection(CONFIGS):
        _note_modifiers(ET.fromstring(_unpacked(archive, name)), whole)
    return whole


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a member, unless it grows to more than an honest one."""
    info = archive.getinfo(name)
    most = max(FLOOR, RATIO * info.compress_size)
    with archive.open(info) as member:
        text = member.read(most + 1)
    if len(text) > most:
        raise ValueError(f"{name} unpacks to more than {most >> 20} MB: this is no model")
    return text


def _part(text: bytes) -> _Part:
    root = ET.fromstring(text)
    _refuse_unknown(root, text)
    objects = {node.attrib["id"]: node for node in root.iterfind(f"{CORE}resources/{CORE}object")}
    return _Part(objects, root, UNITS[root.get("unit", "millimeter")])


def _refuse_unknown(root: ET.Element, text: bytes) -> None:
    """Raise ValueError where a part says that its triangles are not all that it takes to know its shape."""
    required = root.get("requiredextensions", "").split()
    if not required:
        return
    told: Iterator[Any] = ET.iterparse(io.BytesIO(text), ("start-ns",))
    named = dict(pair for _, pair in told)
    for prefix in required:
        if (name := named.get(prefix, prefix)) not in UNDERSTOOD:
            raise ValueError(f"it requires the extension {name}, which is not known here; export plain triangles")


def _note_modifiers(config: ET.Element, whole: _Archive) -> None:
    """Note what of each object is no part of the model; raise ValueError where something is to be cut out of it."""
    for owner in config.iter("object"):
        own = owner.get("id", "")
        for volume in owner.iter("volume"):
            told = {node.get("key"): node.get("value", "") for node in volume.iter("metadata")}
            if _modifies(told.get("volume_type", "modifier" if told.get("modifier") == "1" else "")):
                span = int(volume.attrib["firstid"]), int(volume.attrib["lastid"])
                whole.ranges.setdefault(own, []).append(span)
        for part in owner.iter("part"):
            if _modifies(part.get("subtype", "")):
                whole.components.add((own, part.get("id", "")))


def _modifies(kind: str) -> bool:
    """Tell whether a volume of this kind is no part of the model."""
    if kind.lower().startswith("negative"):
        raise ValueError("it holds a negative volume, which is not cut out here; export the finished shape")
    return kind.lower() not in ("", "modelpart", "normal_part")


def _path(node: ET.Element, here: str) -> str:
    """Return the part that an item or component names, `here` where it names none."""
    return posixpath.normpath(node.get(f"{PRODUCTION}path", here)).lstrip("/")


def _transform(node: ET.Element) -> Floats:
    """Return the 4 x 3 matrix of an item or component."""
    words = node.get("transform", "1 0 0 0 1 0 0 0 1 0 0 0").split()
    return np.array(words, np.float64).reshape(4, 3)


def _triangles(whole: _Archive, path: str, number: str, matrix: Floats, depth: int) -> list[Floats]:
    """Return the triangles of an object and of its components."""
    if depth > DEEPEST or next(whole.placings) > MOST_PLACED:
        raise ValueError("its objects are nested too deeply, or multiply to more than any plate holds")
    if path not in whole.parts or number not in whole.parts[path].objects:
        raise ValueError(f"it places object {number}, which it does not hold")
    node = whole.parts[path].objects[number]
    if node.get("type", "model") in ("support", "other"):
        return []
    found, main = [], path == whole.start
    mesh = node.find(f"{CORE}mesh")
    if mesh is not None:
        vertices = _numbers(mesh, "vertices/vertex", ("x", "y", "z"), float)
        faces = _numbers(mesh, "triangles/triangle", ("v1", "v2", "v3"), int)
        if len(faces) and not 0 <= faces.min() <= faces.max() < len(vertices):
            raise ValueError("a triangle uses a vertex that is not there")
        kept = np.ones(len(faces), bool)
        for first, last in whole.ranges.get(number, ()) if main else ():
            kept[first : last + 1] = False
        found.append((vertices @ matrix[:3] + matrix[3])[faces[kept]])
    for component in node.iterfind(f"{CORE}components/{CORE}component"):
        placed = component.attrib["objectid"]
        if main and (number, placed) in whole.components:
            continue
        own = _transform(component)
        both = np.concatenate([own[:3] @ matrix[:3], own[3:] @ matrix[:3] + matrix[3]])
        found += _triangles(whole, _path(component, path), placed, both, depth + 1)
    return found


def _numbers(mesh: ET.Element, path: str, names: tuple[str, ...], kind: type[float]) -> NDArray[Any]:
    """Return one row of numbers for each node at a path below a mesh."""
    nodes = mesh.iterfind("/".join(CORE + step for step in path.split("/")))
    return np.fromiter((kind(node.attrib[name]) for node in nodes for name in names), kind).reshape(-1, len(names))
