"""Refused lines: how many refusals are still to come, and when to stop trying."""

from __future__ import annotations

from printer.events import Event, Failed, Resent
from printer.protocol.reader import Resend
from printer.protocol.sequence import LATE, Sequence

OF_ONE_LINE = 10
"""Refusals of one line before it is given up."""
STRANGE = 5
"""Impossible requests in a row before proof is given up."""

SHAKEN_S = 0.5
"""After a refusal; another one within this time may be a late one, so only quiet says that all are in."""
ANY = 1 << 30


class Refusals:
    """The refusals of one session.

    stale    lines on their way that are still to be refused: each that was sent behind the refused one
    beyond   lines with too high a number on their way, to be refused on purpose
    behind   such a one was not refused yet: what is sent behind it may come behind its refusal, and be taken
    """

    __slots__ = ("_at", "_last", "_strange", "behind", "beyond", "stale")

    def __init__(self) -> None:
        self.stale = self.beyond = 0
        self.behind = False
        self._last = (-1, 0)  # a line, and how often it was refused
        self._strange = 0
        self._at = float("-inf")  # of the last refusal

    def possible(self, refusal: Resend, sequence: Sequence) -> bool:
        """Say whether the wanted line is one that can be wanted: not one long done with, as after a silent reset."""
        return max(sequence.base, sequence.certain - LATE, 1) <= refusal.number <= sequence.top + 1

    def first(self, refusal: Resend, sequence: Sequence, now: float) -> list[Event]:
        """Count the lines that will be refused with this one; return what is to be said about it."""
        self.stale = max(sequence.sent - refusal.number + 1, 0) + self.beyond
        if now < self._at + SHAKEN_S:
            self.stale = ANY
        self._at = now
        self.beyond = 0
        self.behind = False
        if refusal.number > sequence.top:
            return []  # everything has arrived: it is the line beyond that was refused
        times = self._last[1] + 1 if self._last[0] == refusal.number else 1
        self._last = (refusal.number, times)
        events: list[Event] = [Resent(refusal.number, refusal.reason or "no reason given")]
        if times > OF_ONE_LINE:
            text = sequence[refusal.number].text
            events.append(Failed(f"line {refusal.number} was refused {times} times: {text!r} ({refusal.reason})"))
        return events

    def strange(self, refusal: Resend, sequence: Sequence) -> Failed | None:
        """Count a request that cannot be; return the failure once there were too many in a row."""
        self._strange += 1
        if self._strange <= STRANGE:
            return None
        first, last, why = sequence.base, sequence.top + 1, refusal.reason or "no reason given"
        return Failed(f"line {refusal.number} is wanted, but only {first} to {last} can be ({why}): a reset?")

    def over(self) -> None:
        """Note that the firmware takes lines."""
        self.beyond = 0
        self._strange = 0
