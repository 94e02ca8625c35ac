"""The same bytes on any number of workers, with any hash seed, in any directory, side by side with other jobs."""

import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import slicer
from profiles.loader import load

REPOSITORY = Path(__file__).resolve().parent.parent
MODELS = ("bracket.stl", "thin_walls.stl", "two_items_inch.3mf")


def profile():
    """Return settings that use what is most likely to differ: thumbnails, random seams, labels."""
    return load("prusa-mk4", overrides={"seam_position": "random", "label_objects": "true", "brim_type": "outer"})


@pytest.fixture(scope="module")
def expected(sample_models) -> dict[str, bytes]:
    return {name: slicer.slice(sample_models / name, profile(), workers=1).gcode() for name in MODELS}


@pytest.mark.parametrize("workers", [2, 8])
@pytest.mark.parametrize("name", MODELS)
def test_any_number_of_workers(sample_models, expected, name, workers):
    assert slicer.slice(sample_models / name, profile(), workers=workers).gcode() == expected[name]


def test_jobs_in_several_threads_do_not_disturb_each_other(sample_models, expected):
    jobs = list(MODELS) * 2
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda name: slicer.slice(sample_models / name, profile(), workers=2).gcode(), jobs)
    for name, data in zip(jobs, found, strict=True):
        assert data == expected[name], name


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_any_hash_seed_in_any_directory(sample_models, tmp_path, expected, seed):
    code = (
        "import sys, slicer, hashlib; from profiles.loader import load\n"
        "overrides = {'seam_position': 'random', 'label_objects': 'true', 'brim_type': 'outer'}\n"
        "print(hashlib.sha256(slicer.slice(sys.argv[1], load('prusa-mk4', overrides=overrides)).gcode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code, str((sample_models / MODELS[0]).resolve())]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(expected[MODELS[0]]).hexdigest()


def test_the_files_hold_no_date_and_no_path(expected):
    for name, data in expected.items():
        text = data.decode()
        assert not re.search(r"\b20\d\d[-/.]\d\d|\b\d\d:\d\d:\d\d\b", text), name
        assert str(REPOSITORY) not in text
