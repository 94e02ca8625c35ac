"""The shared language: G-code as columns of moves, read, written and timed. Imports nothing of ours.

    read      any file -> Moves             reader.py, reading.py, kernels/words.py and rows.py; slicers: dialects.py
    stream    the same, piece by piece; what files are packed in: containers.py, bgcode.py
    settings, thumbnails                    metadata.py, embedded.py
    write     Moves -> text in a Style      writer.py, kernels/format.py, dialects in flavours.py; G2 and G3: arcs.py
              commands that mean the same   settled.py, effects.py
    estimate  Moves -> seconds per move     planner.py, kernels/planner.py; Machine and what changes it: limits.py
              heating, homing, sums         times.py; temperatures and factors by row: in_force.py
    verify    models, Moves -> Proof        proof/
    checks    Moves, Limits -> findings     checks/; what a file does: survey.py; what changed: diff.py
    pictures  Moves -> PNG, SVG             pictures/
    render    template -> lines             templates.py
    Moves, Role                             moves.py, roles.py

`write(read(text)) == text` for what the writer writes; other slicers' files come back physically the same.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers; at run time each name is imported when it is asked for
    from gcode.containers import plates as plates
    from gcode.errors import GcodeError as GcodeError
    from gcode.errors import MalformedGcode as MalformedGcode
    from gcode.errors import Problem as Problem
    from gcode.errors import UnreadableFile as UnreadableFile
    from gcode.flavours import FLAVOURS as FLAVOURS
    from gcode.flavours import Flavour as Flavour
    from gcode.metadata import settings as settings
    from gcode.metadata import thumbnails as thumbnails
    from gcode.moves import Moves as Moves
    from gcode.planner import Machine as Machine
    from gcode.planner import estimate as estimate
    from gcode.proof import verify as verify
    from gcode.reader import read as read
    from gcode.reader import stream as stream
    from gcode.roles import Role as Role
    from gcode.templates import render as render
    from gcode.writer import Style as Style
    from gcode.writer import write as write
    from gcode.writer import write_to as write_to

_HOMES = {
    "Moves": "gcode.moves",
    "Role": "gcode.roles",
    "read": "gcode.reader",
    "stream": "gcode.reader",
    "plates": "gcode.containers",
    "settings": "gcode.metadata",
    "thumbnails": "gcode.metadata",
    "write": "gcode.writer",
    "write_to": "gcode.writer",
    "Style": "gcode.writer",
    "FLAVOURS": "gcode.flavours",
    "Flavour": "gcode.flavours",
    "Machine": "gcode.planner",
    "estimate": "gcode.planner",
    "render": "gcode.templates",
    "verify": "gcode.proof",
    "GcodeError": "gcode.errors",
    "MalformedGcode": "gcode.errors",
    "Problem": "gcode.errors",
    "UnreadableFile": "gcode.errors",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gcode' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
