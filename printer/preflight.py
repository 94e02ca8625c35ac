"""Before the first line: what speaks against printing this program on this printer, now.

The findings are the checks' own (`gcode.checks.Finding`): those of the file come from `program.load`, those that need
the printer, its link and its spool are added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gcode.checks import Finding, Severity
from printer.errors import UnsendableLine
from printer.firmware import MARLIN, Firmware
from printer.program import Program
from printer.protocol.framing import clean, frame
from printer.spools import Spool

BLOCKS = 16
"""Moves that a firmware looks ahead: what a link must keep filled."""

FRAMING = 12
"""Bytes that a number, a checksum and a newline add to a line: `N123456 ...*99`."""

BITS = 10
"""Bits on the wire of one byte: start, eight, stop."""

STAR, BACKSLASH = b"*\\"

STARVED = (
    "fit arcs (G2/G3) when slicing, raise the baud rate, pack lines (MeatPack), print from SD, or print slower: "
    "a starved printer stops within curves, which shows as blobs"
)
OTHER = "load what the file is for, or slice for what is loaded"
CHANGE = "load a fuller spool, or be there to change it"
REWRITE = "change the line in the file, or the start and end G-code it comes from"


class Demand(NamedTuple):
    """What the busiest stretch of a program asks of a link.

    lines_per_second, bytes_per_second  over the moves that a firmware looks ahead
    line                                where it is, 0-based
    starved                             seconds of the print, about, in which the link is too slow
    """

    lines_per_second: float
    bytes_per_second: float
    line: int
    starved: float


def demand(program: Program, baud: int | None) -> Demand:
    """Return what the program asks of a link of `baud` bits a second; with None nothing starves."""
    seconds = np.diff(program.seconds)
    moves = np.flatnonzero(seconds > 0)
    if len(moves) <= BLOCKS:
        return Demand(0.0, 0.0, 0, 0.0)
    text = np.cumsum(program.end - program.begin + FRAMING)[moves]
    have = program.seconds[1:][moves]
    have, need = have[BLOCKS:] - have[:-BLOCKS], (text[BLOCKS:] - text[:-BLOCKS]).astype(float)
    lines = (moves[BLOCKS:] - moves[:-BLOCKS]) / have
    worst = int(np.argmax(need / have))
    late = need * BITS / baud - have if baud else np.zeros(1)
    starved = float(np.maximum(late, 0).sum()) / BLOCKS
    return Demand(float(lines[worst]), float(need[worst] / have[worst]), int(moves[worst + 1]), starved)


def check(
    program: Program,
    firmware: Firmware = MARLIN,
    *,
    baud: int | None = None,
    spools: Mapping[int, Spool] | None = None,
    materials: Sequence[str] = (),
) -> list[Finding]:
    """Return everything that speaks against the print, worst first.

    Parameters
    ----------
    baud : of the link; None where it is no bottleneck
    spools : what is loaded, by tool; tools without one are not counted
    materials : what the file is for, by tool; the last one stands for all that follow
    """
    found = [*program.findings, *_unsendable(program, firmware), *_starved(program, baud)]
    found += _short(program, spools or {})
    found += _other(program, spools or {}, materials)
    return sorted(found, key=lambda finding: Severity[finding.severity.upper()], reverse=True)


def _starved(program: Program, baud: int | None) -> Iterator[Finding]:
    """Yield what there is to say of a link that is slower than the moves."""
    asked = demand(program, baud)
    if baud is None or asked.bytes_per_second <= baud / BITS:
        return
    what = (
        f"the link cannot follow the fastest moves: {asked.lines_per_second:.0f} lines/s, "
        f"about {asked.starved:.0f} s of the print"
    )
    yield _finding(
        program, "slow-link", "warning", what, STARVED, asked.line, asked.bytes_per_second, baud / BITS, "bytes/s"
    )


def _short(program: Program, spools: Mapping[int, Spool]) -> Iterator[Finding]:
    """Yield what there is to say of each spool that ends before the print."""
    fed = np.diff(program.filament)
    for tool, spool in sorted(spools.items()):
        needed = np.cumsum(np.where(program.tool == tool, fed, 0.0))
        if needed[-1] <= spool.length_left:
            continue
        what = (
            f"the spool ends before the print: tool {tool} needs {needed[-1] * spool.grams_per_mm:.1f} g, "
            f"and {max(spool.left, 0):.1f} g are left on spool {spool.id} ({spool.name})"
        )
        line = int(np.argmax(needed > spool.length_left))
        yield _finding(program, "short-spool", "warning", what, CHANGE, line)


def _other(program: Program, spools: Mapping[int, Spool], materials: Sequence[str]) -> Iterator[Finding]:
    """Yield what there is to say of each spool that holds another plastic than the file is for."""
    fed = np.diff(program.filament)
    for tool, spool in sorted(spools.items()):
        wanted = materials[min(tool, len(materials) - 1)] if materials else ""
        used = np.flatnonzero((program.tool == tool) & (fed > 0))
        if not len(used) or not wanted or not spool.material or _alike(wanted, spool.material):
            continue
        what = f"the file is for {wanted}, and spool {spool.id} ({spool.name}) of tool {tool} is {spool.material}"
        yield _finding(program, "other-material", "warning", what, OTHER, int(used[0]))


def _alike(a: str, b: str) -> bool:
    """Tell whether one name of a plastic begins like the other.

    >>> _alike("PLA", "pla+"), _alike("PETG", "PLA")
    (True, False)
    """
    a, b = a.casefold(), b.casefold()
    return a.startswith(b) or b.startswith(a)


def _unsendable(program: Program, firmware: Firmware) -> Iterator[Finding]:
    """Yield the first line that cannot be framed for the firmware."""
    text = np.frombuffer(program.data, np.uint8)
    at = np.flatnonzero((text > 126) | (text == STAR) | (text == BACKSLASH))
    holder = np.searchsorted(program.begin, at, "right") - 1
    odd = holder[(holder >= 0) & (at < program.end[holder])]  # the others stand in comments
    long = np.flatnonzero(program.end - program.begin > firmware.max_line - FRAMING)
    for line in np.union1d(odd, long).tolist():
        try:
            frame(len(program), clean(program.lines(line, line + 1)[0], firmware), firmware)
        except UnsendableLine as error:
            yield _finding(program, "unsendable-line", "error", str(error), REWRITE, line)
            return


def _finding(
    program: Program,
    rule: str,
    severity: str,
    what: str,
    remedy: str,
    line: int,
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
) -> Finding:
    """Return a finding at a line of the program."""
    source, layer = int(program.source[line]), int(program.layer[line]) + 1
    return Finding(rule, severity, what, remedy, 1, source, layer, None, value, limit, unit, source)
