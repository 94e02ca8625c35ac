"""The printer's SD card: a file is written to it, printed from it, and looked after."""

import pytest
from rig import Rig, squares

from printer.controller import Controller
from printer.errors import ImpossibleAction, UnsendableLine
from printer.events import SdFile, SdProgress, SdStatus
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter


def steps(controller: Controller, printer: VirtualPrinter, seconds: float) -> None:
    until = printer.now + seconds
    while printer.now < until:
        controller.step()


@pytest.mark.parametrize("faults", [(), ("corrupt:0.02", "lost-ok:0.02", "drop:0.02")])
def test_a_file_is_written_to_the_card_and_printed_from_it(faults):
    lines = squares(layers=2)
    rig = Rig(lines, VirtualPrinter("marlin", baud=115200, faults=faults), upload="TOWER.GCO")
    with rig.controller:
        assert rig.run().state == "done", rig.view.job.reason
    assert not (rig.printer.executed().e > 0).any()
    written = len(rig.executed)
    heard = []
    with Controller(MemoryTransport(rig.printer), on_event=heard.append) as controller:
        controller.card("list")
        steps(controller, rig.printer, 5)
        assert [event.name for event in heard if isinstance(event, SdFile)] == ["TOWER.GCO"]
        controller.card("print", "TOWER.GCO")
        for _ in range(40):
            steps(controller, rig.printer, 10)
            if any(isinstance(event, SdStatus) and event.what == "done" for event in heard):
                break
    printed = [line for line in rig.executed[written:] if line.startswith("G1 X")]
    assert printed == [line for line in lines if line.startswith("G1 X")]
    progress = [event.done for event in heard if isinstance(event, SdProgress)]
    assert progress == sorted(progress)
    assert len(progress) > 3


def test_what_the_card_cannot_do_is_refused():
    with Controller(MemoryTransport(VirtualPrinter("marlin"))) as controller:
        with pytest.raises(ImpossibleAction, match="list"):
            controller.card("format")
        with pytest.raises(UnsendableLine):
            controller.card("print", "A*B.GCO")
