"""A line of G-code into the bytes that go on the wire."""

from __future__ import annotations

import re

from printer.errors import UnsendableLine
from printer.firmware import Firmware
from printer.kernels.framing import checksum

_FRAMED = re.compile(r"^\s*N\d+\s*(.*?)\s*(?:\*\d+\s*)?$", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_PARENTHESES = re.compile(r"\([^)]*\)")
_TEXT = re.compile(r"(M117|M118|M0|M1|M486)(?!\d)")  # what follows is for people: it may be changed to fit
_NAMED = re.compile(r"(M1[6]|M2[038]|M30|M32|M33|M36|M928)(?!\d)")  # what follows is a file's name
_WORD = re.compile(r"([A-Z])\s*([-+]?)(\d*)\.?(\d*)(?![\d.])\s*")
_ODD = re.compile(r"[^ -~]|[;:*\\(%Nn]|M110")
_PLAIN = frozenset(map(chr, range(32, 127))) - set(";*\\")
HOPELESS = 100
"""Times too long: no digits that are not needed can explain that, and looking for them would take minutes."""


def clean(line: str, firmware: Firmware) -> str:
    """Return a line without comment, number, checksum and stray blanks; "" where nothing is left to send.

    Raises `UnsendableLine` for what would mean something else on the other side: characters that are not ASCII, a `*`
    or a backslash outside of texts for people, a line number of its own.
    """
    if ";" in line:
        line = _cut_comment(line, firmware.quoted)
    text = line.strip()
    if not text:
        return ""
    if text[0] in "Nn%":
        text = "" if text[0] == "%" else _FRAMED.sub(r"\1", text)
    if "(" in text and not (_TEXT.match(text) or _NAMED.match(text) or firmware.quoted):
        text = _PARENTHESES.sub("", text).strip()
    if text[:4] == "M110":
        return ""  # line numbers are ours to keep
    colon = firmware.colon_ends and ":" in text
    if text.isascii() and text.isprintable() and not ("*" in text or "\\" in text or "M110" in text or colon):
        return text
    return _harmless(text, firmware)


def harmless(lines: list[str]) -> bool:
    """Say whether there is nothing in any of these lines, which have no stray blanks, that `clean` would look at.

    >>> harmless(["G1 X1.5 E0.2", "M106 S255"]), harmless(["G1 X1", "G1 X2 ; there"])
    (True, False)
    """
    return _ODD.search("".join(lines)) is None


def _cut_comment(line: str, quoted: bool) -> str:
    if not quoted or '"' not in line:
        return line[: line.index(";")]
    hidden = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
    return line[: hidden.index(";")] if ";" in hidden else line


def _harmless(text: str, firmware: Firmware) -> str:
    """Return a line with characters in it that could mislead a parser, if it is one that may be changed."""
    if _TEXT.match(text):
        text = text.replace(":", ".") if firmware.colon_ends else text
        return "".join(c if c in _PLAIN else "_" for c in text).replace("M110", "M_110")
    if firmware.quoted and text.isprintable() and "M110" not in text:
        return text
    what = next((c for c in text if c not in _PLAIN or (c == ":" and firmware.colon_ends)), "M110")
    raise UnsendableLine(text, f"the printer would misread {what!r} in it; write it in plain ASCII")


def fit(text: str, limit: int) -> str:
    """Return a line in at most `limit` characters, without the blanks and digits it does not need.

    >>> fit("G1 X10.500000 Y-0.250000 E1.00000", 20)
    'G1X10.5Y-.25E1'

    Raises `UnsendableLine` where that is not enough.
    """
    if len(text) <= limit:
        return text
    if _TEXT.match(text):
        return text[:limit].rstrip()
    if text[0] in "GMT" and len(text) <= HOPELESS * limit and _WORD.sub("", text) == "":
        for digits in (9, 6, 5, 4):
            short = _WORD.sub(lambda word, digits=digits: _short(word, digits), text)  # type: ignore[misc]
            if len(short) <= limit:
                return short
    raise UnsendableLine(text, f"it is {len(text)} characters long and the printer takes {limit}")


def _short(word: re.Match[str], digits: int) -> str:
    letter, sign, whole, fraction = word.groups()
    if not fraction:
        return f"{letter}{sign.strip('+')}{whole}"
    text = f"{float(f'{sign}{whole or 0}.{fraction}'):.{digits}f}".rstrip("0").rstrip(".")
    return letter + {"-0": "0"}.get(text, text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text)


def frame(number: int, text: str, firmware: Firmware, compact: bool = False) -> bytes:
    """Return the bytes of a line that `clean` has passed, with number and checksum where the firmware wants them.

    `compact` leaves out the blanks between words.

    >>> from printer.firmware import MARLIN
    >>> frame(0, "M110 N0", MARLIN)
    b'N0 M110 N0*125\\n'
    """
    if compact and _WORD.sub("", text) == "":
        text = text.replace(" ", "")
    if not firmware.numbered:
        return fit(text, firmware.max_line).encode("utf-8") + b"\n"
    head = f"N{number}" if compact else f"N{number} "
    room = firmware.max_line - len(head) - len("*255") - firmware.lenient
    data = (head + (text if len(text) <= room else fit(text, room)) + " " * firmware.lenient).encode("ascii")
    return b"%b*%d\n" % (data, checksum(data))
