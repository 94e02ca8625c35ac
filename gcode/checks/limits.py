"""What a machine and its filament can take, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

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
