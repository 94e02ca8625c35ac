"""Time as an argument: the one thing here that may ask what time it is.

A transport owns the clock of its device: the wall's for a real port, a virtual printer's own where the printer lives in
memory. So the same controller prints in real time and as fast as the machine can.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that never run backwards, from an origin of the clock's own."""

    def now(self) -> float:
        """Return the seconds since the origin."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; not at all where they are negative."""


class WallClock:
    """The time of the machine this runs on."""

    def now(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds)
