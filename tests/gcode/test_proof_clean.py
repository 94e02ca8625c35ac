"""Files that print their model pass, however they were made and wherever they lie."""

from __future__ import annotations

import json

import numpy as np
import proof_parts as parts
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from fabthread.verify_cli import verify as command
from gcode.moves import Moves
from gcode.proof import NothingDeposited, UnreadableModel, load, verify
from gcode.proof.heatmap import heatmap
from gcode.reader import read
from gcode.roles import Role
from gcode.writer import write

SAMPLES = ["bracket", "thin_walls"]
MADE = [
    {"infill_density": "100%"},
    {"infill_density": "0%", "wall_count": 1},
    {"infill_pattern": "gyroid", "infill_density": "10%", "wall_count": 3},
    {"nozzle_diameter": 0.6, "line_width": 0.68, "layer_height": 0.4, "first_layer_height": 0.4},
    {"layer_height": 0.1, "first_layer_height": 0.3},
    {"brim_type": "outer", "brim_width": 3, "skirt_loops": 2},
]


OTHER = parts.prism(shapely.box(0, 0, 12, 7), 0, 2)
COLUMNS = ("x", "y", "z", "e", "role", "layer")


def beside(model: object) -> Moves:
    """Return the moves of a model that lies beside the part."""
    moves = parts.sliced(model)
    return moves.with_(x=moves.x + 50)


def passes(model: object, moves: Moves) -> bool:
    proof = verify(model, moves)
    assert proof.passed, [str(fault) for fault in proof.faults]
    return proof.passed


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_pass(name, sample_models):
    path = sample_models / f"{name}.stl"
    proof = verify(path, parts.sliced(path))
    assert proof.passed, [str(fault) for fault in proof.faults]
    summary = proof.parts[0].summary()
    assert abs(summary["deviation_mean"]) < 0.02
    assert summary["deviation_p95"] < 0.05
    assert summary["overshoot"] < 1e-3


@pytest.mark.parametrize("made", MADE, ids=lambda made: "-".join(made))
def test_settings_pass(made):
    assert passes(parts.part(), parts.sliced(parts.part(), made))


@settings(max_examples=4)
@given(st.floats(-400, 400), st.floats(-400, 400))
def test_the_place_on_the_plate_is_found(x, y):
    moves = parts.printed()
    proof = verify(parts.part(), moves.with_(x=moves.x + x, y=moves.y + y))
    assert proof.passed
    centre = parts.corner_of(moves) + [15 + x, 9 + y]
    assert np.allclose(-proof.parts[0].placed.shift, centre, atol=0.02)


def test_roles_need_not_be_named():
    moves = parts.printed()
    assert passes(parts.part(), moves.with_(role=np.where(moves.role == Role.SKIRT, Role.SKIRT, Role.NONE)))


def test_a_skirt_need_not_be_named():
    moves = parts.printed(skirt_loops=2, skirt_distance=4)
    assert passes(parts.part(), moves.with_(role=np.full(len(moves), Role.NONE)))


def test_a_spiral_vase_is_open_above():
    turns, radius, height, width = 25, 12 - 0.225, 0.2, 0.45
    area = height * (width - height * (1 - np.pi / 4)) / (np.pi * 1.75**2 / 4)  # mm of filament a mm of bead
    rings = np.arange(radius, 0.3, -0.4)
    moves = None
    for level in (1, 2):
        for r in rings:
            moves = ring(moves, r, np.full(61, level * height), area, level)
    for turn in range(turns):
        moves = ring(moves, radius, height * (2 + turn + np.linspace(0, 1, 61)), area, 3 + turn)
    assert (
        verify(cylinder := parts.prism(shapely.Point(0, 0).buffer(12, 64), 0, 5.3), moves).parts[0].placed.levels.spiral
    )
    assert passes(cylinder, moves)


def ring(moves: Moves | None, radius: float, z: np.ndarray, area: float, level: int) -> Moves:
    """Return moves with one more turn."""
    angle = np.linspace(0, 2 * np.pi, len(z))
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    e = np.concatenate([[0], np.hypot(np.diff(x), np.diff(y)) * area])
    columns = {"x": x, "y": y, "z": z, "e": e, "layer": level - 1, "role": Role.EXTERNAL_PERIMETER}
    return Moves.of(len(z), **columns) if moves is None else parts.appended(moves, **columns)


def test_supports_do_not_count():
    moves = parts.printed()
    column = shapely.box(-6, -6, -2, 20)
    for number in range(1, 9):
        moves = parts.with_hatching(moves, column, number, 1.0)
    supported = moves.with_(role=np.where(np.arange(len(moves)) >= len(parts.printed()), Role.SUPPORT, moves.role))
    assert passes(parts.part(), supported)


def test_a_raft_lifts_the_part():
    moves = parts.printed()
    corner = parts.corner_of(moves)
    z = 0.9
    raft = [
        {"x": corner[0] + np.array([-2.0, 32.0]), "y": np.full(2, corner[1] + y), "z": level * 0.3, "e": [0.0, 1.5]}
        for level in (1, 2, 3)
        for y in np.arange(-2, 20, 1.0)
    ]
    lifted = moves.with_(z=moves.z + z)
    for columns in raft:
        lifted = parts.appended(lifted, role=Role.SUPPORT, layer=0, **columns)
    assert passes(parts.part(), lifted)


def test_other_filament():
    moves = parts.printed()
    thick = moves.with_(e=moves.e * 1.75**2 / 2.85**2)
    assert not verify(parts.part(), thick).passed
    assert verify(parts.part(), thick, filament_diameter=2.85).passed
    said = thick.with_(commands=("; filament_diameter = 2.85",), command_row=np.zeros(1, np.int64))
    said = said.with_(command_line=np.zeros(1, np.int32)) if hasattr(said, "command_line") else said
    assert verify(parts.part(), said).passed


def test_several_models_on_a_plate():
    moves = parts.printed()
    both = parts.appended(moves, **{name: getattr(beside(OTHER), name) for name in COLUMNS})
    for models in ([parts.part(), OTHER], [OTHER, parts.part()]):
        assert passes(models, both)


def test_a_model_of_the_plate_that_is_not_there():
    proof = verify([parts.part(), OTHER], parts.printed())
    assert [fault.name for fault in proof.faults] == ["not printed"]


def test_a_3mf_in_inches(sample_models):
    path = sample_models / "two_items_inch.3mf"
    assert passes(path, parts.sliced(path))


@pytest.mark.parametrize("turn", ["all", "some", "twice", "overlapping"])
def test_models_that_are_not_clean(turn):
    vertices, faces = parts.part()
    rng = np.random.default_rng(3)
    if turn == "all":
        faces = faces[:, ::-1]
    elif turn == "some":
        chosen = rng.permutation(len(faces)) < len(faces) // 4
        faces = np.where(chosen[:, None], faces[:, ::-1], faces)
    elif turn == "twice":
        faces = np.concatenate([faces, faces])
    else:
        vertices, faces = parts.together((vertices, faces), parts.prism(shapely.box(3, 3, 20, 8), 0.2, 1.2))
    assert passes((vertices, faces), parts.printed())


def test_any_number_of_threads_proves_the_same():
    one, three = (verify(parts.part(), parts.printed(), workers=n).as_dict() for n in (1, 3))
    assert json.dumps(one) == json.dumps(three)


@pytest.mark.parametrize("heights", [(0.0, 0.0), (-3.0, -3.0), (0.2, 0.4, 0.6, 99999.0, 99999.2)])
def test_beads_at_impossible_heights_are_another_model(heights, monkeypatch):
    monkeypatch.setattr("gcode.proof.beads.MOST_MISSING", 500)
    z = np.repeat(heights, 2)
    x = np.tile([0.0, 10.0], len(heights))
    moves = Moves.of(len(z), x=x, z=z, e=np.tile([0.0, 0.3], len(heights)), speed=20.0, layer=np.arange(len(z)) // 2)
    assert not verify(OTHER, moves).passed


def test_nothing_deposited():
    with pytest.raises(NothingDeposited, match="deposits nothing"):
        verify(parts.part(), read("G28\nG1 X10 Y10 F600\n"))


@pytest.mark.parametrize(
    "text", [b"", b"solid nothing\nendsolid\n", b"no model at all", bytes(84)], ids=["empty", "nothing", "text", "zero"]
)
def test_models_that_cannot_be_read(text, tmp_path):
    for suffix in (".stl", ".3mf", ".obj"):
        path = tmp_path / f"model{suffix}"
        path.write_bytes(text)
        with pytest.raises(UnreadableModel):
            load(path)


def test_the_heat_map_is_a_picture_and_always_the_same():
    moves = parts.printed()
    spoiled = verify(parts.part(), parts.without(moves, parts.longest_loop(moves, 5, Role.EXTERNAL_PERIMETER)))
    pictures = [heatmap(spoiled, "part") for _ in range(2)]
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1]


def test_the_command(tmp_path, sample_models):
    model = str(sample_models / "calibration_cube.stl")
    moves = parts.sliced(model)
    good, bad = tmp_path / "good.gcode", tmp_path / "bad.gcode"
    good.write_bytes(write(moves))
    bad.write_bytes(write(parts.without(moves, parts.layer(moves, 30))))
    passed = CliRunner().invoke(command, [model, str(good)])
    assert passed.exit_code == 0, passed.output
    assert "passed" in passed.output
    failed = CliRunner().invoke(command, [model, str(bad), "--json", "--picture", str(tmp_path / "bad.png")])
    assert failed.exit_code == 9
    assert json.loads(failed.output)["faults"][0]["name"] == "layer removed"
    assert (tmp_path / "bad.png").stat().st_size > 10_000
