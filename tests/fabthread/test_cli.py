"""The command line as its users meet it: what it prints, what it leaves behind, and its exit codes."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from fabthread import cli, preview_cli, progress
from fabthread.errors import EXIT_CODES
from gcode import pictures
from profiles.values import KEYS


def box_stl(x: float = 10.0, y: float = 10.0, z: float = 2.0) -> bytes:
    """Return a binary STL of a box."""
    corners = np.array([[i, j, k] for i in (0, x) for j in (0, y) for k in (0, z)], np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))]
    rows = np.zeros(12, [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")])
    rows["corners"] = corners[np.array(faces)]
    return bytes(80) + np.uint32(12).tobytes() + rows.tobytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory with one small model."""
    (tmp_path / "box.stl").write_bytes(box_stl())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capfdbinary, *arguments):
    """Return exit code, stdout and stderr of a command line."""
    with pytest.raises(SystemExit) as done:
        cli.main([str(a) for a in arguments])
    out, err = capfdbinary.readouterr()
    return done.value.code, out, err.decode()


def process(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    command = [sys.executable, "-m", "fabthread", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment} | options
    return subprocess.Popen(command, **options)


def test_one_model_and_nothing_else_leaves_gcode_beside_you_and_a_summary(folder, capfdbinary):
    code, out, err = run(capfdbinary, "slice", "box.stl")
    assert (code, err) == (0, "")
    assert (folder / "box.gcode").read_bytes().count(b";LAYER_CHANGE") == 10
    for words in b"10 layers", b"filament", b"first layer", b"sliced in", b"box.gcode":
        assert words in out
    assert sorted(p.name for p in folder.iterdir()) == ["box.gcode", "box.stl"]


def test_json_is_the_summary_for_programs(folder, capfdbinary):
    code, out, err = run(capfdbinary, "slice", "box.stl", "--json", "-o", "part.gcode")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["layers"] == 10
    assert facts["output"] == "part.gcode"
    assert facts["size"] == pytest.approx([10, 10, 2], abs=0.1)
    assert facts["health"][0]["open_edges"] == 0
    assert facts["filament_mm"] > 10


def test_stdout_gets_the_bytes_of_the_file_and_stderr_the_summary(folder, capfdbinary):
    run(capfdbinary, "slice", "box.stl")
    code, out, err = run(capfdbinary, "slice", "box.stl", "-o", "-")
    assert code == 0
    assert out == (folder / "box.gcode").read_bytes()
    assert "10 layers" in err


def test_settings_come_from_profiles_and_set(folder, capfdbinary):
    code, out, _ = run(
        capfdbinary, "slice", "box.stl", "--printer", "prusa-mk3s", "--set", "layer_height=0.1", "--json"
    )
    assert code == 0
    assert json.loads(out)["layers"] == 19  # the first stays 0.2
    assert json.loads(out)["profiles"]["printer"] == "prusa-mk3s"
    assert b"layer_height = 0.1" in (folder / "box.gcode").read_bytes()


def test_the_part_can_be_scaled_turned_and_moved(folder, capfdbinary):
    arguments = ["--scale", "2,2,1", "--rotate", "90,0,0", "--center", "60,70", "--json", "--set", "skirt_loops=0"]
    code, out, _ = run(capfdbinary, "slice", "box.stl", *arguments)
    assert code == 0
    assert json.loads(out)["size"] == pytest.approx([20, 2, 20], abs=0.1)
    from gcode.reader import read

    moves = read(folder / "box.gcode")
    inside = (moves.e > 0) & (moves.layer >= 0)
    assert (moves.x[inside].min() + moves.x[inside].max()) / 2 == pytest.approx(60, abs=0.1)
    assert (moves.y[inside].min() + moves.y[inside].max()) / 2 == pytest.approx(70, abs=0.1)


def test_explain_says_where_a_value_comes_from(folder, capfdbinary):
    code, out, _ = run(capfdbinary, "slice", "--explain", "layer_height", "--set", "layer_height=0.1")
    assert code == 0
    assert b"--set" in out
    code, out, _ = run(capfdbinary, "slice", "--explain", "box.stl")
    assert code == 0
    assert out.count(b"\n") > 100
    assert json.loads(run(capfdbinary, "slice", "box.stl", "--explain", "--json")[1]).keys() == KEYS.keys()
    assert not (folder / "box.gcode").exists()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("fabthread sl", "slice"),
        ("fabthread slice --printer prusa-mk4", "prusa-mk4"),
        ("fabthread slice --filament pe", "petg"),
        ("fabthread print --printer sh", "shop"),
    ],
)
def test_the_shell_completes_commands_profiles_and_printers(typed, offered, folder, monkeypatch):
    monkeypatch.setenv("FABTHREAD_CONFIG", str(folder))
    (folder / "printers.toml").write_text('[shop]\nkind = "serial"\naddress = "auto"\n')
    *before, begun = typed.split()
    complete = BashComplete(cli.root, {}, "fabthread", "_FABTHREAD_COMPLETE")
    assert offered in [item.value for item in complete.get_completions(before[1:], begun)]


def test_a_file_is_sliced_again_from_the_settings_in_it(folder, capfdbinary):
    arguments = [
        "--printer",
        "prusa-mk4",
        "--filament",
        "petg",
        "--set",
        "layer_height=0.1",
        "--set",
        "brim_type=outer",
    ]
    run(capfdbinary, "slice", "box.stl", "-o", "first.gcode", *arguments)
    assert run(capfdbinary, "slice", "box.stl", "-o", "again.gcode", "--like", "first.gcode")[0] == 0
    assert (folder / "first.gcode").read_bytes() == (folder / "again.gcode").read_bytes()
    code, out, _ = run(capfdbinary, "slice", "box.stl", "--like", "first.gcode", "--set", "layer_height=0.2", "--json")
    assert (code, json.loads(out)["layers"]) == (0, 10)


def test_pictures_are_drawn_from_models_and_gcode(folder, capfdbinary):
    assert run(capfdbinary, "slice", "box.stl", "--preview", "box.png")[0] == 0
    assert run(capfdbinary, "preview", "box.gcode", "--layer", "2", "-o", "two.png")[0] == 0
    assert run(capfdbinary, "preview", "box.stl", "--layer", "1-3", "-o", "some.png")[0] == 0
    for name in "box.png", "two.png", "some.png":
        assert (folder / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    options = [
        "--view",
        "top",
        "--colour",
        "time",
        "--printer",
        "prusa-mk4",
        "--travels",
        "--seams",
        "--size",
        "640,480",
    ]
    code, out, _ = run(capfdbinary, "preview", "box.gcode", *options, "-o", "box.svg", "--json")
    assert code == 0
    assert json.loads(out)["colour"] == "time of the layer, s"
    assert b"seam</text>" in (folder / "box.svg").read_bytes()
    assert set(preview_cli.COLOURS) == set(pictures.CHOICES)  # said twice, so that --help need not import them


REFUSALS = [
    (2, ["slice"], "MODEL"),
    (2, ["slice", "box.stl", "--colour", "red"], "--colour"),
    (2, ["slice", "box.stl", "--set", "layer_height"], "KEY=VALUE"),
    (2, ["slice", "box.stl", "--rotate", "90"], "3 numbers"),
    (2, ["slice", "box.stl", "-o", "-", "--json"], "stdout"),
    (2, ["preview", "box.stl", "--layer", "4-2"], "range"),
    (2, ["preview", "box.stl", "--layer", "99"], "10 layers"),
    (2, ["slice", "box.stl", "--like", "absent.gcode"], "absent.gcode"),
    (2, ["slice", "box.stl", "--like", "box.stl", "--printer", "prusa-mk4"], "--printer"),
    (3, ["slice", "absent.stl"], "absent.stl"),
    (3, ["slice", "garbage.stl"], "garbage.stl"),
    (3, ["slice", "box.stl", "--scale", "1000"], "--scale"),
    (3, ["preview", "absent.gcode"], "absent.gcode"),
    (4, ["slice", "box.stl", "--set", "layer_hieght=0.2"], "did you mean layer_height"),
    (4, ["slice", "box.stl", "--set", "layer_height=9"], "layer_height"),
    (4, ["slice", "box.stl", "--printer", "prusa-mk33"], "prusa-mk3"),
    (4, ["slice", "box.stl", "--like", "box.stl"], "holds no settings"),
    (5, ["slice", "box.stl", "--scale", "1,0.001,1"], ""),
    (6, ["slice", "box.stl", "-o", "no/such/place.gcode"], "no directory"),
    (6, ["slice", "box.stl", "-o", "."], "directory"),
    (2, ["slice", "box.stl", "-o", "box.stl"], "name of a model"),
    (2, ["slice", "box.stl", "-o", "other.3mf"], "name of a model"),
    (2, ["slice", "box.stl", "--like", "/dev/null"], "device"),
    (6, ["slice", "box.stl", "-o", "alias.gcode"], "what is read"),
    (2, ["slice", "box.stl", "-o", "box.png", "--preview", "box.png"], "both"),
    (6, ["slice", "box.stl", "--preview", "no/picture.png"], "no directory"),
]


@pytest.mark.parametrize(("code", "arguments", "words"), REFUSALS)
def test_what_the_user_got_wrong_is_one_clear_line_and_leaves_no_file(folder, capfdbinary, code, arguments, words):
    (folder / "garbage.stl").write_bytes(b"\x00\x01not a mesh at all" * 9)
    os.link(folder / "box.stl", folder / "alias.gcode")
    before = sorted(folder.iterdir())
    got, out, err = run(capfdbinary, *arguments)
    assert got == code, err
    assert out == b""
    assert words in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= (4 if code == 2 else 2)
    assert sorted(folder.iterdir()) == before


def test_an_existing_file_survives_a_refusal(folder, capfdbinary):
    (folder / "box.gcode").write_text("precious")
    assert run(capfdbinary, "slice", "box.stl", "--set", "layer_height=9")[0] == 4
    assert (folder / "box.gcode").read_text() == "precious"


def test_the_ending_of_the_name_says_how_the_file_is_packed(folder, capfdbinary):
    for name in ("box.gcode", "box.gcode.gz", "box.bgcode"):
        assert run(capfdbinary, "slice", "box.stl", "-o", name)[0] == 0
    text = (folder / "box.gcode").read_bytes()
    assert gzip.decompress((folder / "box.gcode.gz").read_bytes()) == text
    assert (folder / "box.bgcode").read_bytes().startswith(b"GCDE")
    assert run(capfdbinary, "diff", "box.gcode", "box.bgcode", "--json")[0] == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "order", [["--help"], ["profiles", "list"], ["slice", "box.stl"], ["slice", "box.stl", "-o", "-"]]
)
def test_an_output_without_room_is_said_in_one_line(order, folder):
    with open("/dev/full", "wb") as full, process(*order, cwd=folder, stdout=full) as job:
        said = job.communicate(timeout=60)[1].decode()
        assert job.returncode == 6
    assert "No space left" in said
    assert len([line for line in said.splitlines() if line.startswith("Error")]) == len(said.splitlines())


@pytest.mark.skipif(os.name == "nt", reason="a shell closes it")
def test_an_output_that_was_closed_is_not_missed(folder):
    with process("slice", "box.stl", cwd=folder, preexec_fn=lambda: os.close(1)) as job:
        assert job.communicate(timeout=60)[1] == b""
        assert job.returncode == 0


def test_a_device_is_written_and_not_replaced(folder, capfdbinary):
    assert run(capfdbinary, "slice", "box.stl", "-o", os.devnull)[0] == 0
    assert not os.path.isfile(os.devnull)


def test_a_bug_is_reported_without_a_traceback(folder, capfdbinary, monkeypatch):
    monkeypatch.setattr("slicer.summary.Summary.text", lambda self: 1 // 0)
    code, _, err = run(capfdbinary, "slice", "box.stl")
    assert code == 1
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    monkeypatch.setenv("FABTHREAD_TRACEBACK", "1")
    assert "Traceback" in run(capfdbinary, "slice", "box.stl")[2]


def test_a_reader_that_goes_away_is_no_error_message(folder):
    (folder / "tall.stl").write_bytes(box_stl(60, 60, 60))
    with process("slice", "tall.stl", "-o", "-", cwd=folder) as job:
        assert job.stdout.read(10)
        job.stdout.close()
        assert job.stderr.read() == b""
        assert job.wait(60) == 141


@pytest.mark.parametrize("order", [["--help"], ["slice", "--help"], ["check", "--rules"], ["profiles", "list"]])
def test_a_reader_that_was_never_there_is_none_either(order, folder):
    reading, writing = os.pipe()
    os.close(reading)
    with process(*order, cwd=folder, stdout=writing) as job:
        os.close(writing)
        assert (job.communicate(timeout=60)[1], job.returncode) == (b"", 141)


def test_an_interrupt_leaves_no_file(folder):
    (folder / "huge.stl").write_bytes(box_stl(200, 200, 200))
    job = process("slice", "huge.stl", "--set", "layer_height=0.05", "--set", "infill_density=90%", cwd=folder)
    time.sleep(1.0)
    job.send_signal(signal.SIGINT)
    error = job.communicate(timeout=60)[1].decode()
    assert job.returncode == 130, error
    assert error.strip() == "interrupted"
    assert sorted(p.name for p in folder.iterdir()) == ["box.stl", "huge.stl"]


def test_help_documents_every_exit_code_and_teaches_by_example():
    text = CliRunner().invoke(cli.root, ["--help"]).output
    for code, meaning in EXIT_CODES.items():
        assert f"{code}" in text
        assert meaning in text
    assert "fabthread slice part.stl" in text
    for command in cli.COMMANDS:
        assert command in text
        assert CliRunner().invoke(cli.root, [command, "--help"]).exit_code == 0


def test_version_is_that_of_the_distribution():
    from fabthread import __version__

    assert __version__ in CliRunner().invoke(cli.root, ["--version"]).output


def test_a_bar_appears_only_on_terminals_and_for_long_jobs(capsys, monkeypatch):
    with progress.Progress() as show:
        show("walls", 0.5)
    with progress.Progress(enabled=True) as show:
        show("walls", 0.5)
        assert show._bar is None
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with progress.Progress(enabled=True) as show:
        show("walls", 0.5)
        assert show._bar is not None
    assert capsys.readouterr().out == ""
