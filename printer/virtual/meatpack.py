"""MeatPack as firmware unpacks it: two characters in a byte, at the moment in which they are read from the wire.

The wire and its receive buffer carry packed bytes; what overflows or is garbled there are packed bytes too. Facts:
Marlin's feature/meatpack.cpp.

    FF FF command     packing on, off, reset; an E instead of the blank or not; a query. Each is answered by a line
    high|low          two characters of the table, the low half first; 15 announces a whole byte
    \\n|...            an end of line in the low half: the high one is filling
"""

from __future__ import annotations

import re
from copy import copy
from math import inf

from printer.virtual.uart import Uart

TABLE, COMPACT_TABLE = b"0123456789. \nGX", b"0123456789.E\nGX"
END = re.compile(rb"[\r\n]")
WHOLE = 15
SIGNAL = 0xFF
ENABLE, DISABLE, RESET, QUERY, NO_SPACES, SPACES = 0xFB, 0xFA, 0xF9, 0xF8, 0xF7, 0xF6


class Unpacker:
    """What a firmware remembers between two bytes.

    on, compact     whether it unpacks, and whether E stands for the blank
    """

    __slots__ = ("_command", "_second", "_signals", "_whole", "compact", "on")

    def __init__(self) -> None:
        self.on = self.compact = self._command = False
        self._signals = self._whole = 0
        self._second = b""

    @property
    def plain(self) -> bool:
        """Whether the next byte, if it is no `SIGNAL`, is the character that it stands for."""
        return not (self.on or self._command or self._signals)

    @property
    def state(self) -> str:
        """What is answered to a command."""
        return f"[MP] PV01 {'ON' if self.on else 'OFF'} {'NSP' if self.compact else 'ESP'}"

    def take(self, byte: int) -> tuple[bytes, bool]:
        """Return the characters that a byte completes, and whether it was a command."""
        if byte == SIGNAL:
            self._command, self._signals = self._command or self._signals == 1, 1 - self._signals
            return b"", False
        if self._command:
            self._command = False
            self._obey(byte)
            return b"", True
        before, self._signals = self._signals, 0
        return (self._unpack(SIGNAL) if before else b"") + self._unpack(byte), False

    def _obey(self, command: int) -> None:
        if command == RESET:
            self.__init__()  # type: ignore[misc]
        elif command in (ENABLE, DISABLE):
            self.on = command == ENABLE
        elif command in (NO_SPACES, SPACES):
            self.compact = command == NO_SPACES

    def _unpack(self, byte: int) -> bytes:
        """Return what a byte holds that is no command."""
        if not self.on:
            return bytes((byte,))
        if self._whole:
            self._whole -= 1
            second, self._second = self._second, b""
            return bytes((byte,)) + second
        table = COMPACT_TABLE if self.compact else TABLE
        low, high = byte & 15, byte >> 4
        second = table[high : high + 1]
        if low == WHOLE:
            self._whole, self._second = 1 + (high == WHOLE), second
            return b""
        if table[low] == 10:
            return b"\n"
        self._whole = int(high == WHOLE)
        return table[low : low + 1] + second


def split(unpacker: Unpacker | None, data: bytes) -> tuple[list[bytes], bytes]:
    """Return what a host sends in pieces that are a line or a command each, and what remains.

    `unpacker` follows what the pieces mean; None where nothing is ever packed.
    """
    if unpacker is None or (not unpacker.on and SIGNAL not in data):
        *lines, rest = data.replace(b"\r", b"\n").split(b"\n")
        return [line + b"\n" for line in lines], rest
    pieces, begin = [], 0
    for at, byte in enumerate(data, 1):
        text, command = unpacker.take(byte)
        if command or b"\n" in text:
            pieces.append(data[begin:at])
            begin = at
    return [*pieces, data[begin:]] if begin < len(data) else pieces, b""


class UnpackingUart(Uart):
    """A wire whose lines are unpacked while they are read; `said` are answers to commands among them.

    Until the first `SIGNAL` it is a wire like any other, and as quick.
    """

    def __init__(self, baud: int, latency: float, capacity: int) -> None:
        super().__init__(baud, latency, capacity)
        self._unpacker, self._partial = Unpacker(), b""
        self._awake = False

    def feed(self, data: bytes, now: float) -> float:
        """Put bytes from the host on the wire and return when the last one arrives."""
        self._awake = self._awake or SIGNAL in data
        return super().feed(data, now)

    def take(self) -> bytes:
        """Return the next line as characters; empty where it was a command."""
        if not self._awake:
            return super().take()
        self._unpack(self._cut())
        line, end, rest = self._partial.replace(b"\r", b"\n").partition(b"\n")
        self._partial = rest if end else self._partial
        self._seek()
        return line if end else b""

    def flush(self, now: float) -> None:
        """Lose what arrived by now: it is read, and so unpacked, but kept nowhere."""
        if self._awake:
            self._unpack(b"".join(data for _, data in self._incoming)[self._offset :][: self._arrived(now)])
            self._partial = b""
        super().flush(now)

    def reset(self) -> None:
        """Forget, as a firmware does that starts."""
        self._unpacker, self._partial = Unpacker(), b""
        self._seek()

    def _clean(self, data: bytes) -> bytes:
        return data if self._awake else super()._clean(data)

    def _unpack(self, raw: bytes) -> None:
        if self._unpacker.plain and SIGNAL not in raw:
            self._partial += raw
            return
        for byte in raw:
            text, command = self._unpacker.take(byte)
            self._partial += text
            if command:
                self.said.append(self._unpacker.state)

    def _seek(self, piece: int = 0) -> None:
        """Find the end of the next line or command, from the first unread byte on."""
        if not self._awake:
            return super()._seek(piece)
        ahead, start = self._unpacker, self._offset
        self.line_at = inf
        for piece, (_, data) in enumerate(self._incoming):
            if not ahead.plain or SIGNAL in data:
                ahead = copy(ahead)
            at = _end(ahead, data, start)
            if at >= 0:
                return self._found(piece, at)
            start = 0
        return None


def _end(unpacker: Unpacker, data: bytes, start: int) -> int:
    """Return where the first line or command ends from `start` on, as the unpacker takes it; -1 where none does."""
    if unpacker.plain and SIGNAL not in data:
        found = END.search(data, start)
        return found.start() if found else -1
    for at in range(start, len(data)):
        text, command = unpacker.take(data[at])
        if command or b"\n" in text or b"\r" in text:
            return at
    return -1
