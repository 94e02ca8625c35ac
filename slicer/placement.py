"""Place meshes on the bed: scaled, turned, standing on z = 0, inside the build volume, apart from each other.

Parts that come with places (the build items of a 3MF) keep them relative to each other where they can: when they do
not overlap and the group fits on the bed. All others are set in rows, deepest first, in the arrangement that leaves
most room around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely

from profiles.schema import MachineSettings
from slicer.errors import InputRefused
from slicer.nouns import Floats, Mesh

SLACK = 1e-3
"""mm that a part may be larger than the bed: the rounding of its float32 coordinates, not its size."""

QUARTER_TURNS = (("90,0,0", (0, 2, 1)), ("0,90,0", (2, 1, 0)), ("0,0,90", (1, 0, 2)))
"""Rotations worth proposing, and the order in which the part's x, y and z are its size afterwards."""


def place(
    meshes: Sequence[Mesh],
    machine: MachineSettings,
    *,
    scale: float | tuple[float, float, float] = 1.0,
    rotate: tuple[float, float, float] = (0.0, 0.0, 0.0),
    center: tuple[float, float] | None = None,
    spacing: float = 6.0,
    margin: float = 0.0,
    brim: float = 0.0,
) -> list[Mesh]:
    """Return the meshes on the bed, in their order.

    scale    factor, or one for each axis of the model      rotate   degrees about x, then y, then z
    center   bed coordinates of the middle of the plate; None is the middle of the bed
    spacing  mm between parts that are arranged             margin   mm that adhesion (skirt, brim, raft) adds around
    brim     mm of the margin that is around each part, not around all of them

    Raises `InputRefused` where a part, or all parts together, do not fit.
    """
    if not meshes:
        return []
    corners = np.array([mesh.bounds for mesh in meshes])
    middle = (corners[:, 0].min(axis=0) + corners[:, 1].max(axis=0)) / 2  # first of all: far from 0 digits are lost
    standing = [stood(mesh, middle, scale, rotate) for mesh in meshes]
    boxes = [mesh.bounds for mesh in standing]
    prints = np.array([footprint(mesh, box, machine) for mesh, box in zip(standing, boxes, strict=True)])
    for mesh, size in zip(standing, prints, strict=True):
        refuse_oversize(mesh.name, size, machine, margin, scale, rotate)
    stand = places = np.array([box.mean(axis=0)[:2] for box in boxes])
    if len(meshes) > 1 and (overlapping(standing) or not fits(places, prints, machine, margin)):
        places = arranged(prints, machine, spacing, margin, brim)
    places = places - group_middle(places, prints)
    target = bed_middle(machine) if center is None else np.asarray(center, np.float64)
    refuse_outside(places + target, prints, machine, margin)
    return [moved(mesh, way) for mesh, way in zip(standing, places + target - stand, strict=True)]


def stood(
    mesh: Mesh, middle: Floats, scale: float | tuple[float, float, float], rotate: tuple[float, float, float]
) -> Mesh:
    """Return the mesh relative to `middle`, scaled, rotated, and standing on z = 0."""
    factors = np.broadcast_to(np.asarray(scale, np.float64), 3)
    if not (np.isfinite(factors) & (factors > 0)).all():
        raise InputRefused(f"scale {scale} is not positive; give one factor, or three as --scale 1,1,2")
    if not np.isfinite(rotate).all():
        raise InputRefused(f"rotation {rotate} is not three angles; give degrees about x, y and z as --rotate 90,0,0")
    vertices = mesh.vertices - middle
    if (factors != 1).any():
        vertices *= factors
    if any(angle % 360 for angle in rotate):
        vertices = np.einsum("ij,kj->ik", vertices, rotation(rotate))  # BLAS would round as its threads happen to fall
    vertices[:, 2] -= vertices[:, 2].min()
    return replace(mesh, vertices=vertices)


def rotation(degrees: tuple[float, float, float]) -> Floats:
    """Return the (3, 3) matrix that turns about x, then y, then z; quarter turns are exact."""
    turned = np.eye(3)
    for axis, angle in enumerate(degrees):
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        if angle % 90 == 0:
            cosine, sine = float(round(cosine)), float(round(sine))
        step = np.eye(3)
        i, j = (axis + 1) % 3, (axis + 2) % 3
        step[i, i], step[i, j], step[j, i], step[j, j] = cosine, -sine, sine, cosine
        turned = np.einsum("ij,jk->ik", step, turned)
    return turned


def moved(mesh: Mesh, way: Floats) -> Mesh:
    """Return the mesh, which `stood` made and nobody else has, moved by (x, y)."""
    vertices = mesh.vertices
    vertices[:, 0] += way[0]
    vertices[:, 1] += way[1]
    vertices.flags.writeable = False
    return replace(mesh, vertices=vertices)


def footprint(mesh: Mesh, bounds: Floats, machine: MachineSettings) -> Floats:
    """Return (width, depth, height, radius about the middle of the box, where the bed is round) of a mesh, mm."""
    radius = math.inf
    if machine.bed_round:
        middle = bounds.mean(axis=0)
        radius = np.hypot(mesh.vertices[:, 0] - middle[0], mesh.vertices[:, 1] - middle[1]).max()
    return np.array([*np.ptp(bounds, axis=0), radius])


def group_middle(places: Floats, prints: Floats) -> Floats:
    """Return the middle, (2,) mm, of the box around footprints with these middles."""
    half = prints[:, :2] / 2
    return np.asarray(((places - half).min(axis=0) + (places + half).max(axis=0)) / 2)


def bed_middle(machine: MachineSettings) -> Floats:
    """Return the middle of the bed, (2,) mm."""
    return np.asarray(machine.bed_origin, np.float64) + np.asarray(machine.bed_size, np.float64) / 2


def overlapping(meshes: Sequence[Mesh]) -> bool:
    """Tell whether the convex footprints of any two parts touch."""
    hulls = shapely.convex_hull(np.array([shapely.multipoints(mesh.vertices[:, :2]) for mesh in meshes]))
    first, second = shapely.STRtree(hulls).query(hulls, predicate="intersects")
    return bool((first != second).any())


def fits(places: Floats, prints: Floats, machine: MachineSettings, margin: float) -> bool:
    """Tell whether footprints with these middles fit on the bed as a group, wherever the group is now."""
    return overhang(places - group_middle(places, prints) + bed_middle(machine), prints, machine, margin) <= SLACK


def overhang(places: Floats, prints: Floats, machine: MachineSettings, margin: float) -> float:
    """Return how far footprints with their margin reach beyond the bed, mm; negative is what is left around them."""
    away = np.abs(places - bed_middle(machine))
    half = prints[:, :2] / 2
    if machine.bed_round:  # both the box's corner and the circle around the part are safe; the nearer one counts
        reach = np.minimum(np.hypot(*(away + half).T), np.hypot(*away.T) + prints[:, 3])
        return float(reach.max() + margin - machine.bed_size[0] / 2)
    return float((away + half + margin - np.asarray(machine.bed_size) / 2).max())


def arranged(prints: Floats, machine: MachineSettings, spacing: float, margin: float, brim: float = 0.0) -> Floats:
    """Return middles (n, 2) of footprints in rows, in the arrangement that leaves most room; refuse if none fits.

    Where there is room, a whole margin is left between parts; where there is not, no more than their brims need.
    """
    for gap in (spacing + 2 * margin, spacing + 2 * brim):
        places, beyond = roomiest(prints, machine, gap, margin)
        if beyond <= SLACK:
            return places
    parts, bed = len(prints), bed_text(machine)
    raise InputRefused(f"{parts} parts do not fit together on {bed}; print them in several jobs, or use --scale")


def roomiest(prints: Floats, machine: MachineSettings, gap: float, margin: float) -> tuple[Floats, float]:
    """Return middles (n, 2) of footprints in rows `gap` apart that leave most room, and their overhang, mm."""
    widest, longest = prints[:, 0].max(), (prints[:, 0] + gap).sum()
    best, least = np.zeros((len(prints), 2)), math.inf
    full = machine.bed_size[0] - 2 * margin
    for width in (*np.geomspace(widest, max(longest, widest), 24), full):
        places = rows(prints, float(width) * (1 + 1e-12), gap)
        beyond = overhang(places + bed_middle(machine), prints, machine, margin)
        if beyond < least:
            best, least = places, beyond
    return best, least


def rows(prints: Floats, width: float, gap: float) -> Floats:
    """Return middles (n, 2) of footprints in rows no longer than `width`, deepest first, about (0, 0)."""
    places = np.zeros((len(prints), 2))
    waiting = np.lexsort((np.arange(len(prints)), -prints[:, 0], -prints[:, 1])).tolist()
    y = 0.0
    while waiting:
        x = 0.0
        row: list[int] = []
        for i in waiting:
            if not row or x + prints[i, 0] <= width:
                places[i] = x + prints[i, 0] / 2, y + prints[i, 1] / 2
                x += prints[i, 0] + gap
                row.append(i)
        waiting = [i for i in waiting if i not in set(row)]
        places[row, 0] -= (x - gap) / 2
        y += prints[row, 1].max() + gap
    places[:, 1] -= (y - gap) / 2
    return places


def refuse_oversize(
    name: str,
    size: Floats,
    machine: MachineSettings,
    margin: float,
    scale: float | tuple[float, float, float],
    rotate: tuple[float, float, float],
) -> None:
    """Raise `InputRefused`, with remedies, where a part alone is larger than the build volume."""
    if within(size, machine, margin):
        return
    remedies = []
    if not any(rotate):
        turned = [(turn, np.append(size[list(order)], math.inf)) for turn, order in QUARTER_TURNS]
        remedies = [f"--rotate {turn}" for turn, way in turned if within(way, machine, margin)][:1]
    if (factor := largest_scale(size, machine, margin)) > 0:
        factors = np.atleast_1d(scale) * factor
        remedies.append(f"--scale {','.join(f'{rounded_down(each):g}' for each in factors)}")
    around = f" with {margin:g} mm around it for skirt or brim" if margin and within(size, machine, 0.0) else ""
    volume = f"{bed_text(machine)} with {machine.max_print_height:g} mm of height"
    remedy = " or ".join([*remedies, "a larger printer"])
    raise InputRefused(
        f"{name}: {size[0]:.1f} x {size[1]:.1f} x {size[2]:.1f} mm{around} does not fit {volume}; use {remedy}"
    )


def within(size: Floats, machine: MachineSettings, margin: float) -> bool:
    """Tell whether a part with this `footprint` fits into the build volume, in the middle of the bed."""
    flat = overhang(bed_middle(machine)[None], size[None], machine, margin) <= SLACK
    return flat and float(size[2]) <= machine.max_print_height + SLACK


def largest_scale(size: Floats, machine: MachineSettings, margin: float) -> float:
    """Return the largest factor with which a part of this `footprint` fits; not positive where none does."""
    bed = np.asarray(machine.bed_size) - 2 * margin
    half = min(float(size[3]), float(np.hypot(size[0], size[1])) / 2)
    flat = bed[0] / 2 / half if machine.bed_round else (bed / size[:2]).min()
    return min(float(flat), machine.max_print_height / float(size[2]))


def rounded_down(factor: float) -> float:
    """Return a positive number with three digits, not larger than it was.

    >>> rounded_down(0.61149), rounded_down(0.44)
    (0.611, 0.44)
    """
    digits = 2 - math.floor(math.log10(factor))
    return round(math.floor(factor * 10.0**digits * (1 + 1e-12)) / 10.0**digits, max(digits, 0))


def refuse_outside(places: Floats, prints: Floats, machine: MachineSettings, margin: float) -> None:
    """Raise `InputRefused` where the plate reaches beyond the bed, which only a chosen centre can make happen."""
    beyond = overhang(places, prints, machine, margin)
    if beyond > SLACK:
        middle = bed_middle(machine)
        raise InputRefused(
            f"placed there, the parts reach {beyond:.1f} mm beyond {bed_text(machine)}; "
            f"leave --center out, or move it towards {middle[0]:g},{middle[1]:g}"
        )


def bed_text(machine: MachineSettings) -> str:
    """Return the bed in words."""
    if machine.bed_round:
        return f"the round bed of {machine.bed_size[0]:g} mm"
    return f"the bed of {machine.bed_size[0]:g} x {machine.bed_size[1]:g} mm"
