"""Is the file all there, and is it G-code?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gcode.checks.evidence import Evidence
from gcode.checks.sightings import Sighting


def malformed(e: Evidence) -> Iterator[Sighting]:
    """Yield lines that are not G-code, by what is wrong with them."""
    problems = [problem for problem in e.problems if problem.line]
    for reason in dict.fromkeys(problem.reason for problem in problems):
        alike = [problem for problem in problems if problem.reason == reason]
        lines = np.array([problem.line for problem in alike], np.int64)
        yield Sighting(f"{reason}: {alike[0].text!r}", np.searchsorted(e.moves.line, lines), lines=lines)


def cut_off(e: Evidence) -> Iterator[Sighting]:
    """Yield the end of a file that stops before its time: the reader says so, or the last line still prints."""
    last = np.array([max(len(e.moves) - 1, 0)])
    for problem in e.problems:
        if not problem.line:  # of the whole file
            yield Sighting(f"the file {problem.reason}", last)
    if len(e.bead_rows) and e.bead_rows[-1] == len(e.moves) - 1 and not _anything_after(e):
        yield Sighting("the file ends in the middle of printing", last)


def _anything_after(e: Evidence) -> bool:
    """Tell whether a command stands after the last row."""
    return bool(e.spoken) and e.spoken[-1].row == len(e.moves)


def empty(e: Evidence) -> Iterator[Sighting]:
    """Yield one sighting where no bead is printed at all."""
    if not len(e.bead_rows):
        yield Sighting("nothing is printed", np.array([0]))
