"""Where G-code comes from: plain text, gzip, zip (`.gcode.3mf`, `.ufp`) and Prusa's `.bgcode`, as pieces of text.

    pieces   a stream of any of these -> bytes of text, in constant memory
    text     the same at once
    plates   numbers of the plates in an archive
    pictures what stands beside the G-code in an archive

What is packed may grow to `FLOOR` bytes, or `RATIO` times its packed size where that is more: enough for any honest
file, and the end of any decompression bomb. What is cut off, damaged or no G-code at all is an `UnreadableFile`.
"""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gcode import bgcode
from gcode.errors import CutOff, DamagedFile, NoSuchPlate, NotGcode, TooLarge

if TYPE_CHECKING:
    import zipfile

Source = str | bytes | os.PathLike[str]
"""A path, the bytes of a file, or text that holds a newline."""

CHUNK = 1 << 20
"""Bytes read at a time."""
FLOOR, RATIO = 1 << 28, 64
HEAD = 1 << 16
"""Bytes by which a file is judged."""


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Give a binary stream of the source and the name by which errors call it."""
    if isinstance(source, bytes):
        yield io.BytesIO(source), "G-code"
    elif isinstance(source, str) and "\n" in source:
        yield io.BytesIO(source.encode("utf-8", "surrogateescape")), "G-code"
    else:
        path, name = Path(source), os.fspath(source)
        if path.exists() and not path.is_file():  # a pipe or a device may have no end, or no beginning
            raise NotGcode(name, "is a directory, pipe or device, not a file; save the G-code as a file first")
        with path.open("rb") as stream:
            yield stream, name


def text(source: Source, plate: int | None = None) -> tuple[bytes, str]:
    """Return the whole text of a source, and the name by which errors call it."""
    with opened(source) as (stream, name):
        found = list(pieces(stream, name, plate, chunk=1 << 30))
        return found[0] if len(found) == 1 else b"".join(found), name


def pieces(stream: BinaryIO, name: str, plate: int | None = None, chunk: int = CHUNK) -> Iterator[bytes]:
    """Yield the text of a stream piece by piece, whatever it is packed in; lines end with a newline."""
    start = stream.read(4)
    packed = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    unpack = next((unpack for magic, unpack in PACKED.items() if start.startswith(magic)), None)
    if plate is not None and unpack is not _unzip:
        raise NoSuchPlate(name, "has no plates: it is not an archive")
    if unpack is None:
        return _plain(iter(lambda: stream.read(chunk), b""), name)
    return _plain(_bounded(unpack(stream, name, plate), name, packed), name)


def plates(source: Source) -> list[int]:
    """Return the numbers of the plates in an archive of Bambu Studio or OrcaSlicer; of any other file none."""
    with opened(source) as (stream, name):
        if not stream.read(4).startswith(b"PK\x03\x04"):
            return []
        with _archive(stream, name) as archive:
            return sorted(_plates(archive.namelist()))


def pictures(source: Source, plate: int | None = None) -> list[bytes]:
    """Return the PNG files that stand beside the G-code in an archive; of any other file none."""
    with opened(source) as (stream, name):
        if not stream.read(4).startswith(b"PK\x03\x04"):
            return []
        with _archive(stream, name) as archive:
            number = next((n for n, m in _plates(archive.namelist()).items() if plate in (None, n)), None)
            wanted = {f"Metadata/plate_{number}.png", f"Metadata/plate_{number}_small.png", "Metadata/thumbnail.png"}
            infos = [info for info in archive.infolist() if info.filename in wanted and info.file_size < FLOOR]
            return [archive.read(info) for info in infos]


# ---------------------------------------------------------------- what is no text

MAGIC = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"%PDF": "a PDF document", b"\x7fELF": "a program",
    b"MZ": "a program", b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive", b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\xff\xfe": "UTF-16 text: save it as UTF-8", b"\xfe\xff": "UTF-16 text: save it as UTF-8",
    b"solid ": "an STL model: slice it first", b"ply\n": "a PLY model: slice it first",
    b"glTF": "a GLB model: slice it first", b"xgcode": "a FlashPrint file: export plain G-code instead",
    b"<?xml": "an XML document", b"<!DOC": "a web page", b"<html": "a web page",
}  # fmt: skip


def _plain(parts: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield text as it is, after a look at its beginning; a lone CR ends a line where no LF does."""
    head = b""
    for part in parts:
        head += part
        if len(head) >= HEAD:
            break
    head = head.removeprefix(b"\xef\xbb\xbf")
    sample = head[:HEAD]
    _judge(sample, name)
    old = b"\r" in sample and b"\n" not in sample
    for part in _chain(head, parts):
        yield part.replace(b"\r", b"\n") if old else part


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))


def _judge(sample: bytes, name: str) -> None:
    """Raise `NotGcode` for the beginning of a file that is no text."""
    kind = next((kind for magic, kind in MAGIC.items() if sample.startswith(magic)), None)
    odd = len(sample) - len(sample.translate(None, CONTROL))
    if kind or odd > 8 + len(sample) // 64:
        binary = MAGIC[b"solid "] if name.lower().endswith(".stl") else "a binary file"
        raise NotGcode(name, f"is no G-code, but {kind or binary}")


# ---------------------------------------------------------------- what is packed


def _bounded(parts: Iterator[bytes], name: str, packed: int) -> Iterator[bytes]:
    """Yield the parts while they stay within bounds."""
    most, total = max(FLOOR, RATIO * packed), 0
    for part in parts:
        total += len(part)
        if total > most:
            raise TooLarge(name, f"{packed:,} packed bytes grow beyond {most:,}: no G-code packs that well")
        yield part


def _gunzip(stream: BinaryIO, name: str, plate: int | None) -> Iterator[bytes]:
    """Yield what gzip has packed, in one member or several."""
    data, inflate = b"", zlib.decompressobj(wbits=31)
    try:
        while data := inflate.unconsumed_tail or inflate.unused_data or stream.read(CHUNK):
            if inflate.eof:
                if not data.startswith(b"\x1f\x8b"):
                    break  # padding
                inflate = zlib.decompressobj(wbits=31)
            yield inflate.decompress(data, 4 * CHUNK)
    except zlib.error as error:
        raise DamagedFile(name, f"the gzip data is damaged ({error})") from None
    if not inflate.eof:
        raise CutOff(name, "ends in the middle of the gzip data: copy the file again")


def _unzip(stream: BinaryIO, name: str, plate: int | None) -> Iterator[bytes]:
    """Yield the G-code in a zip archive."""
    with _archive(stream, name) as archive:
        member = _member(archive.namelist(), plate, name)
        if archive.getinfo(member).flag_bits & 1:
            raise NotGcode(name, f"{member} is encrypted")
        with archive.open(member) as packed:
            yield from iter(lambda: packed.read(CHUNK), b"")


WHAT_ZIPFILE_RAISES = (ValueError, LookupError, ArithmeticError, RuntimeError, OSError)
"""Of damaged archives, beside the errors that are meant for them."""


@contextmanager
def _archive(stream: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; what the library finds wrong with it becomes ours."""
    import lzma
    import zipfile

    try:
        with zipfile.ZipFile(stream) as archive:
            yield archive
    except EOFError:
        raise CutOff(name, "ends in the middle of the archive: copy the file again") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, *WHAT_ZIPFILE_RAISES) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not the archive's
        stream.seek(0)
        if b"PK\x05\x06" not in stream.read():
            raise CutOff(name, "the archive has no end: copy the file again") from None
        raise DamagedFile(name, f"the archive is damaged ({error})") from None


PLATE = re.compile(r"Metadata/plate_(\d+)\.gcode")


def _plates(members: list[str]) -> dict[int, str]:
    """Return the members that are plates, by number."""
    return {int(found[1]): member for member in members if (found := PLATE.fullmatch(member))}


def _member(members: list[str], plate: int | None, name: str) -> str:
    """Return the member that holds the G-code that is asked for."""
    numbered = _plates(members)
    others = [member for member in members if member.lower().endswith((".gcode", ".gco"))]
    if plate is not None and plate not in numbered:
        have = f"its plates are {_listed(numbered)}" if numbered else "it has no plates"
        raise NoSuchPlate(name, f"has no plate {plate}: {have}")
    if plate is not None:
        return numbered[plate]
    if not others:
        raise NotGcode(name, "is an archive without G-code (a model is sliced first)")
    if len(numbered) > 1:
        raise NoSuchPlate(name, f"holds the plates {_listed(numbered)}: say which (plate=, --plate)")
    if len(others) > 1:
        raise NoSuchPlate(name, f"holds {', '.join(sorted(others))}: unpack the one you mean")
    return others[0]


def _listed(numbered: dict[int, str]) -> str:
    return ", ".join(map(str, sorted(numbered)))


PACKED: dict[bytes, Callable[[BinaryIO, str, int | None], Iterator[bytes]]] = {
    b"\x1f\x8b": _gunzip,
    b"PK\x03\x04": _unzip,
    bgcode.MAGIC: lambda stream, name, plate: bgcode.text(stream, name),
}
