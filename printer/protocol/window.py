"""How much may be on its way without being acknowledged.

What is on its way must fit into the firmware's receive buffer, since nothing stops a serial line that overflows it.
Within that the window opens one line at a time as long as nothing goes wrong, and closes to one when something does.
"""

from __future__ import annotations

from printer.firmware import Firmware

MARGIN = 8
"""Bytes of the receive buffer that stay free: a ring buffer holds one less than its size, and a stray end of line."""
MOST_LINES = 256
SMALLEST = 48
REGAIN = 32
"""Clean lines for each byte by which a window that was cut grows again."""


class Window:
    """The limits in lines and bytes, opened by clean lines and closed by errors."""

    __slots__ = ("_clean", "_full", "_most", "bytes", "lines")

    def __init__(self, firmware: Firmware, ping_pong: bool = False) -> None:
        self._full = max(firmware.rx_bytes - MARGIN, SMALLEST)
        self._most = MOST_LINES if firmware.windowed and not ping_pong else 1
        self.bytes = self._full
        self.lines = 1
        self._clean = 0

    def room(self, lines_out: int, bytes_out: int, size: int) -> bool:
        """Say whether a line of `size` bytes may follow what is on its way; one line may always go."""
        return lines_out <= 0 or (lines_out < self.lines and bytes_out + size <= self.bytes)

    def clean(self) -> None:
        """Count a line that was acknowledged without trouble."""
        self._clean += 1
        if self.lines < self._most and self._clean >= self.lines:
            self.lines += 1
            self._clean = 0
        if self.bytes < self._full and self._clean % REGAIN == 0:
            self.bytes += 1

    def trouble(self) -> None:
        """Close to one line after an error, and stay smaller for a while: the buffer may be less than was thought."""
        self.bytes = max(SMALLEST, self.bytes * 3 // 4)
        self.lines = 1
        self._clean = 0
