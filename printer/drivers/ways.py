"""From an entry in the user's files to a driver that is connected."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from printer.config import Printer, Secret
from printer.drivers.base import Remote
from printer.drivers.local import Local
from printer.errors import ConfigError
from printer.firmware import FIRMWARES, UNKNOWN, Firmware
from printer.sequences import Policy
from printer.transport.base import Transport

if TYPE_CHECKING:
    from printer.virtual import VirtualPrinter

CABLE = 4096
"""Bytes on their way to a virtual printer that nobody watches."""

PATIENCE_S = 2.0
"""Seconds of its time in which it need not be asked whether it takes its lines."""

REMOTE = ("octoprint", "moonraker", "prusalink")


def connect(printer: Printer, secret: Secret, pace: float = 1.0) -> Local | Remote:
    """Return the driver of a printer; a server is asked whether it is there, a port is opened when it is needed.

    pace   times as fast as real time that a virtual printer runs
    """
    return remote(printer, secret) if printer.kind in REMOTE else local(printer, pace)


def local(printer: Printer, pace: float = 1.0, through: Callable[[Transport], Transport] | None = None) -> Local:
    """Return the driver of a printer that is driven from here; `through` wraps its transport."""
    virtual, open = printer.kind == "virtual", opener(printer)
    return Local(
        (lambda again: through(open(again))) if through else open,
        name=printer.name,
        firmware=_firmware(printer),
        policy=Policy(park=(printer.park[0], printer.park[1]) if printer.park else None),
        waits=not virtual,
        pack=printer.meatpack,
        buffer=printer.buffer,
        pace=pace if virtual else None,
    )


def opener(printer: Printer) -> Callable[[bool], Transport]:
    """Return what opens the transport of a printer that is driven from here."""
    return {"serial": _serial, "tcp": _tcp, "pty": _pty, "virtual": _virtual}[printer.kind](printer)


def virtual(device: VirtualPrinter, pace: float = inf) -> Local:
    """Return the driver of a virtual printer that one has in one's hands.

    At any pace that can be watched it gets its lines as a real one does. At the greatest, many are on their way if its
    cable is one that loses nothing, and if it tells its temperatures unasked: a question would stand behind them all.
    """
    from printer.transport.memory import MemoryTransport

    hurried, made = pace == inf, device.personality
    many = hurried and not made.board.baud and "AUTOREPORT_TEMP:1" in made.capabilities
    device.patience = PATIENCE_S if hurried else 0.0
    return Local(
        lambda again: MemoryTransport(device),
        name="virtual printer",
        waits=False,
        buffer=CABLE if many else 0,
        lossless=many,
        pace=pace,
    )


def remote(printer: Printer, secret: Secret) -> Remote:
    """Return the driver of a printer behind a server, which is asked whether it is there."""
    if printer.kind == "octoprint":
        from printer.drivers.octoprint import OctoPrint

        return OctoPrint(printer.address, secret)
    if printer.kind == "moonraker":
        from printer.drivers.moonraker import Moonraker

        return Moonraker(printer.address, secret)
    from printer.drivers.prusalink import PrusaLink

    return PrusaLink(printer.address, secret)


def _firmware(printer: Printer) -> Firmware:
    if not printer.firmware:
        return UNKNOWN
    if printer.firmware not in FIRMWARES:
        raise ConfigError(f"printer {printer.name}: no firmware {printer.firmware!r}; there are {', '.join(FIRMWARES)}")
    return FIRMWARES[printer.firmware]


def _serial(printer: Printer) -> Callable[[bool], Transport]:
    from printer.transport.ports import BAUDS, detect
    from printer.transport.serial import SerialTransport

    if printer.address != "auto" and printer.baud:
        return lambda again: SerialTransport(printer.address, printer.baud, reset=printer.reset and not again)

    def search(again: bool) -> Transport:
        paths = None if printer.address == "auto" else [printer.address]
        reset = printer.reset and not again
        return detect(
            lambda path, baud: SerialTransport(path, baud, reset=reset),
            paths,
            [printer.baud] if printer.baud else BAUDS,
        )

    return search


def _tcp(printer: Printer) -> Callable[[bool], Transport]:
    from printer.transport.tcp import TcpTransport

    host, _, port = printer.address.removeprefix("tcp://").rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise ConfigError(f"printer {printer.name}: {printer.address!r} is not HOST:PORT, such as 192.168.1.20:8888")
    return lambda again: TcpTransport(host.strip("[]"), int(port))


def _pty(printer: Printer) -> Callable[[bool], Transport]:
    from printer.transport.pty import PtyTransport

    return lambda again: PtyTransport(printer.address)


def _virtual(printer: Printer) -> Callable[[bool], Transport]:
    from printer.transport.memory import MemoryTransport
    from printer.virtual import VirtualPrinter

    device = VirtualPrinter(printer.address)
    return lambda again: MemoryTransport(device)
