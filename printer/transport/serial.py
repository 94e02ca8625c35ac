"""A printer behind a serial port, through pyserial."""

from __future__ import annotations

import os
from contextlib import suppress

from printer.clock import Clock, WallClock
from printer.errors import LinkBusy, LinkLost, NoPrinter
from printer.transport.base import held, lost

PATIENCE = 5.0
"""Seconds to wait for a device that takes no data."""


class SerialTransport:
    """One port, held exclusively, with the driver's latency as low as it goes.

    reset   what opening does to boards that reset when DTR rises (most of those with an AVR): True lets them, and a
            `start` follows; False keeps DTR low and tells the system to leave it so, which saves a running print
    """

    def __init__(self, port: str, baud: int = 115200, *, reset: bool = True) -> None:
        import serial

        self.name, self.baud = port, baud
        self.clock: Clock = WallClock()
        self._port = made = serial.Serial()
        made.port, made.baudrate, made.timeout, made.write_timeout = port, baud, 0, PATIENCE
        made.dtr = reset
        if os.name == "posix":
            made.exclusive = True
        try:
            made.open()
        except (serial.SerialException, OSError, ValueError) as error:
            raise _refused(port, error) from None
        if not reset:
            _keep_line_down(made.fileno())
        with suppress(NotImplementedError, ValueError, OSError, AttributeError):  # not every driver knows it
            made.set_low_latency_mode(True)

    def write(self, data: bytes) -> None:
        """Hand over to the driver."""
        import serial

        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            raise LinkLost(f"{self.name} takes no more data: the device hangs") from None
        except (OSError, TypeError) as error:  # TypeError: pyserial's own, where another thread closed the port
            raise lost(self.name, error) from None

    def read(self, timeout: float) -> bytes:
        """Return what has come."""
        try:
            self._port.timeout = max(timeout, 0.0)
            first = bytes(self._port.read(1))
            return first + bytes(self._port.read(self._port.in_waiting)) if first else b""
        except (OSError, TypeError) as error:
            raise lost(self.name, error) from None

    def close(self) -> None:
        """Close the port."""
        with suppress(OSError):
            self._port.close()


def _refused(port: str, error: Exception) -> LinkBusy | NoPrinter:
    """Return the error that says why a port cannot be opened."""
    text = str(error).lower()
    if "busy" in text or "exclusive" in text or "access is denied" in text or "lock" in text:
        return LinkBusy(held(port))
    if "permission" in text:
        return NoPrinter(f"no permission for {port}: add yourself to the group that owns it (often `dialout`)")
    if "no such file" in text or "cannot find" in text:
        return NoPrinter(f"cannot open {port}, it is not there: see `fabthread printers list` for the ports there are")
    if "ioctl" in text or "could not configure" in text:
        return NoPrinter(f"cannot open {port}: it is no serial port")
    return NoPrinter(f"cannot open {port}: {error}")


def _keep_line_down(fd: int) -> None:
    """Tell a POSIX system to leave DTR alone when the port is opened and closed."""
    with suppress(ImportError, OSError):
        import termios

        mode = termios.tcgetattr(fd)
        mode[2] &= ~termios.HUPCL
        termios.tcsetattr(fd, termios.TCSANOW, mode)
