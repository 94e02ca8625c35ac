"""A link to a printer, without I/O: bytes in, frozen events out, `now` is an argument.

Every line has a place in a sequence (`sequence.py`), and its place is its number on the wire. Since a number never
stands for two texts, the firmware's own check of numbers makes sure that each line is taken once and in order. The
rest is about never standing still and never being fooled:

- a refused line takes the sequence back. Before anything is sent again the line falls quiet, because every line that
  was on its way behind it is refused too, and each refusal empties the firmware's receive buffer
- an `ok` does not say which line it is for, but the temperatures in the `ok` of an M105 do: an M105 with a number of
  its own goes out every other second, and its answer puts the count of `ok`s right, whatever was lost
- silence is answered by such an M105 (a line that is sent twice gets no answer at all from Marlin); and if that stays
  unanswered, by a line whose number is too high, which every firmware refuses, and says which number it wants
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from printer.events import (
    Busy,
    Capabilities,
    Completed,
    Doubted,
    Event,
    Failed,
    Halted,
    Ready,
    Resent,
    Restarted,
    SdStatus,
    Silent,
    Temperatures,
    Trouble,
)
from printer.firmware import PATIENCE_DEFAULT_S, UNKNOWN, Firmware, patience, recognise
from printer.protocol import replies
from printer.protocol.framing import clean, frame
from printer.protocol.sequence import Sequence
from printer.protocol.states import Signal, State, after
from printer.protocol.window import Window

AHEAD = 512
"""Job lines that are worth holding ready."""
LONGEST_REPLY = 4096
"""Bytes of a line from the printer; what is beyond is dropped."""
OPEN_AGAIN_S = 2.0
BOOT_QUIET_S = 0.5  # a booting firmware still talks, and may not listen yet
ANSWER_S = 1.0  # how long M105's answer may take while opening, where the firmware does not mark it
STALL_S, STALL_MOST_S = 0.35, 8.0  # without progress before a probe: the first, and the most
SETTLE_S, SETTLE_MOST_S = 0.02, 0.2  # bounds of the quiet before anything is sent again
NEVER = float("inf")
REFUSALS = 10  # of one line before it is given up
STRANGE = 5  # impossible requests in a row before proof is given up
_FRAME = 14  # bytes that a frame may add to a line
_PROBE = 20  # bytes of a probe
SILENT_S = 5.0  # without a word before it is worth a notice
_TALKING = (State.OPENING, State.ASKING, State.STREAMING)


@dataclass(slots=True)
class Stats:
    """What went over the wire, counted; what the firmware said last about its buffers."""

    lines: int = 0
    bytes: int = 0
    resends: int = 0
    probes: int = 0
    stray_oks: int = 0
    underruns: int = 0
    round_trip_s: float = 0.0
    planner_free: int | None = None
    lines_free: int | None = None


class Link:
    """One session with a printer.

    `firmware` is what is believed before M115 is answered; with `detect`, the answer replaces it. `ping_pong` keeps to
    one line at a time. `poll_s` is the time between two M105.
    """

    def __init__(
        self, firmware: Firmware = UNKNOWN, *, detect: bool = True, ping_pong: bool = False, poll_s: float = 2.0
    ) -> None:
        self.firmware = firmware
        self.stats = Stats()
        self.state = State.CLOSED
        self._detect = detect
        self._ping_pong = ping_pong
        self._poll_s = poll_s
        self._begin(0.0)

    def _begin(self, now: float) -> None:
        self._sequence = Sequence("M110 N0", frame(0, "M110 N0", self.firmware))
        self._window = Window(self.firmware, self._ping_pong)
        self._jobs: deque[str] = deque()
        self._commands: deque[str] = deque()
        self._own: deque[str] = deque()
        self._taken = 0  # job lines that have a place in the sequence
        self._rest = b""  # of a line that has not ended
        self._facts: dict[str, str] = {}
        self._caps: dict[str, bool] = {}
        self._listing = False
        self._error = ""  # the last error, until what belongs to it has come
        self._wanted: int | None = None  # the number that error wants
        self._swallow = False  # the next `ok` belongs to a resend request
        self._stale = 0  # lines on their way that are still to be refused
        self._refused = (-1, 0)  # a line, and how often
        self._strange = 0
        self._surplus = self._explained = 0
        self._break = True  # an end of line goes first: it ends whatever the firmware has half read
        self._doubt = False  # ask at once what the firmware has
        self._beyond = False  # a line with too high a number is on its way
        self._probes = 0  # since the last progress
        self._warned = 0  # of silence: 0 not, 1 long, 2 too long
        self._progress = self._heard = self._wrote = self._polled = now
        self._due = NEVER  # when the state wants to go on by itself

    # what goes in

    def open(self, now: float) -> None:
        """Begin, or begin again: agree on line numbers, ask what the printer is. Forgets all lines."""
        self._begin(now)
        self.state = State.OPENING
        self._due = now + OPEN_AGAIN_S

    def send(self, line: str, now: float = 0.0, *, job: bool = True) -> None:
        """Queue a line; what is not the job's goes first, and gets a `Completed` event.

        Raises `UnsendableLine`.
        """
        text = clean(line, self.firmware)
        if job:
            self._jobs.append(text)
        elif text:
            self._commands.append(text)

    def urgent(self, line: str) -> bytes:
        """Return bytes to write now, past every queue and window: M112, M108, M410, M876."""
        if line.startswith("M112"):
            self.state = after(self.state, Signal.HALT)
        return b"\n%b\n" % line.strip().encode("ascii", "replace")

    def withdraw(self) -> int:
        """Drop the job lines that were queued and not sent; return how many."""
        dropped = len(self._jobs)
        self._jobs.clear()
        return dropped

    def room(self) -> int:
        """Return how many more job lines are worth queueing now."""
        return max(0, AHEAD - len(self._jobs))

    @property
    def acknowledged(self) -> int:
        """The number of job lines that are known to be executed or queued in the firmware."""
        sequence = self._sequence
        return sequence[sequence.proven].job if sequence.proven >= sequence.base else 0

    @property
    def waiting(self) -> int:
        """The number of lines that were sent and have no `ok`."""
        return self._sequence.waiting

    @property
    def idle(self) -> bool:
        """Nothing is queued, and all that was sent is known to have arrived."""
        return not (self._jobs or self._commands or self._own) and self._sequence.proven == self._sequence.top

    # what goes out

    def to_write(self, now: float) -> bytes:
        """Return the bytes that are to go on the wire now."""
        if self.state not in _TALKING:
            return b""
        self._poll(now)
        sequence, window = self._sequence, self._window
        out = self._probe(now) if sequence.waiting and now >= self._stall_due() else []
        waiting, unread, top = sequence.waiting, sequence.unread, sequence.top
        while True:
            if sequence.sent < top:
                if not window.room(waiting, unread, len(sequence[sequence.sent + 1].data)):
                    break
            else:
                queue = self._next_queue()
                if not queue or not window.room(waiting, unread, len(queue[0]) + _FRAME):
                    break
                self._append(queue)
                top += 1
            data = sequence.send(now)
            unread += len(data) if waiting else 0
            waiting += 1
            out.append(data)
        return self._written(out, now) if out else b""

    def _poll(self, now: float) -> None:
        """Queue an M105 where it is time for one, or where only its answer can prove the last line."""
        sequence = self._sequence
        if self.state != State.STREAMING or self._own or sequence.markers:
            return
        unproven = sequence.proven < sequence.acked == sequence.top and not (self._jobs or self._commands)
        if unproven or now >= self._polled + self._poll_s:
            self._own.append("M105")
            self._polled = now

    def _next_queue(self) -> deque[str] | None:
        """Return the queue whose first line is next: our own, then commands, then the job."""
        if self._own or self.state != State.STREAMING:
            return self._own
        if self._commands:
            return self._commands
        jobs = self._jobs
        while jobs and not jobs[0]:  # a line of nothing but comment is done when the line before it is
            jobs.popleft()
            self._taken += 1
            self._sequence.lines[-1].job = self._taken
        return jobs

    def _append(self, queue: deque[str]) -> None:
        """Give the first line of a queue its place in the sequence."""
        text = queue.popleft()
        if queue is self._jobs:
            self._taken += 1
        sequence = self._sequence
        data = frame(sequence.top + 1, text, self.firmware)
        sequence.append(text, data, self._taken, queue is self._commands)

    def _written(self, out: list[bytes], now: float) -> bytes:
        if self._break:
            out.insert(0, b"\n")
            self._break = False
        data = b"".join(out)
        self.stats.lines += len(out)
        self.stats.bytes += len(data)
        self._wrote = now
        return data

    # what comes back

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Return what the printer says; the same for the same bytes, however they are cut."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST_REPLY]
        events: list[Event] = []
        for line in lines:
            if line in (b"ok", b"ok\r"):
                self._heard, self._warned = now, 0
                self._take_ok(replies.PLAIN_OK, now, events)
            else:
                text = replies.decode(line[:LONGEST_REPLY])
                if text:
                    self._heard, self._warned = now, 0
                    self._take(text, now, events)
        self._sequence.forget()
        return events

    def _take(self, text: str, now: float, events: list[Event]) -> None:
        """Act on one line."""
        if ok := replies.parse_ok(text):
            self._take_ok(ok, now, events)
        elif (number := replies.parse_resend(text)) is not None:
            self._take_resend(number, now, events)
        elif text.lstrip("\ufffd· ") == "start":
            self._take_start(now, events)
        elif text == "wait":
            self._doubt = self._sequence.waiting > 0 and now > self._wrote + STALL_S
        elif self._error and text.startswith(":"):
            self._take_error(self._error + " " + text.lstrip(": "), events)
        elif replies.is_error(text):
            self._take_error(text, events)
        else:
            self._take_report(text, now, events)

    def _take_error(self, text: str, events: list[Event]) -> None:
        if replies.is_line_error(text):  # a resend request follows, and tells the whole story
            self._error, self._wanted = text, replies.wanted_line(text)
            return
        if text.rstrip("0123456789 ").lower() in ("error:", "error") and not self._error:
            self._error = text  # the first half of two: the second begins with a colon
            return
        self._error = ""
        event = replies.parse_error(text)
        if isinstance(event, Halted):
            if self.state == State.HALTED:
                event = Trouble(text)
            self.state = after(self.state, Signal.HALT)
        events.append(event)

    def _take_report(self, text: str, now: float, events: list[Event]) -> None:
        """Act on what is neither an answer to a line nor an error."""
        if facts := replies.parse_facts(text):
            self._facts = facts
            return
        if cap := replies.parse_cap(text):
            self._caps[cap[0]] = cap[1]
            return
        if self._listing and (row := replies.parse_sd_file(text)):
            events.append(row)
            return
        event = replies.parse(text)
        if isinstance(event, Busy):
            self._progress = now
            self._probes = 0
        elif isinstance(event, SdStatus):
            self._listing = event.what == "list_begin" or (self._listing and event.what != "list_end")
        elif isinstance(event, Temperatures) and self.firmware.m105_after_ok:
            self._take_mark(now, events)
        elif replies.unknown_command(text) is not None:
            self._explained += 1
        events.append(event)

    def _take_start(self, now: float, events: list[Event]) -> None:
        ours = self.state in (State.CLOSED, State.OPENING, State.ASKING)
        events.append(Restarted(unexpected=not ours))
        if self.state == State.ASKING:
            self.open(now)
        self.state = after(self.state, Signal.START)
        if self.state == State.OPENING:
            self._sequence.sent = self._sequence.acked = -1
            self._due = now + BOOT_QUIET_S
            self.state = State.OPENING

    # `ok`

    def _take_ok(self, ok: replies.Ok, now: float, events: list[Event]) -> None:
        marked = False
        if ok.rest:
            marked = self._take_rest(ok.rest, now, events)
        if ok.planner_free is not None:
            self._take_buffers(ok)
        if self.state == State.OPENING:
            self._take_hello(now)
        elif marked and self._take_mark(now, events):
            pass
        elif self._swallow:
            self._swallow = False
            self._progress = now
            if self.state == State.SETTLING and self._stale <= 0:
                self._settled(now)
        else:
            self._count_ok(ok, now, events)

    def _take_rest(self, text: str, now: float, events: list[Event]) -> bool:
        """Act on what follows an `ok` in its line; say whether it is the answer to an M105."""
        if facts := replies.parse_facts(text):
            self._facts = facts
            return False
        event = replies.parse(text)
        events.append(event)
        return isinstance(event, Temperatures) and self.firmware.marks_m105

    def _take_buffers(self, ok: replies.Ok) -> None:
        stats = self.stats
        if stats.planner_free is not None and ok.planner_free is not None:
            starved = ok.planner_free > stats.planner_free and not ok.planner_free < 15
            stats.underruns += starved and bool(self._jobs)
        stats.planner_free, stats.lines_free = ok.planner_free, ok.lines_free

    def _take_hello(self, now: float) -> None:
        if self._sequence.ok() is None:
            return
        self._sequence.proven = 0
        self.state = after(self.state, Signal.NUMBERED)
        self._own.extend(("M115", "M105"))
        self._progress = now
        self._due = NEVER

    def _take_mark(self, now: float, events: list[Event]) -> bool:
        """Take an answer to M105: everything up to that M105 has arrived."""
        sequence = self._sequence
        before = sequence.acked
        number = sequence.marker()
        if number is None:
            return False
        self._swallow = False
        self._surplus += max(0, before - number)
        self._audit(number, events)
        self._complete(before, number, events)
        self._advanced(number, now, events)
        return True

    def _count_ok(self, ok: replies.Ok, now: float, events: list[Event]) -> None:
        sequence = self._sequence
        before = sequence.acked
        if ok.number is not None and before < ok.number <= sequence.sent:
            while sequence.acked < ok.number - 1:  # their `ok`s were lost
                sequence.ok()
        line = sequence.ok()
        if line is None:
            self.stats.stray_oks += 1
            self._surplus += 1
            return
        if line.command or sequence.acked - before > 1:
            self._complete(before, sequence.acked, events)
        self._window.clean(len(line.data), now - line.at, now)
        self._advanced(sequence.acked, now, events)

    def _advanced(self, number: int, now: float, events: list[Event]) -> None:
        """Note that the firmware gets on."""
        line = self._sequence[number]
        self.stats.round_trip_s += 0.125 * (now - line.at - self.stats.round_trip_s)
        self._progress = now
        self._probes = 0
        self._beyond = False
        self._strange = 0
        if self.state == State.ASKING:
            self._ask(now, events)

    def _complete(self, before: int, number: int, events: list[Event]) -> None:
        """Tell those who wait for a command."""
        sequence = self._sequence
        for k in range(max(before + 1, sequence.base), number + 1):
            line = sequence[k]
            if line.command:
                line.command = False
                events.append(Completed(line.text))

    def _audit(self, number: int, events: list[Event]) -> None:
        """Ask whether there were more `ok`s than lines, beyond those for commands that the firmware did not know."""
        if self._surplus > self._explained:
            events.append(Doubted(self._sequence[number].job, self._surplus - self._explained))
        self._surplus = self._explained = 0

    # opening

    def _ask(self, now: float, events: list[Event]) -> None:
        """Go on from the handshake once M105, the last question, is answered."""
        sequence = self._sequence
        if self._own or sequence.acked < sequence.top:
            return
        if sequence.markers and self._due == NEVER:  # it has its `ok`, but was that its own?
            self._due = now + ANSWER_S
            return
        if sequence.markers and now < self._due:
            return
        sequence.markers.clear()
        self._surplus = self._explained = 0
        self.state = after(self.state, Signal.ANSWERED)
        self._recognised(events)
        events.append(Ready())
        self._polled = now

    def _recognised(self, events: list[Event]) -> None:
        """Take on what M115 said."""
        if self._facts:
            events.append(Capabilities(self._facts, self._caps))
        found = recognise(self._facts.get("FIRMWARE_NAME", ""))
        if self._detect and found is not UNKNOWN:
            self.firmware = found
            self._window = Window(found, self._ping_pong)
        if self.firmware.keepalive:
            self._own.append(self.firmware.keepalive)
        if self.firmware.autoreport and self._caps.get("AUTOREPORT_TEMP"):
            self._own.append(self.firmware.autoreport)

    # refused lines

    def _take_resend(self, number: int, now: float, events: list[Event]) -> None:
        reason, wanted = self._error, self._wanted
        self._error, self._wanted = "", None
        self._swallow = True
        self._progress = now
        if self.state in (State.OPENING, State.ASKING):
            self.state = after(self.state, Signal.REFUSED)
            self._sequence.sent = self._sequence.acked = -1
            self._due = now + SETTLE_MOST_S
            return
        if self.state not in (State.STREAMING, State.SETTLING):
            return
        if number < 0:
            number = wanted if wanted is not None else -1
        if not max(self._sequence.base, 1) <= number <= self._sequence.top + 1:
            self._distrust(number, reason, now, events)
            return
        self._go_back(number, reason, wanted == number, now, events)

    def _go_back(self, number: int, reason: str, sure: bool, now: float, events: list[Event]) -> None:
        sequence = self._sequence
        if self.state != State.SETTLING:
            self._stale = max(sequence.sent - number + 1, 0) + self._beyond
            self._beyond = False
            self._window.trouble()
            if number <= sequence.top:
                self.stats.resends += 1
                events.append(Resent(number, reason or "no reason given"))
            times = self._refused[1] + 1 if self._refused[0] == number else 1
            self._refused = (number, times)
            if times > REFUSALS and number <= sequence.top:
                self._fail(f"line {number} was refused {times} times: {sequence[number].text!r} ({reason})", events)
                return
        self._surplus += sequence.rewind(number, sure)
        self._stale -= 1
        self._break = True
        self.state = after(self.state, Signal.REFUSED)
        self._due = now + self._quiet()

    def _quiet(self) -> float:
        return min(max(SETTLE_S, 2 * self.stats.round_trip_s), SETTLE_MOST_S)

    def _settled(self, now: float) -> None:
        self._stale = 0
        self._due = NEVER
        self._progress = now
        self.state = after(self.state, Signal.QUIET)

    def _distrust(self, number: int, reason: str, now: float, events: list[Event]) -> None:
        """Do not believe a number that cannot be: ask again, and give up if it stays."""
        self._strange += 1
        if self._strange > STRANGE:
            kept = self._sequence.base
            self._fail(
                f"the printer wants line {number}, but lines {kept} to {self._sequence.top} are all it can want "
                f"({reason or 'no reason given'}): it may have been reset",
                events,
            )
            return
        self._doubt = True

    def _fail(self, reason: str, events: list[Event]) -> None:
        self.state = after(self.state, Signal.GIVE_UP)
        events.append(Failed(reason))

    # silence

    def deadline(self, now: float) -> float:
        """Return when `tick` and `to_write` want to be called at the latest; never is infinite."""
        if self.state in (State.OPENING, State.SETTLING):
            return self._due
        if self.state not in _TALKING:
            return NEVER
        if self._sequence.waiting:
            return min(self._due, self._stall_due())
        return min(self._due, self._polled + self._poll_s)

    def tick(self, now: float) -> list[Event]:
        """Act on what did not come; return what that means."""
        events: list[Event] = []
        if self.state == State.OPENING and now >= self._due:
            self._sequence.sent = self._sequence.acked = -1
            self._break = True
            self._due = now + OPEN_AGAIN_S
        elif self.state == State.SETTLING and now >= self._due:
            self._swallow = False
            self._settled(now)
        elif self.state == State.ASKING and now >= self._due:
            self._ask(now, events)
        if self._sequence.waiting:
            self._hear_nothing(now, events)
        return events

    def _stall_due(self) -> float:
        """Return when the lack of progress is to be asked about."""
        pause = min(STALL_S * 2**self._probes, STALL_MOST_S)
        return 0.0 if self._doubt else max(self._progress, self._wrote) + pause

    def _probe(self, now: float) -> list[bytes]:
        """Ask what the firmware has: an M105 in sequence or, where one waits already, a number that it must refuse."""
        sequence, numbered = self._sequence, self.firmware.numbered
        self._probes += 1
        self.stats.probes += 1
        doubt, self._doubt = self._doubt, False
        if sequence.unread + _PROBE > self.firmware.rx_bytes:
            return []
        if numbered and (doubt or sequence.markers or sequence.sent < sequence.top):
            self._beyond = True
            return [frame(sequence.top + 2, "M105", self.firmware)]
        if sequence.sent == sequence.top:
            sequence.append("M105", frame(sequence.top + 1, "M105", self.firmware), self._taken, False)
        return [sequence.send(now)]

    def _hear_nothing(self, now: float, events: list[Event]) -> None:
        """Say so where nothing was heard for longer than what is under way may take."""
        seconds = now - self._heard
        first = self._sequence[max(self._sequence.acked + 1, self._sequence.base)].text
        limit = max((patience(line.text) for line in self._sequence.pending()), default=PATIENCE_DEFAULT_S)
        level = 2 if seconds >= limit else 1 if seconds >= SILENT_S else 0
        if level > self._warned:
            self._warned = level
            events.append(Silent(seconds, first, dead=level == 2))
