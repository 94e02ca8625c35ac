"""Pictures of toolpaths, from `Moves` to the bytes of a PNG or SVG file; the same moves are the same bytes.

sheet, flat, solid   the whole print, layers from above, layers as a solid     sheets.py
Look                 what is drawn, and how                                    sheets.py
paint, CHOICES       what colours tell: role, speed, flow, heat ...            colours.py
paper and legend     page.py; beads, travels and seams: beads.py, sizes.py
camera and light     scene.py, on gcode/kernels/raster.py; files: png.py
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers; at run time each name is imported when it is asked for
    from gcode.pictures.colours import CHOICES as CHOICES
    from gcode.pictures.colours import Paint as Paint
    from gcode.pictures.colours import paint as paint
    from gcode.pictures.sheets import Look as Look
    from gcode.pictures.sheets import flat as flat
    from gcode.pictures.sheets import sheet as sheet
    from gcode.pictures.sheets import solid as solid

_HOMES = {
    **dict.fromkeys(("CHOICES", "Paint", "paint"), "gcode.pictures.colours"),
    **dict.fromkeys(("Look", "flat", "sheet", "solid"), "gcode.pictures.sheets"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gcode.pictures' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
