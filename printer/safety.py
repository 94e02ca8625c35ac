"""The host's own watch over heat and time, which trusts no firmware: folds over readings, alarms out.

Each rule is wider than the firmware's own, so that a healthy machine with a healthy firmware never meets it. What it
cannot do is cut the power: an alarm stops the print over the wire and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """What a heater must do: C and seconds.

    rise, within   a heater below its target gains `rise` every `within`
    fall, patience once there, it is `fall` below for no longer than `patience`
    over           it is never more than this above its target, or above where it was when the target fell
    highest        no part of it survives this
    """

    rise: float
    within: float
    fall: float
    patience: float
    over: float
    highest: float


RULES: dict[str, Rule] = {
    "T": Rule(rise=2, within=60, fall=15, patience=45, over=25, highest=330),
    "B": Rule(rise=1, within=120, fall=10, patience=90, over=15, highest=160),
    "C": Rule(rise=1, within=600, fall=10, patience=600, over=20, highest=120),
}
"""By the first letter of the firmware's name for it: nozzles T, T0, T1 ..., bed B, chamber C."""

NEAR = 4.0
"""C below the target at which a heater counts as there."""

LOWEST = -15.0
"""C that no room is at: a sensor that is not connected."""

JUMP, JUMP_TIME = 60.0, 3.0
"""C within seconds that no heater can change by: a sensor that lost contact."""

STRIKES = 3
"""Readings in a row that make an alarm of what a single one, garbled on its way, may show as well."""

SILENCE, BLOCKED_SILENCE = 30.0, 600.0
"""Seconds without a temperature while something is hot; the second while a command keeps the firmware busy."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A reason to stop: what is wrong, where, and what to look at."""

    rule: str
    heater: str
    message: str


@dataclass(slots=True)
class _Watch:
    """What is remembered of one heater."""

    target: float
    start: float  # C when the target was set
    base: float  # C at the beginning of the present window of rising
    since: float
    last: tuple[float, ...]  # C that were believed, at most three
    read: float
    strikes: int = 0
    there: bool = False
    low: float | None = None  # since when it is too low


@dataclass(slots=True)
class Guard:
    """Watches over all heaters of one printer."""

    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)
    _watches: dict[str, _Watch] = field(default_factory=dict)
    _heard: float | None = None

    def observe(self, now: float, readings: Mapping[str, tuple[float, float | None]]) -> list[Alarm]:
        """Return the alarms that new readings raise: (current, target) in C by heater; a target may be unknown."""
        self._heard = now
        alarms = []
        for name, (current, target) in readings.items():
            rule = self.rules.get(name[:1])
            if rule is None:
                continue
            watch = self._watches.get(name)
            if watch is None:
                start = current if LOWEST < current < rule.highest else 0.0
                watch = self._watches[name] = _Watch(target or 0.0, start, start, now, (), now)
            alarm = _sensor(name, rule, watch, current, now)
            if alarm is None:
                _retarget(watch, target, current, now)
                if target is not None:  # some firmware tells none while it waits for a temperature
                    alarm = _too_hot(name, rule, watch, current)
                watch.last, watch.read = (*watch.last, current)[-3:], now
            watch.strikes = watch.strikes + 1 if alarm else 0
            if alarm is None:
                alarm = _too_cold(name, rule, watch, current, now)
            elif watch.strikes < STRIKES:
                continue
            if alarm:
                alarms.append(alarm)
        return alarms

    def tick(self, now: float, blocked: bool = False, patience: float = 0.0) -> list[Alarm]:
        """Return the alarm that silence raises; `blocked` while a command keeps the firmware from reporting.

        Some commands do so for longer than others: a chamber warms for an hour, and `patience` says so.
        """
        limit = max(BLOCKED_SILENCE, patience) if blocked else SILENCE
        if self._heard is None or now - self._heard <= limit or not self.hot:
            return []
        return [Alarm("no reading", "", f"no temperature for {now - self._heard:.0f} s while heaters are on")]

    def alive(self, now: float) -> None:
        """Note that the firmware is known to live, though it tells no temperatures."""
        if self._heard is not None:
            self._heard = now

    @property
    def hot(self) -> bool:
        """Whether any heater has a target."""
        return any(watch.target > 0 for watch in self._watches.values())

    def forget(self) -> None:
        """Start afresh, as after a reset of the printer."""
        self._watches.clear()
        self._heard = None


def _retarget(watch: _Watch, target: float | None, current: float, now: float) -> None:
    """Begin again where the target is another one."""
    if target is not None and target != watch.target:
        watch.target, watch.start, watch.base, watch.since = target, current, current, now
        watch.there, watch.low = False, None


def _sensor(name: str, rule: Rule, watch: _Watch, current: float, now: float) -> Alarm | None:
    """Return the alarm of a reading that no thermometer in order gives."""
    if not LOWEST < current < rule.highest:
        return Alarm("sensor", name, f"heater {name} reads {current:.1f} C: sensor broken, or far too hot")
    if len(watch.last) < 3 or now - watch.read >= JUMP_TIME:
        return None
    before = sorted(watch.last)[1]  # one of them may have been garbled: `B:0.0` for `B:60.0` where a digit was lost
    if abs(current - before) > JUMP:
        return Alarm("sensor", name, f"heater {name} jumped from {before:.1f} to {current:.1f} C: loose sensor?")
    return None


def _too_hot(name: str, rule: Rule, watch: _Watch, current: float) -> Alarm | None:
    """Return the alarm of a heater that heats beyond what it is told."""
    if current <= max(watch.target, watch.start) + rule.over:
        return None
    what = f"heater {name} is at {current:.1f} C, target {watch.target:.0f} C, and does not obey"
    return Alarm("overheating", name, what)


def _too_cold(name: str, rule: Rule, watch: _Watch, current: float, now: float) -> Alarm | None:
    """Return the alarm of a heater that does not get there, or does not stay."""
    target = watch.target
    if target <= 0:
        return None
    if not watch.there:
        watch.there = current >= target - NEAR
        if watch.there or current >= watch.base + rule.rise:
            watch.base, watch.since = current, now
        elif now - watch.since > rule.within:
            stays = f"heater {name} stays at {current:.1f} C (target {target:.0f} C) for {rule.within:.0f} s"
            return Alarm("not heating", name, f"{stays}: heater or sensor loose?")
        return None
    if current >= target - rule.fall:
        watch.low = None
    elif watch.low is None:
        watch.low = now
    elif now - watch.low > rule.patience:
        fell = f"heater {name} fell to {current:.1f} C (target {target:.0f} C) and does not come back"
        return Alarm("runaway", name, f"{fell}: sensor off its block?")
    return None


SLOW, SLOW_TIME = 3.0, 120.0
"""A layer that takes so many times its predicted time, and so many seconds more, has met something."""


@dataclass(slots=True)
class LayerWatch:
    """Watches over the time that layers take, pauses and heating not counted."""

    layer: int = -1
    spent: float = 0.0
    warned: bool = False

    def observe(self, layer: int, predicted: float, elapsed: float) -> Alarm | None:
        """Return one alarm per layer that is far too slow; `elapsed` is the printing time since the last call."""
        if layer != self.layer:
            self.layer, self.spent, self.warned = layer, 0.0, False
        self.spent += elapsed
        if self.warned or self.spent <= SLOW * predicted + SLOW_TIME:
            return None
        self.warned = True
        message = f"layer {layer + 1} takes {self.spent:.0f} s, {predicted:.0f} s were expected: is the printer stuck?"
        return Alarm("slow layer", "", message)
