"""Commands that move, and those that change how moves are read."""

from __future__ import annotations

from math import atan2, ceil, cos, hypot, pi, sin

from printer.virtual.eeprom import MESH, apply, change
from printer.virtual.firmware import Firmware, Handler, Task
from printer.virtual.lines import Words
from printer.virtual.reports import position

ARC_CHORD = 1.0
"""mm between two points of an arc (Marlin's MM_PER_ARC_SEGMENT)."""

LONGEST_EXTRUSION = 600.0
"""mm of filament in one move (Marlin's EXTRUDE_MAXLENGTH)."""


def _target(fw: Firmware, words: Words) -> tuple[list[float], float] | None:
    """Return where a move goes, machine mm, and what it extrudes; None where it is refused. Remembers F."""
    planner, here = fw.planner, fw.motion.position
    to = here[:3].tolist()
    for axis, letter in enumerate("XYZ"):
        value = words.get(letter)
        if value is not None and not fw.skipping:
            value *= planner.unit
            value += fw.motion.origin[axis] if planner.absolute else here[axis]
            to[axis] = float(value)
    if planner.strict and (refusal := _out_of_reach(fw, to)):
        fw.complain(refusal)
        return None
    if planner.clamp:
        to = [min(max(v, 0.0), high) if known else v for v, high, known in
              zip(to, fw.motion.size, fw.motion.homed, strict=True)]  # fmt: skip
    if (feed := words.get("F")) is not None and feed > 0:
        planner.feedrate = feed * planner.unit / 60.0
    e = words.get("E")
    advance = 0.0
    if e is not None:
        advance = e * planner.unit - (here[3] if planner.absolute_e else 0.0)
    if fw.skipping:
        here[3] += advance
        return to, 0.0
    if planner.strict and advance and planner.cold:
        fw.complain("Extrude below minimum temp\nSee the 'min_extrude_temp' config option for details")
        return None
    return to, _allowed(fw, float(advance))


def _out_of_reach(fw: Firmware, to: list[float]) -> str:
    """Return why Klipper does not move there, "" where it does."""
    here = fw.motion.position[:3].tolist()
    moved = [axis for axis in range(3) if to[axis] != here[axis]]
    if not all(fw.motion.homed[axis] for axis in moved):
        return "Must home axis first: {:.3f} {:.3f} {:.3f} [0.000]".format(*to)
    if not all(0 <= to[axis] <= fw.motion.size[axis] for axis in moved):
        return "Move out of range: {:.3f} {:.3f} {:.3f} [0.000]".format(*to)
    return ""


def _allowed(fw: Firmware, advance: float) -> float:
    """Return what may be extruded: nothing while the nozzle is cold, nor too much at once."""
    refusal = ""
    if advance and fw.planner.cold:
        refusal = " cold extrusion prevented"
    elif abs(advance) > LONGEST_EXTRUSION:
        refusal = " too long extrusion prevented"
    if refusal:
        fw.say("echo:" + refusal)
        fw.motion.position[3] += advance
        return 0.0
    return advance


def _extrude(fw: Firmware, to: list[float], advance: float) -> Task:
    """Queue a move whose extrusion is scaled by M221; E counts what was asked for."""
    counted = float(fw.motion.position[3]) + advance
    speed = fw.planner.feedrate * fw.planner.feed_factor
    yield from fw.move(to[0], to[1], to[2], advance * fw.planner.flow_factor, speed)
    fw.motion.position[3] = counted
    return None


def move(fw: Firmware, words: Words) -> Task:
    """G0, G1: a straight move."""
    if target := _target(fw, words):
        yield from _extrude(fw, *target)
    return None


def arc(fw: Firmware, words: Words) -> Task:
    """G2, G3: chords along an arc about I, J or of radius R."""
    clockwise = words.code == "G2"
    x0, y0, z0 = fw.motion.position[:3].tolist()
    target = _target(fw, words)
    if target is None or fw.skipping:
        return None
    to, advance = target
    i, j = words.number("I", 0.0) * fw.planner.unit, words.number("J", 0.0) * fw.planner.unit
    if (r := words.get("R")) is not None:
        i, j = _centre(x0, y0, to[0], to[1], r * fw.planner.unit, clockwise)
    if not i and not j:
        fw.complain("G2/G3 bad parameters")
        return None
    cx, cy, radius = x0 + i, y0 + j, hypot(i, j)
    begin = atan2(-j, -i)
    sweep = (atan2(to[1] - cy, to[0] - cx) - begin) % (2 * pi)
    if clockwise:
        sweep -= 2 * pi
    if to[0] == x0 and to[1] == y0:
        sweep = -2 * pi if clockwise else 2 * pi
    n = max(1, ceil(hypot(radius * sweep, to[2] - z0) / ARC_CHORD))
    for k in range(1, n):
        angle = begin + sweep * k / n
        point = [cx + radius * cos(angle), cy + radius * sin(angle), z0 + (to[2] - z0) * k / n]
        yield from _extrude(fw, point, advance / n)
    yield from _extrude(fw, to, advance / n)
    return None


def _centre(x0: float, y0: float, x1: float, y1: float, r: float, clockwise: bool) -> tuple[float, float]:
    """Return I and J of an arc of radius r; (0, 0) where there is none."""
    dx, dy = x1 - x0, y1 - y0
    d = hypot(dx, dy)
    if d == 0 or abs(r) < d / 2:
        return 0.0, 0.0
    h = (r * r - d * d / 4) ** 0.5 * (-1 if clockwise == (r > 0) else 1)
    return dx / 2 - h * dy / d, dy / 2 + h * dx / d


def dwell(fw: Firmware, words: Words) -> Task:
    """G4: wait S seconds or P milliseconds, standing still."""
    yield from fw.standstill()
    yield fw.now + max(words.number("S", words.number("P", 0.0) / 1000.0), 0.0)
    return None


def retract(fw: Firmware, words: Words) -> Task:
    """G10, G11: firmware retraction."""
    state = fw.retraction
    wanted = float(words.code == "G10")
    if wanted != state["retracted"]:
        state["retracted"] = wanted
        x, y, z, e = fw.motion.position.tolist()
        yield from fw.move(x, y, z, _allowed(fw, -state["length"] if wanted else state["length"]), state["speed"])
        fw.motion.position[3] = e
    return None


def retraction(fw: Firmware, words: Words) -> None:
    """M207: length and speed of firmware retraction."""
    if (length := words.get("S")) is not None and length >= 0:
        fw.retraction["length"] = length
    if (feed := words.get("F")) is not None and feed > 0:
        fw.retraction["speed"] = feed / 60.0


def home(fw: Firmware, words: Words) -> Task:
    """G28: move axes to their endstops."""
    yield from fw.standstill()
    axes = [i for i, letter in enumerate("XYZ") if words.has(letter)] or [0, 1, 2]
    seconds = fw.motion.homing_seconds(axes)
    yield fw.now + abs(seconds)
    if seconds < 0:
        fw.say("echo:Homing Failed")
        fw.kill("Homing Failed")
        return None
    fw.motion.home(axes)
    fw.leveling = False  # as Marlin is built unless one asks for otherwise
    if fw.personality.chatty:
        fw.say(position(fw))
    return None


def level(fw: Firmware, words: Words) -> Task:
    """G29: probe nine points; the other steps of unified bed levelling (P, A, S ...) only reckon."""
    yield from fw.standstill()
    if words.number("P", 1.0) != 1 or (not words.has("P") and any(map(words.has, "ADLSQ"))):
        return None
    if not fw.motion.homed.all():
        fw.complain("Home XYZ first" if not fw.personality.strict else "Must home axis first")
        return None
    for row in range(3):
        for column in range(3):
            x = fw.motion.size[0] * (0.2 + 0.3 * column)
            y = fw.motion.size[1] * (0.2 + 0.3 * row)
            yield from fw.move(x, y, 5.0, 0.0, 100.0)
            yield from fw.move(x, y, 0.0, 0.0, 5.0)
            yield from fw.move(x, y, 5.0, 0.0, 10.0)
            yield from fw.standstill()
    fw.say("Bilinear Leveling Grid:")
    for row in range(3):
        fw.say(f" {row} +0.000 +0.000 +0.000")
    fw.settings[MESH]["points"], fw.leveling = 9.0, True
    return None


def units(fw: Firmware, words: Words) -> None:
    """G20, G21: inches, mm."""
    fw.planner.unit = 25.4 if words.code == "G20" else 1.0


def relative(fw: Firmware, words: Words) -> None:
    """G90, G91, M82, M83: absolute and relative positions; whether G90 undoes M83 is a matter of the firmware."""
    planner, code = fw.planner, words.code
    if code in ("M82", "M83"):
        fw.relative_e = code == "M83"
    else:
        planner.absolute = code == "G90"
        if fw.personality.g90_resets_e:
            fw.relative_e = not planner.absolute
    planner.absolute_e = not fw.relative_e and (planner.absolute or fw.personality.g90_resets_e)


def set_position(fw: Firmware, words: Words) -> None:
    """G92: declare the present position to be another one."""
    everything = not any(words.has(letter) for letter in "XYZE")
    for axis, letter in enumerate("XYZ"):
        if everything or words.has(letter):
            fw.motion.origin[axis] = fw.motion.position[axis] - words.number(letter, 0.0) * fw.planner.unit
    if everything or words.has("E"):
        fw.motion.position[3] = words.number("E", 0.0) * fw.planner.unit
    if fw.personality.chatty:
        fw.say(position(fw))


def finish(fw: Firmware, words: Words) -> Task:
    """M400: wait until everything has moved."""
    yield from fw.standstill()
    return None


def motors_off(fw: Firmware, words: Words) -> Task:
    """M18, M84: current off; where the axes are is no longer known."""
    yield from fw.standstill()
    fw.motion.homed[:] = 0.0
    return None


def quickstop(fw: Firmware, words: Words) -> None:
    """M410: stop at once, what is queued is lost."""
    fw.quickstop()


def endstops(fw: Firmware, words: Words) -> None:
    """M119: which endstops are pressed."""
    real = fw.motion.real()
    words_of = {axis: fw.personality.endstop_words[bool(real[i] <= 0.0)] for i, axis in enumerate("xyz")}
    for text in fw.personality.endstops:
        fw.say(text.format(**words_of))
    if fw.personality.chatty:
        fw.say(f"filament: {'TRIGGERED' if fw.printer.filament else 'open'}")


def soft_endstops(fw: Firmware, words: Words) -> None:
    """M211: whether positions beyond the axes are cut off."""
    if words.has("S"):
        fw.planner.clamp = words.number("S", 1) != 0
    fw.say(f"echo:  M211 S{int(fw.planner.clamp)} ; {'ON' if fw.planner.clamp else 'OFF'}")


def overrides(fw: Firmware, words: Words) -> None:
    """M220, M221: speed and flow in percent."""
    percent = words.get("S")
    speed = words.code == "M220"
    if percent is not None and 1 <= percent <= 999:
        if speed:
            fw.planner.feed_factor = percent / 100.0
        else:
            fw.planner.flow_factor = percent / 100.0
    elif percent is None and not words.has("B") and not words.has("R"):
        factor = fw.planner.feed_factor if speed else fw.planner.flow_factor
        fw.say(f"FR:{factor * 100:.0f}%" if speed else f"echo:E0 Flow: {factor * 100:.0f}%")


def where(fw: Firmware, words: Words) -> None:
    """M114: the position."""
    fw.say(position(fw))


def setting(fw: Firmware, words: Words) -> None:
    """M92, M201, M203, M204, M205, M206, M301, M851: change one of the settings."""
    letters = fw.settings[words.code]
    given = [letter for letter in letters if words.get(letter) is not None]
    for letter in given:
        change(fw.settings, words.code, letter, words.number(letter, 0.0))
    if words.code == "M204" and (both := words.get("S")) is not None:
        change(fw.settings, "M204", "P", both)
        change(fw.settings, "M204", "T", both)
    if not given and not words.has("S"):
        fw.say(f"echo:  {words.code} " + " ".join(f"{letter}{value:.2f}" for letter, value in letters.items()))
    apply(fw.settings, fw.motion.limits)
    if words.code == "M301":
        for heater in fw.hotends:
            heater.gains = (letters["P"], letters["I"], letters["D"])


HANDLERS: dict[str, Handler] = {
    "G0": move, "G1": move, "G2": arc, "G3": arc, "G4": dwell, "G10": retract, "G11": retract, "G20": units,
    "G21": units, "G28": home, "G29": level, "G90": relative, "G91": relative, "G92": set_position,
    "M18": motors_off, "M82": relative, "M83": relative, "M84": motors_off, "M114": where, "M119": endstops,
    "M207": retraction, "M211": soft_endstops, "M220": overrides, "M221": overrides, "M400": finish,
    "M410": quickstop, "M92": setting, "M201": setting, "M203": setting, "M204": setting, "M205": setting,
    "M206": setting, "M301": setting, "M851": setting,
}  # fmt: skip
"""Commands by their code."""
