"""Read 3MF: a zip of XML with objects, components that place objects in objects, and build items on the plate.

Nearly all of the XML is long lists of vertices and triangles. They are cut out and read by a kernel; what is left is
small and goes through the ordinary XML parser.
"""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import numpy as np

from slicer.errors import InputRefused
from slicer.health import Repair
from slicer.kernels.mesh_text import scan_attributes
from slicer.nouns import Floats, Mesh
from slicer.reading.arrays import mesh_of, read_spans
from slicer.reading.modifiers import Modifiers, find_modifiers

UNITS = {"micron": 0.001, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
"""mm in the units that a 3MF model may have."""

NOT_PRINTED = {"support", "other"}
"""Types of objects that are not part of the model itself."""

UNDERSTOOD = ("/production/2015/06", "/material/2015/02", "/trianglesets/2021/07")
"""Ends of the names of extensions that may be required: what is elsewhere is followed, colours change no shape."""
PREFIX = re.compile(rb"xmlns:([\w.-]+)\s*=\s*[\"']([^\"']*)")

MOST_BYTES = 1 << 31
MOST_RATIO = 400
"""A list of vertices shrinks twentyfold in a zip; more than this is a bomb."""
MOST_TRIANGLES = 50_000_000
PLACING = 5000
"""More triangles than any plate needs, and how many of them the placing of an object counts for: components of
components multiply quickly."""
DEEPEST = 32
"""Objects within objects within objects ..."""

UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)
"""What a damaged zip raises; of these, RuntimeError stands for encrypted ones and for methods nobody uses."""

LISTS = re.compile(rb"<((?:[\w.-]+:)?(vertices|triangles))(?:\s[^>]*)?(?<!/)>")
Key = tuple[str, str]
"""File within the zip, and id of the object in it."""


@dataclass(slots=True)
class Solid:
    """An object of the file: its own vertices and faces, and the objects it is composed of."""

    name: str
    printed: bool
    vertices: Floats | None = None
    faces: Floats | None = None
    parts: list[tuple[Key, Floats]] = field(default_factory=list)


def read_threemf(data: bytes, name: str) -> tuple[tuple[Mesh, ...], tuple[Repair, ...]]:
    """Return one mesh per build item, transformed as the file says, in mm, and what was left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return read_archive(archive, name)
    except UNREADABLE as error:
        raise InputRefused(f"is no readable 3MF ({error}); copy or export it again") from None
    except ElementTree.ParseError as error:
        raise InputRefused(f"holds damaged XML ({error}); export the model again") from None


def read_archive(archive: zipfile.ZipFile, name: str) -> tuple[tuple[Mesh, ...], tuple[Repair, ...]]:
    """Return the build items of the archive's main model part, and what was left out."""
    main = main_part(archive)
    solids: dict[Key, Solid] = {}
    modifiers = find_modifiers(archive.namelist(), lambda member: parse(unpack(archive, member)))
    root = read_part(archive, main, solids, modifiers)
    unit = unit_of(root)
    meshes = []
    budget = [MOST_TRIANGLES]
    for item in children(root, "build", "item"):
        if attribute(item, "printable") == "0":
            continue
        key = (attribute(item, "path") or main, item.get("objectid", ""))
        pieces = list(placed(archive, solids, key, matrix(item.get("transform")), budget, ()))
        if pieces:
            meshes.append(joined(pieces, unit, solids[key].name or name))
    if not meshes:
        raise InputRefused("puts nothing on the plate (no printable build items); export the model again")
    repairs: tuple[Repair, ...] = ()
    if n := len(modifiers):
        repairs = (Repair("modifiers", n, f"{n} volumes that modify settings or supports are no part of the model"),)
    return tuple(meshes), repairs


def main_part(archive: zipfile.ZipFile) -> str:
    """Return the name of the archive's model part: where its relationships point to, or the only one there is."""
    names = archive.namelist()
    if "_rels/.rels" in names:
        for relation in parse(unpack(archive, "_rels/.rels")):
            if relation.get("Type", "").endswith("/3dmodel"):
                return relation.get("Target", "").lstrip("/")
    models = sorted(name for name in names if name.lower().endswith(".model"))
    if not models:
        raise InputRefused("is a zip, but holds no 3D model; export the model as 3MF or STL")
    return models[0]


def unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of one member; refuse what unpacks to an absurd size."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise InputRefused(f"refers to {name!r}, which is not in it; export the model again") from None
    limit = min(MOST_BYTES, max(1 << 24, MOST_RATIO * info.compress_size))
    try:
        with archive.open(info) as member:
            data = member.read(limit + 1) if info.file_size <= limit else b""
    except ValueError as error:  # offsets that point before the file
        raise zipfile.BadZipFile(str(error)) from None
    if info.file_size > limit or len(data) > limit:
        raise InputRefused(f"{name} unpacks to {max(info.file_size, len(data)) >> 20} MB: this is no model")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = re.sub(r'encoding="[^"]*"', 'encoding="utf-8"', data.decode("utf-16", "replace"), count=1).encode()
    return data


def parse(xml: bytes) -> ElementTree.Element:
    """Return the root element; documents that define entities are refused unread."""
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise InputRefused("its XML defines entities, which no 3MF needs; export the model again")
    return ElementTree.fromstring(xml)


def read_part(
    archive: zipfile.ZipFile, part: str, solids: dict[Key, Solid], modifiers: Modifiers
) -> ElementTree.Element:
    """Add the objects of one model part to `solids`; return its root element."""
    skeleton, lists = cut_lists(unpack(archive, part))
    root = parse(skeleton)
    refuse_extensions(root, dict(PREFIX.findall(skeleton)))
    for element in children(root, "resources", "object"):
        own = element.get("id", "")
        solid = Solid(element.get("name", ""), element.get("type", "model") not in NOT_PRINTED)
        for block in children(element, "mesh", "vertices"):
            solid.vertices = lists.get(block.get("list", ""))
        for block in children(element, "mesh", "triangles"):
            solid.faces = modifiers.without(own, lists.get(block.get("list", ""), np.zeros((0, 3))))
        for component in children(element, "components", "component"):
            key = (attribute(component, "path") or part, component.get("objectid", ""))
            if (own, key[1]) in modifiers.parts:
                continue
            solid.parts.append((key, matrix(component.get("transform"))))
        solids[part, own] = solid
    return root


def refuse_extensions(root: ElementTree.Element, namespaces: dict[bytes, bytes]) -> None:
    """Refuse a model part that says that its triangles mean little without an extension that I do not know."""
    for prefix in root.get("requiredextensions", "").split():
        name = namespaces.get(prefix.encode(), b"").decode("utf-8", "replace")
        if not name.endswith(UNDERSTOOD):
            what = f"requires the 3MF extension {name or prefix!r}, which I do not know"
            raise InputRefused(f"{what}; export plain triangles, as 3MF or STL")


def cut_lists(xml: bytes) -> tuple[bytes, dict[str, Floats]]:
    """Return the XML with each list of vertices or triangles replaced by its number, and the lists, (n, 3) f8 each."""
    kept: list[bytes] = []
    lists: dict[str, Floats] = {}
    end = 0
    for found in LISTS.finditer(xml):
        if found.start() < end:
            continue
        tag, kind = found.groups()
        stop = xml.find(b"</" + tag, found.end())
        if stop < 0:
            raise InputRefused(f"its list of {kind.decode()} has no end: the file is cut off; export it again")
        element, first = (b"vertex", b"x") if kind == b"vertices" else (b"triangle", b"v1")
        block = xml[found.end() : stop]
        values, spans = scan_attributes(block, element, first)
        read_spans(values, spans, block)
        kept += [xml[end : found.start()], b'<%s list="%d">' % (tag, len(lists))]
        lists[str(len(lists))] = values
        end = stop
    return b"".join([*kept, xml[end:]]), lists


def children(element: ElementTree.Element, *path: str) -> Iterator[ElementTree.Element]:
    """Yield the descendants along a path of local names, any namespace."""
    for child in element:
        if child.tag.rpartition("}")[2] == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from children(child, *path[1:])


def attribute(element: ElementTree.Element, name: str) -> str:
    """Return an attribute in whatever namespace; parts are named without their leading slash."""
    found = (value for key, value in element.items() if key.rpartition("}")[2] == name)
    return next(found, "").lstrip("/")


def unit_of(root: ElementTree.Element) -> float:
    """Return the length of the model's unit in mm."""
    unit = root.get("unit", "millimeter")
    if unit not in UNITS:
        raise InputRefused(f"its unit {unit!r} is none of {', '.join(UNITS)}")
    return UNITS[unit]


def matrix(text: str | None) -> Floats:
    """Return the (4, 3) affine matrix that a row (x, y, z, 1) is multiplied by."""
    try:
        made = np.array((text or "1 0 0 0 1 0 0 0 1 0 0 0").split(), np.float64).reshape(4, 3)
    except ValueError:
        raise InputRefused(f"its transform {text!r} is not twelve numbers; export the model again") from None
    return made


def transformed(points: Floats, affine: Floats) -> Floats:
    """Return (n, 3) points times a (4, 3) matrix; without BLAS, whose last bits depend on its threads."""
    return np.asarray(np.einsum("ij,jk->ik", points, affine[:3]) + affine[3])


def placed(
    archive: zipfile.ZipFile,
    solids: dict[Key, Solid],
    key: Key,
    affine: Floats,
    budget: list[int],
    above: tuple[Key, ...],
) -> Iterator[tuple[Floats, Any]]:
    """Yield (vertices, faces) of an object and all its components, transformed; `above` are the objects it is in."""
    if key in above or len(above) > DEEPEST:
        raise InputRefused(f"object {key[1]} is a component of itself, or nested too deep; export the model again")
    if key not in solids and all(part != key[0] for part, _ in solids):
        read_part(archive, key[0], solids, Modifiers())
    if key not in solids:
        raise InputRefused(f"places object {key[1]!r}, which it does not hold; export the model again")
    solid = solids[key]
    if not solid.printed:
        return
    budget[0] -= PLACING + (0 if solid.faces is None else len(solid.faces))
    if budget[0] < 0:
        raise InputRefused("its components multiply to more than any plate holds; export the model again")
    if solid.vertices is not None and solid.faces is not None and len(solid.faces):
        with np.errstate(invalid="ignore"):  # nan is refused with the coordinates
            mirrored = np.linalg.det(affine[:3]) < 0
        yield transformed(solid.vertices, affine), solid.faces[:, ::-1] if mirrored else solid.faces
    for part, inner in solid.parts:
        combined = np.vstack([np.einsum("ij,jk->ik", inner[:3], affine[:3]), transformed(inner[3:], affine)])
        yield from placed(archive, solids, part, combined, budget, (*above, key))


def joined(pieces: list[tuple[Floats, Any]], unit: float, name: str) -> Mesh:
    """Return one mesh of several (vertices, faces), in mm."""
    starts = np.cumsum([0] + [len(vertices) for vertices, _ in pieces[:-1]])
    for vertices, faces in pieces:
        if faces.min() < 0 or faces.max() >= len(vertices) or (faces % 1 != 0).any():
            raise InputRefused("a triangle uses a vertex that is not there; export the model again")
    faces = np.vstack([faces.astype(np.int64) + start for (_, faces), start in zip(pieces, starts, strict=True)])
    return mesh_of(np.vstack([vertices for vertices, _ in pieces]) * unit, faces, name)
