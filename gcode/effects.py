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

from gcode.commands import NUMBER, Command, name_of, words_of

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

    >>> effect("M106 S255 ; full"), effect("M204 P800"), effect("G28"), effect("M106 P3 S255 ; the chamber's")
    ((3, (1.0, 0.0)), (4, (800.0, 0.0)), (1, (0.0, 0.0)), (0, (0.0, 0.0)))
    """
    if line.startswith(";TYPE:"):
        return ROLE, (0.0, 0.0)
    command = Command(0, name_of(line), words_of(line))
    if not command.name and not line.split(";", 1)[0].strip():
        return SILENT, (0.0, 0.0)
    if re.fullmatch(r"T\d+", command.name):
        return TOOL, (float(command.name[1:]), 0.0)
    kind, value = KINDS.get(command.name, (SILENT if command.name in HARMLESS else MOVES_HEAD, 0.0))
    if kind == FAN and command.number("P"):  # another fan than the part's
        return SILENT, (0.0, 0.0)
    if command.name == "M106":
        value = fan_share(command.words.get("S", ""))
    if kind == ACCELERATION:
        return kind, (command.number("P", "S", "ACCEL") or 0.0, command.number("T", "S", "ACCEL") or 0.0)
    return kind, (float(value), 0.0)


def fan_share(text: str) -> float:
    """Return the fan 0..1 of an S word: `S128` counts to 255, `S0.50` is a share, and nothing is all.

    >>> fan_share("51"), fan_share("0.5"), fan_share("")
    (0.2, 0.5, 1.0)
    """
    if not NUMBER.fullmatch(text):
        return 1.0
    value = float(text)
    return min(max(value if "." in text and value <= 1 else value / 255, 0.0), 1.0)


NUMBERED = re.compile(r"[Nn]\d+\s*([^*;]*?)\s*(?:\*\d+)?(\s*;.*)?")


def unnumbered(line: str) -> str:
    """Return a line without its number and checksum.

    >>> unnumbered("N3 T0*57"), unnumbered("N4 G28*16 ; home"), unnumbered("NAME_IT"), unnumbered("N5*6")
    ('T0', 'G28 ; home', 'NAME_IT', '')
    """
    found = NUMBERED.fullmatch(line) if line[:1] in ("N", "n") else None
    return found[1] + (found[2] or "") if found else line
