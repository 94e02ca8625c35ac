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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gcode import arcs
from gcode.effects import effects
from gcode.errors import UnwritableMoves
from gcode.flavours import MARLIN, Flavour
from gcode.kernels.format import Formatter
from gcode.kernels.numbered import number_lines
from gcode.moves import Moves
from gcode.roles import TYPE_COMMENT, Role
from gcode.settled import settled

COLUMNS = ("x", "y", "z", "e", "speed", "acceleration", "role", "width", "height", "fan", "tool", "object")
"""What the kernel takes of moves, in its order."""
NO_ARCS = np.zeros((0, 5), np.int64)
ROLE_SLOTS = 24
CHUNK = 1 << 22
"""Bytes formatted at a time: the memory that writing to a stream needs."""


@dataclass(frozen=True, slots=True)
class Style:
    """How moves become text.

    flavour               dialect
    xyz_digits, e_digits  decimals
    relative              E words are relative (M83), or absolute and reset at each layer (M82)
    numbered              lines have numbers and checksums, as a host sends them
    arcs                  mm that a G2 or G3 may be off what it replaces (`gcode.arcs`); 0 writes none
    """

    flavour: Flavour = MARLIN
    xyz_digits: int = 3
    e_digits: int = 5
    relative: bool = True
    numbered: bool = False
    arcs: float = 0.0


def write(moves: Moves, style: Style | None = None) -> bytes:
    """Return the G-code of all moves; raise `UnwritableMoves` where a value is no number or out of range."""
    return b"".join(chunks(moves, style))


def write_to(stream: BinaryIO, moves: Moves, style: Style | None = None) -> int:
    """Write the G-code to a binary stream in bounded memory; return the number of bytes."""
    return sum(stream.write(chunk) for chunk in chunks(moves, style))


def chunks(moves: Moves, style: Style | None = None) -> Iterator[bytes]:
    """Yield the G-code in pieces of at most `CHUNK` bytes (more where one row's commands need it)."""
    style = style or Style()
    pieces = _formatted(settled(moves, style.relative, style.xyz_digits, style.e_digits), style)
    yield from _numbered(pieces) if style.numbered else pieces


def _formatted(moves: Moves, style: Style) -> Iterator[bytes]:
    """Yield the G-code in whole lines."""
    *texts, slack = _texts(moves, style)
    command_text, command_at = _joined([line + "\n" for line in moves.commands])
    formatter = Formatter(
        tuple(getattr(moves, name) for name in COLUMNS),
        layer_blocks(moves),
        (moves.command_row, command_text, command_at, *effects(moves.commands)),
        arcs.fit(moves, style.arcs, style.xyz_digits, style.e_digits) if style.arcs > 0 else NO_ARCS,
        tuple(texts),
    )
    flavour = style.flavour
    formatter.begin(
        tuple(moves.start[:3].tolist()), (style.xyz_digits, style.e_digits), (flavour.fan_steps, flavour.fan_digits),
        style.relative, flavour.acceleration[0] == flavour.acceleration[1],
    )  # fmt: skip
    largest = int(np.bincount(moves.command_row, np.diff(command_at)).max()) if moves.commands else 0
    out = np.empty(max(min(CHUNK, 96 * len(moves) + len(command_text)), 2 * slack) + largest, np.uint8)
    while formatter.row <= len(moves):
        size = formatter.run(out, slack)
        if formatter.fault:
            raise UnwritableMoves(_fault(moves, formatter.fault - 1))
        yield out[:size].tobytes()


def _numbered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield whole lines with numbers and checksums; a printer expects 1 after it has started, or after `M110 N0`."""
    number = 1
    for piece in pieces:
        out = np.empty(len(piece) + 32 * piece.count(b"\n"), np.uint8)
        size, number = number_lines(np.frombuffer(piece, np.uint8), out, number)
        yield out[:size].tobytes()


def layer_blocks(moves: Moves) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rows (k,) where a layer begins, and z and height (k, 2) of its beads; height 0 where it has none."""
    before = np.concatenate([[-1], moves.layer[:-1]])
    rows = np.flatnonzero((moves.layer != before) & (moves.layer >= 0))
    beads = np.flatnonzero(
        (moves.e > 0) & ((moves.role != Role.NONE) | (moves.height > 0)) & (moves.role != Role.CUSTOM)
    )
    if not len(beads) or not len(rows):
        return rows, np.stack([moves.z[rows], np.zeros(len(rows))], axis=1)
    first = beads[np.minimum(np.searchsorted(beads, rows), len(beads) - 1)]
    found = (first >= rows) & (moves.layer[first] == moves.layer[rows])
    z = np.where(found, moves.z[first], moves.z[rows])
    return rows, np.stack([z, np.where(found, moves.height[first].astype(np.float64), 0.0)], axis=1)


def _texts(moves: Moves, style: Style) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Return the kernel's table of fixed texts (bytes, offsets) and a bound on the bytes of one row."""
    flavour = style.flavour
    roles = ["None"] * ROLE_SLOTS
    for role, words in TYPE_COMMENT.items():
        roles[role] = words
    table = [f";TYPE:{words}\n" for words in roles]
    table += ["G21\n", "G90\n", "M83\n" if style.relative else "M82\n"]
    table += [flavour.fan_on, flavour.fan_off + "\n", *flavour.acceleration]
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


def _fault(moves: Moves, row: int) -> str:
    """Return what is wrong with a row that the kernel refused."""
    for name in ("x", "y", "z", "e", "speed"):
        value = float(getattr(moves, name)[row])
        if not abs(value) < 1e9:
            return f"move {row}: {name} is {value}, not a position a machine could have"
    return f"move {row} cannot be written"
