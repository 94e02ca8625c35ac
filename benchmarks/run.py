"""Measure everything and write docs/benchmarks.md.

python -m benchmarks.run                                 sample models, about ten minutes
python -m benchmarks.run --models ../models/part.stl     other models too
python -m benchmarks.run --parts stages,scaling          some parts only; the others keep their last tables
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import slicer
from benchmarks import measure, peers, shapes
from benchmarks.measure import MATCHED, REPOSITORY
from profiles.loader import Resolved, load
from slicer.nouns import Mesh

PAGE = REPOSITORY / "docs" / "benchmarks.md"
PLOT = REPOSITORY / "docs" / "images" / "scaling.png"
TRIANGLES = [8_000, 32_000, 128_000, 512_000, 2_048_000]
LAYERS = [100, 200, 400, 800, 1600]


def matched(**overrides: str) -> Resolved:
    """Return the settings that every slicer is given."""
    files = (MATCHED / f"{kind}.toml" for kind in ("printer", "filament", "process"))
    return load(*files, overrides)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def stages(models: list[Path], repeats: int) -> str:
    """Return where the time goes in a warm process."""
    rows, names = [], []
    for model in models:
        profile = matched()
        seconds, result = measure.best(lambda m=model, p=profile: slicer.slice(m, p), repeats)
        parts = result.summary.stage_seconds
        names += [name for name in parts if name not in names]
        triangles = sum(health["faces"] for health in result.summary.health)
        shown = [f"{1e3 * parts.get(name, 0):.0f}" for name in names]
        rows.append([model.stem, f"{triangles:,}", str(result.summary.layers), f"{1e3 * seconds:.0f}", *shown])
    return table(["model", "triangles", "layers", "ms in all", *names], rows)


def slope(sizes: list[float], seconds: list[float]) -> float:
    """Return the exponent k of seconds ~ sizes^k at the upper end, where what is constant weighs least."""
    return math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])


def scaling(repeats: int) -> str:
    """Return time against triangles and against layers, and draw it."""
    profile = matched(max_print_height="1000")

    def timed(mesh: Mesh) -> float:
        return measure.best(lambda: slicer.slice(mesh, profile), repeats)[0]

    series = {
        "triangles (150 layers)": (TRIANGLES, [timed(shapes.pebble(n)) for n in TRIANGLES]),
        "layers (32,000 triangles)": (LAYERS, [timed(shapes.pebble(32_000, height=n * 0.2)) for n in LAYERS]),
    }
    draw(series)
    blocks = []
    for name, (sizes, seconds) in series.items():
        cells = [[f"{size:,}", f"{1e3 * time:.0f}"] for size, time in zip(sizes, seconds, strict=True)]
        blocks += [
            table([name, "ms"], cells),
            f"Log-log slope between the last two: {slope(sizes, seconds):.2f} (1 is linear).",
        ]
    return "\n\n".join([*blocks, "![time against size](images/scaling.png)"])


def draw(series: dict[str, tuple[list[int], list[float]]]) -> None:
    """Plot time against size on logarithmic axes, with lines of slope 1."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), dpi=100, layout="constrained")
    for axes, (name, (sizes, seconds)) in zip(figure.subplots(1, 2), series.items(), strict=True):
        axes.loglog(sizes, seconds, "o-", color="#f07a28")
        axes.loglog(sizes, [seconds[-1] * n / sizes[-1] for n in sizes], ":", color="#7b8088", label="linear")
        axes.set_xlabel(name)
        axes.set_ylabel("s")
        axes.legend(frameon=False)
    figure.savefig(PLOT, metadata={"Software": None})


def against(models: list[Path], repeats: int) -> str:
    """Return whole cold processes of ours and of the peers, interleaved."""
    commands = {"fabthread": measure.ours, **peers.installed()}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.gcode"
        for model in models:
            costs: dict[str, list[measure.Cost]] = {name: [] for name in commands}
            for _ in range(repeats):
                for name, command in commands.items():
                    costs[name].append(measure.process(command(model.resolve(), output), output))
            medians = [measure.median(costs[name]) for name in commands]
            cells = [f"{m.cpu:.2f} / {m.wall:.2f} / {m.memory:.0f}" if m else "failed" for m in medians]
            rows.append([model.stem, *cells])
    return table(["CPU s / wall s / peak MB", *commands], rows)


def determinism(models: list[Path]) -> str:
    """Return whether the bytes are the same with 1, 2 and 8 workers, three hash seeds and three directories."""
    rows = []
    for model in models:
        found = measure.digests(model)
        rows.append([model.stem, "the same" if len(found) == 1 else "DIFFERENT", min(found)[:16]])
    return table(["model", "bytes", "sha256"], rows)


def machine() -> str:
    """Return processor, cores and versions, without naming the host."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"model name\s*: (.*)", lines)
    processor = found.group(1) if found else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


HEAD = """# Benchmarks

Made by `python -m benchmarks.run` (see `--help`), which writes this page. [The settings](../benchmarks/matched) are
the same for every slicer: 0.2 mm layers, 0.45 mm lines, 2 walls, 4 + 4 solid layers, 15 % rectilinear, one skirt loop.
"""

TITLES = {
    "peers": "Whole processes, cold, interleaved with other slicers; medians",
    "stages": "Milliseconds in a warm process; least of several runs",
    "scaling": "Time grows linearly with triangles and with layers",
    "determinism": "The same bytes with 1, 2 and 8 workers, other hash seeds, other directories",
}


def write(parts: dict[str, str]) -> None:
    """Replace the given sections of the page and keep the others."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = []
    for key, title in TITLES.items():
        kept = re.search(rf"^## {re.escape(title)}\n\n(.*?)(?=^## |\Z)", old, re.M | re.S)
        body = f"{parts[key]}\n\nMachine: {machine()}." if key in parts else kept.group(1).strip() if kept else ""
        if body:
            sections.append(f"## {title}\n\n{body}\n")
    PAGE.write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def main() -> None:
    """Measure what is asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", type=Path, default=[], help="models beside those in sample_models")
    parser.add_argument("--parts", default=",".join(TITLES), help=f"any of {', '.join(TITLES)}")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    models = sorted((REPOSITORY / "sample_models").glob("*.stl")) + chosen.models
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    work = {
        "peers": lambda: against(models, chosen.repeats),
        "stages": lambda: stages(models, chosen.repeats),
        "scaling": lambda: scaling(chosen.repeats),
        "determinism": lambda: determinism(models),
    }
    for part in chosen.parts.split(","):
        print(f"{part} ...", file=sys.stderr, flush=True)
        write({part: work[part]()})


if __name__ == "__main__":
    main()
