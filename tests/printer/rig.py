"""A controller on a virtual printer, for tests: everything in one thread, on the printer's own clock."""

from collections.abc import Callable

from printer.controller import Controller
from printer.events import Event
from printer.job import FINAL
from printer.program import Program, load
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter

START = ["M140 S40", "M104 S180", "G28", "G90", "M83", "M109 S180", "G92 E0"]
END = ["M104 S0", "M140 S0", "M107", "G1 X0 Y100 F6000"]
CHATTER = ("M105", "M110", "M115", "M0113", "M155", "M400")
"""Lines that a host says on its own account."""


def squares(layers: int = 3, sides: int = 8, cold: bool = False, feed: int = 4000) -> list[str]:
    """Return the lines of a small tower, every one of them different."""
    lines = [line for line in START if not (cold and line.startswith(("M104", "M109", "M140")))]
    for layer in range(layers):
        lines += [f"G1 Z{0.2 * layer + 0.2:.1f} F600", f"M106 S{100 + layer}"]
        for side in range(sides):
            x, y = [(80, 80), (120, 80), (120, 120), (80, 120)][side % 4]
            lines.append(f"G1 X{x + layer / 100 + side / 1000:.3f} Y{y} E1.{layer:02}{side:02} F{feed + side}")
    return lines + END


def text(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def executed(printer: VirtualPrinter) -> list[str]:
    """Return what a printer has executed, without the host's own chatter and what noise made unintelligible."""
    lines = printer.executed_lines
    return [line for line in lines if line[:1] in ("G", "M", "T") and not line.startswith(CHATTER)]


class Rig:
    """One print; `events` are all that the controller said, with the time."""

    def __init__(self, lines: list[str], printer: VirtualPrinter | None = None, **options) -> None:
        self.lines = lines
        self.program: Program = load(text(lines))
        self.printer = printer or VirtualPrinter("marlin")
        self.events: list[tuple[float, Event]] = []
        if options.pop("replug", False):
            options["reopen"] = self.replug
        self.controller = Controller(
            MemoryTransport(self.printer),
            self.program,
            on_event=lambda event: self.events.append((self.printer.now, event)),
            **options,
        )

    def replug(self) -> MemoryTransport:
        """Put the cable back without a reset, as for boards with a supply of their own."""
        self.printer.plug(resets=False)
        return MemoryTransport(self.printer)

    def step_until(self, reached: Callable[[], bool], seconds: float = 3600.0) -> None:
        """Step until something is so."""
        until = self.printer.now + seconds
        while not reached():
            assert self.printer.now < until, f"not reached within {seconds} s: {self.state}, {self.view.job.reason}"
            self.controller.step()

    def run(self, seconds: float = 7200.0):
        """Step until the job has ended; return the last view."""
        self.step_until(lambda: self.printing.job.state in FINAL, seconds)
        return self.view

    @property
    def printing(self):
        return self.controller._printing

    def to_state(self, state: str) -> None:
        self.step_until(lambda: self.printing.job.state == state)

    def to_line(self, line: int) -> None:
        self.step_until(lambda: self.printing.job.line >= line)

    @property
    def view(self):
        return self.controller.view()

    @property
    def state(self) -> str:
        return self.view.state

    def said(self, kind: type[Event]) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, kind)]

    @property
    def executed(self) -> list[str]:
        """What the printer has executed; see `executed`."""
        return executed(self.printer)

    @property
    def cold(self) -> bool:
        """Whether every heater is off."""
        return all(heater.target == 0 for heater in (*self.printer.hotends, self.printer.bed))

    def settle(self, seconds: float = 5.0) -> None:
        """Let the printer live on."""
        until = self.printer.now + seconds
        while self.printer.now < until:
            self.printer.advance(until)
