"""The job: models of every form in, a result out; what is wrong is one clear error and leaves nothing behind."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely
from mesh_cases import BOX_FACES, CORNERS
from solids import PLAIN, beads, extruded, joined, printed

import slicer
from gcode.errors import TemplateError
from gcode.roles import Role
from profiles.errors import SettingsRefused
from profiles.loader import load
from slicer import Mesh
from slicer.errors import InputRefused, NothingToPrint, SlicerError

CUBE = (CORNERS * 10 + 5, BOX_FACES.astype(np.int32))
HOLED = (CUBE[0], CUBE[1][1:])
COARSE = {"layer_height": 0.3}


class Meshlike:
    """Anything that has vertices and faces."""

    vertices, faces = CUBE


FORMS = {
    "arrays": CUBE,
    "mesh": Mesh(*CUBE),
    "lists": (CUBE[0].tolist(), CUBE[1].tolist()),
    "like a trimesh": Meshlike(),
    "integers": ((CORNERS * 10 + 5).astype(np.int64), BOX_FACES.astype(np.int64)),
    "single precision": (CUBE[0].astype(np.float32), BOX_FACES.astype(np.uint16)),
    "a list": [CUBE],
    "a tuple of one": (Mesh(*CUBE),),
    "far away": (CUBE[0] + 1e5, CUBE[1]),
    "below the bed": (CUBE[0] - [0, 0, 7], CUBE[1]),
}


@pytest.mark.parametrize("form", FORMS)
def test_models_of_every_form_give_the_same_print(form: str) -> None:
    wanted = slicer.slice(CUBE, COARSE)
    found = slicer.slice(FORMS[form], COARSE)
    assert len(found.moves) == len(wanted.moves)
    assert np.abs(found.moves.x - wanted.moves.x).max() < 1e-6
    assert found.summary.filament_mm == pytest.approx(wanted.summary.filament_mm, rel=1e-6)


def test_paths_of_every_type_and_a_trimesh(sample_models: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    file = sample_models / "calibration_cube.stl"
    wanted = slicer.slice(file, COARSE).gcode()
    assert slicer.slice(str(file), COARSE).gcode() == wanted
    assert slicer.slice([file], COARSE).gcode() == wanted
    loaded = trimesh.load(file)
    assert slicer.slice(loaded, COARSE).summary.filament_mm == pytest.approx(
        slicer.slice(file, COARSE).summary.filament_mm, rel=1e-5
    )


def test_what_came_in_is_not_changed() -> None:
    vertices, faces = (array.copy() for array in CUBE)
    slicer.slice((vertices, faces), COARSE, rotate=(10, 20, 30), scale=2.0)
    assert (vertices == CUBE[0]).all()
    assert (faces == CUBE[1]).all()


def test_the_profile_is_a_resolution_a_mapping_or_nothing() -> None:
    mapping = slicer.slice(CUBE, COARSE).gcode()
    assert slicer.slice(CUBE, load(overrides=COARSE)).gcode() == mapping
    assert slicer.slice(CUBE).layers.z_top[-1] == pytest.approx(10)


@pytest.mark.parametrize("model", [None, 7, b"part.stl", {"faces": []}, np.zeros((5, 3, 3)), [np.zeros((4, 3))]])
def test_what_is_no_model_is_named(model: object) -> None:
    with pytest.raises(TypeError, match=r"a model is a path.*; not (NoneType|int|bytes|dict|ndarray)"):
        slicer.slice(model)


@pytest.mark.parametrize(
    ("vertices", "faces", "what"),
    [
        (np.zeros((8, 2)), np.zeros((4, 3), int), "vertices are rows of three numbers, not an array .8, 2."),
        (np.zeros((8, 3)), np.zeros((4, 4), int), "faces are rows of three whole numbers, not an array .4, 4."),
        (np.zeros((8, 3)), np.zeros((4, 3)), "faces are rows of three whole numbers, not .* of float64"),
        ([[0, 0, 0], [1, 0]], [[0, 1, 2]], "vertices are rows of three numbers"),
    ],
)
def test_arrays_of_another_shape_are_named(vertices: object, faces: object, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        slicer.slice((vertices, faces))


def test_a_name_is_no_profile() -> None:
    with pytest.raises(TypeError, match=r"a profile is what .*; not 'prusa-mk4'"):
        slicer.slice("part.stl", "prusa-mk4")  # type: ignore[arg-type]


def test_scale_rotation_and_place() -> None:
    slab = extruded(shapely.box(0, 0, 30, 20), 10)
    moved = printed(slab, scale=(1, 1, 0.5), rotate=(0, 0, 90), center=(60, 70))
    assert moved.layers.z_top[-1] == pytest.approx(5)
    x, y, z = moved.summary.size
    assert (x, y, z) == (pytest.approx(20, abs=0.01), pytest.approx(30, abs=0.01), pytest.approx(5))
    assert beads(moved, 3).cover.centroid.coords[0] == pytest.approx((60, 70), abs=0.1)


def test_the_summary_is_that_of_the_moves() -> None:
    result = slicer.slice(CUBE, COARSE)
    moves, summary = result.moves.validate(), result.summary
    assert summary.layers == len(result.layers) == moves.layer.max() + 1
    printing = (moves.e > 0) & (moves.role > Role.NONE) & (moves.role < Role.CUSTOM)
    assert np.unique(moves.z[printing]) == pytest.approx(result.layers.z_top)
    assert summary.models == ("part",)
    assert summary.health[0]["volume"] == pytest.approx(1000)
    assert summary.repairs == summary.warnings == summary.dropped == ()
    assert summary.print_seconds > 60
    assert "34 layers" in summary.text()


def test_progress_rises_from_nothing_and_names_every_stage() -> None:
    told: list[tuple[str, float]] = []
    slicer.slice([CUBE, CUBE], COARSE, progress=lambda stage, share: told.append((stage, share)))
    stages, shares = [stage for stage, _ in told], np.array([share for _, share in told])
    assert stages[0] == "reading"
    assert {"slicing", "walls", "surfaces", "infill", "travel", "finishing"} <= set(stages)
    assert shares[0] == 0
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] <= 1


# ---------------------------------------------------------------- several parts


def test_parts_on_one_plate_do_not_mix() -> None:
    ring = shapely.Point(0, 0).buffer(8).difference(shapely.Point(0, 0).buffer(5))
    plate = [extruded(ring, 3), CUBE, extruded(shapely.box(0, 0, 25, 4), 2)]
    result = printed(plate, {"label_objects": True})
    moves = result.moves
    assert len(moves.objects) == len(set(moves.objects)) == 3
    heights, alone = (3, 10, 2), [printed(model) for model in plate]
    for i, (height, single) in enumerate(zip(heights, alone, strict=True)):
        mine = (moves.object == i) & (moves.e > 0) & (moves.role > 0)
        assert moves.z[mine].max() == pytest.approx(height)
        assert moves.e[mine].sum() == pytest.approx(single.summary.filament_mm, rel=0.01)
    boxes = [shapely.box(x[m].min(), y[m].min(), x[m].max(), y[m].max()) for x, y, m in
             ((moves.x, moves.y, (moves.object == i) & (moves.e > 0)) for i in range(3))]  # fmt: skip
    assert all(a.distance(b) > 1 for i, a in enumerate(boxes) for b in boxes[:i])


LABELS = {
    "marlin": ("M486 S", r"M486 S-1"),
    "klipper": ("EXCLUDE_OBJECT_START", "EXCLUDE_OBJECT_END"),
    "reprapfirmware": ("M486 S", "M486 S-1"),
}


@pytest.mark.parametrize("flavour", LABELS)
def test_objects_are_labelled_for_their_firmware(flavour: str) -> None:
    begin, end = LABELS[flavour]
    text = printed([CUBE, CUBE], {"gcode_flavour": flavour, "label_objects": True} | COARSE).gcode().decode()
    lines = text.splitlines()
    assert sum(line.startswith(begin) and not line.startswith(end) for line in lines) >= 2 * 34
    current, strange = "", 0
    for line in lines:
        if line.startswith(end):
            current = ""
        elif line.startswith(begin):
            current = line
        elif line.startswith("G1") and " E" in line and " X" in line and not current:
            strange += 1
    assert strange == 0
    assert "M486" not in printed([CUBE, CUBE], {"gcode_flavour": flavour} | COARSE).gcode().decode()


def test_objects_of_one_name_keep_their_own_outlines() -> None:
    text = printed([CUBE, CUBE], {"gcode_flavour": "klipper", "label_objects": True} | COARSE).gcode().decode()
    defined = [line.split() for line in text.splitlines() if line.startswith("EXCLUDE_OBJECT_DEFINE")]
    assert len(defined) == 2
    assert all(one != other for one, other in zip(defined[0][1:], defined[1][1:], strict=True))


# ---------------------------------------------------------------- what is wrong


def test_strict_refuses_what_has_to_be_mended() -> None:
    (told,) = slicer.slice(HOLED, COARSE).summary.repairs
    assert "hole was filled" in told
    with pytest.raises(InputRefused, match=r"strict.*hole"):
        slicer.slice(HOLED, COARSE, strict=True)
    slicer.slice(CUBE, COARSE, strict=True)


REFUSED = {
    "no model": ([], {}, InputRefused, 3),
    "missing file": ("nowhere.stl", {}, InputRefused, 3),
    "no faces": ((CUBE[0], np.zeros((0, 3), int)), {}, InputRefused, 3),
    "faces of nothing": ((CUBE[0], CUBE[1] + 5), {}, InputRefused, 3),
    "negative corners": ((CUBE[0], CUBE[1] - 1), {}, InputRefused, 3),
    "nan": ((CUBE[0] * np.nan, CUBE[1]), {}, InputRefused, 3),
    "infinite": ((np.where(CUBE[0] > 5, np.inf, CUBE[0]), CUBE[1]), {}, InputRefused, 3),
    "flat": ((CUBE[0] * [1, 1, 0], CUBE[1]), {}, InputRefused, 3),
    "half a cube": ((CUBE[0], CUBE[1][:3]), {}, InputRefused, 3),
    "only two of four walls": ((CUBE[0], np.delete(CUBE[1], [0, 1, 4, 5], axis=0)), {}, InputRefused, 3),
    "too large": ((CUBE[0] * 100, CUBE[1]), {}, InputRefused, 3),
    "too small": ((CUBE[0] * 0.01, CUBE[1]), {}, InputRefused, 3),
    "too thin": ((CUBE[0] * [2, 0.01, 1], CUBE[1]), {}, NothingToPrint, 5),
    "unknown setting": (CUBE, {"layer_hight": 0.2}, SettingsRefused, 4),
    "out of range": (CUBE, {"layer_height": -1}, SettingsRefused, 4),
    "beads thinner than the layer": (CUBE, {"layer_height": 0.9, "first_layer_height": 0.9}, SettingsRefused, 4),
    "unknown placeholder": (CUBE, {"start_gcode": "{nonsense}"}, TemplateError, 4),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_said_in_one_line_each(case: str) -> None:
    model, settings, error, code = REFUSED[case]
    with pytest.raises(error) as caught:
        slicer.slice(model, settings)
    assert getattr(caught.value, "exit_code", 4) == code  # gcode knows nothing of commands
    lines = str(caught.value).splitlines()
    assert all(line.strip() for line in lines)
    assert len(lines) == 1 or code == 4  # each of several settings


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), (1, 1, 0)])
def test_senseless_scales_are_refused(scale: object) -> None:
    with pytest.raises((SlicerError, SettingsRefused)):
        slicer.slice(CUBE, COARSE, scale=scale)


def test_floating_parts_are_warned_about() -> None:
    (told,) = printed(joined(CUBE, (CUBE[0] + [0, 0, 12], CUBE[1]))).summary.warnings
    assert "between z = 10 and 12" in told


def test_a_result_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = slicer.slice(CUBE, COARSE)
    target = tmp_path / "cube.gcode"
    result.write(target)
    assert target.read_bytes() == result.gcode()
    assert list(tmp_path.iterdir()) == [target]

    def broken(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("slicer.job.write", broken)
    with pytest.raises(KeyboardInterrupt):
        result.write(target)
    assert list(tmp_path.iterdir()) == [target]
    assert target.stat().st_size > 1000


def test_jobs_in_threads_give_the_same_bytes() -> None:
    jobs = [(CUBE, {"infill_pattern": pattern} | COARSE) for pattern in ("gyroid", "grid", "cubic")] * 3
    wanted = [slicer.slice(*job, workers=1).gcode() for job in jobs[:3]] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda job: slicer.slice(*job, workers=3).gcode(), jobs)) == wanted


def test_settings_that_nothing_else_changes_leave_the_plain_cube_alone() -> None:
    assert printed(CUBE, COARSE).gcode() == printed(CUBE, COARSE | dict(PLAIN)).gcode()
