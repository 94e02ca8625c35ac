"""Infill: areas in, toolpaths out; one small module a pattern.

task         what a pattern is given and gives back
region       polygons as flat rings, inset
scan         parallel lines through many regions at once
strips       thin beads beside borders that run along a zigzag
sweep        closed surfaces: monotonic, rectilinear and aligned zigzags, bridges
straight     sparse lines: rectilinear, aligned, grid, triangles, tri-hexagon, cubic
waves        gyroid and honeycomb
hilbert      the space-filling curve
concentric   loops along the border, sparse or closed
curves       curves cut to their areas
join         chains of a sparse pattern linked along the border, hooks
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.roles import Role
from profiles.schema import InfillSettings, SurfaceSettings
from slicer.infill.concentric import closed_rings, mean_width, rings
from slicer.infill.hilbert import hilbert
from slicer.infill.region import shrink
from slicer.infill.straight import lines
from slicer.infill.sweep import surface, zigzag
from slicer.infill.task import Beads, Task, repeated, together
from slicer.infill.waves import gyroid, honeycomb
from slicer.nouns import Areas, LayerPlan, Paths
from slicer.ragged import distinct
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows, width_of

Pattern = Callable[[Task], Beads]

SPARSE: dict[str, Pattern] = {
    "rectilinear": partial(lines, pattern="rectilinear"),
    "aligned": partial(lines, pattern="aligned"),
    "grid": partial(lines, pattern="grid"),
    "triangles": partial(lines, pattern="triangles"),
    "tri-hexagon": partial(lines, pattern="tri-hexagon"),
    "cubic": partial(lines, pattern="cubic"),
    "gyroid": gyroid,
    "honeycomb": honeycomb,
    "concentric": rings,
    "hilbert": hilbert,
}
"""How sparse infill is drawn."""

SOLID: dict[str, Pattern] = {
    "monotonic": surface,
    "rectilinear": surface,
    "aligned": surface,
    "bridge": zigzag,
    "concentric": closed_rings,
    "hilbert": hilbert,
}
"""How closed surfaces are drawn."""

ALTERNATES = frozenset({"rectilinear", "monotonic"})
"""Patterns that turn by 90 degrees from layer to layer."""

CLIMBS = frozenset({"cubic", "gyroid"})
"""Patterns that change with the height."""


def fill(
    areas: Areas,
    plan: LayerPlan,
    infill: InfillSettings,
    surfaces: SurfaceSettings,
    flows: Flows,
    crew: Crew,
    walled: bool = True,
) -> Paths:
    """Return the toolpaths that fill the areas, sorted by layer and then in the order of the areas.

    Sparse areas have the density asked for, all others are closed. The paths of a monotonic area are a group. Beads
    overlap the walls around the areas; where there are none (not `walled`), they end at the outline.
    """
    if not len(areas):
        return Paths.empty()
    names = patterns_of(areas, infill)
    spacing = spacings(areas, plan, flows)
    parts = []
    for (name, solid), rows in kinds(names, areas.role, infill.infill_density).items():
        task = task_of(rows, name, solid, spacing, areas, plan, infill, crew, walled)
        task = task if solid else roomy(task)
        if len(task):
            pattern = (SOLID if solid else SPARSE)[name]
            parts.append(repeated(pattern, task, ("angle", "z") if name in CLIMBS else ("angle",)))
    return paths_of(together(parts), names, spacing, areas, plan) if parts else Paths.empty()


def patterns_of(areas: Areas, infill: InfillSettings) -> NDArray[np.str_]:
    """Return the name of the pattern of each area; bridges are parallel lines."""
    table = np.full(len(Role), "bridge", dtype="<U12")
    table[Role.INFILL] = infill.infill_pattern
    table[Role.SOLID_INFILL] = infill.solid_pattern
    table[Role.TOP_SURFACE] = infill.top_pattern
    table[Role.BOTTOM_SURFACE] = infill.bottom_pattern
    return np.asarray(table[areas.role])


def spacings(areas: Areas, plan: LayerPlan, flows: Flows) -> NDArray[np.float64]:
    """Return the spacing of each area's beads; sparse infill has one for all layers, so that its lines stack."""
    height = plan.height[areas.layer]
    first = areas.layer == 0
    made = np.empty(len(areas))
    for role in distinct(areas.role):
        for is_first in (False, True):
            rows = np.flatnonzero((areas.role == role) & (first == is_first))
            made[rows] = [flows.spacing(int(role), float(h), is_first) for h in height[rows]]
    made[areas.role == Role.INFILL] = flows.spacing(Role.INFILL, plan.usual_height)
    return made


def kinds(
    names: NDArray[np.str_], role: NDArray[np.uint8], density: float
) -> dict[tuple[str, bool], NDArray[np.int64]]:
    """Return the rows of each (pattern, closed or sparse); sparse infill of no density has none, of full is closed."""
    sparse = (role == Role.INFILL) & (density < 1.0)
    wanted = ~sparse | (density > 0.0)
    found = {}
    for name in distinct(names):
        for solid in (True, False):
            rows = np.flatnonzero((names == name) & (sparse != solid) & wanted)
            if len(rows):
                found[str(name), solid] = rows
    return found


def task_of(
    rows: NDArray[np.int64], name: str, solid: bool, spacing: NDArray[np.float64], areas: Areas, plan: LayerPlan,
    infill: InfillSettings, crew: Crew, walled: bool,
) -> Task:  # fmt: skip
    """Return what a pattern needs to know of the rows it fills."""
    layer = areas.layer[rows]
    angle = infill.infill_angle + (90.0 * (layer % 2) if name in ALTERNATES else 0.0 * layer)
    bridging = areas.role[rows] == Role.BRIDGE
    overlap = infill.infill_overlap + (0.0 if solid else hold(plan.usual_height, spacing[rows]))
    inset = spacing[rows] * (0.5 - overlap)
    return Task(
        polygon=areas.polygon[rows],
        row=rows,
        layer=layer,
        z=plan.z_top[layer],
        spacing=spacing[rows],
        pitch=spacing[rows] / (1.0 if solid else infill.infill_density),
        angle=np.where(bridging & np.isfinite(areas.angle[rows]), areas.angle[rows], angle),
        inset=inset if walled else 0.5 * width_of(spacing[rows], plan.height[layer]),
        anchor=infill.infill_anchor,
        anchor_max=infill.infill_anchor_max,
        crew=crew,
    )


def hold(height: float, spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many spacings sparse lines turn nearer to the wall than `infill_overlap` tells.

    Where closed surfaces must only meet the wall, these hold on to it: they lap 0.9 of a layer's height over it, past
    its round side. On thin layers a quarter of a spacing, the usual overlap, is enough for that.

    >>> hold(0.1, np.array([0.4])), hold(0.2, np.array([0.4, 0.36]))
    (array([0.]), array([0.2, 0.2]))
    """
    return np.clip(0.9 * height / spacing - 0.25, 0.0, 0.2)


def roomy(task: Task) -> Task:
    """Return the rows that are somewhere wider than a bead: between nearer walls there is nothing to support."""
    slim = np.flatnonzero(mean_width(task.polygon) < task.spacing)
    inset = shrink(task.polygon[slim], 0.5 * task.spacing[slim], task.crew)
    kept = np.ones(len(task), np.bool_)
    kept[slim[shapely.is_empty(inset)]] = False
    return task.take(np.flatnonzero(kept))


def paths_of(
    beads: Beads, names: NDArray[np.str_], spacing: NDArray[np.float64], areas: Areas, plan: LayerPlan
) -> Paths:
    """Return the beads with the columns of their areas."""
    row = beads.row
    layer, role = areas.layer[row], areas.role[row]
    height = plan.height[layer]
    count = np.diff(beads.offsets)
    thread = np.repeat(np.where(role == Role.BRIDGE, spacing[row], 0.0), count)  # hangs free: round, always as thick
    width = np.where(thread > 0.0, thread, width_of(beads.spacing, np.repeat(height, count)))
    return Paths.of(
        beads.xy, beads.offsets, width=width, layer=layer, role=role, closed=beads.closed, height=height,
        island=areas.island[row], group=np.where(beads.ordered & (names == "monotonic")[row], row, -1),
    )  # fmt: skip
