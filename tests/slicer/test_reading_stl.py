"""Every dialect of STL that is met in the wild gives the same mesh; damage is named or refused."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mesh_cases import box_triangles, same_triangles

from slicer.errors import InputRefused
from slicer.reading import load, read
from slicer.reading.stl import read_stl

BOX = box_triangles((20, 10, 5))


def binary(triangles: np.ndarray, header: bytes = b"", count: int | None = None, attribute: int = 0) -> bytes:
    """Return a binary STL; `count` is what its header claims."""
    claimed = struct.pack("<I", len(triangles) if count is None else count)
    records = np.zeros(len(triangles), [("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
    records["v"] = triangles
    records["a"] = attribute
    return header.ljust(80, b"\0")[:80] + claimed + records.tobytes()


def ascii_stl(triangles: np.ndarray, number: str = "{!r}", name: str = "part", solids: int = 1) -> str:
    """Return a plain ASCII STL, its triangles dealt out to several solids."""
    lines = []
    for part in np.array_split(np.asarray(triangles, np.float64), solids):
        lines.append(f"solid {name}")
        for corners in part.tolist():
            lines += ["  facet normal 0.0 0.0 1.0", "    outer loop"]
            lines += ["      vertex " + " ".join(number.format(value) for value in corner) for corner in corners]
            lines += ["    endloop", "  endfacet"]
        lines.append(f"endsolid {name}")
    return "\n".join(lines) + "\n"


PLAIN = ascii_stl(BOX)

DIALECTS = {
    "plain": PLAIN.encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "no line ends": PLAIN.replace("\n", " ").encode(),
    "blank lines first": b" \n\t\r\n\n" + PLAIN.encode(),
    "blank lines between": PLAIN.replace("\n", "\n\n \n").encode(),
    "tabs": PLAIN.replace(" ", "\t").encode(),
    "upper case": PLAIN.upper().encode(),
    "mixed case": PLAIN.replace("vertex", "Vertex").replace("facet", "FaCeT").encode(),
    "latin-1 name": ascii_stl(BOX, name="b\xfcchse \xa9").encode("latin-1"),
    "utf-8 mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "name with words": ascii_stl(BOX, name="vertex 1 2 3 outer loop").encode(),
    "several solids": ascii_stl(BOX, solids=3).encode(),
    "no endsolid": PLAIN.replace("endsolid part\n", "").encode(),
    "no name": ascii_stl(BOX, name="").encode(),
    "no solid": PLAIN.replace("solid part\n", "", 1).encode(),
    "scientific": ascii_stl(BOX, number="{:+.9E}").encode(),
    "17 digits": ascii_stl(BOX, number="{:.17f}").encode(),
    "nan normals": PLAIN.replace("normal 0.0 0.0 1.0", "normal nan -nan inf").encode(),
    "no trailing line end": PLAIN.encode().rstrip(),
    "binary": binary(BOX),
    "binary that begins with solid": binary(BOX, b"solid part"),
    "binary of spaces that begins with solid": binary(BOX, b"solid".ljust(80)),
    "binary with colours": binary(BOX, attribute=0x7C1F),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_give_the_same_mesh(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "box.stl"
    path.write_bytes(DIALECTS[dialect])
    reading = load(path)
    (mesh,) = reading.meshes
    assert not reading.repairs
    assert mesh.name == "box"
    assert len(mesh.vertices) == 8
    assert same_triangles(mesh.vertices[mesh.faces], BOX)


def test_the_dialects_do_differ() -> None:
    assert len(set(DIALECTS.values())) == len(DIALECTS)


DAMAGED = {
    "count too big": (binary(BOX, count=2_000_000_000), "count", 12),
    "count zero": (binary(BOX, count=0), "count", 12),
    "count too small": (binary(BOX, count=7), "count", 12),
    "cut within a record": (binary(BOX)[:-60], "truncated", 10),
    "ASCII cut within a number": (PLAIN[: PLAIN.rindex("endloop") - 7].encode(), "truncated", 11),
    "ASCII cut within a word": (PLAIN[: PLAIN.rindex("endloop") + 4].encode(), "truncated", 11),
    "ASCII cut in a normal": (PLAIN[: PLAIN.rindex("normal") + 9].encode(), "truncated", 11),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_whole_is_used_and_the_rest_is_named(damage: str, tmp_path: Path) -> None:
    data, name, faces = DAMAGED[damage]
    path = tmp_path / "box.stl"
    path.write_bytes(data)
    reading = load(path)
    assert [repair.name for repair in reading.repairs] == [name]
    assert same_triangles(reading.meshes[0].vertices[reading.meshes[0].faces], BOX[:faces])


def test_trailing_bytes_of_a_right_count_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "box.stl"
    path.write_bytes(binary(BOX) + b"made by someone")
    reading = load(path)
    assert len(reading.meshes[0].faces) == 12
    assert not reading.repairs


def test_polygons_in_ascii_are_cut_into_triangles(tmp_path: Path) -> None:
    path = tmp_path / "square.stl"
    corners = "vertex 0 0 0 vertex 1 0 0 vertex 1 1 0 vertex 0 1 0"
    path.write_text(f"solid x\nfacet normal 0 0 1 outer loop {corners} endloop endfacet\nendsolid")
    reading = load(path)
    assert len(reading.meshes[0].faces) == 2
    assert [repair.name for repair in reading.repairs] == ["polygons"]


REFUSED = {
    "nothing": (b"", "empty"),
    "a short header": (b"solid\0", "header"),
    "a header only": (binary(BOX[:0]), "no triangles"),
    "a web page": (b"<!DOCTYPE html><html>404</html>" * 60, "no facets"),
    "nan": (binary(BOX).replace(struct.pack("<f", 10.0), struct.pack("<f", np.nan)), "no place"),
    "infinity": (ascii_stl(BOX).replace("10.0", "inf").encode(), "no place"),
    "garbage": (np.random.default_rng(7).integers(0, 256, 5000).astype(np.uint8).tobytes(), "damaged"),
    "a word for a number": (PLAIN.replace("2.5", "two", 1).encode(), "line 4: '-two'"),
    "a missing number": (PLAIN.replace("-2.5\n", "\n", 1).encode(), "line 5: 'vertex'"),
    "a facet cut off": (PLAIN[:90].encode(), "no whole facet"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refused_with_one_clear_line(fault: str, tmp_path: Path) -> None:
    data, why = REFUSED[fault]
    path = tmp_path / "part.stl"
    path.write_bytes(data)
    with pytest.raises(InputRefused) as refusal:
        read(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: ")
    assert why in message
    assert "\n" not in message
    assert refusal.value.exit_code == 3


def test_missing_files_directories_and_unknown_formats_are_refused(tmp_path: Path) -> None:
    (tmp_path / "part.step").write_bytes(b"ISO-10303-21;")
    for path, why in ((tmp_path / "no.stl", "No such file"), (tmp_path, "directory"), (tmp_path / "part.step", ".3mf")):
        with pytest.raises(InputRefused, match=why):
            read(path)


floats = st.floats(-1e6, 1e6, width=32).map(lambda value: value + 0.0)
meshes = st.lists(st.lists(floats, min_size=9, max_size=9), min_size=1, max_size=6)
dialects = st.tuples(
    st.sampled_from(["{!r}", "{:.17e}", "{:+.9G}", "{:.60f}"]),
    st.sampled_from(["\n", "\r", "\r\n", "\n\n", " \n\t"]),
    st.sampled_from([str.lower, str.upper, str.title]),
    st.integers(1, 3),
    st.sampled_from(["", " ", "\r\n\n", "\t \n"]),
)


@given(meshes, dialects)
def test_any_triangles_in_any_dialect_come_back(rows, dialect) -> None:  # type: ignore[no-untyped-def]
    number, line_end, case, solids, before = dialect
    triangles = np.array(rows, np.float32).reshape(-1, 3, 3)
    text = before + case(ascii_stl(triangles, number, solids=solids).replace("\n", line_end))
    for data in (text.encode(), binary(triangles)):
        mesh, repairs = read_stl(data, "any")
        assert not repairs
        assert np.array_equal(mesh.vertices[mesh.faces].astype(np.float32), triangles)


@given(st.floats(-1e8, 1e8), st.sampled_from(["{!r}", "{:.13e}", "{:.3f}", "{:.12G}"]))
def test_numbers_are_read_exactly(value: float, how: str) -> None:
    written = how.format(value)
    text = f"solid\nfacet outer loop vertex {written} 0 0 vertex 1 0 0 vertex 0 1 0 endloop endfacet"
    mesh, _ = read_stl(text.encode(), "any")
    assert mesh.vertices[mesh.faces[0, 0], 0] == float(written)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "part.stl")
    with pytest.raises(InputRefused, match="a directory, pipe or device, not a file"):
        read(tmp_path / "part.stl")
