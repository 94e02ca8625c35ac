"""Previews: what is printed is drawn, in the colour of its role, and nothing else is."""

import numpy as np
import pytest

from gcode.moves import Moves
from gcode.roles import Role
from slicer import preview
from slicer.errors import NothingToPrint
from slicer.tools import scene
from slicer.tools.beads import beads_of, draw

SQUARE = np.array([[10, 10], [30, 10], [30, 30], [10, 30], [10, 10.0]])


def tower(layers: int = 5) -> Moves:
    """Return square walls 20 mm wide with one diagonal of infill, 0.2 mm a layer."""
    rows = []
    for layer in range(layers):
        z = 0.2 * (layer + 1)
        rows.append((10, 10, z, 0, Role.NONE, layer))
        rows += [(x, y, z, 0.7, Role.EXTERNAL_PERIMETER, layer) for x, y in SQUARE[1:]]
        rows.append((28, 28, z, 0.9, Role.INFILL, layer))
    x, y, z, e, role, layer = (np.array(c) for c in zip(*rows, strict=True))
    return Moves.of(len(rows), x=x, y=y, z=z, e=e, role=role, layer=layer, width=0.45, height=0.2).validate()


def area_seen(moves: Moves, role: Role, scale: float = 31.0) -> float:
    """Return mm2 of the colour of a role in a view from above."""
    canvas = scene.Canvas.blank(int(24 * scale), int(24 * scale), 1)
    view = scene.View(scene.axes_of(0, 90), scale, (-8 * scale, 32 * scale))
    picture = draw(beads_of(moves, 0, 0), canvas, view, np.eye(len(Role))[:, [role] * 3])
    return float((picture[..., 0] > 0).sum()) / scale**2


def test_a_layer_from_above_covers_the_area_of_its_beads():
    moves = tower(1)
    assert area_seen(moves, Role.EXTERNAL_PERIMETER) == pytest.approx(4 * 20 * 0.45, rel=0.02)
    assert area_seen(moves, Role.INFILL) == pytest.approx(18 * 2**0.5 * 0.45 - 0.225**2 * 2, rel=0.05)
    assert area_seen(moves, Role.BRIDGE) == 0


def test_travels_and_custom_moves_are_no_beads():
    moves = tower(3)
    assert len(beads_of(moves)) == 15
    assert len(beads_of(moves.with_(role=np.full(len(moves), Role.CUSTOM, np.uint8)))) == 0
    assert len(beads_of(moves, 1, 2)) == 10
    assert (beads_of(moves, travel_width=0.1).role == Role.NONE).sum() == 3


def test_the_sheet_and_the_layers_are_pictures_and_always_the_same():
    moves = tower()
    sheet = preview.sheet(moves, "tower", "5 layers", 600, 400)
    assert sheet[:8] == b"\x89PNG\r\n\x1a\n"
    assert sheet == preview.sheet(moves, "tower", "5 layers", 600, 400)
    assert preview.layers(moves, 2, 2, "tower", 400, 300) != preview.layers(moves, 0, 4, "tower", 400, 300)


def test_telling_layers_hold_the_first_and_those_with_bridges():
    moves = tower(40)
    moves = moves.with_(role=np.where((moves.layer == 17) & (moves.role == Role.INFILL), Role.BRIDGE, moves.role))
    chosen = preview.telling_layers(moves.with_(role=moves.role.astype(np.uint8)))
    assert len(chosen) == 4
    assert {0, 17} <= set(chosen)


def test_a_layer_that_does_not_exist_is_refused_with_the_number_of_layers():
    with pytest.raises(NothingToPrint, match="the print has 5 layers"):
        preview.layers(tower(), 70, 70)
