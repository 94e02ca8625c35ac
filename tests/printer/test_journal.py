"""What outlives a power cut."""

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printer import journal
from printer.errors import StoreError
from printer.journal import LINES, Journal, recover


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def test_what_was_noted_is_found_again(path):
    clock = Clock()
    log = Journal(path, {"file": "part.gcode"}, clock)
    log.state("printing")
    clock.sleep(1)
    log.note(812, 818)
    log.close()
    found = recover(path)
    assert (found.job, found.acknowledged, found.sent, found.state, found.end) == (
        {"file": "part.gcode"},
        812,
        818,
        "printing",
        None,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell")
def test_a_journal_that_is_being_written_says_so(path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 500)
    log = Journal(path, {}, Clock())
    assert recover(path).written
    for line in range(0, 400, 20):  # it is rewritten meanwhile
        log.note(line, line)
    assert recover(path).written
    log.close()
    assert not recover(path).written


def test_an_ended_print_has_nothing_to_recover(path):
    log = Journal(path, {})
    log.end("done")
    assert recover(path).end == "done"


@given(steps=st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 100), st.integers(0, 20)), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_killed_process_loses_no_more_than_was_promised(tmp_path, steps):
    path = tmp_path / os.urandom(8).hex()
    clock = Clock()
    log = Journal(path, {}, clock)
    acknowledged = sent = 0
    for seconds, more, ahead in steps:
        clock.sleep(seconds)
        acknowledged, sent = acknowledged + more, max(sent, acknowledged + more + ahead)
        log.note(acknowledged, sent)
        found = recover(path)  # as the next process would find it
        first, last = found.unknown(16)
        assert first <= acknowledged
        assert sent <= last
        assert acknowledged - found.acknowledged < LINES
        assert sent - found.sent < LINES
    log.close()


def test_torn_and_damaged_lines_are_skipped_and_counted(path):
    clock = Clock()
    log = Journal(path, {"file": "a"}, clock)
    for k in range(1, 6):
        log.note(100 * k, 100 * k)
    log.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert (recover(path).acknowledged, recover(path).damaged) == (400, 1)
    lines = whole.split(b"\n")
    lines[3] = lines[3].replace(b"2", b"9")
    path.write_bytes(b"\n".join(lines))
    assert (recover(path).acknowledged, recover(path).damaged) == (500, 1)


def test_every_cut_leaves_a_journal_or_says_that_it_is_none(path):
    log = Journal(path, {"file": "a"}, Clock())
    log.note(100, 100)
    log.note(200, 210)
    log.close()
    whole = path.read_bytes()
    head = whole.index(b"\n")
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        if cut < head:
            with pytest.raises(StoreError):
                recover(path)
        else:
            assert recover(path).acknowledged in (0, 100, 200)


@pytest.mark.parametrize("data", [b"", b"hello\n", b"\x00\xff\n" * 9, b"[]\n", b"00000000 {}\n"])
def test_what_is_no_journal_is_said_to_be_none(path, data):
    path.write_bytes(data)
    with pytest.raises(StoreError, match="not a journal"):
        recover(path)
    with pytest.raises(StoreError, match="cannot read"):
        recover(path.with_name("absent"))


def test_a_journal_belongs_to_one_print(path):
    Journal(path, {}).close()
    with pytest.raises(StoreError, match="exists"):
        Journal(path, {})


def test_a_journal_stays_small(path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 2000)
    log = Journal(path, {"file": "a"}, Clock())
    log.state("printing")
    for k in range(1, 400):
        log.note(LINES * k, LINES * k)
        assert path.stat().st_size <= 2000
        assert recover(path).acknowledged == LINES * k
    log.close()
    assert (recover(path).job, recover(path).state) == ({"file": "a"}, "printing")


WRITER = """
import sys
from printer.journal import Journal
log = Journal(sys.argv[1], {"file": "a"})
for k in range(10**9):
    log.note(k, k + 3)
    if k % 50 == 0:
        print(k, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no SIGKILL")
@pytest.mark.parametrize("lines", [1, 40, 900])
def test_a_journal_survives_kill_9(path, lines):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(lines):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    said = [int(line) for line in writer.stdout.read().split()]  # what was still in the pipe
    writer.wait()
    writer.stdout.close()
    found = recover(path)
    assert found.acknowledged >= max(said, default=0) - LINES
    assert found.damaged <= 1
