"""What is built holds what it needs and nothing else, and works without a C compiler."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("fabthread", "slicer", "gcode", "profiles", "printer")
LEFT = shutil.ignore_patterns(".*", "build", "dist", "*.so", "*.pyd", "*.c", "__pycache__", "*.egg-info", "tests")


def build(tree: Path, kind: str, **environment: str) -> Path:
    """Build "wheel" or "sdist" as pip does, and return the file."""
    code = f"from setuptools import build_meta; print('\\n' + build_meta.build_{kind}('dist'))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tree, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tree / "dist" / done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A copy of the sources without anything that was built."""
    tree = tmp_path_factory.mktemp("clone") / "fabthread"
    shutil.copytree(REPOSITORY, tree, ignore=LEFT)
    (tree / "tests").mkdir()
    (tree / "tests" / "test_nothing.py").touch()
    return tree


@pytest.fixture(scope="module")
def pure_wheel(clone) -> Path:
    """A wheel without compiled kernels."""
    return build(clone, "wheel", FABTHREAD_PURE="1")


def needed() -> set[str]:
    """Return every file of the packages that an installation needs."""
    found = {path for package in PACKAGES for path in (REPOSITORY / package).rglob("*")}
    return {path.relative_to(REPOSITORY).as_posix() for path in found if path.suffix in (".py", ".toml", ".typed")}


def test_a_wheel_holds_the_packages_and_nothing_else(pure_wheel):
    names = set(zipfile.ZipFile(pure_wheel).namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == needed()
    assert {name.split(".dist-info/")[1] for name in metadata} >= {"METADATA", "entry_points.txt", "licenses/LICENSE"}
    assert pure_wheel.name.endswith("-py3-none-any.whl")


def test_a_source_distribution_holds_what_a_build_needs_and_nothing_else(clone):
    archive = build(clone, "sdist", FABTHREAD_PURE="1")
    with tarfile.open(archive) as packed:
        names = {name.split("/", 1)[1] for name in packed.getnames() if "/" in name}
    files = {name for name in names if "." in name.rsplit("/", 1)[-1] and ".egg-info" not in name}
    build_files = {"pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "README.md", "CHANGELOG.md"}
    assert files == needed() | build_files
    assert "LICENSE" in names


def test_without_a_working_compiler_it_still_builds(clone, tmp_path):
    tree = tmp_path / "fabthread"
    shutil.copytree(clone, tree, ignore=shutil.ignore_patterns("build", "dist", "*.egg-info"))
    for kernel in (tree / "slicer" / "kernels").glob("[a-v]*.py"):  # a few are enough, and quicker
        kernel.unlink()
    names = zipfile.ZipFile(build(tree, "wheel", CC="/bin/false")).namelist()
    assert "slicer/kernels/weld.py" in names
    assert not [name for name in names if name.endswith(".so")]


def test_without_compiled_kernels_it_says_so_and_slices_to_the_same_bytes(pure_wheel, tmp_path):
    zipfile.ZipFile(pure_wheel).extractall(tmp_path / "site")
    shutil.copy(REPOSITORY / "sample_models" / "calibration_cube.stl", tmp_path)
    outputs = {}
    for name, site in (("pure", tmp_path / "site"), ("ours", REPOSITORY)):
        command = [sys.executable, "-m", "fabthread", "slice", "calibration_cube.stl", "-o", f"{name}.gcode"]
        done = subprocess.run(
            [*command, "--set", "layer_height=0.8", "--set", "nozzle_diameter=0.8", "--set", "first_layer_height=0.4"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs[name] = done.stdout + done.stderr, (tmp_path / f"{name}.gcode").read_bytes()
    assert outputs["pure"][0].count("not compiled") == 1
    assert outputs["pure"][1] == outputs["ours"][1]
