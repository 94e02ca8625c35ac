"""`Moves` to text: the only place that makes G-code.

Every motion is `G1` (no firmware treats `G0` better, and one word suits every viewer) with the words that changed:
`G1 X.. Y.. Z.. E.. F..`. Before it stand the lines that its columns ask for, each only when its value changes:

    end of an object's label | ;LAYER_CHANGE ;Z: ;HEIGHT: | commands of the row, verbatim | G21 G90 M83
    | object label | T | M106 | M204 | ;TYPE: ;WIDTH: ;HEIGHT: | the motion

- numbers are rounded to their last digit; E is the difference of the rounded running total, so that no error adds up
- a row that moves nothing after rounding writes nothing; what its columns ask for waits for the next that moves
- rows of role CUSTOM are the motion of verbatim commands (start, end and layer sequences): the command is their text
- after a command that may have moved the head, position and feedrate are said again; fan, acceleration, tool and modes
  are followed through the commands, so that nothing is assumed that a template has changed

`reader.read` is the inverse: `write(read(text), style) == text` for every text made here, as long as the motion of
commands is in rows (the reader and `slicer.sequence` see to that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gcode.errors import UnwritableMoves
from gcode.flavours import MARLIN, Flavour
from gcode.kernels.format import format_rows
from gcode.moves import Moves
from gcode.roles import TYPE_COMMENT, Role

ROLE_SLOTS = 24
CHUNK = 1 << 22
"""Bytes formatted at a time: the memory that writing to a stream needs."""


@dataclass(frozen=True, slots=True)
class Style:
    """How moves become text: dialect, decimals, and whether E words are relative (M83) or reset at each layer (M82)."""

    flavour: Flavour = MARLIN
    xyz_digits: int = 3
    e_digits: int = 5
    relative: bool = True


def write(moves: Moves, style: Style | None = None) -> bytes:
    """Return the G-code of all moves; raise `UnwritableMoves` where a value is no number or out of range."""
    return b"".join(chunks(moves, style))


def write_to(stream: BinaryIO, moves: Moves, style: Style | None = None) -> int:
    """Write the G-code to a binary stream in bounded memory; return the number of bytes."""
    return sum(stream.write(chunk) for chunk in chunks(moves, style))


def chunks(moves: Moves, style: Style | None = None) -> Iterator[bytes]:
    """Yield the G-code in pieces of at most `CHUNK` bytes (more where one row's commands need it)."""
    style = style or Style()
    text, text_at, slack = _texts(moves, style)
    commands, command_at = _joined([line + "\n" for line in moves.commands])
    kind, value = _effects(moves.commands)
    block_row, block_z, block_height = layer_blocks(moves)
    state, totals = _initial_state(moves, style)
    largest = int(np.bincount(moves.command_row, np.diff(command_at)).max()) if len(kind) else 0
    out = np.empty(max(min(CHUNK, 96 * len(moves) + len(commands)), 2 * slack) + largest, np.uint8)
    while state[0] <= len(moves):
        size = format_rows(
            out, state, totals,
            moves.x, moves.y, moves.z, moves.e, moves.speed, moves.acceleration, moves.role, moves.width, moves.height,
            moves.fan, moves.tool, moves.object,
            block_row, block_z, block_height, moves.command_row, command_at, commands, kind, value, text, text_at,
            style.xyz_digits, style.e_digits, style.relative, style.flavour.fan_steps, style.flavour.fan_digits, slack,
        )  # fmt: skip
        if state[1]:
            raise UnwritableMoves(_fault(moves, int(state[1]) - 1))
        yield out[:size].tobytes()


def layer_blocks(moves: Moves) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (rows where a layer begins, z of its beads, height of its beads; 0 where the layer has none)."""
    before = np.concatenate([[-1], moves.layer[:-1]])
    rows = np.flatnonzero((moves.layer != before) & (moves.layer >= 0))
    beads = np.flatnonzero(
        (moves.e > 0) & ((moves.role != Role.NONE) | (moves.height > 0)) & (moves.role != Role.CUSTOM)
    )
    if not len(beads) or not len(rows):
        return rows, moves.z[rows], np.zeros(len(rows))
    first = beads[np.minimum(np.searchsorted(beads, rows), len(beads) - 1)]
    found = (first >= rows) & (moves.layer[first] == moves.layer[rows])
    z = np.where(found, moves.z[first], moves.z[rows])
    return rows, z, np.where(found, moves.height[first].astype(np.float64), 0.0)


def _texts(moves: Moves, style: Style) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Return the kernel's table of fixed texts (bytes, offsets) and a bound on the bytes of one row."""
    flavour = style.flavour
    roles = ["None"] * ROLE_SLOTS
    for role, words in TYPE_COMMENT.items():
        roles[role] = words
    table = [f";TYPE:{words}\n" for words in roles]
    table += ["G21\n", "G90\n", "M83\n" if style.relative else "M82\n"]
    table += [flavour.fan_on, flavour.fan_off + "\n", *flavour.acceleration, ""]
    table += [";LAYER_CHANGE\n;Z:", ";HEIGHT:", ";WIDTH:", "G92 E0\n"]
    for index, name in enumerate(moves.objects):
        table += [form.format(index=index, name=name) + "\n" for form in (flavour.begin, flavour.end)]
    if len(moves) and int(moves.object.max()) >= len(moves.objects):
        raise UnwritableMoves(f"a move belongs to object {int(moves.object.max())} of {len(moves.objects)}")
    flat, at = _joined(table)
    return flat, at, 1024 + 2 * max(len(line) for line in table)


def _joined(lines: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return lines as flat UTF-8 bytes and offsets."""
    encoded = [line.encode("utf-8", "surrogateescape") for line in lines]
    at = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(line) for line in encoded], out=at[1:])
    return np.frombuffer(b"".join(encoded), np.uint8), at


def _initial_state(moves: Moves, style: Style) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return what the kernel carries from call to call: a machine of which nothing is known."""
    xyz, one_acceleration = 10**style.xyz_digits, style.flavour.acceleration[0] == style.flavour.acceleration[1]
    px, py, pz = (int(np.copysign(np.floor(abs(v) * xyz + 0.5), v)) for v in moves.start[:3])
    state = [
        0, 0, 0, 0,  # row, fault, next layer block, next command
        px, py, pz, 0, 0, 0, 0, 0,  # x y z e, zero of absolute E, whether xy, z and e are known
        -1, -1, -1, -1, -1, 0, -1,  # feed, role, width, height, fan, tool, object
        0, 0, -1, -1, 1,  # printing and travel acceleration, absolute xyz, relative e, metric
        int(one_acceleration),
    ]  # fmt: skip
    return np.array(state, np.int64), np.zeros(1)


# ---------------------------------------------------------------- what commands do to what the writer knows

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


def _effects(commands: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return for each command what it does to what the writer knows: kinds (k,) and values (k, 2)."""
    kinds, values = np.zeros(len(commands), np.uint8), np.zeros((len(commands), 2))
    for i, line in enumerate(commands):
        if not line.startswith((";", "(")) or line.startswith(";TYPE:"):
            kinds[i], values[i] = effect(line)
    return kinds, values


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


def _fault(moves: Moves, row: int) -> str:
    """Return what is wrong with a row that the kernel refused."""
    for name in ("x", "y", "z", "e", "speed"):
        value = float(getattr(moves, name)[row])
        if not abs(value) < 1e9:
            return f"move {row}: {name} is {value}, not a position a machine could have"
    return f"move {row} cannot be written"
