"""What a host says around the file: parking, going on, stopping, switching off. Pure: a state in, lines out.

Every sequence leaves the file's own modes alone or brings them back; `modal.modes` is always what is said last before
the file goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from printer.errors import ImpossibleAction
from printer.firmware import BY_NAME, BY_NUMBER, Firmware
from printer.modal import Modal, heat, modes, number

COLDEST = 170.0
"""C below which filament is not moved: firmware refuses, or grinds it."""


NAMES = {
    BY_NUMBER: (re.compile(r"\d{1,3}", re.ASCII), "by number (M486)"),
    BY_NAME: (re.compile(r"[\w.-]+", re.ASCII), "by name"),
    "": (re.compile(r"(?!)"), "not at all"),
}
"""What an object may be called in a line that leaves it out, and how that is said to people."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a printer is parked, kept and stopped: mm, mm/min, C, seconds.

    park           X, Y to go to; None only lifts
    lift           mm upwards first; no higher than `top`
    retract        mm drawn back before, pushed out again after
    purge          mm pushed out in addition when the print goes on (after a change of filament)
    cool_after     seconds of pause until the nozzle is switched off; the bed keeps the part where it is
    own_changes    the host pauses at M600 instead of sending it: for firmware that does not know it
    """

    park: tuple[float, float] | None = None
    lift: float = 10.0
    top: float = 1e9
    retract: float = 2.0
    purge: float = 0.0
    travel_feed: float = 6000.0
    lift_feed: float = 600.0
    retract_feed: float = 1800.0
    cool_after: float = 1800.0
    own_changes: bool = False


def pause(state: Modal, policy: Policy) -> list[str]:
    """Return the lines that take the nozzle off the part."""
    lines = ["G21"] if state.unit != 1.0 else []
    if _melts(state) and not state.firmware_retracted and state.retracted < policy.retract:
        lines += ["M83", f"G1 E-{number(policy.retract)} F{number(policy.retract_feed)}"]
    if state.homed:
        up = max(min(policy.lift, policy.top - state.z), 0.0)
        lines += ["G90", f"G1 Z{number(state.z + up)} F{number(policy.lift_feed)}"]
        if policy.park:
            lines.append("G1 X{} Y{} F{}".format(*map(number, (*policy.park, policy.travel_feed))))
    return [*lines, *(f"M106 P{index} S0" for index, speed in sorted(state.fan.items()) if speed), "M400"]


def resume(state: Modal, policy: Policy, purge: float = 0.0) -> list[str]:
    """Return the lines that bring everything back to where it was: heat, place, filament, modes."""
    lines = [*heat(state, wait=True)]
    lines += ["G21"] if state.unit != 1.0 else []
    pushed = policy.retract if not state.firmware_retracted and state.retracted < policy.retract else 0.0
    feed = f"F{number(policy.retract_feed)}"
    if purge and _melts(state):  # over the parking place, and drawn back again for the way
        lines += ["M83", f"G1 E{number(purge + pushed)} {feed}", f"G1 E-{number(pushed)} {feed}"]
    if state.homed:
        lines += ["G90", f"G1 X{number(state.x)} Y{number(state.y)} F{number(policy.travel_feed)}"]
        lines.append(f"G1 Z{number(state.z)} F{number(policy.lift_feed)}")
    if pushed and _melts(state):
        lines += ["M83", f"G1 E{number(pushed)} {feed}"]
    return [*lines, *modes(state)]


def stop(state: Modal, policy: Policy, parked: bool = False) -> list[str]:
    """Return the lines that end a print before its time: off the part unless it is, everything cold, motors free."""
    return [*heaters_off(state), *(() if parked else pause(state, policy)), "M107", "M84"]


def heaters_off(state: Modal | None = None) -> list[str]:
    """Return the lines that switch off every heater that the lines before can have switched on."""
    tools = sorted(state.nozzle) if state else []
    off = [f"M104 T{tool} S0" for tool in tools if tool] + ["M104 S0", "M140 S0"]
    return off + (["M141 S0"] if state and state.chamber else [])


def exclusion(name: str, firmware: Firmware) -> str:
    """Return the line by which firmware that prints by itself leaves an object out; raise `ImpossibleAction`.

    >>> from printer.firmware import KLIPPER, MARLIN
    >>> exclusion("2", MARLIN), exclusion("CUBE_1", KLIPPER)
    ('M486 P2', 'EXCLUDE_OBJECT NAME=CUBE_1')
    """
    fits, how = NAMES[firmware.leave_out]
    if fits.fullmatch(name):
        return firmware.leave_out.format(name)
    raise ImpossibleAction(
        f"cannot leave out {name!r}: {firmware.name} firmware leaves objects of its own file out {how}"
    )


def without_objects(lines: Iterable[str], before: Modal) -> list[str]:
    """Return as many lines in which nothing moves and all else happens: an object that is left out.

    The last ones say where E, Z and the feed rate are then; where there are too few lines for that, they are kept.
    """
    kept = list(lines)
    after = before.copy().follow(kept)
    silent = ["" if _moves(line) else line for line in kept]
    places = [i for i, line in enumerate(silent) if not line]
    said = _difference(before, after)
    if len(places) < len(said):
        return kept
    for i, line in zip(places[len(places) - len(said) :], said, strict=True):
        silent[i] = line
    return silent


def _difference(before: Modal, after: Modal) -> list[str]:
    """Return what has to be said instead of moves: E as counted, filament as far back, height, feed."""
    said = []
    pulled = after.retracted - before.retracted
    if abs(pulled) > 1e-6:
        said += ["M83", f"G1 E{number(-pulled)} F1800", "M82" if after.absolute_e else "M83"]
    if after.absolute_e and after.e != before.e:
        said.append(f"G92 E{number(after.e / after.unit)}")
    if after.z != before.z and after.absolute:
        said.append(f"G1 Z{number(after.z / after.unit)}")
    if after.feed != before.feed or pulled:
        said.append(f"G1 F{number(after.feed / after.unit)}")
    return said


def _moves(line: str) -> bool:
    """Return whether a line moves or counts the filament."""
    head = line.split(" ", 1)[0]
    return head in ("G0", "G1", "G2", "G3", "G10", "G11") or (head == "G92" and "E" in line)


def _melts(state: Modal) -> bool:
    """Return whether the nozzle in use is aimed at a temperature at which filament flows."""
    return state.nozzle.get(state.tool, 0.0) >= COLDEST
