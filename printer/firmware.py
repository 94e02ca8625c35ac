"""Firmwares as data: what each wants, says and leaves out. No code asks which firmware it is.

The figures are what the firmware ships with; a printer's own profile overrides them (`dataclasses.replace`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gcode.commands import name_of


@dataclass(frozen=True, slots=True)
class Firmware:
    """How to talk to one kind of firmware.

    numbered          wants `N<n> ... *<checksum>`; without, the link itself is trusted (USB to a socket)
    rx_bytes          its receive buffer: what may be on its way without being acknowledged
    lossless          the way to it has flow control: nothing ever overflows
    max_line          longest line in bytes, number and checksum included, end of line not
    windowed          more than one line may be on its way; otherwise ping-pong
    quoted            `;` and `*` inside double quotes are text, not comment and checksum
    colon_ends        `:` ends a line, as its end does
    lenient           takes a line without a checksum, so also one that lost its `*` to noise
    eager             lines whose `ok` may come before that of an older one, because it comes when a line is read: what
                      has no `ok` has not been read then, either (0: each is answered in its turn, when it is done)
    answers_empty     says `ok` to an empty line
    marks_m105        `ok` and the temperatures of M105 come in one line, so that line says which `ok` it is
    m105_after_ok     the temperatures come in a line of their own behind the `ok`, when M105 is executed
    keepalive         line that asks for a sign of life every 2 s while busy ("" none)
    autoreport        line that asks for temperatures every 2 s ("" none), sent where `cap` allows
    hold              line that keeps motors powered while nothing moves, where they, and the place, would be let go
    leave_out         line that leaves an object out of a print of its own ("" it cannot), the object's name to fill in
    recognise         pattern in M115's FIRMWARE_NAME
    """

    name: str
    recognise: str
    numbered: bool = True
    rx_bytes: int = 128
    lossless: bool = False
    max_line: int = 95
    windowed: bool = True
    quoted: bool = False
    colon_ends: bool = False
    lenient: bool = False
    eager: int = 0
    answers_empty: bool = False
    marks_m105: bool = True
    m105_after_ok: bool = False
    keepalive: str = "M0113 S2"  # spelled like this it is no bit away from an M112, which noise could make of it
    autoreport: str = "M155 S2"
    hold: str = ""
    leave_out: str = ""


BY_NUMBER, BY_NAME = "M486 P{}", "EXCLUDE_OBJECT NAME={}"

MARLIN = Firmware("marlin", r"Marlin.*((?<![\d.])[2-9]\.\d|bugfix)", hold="M84 S0", leave_out=BY_NUMBER)
MARLIN_1 = Firmware("marlin-1", r"Marlin.*(?<![\d.])1\.[1-9]", autoreport="", hold="M84 S0")
MARLIN_0 = Firmware("marlin-0", r"Marlin|Sprinter", colon_ends=True, eager=8, autoreport="", hold="M84 S0")
"""Sprinter, Marlin 1.0, and the many that come from it under names of their own: Ultimaker's, Printrbot's, Wanhao's."""
PRUSA = Firmware("prusa", r"Prusa-Firmware(?!-Buddy)|Prusa-Firmware ", hold="M84 S0")
BUDDY = Firmware("buddy", r"Prusa-Firmware-Buddy", rx_bytes=512, leave_out=BY_NUMBER)
KLIPPER = Firmware(
    "klipper",
    r"Klipper",
    numbered=False,
    rx_bytes=4096,
    max_line=2048,
    quoted=True,
    keepalive="",
    autoreport="",
    leave_out=BY_NAME,
)
REPRAPFIRMWARE = Firmware(
    "reprapfirmware",
    r"RepRapFirmware|Duet",
    numbered=False,
    rx_bytes=512,
    max_line=255,
    quoted=True,
    keepalive="",
    autoreport="",
    leave_out=BY_NUMBER,
)
REPETIER = Firmware(
    "repetier",
    r"Repetier|ANET_",
    colon_ends=True,
    lenient=True,
    eager=2,
    marks_m105=False,
    m105_after_ok=True,
    keepalive="",
    autoreport="",
)
SMOOTHIE = Firmware(
    "smoothie", r"Smoothie", rx_bytes=256, lenient=True, eager=1, answers_empty=True, keepalive="", autoreport=""
)
TEACUP = Firmware("teacup", r"Teacup", rx_bytes=64, windowed=False, lenient=True, keepalive="", autoreport="")
"""Takes a line whatever its number is, so no second one may be on its way."""

UNKNOWN = Firmware("unknown", r"(?!)", windowed=False, colon_ends=True, keepalive="", autoreport="")
"""Before M115 has been answered, and where it never is: one line at a time."""

FIRMWARES: dict[str, Firmware] = {
    f.name: f
    for f in (MARLIN, MARLIN_1, MARLIN_0, PRUSA, BUDDY, KLIPPER, REPRAPFIRMWARE, REPETIER, SMOOTHIE, TEACUP, UNKNOWN)
}
_SEARCH = (BUDDY, PRUSA, MARLIN_1, MARLIN, KLIPPER, REPRAPFIRMWARE, REPETIER, SMOOTHIE, TEACUP, MARLIN_0)
_CAPABLE = {MARLIN_0: MARLIN}
"""What the oldest is where it lists capabilities, as only later ones do: makers count versions as they like."""


def recognise(name: str, capable: bool = False) -> Firmware:
    """Return the record for what M115 calls itself, `UNKNOWN` where nothing fits; `capable` where it says what it can.

    >>> recognise("Marlin 2.1.2.4 (Mar 14 2024)").name, recognise("Marlin 1.1.9").name, recognise("Sailfish").name
    ('marlin', 'marlin-1', 'unknown')
    >>> recognise("Marlin Ender-3 V1.0.1").name, recognise("Marlin Ender-3 V1.0.1", capable=True).name
    ('marlin-0', 'marlin')
    """
    found = next((f for f in _SEARCH if re.search(f.recognise, name)), UNKNOWN)
    return _CAPABLE.get(found, found) if capable else found


PATIENCE_S = {
    "G4": 600.0,
    "G12": 300.0,
    "G28": 300.0,
    "G29": 1200.0,
    "G30": 120.0,
    "G32": 1200.0,
    "G33": 1200.0,
    "G34": 600.0,
    "G76": 3600.0,
    "G80": 1200.0,
    "G425": 1200.0,
    "M0": 86400.0,
    "M1": 86400.0,
    "M18": 600.0,  # ends when the motion before it does, as M84 and M400
    "M25": 600.0,
    "M48": 600.0,
    "M84": 600.0,
    "M109": 1800.0,
    "M98": 1800.0,  # a macro of RepRapFirmware's
    "M116": 3600.0,
    "M125": 86400.0,
    "M190": 3600.0,
    "M191": 7200.0,
    "M226": 86400.0,
    "M291": 86400.0,  # asks a person
    "M303": 3600.0,
    "M400": 600.0,
    "M600": 86400.0,
    "M601": 86400.0,
    "M701": 600.0,
    "M702": 600.0,
    "M997": 600.0,
}
"""Seconds without a word that a command may take, where it is more than `PATIENCE_DEFAULT_S`."""
PATIENCE_DEFAULT_S = 30.0
PATIENCE_TOOL_S = 300.0
"""A change of tool may park one, heat another and wipe it, without a word."""
PATIENCE_MACRO_S = 1800.0
"""A macro of Klipper's, such as PRINT_START, may heat, home and measure the bed without a word."""
QUICK_MACROS = ("SET_", "EXCLUDE_OBJECT", "RESPOND", "STATUS", "TURN_OFF_HEATERS", "BED_MESH_")


def is_macro(name: str) -> bool:
    """Say whether a command is a word, as Klipper's are, and no letter with a number."""
    return len(name) > 1 and name[:2].isalpha()


def patience(line: str) -> float:
    """Return how long a line may keep the firmware silent.

    >>> patience("M190 S60"), patience("m190s60"), patience("PRINT_START BED=60"), patience("SET_PIN PIN=a")
    (3600.0, 3600.0, 1800.0, 30.0)
    """
    name = name_of(line)
    if is_macro(name) and not name.startswith(QUICK_MACROS):
        return PATIENCE_MACRO_S
    if name[:1] == "T":
        return PATIENCE_TOOL_S
    return PATIENCE_S.get(name, PATIENCE_DEFAULT_S)
