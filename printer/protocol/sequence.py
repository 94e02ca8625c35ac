"""The lines of one session in their order, and three marks that move along them.

    sent     how far the bytes went out
    acked    for how many there was an `ok`: rules how much may be on its way
    proven   what the firmware certainly has: what the job may count on

A place in the sequence is the line's number on the wire, and it never gets another text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MARK = "M105"
"""Its answer can be told from all others."""
HISTORY = 512
"""Lines that can be asked for again."""
LATE = 64
"""Lines that firmware may have taken and not answered yet."""


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

    __slots__ = (
        "_answers",
        "_beside_at",
        "_beside_oks",
        "_open",
        "_surplus",
        "acked",
        "base",
        "certain",
        "eager",
        "foreign",
        "latest",
        "lines",
        "markers",
        "proven",
        "read",
        "sent",
        "sound",
    )

    def __init__(self, text: str, data: bytes, eager: int = 0) -> None:
        self.lines = [Line(text, data, len(data), 0)]
        self.eager = eager  # lines whose `ok` may come before that of an older one
        self.base = 0
        self.sent = self.acked = self.proven = -1
        self.sound = True  # every `ok` since the last marker was for a line of ours
        self.foreign = 0  # `ok`s to come for what was never sent like that
        self._open = False  # which M105 was answered last
        self._surplus = 0  # `ok`s that were counted for lines that had none
        self._beside_at, self._beside_oks = -1, 0  # `ok`s to come for no line, and the line they come behind
        self.certain = -1  # done with, up to here: an M105 behind it was answered
        self.read = -1  # the firmware has read up to here: a refusal empties its receive buffer
        self.markers: deque[int] = deque()  # M105s that were sent and not answered
        self.latest = 0  # the last line that is no M105
        self._answers = False  # there was an answer to an M105

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
        """The bytes of these lines, but for the oldest, which is read as soon as it comes if its `ok` comes later."""
        first = max(self.acked, self.read) + (not self.eager)
        return self[self.sent].end - (self[first].end if first >= 0 else 0) if self.sent > first else 0

    @property
    def jobs_proven(self) -> int:
        """The number of job lines that the firmware certainly has."""
        return self[self.proven].job if self.proven >= self.base else 0

    def between(self, after: int, last: int) -> list[Line]:
        """Return the lines with numbers above `after`, up to `last`."""
        return self.lines[max(after + 1 - self.base, 0) : last + 1 - self.base]

    def pending(self) -> list[Line]:
        """Return the lines that were sent and may still be under way."""
        return self.between(max(self.acked - self.eager, min(self.acked, self.certain)), self.sent)

    def expects(self, command: str) -> bool:
        """Say whether a command is the next to get an `ok`, as the firmware quotes it: perhaps not whole."""
        told = command.split("*")[0].replace(" ", "") or "?"  # blanks may have been left out on the way
        return self.acked < self.sent and self[self.acked + 1].text.replace(" ", "").startswith(told)

    def append(self, text: str, data: bytes, job: int, command: bool = False) -> None:
        """Add a line at the end, not sent yet."""
        self.lines.append(Line(text, data, self.lines[-1].end + len(data), job, command))
        if text != MARK:
            self.latest = self.top

    def send(self, now: float) -> bytes:
        """Take the next line as sent and return its bytes."""
        self.sent += 1
        line = self.lines[self.sent - self.base]
        line.at = now
        if line.text == MARK:
            self.markers.append(self.sent)
        return line.data

    def oks(self, count: int) -> bool:
        """Count plain `ok`s in a row for as many lines, if nothing can make one of them another's; say whether."""
        if self.foreign or self._beside_oks or self._open or self.eager or self.acked + count > self.sent:
            return False
        self.acked += count
        if self.sound:
            self.proven = max(self.proven, self.acked - 1)
        return True

    def ok(self, number: int | None = None) -> Line | None:
        """Count an `ok`, which may name its line, for the oldest line that has none; return that line.

        It proves the line before (had that been refused, this one would have been too), as long as nothing else can
        have brought an `ok`. None where it was for something else, or every line has one.
        """
        if self._beside_oks and self.acked >= self._beside_at:
            self._beside_oks -= 1
            return None
        if self.foreign:
            self.foreign -= 1
            self.sound = False
            return None
        if self.acked >= self.sent:
            self._surplus += 1
            self.sound = False
            return None
        if number is not None and number <= self.acked:
            return None  # it was counted already, by the answer to M105 before it
        if number is not None and number <= self.sent:
            self.acked = number - 1  # the `ok`s before it were lost
        while self._open and not self.eager and self.acked + 1 < self.sent and self.acked + 1 in self.markers:
            self.acked += 1  # that M105 had its answer: this `ok` has no temperatures
            self.sound = False
        self._open = self._open and self._asked_beyond
        if self.sound:
            self.proven = max(self.proven, self.acked)
        self.acked += 1
        return self[self.acked]

    def mark(self) -> bool:
        """Take the answer to an M105: it and all before it have arrived. Say whether one was sent.

        Where several wait, it proves the first: the others may still be answered, however late. For what may be on its
        way, it is taken for the answer to the first behind the last `ok`: behind a long move several answers come in a
        row. Where no other comes, `resolve` takes it for the last one's. Eager lines behind it may have had their `ok`s
        before.
        """
        waiting = [n for n in self.markers if n <= self.sent]
        if not waiting:
            self.markers.clear()
            return False
        self._answers = True
        number = next((n for n in waiting if n > self.acked - self.eager), waiting[-1])
        counted = min(max(self.acked, number), number + self.eager)
        self._surplus += max(0, self.acked - counted)
        self.proven = max(self.proven, waiting[0])
        self.certain = max(self.certain, waiting[0])
        self.sound = number == waiting[0]
        self.acked = counted
        self.markers = deque(waiting[1:])
        self._open = self._asked_beyond
        return True

    def resolve(self) -> bool:
        """Take the last answer for that to the last M105, where no other came and nothing can keep the firmware.

        Say whether there was a choice. Behind a move the answers just take their time.
        """
        found = self._open and all(line.text == MARK for line in self.pending())
        if found:
            self.acked = self.markers[-1]
            self.sound = self._open = False
        return found

    @property
    def _asked_beyond(self) -> bool:
        """Whether there is an M105 behind the last `ok`."""
        return bool(self.markers) and self.markers[-1] > self.acked

    def overdue(self, before: float) -> bool:
        """Say whether all M105s have an `ok`, and were sent before then: another one may be sent.

        Where `ok`s came twice, the answers are still to come. Firmware that has never given one is waited for no more.
        """
        late = not self.markers or (not self._asked_beyond and self[self.markers[-1]].at < before)
        if late and self.markers and not self._answers:
            self.certain = max(self.certain, self.markers[-1])
            self.markers.clear()
        return late

    def beside(self, oks: int) -> None:
        """Expect `ok`s that are for no line to come, behind those of the lines that were sent until now."""
        self.sound = False
        self._beside_at, self._beside_oks = self.sent, self._beside_oks + oks

    def audit(self) -> int:
        """Return how many `ok`s more there were than lines since the last time, and forget it."""
        surplus, self._surplus, self.foreign = self._surplus, 0, 0
        if self.certain > self._beside_at:
            self._beside_oks = 0
        return surplus

    def rewind(self, number: int, proven: bool) -> None:
        """Go back to before `number`, which was refused; `proven` where it is certain that all before were not."""
        self._surplus += max(0, self.acked - number + 1)
        self.sent = self.read = number - 1
        self._beside_at = min(self._beside_at, self.sent)
        self.sound = False
        self.acked = min(self.acked, number - 1)
        if proven:
            self.proven = number - 1
        self.markers = deque(n for n in self.markers if n < number and not (proven and n < number - LATE))

    def reframe(self, framed: Callable[[int, str], bytes]) -> None:
        """Give every line other bytes for the same text."""
        end = self.lines[0].end - len(self.lines[0].data)
        for number, line in enumerate(self.lines, self.base):
            line.data = framed(number, line.text)
            end += len(line.data)
            line.end = end

    def forget(self) -> None:
        """Drop lines from the history that nobody can ask for any more."""
        surplus = min(len(self.lines) - HISTORY, self.proven - self.base, self.acked - self.base)
        if surplus > HISTORY:
            del self.lines[:surplus]
            self.base += surplus
