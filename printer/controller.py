"""A printer in one's hands: a loop to run and orders to give.

    with Controller(transport, program) as controller:
        view = controller.run()            # or .step() from a loop of your own

Only one thread may `step`; every order (`pause`, `cancel`, `override` ...) may come from any, at any time. An order
that makes no sense raises `ImpossibleAction` at once; the others are carried out in the next step. Only
`emergency_stop` writes before it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from queue import SimpleQueue
from types import TracebackType

from printer import job
from printer.errors import ImpossibleAction
from printer.events import Event
from printer.firmware import UNKNOWN, Firmware
from printer.job import FINAL, JobState
from printer.journal import Journal
from printer.overrides import overrides
from printer.printing import Printing
from printer.program import Program
from printer.protocol import Link, clean
from printer.safety import Guard
from printer.sequences import Policy, exclusion
from printer.transport.base import Transport
from printer.view import View, snapshot

AT_REST = frozenset({JobState.IDLE, JobState.PAUSED, *FINAL})
"""States in which people may move the head and talk to the firmware."""

CARD: dict[str, tuple[str, ...]] = {
    "list": ("M21", "M20"),
    "print": ("M23 {}", "M27 S5", "M24"),
    "pause": ("M25",),
    "resume": ("M24",),
    "cancel": ("M524", "M104 S0", "M140 S0", "M27 S0"),
    "delete": ("M30 {}",),
}
"""What can be done with the card, and how it is said."""

FARTHEST = 500.0
"""mm that a jog may ask for."""


class Controller:
    """One printer, and at most one job on it.

    Parameters
    ----------
    transport : an open way to the printer; closed by `close`
    program : what to print; None to watch, jog and talk
    firmware : what is known of the other end before it says so itself
    link : a link of your own making, instead of one for `firmware`
    policy : how to park, retract and cool
    journal : where to note how far the print has come; closed with the job
    guard : the watch over heat; one with the usual rules where None
    reopen : returns a new transport after the device was lost; without it a lost device ends the job
    on_event : called with every event, in the thread that steps
    start, preamble : first line of the program, and what is said before it (see `recovery`)
    upload : name of a file on the printer's card, to which the program is written instead of being printed
    """

    def __init__(
        self,
        transport: Transport,
        program: Program | None = None,
        *,
        firmware: Firmware = UNKNOWN,
        link: Link | None = None,
        policy: Policy | None = None,
        journal: Journal | None = None,
        guard: Guard | None = None,
        reopen: Callable[[], Transport] | None = None,
        on_event: Callable[[Event], None] | None = None,
        start: int = 0,
        preamble: Iterable[str] = (),
        upload: str = "",
    ) -> None:
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._printing = Printing(
            transport,
            program,
            link=link or Link(firmware),
            policy=policy or Policy(),
            journal=journal,
            guard=guard or Guard(),
            reopen=reopen,
            on_event=on_event,
            start=start,
            preamble=preamble,
            upload=upload,
        )

    # ------------------------------------------------------------ the loop

    def step(self, timeout: float = 0.1) -> bool:
        """Do what is to be done now, waiting up to `timeout` seconds for the printer; say whether the job goes on."""
        while not self._orders.empty():
            self._orders.get()()
        self._printing.step(timeout)
        return self._printing.job.state not in FINAL

    def run(self) -> View:
        """Step until the job has ended; return what it came to."""
        while self.step():
            pass
        return self.view()

    def view(self) -> View:
        """Return what there is to show now, as values."""
        return snapshot(self._printing)

    @property
    def now(self) -> float:
        """The printer's time in seconds."""
        return self._printing.session.now

    @property
    def line(self) -> int:
        """How many lines of the program the printer is known to have."""
        return self._printing.job.line

    def close(self) -> None:
        """Let go of the printer; a job that still runs ends here, with the heaters off."""
        self._printing.fail("the host stopped")
        self._printing.session.close()

    def __enter__(self) -> Controller:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------ orders

    def pause(self, reason: str = "paused by hand") -> None:
        """Stop between two lines: retract, lift, park; heat is kept, the nozzle's for a while."""
        self._order(job.Pause, lambda: self._printing.pause(reason))

    def change_filament(self) -> None:
        """Pause to change the filament; going on pushes out what the policy says."""
        self._order(job.Pause, lambda: self._printing.pause("change of filament", change=True))

    def resume(self) -> None:
        """Go on where it was paused: heat, place, filament and modes as they were."""
        self._order(job.Resume, self._printing.resume)

    def cancel(self, reason: str = "cancelled by hand") -> None:
        """End the job: off the part, heaters off, motors free."""
        self._order(job.Cancel, lambda: self._printing.cancel(reason))

    def emergency_stop(self, reason: str = "emergency stop") -> None:
        """Write M112 now, from any thread and in any state; the job fails with the next step."""
        self._printing.session.urgent("M112")
        self._orders.put(lambda: self._printing.fail(reason))

    def override(self, **values: float) -> None:
        """Set `feed`, `flow` or `fan` in percent, `nozzle` or `bed` in C, while it prints."""
        for override in overrides(values):
            self._orders.put(partial(self._printing.override, override))

    def exclude(self, name: str) -> None:
        """Leave an object out from now on, by its name or number; of a print from the card, as firmware knows it."""
        objects = self._printing.program.objects
        if not len(self._printing.program):
            self._talk([exclusion(name, self._printing.session.link.firmware)])
            return
        which = objects.index(name) if name in objects else int(name) if name.isdecimal() else -1
        if not 0 <= which < len(objects):
            raise ImpossibleAction(
                f"no object {name!r} in this file: {', '.join(objects) or 'its objects have no labels'}"
            )
        self._orders.put(lambda: self._printing.exclude(which))

    def answer(self, choice: int | None = None) -> None:
        """Answer the printer's question by the index of a choice; None just says to go on."""
        self._printing.session.urgent("M108" if choice is None else f"M876 S{choice:d}")

    def jog(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, e: float = 0.0, feed: float = 1500.0) -> None:
        """Move by mm from where the head is, at `feed` mm/min, while nothing prints."""
        words = [f"{axis}{by:.3f}" for axis, by in (("X", x), ("Y", y), ("Z", z), ("E", e)) if by]
        if not all(abs(by) <= FARTHEST for by in (x, y, z, e)) or not 0 < feed < 1e5:
            raise ImpossibleAction(f"cannot jog {' '.join(words)} at {feed:g} mm/min: at most {FARTHEST:g} mm")
        self._talk(["G91", "M83", f"G1 {' '.join(words)} F{feed:.0f}", "G90"])

    def home(self, axes: str = "") -> None:
        """Home the named axes (of `XYZ`), or all of them, while nothing prints."""
        if set(axes.upper()) - set("XYZ"):
            raise ImpossibleAction(f"cannot home {axes!r}: axes are X, Y and Z")
        self._talk([" ".join(["G28", *axes.upper()])])

    def send(self, line: str) -> None:
        """Send a line of one's own, while nothing prints. Raises `UnsendableLine`."""
        clean(line, self._printing.session.link.firmware)
        self._talk([line])

    def card(self, what: str, name: str = "") -> None:
        """Use the printer's card: `list`, `print` a file by name, `pause`, `resume`, `cancel`, `delete` a file.

        The answers are events (`SdFile`, `SdStatus`, `SdProgress`); how far it is, the printer says every five seconds.
        """
        if what not in CARD:
            raise ImpossibleAction(f"cannot {what} on the card: {', '.join(CARD)} can be done")
        lines = [line.format(name) for line in CARD[what]]
        for line in lines:
            clean(line, self._printing.session.link.firmware)
        self._talk(lines)

    def _talk(self, lines: list[str]) -> None:
        state = self._printing.job.state
        if state not in AT_REST:
            raise ImpossibleAction(f"cannot do that while the job is {state}: pause it first")
        self._orders.put(lambda: self._printing.session.say(lines))

    def _order(self, action: type[job.Action], carry_out: Callable[[], None]) -> None:
        """Queue an order that the job's state allows; raise `ImpossibleAction` for any other."""
        job.reduce(self._printing.job, action(self._printing.session.now))
        self._orders.put(carry_out)
