"""A print over a real pseudo-terminal or socket, by the wall clock, with orders from another thread."""

import threading
import time
from math import inf

import pytest
from rig import squares, text

from printer.controller import Controller
from printer.errors import ImpossibleAction
from printer.program import load
from printer.transport.pty import PtyTransport
from printer.transport.serial import SerialTransport
from printer.transport.tcp import TcpTransport
from printer.virtual import VirtualPrinter
from printer.virtual.servers import PtyLine, TcpLine, serve

pytest.importorskip("pty", reason="this system has no pseudo-terminals")


def connect(kind, line):
    if kind == "tcp":
        host, port = line.name.rsplit(":", 1)
        return TcpTransport(host, int(port))
    return PtyTransport(line.name) if kind == "pty" else SerialTransport(line.name)


@pytest.mark.parametrize("kind", ["pty", "serial", "tcp"])
def test_a_print_is_paused_and_goes_on_from_another_thread(kind):
    printer, ended = VirtualPrinter("marlin"), threading.Event()
    line = TcpLine("127.0.0.1", 0) if kind == "tcp" else PtyLine()
    line.open()
    server = threading.Thread(target=serve, args=(printer, line, inf, ended.is_set))
    server.start()
    lines, paused = squares(layers=20, cold=True), []

    def people(controller):
        until = time.monotonic() + 20
        while not paused and time.monotonic() < until:
            try:
                controller.pause()
                paused.append(True)
            except ImpossibleAction:
                time.sleep(0.002)
        while controller.view().state != "paused" and time.monotonic() < until:
            time.sleep(0.002)
        controller.resume()

    try:
        with Controller(connect(kind, line), load(text(lines))) as controller:
            person = threading.Thread(target=people, args=(controller,))
            person.start()
            view = controller.run()
            person.join()
    finally:
        ended.set()
        server.join()
    assert view.state == "done", view.job.reason
    executed = [line for line in printer.executed_lines if line.startswith("G1 X") and " E1." in line]
    assert executed == [line for line in lines if line.startswith("G1 X") and " E1." in line]
