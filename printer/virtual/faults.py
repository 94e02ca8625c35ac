"""Everything that can go wrong, by name: on schedule or at random, the same with the same seed.

    corrupt@line=1200      once, with the 1200th line that comes in
    silent@time=30         once, after 30 seconds
    drop:0.001             at random: with one line in a thousand
    runaway@time=60/bed    with an argument

`FAULTS` is the table; docs/virtual-printer.md is written from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from printer.errors import VirtualError


class FaultKind(NamedTuple):
    """What a fault is: where it strikes, what happens, and the argument it takes (with its default)."""

    where: str
    doc: str
    argument: str = ""
    default: str = ""


INCOMING, OUTGOING, PRINTER = "bytes to the printer", "bytes from the printer", "printer"

FAULTS: dict[str, FaultKind] = {
    "corrupt": FaultKind(INCOMING, "one bit of one byte of the line arrives flipped"),
    "drop": FaultKind(INCOMING, "one byte of the line never arrives"),
    "duplicate": FaultKind(INCOMING, "the line arrives twice"),
    "delay": FaultKind(INCOMING, "the line, and all after it, arrive later", "seconds", "0.5"),
    "truncate": FaultKind(INCOMING, "the second half of the line is lost, with its end"),
    "lose-line": FaultKind(INCOMING, "the whole line never arrives"),
    "wrong-number": FaultKind(INCOMING, "the line arrives with the number of the next one, and a checksum that fits"),
    "lost-ok": FaultKind(OUTGOING, "one acknowledgement never arrives"),
    "corrupt-reply": FaultKind(OUTGOING, "one bit of one byte of a reply arrives flipped"),
    "drop-reply": FaultKind(OUTGOING, "one byte of a reply never arrives"),
    "truncate-reply": FaultKind(OUTGOING, "the second half of a reply is lost, with its end"),
    "duplicate-reply": FaultKind(OUTGOING, "a reply arrives twice"),
    "delay-reply": FaultKind(OUTGOING, "a reply, and all after it, arrive later", "seconds", "0.5"),
    "silent": FaultKind(OUTGOING, "the printer works on but nothing it says arrives", "seconds", "10"),
    "hang": FaultKind(PRINTER, "the firmware stops; its watchdog resets it after 4 seconds"),
    "reset": FaultKind(PRINTER, "the board resets: position, queue, targets and line number are gone"),
    "unplug": FaultKind(PRINTER, "the cable comes out; the printer prints what it has and waits"),
    "heater": FaultKind(PRINTER, "a heater gives no more heat", "hotend|bed", "hotend"),
    "open": FaultKind(PRINTER, "a thermistor's wire breaks: it reads as very cold", "hotend|bed", "hotend"),
    "short": FaultKind(PRINTER, "a thermistor is shorted: it reads as very hot", "hotend|bed", "hotend"),
    "loose": FaultKind(PRINTER, "a thermistor falls out: it measures the room", "hotend|bed", "hotend"),
    "runout": FaultKind(PRINTER, "the filament ends"),
    "stuck": FaultKind(PRINTER, "an axis no longer moves, and nobody notices", "x|y|z", "x"),
    "slow-sd": FaultKind(PRINTER, "the SD card delivers slowly from now on", "bytes/s", "500"),
}  # fmt: skip
"""Every fault by its name."""

_SPEC = re.compile(
    r"(?P<name>[a-z-]+)(?:@(?P<when>line|time)=(?P<at>[\d.]+)|:(?P<rate>[\d.eE-]+))(?:/(?P<arg>[\w.]+))?"
)


class Dice:
    """Seeded numbers that are the same on every machine (splitmix64)."""

    def __init__(self, seed: int) -> None:
        self._state = seed & (2**64 - 1)

    def below(self, n: int) -> int:
        """Return a number from 0 to n - 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return ((z ^ (z >> 31)) * n) >> 64

    def chance(self, rate: float) -> bool:
        """Return True once in 1 / rate."""
        return self.below(2**32) < rate * 2**32


@dataclass(slots=True)
class Fault:
    """One fault that is to happen: at a line, at a time, or with a rate per line."""

    name: str
    line: int = 0
    time: float = -1.0
    rate: float = 0.0
    argument: str = ""

    @classmethod
    def of(cls, text: str) -> Fault:
        """Read `name@line=N`, `name@time=S` or `name:RATE`, each with an optional `/ARGUMENT`."""
        found = _SPEC.fullmatch(text.strip())
        if not found:
            raise VirtualError(f"cannot read the fault {text!r}: write name@line=N, name@time=SECONDS or name:RATE")
        name, when, at, rate, argument = found.group("name", "when", "at", "rate", "arg")
        if name not in FAULTS:
            raise VirtualError(f"no fault called {name!r}: there are {', '.join(FAULTS)}")
        kind = FAULTS[name]
        try:
            number = float(at or rate)
        except ValueError:
            raise VirtualError(f"the fault {text!r} has no number") from None
        if rate and not 0 <= number <= 1:
            raise VirtualError(f"the rate of the fault {text!r} is not between 0 and 1")
        argument = argument or kind.default
        _check_argument(text, kind, argument)
        if rate:
            return cls(name, rate=number, argument=argument)
        return cls(name, line=int(number), argument=argument) if when == "line" else cls(name, 0, number, 0.0, argument)

    def __str__(self) -> str:
        tail = f"/{self.argument}" if self.argument else ""
        if self.rate:
            return f"{self.name}:{self.rate:g}{tail}"
        return f"{self.name}@time={self.time:g}{tail}" if self.time >= 0 else f"{self.name}@line={self.line}{tail}"


def _check_argument(text: str, kind: FaultKind, argument: str) -> None:
    """Raise where the argument is not what this fault takes."""
    if not kind.argument and argument:
        raise VirtualError(f"the fault {text!r} takes no argument")
    if "|" in kind.argument and argument not in kind.argument.split("|"):
        raise VirtualError(f"the fault {text!r} takes one of {kind.argument.replace('|', ', ')}")
    if kind.argument and "|" not in kind.argument:
        try:
            float(argument)
        except ValueError:
            raise VirtualError(f"the fault {text!r} takes a number ({kind.argument})") from None


class Schedule:
    """Which fault strikes when; `struck` keeps what happened: (time, line, fault)."""

    def __init__(self, faults: Iterable[Fault | str], seed: int) -> None:
        self._faults = [Fault.of(f) if isinstance(f, str) else f for f in faults]
        self._dice = [Dice(seed * 1_000_003 + 7919 * i) for i in range(len(self._faults))]
        self.dice = Dice(seed)
        self.struck: list[tuple[float, int, str]] = []
        self.lines = 0
        self.on_lines = any(f.rate or f.line for f in self._faults)
        self.next_time = min((f.time for f in self._faults if f.time >= 0), default=float("inf"))

    def at_line(self, now: float) -> list[Fault]:
        """Return the faults that strike with the next incoming line."""
        self.lines += 1
        hit = [
            fault
            for fault, dice in zip(self._faults, self._dice, strict=True)
            if fault.line == self.lines or (fault.rate and dice.chance(fault.rate))
        ]
        self.struck += [(now, self.lines, fault.name) for fault in hit]
        return hit

    def at_time(self, now: float) -> list[Fault]:
        """Return the faults whose time has come."""
        if now < self.next_time:
            return []
        hit = [fault for fault in self._faults if 0 <= fault.time <= now and fault.time >= self.next_time]
        self.next_time = min((f.time for f in self._faults if f.time > now), default=float("inf"))
        self.struck += [(now, self.lines, fault.name) for fault in hit]
        return hit
