"""Prusa's binary G-code (`.bgcode`): a header, then blocks of metadata, pictures and packed G-code, each with a CRC32.

    text     a stream -> pieces of G-code text
    blocks   a stream -> every block, checked and uncompressed
    pack     G-code text -> the bytes of a file
    write    the same into a file

The format is published with the library libbgcode. G-code is packed twice: MeatPack writes common characters in four
bits and drops blanks and trailing comments, then deflate or heatshrink compresses. Prusa's printers read heatshrink.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from gcode import embedded
from gcode.errors import CutOff, DamagedFile


class Kind(IntEnum):
    """What a block holds; its parameters are a number for the encoding, of thumbnails the format, width and height."""

    FILE = 0
    GCODE = 1
    SLICER = 2
    PRINTER = 3
    PRINT = 4
    THUMBNAIL = 5


class Compression(IntEnum):
    """How a block is compressed; heatshrink with a window of 2**11 or 2**12 bytes."""

    NONE = 0
    DEFLATE = 1
    HEATSHRINK_11 = 2
    HEATSHRINK_12 = 3


class Encoding(IntEnum):
    """How G-code is written before compression; MEATPACK drops all comments, the other only those behind commands."""

    NONE = 0
    MEATPACK = 1
    MEATPACK_COMMENTS = 2


class Block(NamedTuple):
    """A block, uncompressed; `parameters` as in the file."""

    kind: Kind
    parameters: tuple[int, ...]
    data: bytes


TABLES = (Kind.FILE, Kind.PRINTER, Kind.PRINT, Kind.SLICER)
"""Blocks that are lines of key=value."""
MAGIC, VERSION, CRC32 = b"GCDE", 1, 1
MOST = 1 << 26
"""Bytes of a block, more than any slicer writes."""
PIECE = 1 << 16
"""Bytes of text in a block that we write, as much as a printer's buffer takes."""
WINDOW = {Compression.HEATSHRINK_11: 11, Compression.HEATSHRINK_12: 12}
LOOKAHEAD = 4
CHARACTERS = b"0123456789. \nGX\0" + b"0123456789.E\nGX\0"
"""What MeatPack's halves mean, and what they mean without blanks."""


# ---------------------------------------------------------------- reading


def text(stream: BinaryIO, name: str = "G-code") -> Iterator[bytes]:
    """Yield the G-code of a file block by block; raise CutOff or DamagedFile."""
    for block in blocks(stream, name):
        if block.kind == Kind.GCODE:
            yield _decoded(block, name)


def blocks(stream: BinaryIO, name: str = "G-code") -> Iterator[Block]:
    """Yield every block of a file; raise CutOff where it ends early, DamagedFile where it is wrong."""
    magic, version, checksum = struct.unpack("<4sIH", _exactly(stream, 10, name))
    if magic != MAGIC or version != VERSION or checksum > CRC32:
        raise DamagedFile(name, f"is no binary G-code of version {VERSION}")
    while head := stream.read(8):
        head += _exactly(stream, 8 - len(head), name)
        kind, compression, size = struct.unpack("<HHI", head)
        if kind not in list(Kind) or compression not in list(Compression):
            raise DamagedFile(name, f"a block of kind {kind} and compression {compression} is unknown")
        if compression:
            head += _exactly(stream, 4, name)
        packed = struct.unpack("<I", head[8:])[0] if compression else size
        if size > MOST or packed > MOST:
            raise DamagedFile(name, f"a block of {max(size, packed):,} bytes is larger than any slicer writes")
        parameters = _exactly(stream, 6 if kind == Kind.THUMBNAIL else 2, name)
        data = _exactly(stream, packed, name)
        if checksum and _exactly(stream, 4, name) != struct.pack("<I", zlib.crc32(head + parameters + data)):
            raise DamagedFile(name, f"the checksum of a {Kind(kind).name.lower()} block does not match")
        numbers = struct.unpack(f"<{len(parameters) // 2}H", parameters)
        if kind == Kind.THUMBNAIL and numbers[0] >= len(embedded.FORMATS):
            raise DamagedFile(name, f"a picture of format {numbers[0]} is unknown")
        unpacked = _decompressed(Compression(compression), data, size, name)
        yield Block(Kind(kind), numbers, unpacked)


def _exactly(stream: BinaryIO, n: int, name: str) -> bytes:
    """Return n bytes."""
    data = stream.read(n)
    if len(data) < n:
        raise CutOff(name, "ends in the middle of a block: copy the file again")
    return data


def _decompressed(compression: Compression, data: bytes, size: int, name: str) -> bytes:
    """Return the `size` bytes that a block holds."""
    from gcode.kernels.packing import heatshrink_decode

    found = data
    if compression == Compression.DEFLATE:
        try:
            found = zlib.decompressobj().decompress(data, size + 1)
        except zlib.error as error:
            raise DamagedFile(name, f"a deflated block is damaged ({error})") from None
    elif compression:
        out = np.zeros(size, np.uint8)
        done = heatshrink_decode(memoryview(data), WINDOW[compression], LOOKAHEAD, out)
        found = out.tobytes() if done == size else b""
    if len(found) != size:
        raise DamagedFile(name, f"a block does not hold the {size:,} bytes that it announces")
    return found


def _decoded(block: Block, name: str) -> bytes:
    """Return the text of a G-code block."""
    from gcode.kernels.packing import meatpack_decode

    if block.parameters[0] not in list(Encoding):
        raise DamagedFile(name, f"G-code in encoding {block.parameters[0]} is unknown")
    if block.parameters[0] == Encoding.NONE:
        return block.data
    out = np.empty(4 * len(block.data) + 8, np.uint8)
    return out[: meatpack_decode(memoryview(block.data), memoryview(CHARACTERS), out)].tobytes()


# ---------------------------------------------------------------- writing


def write(
    path: str | os.PathLike[str],
    gcode: bytes,
    compression: Compression = Compression.HEATSHRINK_12,
    encoding: Encoding = Encoding.MEATPACK_COMMENTS,
) -> None:
    """Write G-code text into a binary file; see `pack`."""
    Path(path).write_bytes(pack(gcode, compression, encoding))


def pack(
    gcode: bytes,
    compression: Compression = Compression.HEATSHRINK_12,
    encoding: Encoding = Encoding.MEATPACK_COMMENTS,
) -> bytes:
    """Return G-code text as a binary file, with the pictures and settings in its comments as blocks of their own.

    With `Encoding.NONE` the text comes back to the byte; MeatPack keeps the motion, but neither blanks nor comments
    behind commands, and leaves out what became a block.
    """
    settings = embedded.settings(gcode)
    shown = {key: settings[key] for key in SHOWN if key in settings}
    out = io.BytesIO()
    out.write(struct.pack("<4sIH", MAGIC, VERSION, CRC32))
    _add(out, Kind.FILE, Compression.NONE, (0,), _ini({"Producer": embedded.producer(gcode) or "fabthread"}))
    _add(out, Kind.PRINTER, Compression.NONE, (0,), _ini(shown))
    for picture in embedded.thumbnails(gcode):
        parameters = embedded.FORMATS.index(picture.format), picture.width, picture.height
        _add(out, Kind.THUMBNAIL, Compression.NONE, parameters, picture.data)
    _add(out, Kind.PRINT, Compression.NONE, (0,), _ini(shown))
    _add(out, Kind.SLICER, Compression.DEFLATE, (0,), _ini(settings))
    for piece in _pieces(gcode if encoding == Encoding.NONE else embedded.without(gcode)):
        _add(out, Kind.GCODE, compression, (encoding,), _encoded(piece, encoding))
    return out.getvalue()


SHOWN = (
    "printer_model", "filament_type", "nozzle_diameter", "bed_temperature", "brim_width", "fill_density",
    "layer_height", "temperature", "ironing", "support_material", "max_layer_z", "extruder_colour",
    "filament used [mm]", "filament used [cm3]", "filament used [g]", "filament cost",
    "estimated printing time (normal mode)", "estimated printing time (silent mode)",
)  # fmt: skip
"""Settings and figures that a printer looks for."""


def _ini(values: dict[str, str]) -> bytes:
    """Return metadata as lines of key=value."""
    return "".join(f"{key}={value}\n" for key, value in values.items()).encode()


def _pieces(gcode: bytes) -> Iterator[bytes]:
    """Yield whole lines of at most `PIECE` bytes, longer only where a line is."""
    at = 0
    while at < len(gcode):
        end = at + PIECE
        if end < len(gcode):
            end = gcode.rfind(b"\n", at, end) + 1 or gcode.find(b"\n", end) + 1 or len(gcode)
        yield gcode[at:end]
        at = end


def _encoded(piece: bytes, encoding: Encoding) -> bytes:
    """Return the text of a block as it is encoded."""
    from gcode.kernels.packing import meatpack_encode

    if encoding == Encoding.NONE:
        return piece
    if encoding == Encoding.MEATPACK:
        piece = b"".join(line for line in piece.splitlines(keepends=True) if not line.lstrip().startswith(b";"))
    piece = piece if piece.endswith(b"\n") else piece + b"\n"
    halves = np.full(256, 15, np.uint8)
    halves[list(CHARACTERS[16:31])] = np.arange(15)
    out = np.empty(2 * len(piece) + 6, np.uint8)
    return out[: meatpack_encode(memoryview(piece), halves, out)].tobytes()


def _add(out: BinaryIO, kind: Kind, compression: Compression, parameters: Sequence[int], data: bytes) -> None:
    """Write a block."""
    from gcode.kernels.packing import heatshrink_encode

    packed = data
    if compression == Compression.DEFLATE:
        packed = zlib.compress(data, 9)
    elif compression:
        room = np.zeros(len(data) + len(data) // 8 + 2, np.uint8)
        packed = room[: heatshrink_encode(memoryview(data), WINDOW[compression], LOOKAHEAD, room)].tobytes()
    block = struct.pack("<HHI", kind, compression, len(data))
    block += struct.pack("<I", len(packed)) if compression else b""
    block += struct.pack(f"<{len(parameters)}H", *parameters) + packed
    out.write(block + struct.pack("<I", zlib.crc32(block)))
