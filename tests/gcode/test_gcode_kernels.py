"""The kernels give the same bytes and numbers compiled and as plain Python."""

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest

import gcode.planner
import gcode.reader
import gcode.writer
from benchmarks.fuzz_reader import PLAIN as EVERYTHING
from gcode import bgcode
from gcode.bgcode import Compression, Encoding
from gcode.flavours import KLIPPER, REPRAPFIRMWARE
from gcode.moves import DTYPES, Moves
from gcode.planner import Machine

KERNELS = Path(gcode.reader.__file__).parent / "kernels"


def interpreted(name):
    """Return a kernel's module run as plain Python."""
    spec = importlib.util.spec_from_file_location(f"interpreted_{name}", KERNELS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def moves():
    rng = np.random.default_rng(7)
    n = 300
    kind = rng.choice(3, n, p=[0.8, 0.1, 0.1])
    return Moves.of(
        n,
        x=np.cumsum(rng.normal(0, 2, n)) - 3,
        y=np.cumsum(np.where(kind == 2, 0, rng.normal(0, 2, n))),
        z=0.2 * (np.arange(n) // 100 + 1),
        e=np.choose(kind, [rng.uniform(0, 0.1, n), np.zeros(n), np.full(n, -0.8)]),
        speed=rng.uniform(10, 150, n),
        acceleration=rng.choice([0, 500, 2000], n),
        role=np.where(kind == 0, rng.integers(1, 16, n), 0),
        width=np.where(kind == 0, 0.45, 0),
        height=np.where(kind == 0, 0.2, 0),
        fan=rng.choice([0, 0.5, 1], n),
        tool=np.arange(n) // 150,
        layer=np.arange(n) // 100,
        object=np.arange(n) // 60 % 2,
        objects=("a", "b"),
        command_row=[0, 0, 0, 50, 50, 50, 300],
        commands=(";TYPE:Custom", "G28", ";TYPE:None", "; note", "M106 S9", "PARK", "M84"),
    )


@pytest.mark.parametrize("flavour", [KLIPPER, REPRAPFIRMWARE])
@pytest.mark.parametrize("relative", [True, False])
def test_writer(moves, flavour, relative, monkeypatch):
    turn = np.linspace(0, 5, 60)
    moves.x[200:260], moves.y[200:260] = 50 + 20 * np.cos(turn), 50 + 20 * np.sin(turn)
    moves.e[200:260], moves.role[200:260], moves.speed[200:260] = 0.05, 1, 30
    moves.acceleration[200:260], moves.fan[200:260], moves.width[200:260], moves.height[200:260] = 500, 1, 0.4, 0.2
    style = gcode.writer.Style(flavour, relative=relative, numbered=relative, arcs=0.05)
    compiled = gcode.writer.write(moves, style)
    assert b"G3 X" in compiled
    monkeypatch.setattr("gcode.writer.Formatter", interpreted("format").Formatter)
    monkeypatch.setattr("gcode.writer.number_lines", interpreted("numbered").number_lines)
    monkeypatch.setattr("gcode.arcs.Fitter", interpreted("arcs").Fitter)
    assert gcode.writer.write(moves, style) == compiled


def test_reader(moves, monkeypatch):
    text = gcode.writer.write(moves, gcode.writer.Style(KLIPPER)) + EVERYTHING
    text += b"nonsense {\nG1 X\nN1 G1 X1*3\nG1 X9999999999\nN5 G1\n"
    problems = [], []
    compiled = gcode.reader.read(text, problems[0])
    monkeypatch.setattr("gcode.reading.Scanner", interpreted("words").Scanner)
    monkeypatch.setattr("gcode.reading.Printer", interpreted("rows").Printer)
    plain = gcode.reader.read(text, problems[1])
    assert problems[0] == problems[1]
    assert len(problems[0]) == 4
    for name in (*DTYPES, "command_row", "command_line"):
        assert (getattr(plain, name) == getattr(compiled, name)).all(), name
    assert plain.commands == compiled.commands
    assert plain.objects == compiled.objects


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("compression", Compression)
def test_packing(compression, encoding, monkeypatch):
    text = EVERYTHING * 3
    compiled = bgcode.pack(text, compression, encoding)
    read = b"".join(bgcode.text(io.BytesIO(compiled)))
    monkeypatch.setitem(sys.modules, "gcode.kernels.packing", interpreted("packing"))
    assert bgcode.pack(text, compression, encoding) == compiled
    assert b"".join(bgcode.text(io.BytesIO(compiled))) == read


@pytest.mark.parametrize(
    "machine",
    [*map(Machine, ("marlin", "klipper", "reprapfirmware", "prusaslicer")), Machine(junction_deviation=0.02)],
)
def test_planner(moves, machine, monkeypatch):
    changes = ("M201 X400 Y300", "SET_VELOCITY_LIMIT VELOCITY=60", "M400", "M566 X300")
    moves = moves.with_(command_row=np.array([90, 90, 200, 250]), commands=changes)
    compiled = gcode.planner.estimate(moves, machine)
    monkeypatch.setattr("gcode.planner.plan_moves", interpreted("planner").plan_moves)
    assert (gcode.planner.estimate(moves, machine) == compiled).all()
