"""The picture of a print on a terminal: state, progress, heat and rates, drawn anew a few times a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from printer.text import plain

if TYPE_CHECKING:
    from printer.drivers.base import Status
    from printer.events import Reading

BLOCKS = "▁▂▃▄▅▆▇█"
COLOURS = {
    "printing": "green",
    "done": "bold green",
    "heating": "yellow",
    "paused": "yellow",
    "failed": "bold red",
    "offline": "red",
    "cancelled": "red",
}
HEATERS = {"T": "nozzle", "B": "bed", "C": "chamber"}
WIDTH = 24
"""Readings in a sparkline."""

KEPT_WARNINGS = 3


class Picture:
    """What has to be remembered between two drawings: temperatures, warnings, rates set by hand."""

    def __init__(self, title: str, keys: str = "") -> None:
        self._title, self._keys = plain(title, 100), keys
        self._history: dict[str, deque[float]] = {}
        self.warnings: deque[str] = deque(maxlen=KEPT_WARNINGS)
        self.rates: dict[str, float] = {"feed": 100.0, "flow": 100.0}
        self.question = ""

    def remember(self, heaters: Mapping[str, Reading]) -> None:
        """Take in a reading of each heater."""
        for name, reading in heaters.items():
            self._history.setdefault(name, deque(maxlen=WIDTH)).append(reading.actual)

    def draw(self, status: Status) -> RenderableType:
        """Return the picture of a moment."""
        parts: list[RenderableType] = [self._head(status)]
        parts += self._progress(status) if status.state not in ("idle", "offline") else []
        parts += [self._heat(status), self._figures(status)]
        parts += [Text(f"! {text}", "yellow", overflow="ellipsis", no_wrap=True) for text in self.warnings]
        if self.question:
            parts.append(Text(self.question, "bold reverse"))
        elif status.asks:
            choices = "  ".join(f"[{i}] {plain(each, 40)}" for i, each in enumerate(status.asks.choices))
            parts.append(
                Text(f"The printer asks: {plain(status.asks.text, 200)}  {choices or '[0] go on'}", "bold cyan")
            )
        if self._keys:
            parts += [Text(""), Text(self._keys, "dim")]
        return Panel(Group(*parts), title=Text(self._title, "bold"), title_align="left", border_style="dim")

    def _head(self, status: Status) -> RenderableType:
        state = Text(f"● {status.state}", COLOURS.get(status.state, "cyan"))
        if status.reason:
            state.append(f"  {plain(status.reason, 200)}", "default")
        if not status.reached and not status.over:
            state.append("  not connected", "red")
        return state

    def _progress(self, status: Status) -> list[RenderableType]:
        """Return the bar, and how far it is in layers and time."""
        row = Table.grid(expand=True, padding=(0, 1))
        row.add_column(width=6, justify="right")
        row.add_column(ratio=1)
        row.add_row(Text(f"{100 * status.done:.1f}%", "bold"), ProgressBar(1.0, status.done, complete_style="green"))
        words = [f"layer {status.layer + 1} of {status.layers}"] if status.layers else []
        words.append(f"{clock(status.elapsed_s)} gone")
        if status.left_s is not None and not status.over:
            words.append(f"{clock(status.left_s)} left")
        return [row, Text("       " + "  ·  ".join(words))]

    def _heat(self, status: Status) -> RenderableType:
        """Return a row a heater: now, target, and how it came to that."""
        table = Table.grid(padding=(0, 1))
        for width, side in ((8, "left"), (7, "right"), (8, "left"), (WIDTH, "left")):
            table.add_column(width=width, justify="right" if side == "right" else "left")
        for name, reading in sorted(status.heaters.items(), reverse=True):
            off = not reading.target
            near = off or abs(reading.actual - (reading.target or 0)) < 3
            table.add_row(
                Text(HEATERS.get(name, plain(name, 8)), "dim"),
                Text(f"{reading.actual:.1f}", "dim" if off else "green" if near else "yellow"),
                Text("off" if off else f"/ {reading.target:.0f} °C", "dim"),
                Text(sparkline(self._history.get(name, ())), "red" if not off else "dim"),
            )
        return table

    def _figures(self, status: Status) -> RenderableType:
        """Return rates, and what the wire is like."""
        words = [f"{what} {value:.0f} %" for what, value in self.rates.items()]
        if status.filament is not None:
            words.append(f"{status.filament / 1000:.2f} m")
        if status.lines_per_second is not None:
            words.append(f"{status.lines_per_second:.0f} lines/s")
        if status.resends:
            words.append(f"{status.resends} resends")
        if status.underruns:
            words.append(f"{status.underruns} underruns")
        return Text("  ·  ".join(words), "dim")


def sparkline(values: Sequence[float] | deque[float]) -> str:
    """Return values as a row of blocks, from the lowest to the highest.

    >>> sparkline([20, 60, 120, 205, 205]), sparkline([21.0, 21.2]), sparkline([])
    ('▁▃▅██', '▁▁', '')
    """
    if not values:
        return ""
    low = min(values)
    reach = max(max(values) - low, 10.0)
    return "".join(BLOCKS[round((len(BLOCKS) - 1) * (value - low) / reach)] for value in values)


def clock(seconds: float) -> str:
    """Return a duration as people read it.

    >>> clock(59.6), clock(754), clock(7322), clock(200000)
    ('1:00', '12:34', '2:02:02', '2 d 7:33:20')
    """
    whole = round(seconds)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    short = f"{minutes}:{rest:02}" if not hours and not days else f"{hours}:{minutes:02}:{rest:02}"
    return f"{days} d {short}" if days else short
