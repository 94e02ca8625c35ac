"""Pictures: what is printed is drawn, in the colour of what is asked, and nothing else is."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from gcode import pictures
from gcode.errors import NothingToDraw
from gcode.moves import Moves
from gcode.pictures import Look, scene
from gcode.pictures.beads import are_beads, beads_of, draw, seams
from gcode.pictures.colours import FIRST, SEAM, STEPS, TRAVEL, UNKNOWN
from gcode.pictures.sheets import telling_layers
from gcode.pictures.sizes import with_sizes
from gcode.reader import read
from gcode.roles import Role

SQUARE = np.array([[10, 10], [30, 10], [30, 30], [10, 30], [10, 10.0]])
SVG = "{http://www.w3.org/2000/svg}"


def tower(layers: int = 5, **columns) -> Moves:
    """Return square walls 20 mm wide with one diagonal of infill, 0.2 mm a layer."""
    rows = []
    for layer in range(layers):
        z = 0.2 * (layer + 1)
        rows.append((10, 10, z, 0, Role.NONE, layer, 120))
        rows += [(x, y, z, 0.7, Role.EXTERNAL_PERIMETER, layer, 30) for x, y in SQUARE[1:]]
        rows.append((28, 28, z, 0.9, Role.INFILL, layer, 60))
    x, y, z, e, role, layer, speed = (np.array(c) for c in zip(*rows, strict=True))
    given = {"x": x, "y": y, "z": z, "e": e, "role": role, "layer": layer, "speed": speed, "width": 0.45, "height": 0.2}
    return Moves.of(len(rows), **given | columns).validate()


def area_seen(moves: Moves, role: Role, scale: float = 31.0) -> float:
    """Return mm2 of the colour of a role in a view from above."""
    canvas = scene.Canvas.blank(int(24 * scale), int(24 * scale), 1)
    view = scene.View(scene.axes_of(0, 90), scale, (-8 * scale, 32 * scale))
    picture = draw(beads_of(moves, moves.role, 0, 0), canvas, view, np.eye(len(Role))[:, [role] * 3])
    return float((picture[..., 0] > 0).sum()) / scale**2


def pixels(data: bytes) -> np.ndarray:
    """Return a PNG as matplotlib reads it, rows of red, green, blue."""
    from matplotlib.image import imread

    return np.asarray(imread(io.BytesIO(data)))[..., :3]


def test_a_layer_from_above_covers_the_area_of_its_beads():
    moves = tower(1)
    assert area_seen(moves, Role.EXTERNAL_PERIMETER) == pytest.approx(4 * 20 * 0.45, rel=0.02)
    assert area_seen(moves, Role.INFILL) == pytest.approx(18 * 2**0.5 * 0.45 - 0.225**2 * 2, rel=0.05)
    assert area_seen(moves, Role.BRIDGE) == 0


def test_travels_and_custom_moves_are_no_beads():
    moves = tower(3)
    index = moves.role + np.uint8(FIRST)
    assert len(beads_of(moves, index)) == 15
    assert not are_beads(moves.with_(role=np.full(len(moves), Role.CUSTOM, np.uint8))).any()
    assert len(beads_of(moves, index, 1, 2)) == 10
    assert (beads_of(moves, index, travel_width=0.1).colour == TRAVEL).sum() == 3


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_moves_are_the_same_bytes(form):
    look = Look(travels=True, seams=True, form=form, title="tower <&> $x$ \x00 \N{SNOWMAN}", size=(600, 400))
    for picture in (
        pictures.sheet(tower(), look),
        pictures.flat(tower(), 2, 2, look),
        pictures.solid(tower(), look=look),
    ):
        assert picture[:4] == {"png": b"\x89PNG", "svg": b"<svg"}[form]
    assert pictures.sheet(tower(), look) == pictures.sheet(tower(), look)
    assert pictures.flat(tower(), 2, 2, look) != pictures.solid(tower(), 0, 4, look)


def test_an_svg_holds_each_bead_where_it_is_and_as_wide():
    root = ET.fromstring(pictures.flat(tower(), 1, 1, Look(form="svg", seams=True, travels=True)))
    (group,) = root.findall(f"{SVG}g")
    scale = float(re.search(r"scale\(([\d.]+)", group.get("transform"))[1])
    paths = group.findall(f"{SVG}path")
    assert [path.get("d") for path in paths][1:3] == ["M10 10L30 10 30 30 10 30 10 10", "M10 10L28 28"]
    assert float(paths[1].get("stroke-width")) == pytest.approx(0.88 * 0.45, abs=0.001)
    assert 20 * scale == pytest.approx(850 * 0.96, rel=0.03)  # the part fills the page but for margins and words
    words = [text.text for text in root.findall(f"{SVG}text")]
    assert {"travel", "seam", "external perimeter", "internal infill"} <= set(words)
    assert "layer 2 of 5, z = 0.40 mm" in words


def test_seams_are_where_closed_outer_walls_begin():
    moves = tower(3)
    assert seams(moves).tolist() == [[10, 10, pytest.approx(0.2 * (n + 1)), n] for n in range(3)]
    opened = moves.with_(y=np.where((moves.x == 10) & (moves.e > 0) & (moves.y == 10), 14.0, moves.y))
    assert len(seams(opened)) == 0
    assert len(seams(moves.with_(role=np.where(moves.role == 1, Role.PERIMETER, moves.role).astype(np.uint8)))) == 0


COMMANDED = {"command_row": [0, 6, 12], "commands": ("M104 S215", "M104 S200", "M220 S50")}


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("role", {"external perimeter", "internal infill"}),
        ("tool", {"T0"}),
        ("speed", {"30", "60", "15"}),  # M220 halves what follows
        ("fan", {"0"}),
        ("temperature", {"215", "200"}),
        ("width", {"0.45"}),
        ("height", {"0.2"}),
        ("layer", {"1", "2", "3", "4", "5"}),
        ("time", {"3.09"}),
    ],
)
def test_few_values_are_named_one_by_one(by, told):
    moves = tower(5, **COMMANDED)
    paint = pictures.paint(moves, by, np.where(moves.layer >= 0, 3.09 / 6, 0.0))
    beads = are_beads(moves)
    shown = {paint.names[place] for place in np.unique(paint.index[beads]).tolist()}
    assert shown == told
    assert paint.index.max() < len(paint.palette)


def test_flow_is_volume_over_time():
    paint = pictures.paint(tower(), "flow", filament_diameter=2.0)
    wall, infill = 0.7 * np.pi * 30 / 20, 0.9 * np.pi * 60 / (18 * 2**0.5)
    told = {paint.names[place] for place in np.unique(paint.index[are_beads(tower())]).tolist()}
    assert told == {f"{wall:.3g}", f"{infill:.3g}"}


def test_many_values_are_an_even_scale_whose_ticks_stand_where_their_values_are():
    moves = tower(100)
    paint = pictures.paint(moves.with_(speed=20.0 + moves.layer), "speed")
    for place, text in paint.ticks:
        row = int(np.flatnonzero(are_beads(moves) & (moves.layer == int(text) - 20))[0])
        assert paint.index[row] - FIRST == pytest.approx(place * (STEPS - 1), abs=1)
    lightness = paint.palette[FIRST:] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()  # it can be read in grey


def test_a_few_odd_values_do_not_spoil_the_scale():
    moves = tower(400)
    speed = 20.0 + moves.layer % 40
    speed[7] = 5000
    paint = pictures.paint(moves.with_(speed=speed), "speed")
    assert paint.ticks[-1][1].startswith("≥ ")
    assert float(paint.ticks[-1][1][2:]) < 60


def test_what_no_command_has_set_is_not_told():
    paint = pictures.paint(tower(), "temperature")
    assert (paint.index == UNKNOWN).all()
    assert paint.names == {UNKNOWN: "not told in this file"}
    late = tower(5, command_row=[12], commands=("M104 S200",))
    assert set(np.unique(pictures.paint(late, "temperature").index[:12])) == {UNKNOWN}


def test_sizes_that_a_file_does_not_tell_follow_from_its_filament():
    moves = tower(5, width=0, height=0)
    area = 0.45 * 0.2 + (np.pi / 4 - 1) * 0.2**2
    length = np.where(moves.role == Role.INFILL, 18 * 2**0.5, 20)
    e = np.where(moves.e > 0, area * length / (np.pi / 4 * 1.75**2), 0)
    sized = with_sizes(moves.with_(e=e))
    beads = are_beads(moves)
    assert np.allclose(sized.width[beads], 0.45, atol=1e-4)
    assert np.allclose(sized.height[beads], 0.2, atol=1e-6)


def test_roles_have_their_colours_on_the_page():
    page = pixels(pictures.flat(tower(), 0, 0, Look(size=(500, 450))))
    orange, red = (np.abs(page - [int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)]).max(axis=2) < 0.08 for c in
                   ("#f07a28", "#a63d40"))  # fmt: skip
    assert orange.sum() > 1000
    assert red.sum() > 300


def test_every_choice_and_foreign_words_are_drawn():
    text = "M82\nG28\n;LAYER:0\n;TYPE:WALL-OUTER\nG0 X10 Y10 Z.3\nG1 F1800 X30 E1\nG1 Y30 E2\nG1 X10 E3\nG1 Y10.2 E4\n"
    moves = read(text)
    for by in pictures.CHOICES:
        paint = pictures.paint(moves, by)
        assert pictures.sheet(moves, Look(paint, form="svg", seams=True)).startswith(b"<svg"), by
    assert (beads_of(moves, pictures.paint(moves).index).colour == FIRST + Role.EXTERNAL_PERIMETER).all()
    assert SEAM < FIRST


def test_telling_layers_hold_the_first_and_those_with_bridges():
    moves = tower(40)
    moves = moves.with_(role=np.where((moves.layer == 17) & (moves.role == Role.INFILL), Role.BRIDGE, moves.role))
    chosen = telling_layers(moves.with_(role=moves.role.astype(np.uint8)))
    assert len(chosen) == 4
    assert {0, 17} <= set(chosen)


def test_a_layer_that_does_not_exist_is_refused_with_the_number_of_layers():
    with pytest.raises(NothingToDraw, match="the print has 5 layers"):
        pictures.flat(tower(), 70, 70)
    with pytest.raises(NothingToDraw, match="any layer"):
        pictures.sheet(Moves.of(0))
