"""The lines of one session in their order, and three marks that move along them.

    sent     how far the bytes went out
    acked    for how many there was an `ok`: rules how much may be on its way
    proven   what the firmware certainly has: what the job may count on

A place in the sequence is the line's number on the wire, and it never gets another text.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

HISTORY = 512
"""Lines that can be asked for again."""


@dataclass(slots=True)
class Line:
    """One place in the sequence."""

    text: str
    data: bytes
    end: int  # bytes of the sequence up to and with this line
    job: int  # job lines up to and with this line
    command: bool = False  # somebody waits for its `Completed`
    at: float = 0.0  # when it was sent last


class Sequence:
    """Lines by number, from `base` to `top`."""

    __slots__ = ("acked", "base", "lines", "markers", "proven", "read", "sent", "sound")

    def __init__(self, text: str, data: bytes) -> None:
        self.lines = [Line(text, data, len(data), 0)]
        self.base = 0
        self.sent = self.acked = self.proven = -1
        self.sound = True  # every `ok` since the last marker was for a line of ours
        self.read = -1  # the firmware has read up to here: a refusal empties its receive buffer
        self.markers: deque[int] = deque()  # M105s that were sent and not answered

    def __getitem__(self, number: int) -> Line:
        return self.lines[number - self.base]

    @property
    def top(self) -> int:
        """The number of the last line."""
        return self.base + len(self.lines) - 1

    @property
    def waiting(self) -> int:
        """The number of lines that were sent and have no `ok`."""
        return self.sent - self.acked

    @property
    def held(self) -> int:
        """The number of lines that may lie in the firmware's receive buffer, or be on their way to it."""
        return self.sent - max(self.acked, self.read)

    @property
    def unread(self) -> int:
        """The bytes of these lines, but for the oldest, which is read as soon as it comes."""
        first = max(self.acked, self.read) + 1
        return self[self.sent].end - self[first].end if self.sent > first else 0

    @property
    def jobs_proven(self) -> int:
        """The number of job lines that the firmware certainly has."""
        return self[self.proven].job if self.proven >= self.base else 0

    def between(self, after: int, last: int) -> list[Line]:
        """Return the lines with numbers above `after`, up to `last`."""
        return self.lines[max(after + 1 - self.base, 0) : last + 1 - self.base]

    def pending(self) -> list[Line]:
        """Return the lines that were sent and have no `ok`."""
        return self.between(self.acked, self.sent)

    def expects(self, command: str) -> bool:
        """Say whether a command is the next to get an `ok`, as the firmware quotes it: perhaps not whole."""
        return self.acked < self.sent and self[self.acked + 1].text.startswith(command.split("*")[0].strip() or "?")

    def append(self, text: str, data: bytes, job: int, command: bool = False) -> None:
        """Add a line at the end, not sent yet."""
        self.lines.append(Line(text, data, self.lines[-1].end + len(data), job, command))

    def send(self, now: float) -> bytes:
        """Take the next line as sent and return its bytes."""
        self.sent += 1
        line = self.lines[self.sent - self.base]
        line.at = now
        if line.text == "M105":
            self.markers.append(self.sent)
        return line.data

    def ok(self) -> Line | None:
        """Count an `ok` for the oldest line that has none; return that line, None where every line has one.

        An `ok` proves the line before (had that been refused, this one would have been too), as long as nothing
        else can have brought an `ok`.
        """
        if self.acked >= self.sent:
            self.sound = False
            return None
        if self.sound:
            self.proven = max(self.proven, self.acked)
        self.acked += 1
        return self.lines[self.acked - self.base]

    def mark(self) -> bool:
        """Take the answer to an M105: it and all before it have arrived. Say whether one was sent.

        Where several wait, answers were lost: it proves the first, and most likely answers the last.
        """
        while self.markers and self.markers[0] > self.sent:
            self.markers.popleft()
        if not self.markers:
            return False
        self.proven = max(self.proven, self.markers[0])
        self.sound = len(self.markers) == 1
        self.acked = self.markers[-1]
        self.markers.clear()
        return True

    def expire(self, before: float) -> None:
        """Give up waiting for the answers to M105s that were sent before then, and have an `ok`."""
        while self.markers and self.markers[0] <= self.acked and self[self.markers[0]].at < before:
            self.markers.popleft()

    def rewind(self, number: int, proven: bool) -> int:
        """Go back to before `number`, which was refused; return how many `ok`s that leaves unexplained."""
        surplus = max(0, self.acked - number + 1)
        self.sent = self.read = number - 1
        self.sound = False
        self.acked = min(self.acked, number - 1)
        if proven:
            self.proven = number - 1
        self.markers = deque(n for n in self.markers if n < number)
        return surplus

    def forget(self) -> None:
        """Drop lines from the history that nobody can ask for any more."""
        surplus = min(len(self.lines) - HISTORY, self.proven - self.base, self.acked - self.base)
        if surplus > HISTORY:
            del self.lines[:surplus]
            self.base += surplus
