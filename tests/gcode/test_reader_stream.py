"""Piece by piece a file is what it is at once, wherever it is cut, and memory does not grow with it."""

import gzip
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcode.errors import CutOff, GcodeError, MalformedGcode
from gcode.moves import DTYPES
from gcode.reader import read, stream

PRUSA = """; a header
M104 S200
;TYPE:Custom
G28
M106 S9
;LAYER_CHANGE
;Z:0.2
;HEIGHT:0.2
EXCLUDE_OBJECT_DEFINE NAME=one
EXCLUDE_OBJECT_START NAME=one
;TYPE:External perimeter
;WIDTH:0.45
G1 X10 Y10 F1200
G1 X20 E1
G2 X30 Y20 I5 J5 E1
EXCLUDE_OBJECT_END NAME=one
M117 half
;LAYER_CHANGE
EXCLUDE_OBJECT_START NAME=two
;TYPE:Perimeter
G91
G1 X1 E.1
G1 oops
G90
M82
G92 E0
M200 D1.75
G1 X3 E4
T1
M107
G10
G1 Z4
G11
"""
UNNAMED = "M105\n" + "".join(f"G1 Z{0.2 * k:.1f} F600\nG1 X{k} E{k + 1}\nG1 X0\n" for k in range(8))
NAMED_LATE = "G1 X50 Z0.3 E9 F900\nG92 E0\n;LAYER:0\nG1 X1 E1\n;LAYER:1\nG1 X2 Z.4 E2\n"
NUMBERED = "N1 G1 X1\nN2 G1 X2 F100\nN4 G1 X3\nN5 G1 X4\n"


@given(st.sampled_from([PRUSA, UNNAMED, NAMED_LATE, NUMBERED, "", ";"]), st.integers(1, 400), st.booleans())
def test_pieces_are_the_whole(text, size, crlf):
    data = (text.replace("\n", "\r\n") if crlf else text).encode()
    expected, at_once, piecewise = [], [], []
    whole = read(data, at_once)
    pieces = list(stream(data, piecewise, chunk_bytes=size))
    assert piecewise == at_once
    for name in DTYPES:
        column = np.concatenate([getattr(piece, name) for piece in pieces] or [getattr(whole, name)])
        assert (column == getattr(whole, name)).all(), name
    before = np.cumsum([0, *(len(piece) for piece in pieces)])
    for n, piece in zip(before, pieces, strict=False):
        piece.validate()
        expected += zip((piece.command_row + n).tolist(), piece.command_line.tolist(), piece.commands, strict=True)
    assert expected == list(zip(whole.command_row.tolist(), whole.command_line.tolist(), whole.commands, strict=True))
    assert not pieces or pieces[-1].objects == whole.objects
    for one, other in pairwise(pieces):
        if len(one):
            assert other.start[:3].tolist() == [one.x[-1], one.y[-1], one.z[-1]]


def test_errors_come_when_the_reading_comes_to_them():
    pieces = stream(b"G28\n" * 40_000 + b"G1 X\n" + b"G28\n", chunk_bytes=1000)
    assert len(next(pieces)) < 20_000
    with pytest.raises(MalformedGcode, match="line 40001: not a G-code word"):
        list(pieces)
    with pytest.raises(CutOff, match="announces 9 layers"):
        list(stream(b";LAYER_COUNT:9\n;LAYER:0\nG1 X1\n", chunk_bytes=8))


def test_packed_files_too(tmp_path):
    path = tmp_path / "a.gcode.gz"
    path.write_bytes(gzip.compress(UNNAMED.encode()))
    assert sum(len(piece) for piece in stream(path, chunk_bytes=100)) == len(read(path))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(GcodeError, match="gzip"):
        list(stream(path))


@pytest.mark.parametrize("named", [";LAYER_CHANGE\n", ""])
def test_memory_does_not_grow_with_the_file(tmp_path, named):
    path = tmp_path / "long.gcode"
    lines = (named + "".join(f"G1 X{k % 200} Y{k % 199} E.0123\n" for k in range(5000))).encode()
    peaks = []
    for times in (10, 120):
        path.write_bytes(lines * times)
        tracemalloc.start()
        rows = sum(len(piece) for piece in stream(path, chunk_bytes=1 << 17))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert rows == 5000 * times
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < path.stat().st_size / 4
