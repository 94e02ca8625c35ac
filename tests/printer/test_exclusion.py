"""Objects left out by printers that print by themselves: by the firmware's own means, or a refusal that says why."""

import json

import httpx
import pytest

from printer.config import Secret
from printer.controller import Controller
from printer.drivers.moonraker import Moonraker
from printer.drivers.octoprint import OctoPrint
from printer.errors import ImpossibleAction
from printer.firmware import KLIPPER, MARLIN, SMOOTHIE
from printer.program import load
from printer.transport.memory import MemoryTransport
from printer.virtual import VirtualPrinter
from printer.virtual.sdcard import SdCard

TWO = [
    "G28", "G90", "M83", "M302 P1", "M486 S0", "M486 Aleft", "G1 X10 Y10 F3000", "M486 S1", "M486 Aright", "G1 X90 Y90",
    "M486 S-1", "G1 X50 Y50", *["M486 S1", "G1 X95 Y95", "M486 S0", "G1 X15 Y15", "M486 S-1"] * 3,
]  # fmt: skip
PROGRAM = load("\n".join(TWO).encode() + b"\n")
LABELS = load(b"EXCLUDE_OBJECT_START NAME=left\nG1 X1 F300\nEXCLUDE_OBJECT_END NAME=left\nG1 X5\n")


def said(answer):
    return httpx.Response(200, stream=httpx.ByteStream(json.dumps(answer).encode()))


class Server:
    """Answers of a server, and the lines that it was told to say."""

    def __init__(self, **answers):
        self.answers, self.lines = answers, []

    def transport(self):
        return httpx.MockTransport(self.answer)

    def answer(self, request):
        if request.method == "POST":
            told = json.loads(request.content)
            self.lines += told.get("commands", [told.get("script")])
            return said({"result": "ok"})
        where = request.url.path + (f"?{request.url.query.decode()}" if request.url.query else "")
        return said(next(v for k, v in self.answers.items() if k in where))


def octoprint():
    server = Server(version={"api": "0.1", "text": "OctoPrint 1.11"})
    return server, OctoPrint("http://octo", Secret(), transport=server.transport())


def moonraker(names):
    objects = {"objects": [{"name": name} for name in names]} if names else {}
    server = Server(info={"result": {"klippy_state": "ready"}},
                    exclude_object={"result": {"status": {"exclude_object": objects}}})  # fmt: skip
    return server, Moonraker("http://moon", Secret(), transport=server.transport())


def live(controller, device, seconds):
    until = device.now + seconds
    while device.now < until:
        controller.step()


def test_octoprint_tells_the_firmware_the_number():
    server, driver = octoprint()
    driver.exclude(PROGRAM, PROGRAM.objects.index("right"))
    assert server.lines == ["M486 P1"]
    with pytest.raises(ImpossibleAction, match="M486"):
        driver.exclude(LABELS, 0)


def test_moonraker_tells_klipper_the_name_that_it_knows():
    server, driver = moonraker(["LEFT", "RIGHT"])
    driver.exclude(PROGRAM, PROGRAM.objects.index("right"))
    assert server.lines == ["EXCLUDE_OBJECT NAME=RIGHT"]


@pytest.mark.parametrize("names", [[], ["ELSE"]])
def test_moonraker_refuses_what_klipper_does_not_know(names):
    server, driver = moonraker(names)
    with pytest.raises(ImpossibleAction, match="knows"):
        driver.exclude(PROGRAM, 0)
    assert server.lines == []


def test_a_print_from_the_card_leaves_out_the_object():
    device = VirtualPrinter("marlin", card=SdCard())
    device.card.put("TWO.GCO", PROGRAM.data)
    with Controller(MemoryTransport(device), firmware=MARLIN) as controller:
        controller.card("list")
        live(controller, device, 5)
        controller.card("print", "TWO.GCO")
        live(controller, device, 1)
        controller.exclude("1")
        live(controller, device, 60)
    moves = device.executed()
    assert (moves.x == 15).any()
    assert not (moves.x == 95).any()


@pytest.mark.parametrize(("firmware", "name"), [(SMOOTHIE, "1"), (MARLIN, "left"), (KLIPPER, "a b")])
def test_what_the_firmware_cannot_leave_out_is_refused(firmware, name):
    with (
        Controller(MemoryTransport(VirtualPrinter("marlin")), firmware=firmware) as controller,
        pytest.raises(ImpossibleAction, match="leave"),
    ):
        controller.exclude(name)
