"""What each fault does. `faults.FAULTS` says what they are; here they happen.

A fault that strikes with an incoming line is given that line (or what other faults have left of it) and returns what
arrives instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from printer.kernels.framing import unframe
from printer.virtual.faults import Dice, Fault

if TYPE_CHECKING:
    from printer.virtual.printer import VirtualPrinter

Lines = list[bytes]


def flip(data: bytes, dice: Dice) -> bytes:
    """Return data with one bit of one byte flipped."""
    at = dice.below(len(data))
    return data[:at] + bytes([data[at] ^ (1 << dice.below(8))]) + data[at + 1 :]


def lose(data: bytes, dice: Dice) -> bytes:
    """Return data without one of its bytes."""
    at = dice.below(len(data))
    return data[:at] + data[at + 1 :]


def misnumbered(line: bytes) -> bytes:
    """Return a framed line with another number and a checksum that fits."""
    if not line.startswith(b"N"):
        return line
    number, start, star, _ = unframe(line.rstrip(b"\r\n"))
    if star < start:
        return line
    body = b"N%d %s" % (number + 1, line[start:star])
    total = 0
    for byte in body:
        total ^= byte
    return b"%s*%d\n" % (body, total)


# ---------------------------------------------------------------- bytes to the printer


def _corrupt(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    return [flip(line, printer.schedule.dice) if line else line for line in lines]


def _drop(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    return [lose(line, printer.schedule.dice) if line else line for line in lines]


def _duplicate(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    return lines * 2


def _delay(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.uart.stall(printer.now, float(fault.argument))
    return lines


def _truncate(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    return [line[: len(line) // 2] for line in lines]


def _lose_line(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    return []


def _wrong_number(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    return [misnumbered(line) for line in lines]


# ---------------------------------------------------------------- bytes from the printer


def _reply(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.garbled.append(fault)
    return lines


def _silent(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.silent_until = printer.now + float(fault.argument)
    return lines


GARBLE: dict[str, Callable[[bytes, Dice], bytes]] = {
    "lost-ok": lambda reply, dice: b"",
    "corrupt-reply": flip,
    "drop-reply": lose,
    "truncate-reply": lambda reply, dice: reply[: len(reply) // 2],
    "duplicate-reply": lambda reply, dice: reply * 2,
}
"""What the faults of replies make of the next one; `lost-ok` waits for an ok."""


# ---------------------------------------------------------------- the printer


def _hang(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.hang()
    return lines


def _reset(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.reset()
    return []


def _unplug(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.unplug()
    return []


def _heater(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.heater(fault.argument).broken = True
    return lines


def _sensor(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.heater(fault.argument).sensor = fault.name
    return lines


def _runout(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.filament = False
    return lines


def _stuck(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.motion.planner.run(printer.now)
    printer.motion.stick(fault.argument)
    return lines


def _slow_sd(printer: VirtualPrinter, fault: Fault, lines: Lines) -> Lines:
    printer.card.rate = float(fault.argument)
    return lines


MISCHIEF: dict[str, Callable[[VirtualPrinter, Fault, Lines], Lines]] = {
    "corrupt": _corrupt, "drop": _drop, "duplicate": _duplicate, "delay": _delay, "truncate": _truncate,
    "lose-line": _lose_line, "wrong-number": _wrong_number,
    **dict.fromkeys((*GARBLE, "delay-reply"), _reply), "silent": _silent,
    "hang": _hang, "reset": _reset, "unplug": _unplug, "heater": _heater, "open": _sensor, "short": _sensor,
    "loose": _sensor, "runout": _runout, "stuck": _stuck, "slow-sd": _slow_sd,
}  # fmt: skip
"""What happens, by the fault's name."""
