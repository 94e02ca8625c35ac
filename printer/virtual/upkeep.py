"""What a firmware does besides running commands, ten times a second: watch the heaters, report, say that it lives."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from printer.virtual.reports import REPORTS

if TYPE_CHECKING:
    from printer.virtual.firmware import Firmware

COLD = 170.0
"""Temperature under which nothing is extruded (Marlin's EXTRUDE_MINTEMP)."""

IDLE_HEAT = 1800.0
"""Seconds after which heaters that nobody uses are switched off, as Prusa's safety timer does; M86 S changes it."""

RESTING = 60.0
"""Seconds without a command after which motors that stand still are not starved, but at rest."""

WAIT = 1.0
"""Seconds between two `wait` of a firmware that says it when it has nothing to do."""


class Upkeep:
    """Timers of one firmware.

    keepalive   seconds between two `busy:` of a long command; 0 for none
    idle_heat   seconds until unused heaters are switched off; 0 for never
    used_at     when the last command ended that was more than a question
    """

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self.keepalive = firmware.personality.keepalive if firmware.personality.busy else 0.0
        self.idle_heat = IDLE_HEAT
        self.used_at = firmware.now
        self.cold_allowed = False
        self.watches_filament = True
        self._busy_at = self._wait_at = inf
        self._every: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def report_every(self, what: str, seconds: float) -> None:
        """Report something by itself from now on; 0 no more."""
        self._every[what] = seconds
        self._due[what] = self._firmware.now + seconds

    def begin(self, now: float) -> None:
        """Note that a command has begun that does not end at once."""
        self._busy_at = now + self.keepalive if self.keepalive else inf

    def end(self, now: float, text: bytes) -> None:
        """Note that a command has ended; a host that only asks for temperatures does not use the printer."""
        self._busy_at = inf
        self._wait_at = now + WAIT
        if text != b"M105":
            self.used_at = now

    def look(self, now: float) -> None:
        """Do what is due."""
        firmware, printer = self._firmware, self._firmware.printer
        if self._heat_is_unsafe(now):
            return
        planner = firmware.planner
        planner.cold = not self.cold_allowed and firmware.hotends[planner.tool].reading < COLD
        if self.watches_filament and not printer.filament and planner.running:
            self._run_out()
        if self.idle_heat and now - self.used_at > self.idle_heat and not firmware.queue and not planner.running:
            self._rest(now)
        if now - self.used_at > RESTING:
            planner.settle()
        for what, seconds in self._every.items():
            if seconds and now >= self._due[what] - 1e-9:
                self._due[what] = now + seconds
                firmware.say(REPORTS[what](firmware))
        if now >= self._busy_at - 1e-9:
            why = "paused for user" if firmware.waits_for_user else "processing"
            firmware.say(firmware.personality.busy.format(why=why))
            self._busy_at = now + self.keepalive
        if firmware.personality.waiting and not firmware.queue and now >= self._wait_at - 1e-9:
            self._wait_at = now + WAIT
            firmware.say(firmware.personality.waiting)

    def _heat_is_unsafe(self, now: float) -> bool:
        """Return whether a heater's protection has tripped, which ends everything."""
        firmware = self._firmware
        for name, heater in firmware.heaters:
            if why := heater.trip(now):
                firmware.kill(f"{why}, system stopped! Heater_ID: {name}")
                return True
        return False

    def _run_out(self) -> None:
        """Let the filament change come next."""
        firmware = self._firmware
        if not any(line.text == b"M600" for line, _ in firmware.queue):
            firmware.action("notification Filament runout T0")
            firmware.push(b"M600")

    def _rest(self, now: float) -> None:
        """Switch off heaters that nobody uses."""
        self.used_at = now
        hot = [heater for _, heater in self._firmware.heaters if heater.target]
        if hot:
            self._firmware.say("echo:Heaters switched off: idle for too long")
        for heater in hot:
            heater.aim(0.0, now)
