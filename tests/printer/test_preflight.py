"""What speaks against a print before its first line."""

import math

import numpy as np
import pytest

from gcode.checks import Limits
from printer.preflight import check, demand
from printer.program import load
from printer.spools import Spool


def circle(chord: float, speed: float = 60.0, radius: float = 20.0, turns: int = 3) -> bytes:
    """Return a circle of short chords."""
    n = int(turns * 2 * math.pi * radius / chord)
    angle = np.arange(n) * 2 * math.pi * turns / n
    points = zip(100 + radius * np.cos(angle), 100 + radius * np.sin(angle), strict=True)
    text = "".join(f"G1 X{x:.3f} Y{y:.3f} E{chord / 30:.5f} F{60 * speed:.0f}\n" for x, y in points)
    return f"M104 S200\nM109 S200\nG28\nG90\nM83\nG1 Z0.2 F600\n{text}M104 S0\n".encode()


def rules(program, **conditions):
    return [finding.rule for finding in check(program, **conditions)]


def holding(mm: float) -> dict[int, Spool]:
    spool = Spool(1, "red")
    return {0: Spool(1, "red", left=mm * spool.grams_per_mm)}


def test_a_circle_of_short_chords_asks_for_speed_over_chord():
    program = load(circle(0.15))
    asked = demand(program, 115200)
    assert asked.lines_per_second == pytest.approx(60 / 0.15, rel=0.05)
    assert asked.starved > 0.1 * program.seconds[-1]


def test_a_link_that_cannot_follow_is_named_with_remedies():
    program = load(circle(0.15))
    (finding,) = check(program, baud=115200)
    assert finding.rule == "slow-link"
    assert finding.value > finding.limit == 11520
    assert "G2/G3" in finding.remedy
    assert "MeatPack" in finding.remedy
    assert rules(program, baud=500000) == []
    assert rules(program) == []
    assert rules(load(circle(2.0)), baud=115200) == []


def test_a_spool_that_ends_before_the_print():
    program = load(circle(1.0))
    needed = program.filament[-1]
    assert rules(program, spools=holding(needed + 1)) == []
    (finding,) = check(program, spools=holding(needed / 2))
    assert finding.rule == "short-spool"
    assert finding.line == pytest.approx(len(program) / 2, rel=0.1)


def test_another_plastic_than_the_file_is_for():
    program = load(b"G28\nM83\nT0\nG1 X9 E3 F600\nT1\nG1 X8 E3\n")
    spools = {tool: Spool(tool + 1, f"spool {tool}", "PLA") for tool in range(3)}
    assert rules(program, spools=spools, materials=["PLA", "pla silk", "ABS"]) == []
    (finding,) = check(program, spools=spools, materials=["PLA", "PETG"])
    assert (finding.rule, finding.line) == ("other-material", 6)
    assert "for PETG, and spool 2 (spool 1) of tool 1 is PLA" in finding.what
    assert rules(program, spools=spools, materials=["PETG"]) == ["other-material"] * 2


def test_what_is_missing_is_told_by_tool():
    program = load(b"G28\nM83\nT0\nG1 X9 E3000 F600\nT1\nG1 X8 E3000\nG1 X9 E1000\nT2\nG1 X8 E900000\n")
    found = check(program, spools={0: Spool(1, "red", left=10.0), 1: Spool(2, "blue", left=10.0)})
    assert [(finding.what.partition(": ")[2], finding.line) for finding in found] == [
        ("tool 1 needs 11.9 g, and 10.0 g are left on spool 2 (blue)", 7)
    ]


@pytest.mark.parametrize("line", ["G1 X1 Y2 ; fine\nM118 h\xf6he*", "G1 X10 Y1*5", "M23 " + "a" * 90 + ".g", "T\\0"])
def test_a_line_that_cannot_be_sent_is_found(line):
    program = load(f"G28\n{line}\nM23 x\n".encode())
    found = check(program)
    if line.startswith("G1 X1 Y2"):  # a text for people may be changed
        assert found == []
    else:
        assert [f.rule for f in found] == ["unsendable-line"]
        assert found[0].line == 2


def test_a_comment_before_the_first_command_may_hold_any_byte():
    assert rules(load(b"; sliced in Caf\xc3\xa9 \xff * \\\n" + circle(2.0))) == []


def test_the_checks_of_the_file_come_with_it_worst_first():
    program = load(circle(1.0).replace(b"M109 S200\n", b"").replace(b"M104 S200\n", b"") + b"G1 X900 E5\n", Limits())
    found = check(program, spools=holding(1.0))
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=("error", "warning", "info").index)
    assert severities[0] == "error"
    assert "short-spool" in [finding.rule for finding in found]
