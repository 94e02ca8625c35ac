"""A printer behind a TCP socket: ESP3D, ser2net, RepRapFirmware's telnet, a virtual printer."""

from __future__ import annotations

import socket

from printer.clock import Clock, WallClock
from printer.errors import NoPrinter
from printer.transport.base import CHUNK, lost

PATIENCE = 5.0
"""Seconds to wait for a connection, or for a peer that takes no data."""


class TcpTransport:
    """One connection; `NoPrinter` where nobody listens."""

    baud = None

    def __init__(self, host: str, port: int) -> None:
        self.name = f"tcp://{host}:{port}"
        self.clock: Clock = WallClock()
        try:
            self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        except (OSError, OverflowError, UnicodeError) as error:  # the last two: a port or name that cannot exist
            reason = getattr(error, "strerror", None) or error
            raise NoPrinter(f"nothing answers at {self.name}: {reason}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Send at once."""
        try:
            self._socket.settimeout(PATIENCE)
            self._socket.sendall(data)
        except OSError as error:
            raise lost(self.name, error) from None

    def read(self, timeout: float) -> bytes:
        """Return what has come."""
        try:
            self._socket.settimeout(max(timeout, 0.0))
            data = self._socket.recv(CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise lost(self.name, error) from None
        if not data:
            raise lost(self.name, "the other side closed it")
        return data

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
