"""Firmwares as data: how each one greets, acknowledges, reports and complains. What they do is the same code.

Texts with fields are `str.format` templates. Facts: the sources of Marlin (core/language.h, gcode/queue.cpp), Prusa's
firmware and Klipper (klippy/gcode.py); those of RepRapFirmware, Repetier and Smoothie as far as they are documented.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from printer.errors import VirtualError

PLANNERS = ("marlin", "reprapfirmware", "klipper")
"""Whose rules the planner follows, in the order of the kernel's numbers."""


@dataclass(frozen=True, slots=True)
class Board:
    """The electronics: what bytes, lines and moves it can hold, and how long a line takes it.

    baud             bits a second of the UART (8N1); 0 where USB carries packets with flow control and loses nothing
    receive_buffer   bytes between the UART and the firmware; what comes while it is full is lost
    line_buffer      lines between the reader and the planner (Marlin's BUFSIZE)
    line_length      bytes of a line that are kept (MAX_CMD_SIZE - 1)
    blocks           moves in the planner's ring; one place stays empty
    seconds_a_line   processor time of a command
    boot_seconds     deaf time after a reset
    first_move       seconds that a first move waits for company, so that it need not stop at its end
    """

    baud: int = 0
    receive_buffer: int = 128
    line_buffer: int = 4
    line_length: int = 95
    blocks: int = 16
    seconds_a_line: float = 0.0
    first_move: float = 0.1
    boot_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Personality:
    """One firmware; see the fields' names in Marlin, of which the others are variations.

    numbered         line numbers and checksums are checked, and asked for again
    repeats          what becomes of a line that came before: "drop" without a word (Marlin since 2.1, the last two),
                     "skip" with an `ok` (Repetier), or "refuse"
    lenient          a line without a checksum is taken all the same
    bare_sum         what becomes of a line with a checksum and no number, such as the rest of one that was cut: "take",
                     "check" its sum, "refuse", or "complain" without asking for it again
    eager            what gets its `ok` when it is read, ahead of older lines: "" nothing, "moves", or "all"
    colon_ends       `:` ends a line
    answers_empty    an empty line gets an `ok`
    planner          whose motion: one of `PLANNERS`
    g90_resets_e     G90 makes E absolute too (Marlin 2)
    chatty           says more than it must: the position after G28 and G92, changes of the fan, its sensors and size
    macros           commands that are words with NAME=value
    strict           refuses a move that it cannot make instead of cutting it off (Klipper)
    early            commands that act when they are read, past the queue, where they have no number
    emergency        commands that act when their characters arrive, past everything
    missing, known   commands that it does not know; the only ones it knows, where there are any
    """

    name: str
    m115: str
    boot: tuple[str, ...]
    capabilities: tuple[str, ...] = ()
    board: Board = Board()
    numbered: bool = True
    repeats: str = "drop"
    lenient: bool = False
    bare_sum: str = "take"
    eager: str = ""
    colon_ends: bool = False
    answers_empty: bool = False
    advanced_ok: bool = False
    ok: str = "ok"
    resend: tuple[str, ...] = ("Resend: {n}", "ok")
    bad_number: str = "Error:Line Number is not Last Line Number+1, Last Line: {last}"
    bad_checksum: str = "Error:checksum mismatch, Last Line: {last}"
    no_checksum: str = "Error:No Checksum with line number, Last Line: {last}"
    no_number: str = "Error:No Line Number with checksum, Last Line: {last}"
    unknown: str = 'echo:Unknown command: "{text}"'
    error: str = "Error:{text}"
    killed: tuple[str, ...] = ("Error:{text}", "Error:Printer halted. kill() called!")
    busy: str = "echo:busy: {why}"
    keepalive: float = 2.0
    waiting: str = ""
    temperatures: str = " T:{t:.2f} /{tt:.2f} B:{b:.2f} /{bt:.2f} @:{tp} B@:{bp}"
    temperatures_on_ok: bool = True
    heating: str = " T:{t:.2f} /{tt:.2f} B:{b:.2f} /{bt:.2f} @:{tp} B@:{bp} W:{w}"
    position: str = "X:{x:.2f} Y:{y:.2f} Z:{z:.2f} E:{e:.2f} Count X:{cx} Y:{cy} Z:{cz}"
    endstops: tuple[str, ...] = ("Reporting endstop status", "x_min: {x}", "y_min: {y}", "z_min: {z}")
    endstop_words: tuple[str, str] = ("open", "TRIGGERED")
    action: str = "//action:{text}"
    planner: str = "marlin"
    g90_resets_e: bool = True
    chatty: bool = False
    macros: bool = False
    strict: bool = False
    early: tuple[str, ...] = ("M108", "M112", "M410")
    emergency: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


MARLIN2 = Personality(
    name="marlin",
    m115="FIRMWARE_NAME:Marlin 2.1.2 (fabthread virtual printer) SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin "
    "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Virtual EXTRUDER_COUNT:1 UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff",
    boot=(
        "start", "{why}", "Marlin 2.1.2", "echo: Last Updated: 2022-12-17 | Author: (fabthread virtual printer)",
        "echo: Free Memory: 4183  PlannerBufferBytes: 1168", "echo:Hardcoded Default Settings Loaded",
    ),
    capabilities=(
        "SERIAL_XON_XOFF:0", "BINARY_FILE_TRANSFER:0", "EEPROM:1", "VOLUMETRIC:1", "AUTOREPORT_POS:1",
        "AUTOREPORT_TEMP:1", "PROGRESS:0", "PRINT_JOB:1", "AUTOLEVEL:1", "RUNOUT:1", "Z_PROBE:1", "LEVELING_DATA:1",
        "BUILD_PERCENT:1", "SOFTWARE_POWER:0", "TOGGLE_LIGHTS:0", "CASE_LIGHT_BRIGHTNESS:0", "EMERGENCY_PARSER:1",
        "HOST_ACTION_COMMANDS:1", "PROMPT_SUPPORT:1", "SDCARD:1", "REPEAT:0", "SD_WRITE:1", "AUTOREPORT_SD_STATUS:1",
        "LONG_FILENAME:1", "LFN_WRITE:0", "CUSTOM_FIRMWARE_UPLOAD:0", "EXTENDED_M20:1", "THERMAL_PROTECTION:1",
        "MOTION_MODES:0", "ARCS:1", "BABYSTEPPING:0", "CHAMBER_TEMPERATURE:0", "COOLER_TEMPERATURE:0", "MEATPACK:1",
        "CONFIG_EXPORT:0",
    ),
    board=Board(seconds_a_line=0.0001),
    emergency=("M108", "M112", "M410", "M876", "M524"),
    early=(),
    chatty=True,
)  # fmt: skip

MARLIN1 = replace(
    MARLIN2,
    name="marlin1",
    m115="FIRMWARE_NAME:Marlin 1.1.9 (fabthread virtual printer) SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin "
    "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Virtual EXTRUDER_COUNT:1",
    boot=("start", "{why}", "Marlin 1.1.9", "echo: Free Memory: 3905  PlannerBufferBytes: 1232"),
    capabilities=("EEPROM:1", "AUTOREPORT_TEMP:1", "PROGRESS:0", "PRINT_JOB:1", "AUTOLEVEL:0", "EMERGENCY_PARSER:0"),
    board=Board(baud=115200, seconds_a_line=0.0008),
    repeats="refuse",
    temperatures=" T:{t:.2f} /{tt:.2f} B:{b:.2f} /{bt:.2f} @:{tp} B@:{bp}",
    chatty=False,
    g90_resets_e=False,
    emergency=(),
    early=("M108", "M112", "M410"),
    missing=frozenset({"M154", "M486"}),
)

MARLIN0 = replace(
    MARLIN1,
    name="marlin0",
    m115="FIRMWARE_NAME:Marlin V1; Sprinter/grbl mashup for gen6 FIRMWARE_URL:http://www.mendel-parts.com "
    "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Mendel EXTRUDER_COUNT:1",
    boot=("start", "echo: {why}", "echo: Marlin 1.0.0 RC2", "echo: Free Memory: 1800  PlannerBufferBytes: 1232"),
    capabilities=(),
    eager="moves",
    bare_sum="complain",
    colon_ends=True,
    busy="",
    resend=("Resend:{n}", "ok"),
    killed=("Error:{text}", "Error:Printer halted. kill() called !!"),
    temperatures=" T:{t:.1f} /{tt:.1f} B:{b:.1f} /{bt:.1f} @:{tp} B@:{bp}",
    heating="T:{t:.1f} E:0 W:{w}",
    early=(),
    missing=frozenset({"M108", "M154", "M155", "M410", "M486", "M876", "M420"}),
)

PRUSA = replace(
    MARLIN1,
    name="prusa",
    bare_sum="refuse",
    m115="FIRMWARE_NAME:Prusa-Firmware 3.13.2 based on Marlin FIRMWARE_URL:https://github.com/prusa3d/Prusa-Firmware "
    "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Prusa i3 MK3S EXTRUDER_COUNT:1 UUID:00000000-0000-0000-0000-000000000000",
    boot=("start", "echo: 3.13.2-7080", "echo: Last Updated: virtual | Author: (fabthread virtual printer)"),
    capabilities=("AUTOREPORT_TEMP:1", "AUTOREPORT_FANS:1", "AUTOREPORT_POSITION:1", "EXTENDED_M20:1"),
    temperatures=" T:{t:.1f} /{tt:.1f} B:{b:.1f} /{bt:.1f} T0:{t:.1f} /{tt:.1f} @:{tp} B@:{bp} P:0.0 A:{a:.1f}",
    heating="T:{t:.1f} E:0 B:{b:.1f} W:{w}",
    position="X:{x:.2f} Y:{y:.2f} Z:{z:.2f} E:{e:.2f} Count X: {x:.2f} Y:{y:.2f} Z:{z:.2f} E:{e:.2f}",
    action="// action:{text}",
    missing=frozenset({"M154", "M486", "M420"}),
)

KLIPPER_KNOWS = frozenset((
    "G0", "G1", "G2", "G3", "G4", "G10", "G11", "G20", "G21", "G28", "G90", "G91", "G92", "M18", "M20",
    "M21", "M23", "M24", "M25", "M26", "M27", "M73", "M82", "M83", "M84", "M104", "M105", "M106", "M107", "M109",
    "M110", "M112", "M114", "M115", "M117", "M118", "M119", "M140", "M190", "M204", "M220", "M221", "M400",
))  # fmt: skip
"""G-code that Klipper knows without macros of its user's."""

KLIPPER = replace(
    MARLIN2,
    name="klipper",
    m115="FIRMWARE_VERSION:v0.12.0 FIRMWARE_NAME:Klipper",
    boot=(),
    capabilities=(),
    board=Board(receive_buffer=4096, line_buffer=4, line_length=4095, blocks=256, first_move=0.25),
    numbered=False,
    unknown='// Unknown command:"{code}"',
    error="!! {text}",
    killed=("!! {text}", "// Once the underlying issue is corrected, use the", '// "FIRMWARE_RESTART" command.'),
    busy="",
    temperatures="B:{b:.1f} /{bt:.1f} T0:{t:.1f} /{tt:.1f}",
    heating="B:{b:.1f} /{bt:.1f} T0:{t:.1f} /{tt:.1f}",
    position="X:{x:.3f} Y:{y:.3f} Z:{z:.3f} E:{e:.3f}",
    endstops=("x:{x} y:{y} z:{z}",),
    action="// action:{text}",
    planner="klipper",
    chatty=False,
    g90_resets_e=False,
    macros=True,
    strict=True,
    emergency=("M112",),
    early=(),
    known=KLIPPER_KNOWS,
)

REPRAPFIRMWARE = replace(
    MARLIN2,
    name="reprapfirmware",
    m115="FIRMWARE_NAME: RepRapFirmware for Duet 2 WiFi/Ethernet FIRMWARE_VERSION: 3.4.6 ELECTRONICS: Duet WiFi 1.02 "
    "FIRMWARE_DATE: 2023-07-21 14:08:28",
    boot=(),
    capabilities=(),
    board=Board(receive_buffer=256, line_buffer=1, line_length=255, blocks=40, first_move=0.0),
    resend=("Resend: {n}",),
    unknown="{text}: Command is not supported",
    error="Error: {text}",
    killed=("Error: {text}", "Emergency Stop! Reset the controller to continue."),
    busy="",
    temperatures="T:{t:.1f} /{tt:.1f} T0:{t:.1f} /{tt:.1f} B:{b:.1f} /{bt:.1f}",
    heating="T:{t:.1f} /{tt:.1f} T0:{t:.1f} /{tt:.1f} B:{b:.1f} /{bt:.1f}",
    temperatures_on_ok=True,
    position="X:{x:.3f} Y:{y:.3f} Z:{z:.3f} E:{e:.3f} E0:{e:.1f} Count {cx} {cy} {cz} "
    "Machine {x:.3f} {y:.3f} {z:.3f} Bed comp 0.000",
    endstops=("Endstops - X: {x}, Y: {y}, Z: {z}, Z probe: not stopped",),
    endstop_words=("not stopped", "at min stop"),
    chatty=False,
    planner="reprapfirmware",
    g90_resets_e=False,
    emergency=("M112",),
    early=(),
    missing=frozenset({"M113", "M154", "M155", "M876", "M410", "M428", "M420"}),
)

REPETIER = replace(
    MARLIN2,
    name="repetier",
    m115="FIRMWARE_NAME:Repetier_1.0.4 FIRMWARE_URL:https://github.com/repetier/Repetier-Firmware/ "
    "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Mendel EXTRUDER_COUNT:1 REPETIER_PROTOCOL:3",
    boot=("start", "Info:{why}", "Free RAM:3190"),
    capabilities=("PROGRESS:1", "AUTOREPORT_TEMP:1", "EEPROM:1", "TOGGLE_LIGHTS:0", "EMERGENCY_PARSER:0"),
    board=Board(baud=115200, receive_buffer=127, line_buffer=2, line_length=119, seconds_a_line=0.0008),
    repeats="skip",
    lenient=True,
    bare_sum="check",
    eager="all",
    colon_ends=True,
    ok="ok {n}",
    resend=("Resend:{n}", "ok"),
    bad_number="Error:expected line {n} got {got}",
    bad_checksum="Error:Wrong checksum",
    no_checksum="Error:Missing checksum",
    unknown="Unknown command:{text}",
    error="Error:{text}",
    killed=("fatal:{text}",),
    busy="busy:{why}",
    waiting="wait",
    temperatures="T:{t:.2f} /{tt:.0f} B:{b:.2f} /{bt:.0f} B@:{bp} @:{tp}",
    heating="T:{t:.2f} /{tt:.0f} B:{b:.2f} /{bt:.0f} B@:{bp} @:{tp}",
    temperatures_on_ok=False,
    position="X:{x:.2f} Y:{y:.2f} Z:{z:.3f} E:{e:.4f}",
    endstops=("endstops hit: x_min:{x} y_min:{y} z_min:{z}",),
    endstop_words=("L", "H"),
    chatty=False,
    g90_resets_e=False,
    emergency=(),
    early=("M112",),
    missing=frozenset({"M410", "M876", "M486", "M420"}),
)

SMOOTHIE = replace(
    MARLIN2,
    name="smoothie",
    m115="FIRMWARE_NAME:Smoothieware, FIRMWARE_URL:http%3A//smoothieware.org, X-SOURCE_CODE_URL:https://github.com/"
    "Smoothieware/Smoothieware, FIRMWARE_VERSION:edge-3e8e5ba, X-FIRMWARE_BUILD_DATE:virtual",
    boot=("Smoothie", "ok"),
    capabilities=(),
    board=Board(receive_buffer=256, line_buffer=1, line_length=255, blocks=32, seconds_a_line=0.0001),
    repeats="refuse",
    lenient=True,
    eager="moves",
    answers_empty=True,
    resend=("rs N{n}",),
    bad_number="",
    bad_checksum="",
    no_checksum="",
    unknown="",
    error="error:{text}",
    killed=("!! {text}", "!!"),
    busy="",
    temperatures="T:{t:.1f} /{tt:.1f} @{tp} B:{b:.1f} /{bt:.1f} @{bp}",
    heating="T:{t:.1f} /{tt:.1f} @{tp} B:{b:.1f} /{bt:.1f} @{bp}",
    position="C: X:{x:.4f} Y:{y:.4f} Z:{z:.4f} E:{e:.4f}",
    endstops=("min_x:{x} min_y:{y} min_z:{z}",),
    endstop_words=("0", "1"),
    chatty=False,
    g90_resets_e=False,
    emergency=("M112",),
    early=(),
    missing=frozenset({"M113", "M154", "M155", "M876", "M410", "M108", "M486", "M420"}),
)

PERSONALITIES: dict[str, Personality] = {
    p.name: p for p in (MARLIN2, MARLIN1, MARLIN0, PRUSA, KLIPPER, REPRAPFIRMWARE, REPETIER, SMOOTHIE)
}
"""Every firmware by its name."""


def personality(name: str) -> Personality:
    """Return a firmware by name; raise `VirtualError` where there is none."""
    if name not in PERSONALITIES:
        raise VirtualError(f"no firmware called {name!r}: there are {', '.join(PERSONALITIES)}")
    return PERSONALITIES[name]
