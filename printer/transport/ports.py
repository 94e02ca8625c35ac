"""Which port is a printer's, and at what speed it talks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from printer.errors import LinkError, NoPrinter
from printer.transport.base import Transport

VENDORS = {
    0x2C99: "Prusa",
    0x1D50: "Klipper, Duet or Smoothieboard",
    0x2341: "Arduino",
    0x2A03: "Arduino",
    0x0483: "STM32 board",
    0x1EAF: "STM32 board",
    0x2E8A: "RP2040 board",
    0x1A86: "CH340 adapter",
    0x0403: "FTDI adapter",
    0x10C4: "CP210x adapter",
    0x067B: "PL2303 adapter",
    0x16C0: "Teensy",
}
"""USB vendors found on printers' boards, the surest first."""

BAUDS = (115200, 250000, 500000, 1000000, 57600, 230400, 9600)
"""Speeds that firmware is built with, the commonest first."""

PATIENCE = 3.0
"""Seconds that a board gets to boot (after the reset that opening caused) and answer at one speed."""

POLL = 0.5
"""Seconds between two questions."""


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port of this machine; `likely` where its USB vendor makes printers' boards."""

    path: str
    description: str
    likely: bool


def ports() -> list[Port]:
    """Return the serial ports of this machine, likely printers first."""
    from serial.tools.list_ports import comports

    order = {vendor: place for place, vendor in enumerate(VENDORS)}
    found = [p for p in comports() if p.vid is not None or "Bluetooth" not in (p.description or "")]
    found.sort(key=lambda p: (order.get(p.vid, len(order)) if p.vid else 2 * len(order), p.device))
    return [
        Port(p.device, VENDORS.get(p.vid, p.description) if p.vid else p.description, p.vid in order) for p in found
    ]


def detect(
    open_port: Callable[[str, int], Transport], paths: Sequence[str] | None = None, bauds: Sequence[int] = BAUDS
) -> Transport:
    """Return an open transport to the first port and speed at which something answers like a printer.

    Parameters
    ----------
    open_port : opens a path at a speed, as `SerialTransport` does
    paths : where to look; the likely ports of this machine, or all where none is

    Raises `NoPrinter` saying what was wrong with each, and `LinkBusy` where the only one is held by another program.
    """
    known = ports() if paths is None else []
    wanted = paths if paths is not None else [p.path for p in known if p.likely] or [p.path for p in known]
    wrong: list[str] = []
    for path in wanted:
        try:
            for baud in bauds:
                transport = open_port(path, baud)
                if answers(transport):
                    return transport
                transport.close()
        except LinkError as error:
            if len(wanted) == 1:
                raise
            wrong.append(str(error))
        else:
            wrong.append(f"{path} does not answer at {', '.join(map(str, bauds))} baud")
    what = "; ".join(wrong) or "this computer has no serial port"
    raise NoPrinter(f"no printer found: {what}. Is it switched on and plugged in?")


def answers(transport: Transport, patience: float = PATIENCE) -> bool:
    """Return whether something at the other end speaks like a printer's firmware; asks until it does."""
    clock, heard = transport.clock, b""
    start = asked = clock.now()
    try:
        while clock.now() - start < patience:
            if clock.now() >= asked:
                transport.write(b"\nM105\n")
                asked = clock.now() + POLL
            heard = (heard + transport.read(POLL / 2))[-4096:]
            if _like_firmware(heard):
                return True
    except LinkError:
        pass
    return False


def _like_firmware(heard: bytes) -> bool:
    """Return whether a line among the bytes is one that only firmware says; a wrong speed gives noise instead."""
    lines = heard.replace(b"\r", b"\n").split(b"\n")[:-1]
    return any(line.strip() in (b"ok", b"start", b"wait") or line.strip().startswith((b"ok ", b"T:")) for line in lines)
