"""Pictures of toolpaths: the whole print as a sheet, a layer or a range of layers from above or as a solid.

    sheet    the print as a solid, a few telling layers, and what the colours mean
    flat     layers from above
    solid    layers from the front right, standing on a grid

`Look` says what the colours tell, whether travels and seams are shown, and what file comes of it. The same moves give
the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gcode.errors import NothingToDraw
from gcode.moves import Floats, Moves
from gcode.pictures.beads import Beads, are_beads, beads_of, dots, lengths, lines, seams, together
from gcode.pictures.colours import SEAM, Paint, paint
from gcode.pictures.page import ABOVE, FAINT, Box, Page, PngPage, SvgPage, legend
from gcode.pictures.scene import axes_of
from gcode.pictures.sizes import with_sizes
from gcode.roles import Role

PAGES: dict[str, Callable[[int, int], Page]] = {"png": PngPage, "svg": SvgPage}
"""Forms of files."""
GRID = 10.0
"""Distance of the lines drawn on the bed, mm."""
HEAD, FOOT = 90, 60
"""Pixels that words take at the top and at the bottom of a page."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture looks.

    paint                 what the colours tell; roles where there is none
    travels, seams        whether they are drawn too
    azimuth, elevation    degrees around and above the bed from which a solid is seen
    size                  pixels, from 400 on; 0 for the size that suits the picture
    form                  "png" or "svg"
    title, facts          words at the top
    """

    paint: Paint | None = None
    travels: bool = False
    seams: bool = False
    azimuth: float = 30.0
    elevation: float = 30.0
    size: tuple[int, int] = (0, 0)
    form: str = "png"
    title: str = ""
    facts: str = ""


def sheet(moves: Moves, look: Look | None = None) -> bytes:
    """Return a picture of the whole print and of a few telling layers; raise NothingToDraw where no bead is printed."""
    shown = _Print.of(moves, look or Look())
    page = shown.page(1600, 1000, f"{_count(moves)} layers")
    whole = shown.beads()
    side = min((page.height - HEAD - 80) * 2 // 5, page.width // 4)
    shown.solid(page, whole, Box(20, HEAD, page.width - 2 * side - 60, page.height - HEAD - FOOT))
    for place, number in enumerate(telling_layers(moves)):
        left = page.width - 2 * side - 20 + place % 2 * (side + 10)
        top = HEAD + place // 2 * (side + 20)
        page.write(left + 4, top + 12, _name(moves, number, number), 11, FAINT)
        shown.flat(page, shown.beads(number, number), Box(left, top + 24, side - 10, side - 30))
    legend(page, shown.paint, np.unique(whole.colour))
    return page.finish()


def flat(moves: Moves, first: int, last: int, look: Look | None = None) -> bytes:
    """Return a picture of layers first..last (from 0) from above; raise NothingToDraw where no bead is printed."""
    return _layers(moves, first, last, look or Look(), _Print.flat)


def solid(moves: Moves, first: int = 0, last: int | None = None, look: Look | None = None) -> bytes:
    """Return a picture of layers first..last (from 0) as a solid; raise NothingToDraw where no bead is printed."""
    last = _count(moves) - 1 if last is None else last
    return _layers(moves, first, last, look or Look(), _Print.solid)


def _layers(moves: Moves, first: int, last: int, look: Look, draw: Callable[[_Print, Page, Beads, Box], None]) -> bytes:
    """Return a page with one picture of some layers."""
    shown = _Print.of(moves, look, first, last)
    page = shown.page(1400, 1000, _name(moves, first, last))
    beads = shown.beads(first, last)
    draw(shown, page, beads, Box(20, HEAD, page.width - 40, page.height - HEAD - FOOT))
    legend(page, shown.paint, np.unique(beads.colour))
    return page.finish()


class _Print(NamedTuple):
    """A print and the look of it.

    frame   (k, 3) points that fill a view from above of any layer
    line    mm, width of travels
    seams   (k, 4) places and layers
    """

    moves: Moves
    look: Look
    paint: Paint
    frame: Floats
    line: float
    seams: Floats

    @classmethod
    def of(cls, moves: Moves, look: Look, first: int = 0, last: int | None = None) -> _Print:
        """Return a print of which these layers are drawn; raise NothingToDraw where they hold no bead."""
        shown = with_sizes(moves)
        paints = look.paint or paint(shown)
        all_beads = beads_of(shown, paints.index)
        if not len(all_beads if last is None else beads_of(shown, paints.index, first, last)):
            where = _name(moves, first, last) if len(all_beads) and last is not None else "any layer"
            count = _count(moves)
            raise NothingToDraw(
                f"there is nothing to draw: no bead is printed in {where} (the print has {count} layers)"
            )
        frame = np.concatenate([all_beads.start, all_beads.end])
        line = max(0.06, 0.0011 * max(float(np.ptp(frame[:, axis])) for axis in (0, 1)))
        return cls(shown, look, paints, frame, line, seams(moves) if look.seams else np.zeros((0, 4)))

    def page(self, width: int, height: int, facts: str) -> Page:
        """Return a page with its title."""
        look = self.look
        page = PAGES[look.form](look.size[0] or width, look.size[1] or height)
        page.write(24, 34, look.title, 20, bold=True)
        page.write(24, 66, look.facts or facts, 12, FAINT)
        return page

    def beads(self, first: int = 0, last: int | None = None) -> Beads:
        """Return what is drawn of some layers."""
        beads = beads_of(self.moves, self.paint.index, first, last, self.line if self.look.travels else 0.0)
        layer = self.seams[:, 3]
        places = self.seams[(layer >= first) & (layer <= (np.inf if last is None else last)), :3]
        return together(beads, dots(places, max(0.6, 8 * self.line), SEAM))

    def flat(self, page: Page, beads: Beads, box: Box) -> None:
        """Draw beads from above."""
        page.draw(beads, box, ABOVE, self.frame, self.paint.palette)

    def solid(self, page: Page, beads: Beads, box: Box) -> None:
        """Draw beads from the side, on a grid."""
        grid = _bed_grid(self.frame)
        corners = np.concatenate([beads.end, grid.start, grid.end])
        axes = axes_of(self.look.azimuth, self.look.elevation)
        page.draw(together(grid, beads), box, axes, corners, self.paint.palette)


def telling_layers(moves: Moves, count: int = 4) -> list[int]:
    """Return the numbers of a few layers that show most: the first, bridges, top surfaces, and the middle."""
    beads = are_beads(moves) & (moves.layer >= 0)
    present = np.unique(moves.layer[beads])
    if len(present) <= count:
        return [int(n) for n in present]
    chosen = [int(present[0])]
    length = lengths(moves) * beads
    for role in (Role.BRIDGE, Role.TOP_SURFACE):
        amount = np.bincount(np.maximum(moves.layer, 0), np.where(moves.role == role, length, 0.0))
        if amount.any():
            chosen.append(int(amount.argmax()))
    for share in (0.5, 0.25, 0.75, 0.375, 0.625):
        chosen.append(int(present[int(share * (len(present) - 1))]))
    return sorted(list(dict.fromkeys(chosen))[:count])


def _count(moves: Moves) -> int:
    return int(moves.layer.max(initial=-1)) + 1


def _name(moves: Moves, first: int, last: int) -> str:
    """Return what to call one layer, or several."""
    if first != last:
        return f"layers {first + 1} to {last + 1}"
    rows = are_beads(moves) & (moves.layer == first)
    z = f", z = {np.median(moves.z[rows]):.2f} mm" if rows.any() else ""
    return f"layer {first + 1} of {_count(moves)}{z}"


def _bed_grid(frame: Floats) -> Beads:
    """Return thin lines every centimetre below the print."""
    low = np.floor(frame[:, :2].min(axis=0) / GRID) * GRID
    high = np.ceil(frame[:, :2].max(axis=0) / GRID) * GRID
    ends = []
    for axis in (0, 1):
        for at in np.arange(low[axis], high[axis] + GRID / 2, GRID):
            pair = np.array([[*low, -0.02], [*high, -0.02]])
            pair[:, axis] = at
            ends.append(pair)
    both = np.array(ends)
    return lines(both[:, 0], both[:, 1], max(0.12, 0.0012 * float((high - low).max())))
