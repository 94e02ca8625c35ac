"""Make the sample models beside this file: `python sample_models/generate.py [DIRECTORY]`.

Every model is a function that returns a solid; they are drawn with manifold3d, so each is watertight, and written
as binary STL (one as 3MF) with sorted triangles and no dates: the same bytes each time.
"""

from __future__ import annotations

import math
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import shapely
from manifold3d import CrossSection, FillRule, Manifold, set_circular_segments
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STROKES = {
    "0": "0141 4145 4505 0501 0145",
    "1": "1444 4440 2060",
    "2": "0516 1636 3645 4544 4400 0040",
    "3": "0646 4623 2342 4231 3111 1102",
    "4": "3036 3602 0242",
    "5": "4606 0603 0333 3342 4231 3100",
    "6": "4616 1603 0301 0110 1030 3041 4142 4233 3303",
    "7": "0646 4610",
    "8": "1030 3041 4142 4233 3313 1302 0201 0110 1304 0405 0516 1636 3645 4544 4433",
    "9": "0030 3043 4345 4536 3616 1605 0504 0413 1343",
    "A": "0026 2640 1232",
    "B": "0006 0636 3645 4544 4433 3303 3342 4241 4130 3000",
    "D": "0006 0626 2644 4442 4220 2000",
    "E": "4000 0006 0646 0333",
    "F": "0006 0646 0333",
    "H": "0006 4046 0343",
    "R": "0006 0636 3645 4544 4433 3303 2340",
    "T": "2026 0646",
    ".": "2020",
    " ": "",
}
"""A stroke font on a grid 4 wide and 6 high: each word is a line from one point to another, `x y x y`."""


def text(words: str, size: float, pen: float) -> CrossSection:
    """Return text of that height, written with a round pen, its middle at (0, 0)."""
    step = size / 6
    lines = []
    for place, letter in enumerate(words):
        for stroke in STROKES[letter].split():
            x0, y0, x1, y1 = (int(digit) for digit in stroke)
            lines.append([((x0 + 6 * place) * step, y0 * step), ((x1 + 6 * place) * step, y1 * step)])
    width = (6 * len(words) - 2) * step
    ink = shapely.unary_union([shapely.buffer(shapely.LineString(line), pen / 2, quad_segs=3) for line in lines])
    return flat(ink).translate((-width / 2, -size / 2))


def flat(shape: shapely.Geometry) -> CrossSection:
    """Return a shapely polygon, or several, as a cross-section."""
    rings = []
    for polygon in shapely.get_parts(shape):
        rings += [polygon.exterior, *polygon.interiors]
    return CrossSection([np.asarray(ring.coords)[:-1] for ring in rings], FillRule.EvenOdd)


def box(x: float, y: float, z: float, at: tuple[float, float, float] = (0, 0, 0)) -> Manifold:
    """Return a box whose foot is centred on `at`."""
    return Manifold.cube((x, y, z), True).translate((at[0], at[1], at[2] + z / 2))


def prism(outline: Iterable[tuple[float, float]], depth: float) -> Manifold:
    """Return an outline given as (x, z), counter-clockwise, pushed along y, centred."""
    drawn = CrossSection([np.asarray(list(outline), np.float64)], FillRule.NonZero)
    return drawn.extrude(depth).rotate((90, 0, 0)).translate((0, depth / 2, 0))


def union(solids: Iterable[Manifold]) -> Manifold:
    """Return the union of solids."""
    return sum(solids, Manifold())


def calibration_cube() -> Manifold:
    """Return a cube of 20 mm."""
    return box(20, 20, 20)


def bracket() -> Manifold:
    """Return an angle bracket with screw holes, a gusset and a name in relief."""
    wall = 4.0
    solid = box(50, 36, wall) + box(wall, 36, 40, (-23, 0, 0))
    rib = [(-21.5, 3.5), (12, 3.5), (-21.5, 34)]
    solid += prism(rib, 4).translate((0, 16, 0)) + prism(rib, 4).translate((0, -16, 0))
    screw = Manifold.cylinder(20, 2.25, 2.25, 48, True)
    head = Manifold.cylinder(2.5, 2.0, 4.5, 48)
    for x in (-8, 14):
        solid -= screw.translate((x, 0, 0)) + head.translate((x, 0, wall - 2.49))
    slot = Manifold.batch_hull([screw.translate((0, y, 0)) for y in (-5, 5)])
    solid -= slot.rotate((0, 90, 0)).translate((-23, 0, 26))
    name = text("FABTHREAD", 3.6, 0.8).extrude(1.2)
    return solid + name.rotate((0, 0, 90)).translate((21.5, 0, wall - 0.4))


def overhang_and_bridge() -> Manifold:
    """Return fins that lean 20 to 70 degrees, and bridges that span 5 to 40 mm."""
    parts = [box(94, 40, 2)]
    for i, degrees in enumerate(range(20, 71, 10)):
        lean = 12 * math.tan(math.radians(degrees))
        fin = prism([(0, 1.5), (4, 1.5), (4 + lean, 14), (lean, 14)], 5).rotate((0, 0, 90))
        parts.append(fin.translate((-40 + 9 * i, -17, 0)))
        parts.append(text(str(degrees), 3, 0.6).extrude(1).translate((-40 + 9 * i, -18, 1.5)))
    x = -45.0
    for span in (5, 10, 20, 40):
        parts.append(box(2, 6, 12, (x + 1, 16, 1.5)))
        parts.append(box(span + 4, 6, 2, (x + 2 + span / 2, 16, 12)))
        x += span + 2
    parts.append(box(2, 6, 12, (x + 1, 16, 1.5)))
    return union(parts) ^ box(200, 200, 100)


def thin_walls() -> Manifold:
    """Return walls of 0.2 to 2 mm beside each other, some slots as narrow, and wedges that thin out to nothing."""
    parts = [box(60, 34, 1.2)]
    for i, width in enumerate((0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)):
        x = -26 + 5.6 * i
        parts.append(box(width, 14, 8, (x, 7, 1)))
        parts.append(text(f"{width:g}"[-2:], 2.2, 0.5).extrude(0.8).translate((x, -3.2, 1)))
    solid = union(parts)
    wedge = CrossSection([np.array([(-24.0, -15.0), (24.0, -12.0), (-24.0, -9.0)])], FillRule.NonZero)
    solid += wedge.extrude(6).translate((0, 0, 1))
    for i, width in enumerate((0.2, 0.4, 0.8)):
        solid -= box(width, 8, 10, (-20 + 6 * i, -12, 3))
    return solid


def twisted_vase() -> Manifold:
    """Return a lobed vase of 1.2 mm walls, twisted by 120 degrees, wider at the top."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = 16 + 2.5 * np.cos(6 * angle)
    lobes = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    outer = CrossSection([lobes], FillRule.NonZero)
    inner = CrossSection([lobes * (1 - 1.2 / radius[:, None])], FillRule.NonZero)
    height, steps, twist, wide = 60.0, 20, 120.0, (1.4, 1.4)
    solid = outer.extrude(height, steps, twist, wide)
    return solid - (inner.extrude(height, steps, twist, wide) ^ box(100, 100, 100, (0, 0, 1.6)))


def herringbone_gear() -> Manifold:
    """Return a gear of 18 teeth whose two halves lean against each other, with a bore and a flat."""
    teeth, pitch, height = 18, 18.0, 10.0
    base = pitch * math.cos(math.radians(20))
    half = math.pi / (2 * teeth) + math.tan(math.radians(20)) - math.radians(20)
    tip, foot = pitch + 1.8, pitch - 2.2
    flank = [(foot, half - 0.02)]
    for r in np.linspace(base, tip, 5):
        roll = math.sqrt(max((r / base) ** 2 - 1, 0.0))
        flank.append((float(r), half - (roll - math.atan(roll))))
    outline = []
    for tooth in range(teeth):
        middle = 2 * math.pi * tooth / teeth
        sides = [(r, middle - a) for r, a in flank] + [(r, middle + a) for r, a in reversed(flank)]
        outline += [(r * math.cos(a), r * math.sin(a)) for r, a in sides]
    profile = CrossSection([np.array(outline)], FillRule.NonZero)
    lower = profile.extrude(height / 2, 4, 12)
    gear = lower + lower.mirror((0, 0, 1)).translate((0, 0, height))
    bore = Manifold.cylinder(height * 3, 2.5, 2.5, 48, True) - box(10, 5, height * 3, (0, 4.5, -height))
    holes = Manifold.cylinder(height * 3, 2.6, 2.6, 24, True).translate((9, 0, 0))
    for i in range(5):
        gear -= holes.rotate((0, 0, 72 * i))
    return gear - bore


def lattice() -> Manifold:
    """Return a cube of 25 mm of struts along the edges and the space diagonals of 2 x 2 x 2 cells."""
    cell, radius, n = 12.5, 1.0, 2
    struts = []
    for x, y, z in np.ndindex(n, n, n):
        corner = np.array([x, y, z]) * cell
        for end in ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)):
            middle, way = corner + cell / 2, np.array(end) * cell / 2
            struts.append(strut(middle - way, middle + way, radius))
    for a, b in np.ndindex(n + 1, n + 1):
        for turn in range(3):
            low, high = np.array([0, a * cell, b * cell]), np.array([n * cell, a * cell, b * cell])
            struts.append(strut(np.roll(low, turn), np.roll(high, turn), radius))
    side = n * cell
    return union(struts) ^ box(side, side, side, (side / 2, side / 2, 0))


def strut(start: Floats, end: Floats, radius: float) -> Manifold:
    """Return a six-sided bar from start to end."""
    x, y, z = (end - start).tolist()
    length = math.sqrt(x * x + y * y + z * z)
    bar = Manifold.cylinder(length, radius, radius, 6)
    tilt, turn = math.degrees(math.acos(z / length)), math.degrees(math.atan2(y, x))
    return bar.rotate((0, tilt, turn)).translate(start.tolist())


STL_MODELS: dict[str, Callable[[], Manifold]] = {
    "calibration_cube": calibration_cube,
    "bracket": bracket,
    "overhang_and_bridge": overhang_and_bridge,
    "thin_walls": thin_walls,
    "twisted_vase": twisted_vase,
    "herringbone_gear": herringbone_gear,
    "lattice": lattice,
}


def triangles(solid: Manifold) -> NDArray[np.float32]:
    """Return the (n, 3, 3) triangles of a solid, standing on z = 0 with its middle at x = y = 0, sorted."""
    mesh = solid.to_mesh64()
    points = np.asarray(mesh.vert_properties)[:, :3]
    points = points - [*((points.min(axis=0) + points.max(axis=0)) / 2)[:2], points[:, 2].min()]
    points = np.round(points, 4).astype(np.float32) + np.float32(0)  # no -0
    rank = np.unique(points, axis=0, return_inverse=True)[1].reshape(-1)
    faces = rank[np.asarray(mesh.tri_verts)]
    faces = np.take_along_axis(faces, (faces.argmin(axis=1)[:, None] + np.arange(3)) % 3, axis=1)
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    corners: NDArray[np.float32] = np.unique(points, axis=0)[faces[np.lexsort(faces.T[::-1])]]
    return corners


def stl(corners: NDArray[np.float32], name: str) -> bytes:
    """Return a binary STL."""
    records = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).astype(np.float64)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    records["normal"] = normals / np.where(length > 0, length, 1)
    records["corners"] = corners
    return f"fabthread sample model {name}".encode().ljust(80) + struct.pack("<I", len(corners)) + records.tobytes()


def two_items(target: Path) -> None:
    """Write a 3MF in inches with two items: a plate, and two plates half sunk into each other."""
    corners = triangles(box(1.0, 0.5, 0.25) - Manifold.cylinder(1, 0.15, 0.15, 24, True))
    points, faces = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    vertices = "".join(f'<vertex x="{x:g}" y="{y:g}" z="{z:g}"/>' for x, y, z in points.tolist())
    indices = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in faces.reshape(-1, 3).tolist())
    core = "http://schemas.microsoft.com/3dmanufacturing"
    model = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<model unit="inch" xml:lang="en-US" xmlns="{core}/core/2015/02">'
        f'<resources><object id="1" name="plate" type="model"><mesh><vertices>{vertices}</vertices>'
        f'<triangles>{indices}</triangles></mesh></object><object id="2" name="stack" type="model"><components>'
        '<component objectid="1"/><component objectid="1" transform="0 1 0 -1 0 0 0 0 1 0 0 0.2"/>'
        '</components></object></resources><build><item objectid="1" transform="1 0 0 0 1 0 0 0 1 2 2 0"/>'
        '<item objectid="2" transform="1 0 0 0 1 0 0 0 1 4 2 0"/></build></model>\n'
    )
    relations = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<Types xmlns="{relations}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>\n',
        "_rels/.rels": f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{relations}/relationships">'
        f'<Relationship Id="rel0" Target="/3D/3dmodel.model" Type="{core}/2013/01/3dmodel"/></Relationships>\n',
        "3D/3dmodel.model": model,
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def generate(folder: Path) -> None:
    """Write all sample models into a folder."""
    set_circular_segments(32)
    for name, make in STL_MODELS.items():
        (folder / f"{name}.stl").write_bytes(stl(triangles(make()), name))
    two_items(folder / "two_items_inch.3mf")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
