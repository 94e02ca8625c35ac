"""How much may be on its way without being acknowledged.

Nothing stops a serial line that overflows the firmware's receive buffer, so what can lie unread in it must fit. That is
all that has no `ok` but the oldest such line, which has been read, or will be as soon as it comes. Within this bound

- the window opens one line at a time as long as nothing goes wrong, and closes to one line when something does
- it stays near what the wire holds, bandwidth x round trip: more would only be lost with the first bad line. Where the
  wire is known to lose nothing it is open from the beginning, and as wide as the buffer
"""

from __future__ import annotations

from printer.firmware import Firmware

MARGIN = 4
"""Bytes of the receive buffer that stay free: a ring buffer holds one less than its size, and a probe's beginning."""
MOST_LINES = 256
SMALLEST = 48
REGAIN = 32
"""Clean lines for each byte by which a window that was cut grows again."""
INTERVAL_S = 0.1
"""Over which the rate is measured."""


class Window:
    """The limits in lines and bytes, opened by clean lines and closed by errors."""

    __slots__ = (
        "_begun",
        "_calm",
        "_clean",
        "_full",
        "_lossless",
        "_most",
        "_seen",
        "_spare",
        "bytes",
        "lines",
        "round_trip_s",
    )

    def __init__(self, firmware: Firmware, ping_pong: bool = False) -> None:
        self._full = max(firmware.rx_bytes - MARGIN, SMALLEST)
        self._most = MOST_LINES if firmware.windowed and not ping_pong else 1
        self._spare = self._full  # what errors have left of it
        self._lossless = firmware.lossless
        self.bytes = self._full if self._lossless else min(self._full, 128)
        self.lines = self._most if self._lossless else 1
        self.round_trip_s = float("inf")  # the least that was measured lately
        self._clean = self._calm = 0  # lines since the window was opened, and since errors gave a byte back
        self._begun = 0.0
        self._seen = 0

    def room(self, held: int, unread: int, size: int) -> bool:
        """Say whether a line of `size` bytes may follow what has no `ok`; one line always may."""
        return held <= 0 or (held < self.lines and unread + size <= self.bytes)

    def clean(self, lines: int, size: int, took: float, now: float) -> None:
        """Count lines of `size` bytes in all that were acknowledged without trouble, the last after `took` seconds."""
        self._clean += lines
        while self.lines < self._most and self._clean >= self.lines:
            self._clean -= self.lines
            self.lines += 1
        if self._spare < self._full:
            self._calm += lines
            self._spare = min(self._full, self._spare + self._calm // REGAIN)
            self._calm %= REGAIN
        self._seen += size
        self.round_trip_s = min(self.round_trip_s, took)
        if now >= self._begun + INTERVAL_S:
            self._measure(now)

    def _measure(self, now: float) -> None:
        """Fit the window to bandwidth x round trip; a window that was too small for the wire grows by this, too."""
        need = 1.5 * self._seen / (now - self._begun) * self.round_trip_s + 128
        self.bytes = self._spare if self._lossless else min(self._spare, max(int(need), 128))
        self._begun, self._seen = now, 0
        self.round_trip_s *= 1.05  # a way that became longer is noticed

    def trouble(self) -> None:
        """Close to one line after an error, and stay smaller for a while: the buffer may be less than was thought."""
        self._spare = max(SMALLEST, self._spare * 3 // 4)
        self.bytes = min(self.bytes, self._spare)
        self.lines = 1
        self._clean = self._calm = 0
