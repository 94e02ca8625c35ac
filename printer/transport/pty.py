"""A printer behind a pseudo-terminal: Klipper's /tmp/printer, or a virtual printer. Not on Windows, which has none."""

from __future__ import annotations

import os

from printer.clock import Clock, WallClock
from printer.errors import LinkBusy, LinkLost, NoPrinter
from printer.transport.base import CHUNK, held, lost, readable

PATIENCE = 5.0
"""Seconds to wait for a peer that takes no data."""


class PtyTransport:
    """The slave side of a pseudo-terminal, by its path."""

    baud = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import fcntl
        import tty

        self.name = os.fspath(path)
        self.clock: Clock = WallClock()
        try:
            self._fd = os.open(self.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise NoPrinter(f"cannot open {self.name}: {error.strerror}") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as pyserial does with ports
            tty.setraw(self._fd)
        except BlockingIOError:
            self.close()
            raise LinkBusy(held(self.name)) from None
        except Exception as error:  # termios.error, which Windows does not know
            self.close()
            raise NoPrinter(f"{self.name} is not a terminal: {error}") from None

    def write(self, data: bytes) -> None:
        """Send at once; a peer that takes nothing for a while is lost."""
        deadline = self.clock.now() + PATIENCE
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                if self.clock.now() > deadline:
                    raise LinkLost(f"{self.name} takes no more data: the device hangs") from None
                self.clock.sleep(0.001)
            except OSError as error:
                raise lost(self.name, error) from None

    def read(self, timeout: float) -> bytes:
        """Return what has come."""
        try:
            if not readable(self._fd, timeout):
                return b""
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise lost(self.name, error) from None
        if not data:
            raise lost(self.name, "the other side closed it")
        return data

    def close(self) -> None:
        """Close the terminal."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
