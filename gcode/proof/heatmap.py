"""The worst layers of a proof as a picture: how full squares are, what is empty or outside, how far walls are off."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcode.pictures.colours import rgb
from gcode.pictures.page import FAINT, INK, PAPER
from gcode.proof.compare import BOTTOM, EXCESS, FINE, SHELL, TOP, Picture
from gcode.proof.measure import SPACING, picture, slabs
from gcode.proof.result import Part, Proof
from gcode.proof.surface import Field, sample

WRONG = {SHELL: "#e5383b", TOP: "#f07a28", BOTTOM: "#c9184a", EXCESS: "#7b2cbf"}
WORDS = {SHELL: "wall missing", TOP: "top missing", BOTTOM: "bottom missing", EXCESS: "plastic outside"}
FILL = np.array([[0.96, 0.97, 0.98], [0.72, 0.79, 0.86], [0.34, 0.45, 0.57], [0.16, 0.21, 0.33]])
"""Colours of squares inside that are empty, half full, full, and half as full again."""
OFF = 0.3
"""Deviation (mm) at which the colour of an outline is strongest."""


def heatmap(proof: Proof, title: str = "", most: int = 4, width: int = 1600, height: int = 1100) -> bytes:
    """Return a PNG of the worst layers of a plate, and of what each layer of the worst part lacks over its height."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = worst_layers(proof, most)
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=PAPER)
    verdict = "passed" if proof.passed else f"failed: {', '.join(sorted({fault.name for fault in proof.faults}))}"
    figure.text(0.02, 0.965, title, fontsize=15, color=INK, weight="bold", va="center")
    figure.text(0.02, 0.935, verdict, fontsize=10, color=FAINT if proof.passed else WRONG[SHELL], va="center")
    columns = 2 if len(shown) > 1 else 1
    rows = -(-len(shown) // columns)
    for place, (part, level) in enumerate(shown):
        left = 0.035 + place % columns * 0.74 / columns
        bottom = 0.08 + (rows - 1 - place // columns) * 0.84 / rows
        _draw_layer(figure.add_axes((left, bottom, 0.68 / columns, 0.76 / rows)), part, level)
    part = shown[0][0] if shown else proof.parts[0]
    _draw_heights(figure.add_axes((0.8, 0.1, 0.18, 0.8)), part)
    _explain(figure)
    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(out, metadata={"Software": None})
    return out.getvalue()


def worst_layers(proof: Proof, most: int) -> list[tuple[Part, int]]:
    """Return the layers (from 0) that faults name, then those with the most wrong on them, in order of height."""
    named, others = [], []
    for number, part in enumerate(proof.parts):
        first = [fault.first - 1 for fault in part.faults if fault.first]
        named += [(number, level) for level in first]
        columns = part.columns()
        wrong = sum(columns[name] for name in ("overshoot", "shell_missing", "top_missing", "bottom_missing"))
        wrong = wrong + np.nan_to_num(columns["deviation_rms"])
        others += [(-float(wrong[level]), number, int(level)) for level in np.argsort(-wrong, kind="stable")[:most]]
    ranked = named + [(number, level) for _, number, level in sorted(others)]
    return [(proof.parts[number], level) for number, level in sorted(list(dict.fromkeys(ranked))[:most])]


def _draw_layer(axes: Any, part: Part, level: int) -> None:
    """Draw one layer in the coordinates of the plate."""
    shown = picture(part.placed, level)
    x, y = shown.corner - part.placed.shift
    rows, columns = shown.depth.shape
    extent = (x, x + columns * shown.pitch, y, y + rows * shown.pitch)
    axes.imshow(_colours(shown, part.shell), origin="lower", extent=extent, interpolation="antialiased")
    _draw_deviation(axes, part, level)
    levels = part.placed.levels
    axes.set_title(
        f"layer {level + 1} of {len(levels)}, z {levels.top[level] + levels.base:.2f} mm", fontsize=10, color=INK
    )
    axes.tick_params(labelsize=7, colors=FAINT, length=2)
    for side in axes.spines.values():
        side.set_visible(False)


def _colours(shown: Picture, shell: float) -> NDArray[np.uint8]:
    """Return the pixels of a layer; what is empty deeper than the shell is infill."""
    fill = np.clip(shown.plastic * 2, 0, 3)
    pixels = np.stack([np.interp(fill, range(4), FILL[:, channel]) for channel in range(3)], axis=-1)
    pixels[(shown.depth <= 0) & (shown.plastic < 0.05)] = rgb(PAPER)
    for kind, colour in WRONG.items():
        infill = (kind == SHELL) & (shown.depth * shown.pitch > shell)
        pixels[(shown.wrong == kind) & ~infill] = rgb(colour)
    return np.asarray(pixels * 255 + 0.5, np.uint8)


def _draw_deviation(axes: Any, part: Part, level: int) -> None:
    """Draw the outline, coloured by how far the plastic is from it."""
    ((_, slab),) = slabs(part.placed, level, level + 1)
    points = sample(slab.here[1], SPACING)
    if not len(points) or not len(slab.ends):
        return
    off = Field.of(slab.ends, slab.width).deviation(points.at)
    at = points.at[:, :2] - part.placed.shift
    axes.scatter(*at.T, c=np.nan_to_num(off), cmap="coolwarm", vmin=-OFF, vmax=OFF, s=0.6, linewidths=0)


def _draw_heights(axes: Any, part: Part) -> None:
    """Draw what each layer lacks, and how far its surface is off, over the height of the part."""
    columns = part.columns()
    for kind, name in (
        (SHELL, "shell_missing"),
        (TOP, "top_missing"),
        (BOTTOM, "bottom_missing"),
        (EXCESS, "overshoot"),
    ):
        axes.plot(columns[name], columns["z"], color=WRONG[kind], linewidth=1)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(0, max(10.0, axes.get_xlim()[1]))
    axes.set_xlabel("mm² empty or outside, by height", fontsize=8, color=FAINT)
    axes.set_ylabel("z mm", fontsize=8, color=FAINT)
    axes.tick_params(labelsize=7, colors=FAINT)
    off = axes.twiny()
    off.plot(columns["deviation_rms"], columns["z"], color=INK, linewidth=0.8)
    off.set_xlim(0, max(OFF, float(np.nanmax(columns["deviation_rms"], initial=0.0))))
    off.set_xlabel("deviation of the surface, RMS mm", fontsize=8, color=INK)
    off.tick_params(labelsize=7, colors=FAINT)
    for each in (axes, off):
        each.set_facecolor(PAPER)


def _explain(figure: Any) -> None:
    """Name the colours at the foot of the page."""
    colours = [WORDS[kind] for kind in WRONG]
    for place, (kind, words) in enumerate(zip(WRONG, colours, strict=True)):
        figure.text(0.03 + place * 0.11, 0.03, f"■ {words}", fontsize=9, color=WRONG[kind], va="center")
    text = f"outline: blue where plastic lies {OFF} mm inside, red where it lies {OFF} mm outside"
    figure.text(0.03 + len(WRONG) * 0.11, 0.03, text, fontsize=9, color=INK, va="center")


assert FINE not in WRONG
