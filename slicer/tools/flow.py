"""The flow model: a bead is a rectangle with rounded sides, `area = height * spacing`.

A bead of width w and height h has semicircular sides of diameter h, so its cross-section is h * (w - h) + pi / 4 * h^2
= h * (w - h * (1 - pi / 4)). Neighbours laid at `spacing = w - h * (1 - pi / 4)` therefore fill the layer exactly.
Bridges hang in the air and are round threads instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gcode.roles import Role
from profiles.schema import SurfaceSettings, WidthSettings

Number = TypeVar("Number", float, NDArray[np.float64])

ROUNDING = 1.0 - pi / 4.0
"""Width lost to the rounded sides, as a share of the height."""
AUTO_WIDTH = 1.125
"""Width of a bead whose setting is 0, in nozzle diameters."""


def spacing(width: Number, height: Number) -> Number:
    """Return the distance of neighbouring centre lines at which beads fill the layer, mm.

    >>> round(spacing(0.45, 0.2), 4)
    0.4071
    """
    return width - height * ROUNDING


def width_of(spacing: Number, height: Number) -> Number:
    """Return the width of a bead laid at the given spacing, mm; the inverse of `spacing`.

    >>> round(width_of(spacing(0.45, 0.2), 0.2), 4)
    0.45
    """
    return spacing + height * ROUNDING


def area(width: Number, height: Number) -> Number:
    """Return the cross-section of a bead, mm2.

    >>> round(area(0.45, 0.2), 5)
    0.08142
    """
    return height * (width - height * ROUNDING)


def bridge_diameter(nozzle_diameter: float, flow_ratio: float) -> float:
    """Return the diameter of a free thread: at ratio 1 the filament keeps the nozzle's cross-section, mm."""
    return nozzle_diameter * sqrt(flow_ratio)


def thread_area(diameter: Number) -> Number:
    """Return the cross-section of a round thread, mm2."""
    return pi / 4.0 * diameter * diameter


WIDTH_SETTING: dict[int, str] = {
    Role.EXTERNAL_PERIMETER: "external_wall_width",
    Role.PERIMETER: "wall_width",
    Role.OVERHANG_PERIMETER: "wall_width",
    Role.INFILL: "infill_width",
    Role.SOLID_INFILL: "solid_infill_width",
    Role.BOTTOM_SURFACE: "solid_infill_width",
    Role.TOP_SURFACE: "top_infill_width",
}
"""The setting that rules the width of a role's beads; other roles use `line_width`."""


@dataclass(frozen=True, slots=True)
class Flows:
    """Bead widths of a job, resolved: no zeros that mean "choose".

    widths        (17,) mm, indexed by `Role`, ordinary layers
    first_widths  (17,) mm, the same for the first layer
    """

    widths: tuple[float, ...]
    first_widths: tuple[float, ...]
    nozzle_diameter: float
    bridge_thread: float

    @classmethod
    def resolve(cls, widths: WidthSettings, nozzle_diameter: float, surfaces: SurfaceSettings) -> Flows:
        """Return the widths that the settings mean: 0 is `line_width`, and 0 there is 1.125 nozzles."""
        line = widths.line_width or AUTO_WIDTH * nozzle_diameter
        thread = bridge_diameter(nozzle_diameter, surfaces.bridge_flow)
        own = [getattr(widths, WIDTH_SETTING[role]) if role in WIDTH_SETTING else 0.0 for role in Role]
        ordinary = [width or line for width in own]
        first = [widths.first_layer_line_width or width for width in ordinary]
        ordinary[Role.BRIDGE] = first[Role.BRIDGE] = thread
        return cls(tuple(ordinary), tuple(first), nozzle_diameter, thread)

    def width(self, role: int, first_layer: bool = False) -> float:
        """Return the bead width of a role, mm; a bridge's is the diameter of its thread."""
        return (self.first_widths if first_layer else self.widths)[role]

    def spacing(self, role: int, height: float, first_layer: bool = False) -> float:
        """Return the spacing of a role's beads at a layer height, mm; bridge threads lie side by side.

        A bead is never narrower than it is high: where the setting asks for less, the height counts.
        """
        width = self.width(role, first_layer)
        return width if role == Role.BRIDGE else spacing(max(width, height), height)
