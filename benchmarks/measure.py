"""Measure whole processes and calls in this one."""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
MATCHED = REPOSITORY / "benchmarks" / "matched"


class Cost(NamedTuple):
    """What a process took: seconds on the clock, seconds of all cores, peak memory in MB; ok if it left a file."""

    wall: float
    cpu: float
    memory: float
    ok: bool


def process(command: Sequence[str], output: Path, **environment: str) -> Cost:
    """Run a command that shall write `output` and return its cost."""
    output.unlink(missing_ok=True)
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    job = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=inherited | {"PYTHONPATH": str(REPOSITORY)} | environment,
        cwd=output.parent,
    )
    _, status, usage = os.wait4(job.pid, 0)
    wall = time.perf_counter() - began
    job.returncode = os.waitstatus_to_exitcode(status)
    written = output.exists() and output.stat().st_size > 1000
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, job.returncode == 0 and written)


def median(costs: Sequence[Cost]) -> Cost | None:
    """Return the median of each column; None if any run failed."""
    if not costs or not all(cost.ok for cost in costs):
        return None
    return Cost(*(statistics.median(column) for column in list(zip(*costs, strict=True))[:3]), True)


def ours(model: Path, output: Path, *more: str) -> list[str]:
    """Return our command under the matched settings."""
    profiles = [
        word for kind in ("printer", "filament", "process") for word in (f"--{kind}", str(MATCHED / f"{kind}.toml"))
    ]
    return [sys.executable, "-m", "fabthread", "slice", str(model), "-o", str(output), *profiles, *more]


def best(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the least time of several calls, and what that call returned."""
    runs = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = call()
        runs.append((time.perf_counter() - began, result))
    return min(runs, key=lambda run: run[0])


def digests(model: Path) -> set[str]:
    """Return the hashes of the G-code under different workers, hash seeds and working directories."""
    found = set()
    for workers, seed in (("1", "0"), ("2", "1"), ("8", "4711")):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "out.gcode"
            command = ours(model.resolve(), output, "--workers", workers)
            done = process(command, output, PYTHONHASHSEED=seed)
            found.add(hashlib.sha256(output.read_bytes()).hexdigest() if done.ok else "refused")
    return found
