"""What went over the wire, counted."""

from __future__ import annotations

from dataclasses import dataclass

from printer.protocol.replies import Ok


@dataclass(slots=True)
class Stats:
    """Counts of one link, and what the firmware said last about its buffers."""

    lines: int = 0
    bytes: int = 0
    resends: int = 0
    probes: int = 0
    underruns: int = 0  # `ok`s that said that the planner had run empty while there was more to do
    round_trip_s: float = 0.0
    planner_free: int | None = None
    lines_free: int | None = None

    def sent(self, lines: int, size: int) -> None:
        """Count lines of `size` bytes in all."""
        self.lines += lines
        self.bytes += size

    def took(self, seconds: float) -> None:
        """Follow the time from a line to its `ok`."""
        self.round_trip_s += 0.125 * (seconds - self.round_trip_s)

    def buffers(self, ok: Ok, more: bool) -> None:
        """Note what an `ok` says about the firmware's buffers; `more` where there are lines left to send."""
        if ok.planner_free is None:
            return
        before = self.planner_free or 0
        self.underruns += more and ok.planner_free > max(before, 2) and before > 0
        self.planner_free, self.lines_free = ok.planner_free, ok.lines_free
