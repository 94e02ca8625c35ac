"""What commands do to what a writer of G-code knows of the machine.

effect       a line -> its kind, and values
unnumbered   a line -> the same without line number and checksum
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SILENT, MOVES_HEAD, ROLE, FAN, ACCELERATION, TOOL, E_MODE, XYZ_MODE, UNITS = range(9)
KINDS: dict[str, tuple[int, float]] = {
    "M82": (E_MODE, 0),
    "M83": (E_MODE, 1),
    "G90": (XYZ_MODE, 1),
    "G91": (XYZ_MODE, 0),
    "G20": (UNITS, 0),
    "G21": (UNITS, 1),
    "M107": (FAN, 0),
    "M106": (FAN, 1),
    "M204": (ACCELERATION, 0),
    "SET_VELOCITY_LIMIT": (ACCELERATION, 0),
}
HARMLESS = frozenset(
    (
        "G4", "G17", "M17", "M20", "M27", "M31", "M73", "M75", "M77", "M84", "M104", "M105", "M109", "M110", "M115",
        "M117", "M118", "M140", "M141", "M190", "M191", "M201", "M203", "M205", "M220", "M221", "M300", "M400", "M486",
        "M566", "M572", "M900", "EXCLUDE_OBJECT_DEFINE", "EXCLUDE_OBJECT_START", "EXCLUDE_OBJECT_END",
        "SET_PRESSURE_ADVANCE", "SET_FAN_SPEED", "SET_HEATER_TEMPERATURE", "TEMPERATURE_WAIT", "SET_DISPLAY_TEXT",
    )
)  # fmt: skip
"""Commands that neither move the head nor change a mode; any other may have."""


def effects(commands: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return for each command what it does to what the writer knows: kinds (k,) and values (k, 2)."""
    kinds, values = np.zeros(len(commands), np.uint8), np.zeros((len(commands), 2))
    for i, line in enumerate(commands):
        if not line.startswith((";", "(")) or line.startswith(";TYPE:"):
            kinds[i], values[i] = effect(line)
    return kinds, values


@lru_cache(maxsize=4096)
def effect(line: str) -> tuple[int, tuple[float, float]]:
    """Return (kind, values) of one command.

    >>> effect("M106 S255 ; full"), effect("M204 P800"), effect("G28")
    ((3, (1.0, 0.0)), (4, (800.0, 0.0)), (1, (0.0, 0.0)))
    """
    if line.startswith(";TYPE:"):
        return ROLE, (0.0, 0.0)
    words = line.split(";", 1)[0].upper().split()
    name = words[0] if words else ""
    kind, value = KINDS.get(name, (SILENT if name in HARMLESS or not name else MOVES_HEAD, 0.0))
    if kind == FAN and name == "M106":
        return (
            (SILENT, (0.0, 0.0))
            if "P1" in words or "P2" in words
            else (FAN, (fan_share(_word(words, "S", "255")), 0.0))
        )
    if kind == ACCELERATION:
        both = _word(words, "S", _word(words, "ACCEL=", "0"))
        return kind, (float(_word(words, "P", both)), float(_word(words, "T", both)))
    if re.fullmatch(r"T\d+", name):
        return TOOL, (float(name[1:]), 0.0)
    return kind, (float(value), 0.0)


def fan_share(text: str) -> float:
    """Return the fan 0..1 of an S word: `S128` counts to 255, `S0.50` is a share."""
    value = float(text)
    return min(max(value if "." in text and value <= 1 else value / 255, 0.0), 1.0)


def _word(words: Sequence[str], letter: str, otherwise: str) -> str:
    """Return the number after `letter` among the words of a command."""
    for word in words[1:]:
        if word.startswith(letter) and re.fullmatch(r"[-+]?\d*\.?\d+", word[len(letter) :]):
            return word[len(letter) :]
    return otherwise


NUMBERED = re.compile(r"[Nn]\d+\s*([^*;]*?)\s*(?:\*\d+)?(\s*;.*)?")


def unnumbered(line: str) -> str:
    """Return a line without its number and checksum.

    >>> unnumbered("N3 T0*57"), unnumbered("N4 G28*16 ; home"), unnumbered("NAME_IT"), unnumbered("N5*6")
    ('T0', 'G28 ; home', 'NAME_IT', '')
    """
    found = NUMBERED.fullmatch(line) if line[:1] in ("N", "n") else None
    return found[1] + (found[2] or "") if found else line
