"""Read STL, binary and ASCII, as it is met in the wild."""

from __future__ import annotations

import codecs

import numpy as np

from slicer.errors import InputRefused
from slicer.health import Repair
from slicer.kernels.mesh_text import scan_stl
from slicer.nouns import Mesh
from slicer.reading.arrays import mesh_of_triangles, read_spans

RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
"""One triangle of a binary STL, 50 bytes."""

HEADER = 84
"""Bytes before the first record: 80 of comment, 4 that count the triangles."""


def read_stl(data: bytes, name: str) -> tuple[Mesh, tuple[Repair, ...]]:
    """Return the mesh (all solids of the file together) and what had to be mended."""
    return read_text(data, name) if is_text(data) else read_binary(data, name)


def is_text(data: bytes) -> bool:
    """Tell ASCII from binary: binary headers may begin with "solid", but numbers hold zero bytes and text does not."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    exact = len(data) >= HEADER and len(data) == HEADER + RECORD.itemsize * int.from_bytes(data[80:84], "little")
    return not exact and b"\0" not in data[:1024]


def read_binary(data: bytes, name: str) -> tuple[Mesh, tuple[Repair, ...]]:
    """Read a binary STL by its length; its own count of triangles is only a hint."""
    if len(data) < HEADER:
        raise InputRefused(f"ends after {len(data)} bytes, within the header of a binary STL; copy or export it again")
    claimed = int.from_bytes(data[80:84], "little")
    there, rest = divmod(len(data) - HEADER, RECORD.itemsize)
    n = claimed if claimed <= there and rest else there
    if n == 0:
        raise InputRefused("holds no triangles; export the model again")
    repairs: tuple[Repair, ...] = ()
    if claimed > there and rest:
        text = f"the file is cut off: it announces {claimed} triangles and holds {there}"
        repairs = (Repair("truncated", claimed - there, text),)
    elif claimed != n:
        text = f"the header announces {claimed} triangles, the file holds {n}: those are used"
        repairs = (Repair("count", abs(claimed - n), text),)
    records = np.frombuffer(data, RECORD, n, HEADER)
    return mesh_of_triangles(records["corners"], name), repairs


def read_text(data: bytes, name: str) -> tuple[Mesh, tuple[Repair, ...]]:
    """Read an ASCII STL word by word: line ends, blanks, case, names and missing `endsolid` do not matter."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    points, starts, spans, whole = scan_stl(data)
    if not len(starts) or not len(points):
        raise InputRefused("is text, but holds no facets of an ASCII STL; export the model again")
    counts = np.diff(starts, append=len(points))
    repairs: tuple[Repair, ...] = ()
    if not whole:
        spans = spans[spans[:, 0] < 3 * starts[-1]]
        counts[-1] = 0
        repairs = (Repair("truncated", 1, "the file is cut off within its last facet"),)
    read_spans(points, spans, data)
    if (odd := int(((counts != 3) & (counts > 0)).sum())) > 0:
        repairs += (Repair("polygons", odd, f"{odd} facets without exactly three corners were cut or left out"),)
    corners = fan(starts, counts)
    if not len(corners):
        raise InputRefused("holds no whole facet; export the model again")
    return mesh_of_triangles(points[corners], name), repairs


def fan(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return (t, 3) indices of the triangles of polygons with corners starts[i] to starts[i] + counts[i].

    >>> fan(np.array([0, 3, 7]), np.array([3, 4, 2])).tolist()
    [[0, 1, 2], [3, 4, 5], [3, 5, 6]]
    """
    pieces = np.maximum(counts - 2, 0)
    first = np.repeat(starts, pieces)
    step = np.arange(len(first)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.stack([first, first + step + 1, first + step + 2], axis=1)
