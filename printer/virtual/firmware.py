"""The firmware: one loop that reads lines, runs commands, and looks after the heaters ten times a second.

Nothing happens between two events: a line has arrived, a command may go on, a tick is due, the host has got an answer.
The loop goes from one event to the next, so an hour of printing costs only its lines and its ticks, and the same bytes
at the same times always give the same bytes back.

A command that takes time is a generator which yields the time at which it wants to go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from math import inf
from typing import TYPE_CHECKING

from printer.kernels.lookahead import FULL, NOT_PLAIN
from printer.virtual import eeprom
from printer.virtual.lines import Line, LineReader, Refused, Words

if TYPE_CHECKING:
    from printer.virtual.printer import VirtualPrinter

TICK = 0.1
"""Seconds between two looks at the heaters, as in Marlin."""

WATCHDOG = 4.0
"""Seconds after which the watchdog resets a firmware that hangs."""

IDLE_HEAT = 1800.0
"""Seconds after which heaters that nobody uses are switched off (Prusa's safety timer: M86)."""

Task = Generator[float, None, str | None]
Handler = Callable[["Firmware", Words], "Task | str | None"]


class Firmware:
    """What lives between two resets. What outlives them is the printer's: heaters, motors, card, EEPROM.

    queue      lines that were read and not yet executed; the first one is being executed
    wake       when the first line may be tried, or go on
    """

    def __init__(self, printer: VirtualPrinter, handlers: dict[str, Handler]) -> None:
        self.printer = printer
        self.personality = printer.personality
        self.handlers = handlers
        self.uart, self.motion, self.planner = printer.uart, printer.motion, printer.motion.planner
        self.hotends, self.bed, self.card = printer.hotends, printer.bed, printer.card
        self.reader = LineReader(self.personality)
        self.queue: deque[tuple[Line, bool]] = deque()  # a line, and whether the host wants an answer
        self.task: Task | None = None
        self.began = False
        self.wake = 0.0
        self.halted = self.stopped = False
        self.hung_until = inf
        self.settings = eeprom.copied(printer.eeprom or printer.defaults)
        self.fans: dict[int, float] = {}
        self.keepalive = self.personality.keepalive
        self._plain_ok = self.personality.ok == "ok" and not printer.advanced_ok
        self.reports: dict[str, float] = {}  # what is reported by itself, and how often
        self._due: dict[str, float] = {}
        self._wait_at = self._busy_at = inf
        self.heatup_ended = self.user_answered = False
        self.answer = -1
        self.cold_allowed = False
        self.relative_e = False
        self.watches_filament = True
        self.object = ""
        self.cancelled: set[str] = set()
        self.skipping = False
        self.idle_heat = IDLE_HEAT
        self._used_at = printer.now
        self.restore_point: dict[str, float] = {}
        eeprom.apply(self.settings, self.motion.limits)

    # ---------------------------------------------------------------- speaking

    @property
    def now(self) -> float:
        """The printer's time."""
        return self.printer.now

    @property
    def next_tick(self) -> float:
        """When a waiting command looks again at what it waits for."""
        return self.printer.next_tick

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
        """Live until `until`, or until the host has heard something."""
        printer, uart, queue = self.printer, self.uart, self.queue
        room = self.personality.board.line_buffer
        while not self.printer.restarted:
            now = printer.now
            limit = uart.heard_at if uart.heard_at < until else until
            reading = len(queue) < room and not self.halted and self.hung_until == inf
            if printer.urgent and printer.urgent[0][0] <= now:
                self._urgent(printer.urgent.popleft()[1])
            elif reading and uart.line_at <= now:
                self._read()
            elif queue and self.wake <= now and self.hung_until == inf:
                self._work(now)
            elif reading and self.card.printing and self._read_card():
                pass
            else:
                following = min(
                    printer.next_tick,
                    uart.line_at if reading else inf,
                    self.wake if queue else inf,
                    printer.urgent[0][0] if printer.urgent else inf,
                    self.card.ready_at if reading and self.card.printing else inf,
                )
                if following > limit:
                    printer.pass_to(limit)
                    return
                if following > now:
                    printer.pass_to(following)
                if following >= printer.next_tick:
                    printer.tick()

    def _read(self) -> None:
        """Take a line from the receive buffer."""
        line = self.reader.read(self.uart.take(), self.card.upload is not None)
        if line is None:
            return
        if isinstance(line, Refused):
            self._refuse(line)
            return
        if self.stopped and line.text[:1] == b"G":
            self.complain("Printer stopped due to errors. Fix the error and use M999 to restart.")
        code = line.text[:4].decode("latin-1")
        if code in self.personality.early and not line.text[4:5].isdigit():
            self._urgent(line.text)
        self._enqueue(line, True)

    def _enqueue(self, line: Line, answer: bool) -> None:
        if not self.queue and self.wake < self.now:
            self.wake = self.now
        self.queue.append((line, answer))

    def _refuse(self, refused: Refused) -> None:
        """Ask for a line again."""
        if refused.complaint:
            self.say(refused.complaint)
        self.uart.flush(self.now)
        for text in self.personality.resend:
            self.say(text.format(n=self.reader.last + 1))

    def _read_card(self) -> bool:
        """Take a line from the SD card; False where none is due yet."""
        card = self.card
        if self.now < card.ready_at:
            return False
        raw = card.next_line()
        if raw is None:
            card.printing = False
            self._enqueue(Line(None, b"M1001"), False)
            return True
        card.ready_at = self.now + len(raw) / card.rate if card.rate else self.now
        text = raw.partition(b";")[0].strip()
        if text:
            self._enqueue(Line(None, text[: self.personality.board.line_length]), False)
        return True

    def _work(self, now: float) -> None:
        """Begin the first line of the queue, or go on with it."""
        self.planner.run(now)
        if self.task is not None:
            self._resume()
            return
        line, answer = self.queue[0]
        if self.card.upload is not None and answer:
            self._save(line)
            return
        if not self.began:
            self.planner.line = line.number or 0
        said = self.planner.take(line.text)
        if said == FULL:
            self._wait(self.planner.room_at())
        elif said == NOT_PLAIN:
            self._dispatch(line.text)
        else:
            self._done("")

    def _dispatch(self, text: bytes) -> None:
        """Run a command by its handler."""
        words = Words(text)
        handler = self.handlers.get(words.code) if words.code not in self.personality.missing else None
        if handler is None and words.code[:1] == "T" and words.code[1:].isdigit():
            handler = self.handlers["T"]
        if handler is None:
            self._unknown(words)
            return
        if self.stopped and words.code in ("G0", "G1", "G2", "G3"):
            self._done("")
            return
        made = handler(self, words)
        if isinstance(made, Generator):
            self.task = made
            self._resume()
        elif not self.halted:
            self._done(made or "")

    def _unknown(self, words: Words) -> None:
        if self.personality.unknown:
            self.say(self.personality.unknown.format(text=words.line, code=words.code))
        self._done("")

    def _resume(self) -> None:
        assert self.task is not None
        try:
            self._wait(next(self.task))
        except StopIteration as end:
            self.task = None
            if not self.halted:
                self._done(end.value or "")

    def _wait(self, until: float) -> None:
        """Leave the first line where it is until `until`."""
        self.wake = until
        if not self.began:
            self.began = True
            self._busy_at = self.now + self.keepalive if self.keepalive else inf

    def _done(self, answer: str) -> None:
        """Take the first line out of the queue and acknowledge it."""
        queue = self.queue
        if not queue:
            return
        line, wanted = queue[0]
        self.printer.executed_raw.append(line.text)
        if wanted:
            self.printer.speak(b"ok\n" if self._plain_ok and not answer else self._ok(line.number, answer))
        if len(queue) == self.personality.board.line_buffer:  # nobody read what came meanwhile
            self.uart.clip(self.now)
        queue.popleft()
        self.began = False
        self.wake = self.now + self.personality.board.seconds_a_line
        self._wait_at = self._used_at = self.now

    def _ok(self, number: int | None, answer: str) -> bytes:
        text = self.personality.ok.format(n="" if number is None else number).rstrip() + answer
        if self.printer.advanced_ok and not answer:
            named = "" if number is None else f" N{number}"
            free = self.personality.board.line_buffer - len(self.queue)
            text += f"{named} P{self.planner.free()} B{free}"
        return text.encode("latin-1", "replace") + b"\n"

    def _save(self, line: Line) -> None:
        """Write a line to the file that is being uploaded, or end it."""
        if line.text.startswith(b"M29"):
            self.card.end_upload()
            self.say("Done saving file.")
        elif not self.card.write_line(line.text):
            self.say("error writing to file")
        self._done("")

    # ---------------------------------------------------------------- what cannot wait

    def _urgent(self, text: bytes) -> None:
        """Do what a command does that acts before its turn."""
        words = Words(text)
        if words.code == "M112" or text[:4] == b"KILL" or text[:1] == b"\x18":
            self.say("echo:M112 Shutdown") if not self.personality.fatal_errors else None
            self.kill("Shutdown due to M112 command" if self.personality.fatal_errors else "")
        elif words.code == "M108":
            self.heatup_ended = self.user_answered = True
        elif words.code == "M410":
            self.quickstop()
        elif words.code == "M876":
            self.answer, self.user_answered = int(words.number("S", 0)), True
        elif words.code == "M524":
            self.card.printing = False

    def quickstop(self) -> None:
        """Stop the motors at once; what is queued in front of them is lost."""
        self.planner.run(self.now)
        self.motion.stop()
        if self.began and self.wake > self.now:
            self.wake = self.now

    def kill(self, why: str) -> None:
        """Stop for good: heaters off, motors off, and nothing more is heard until a reset."""
        self.quickstop()
        for heater in (*self.hotends, self.bed):
            heater.aim(0.0, self.now)
            heater.duty = 0.0
        if why and self.personality.halted[0] != self.personality.error:
            self.complain(why)
        for text in self.personality.halted:
            self.say(text.format(text=why or "kill() called!"))
        self.queue.clear()
        self.task = None
        self.card.printing = False
        self.halted = True

    # ---------------------------------------------------------------- ten times a second

    def look_after(self, now: float) -> None:
        """Check the heaters, report what was asked to be reported, and say that a long command is alive."""
        if self.hung_until <= now:
            self.printer.reset("Watchdog Reset")
            return
        if self.halted or self.hung_until < inf:
            return
        for i, heater in enumerate((*self.hotends, self.bed)):
            if why := heater.trip(now):
                name = "bed" if heater is self.bed else f"E{i}"
                self.kill(f"{why}, system stopped! Heater_ID: {name}")
                return
        if self.watches_filament and not self.printer.filament and self.planner.running:
            self._run_out()
        self.planner.cold = not self.cold_allowed and self.hotends[self.planner.tool].reading < 170.0
        if now - self._used_at > self.idle_heat > 0 and not self.queue and self.planner.tail == self.planner.head:
            self._rest(now)
        for what, seconds in self.reports.items():
            if seconds and now >= self._due.get(what, 0.0) - 1e-9:
                self._due[what] = now + seconds
                self.say(REPORTS[what](self))
        if self.began and self.keepalive and now >= self._busy_at - 1e-9 and self.personality.busy:
            why = "paused for user" if self.printer.waits_for_user else "processing"
            self.say(self.personality.busy.format(why=why))
            self._busy_at = now + self.keepalive
        if self.personality.waiting and not self.queue and now >= self._wait_at + 1.0:
            self._wait_at = now
            self.say(self.personality.waiting)

    def _run_out(self) -> None:
        """Let the filament change come next."""
        if not any(line.text == b"M600" for line, _ in self.queue):
            self.action("notification Filament runout T0")
            self.queue.insert(1 if self.began else 0, (Line(None, b"M600"), False))

    def _rest(self, now: float) -> None:
        """Switch off heaters that nobody uses."""
        self._used_at = now
        if any(heater.target for heater in (*self.hotends, self.bed)):
            self.say("echo:Heaters switched off: idle for too long")
            for heater in (*self.hotends, self.bed):
                heater.aim(0.0, now)

    # ---------------------------------------------------------------- what commands share

    def skip_cancelled(self) -> None:
        """Leave out moves while the present object is a cancelled one."""
        self.skipping = self.planner.special = self.object in self.cancelled

    def standstill(self) -> Generator[float, None, None]:
        """Wait until the motors have done what is queued."""
        while self.planner.tail < self.planner.head:
            yield self.planner.idle_at()
        self.planner.settle()

    def move(self, x: float, y: float, z: float, e: float, speed: float) -> Generator[float, None, None]:
        """Queue one move, machine mm, waiting for room; e is what is extruded."""
        while self.planner.add(x, y, z, e, speed) == FULL:
            yield self.planner.room_at()


def temperatures(firmware: Firmware, template: str = "", waiting: str = "") -> str:
    """Return the report of M105, or while heating with what is waited for."""
    hot, bed = firmware.hotends[firmware.planner.tool], firmware.bed
    text = (template or firmware.personality.temperatures).format(
        t=hot.reading, tt=hot.target, b=bed.reading, bt=bed.target, tp=int(hot.duty * 127), bp=int(bed.duty * 127),
        a=firmware.printer.ambient, w=waiting,
    )  # fmt: skip
    if len(firmware.hotends) > 1:
        text += "".join(f" T{i}:{h.reading:.2f} /{h.target:.2f}" for i, h in enumerate(firmware.hotends))
    return text


def position(firmware: Firmware) -> str:
    """Return the report of M114: where the last queued move ends, and the motors' steps now."""
    x, y, z, e = firmware.motion.position.tolist()
    ox, oy, oz = firmware.motion.origin.tolist()
    now = firmware.motion.where.tolist()
    steps = firmware.settings["M92"]
    cx, cy, cz = (round(now[i] * steps["XYZ"[i]]) for i in range(3))
    return firmware.personality.position.format(x=x - ox, y=y - oy, z=z - oz, e=e, cx=cx, cy=cy, cz=cz)


def card_status(firmware: Firmware) -> str:
    """Return the report of M27."""
    card = firmware.card
    return f"SD printing byte {card.at}/{len(card.data)}" if card.printing else "Not SD printing"


REPORTS: dict[str, Callable[[Firmware], str]] = {
    "temperature": temperatures,
    "position": position,
    "card": card_status,
}
"""What M155, M154 and M27 S report by themselves."""
