"""Text to `Moves`: the inverse of `writer`, tolerant of what other slicers and people write.

    read     path, bytes or text -> Moves
    stream   the same piece by piece, in constant memory
    parse    G-code text -> Moves

What is understood becomes columns: G0-G3 in G17-G19 (arcs are split into chords within 0.01 mm), G10/G11 with M207 and
M208, G20/G21, G90/G91, M82/M83, G92, M106/M107 of the part fan, M200, M204 and SET_VELOCITY_LIMIT ACCEL, T, object
labels, and the comments that name roles, layers, widths and heights (`dialects`). Every other line is kept verbatim in
`commands`, M220 and M221 too: the columns hold what the text asks for, `in_force` says what overrides make of it.

Start, end and layer sequences (from `;TYPE:Custom` to the next role or layer) are kept verbatim as well; their motion
is in rows of role CUSTOM, which the writer leaves to the commands. G28 and G92 X Y Z set the position: a row of role
CUSTOM with speed 0 and no duration. Position is what the last word said: G92 X Y Z moves the coordinates, not the
reader's origin. G91 makes E relative too; G90 does not undo M83. E that counts volume (M200) becomes length. Layers
that nothing names are counted by the rising z of beads.

A malformed line raises `MalformedGcode` with its number and text. With `problems=[]` nothing is raised: each such line
is appended to the list as a `Problem`, and kept verbatim. What is no G-code at all, or cut off, is an `UnreadableFile`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gcode import containers, wholeness
from gcode.containers import Source
from gcode.errors import NotGcode, Problem
from gcode.moves import Moves
from gcode.reading import Reading


def read(source: Source, problems: list[Problem] | None = None, plate: int | None = None) -> Moves:
    """Return the moves of a G-code file, given as a path, as bytes, or as text that holds a newline.

    Reads gzip, zip (`.gcode.3mf`, of which `plate` chooses one) and `.bgcode` too. Raises `MalformedGcode` at the first
    line that cannot be read, unless `problems` collects them; `UnreadableFile` for what is no G-code, damaged or cut
    off; OSError where the file cannot be opened.
    """
    data, name = containers.text(source, plate)
    reading = Reading(data, name, problems)
    moves = reading.take(data)
    reading.finish(data[-wholeness.EDGE :])
    return moves


def stream(
    source: Source, problems: list[Problem] | None = None, plate: int | None = None, chunk_bytes: int = 1 << 22
) -> Iterator[Moves]:
    """Yield the moves of a file piece by piece; one after the other they are those of `read`.

    Memory is a few times `chunk_bytes`, whatever the size of the file. `command_row` counts from the start of each
    piece, `start` is where the one before has ended, `objects` grows. Raises what `read` raises, when it comes to it.
    """
    named = _names_layers(source, plate, chunk_bytes)
    with containers.opened(source) as (binary, name):
        reading, tail = None, b""
        for data in _whole_lines(containers.pieces(binary, name, plate, chunk_bytes), name):
            reading = reading or Reading(data, name, problems, counting=not named)
            tail = (tail + data)[-wholeness.EDGE :]
            yield reading.take(data)
        if reading:
            reading.finish(tail)


def parse(
    data: bytes,
    problems: list[Problem] | None = None,
    name: str = "G-code",
    position: tuple[float, float, float] = (0.0, 0.0, 0.0),
    relative_e: bool = False,
) -> Moves:
    """Return the moves of G-code text that begins at `position`, in absolute coordinates and the given mode of E."""
    return Reading(data, name, problems, position, relative_e).take(data)


def _names_layers(source: Source, plate: int | None, chunk_bytes: int) -> bool:
    """Return whether anything in a file names its layers."""
    with containers.opened(source) as (binary, name):
        reading = None
        for data in _whole_lines(containers.pieces(binary, name, plate, chunk_bytes), name):
            reading = reading or Reading(data, name, [])
            reading.take(data)
            if reading.printer.named_row >= 0:
                return True
    return False


def _whole_lines(parts: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the parts cut at ends of lines."""
    rest = b""
    for part in parts:
        end = part.rfind(b"\n") + 1
        if end:
            yield rest + part[:end]
            rest = part[end:]
        else:
            rest += part
            if len(rest) > 1 << 26:
                raise NotGcode(name, "has a line of more than 64 MB, so it is not G-code")
    if rest:
        yield rest
