"""Everything there is to show of a printer and its job at one moment, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from printer import job
from printer.events import Reading
from printer.notices import Asked

if TYPE_CHECKING:
    from printer.printing import Printing


@dataclass(frozen=True, slots=True)
class View:
    """A printer, its link and its job.

    job               progress in four measures, time left: see `job.View`
    file, firmware    names; "" where there is none yet
    connected, link   whether there is a device, and what the protocol is doing
    heaters           by name: C now, C aimed at
    speed, flow       overrides, percent
    lines_per_second  over the last seconds
    left_s            of motion, heating and preparing; None where nothing is predicted
    resends           lines that were asked for again
    underruns         times that the printer's planner ran dry; 0 where the firmware does not tell
    asks              a question that waits for an answer
    """

    job: job.View
    left_s: float | None
    file: str
    firmware: str
    connected: bool
    link: str
    heaters: dict[str, Reading]
    speed: float
    flow: float
    lines_per_second: float
    resends: int
    underruns: int
    asks: Asked | None
    messages: tuple[str, ...]

    @property
    def state(self) -> str:
        """The job's state."""
        return self.job.state


def snapshot(printing: Printing) -> View:
    """Return what there is to show now."""
    session, telemetry, now = printing.session, printing.telemetry, printing.session.now
    stats = session.link.stats
    seen = job.view(printing.job, now)
    return View(
        job=seen,
        left_s=seen.left_s if seen.left_s is None or seen.state in job.FINAL else seen.left_s + printing.waiting.left,
        file=printing.program.name,
        firmware=telemetry.firmware,
        connected=session.connected,
        link=session.link.state,
        heaters=dict(telemetry.readings),
        speed=telemetry.speed,
        flow=telemetry.flow,
        lines_per_second=telemetry.lines_per_second(printing.job.line, now),
        resends=stats.resends,
        underruns=stats.underruns,
        asks=telemetry.asks,
        messages=tuple(telemetry.messages),
    )
