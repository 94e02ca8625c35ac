"""What slicers embed in the comments of G-code beside the print: settings, figures and pictures.

    settings     text -> {name: value}
    thumbnails   text -> pictures
    without      text -> the text without either

Settings stand in the comments before the first and after the last line of G-code: `; key = value` (PrusaSlicer and all
that descend from it, Kiri:Moto, fabthread), `;Key: value` (Cura, ideaMaker), `;   key,value` (Simplify3D), and JSON in
`;SETTING_3` (Cura). Pictures are base64 between `; thumbnail begin 220x124 5432` and `; thumbnail end`; `thumbnail_JPG`
and `thumbnail_QOI` say another format than PNG.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

FORMATS = ("png", "jpg", "qoi")
"""Formats of pictures, in the order of their numbers in binary G-code."""


class Thumbnail(NamedTuple):
    """A picture: format, width and height in pixels, and its bytes as they are."""

    format: str
    width: int
    height: int
    data: bytes


PICTURE = re.compile(
    rb"^; *thumbnail(?:_(JPG|QOI|PNG))? begin (\d{1,5})[x ](\d{1,5})[^\n]*\n"
    rb"((?:;[^\n]*\n)*?); *thumbnail(?:_\w+)? end[^\n]*\n?",
    re.MULTILINE,
)
MARKED = re.compile(
    rb"^; (\w+)_(?:config|settings) = begin\n.*?^; \1_(?:config|settings) = end\n?", re.MULTILINE | re.DOTALL
)
PAIR = re.compile(r";\s*([^\W\d][^=:]{0,80}?)(?: = |: ?)(.*)")
COMMA = re.compile(r";   (\w+),(.*)")
NO_SETTING = re.compile(r";\s*(generated|sliced|TYPE:)", re.IGNORECASE)


def thumbnails(text: bytes) -> list[Thumbnail]:
    """Return the pictures in the comments of a text; one that is not whole is left out."""
    found = []
    for kind, width, height, coded in PICTURE.findall(text):
        try:
            data = base64.b64decode(re.sub(rb"[;\s]", b"", coded), validate=True)
        except binascii.Error:
            continue
        found.append(Thumbnail((kind or b"PNG").decode().lower(), int(width), int(height), data))
    return found


def png(data: bytes) -> Thumbnail | None:
    """Return a PNG file as a picture; None where it is none."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 24:
        return None
    return Thumbnail("png", int.from_bytes(data[16:20]), int.from_bytes(data[20:24]), data)


def settings(text: bytes) -> dict[str, str]:
    """Return the settings and figures in the comments at both ends of a text, in the words of its slicer."""
    found: dict[str, str] = {}
    cura = ""
    for line in _comments(text):
        if line.startswith(";SETTING_3 "):
            cura += line.removeprefix(";SETTING_3 ")
        elif (pair := PAIR.fullmatch(line) or COMMA.fullmatch(line)) and not NO_SETTING.match(line):
            found[pair[1].strip()] = pair[2].strip()
    return found | _cura(cura)


def without(text: bytes) -> bytes:
    """Return a text without the pictures and settings in its comments."""
    return MARKED.sub(b"", PICTURE.sub(b"", text))


def _comments(text: bytes) -> Iterator[str]:
    """Yield the comments before the first and after the last line of anything else, but for pictures."""
    end = re.compile(rb"(?:[ \t]*(?:;[^\n]*)?(?:\n|$))*").match(text).end()  # type: ignore[union-attr]
    start = len(text)
    while start > end:
        line = text.rfind(b"\n", 0, start - 1) + 1
        if text[line:start].strip()[:1] not in (b"", b";"):
            break
        start = line
    for part in (text[:end], text[start:]):
        for comment in PICTURE.sub(b"", part).decode("utf-8", "replace").splitlines():
            yield comment.strip()


def _cura(coded: str) -> dict[str, str]:
    """Return the settings in Cura's JSON, of which each value is an INI file; the first extruder's come first."""
    plain = re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), coded)
    try:
        profiles = json.loads(plain, strict=False) if plain else {}
    except json.JSONDecodeError:
        return {}
    found: dict[str, str] = {}
    for profile in (*profiles.get("extruder_quality", ()), profiles.get("global_quality", "")):
        for line in profile.partition("[values]")[2].splitlines():
            key, equals, value = line.partition(" = ")
            if equals:
                found.setdefault(key, value)
    return found
