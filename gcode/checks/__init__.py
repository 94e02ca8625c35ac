"""Whether G-code is safe for a machine: named rules over columns of moves, and what they find.

    run     Moves, Limits -> findings       rules.py: the table RULES says everything there is
    Limits  the machine, as plain numbers   limits.py

One rule is one function from `Evidence` (evidence.py: columns derived once) to sightings, in the module of its concern:

    places    in the build volume           plastic  E, blobs, strings
    heat      cold, too hot, left hot       layers   order, gaps, the first
    speeds    axes, acceleration, flow      commands unknown and dangerous (tables: vocabulary.py)
    whole     malformed, cut off, empty

What is alike becomes one `Finding` with a count, the first place and the worst value. Nothing here reads a file or
prints; `fabthread check` does.
"""

from gcode.checks.findings import Finding, Severity
from gcode.checks.limits import Limits
from gcode.checks.rules import RULES, run, severities

__all__ = ["RULES", "Finding", "Limits", "Severity", "run", "severities"]
