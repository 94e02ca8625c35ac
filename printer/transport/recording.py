r"""A session written down, and played again.

One chunk a line: seconds since the start, `>` to the printer or `<` from it, and the bytes as Python escapes.

    fabthread session 1
    0.000000 > N0 M110 N0*125\n
    0.004213 < ok\n
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from printer.errors import SessionMismatch, StoreError
from printer.transport.base import Transport

HEAD = "fabthread session 1"

PATIENCE = 60.0
"""Seconds of the session's own time after which a host that says nothing is not the one that was recorded."""


class Recorder:
    """A transport that writes down everything that passes through another one."""

    def __init__(self, transport: Transport, log: TextIO) -> None:
        self.name, self.baud, self.clock = transport.name, transport.baud, transport.clock
        self._transport, self._log, self._start = transport, log, transport.clock.now()
        log.write(HEAD + "\n")

    def write(self, data: bytes) -> None:
        """Write down, then send."""
        self._note(">", data)
        self._transport.write(data)

    def read(self, timeout: float) -> bytes:
        """Receive, then write down."""
        data = self._transport.read(timeout)
        self._note("<", data)
        return data

    def close(self) -> None:
        """Close the transport; the log is its owner's."""
        self._transport.close()
        self._log.flush()

    def _note(self, way: str, data: bytes) -> None:
        if data:
            self._log.write(f"{self.clock.now() - self._start:.6f} {way} {_escaped(data)}\n")


class SessionClock:
    """The time of a session that is played again: it passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return the seconds since the session began."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += max(seconds, 0.0)


class Replayer:
    """A transport that plays the printer's part of a session and holds the host to its own.

    Raises `SessionMismatch` where the host sends anything else, says nothing for a minute of the session's time, or
    closes before the end.
    """

    baud = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = f"session {os.fspath(path)}"
        self.clock = SessionClock()
        self._chunks = load(path)
        self._at = 0
        self._said = b""  # by the host, of what the chunk at hand expects
        self._heard = 0.0  # when anything passed last

    def write(self, data: bytes) -> None:
        """Compare with what the host said when the session was recorded."""
        self._said += data
        while self._said:
            time, way, expected = self._chunks[self._at] if self._at < len(self._chunks) else (0.0, "<", b"the end")
            if way == "<" or not (expected.startswith(self._said) or self._said.startswith(expected)):
                raise SessionMismatch(f"{self.name}, chunk {self._at + 1}: expected {expected!r}, sent {self._said!r}")
            if len(self._said) < len(expected):
                return
            self._said = self._said[len(expected) :]
            self._pass(time)

    def read(self, timeout: float) -> bytes:
        """Return what the printer said next, when its time has come and everything before it was sent."""
        until = self.clock.now() + max(timeout, 0.0)
        if self._at < len(self._chunks):
            time, way, data = self._chunks[self._at]
            if way == "<" and time <= until:
                self._pass(time)
                return data
            if way == ">" and until - max(time, self._heard) > PATIENCE:
                raise SessionMismatch(f"{self.name}, chunk {self._at + 1}: the host never sent {data!r}")
        self.clock.time = until
        return b""

    def close(self) -> None:
        """End the session; nothing may be left of it."""
        at, self._at = self._at, len(self._chunks)
        if at < self._at:
            _, way, data = self._chunks[at]
            raise SessionMismatch(f"{self.name}: closed before chunk {at + 1} of {self._at}: {way} {data!r}")

    def _pass(self, time: float) -> None:
        """Go on to the next chunk."""
        self.clock.time = self._heard = max(self.clock.time, time)
        self._at += 1


def load(path: str | os.PathLike[str]) -> list[tuple[float, str, bytes]]:
    """Return the chunks of a session: seconds, `>` or `<`, bytes. Raises `StoreError` naming the line that is none."""
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read the session {os.fspath(path)}: {error}") from None
    if not lines or lines[0] != HEAD:
        raise StoreError(f"{os.fspath(path)} is not a recorded session: it must begin with {HEAD!r}")
    return [_chunk(line, number, path) for number, line in enumerate(lines[1:], 2)]


def _chunk(line: str, number: int, path: str | os.PathLike[str]) -> tuple[float, str, bytes]:
    """Return one chunk from its line."""
    try:
        time, way, text = line.split(" ", 2)
        if way not in "<>":
            raise ValueError(way)
        return float(time), way, text.encode("ascii").decode("unicode_escape").encode("latin-1")
    except ValueError:
        raise StoreError(f"{os.fspath(path)}, line {number}: not a chunk of a session: {line[:80]!r}") from None


def _escaped(data: bytes) -> str:
    """Return bytes as printable ASCII."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")
