"""A session written down and played again is the same session."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printer.errors import SessionMismatch, StoreError
from printer.transport.memory import MemoryTransport
from printer.transport.recording import Recorder, Replayer, load


class Printer:
    """A device that answers each line after its own length in hundredths of a second."""

    def __init__(self):
        self.now, self.connected, self.due = 0.0, True, []

    def write(self, data, now):
        for line in data.splitlines():
            self.due.append((now + len(line) / 100, b"echo:" + line + b"\nok\n"))

    def advance(self, until):
        if self.due and self.due[0][0] <= until:
            time, answer = self.due.pop(0)
            self.now = max(self.now, time)
            return answer
        self.now = until
        return b""


def talk(transport, lines):
    """Send lines one at a time and return everything heard, with its time."""
    heard = []
    for line in lines:
        transport.write(line)
        heard.append((round(transport.clock.now(), 6), transport.read(5.0)))
    return heard


@pytest.fixture
def session(tmp_path):
    """A recorded session and what the host heard in it."""
    path = tmp_path / "session.txt"
    with path.open("w") as log:
        recorder = Recorder(MemoryTransport(Printer()), log)
        heard = talk(recorder, [b"M105\n", b"G28\n"])
        recorder.close()
    return path, heard


def test_a_replayed_session_says_the_same_at_the_same_times(session):
    path, heard = session
    replayer = Replayer(path)
    assert talk(replayer, [b"M105\n", b"G28\n"]) == heard
    replayer.close()


def test_a_session_reads_as_text(session):
    assert session[0].read_text().splitlines()[:3] == [
        "fabthread session 1",
        "0.000000 > M105\\n",
        "0.040000 < echo:M105\\nok\\n",
    ]


def test_what_counts_is_what_is_said_not_how_it_is_cut(tmp_path):
    path = tmp_path / "session.txt"
    path.write_text("fabthread session 1\n0.0 > G28\\n\n0.1 > M105\\n\n0.2 < ok\\n\n")
    whole, cut = Replayer(path), Replayer(path)
    whole.write(b"G28\nM105\n")
    for byte in b"G28\nM105\n":
        cut.write(bytes([byte]))
    assert whole.read(1.0) == cut.read(1.0) == b"ok\n"


def test_a_host_that_says_something_else_is_caught(session):
    replayer = Replayer(session[0])
    with pytest.raises(SessionMismatch, match=r"chunk 1: expected b'M105\\n', sent b'M106"):
        talk(replayer, [b"M106\n"])


def test_a_host_that_stops_early_is_caught(session):
    replayer = Replayer(session[0])
    talk(replayer, [b"M105\n"])
    with pytest.raises(SessionMismatch, match="closed before chunk 3 of 4"):
        replayer.close()
    replayer.close()


def test_a_host_that_says_nothing_is_caught(session):
    replayer = Replayer(session[0])
    for _ in range(60):
        replayer.read(1.0)
    with pytest.raises(SessionMismatch, match="never sent"):
        replayer.read(1.0)


def test_a_host_that_goes_on_is_caught(session):
    replayer = Replayer(session[0])
    with pytest.raises(SessionMismatch, match="the end"):
        talk(replayer, [b"M105\n", b"G28\n", b"M84\n"])


@given(chunks=st.lists(st.tuples(st.sampled_from("<>"), st.binary(min_size=1, max_size=20)), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_bytes_survive_the_file(tmp_path, chunks):
    class Silent:
        name, baud = "silent", None
        clock = MemoryTransport(Printer()).clock
        said = b""

        def write(self, data):
            pass

        def read(self, timeout):
            return self.said

        def close(self):
            pass

    device, log = Silent(), io.StringIO()
    recorder = Recorder(device, log)
    for way, data in chunks:
        if way == ">":
            recorder.write(data)
        else:
            device.said = data
            recorder.read(1.0)
    path = tmp_path / "any.txt"
    path.write_text(log.getvalue())
    assert [(way, data) for _, way, data in load(path)] == chunks


@pytest.mark.parametrize(
    "text", ["", "hello", "fabthread session 1\nnonsense\n", "fabthread session 1\n1.0 ? x\n", "é"]
)
def test_what_is_no_session_is_refused(tmp_path, text):
    path = tmp_path / "no.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError):
        load(path)
    with pytest.raises(StoreError, match="cannot read"):
        load(tmp_path / "absent")
