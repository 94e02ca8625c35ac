"""Commands about heat and air."""

from __future__ import annotations

from math import inf, pi

from printer.virtual.firmware import Firmware, Handler, Task
from printer.virtual.lines import Words
from printer.virtual.reports import temperatures
from printer.virtual.thermal import TOO_HOT, Heater
from printer.virtual.upkeep import COLD

RESIDENCY = 10.0
"""Seconds that a temperature must stay within `WINDOW` before a wait ends; `HYSTERESIS` starts it."""

WINDOW, HYSTERESIS = 1.0, 3.0

SLOPE, SLOPE_SECONDS = 1.5, 60.0
"""A wait for cooling ends where the temperature falls by less than this in so long."""


TUNE_REPORT, SHORTEST_SWING, LONGEST_SWING = 2.0, 5.0, 1200.0
"""Seconds between reports of M303, and of half a swing at least and at most."""


def _hotend(fw: Firmware, words: Words) -> Heater | None:
    """Return the hotend that a command means; None, with a complaint, where there is none."""
    index = int(words.number("T", fw.planner.tool))
    if 0 <= index < len(fw.hotends):
        return fw.hotends[index]
    fw.say(f"echo:{words.code} Invalid extruder {index}")
    return None


def _aim(fw: Firmware, heater: Heater, target: float) -> None:
    limit = heater.guard.maximum - TOO_HOT if heater.guard else inf
    if fw.personality.strict and target > limit:
        fw.complain(f"Requested temperature ({target:.1f}) out of range (0.0:{limit:.1f})")
        return
    heater.aim(min(max(target, 0.0), limit), fw.now)


def report(fw: Firmware, words: Words) -> str | None:
    """M105: the temperatures, on the line of the ok where the firmware does so."""
    text = temperatures(fw)
    if fw.personality.temperatures_on_ok:
        return " " + text.lstrip()
    fw.say(text)
    return None


def heat_hotend(fw: Firmware, words: Words) -> None:
    """M104: set a hotend's target."""
    if (heater := _hotend(fw, words)) and (target := words.get("S")) is not None:
        _aim(fw, heater, target)


def heat_bed(fw: Firmware, words: Words) -> None:
    """M140: set the bed's target."""
    if (target := words.get("S")) is not None:
        _aim(fw, fw.bed, target)


def wait_hotend(fw: Firmware, words: Words) -> Task:
    """M109: heat a hotend and wait; with R also while it cools."""
    heater = _hotend(fw, words)
    if heater is None:
        return None
    target = words.get("S") if words.has("S") else words.get("R")
    if target is not None:
        _aim(fw, heater, target)
    yield from _wait(fw, heater, words.has("R"))
    return None


def wait_bed(fw: Firmware, words: Words) -> Task:
    """M190: heat the bed and wait; with R also while it cools."""
    target = words.get("S") if words.has("S") else words.get("R")
    if target is not None:
        _aim(fw, fw.bed, target)
    yield from _wait(fw, fw.bed, words.has("R"))
    return None


def _wait(fw: Firmware, heater: Heater, both_ways: bool) -> Task:
    """Report each second until the temperature has stayed where it belongs."""
    yield from fw.standstill()
    fw.heatup_ended = False
    cooling = heater.reading > heater.target
    if not heater.target and not (cooling and both_ways):
        return None
    if cooling and not both_ways:
        return None
    calm, report_at = -1.0, fw.now + 1.0
    slope_at, was = fw.now + SLOPE_SECONDS, heater.reading
    while not fw.heatup_ended:
        now, off = fw.now, abs(heater.target - heater.reading)
        if (off < WINDOW and calm < 0) or (calm >= 0 and off > HYSTERESIS):
            calm = now
        if calm >= 0 and now - calm >= RESIDENCY:
            break
        if cooling and now >= slope_at:
            if was - heater.reading < SLOPE:  # it will not become much colder
                break
            slope_at, was = now + SLOPE_SECONDS, heater.reading
        if now >= report_at - 1e-9:
            report_at = now + 1.0
            left = "?" if calm < 0 else f"{RESIDENCY - (now - calm):.0f}"
            fw.say(temperatures(fw, fw.personality.heating, left))
        yield fw.next_tick
    return None


def autotune(fw: Firmware, words: Words) -> Task:
    """M303: find PID gains for a heater (E, -1 the bed) at S degrees by letting it swing C times; U keeps them."""
    yield from fw.standstill()
    index, target = int(words.number("E", 0)), words.number("S", 70.0 if words.number("E", 0) < 0 else 150.0)
    heater = fw.bed if index < 0 else fw.hotends[index] if index < len(fw.hotends) else None
    if heater is None:
        fw.say("PID Autotune failed! Bad heater id")
    elif heater.guard and target > heater.guard.maximum - TOO_HOT:
        fw.say("PID Autotune failed! Temperature too high")
    else:
        for each in (*fw.hotends, fw.bed):
            each.off(fw.now)
        fw.say("PID Autotune start")
        fw.heatup_ended = False
        yield from _swing(fw, heater, target, max(int(words.number("C", 5)), 3), words.has("U"))
        heater.relay = None
    return None


def _swing(fw: Firmware, heater: Heater, target: float, cycles: int, keep: bool) -> Task:
    """Switch between two duties about a bias that makes both halves of a swing as long (Astrom and Hagglund)."""
    bias = amplitude = 0.5
    heating, turned, highest, lowest, seconds_up = True, fw.now, target, target, 0.0
    done, report_at = 0, fw.now + TUNE_REPORT
    gains = (0.0, 0.0, 0.0)
    heater.relay = 1.0
    while done <= cycles and not fw.heatup_ended:
        reading = heater.reading
        highest, lowest = max(highest, reading), min(lowest, reading)
        if heating and reading > target and fw.now - turned > SHORTEST_SWING:
            heating, seconds_up, turned, highest = False, fw.now - turned, fw.now, target
            heater.relay = bias - amplitude
        elif not heating and reading < target and fw.now - turned > SHORTEST_SWING:
            seconds_down, heating, turned = fw.now - turned, True, fw.now
            if done:
                bias += amplitude * (seconds_up - seconds_down) / (seconds_up + seconds_down)
                bias = min(max(bias, 20 / 255), 235 / 255)
                amplitude = min(bias, 1.0 - bias)
                fw.say(f" bias: {bias * 255:.0f} d: {amplitude * 255:.0f} min: {lowest:.2f} max: {highest:.2f}")
            if done > 2:
                ultimate = 4 * 255 * amplitude / (pi * (highest - lowest) / 2)
                period = seconds_up + seconds_down
                gains = (0.6 * ultimate, 1.2 * ultimate / period, 0.075 * ultimate * period)
                fw.say(f" Ku: {ultimate:.2f} Tu: {period:.2f}")
                fw.say(" Classic PID Kp: {:.2f} Ki: {:.2f} Kd: {:.2f}".format(*gains))
            heater.relay, lowest, done = bias + amplitude, target, done + 1
        if fw.now >= report_at - 1e-9:
            report_at = fw.now + TUNE_REPORT
            fw.say(temperatures(fw))
        if fw.now - turned > LONGEST_SWING:
            fw.say("PID Autotune failed! timeout")
            return None
        yield fw.next_tick
    if done > cycles:
        fw.say("PID Autotune finished! Put the last Kp, Ki and Kd constants from below into Configuration.h")
        for name, gain in zip(("Kp", "Ki", "Kd"), gains, strict=True):
            fw.say(f"#define DEFAULT_{'bed' if heater is fw.bed else ''}{name} {gain:.2f}")
        heater.gains = gains if keep and heater is not fw.bed else heater.gains
    return None


def fan(fw: Firmware, words: Words) -> None:
    """M106, M107: the part fan."""
    index = int(words.number("P", 0))
    speed = 0.0 if words.code == "M107" else min(max(words.number("S", 255.0), 0.0), 255.0)
    if not 0 <= index < 8:
        return
    if index == 0:
        fw.planner.fan = speed / 255.0
    if fw.personality.chatty:
        fw.say(f"M106 P{index} S{speed:.0f}")


def autoreport(fw: Firmware, words: Words) -> None:
    """M155, M154: report temperatures or the position by itself each S seconds."""
    fw.upkeep.report_every(words.code, min(max(words.number("S", 0.0), 0.0), 60.0))


def allow_cold(fw: Firmware, words: Words) -> None:
    """M302: extrude however cold it is."""
    if words.has("P") or words.has("S"):
        fw.upkeep.cold_allowed = words.number("P", 0) != 0 or words.get("S") == 0
    allowed = fw.upkeep.cold_allowed
    fw.planner.cold = not allowed and fw.hotends[fw.planner.tool].reading < COLD
    fw.say(f"echo:Cold extrudes are {'en' if allowed else 'dis'}abled (min temp {COLD:.0f}C)")


def idle_heat(fw: Firmware, words: Words) -> None:
    """M86: switch heaters off after S seconds without a command; 0 never."""
    if (seconds := words.get("S")) is not None:
        fw.upkeep.idle_heat = max(seconds, 0.0)


HANDLERS: dict[str, Handler] = {
    "M86": idle_heat, "M104": heat_hotend, "M105": report, "M106": fan, "M107": fan, "M109": wait_hotend,
    "M140": heat_bed, "M154": autoreport, "M155": autoreport, "M190": wait_bed, "M302": allow_cold,
    "M303": autotune,
}  # fmt: skip
"""Commands by their code."""
