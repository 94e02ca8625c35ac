"""All rules, by name, and `run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gcode.checks import commands, heat, layers, places, plastic, speeds, vocabulary, whole
from gcode.checks.evidence import Evidence
from gcode.checks.findings import Finding, Rule, Severity, finding
from gcode.checks.limits import Limits
from gcode.errors import Problem, UnknownRule
from gcode.moves import Moves

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES: dict[str, Rule] = {
    name: Rule(name, severity, what, remedy, look)
    for name, severity, what, remedy, look in (
        # ---------------------------------------------------------------- the file
        ("malformed-line", ERROR, "A line that is not G-code, or fails its checksum.",
         "mend or slice again: firmware stops or skips such a line", whole.malformed),
        ("cut-off", ERROR, "The file stops before its slicer's end.",
         "slice or copy it again", whole.cut_off),
        ("empty", ERROR, "Nothing is printed.",
         "is this the right file?", whole.empty),
        # ---------------------------------------------------------------- the way to the first bead
        ("not-homed", ERROR, "Beads before anything has homed the axes.",
         "add G28 to the start", commands.not_homed),
        ("never-heated", ERROR, "Filament is pushed before the nozzle was set to a temperature.",
         "add M109 to the start", heat.never_heated),
        ("cold-extrusion", ERROR, "Filament is pushed while the nozzle is set below min_extrusion_temperature.",
         "heat the nozzle before, and switch it off only after the last bead", heat.cold_extrusion),
        ("heat-not-awaited", WARNING, "Filament is pushed before the nozzle can be warm.",
         "wait with M109 (M116, TEMPERATURE_WAIT)", heat.heat_not_awaited),
        # ---------------------------------------------------------------- places
        ("outside-volume", ERROR, "A bead outside the build volume.",
         "move or scale the part, or slice for this machine", places.outside_volume),
        ("below-bed", ERROR, "The print moves the nozzle below the bed, G92 taken back.",
         "correct z, and G92 Z before it", places.below_bed),
        ("travel-outside", WARNING, "A travel, start or end sequence out of reach or below the bed.",
         "correct the sequence, or slice for this machine", places.travel_outside),
        ("origin-shifted", WARNING, "The origin is moved after homing.",
         "leave out G92 X Y Z; set offsets in the machine", commands.origin_shifted),
        # ---------------------------------------------------------------- beyond the machine
        ("nozzle-too-hot", ERROR, "The nozzle is set hotter than the machine allows.",
         "choose another filament, or a machine that takes it", heat.nozzle_too_hot),
        ("bed-too-hot", ERROR, "The bed or the chamber is set hotter than the machine allows.",
         "choose another filament, or a machine that takes it", heat.bed_too_hot),
        ("speed", WARNING, "x, y or the extruder are asked for more speed than they have.",
         "lower the feedrate: the firmware will, and the print takes longer", speeds.too_fast),
        ("z-speed", INFO, "z is asked for more speed than it has.",
         "nothing to do: the firmware slows it down", speeds.too_fast_z),
        ("no-speed", WARNING, "A move before any feedrate was given.",
         "add F to the first move", speeds.no_speed),
        ("acceleration", WARNING, "More acceleration than x and y have.",
         "lower it: the firmware will, and the print takes longer", speeds.too_much_acceleration),
        ("limits-raised", WARNING, "The file allows the machine more speed or acceleration than its profile does.",
         "slice for this machine, or correct its profile", speeds.limits_raised),
        ("flow", WARNING, "More plastic a second than the hotend melts.",
         "print slower or thinner beads, or correct max_volumetric_speed", speeds.too_much_flow),
        ("no-such-tool", WARNING, "A tool that the machine does not have.",
         "slice for this machine, or correct tool_count", commands.no_such_tool),
        ("fan", WARNING, "A fan beyond 0 to 100 %.",
         "M106 takes S0 to S255", commands.fan_range),
        # ---------------------------------------------------------------- plastic
        ("e-mode", ERROR, "E words are read in the wrong mode: M82 and M83 are mixed up.",
         "add M82 for running totals, M83 for relative E", plastic.e_mode),
        ("too-thick", WARNING, "A bead with more plastic than the nozzle can lay down.",
         "check flow, nozzle and filament diameter", plastic.too_thick),
        ("blob", WARNING, "Filament is pushed while the head stands, beyond what was pulled back.",
         "prime in the start sequence, or push no more than was retracted", plastic.blob),
        ("stringing", WARNING, "A long travel through the open without retraction.",
         "retract before long travels", plastic.stringing),
        # ---------------------------------------------------------------- layers
        ("first-layer", ERROR, "The first layer has no height or hangs in the air.",
         "start at z between a quarter and the whole of the nozzle's diameter", layers.first_layer),
        ("layer-order", ERROR, "A bead a layer or more below what is already printed in its place.",
         "print layers from the bed up", layers.layer_order),
        ("floating-layer", WARNING, "A gap below a layer, all over the plate.",
         "print what is missing below, or add supports", layers.floating),
        # ---------------------------------------------------------------- commands
        ("firmware-command", ERROR, "A command that stops, restarts or rewrites the machine.",
         "remove it: it does not belong into a print", commands.listed(vocabulary.FIRMWARE)),
        ("unguarded", ERROR, "A command that takes away what protects machine and person.",
         "remove it", commands.listed(vocabulary.UNGUARDED)),
        ("stored-setting", ERROR, "A command that changes what the machine keeps, EEPROM and network.",
         "remove it, and do this by hand", commands.listed(vocabulary.STORED)),
        ("file-command", ERROR, "A command that deletes, writes or starts files.",
         "remove it", commands.listed(vocabulary.FILES)),
        ("calibration", WARNING, "A command that changes the machine's calibration until it restarts.",
         "keep it in the machine's settings", commands.listed(vocabulary.CALIBRATION)),
        ("power-off", WARNING, "A command that switches the power off; hotends need their fan while they cool.",
         "remove it, or wait until the nozzle is cold", commands.listed(vocabulary.POWER)),
        ("motors-off", ERROR, "Motors are switched off between homing and the last bead.",
         "move it to the end", commands.motors_off),
        ("unknown-command", WARNING, "A command that the firmware does not know.",
         "is the file made for this firmware?", commands.unknown),
        ("macro", INFO, "A macro of the machine, trusted to heat and home.",
         "nothing to do, if the machine has it", commands.macros),
        # ---------------------------------------------------------------- the end
        ("left-hot", WARNING, "A heater is still on at the end.",
         "add M104 S0 and M140 S0 to the end", heat.left_hot),
    )
}  # fmt: skip
"""Every rule by name, in the order in which findings are told."""


def run(
    moves: Moves,
    limits: Limits | None = None,
    *,
    problems: Sequence[Problem] = (),
    rules: Mapping[str, Severity] | None = None,
) -> list[Finding]:
    """Return what the rules find in moves, the gravest first.

    problems  malformed lines, as `gcode.read` collected them
    rules     severities that replace those of RULES; OFF leaves a rule out

    >>> from gcode.moves import Moves
    >>> [found.rule for found in run(Moves.of(0))]
    ['empty']
    """
    evidence = Evidence(moves, limits or Limits(), problems)
    found: list[Finding] = []
    for rule in RULES.values():
        severity = (rules or {}).get(rule.name, rule.severity)
        if severity:
            found += [finding(rule, severity, seen, evidence) for seen in rule.look(evidence)]
    return sorted(found, key=lambda one: -Severity[one.severity.upper()])


def severities(words: Iterable[str]) -> dict[str, Severity]:
    """Return severities by rule from texts such as `stringing=off`; a bare name means off.

    Raises `gcode.errors.UnknownRule`, naming the nearest.

    >>> severities(["stringing", "flow=error"])
    {'stringing': <Severity.OFF: 0>, 'flow': <Severity.ERROR: 3>}
    """
    chosen = {}
    for text in words:
        name, _, word = (part.strip() for part in text.partition("="))
        if name not in RULES:
            from difflib import get_close_matches

            near = get_close_matches(name, RULES, 1)
            raise UnknownRule(f"there is no rule {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        try:
            chosen[name] = Severity[(word or "off").upper()]
        except KeyError:
            raise UnknownRule(f"{text!r}: a rule is set to off, info, warning or error") from None
    return chosen
