"""From names, files and overrides to the settings of a job, knowing where each value came from.

Defaults < printer < filament < process < overrides; within one profile the file wins over what it inherits. Whatever
is wrong is refused with every reason at once; what is merely odd ends in `Resolved.warnings`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from profiles.checks import check
from profiles.errors import SettingsRefused, nearest
from profiles.files import Source, chain, kind_named, screen
from profiles.schema import GROUPS, Settings
from profiles.values import KEYS, allowed, dump, parse

DEFAULTS = {"printer": "generic-marlin", "filament": "pla", "process": "0.20mm"}
"""The profiles of a job that names none."""

BEGIN, END = "; fabthread_settings = begin", "; fabthread_settings = end"
PROFILE = "profile_"  # `profile_printer = "..."` in the embedded block names the profiles


class Origin(NamedTuple):
    """Where a value came from and what it overrode, back to the default."""

    source: str
    value: Any
    overrode: Origin | None = None

    def chain(self) -> list[Origin]:
        """Return this and everything below it, the default last."""
        return [self, *(self.overrode.chain() if self.overrode else ())]


@dataclass(frozen=True)
class Resolved:
    """The settings of a job.

    settings  what the stages read
    sources   files and overrides in the order in which they were laid over the defaults
    names     printer, filament, process -> name of the profile
    warnings  what is odd but not wrong, one line each
    """

    settings: Settings
    sources: tuple[Source, ...] = ()
    names: Mapping[str, str] = dataclasses.field(default_factory=lambda: dict.fromkeys(GROUPS, "custom"))
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return every value by key, in the order of declaration."""
        return flat(self.settings)

    @cached_property
    def origin(self) -> dict[str, Origin]:
        """Origin of every value by key."""
        origins = {name: Origin("default", key.field.default) for name, key in KEYS.items()}
        for source in self.sources:
            for name, value in source.values.items():
                origins[name] = Origin(source.where(name), value, origins[name])
        return origins

    def explain(self, key: str | None = None) -> str:
        """Return where a value came from, or a table of all of them; raise SettingsRefused for an unknown key."""
        if key is None:
            return self.columns(KEYS)
        _known(key)
        origin, *under = self.origin[key].chain()
        lines = [f"{key} = {_shown(key, origin.value)}", f"  {KEYS[key].doc} ({allowed(KEYS[key])})"]
        lines.append(f"  from {origin.source}: {dump(origin.value)}")
        return "\n".join([*lines, *(f"  over {each.source}: {dump(each.value)}" for each in under)])

    def facts(self, keys: Iterable[str] = KEYS) -> dict[str, dict[str, Any]]:
        """Return the same for programs: value, unit, source, and what it overrode, the default last."""
        found = {}
        for key in keys:
            origin, *under = self.origin[_known(key)].chain()
            overrode = [{"value": each.value, "source": each.source} for each in under]
            found[key] = {"value": origin.value, "unit": KEYS[key].unit, "source": origin.source, "overrode": overrode}
        return found

    def columns(self, keys: Iterable[str]) -> str:
        """Return key, value and origin of some settings as columns of text."""
        return table([[name, _shown(name, self.origin[name].value), self.origin[name].source] for name in keys])


def _known(key: str) -> str:
    """Return a key that there is; raise SettingsRefused for any other."""
    if key not in KEYS:
        raise SettingsRefused(f"--explain: {key} is not a known setting{nearest(key, KEYS)}")
    return key


Name = str | os.PathLike[str]


def load(
    printer: Name | None = None,
    filament: Name | None = None,
    process: Name | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Resolved:
    """Return the settings of a job.

    Each profile is a shipped name ("prusa-mk4") or the path of a TOML file; None is a generic 0.4 mm Marlin machine,
    PLA, 0.20 mm layers. Overrides are values, or texts as in `--set key=value`. Raise SettingsRefused, naming file,
    key and what is allowed.
    """
    wanted = {"printer": printer, "filament": filament, "process": process}
    chosen = {kind: DEFAULTS[kind] if name is None else name for kind, name in wanted.items()}
    sources: list[Source] = []
    problems: list[str] = []
    names: dict[str, str] = {}
    for kind, name in chosen.items():
        try:
            sources += chain(kind, name)
            names[kind] = os.path.basename(sources[-1].label).removesuffix(".toml")
        except SettingsRefused as refused:
            problems += refused.problems
    given, refusals = _given(overrides or {})
    if problems or refusals:
        raise SettingsRefused(*problems, *refusals)
    return resolve([*sources, given], names)


def overlaid(base: Resolved, overrides: Mapping[str, Any]) -> Resolved:
    """Return settings with overrides laid over them, as `load` does; raise SettingsRefused."""
    given, refusals = _given(overrides)
    if refusals:
        raise SettingsRefused(*refusals)
    return resolve([*base.sources, given], base.names)


def load_alone(wanted: str) -> tuple[str, Resolved]:
    """Return the kind of one profile, and its settings over the defaults, on the nozzle it is made for."""
    kind = kind_named(wanted)
    sources = chain(kind, wanted)
    nozzle = next((s.values["made_for_nozzle"] for s in reversed(sources) if "made_for_nozzle" in s.values), 0.0)
    machine = Source("made_for_nozzle", {"nozzle_diameter": nozzle} if nozzle else {})
    return kind, resolve([machine, *sources])


def resolve(sources: Iterable[Source], names: Mapping[str, str] | None = None) -> Resolved:
    """Return the defaults overlaid with sources, the last one winning; raise SettingsRefused where values clash."""
    used = tuple(source for source in sources if source.values)
    merged: dict[str, Any] = {}
    for source in used:
        merged.update(source.values)
    resolved = Resolved(_settings(merged), used, dict(names or dict.fromkeys(GROUPS, "custom")))
    errors, warnings = check(resolved.as_dict(), lambda name: resolved.origin[name].source)
    if errors:
        raise SettingsRefused(*errors)
    return dataclasses.replace(resolved, warnings=warnings)


def from_settings(settings: Settings) -> Resolved:
    """Return settings that a program made, checked like those of files."""
    changed = {name: value for name, value in flat(settings).items() if value != KEYS[name].field.default}
    source, problems = screen(None, changed, "settings", {})
    if problems:
        raise SettingsRefused(*problems)
    return resolve([source])


def embed(resolved: Resolved) -> list[str]:
    """Return the comment lines that keep all settings in a G-code file; without "; " they are TOML.

    The lines name profiles but no paths, so that the same settings are the same bytes in any directory.
    """
    names = [f"; {PROFILE}{kind} = {dump(name)}" for kind, name in resolved.names.items()]
    values = [f"; {name} = {dump(value)}" for name, value in resolved.as_dict().items()]
    return [BEGIN, *names, *values, END]


def from_embedded(lines: Iterable[str], label: str = "embedded settings") -> Resolved:
    """Return the settings that `embed` wrote among the lines of a G-code file."""
    import tomllib

    table: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    inside = False
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if inside and text == END:
            break
        if inside:
            try:
                pair = tomllib.loads(text.removeprefix("; "))
            except (ValueError, RecursionError):
                raise SettingsRefused(f"{label}:{number}: {text[:60]!r} is not a setting") from None
            table |= pair
            numbers |= dict.fromkeys(pair, number)
        inside = inside or text == BEGIN
    else:
        raise SettingsRefused(f"{label}: holds no settings (no block from {BEGIN!r} to {END!r})")
    names = {kind: str(table.pop(PROFILE + kind, "custom")) for kind in GROUPS}
    source, problems = screen(None, table, label, numbers)
    if problems:
        raise SettingsRefused(*problems)
    return resolve([source], names)


def flat(settings: Settings) -> dict[str, Any]:
    """Return every value by key, in the order of declaration."""
    return {name: getattr(getattr(settings, key.group), name) for name, key in KEYS.items()}


def table(rows: list[list[str]]) -> str:
    """Return rows as columns of equal width."""
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _settings(merged: Mapping[str, Any]) -> Settings:
    groups: dict[str, dict[str, Any]] = {group: {} for kind in GROUPS.values() for group in kind}
    for name, value in merged.items():
        groups[KEYS[name].group][name] = value
    classes = {group: cls for kind in GROUPS.values() for group, cls in kind.items()}
    return Settings(**{group: classes[group](**values) for group, values in groups.items()})


def _given(overrides: Mapping[str, Any]) -> tuple[Source, list[str]]:
    return screen(None, {name: _meant(name, value) for name, value in overrides.items()}, "--set", {})


def _meant(name: str, value: Any) -> Any:
    return parse(KEYS[name], value) if isinstance(value, str) and name in KEYS else value


def _shown(name: str, value: Any) -> str:
    """Return value and unit, short enough for a column."""
    text = dump(value)
    text = text if len(text) <= 40 else text[:37] + "..."
    return f"{text} {KEYS[name].unit}".rstrip()
