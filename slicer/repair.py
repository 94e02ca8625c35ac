"""Mend what has one sensible mending, name it, and refuse what has none.

Nothing is deleted to make a mesh "manifold". What is mended here is the winding, faces that say nothing or the same
twice, and holes; where a surface just ends, the slicing stage closes its outlines in the plane.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from slicer.errors import InputRefused
from slicer.health import SLIVER, Health, Repair, centred, connected, counted, edges_of
from slicer.kernels import shells
from slicer.kernels.cover import cover
from slicer.kernels.weld import weld
from slicer.nouns import Edges, Floats, Ints, Mesh
from slicer.reading.arrays import mesh_of
from slicer.tools.holes import fill_holes

CLOSE = 0.02
"""mm; the borders of cracks nearer than this are the same border, written with too few or too many digits."""
CRACKS = (CLOSE, 0.04, 0.08, 0.16)
"""mm; how far apart vertices on open edges are taken for one, tried in turn: no wider than a bead would bridge."""
LEFT_OPEN = 0.02
"""Share of the open edges that may stay open, as holes, where the cracks are taken for closed."""

FLAT = 1e-6
"""mm; a mesh thinner than this in any direction has no inside."""

SOUP = 0.5
"""Share of open edges beyond which a mesh is a heap of triangles rather than a surface with holes."""

PATCHED = 0.25
"""Share of the surface that fillings may make up; beyond it too much would be guessed."""

NEGLIGIBLE = 1e-6
"""Share of (area * size) below which a shell's volume is rounding, without a sign."""


def repair(mesh: Mesh, health: Health) -> tuple[Mesh, tuple[Repair, ...]]:
    """Return the mended mesh and what was done, in order; the same mesh where nothing had to be done.

    Cracks are welded, faces without area dropped, duplicates merged (opposite ones cancel),
    neighbours wound alike, and shells turned so that what should be solid is: a reversed shell inside a solid is a
    cavity and stays, one with the winding of the solid around it stays too (their union is printed).
    """
    if not health.faces:
        return mesh, ()
    done: list[Repair] = []
    if health.degenerate_faces:
        mesh = drop_void(mesh, done)
    sewn = mesh  # what follows may change who is whose neighbour
    if health.duplicate_faces:
        mesh = merge_duplicates(mesh, done)
    if health.degenerate_faces:
        mesh = drop_slivers(mesh, done)
    if health.open_edges:
        mesh = weld_cracks(mesh, done)
    suspect = health.volume < 0 or health.shells > 1 or mesh is not sewn
    if len(mesh.faces) and (suspect or health.flipped_edges or health.nonmanifold_edges):
        mesh = wind_and_turn(mesh, suspect, done)
    if health.open_edges and len(mesh.faces):
        mesh = close_holes(mesh, done)
    return mesh, tuple(done)


def wind_and_turn(mesh: Mesh, suspect: bool, done: list[Repair]) -> Mesh:
    """Wind neighbours alike; then turn shells, if some are suspect, were wound anew or touch each other."""
    edges = edges_of(mesh)
    wound = wind_alike(mesh, edges, done)
    if wound is not mesh:
        return turn_shells(wound, edges_of(wound), done)
    return turn_shells(mesh, edges, done) if suspect or (edges.uses > 2).any() else mesh


def refuse_hopeless(mesh: Mesh) -> None:
    """Raise `InputRefused` where no solid can be meant: no faces, no thickness, or a heap of loose triangles."""
    if not len(mesh.faces):
        raise InputRefused(f"{mesh.name}: no faces with an area are left; export the model again")
    points = centred(mesh)
    axes = np.linalg.eigh(points.T @ points)[1]  # of all directions, the first is the one the points vary least in
    thickness = min(np.ptp(points @ axes[:, 0]), *(np.ptp(column) for column in points.T))
    if thickness < FLAT:
        raise InputRefused(f"{mesh.name}: is flat, without thickness; give it a height in the program that made it")
    uses = edges_of(mesh).uses
    share = (uses == 1).sum() / (uses > 0).sum()
    if share > SOUP:
        what = f"{len(mesh.faces)} triangles that hardly touch each other ({100 * share:.0f} % of their edges are open)"
        raise InputRefused(f"{mesh.name}: {what} enclose nothing; repair the model in the program that made it")


def close_holes(mesh: Mesh, done: list[Repair]) -> Mesh:
    """Fill the holes of the surface, if that leaves no more than a part of it to guess."""
    edges = edges_of(mesh)
    face, corner = np.nonzero(edges.uses[edges.face_edges] == 1)
    border = np.stack([mesh.faces[face, corner], mesh.faces[face, (corner + 1) % 3]], axis=1)
    points = centred(mesh)
    faces, width = fill_holes(points, border)
    new, old = (np.linalg.norm(shells.measure(points, some)[0], axis=1).sum() for some in (faces, mesh.faces))
    if not len(faces) or new > PATCHED * old:
        return mesh
    what = f"{len(width)} holes were filled, the widest" if len(width) > 1 else "a hole was filled, it was"
    done.append(Repair("holes", len(width), f"{what} {width.max():.2f} mm wide"))
    return with_faces(mesh, np.concatenate([mesh.faces, faces]))


def weld_cracks(mesh: Mesh, done: list[Repair]) -> Mesh:
    """Close cracks by merging vertices on open edges: by the least distance that leaves no doubt.

    There is no doubt where hardly an edge stays open, no face collapses and no edge gets a third face. Failing that,
    vertices nearer than `CLOSE` are merged, if it closes most of the open edges.
    """
    edges = edges_of(mesh)
    corners = np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=2)
    border = np.unique(corners[edges.uses[edges.face_edges] == 1])
    if not len(border):
        return mesh
    before, crowded = int((edges.uses == 1).sum()), int((edges.uses > 2).sum())
    likely = mesh, 0.0, before
    for distance in CRACKS:
        welded = welded_within(mesh, border, distance)
        found = edges_of(welded)
        after = int((found.uses == 1).sum())
        sure = (
            after <= LEFT_OPEN * before and len(welded.faces) == len(mesh.faces) and (found.uses > 2).sum() <= crowded
        )
        if sure or (distance == CLOSE and after <= before // 2 and len(welded.faces)):
            likely = welded, distance, after
        if sure:
            break
    welded, distance, after = likely
    if after == before:
        return mesh
    text = f"{before - after} open edges were closed by welding vertices less than {distance:g} mm apart"
    done.append(Repair("cracks", before - after, text))
    return merge_duplicates(welded, done)


def welded_within(mesh: Mesh, some: Ints, distance: float) -> Mesh:
    """Return the mesh with those of some vertices merged that are nearer than `distance`, without what collapses."""
    moved = snapped(mesh.vertices[some], distance)
    if len(np.unique(moved, axis=0)) == len(some):
        return mesh
    vertices = mesh.vertices.copy()
    vertices[some] = moved
    welded = mesh_of(vertices, mesh.faces, mesh.name)
    gone = has_repeated_corner(welded.faces)
    return with_faces(welded, welded.faces[~gone]) if gone.any() else welded


def snapped(points: Floats, distance: float) -> Floats:
    """Return (n, 3) points with those nearer than `distance` made equal.

    Eight grids of cells twice as wide, shifted by half a cell: two such points share a cell in one of them.
    """
    for shift in product((0.0, 0.5), repeat=3):
        _, index = weld(np.floor(points / (2 * distance) + shift), room=len(points))
        first = np.empty(int(index.max()) + 1, np.int64)
        first[index[::-1]] = np.arange(len(index))[::-1]
        points = points[first[index]]
    return points


def has_repeated_corner(faces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return for each face whether two of its corners are the same vertex."""
    a, b, c = faces.T
    return np.asarray((a == b) | (b == c) | (c == a))


def drop_void(mesh: Mesh, done: list[Repair]) -> Mesh:
    """Drop faces with a repeated corner: they are no surface, and no neighbour loses anything."""
    return without(mesh, has_repeated_corner(mesh.faces), "with a repeated corner", done)


def drop_slivers(mesh: Mesh, done: list[Repair]) -> Mesh:
    """Drop faces without thickness that lie loose; those that hold two others together close a T-junction and stay."""
    gone = shells.slivers(mesh.vertices, mesh.faces, SLIVER)
    if (thin := np.flatnonzero(gone)).size:
        edges = edges_of(mesh)
        gone[thin] = ~(edges.uses[edges.face_edges[thin]] == 2).any(axis=1)
    return without(mesh, gone, "without area", done)


def without(mesh: Mesh, gone: NDArray[np.bool_], why: str, done: list[Repair]) -> Mesh:
    """Return the mesh without some faces that say nothing about the surface."""
    n = int(gone.sum())
    if not n:
        return mesh
    done.append(Repair("degenerate", n, f"{n} faces {why} were dropped"))
    edges, kept = edges_of(mesh), np.flatnonzero(~gone)
    faces, face_edges = (column.take(kept, axis=0) for column in (mesh.faces, edges.face_edges))
    return replace(mesh, faces=faces, edges=counted(faces, face_edges, len(edges.uses)))


def with_faces(mesh: Mesh, faces: NDArray[np.int32]) -> Mesh:
    """Return the mesh with other faces, and their edges."""
    return connected(Mesh(mesh.vertices, np.ascontiguousarray(faces), mesh.name))


def merge_duplicates(mesh: Mesh, done: list[Repair]) -> Mesh:
    """Keep one of several equal faces; opposite ones cancel, as between two bodies that touch.

    A shell that would vanish so is a surface drawn from both sides: of that one side stays.
    """
    edges = edges_of(mesh)
    first = shells.duplicates(mesh.faces, edges.face_edges, edges.uses)
    if (first < 0).all():
        return mesh
    n = len(first)
    kept = np.where(first < 0, np.arange(n), first)
    balance = np.bincount(kept, weights=1 - 2.0 * is_odd(mesh.faces, kept), minlength=n)
    stays = first < 0
    shell = shells.components(edges.face_edges, len(edges.uses))
    alive = np.bincount(shell, weights=stays & (balance != 0)) > 0
    faces = mesh.faces[stays & ((balance != 0) | ~alive[shell])]
    reverse = balance[stays & ((balance != 0) | ~alive[shell])] < 0
    faces = np.where(reverse[:, None], faces[:, ::-1], faces)
    gone = n - len(faces)
    done.append(Repair("duplicates", gone, f"{gone} duplicate faces were merged or cancelled"))
    return with_faces(mesh, faces)


def is_odd(faces: NDArray[np.int32], other: Ints) -> NDArray[np.bool_]:
    """Return for each face whether it runs against the face of the same corners whose row is in `other`."""
    twin = faces[other]
    same = (faces == twin).all(axis=1)
    for turn in (1, 2):
        same |= (faces == np.roll(twin, turn, axis=1)).all(axis=1)
    return np.asarray(~same)


def wind_alike(mesh: Mesh, edges: Edges, done: list[Repair]) -> Mesh:
    """Turn the fewer faces of each patch (held together by edges of two faces) so that all run the same way."""
    if not ((edges.uses == 2) & (edges.balance != 0)).any():
        return mesh
    against = shells.windings(mesh.faces, edges.face_edges, edges.uses).astype(bool)
    patch = shells.components(edges.face_edges, len(edges.uses), edges.uses == 2)
    most = np.bincount(patch, weights=against) * 2 > np.bincount(patch)
    turned = against ^ most[patch]
    n = int(turned.sum())
    done.append(Repair("winding", n, f"{n} faces were turned to agree with their neighbours"))
    return reversed_where(mesh, turned)


def reversed_where(mesh: Mesh, turned: NDArray[np.bool_]) -> Mesh:
    """Return the mesh with some faces turned inside out."""
    return with_faces(mesh, np.where(turned[:, None], mesh.faces[:, ::-1], mesh.faces))


def turn_shells(mesh: Mesh, edges: Edges, done: list[Repair]) -> Mesh:
    """Turn inside out what is solid only that way, with all that lies inside it."""
    points = centred(mesh)
    shell, volume = signed_shells(points, mesh.faces, edges)
    if (volume >= 0).all():
        return mesh
    turned = shells_to_turn(volume, *nesting(points, mesh.faces, shell, len(volume)))
    n = int(turned.sum())
    if not n:
        return mesh
    done.append(Repair("inside_out", n, f"{n} of {len(turned)} shells were inside out and were turned"))
    return reversed_where(mesh, turned[shell])


def signed_shells(points: Floats, faces: NDArray[np.int32], edges: Edges) -> tuple[NDArray[np.int32], Floats]:
    """Return (shell of each face, signed volume of each shell; 0 where it is negligible).

    A patch that is closed by itself is a shell, even where it touches another along an edge; open patches that touch
    are one. The volume of an open shell is that of the cone over it from the middle of its border.
    """
    vectors, volumes = shells.measure(points, faces)
    areas = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    shell = shells.components(edges.face_edges, len(edges.uses))
    if (edges.uses > 2).any():
        patch = shells.components(edges.face_edges, len(edges.uses), edges.uses == 2)
        closed = np.abs(sums(patch, vectors)).max(axis=1) < 1e-6 * np.bincount(patch, weights=areas)
        apart = np.where(closed[patch], patch, int(patch.max()) + 1 + shell)
        shell = np.unique(apart, return_inverse=True)[1].astype(np.int32)
    face, corner = np.nonzero(edges.uses[edges.face_edges] == 1)
    ends = points[faces[face, corner]]  # the border's vertices, each once
    middle = sums(shell[face], ends, int(shell.max()) + 1)
    middle /= np.maximum(np.bincount(shell[face], minlength=len(middle)), 1)[:, None]
    area = np.bincount(shell, weights=areas)
    volume = np.bincount(shell, weights=volumes) - (middle * sums(shell, vectors)).sum(axis=1) / 3
    volume[np.abs(volume) < NEGLIGIBLE * area * np.sqrt(area)] = 0.0
    return shell, volume


def sums(label: NDArray[np.int32], rows: Floats, n: int = 0) -> Floats:
    """Return the (n, 3) sums of the (k, 3) rows of each label."""
    columns = [np.bincount(label, weights=column, minlength=n) for column in rows.T]
    return np.stack(columns, axis=1).astype(np.float64)  # of no rows, bincount makes integers


def nesting(points: Floats, faces: NDArray[np.int32], shell: NDArray[np.int32], n: int) -> tuple[Ints, Ints, Ints]:
    """Return rows (inner shell, outer shell, how often the outer one winds around the inner one)."""
    vectors, _ = shells.measure(points, faces)
    largest = np.lexsort((np.abs(vectors[:, 2]), shell))  # the last of each shell faces up or down the most
    sample = largest[np.searchsorted(shell[largest], np.arange(n), side="right") - 1]
    hits = cover(points, faces, shell, points[faces[sample]].mean(axis=1)).astype(np.int64)
    pairs, index = np.unique(hits[:, 0] * n + hits[:, 1], return_inverse=True)
    winding = np.bincount(index, weights=hits[:, 2], minlength=len(pairs)).astype(np.int64)
    inner, outer = pairs // n, pairs % n
    inside = (winding != 0) & (inner != outer)
    return inner[inside], outer[inside], winding[inside]


def shells_to_turn(volume: Floats, inner: Ints, outer: Ints, winding: Ints) -> NDArray[np.bool_]:
    """Return which shells to turn, from the outside in: the negative ones where there is nothing to hollow out."""
    n = len(volume)
    around: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    within: list[list[int]] = [[] for _ in range(n)]
    for i, o, w in zip(inner.tolist(), outer.tolist(), winding.tolist(), strict=True):
        around[i].append((o, w))
        within[o].append(i)
    turned = np.zeros(n, bool)
    for i in sorted(range(n), key=lambda shell: len(around[shell])):
        solid = sum(-w if turned[o] else w for o, w in around[i])
        if (volume[i] > 0 if turned[i] else volume[i] < 0) and solid <= 0:
            turned[i] = not turned[i]
            turned[within[i]] ^= True
    return turned
