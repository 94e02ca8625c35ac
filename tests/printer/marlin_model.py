"""A second, tiny reading of how Marlin takes lines, for tests of the link: bytes, buffers, numbers, refusals.

It knows nothing of `printer.protocol`, and only what queue.cpp says: a receive buffer that overflows, a line buffer
that is read only while no command runs, a refusal that empties the receive buffer, an `ok` for each line that is taken.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import reduce
from operator import xor


@dataclass
class Marlin:
    """One firmware; `taken` are the numbered lines it took, `loose` those it executed without a number."""

    rx_size: int = 128
    lines: int = 4
    silent_duplicates: bool = True  # 2.1: the last two numbers are dropped without a word
    resend_ok: bool = True
    advanced_ok: bool = False
    cost: float = 0.0005  # seconds for a move
    baud: int = 115200
    latency: float = 0.0005
    last: int = 0
    taken: list[tuple[int, str]] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    rx: bytearray = field(default_factory=bytearray)
    line: bytearray = field(default_factory=bytearray)
    queue: deque[tuple[int | None, str]] = field(default_factory=deque)
    wire: deque[tuple[float, int]] = field(default_factory=deque)
    replies: deque[tuple[float, bytes]] = field(default_factory=deque)
    running: tuple[float, int | None, str] | None = None
    lost: int = 0
    time: float = 0.0
    wire_free: float = 0.0
    deepest: int = 0

    def write(self, data: bytes, now: float) -> None:
        """Put bytes on the wire at `now`."""
        at = max(now, self.wire_free)
        for byte in data:
            at += 10 / self.baud
            self.wire.append((at + self.latency, byte))
        self.wire_free = at

    def next_event(self) -> float:
        """Return when something happens next."""
        times = [self.replies[0][0]] if self.replies else []
        times += [self.wire[0][0]] if self.wire else []
        times += [self.running[0]] if self.running else []
        return min(times, default=float("inf"))

    def advance(self, until: float) -> bytes:
        """Live until `until`; return what has reached the host by then."""
        while True:
            arrival = self.wire[0][0] if self.wire else float("inf")
            done = self.running[0] if self.running else float("inf")
            at = min(arrival, done)
            if at > until:
                break
            self.time = at
            if done <= arrival:
                _, number, text = self.running
                self.running = None
                self._finish(number, text)
            else:
                byte = self.wire.popleft()[1]
                if len(self.rx) < self.rx_size - 1:
                    self.rx.append(byte)
                else:
                    self.lost += 1
            self._loop()
        self.time = until
        out = b""
        while self.replies and self.replies[0][0] <= until:
            out += self.replies.popleft()[1]
        return out

    def say(self, text: str) -> None:
        free = max([self.time, *(t - self.latency for t, _ in list(self.replies)[-1:])])
        self.replies.append((free + 10 / self.baud * (len(text) + 1) + self.latency, text.encode("latin-1") + b"\n"))

    def _loop(self) -> None:
        while self.running is None:
            self.deepest = max(self.deepest, len(self.rx))
            while self.rx and len(self.queue) < self.lines:
                byte = self.rx.pop(0)
                if byte not in b"\r\n":
                    if len(self.line) < 95:
                        self.line.append(byte)
                elif self.line:
                    text, self.line = self.line.decode("latin-1"), bytearray()
                    self._take(text.split(";")[0])
            if not self.queue:
                return
            number, text = self.queue[0]
            self.running = (self.time + self._cost(text), number, text)

    def _cost(self, text: str) -> float:
        if text.startswith("G4 P"):
            return float(text[4:]) / 1000
        return self.cost if text.startswith("G1") else 1e-5

    def _take(self, text: str) -> None:
        text = text.lstrip(" ")
        if not text:
            return
        if text[0] != "N":
            self.queue.append((None, text))
            return
        reset = "M110" in text
        head = text[text.index("N", 5) :] if reset and "N" in text[5:] else text
        number = _leading_int(head[1:])
        body, star, check = text.rpartition("*")
        if not reset and number != self.last + 1:
            if not (self.silent_duplicates and number in (self.last - 1, self.last)):
                self._refuse("Line Number is not Last Line Number+1")
        elif not star:
            self._refuse("No Checksum with line number")
        elif _leading_int(check) != reduce(xor, body.encode("latin-1"), 0):
            self._refuse("checksum mismatch")
        else:
            self.last = number
            self.queue.append((number, body.split(" ", 1)[1] if " " in body else ""))

    def _refuse(self, why: str) -> None:
        self.say(f"Error:{why}, Last Line: {self.last}")
        self.rx.clear()
        self.line.clear()
        self.say(f"Resend: {self.last + 1}")
        if self.resend_ok:
            self.say("ok")

    def _finish(self, number: int | None, text: str) -> None:
        command = text.split("*")[0].split(" ")[0]
        tail = ""
        if command == "M105":
            tail = " T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0"
        elif command == "M115":
            self.say("FIRMWARE_NAME:Marlin 2.1.2.4 (Mar 14 2024) PROTOCOL_VERSION:1.0 MACHINE_TYPE:model")
            self.say("Cap:AUTOREPORT_TEMP:0")
        elif not command[:1] or command[0] not in "GMT" or not command[1:].isdigit():
            self.say(f'echo:Unknown command: "{text}"')
            command = ""
        if number is None:
            if command and command != "M105":
                self.loose.append(text)
        elif command not in ("M105", "M110", "M0113", "M115"):
            self.taken.append((number, text))
        if self.advanced_ok and not tail:
            tail = (f" N{number}" if number is not None else "") + f" P15 B{self.lines - len(self.queue)}"
        self.queue.popleft()
        self.say("ok" + tail)


def _leading_int(text: str) -> int:
    digits = ""
    for k, c in enumerate(text.lstrip(" ")):
        if not (c.isdigit() and c.isascii()) and not (k == 0 and c in "+-"):
            break
        digits += c
    return int(digits) if digits.strip("+-") else 0
