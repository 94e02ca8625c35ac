"""Going on after a power cut: where to, with what to say first, and what nobody can know."""

from __future__ import annotations

from dataclasses import dataclass

from printer.errors import FileChanged, UnsafeToPrint
from printer.journal import SYNC, Recovery
from printer.modal import Modal, heat, modes, number
from printer.program import Program
from printer.sequences import Policy

QUEUE = 24
"""Lines that a firmware may have taken and not executed: 16 moves, and lines not yet read."""

PRIME = 5.0
"""mm of filament pushed out, away from the part, before a print goes on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A print to go on with.

    line, layer    where: the beginning of the layer in which everything before is surely printed
    lines          what is said before that line: heat, lift, home X and Y only, prime
    z              mm at which the nozzle is taken to stand now
    z_between      the lowest and highest it can stand, by what is unknown
    unknown        (first, last) line between which the printer stopped, 0-based
    doubts         what a person has to know and decide
    """

    line: int
    layer: int
    lines: tuple[str, ...]
    z: float
    z_between: tuple[float, float]
    unknown: tuple[int, int]
    doubts: tuple[str, ...]


def plan(program: Program, found: Recovery, policy: Policy) -> Plan:
    """Return how to go on with a print from its journal.

    Raises `FileChanged` where the file is another one, and `UnsafeToPrint` where there is nothing to go on with.
    """
    if found.job.get("sha256") not in (None, program.sha256):
        raise FileChanged(f"{program.name} is not the file that was printed: the journal knows another one")
    if found.end:
        raise UnsafeToPrint(f"that print is {found.end}: there is nothing to go on with")
    first, last = found.unknown(QUEUE)
    first, last = min(first, len(program)), min(last, len(program))
    if found.acknowledged <= program.layer_start(0):
        raise UnsafeToPrint("that print never came to its first layer: print it again")
    layer = max(int(program.layer[min(first, len(program) - 1)]), 0)
    line = program.layer_start(layer)
    state, now = program.state(line), program.state(min(found.acknowledged, len(program)))
    if state.shifted:
        raise UnsafeToPrint("the file moves its origin (G92 X Y Z), which only the running printer knew")
    lifted = policy.lift if found.state in ("paused", "cancelling") else 0.0
    heights = [now.z + lifted, *_heights(program, first, last)]
    if found.state in ("pausing", "resuming"):
        heights.append(now.z + policy.lift)
    return Plan(
        line=line,
        layer=layer,
        lines=tuple(_preamble(state, now.z + lifted, policy)),
        z=now.z + lifted,
        z_between=(min(heights), max(heights)),
        unknown=(first, last),
        doubts=tuple(_doubts(found, first, last, heights)),
    )


def _heights(program: Program, first: int, last: int) -> list[float]:
    """Return the heights that the lines in question come to."""
    state = program.state(first)
    heights = [state.z]
    for line in program.lines(first, last):
        heights.append(state.follow([line]).z)
    return heights


def _preamble(state: Modal, z: float, policy: Policy) -> list[str]:
    """Return what brings a fresh machine above the part into the state before a line; Z is never homed."""
    up = z + max(min(policy.lift, policy.top - z), 0.0)
    hot = heat(state, wait=True)
    bed = [line for line in hot if line.startswith(("M140", "M190", "M141"))]
    nozzle = [line for line in hot if line not in bed]
    feed, slow = f"F{number(policy.travel_feed)}", f"F{number(policy.lift_feed)}"
    return [
        "G21",
        "G90",
        *bed,  # first of all, or the part lets go
        f"G92 Z{number(z)}",
        f"G1 Z{number(up)} {slow}",
        "G28 X Y",
        *nozzle,
        *([f"T{state.tool}"] if state.tool else []),
        "M83",
        f"G1 E{number(PRIME + policy.purge)} F{number(policy.retract_feed / 6)}",
        f"G1 E-{number(policy.retract)} F{number(policy.retract_feed)}",
        f"G1 X{number(state.x)} Y{number(state.y)} {feed}",
        f"G1 Z{number(state.z)} {slow}",
        f"G1 E{number(max(policy.retract - state.retracted, 0.0))} F{number(policy.retract_feed)}",
        *modes(state),
    ]


def _doubts(found: Recovery, first: int, last: int, heights: list[float]) -> list[str]:
    """Return what is uncertain, in words."""
    low, high = min(heights), max(heights)
    doubts = [
        f"the printer stopped between lines {first + 1} and {last}: up to {last - first} lines may be printed or not",
        f"after a power cut, the last {SYNC:g} s before it may be missing from the journal as well",
        "nobody may have moved the head up or down since: Z is not homed, because the part is in the way",
    ]
    if high - low > 1e-6:
        doubts.append(
            f"the nozzle stands somewhere between {low:g} and {high:g} mm: look, and set it by hand if in doubt"
        )
    if found.damaged:
        doubts.append(f"{found.damaged} lines of the journal are damaged")
    return doubts
