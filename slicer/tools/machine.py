"""The machine of the settings, in the words of `gcode`: what the planner and the checks take."""

from __future__ import annotations

from typing import Any

from gcode.checks.limits import Limits
from gcode.planner import Machine
from profiles.schema import LimitSettings, Settings


def machine_of(settings: Settings) -> Machine:
    """Return the machine's limits as the planner takes them."""
    limits: LimitSettings = settings.limits
    renamed = {"print": "default", "travel": "default_travel", "retract": "default_retract"}
    fields: dict[str, Any] = {
        f"{ours}_acceleration": getattr(limits, f"{theirs}_acceleration") for ours, theirs in renamed.items()
    }
    for name in Machine.__dataclass_fields__:
        for prefix in ("max_", ""):
            if hasattr(limits, prefix + name):
                fields[name] = getattr(limits, prefix + name)
    return Machine(flavour=settings.output.gcode_flavour, **fields)


def limits_of(settings: Settings) -> Limits:
    """Return what the machine and the filament can take, as the checks need it."""
    machine, filament = settings.machine, settings.filament
    (x, y), (width, depth) = machine.bed_origin, machine.bed_size
    return Limits(
        machine=machine_of(settings),
        low=(x, y, 0.0),
        high=(x + width, y + depth, machine.max_print_height),
        round=machine.bed_round,
        nozzle_diameter=machine.nozzle_diameter,
        filament_diameter=filament.filament_diameter,
        min_extrusion_temperature=machine.min_extrusion_temperature,
        max_nozzle_temperature=machine.max_nozzle_temperature,
        max_bed_temperature=machine.max_bed_temperature,
        flow=filament.max_volumetric_speed,
        tools=machine.tool_count,
        retracts=settings.retraction.retraction_length > 0,
    )
