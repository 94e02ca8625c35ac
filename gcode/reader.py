"""Text to `Moves`: the inverse of `writer`, tolerant of what other slicers and people write.

    read      path, bytes or text -> Moves

What is understood becomes columns: G0-G3 (arcs are split into chords within 0.01 mm), G10/G11 with M207, G20/G21,
G90/G91, M82/M83, G92, M106/M107, M204 and SET_VELOCITY_LIMIT ACCEL, T, object labels, and the comments that name roles,
layers, widths and heights (PrusaSlicer, OrcaSlicer, Bambu Studio, Cura, ideaMaker and ours). Every other line is kept
verbatim in `commands`. G28 and G92 X Y Z set the position: a row of role CUSTOM with speed 0 and no duration.

Start, end and layer sequences (from `;TYPE:Custom` to the next role or layer) are kept verbatim as well; their motion
is in rows of role CUSTOM, which the writer leaves to the commands. Position is what the last word said: G92 X Y Z moves
the coordinates, not the reader's origin. G91 makes E relative too; G90 does not undo M83.

A malformed line raises `MalformedGcode` with its number and text. With `problems=[]` nothing is raised: each such line
is appended to the list as a `Problem`, and kept verbatim.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcode.errors import MalformedGcode, Problem
from gcode.kernels.parse import parse_rows
from gcode.moves import DTYPES, Moves
from gcode.roles import TYPE_COMMENT, Role

ROLE_WORDS: dict[str, Role] = {words.lower(): role for role, words in TYPE_COMMENT.items()} | {
    "none": Role.NONE,
    # PrusaSlicer and Slic3r derivatives
    "overhang perimeter": Role.OVERHANG_PERIMETER,
    "skirt/brim": Role.SKIRT,
    "internal bridge infill": Role.BRIDGE,
    # OrcaSlicer and Bambu Studio
    "outer wall": Role.EXTERNAL_PERIMETER,
    "inner wall": Role.PERIMETER,
    "overhang wall": Role.OVERHANG_PERIMETER,
    "gap infill": Role.GAP_FILL,
    "sparse infill": Role.INFILL,
    "internal solid infill": Role.SOLID_INFILL,
    "top surface": Role.TOP_SURFACE,
    "bottom surface": Role.BOTTOM_SURFACE,
    "bridge": Role.BRIDGE,
    "internal bridge": Role.BRIDGE,
    "support": Role.SUPPORT,
    "support interface": Role.SUPPORT_INTERFACE,
    "support transition": Role.SUPPORT,
    # Cura and ideaMaker
    "wall-outer": Role.EXTERNAL_PERIMETER,
    "wall-inner": Role.PERIMETER,
    "fill": Role.INFILL,
    "skin": Role.SOLID_INFILL,
    "solid-fill": Role.SOLID_INFILL,
    "gap-fill": Role.GAP_FILL,
    "support-interface": Role.SUPPORT_INTERFACE,
    # Simplify3D
    "outer perimeter": Role.EXTERNAL_PERIMETER,
    "inner perimeter": Role.PERIMETER,
    "infill": Role.INFILL,
    "solid layer": Role.SOLID_INFILL,
}
"""Role by the lower-case text of a role comment; a text that is not here leaves the role NONE."""

WORDS = b"".join(
    word + b"\n"
    for word in (
        b"TYPE:", b"FEATURE:", b"Custom", b"Wipe tower", b"Prime tower", b"None", b"LAYER_CHANGE", b"LAYER:",
        b"CHANGE_LAYER", b"LINE_WIDTH:", b"LAYER_HEIGHT:", b"WIDTH:", b"HEIGHT:", b"Z:", b"Z_HEIGHT:",
        b"EXCLUDE_OBJECT_", b"SET_VELOCITY_LIMIT", b"ACCEL=",
    )
)  # fmt: skip
"""The words that the kernel looks for, by position."""

COMMAND, ROLE, BEGIN, _LAYER, END = range(5)
FAULTS = {
    17: "not a G-code word",
    18: "checksum does not match",
    19: "number out of range",
    20: "arc without a centre",
    21: "not text",
}
"""Kinds of events; those from 17 on are malformed lines."""

FLOATS = ("x", "y", "z", "e", "speed", "acceleration", "width", "height", "fan")
SMALL = ("role", "tool", "layer", "line")
ROWS, EVENTS, LAYERS_NAMED = 1, 2, 10
"""Fields of the kernel's state."""

START_STATE = (0, 0, 0, 0, 1, 1, 0, 0, -1, 0, 0, -1, 0)
"""at, rows, events, line; absolute xyz and e, inches, verbatim; layer, tool, layers named, command row, retracted"""
START_VALUES = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0, 40.0, 0)
"""x, y, z, e, speed, fan, printing and travel acceleration, width, height; firmware retraction length and speed"""


def read(source: str | bytes | os.PathLike[str], problems: list[Problem] | None = None) -> Moves:
    """Return the moves of a G-code file, given as a path, as bytes, or as text that holds a newline.

    Raises `MalformedGcode` at the first line that cannot be read, unless `problems` collects them, and OSError where
    the file cannot be opened.
    """
    if isinstance(source, bytes):
        data, name = source, "G-code"
    elif isinstance(source, str) and "\n" in source:
        data, name = source.encode(), "G-code"
    else:
        data, name = Path(source).read_bytes(), os.fspath(source)
    return parse(data, problems, name)


def parse(
    data: bytes,
    problems: list[Problem] | None = None,
    name: str = "G-code",
    position: tuple[float, float, float] = (0.0, 0.0, 0.0),
    relative_e: bool = False,
) -> Moves:
    """Return the moves of G-code text that begins at `position`, in absolute coordinates and the given mode of E."""
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    state, values = np.array(START_STATE, np.int64), np.array(START_VALUES, np.float64)
    values[:3] = position
    state[5] = not relative_e
    columns, events = _run(data, state, values)
    _report(data, events, problems, name)
    moves = _assemble(data, columns, events, position)
    return moves if state[LAYERS_NAMED] else _with_layers_by_height(moves)


Column = NDArray[Any]


class _Events(NamedTuple):
    """What is not a row: kinds, the rows before which they stand, spans of the text, line numbers."""

    kind: Column
    row: Column
    first: Column
    last: Column
    line: Column


def _run(data: bytes, state: Column, values: Column) -> tuple[dict[str, Column], _Events]:
    """Run the kernel with arrays that grow until they hold the whole text."""
    rows = data.count(b"\n") + 16
    columns: dict[str, Column] = {name: np.empty(rows, DTYPES[name]) for name in FLOATS + SMALL}
    events: list[Column] = [np.empty(1024 + rows // 4, t) for t in (np.uint8, np.int64, np.int64, np.int64, np.int32)]
    text, words = memoryview(data), memoryview(WORDS)
    while not parse_rows(text, words, state, values, *columns.values(), *events):
        if state[ROWS] > 3 * len(columns["x"]) // 4 or state[EVENTS] + 2 <= len(events[0]):
            columns = {name: _longer(column) for name, column in columns.items()}
        if state[EVENTS] > 3 * len(events[0]) // 4:
            events = [_longer(column) for column in events]
    n, k = int(state[ROWS]), int(state[EVENTS])
    return {name: column[:n] for name, column in columns.items()}, _Events(*[column[:k] for column in events])


def _longer(column: Column) -> Column:
    """Return the column with as much room again."""
    return np.concatenate([column, np.empty(len(column) + 4096, column.dtype)])


def _report(data: bytes, events: _Events, problems: list[Problem] | None, name: str) -> None:
    """Raise, or append to `problems`, what the kernel could not read."""
    for i in np.flatnonzero(events.kind > 16).tolist():
        text = data[events.first[i] : events.last[i]].decode("utf-8", "replace").strip()
        text = text if len(text) <= 80 else text[:77] + "..."
        problem = Problem(int(events.line[i]), text, FAULTS[int(events.kind[i])])
        if problems is None:
            raise MalformedGcode(problem, name)
        problems.append(problem)


def _assemble(data: bytes, columns: dict[str, Column], events: _Events, position: tuple[float, float, float]) -> Moves:
    """Return moves from the kernel's rows and events."""
    n = len(columns["x"])
    command = (events.kind == COMMAND) | (events.kind > 16)
    commands = tuple(_texts(data, events, command))
    _fill_roles(columns["role"], data, events)
    objects, column = _objects(commands, data, events, n)
    return Moves(
        **columns,
        object=column,
        start=np.array([*position, 0.0]),
        command_row=events.row[command],
        command_line=events.line[command],
        commands=commands,
        objects=objects,
    )


def _texts(data: bytes, events: _Events, chosen: Column) -> Iterator[str]:
    """Yield the text of the chosen events."""
    for first, last in zip(events.first[chosen].tolist(), events.last[chosen].tolist(), strict=True):
        yield data[first:last].decode("utf-8", "surrogateescape")


def _fill_roles(column: Column, data: bytes, events: _Events) -> None:
    """Give beads (1 in the column) the role named last before them; CUSTOM rows and travels keep theirs."""
    chosen = events.kind == ROLE
    roles = [ROLE_WORDS.get(text.strip().lower(), Role.NONE) for text in _texts(data, events, chosen)]
    spans = np.diff(np.concatenate([[0], events.row[chosen], [len(column)]]))
    named = np.repeat(np.array([Role.NONE, *roles], np.uint8), spans)
    beads = column == 1
    column[beads] = named[beads]


NAME = re.compile(r"NAME=(?:'([^']*)'|\"([^\"]*)\"|(\S+))")
M486 = re.compile(r"M486(?: S(-?\d+))?(?: ?A\"?([^\"]*)\"?)?")


def _objects(
    commands: tuple[str, ...], data: bytes, events: _Events, n: int
) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """Return the objects' names and the object of each row, from definitions and labels."""
    names = _defined(commands)
    chosen = (events.kind == BEGIN) | (events.kind == END)
    now: list[int] = [-1]
    for text, kind in zip(_texts(data, events, chosen), events.kind[chosen].tolist(), strict=True):
        now.append(-1 if kind == END else _index(text, names))
    spans = np.diff(np.concatenate([[0], events.row[chosen], [n]]))
    return tuple(names), np.repeat(np.array(now, np.int16), spans)


def _defined(commands: tuple[str, ...]) -> list[str]:
    """Return the names that definitions among the commands give."""
    names: list[str] = []
    index = 0
    for line in commands:
        if line.startswith("EXCLUDE_OBJECT_DEFINE"):
            _index(line, names)
        elif line.startswith("M486 ") and (found := M486.match(line)):
            index = index if found[1] is None else int(found[1])
            if found[2] and 0 <= index < 1000:
                names.extend(f"object_{i}" for i in range(len(names), index + 1))
                names[index] = found[2].strip()
    return names


def _index(text: str, names: list[str]) -> int:
    """Return the object that a label names, adding it to `names` where it is new."""
    if found := NAME.search(text):
        name = found[1] or found[2] or found[3]
    elif (number := M486.match(text)) and number[1] and int(number[1]) < 1000:
        names.extend(f"object_{i}" for i in range(len(names), int(number[1]) + 1))
        return int(number[1])
    else:
        return -1
    if name not in names:
        names.append(name)
    return names.index(name)


def _with_layers_by_height(moves: Moves) -> Moves:
    """Return moves whose layers are counted by the rising z of beads, for files that do not name them."""
    beads = np.flatnonzero((moves.e > 0) & (moves.role != Role.CUSTOM) & (moves.line > 0))
    still = (np.diff(moves.x, prepend=moves.start[0])[beads] == 0) & (
        np.diff(moves.y, prepend=moves.start[1])[beads] == 0
    )
    beads = beads[~still]
    if not len(beads):
        return moves
    top = np.maximum.accumulate(moves.z[beads])
    number = np.concatenate([[0], np.cumsum(np.diff(top) > 1e-4)])
    layer = np.full(len(moves), -1, np.int32)
    spans = np.diff(np.concatenate([beads, [len(moves)]]))
    layer[beads[0] :] = np.repeat(number, spans)
    return moves.with_(layer=layer)
