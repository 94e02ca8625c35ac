"""Draw the pictures of the documents: `python docs/images/make.py`."""

from __future__ import annotations

from pathlib import Path

import slicer
from gcode.pictures import Look, flat, paint, sheet, solid
from slicer.summary import duration

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "sample_models"


def main() -> None:
    """Write the pictures beside this file."""
    bracket = slicer.slice(MODELS / "bracket.stl")
    summary = bracket.summary
    facts = f"{summary.layers} layers  ·  {duration(summary.print_seconds)}  ·  {summary.filament_g:.1f} g"
    (HERE / "bracket.png").write_bytes(sheet(bracket.moves, Look(title="bracket", facts=facts, size=(1100, 690))))
    gear = slicer.slice(MODELS / "herringbone_gear.stl", {"infill_pattern": "gyroid"})
    look = Look(travels=True, seams=True, title="herringbone_gear", size=(900, 640))
    (HERE / "layer.png").write_bytes(flat(gear.moves, 20, 20, look))
    flows = Look(paint(gear.moves, "flow"), title="herringbone_gear", size=(900, 640))
    (HERE / "flow.png").write_bytes(solid(gear.moves, 0, 20, flows))


if __name__ == "__main__":
    main()
