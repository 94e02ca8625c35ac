"""What a firmware has in force after some lines: position, modes, temperatures, fans, overrides.

A printer that is paused, loses power or skips an object must find again what the lines before have set. `Modal` follows
the lines one by one, in the coordinates and units that the file itself speaks; `restore` says it back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field

from printer.kernels.plain import plain

WORD = re.compile(r"([A-Z])\s*([-+]?(?:\d+\.?\d*|\.\d+))?")
COMMAND = re.compile(r"\s*(?:N\d+\s*)?([GMT])\s*0*(\d+)(?![\d.])")
ROUND_COMMENT = re.compile(r"\([^)]*\)")

Words = dict[str, float | None]


@dataclass(slots=True)
class Modal:
    """The state of a machine that has executed the lines it was told.

    x, y, z, e     as the file counts them, in mm (inches are converted)
    feed           mm/min, 0 before any; `retracted` mm of filament are drawn back
    nozzle, fan    C and 0..255 by tool and by fan; `bed` and `chamber` in C; None where no line has set it
    speed, flow    percent (M220, M221)
    shifted        G92 has moved X, Y or Z: where the origin is, only the running firmware knows
    kept           other commands whose last form stays in force, by command (M204, M205, M420 ...)
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    e: float = 0.0
    feed: float = 0.0
    retracted: float = 0.0
    absolute: bool = True
    absolute_e: bool = True
    unit: float = 1.0
    homed: bool = False
    shifted: bool = False
    firmware_retracted: bool = False
    tool: int = 0
    nozzle: dict[int, float] = field(default_factory=dict)
    bed: float | None = None
    chamber: float | None = None
    fan: dict[int, float] = field(default_factory=dict)
    speed: float = 100.0
    flow: float = 100.0
    kept: dict[str, str] = field(default_factory=dict)

    def follow(self, lines: Iterable[str]) -> Modal:
        """Execute lines; return self."""
        table = HANDLERS
        for line in lines:
            given, *values = plain(line.encode("ascii", "replace"))
            if given >= 0:
                _go(self, given, *values)
                continue
            if "(" in line:
                line = ROUND_COMMENT.sub("", line)
            head, _, rest = line.partition(" ")
            handler = table.get(head)
            if handler is None:
                if not (found := COMMAND.match(line)):
                    continue
                head, rest = found[1] + found[2], line[found.end() :]  # `G01`, `G1X5` and ` G1` are G1 too
                handler = table.get(head) or (_tool if found[1] == "T" else None)
                if handler is None:
                    continue
            handler(self, head, rest)
        return self

    def copy(self) -> Modal:
        """Return a state of its own that goes on from this one."""
        return deepcopy(self)

    @property
    def hot(self) -> bool:
        """Whether any heater has a target."""
        return any(t > 0 for t in (*self.nozzle.values(), self.bed or 0, self.chamber or 0))


def _words(rest: str) -> Words:
    """Return the words of a command by letter; None where a letter has no number."""
    return {letter: float(number) if number else None for letter, number in WORD.findall(rest.upper())}


def _go(state: Modal, given: int, x: float, y: float, z: float, e: float, f: float) -> None:
    """Go where a move ends, as `kernels.plain` reads it: `given` are bits 0 to 4 for X, Y, Z, E and F."""
    unit, absolute = state.unit, state.absolute
    if given & 1:
        state.x = x * unit + (0.0 if absolute else state.x)
    if given & 2:
        state.y = y * unit + (0.0 if absolute else state.y)
    if given & 4:
        state.z = z * unit + (0.0 if absolute else state.z)
    if given & 8:
        by = e * unit - (state.e if absolute and state.absolute_e else 0.0)
        state.e += by
        state.retracted = max(state.retracted - by, 0.0)
    if given & 16:
        state.feed = f * unit


def _move(state: Modal, head: str, rest: str) -> None:
    """G0 to G3, however they are spelled."""
    words = {letter: value for letter, value in _words(rest).items() if letter in "XYZEF" and value is not None}
    given = sum(1 << bit for bit, letter in enumerate("XYZEF") if letter in words)
    _go(state, given, *(words.get(letter, 0.0) for letter in "XYZEF"))


def _declare(state: Modal, head: str, rest: str) -> None:
    """G92: positions by word of mouth; none means all."""
    words = _words(rest) or {"X": 0.0, "Y": 0.0, "Z": 0.0, "E": 0.0}
    for letter in "XYZE":
        if letter in words:
            setattr(state, letter.lower(), (words[letter] or 0.0) * state.unit)
            state.shifted |= letter != "E"


def _home(state: Modal, head: str, rest: str) -> None:
    """G28: the named axes, or all of them."""
    axes = [letter for letter in "XYZ" if letter in _words(rest)] or list("XYZ")
    for letter in axes:
        setattr(state, letter.lower(), 0.0)
    state.homed, state.shifted = state.homed or len(axes) == 3, state.shifted and len(axes) < 3


def _mode(name: str, value: object) -> Callable[[Modal, str, str], None]:
    """Return a handler that sets one field."""

    def handler(state: Modal, head: str, rest: str) -> None:
        setattr(state, name, value)

    return handler


def _retract(state: Modal, head: str, rest: str) -> None:
    """G10, G11: the firmware's own retraction; with P, RepRapFirmware's way to set a tool's temperature."""
    words = _words(rest)
    if words.get("P") is None:
        state.firmware_retracted = head == "G10"
    elif (target := words.get("S")) is not None:
        state.nozzle[int(words["P"] or 0)] = target


def _temperature(state: Modal, head: str, rest: str) -> None:
    """M104, M109: a nozzle; M140, M190: the bed; M141, M191: the chamber."""
    words = _words(rest)
    target = words.get("S", words.get("R"))
    if target is None:
        return
    if head in ("M140", "M190"):
        state.bed = target
    elif head in ("M141", "M191"):
        state.chamber = target
    else:
        tool = words.get("T")
        state.nozzle[state.tool if tool is None else int(tool)] = target


def _fan(state: Modal, head: str, rest: str) -> None:
    """M106, M107."""
    words = _words(rest)
    speed = words.get("S")
    state.fan[int(words.get("P") or 0)] = 0.0 if head == "M107" else 255.0 if speed is None else speed


def _factor(state: Modal, head: str, rest: str) -> None:
    """M220: speed; M221: flow."""
    percent = _words(rest).get("S")
    if percent is not None:
        setattr(state, "speed" if head == "M220" else "flow", percent)


def _tool(state: Modal, head: str, rest: str) -> None:
    """T0, T1 ..."""
    state.tool = int(head[1:])


def _keep(state: Modal, head: str, rest: str) -> None:
    """A command of which the last form counts."""
    state.kept[head] = f"{head} {rest.strip()}".strip()


Handler = Callable[[Modal, str, str], None]

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("G0", "G1", "G2", "G3"), _move),
    "G10": _retract,
    "G11": _retract,
    "G20": _mode("unit", 25.4),
    "G21": _mode("unit", 1.0),
    "G28": _home,
    "G90": _mode("absolute", True),
    "G91": _mode("absolute", False),
    "M82": _mode("absolute_e", True),
    "M83": _mode("absolute_e", False),
    "G92": _declare,
    **dict.fromkeys(("M104", "M109", "M140", "M190", "M141", "M191"), _temperature),
    "M106": _fan,
    "M107": _fan,
    "M220": _factor,
    "M221": _factor,
    **dict.fromkeys(("M201", "M203", "M204", "M205", "M207", "M420", "M900"), _keep),
}
"""What each command does to the state; what is not here leaves no trace that a host could restore."""


def heat(state: Modal, wait: bool) -> list[str]:
    """Return the lines that bring the heaters back, bed first; with `wait`, until they are there."""
    lines = []
    if state.bed is not None:
        lines.append(f"M140 S{number(state.bed)}")
    if state.chamber is not None:
        lines.append(f"M141 S{number(state.chamber)}")
    lines += [f"M104 T{tool} S{number(target)}" for tool, target in sorted(state.nozzle.items())]
    if wait:
        if state.bed:
            lines.append(f"M190 S{number(state.bed)}")
        lines += [f"M109 T{tool} S{number(target)}" for tool, target in sorted(state.nozzle.items()) if target]
    return lines


def modes(state: Modal) -> list[str]:
    """Return the lines that bring back everything but heat and position: the last lines before the file goes on."""
    lines = [state.kept[name] for name in sorted(state.kept)]
    lines += [f"M106 P{index} S{number(speed)}" for index, speed in sorted(state.fan.items())]
    if state.feed:
        lines.append(f"G1 F{number(state.feed)}")
    if state.absolute_e:
        lines.append(f"G92 E{number(state.e)}")
    mode_of_e = "M82" if state.absolute_e else "M83"  # some firmware lets G90 and G91 overrule it, so the order matters
    lines += ["G90", mode_of_e] if state.absolute else [mode_of_e, "G91"]
    if state.unit != 1.0:
        lines.append("G20")
    return lines


def number(value: float) -> str:
    """Return a number as firmware reads it, without needless digits."""
    return f"{value:.5f}".rstrip("0").rstrip(".") or "0"
