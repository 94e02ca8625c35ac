"""Commands by what they may do to a machine: tables, no code that asks which firmware it is.

A print job moves, heats, blows and waits. What reaches beyond the job (settings, files, firmware, guards) does not
belong into a file that is printed every day.
"""

from __future__ import annotations

import re

FIRMWARE = {
    "M997": "updates the firmware",
    "M112": "is the emergency stop",
    "M410": "stops all motion at once and loses the position",
    "M524": "aborts the print",
    "M999": "restarts the controller",
    "FIRMWARE_RESTART": "restarts the firmware",
    "RESTART": "restarts the firmware",
    "SAVE_CONFIG": "rewrites the configuration and restarts the firmware",
    "RUN_SHELL_COMMAND": "runs a program on the host",
}
"""They end the print, or do worse."""

STORED = {
    "M500": "saves settings to the EEPROM",
    "M501": "replaces settings by those in the EEPROM",
    "M502": "resets all settings to those of the factory",
    "M504": "validates or wipes the EEPROM",
    "M505": "changes the directory of the configuration",
    "M550": "renames the machine",
    "M551": "changes the password",
    "M552": "changes the network",
    "M553": "changes the network",
    "M554": "changes the network",
    "M587": "stores a wireless network",
    "M588": "forgets wireless networks",
    "M589": "changes the wireless network",
}
"""They outlive the print."""

UNGUARDED = {
    "M85": "switches off what turns an idle machine off",
    "M87": "switches off what cools an idle nozzle",
    "M143": "changes the temperature at which heaters are cut off",
    "M308": "redefines a temperature sensor",
    "M562": "clears a heater's fault",
    "M570": "changes when a heater counts as faulty",
    "M950": "redefines heaters, fans and pins",
    "M42": "drives a pin directly",
    "M302": "allows extrusion through a cold nozzle",
    "M211": "switches the soft end stops off",
    "M564": "allows moves beyond the axes' limits or before homing",
    "FORCE_MOVE": "moves a motor beyond all limits",
    "SET_KINEMATIC_POSITION": "tells the machine that it is where it is not",
    "SET_PIN": "drives a pin directly",
    "MANUAL_STEPPER": "moves a motor beyond all limits",
}
"""They take away what protects machine and person. Some only with certain words, see `DISARMS`."""

DISARMS = {
    "M85": re.compile(r"S0*(\.0*)?\s*$", re.I),
    "M302": re.compile(r"^(?=.*[SP])(?!.*S0*[1-9]\d\d)(?!.*P0)", re.I),  # S0 or P1; a bare M302 asks
    "M211": re.compile(r"\bS0\b", re.I),
    "M564": re.compile(r"[HS]\s*0\b", re.I),
    "SET_PIN": re.compile(r"PIN\s*=\s*\S*(heater|extruder|bed|hotend)", re.I),
    "M562": re.compile(r""),
}
"""What the rest of the line must hold for a command of `UNGUARDED` to be one; commands that are not here always are."""

CALIBRATION = {
    "M92": "changes the steps of a millimetre",
    "M206": "moves the origin",
    "M301": "changes the nozzle's heater control",
    "M304": "changes the bed's heater control",
    "M306": "changes the heater's model",
    "M307": "changes a heater's model",
    "M303": "tunes a heater, which takes minutes and overwrites its settings",
    "M428": "moves the origin",
    "M569": "changes a motor driver",
    "M574": "changes the end stops",
    "M584": "reassigns motor drivers",
    "M665": "changes the geometry of the machine",
    "M666": "changes the geometry of the machine",
    "M851": "changes the height of the probe",
    "M906": "changes a motor's current",
    "M913": "changes a motor's current",
    "PID_CALIBRATE": "tunes a heater, which takes minutes",
    "Z_OFFSET_APPLY_PROBE": "changes the height of the probe",
    "Z_OFFSET_APPLY_ENDSTOP": "changes the height of the bed",
}
"""They change what later prints rely on."""

FILES = {
    "M28": "writes what follows into a file instead of printing it",
    "M30": "deletes a file",
    "M32": "starts another file",
    "M23": "chooses another file",
    "M26": "jumps within the file",
    "M471": "renames a file",
    "M472": "deletes a file",
    "M560": "uploads a web page",
    "M928": "logs to a file",
    "SDCARD_PRINT_FILE": "starts another file",
    "SDCARD_RESET_FILE": "ends the print",
}
"""They touch files, this one's printing included."""

POWER = {"M81": "switches the power off"}
MOTORS_OFF = ("M18", "M84", "M17.1", "DISABLE_STEPPERS")
"""Without axes all motors: the position is lost."""


def _numbers(text: str) -> frozenset[int]:
    """Return the numbers of `1-3 7` and the like."""
    found: set[int] = set()
    for word in text.split():
        first, _, last = word.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


SPOKEN = {
    "marlin": {
        "G": _numbers("0-12 17-21 26-35 38 42 53-61 76 80 90-92 425"),
        "M": _numbers(
            "0 1 3-5 7-11 16-18 20-34 42 43 48 73 75-78 80-87 92 100 102 104-126 128 129 140 141 143 145 149 150 154 "
            "155 163-166 190-193 200-211 217 218 220 221 226 240 250 255 256 260 261 280-282 290 300-309 350 351 355 "
            "360-364 380 381 400-407 410-413 420-423 425 428 430 486 493 500-505 510-512 524 540 550-554 569 575 592 "
            "593 600-603 605 665 666 672 701 702 710 808 810-820 851 852 860-869 871 876 900 906-919 928 951 993-995 "
            "997 999"
        ),
    },
    "klipper": {
        "G": _numbers("0-4 10 11 17-19 20 21 28 29 90-92"),
        "M": _numbers("17 18 20-27 73 82-84 104-107 109 110 112 114 115 117-119 140 190 204 220 221 226 400 486"),
    },
    "reprapfirmware": {
        "G": _numbers("0-4 10 11 17-22 28-32 38 53-60 68 69 73 90-94"),
        "M": _numbers(
            "0-5 17-32 36-39 42 73 80-84 92 98-122 135 140-144 150 190 191 200-208 220 221 226 260-263 280 290-293 "
            "300-309 350 374-376 400-409 420 450-454 470-472 486 500-509 540 550-600 650 651 665-675 701-703 750-756 "
            "851 870 900 905 906 911-918 929 950-959 970 997-999"
        ),
    },
}
"""The numbers that each firmware knows (documentation of Marlin 2.1, Klipper and RepRapFirmware 3.5)."""

KLIPPER_WORDS = frozenset(
    (
        "EXCLUDE_OBJECT", "EXCLUDE_OBJECT_DEFINE", "EXCLUDE_OBJECT_START", "EXCLUDE_OBJECT_END",
        "SET_VELOCITY_LIMIT", "SET_PRESSURE_ADVANCE", "SET_FAN_SPEED", "SET_HEATER_TEMPERATURE", "TEMPERATURE_WAIT",
        "TURN_OFF_HEATERS", "SET_DISPLAY_TEXT", "SET_GCODE_OFFSET", "SAVE_GCODE_STATE", "RESTORE_GCODE_STATE",
        "SET_GCODE_VARIABLE", "SET_PRINT_STATS_INFO", "TIMELAPSE_TAKE_FRAME", "SET_RETRACTION", "GET_POSITION",
        "STATUS", "SET_SKEW", "SET_STEPPER_ENABLE", "RESPOND", "SAVE_VARIABLE", "SET_LED", "SET_SERVO",
        "SET_IDLE_TIMEOUT", "SYNC_EXTRUDER_MOTION", "ACTIVATE_EXTRUDER",
        "PAUSE", "RESUME", "CLEAR_PAUSE", "BED_MESH_PROFILE", "BED_MESH_CLEAR", "SET_INPUT_SHAPER",
        *FIRMWARE, *UNGUARDED, *CALIBRATION, *FILES, *MOTORS_OFF,
    )
)  # fmt: skip
"""Klipper's own commands that neither heat nor home."""

CODE = re.compile(r"([GMT])(\d+)")


def is_macro(name: str) -> bool:
    """Tell whether a name is a word rather than a letter and a number.

    >>> is_macro("PRINT_START"), is_macro("M862.3")
    (True, False)
    """
    return CODE.match(name) is None


def is_known(name: str, flavour: str) -> bool:
    """Tell whether a firmware knows a command; of Klipper's macros only its own are known.

    >>> is_known("M104", "marlin"), is_known("M620", "marlin"), is_known("PAUSE", "klipper"), is_known("T1", "marlin")
    (True, False, True, True)
    """
    if found := CODE.match(name):
        return found[1] == "T" or int(found[2]) in SPOKEN[flavour][found[1]]
    return flavour == "klipper" and name in KLIPPER_WORDS


def hides_motion_and_heat(name: str, flavour: str) -> bool:
    """Tell whether a command runs a macro of the machine, whose heating and homing a file does not show."""
    if flavour == "reprapfirmware":
        return name == "M98"
    return flavour == "klipper" and is_macro(name) and name not in KLIPPER_WORDS
