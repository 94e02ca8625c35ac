"""Macros that owners of Klipper machines write themselves: the customary ones, so that their files can be dry-run."""

from __future__ import annotations

from collections.abc import Generator

from gcode.in_force import BED, MACRO_WORDS, NOZZLE
from printer.virtual.firmware import Firmware, Handler, Task
from printer.virtual.lines import Words


def print_start(fw: Firmware, words: Words) -> Task:
    """PRINT_START: warm the bed, home, heat the nozzle, to the temperatures that the call names."""
    targets = _temperatures(words)
    heat = {what: f"S{targets[what]:g}" for what in (BED, NOZZLE) if targets.get(what)}
    yield from _run(fw, *[f"M190 {heat[BED]}"] * (BED in heat), "G28", *[f"M109 {heat[NOZZLE]}"] * (NOZZLE in heat))
    return None


def print_end(fw: Firmware, words: Words) -> Task:
    """PRINT_END: come to rest, heaters and fan off."""
    yield from fw.standstill()
    yield from _run(fw, "TURN_OFF_HEATERS", "M107")
    return None


def _temperatures(words: Words) -> dict[str, float]:
    """Return the temperatures that a call names, C."""
    found = {}
    for word in words.text.split():
        key, _, value = word.partition("=")
        for pattern, what in MACRO_WORDS:
            if pattern.fullmatch(key.upper()):
                try:
                    found[what] = float(value)
                except ValueError:
                    continue
    return found


def _run(fw: Firmware, *lines: str) -> Generator[float, None, None]:
    """Do what lines would do."""
    for line in lines:
        words = Words(line.encode())
        made = fw.handlers[words.code](fw, words)
        if isinstance(made, Generator):
            yield from made


MACROS: dict[str, Handler] = {
    "PRINT_START": print_start,
    "START_PRINT": print_start,
    "PRINT_END": print_end,
    "END_PRINT": print_end,
}
