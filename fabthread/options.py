"""Options that several commands share, and what they are read into."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fabthread.errors import OutputRefused, reader_may_go

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gcode.errors import Problem
    from gcode.moves import Moves
    from profiles.loader import Resolved

F = TypeVar("F", bound=Callable[..., Any])

MODEL_SUFFIXES = (".stl", ".3mf", ".obj", ".ply", ".off", ".glb")


def is_model(file: str) -> bool:
    """Tell by its name whether a file is a model; G-code may be packed as 3MF, too.

    >>> is_model("Part.3MF"), is_model("part.gcode.3mf"), is_model("part.gcode")
    (True, False, False)
    """
    return file.lower().endswith(MODEL_SUFFIXES) and not file.lower().endswith(".gcode.3mf")


def numbers(count: int, spread: bool = False) -> Callable[[str], tuple[float, ...]]:
    """Return a reader of numbers separated by commas, such as 10,20; a lone one stands for all of them if `spread`."""

    def read(text: str) -> tuple[float, ...]:
        try:
            found = tuple(float(word) for word in text.split(","))
        except ValueError:
            found = ()
        if spread and len(found) == 1:
            found *= count
        if len(found) != count or not all(abs(number) < 1e9 for number in found):
            example = ",".join("123"[:count])
            raise click.BadParameter(f"{text!r} is not {count} numbers such as {example}")
        return found

    return read


def profile_names(ctx: click.Context, option: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the name of a shipped profile of the option's kind, or of a file."""
    from click.shell_completion import CompletionItem

    from profiles.files import shipped

    kind = "printer" if option.name == "profile" else str(option.name)
    found = [CompletionItem(name) for name in shipped(kind) if name.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]


def profile_options(command: F) -> F:
    """Add --printer, --filament, --process, --like and --set to a command."""
    for option in (
        click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change one setting; repeatable."),
        click.option(
            "--like", metavar="FILE.gcode", help="Settings of a file that fabthread wrote, instead of profiles."
        ),
        click.option("--process", metavar="NAME|FILE", shell_complete=profile_names, help="Profile of how to print."),
        click.option("--filament", metavar="NAME|FILE", shell_complete=profile_names, help="Profile of the filament."),
        click.option("--printer", metavar="NAME|FILE", shell_complete=profile_names, help="Profile of the machine."),
    ):
        command = option(command)
    return command


def plate_option(command: F) -> F:
    """Add --plate to a command."""
    told = "Which plate of a .gcode.3mf file; the only one by default."
    return click.option("--plate", type=click.IntRange(1), metavar="N", help=told)(command)


def resolve(
    printer: str | None, filament: str | None, process: str | None, like: str | None, overrides: tuple[str, ...]
) -> Resolved:
    """Return the settings of a job from the values of `profile_options`."""
    from profiles.loader import from_embedded, load, overlaid

    pairs = pairs_of(overrides)
    if like is None:
        return load(printer, filament, process, pairs)
    if printer or filament or process:
        raise click.UsageError("--like takes all settings from a file: leave out --printer, --filament and --process")
    try:
        if os.path.exists(like) and not os.path.isfile(like):
            raise click.BadParameter(f"{like} is a directory, pipe or device, not a file", param_hint="'--like'")
        with open(like, encoding="utf-8", errors="replace") as lines:
            return overlaid(from_embedded(lines, like), pairs)
    except OSError as error:
        raise click.BadParameter(f"cannot read {like}: {error.strerror}", param_hint="'--like'") from None


def pairs_of(overrides: Iterable[str]) -> dict[str, str]:
    """Return the values of --set by key."""
    pairs = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip().isprintable() or not key.strip():
            raise click.BadParameter(f"{text!r} is not KEY=VALUE, such as layer_height=0.2", param_hint="'--set'")
        pairs[key.strip()] = value.strip()
    return pairs


def read_gcode(file: str, plate: int | None = None) -> tuple[Moves, list[Problem]]:
    """Return the moves of a G-code file and its malformed lines; raise InputRefused where it cannot be opened."""
    from gcode.reader import read

    problems: list[Problem] = []
    with readable(file):
        return read(file, problems, plate), problems


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Raise InputRefused where a file cannot be opened."""
    from slicer.errors import InputRefused

    try:
        yield
    except OSError as error:
        raise InputRefused(f"cannot read {file}: {error.strerror or error}") from None


def check_writable(path: str, inputs: Iterable[str]) -> None:
    """Raise OutputRefused now, not after a long computation, if a file cannot or must not be written here."""
    folder = os.path.dirname(path) or "."
    if path == "-":
        return
    if any(os.path.exists(path) and os.path.exists(name) and os.path.samefile(path, name) for name in inputs):
        raise OutputRefused(path, "it is what is read")
    if os.path.isdir(path):
        raise OutputRefused(path, "it is a directory")
    if not os.path.isdir(folder):
        raise OutputRefused(path, f"there is no directory {folder}")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise OutputRefused(path, "no permission")


def picture_form(path: str, *forms: str) -> str:
    """Return in which of some forms a picture is wanted, by the end of its name; the first where it has none.

    >>> picture_form("part.SVG", "png", "svg"), picture_form("-", "png", "svg")
    ('svg', 'png')
    """
    form = os.path.splitext(path)[1].lower().removeprefix(".") or forms[0]
    if form not in forms:
        raise click.UsageError(f"{path}: a picture is .{' or .'.join(forms)}")
    return form


def check_stdout(as_json: bool, *outputs: str | None) -> None:
    """Raise UsageError where more than one thing would go to stdout."""
    if as_json + outputs.count("-") > 1:
        raise click.UsageError("only one of what is written, the JSON included, can go to stdout")


def write_file(path: str, data: bytes) -> None:
    """Write a file, or to stdout if the path is "-"; raise OutputRefused where that fails."""
    from slicer.tools import files

    try:
        with reader_may_go():
            files.write(path, [data])
    except OSError as error:
        raise OutputRefused(path, error) from None
