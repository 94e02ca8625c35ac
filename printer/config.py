"""The printers that a person has: a TOML file in the user's own folder, and beside it one with their keys.

    config_folder()/printers.toml    [name] kind, address, baud, profile, ...: nothing secret
    config_folder()/secrets.toml     [name] key, user, password: readable by its owner only, never printed
    data_folder()/                   history.db, and a folder for each job

`FABTHREAD_CONFIG` and `FABTHREAD_DATA` name other folders.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from printer.errors import ConfigError, StoreError

KINDS = {
    "serial": "a port of this computer: /dev/ttyUSB0, COM3; auto looks for it",
    "tcp": "raw G-code over a socket: HOST:PORT",
    "pty": "a pseudo-terminal: Klipper's /tmp/printer",
    "virtual": "a printer that does not exist; the address is its firmware",
    "octoprint": "an OctoPrint server: http://HOST, with its API key",
    "moonraker": "Klipper by Moonraker: http://HOST:7125",
    "prusalink": "a Prusa printer: http://HOST, with its key, or user and password",
}
"""Ways to a printer, and what their address is."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Printer:
    """One printer, and how to reach it.

    kind, address    see `KINDS`
    baud             of a serial port; 0 tries all speeds in use
    reset            whether a serial port may reset its board when it is opened
    profile          machine profile for slicing and checking; "" the generic one
    filament         likewise, of what is usually printed with
    firmware         name of a `printer.firmware.FIRMWARES` where the printer does not tell by itself
    park             X, Y to go to in a pause; none only lifts
    meatpack         lines are packed where the firmware unpacks them: more of them a second over a slow port
    buffer           bytes of its receive buffer (Marlin's RX_BUFFER_SIZE); 0 what is usual for its firmware
    """

    name: str
    kind: str
    address: str
    baud: int = 0
    reset: bool = True
    profile: str = ""
    filament: str = ""
    firmware: str = ""
    park: tuple[float, ...] = ()
    meatpack: bool = False
    buffer: int = 0

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ConfigError(f"{self.name!r} cannot be a printer's name: letters, digits, dot, dash, at most 40")
        if self.kind not in KINDS:
            raise ConfigError(f"printer {self.name}: no kind {self.kind!r}; there are {', '.join(KINDS)}")
        if not self.address.isprintable() or not self.address:
            raise ConfigError(f"printer {self.name}: the address is empty or not printable")
        if len(self.park) not in (0, 2):
            raise ConfigError(f"printer {self.name}: park is X and Y, such as [10, 200]")
        if self.buffer and not 16 <= self.buffer <= 65536:
            raise ConfigError(f"printer {self.name}: a buffer has 16 to 65536 bytes, not {self.buffer}")


@dataclass(frozen=True, slots=True)
class Secret:
    """How a printer knows that it is us; never shown."""

    key: str = ""
    user: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if not (self.key + self.user + self.password).isprintable():
            raise ConfigError("a key, user or password holds characters that nobody can type")

    def __repr__(self) -> str:
        return "Secret(...)"


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of a user's settings, as the system has it."""
    return _folder(environment, "FABTHREAD_CONFIG", "APPDATA", "XDG_CONFIG_HOME", ".config")


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of what a user's jobs leave behind, as the system has it."""
    return _folder(environment, "FABTHREAD_DATA", "LOCALAPPDATA", "XDG_DATA_HOME", ".local/share")


def _folder(environment: Mapping[str, str], own: str, windows: str, xdg: str, usual: str) -> Path:
    if environment.get(own):
        return Path(environment[own])
    if sys.platform == "win32":
        return Path(environment.get(windows) or Path.home()) / "fabthread"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "fabthread"
    given = environment.get(xdg, "")
    return (Path(given) if os.path.isabs(given) else Path.home() / usual) / "fabthread"


def printers(folder: Path | None = None) -> dict[str, Printer]:
    """Return all printers by name. Raises `ConfigError` naming what is wrong in the file."""
    path = (folder or config_folder()) / "printers.toml"
    known = {f.name for f in fields(Printer)} - {"name"}
    found = {}
    for name, table in _read(path).items():
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                near = get_close_matches(key, known, 1)
                raise ConfigError(f"{path}: [{name}] has no {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        found[name] = _printer(path, name, table)
    return found


def find(name: str, folder: Path | None = None) -> Printer:
    """Return the printer of a name. Raises `ConfigError` where there is none."""
    known = printers(folder)
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else "`fabthread printers add` makes one"
        raise ConfigError(f"no printer is called {name!r}; {hint}")
    return known[name]


def secret(name: str, folder: Path | None = None) -> Secret:
    """Return how a printer knows us; empty where it need not."""
    table = _read((folder or config_folder()) / "secrets.toml").get(name, {})
    known = {f.name for f in fields(Secret)}
    return Secret(**{key: str(value) for key, value in table.items() if key in known}) if table else Secret()


def save(printer: Printer, secret: Secret | None = None, folder: Path | None = None) -> None:
    """Add a printer, or replace the one of its name; without a secret, the one it has stays."""
    folder = folder or config_folder()
    _update(folder / "printers.toml", printer.name, {k: v for k, v in asdict(printer).items() if k != "name"})
    if secret is not None:
        _update(folder / "secrets.toml", printer.name, asdict(secret), private=True)


def remove(name: str, folder: Path | None = None) -> None:
    """Forget a printer and its secret. Raises `ConfigError` where there is none."""
    folder = folder or config_folder()
    find(name, folder)
    _update(folder / "printers.toml", name, None)
    if (folder / "secrets.toml").exists():
        _update(folder / "secrets.toml", name, None, private=True)


def _printer(path: Path, name: str, table: Any) -> Printer:
    """Return a printer from its table."""
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {name} stands in no [table]: a printer begins with its name, as in [shop]")
    if not {"kind", "address"} <= table.keys():
        raise ConfigError(f"{path}: [{name}] needs a kind and an address")
    for f in fields(Printer)[1:]:
        kind = list if f.name == "park" else str if f.default is MISSING else type(f.default)
        if f.name in table and type(table[f.name]) is not kind:
            raise ConfigError(f"{path}: [{name}] {f.name} cannot be {table[f.name]!r}")
    if not all(isinstance(value, int | float) for value in table.get("park", ())):
        raise ConfigError(f"{path}: [{name}] park is X and Y, such as [10, 200]")
    return Printer(name, **(table | {"park": tuple(table.get("park", ()))}))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None


def _update(path: Path, name: str, table: dict[str, Any] | None, private: bool = False) -> None:
    """Replace one table of a file, which is at no moment half written and, if private, nobody else's to read."""
    tables = _read(path)
    for title, each in tables.items():
        if not isinstance(each, dict):
            raise ConfigError(f"{path}: {title} stands in no [table]: correct or remove that line")
    tables.pop(name, None)
    if table is not None:
        tables[name] = table
    text = "\n".join(_toml(title, tables[title]) for title in sorted(tables))
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644), "w", encoding="utf-8"
        ) as file:
            file.write(text)
        os.replace(new, path)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise StoreError(f"cannot write {path}: {error.strerror}") from None


def _toml(title: str, table: Mapping[str, Any]) -> str:
    """Return a table as TOML; JSON's texts, numbers and lists are TOML's, too.

    >>> print(_toml("shop", {"kind": "tcp", "baud": 0, "reset": True, "park": (1.0, 2.0)}), end="")
    [shop]
    kind = "tcp"
    baud = 0
    reset = true
    park = [1.0, 2.0]
    """
    rows = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items() if value not in ("", ())]
    return "\n".join([f"[{json.dumps(title) if '.' in title else title}]", *rows, ""])
