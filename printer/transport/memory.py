"""A virtual printer in this process: no threads, no wall clock, the same bytes at the same times in every run.

The printer's clock advances while the host waits: inside `read`, to the first byte that comes or by the timeout.
"""

from __future__ import annotations

from typing import Protocol

from printer.errors import LinkLost


class Device(Protocol):
    """The part of `virtual.VirtualPrinter` that a transport needs."""

    @property
    def now(self) -> float:
        """The seconds it has lived."""

    @property
    def connected(self) -> bool:
        """Whether its cable is plugged in."""

    def write(self, data: bytes, now: float) -> None:
        """Take bytes that arrive on its side at `now`."""

    def advance(self, until: float) -> bytes:
        """Live until `until`, or until it has said something."""


class DeviceClock:
    """The virtual printer's own time; what it says while somebody sleeps is kept for the next `read`."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.heard = b""

    def now(self) -> float:
        """Return the printer's time."""
        return self._device.now

    def sleep(self, seconds: float) -> None:
        """Let the printer live."""
        until = self._device.now + max(seconds, 0.0)
        while self._device.now < until:
            self.heard += self._device.advance(until)


class MemoryTransport:
    """A virtual printer, called directly."""

    def __init__(self, device: Device, baud: int | None = None) -> None:
        self.name, self.baud = "virtual printer", baud
        self.clock = DeviceClock(device)
        self._device: Device | None = device

    def write(self, data: bytes) -> None:
        """Put bytes on the wire."""
        device = self._alive()
        device.write(data, device.now)

    def read(self, timeout: float) -> bytes:
        """Return what the printer says first within `timeout` seconds of its time."""
        device, heard = self._alive(), self.clock.heard
        if heard:
            self.clock.heard = b""
            return heard
        heard = device.advance(device.now + max(timeout, 0.0))
        if not heard:
            self._alive()
        return heard

    def close(self) -> None:
        """Let go of the printer, which lives on."""
        self._device = None

    def _alive(self) -> Device:
        if self._device is None:
            raise LinkLost("the connection to the virtual printer is closed")
        if not self._device.connected:
            raise LinkLost("the virtual printer is unplugged")
        return self._device
