"""Archives and packed files: what is in them is read; what is cut off, damaged or no G-code is an error of ours."""

import gzip
import io
import os
import random
import tracemalloc
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcode import bgcode, containers
from gcode.errors import CutOff, DamagedFile, GcodeError, NoSuchPlate, NotGcode, TooLarge, UnreadableFile
from gcode.metadata import thumbnails
from gcode.reader import read, stream

TEXT = b"G28\nG1 X1 Y2 Z.2 E3 F600\n" * 40
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000208") + b"rest"


def archive(**members: bytes) -> bytes:
    """Return a zip archive; `__` in a name is a slash and `_dot_` a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


BAMBU = {"Metadata__plate_1_dot_gcode": TEXT, "Metadata__plate_1_dot_png": PIXEL, "3D__3dmodel_dot_model": b"<xml/>"}
PACKED = {
    "gzip": gzip.compress(TEXT),
    "two gzips": gzip.compress(TEXT[:52]) + gzip.compress(TEXT[52:]),
    "padded gzip": gzip.compress(TEXT) + bytes(9),
    "3mf": archive(**BAMBU),
    "ufp": archive(**{"3D__model_dot_gcode": TEXT}),
    "bgcode": bgcode.pack(TEXT),
    "bom": b"\xef\xbb\xbf" + TEXT,
    "old Mac": TEXT.replace(b"\n", b"\r"),
}


@pytest.mark.parametrize("how", PACKED)
def test_what_is_packed_is_read(how, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(PACKED[how])
    expected = read(TEXT)
    for moves in (read(path), read(str(path)), read(PACKED[how])):
        assert moves.x.tolist() == expected.x.tolist()
        assert moves.e.tolist() == expected.e.tolist()
    assert sum(len(piece) for piece in stream(path, chunk_bytes=100)) == len(expected)


def test_plates():
    several = archive(**BAMBU, Metadata__plate_12_dot_gcode=TEXT[: len(TEXT) // 2])
    assert containers.plates(several) == [1, 12]
    assert containers.plates(TEXT) == []
    assert len(read(several, plate=12)) * 2 == len(read(several, plate=1)) == len(read(TEXT))
    with pytest.raises(NoSuchPlate, match="holds the plates 1, 12: say which"):
        read(several)
    with pytest.raises(NoSuchPlate, match=r"holds a.gcode, b.gcode: unpack the one you mean"):
        read(archive(a_dot_gcode=TEXT, b_dot_gcode=TEXT))
    with pytest.raises(NoSuchPlate, match="has no plate 3: its plates are 1, 12"):
        read(several, plate=3)
    with pytest.raises(NoSuchPlate, match="not an archive"):
        read(TEXT, plate=1)
    assert [(t.width, t.height, t.data) for t in thumbnails(several, plate=1)] == [(1, 2, PIXEL)]


@pytest.mark.parametrize("how", ["gzip", "3mf", "bgcode"])
def test_every_cut_is_an_error(how):
    data = PACKED[how]
    for size in range(4, len(data) - 1, 7):
        with pytest.raises(UnreadableFile):
            read(data[:size])
    if how != "3mf":
        with pytest.raises(CutOff, match="copy the file again"):
            read(data[: len(data) * 2 // 3])


@given(st.sampled_from(sorted(PACKED)), st.integers(0, 2**32))
def test_damage_is_an_error_or_harmless(how, seed):
    dice = random.Random(seed)
    data = bytearray(PACKED[how])
    for _ in range(dice.randrange(1, 4)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    with suppress(GcodeError):
        read(bytes(data), [])


BOMBS = {
    "gzip": lambda n: gzip.compress(b"G1 X1 Y1 E1\n" * n, 9),
    "zip": lambda n: archive(a_dot_gcode=b"G1 X1 Y1 E1\n" * n),
}


@pytest.mark.parametrize("how", BOMBS)
def test_bombs_go_off_in_a_small_room(how, monkeypatch):
    monkeypatch.setattr(containers, "FLOOR", 1 << 20)
    bomb = BOMBS[how](2_000_000)
    tracemalloc.start()
    with pytest.raises(TooLarge, match="no G-code packs that well"):
        read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(bomb) < 200_000
    assert peak < 60 << 20


def test_a_file_of_circles_is_bounded():
    with pytest.raises(TooLarge, match="arcs"):
        read(b"G2 I999 P100\n" * 4000)


NOT_GCODE = {
    "a PNG picture": PIXEL,
    "an STL model": b"solid cube\n facet normal 0 0 1\n",
    "a binary file": bytes(range(256)) * 4,
    "UTF-16 text": "G28\nG1 X1\n".encode("utf-16"),
    "a PDF document": b"%PDF-1.7\n",
    "a program": b"\x7fELF\x02\x01",
    "an archive without G-code": archive(thing_dot_txt=b"hello"),
    "holds no line of G-code": b"Dear printer,\nplease make me a boat.\n",
}


@pytest.mark.parametrize("what", NOT_GCODE)
@pytest.mark.parametrize("problems", [None, []])
def test_what_is_no_gcode_is_called_by_its_name(what, problems):
    with pytest.raises(NotGcode, match=what):
        read(NOT_GCODE[what], problems)


def test_damage_has_a_name():
    wrong = bytearray(PACKED["gzip"])
    wrong[-8] ^= 1
    with pytest.raises(DamagedFile, match="incorrect data check"):
        read(bytes(wrong))
    wrong = bytearray(PACKED["bgcode"])
    wrong[-9] ^= 1
    with pytest.raises(DamagedFile, match="checksum of a gcode block"):
        read(bytes(wrong))
    wrong = bytearray(PACKED["3mf"])
    wrong[80] ^= 255
    with pytest.raises(DamagedFile, match="archive is damaged"):
        read(bytes(wrong))


def test_an_encrypted_archive_says_so():
    data = bytearray(archive(a_dot_gcode=TEXT))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(NotGcode, match="is encrypted"):
        read(bytes(data))


CUT = {
    b"; generated by PrusaSlicer 2.9 on a day\nG28\nG1 X1 E1\n": "ends without its settings",
    b"; generated by fabthread 1\nG28\nG1 X1 E1\n": "ends without its last figures",
    b"; HEADER_BLOCK_START\n; HEADER_BLOCK_END\nG28\nG1 X1 E1\n": "ends without the end of its last block",
    b"; Generated by Kiri:Moto 4\nG28\nG1 X1 E1\n": "ends without its last figures",
    b";FLAVOR:Marlin\n;LAYER_COUNT:40\n;LAYER:0\nG1 X1 E1\n": "announces 40 layers and holds 1",
    b"G28\nG1 X1 E1\nG1 X": "line 3: the file ends in the middle of the line: 'G1 X'",
}


@pytest.mark.parametrize("text", CUT)
def test_a_text_that_is_cut_off_is_found_out(text):
    with pytest.raises(CutOff, match=CUT[text]):
        read(text)
    problems = []
    assert len(read(text, problems)) == 2
    assert len(problems) == 1


WHOLE = (
    b"; generated by PrusaSlicer 2.9 on a day\nG28\nG1 X1 E1\n; prusaslicer_config = begin\n; a = 1\n",
    b";LAYER_COUNT:2\n;LAYER:0\nG1 X1 E1\n;LAYER:1\nG1 X1 E2",
    b"G28\nG1 X1",
)


@pytest.mark.parametrize("text", WHOLE)
def test_a_whole_text_is_not_suspected(text):
    assert len(read(text)) >= 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_unopened(tmp_path):
    os.mkfifo(tmp_path / "part.gcode")
    with pytest.raises(NotGcode, match="a directory, pipe or device, not a file"):
        read(tmp_path / "part.gcode")


def test_a_binary_stl_is_called_a_model(tmp_path):
    (tmp_path / "part.stl").write_bytes(bytes(284))
    with pytest.raises(NotGcode, match="no G-code, but an STL model: slice it first"):
        read(tmp_path / "part.stl")
