"""One print on one printer: the job's states, and what is done in each. Single-threaded; `controller` is its face."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from printer import events, job, sequences
from printer.errors import ImpossibleAction, StoreError, UnsendableLine
from printer.events import Event
from printer.feeding import Feeder
from printer.firmware import PATIENCE_DEFAULT_S, patience
from printer.job import FINAL, Job, JobState
from printer.journal import Journal
from printer.modal import Modal
from printer.notices import Alarmed, Changed, Disconnected, Layer, Warned
from printer.overrides import Kept, Override
from printer.program import BATCH, NOTHING, Program
from printer.protocol import Link, State
from printer.protocol.replies import advice, is_error
from printer.safety import Alarm, Guard, LayerWatch
from printer.sequences import Policy
from printer.session import Session
from printer.telemetry import Telemetry
from printer.transport.base import Transport
from printer.waiting import Waiting

GIVE_UP = 300.0
"""Seconds after which a device that was lost is no longer waited for."""
MUTE = 60.0
"""Seconds that a device gets to say that it is a printer; boards and Klipper take a while to start."""

NUDGE = 1.0
"""Seconds between two attempts to end a wait for a temperature or a person."""

TUNES = "M303"
"""What lets a heater swing about a temperature that the firmware does not tell as its target."""

RECENTLY = 10.0
"""Seconds for which a sign of life explains that no temperatures come."""

FED = frozenset({JobState.PRINTING, JobState.HEATING})
OUTCOME = {
    True: "heaters are off, the printer confirms it",
    False: "heaters were told to switch off, but the printer does not confirm it: look after it",
    None: "the printer cannot be reached: switch it off by hand if it is hot",
}


class Printing:
    """A job and everything that moves it; the arguments are `Controller`'s."""

    def __init__(
        self,
        transport: Transport,
        program: Program | None,
        *,
        link: Link,
        policy: Policy,
        journal: Journal | None,
        guard: Guard,
        reopen: Callable[[], Transport] | None,
        on_event: Callable[[Event], None] | None,
        start: int,
        preamble: Iterable[str],
        upload: str,
    ) -> None:
        self.policy = policy
        self.program = program or NOTHING
        self.telemetry = Telemetry()
        self.session = Session(transport, link, reopen)
        self.feeder = Feeder(self.program, self.session.link, start, self.policy.own_changes)
        self.job = Job(self.program)
        self._waits = reopen is not None
        self._guard = guard
        self._layers = LayerWatch()
        self.waiting = Waiting(self.program.waits, self.program.seconds)
        self._journal = journal
        self._on_event = on_event
        self._preamble = [f"M28 {upload}"] if upload else list(preamble)
        self._upload = upload
        self._layer_began = self._stepped = self.session.now
        self._layer_predicted = 0.0
        self._kept = Kept()
        self._purge = 0.0
        self._lived = -RECENTLY
        self._cooled = False
        self._nudged = -NUDGE
        if program:
            self._act(job.Connect(self.session.now))

    def step(self, timeout: float) -> None:
        """Do what is to be done now, waiting up to `timeout` seconds for the printer."""
        try:
            if self.job.state in FED:
                self.feeder.feed()
        except UnsendableLine as error:
            self.fail(str(error))
        for event in self.session.pump(timeout):
            self._take(event)
        self._advance(self.session.now)

    def _act(self, action: job.Action) -> bool:
        """Move the job on; say whether its state allowed that."""
        before = self.job.state
        try:
            self.job = job.reduce(self.job, action)
        except ImpossibleAction:
            return False
        if self.job.state != before:
            self._note(lambda journal: journal.state(self.job.state))
            self._emit(Changed(self.job.state, self.job.reason))
        return True

    def _emit(self, event: Event) -> None:
        if self._on_event:
            self._on_event(event)

    def _note(self, write: Callable[[Journal], None]) -> None:
        """Write to the journal; a disk that fails costs the journal, not the print."""
        if self._journal:
            try:
                write(self._journal)
            except StoreError as error:
                with suppress(StoreError, OSError):
                    self._journal.close()
                self._journal = None
                self._emit(Warned(f"{error}; the print goes on without a journal"))

    # ------------------------------------------------------------ what the printer says

    def _take(self, event: Event) -> None:
        """Act on one event."""
        self._emit(event)
        follows = self.telemetry.observe(event, self.session.now)
        if follows:
            self._emit(follows)
        handler = HANDLERS.get(type(event))
        if handler:
            handler(self, event)

    def _ready(self, event: events.Ready) -> None:
        if self._act(job.Connected(self.session.now)):
            self.session.say(self._preamble, then=None if self._upload else self._begin)

    def _card(self, event: events.SdStatus) -> None:
        """Follow a file on its way to the card."""
        if self._upload and event.what == "writing":
            self._begin()
        elif self._upload and event.what == "saved":
            self._finished()
        elif self._upload and event.what in ("open_failed", "missing"):
            self.fail(f"the card does not take {self._upload}: {event.what.replace('_', ' ')} {event.text}".rstrip())

    def _begin(self) -> None:
        if self._act(job.Begin(self.session.now)):
            self._layer_began = self.session.now

    def _temperatures(self, event: events.Temperatures) -> None:
        if self.session.link.oldest.startswith(TUNES):
            self._guard.forget()  # the firmware heats and tells no target
            return
        for alarm in self._guard.observe(self.session.now, event.readings):
            self._alarm(alarm)
        heating = self.feeder.heating
        if heating and self.job.state == JobState.PRINTING:
            self._act(job.Heat(self.session.now))
        elif not heating and self.job.state == JobState.HEATING:
            self._act(job.Heated(self.session.now))

    def _halted(self, event: events.Halted) -> None:
        self.fail(f"{event.message}: {event.meaning}; {event.advice}", reachable=False)

    def _undeliverable(self, event: events.Failed) -> None:
        if event.stranger:
            self.fail(f"{event.reason}; nothing was sent to it; look after the printer of this job", reachable=False)
        else:
            self.fail(f"delivery cannot be proven any more: {event.reason}")

    def _refused(self, event: events.Trouble) -> None:
        """End a job of which the printer refuses a line: what it prints from then on is not the part."""
        if self.job.state in FED and is_error(event.message):
            what = "; ".join(filter(None, (event.message, advice(event.message))))
            self.fail(f"the printer refuses a line of the file: {what}")

    def _restarted(self, event: events.Restarted) -> None:
        self._guard.forget()
        if event.unexpected:
            self.fail("the printer restarted by itself: power, a loose plug, or its reset button", reachable=False)
        if self.session.link.state in (State.RESTARTED, State.HALTED):
            self.session.link.open(self.session.now)  # it is cold, and may be watched and moved

    def _busy(self, event: events.Busy) -> None:
        """Take the firmware's word that it lives; while it waits for a person, it may be silent for hours."""
        self._lived = self.session.now
        if event.reason.startswith("paused"):
            self._guard.alive(self._lived)

    def _silent(self, event: events.Silent) -> None:
        self.session.link.grant(self.feeder.longest_move)
        if event.dead:
            self.fail(f"the printer has not answered {event.waiting_for!r} for {event.seconds:.0f} s")
        else:
            self._emit(Warned(f"no answer for {event.seconds:.0f} s to {event.waiting_for!r}"))

    def _doubted(self, event: events.Doubted) -> None:
        self._emit(Warned(f"near line {event.near_line} something may have been executed that is not in the file"))

    def _disconnected(self, event: Disconnected) -> None:
        if not self._waits:
            self.fail(event.reason)

    def _asked_to(self, event: events.Action) -> None:
        """Do what `//action:` asks for; what is over by then is no error."""
        order = {"pause": self.pause, "resume": self.resume, "cancel": self.cancel}.get(event.name)
        if order:
            order("the printer asks for it")

    # ------------------------------------------------------------ what people ask for

    def pause(self, reason: str = "", change: bool = False) -> None:
        """Stop between two lines, off the part; `change` where filament is changed meanwhile."""
        if not self._act(job.Pause(self.session.now, reason)):
            return
        self.feeder.withdraw()
        self._purge = self.policy.purge if change else 0.0
        self._cooled = False
        lines = [self.session.link.firmware.hold, *sequences.pause(self._state_here(), self.policy)]
        self.session.say(lines, then=self._paused)

    def _paused(self) -> None:
        if self.job.state == JobState.PAUSING:
            self._act(job.Paused(self.session.now, self.job.reason))

    def resume(self, reason: str = "") -> None:
        """Go on where it was paused, once everything is as it was."""
        if self._act(job.Resume(self.session.now, reason)):
            self.session.say(sequences.resume(self._state_here(), self.policy, self._purge), then=self._resumed)

    def _resumed(self) -> None:
        if self.job.state == JobState.RESUMING:
            self.feeder.pass_stop()
            self._act(job.Resumed(self.session.now))

    def cancel(self, reason: str = "") -> None:
        """End the job: off the part, heaters off, motors free."""
        parked = self.job.state == JobState.PAUSED
        if not self._act(job.Cancel(self.session.now, reason)):
            return
        self.feeder.withdraw()
        if not self.session.talking:
            self.fail(reason or "cancelled before the printer answered")
            return
        self.session.say(sequences.stop(self._state_here(), self.policy, parked), then=self._cancelled)

    def _cancelled(self) -> None:
        if self._act(job.Cancelled(self.session.now, self.job.reason)):
            self._note(lambda journal: journal.end("cancelled"))

    def override(self, override: Override) -> None:
        """Set something that the file sets too; a pause brings it back, but for heat that is switched off in one."""
        if override.value or self.job.state != JobState.PAUSED:
            self._kept.note(override, self.program.state(self.feeder.sent))
        self.session.say([override.line])

    def exclude(self, which: int) -> None:
        """Leave an object out from the next line on."""
        self.feeder.withdraw()
        self.feeder.excluded.add(which)

    def _state_here(self) -> Modal:
        """Return what is in force before the next line, with what people have set since."""
        return self._kept.onto(self.program.state(self.feeder.cursor))

    # ------------------------------------------------------------ what time brings

    def _advance(self, now: float) -> None:
        """Look how far the print has come, and whether anything takes too long."""
        state, line = self.job.state, self.feeder.acknowledged
        before = self.job.line
        if line != before and self._act(job.Advance(now, line=line)) and line // BATCH != before // BATCH:
            self.program.state(line)  # in time, so that a pause need not go through all lines before it
        if state not in FINAL:
            self._note(lambda journal: journal.note(line, self.feeder.sent))  # before anybody is told
        doing = self.session.link.oldest if state in FED else ""
        if waited := self.waiting.observe(now, line, doing, self.telemetry.readings):
            self._emit(waited)
        if state in FED:
            self._look_at_layer(now, line)
            if self.feeder.done or (self._upload and self.feeder.sent == len(self.program)):
                self._act(job.Heated(now))
                self._finish()
            elif self.feeder.at_stop:
                self.pause("the file asks for a person", change=True)
        elif state == JobState.CONNECTING and self.session.connected and now - self.job.since > MUTE:
            self.fail(f"{self.session.name} does not answer: is it a printer, and at this speed?")
        elif (
            state == JobState.CANCELLING and now - self._nudged > NUDGE and (self.feeder.heating or self.telemetry.asks)
        ):
            self._nudged = now
            self.session.urgent("M108")  # ends the wait for a temperature or a person, where the firmware listens
        elif state == JobState.PAUSED and not self._cooled and now - self.job.since > self.policy.cool_after:
            self._cooled = True
            self.session.say(f"M104 T{tool} S0" for tool in self._state_here().nozzle)
            self._emit(Warned("the nozzle cools down; it is heated again before the print goes on"))
        if state not in FINAL:
            self._look_for_life(now)
        self._stepped = now

    def _look_at_layer(self, now: float, line: int) -> None:
        """Say when a layer begins, and when one takes far too long."""
        program = self.program
        layer = int(program.layer[min(line, len(program) - 1)])
        if layer < 0:
            return
        before = self._layers.layer
        moving = now - self._stepped if self.job.state == JobState.PRINTING and self.session.connected else 0.0
        predicted = self._layer_predicted
        if layer != before:
            self._layer_predicted = program.layer_seconds(layer)
        alarm = self._layers.observe(layer, self._layer_predicted, moving)
        if alarm:
            self._emit(Warned(alarm.message))
        if layer != before:
            self._emit(Layer(layer, job.view(self.job, now).elapsed_s, now - self._layer_began, predicted))
            self._layer_began = now

    def _look_for_life(self, now: float) -> None:
        """Stop where heaters are on and nobody tells how hot they are; give up what does not come back."""
        link = self.session.link
        takes = patience(link.oldest)
        slow = takes > PATIENCE_DEFAULT_S or link.granted > 0.0 or now - self._lived < RECENTLY
        for alarm in self._guard.tick(now, not self.session.connected or slow, takes):
            self._alarm(alarm)
        if self.session.lost_for > GIVE_UP:
            self.fail(f"{self.session.name} did not come back")

    def _finish(self) -> None:
        if not self._act(job.Finish(self.session.now)):
            return
        if self._upload:
            self.session.say(["M29"])
        else:
            state = self.program.state(len(self.program))
            if state.hot:
                self._emit(Warned("the file ends with heaters on; they are switched off"))
            self.session.say(["M400", *(sequences.heaters_off(state) if state.hot else ())], then=self._finished)

    def _finished(self) -> None:
        if self._act(job.Finished(self.session.now)):
            self._note(lambda journal: journal.end("done"))

    def _alarm(self, alarm: Alarm) -> None:
        """Stop everything at once for what the host's own watch has seen, also what prints from the card."""
        self._emit(Alarmed(alarm.rule, alarm.heater, alarm.message))
        if self._guard.hot or self.job.state not in (*FINAL, JobState.IDLE):
            if not self.session.link.stranger:
                self.session.urgent("M112")
            self.fail(alarm.message)

    def fail(self, reason: str, reachable: bool = True) -> None:
        """End the job with heaters off, whatever the printer still hears; its journal stays open to recovery."""
        if self.job.state in (*FINAL, JobState.IDLE):
            return
        self.feeder.withdraw()
        self.session.forget()
        if reachable:
            off = sequences.heaters_off(self.program.state(self.feeder.sent))
            reason = f"{reason}; {OUTCOME[self.session.heaters_off(off)]}"
        self._act(job.Fail(self.session.now, reason))
        self._note(Journal.close)


HANDLERS: dict[type[Event], Callable[..., None]] = {
    events.Ready: Printing._ready,
    events.Temperatures: Printing._temperatures,
    events.Halted: Printing._halted,
    events.Trouble: Printing._refused,
    events.Failed: Printing._undeliverable,
    events.Restarted: Printing._restarted,
    events.Busy: Printing._busy,
    events.Silent: Printing._silent,
    events.Doubted: Printing._doubted,
    events.Action: Printing._asked_to,
    events.SdStatus: Printing._card,
    Disconnected: Printing._disconnected,
}
