"""What people set by hand while a print runs: what there is to set, how it is said, what a pause has to bring back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from printer.errors import ImpossibleAction
from printer.modal import Modal
from printer.text import plain

OVERRIDES: dict[str, tuple[float, float, float, str]] = {
    "feed": (10, 500, 1, "M220 S{:g}"),
    "flow": (50, 200, 1, "M221 S{:g}"),
    "fan": (0, 100, 2.55, "M106 S{:.0f}"),
    "nozzle": (0, 320, 1, "M104 S{:g}"),
    "bed": (0, 150, 1, "M140 S{:g}"),
}
"""Lowest and highest value (percent, C), the firmware's units in one of them, and the line."""


class Override(NamedTuple):
    """One thing set by hand: its name in `OVERRIDES`, the value in the firmware's units, and the line that says it."""

    what: str
    value: float
    line: str


def overrides(values: Mapping[str, float]) -> list[Override]:
    """Return what is to be set; raise `ImpossibleAction` for what is unknown or out of range.

    >>> overrides({"feed": 90, "nozzle": 215})
    [Override(what='feed', value=90, line='M220 S90'), Override(what='nozzle', value=215, line='M104 S215')]
    """
    found = []
    for what, value in values.items():
        if what not in OVERRIDES:
            raise ImpossibleAction(f"nothing is called {plain(what)!r}: {', '.join(OVERRIDES)} can be set")
        low, high, scale, form = OVERRIDES[what]
        if not low <= value <= high:
            raise ImpossibleAction(f"{what} {value:g} is out of range: {low:g} to {high:g}")
        found.append(Override(what, scale * value, form.format(scale * value)))
    return found


class Kept:
    """Heat and fan as people have set them, as long as the file does not set them anew.

    Speed and flow are not among them: a pause leaves these alone.
    """

    def __init__(self) -> None:
        self._set: dict[str, tuple[float | None, float]] = {}  # what the file had set then, and what people did

    def note(self, override: Override, state: Modal) -> None:
        """Remember what was set; `state` is the file's at that line."""
        if override.what in ("nozzle", "bed", "fan"):
            self._set[override.what] = _in_force(state, override.what), override.value

    def onto(self, state: Modal) -> Modal:
        """Return the file's state with what people have set since."""
        for what, (then, value) in self._set.items():
            if _in_force(state, what) == then:
                _set(state, what, value)
        return state


def _in_force(state: Modal, what: str) -> float | None:
    """Return what the file has set: `nozzle` (of the tool in use), `bed` or `fan`."""
    if what == "bed":
        return state.bed
    return state.nozzle.get(state.tool) if what == "nozzle" else state.fan.get(0)


def _set(state: Modal, what: str, value: float) -> None:
    """Set one of them."""
    if what == "bed":
        state.bed = value
    elif what == "nozzle":
        state.nozzle[state.tool] = value
    else:
        state.fan[0] = value
