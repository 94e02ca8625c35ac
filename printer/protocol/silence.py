"""When silence has lasted long enough to ask, to be worth a notice, and to mean that nobody is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from printer.events import Silent
from printer.firmware import PATIENCE_DEFAULT_S, patience
from printer.protocol.sequence import Line

STALL_S, STALL_MOST_S = 0.35, 8.0
"""Without progress before the first question, and between two at the most."""
NOTICE_S = 5.0
MUTE_S = 60.0
"""Seconds in which a printer says something, where nothing it was told explains its silence."""
GENTLE = 2
"""Questions that no firmware can take amiss, before one that it must refuse."""
LOST = 5
"""Questions after which that one, or its refusal, is taken to be lost: it is asked again."""


def slow_ones(pending: Iterable[Line]) -> Iterator[str]:
    """Yield the commands that take their time."""
    return (line.text for line in pending if patience(line.text) > PATIENCE_DEFAULT_S)


def takes_long(pending: Iterable[Line]) -> bool:
    """Say whether a command is under way that takes its time."""
    return any(slow_ones(pending))


class Silence:
    """Marks in time: the last progress, the last word of any kind, the last bytes that were written."""

    __slots__ = ("_heard", "_level", "_progress", "_wrote", "asked", "grace")

    def __init__(self, now: float) -> None:
        self._progress = self._heard = self._wrote = now
        self._level = 0  # of the last notice: 0 none, 1 long, 2 too long
        self.asked = 0  # questions since the last progress
        self.grace = 0.0  # seconds of silence beyond a command's own that motion explains

    def heard(self, now: float) -> None:
        """Note that something was said."""
        self._heard, self._level = now, 0

    def wrote(self, now: float) -> None:
        """Note that something was written."""
        self._wrote = now

    def progress(self, now: float, answered: bool = True) -> None:
        """Note that the firmware gets on; `answered` where that also answers what was asked."""
        self._progress = now
        self.grace = 0.0
        if answered:
            self.asked = 0

    def ask(self, now: float) -> int:
        """Note that a question is asked; return how many were before it."""
        self._wrote = now
        self.asked = min(self.asked + 1, 16)
        return self.asked - 1

    def due(self) -> float:
        """Return when the next question is due."""
        return max(self._progress, self._wrote) + min(STALL_S * 2.0**self.asked, STALL_MOST_S)

    def settled(self, now: float) -> bool:
        """Say whether nothing was written for so long that an answer would be here."""
        return now > self._wrote + STALL_S

    def mute(self, now: float) -> bool:
        """Say whether nothing at all was said for too long, whatever it may be doing."""
        return now > self._heard + MUTE_S

    def notice(self, pending: Iterable[Line], now: float) -> Silent | None:
        """Return what is to be said about lines that wait for an answer; once for each degree of silence."""
        seconds = now - max(self._heard, self._progress)
        if seconds < NOTICE_S:
            return None
        texts = [line.text for line in pending]
        level = 2 if seconds >= max(map(patience, texts), default=PATIENCE_DEFAULT_S) + self.grace else 1
        if level <= self._level or not texts:
            return None
        self._level = level
        return Silent(seconds, texts[0], dead=level == 2)
