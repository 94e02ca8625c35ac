"""Profile files: flat TOML with `inherits`, shipped beside this module or written by the user.

Beside settings a file may hold `name` (what people call it), `description`, `kind` (printer, filament or process; the
option it is given with says so too) and `inherits` (a shipped profile, or a file relative to this one).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from profiles.errors import SettingsRefused, nearest
from profiles.schema import GROUPS
from profiles.values import KEYS, accept

FOLDERS = {"printer": "printers", "filament": "filaments", "process": "processes"}
HEADER = ("name", "description", "kind", "inherits")


@dataclass(frozen=True)
class Source:
    """Where settings come from: one file, the overrides, or a block in a G-code file.

    label   what people call it: the shipped profile's name, the path as given, "--set"
    values  accepted values by key
    lines   1-based line of each key, where known
    header  `name`, `description`, `kind`, `inherits`
    """

    label: str
    values: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    header: Mapping[str, str] = field(default_factory=dict)

    def where(self, key: str) -> str:
        """Return "label:line" of a key."""
        return f"{self.label}:{self.lines[key]}" if key in self.lines else self.label


def shipped(kind: str) -> dict[str, Path]:
    """Return the shipped profiles of a kind by name, sorted."""
    folder = Path(__file__).parent / FOLDERS[kind]
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def chain(kind: str, wanted: str | os.PathLike[str]) -> list[Source]:
    """Return a profile and all it inherits from, the oldest ancestor first.

    Raise SettingsRefused for what is missing, not TOML, inherits itself, or holds a setting that is unknown, of another
    kind or out of bounds.
    """
    label, path = _locate(kind, os.fspath(wanted), "", f"--{kind}")
    found: list[Source] = []
    seen: dict[str, str] = {}
    problems: list[str] = []
    while True:
        real = os.path.realpath(path)
        if real in seen:
            circle = " -> ".join([*seen.values(), label])
            raise SettingsRefused(f"{label}: inherits itself ({circle}): remove one `inherits`")
        seen[real] = label
        source, refused = _read(kind, label, path)
        problems += refused
        found.append(source)
        if "inherits" not in source.header:
            break
        parent = source.header["inherits"]
        label, path = _locate(kind, parent, os.path.dirname(path), source.where("inherits"))
    if problems:
        raise SettingsRefused(*problems)
    return found[::-1]


def screen(
    kind: str | None, table: Mapping[str, Any], label: str, lines: Mapping[str, int]
) -> tuple[Source, list[str]]:
    """Return the settings of a table that are accepted, and one line for each that is not; `kind` None takes all."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in table.items():
        try:
            values[name] = _screen_one(kind, name, value)
        except ValueError as reason:
            where = f"{label}:{lines[name]}" if name in lines else label
            problems.append(f"{where}: {reason}")
    return Source(label, values, lines), problems


def _screen_one(kind: str | None, name: str, value: Any) -> Any:
    key = KEYS.get(name)
    if key is None:
        table = " (settings stand at the top level, without [sections])" if isinstance(value, dict) else ""
        raise ValueError(f"{name} is not a known setting{table}{nearest(name, KEYS)}")
    if kind is not None and key.kind != kind:
        raise ValueError(
            f"{name} is a {key.kind} setting and this is a {kind} profile: move it to a {key.kind} profile "
            f"or give it as --set {name}=..."
        )
    return accept(key, value)


def _locate(kind: str, wanted: str, folder: str, who: str) -> tuple[str, str]:
    """Return label and path of a profile given as a shipped name or as the path of a file."""
    if not wanted.isprintable() or not wanted:
        raise SettingsRefused(f"{who}: {wanted!r} is not the name of a {kind} profile or file")
    if wanted.lower().endswith(".toml") or "/" in wanted or os.sep in wanted:
        path = os.path.join(folder, os.path.expanduser(wanted))
        return path, path
    exact = Path(__file__).parent / FOLDERS[kind] / f"{wanted.lower()}.toml"
    if exact.is_file():
        return exact.stem, str(exact)
    names = shipped(kind)
    same = [name for name in names if _plain(name) == _plain(wanted)]
    if not same:
        raise SettingsRefused(
            f"{who}: no {kind} profile is called {wanted!r}{nearest(wanted, names)} "
            f"(`fabthread profiles list` shows all; a file of yours is given with its ending .toml)"
        )
    return same[0], str(names[same[0]])


def _plain(name: str) -> str:
    """Return a name without case, blanks and dashes: "Generic Marlin" finds generic-marlin."""
    return re.sub(r"[\s_-]", "", name).lower()


def _read(kind: str, label: str, path: str) -> tuple[Source, list[str]]:
    """Return the accepted settings of one file and its problems."""
    table, lines = read_table(label, path)
    header = {name: table.pop(name) for name in HEADER if name in table}
    problems = [
        f"{label}:{lines.get(n, 1)}: {n} must be text" for n, value in header.items() if not isinstance(value, str)
    ]
    if header.get("kind", kind) != kind and not problems:
        hint = f"give it with --{header['kind']}" if header["kind"] in GROUPS else f"kinds are {', '.join(GROUPS)}"
        raise SettingsRefused(f"{label}: this is a {header['kind']} profile, needed is a {kind} profile: {hint}")
    if problems:
        raise SettingsRefused(*problems)
    source, refused = screen(kind, table, label, lines)
    return Source(label, source.values, lines, header), refused


def read_table(label: str, path: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return a TOML file's table and the line of each top-level key."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")
        table = tomllib.loads(text)
    except OSError as error:
        raise SettingsRefused(f"{label}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsRefused(f"{label}: is not valid TOML: {error}") from None
    return table, _key_lines(text)


def _key_lines(text: str) -> dict[str, int]:
    """Return the first line on which each key is given; good enough for messages."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, _ = line.partition("=")
        if equals:
            lines.setdefault(name.strip().strip("\"'"), number)
    return lines
