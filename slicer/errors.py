"""What can go wrong while slicing, as a tree; every message says what, where and what to do.

    SlicerError              exit code 1
    ├── InputRefused         3: the model cannot be sliced as it is
    ├── NothingToPrint       5: the model was read but leaves no bead
    └── UnsafeGcode          7: the G-code made of it would not be safe on the machine

`profiles.errors.SettingsRefused` (4) is the profiles' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gcode.checks import Finding


class SlicerError(Exception):
    """Any error the slicer raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class InputRefused(SlicerError):
    """The model file or mesh has no sensible reading."""

    exit_code = 3


class NothingToPrint(SlicerError):
    """No layer holds anything that this nozzle can print."""

    exit_code = 5


class UnsafeGcode(SlicerError):
    """The checks found errors in what was sliced; `findings` (`gcode.checks.Finding`) say which."""

    exit_code = 7

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join([*map(str, findings), "nothing was written; --no-check writes it all the same"]))
        self.findings = tuple(findings)
