"""A printer that does not exist: its wire, its firmware, its motors and its heat, on a clock of its own.

    printer = VirtualPrinter("marlin", seed=1, faults=["corrupt:0.01"], baud=115200)
    printer.write(b"G28\\n", now=0.0)
    printer.advance(until=60.0)       -> b"...ok\\n", and printer.now says when
    printer.executed()                -> Moves: what it really did

It runs in the thread that calls it and asks no clock: the same bytes at the same times give the same bytes back.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from math import inf
from pathlib import Path

from gcode.limits import Machine
from gcode.moves import Moves
from printer.errors import LinkLost, VirtualError
from printer.virtual import eeprom
from printer.virtual.commands import handlers
from printer.virtual.faults import Fault, Schedule
from printer.virtual.firmware import Firmware
from printer.virtual.meatpack import Unpacker, UnpackingUart, split
from printer.virtual.mischief import GARBLE, MISCHIEF
from printer.virtual.motion import Motion, Run
from printer.virtual.personalities import PLANNERS, Personality, personality
from printer.virtual.sdcard import SdCard
from printer.virtual.thermal import BED_GUARD, BEDS, HOTEND_GUARD, HOTEND_PID, HOTENDS, Heater
from printer.virtual.uart import Uart

URGENT = re.compile(rb"^ *(?:N[-\d ]*(?=M))?(M108|M112|M410|M876|M524|KILL|\^X)(?!\d)[^\n]*\n", re.MULTILINE)
"""What an emergency parser looks for while characters arrive; it acts at the end of the line."""

TICK = 0.1
"""Seconds between two looks at the heaters, as in Marlin."""

WATCHDOG = 4.0
"""Seconds after which the watchdog resets a firmware that hangs."""


class VirtualPrinter:
    """One printer.

    firmware          a name of `PERSONALITIES`, or a record of your own
    seed, faults      what goes wrong; see `faults`
    machine           limits of the motion planner
    baud, latency     the wire: 0 baud is USB, which loses nothing; latency in seconds one way
    receive_buffer    bytes (the firmware's own where None); likewise `line_buffer` and `blocks`
    advanced_ok       acknowledgements say how much room is left (Marlin's ADVANCED_OK)
    hotend, bed       names of `thermal.HOTENDS` and `thermal.BEDS`
    extruders, size   how many, and the travel of the axes in mm
    measured          the bed was measured once, and the EEPROM keeps it
    card              the SD card, or a folder that holds its files; None is an empty one in memory

    patience, which may be set, are seconds in which the host need not hear that lines are taken, while there are more
    of them: it hears of many at once, which is quicker to run.
    """

    def __init__(
        self,
        firmware: str | Personality = "marlin",
        *,
        seed: int = 0,
        faults: Iterable[str | Fault] = (),
        machine: Machine | None = None,
        baud: int | None = None,
        latency: float = 0.0,
        receive_buffer: int | None = None,
        line_buffer: int | None = None,
        blocks: int | None = None,
        advanced_ok: bool | None = None,
        hotend: str = "v6",
        bed: str = "mk52",
        extruders: int = 1,
        size: tuple[float, float, float] = (300.0, 300.0, 300.0),
        measured: bool = False,
        card: SdCard | Path | None = None,
    ) -> None:
        made = personality(firmware) if isinstance(firmware, str) else firmware
        own = {"baud": baud, "receive_buffer": receive_buffer, "line_buffer": line_buffer, "blocks": blocks}
        board = replace(made.board, **{name: value for name, value in own.items() if value is not None})
        _check(board.baud, latency, board.receive_buffer, board.line_buffer, board.blocks, hotend, bed, extruders, size)
        self.personality = replace(made, board=board)
        self.advanced_ok = made.advanced_ok if advanced_ok is None else advanced_ok
        self.now, self.next_tick, self._ticks = 0.0, TICK, 0
        self._packs = "MEATPACK:1" in made.capabilities
        self.uart = (UnpackingUart if self._packs else Uart)(board.baud, latency, board.receive_buffer)
        self.uart.colon_ends = made.colon_ends
        machine = machine or Machine(made.planner)
        self.motion = Motion(machine, size, board.blocks, PLANNERS.index(made.planner), board.first_move)
        self.motion.planner.strict = made.strict
        self.defaults: eeprom.Values = eeprom.defaults(machine)
        self.eeprom: eeprom.Values | None = self.defaults | {eeprom.MESH: {"points": 9.0}} if measured else None
        self.hotends = [Heater(HOTENDS[hotend], HOTEND_GUARD, HOTEND_PID) for _ in range(extruders)]
        self.bed = Heater(BEDS[bed], BED_GUARD)
        self.card = card if isinstance(card, SdCard) else SdCard(card)
        self.patience = 0.0
        self.filament = True
        self.connected = True
        self.resets = 0
        self.executed_raw: list[bytes] = []
        self.urgent: deque[tuple[float, bytes]] = deque()
        self.schedule = Schedule(faults, seed)
        self.garbled: list[Fault] = []  # faults that wait for a reply
        self.silent_until = -inf
        self.restarted = False
        self._tail = self._unfinished = b""
        self._sent = Unpacker() if self._packs else None  # what the host packs, before faults
        self._flowed = 0.0
        self._why, self._alarm = "PowerUp", 0.0  # why it starts, and when it is no longer deaf
        self._boot()

    # ---------------------------------------------------------------- the host's side

    def write(self, data: bytes, now: float) -> None:
        """Take bytes that the host puts on the wire at `now`; raise `LinkLost` where the cable is out."""
        if not self.connected:
            raise LinkLost("the virtual printer is unplugged")
        if not self.schedule.on_lines:
            self._feed(data, now)
            return
        lines, self._unfinished = split(self._sent, self._unfinished + data)
        for line in lines:
            self._feed_faulty(line, now)

    def advance(self, until: float) -> bytes:
        """Live until `until`, or until the host has heard something; return that."""
        until = max(until, self.now)
        while True:
            self._firmware.live(until)
            if self.restarted:
                self._boot()
                continue
            heard = self.uart.heard(self.now)
            if heard or self.now >= until:
                return heard

    @property
    def due(self) -> float:
        """When something happens next, if nothing is written until then."""
        return min(self._firmware.due, self.uart.heard_at)

    @property
    def busy(self) -> bool:
        """Whether it is running commands or its motors, and does not wait for anybody."""
        planner = self.motion.planner
        working = bool(self._firmware.queue) or self.card.printing or planner.tail < planner.head
        return working and not self._firmware.waits_for_user

    def reset(self, why: str = "External Reset") -> None:
        """Reset the board, as opening its port does by DTR: queue, position and targets are gone."""
        self.motion.planner.run(self.now)
        self.motion.forget()
        for heater in (*self.hotends, self.bed):
            heater.off(self.now)
        self.card.printing, self.card.upload = False, None
        self.urgent.clear()
        self.garbled.clear()
        self.uart.reset()
        self.resets += 1
        self.restarted = True
        self._why = why

    def unplug(self) -> None:
        """Pull the cable: what is on the wire is gone, and `write` fails until `plug`."""
        self.connected = False
        self.uart.cut()

    def plug(self, resets: bool = True) -> None:
        """Put the cable back; most boards reset."""
        if not self.connected:
            self.connected = True
            if resets:
                self.reset()

    # ---------------------------------------------------------------- what it did

    def executed(self) -> Moves:
        """Return the moves that were really made until now, positions as the axes really were."""
        return self.run().moves

    def run(self) -> Run:
        """Return the moves with the times and temperatures at which they were made."""
        self.motion.planner.run(self.now)
        return self.motion.run()

    @property
    def executed_lines(self) -> list[str]:
        """The commands that were executed, in order, without line numbers and checksums."""
        return [line.decode("latin-1") for line in self.executed_raw]

    @property
    def underruns(self) -> int:
        """How often the motors ran dry between two moves and had to wait for the next."""
        return int(self.motion.planner.underruns)

    @property
    def starved(self) -> float:
        """How long they waited, in seconds."""
        return float(self.motion.planner.starved)

    # ---------------------------------------------------------------- the wire

    def _feed(self, data: bytes, now: float) -> None:
        at = self.uart.feed(data, now)
        if not self.personality.emergency:
            return
        if self._tail:
            data = self._tail + data
        self._tail = data[data.rfind(b"\n") + 1 :][-self.personality.board.line_length :]
        if b"M" in data or b"K" in data or b"^" in data:
            for found in URGENT.finditer(data.replace(b"\r", b"\n")):
                if not found[1].startswith(b"M") or found[1].decode() in self.personality.emergency:
                    self.urgent.append((at - (len(data) - found.end()) * self.uart.byte_seconds, found[1]))

    def _feed_faulty(self, line: bytes, now: float) -> None:
        lines = [line]
        for fault in self.schedule.at_line(now):
            lines = MISCHIEF[fault.name](self, fault, lines)
        for each in lines:
            if each and self.connected:
                self._feed(each, now)

    def speak(self, data: bytes) -> None:
        """Put a line on the wire to the host, unless something is the matter."""
        if not self.connected or self.now < self.silent_until:
            return
        if self.garbled:
            data = self._garble(data)
        if data:
            self.uart.say(data, self.now)

    def _garble(self, reply: bytes) -> bytes:
        """Return what the faults that wait for a reply leave of this one."""
        waiting, self.garbled = self.garbled, []
        for fault in waiting:
            if fault.name == "lost-ok" and not reply.startswith(b"ok"):
                self.garbled.append(fault)
            elif fault.name == "delay-reply":
                self.uart.delay(self.now, float(fault.argument))
            elif reply:
                reply = GARBLE[fault.name](reply, self.schedule.dice)
        return reply

    # ---------------------------------------------------------------- what faults do

    def hang(self) -> None:
        """Stop the firmware until its watchdog resets it."""
        self._firmware.hung = True
        self._alarm = self.now + WATCHDOG

    def heater(self, name: str) -> Heater:
        """Return the bed, or the first hotend."""
        return self.bed if name == "bed" else self.hotends[0]

    # ---------------------------------------------------------------- time

    def tick(self) -> None:
        """Let the heaters follow their duty for a tick, then look after everything."""
        planner = self.motion.planner
        planner.run(self.now)
        flowed = planner.flowed()
        flow, self._flowed = (flowed - self._flowed) / TICK, flowed
        for i, heater in enumerate(self.hotends):
            heater.live(TICK, planner.fan, flow if i == planner.tool else 0.0)
            heater.regulate(TICK)
        self.bed.live(TICK)
        self.bed.regulate(TICK)
        planner.temperature = self.hotends[planner.tool].temperature
        self._ticks += 1
        self.next_tick = (self._ticks + 1) * TICK
        for fault in self.schedule.at_time(self.now):
            MISCHIEF[fault.name](self, fault, [])
        if self._firmware.hung:
            self._alarmed()
        elif self._firmware.halted:
            self.uart.flush(self.now)
        else:
            self._firmware.upkeep.look(self.now)

    def _boot(self) -> None:
        """Start a firmware; after a reset it is deaf for a while."""
        self._firmware = Firmware(self, handlers(self.personality))
        if self.restarted:
            self.restarted, self._firmware.hung = False, True
            self._alarm = self.now + self.personality.board.boot_seconds
        else:
            self._greet()

    def _alarmed(self) -> None:
        """End the time in which a firmware is deaf: it has started, or its watchdog resets it."""
        if self.now < self._alarm:
            return
        if self._firmware.started:
            self.reset("Watchdog Reset")
        else:
            self._firmware.hung = False
            self.uart.flush(self.now)
            self._greet()

    def _greet(self) -> None:
        self._firmware.started = True
        for text in self.personality.boot:
            self._firmware.say(text.format(why=self._why))


def _check(
    baud: int, latency: float, receive_buffer: int, line_buffer: int, blocks: int, hotend: str, bed: str,
    extruders: int, size: tuple[float, float, float],
) -> None:  # fmt: skip
    """Raise where a printer cannot be built so."""
    if baud < 0 or not 0 <= latency < inf:
        raise VirtualError("baud and latency cannot be negative")
    if receive_buffer < 16 or line_buffer < 1 or blocks < 4:
        raise VirtualError("the buffers are too small: at least 16 bytes, 1 line and 4 blocks")
    if hotend not in HOTENDS:
        raise VirtualError(f"no hotend called {hotend!r}: there are {', '.join(HOTENDS)}")
    if bed not in BEDS:
        raise VirtualError(f"no bed called {bed!r}: there are {', '.join(BEDS)}")
    if not 1 <= extruders <= 8:
        raise VirtualError("a virtual printer has 1 to 8 extruders")
    if not all(length > 0 for length in size):
        raise VirtualError(f"axes cannot travel {' x '.join(f'{length:g}' for length in size)} mm")
