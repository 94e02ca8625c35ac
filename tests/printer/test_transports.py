"""Every way to a printer keeps the same promises."""

import os
import socket
import threading
from contextlib import closing

import pytest

from printer.config import Printer
from printer.drivers import ways
from printer.errors import LinkBusy, LinkLost, NoPrinter
from printer.transport.base import Transport
from printer.transport.memory import MemoryTransport
from printer.transport.ports import BAUDS, answers, detect, ports
from printer.transport.pty import PtyTransport
from printer.transport.serial import SerialTransport
from printer.transport.tcp import TcpTransport

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")


class Peer:
    """The other end of a transport."""

    def __init__(self, send, receive, close):
        self.send, self.receive, self.close = send, receive, close


@pytest.fixture(params=["pty", "serial", "tcp"])
def pair(request):
    """A transport and its peer."""
    if request.param == "tcp":
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            transport = TcpTransport(*server.getsockname())
            other, _ = server.accept()
        peer = Peer(other.sendall, lambda: other.recv(4096), other.close)
        yield transport, peer
        other.close()
    else:
        master, slave = pty.openpty()
        path = os.ttyname(slave)
        transport = PtyTransport(path) if request.param == "pty" else SerialTransport(path)
        os.close(slave)
        opened = [master]

        def close():
            while opened:
                os.close(opened.pop())

        yield transport, Peer(lambda data: os.write(master, data), lambda: os.read(master, 4096), close)
        close()
    transport.close()


def again(action):
    """Do it until the system has noticed."""
    for _ in range(10):
        action()


def test_bytes_pass_both_ways_unchanged(pair):
    transport, peer = pair
    assert isinstance(transport, Transport)
    every = bytes(range(256))
    transport.write(every)
    got = b""
    while len(got) < 256:
        got += peer.receive()
    assert got == every
    peer.send(every)
    got = b""
    while len(got) < 256:
        got += transport.read(1.0)
    assert got == every


def test_silence_lasts_as_long_as_was_asked(pair):
    transport, _ = pair
    before = transport.clock.now()
    assert transport.read(0.05) == b""
    assert 0.04 < transport.clock.now() - before < 1.0
    assert transport.read(0.0) == b""


def test_reading_returns_as_soon_as_something_comes(pair):
    transport, peer = pair
    timer = threading.Timer(0.05, peer.send, [b"ok\n"])
    timer.start()
    before = transport.clock.now()
    assert transport.read(10.0).startswith(b"o")
    assert transport.clock.now() - before < 5
    timer.join()


def test_a_device_that_goes_away_is_said_to_be_gone(pair):
    transport, peer = pair
    peer.close()
    with pytest.raises(LinkLost, match=r"lost|closed"):
        again(lambda: transport.read(0.1))
    with pytest.raises(LinkLost):
        again(lambda: transport.write(b"M105\n" * 1000))


def test_closing_twice_is_fine_and_ends_it(pair):
    transport, _ = pair
    transport.close()
    transport.close()
    with pytest.raises(LinkLost):
        transport.read(0.0)
    with pytest.raises(LinkLost):
        transport.write(b"x")


@pytest.mark.parametrize("open_it", [PtyTransport, SerialTransport])
def test_what_is_not_there_cannot_be_opened(open_it, tmp_path):
    with pytest.raises(NoPrinter, match="cannot open"):
        open_it(str(tmp_path / "ttyUSB9"))
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(NoPrinter):
        open_it(str(file))


def test_nobody_listens():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = server.getsockname()
    with pytest.raises(NoPrinter, match="nothing answers"):
        TcpTransport(*address)
    with pytest.raises(NoPrinter):
        TcpTransport("127.0.0.1", 70000)


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "tcp://127.0.0.1:{}"])
def test_an_address_may_say_that_it_is_a_socket(address):
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Printer("esp", "tcp", address.format(server.getsockname()[1]))
        ways.opener(made)(False).close()


@pytest.mark.parametrize("first_kind", [PtyTransport, SerialTransport])
@pytest.mark.parametrize("kind", [PtyTransport, SerialTransport])
def test_a_port_is_held_exclusively(kind, first_kind):
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    first = first_kind(path)
    try:
        with pytest.raises(LinkBusy, match="held by another program"):
            kind(path)
        first.close()
        kind(path).close()
    finally:
        first.close()
        os.close(master)
        os.close(slave)


class Echo:
    """A device that answers each line a tenth of a second later."""

    def __init__(self, answer=b"ok T:20.0 /0.0\n"):
        self.now, self.connected, self.answer, self.due = 0.0, True, answer, []

    def write(self, data, now):
        self.due += [now + 0.1] * data.count(b"\n")

    def advance(self, until):
        if self.due and self.due[0] <= until:
            self.now = max(self.now, self.due.pop(0))
            return self.answer
        self.now = until
        return b""


def test_in_memory_time_passes_only_while_somebody_waits():
    transport = MemoryTransport(Echo())
    transport.write(b"M105\n")
    assert transport.clock.now() == 0
    assert transport.read(5.0) == b"ok T:20.0 /0.0\n"
    assert transport.clock.now() == pytest.approx(0.1)
    transport.write(b"M105\n")
    transport.clock.sleep(3.0)
    assert transport.clock.now() == pytest.approx(3.1)
    assert transport.read(0.0) == b"ok T:20.0 /0.0\n"
    transport.close()
    with pytest.raises(LinkLost):
        transport.read(1.0)


def opener(speaks):
    """Return a function that opens ports of which `speaks` knows the right speed, and a list of what it opened."""
    tried = []

    def open_port(path, baud):
        tried.append((path, baud))
        if speaks[path] is None:
            raise LinkBusy(path)
        return MemoryTransport(Echo() if baud == speaks[path] else Echo(b"\xf8\x00\x80~"))

    return open_port, tried


def test_a_printer_is_found_by_port_and_speed():
    open_port, tried = opener({"a": 1, "b": 250000})
    found = detect(open_port, ["a", "b"])
    assert tried[-1] == ("b", 250000)
    assert answers(found)
    assert len(tried) == len(BAUDS) + 2


def test_it_is_said_what_was_tried():
    with pytest.raises(NoPrinter, match=r"a does not answer at 115200, 250000, .* baud; b does not"):
        detect(opener({"a": 1, "b": 1})[0], ["a", "b"])
    with pytest.raises(NoPrinter, match=r"a does not answer.*; b. Is it switched on"):
        detect(opener({"a": 1, "b": None})[0], ["a", "b"])
    with pytest.raises(NoPrinter, match="no serial port"):
        detect(opener({})[0], [])
    with pytest.raises(LinkBusy, match="a"):
        detect(opener({"a": None})[0], ["a"])


def test_ports_of_this_machine_can_be_listed():
    assert all(port.path for port in ports())
