"""Going on after a power cut, and after a host that was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rig import Rig, squares, text

from printer.errors import FileChanged, UnsafeToPrint
from printer.journal import LINES as LINES_UNSAID
from printer.journal import Journal, recover
from printer.program import load
from printer.recovery import QUEUE, plan
from printer.sequences import Policy
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter

POLICY = Policy(park=(10.0, 200.0), lift=5.0)
LINES = squares(layers=6)


def interrupted(tmp_path: Path, line: int) -> Rig:
    """Print up to a line, then cut the power."""
    program = load(text(LINES))
    printer = VirtualPrinter("marlin")
    journal = Journal(tmp_path / "journal", {"sha256": program.sha256}, MemoryTransport(printer).clock)
    rig = Rig(LINES, printer, journal=journal, policy=POLICY)
    rig.to_line(line)
    rig.settle(0.3)
    journal.close()
    rig.printer.reset("Power on")
    rig.settle(0.1)
    return rig


@pytest.mark.parametrize("line", [18, 30, 45, 60])
def test_a_print_goes_on_at_the_layer_it_was_in(tmp_path, line):
    rig = interrupted(tmp_path, line)
    done = len(rig.executed)
    found = recover(tmp_path / "journal")
    assert found.end is None
    first, last = found.unknown(QUEUE)
    assert first <= done <= last
    going_on = plan(rig.program, found, POLICY)
    assert int(rig.program.layer[done - 1]) - going_on.layer in (0, 1, 2, 3)  # 24 lines are up to three of these layers
    assert rig.program.layer[going_on.line] == going_on.layer
    again = Rig(LINES, rig.printer, policy=POLICY, start=going_on.line, preamble=going_on.lines)
    with again.controller:
        assert again.run().state == "done", again.view.job.reason
    rest = again.executed[done:]
    assert rest[-len(LINES) + going_on.line :] == LINES[going_on.line :]
    assert [line for line in rest if line.startswith("G28")] == ["G28 X Y"]
    assert again.cold


def test_what_is_said_first_heats_lifts_and_never_homes_z(tmp_path):
    rig = interrupted(tmp_path, 45)
    going_on = plan(rig.program, recover(tmp_path / "journal"), POLICY)
    lines = list(going_on.lines)
    assert lines.index("M190 S40") < lines.index("G28 X Y") < lines.index("M109 T0 S180")
    lift = next(i for i, line in enumerate(lines) if line.startswith("G1 Z"))
    assert lines.index(f"G92 Z{going_on.z:g}") < lift < lines.index("G28 X Y")
    assert "M83" in lines[-3:]
    assert going_on.z_between[0] <= going_on.z <= going_on.z_between[1]
    assert any("Z is not homed" in doubt for doubt in going_on.doubts)


def test_only_the_same_file_goes_on(tmp_path):
    interrupted(tmp_path, 45)
    with pytest.raises(FileChanged):
        plan(load(text(LINES[:-1])), recover(tmp_path / "journal"), POLICY)


def test_there_is_not_always_something_to_go_on_with(tmp_path):
    program = load(text(LINES))
    journal = Journal(tmp_path / "ended", {})
    journal.end("done")
    with pytest.raises(UnsafeToPrint, match="done"):
        plan(program, recover(tmp_path / "ended"), POLICY)
    Journal(tmp_path / "fresh", {}).close()
    with pytest.raises(UnsafeToPrint, match="first layer"):
        plan(program, recover(tmp_path / "fresh"), POLICY)
    shifted = load(text(["G28", "G92 Z5", *LINES[3:]]))
    journal = Journal(tmp_path / "shifted", {})
    journal.note(60, 62)
    journal.close()
    with pytest.raises(UnsafeToPrint, match="origin"):
        plan(shifted, recover(tmp_path / "shifted"), POLICY)


HOST = """
import sys
from printer.controller import Controller
from printer.journal import Journal
from printer.program import load
from printer.transport.memory import MemoryTransport
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter
path, job = sys.argv[1:]
printer = VirtualPrinter("marlin")
controller = Controller(MemoryTransport(printer), load(job), journal=Journal(path, {}))
steps = 0
while controller.step():
    steps += 1
    if steps % 20 == 0:
        print(sum(line.startswith(b"G1 X") for line in printer.executed_raw), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no SIGKILL")
@pytest.mark.parametrize("moment", [2, 10, 40, 70, 100])
def test_a_host_that_is_killed_leaves_a_journal_that_is_right(tmp_path, moment):
    job = tmp_path / "job.gcode"
    job.write_bytes(text(squares(layers=400, cold=True)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path / "journal"), str(job)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    executed = [int(host.stdout.readline()) for _ in range(moment)]
    host.kill()
    executed += [int(line) for line in host.stdout.read().split()]
    host.wait()
    host.stdout.close()
    found = recover(tmp_path / "journal")
    assert found.damaged <= 1
    beads = [i for i, line in enumerate(squares(layers=400, cold=True), 1) if line.startswith("G1 X")]
    first, last = found.unknown(QUEUE)
    assert first <= beads[max(*executed, 1) - 1] <= last
    assert last - first <= QUEUE + 3 * LINES_UNSAID
