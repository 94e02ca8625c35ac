"""Profile files: flat TOML with `inherits`, shipped beside this module or written by the user.

Beside settings a file may hold `name` (what people call it), `description`, `kind` (printer, filament or process; the
option it is given with says so too) and `inherits` (a shipped profile, or a file relative to this one).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from profiles.errors import SettingsRefused, nearest
from profiles.schema import GROUPS
from profiles.values import KEYS, accept

FOLDERS = {"printer": "printers", "filament": "filaments", "process": "processes"}
HELP = "(`fabthread profiles list` shows all; a file of yours is given with its ending .toml)"
HEADER = ("name", "description", "kind", "inherits")
LARGEST = 1 << 22
"""Bytes of a profile: start and end G-code may be long, but not that long."""


class Source(NamedTuple):
    """Where settings come from: one file, the overrides, or a block in a G-code file.

    label   what people call it: the shipped profile's name, the path as given, "--set"
    values  accepted values by key
    lines   1-based line of each key, where known
    header  `name`, `description`, `kind`, `inherits`
    """

    label: str
    values: Mapping[str, Any]
    lines: Mapping[str, int] = {}
    header: Mapping[str, str] = {}

    def where(self, key: str) -> str:
        """Return "label:line" of a key."""
        return f"{self.label}:{self.lines[key]}" if key in self.lines else self.label


def shipped(kind: str) -> dict[str, str]:
    """Return the paths of the shipped profiles of a kind by name, sorted."""
    folder = _folder(kind)
    names = sorted(file.removesuffix(".toml") for file in os.listdir(folder) if file.endswith(".toml"))
    return {name: os.path.join(folder, f"{name}.toml") for name in names}


def _folder(kind: str) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), FOLDERS[kind])


def kind_named(wanted: str) -> str:
    """Return the kind of a shipped name or a file; raise SettingsRefused where it is unknown or not to be told."""
    if _is_path(wanted):
        table, _ = read_table(wanted, os.path.expanduser(wanted))
        parent = table.get("inherits")
        meant = kind_of(table) or (kind_named(parent) if isinstance(parent, str) and not _is_path(parent) else None)
        if meant not in GROUPS:
            raise SettingsRefused(f"{wanted}: holds no settings of one kind: add kind = one of {', '.join(GROUPS)}")
        return meant
    for kind in GROUPS:
        if any(_plain(name) == _plain(wanted) for name in shipped(kind)):
            return kind
    names = [name for kind in GROUPS for name in shipped(kind)]
    raise SettingsRefused(f"no profile is called {wanted!r}{nearest(wanted, names)} {HELP}")


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
    if kind is not None and kind not in key.kinds:
        raise ValueError(
            f"{name} is a {key.kind} setting and this is a {kind} profile: move it to a {key.kind} profile "
            f"or give it as --set {name}=..."
        )
    return accept(key, value)


def _locate(kind: str, wanted: str, folder: str, who: str) -> tuple[str, str]:
    """Return label and path of a profile given as a shipped name or as the path of a file."""
    if not wanted.isprintable() or not wanted:
        raise SettingsRefused(f"{who}: {wanted!r} is not the name of a {kind} profile or file")
    if _is_path(wanted):
        path = os.path.join(folder, os.path.expanduser(wanted))
        return path, path
    names = shipped(kind)
    same = [wanted] if wanted in names else [name for name in names if _plain(name) == _plain(wanted)]
    if not same:
        raise SettingsRefused(f"{who}: no {kind} profile is called {wanted!r}{nearest(wanted, names)} {HELP}")
    return same[0], names[same[0]]


def _is_path(wanted: str) -> bool:
    return wanted.lower().endswith(".toml") or "/" in wanted or os.sep in wanted


def _plain(name: str) -> str:
    """Return a name without case, blanks, dashes and needless zeros: "0.2 MM" finds 0.20mm."""
    return re.sub(r"(\.\d+?)0+(?!\d)", r"\1", re.sub(r"[\s_-]", "", name)).lower()


def _read(kind: str, label: str, path: str) -> tuple[Source, list[str]]:
    """Return the accepted settings of one file and its problems; raise SettingsRefused for a file of another kind."""
    table, lines = read_table(label, path)
    meant = kind_of(table) or kind
    header = {name: table.pop(name) for name in HEADER if name in table}
    for name, value in header.items():
        if not isinstance(value, str):
            raise SettingsRefused(f"{label}:{lines.get(name, 1)}: {name} must be text")
    if meant not in GROUPS:
        raise SettingsRefused(f"{label}: kind = {meant!r} is refused: needs one of {', '.join(GROUPS)}")
    if meant != kind:
        raise SettingsRefused(f"{label}: is a {meant} profile, needed is a {kind} profile: give it with --{meant}")
    source, problems = screen(kind, table, label, lines)
    return source._replace(header=header), problems


def kind_of(table: Mapping[str, Any]) -> str | None:
    """Return the kind a profile says it is, or the only one in which all its settings may stand, if there is one."""
    if "kind" in table:
        return str(table["kind"])
    kinds = [kind for kind in GROUPS if all(kind in KEYS[name].kinds for name in table if name in KEYS)]
    return kinds[0] if len(kinds) == 1 else None


def read_table(label: str, path: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return a TOML file's table and the line of each top-level key."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise SettingsRefused(f"{label}: is larger than any profile")
        text = data.decode("utf-8-sig")
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
