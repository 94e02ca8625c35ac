"""What `check`, `inspect` and `diff` share: G-code files as they are read, and the machine they are judged by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

from fabthread.options import pairs_of, read_gcode, resolve

if TYPE_CHECKING:
    from gcode.checks.evidence import Evidence
    from gcode.checks.limits import Limits
    from gcode.errors import Problem
    from gcode.moves import Floats, Moves
    from gcode.survey import Survey
    from profiles.loader import Resolved

PLASTIC = ("filament_name", "filament_type", "filament_diameter", "filament_density", "max_volumetric_speed")
"""What a file of ours knows of its filament, whatever machine it is judged for."""
PLA = 1.24
"""g/cm3; of files that do not tell their filament's density."""


class Judge(NamedTuple):
    """A machine and a filament by which G-code is judged.

    machine, filament   what to call them
    limits              what they take
    density             of the filament, g/cm3
    rules               severities of checks, as texts
    profiles            name of each profile; nothing where the file itself tells of its machine
    """

    machine: str
    filament: str
    limits: Limits
    density: float
    rules: tuple[str, ...] = ()
    profiles: Mapping[str, str] = {}


class Subject(NamedTuple):
    """A G-code file: its moves, malformed lines, and the settings that its slicer put into it."""

    file: str
    moves: Moves
    problems: list[Problem]
    settings: dict[str, str]


def read(file: str, plate: int | None = None) -> Subject:
    """Return a G-code file; raise InputRefused where it cannot be opened."""
    import gcode

    moves, problems = read_gcode(file, plate)
    return Subject(file, moves, problems, gcode.settings(file, plate))


def warn_of(subject: Subject) -> None:
    """Say on stderr what is wrong with a file that is read all the same."""
    lines = [problem for problem in subject.problems if problem.line]
    told = [problem.reason for problem in subject.problems if not problem.line]
    if lines:
        told.append(f"has {len(lines)} malformed lines, the first is {lines[0]}")
    for text in told:
        click.echo(f"Warning: {subject.file} {text}", err=True)


def judge_of(
    file: str, told: Mapping[str, str], printer: str | None = None, filament: str | None = None,
    process: str | None = None, like: str | None = None, overrides: tuple[str, ...] = (),
) -> Judge:  # fmt: skip
    """Return who judges a file that tells of some settings: the profiles given, else the machine it was sliced for.

    Where neither is known, it is a generic machine. The filament is the file's own unless another is given.
    """
    ours = _ours(file, told)
    if printer or filament or process or like:
        if ours and not (filament or like):
            overrides = (*(f"{key}={getattr(ours.settings.filament, key)}" for key in PLASTIC), *overrides)
        return _judge(resolve(printer, filament, process, like, overrides))
    if ours:
        from profiles.loader import overlaid

        return _judge(overlaid(ours, pairs_of(overrides)))
    from gcode.checks.limits import embedded

    if overrides or (limits := embedded(told)) is None:
        return _judge(resolve(None, None, None, None, overrides))
    machine = told.get("printer_model") or "the machine in its settings"
    plastic = told.get("filament_type", "").split(";")[0] or "its filament"
    return Judge(machine, plastic, limits, first_number(told.get("filament_density", "")) or PLA)


def _judge(resolved: Resolved) -> Judge:
    """Return the machine and the filament of profiles."""
    from slicer.tools.machine import limits_of

    settings, names = resolved.settings, dict(resolved.names)
    machine, plastic = settings.machine.printer_model, settings.filament
    rules = settings.output.check_rules
    return Judge(machine, plastic.filament_name, limits_of(settings), plastic.filament_density, rules, names)


def _ours(file: str, told: Mapping[str, str]) -> Resolved | None:
    """Return the settings in a file that fabthread wrote, and wrote to its end; None for any other."""
    from profiles.loader import BEGIN, END, from_embedded

    key, _, last = END.removeprefix("; ").partition(" = ")
    if told.get(key) != last:
        return None
    from profiles.values import KEYS

    lines = [f"; {k} = {v}" for k, v in told.items() if k in KEYS or k.startswith("profile_")]
    return from_embedded([BEGIN, *lines, END], file)


def surveyed(subject: Subject, judge: Judge) -> tuple[Survey, tuple[Evidence, Floats]]:
    """Return the survey of a file on a machine, and what `gcode.diff` compares."""
    from gcode.checks.evidence import Evidence
    from gcode.survey import survey
    from gcode.times import Homing, times

    limits = judge.limits
    x, y, z = (high - low for low, high in zip(limits.low, limits.high, strict=True))
    took = times(subject.moves, limits.machine, homing=Homing(size=(x, y, z)))
    evidence = Evidence(subject.moves, limits)
    return survey(evidence, took), (evidence, took.moves)


def first_number(text: str) -> float | None:
    """Return the first of the numbers in a setting, None where there is none above 0.

    >>> first_number("1.24,1.27"), first_number("0"), first_number("nothing")
    (1.24, None, None)
    """
    found = re.match(r"\s*(\d+\.?\d*)", text)
    return float(found[1]) or None if found else None
