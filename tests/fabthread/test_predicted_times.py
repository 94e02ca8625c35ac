"""For every machine that is shipped, a print on the virtual printer of its firmware takes as long as was predicted."""

import pytest

from printer.controller import Controller
from printer.notices import Waited
from printer.program import load
from printer.transport.memory import MemoryTransport
from printer.virtual import PERSONALITIES, VirtualPrinter
from profiles.files import shipped
from slicer import slice
from slicer.tools.machine import limits_of


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    trimesh = pytest.importorskip("trimesh")
    path = tmp_path_factory.mktemp("part") / "block.stl"
    trimesh.creation.box((9.0, 7.0, 3.0)).export(path)
    return path


def printed(part, profile):
    """Return the program, and the seconds that each kind of time took."""
    from fabthread.options import resolve

    resolved = resolve(profile, None, None, None, ())
    limits = limits_of(resolved.settings)
    program = load(slice(part, resolved).gcode(), limits)
    flavour = limits.machine.flavour
    firmware = flavour if flavour in PERSONALITIES else "marlin"
    device = VirtualPrinter(firmware, machine=limits.machine, size=tuple(limits.high[:3]), measured=True)
    waited = []
    with Controller(MemoryTransport(device), program, on_event=waited.append) as controller:
        job = controller.run().job
        spent = dict(controller._printing.job.spent)
    assert job.state == "done", job.reason
    took = {"heating": 0.0, "preparing": 0.0}
    for event in waited:
        if isinstance(event, Waited):
            took[event.kind] += event.took
    took["printing"] = spent["printing"] + spent.get("heating", 0.0) - sum(took.values())
    return program, took


@pytest.mark.parametrize("profile", sorted(shipped("printer")))
def test_motion_takes_as_long_as_predicted(part, profile):
    program, took = printed(part, profile)
    assert took["printing"] == pytest.approx(program.predicted["printing"], rel=0.01)
    heat = program.predicted["heating"] + program.predicted["preparing"]
    assert took["heating"] + took["preparing"] == pytest.approx(heat, rel=0.35)
