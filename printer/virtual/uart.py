"""The wire between host and printer: how long bytes take, and which are lost because nobody reads them.

8N1: a byte is ten bits. Bytes to the printer wait in a receive buffer until the firmware reads them; with a real UART
what comes while it is full is lost. USB (`baud` 0) has flow control: bytes are there at once and none is lost.
"""

from __future__ import annotations

from collections import deque
from math import inf

OK = b"ok\n"

BITS_A_BYTE = 10
"""Start bit, eight data bits, stop bit."""


class Uart:
    """Both directions of one serial connection, seen from the printer.

    byte_seconds   how long a byte takes
    line_at        when the end of the next line arrives; `inf` while none is on its way
    heard_at       when the host gets the next bytes; `inf` while none are on their way
    only_ok        all that is on its way to the host is `ok`
    colon_ends     `:` ends a line
    lost           bytes that found the receive buffer full
    said           what the wire's own end answers, beside the firmware's commands
    """

    def __init__(self, baud: int, latency: float, capacity: int) -> None:
        self.line_at = self.heard_at = inf
        self.only_ok = True
        self.colon_ends = False
        self.byte_seconds = BITS_A_BYTE / baud if baud else 0.0
        self._latency = latency
        self._capacity = capacity if baud else 0
        self._incoming: deque[tuple[float, bytes]] = deque()  # when each piece begins to arrive
        self._offset = 0  # bytes of the first piece that are read
        self._line_end = (0, 0)  # piece and position of the next end of line
        self._incoming_free = self._outgoing_free = 0.0
        self._outgoing: deque[tuple[float, bytes]] = deque()
        self.lost = 0
        self.said: list[str] = []

    def feed(self, data: bytes, now: float) -> float:
        """Put bytes from the host on the wire and return when the last one arrives."""
        data = self._clean(data)
        begin = max(now, self._incoming_free)
        self._incoming_free = begin + len(data) * self.byte_seconds
        self._incoming.append((begin + self._latency, data))
        if self.line_at == inf:
            self._seek(len(self._incoming) - 1)
        return self._incoming_free + self._latency

    def stall(self, now: float, seconds: float) -> None:
        """Let nothing that is fed from now on begin to arrive for some seconds."""
        self._incoming_free = max(now, self._incoming_free) + seconds

    def take(self) -> bytes:
        """Return the next line without its end; only where `line_at` says that there is one."""
        piece, end = self._line_end
        data = self._incoming[0][1]
        following = data.find(b"\n", end + 1) if piece == 0 else -1
        if following >= 0:  # as nearly always, the next line has come with this one
            line = data[self._offset : end]
            self._offset = end + 1
            self._found(0, following)
            return line
        line = self._cut()
        self._seek()
        return line[:-1]

    def reset(self) -> None:
        """Forget, as a firmware does that starts: this one remembers nothing."""

    def _clean(self, data: bytes) -> bytes:
        """Return bytes in which every line ends with a newline."""
        if self.colon_ends:
            data = data.replace(b":", b"\n")
        return data.replace(b"\r", b"\n") if b"\r" in data else data

    def _cut(self) -> bytes:
        """Take the next line, its end included."""
        piece, end = self._line_end
        incoming = self._incoming
        if piece == 0:
            line = incoming[0][1][self._offset : end + 1]
        else:
            parts = [incoming.popleft()[1][self._offset :]]
            parts += [incoming.popleft()[1] for _ in range(piece - 1)]
            line = b"".join((*parts, incoming[0][1][: end + 1]))
        self._offset = end + 1
        if self._offset == len(incoming[0][1]):
            incoming.popleft()
            self._offset = 0
        return line

    def clip(self, now: float) -> None:
        """Lose what arrived by now and found the receive buffer full."""
        if self._capacity and self._incoming and self._arrived(now) > self._capacity:
            self._drop(self._capacity, now)

    def flush(self, now: float) -> None:
        """Lose what arrived by now and is not read: what a firmware does after an error."""
        if self._incoming:
            self._drop(0, now)

    def say(self, data: bytes, now: float) -> None:
        """Put bytes from the printer on the wire."""
        self._outgoing_free = max(now, self._outgoing_free) + len(data) * self.byte_seconds
        at = self._outgoing_free + self._latency
        if not self._outgoing:
            self.heard_at, self.only_ok = at, True
        if data != OK:
            self.only_ok = False
        self._outgoing.append((at, data))

    def delay(self, now: float, seconds: float) -> None:
        """Let nothing that is said from now on arrive for some seconds."""
        self._outgoing_free = max(now, self._outgoing_free) + seconds

    def heard(self, now: float) -> bytes:
        """Return what the host has got by now."""
        if self.heard_at > now:
            return b""
        outgoing = self._outgoing
        data = outgoing.popleft()[1]
        if outgoing and outgoing[0][0] <= now:
            parts = [data]
            while outgoing and outgoing[0][0] <= now:
                parts.append(outgoing.popleft()[1])
            data = b"".join(parts)
        self.heard_at = outgoing[0][0] if outgoing else inf
        return data

    def cut(self) -> None:
        """Lose everything that is on the wire, both ways."""
        self._incoming.clear()
        self._outgoing.clear()
        self._offset = 0
        self.line_at = self.heard_at = inf

    def _seek(self, piece: int = 0) -> None:
        """Find the next end of line; the pieces before `piece` hold none."""
        start = 0 if piece else self._offset
        for k in range(piece, len(self._incoming)):
            end = self._incoming[k][1].find(b"\n", start)
            if end >= 0:
                return self._found(k, end)
            start = 0
        self.line_at = inf
        return None

    def _found(self, piece: int, end: int) -> None:
        self._line_end = (piece, end)
        self.line_at = self._incoming[piece][0] + (end + 1) * self.byte_seconds

    def _arrived(self, now: float) -> int:
        """Return how many unread bytes have arrived by now."""
        total = -self._offset
        for begin, data in self._incoming:
            if begin > now:
                break
            if begin + len(data) * self.byte_seconds <= now + 1e-12:
                total += len(data)
            else:
                total += int((now - begin) / self.byte_seconds + 1e-6)
                break
        return max(total, 0)

    def _drop(self, keep: int, now: float) -> None:
        """Drop the bytes that have arrived by now, but for the first `keep`."""
        gone = self._arrived(now) - keep
        if gone <= 0:
            return
        self.lost += gone
        pieces: deque[tuple[float, bytes]] = deque()
        skip = self._offset
        for begin, data in self._incoming:
            data, begin, skip = data[skip:], begin + skip * self.byte_seconds, 0
            kept = data[:keep]
            lost = min(gone, len(data) - len(kept))
            keep, gone = keep - len(kept), gone - lost
            rest = data[len(kept) + lost :]
            if kept:
                pieces.append((begin, kept))
            if rest:
                pieces.append((begin + (len(kept) + lost) * self.byte_seconds, rest))
        self._incoming, self._offset = pieces, 0
        self._seek()
