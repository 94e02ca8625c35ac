"""Pictures of toolpaths, coloured by what each bead is for.

`sheet` shows the whole print and a few telling layers, `layers` one layer from above or a range of layers as a solid.
The beads are drawn by our own triangle kernel; matplotlib only sets the type, and is imported when it does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.moves import Moves
from gcode.roles import TYPE_COMMENT, Role
from slicer.errors import NothingToPrint
from slicer.tools import png, scene
from slicer.tools.beads import Beads, beads_of, draw, lines

Image = NDArray[np.uint8]
PAPER = "#fbfaf7"
INK, FAINT = "#22252b", "#7b8088"
COLOURS: dict[Role, str] = {
    Role.NONE: "#9aa3ad",
    Role.EXTERNAL_PERIMETER: "#f07a28",
    Role.PERIMETER: "#f9c22e",
    Role.OVERHANG_PERIMETER: "#2f5fd0",
    Role.THIN_WALL: "#f5e9a6",
    Role.GAP_FILL: "#e8e8e8",
    Role.INFILL: "#a63d40",
    Role.SOLID_INFILL: "#8f5bd6",
    Role.TOP_SURFACE: "#e5383b",
    Role.BOTTOM_SURFACE: "#4f7cac",
    Role.BRIDGE: "#3aa0ff",
    Role.SKIRT: "#1f9e89",
    Role.BRIM: "#1f9e89",
    Role.SUPPORT: "#6fbf4b",
    Role.SUPPORT_INTERFACE: "#2e7d32",
    Role.IRONING: "#ff9ecb",
    Role.CUSTOM: "#c0c4c9",
}
"""Colour of each role; warm outside, cool where there is nothing below."""
PALETTE = np.array([[int(COLOURS[role][i : i + 2], 16) / 255 for i in (1, 3, 5)] for role in Role])
AZIMUTH, ELEVATION = 30.0, 30.0
GRID = 10.0
"""Distance of the lines drawn on the bed, mm."""


def sheet(moves: Moves, title: str = "", facts: str = "", width: int = 1600, height: int = 1000) -> bytes:
    """Return a PNG: the print as a solid, four telling layers from above, and what the colours mean."""
    beads = _printed(moves)
    side = (height - 170) * 2 // 5
    page = _Page(width, height, title, facts)
    page.place(solid(beads, width - 2 * side - 60, height - 150), 20, 90)
    for place, number in enumerate(telling_layers(moves)):
        left = width - 2 * side - 20 + place % 2 * (side + 10)
        top = 90 + place // 2 * (side + 20)
        page.place(flat(beads_of(moves, number, number), side - 10, side - 30, frame=beads), left, top + 24)
        page.write(left + 4, top + 12, _layer_name(moves, number), 11, FAINT)
    page.legend(beads.role)
    return page.png()


def layers(moves: Moves, first: int, last: int, title: str = "", width: int = 1400, height: int = 1000) -> bytes:
    """Return a PNG of one layer from above with its travels, or of layers first..last (0-based) as a solid."""
    beads = _printed(moves, first, last)
    name = _layer_name(moves, first) if first == last else f"layers {first + 1} to {last + 1}"
    page = _Page(width, height, title, name)
    if first == last:
        travels = beads_of(moves, first, last, travel_width=0.06)
        page.place(flat(travels, width - 40, height - 150, frame=beads, fine=2), 20, 90)
    else:
        page.place(solid(beads, width - 40, height - 150), 20, 90)
    page.legend(beads.role)
    return page.png()


def _printed(moves: Moves, first: int = 0, last: int | None = None) -> Beads:
    beads = beads_of(moves, first, last)
    if not len(beads):
        where = "any layer" if last is None else f"layers {first + 1} to {last + 1}"
        count = int(moves.layer.max(initial=-1)) + 1
        raise NothingToPrint(f"there is nothing to draw: no bead is printed in {where} (the print has {count} layers)")
    return beads


def solid(beads: Beads, width: int, height: int, fine: int = 2) -> Image:
    """Return a picture (height, width, 4) of the beads from the front right, standing on a grid."""
    canvas = scene.Canvas.blank(width, height, fine)
    grid = _bed_grid(beads)
    corners = np.concatenate([beads.end, grid.start, grid.end])
    view = scene.view_of(corners, scene.axes_of(AZIMUTH, ELEVATION), *canvas.size, margin=0.01)
    return draw(_together(grid, beads), canvas, view, PALETTE)


def flat(beads: Beads, width: int, height: int, frame: Beads, fine: int = 4) -> Image:
    """Return a picture (height, width, 4) of the beads from above; the beads of `frame` would just fill it."""
    canvas = scene.Canvas.blank(width, height, fine)
    return draw(beads, canvas, scene.view_of(frame.end, scene.axes_of(0, 90), *canvas.size), PALETTE)


def telling_layers(moves: Moves, count: int = 4) -> list[int]:
    """Return the numbers of a few layers that show most: the first, bridges, top surfaces, and the middle."""
    present = np.unique(moves.layer[(moves.e > 0) & (moves.layer >= 0)])
    if len(present) <= count:
        return [int(n) for n in present]
    chosen = [int(present[0])]
    length = np.hypot(np.diff(moves.x, prepend=0.0), np.diff(moves.y, prepend=0.0)) * (moves.e > 0)
    for role in (Role.BRIDGE, Role.TOP_SURFACE):
        amount = np.bincount(np.maximum(moves.layer, 0), np.where(moves.role == role, length, 0.0))
        if amount.any():
            chosen.append(int(amount.argmax()))
    for share in (0.5, 0.25, 0.75, 0.375, 0.625):
        chosen.append(int(present[int(share * (len(present) - 1))]))
    return sorted(list(dict.fromkeys(chosen))[:count])


def _layer_name(moves: Moves, number: int) -> str:
    rows = (moves.layer == number) & (moves.e > 0)
    z = f", z = {np.median(moves.z[rows]):.2f} mm" if rows.any() else " (empty)"
    return f"layer {number + 1} of {int(moves.layer.max()) + 1}{z}"


def _bed_grid(beads: Beads) -> Beads:
    """Return thin lines every centimetre below the print."""
    low = np.floor(beads.end[:, :2].min(axis=0) / GRID) * GRID
    high = np.ceil(beads.end[:, :2].max(axis=0) / GRID) * GRID
    ends = []
    for axis in (0, 1):
        for at in np.arange(low[axis], high[axis] + GRID / 2, GRID):
            pair = np.array([[*low, -0.02], [*high, -0.02]])
            pair[:, axis] = at
            ends.append(pair)
    both = np.array(ends)
    return lines(both[:, 0], both[:, 1], max(0.12, 0.0012 * float((high - low).max())))


def _together(*parts: Beads) -> Beads:
    return Beads(*(np.concatenate([getattr(part, name) for part in parts]) for name in Beads.__slots__))


class _Page:
    """A sheet of paper in pixels: pictures are pasted, words are set at the end."""

    def __init__(self, width: int, height: int, title: str, facts: str) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="none")
        paper = [int(PAPER[i : i + 2], 16) for i in (1, 3, 5)]
        self.pixels = np.full((height, width, 3), paper, np.uint8)
        self.write(24, 34, title, 20, INK, weight="bold")
        self.write(24, 66, facts, 12, FAINT)

    def write(self, x: float, y: float, text: str, size: float, colour: str, **style: Any) -> None:
        height, width = self.pixels.shape[:2]
        style = {"va": "center", **style}
        self.figure.text(x / width, 1 - y / height, text, fontsize=size * 0.72, color=colour, **style)

    def place(self, picture: Image, left: int, top: int) -> None:
        height, width = picture.shape[:2]
        under = self.pixels[top : top + height, left : left + width]
        under[:] = over(picture, under)

    def legend(self, roles: NDArray[np.uint8]) -> None:
        """Name the colours of the roles that occur, in a row at the foot of the page."""
        height = len(self.pixels)
        present = [Role(int(r)) for r in np.unique(roles) if r != Role.NONE]
        x = 24.0
        for role in present:
            self.pixels[height - 36 : height - 22, int(x) : int(x) + 14] = (PALETTE[role] * 255).astype(np.uint8)
            self.write(x + 20, height - 28.5, TYPE_COMMENT[role].lower(), 12, INK)
            x += 20 + 7.2 * len(TYPE_COMMENT[role]) + 18

    def png(self) -> bytes:
        """Return the page as a PNG without time stamp or program name."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.draw()
        words = np.asarray(canvas.buffer_rgba())
        rows, columns = np.nonzero(words[..., 3])
        self.pixels[rows, columns] = over(words[rows, columns], self.pixels[rows, columns])
        return png.encode(self.pixels)


def over(picture: Image, under: Image) -> Image:
    """Return pixels (..., 4) laid over opaque ones (..., 3)."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.asarray(picture[..., :3] * alpha + under * (1 - alpha) + 0.5, np.uint8)
