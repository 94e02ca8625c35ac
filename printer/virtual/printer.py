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
from printer.virtual.firmware import TICK, Firmware
from printer.virtual.mischief import GARBLE, MISCHIEF
from printer.virtual.motion import Motion, Run
from printer.virtual.personalities import Personality, personality
from printer.virtual.sdcard import SdCard
from printer.virtual.thermal import AMBIENT, BED_GUARD, BEDS, HOTEND_GUARD, HOTEND_PID, HOTENDS, Heater
from printer.virtual.uart import Uart

URGENT = re.compile(rb"^ *(?:N-?\d+ *)?(M108|M112|M410|M876[^*]*|M524|KILL|\x18)", re.MULTILINE)
"""What an emergency parser looks for while characters arrive."""


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
    card              the SD card, or a folder that holds its files; None is an empty one in memory
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
        size: tuple[float, float, float] = (250.0, 210.0, 210.0),
        card: SdCard | Path | None = None,
    ) -> None:
        made = personality(firmware) if isinstance(firmware, str) else firmware
        own = {"baud": baud, "receive_buffer": receive_buffer, "line_buffer": line_buffer, "blocks": blocks}
        board = replace(made.board, **{name: value for name, value in own.items() if value is not None})
        _check(board.baud, latency, board.receive_buffer, board.line_buffer, board.blocks, hotend, bed, extruders)
        self.personality = replace(made, board=board)
        self.advanced_ok = made.advanced_ok if advanced_ok is None else advanced_ok
        self.now, self.next_tick, self._ticks = 0.0, TICK, 0
        self.ambient = AMBIENT
        self.uart = Uart(board.baud, latency, board.receive_buffer)
        machine = machine or Machine()
        self.motion = Motion(machine, size, board.blocks, made.planner_rule, board.first_move)
        self.defaults: eeprom.Values = eeprom.defaults(machine)
        self.eeprom: eeprom.Values | None = None
        self.hotends = [Heater("hotend", HOTENDS[hotend], HOTEND_GUARD, HOTEND_PID) for _ in range(extruders)]
        self.bed = Heater("bed", BEDS[bed], BED_GUARD)
        self.card = card if isinstance(card, SdCard) else SdCard(card)
        self.card_present, self.filament, self.waits_for_user = True, True, False
        self.connected = True
        self.schedule = Schedule(faults, seed)
        self.executed_raw: list[bytes] = []
        self.urgent: deque[tuple[float, bytes]] = deque()
        self.restarted = False
        self.resets = 0
        self._extruded = 0.0
        self.silent_until = -inf
        self.garbled: list[Fault] = []
        self._firmware = Firmware(self, handlers(self.personality))
        self._boot()

    # ---------------------------------------------------------------- the host's side

    def write(self, data: bytes, now: float) -> None:
        """Take bytes that the host puts on the wire at `now`; raise `LinkLost` where the cable is out."""
        if not self.connected:
            raise LinkLost("the virtual printer is unplugged")
        if self.schedule.on_lines:
            for line in data.splitlines(keepends=True):
                self._feed_faulty(line, now)
        else:
            self._feed(data, now)

    def advance(self, until: float) -> bytes:
        """Live until `until`, or until the host has heard something; return that."""
        while True:
            self._firmware.live(until)
            if self.restarted:
                self.restarted = False
                self._firmware = Firmware(self, handlers(self.personality))
                self._boot()
                continue
            heard = self.uart.heard(self.now)
            if heard or self.now >= until:
                return heard

    def reset(self, why: str = "External Reset") -> None:
        """Reset the board, as opening its port does by DTR: queue, position and targets are gone."""
        self.motion.planner.run(self.now)
        self.motion.forget()
        for heater in (*self.hotends, self.bed):
            heater.aim(0.0, self.now)
            heater.duty = 0.0
        self.card.printing, self.card.upload = False, None
        self.urgent.clear()
        self.waits_for_user = False
        self.uart.flush(self.now)
        self.restarted = True
        self.resets += 1
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
        """Return the moves that were really made, positions as the axes really were."""
        return self.motion.run().moves

    def run(self) -> Run:
        """Return the moves with the times and temperatures at which they were made."""
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
        if self.personality.emergency and b"M" in data:
            for found in URGENT.finditer(data):
                if found[1][:4].decode("latin-1") in (*self.personality.emergency, "KILL", "\x18"):
                    self.urgent.append((at, found[1]))

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

    def hang(self, seconds: float) -> None:
        """Stop the firmware until its watchdog resets it."""
        self._firmware.hung_until = self.now + seconds

    def heater(self, name: str) -> Heater:
        """Return the bed, or the first hotend."""
        return self.bed if name == "bed" else self.hotends[0]

    # ---------------------------------------------------------------- time

    def pass_to(self, now: float) -> None:
        """Let time pass in which nothing happens."""
        self.now = now

    def tick(self) -> None:
        """Let the heaters follow their duty for a tick, then look after them."""
        planner = self.motion.planner
        planner.run(self.now)
        extruded = planner.extruded
        flow, self._extruded = (extruded - self._extruded) / TICK, extruded
        for i, heater in enumerate(self.hotends):
            heater.live(TICK, planner.fan, flow if i == planner.tool else 0.0)
            heater.regulate(TICK)
        self.bed.live(TICK)
        self.bed.regulate(TICK)
        planner.temperature = self.hotends[planner.tool].temperature
        self._ticks += 1
        self.next_tick = (self._ticks + 1) * TICK
        if self.now >= self.schedule.next_time:
            for fault in self.schedule.at_time(self.now):
                MISCHIEF[fault.name](self, fault, [])
        self._firmware.look_after(self.now)

    def _boot(self) -> None:
        for text in self.personality.boot:
            if self.resets and text == "PowerUp":
                text = self._why
            self._firmware.say(text)


def _check(
    baud: int, latency: float, receive_buffer: int, line_buffer: int, blocks: int, hotend: str, bed: str, extruders: int
) -> None:
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
