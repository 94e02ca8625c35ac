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

from printer.events import Event, Failed
from printer.protocol.answers import NEVER, Answers
from printer.protocol.framing import clean, harmless
from printer.protocol.meeting import Meeting
from printer.protocol.outbox import AHEAD as AHEAD
from printer.protocol.reader import Reader
from printer.protocol.refusals import Refusals
from printer.protocol.sender import ANSWER_S, POLL_S, WHO
from printer.protocol.silence import GENTLE, LOST, Silence, slow_ones, takes_long
from printer.protocol.states import Signal, State

FITTING_PROBES = 3  # that are left out where they might not fit into the receive buffer
_PROBE = 20  # bytes
_TALKING = (State.OPENING, State.ASKING, State.STREAMING)


class Link(Answers):
    """One session with a printer.

    `firmware` is what is believed before M115 is answered; with `detect`, the answer replaces it. `ping_pong` keeps to
    one line at a time, `pack` uses MeatPack where the firmware offers it. `buffer` are the bytes of the board's receive
    buffer, where they are not what is usual for its firmware; `lossless` says that the wire has flow control.
    """

    # what goes in

    def open(self, now: float) -> None:
        """Begin, or begin again: agree on line numbers, ask what the printer is. Forgets all lines."""
        self._begin(now)
        self._signal(Signal.OPEN)

    def reopened(self, now: float) -> None:
        """Go on where the device was lost and found, once it is known that it is the same printer, and what it has."""
        if self.state in (State.OPENING, State.ASKING):
            self.open(now)
            return
        self._signal(Signal.REOPENED)
        if self.state == State.MEETING:
            self._reader = Reader()
            self._refusals = Refusals()
            self._silence = Silence(now)
            self._swallow = self._doubt = False
            self._sender.unpack()
            self._sender.interrupt()
            self._meeting = Meeting(self._meeting.known, self._sequence.certain, met=False)
            self._due = now

    def send(self, line: str, *, job: bool = True) -> None:
        """Queue a line; what is not the job's goes first, and gets a `Completed` event.

        Raises `UnsendableLine`.
        """
        text = clean(line, self.firmware)
        if job:
            self._sender.outbox.jobs.append(text)
        elif text:
            self._sender.outbox.commands.append(text)

    def send_job(self, lines: list[str]) -> None:
        """Queue lines of the job that have no comments and stray blanks, as `Program.lines` returns them.

        Raises `UnsendableLine`.
        """
        jobs = self._sender.outbox.jobs
        jobs.extend(lines if harmless(lines) else [clean(line, self.firmware) for line in lines])

    def urgent(self, line: str) -> bytes:
        """Return bytes to write now, past every queue and window: M112, M108, M410, M876."""
        if line.startswith("M112"):
            self._signal(Signal.HALT)
        else:
            self._sequence.beside(1 + self.firmware.answers_empty)
        return self._sender.urgent(line)

    def grant(self, seconds: float) -> None:
        """Let the printer be silent for so much longer until it gets on: it is known to be moving."""
        self._silence.grace = seconds

    @property
    def stranger(self) -> bool:
        """Whether a device was found again that has not said yet that it is our printer."""
        return not self._meeting.met

    @property
    def granted(self) -> float:
        """Seconds of silence that motion explains now."""
        return self._silence.grace

    def plainly(self) -> bytes:
        """Return what has to go before bytes that do not come from this link."""
        return self._sender.plainly()

    def withdraw(self) -> int:
        """Drop the job lines that were queued and not sent; return how many."""
        return self._sender.outbox.withdraw()

    def room(self) -> int:
        """Return how many more job lines are worth queueing now."""
        return self._sender.outbox.room()

    @property
    def acknowledged(self) -> int:
        """The number of job lines that are known to be executed or queued in the firmware."""
        return self._sequence.jobs_proven

    @property
    def waiting(self) -> int:
        """How many lines were sent and have no `ok`."""
        return self._sequence.waiting

    @property
    def oldest(self) -> str:
        """The first line that was sent and has no `ok`: what the printer is doing; "" where there is none.

        Eager firmware does what takes its time though it said `ok`.
        """
        sequence = self._sequence
        if sequence.eager and (slow := next(slow_ones(sequence.pending()), "")):
            return slow
        return sequence[sequence.acked + 1].text if sequence.waiting > 0 else ""

    @property
    def idle(self) -> bool:
        """Nothing is queued, and all that was sent is known to have arrived."""
        return not self._sender.outbox and self._sequence.proven >= self._sequence.latest

    # what goes out

    def to_write(self, now: float) -> bytes:
        """Return the bytes that are to go on the wire now."""
        if self.state == State.MEETING and now >= self._due:
            self._due = now + self._meeting.ask()
            return self._sender.join([self._sender.beyond() if self._meeting.met else WHO])
        if self.state not in _TALKING:
            return b""
        if self.state == State.STREAMING:
            self._sender.poll(now)
        out = self._probe(now) if self._stalled(now) else []
        out += self._sender.write(now, everything=self.state == State.STREAMING)
        if not out and not self._sender.request:
            return b""
        data = self._sender.join(out)
        self.stats.sent(len(out), len(data))
        self._silence.wrote(now)
        return data

    def _probe(self, now: float) -> list[bytes]:
        """Ask what the firmware has: by an M105, or by a number that is too high to be taken."""
        sequence = self._sequence
        doubt, self._doubt = self._doubt, False
        asked = self._silence.ask(now)
        if asked < FITTING_PROBES and sequence.unread + _PROBE > self.firmware.rx_bytes:
            return []
        self.stats.probes += 1
        if self.firmware.numbered and (doubt or asked >= GENTLE or sequence.sent < sequence.top):
            slow = takes_long(sequence.pending())
            if (self._refusals.beyond and (slow or asked < LOST)) or (asked <= GENTLE and not doubt and slow):
                return []
            self._refusals.beyond += 1
            self._refusals.behind = True
            return [self._sender.beyond()]
        return [self._sender.mark(now)]

    def _stalled(self, now: float) -> bool:
        """Say whether it is time to ask."""
        overdue = self._doubt or now >= self._silence.due()
        return overdue and self._sequence.waiting > 0 and self.state not in (State.OPENING, State.MEETING)

    # silence

    def deadline(self, now: float) -> float:
        """Return when `tick` and `to_write` want to be called at the latest; never is infinite."""
        sequence = self._sequence
        if self.state not in _TALKING:
            return self._due if self.state in (State.SETTLING, State.MEETING) else NEVER
        if sequence.waiting:
            return min(self._due, self._silence.due())
        answer = sequence[sequence.markers[-1]].at + ANSWER_S if sequence.markers else 0.0
        return min(self._due, max(answer, self._sender.polled + POLL_S))

    def tick(self, now: float) -> list[Event]:
        """Act on what did not come; return what that means."""
        events: list[Event] = []
        if now >= self._due:
            self._time_is_up(now, events)
        before = self._sequence.acked
        if self._stalled(now) and self._sequence.resolve():
            self._advance(before, now, events)
        if self.state == State.MEETING and self._silence.mute(now):
            self._fail(Failed("the device is there again, but no printer answers", stranger=True), events)
        elif self._sequence.waiting and (notice := self._silence.notice(self._sequence.pending(), now)):
            events.append(notice)
        return events

    def _time_is_up(self, now: float, events: list[Event]) -> None:
        if self.state == State.OPENING:
            self._greet(now)
        elif self.state == State.ASKING:
            self._sequence.markers.clear()
            self._stream(now, events)
        elif self.state == State.SETTLING:
            self._swallow = False
            self._settle(now)
