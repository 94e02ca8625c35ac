"""The names that `gcode` gives away are there, and importing it stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gcode


@pytest.mark.parametrize("name", sorted(gcode._HOMES))
def test_names(name):
    assert getattr(gcode, name) is getattr(sys.modules[gcode._HOMES[name]], name)
    assert name in dir(gcode)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'slice'"):
        _ = gcode.slice


def test_importing_is_light():
    program = "import sys, gcode.reader, gcode.writer, gcode.planner; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"scipy", "matplotlib", "trimesh", "shapely", "pydantic", "rich", "click"}
    assert not heavy & set(loaded)


def test_imports_none_of_ours():
    folder = Path(gcode.__file__).parent
    ours = {"slicer", "profiles", "printer", "fabthread"}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
            )
            assert not ours & {name.split(".")[0] for name in names}, path
