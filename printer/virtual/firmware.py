"""The firmware: one loop that reads lines and runs commands.

Nothing happens between two events: a line has arrived, a command may go on, a tick is due, the host has got an answer.
The loop goes from one event to the next, so an hour of printing costs only its lines and its ticks, and the same bytes
at the same times always give the same bytes back.

A command that takes time is a generator which yields the time at which it wants to go on.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from printer.kernels.lookahead import FULL, NOT_PLAIN
from printer.kernels.plain import plain
from printer.virtual import eeprom
from printer.virtual.lines import Line, LineReader, Refused, Skipped, Words
from printer.virtual.thermal import Heater
from printer.virtual.upkeep import Upkeep

if TYPE_CHECKING:
    from printer.virtual.printer import VirtualPrinter

MOVES = re.compile(rb"G0*[0-3](?![0-9])")
"""What Marlin 1.0 says `ok` to when it reads it."""

Task = Generator[float, None, str | None]
Handler = Callable[["Firmware", Words], "Task | str | None"]
"""Runs a command; what it returns stands on the line of the `ok`."""


class Firmware:
    """What lives between two resets. What outlives them is the printer's: heaters, motors, card, EEPROM.

    queue      lines that were read and not yet executed, and whether the host wants an answer; the first is executed
    heaters    Marlin's name of each, and the heater
    wake       when the first line may be tried, or go on
    hung       nothing is read or executed: it is not `started` yet, or hangs
    """

    def __init__(self, printer: VirtualPrinter, handlers: dict[str, Handler]) -> None:
        self.printer = printer
        self.personality = printer.personality
        self.handlers = handlers
        self.uart, self.motion, self.planner = printer.uart, printer.motion, printer.motion.planner
        self.hotends, self.bed, self.card = printer.hotends, printer.bed, printer.card
        self.heaters: tuple[tuple[str, Heater], ...] = (
            *((f"E{i}", heater) for i, heater in enumerate(self.hotends)),
            ("bed", self.bed),
        )
        self.reader = LineReader(self.personality)
        self.queue: deque[tuple[Line, bool]] = deque()
        self.task: Task | None = None
        self._move = plain(b"")  # what the first line of the queue is, once it has begun
        self.started = self.began = self.halted = self.hung = False
        self.wake = 0.0
        self.settings = eeprom.copied(printer.eeprom or printer.defaults)
        eeprom.apply(self.settings, self.motion.limits)
        self.upkeep = Upkeep(self)
        self._room = self.personality.board.line_buffer
        self._plain_ok = self.personality.ok == "ok" and not printer.advanced_ok
        # modes, and what a waiting command waits for
        self.relative_e = self.leveling = False
        self.retraction = {"length": 5.0, "speed": 40.0, "retracted": 0.0}
        self.heatup_ended = self.user_answered = self.waits_for_user = False
        self.object, self.cancelled, self.skipping = "", set[str](), False

    @property
    def now(self) -> float:
        """The printer's time."""
        return self.printer.now

    @property
    def next_tick(self) -> float:
        """When a waiting command looks again at what it waits for."""
        return self.printer.next_tick

    # ---------------------------------------------------------------- speaking

    def say(self, text: str) -> None:
        """Say one line."""
        self.printer.speak(text.encode("latin-1", "replace") + b"\n")

    def complain(self, text: str) -> None:
        """Say what is wrong, in this firmware's words."""
        self.say(self.personality.error.format(text=text))

    def action(self, text: str) -> None:
        """Tell the host to do something."""
        self.say(self.personality.action.format(text=text))

    # ---------------------------------------------------------------- the loop

    def live(self, until: float) -> None:
        """Live until `until`, until the host has heard something, or until a reset."""
        printer, uart, queue = self.printer, self.uart, self.queue
        while not printer.restarted:
            now = printer.now
            reading = len(queue) < self._room and not self.halted and not self.hung
            if printer.urgent and printer.urgent[0][0] <= now:
                self._act(printer.urgent.popleft()[1])
            elif reading and uart.line_at <= now:
                self._read()
            elif queue and self.wake <= now and not self.hung:
                self._work(now)
            elif reading and self.card.printing and self.card.ready_at <= now:
                self._read_card()
            else:
                limit = until
                if uart.heard_at < until:
                    limit = max(uart.heard_at + (printer.patience if queue and uart.only_ok else 0.0), now)
                following = self._following(reading)
                if following > limit:
                    printer.now = limit
                    return
                if following > now:
                    printer.now = following
                if following >= printer.next_tick:
                    printer.tick()

    @property
    def due(self) -> float:
        """When something happens next, if nothing is written until then."""
        return self._following(len(self.queue) < self._room and not self.halted and not self.hung)

    def _following(self, reading: bool) -> float:
        at = self.printer.next_tick
        if self.queue and self.wake < at and not self.hung:
            at = self.wake
        if self.printer.urgent:
            at = min(at, self.printer.urgent[0][0])
        if reading:
            if self.uart.line_at < at:
                at = self.uart.line_at
            if self.card.printing and self.card.ready_at < at:
                at = self.card.ready_at
        return at

    def _read(self) -> None:
        """Take a line from the receive buffer."""
        raw = self.uart.take()
        line = self.reader.read(raw, self.card.upload is not None)
        while self.uart.said:
            self.say(self.uart.said.pop(0))
        if isinstance(line, Refused):
            if line.complaint:
                self.say(line.complaint)
            if line.again:
                self._ask_again()
        elif isinstance(line, Skipped):
            self.say(f"skip {line.number}")
            self.say("ok")
        elif line is None:
            if self.personality.answers_empty and not raw.strip():
                self.say("ok")
        else:
            if line.number is None and line.text.decode("latin-1") in self.personality.early:
                self._act(line.text)
            if not self.halted:
                self._enqueue(self._answer_early(line), True)

    def _ask_again(self) -> None:
        """Ask for the line that was refused, and forget what came behind it."""
        self.uart.flush(self.now)
        for text in self.personality.resend:
            self.say(text.format(n=self.reader.last + 1))

    def _answer_early(self, line: Line) -> Line:
        """Acknowledge a line that is not executed yet, where this firmware does that."""
        eager = self.personality.eager
        if not eager or self.card.upload is not None or (eager == "moves" and not MOVES.match(line.text)):
            return line
        self.printer.speak(self._ok(line.number, ""))
        return line._replace(answered=True)

    def _read_card(self) -> None:
        """Take a line from the SD card."""
        raw = self.card.next_line(self.now)
        if raw is None:
            self._enqueue(Line(None, b"M1001"), False)
        elif text := raw.partition(b";")[0].strip():
            self._enqueue(Line(self.card.line, text[: self.personality.board.line_length]), False)

    def _enqueue(self, line: Line, answer: bool) -> None:
        if not self.queue and self.wake < self.now:
            self.wake = self.now
        self.queue.append((line, answer))

    def push(self, text: bytes) -> None:
        """Let a command of the firmware's own come next."""
        self.queue.insert(1 if self.began else 0, (Line(None, text), False))
        self.wake = max(self.wake, self.now) if self.began else self.now

    # ---------------------------------------------------------------- running commands

    def _work(self, now: float) -> None:
        """Begin the first line of the queue, or go on with it."""
        self.planner.run(now)
        if self.task is not None:
            self._go_on(self.task)
            return
        line, answer = self.queue[0]
        if self.card.upload is not None and answer:
            self._save(line)
            return
        if not self.began:
            self.planner.line = line.number or 0
            self._move = plain(line.text)
        said = self.planner.take(*self._move)
        if said == NOT_PLAIN:
            self._dispatch(line.text)
        elif said == FULL:
            self._wait(self.planner.room_at())
        else:
            self._done()

    def _dispatch(self, text: bytes) -> None:
        """Run a command by its handler."""
        words = Words(text)
        handler = self.handlers.get(words.code)
        if handler is None and words.code[:1] == "T" and words.code[1:].isdigit():
            handler = self.handlers.get("Tn")
        if handler is None:
            if self.personality.unknown:
                self.say(self.personality.unknown.format(text=words.line, code=words.code))
            self._done()
            return
        made = handler(self, words)
        if isinstance(made, Generator):
            self.task = made
            self._go_on(made)
        elif not self.halted:
            self._done(made or "")

    def _go_on(self, task: Task) -> None:
        try:
            self._wait(next(task))
        except StopIteration as end:
            self.task = None
            if not self.halted:
                self._done(end.value or "")

    def _wait(self, until: float) -> None:
        """Leave the first line where it is until `until`."""
        self.wake = until
        if not self.began:
            self.began = True
            self.upkeep.begin(self.printer.now)

    def _done(self, answer: str = "") -> None:
        """Take the first line out of the queue and acknowledge it."""
        now, (line, wanted) = self.printer.now, self.queue[0]
        self.printer.executed_raw.append(line.text)
        if wanted and line.answered:
            if answer:
                self.say(answer.strip())
        elif wanted:
            self.printer.speak(b"ok\n" if self._plain_ok and not answer else self._ok(line.number, answer))
        if len(self.queue) >= self._room:  # nobody read what came meanwhile
            self.uart.clip(now)
        self.queue.popleft()
        self.began = False
        self.wake = now + self.personality.board.seconds_a_line
        self.upkeep.end(now, line.text)

    def _ok(self, number: int | None, answer: str) -> bytes:
        text = self.personality.ok.format(n="" if number is None else number).rstrip() + answer
        if self.printer.advanced_ok and not answer:
            named = "" if number is None else f" N{number}"
            free = self._room - len(self.queue)
            text += f"{named} P{self.planner.free()} B{free}"
        return text.encode("latin-1", "replace") + b"\n"

    def _save(self, line: Line) -> None:
        """Write a line to the file that is being uploaded, or end it."""
        if line.text.startswith(b"M29"):
            self.card.end_upload()
            self.say("Done saving file.")
        elif not self.card.write_line(line.text):
            self.say("error writing to file")
        self._done()

    # ---------------------------------------------------------------- what cannot wait

    def _act(self, text: bytes) -> None:
        """Do what a command does that acts before its turn."""
        words = Words(text)
        if self.halted:
            return
        if words.code == "M108":
            self.heatup_ended = self.user_answered = True
        elif words.code == "M876":
            self.user_answered = True
        elif words.code == "M410":
            self.quickstop()
        elif words.code == "M524":
            self.card.printing = False
        else:
            self.emergency_stop()

    def emergency_stop(self) -> None:
        """Do what M112 does."""
        if self.personality.strict:
            self.kill("Shutdown due to M112 command")
        else:
            self.say("echo:M112 Shutdown")
            self.kill("")

    def quickstop(self) -> None:
        """Stop the motors at once; what is queued in front of them is lost."""
        self.planner.run(self.now)
        self.motion.stop()
        if self.began:
            self.wake = min(self.wake, self.now)

    def kill(self, why: str) -> None:
        """Stop for good: heaters and motors off, and nothing more is heard until a reset."""
        self.quickstop()
        for _, heater in self.heaters:
            heater.off(self.now)
        for text in self.personality.killed:
            if why or "{text}" not in text:
                self.say(text.format(text=why))
        self.queue.clear()
        self.task = None
        self.card.printing = False
        self.halted = True

    # ---------------------------------------------------------------- what commands share

    def standstill(self) -> Generator[float, None, None]:
        """Wait until the motors have done what is queued."""
        while self.planner.tail < self.planner.head:
            yield self.planner.room_at()
        self.planner.settle()

    def move(self, x: float, y: float, z: float, e: float, speed: float) -> Generator[float, None, None]:
        """Queue one move, machine mm, waiting for room; e is what is extruded."""
        while self.planner.add(x, y, z, e, speed) == FULL:
            yield self.planner.room_at()

    def skip_cancelled(self) -> None:
        """Leave out moves while the present object is a cancelled one."""
        self.skipping = self.planner.special = self.object in self.cancelled
