"""One setting's value: is it of the declared type and within bounds, how is it read from text and written as TOML.

TOML is the one notation: files, overrides and the block embedded in G-code all write `0.2`, `true`, `"PLA"`,
`[250, 210]`. Overrides may leave out quotes and brackets, since the declared type says what is meant.
"""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple, get_args, get_origin

from profiles.errors import nearest
from profiles.schema import ALSO_IN, GROUPS, Fraction


class Key(NamedTuple):
    """A declared setting: its name, the kind of profile and the group it belongs to, and how it was declared."""

    name: str
    kind: str
    group: str
    field: dataclasses.Field[Any]

    @property
    def unit(self) -> str:
        """Unit of the value, or nothing."""
        return str(self.field.metadata["unit"])

    @property
    def doc(self) -> str:
        """The one-line explanation."""
        return str(self.field.metadata["doc"])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of profile it may stand in, its own first."""
        return (self.kind, *ALSO_IN.get(self.group, ()))

    @property
    def choices(self) -> tuple[str, ...]:
        """The words allowed, or nothing where any value of the type is."""
        return get_args(self.field.type) if get_origin(self.field.type) not in (None, tuple) else ()


KEYS: dict[str, Key] = {
    field.name: Key(field.name, kind, group, field)
    for kind, groups in GROUPS.items()
    for group, cls in groups.items()
    for field in dataclasses.fields(cls)
}
"""Every key in the order of declaration."""


# ---------------------------------------------------------------- from a value


def accept(key: Key, value: Any) -> Any:
    """Return `value` as the declared type; raise ValueError saying what is needed instead."""
    try:
        accepted = _reader(key)(key, value)
    except (TypeError, ValueError, OverflowError):
        accepted = None
    if accepted is None:
        raise ValueError(f"{key.name} = {_short(value)} is refused: needs {allowed(key)}{_hint(key, value)}")
    return accepted


def _reader(key: Key) -> Callable[[Key, Any], Any]:
    """Return the function that reads values of the key's declared type."""
    declared: Any = key.field.type
    return _READERS[tuple if get_origin(declared) is tuple else str if key.choices else declared]


def _number(key: Key, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if _within(key, number) else None  # nan is within no bounds


def _fraction(key: Key, value: Any) -> float | None:
    if isinstance(value, str) and value.endswith("%"):
        value = float(value[:-1]) / 100
    return _number(key, value)


def _whole(key: Key, value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and _within(key, value) else None


def _switch(key: Key, value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(key: Key, value: Any) -> str | None:
    """Accept printable text: one line, unless the setting is a template; a stray newline could smuggle in G-code."""
    if not isinstance(value, str) or (key.choices and value not in key.choices):
        return None
    value = value.replace("\r\n", "\n")
    visible = value.replace("\n", "").replace("\t", "") if key.field.metadata.get("multiline") else value
    return value if visible.isprintable() else None


def _list(key: Key, value: Any) -> tuple[Any, ...] | None:
    declared = get_args(key.field.type)
    if not isinstance(value, list | tuple) or (declared[-1] is not ... and len(value) != len(declared)):
        return None
    items = tuple(_READERS[declared[0]](key, item) for item in value)
    pattern = key.field.metadata.get("pattern", "")
    shaped = not pattern or all(re.fullmatch(pattern, str(item)) for item in items)
    return items if shaped and None not in items else None


_READERS: dict[Any, Callable[[Key, Any], Any]] = {
    float: _number,
    Fraction: _fraction,
    int: _whole,
    bool: _switch,
    str: _text,
    tuple: _list,
}


def _within(key: Key, number: float) -> bool:
    bounds = key.field.metadata
    return all(test(number, bounds[name]) for name, test in _BOUNDS.items() if name in bounds)


_BOUNDS = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}


# ---------------------------------------------------------------- in words


_NOUN = {float: "a number", Fraction: "a fraction", int: "a whole number", bool: "true or false", str: "text"}


def allowed(key: Key) -> str:
    """Return what the key accepts, in words: "a number from 0.02 to 2 mm"."""
    declared: Any = key.field.type
    if key.choices:
        return "one of " + ", ".join(key.choices)
    if get_origin(declared) is tuple:
        item = key.field.metadata.get("shape")
        if item:
            return f'a list of texts such as "{item}", as in ["{key.field.metadata["example"]}"]'
        return f"{len(get_args(declared))} numbers{_range(key)}, as in {dump(key.field.default)}"
    if declared is str:
        return "printable text" if key.field.metadata.get("multiline") else "printable text of one line"
    return _NOUN[declared] + _range(key)


def _range(key: Key) -> str:
    """Return " from 0 to 5 mm" or the like; nothing where there are no bounds."""
    bounds, unit = key.field.metadata, f" {key.unit}" if key.unit else ""
    low = f" from {bounds['ge']:g}" if "ge" in bounds else f" above {bounds['gt']:g}" if "gt" in bounds else ""
    high = f" to {bounds['le']:g}" if "le" in bounds else f" below {bounds['lt']:g}" if "lt" in bounds else ""
    return f"{low}{high}{unit}" if low or high else ""


def _hint(key: Key, value: Any) -> str:
    """Return advice for the mistakes people make."""
    if key.choices:
        return nearest(str(value), key.choices)
    if key.field.type is Fraction and isinstance(value, int | float) and 1 < value <= 100:
        return f'; did you mean "{value:g}%"?'
    return ""


def _short(value: Any) -> str:
    text = (
        repr(value) if isinstance(value, str) else dump(value) if isinstance(value, bool | tuple | list) else str(value)
    )
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------- from and to text


def parse(key: Key, text: str) -> Any:
    """Return the value meant by an override's text; what cannot be read stays text, for `accept` to refuse."""
    declared: Any = key.field.type
    words: dict[str, bool] = {"true": True, "false": False}
    try:
        if declared is bool:
            return words.get(text.strip().lower(), text)
        if declared is int:
            return int(text)
        if declared is float or (declared is Fraction and not text.endswith("%")):
            return float(text)
        if get_origin(declared) is tuple:
            items = [item.strip(" \"'") for item in text.strip(" []").split(",")]
            items = items if items != [""] else []
            return [float(item) for item in items] if get_args(declared)[0] is float else items
    except ValueError:
        pass
    return text


def dump(value: Any) -> str:
    """Return a value as TOML, in ASCII.

    >>> print(dump((250.0, 210.0)), dump(True), dump("G28\\n; café"))
    [250.0, 210.0] true "G28\\n; caf\\u00e9"
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(c) or (c if " " <= c <= "~" else _unicode(c)) for c in value) + '"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(dump(item) for item in value) + "]"
    return repr(value)


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _unicode(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
