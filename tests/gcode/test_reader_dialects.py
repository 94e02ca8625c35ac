"""How each slicer names roles, layers, widths, heights and objects; how each firmware says what becomes a column."""

import math

import numpy as np
import pytest

from gcode.errors import MalformedGcode
from gcode.reader import read
from gcode.roles import Role

E, P, S = Role.EXTERNAL_PERIMETER, Role.PERIMETER, Role.SOLID_INFILL

SLICERS = {
    "PrusaSlicer": """
        ;LAYER_CHANGE
        ;Z:.2
        ;HEIGHT:.2
        ; printing object box.stl id:0 copy 0
        ;TYPE:External perimeter
        ;WIDTH:0.45
        G1 X1 E1
        ;TYPE:Perimeter
        ;WIDTH:0.5
        G1 X2 E1
        ; stop printing object box.stl id:0 copy 0
        ;LAYER_CHANGE
        ;Z:.4
        ;HEIGHT:0.2
        ;TYPE:Solid infill
        G1 X3 E1""",
    "SuperSlicer": """
        ;LAYER_CHANGE
        ;Z:0.2
        ;HEIGHT:0.2
        ; printing object box.stl id:0 copy 0
        ;TYPE:External perimeter
        ;WIDTH:0.45
        G1 X1 E1
        ;TYPE:Internal perimeter
        ;WIDTH:0.5
        G1 X2 E1
        ; stop printing object box.stl id:0 copy 0
        ;LAYER_CHANGE
        ;TYPE:Solid infill
        G1 X3 E1""",
    "OrcaSlicer": """
        EXCLUDE_OBJECT_DEFINE NAME=box.stl_id_0_copy_0 CENTER=1,1
        ;LAYER_CHANGE
        ;Z:0.2
        ;HEIGHT:0.2
        ; printing object box.stl id:0 copy 0
        EXCLUDE_OBJECT_START NAME=box.stl_id_0_copy_0
        ;TYPE:Outer wall
        ;WIDTH:0.45
        G1 X1 E1
        ;TYPE:Inner wall
        ;WIDTH:0.5
        G1 X2 E1
        ; stop printing object box.stl id:0 copy 0
        EXCLUDE_OBJECT_END NAME=box.stl_id_0_copy_0
        ;LAYER_CHANGE
        ;TYPE:Internal solid infill
        G1 X3 E1""",
    "Bambu Studio": """
        ; CHANGE_LAYER
        ; Z_HEIGHT: 0.2
        ; LAYER_HEIGHT: 0.2
        ; start printing object, unique label id: 15
        ; FEATURE: Outer wall
        ; LINE_WIDTH: 0.45
        G1 X1 E1
        ; FEATURE: Inner wall
        ; LINE_WIDTH: 0.5
        G1 X2 E1
        ; stop printing object, unique label id: 15
        ; CHANGE_LAYER
        ; FEATURE: Internal solid infill
        G1 X3 E1""",
    "Cura": """
        ;LAYER_COUNT:2
        ;LAYER:0
        ;MESH:box.stl
        ;TYPE:WALL-OUTER
        G1 X1 E1
        ;TYPE:WALL-INNER
        G1 X2 E1
        ;MESH:NONMESH
        ;TIME_ELAPSED:3.4
        ;LAYER:1
        ;TYPE:SKIN
        G1 X3 E1""",
    "Simplify3D 4": """
        ; layer 1, Z = 0.200
        ; feature outer perimeter
        ; tool H0.200 W0.450
        G1 X1 E1
        ; feature inner perimeter
        ; tool H0.200 W0.5
        G1 X2 E1
        ; layer 2, Z = 0.400
        ; feature solid layer
        G1 X3 E1
        ; layer end""",
    "Simplify3D 3": """
        ; layer 1, Z = 0.200
        ; tool H0.200 W0.450
        ; outer perimeter
        G1 X1 E1
        ; inner perimeter
        ; tool H0.200 W0.5
        G1 X2 E1
        ; layer 2, Z = 0.400
        ; solid layer
        G1 X3 E1""",
    "Kiri:Moto": """
        ;; --- layer 0 (0.200 @ 0.2) ---
        ; feature shells
        G1 X1 E1
        ; feature shells
        G1 X2 E1
        ;; --- layer 1 (0.200 @ 0.4) ---
        ; feature solid fill
        G1 X3 E1""",
    "ideaMaker": """
        ;LAYER:0
        ;Z:0.200
        ;HEIGHT:0.200
        ;PRINTING: box.stl
        ;PRINTING_ID: 0
        ;TYPE:WALL-OUTER
        ;WIDTH:0.450
        G1 X1 E1
        ;TYPE:WALL-INNER
        ;WIDTH:0.5
        G1 X2 E1
        ;PRINTING: NON-OBJECT
        ;LAYER:1
        ;TYPE:SOLID-FILL
        G1 X3 E1""",
    "Slic3r": "G1 Z.2\nG1 X1 E1\nG1 X2 E1\nG1 Z.4\nG1 X3 E1",
}
ROLES = {"Kiri:Moto": [P, P, S], "Slic3r": [Role.NONE] * 3}
SIZED = {"PrusaSlicer", "SuperSlicer", "OrcaSlicer", "Bambu Studio", "Simplify3D 4", "Simplify3D 3", "ideaMaker"}
OBJECTS = {
    "PrusaSlicer": "box.stl id:0 copy 0",
    "SuperSlicer": "box.stl id:0 copy 0",
    "OrcaSlicer": "box.stl_id_0_copy_0",
    "Bambu Studio": "15",
    "Cura": "box.stl",
    "ideaMaker": "box.stl",
}


@pytest.mark.parametrize("slicer", SLICERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_slicers(slicer, end):
    text = "M83\nG1 F600\n" + "\n".join(line.strip() for line in SLICERS[slicer].splitlines()) + "\n"
    moves = read(text.replace("\n", end))
    moves = [getattr(moves, n)[moves.e > 0].tolist() for n in ("role", "layer", "width", "height", "object")] + [moves]
    roles, layers, widths, heights, objects, whole = moves
    assert roles == ROLES.get(slicer, [E, P, S])
    assert layers == [0, 0, 1]
    if slicer in SIZED:
        assert np.allclose(widths, [0.45, 0.5, 0.5])
        assert np.allclose(heights, 0.2)
    else:
        assert widths == heights == [0, 0, 0]
    if slicer in OBJECTS:
        assert whole.objects == (OBJECTS[slicer],)
        assert objects == [0, 0, -1]
    else:
        assert objects == [-1] * 3


def test_comments_that_only_look_alike():
    text = "; layer_height = 0.2\n;layers: 3\n; infill = 20%\n; Layer height: 0.2\n; feature\n;WIDTH\n;TYPE\n"
    text += "G1 X1 E1\n; layer end\n"
    moves = read(text)
    assert moves.commands == tuple(line for line in text.splitlines() if line[0] == ";")
    assert moves.layer.tolist() == [0]


@pytest.mark.parametrize(("plane", "axes", "offsets"), [(17, "XYZ", "IJ"), (18, "ZXY", "KI"), (19, "YZX", "JK")])
@pytest.mark.parametrize("turn", [2, 3])
def test_arcs_in_every_plane(plane, axes, offsets, turn):
    """A quarter round the origin from (10, 0) to (0, +-10), rising 3 along the third axis."""
    a, b, c = axes
    left = 1 if turn == 3 else -1
    first = f"G1 {a}10 {b}0 {c}0 F600\nG{plane}\n"
    by_centre = read(f"{first}G{turn} {a}0 {b}{left * 10} {c}3 {offsets[0]}-10 {offsets[1]}0 E5\n")
    by_radius = read(f"{first}G{turn} {a}0 {b}{left * 10} {c}3 R10 E5\n")
    for moves in (by_centre, by_radius):
        points = {name: getattr(moves, name.lower()) for name in "XYZ"}
        pa, pb, pc = (points[name] for name in axes)
        assert np.allclose(np.hypot(pa, pb), 10)
        assert np.allclose(np.diff(pc), 3 / (len(moves) - 1))
        angle = np.unwrap(np.arctan2(pb, pa))
        assert angle[-1] - angle[0] == pytest.approx(left * math.pi / 2)
        assert moves.e.sum() == pytest.approx(5)
        assert (moves.line[1:] == 3).all()
    assert read(f"{first}G{turn} {a}0 {b}{left * 10} {offsets[0]}-10\n").commands == (f"G{plane}",)


@pytest.mark.parametrize(("words", "turns"), [("", 1), ("P1", 1), ("P3", 3)])
def test_full_circles_and_turns(words, turns):
    moves = read(f"G1 X10 F600\nG3 I-10 Z2 {words} E1\n")
    x, y = np.concatenate([[10], moves.x[1:]]), np.concatenate([[0], moves.y[1:]])
    assert np.hypot(np.diff(x), np.diff(y)).sum() == pytest.approx(turns * 20 * math.pi, rel=1e-3)
    assert moves.z[-1] == 2
    assert (moves.x[-1], moves.y[-1]) == (10, 0)


def test_the_long_way_round_with_a_negative_radius():
    short, long = (read(f"G1 X10 F600\nG2 X0 Y-10 R{r}\n") for r in ("10", "-10"))
    lengths = [np.hypot(np.diff(m.x), np.diff(m.y)).sum() for m in (short, long)]
    assert lengths == [pytest.approx(5 * math.pi, rel=1e-3), pytest.approx(15 * math.pi, rel=1e-3)]


def test_firmware_retraction_hops_and_recovers():
    text = "G1 Z1 F600\nM207 S2 F3000 Z0.4\nM208 S0.1 F600\nG10\nG1 X5\nG1 Z2\nG11\nG1 X6\n"
    moves = read(text)
    assert moves.z.tolist() == [1, 1.4, 1.4, 2.4, 2, 2]
    assert moves.e.tolist() == [0, -2, 0, 0, 2.1, 0]
    assert moves.speed.tolist() == [10, 50, 10, 10, 10, 10]
    reprap = read("M207 S2 R-0.5 F3000 T1200 Z0.2\nG10\nG11\n")
    assert reprap.e.tolist() == [-2, 1.5]
    assert reprap.speed.tolist() == [50, 20]
    klipper = read(
        "SET_RETRACTION RETRACT_LENGTH=0.8 RETRACT_SPEED=30 UNRETRACT_EXTRA_LENGTH=.1 UNRETRACT_SPEED=20\nG10\nG11\n"
    )
    assert klipper.e.tolist() == [-0.8, pytest.approx(0.9)]
    assert klipper.speed.tolist() == [30, 20]
    assert len(klipper.commands) == 1


def test_volumetric_e_becomes_length():
    area = math.pi * 1.75**2 / 4
    moves = read(
        "M200 D1.75\nG1 X1 E10 F60\nG1 X2 E30\nM83\nG1 X3 E5\nM200 D0\nG1 X4 E5\nM200 S1\nG1 X5 E5\nM200 S0\nG1 X6 E5\n"
    )
    assert np.allclose(moves.e, [10 / area, 20 / area, 5 / area, 5, 5 / area, 5])
    assert moves.commands == ()
    ultimaker = read(";FLAVOR:UltiGCode\nG1 X1 E10 F60\n")
    assert ultimaker.e[0] == pytest.approx(10 / (math.pi * 2.85**2 / 4))


def test_line_numbers_run_on():
    assert len(read("N5 G1 X1\nN6 G1 X2\nG1 X3\nN7 M110\nN1 M110 N1\nN2 G1 X4\nn3 g1 x5\n")) == 5
    with pytest.raises(MalformedGcode, match="line 2: line number out of order: 'N7 G1 X2'"):
        read("N5 G1 X1\nN7 G1 X2\n")
    problems = []
    read("N1 G1 X1\nN1 G1 X1\nN2 G1 X2\nN9 G1 X3\nN10 G1 X4\n", problems)
    assert [p.line for p in problems] == [2, 4]


def test_a_feedrate_of_zero_asks_for_nothing():
    assert read("G1 X1 F600\nG1 X2 F0\n").speed.tolist() == [10, 10]


def test_objects_by_comment_do_not_count_beside_labels():
    text = "M486 S0\n; printing object a\nG1 X1\nM486 S-1\n; stop printing object a\nG1 X2\n"
    moves = read(text)
    assert moves.objects == ("object_0",)
    assert moves.object.tolist() == [0, -1]


def test_spirals_have_layers_of_the_first_ones_height():
    first = "G1 Z.2 F600\n" + "".join(f"G1 X{k % 2} E{k + 1}\n" for k in range(10))
    spiral = "".join(f"G1 X{k % 2} Z{0.2 + k * 0.02:.3f} E{k + 11}\n" for k in range(100))
    moves = read(first + spiral)
    assert moves.layer.max() == 9
    assert (np.diff(moves.layer) >= 0).all()


@pytest.mark.parametrize(
    "line", ["M220 S50", "M221 S90", "M600", "G4 P500", "G29", "M104 S200", "M190 R60", "M205 X8", "M486 T3"]
)
def test_other_commands_are_kept_word_for_word(line):
    moves = read(f"G1 X1 E1 F60\n{line} ; why\nG1 X2 E2\n")
    assert moves.commands == (f"{line} ; why",)
    assert moves.command_row.tolist() == [1]
    assert moves.command_line.tolist() == [2]
    assert moves.e.tolist() == [1, 1]


def test_more_objects_than_a_plate_holds():
    moves = read("".join(f";MESH:{k}\nG1 X{k}\n" for k in range(40_000)))
    assert len(moves.objects) == 1000
    assert moves.object[[0, 999, 1000, -1]].tolist() == [0, 999, -1, -1]
    assert len(read("M486 S99999999\nG1 X1\nM486 S5\nG1 X2\n").objects) == 6
