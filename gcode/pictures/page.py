"""A sheet of paper on which pictures, lines of toolpath, words and a legend are set; it becomes a PNG or an SVG file.

The beads of a PNG are drawn by our own triangle kernel; matplotlib only sets the type, and is imported when it does.
An SVG holds what is seen from above as paths, and what is seen from the side as a picture.
"""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gcode.pictures import png, scene
from gcode.pictures.beads import TRAVEL, Beads, draw
from gcode.pictures.colours import FIRST, SEAM, Paint

Image = NDArray[np.uint8]
PAPER, INK, FAINT = "#fbfaf7", "#22252b", "#7b8088"
LETTER = 0.6
"""Width of a letter, as a share of its size, at most."""
ROW = 20
"""Pixels from one row of a legend to the next."""


ABOVE = scene.axes_of(0, 90)
"""The camera that sees x to the right and y upwards."""
MARGIN = 0.02
"""Share of a box that stays empty at each side."""
SHOWN = 0.88
"""Share of its width that a bead in an SVG has, so that it can be told from its neighbours."""


class Box(NamedTuple):
    """A place on a page, in pixels from its upper left corner."""

    left: int
    top: int
    width: int
    height: int


class Page(Protocol):
    """What can be set on a page; places are pixels from the upper left corner."""

    width: int
    height: int

    def write(self, x: float, y: float, text: str, size: float, colour: str = INK, bold: bool = False) -> None:
        """Set words, their middle at height y."""

    def fill(self, box: Box, colour: str) -> None:
        """Fill a rectangle."""

    def draw(self, beads: Beads, box: Box, axes: scene.Floats, frame: scene.Floats, palette: scene.Floats) -> None:
        """Draw beads as they are seen by a camera in whose view the points of `frame` just fill the box."""

    def finish(self) -> bytes:
        """Return the file."""


def legend(page: Page, paint: Paint, present: NDArray[np.generic]) -> None:
    """Say at the foot of a page, in rows, what the colours mean: those that are present, or the whole scale."""
    y = page.height - 29
    page.write(24, y, paint.title, 12, FAINT)
    x = 24 + 12 * LETTER * len(paint.title) + 16
    if paint.ticks:
        x = _scale(page, paint, x + 12, y)
    names = {TRAVEL: "travel", SEAM: "seam", **paint.names}
    words = [(place, name) for place, name in sorted(names.items()) if place in present]
    rows = _rows([20 + 12 * LETTER * len(name) + 14 for _, name in words], x, page.width - 10)
    for (place, name), (x, row) in zip(words, rows, strict=True):
        at = y + int(ROW * (row - rows[-1][1] / 2))
        page.fill(Box(int(x), at - 7, 14, 14), hexa(paint.palette[place]))
        page.write(x + 20, at, name, 12)


def _rows(widths: list[float], left: float, right: float) -> list[tuple[float, int]]:
    """Return where each of some things stands, and in which row, so that no row goes beyond `right`.

    >>> _rows([40, 40, 40], 10, 100)
    [(10, 0), (50, 0), (10, 1)]
    """
    found, x, row = [], left, 0
    for width in widths:
        if x > left and x + width > right:
            x, row = left, row + 1
        found.append((x, row))
        x += width
    return found


def _scale(page: Page, paint: Paint, x: float, y: int) -> float:
    """Draw a scale with its ticks; return where what follows it may begin."""
    width = min(620, page.width - int(x) - 150)
    colours = paint.palette[FIRST:]
    edges = np.linspace(x, x + width, len(colours) + 1).astype(int)
    for colour, left, right in zip(colours, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        page.fill(Box(left, y - 14, right - left, 12), hexa(colour))
    for at, text in paint.ticks:
        page.fill(Box(int(x + at * width), y - 2, 1, 4), INK)
        page.write(x + at * width - 12 * LETTER * len(text) / 2, y + 10, text, 11)
    return x + width + 40


def hexa(colour: Any) -> str:
    """Return red, green, blue of 0..1 as #rrggbb."""
    return "#" + "".join(f"{int(channel * 255 + 0.5):02x}" for channel in colour)


class PngPage:
    """A page of pixels: pictures are pasted, words are set at the end."""

    def __init__(self, width: int, height: int) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="none")
        self.pixels = np.full((height, width, 3), _bytes_of(PAPER), np.uint8)

    def write(self, x: float, y: float, text: str, size: float, colour: str = INK, bold: bool = False) -> None:
        style: dict[str, Any] = {"va": "center", "parse_math": False} | ({"weight": "bold"} if bold else {})
        place = x / self.width, 1 - y / self.height
        self.figure.text(*place, _printable(text), fontsize=size * 0.72, color=colour, **style)

    def fill(self, box: Box, colour: str) -> None:
        self.pixels[box.top : box.top + box.height, box.left : box.left + box.width] = _bytes_of(colour)

    def draw(self, beads: Beads, box: Box, axes: scene.Floats, frame: scene.Floats, palette: scene.Floats) -> None:
        picture = rendered(beads, box, axes, frame, palette)
        under = self.pixels[box.top : box.top + box.height, box.left : box.left + box.width]
        under[:] = over(picture, under)

    def finish(self) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas: Any = FigureCanvasAgg(self.figure)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a file's name may hold letters that the font has not
            canvas.draw()
        words = np.asarray(canvas.buffer_rgba())
        rows, columns = np.nonzero(words[..., 3])
        self.pixels[rows, columns] = over(words[rows, columns], self.pixels[rows, columns])
        return png.encode(self.pixels)


class SvgPage:
    """A page of vectors. Words stay words: the viewer's own sans-serif sets them."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif">',
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        ]

    def write(self, x: float, y: float, text: str, size: float, colour: str = INK, bold: bool = False) -> None:
        weight = ' font-weight="bold"' if bold else ""
        place = f'x="{x:.1f}" y="{y + 0.36 * size:.1f}" font-size="{size:g}"'
        self.parts.append(f'<text {place} fill="{colour}"{weight}>{escape(_printable(text))}</text>')

    def fill(self, box: Box, colour: str) -> None:
        place = f'x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}"'
        self.parts.append(f'<rect {place} fill="{colour}"/>')

    def draw(self, beads: Beads, box: Box, axes: scene.Floats, frame: scene.Floats, palette: scene.Floats) -> None:
        if np.array_equal(axes, ABOVE):
            self.parts.extend(_paths(beads, box, scene.view_of(frame, axes, box.width, box.height, MARGIN), palette))
            return
        data = base64.b64encode(png.encode(rendered(beads, box, axes, frame, palette))).decode()
        place = f'x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}"'
        self.parts.append(f'<image {place} href="data:image/png;base64,{data}"/>')

    def finish(self) -> bytes:
        return "\n".join([*self.parts, "</svg>", ""]).encode("utf-8", "replace")


def rendered(
    beads: Beads, box: Box, axes: scene.Floats, frame: scene.Floats, palette: scene.Floats, fine: int = 0
) -> Image:
    """Return a picture (height, width, 4) of beads; the edges are finer from above, where there is less to draw."""
    fine = fine or (4 if np.array_equal(axes, ABOVE) and box.width * box.height < 400_000 else 2)
    canvas = scene.Canvas.blank(box.width, box.height, fine)
    return draw(beads, canvas, scene.view_of(frame, axes, *canvas.size, MARGIN), palette)


def over(picture: Image, under: Image) -> Image:
    """Return pixels (..., 4) laid over opaque ones (..., 3)."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.asarray(picture[..., :3] * alpha + under * (1 - alpha) + 0.5, np.uint8)


def _paths(beads: Beads, box: Box, view: scene.View, palette: scene.Floats) -> Iterator[str]:
    """Yield beads from above as SVG: a path for each run of one width and colour, in mm, in the order of printing."""
    left, top = view.origin[0] + box.left, view.origin[1] + box.top
    yield (
        f'<g transform="translate({left:.2f} {top:.2f}) scale({view.scale:.4f} {-view.scale:.4f})" fill="none" '
        'stroke-linecap="round" stroke-linejoin="round">'
    )
    width = np.round(beads.width, 2)
    same = beads.joined & (np.diff(width, prepend=-1) == 0) & (np.diff(beads.colour, prepend=0) == 0)
    begins = np.flatnonzero(~same)
    colours = [hexa(colour) for colour in palette]
    start, end = beads.start[:, :2].round(3), beads.end[:, :2].round(3)
    for first, last in zip(begins.tolist(), [*begins[1:].tolist(), len(beads)], strict=True):
        (x, y), way = start[first].tolist(), end[first:last].tolist()
        steps = " ".join(f"{x:g} {y:g}" for x, y in way)
        ends = ' stroke-linecap="butt"' if beads.colour[first] == SEAM else ""
        stroke = f'stroke="{colours[beads.colour[first]]}" stroke-width="{SHOWN * width[first]:.3g}"{ends}'
        yield f'<path {stroke} d="M{x:g} {y:g}L{steps}"/>'
    yield "</g>"


def _bytes_of(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _printable(text: str) -> str:
    """Return text without control characters, which neither fonts nor XML hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
