"""A printer that does not exist, but behaves like one: for dry runs, demonstrations and tests.

printer.py         VirtualPrinter: wire, clock, faults and record
firmware.py        the loop that reads lines and runs commands
upkeep.py          what it does meanwhile: heaters, reports, keep-alive; reports.py words them
lines.py           from bytes to commands: numbers, checksums, comments
commands*.py       what each command does
personalities.py   Marlin, Prusa, Klipper, RepRapFirmware, Repetier, Smoothie as data
motion.py          motors and the record of what they did; the planner is a kernel
thermal.py         heaters, sensors, regulators and their protection
uart.py            the wire, and what it loses
sdcard.py, eeprom.py
faults.py          what can go wrong, as a table; mischief.py does it
servers.py         the same over a pseudo-terminal or TCP, in real time
"""

from printer.virtual.faults import FAULTS, Fault
from printer.virtual.personalities import PERSONALITIES, Board, Personality
from printer.virtual.printer import VirtualPrinter

__all__ = ["FAULTS", "PERSONALITIES", "Board", "Fault", "Personality", "VirtualPrinter"]
