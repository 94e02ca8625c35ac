"""Commands taken apart: name and words of the lines that a `Moves` keeps verbatim."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from gcode.moves import Moves


class Command(NamedTuple):
    """One command: it stands before row `row` of the moves.

    name   in capitals: `M104`, `SET_VELOCITY_LIMIT`
    words  texts by letter (`M104 S210` -> {"S": "210"}) or by name (`... ACCEL=3000` -> {"ACCEL": "3000"}), in capitals
    """

    row: int
    name: str
    words: Mapping[str, str]

    def number(self, *keys: str) -> float | None:
        """Return the first of the words that is there and is a finite number; None where none is."""
        for key in keys:
            if (text := self.words.get(key)) and NUMBER.fullmatch(text):
                return float(text)
        return None


NAME = re.compile(r"\s*(?:N\d+\s*)?([GMT]\d+(?:\.\d+)?|[A-Z_]\w*)", re.ASCII | re.IGNORECASE)
LETTERS = re.compile(r"([A-Z])\s*([-+]?\d*\.?\d*)", re.ASCII | re.IGNORECASE)
NAMED = re.compile(r"(\w+)\s*=\s*(\"[^\"]*\"|'[^']*'|\S+)", re.ASCII)
NOT_WORDS = re.compile(r"\"[^\"]*\"|\{[^}]*\}|\([^)]*\)|[;*].*")
"""Texts in quotes, RepRapFirmware's expressions, comments, checksums."""
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)", re.ASCII)
CODE = re.compile(r"[GMT]\d", re.ASCII)


def find(moves: Moves, wanted: Callable[[str], bool]) -> list[Command]:
    """Return those commands, in order, whose name is wanted; comments and what is no command have no name.

    >>> moves = Moves.of(1, command_row=[0, 0, 1], commands=("; head", "M104 S210 T1 ; warm", "set_pin pin=x value=1"))
    >>> [c.name for c in find(moves, lambda name: True)]
    ['M104', 'SET_PIN']
    """
    found = []
    for row, line in zip(moves.command_row.tolist(), moves.commands, strict=True):
        if line[:1] != ";" and (name := name_of(line)) and wanted(name):
            found.append(Command(row, name, words_of(line)))
    return found


@lru_cache(maxsize=4096)
def name_of(line: str) -> str:
    """Return the name of a line's command, "" where it has none.

    >>> [name_of(line) for line in ("N4 m104s210*88", "G29.1 X0", "set_velocity_limit accel=9", "; M104", "(M104)")]
    ['M104', 'G29.1', 'SET_VELOCITY_LIMIT', '', '']
    """
    found = NAME.match(line)
    return found[1].upper() if found else ""


@lru_cache(maxsize=4096)
def words_of(line: str) -> Mapping[str, str]:
    """Return the words of a line's command, without its comment and checksum.

    >>> words_of("M104 T1 S210.5 ; warm"), words_of("SET_HEATER_TEMPERATURE heater=extruder target=210")
    ({'T': '1', 'S': '210.5'}, {'HEATER': 'extruder', 'TARGET': '210'})
    """
    found = NAME.match(line)
    if not found:
        return {}
    if CODE.match(found[1].upper()):
        pairs = LETTERS.findall(NOT_WORDS.sub(" ", line[found.end(1) :]))
    else:
        pairs = [(key, value.strip("\"'")) for key, value in NAMED.findall(line.split(";", 1)[0], found.end(1))]
    return {key.upper(): value for key, value in pairs}
