"""What every way to a printer offers, and what is shown of a printer whatever the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from printer.events import Event, Reading
from printer.job import FINAL
from printer.notices import Asked

if TYPE_CHECKING:
    from printer.drivers.push import Channel
    from printer.program import Program

OFFLINE = "offline"
"""The state of a printer that its server cannot reach; all others are `job.JobState`'s."""

LONGEST_NAME = 80
UNFIT = re.compile(r"[^A-Za-z0-9._+()-]+")
SUFFIXES = (".gcode", ".g", ".gco", ".bgcode")


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a printer and its job; None where this way to it does not tell.

    state       a `job.JobState`, or "offline"
    done        0 to 1
    layer       from 0, -1 before the first
    heaters     by name: C now, C aimed at
    speed, flow overrides in percent
    position    bytes of the file that the printer has taken
    filament    mm that the job has fed
    reached     whether there is somebody at the other end
    """

    state: str
    reason: str = ""
    file: str = ""
    done: float = 0.0
    layer: int = -1
    layers: int = 0
    elapsed_s: float = 0.0
    left_s: float | None = None
    heaters: Mapping[str, Reading] = field(default_factory=dict)
    speed: float | None = None
    flow: float | None = None
    lines_per_second: float | None = None
    resends: int = 0
    underruns: int = 0
    position: int | None = None
    filament: float | None = None
    firmware: str = ""
    reached: bool = True
    asks: Asked | None = None

    @property
    def over(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that a printer has: its name there, and bytes where that is told."""

    name: str
    size: int | None = None


class Heard(NamedTuple):
    """Something that happened: seconds since the beginning, lines of the program that were done by then, and what."""

    at: float
    line: int
    event: Event


class Driver(Protocol):
    """A printer, whatever is in between.

    name   what people call it
    can    what it can do beyond printing: "emergency", "override", "send", "answer", "exclude"

    Everything may raise `PrinterError`; what makes no sense now raises `ImpossibleAction`.
    """

    name: str
    can: frozenset[str]

    def upload(self, data: bytes, name: str) -> str:
        """Hand over a file; return the name under which the printer has it."""

    def start(self, name: str) -> None:
        """Begin to print a file that the printer has."""

    def pause(self) -> None:
        """Stop for a while."""

    def resume(self) -> None:
        """Go on."""

    def cancel(self) -> None:
        """End the job."""

    def emergency_stop(self) -> None:
        """Stop everything at once."""

    def override(self, **values: float) -> None:
        """Set `feed`, `flow` or `fan` in percent, `nozzle` or `bed` in C."""

    def send(self, line: str) -> None:
        """Say a line of one's own."""

    def answer(self, choice: int | None = None) -> None:
        """Answer the printer's question."""

    def exclude(self, program: Program, which: int) -> None:
        """Leave out one of the objects that the file labels, from now on."""

    def status(self) -> Status:
        """Return what is known now."""

    def files(self) -> list[RemoteFile]:
        """Return the files that the printer has."""

    def close(self) -> None:
        """Let go of it; what prints by itself goes on."""


class Remote(Driver, Protocol):
    """A printer behind a server, which prints by itself."""

    @property
    def channel(self) -> Channel | None:
        """What the server tells without being asked; None where it has no such channel."""

    def pushed(self) -> Status | None:
        """Return what the channel has told; None where it is not open, or has nothing to tell."""


def safe_name(name: str) -> str:
    """Return a file name that every server takes and no shell or path can misread, ending like G-code.

    >>> safe_name("../../etc/My part (2).gcode"), safe_name("-rf"), safe_name("")
    ('My_part_(2).gcode', 'rf.gcode', 'part.gcode')
    """
    base = re.split(r"[/\\]", name)[-1]
    stem, suffix = base, ".gcode"
    for known in SUFFIXES:
        if base.lower().endswith(known):
            stem, suffix = base[: -len(known)], known
            break
    stem = UNFIT.sub("_", stem).strip("._-")[:LONGEST_NAME]
    return (stem or "part") + suffix
