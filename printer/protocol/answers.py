"""What the printer's answers do to a session: `ok`, refusals, a new start, the device found again. See `link`."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Any

from printer.events import (
    Busy,
    Capabilities,
    Completed,
    Doubted,
    Event,
    Failed,
    Halted,
    Ready,
    Restarted,
    Temperatures,
    UnknownCommand,
)
from printer.firmware import UNKNOWN, Firmware, recognise
from printer.protocol.meeting import Meeting
from printer.protocol.reader import Packing, Reader, Reply, Resend, Skipped, Start, Wait
from printer.protocol.refusals import Refusals
from printer.protocol.replies import PLAIN_OK, Ok
from printer.protocol.sender import ANSWER_S, POLL_S, Sender
from printer.protocol.sequence import Sequence
from printer.protocol.silence import Silence, takes_long
from printer.protocol.states import Signal, State, after
from printer.protocol.stats import Stats

OPEN_AGAIN_S = 2.0
BOOT_QUIET_S = 0.5  # a booting firmware still talks, and may not listen yet
SETTLE_S, SETTLE_MOST_S = 0.02, 0.2  # bounds of the quiet before anything is sent again
NEVER = float("inf")


class Answers:
    """The half of a `Link` that listens."""

    def __init__(
        self,
        firmware: Firmware = UNKNOWN,
        *,
        detect: bool = True,
        ping_pong: bool = False,
        pack: bool = False,
        buffer: int = 0,
        lossless: bool = False,
    ) -> None:
        told = {"rx_bytes": buffer, "lossless": lossless}
        self._board: dict[str, Any] = {name: value for name, value in told.items() if value}
        self.firmware = self._on_board(firmware)
        self.stats = Stats()
        self.state = State.CLOSED
        self._detect = detect
        self._ping_pong = ping_pong
        self._pack = pack
        self._begin(0.0)

    def _on_board(self, firmware: Firmware) -> Firmware:
        """Return a firmware as it is on this board."""
        return replace(firmware, **self._board) if self._board else firmware

    def _begin(self, now: float) -> None:
        """Forget all lines and everything that was said."""
        self._reader = Reader()
        self._sender = Sender(self.firmware, self._ping_pong, self._pack)
        self._greet(now)

    def _greet(self, now: float) -> None:
        """Begin the sequence with the line that sets the firmware's count to zero."""
        self._sequence: Sequence = self._sender.greet()
        self._silence = Silence(now)
        self._refusals = Refusals()
        self._sender.polled = now
        self._due = now + OPEN_AGAIN_S  # when the state goes on by itself
        self._told = -1  # commands up to here were reported complete
        self._ready = False  # M115 and M105 were answered
        self._swallow = False  # the next `ok` belongs to a refusal
        self._doubt = False  # ask at once what the firmware has
        self._meeting = Meeting({})

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Return what the printer says; the same for the same bytes, however they are cut."""
        events: list[Event] = []
        for reply, same in groupby(self._reader.feed(data)):
            self._silence.heard(now)
            if reply is PLAIN_OK:
                self._take_plain(len(list(same)), now, events)
            else:
                for each in same:
                    self._take(each, now, events)
        self._sequence.forget()
        return events

    def _take_plain(self, count: int, now: float, events: list[Event]) -> None:
        """Take `ok`s in a row that say no more than that; at once, where each is the next line's."""
        before, usual = self._sequence.acked, self.state == State.STREAMING and not self._swallow
        if usual and self._sequence.oks(count):
            lines = self._sequence.between(before, before + count)
            self._sender.window.clean(count, sum(len(line.data) for line in lines), now - lines[-1].at, now)
            self._advance(before, now, events)
        else:
            for _ in range(count):
                self._take(PLAIN_OK, now, events)

    def _take(self, reply: Reply, now: float, events: list[Event]) -> None:
        if self.state == State.MEETING and isinstance(reply, Ok | Resend | Temperatures | UnknownCommand):
            self._meet(reply, now, events)
            return
        match reply:
            case Ok():
                self._take_ok(reply, now, events)
            case Resend():
                self._take_resend(reply, now, events)
            case Start():
                self._take_start(now, events)
            case Wait():
                self._doubt = self._sequence.waiting > 0 and self._silence.settled(now)
            case Packing(on):
                self._take_packing(on, now, events)
            case Skipped():
                self._sequence.foreign += 1
            case _:
                self._take_event(reply, now, events)

    def _take_event(self, event: Event, now: float, events: list[Event]) -> None:
        events.append(event)
        match event:
            case Busy():
                self._silence.progress(now, answered=False)
            case UnknownCommand(command) if not self._sequence.expects(command):
                self._sequence.foreign += 1  # noise made something else of a line, and it gets an `ok`
            case Temperatures() if self.firmware.m105_after_ok and not takes_long(
                self._sequence.pending()
            ):  # M109 reports by itself
                self._take_mark(now, events)
            case Halted():
                self._signal(Signal.HALT)

    def _take_start(self, now: float, events: list[Event]) -> None:
        before = self.state
        self._signal(Signal.START)
        events.append(Restarted(unexpected=self.state == State.RESTARTED))
        if self.state == State.OPENING:
            if before == State.ASKING:
                self._greet(now)
            self._due = now + BOOT_QUIET_S

    def _signal(self, signal: Signal) -> None:
        self.state = after(self.state, signal)

    # `ok`

    def _take_ok(self, ok: Ok, now: float, events: list[Event]) -> None:
        self.stats.buffers(ok, more=bool(self._sender.outbox.jobs))
        if ok.marked and self.firmware.marks_m105:
            if self._sequence.eager:
                self._sequence.ok()  # in its turn, whatever came before it
            if not self._take_mark(now, events):
                self._sequence.sound = False  # it came twice
            return
        if self._swallow and not self._sequence.foreign:
            self._swallow = False
            if self.state == State.SETTLING and self._refusals.stale <= 0:
                self._settle(now)
        else:
            before = self._sequence.acked
            if line := self._sequence.ok(ok.number):
                self._sender.window.clean(1, len(line.data), now - line.at, now)
                self._advance(before, now, events)

    def _take_mark(self, now: float, events: list[Event]) -> bool:
        """Take an answer to M105: everything up to that M105 has arrived. Say whether one was expected."""
        before = self._sequence.acked
        if not self._sequence.mark():
            return False
        self._sender.answered = now
        surplus = self._sequence.audit()
        events += [Doubted(self._sequence.jobs_proven, surplus)] if surplus and self._ready else []
        self._swallow = False
        self._advance(before, now, events)
        return True

    def _advance(self, before: int, now: float, events: list[Event]) -> None:
        """Note that the firmware got on from line `before`, and tell those who wait for a command."""
        sequence = self._sequence
        if any(line.command for line in sequence.between(before, sequence.acked)):
            self._sender.polled = now - POLL_S  # an `ok` may be another's: M105 says for certain
        for line in sequence.between(self._told, sequence.certain):
            if line.command:
                events.append(Completed(line.text))
        self._told = max(self._told, sequence.certain)
        self.stats.took(now - sequence[sequence.acked].at)
        self._silence.progress(now)
        self._refusals.over()
        if self.state == State.OPENING:
            self._signal(Signal.NUMBERED)
            self._sender.outbox.own.extend(("M115", "M105"))
            self._due = NEVER
        elif self.state == State.ASKING:
            self._answered(now, events)

    # opening

    def _answered(self, now: float, events: list[Event]) -> None:
        """Stream once M105, the last question, is answered; or has its `ok` and has had time for more."""
        sequence, caps = self._sequence, self._reader.caps
        if self._sender.outbox.own or sequence.acked < sequence.top:
            return
        if sequence.markers and now < self._due:
            self._due = min(self._due, now + ANSWER_S)
        elif self._pack and caps.get("MEATPACK") and self._sender.ask_to_pack():
            self._due = now + ANSWER_S
        else:
            self._stream(now, events)

    def _stream(self, now: float, events: list[Event]) -> None:
        self._signal(Signal.ANSWERED)
        self._ready = True
        self._due = NEVER
        self._sequence.sound = False  # M110 may have been sent, and acknowledged, more than once
        facts, caps = self._reader.facts, self._reader.caps
        self._meeting = Meeting(facts)
        if facts:
            events.append(Capabilities(facts, caps))
        found = recognise(facts.get("FIRMWARE_NAME", ""), bool(caps))
        if self._detect and found is not UNKNOWN:
            self.firmware = self._on_board(found)
            self._sender.adopt(self.firmware)
        if self.firmware.keepalive:
            self._sender.outbox.own.append(self.firmware.keepalive)
        if self.firmware.autoreport and caps.get("AUTOREPORT_TEMP"):
            self._sender.outbox.own.append(self.firmware.autoreport)
        self._sender.outbox.own.append("M105")
        events.append(Ready())

    def _take_packing(self, on: bool, now: float, events: list[Event]) -> None:
        sender = self._sender
        if self.state == State.ASKING and on:
            sender.packing = True
            self._stream(now, events)
        elif on:
            pass
        elif not sender.packing:
            sender.leaving = False
        elif sender.resting:
            sender.resting -= 1
        elif self.state in (State.STREAMING, State.SETTLING):
            self._fail(Failed("the printer switched MeatPack off in the middle of the job"), events)

    # meeting again

    def _meet(self, reply: Ok | Resend | Temperatures | UnknownCommand, now: float, events: list[Event]) -> None:
        """Take an answer of what may be another printer: none is for a line that was sent before."""
        sequence, failure = self._sequence, None
        match reply:
            case Ok() if not self._meeting.met:
                failure = self._meeting.introduce(self._reader.facts)
                self._reader.facts = {}  # another `ok` does not say it again
                self._due = now if self._meeting.met else self._due
                if self._meeting.met and not self.firmware.numbered:
                    failure = failure or self._meeting.uncounted(sequence.pending())
                    sequence.rewind(sequence.acked + 1, proven=False)
                    self._signal(Signal.QUIET)
                    self._due = NEVER
            case Resend() if self._meeting.met and reply.number >= 0:
                failure = self._meeting.place(reply.number, sequence.top)
                if not failure and self._meeting.placed:
                    self._swallow = True
                    self._go_back(reply, now, events)
            case Temperatures() | UnknownCommand():
                events.append(reply)
        if failure:
            self._fail(failure, events)

    # refused lines

    def _take_resend(self, refusal: Resend, now: float, events: list[Event]) -> None:
        self._swallow = True
        self._silence.progress(now)
        if self.state == State.OPENING:
            self._due = now + SETTLE_MOST_S
        elif self.state not in (State.ASKING, State.STREAMING, State.SETTLING):
            pass
        elif self._refusals.possible(refusal, self._sequence):
            self._go_back(refusal, now, events)
        elif self.state == State.ASKING:
            self._signal(Signal.STRANGE)
            self._greet(now)
        elif failure := self._refusals.strange(refusal, self._sequence):
            self._fail(failure, events)
        else:  # not to be believed: ask again
            self._doubt = True

    def _go_back(self, refusal: Resend, now: float, events: list[Event]) -> None:
        """Continue with the line that is wanted, once all lines behind it have been refused, too."""
        first = self.state != State.SETTLING
        behind = self._sequence.sent - refusal.number + 1 if self._refusals.behind else 0
        self._signal(Signal.REFUSED)
        for event in self._refusals.first(refusal, self._sequence, now) if first else ():
            if isinstance(event, Failed):
                self._fail(event, events)
            else:
                self._sender.window.trouble()
                self.stats.resends += 1
                events.append(event)
        self._sequence.rewind(refusal.number, refusal.sure)
        if behind > 0:
            self._sequence.beside(behind)  # what was sent behind the question may be taken all the same
        self._refusals.stale -= 1
        self._sender.unpack()
        self._sender.interrupt()
        self._due = now + min(max(SETTLE_S, 2 * self.stats.round_trip_s), SETTLE_MOST_S)

    def _settle(self, now: float) -> None:
        """Send again."""
        self._refusals.stale = 0
        self._due = NEVER
        self._silence.wrote(now)
        self._sender.polled = now - POLL_S  # its answer puts the count of `ok`s right
        self._signal(Signal.QUIET if self._ready else Signal.EARLY)

    def _fail(self, failure: Failed, events: list[Event]) -> None:
        self._signal(Signal.GIVE_UP)
        events.append(failure)
