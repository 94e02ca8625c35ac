"""Bytes from the printer into replies: what answers a line, and events. Remembers what belongs together over lines."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from printer.events import Event, Halted, SdStatus, Temperatures, Trouble
from printer.protocol import replies
from printer.protocol.replies import Ok

LONGEST = 4096
"""Bytes of a line; what is beyond is dropped."""

BOOT = frozenset(("start", "PowerUp", "External Reset", "Brown out Reset", "Watchdog Reset", "Software Reset"))
"""What Marlin says when it starts, and why; noise may leave only one of both."""


class Resend(NamedTuple):
    """A line is asked for again: its number, -1 where it cannot be read.

    `sure` where the error that came before names the same line; `reason` is that error.
    """

    number: int
    sure: bool = False
    reason: str = ""


class Start(NamedTuple):
    """The firmware has booted."""


class Wait(NamedTuple):
    """The firmware has nothing to do."""


class Skipped(NamedTuple):
    """A line whose number was not the next one is dropped, and gets an `ok` all the same (Repetier)."""


class Packing(NamedTuple):
    """MeatPack is on at the other end, as we use it, or it is not."""

    on: bool


Reply: TypeAlias = Ok | Resend | Start | Wait | Skipped | Packing | Event


class Reader:
    """The printer's side of the talk, as it comes."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}  # of M115
        self.caps: dict[str, bool] = {}
        self._rest = b""  # of a line that has not ended
        self._error = ""  # about a line, or the first half of two
        self._cause = ""  # the last event that said that something is wrong
        self._listing = False  # of the SD card
        self._halted = False

    def feed(self, data: bytes) -> list[Reply]:
        """Return what is said; the same for the same bytes, however they are cut."""
        if not self._rest and (count := data.count(b"ok\n")) and 3 * count == len(data):
            return [replies.PLAIN_OK] * count
        if b"\n" not in data:
            self._rest = (self._rest + data)[:LONGEST]
            return []
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST]
        said: list[Reply] = []
        for line in lines:
            if line in (b"ok", b"ok\r"):
                said.append(replies.PLAIN_OK)
            elif text := replies.decode(line[:LONGEST]):
                self._read(text, said)
        return said

    def _read(self, text: str, said: list[Reply]) -> None:
        if ok := replies.parse_ok(text):
            self._read_ok(ok, said)
        elif (number := replies.parse_resend(text)) is not None:
            said.append(self._resend(number))
        elif text.lstrip("\ufffd· ") in BOOT:
            said.append(Start())
        elif text == "wait":
            said.append(Wait())
        elif text.startswith("skip ") and text[5:].isdecimal():
            said.append(Skipped())
        elif text.startswith("[MP]"):
            said.append(Packing(" ON" in text and "NSP" in text))
        elif self._error and text.startswith(":"):
            self._read_error(f"{self._error} {text.lstrip(': ')}", said)
        elif replies.is_error(text):
            self._read_error(text, said)
        else:
            self._report(text, said)

    def _read_ok(self, ok: Ok, said: list[Reply]) -> None:
        """Take the answer that may follow in the line of an `ok`."""
        before = len(said)
        if ok.rest:
            self._report(ok.rest, said)
        marked = any(isinstance(event, Temperatures) for event in said[before:])
        said.append(ok._replace(marked=marked))

    def _resend(self, number: int) -> Resend:
        reason, self._error = self._error, ""
        wanted = replies.wanted_line(reason)
        return Resend(wanted or -1 if number < 0 else number, number == wanted, reason)

    def _read_error(self, text: str, said: list[Reply]) -> None:
        self._error = ""
        halved = text.rstrip("0123456789 ").lower() == "error:"  # the second half comes in the next line
        if halved or replies.is_line_error(text):  # a resend request follows, and tells the whole story
            self._error = text
        else:
            said.append(self._halt(text))

    def _halt(self, text: str) -> Event:
        """Return what an error means; the firmware's last word is explained by the one before."""
        event = replies.parse_error(text)
        if isinstance(event, Halted):
            if self._halted:
                return Trouble(text)
            self._halted = True
            cause = replies.parse_error(self._cause)
            if event.meaning == replies.HALTED and isinstance(cause, Halted):
                return Halted(f"{self._cause}; {text}", cause.meaning, cause.advice)
        self._cause = text
        return event

    def _report(self, text: str, said: list[Reply]) -> None:
        """Take what is neither an answer to a line nor an error."""
        if facts := replies.parse_facts(text):
            self.facts = facts
        elif cap := replies.parse_cap(text):
            self.caps[cap[0]] = cap[1]
        elif self._listing and (row := replies.parse_sd_file(text)):
            said.append(row)
        else:
            event = replies.parse(text)
            if isinstance(event, SdStatus):
                self._listing = event.what == "list_begin" or (self._listing and event.what != "list_end")
            if text.startswith("echo:"):
                self._cause = text
            said.append(event)
