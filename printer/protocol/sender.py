"""Lines from the outbox into the sequence and onto the wire, as the window allows."""

from __future__ import annotations

from collections import deque

from printer import meatpack
from printer.firmware import Firmware
from printer.protocol.framing import frame
from printer.protocol.outbox import Outbox
from printer.protocol.sequence import MARK, Sequence
from printer.protocol.window import Window

HELLO = "M110 N0"
"""Sets the firmware's count of lines to zero."""
WHO = b"M115\n"
"""Asks what the printer is, without a number: it costs nothing, and changes nothing."""
POLL_S = 2.0
"""Between two M105."""
ECHO_S = 0.05
"""Between the answer to an M105 and the next: an answer that comes twice is not taken for the next one's."""
ANSWER_S = 1.0
"""How long an answer may take that comes behind its `ok`."""
_FRAME = 7  # bytes that a frame adds to a line and its number: `N`, a blank, `*`, a sum of three digits, end of line


class Sender:
    """What goes out: `outbox` is what there is to say, `sequence` what was said, `window` how much of it at once."""

    __slots__ = (
        "_asked",
        "_ping_pong",
        "_preface",
        "answered",
        "firmware",
        "leaving",
        "outbox",
        "packing",
        "polled",
        "request",
        "resting",
        "sequence",
        "window",
    )

    def __init__(self, firmware: Firmware, ping_pong: bool, pack: bool = False) -> None:
        self._ping_pong = ping_pong
        self.outbox = Outbox()
        self.packing = self._asked = False
        self.leaving = pack  # who was here before may have packed: the firmware is told not to unpack until it says so
        self.resting = 0  # times that the firmware will say so because it is to understand something urgent
        self.polled = 0.0
        self.answered = float("-inf")  # the last M105
        self.request = b""  # goes out at once, and is no line
        self.firmware = firmware
        self.greet()
        self.adopt(firmware)

    def adopt(self, firmware: Firmware) -> None:
        """Talk as this firmware wants it, carefully at first."""
        self.firmware = firmware
        self.sequence.eager = firmware.eager
        self.window = Window(firmware, self._ping_pong)

    def greet(self) -> Sequence:
        """Begin the sequence with the line that sets the firmware's count to zero, and return it."""
        self.outbox.own.clear()
        self.sequence = Sequence(HELLO, self._framed(0, HELLO), self.firmware.eager)
        self.interrupt()
        return self.sequence

    def interrupt(self) -> None:
        """End whatever the firmware may have read half of, before anything else is sent."""
        self._preface = meatpack.BREAK if self.packing else self.plainly() + b"\n"

    def ask_to_pack(self) -> bool:
        """Ask the firmware to unpack what follows, once; say whether that was done now."""
        asked, self._asked = self._asked, True
        self.request = b"" if asked else meatpack.ON
        self.leaving = asked  # it did not answer, and may have heard it all the same
        return not asked

    def plainly(self) -> bytes:
        """Return what has to go before plain text, so that the firmware takes it as it is."""
        return meatpack.OFF if self.packing or self.leaving else b""

    def unpack(self) -> None:
        """Pack nothing any more, not even what is sent again: a checksum of one byte proves little of packed text."""
        if self.packing:
            self.packing, self.leaving = False, True
            self.sequence.reframe(self._framed)

    def urgent(self, line: str) -> bytes:
        """Return the bytes of a line that passes all others, without a number."""
        data = b"\n%b\n" % line.strip().encode("ascii", "replace")
        self.resting += self.packing
        return meatpack.REST + data + meatpack.GO_ON if self.packing else data

    def write(self, now: float, everything: bool) -> list[bytes]:
        """Return the lines that may go out, as sent; only our own unless `everything`."""
        sequence, window = self.sequence, self.window
        held, unread, top = sequence.held, sequence.unread, sequence.top
        out: list[bytes] = []
        while True:
            if sequence.sent < top:
                if not window.room(held, unread, len(sequence[sequence.sent + 1].data)):
                    break
            else:
                queue = self._next_queue() if everything else self.outbox.own
                if not queue or not window.room(held, unread, len(queue[0]) + len(str(top + 1)) + _FRAME):
                    break
                top += 1
                self._append(queue, top)
            data = sequence.send(now)
            unread += len(data) if held or sequence.eager else 0
            held += 1
            out.append(data)
        return out

    def join(self, lines: list[bytes]) -> bytes:
        """Return lines as they go on the wire."""
        data = self.request + self._preface + b"".join(lines)
        self.sequence.foreign += bool(self._preface) and self.firmware.answers_empty
        self.request = self._preface = b""
        return data

    def poll(self, now: float) -> None:
        """Queue an M105 where it is time for one, or where only its answer can prove the last line."""
        sequence, outbox = self.sequence, self.outbox
        if outbox.own or not sequence.overdue(now - ANSWER_S) or now < self.answered + ECHO_S:
            return
        last = sequence.proven < sequence.latest and sequence.acked == sequence.top and not outbox
        if last or now >= self.polled + POLL_S:
            outbox.own.append(MARK)
            self.polled = now

    def mark(self, now: float) -> bytes:
        """Put an M105 at the end of the sequence, where all before it was sent, and send it."""
        sequence = self.sequence
        if sequence.sent == sequence.top:
            sequence.append(MARK, self._framed(sequence.top + 1, MARK), self.outbox.taken)
        return sequence.send(now)

    def beyond(self) -> bytes:
        """Return a line with a number too high: the firmware refuses it, and says which number it wants."""
        return self._framed(self.sequence.top + 2, MARK)

    def _next_queue(self) -> deque[str]:
        """Return the queue whose turn it is; a line of nothing but comment is done with the line before it."""
        queue = self.outbox.next()
        if queue and not queue[0] and self.outbox.skip_empty():
            self.sequence.lines[-1].job = self.outbox.taken
        return queue

    def _append(self, queue: deque[str], number: int) -> None:
        """Give the first line of a queue its place in the sequence."""
        text = self.outbox.pop(queue)
        data = self._framed(number, text)
        self.sequence.append(text, data, self.outbox.taken, queue is self.outbox.commands)

    def _framed(self, number: int, text: str) -> bytes:
        data = frame(number, text, self.firmware, compact=self.packing)
        return meatpack.pack(data) if self.packing else data
