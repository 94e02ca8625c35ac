"""`fabthread check`, `inspect` and `diff`, and the checks that `slice` makes of its own."""

import gzip
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fabthread import cli
from gcode.checks import RULES
from gcode.checks import run as run_checks
from gcode.proof.model import UnreadableModel
from gcode.reader import read
from profiles.files import shipped
from profiles.loader import load
from slicer import UnsafeGcode, slice
from slicer.tools.machine import limits_of

REPOSITORY = Path(__file__).parents[2]
PLAIN = "M104 S200\nG28\nM109 S200\nM83\nG1 Z0.2 F600\nG1 X50 Y50 F6000\nG1 X70 E0.75 F1800\nG1 Y70 E0.75\nM104 S0\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.root, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def cube(sample_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cube sliced for a machine of some character."""
    target = tmp_path_factory.mktemp("judged") / "cube.gcode"
    done = run("slice", sample_models / "calibration_cube.stl", "-o", target, "--printer", "prusa-mk4")
    assert done.exit_code == 0, done.output
    return target


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A file by hand without any fault."""
    path = tmp_path / "plain.gcode"
    path.write_text(PLAIN)
    return path


def test_our_own_file_passes_on_its_own_machine(cube):
    done = run("check", cube)
    assert done.exit_code == 0, done.output
    assert "MK4" in done.output
    assert "error" not in done.output


def test_another_machine_judges_a_file_with_the_filament_it_was_sliced_for(sample_models, tmp_path):
    run("slice", sample_models / "calibration_cube.stl", "-o", tmp_path / "cube.gcode", "--filament", "petg")
    assert "on MK4 with Generic PETG" in run("check", tmp_path / "cube.gcode", "--printer", "prusa-mk4").output
    changed = run("check", tmp_path / "cube.gcode", "--printer", "prusa-mk4", "--filament", "abs")
    assert "on MK4 with Generic ABS" in changed.output


@pytest.mark.parametrize("printer", shipped("printer"))
def test_files_for_every_shipped_printer_are_clean_in_memory_and_read_back(printer, sample_models):
    result = slice(sample_models / "calibration_cube.stl", load(printer), scale=(1, 1, 0.1))
    limits = limits_of(result.settings)
    in_memory, problems = run_checks(result.moves, limits), []
    read_back = run_checks(read(result.gcode(), problems), limits, problems=problems)
    assert {one.severity for one in in_memory} <= {"info"}
    assert [(one.rule, one.count) for one in read_back] == [(one.rule, one.count) for one in in_memory]


def test_the_exit_code_is_the_gravest_severity(plain):
    assert run("check", plain).exit_code == 0
    plain.write_text(PLAIN + "M81\n")
    assert run("check", plain).exit_code == 8
    plain.write_text(PLAIN + "M81\nM500\n")
    assert run("check", plain).exit_code == 7
    assert run("check", plain, "--rule", "stored-setting=warning").exit_code == 8
    assert run("check", plain, "--rule", "stored-setting=off", "--rule", "power-off=info").exit_code == 0
    assert run("check", plain, "--set", 'check_rules=["stored-setting=off","power-off=off"]').exit_code == 0


def test_findings_say_where_and_what_to_do(plain):
    plain.write_text(PLAIN.replace("X70", "X240"))
    done = run("check", plain)
    assert done.exit_code == 7
    assert "1 error" in done.output
    assert "outside-volume: X beyond the bed" in done.output
    assert "line 7, layer 1" in done.output
    assert "240 mm, limit 220" in done.output
    assert RULES["outside-volume"].remedy in done.output


def test_findings_for_programs(plain):
    plain.write_text(PLAIN.replace("X70", "X240"))
    found = json.loads(run("check", plain, "--json", "--printer", "creality-ender3").output)
    assert found["counts"] == {"error": 1, "warning": 0, "info": 0}
    assert found["profiles"]["printer"] == "creality-ender3"
    (one,) = found["findings"]
    assert (one["rule"], one["line"], one["value"]) == ("outside-volume", 7, 240.0)


def test_a_bad_rule_or_file_is_a_clear_error(plain, tmp_path):
    assert run("check", plain, "--rule", "strining=off").exception is not None
    assert CliRunner().invoke(cli.root, ["check"]).exit_code == 2
    with pytest.raises(SystemExit) as gone:
        cli.main(["check", str(tmp_path / "nowhere.gcode")])
    assert gone.value.code == 3


def test_all_rules_are_listed():
    done = run("check", "--rules")
    assert done.exit_code == 0
    assert [line.split()[1] for line in done.output.splitlines()] == list(RULES)


UNSAFE = {"start_gcode": "M109 S210"}


def test_slicing_refuses_to_write_what_is_not_safe(sample_models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    order = ["slice", str(sample_models / "calibration_cube.stl"), "--set", "start_gcode=M109 S210"]
    with pytest.raises(SystemExit) as refused:
        cli.main(order)
    assert refused.value.code == 7
    assert "not-homed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SystemExit) as done:
        cli.main([*order, "--no-check"])
    assert done.value.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["calibration_cube.gcode"]


def test_the_library_refuses_too_and_says_why(sample_models):
    with pytest.raises(UnsafeGcode, match="G28") as refused:
        slice(sample_models / "calibration_cube.stl", UNSAFE)
    assert [one.rule for one in refused.value.findings] == ["not-homed"]
    assert slice(sample_models / "calibration_cube.stl", UNSAFE, check=False).summary.warnings == ()
    loose = UNSAFE | {"check_rules": ["not-homed=warning"]}
    (warning,) = slice(sample_models / "calibration_cube.stl", loose).summary.warnings
    assert warning.startswith("not-homed: ")


def test_inspect_tells_what_a_person_wants(cube):
    done = run("inspect", cube)
    assert done.exit_code == 0, done.output
    for word in (
        "20.0 x 20.0 x 20.0 mm",
        "100 layers of 0.2 mm",
        "MK4",
        "filament",
        "nozzle 170 > 215",
        "speeds mm/s",
        "travel",
    ):
        assert word in done.output


def test_inspect_for_programs(cube):
    found = json.loads(run("inspect", cube, "--json").output)
    assert found["layers"] == 100
    assert found["filament_g"] == pytest.approx(found["filament_cm3"] * 1.24)
    assert found["part_high"][2] == pytest.approx(20.0)
    assert found["objects"] == ["calibration_cube"]


def test_pictures_are_taken_out(cube, tmp_path):
    folder = tmp_path / "pictures"
    assert run("inspect", cube, "--thumbnails", folder).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["cube_16x16.png", "cube_220x124.png"]
    assert (folder / "cube_16x16.png").read_bytes().startswith(b"\x89PNG")
    bare = tmp_path / "bare.gcode"
    bare.write_text(PLAIN)
    assert "holds no pictures" in run("inspect", bare, "--thumbnails", tmp_path / "none").stderr
    assert not (tmp_path / "none").exists()
    (tmp_path / "taken").write_text("")
    refused = run("inspect", cube, "--thumbnails", tmp_path / "taken")
    assert refused.exit_code == 6


def test_settings_are_told_and_compared(cube, tmp_path):
    found = json.loads(run("inspect", cube, "--json").output)
    assert found["settings"]["layer_height"] == "0.2"
    assert found["slicer"] == "fabthread"
    other = tmp_path / "other.gcode"
    other.write_text(cube.read_text().replace("; brim_width = 5.0", "; brim_width = 6.0"))
    done = run("diff", cube, other)
    assert done.exit_code == 0
    assert "both print the same" in done.output
    assert "settings    brim_width: 5.0 > 6.0" in done.output


def test_diff_is_silent_about_the_same(cube, tmp_path):
    other = tmp_path / "other.gcode"
    other.write_text(cube.read_text().replace("by fabthread\n", "by fabthread\n; a remark\n", 1))
    done = run("diff", cube, other)
    assert (done.exit_code, done.output) == (0, "verdict     both print the same\n")


def test_diff_tells_what_changed(plain, tmp_path):
    other = tmp_path / "other.gcode"
    other.write_text(PLAIN.replace("Y70", "Y80").replace("S200", "S205"))
    done = run("diff", plain, other)
    assert done.exit_code == 1
    for word in (
        "the geometry differs",
        "1 of 2 and 2 beads",
        "z 0.2, layer 1",
        "10.00 mm away",
        "200 0 C > 205 0 C",
        "M104 S200",
    ):
        assert word in done.output
    found = json.loads(run("diff", plain, other, "--json").output)
    assert found["verdict"] == "different geometry"
    assert found["a"]["layers"] == found["b"]["layers"] == 1


@pytest.mark.parametrize("peer", ["PrusaSlicer", "CuraEngine", "Slic3r"])
def test_files_of_other_slicers_have_no_errors(peer, sample_models, tmp_path):
    from benchmarks.peers import installed

    if peer not in installed():
        pytest.skip(f"{peer} is not installed here")
    target = tmp_path / "peer.gcode"
    command = installed()[peer](sample_models / "calibration_cube.stl", target)
    assert shutil.which(command[0])
    subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    printer = REPOSITORY / "benchmarks" / "matched" / "printer.toml"
    found = json.loads(run("check", target, "--json", "--printer", printer).output)["findings"]
    assert {one["rule"] for one in found if one["severity"] != "info"} <= {"left-hot"}
    assert run("inspect", target, "--printer", printer).exit_code == 0
    by_itself = json.loads(run("check", target, "--json").output)
    assert by_itself["counts"]["error"] == 0
    assert (by_itself["profiles"] == {}) == (peer != "CuraEngine")  # the others tell of their machine


def test_settings_of_ours_are_found_in_packed_files_too(cube, tmp_path):
    packed = tmp_path / "cube.gcode.gz"
    packed.write_bytes(gzip.compress(cube.read_bytes()))
    done = run("check", packed, "--set", "max_print_height=10")
    assert "MK4" in done.output
    assert "above the build volume" in done.output
    assert done.exit_code == 7


# ---------------------------------------------------------------- files of several plates


@pytest.fixture
def several(plain: Path, cube: Path, tmp_path: Path) -> Path:
    """An archive of two plates: the file by hand, and the cube."""
    path = tmp_path / "two.gcode.3mf"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(plain, "Metadata/plate_1.gcode")
        packed.write(cube, "Metadata/plate_4.gcode")
    return path


@pytest.mark.parametrize("command", ["inspect", "check", "preview", "print --virtual --speed max", "verify", "diff"])
def test_of_several_plates_one_is_chosen(command, several, cube, sample_models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FABTHREAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FABTHREAD_CONFIG", str(tmp_path / "config"))
    verb, *options = command.split()
    others = {"verify": [sample_models / "calibration_cube.stl"], "diff": [cube]}.get(verb, [])
    order = [str(word) for word in (verb, *options, *others, several)]
    with pytest.raises(SystemExit) as refused:
        cli.main(order)
    assert refused.value.code == 3
    assert "two.gcode.3mf: holds the plates 1, 4: say which (plate=, --plate)" in capsys.readouterr().err
    with pytest.raises(SystemExit) as absent:
        cli.main([*order, "--plate", "2"])
    assert absent.value.code == 3
    assert "has no plate 2: its plates are 1, 4" in capsys.readouterr().err
    with pytest.raises(SystemExit) as done:
        cli.main([*order, "--plate", "4"])
    assert done.value.code == 0, capsys.readouterr().err


def test_two_plates_of_one_file_are_compared(several, plain, cube):
    assert run("diff", several, several, "--plate", "4,4").exit_code == 0
    assert run("diff", several, several, "--plate", "1,4").exit_code == 1
    assert run("diff", several, cube, "--plate", "4").exit_code == 0
    assert run("diff", plain, several, "--plate", "1").exit_code == 0
    assert run("diff", several, several, "--plate", "one").exit_code == 2


def test_where_there_are_no_plates_none_can_be_chosen(plain, sample_models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for order in (["check", plain], ["diff", plain, plain], ["preview", sample_models / "calibration_cube.stl"]):
        with pytest.raises(SystemExit) as refused:
            cli.main([*map(str, order), "--plate", "1"])
        assert refused.value.code == 3
        assert "has no plates: it is not an archive" in capsys.readouterr().err
    with pytest.raises(SystemExit) as refused:
        cli.main(["diff", str(plain), "nowhere.gcode", "--plate", "1"])
    assert refused.value.code == 3


def test_only_one_thing_goes_to_stdout(cube, sample_models):
    model = sample_models / "calibration_cube.stl"
    for order in (
        ["verify", model, cube, "--picture", "-", "--json"],
        ["preview", cube, "-o", "-", "--json"],
        ["slice", model, "-o", "-", "--preview", "-"],
    ):
        done = run(*order)
        assert done.exit_code == 2, order
        assert "only one" in done.stderr


def test_pictures_are_named_as_what_they_are(cube, sample_models, tmp_path):
    model = sample_models / "calibration_cube.stl"
    for order in (["verify", model, cube, "--picture"], ["preview", cube, "-o"], ["slice", model, "--preview"]):
        done = run(*order, tmp_path / "picture.jpg")
        assert done.exit_code == 2, order
        assert "picture.jpg: a picture is .png" in done.stderr
        assert not list(tmp_path.iterdir())


def test_models_come_before_the_gcode(tmp_path):
    model, printed = tmp_path / "part.stl", tmp_path / "part.gcode"
    refused = run("verify", printed, model)
    assert refused.exit_code == 2
    assert "the models come first" in refused.output


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no endless device")
def test_a_device_is_no_model_to_verify(tmp_path):
    refused = run("verify", "/dev/zero", tmp_path / "part.gcode").exception
    assert isinstance(refused, UnreadableModel)
    assert "pipe or device" in str(refused)


def test_rules_are_told_to_programs_too():
    told = json.loads(run("check", "--rules", "--json").output)
    assert {each["rule"] for each in told} == set(RULES)
    assert told[0].keys() == {"rule", "severity", "what"}
    assert run("check", "--json").exit_code == 2  # of which file?


def test_a_record_is_compared_by_its_beads(cube, tmp_path):
    commented = tmp_path / "commented.gcode"
    lines = cube.read_text().splitlines()
    commented.write_text("\n".join(line for line in lines if not line.startswith(("M104", "M140", ";"))))
    assert run("diff", cube, commented).exit_code == 1
    alike = run("diff", cube, commented, "--beads")
    assert alike.exit_code == 0, alike.output
    last = max(k for k, line in enumerate(lines) if re.match(r"G1 X\S+ (Y\S+ )?E[.\d]", line))
    commented.write_text("\n".join(lines[:last] + lines[last + 1 :]))
    assert run("diff", cube, commented, "--beads").exit_code == 1
