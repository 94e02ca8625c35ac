"""What a machine and its filament can take, as plain numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gcode import limits as firmware
from gcode.moves import Floats
from gcode.planner import Machine


@dataclass(frozen=True, slots=True)
class Limits:
    """A machine as the checks see it: mm, C, mm3/s. The lobby makes it from profiles; `machine` holds the speeds.

    low, high              corners of the build volume; a round bed is the disc within them
    reach                  how far beyond the volume the nozzle may be moved, as for purge lines in front of the bed
    min_extrusion_temperature  colder filament does not flow: firmwares refuse to push it
    max_*_temperature      hottest that the machine allows; a bed of 0 has no heater
    flow                   most plastic that the hotend melts; 0 is no limit
    tools                  how many T commands may choose from
    retracts               filament is pulled back before travels; False silences what is said about it
    blob                   filament that may be pushed standing still, beyond what was pulled back
    long_travel            way through the open that leaves a string where nothing was pulled back
    """

    machine: Machine = field(default_factory=Machine)
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (220.0, 220.0, 250.0)
    round: bool = False
    reach: float = 15.0
    nozzle_diameter: float = 0.4
    filament_diameter: float = 1.75
    min_extrusion_temperature: float = 170.0
    max_nozzle_temperature: float = 300.0
    max_bed_temperature: float = 120.0
    max_chamber_temperature: float = 120.0
    flow: float = 0.0
    tools: int = 1
    retracts: bool = True
    blob: float = 1.0
    long_travel: float = 20.0

    def off_bed(self, x: Floats, y: Floats) -> Floats:
        """Return how far points lie beyond the edge of the bed, mm; negative inside.

        >>> Limits().off_bed(np.array([110.0, -3.0]), np.array([219.0, 100.0])).tolist()
        [-1.0, 3.0]
        """
        (left, front, _), (right, back, _) = self.low, self.high
        if self.round:
            return np.hypot(x - (left + right) / 2, y - (front + back) / 2) - (right - left) / 2
        return np.maximum(np.maximum(left - x, x - right), np.maximum(front - y, y - back))


# ---------------------------------------------------------------- what slicers embed

SHAPE, HEIGHT = ("bed_shape", "printable_area"), ("max_print_height", "printable_height")
NUMBERS = {
    "nozzle_diameter": ("nozzle_diameter",),
    "filament_diameter": ("filament_diameter",),
    "flow": ("filament_max_volumetric_speed",),
}
"""Settings of PrusaSlicer and its kin, of OrcaSlicer and Bambu Studio, by what they are here."""
NUMBER = r"-?\d+\.?\d*"
CORNER = re.compile(f"({NUMBER})x({NUMBER})")


def embedded(settings: Mapping[str, str]) -> Limits | None:
    """Return the machine among the settings that a slicer embedded in its file; None where its bed is not there.

    >>> found = embedded({"bed_shape": "0x0,250x0,250x210,0x210", "max_print_height": "200", "nozzle_diameter": "0.6"})
    >>> found.high, found.nozzle_diameter, found.round
    ((250.0, 210.0, 200.0), 0.6, False)
    """
    shape = next((settings[key] for key in SHAPE if key in settings), "")
    corners = np.array(CORNER.findall(shape), np.float64).reshape(-1, 2)
    if len(corners) < 3:
        return None
    low, high = corners.min(axis=0), corners.max(axis=0)
    if not (low < high).all():
        return None
    away = np.hypot(*(corners - (low + high) / 2).T)
    found: dict[str, Any] = {"round": len(corners) > 8 and bool(np.ptp(away) < 0.02 * away.max())}
    for name, keys in NUMBERS.items():
        if values := [value for key in keys for value in _numbers(settings.get(key, "")) if value > 0]:
            found[name] = values[0]
    found["tools"] = max(len(_numbers(settings.get(key, ""))) or 1 for key in ("nozzle_diameter", "filament_diameter"))
    heights = [value for key in HEIGHT for value in _numbers(settings.get(key, "")) if value > 0]
    top = heights[0] if heights else Limits().high[2]
    limits = Limits(low=(*low.tolist(), 0.0), high=(*high.tolist(), top), **found)
    machine = firmware.embedded(settings)
    return limits if machine is None else replace(limits, machine=machine)


def _numbers(text: str) -> list[float]:
    """Return the numbers of a setting that has one for each tool."""
    return [float(number) for number in re.findall(NUMBER, text)]
