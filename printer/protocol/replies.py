"""One line from the printer into what it means. Stateless: what depends on earlier lines is the link's business."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

from printer.events import (
    Action,
    Busy,
    Endstops,
    Event,
    Halted,
    Message,
    Position,
    Rate,
    Reading,
    SdFile,
    SdProgress,
    SdStatus,
    Temperatures,
    Trouble,
    UnknownCommand,
)

_CONTROL = dict.fromkeys((*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F)), "·") | {9: " "}
_NUMBER = r"[-+]?\d+(?:\.\d*)?"


def decode(line: bytes) -> str:
    """Return a line as text that is safe to show: no control characters, no end of line, no stray blanks."""
    return line.decode("utf-8", "replace").strip().translate(_CONTROL)


class Ok(NamedTuple):
    """An `ok`: the line it names, free planner blocks and line buffers, and what follows; `marked` by temperatures."""

    number: int | None = None
    planner_free: int | None = None
    lines_free: int | None = None
    rest: str = ""
    marked: bool = False


PLAIN_OK = Ok()
_OK = re.compile(r"ok(?:\s+N?(\d+))?(?:\s+P(\d+))?(?:\s+B(\d+))?(?:\s+(.*))?$")


def parse_ok(text: str) -> Ok | None:
    """Return what an `ok` says, None of anything else.

    >>> parse_ok("ok N12 P15 B3")
    Ok(number=12, planner_free=15, lines_free=3, rest='', marked=False)
    >>> parse_ok("ok T:20.0 /0.0").rest
    'T:20.0 /0.0'
    """
    found = _OK.match(text)
    if not found:
        return None
    number, planner, lines = (int(digits) if digits else None for digits in found.groups()[:3])
    return Ok(number, planner, lines, found[4] or "")


_RESEND = re.compile(r"(?:resend|rs)\b[\s:]*N?[\s:]*(\d{1,9})?(?=\s|$)", re.IGNORECASE)
_LAST = re.compile(r"Last Line:?\s*(\d{1,9})(?=\s|$)", re.IGNORECASE)
_EXPECTED = re.compile(r"expected line (\d{1,9})(?=\s)", re.IGNORECASE)
_LINE_ERROR = re.compile(
    r"checksum|Last Line|line number|expected line|^Error:.*(format error|wrong line)|^Error.* got \d+$", re.IGNORECASE
)
_SHORT_ERRORS = ("Error:Wrong checksum", "Error:Missing checksum", "Error:Format error")
"""Repetier's, of which noise leaves too little to go by single words."""


def parse_resend(text: str) -> int | None:
    """Return the line that is asked for again, -1 where it cannot be read, None where nothing is asked.

    >>> [parse_resend(t) for t in ("Resend: 7", "Resend:7", "resend N:7", "rs 7", "rs N7 Expected checksum 67")]
    [7, 7, 7, 7, 7]
    """
    if text[:1] not in "Rr" or not text[:6].lower().startswith(("resend", "rs ", "rs:")):
        return None
    found = _RESEND.match(text)
    return int(found[1]) if found and found[1] else -1


def is_line_error(text: str) -> bool:
    """Say whether an error is about numbers and checksums, so that a resend request comes with it."""
    return bool(_LINE_ERROR.search(text)) or bool(get_close_matches(text, _SHORT_ERRORS, cutoff=0.9))


def wanted_line(text: str) -> int | None:
    """Return the line that an error about numbering wants next, None where it does not say.

    >>> wanted_line("Error:checksum mismatch, Last Line: 41")
    42
    """
    if last := _LAST.search(text):
        return int(last[1]) + 1
    expected = _EXPECTED.search(text)
    return int(expected[1]) if expected else None


_SENSOR = re.compile(rf"(?:^|\s)([A-Z]\d*):\s*({_NUMBER}|nan|inf)(?:\s*/\s*({_NUMBER}))?(?=\s|$|[A-Z@])")
_POWER = re.compile(r"(?:^|\s)([A-Z]?@\d*):\s*(\d+)")
_IS_TEMPERATURES = re.compile(rf"(?:[TBCLPMRA]\d*):\s*{_NUMBER}\s*(?:$|/|\s)")


def parse_temperatures(text: str) -> Temperatures | None:
    """Return the readings of a temperature report in any firmware's form, None of other text.

    >>> parse_temperatures("T:210.12 /210.00 B:60.0 /60.0 @:64 B@:12").readings["B"]
    Reading(actual=60.0, target=60.0)
    """
    if not _IS_TEMPERATURES.match(text):
        return None
    readings = {
        name: Reading(float(actual), float(target) if target else None)
        for name, actual, target in _SENSOR.findall(text)
        if name not in ("E", "W", "X", "Y", "Z")
    }
    powers = {name: float(power) for name, power in _POWER.findall(text)}
    return Temperatures(readings, powers)


_AXIS = re.compile(rf"([XYZEABCUVW]):\s*({_NUMBER})")


def parse_position(text: str) -> Position | None:
    """Return the answer to M114, without stepper counts, None of other text."""
    if not re.match(rf"X:\s*{_NUMBER}\s+Y:", text):
        return None
    return Position({axis: float(value) for axis, value in _AXIS.findall(text.partition("Count")[0])})


_FACT = re.compile(r"([A-Z][A-Z0-9_]{2,}):\s*(.*?)(?=\s+[A-Z][A-Z0-9_]{2,}:|$)")
_CAP = re.compile(r"Cap:([A-Z0-9_]+):([01])$")


def parse_facts(text: str) -> dict[str, str]:
    """Return the fields of the first line of M115's answer, {} of other text."""
    return dict(_FACT.findall(text)) if "FIRMWARE_NAME:" in text else {}


def parse_cap(text: str) -> tuple[str, bool] | None:
    """Return one capability of M115's answer, None of other text."""
    found = _CAP.match(text)
    return (found[1], found[2] == "1") if found else None


HALTED = "the firmware halted itself"
HALTS: tuple[tuple[str, str, str], ...] = (
    (
        r"thermal runaway",
        "a heater did not hold its temperature, so the firmware switched everything off",
        "check that heater and thermistor sit tight and their wires are whole, then reset the printer",
    ),
    (
        r"heating failed",
        "a heater did not get warm in time, so the firmware switched everything off",
        "check the heater's wires, its supply and the thermistor, then reset the printer",
    ),
    (
        r"max\s?temp",
        "a thermistor reads more than its heater may reach: too hot, or a short circuit in its wires",
        "let it cool, check the thermistor's wires, then reset the printer",
    ),
    (
        r"min\s?temp",
        "a thermistor reads less than any room: its wire is broken or unplugged",
        "check the thermistor's wires, then reset the printer",
    ),
    (
        r"thermal malfunction",
        "temperatures change in a way no heater can, so the firmware switched everything off",
        "check thermistors and heaters, then reset the printer",
    ),
    (r"homing failed|failed to home", "an endstop was not found", "check endstops and belts, then reset the printer"),
    (r"probing failed", "the probe did not trigger where it should", "check the probe, then reset the printer"),
    (r"M112|emergency", "it was stopped in an emergency", "clear the cause, then reset the printer"),
    (
        r"kill\(\) called|printer halted|shutdown|printer stopped|printer is not ready|stopped due to errors"
        r"|alarm/halt|^!!$",
        HALTED,
        "see the message before it, then reset the printer (Marlin M999, Klipper FIRMWARE_RESTART)",
    ),
    (r"^fatal", "the firmware met a fault it cannot go on from", "see the message, then reset the printer"),
)
REFUSALS: tuple[tuple[str, str], ...] = (
    (r"enable bed leveling", "no mesh is stored: measure the bed first (G29), or take M420 S1 out of the start G-code"),
    (r"must home|axes homed", "home before the first move: G28 belongs into the start G-code"),
    (r"out of range|outside.* limits", "the file is for a larger machine, or one with another origin"),
    (r"below minimum temp|cold extru", "heat before extruding: M109 belongs into the start G-code"),
)
"""What is to be done about errors that refuse a line and stop nothing else."""
_HALTS = tuple((re.compile(pattern, re.IGNORECASE), meaning, advice) for pattern, meaning, advice in HALTS)
_REFUSALS = tuple((re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in REFUSALS)
_ERROR = re.compile(r"((?:serial )?error\b|!!|fatal|entering alarm)", re.IGNORECASE)
_TROUBLE = re.compile(r"cold extrusion|invalid extruder|out of range|^(?:echo:)?warning", re.IGNORECASE)
_UNKNOWN = re.compile(r'(?:echo:|//)?\s*Unknown command:\s*"?(.*?)"?$', re.IGNORECASE)


def advice(text: str) -> str:
    """Return what is to be done about an error that refuses a line; "" where nobody knows.

    >>> advice("!! Must home axis first: 10.000 10.000 5.000")
    'home before the first move: G28 belongs into the start G-code'
    """
    return next((advice for pattern, advice in _REFUSALS if pattern.search(text)), "")


def is_error(text: str) -> bool:
    """Say whether a line announces an error."""
    return bool(_ERROR.match(text))


def parse_error(text: str) -> Event:
    """Return `Halted` where the firmware takes no more lines, otherwise `Trouble`."""
    for pattern, meaning, advice in _HALTS:
        if pattern.search(text):
            return Halted(text, meaning, advice)
    return Trouble(text)


_SD = re.compile(r"SD printing byte (\d+)/(\d+)")
_SD_OPENED = re.compile(r"File opened:(.*)Size: ?(\d+)")
_SD_FILE = re.compile(r"(\S+\.[Gg][A-Za-z]{0,4})\s+(\d+)(?:\s+0x[0-9A-Fa-f]+)?(?:\s+\"?(.*?)\"?)?$")
_SWITCH = re.compile(r"\b(\w{1,32}):\s*(open|triggered)", re.IGNORECASE)
_ACTION = re.compile(r"//\s*action:\s*(\w+)\s*(.*)")
_BUSY = re.compile(r"(?:echo:\s*)?busy:?\s*(.*)", re.IGNORECASE)

_SD_PHRASES = {
    "Begin file list": "list_begin",
    "End file list": "list_end",
    "File selected": "selected",
    "Done saving file": "saved",
    "Done printing file": "done",
    "Not SD printing": "idle",
    "open failed": "open_failed",
    "Writing to file": "writing",
    "File deleted": "deleted",
    "Deletion failed": "deletion_failed",
    "echo:SD card ok": "inserted",
    "SD card ok": "inserted",
    "echo:SD card released": "released",
    "echo:No SD card": "missing",
    "No SD card": "missing",
    "SD init fail": "missing",
    "echo:SD init fail": "missing",
    "Current file": "current",
}


def _sd(text: str) -> Event | None:
    if found := _SD.match(text):
        return SdProgress(int(found[1]), int(found[2]))
    if found := _SD_OPENED.match(text):
        return SdStatus("opened", found[1].strip())
    for phrase, what in _SD_PHRASES.items():
        if text.startswith(phrase):
            return SdStatus(what, text[len(phrase) :].strip(" :.,"))
    return None


def _rate(text: str) -> Event | None:
    found = re.match(rf"(?:echo:)? ?(?:(FR):|(?:E\d+ )?(Flow):)\s*({_NUMBER})%", text)
    return Rate("feed" if found[1] else "flow", float(found[3])) if found else None


def _endstops(text: str) -> Event | None:
    switches = _SWITCH.findall(text)
    return Endstops({name: state.lower() == "triggered" for name, state in switches}) if switches else None


def _action(text: str) -> Event | None:
    found = _ACTION.match(text)
    return Action(found[1].lower(), found[2]) if found else None


def _busy(text: str) -> Event | None:
    found = _BUSY.match(text)
    return Busy(found[1] or "processing") if found else None


def _unknown(text: str) -> Event | None:
    found = _UNKNOWN.match(text)
    return UnknownCommand(found[1]) if found else None


def _trouble(text: str) -> Event | None:
    return Trouble(text) if _TROUBLE.search(text) else None


def _error(text: str) -> Event | None:
    return parse_error(text) if is_error(text) else None


READERS: tuple[Callable[[str], Event | None], ...] = (
    parse_temperatures,
    parse_position,
    _busy,
    _action,
    _unknown,
    _error,
    _sd,
    _rate,
    _endstops,
    _trouble,
)
"""Asked in turn; the first answer is the line's meaning."""


def parse(text: str) -> Event:
    """Return what a line says that is neither an `ok` nor a resend request; `Message` where nothing is known of it."""
    for reader in READERS:
        event = reader(text)
        if event is not None:
            return event
    return Message(text)


def parse_sd_file(text: str) -> SdFile | None:
    """Return one row of the card's listing, None of other text."""
    found = _SD_FILE.match(text)
    return SdFile(found[1], int(found[2]), found[3] or "") if found else None
