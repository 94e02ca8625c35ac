"""A whole job: models in, G-code out.

    read -> mend -> place -> pipeline (toolpaths of each part, motions of the plate) -> sequence -> summary

Everything a job needs comes in as arguments and everything it found goes out in the result: no globals, so jobs may
run side by side in threads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gcode import checks
from gcode.moves import Moves
from gcode.planner import estimate
from gcode.writer import write
from profiles.loader import Resolved, embed, load
from profiles.schema import Settings
from slicer import reading
from slicer.errors import InputRefused, NothingToPrint, UnsafeGcode
from slicer.health import connected, edges_of, examine
from slicer.layers import plan_layers
from slicer.nouns import LayerPlan, Mesh, Regions
from slicer.pipeline import Part, Progress, Stopwatch, motions, toolpaths
from slicer.placement import place
from slicer.repair import refuse_hopeless, repair
from slicer.sequence import sequence, style_of
from slicer.slicing import Slices
from slicer.summary import Summary, summarise
from slicer.tools import compiled, files
from slicer.tools.crew import Crew
from slicer.tools.flow import Flows
from slicer.tools.machine import limits_of, machine_of

ACCEPTED = "a model is a path, a Mesh, (vertices, faces), anything that has `vertices` and `faces`, or a list of these"
MOST_CLOSED = 0.35
"""Contours of which more than this share is guessed by closing gaps do not describe a solid."""
TOLD_BETTER = {"floating-layer": checks.Severity.OFF}
"""Checks left to the slicer itself, which knows the part by name."""
WORTH_TELLING = 0.5
"""Areas too thin for any bead are told from this size on, mm2."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """A sliced job: its moves with everything around them, its layers, the settings used, and what there is to know."""

    moves: Moves
    layers: LayerPlan
    settings: Settings
    summary: Summary

    def gcode(self) -> bytes:
        """Return the G-code."""
        return write(self.moves, style_of(self.settings))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the G-code beside `path`, then rename: a file of that name is whole or not there; `-` is stdout."""
        files.write(path, [self.gcode()])


def slice(
    model: Any,
    profile: Resolved | Mapping[str, Any] | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    strict: bool = False,
    check: bool = True,
    scale: float | tuple[float, float, float] = 1.0,
    rotate: tuple[float, float, float] = (0.0, 0.0, 0.0),
    center: tuple[float, float] | None = None,
) -> SliceResult:
    """Slice models on one plate and return the result.

    Parameters
    ----------
    model : path, Mesh, (vertices, faces), anything with `vertices` and `faces` such as a trimesh, or a list of these
    profile : what `profiles.loader.load` returned, a mapping of settings on top of the defaults, or None
    workers : threads; the result does not depend on their number
    progress : called with the name of each stage and the share of the job done when it begins
    strict : refuse models that have to be mended
    check : refuse G-code that would not be safe on the machine
    scale, rotate, center : factor (or one per axis), degrees about x, y, z, and the middle of the print on the bed

    Raises
    ------
    slicer.errors.InputRefused, slicer.errors.NothingToPrint, slicer.errors.UnsafeGcode,
    profiles.errors.SettingsRefused

    Examples
    --------
    >>> from slicer import Mesh, slice
    >>> corners = [[x, y, z] for x in (0, 20) for y in (0, 20) for z in (0, 5)]
    >>> faces = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
    ...          [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
    >>> result = slice((corners, faces), {"infill_density": 0.2})
    >>> len(result.layers)
    25
    """
    resolved = _resolved(profile)
    settings = resolved.settings
    rules = TOLD_BETTER | checks.severities(settings.output.check_rules)
    watch = Stopwatch(progress)
    warnings = [*resolved.warnings, *compiled.advice()]
    with watch("reading", 0.05):
        meshes, repairs = _read(model)
        if (hint := reading.suspicious_size([_scaled(mesh, scale) for mesh in meshes])) is not None:
            warnings.append(hint)
    with watch("mending", 0.05):
        meshes, health, mended = _mend(meshes)
        repairs += mended
    with watch("placing"):
        brim, skirt = _margins(settings)
        way: dict[str, Any] = {"scale": scale, "rotate": rotate, "center": center}
        meshes = place(meshes, settings.machine, **way, margin=brim + skirt, brim=brim)
        _refuse_tiny(meshes, settings)
        plan = plan_layers([float(mesh.vertices[:, 2].max()) for mesh in meshes], settings.layers)
    with Crew(workers) as crew:
        parts = [toolpaths(mesh, edges_of(mesh).face_edges, plan, settings, crew, watch) for mesh in meshes]
    for mesh, part in zip(meshes, parts, strict=True):
        repairs += _closed(mesh.name, part.slices)
    if strict and repairs:
        raise InputRefused("--strict refuses models that have to be mended: " + "; ".join(repairs))
    if not any(len(part.paths) for part in parts):
        raise NothingToPrint("no layer holds anything this nozzle can print: all features are thinner than a bead")
    if check:
        _refuse_hovering(meshes, parts, plan, settings.machine.nozzle_diameter)
    moves, outlines = motions(parts, plan, settings, watch)
    moves = moves.with_(objects=tuple(_names(meshes)))
    with watch("finishing", 0.1):
        moves, seconds = _finish(moves, resolved, meshes, outlines, parts)
    with watch("checking"):
        warnings += _floating(meshes, parts, plan) + (_checked(moves, settings, rules) if check else [])
    summary = summarise(
        moves,
        seconds,
        settings,
        models=[mesh.name for mesh in meshes],
        health=health,
        repairs=repairs,
        dropped=_dropped(meshes, parts),
        warnings=warnings,
        stage_seconds=watch.seconds,
    )
    return SliceResult(moves, plan, settings, summary)


def _resolved(profile: Any) -> Resolved:
    """Return the settings of whatever the caller gave as profile."""
    if isinstance(profile, Resolved):
        return profile
    if profile is None or isinstance(profile, Mapping):
        return load(overrides=dict(profile or {}))
    what = "a profile is what profiles.loader.load returned, a mapping of settings, or None"
    raise TypeError(f"{what}; not {profile!r:.60}")


def _read(model: Any) -> tuple[list[Mesh], list[str]]:
    """Return the meshes of one model or a list of them, and what was mended while reading."""
    meshes: list[Mesh] = []
    repairs: list[str] = []
    single = _is_one(model)
    if not single and not isinstance(model, list | tuple):
        raise TypeError(f"{ACCEPTED}; not {type(model).__name__}")
    for one in [model] if single else list(model):
        if isinstance(one, (str, os.PathLike)):
            found = reading.load(one)
            meshes += found.meshes
            repairs += [str(repair) for repair in found.repairs]
        else:
            meshes.append(_as_mesh(one))
    if not meshes:
        raise InputRefused("no model was given")
    return meshes, repairs


def _is_one(model: Any) -> bool:
    """Return whether this is one model: a path, a mesh, or a pair (vertices, faces) rather than two models."""
    if isinstance(model, (str, os.PathLike, Mesh)) or hasattr(model, "faces"):
        return True
    return isinstance(model, tuple) and len(model) == 2 and not any(map(_is_one, model))


def _as_mesh(model: Any) -> Mesh:
    """Return a mesh from arrays or from anything that has vertices and faces."""
    if isinstance(model, Mesh):
        vertices, faces, name = model.vertices, model.faces, model.name
    elif hasattr(model, "faces") and hasattr(model, "vertices"):
        vertices, faces, name = model.vertices, model.faces, "part"
    elif isinstance(model, list | tuple) and len(model) == 2:
        (vertices, faces), name = model, "part"
    else:
        raise TypeError(f"{ACCEPTED}; not {type(model).__name__}")
    mesh = reading.mesh_of(_rows(vertices, "vertices", "fiu"), _rows(faces, "faces", "iu"), name)
    reading.check_coordinates([mesh])
    return mesh


def _rows(values: Any, what: str, kinds: str) -> Any:
    """Return (n, 3) numbers of some kinds; raise ValueError where they are something else."""
    try:
        rows = np.asarray(values)
    except ValueError:  # rows of different lengths
        rows = np.array([None])
    if rows.size and (rows.ndim != 2 or rows.shape[1] != 3 or rows.dtype.kind not in kinds):
        numbers = "numbers" if "f" in kinds else "whole numbers"
        raise ValueError(f"{what} are rows of three {numbers}, not an array {rows.shape} of {rows.dtype}")
    return rows


def _scaled(mesh: Mesh, scale: float | tuple[float, float, float]) -> Mesh:
    """Return the mesh times the scale; `place` refuses scales that make no sense."""
    factors = np.asarray(scale, np.float64)
    if np.all(factors == 1.0) or not np.isfinite(factors).all():
        return mesh
    return Mesh(mesh.vertices * factors, mesh.faces, mesh.name)


def _mend(meshes: Sequence[Mesh]) -> tuple[list[Mesh], list[Mapping[str, Any]], list[str]]:
    """Return mended meshes, the health of each as it came, and what was done."""
    out: list[Mesh] = []
    health: list[Mapping[str, Any]] = []
    repairs: list[str] = []
    for mesh in map(connected, meshes):
        found = examine(mesh)
        mended, done = repair(mesh, found)
        refuse_hopeless(mended)
        out.append(mended)
        health.append(found.as_dict())
        repairs += [f"{mesh.name}: {one}" for one in done]
    return out, health, repairs


def _margins(settings: Settings) -> tuple[float, float]:
    """Return how far the brim reaches around each part, and the skirt around all of them and their brims, mm."""
    adhesion = settings.adhesion
    brim = adhesion.brim_width + adhesion.brim_gap if adhesion.brim_type in ("outer", "both") else 0.0
    line = settings.widths.line_width or settings.machine.nozzle_diameter * 1.125
    skirt = adhesion.skirt_distance + adhesion.skirt_loops * line if adhesion.skirt_loops else 0.0
    return brim, skirt


def _refuse_tiny(meshes: Sequence[Mesh], settings: Settings) -> None:
    """Raise InputRefused for a part that is smaller than a single bead."""
    flows = Flows.resolve(settings.widths, settings.machine.nozzle_diameter, settings.surfaces)
    bead = max(flows.widths[1:])
    for mesh in meshes:
        x, y, z = np.ptp(mesh.bounds, axis=0)
        if max(x, y) < 2 * bead or z < settings.layers.first_layer_height / 2:
            raise InputRefused(
                f"{mesh.name}: {x:.3g} x {y:.3g} x {z:.3g} mm is smaller than a few beads of {bead:g} mm; "
                "check its units (--scale 25.4 for inches, --scale 1000 for metres)"
            )


def _closed(name: str, slices: Slices) -> list[str]:
    """Return what closing the contours of a part was worth telling; refuse a part that was mostly guessed."""
    if slices.closed_share > MOST_CLOSED:
        raise InputRefused(
            f"{name}: {slices.closed_share:.0%} of its outlines are missing ({slices.gaps} gaps up to "
            f"{slices.widest_gap:.1f} mm), no solid can be told from it; mend the mesh in the program that made it"
        )
    if not slices.gaps:
        return []
    return [f"{name}: closed {slices.gaps} gaps of its outlines, the widest {slices.widest_gap:.2f} mm"]


def _names(meshes: Sequence[Mesh]) -> list[str]:
    """Return a different name for each object."""
    seen: dict[str, int] = {}
    names = []
    for mesh in meshes:
        seen[mesh.name] = seen.get(mesh.name, 0) + 1
        names.append(mesh.name if seen[mesh.name] == 1 else f"{mesh.name}_{seen[mesh.name]}")
    return names


def _dropped(meshes: Sequence[Mesh], parts: Sequence[Part]) -> list[str]:
    """Return what the models have but the nozzle cannot print."""
    return [
        f"{mesh.name}: walls thinner than a bead, about {part.too_thin:.1f} mm2 over all layers"
        for mesh, part in zip(meshes, parts, strict=True)
        if part.too_thin > WORTH_TELLING
    ]


def _refuse_hovering(meshes: Sequence[Mesh], parts: Sequence[Part], plan: LayerPlan, reach: float) -> None:
    """Raise InputRefused where even the lowest bead would be laid more than `reach` mm above the bed."""
    first = [int(part.paths.layer.min(initial=len(plan) - 1)) for part in parts]
    lowest = int(np.argmin(first))
    if (gap := float(plan.z_bottom[first[lowest]])) > reach:
        raise InputRefused(
            f"{meshes[lowest].name}: stands on a tip; its lowest {gap:g} mm are too thin for a bead and what is above "
            "would hang in the air; turn it with --rotate, or cut it flat below"
        )


def _floating(meshes: Sequence[Mesh], parts: Sequence[Part], plan: LayerPlan) -> list[str]:
    """Return warnings about layers in which nothing is printed below something that is."""
    told = []
    for mesh, part in zip(meshes, parts, strict=True):
        empty = np.flatnonzero(np.bincount(part.paths.layer) == 0)
        if len(empty):
            low, high = plan.z_bottom[empty[0]], plan.z_top[empty[-1]]
            told.append(f"{mesh.name}: nothing is printed between z = {low:g} and {high:g} mm; what is above floats")
    return told


def _finish(
    moves: Moves, resolved: Resolved, meshes: Sequence[Mesh], outlines: Regions, parts: Sequence[Part]
) -> tuple[Moves, Any]:
    """Return the moves with start, end, labels, pictures and settings around them, and the seconds of each."""
    settings = resolved.settings
    machine = machine_of(settings)
    seconds = estimate(moves, machine)
    facts = {
        "print_seconds": float(seconds.sum()),
        "first_layer_seconds": float(seconds[moves.layer == 0].sum()),
        "outlines": {name: _hull(part.slices.regions) for name, part in zip(moves.objects, parts, strict=True)},
    }
    moves = sequence(moves, settings, embed(resolved), _thumbnails(settings, meshes), facts)
    return moves, estimate(moves, machine)


def _checked(moves: Moves, settings: Settings, rules: Mapping[str, checks.Severity]) -> list[str]:
    """Return what the checks warn of; raise UnsafeGcode where they find errors."""
    found = checks.run(moves, limits_of(settings), rules=rules)
    if errors := [one for one in found if one.severity == "error"]:
        raise UnsafeGcode(errors)
    return [str(one).removeprefix("warning: ") for one in found if one.severity == "warning"]


def _hull(regions: Regions) -> Any:
    """Return the corners (m, 2) of the convex hull of a part seen from above."""
    hull = shapely.convex_hull(shapely.geometrycollections([r for r in regions if not r.is_empty]))
    return shapely.get_coordinates(hull)[:-1]


def _thumbnails(settings: Settings, meshes: Sequence[Mesh]) -> list[bytes]:
    """Return the pictures that the printer wants, as PNG."""
    if not settings.output.thumbnails:
        return []
    from slicer.thumbnail import render

    return [render(meshes, *(int(n) for n in size.lower().split("x"))) for size in settings.output.thumbnails]
