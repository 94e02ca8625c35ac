"""Commands between host, firmware and the person in front of the printer; what is left over."""

from __future__ import annotations

from gcode.limits import COMMANDS, LIMITS
from printer.virtual import eeprom
from printer.virtual.firmware import Firmware, Handler, Task
from printer.virtual.lines import Words

PARK = (0.0, 0.0, 20.0)
"""Where the nozzle waits while filament is changed: x, y, and how far above the part."""


def identity(fw: Firmware, words: Words) -> None:
    """M115: name and capabilities."""
    fw.say(fw.personality.m115)
    for capability in fw.personality.capabilities:
        fw.say(f"Cap:{capability}")
    if fw.personality.chatty:
        x, y, z = fw.motion.size
        low, high = "x:0.0000,y:0.0000,z:0.0000", f"x:{x:.4f},y:{y:.4f},z:{z:.4f}"
        fw.say(f"area:{{full:{{min:{{{low}}},max:{{{high}}}}},work:{{min:{{{low}}},max:{{{high}}}}}}}")


def set_line(fw: Firmware, words: Words) -> None:
    """M110: the line number; where the line had a number of its own the reader has set it already."""
    if (number := words.get("N")) is not None:
        fw.reader.last = int(number)


def keepalive(fw: Firmware, words: Words) -> None:
    """M113: how often a long command says that it is alive."""
    if (seconds := words.get("S")) is not None:
        fw.upkeep.keepalive = min(max(seconds, 0.0), 60.0)
    else:
        fw.say(f"echo:  M113 S{fw.upkeep.keepalive:.0f}")


def nothing(fw: Firmware, words: Words) -> None:
    """M73, M117 and others that only the display shows."""


def echo(fw: Firmware, words: Words) -> None:
    """M118: say it back; A1 as a comment, E1 as an echo."""
    text, prefix = words.text, ""
    while text[:2] in ("A1", "E1", "A0", "E0", "P0"):
        prefix = {"A1": "//", "E1": "echo:"}.get(text[:2], prefix)
        text = text[2:].lstrip()
    fw.say(f"{prefix}{text}\r")


def respond(fw: Firmware, words: Words) -> None:
    """RESPOND: Klipper's M118."""
    prefix = {"error": "!! ", "command": "// "}.get(words.named("TYPE") or "", "echo: ")
    fw.say(prefix + words.text.partition("MSG=")[2].strip('"'))


def _user(fw: Firmware, message: str, seconds: float = 0.0) -> Task:
    """Ask the person in front of the printer and wait for an answer, or for `seconds`."""
    for text in (f"prompt_begin {message}", "prompt_button Continue", "prompt_show"):
        fw.action(text)
    fw.user_answered, fw.waits_for_user = False, True
    until = fw.now + seconds if seconds else float("inf")
    while not fw.user_answered and fw.now < until:
        yield fw.next_tick
    fw.waits_for_user = False
    fw.action("prompt_end")
    return None


def wait_for_user(fw: Firmware, words: Words) -> Task:
    """M0, M1: wait for the user, or for S seconds or P milliseconds."""
    yield from fw.standstill()
    seconds = words.number("S", 0.0) + words.number("P", 0.0) / 1000.0
    yield from _user(fw, f"{words.code} Stop" if seconds else words.text or f"{words.code} Stop", seconds)
    return None


def change_filament(fw: Firmware, words: Words) -> Task:
    """M600: park, wait for new filament, go on."""
    yield from fw.standstill()
    x, y, z, e = fw.motion.position.tolist()
    fw.action("paused")
    yield from fw.move(x, y, min(z + PARK[2], fw.motion.size[2]), 0.0, 10.0)
    yield from fw.move(PARK[0], PARK[1], min(z + PARK[2], fw.motion.size[2]), 0.0, 100.0)
    yield from fw.standstill()
    fw.say("echo:Insert filament and send M108")
    yield from _user(fw, "Filament Change")
    fw.printer.filament = True
    yield from fw.move(x, y, min(z + PARK[2], fw.motion.size[2]), 0.0, 100.0)
    yield from fw.move(x, y, z, 0.0, 10.0)
    yield from fw.standstill()
    fw.motion.position[3] = e
    fw.action("resumed")
    return None


def go_on(fw: Firmware, words: Words) -> None:
    """M108, M876: answered when they are read or arrive; nothing is left to do."""
    if words.code not in (*fw.personality.early, *fw.personality.emergency):
        fw.heatup_ended = fw.user_answered = True


def emergency(fw: Firmware, words: Words) -> None:
    """M112: stop for good."""
    fw.emergency_stop()


def restart(fw: Firmware, words: Words) -> None:
    """M999: take up work after an error; RESTART and FIRMWARE_RESTART reset the board."""
    if words.code != "M999":
        fw.printer.reset("")


def save(fw: Firmware, words: Words) -> None:
    """M500: keep the settings."""
    fw.printer.eeprom = eeprom.copied(fw.settings)
    fw.say("echo:Settings Stored (617 bytes; crc 12345)")


def load(fw: Firmware, words: Words) -> None:
    """M501, M502: take the kept settings, or those of the factory."""
    stored = fw.printer.eeprom if words.code == "M501" else None
    fw.settings = eeprom.copied(stored or fw.printer.defaults)
    eeprom.apply(fw.settings, fw.motion.limits)
    fw.say("echo:V88 stored settings retrieved (617 bytes; crc 12345)" if stored
           else "echo:Hardcoded Default Settings Loaded")  # fmt: skip


def show(fw: Firmware, words: Words) -> None:
    """M503: report the settings."""
    for line in eeprom.report(fw.settings):
        fw.say(line)


def tool(fw: Firmware, words: Words) -> Task:
    """T: change to another extruder."""
    index = int(words.code[1:])
    if index >= len(fw.hotends):
        fw.say(f"echo:{words.code} Invalid extruder")
        return None
    yield from fw.standstill()
    fw.planner.tool = index
    fw.say(f"echo:Active Extruder: {index}")
    return None


def leveling(fw: Firmware, words: Words) -> None:
    """M420: whether the measured bed is followed, which takes one that was measured (G29, or M500 some time before)."""
    wanted = words.number("S", float(fw.leveling)) != 0
    fw.leveling = wanted and fw.settings[eeprom.MESH]["points"] > 0
    if wanted and not fw.leveling:
        fw.complain("Failed to enable Bed Leveling")
    fw.say(f"echo:Bed Leveling {'ON' if fw.leveling else 'OFF'}")
    fw.say("echo:Fade Height OFF")


def runout_sensor(fw: Firmware, words: Words) -> None:
    """M412: whether the filament sensor is watched."""
    if words.has("S"):
        fw.upkeep.watches_filament = words.number("S", 1) != 0
    else:
        fw.say(f"Filament runout {'ON' if fw.upkeep.watches_filament else 'OFF'}")


def objects(fw: Firmware, words: Words) -> None:
    """M486: name the object that follows (S), cancel one (P) or the present one (C), or take it back (U)."""
    if words.text.startswith("A"):  # what people call it, whatever letters are in that
        return
    if (index := words.get("P")) is not None:
        fw.cancelled.add(str(int(index)))
    if (index := words.get("U")) is not None:
        fw.cancelled.discard(str(int(index)))
    if words.has("C") and fw.object:
        fw.cancelled.add(fw.object)
    if (index := words.get("S")) is not None:
        fw.object = str(int(index)) if index >= 0 else ""
    if words.has("T"):
        fw.cancelled.clear()
        fw.object = ""
    fw.skip_cancelled()


def exclude(fw: Firmware, words: Words) -> None:
    """EXCLUDE_OBJECT and its START and END: the same in Klipper's words."""
    name = (words.named("NAME") or "").upper()
    if words.code == "EXCLUDE_OBJECT_START":
        fw.object = name
    elif words.code == "EXCLUDE_OBJECT_END":
        fw.object = ""
    elif words.code == "EXCLUDE_OBJECT":
        if words.named("RESET"):
            fw.cancelled.clear()
        elif words.named("CURRENT") and not fw.object:
            fw.complain("There is no current object to cancel")
        elif name or fw.object:
            fw.cancelled.add(name or fw.object)
    fw.skip_cancelled()


def velocity_limit(fw: Firmware, words: Words) -> None:
    """SET_VELOCITY_LIMIT: Klipper's M201 to M205."""
    for name, (limits, factor) in COMMANDS["klipper"]["SET_VELOCITY_LIMIT"].items():
        if (value := words.named(name)) is not None:
            try:
                number = float(value) * factor
            except ValueError:
                number = -1.0
            if number < 0 or (number == 0 and name in ("VELOCITY", "ACCEL")):
                fw.complain(f"Error on '{words.line}': unable to parse {value}")
                return
            fw.motion.limits[[LIMITS.index(limit) for limit in limits]] = number


def heater_off(fw: Firmware, words: Words) -> None:
    """TURN_OFF_HEATERS."""
    for heater in (*fw.hotends, fw.bed):
        heater.aim(0.0, fw.now)


def state(fw: Firmware, words: Words) -> None:
    """STATUS: Klipper's state."""
    fw.say("// Klipper state: Ready")


HANDLERS: dict[str, Handler] = {
    "M0": wait_for_user, "M1": wait_for_user, "M16": nothing, "M17": nothing, "M42": nothing, "M73": nothing,
    "M75": nothing, "M76": nothing, "M77": nothing, "M80": nothing, "M85": nothing, "M108": go_on, "M110": set_line,
    "M111": nothing, "M304": nothing, "M593": nothing, "M603": nothing, "M862": nothing, "M906": nothing,
    "M907": nothing, "M112": emergency, "M113": keepalive, "M115": identity, "M117": nothing, "M118": echo,
    "M121": nothing, "M120": nothing, "M200": nothing, "M300": nothing, "M412": runout_sensor, "M420": leveling,
    "M486": objects, "M500": save, "M501": load, "M502": load, "M503": show, "M600": change_filament,
    "M876": go_on, "M900": nothing, "M999": restart, "Tn": tool,
}  # fmt: skip
"""Commands by their code."""

MACROS: dict[str, Handler] = {
    "EXCLUDE_OBJECT_DEFINE": nothing, "EXCLUDE_OBJECT_START": exclude, "EXCLUDE_OBJECT_END": exclude,
    "EXCLUDE_OBJECT": exclude, "SET_VELOCITY_LIMIT": velocity_limit, "TURN_OFF_HEATERS": heater_off,
    "RESPOND": respond, "STATUS": state, "RESTART": restart, "FIRMWARE_RESTART": restart,
    "SET_PRESSURE_ADVANCE": nothing, "SET_GCODE_OFFSET": nothing, "SET_PRINT_STATS_INFO": nothing,
    "BED_MESH_CLEAR": nothing, "BED_MESH_PROFILE": nothing,
}  # fmt: skip
"""What Klipper understands beyond G-code."""
