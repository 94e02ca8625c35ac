"""The order of the stages, written once.

    mesh -> layers -> slicing -> walls -> surfaces -> infill -> (adhesion) -> seams -> order -> travel -> ...

`toolpaths` is what each part on the plate goes through on its own; `motions` is what the whole plate goes through
together. Reading, repair and placement come before (`job.py`), text after (`gcode.writer`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gcode.moves import Moves
from profiles.schema import Settings
from slicer.adhesion import adhesion
from slicer.cooling import cooling
from slicer.extrusion import extrusion
from slicer.infill import fill
from slicer.nouns import Areas, LayerPlan, Mesh, Paths, Regions
from slicer.order import order
from slicer.seams import place_seams
from slicer.slicing import Slices, slice_mesh
from slicer.speeds import speeds
from slicer.surfaces import find_surfaces
from slicer.tools.bands import areas_together, bands_of
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows
from slicer.tools.joining import join_paths
from slicer.travel import travel
from slicer.walls import Islands, make_walls

Progress = Callable[[str, float], None]
"""Called with the name of a stage and the share of the job that is done when it begins."""


@dataclass
class Stopwatch:
    """Tells who listens which stage begins, and notes how long each took: `with watch("walls"): ...`."""

    progress: Progress | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    done: float = 0.0

    @contextmanager
    def __call__(self, stage: str, share: float = 0.0) -> Iterator[None]:
        if self.progress is not None:
            self.progress(stage, self.done)
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began
        self.done = min(1.0, self.done + share)


@dataclass(frozen=True, slots=True)
class Part:
    """One part on the plate after its own stages: paths, cross-sections, and what the slicing had to mend."""

    paths: Paths
    slices: Slices
    too_thin: float


def toolpaths(
    mesh: Mesh, face_edges: NDArray[np.int32], plan: LayerPlan, settings: Settings, crew: Crew, watch: Stopwatch
) -> Part:
    """Return the toolpaths of one part that stands where it will be printed."""
    flows = Flows.resolve(settings.widths, settings.machine.nozzle_diameter, settings.surfaces)
    surfaces, infill = settings.surfaces, settings.infill
    with watch("slicing", 0.15):
        slices = slice_mesh(mesh, face_edges, plan, settings.slicing, crew)
        bands = bands_of(slices.regions)

    def walls_in(band: Regions) -> tuple[Paths, Islands, float]:
        return make_walls(band, plan, settings.walls, settings.slicing, flows, crew)

    def areas_in(islands: Islands) -> Areas:
        return find_surfaces(slices.regions, islands.layer, islands.interior, plan, surfaces, infill, flows, crew)

    with watch("walls", 0.25):
        walls, islands, too_thin = zip(*crew.map(walls_in, bands), strict=True)
    with watch("surfaces", 0.2):
        areas = areas_together(crew.map(areas_in, islands))
    with watch("infill", 0.15):
        fills = fill(areas, plan, infill, surfaces, flows, crew, settings.walls.wall_count > 0)
    return Part(join_paths([*walls, fills]), slices, sum(too_thin))


def motions(parts: Sequence[Part], plan: LayerPlan, settings: Settings, watch: Stopwatch) -> tuple[Moves, Regions]:
    """Return the moves of all parts together, and the cross-section of the whole plate in every layer."""
    flows = Flows.resolve(settings.widths, settings.machine.nozzle_diameter, settings.surfaces)
    outlines = _together([part.slices.regions for part in parts], len(plan))
    with watch("adhesion", 0.01):
        around = adhesion(outlines, plan, settings.adhesion, settings.filament, flows)
        around = replace(around, object=np.full(len(around), -1, np.int16))
        paths = join_paths([around, *(_numbered(part.paths, i) for i, part in enumerate(parts))])
    with watch("seams", 0.05):
        paths = place_seams(paths, settings.seams, settings.machine.nozzle_diameter)
    with watch("order", 0.05):
        paths = order(paths, settings.walls, settings.infill, settings.seams)
    with watch("travel", 0.05):
        moves = travel(
            paths,
            plan,
            outlines,
            settings.retraction,
            settings.travel,
            settings.seams,
            settings.machine.nozzle_diameter,
        )
    with watch("speeds", 0.03):
        moves = extrusion(moves, settings.filament)
        moves = speeds(moves, settings.speeds, settings.filament, settings.retraction, settings.limits)
        moves = cooling(moves, settings.cooling)
    return moves, outlines


def _numbered(paths: Paths, number: int) -> Paths:
    """Return the paths as those of object `number`."""
    return replace(paths, object=np.full(len(paths), number, np.int16))


def _together(stacks: Sequence[Regions], layers: int) -> Regions:
    """Return one stack from those of all parts, which do not overlap."""
    if len(stacks) == 1:
        return stacks[0]
    return np.asarray(shapely.union_all(np.stack([stack[:layers] for stack in stacks]), axis=0))
