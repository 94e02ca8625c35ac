"""What every way to a printer offers."""

from __future__ import annotations

import select
from typing import Protocol, runtime_checkable

from printer.clock import Clock
from printer.errors import LinkLost

CHUNK = 65536
"""Bytes taken at once at most."""


@runtime_checkable
class Transport(Protocol):
    """Bytes to and from one device, and that device's clock.

    name   what people call it, and find it by again: `/dev/ttyUSB0`, `tcp://HOST:PORT`
    baud   bits a second where there is a real wire, else None
    """

    @property
    def name(self) -> str: ...
    @property
    def baud(self) -> int | None: ...
    @property
    def clock(self) -> Clock: ...

    def write(self, data: bytes) -> None:
        """Hand over `data`; never blocks for long. Raises `LinkLost` where the device is gone."""

    def read(self, timeout: float) -> bytes:
        """Return what has come, at once; `b""` after `timeout` seconds of silence. Raises `LinkLost`."""

    def close(self) -> None:
        """Let go of the device; closing twice is fine."""


def readable(fd: int, timeout: float) -> bool:
    """Return whether a file descriptor has something to read within `timeout` seconds."""
    return bool(select.select([fd], [], [], max(timeout, 0.0))[0])


def held(name: str) -> str:
    """Say that a device is in use, and what to do."""
    return f"{name} is held by another program: close it (another host, a serial monitor) and try again"


def lost(name: str, error: object) -> LinkLost:
    """Return the error that says which device is gone, and why."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return LinkLost(f"the connection to {name} is lost: {reason}")
