"""What the tests of infill share: areas to fill, beads as shapes, and the kernels without a compiler."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import shapely
from hypothesis import strategies as st

from gcode.roles import Role
from profiles.schema import InfillSettings, SurfaceSettings, WidthSettings
from slicer.infill import fill
from slicer.nouns import Areas, LayerPlan, Paths
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows, spacing

HEIGHT = 0.2
SURFACES = SurfaceSettings()
FLOWS = Flows.resolve(WidthSettings(), 0.4, SURFACES)
SPACING = spacing(0.45, HEIGHT)


def areas_of(polygons, role=Role.INFILL, layer=0, angle=np.nan):
    """Return areas from shapely polygons; role, layer and angle are spread."""
    n = len(polygons)
    column = np.empty(n, object)
    column[:] = polygons
    layers = np.broadcast_to(layer, n).astype(np.int32)
    roles = np.broadcast_to(role, n).astype(np.uint8)
    return Areas(column, layers, roles, np.broadcast_to(angle, n).astype(float), np.arange(n, dtype=np.int32))


def filled(areas, workers=1, **infill) -> Paths:
    """Return the areas filled with 0.45 mm beads on layers of 0.2 mm."""
    top = HEIGHT * np.arange(1, 2 + int(areas.layer.max(initial=0)))
    plan = LayerPlan(top - HEIGHT, top, top - HEIGHT / 2)
    with Crew(workers) as crew:
        return fill(areas, plan, InfillSettings(**infill), SURFACES, FLOWS, crew).validate()


def segments(paths: Paths):
    """Return (start and end (n, 2, 2), width (n,), path (n,)) of every straight piece."""
    following = np.arange(1, len(paths.xy) + 1)
    following[paths.offsets[1:] - 1] = paths.offsets[:-1]
    path = np.repeat(np.arange(len(paths)), np.diff(paths.offsets))
    last = np.zeros(len(paths.xy), bool)
    last[paths.offsets[1:] - 1] = ~paths.closed
    ends = np.stack([paths.xy, paths.xy[following]], axis=1)[~last]
    width = (0.5 * (paths.width + paths.width[following]))[~last]
    return ends, width, path[~last]


def plastic(paths: Paths):
    """Return (area covered by the beads, volume of the beads / layer height)."""
    ends, width, _ = segments(paths)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    covered = shapely.union_all(shapely.buffer(shapely.linestrings(ends), width / 2, quad_segs=4))
    return covered, float((length * spacing(width, HEIGHT)).sum())


def blob(radius=10.0, lobes=((2, 0.2, 0.3), (3, 0.15, 1.1), (5, 0.05, 2.0)), at=(0.0, 0.0), n=72):
    """Return a smooth star-shaped polygon."""
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    r = radius * (1 + sum(size * np.cos(k * turn + phase) for k, size, phase in lobes))
    return shapely.Polygon(np.stack([at[0] + r * np.cos(turn), at[1] + r * np.sin(turn)], axis=1))


@st.composite
def shapes(draw):
    """Polygons of 10 to 30 mm with lobes and round or square holes."""
    lobes = [(k, draw(st.floats(0, 0.3 / k)), draw(st.floats(0, 6.3))) for k in (2, 3, 4, 7)]
    shape = blob(draw(st.floats(5, 15)), lobes, n=draw(st.sampled_from([12, 40, 120])))
    for _ in range(draw(st.integers(0, 3))):
        x, y, r = draw(st.floats(-8, 8)), draw(st.floats(-8, 8)), draw(st.floats(0.4, 3))
        hole = shapely.Point(x, y).buffer(r) if draw(st.booleans()) else shapely.box(x - r, y - r, x + r, y + r)
        shape = shape.difference(hole)
    return max(shapely.get_parts(shape), key=shapely.area)


def uncompiled(name: str) -> ModuleType:
    """Return a kernel loaded from its source, whether or not there is a compiled one."""
    path = Path(__file__).resolve().parents[2] / "slicer" / "kernels" / f"{name}.py"
    loader = importlib.machinery.SourceFileLoader(f"uncompiled_{name}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
