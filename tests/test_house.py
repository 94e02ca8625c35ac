"""What the house promises and no other tool checks: small modules, no clocks in stages, light imports."""

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("fabthread", "slicer", "gcode", "profiles", "printer")
SOURCES = sorted(
    path.relative_to(REPOSITORY).as_posix() for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")
)
KERNELS = [name for name in SOURCES if "/kernels/" in name and not name.endswith("__init__.py")]
FACES = ("fabthread/", "profiles/document.py")  # what talks to people
TIMED = ("slicer/pipeline.py", "printer/clock.py")  # what may look at a clock
WIRED = ("printer/transport/tcp.py", "printer/drivers/push.py", "printer/virtual/")  # what may open a socket
UNSTEADY = {"time", "datetime", "random", "secrets", "uuid", "socket", "tempfile"}


def tree(name: str) -> ast.Module:
    return ast.parse((REPOSITORY / name).read_text(encoding="utf-8"))


def imported(name: str) -> set[str]:
    """Return the top names of all modules that a source imports anywhere."""
    found = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_modules_are_small_and_say_what_they_are_for(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    limit = 700 if name in KERNELS else 400  # a kernel declares each of its variables in a line of its own
    assert text.count("\n") < limit, f"{name} has grown too long: split it"
    if text.strip():
        assert ast.get_docstring(tree(name)), f"{name} has no docstring"


@pytest.mark.parametrize("name", [n for n in SOURCES if not n.startswith("fabthread/")])
def test_the_same_input_gives_the_same_output(name):
    """No stage reads a clock, rolls dice or asks the machine anything."""
    forbidden = UNSTEADY - ({"time"} if name in TIMED else set()) - ({"socket"} if name.startswith(WIRED) else set())
    assert not imported(name) & forbidden
    random = [n for n in ast.walk(tree(name)) if isinstance(n, ast.Attribute) and n.attr == "random"]
    assert not random, f"{name} uses numpy.random"


@pytest.mark.parametrize("name", [n for n in SOURCES if not n.startswith(FACES)])
def test_only_the_faces_print(name):
    calls = [n.func.id for n in ast.walk(tree(name)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert "print" not in calls


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_depend_on_nothing_but_cython_and_numpy(name):
    first = (REPOSITORY / name).read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True")
    assert imported(name) <= {"__future__", "cython", "math", "numpy", "typing"}


@pytest.mark.parametrize("name", [n for n in SOURCES if n not in KERNELS and not n.endswith("__main__.py")])
def test_examples_in_docstrings_are_true(name):
    module = importlib.import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    assert doctest.testmod(module).failed == 0


def loaded_by(statement: str) -> set[str]:
    """Return the modules in memory after a statement in a new interpreter."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_needs_no_numbers():
    modules = loaded_by("from fabthread.cli import root\nroot.main(['--help'], standalone_mode=False)")
    assert not modules & {"numpy", "shapely", "rich", "matplotlib", "profiles.schema"}


def test_slicing_imports_only_what_every_job_needs():
    modules = loaded_by("import slicer.pipeline, fabthread.slice_cli, profiles.loader, gcode.writer")
    heavy = {"scipy", "trimesh", "matplotlib", "rich", "pydantic", "networkx", "lxml", "asyncio", "unittest"}
    assert not modules & heavy
