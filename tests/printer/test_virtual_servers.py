"""The virtual printer behind a pseudo-terminal and a TCP port, for other programs and for Printrun's host."""

import os
import socket
import sys
import threading
import time

import pytest

from printer.errors import VirtualError
from printer.virtual import VirtualPrinter, servers
from printer.virtual.servers import PtyLine, TcpLine, serve

needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")


@pytest.fixture
def served():
    """Return a function that serves a printer in a thread until the test ends."""
    over, threads = threading.Event(), []

    def start(line, speed=1.0, **options):
        device = VirtualPrinter(**options)
        line.open()
        thread = threading.Thread(target=serve, args=(device, line, speed, over.is_set))
        thread.start()
        threads.append(thread)
        return device

    yield start
    over.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


class Peer:
    """A host's end: reads with a deadline."""

    def __init__(self, read, write, close=None):
        self._read, self.write, self.close, self.heard = read, write, close, b""

    def until(self, word, seconds=10.0):
        deadline = time.monotonic() + seconds
        while word not in self.heard:
            assert time.monotonic() < deadline, (word, self.heard)
            self.heard += self._read()
        before, _, self.heard = self.heard.partition(word)
        return before + word


@pytest.fixture
def tcp_peer():
    made = []

    def connect(line):
        host, _, port = line.name.rpartition(":")
        sock = socket.create_connection((host, int(port)), timeout=5)
        made.append(sock)
        sock.settimeout(0.2)

        def read():
            try:
                return sock.recv(4096)
            except TimeoutError:
                return b""

        return Peer(read, sock.sendall, sock.close)

    yield connect
    for sock in made:
        sock.close()


@pytest.fixture
def pty_peer():
    made = []

    def connect(path):
        end = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        made.append(end)

        def read():
            time.sleep(0.002)
            try:
                return os.read(end, 4096)
            except BlockingIOError:
                return b""

        return Peer(read, lambda data: os.write(end, data))

    yield connect
    for end in made:
        os.close(end)


def test_tcp_answers_and_takes_one_host_after_the_other(served, tcp_peer):
    line = TcpLine("127.0.0.1", 0)
    served(line)
    for _ in range(2):
        peer = tcp_peer(line)
        peer.write(b"M105\n")
        assert b"T:22.00" in peer.until(b"B@:0\n")
        peer.close()


@needs_pty
def test_a_terminal_answers_and_has_a_link(served, pty_peer, tmp_path):
    link = tmp_path / "printer"
    line = PtyLine(str(link))
    served(line)
    assert os.readlink(link) == line.name
    for _ in range(2):  # a host may leave and come again
        peer = pty_peer(str(link))
        peer.write(b"M115\n")
        peer.until(b"ok\n")


def test_real_time_is_real_and_faster_is_faster(served, tcp_peer):
    for speed, least, most in ((1.0, 0.4, 3.0), (10.0, 0.04, 0.35)):
        line = TcpLine("127.0.0.1", 0)
        served(line, speed)
        peer = tcp_peer(line)
        peer.write(b"M105\n")
        peer.until(b"ok")
        began = time.monotonic()
        peer.write(b"G4 P400\n")
        peer.until(b"ok\n")
        assert least <= time.monotonic() - began < most


def test_maximum_speed_heats_in_no_time(served, tcp_peer):
    line = TcpLine("127.0.0.1", 0)
    device = served(line, float("inf"))
    peer = tcp_peer(line)
    peer.write(b"M109 S200\nG28\n")
    began = time.monotonic()
    peer.until(b"ok\n", 60)
    assert device.now > 60 > time.monotonic() - began


def test_an_unplugged_printer_hangs_up_and_comes_back(served, tcp_peer, monkeypatch):
    monkeypatch.setattr(servers, "REPLUG", 0.2)
    line = TcpLine("127.0.0.1", 0)
    device = served(line, faults=["unplug@line=2"])
    peer = tcp_peer(line)
    peer.write(b"M105\n")
    peer.until(b"ok")
    peer.write(b"M105\n")
    deadline = time.monotonic() + 10
    while device.resets == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    peer = tcp_peer(line)
    peer.write(b"\n")
    deadline = time.monotonic() + 10
    while b"ok T:" not in peer.heard:
        assert time.monotonic() < deadline
        peer.write(b"M105\n")
        peer.heard += peer._read()


def test_a_port_that_is_taken_is_refused():
    line = TcpLine("127.0.0.1", 0)
    line.open()
    try:
        with pytest.raises(VirtualError, match="cannot listen"):
            TcpLine(*line._address).open()
    finally:
        line.close()


@needs_pty
def test_a_link_in_use_stays_its_owners(tmp_path):
    first, second = PtyLine(str(tmp_path / "port")), PtyLine(str(tmp_path / "port"))
    first.open()
    with pytest.raises(VirtualError, match=f"leads to {first.name}, which is in use"):
        second.open()
    second.close()
    assert os.readlink(tmp_path / "port") == first.name
    first.close()
    (tmp_path / "port").symlink_to("/dev/pts/none")  # of one that was killed
    second.open()
    assert os.readlink(tmp_path / "port") == second.name
    second.close()
    assert not os.path.lexists(tmp_path / "port")


def test_a_link_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(VirtualError, match="cannot make the link"):
        PtyLine(str(tmp_path / "taken")).open()
    assert (tmp_path / "taken").read_text() == "a file"


@needs_pty
@pytest.mark.parametrize("faults", [(), ("wrong-number:0.02", "corrupt@line=100")])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_printrun_prints_through_it(served, faults):
    printcore = pytest.importorskip("printrun.printcore", reason="Printrun is not installed (pip install printrun)")
    from printrun import gcoder

    line = PtyLine()
    device = served(line, float("inf"), faults=faults, seed=2)
    job = ["M302 P1", "G28", "M83", *(f"G1 X{i % 100 + 1} Y{i % 37} E0.02 F6000" for i in range(600)), "M400"]
    host = printcore.printcore()
    try:
        host.connect(line.name, 115200)
        _wait(lambda: host.online, 20)
        assert host.startprint(gcoder.LightGCode(job))
        _wait(lambda: not host.printing and "M400" in device.executed_lines, 60)
    finally:
        host.disconnect()
    executed = [command for command in device.executed_lines if command in set(job)]
    assert executed == job
    assert device.executed().e.sum() == pytest.approx(12.0)
    assert bool(device.schedule.struck) is bool(faults)


def _wait(done, seconds):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


@needs_pty
def test_a_host_that_does_not_listen_stops_nothing(served, pty_peer, monkeypatch):
    monkeypatch.setattr(servers, "DEAF", 0.01)
    line = PtyLine()
    device = served(line, float("inf"))
    peer = pty_peer(line.name)
    for _ in range(40):
        peer.write(b"M503\n")
    _wait(lambda: len(device.executed_lines) >= 40, 20)
