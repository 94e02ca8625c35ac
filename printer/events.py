"""What a printer can say, as frozen values: the protocol's output and everybody else's input.

Texts come from outside; `printer.protocol.replies` has taken all control characters out of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Reading(NamedTuple):
    """One sensor: C now, and what is aimed at (None: not said)."""

    actual: float
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Anything a printer says, or that its silence means."""


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """The handshake is done: lines are counted from here, both ends agree."""


@dataclass(frozen=True, slots=True)
class Restarted(Event):
    """The firmware booted; `unexpected` where that means that it forgot what it was doing."""

    unexpected: bool


@dataclass(frozen=True, slots=True)
class Completed(Event):
    """A line that was not the job's is done with: an M105 behind it was answered."""

    line: str


@dataclass(frozen=True, slots=True)
class Resent(Event):
    """The firmware asked for line `number` again, and gets it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Doubted(Event):
    """More was acknowledged than can be explained: a mangled line may have been executed as something else."""

    near_line: int
    surplus: int


@dataclass(frozen=True, slots=True)
class Silent(Event):
    """Lines wait for an answer and nothing came for `seconds`; `dead` once no command could take that long."""

    seconds: float
    waiting_for: str
    dead: bool


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """Delivery cannot be proven any more; the link sends nothing until it is opened again.

    `stranger` where it may be another printer that answers, which is to be left alone.
    """

    reason: str
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class Halted(Event):
    """The firmware stopped itself: what it means and what to do, in plain words."""

    message: str
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True)
class Trouble(Event):
    """An error or warning that does not stop the firmware (cold extrusion, unknown command, SD errors)."""

    message: str


@dataclass(frozen=True, slots=True)
class UnknownCommand(Event):
    """The firmware does not know a command; `command` is as much of it as it quotes."""

    command: str


@dataclass(frozen=True, slots=True)
class Temperatures(Event):
    """Readings by the firmware's own letters (T, T0, T1, B, C, ...), and heater powers as it reports them."""

    readings: Mapping[str, Reading]
    powers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Position(Event):
    """Where the firmware says it is: mm by axis letter."""

    axes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Capabilities(Event):
    """The answer to M115: `facts` as KEY: text, `caps` as NAME: available."""

    facts: Mapping[str, str]
    caps: Mapping[str, bool]

    @property
    def firmware(self) -> str:
        """The name and version that the firmware gives itself."""
        return self.facts.get("FIRMWARE_NAME", "")


@dataclass(frozen=True, slots=True)
class Busy(Event):
    """The firmware is alive and occupied: 'processing', 'paused for user', 'paused for input', 'heating'."""

    reason: str


@dataclass(frozen=True, slots=True)
class Action(Event):
    """A `//action:`: pause, resume, cancel, prompt_begin, notification, ... and the text after it."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Endstops(Event):
    """The answer to M119, one line of it: triggered by switch name."""

    switches: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class SdProgress(Event):
    """Bytes printed from the card; total 0: nothing is being printed from it."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SdFile(Event):
    """One row of the card's listing."""

    name: str
    size: int
    long_name: str = ""


@dataclass(frozen=True, slots=True)
class SdStatus(Event):
    """The card says: list_begin, list_end, inserted, missing, opened, open_failed, selected, writing, saved, done."""

    what: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rate(Event):
    """An override in %: `what` is 'feed' or 'flow'."""

    what: str
    percent: float


@dataclass(frozen=True, slots=True)
class Message(Event):
    """Any other line, as it came."""

    text: str
