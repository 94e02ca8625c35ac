"""Exit codes, and how an exception becomes one clear line on stderr.

The packages' own errors carry `exit_code` or are named in `CODES`; whatever is neither of these nor click's is a bug.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from printer.text import plain

EXIT_CODES = {
    0: "done",
    1: "internal error: a bug, please report it; of diff: the files differ",
    2: "usage: an unknown option, a missing argument, a job or spool that is not there",
    3: "input refused: the model or file cannot be read as what it claims to be",
    4: "settings refused: unknown, out of range or contradictory",
    5: "nothing to print: no bead fits into the model",
    6: "output not writable",
    7: "checked: the G-code would not be safe on the machine, or not print",
    8: "checked: nothing but warnings",
    9: "proven otherwise: the G-code does not print the model",
    10: "no printer: it is not there, or cannot be understood",
    11: "the print failed; the message says why, and whether the heaters are off",
    12: "the print was cancelled, heaters off",
    130: "interrupted",
}
CODES = {
    "gcode.errors.MalformedGcode": 3,
    "gcode.errors.UnreadableFile": 3,
    "gcode.proof.model.UnreadableModel": 3,
    "gcode.proof.verify.NothingDeposited": 5,
    "gcode.errors.NothingToDraw": 5,
    "gcode.errors.TemplateError": 4,
    "gcode.errors.UnknownRule": 4,
    "gcode.errors.UnwritableMoves": 1,
    "printer.errors.VirtualError": 4,
    "printer.errors.ConfigError": 4,
    "printer.errors.StoreError": 6,
    "printer.errors.NoSuchEntry": 2,
    "printer.errors.LinkError": 10,
    "printer.errors.DriverError": 10,
    "printer.errors.ProtocolError": 11,
    "printer.errors.UnsafeToPrint": 7,
    "printer.errors.FileChanged": 3,
    "printer.errors.JobError": 2,
}
"""Exit codes of errors that carry none themselves."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room for what is written."""


class OutputRefused(click.ClickException):
    """A file that cannot be written."""

    exit_code = 6

    def __init__(self, path: str, reason: object) -> None:
        text = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
        super().__init__(f"cannot write {path}: {text}")


class ReaderGone(click.ClickException):
    """Whoever read our output went away, as `head` does: nothing to complain about."""

    exit_code = 141  # what a shell reports for a program that was stopped by a broken pipe

    def __init__(self) -> None:
        super().__init__("whoever read the output has gone away")

    def show(self, file: IO[Any] | None = None) -> None:
        """Say nothing, and let what is still to be said go nowhere."""
        silence()


@contextmanager
def reader_may_go() -> Iterator[None]:
    """Raise `ReaderGone` where nobody reads our output any more; click would call that a failure."""
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None


def silence() -> None:
    """Let what is said from now on go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(error: BaseException) -> int:
    """Say on stderr what went wrong and return the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, OSError) and error.errno in FULL:
        return _full(error)
    code = exit_code_of(error)
    if code is None:
        return _bug(error)
    for line in str(error).splitlines() or [type(error).__name__]:
        print(f"Error: {plain(line, 2000)}", file=sys.stderr)
    return code


def _full(error: OSError) -> int:
    """Report a disk without room, which may be that of our own output; nothing more is written there."""
    refused = OutputRefused(str(error.filename or "the output"), error)
    refused.show()
    silence()
    return refused.exit_code


def exit_code_of(error: BaseException) -> int | None:
    """Return the exit code of an error that our packages raise on purpose, None of any other."""
    for kind in type(error).__mro__:
        code = CODES.get(f"{kind.__module__}.{kind.__qualname__}", kind.__dict__.get("exit_code"))
        if isinstance(code, int):
            return code
    return None


def _bug(error: BaseException) -> int:
    if os.environ.get("FABTHREAD_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, MemoryError):
        print("Error: not enough memory for this job", file=sys.stderr)
    elif isinstance(error, AttributeError | ImportError) and ".kernels." in str(error):
        print(f"Error: the compiled kernels are older than their sources: install again ({error})", file=sys.stderr)
    else:
        text = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(f"Error: internal error, please report it ({text}); FABTHREAD_TRACEBACK=1 shows where", file=sys.stderr)
    return 1
