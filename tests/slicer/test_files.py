"""Files are written whole or not at all."""

import os

import pytest

from slicer.tools import files


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "out.gcode"
    path.write_text("old")
    files.write(path, [b"G1 ", b"X1\n"])
    assert path.read_bytes() == b"G1 X1\n"
    assert os.listdir(tmp_path) == ["out.gcode"]


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.gcode"
    path.write_text("old")

    def chunks():
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write(path, chunks())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.gcode"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.gcode").write_text("old")
    (tmp_path / "link.gcode").symlink_to("real.gcode")
    files.write(tmp_path / "link.gcode", [b"new"])
    assert (tmp_path / "link.gcode").is_symlink()
    assert (tmp_path / "real.gcode").read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.write(tmp_path / "pipe", [b"G28"])
    assert os.read(reader, 10) == b"G28"
    os.close(reader)


def test_stdout_is_the_name_of_a_dash(capfdbinary):
    files.write("-", [b"G28\n"])
    assert capfdbinary.readouterr().out == b"G28\n"


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.write(tmp_path / "no" / "out.gcode", [b""])
