"""`fabthread`: the root command. Each command lives in a module of its own that is imported when it is asked for."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from fabthread import __version__
from fabthread.errors import EXIT_CODES, reader_may_go, report

COMMANDS = {
    "slice": ("fabthread.slice_cli", "slice_models", "Slice models, arranged on one plate, to G-code."),
    "check": ("fabthread.check_cli", "check", "Is G-code safe for a machine?"),
    "verify": ("fabthread.verify_cli", "verify", "Prove that G-code prints a model."),
    "inspect": ("fabthread.inspect_cli", "inspect", "Tell what is in G-code: size, time, plastic, speeds, heat."),
    "diff": ("fabthread.diff_cli", "diff", "Tell what differs in what two G-code files print."),
    "preview": ("fabthread.preview_cli", "preview", "Draw the toolpaths of G-code or of a model."),
    "profiles": (
        "fabthread.profiles_cli",
        "profiles",
        "List, show and check profiles of printers, filaments, processes.",
    ),
    "print": ("fabthread.print_cli", "print_file", "Print G-code or a model, and watch it."),
    "monitor": ("fabthread.monitor_cli", "monitor", "Watch a printer."),
    "terminal": ("fabthread.terminal_cli", "terminal", "Talk to a printer in G-code."),
    "recover": ("fabthread.recover_cli", "recover", "Go on with a print that was cut off."),
    "history": ("fabthread.history_cli", "history", "List what was printed, or tell all about one job."),
    "printers": ("fabthread.printers_cli", "printers", "Add, list, test and remove your printers."),
    "spools": ("fabthread.spools_cli", "spools", "Keep count of what is left on spools of filament."),
    "virtual": ("fabthread.virtual_cli", "virtual", "A printer that does not exist, for any program to print on."),
}
"""Command -> module, function, and what it does."""

EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:<5}{meaning}" for code, meaning in EXIT_CODES.items())


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with reader_may_go():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with reader_may_go():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, _, what) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="fabthread")
def root() -> None:
    """Slice a mesh to G-code, judge it, print it, and know what happened.

    \b
      fabthread slice part.stl                    G-code for a generic machine, next to you
      fabthread slice part.stl --preview part.png
      fabthread slice part.stl --printer prusa-mk4 --filament petg --set infill_density=20%
      fabthread check part.gcode --printer prusa-mk4
      fabthread inspect part.gcode
      fabthread preview part.gcode --layer 12 -o layer.png
      fabthread profiles list
      fabthread print part.stl --virtual --speed max
      fabthread printers add shop /dev/ttyUSB0
      fabthread print part.gcode --printer shop
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `EXIT_CODES`."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - stays open
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a letter that the terminal does not know must not end a print
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's matrix threads, which nothing uses: 0.05 s at start
    try:
        code = root.main(args=arguments, prog_name="fabthread", standalone_mode=False)
        with reader_may_go():
            sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:
        code = report(error)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
