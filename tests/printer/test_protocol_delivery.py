"""Every line, in order, once: the link against a second reading of Marlin, over a wire that hurts bytes both ways."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from marlin_model import Marlin

from printer.events import Doubted, Event, Failed, Resent
from printer.firmware import MARLIN
from printer.protocol import Link, State


def job(count: int) -> list[str]:
    return [f"G1 X{10 + k / 10:.3f} Y{10 + k / 5:.3f} E{1 + k * 0.013:.5f}" for k in range(count)]


Faults = dict[int, tuple[str, int]]  # by the number of the byte on its way: what happens to it


def hurt(data: bytes, faults: Faults, at: int) -> bytes:
    out = bytearray()
    for k, byte in enumerate(data, at):
        what, value = faults.get(k, ("", 0))
        if what == "flip":
            out.append(byte ^ value)
        elif what == "insert":
            out += bytes((value, byte))
        elif what == "double":
            out += bytes((byte, byte))
        elif what != "drop":
            out.append(byte)
    return bytes(out)


@dataclass
class Run:
    """What came of a job."""

    link: Link
    marlin: Marlin
    events: list[Event] = field(default_factory=list)
    seconds: float = 0.0
    longest_pause: float = 0.0
    too_high: bool = False

    @property
    def taken(self) -> list[str]:
        return [text for _, text in self.marlin.taken]


def play(
    lines: list[str],
    marlin: Marlin,
    link: Link,
    up: Faults | None = None,
    down: Faults | None = None,
    limit: float = 300,
) -> Run:
    run = Run(link, marlin)
    now, fed, last, count, bytes_up, bytes_down = 0.0, 0, 0.0, 0, 0, 0
    link.open(now)
    while now < limit and link.state not in (State.FAILED, State.HALTED):
        more = min(link.room(), len(lines) - fed)
        for line in lines[fed : fed + more]:
            link.send(line)
        fed += more
        if data := link.to_write(now):
            marlin.write(hurt(data, up or {}, bytes_up), now)
            bytes_up += len(data)
        now = max(now, min(marlin.next_event(), max(link.deadline(now), now + 1e-4)))
        if data := marlin.advance(now):
            run.events += link.receive(hurt(data, down or {}, bytes_down), now)
            bytes_down += len(data)
        run.events += link.tick(now)
        if len(marlin.taken) > count:
            run.longest_pause = max(run.longest_pause, now - last if count else 0.0)
            last, count = now, len(marlin.taken)
        in_queue = sum(number is not None and text.startswith("G1") for number, text in marlin.queue)
        run.too_high |= link.acknowledged > len(marlin.taken) + in_queue
        if fed == len(lines) and link.idle:
            break
    run.seconds = now
    return run


def marlin_link(marlin: Marlin, **options: bool) -> Link:
    return Link(replace(MARLIN, rx_bytes=marlin.rx_size), detect=False, **options)


marlins = st.builds(
    Marlin,
    silent_duplicates=st.booleans(),
    resend_ok=st.booleans(),
    advanced_ok=st.booleans(),
    cost=st.sampled_from([0.0005, 0.01, 0.05]),
    latency=st.sampled_from([0.0002, 0.002, 0.008]),
    baud=st.sampled_from([115200, 250000]),
    rx_size=st.sampled_from([64, 128, 1024]),
)


@st.composite
def bursts(draw, most: int, total: int) -> Faults:
    faults: Faults = {}
    for _ in range(draw(st.integers(0, most))):
        at, length = draw(st.integers(0, total)), draw(st.sampled_from([1, 1, 1, 2, 6]))
        kind, value = draw(st.sampled_from(["drop", "flip", "insert", "double"])), draw(st.integers(1, 255))
        faults |= dict.fromkeys(range(at, at + length), (kind, value))
    return faults


@settings(max_examples=80, deadline=None)
@given(marlin=marlins, up=bursts(2, 1500), down=bursts(2, 300), ping_pong=st.booleans())
def test_each_line_is_taken_once_and_in_order_or_the_link_says_so(marlin, up, down, ping_pong):
    lines = job(30)
    run = play(lines, marlin, marlin_link(marlin, ping_pong=ping_pong), up, down)
    assume(set(run.taken) <= set(lines))  # noise that has a right checksum cannot be told from the file
    if any(isinstance(event, Failed) for event in run.events):
        assert run.taken == lines[: len(run.taken)]
        return
    assert run.taken == lines
    assert run.link.acknowledged == len(lines)
    assert run.link.idle


@settings(max_examples=60, deadline=None)
@given(
    marlin=marlins,
    at=st.integers(100, 1200),
    kind=st.sampled_from(["drop", "flip", "insert", "double"]),
    up=st.booleans(),
)
def test_a_single_fault_neither_stops_nor_fools_the_link(marlin, at, kind, up):
    fault: Faults = {at if up else 150 + at % 250: (kind, 4)}
    lines = job(30)
    run = play(lines, marlin, marlin_link(marlin), fault if up else {}, {} if up else fault)
    assert run.taken == lines
    assert not any(isinstance(event, Failed) for event in run.events)
    assert run.longest_pause < 1.0
    assert not run.too_high


@pytest.mark.parametrize("silent_duplicates", [True, False])
def test_a_whole_window_of_refusals_is_one_resend(silent_duplicates):
    marlin = Marlin(silent_duplicates=silent_duplicates)
    run = play(job(40), marlin, marlin_link(marlin), up={700: ("flip", 1)})
    assert run.taken == job(40)
    assert sum(isinstance(event, Resent) for event in run.events) == 1
    assert not any(isinstance(event, Doubted) for event in run.events)


def test_a_link_that_sends_what_was_not_refused_is_found_out(monkeypatch):
    """The test above can fail: without going back, lines are missing."""
    from printer.protocol.sequence import Sequence

    monkeypatch.setattr(Sequence, "rewind", lambda self, number, proven: None)
    marlin = Marlin()
    run = play(job(40), marlin, marlin_link(marlin), up={700: ("flip", 1)}, limit=60)
    assert run.taken != job(40)


@pytest.mark.parametrize(
    ("baud", "latency", "rx", "share"),
    [(115200, 0.0005, 128, 0.97), (250000, 0.0005, 128, 0.97), (115200, 0.002, 128, 0.92), (115200, 0.008, 1024, 0.9)],
)
def test_the_window_fills_the_wire_and_never_overflows_it(baud, latency, rx, share):
    marlin = Marlin(baud=baud, latency=latency, rx_size=rx, cost=0.0002)
    run = play(job(3000), marlin, marlin_link(marlin))
    assert run.link.stats.bytes / run.seconds >= share * baud / 10
    assert marlin.lost == 0


def test_slow_moves_do_not_overflow_the_receive_buffer():
    marlin = Marlin(cost=0.03)
    run = play(job(200), marlin, marlin_link(marlin))
    assert run.taken == job(200)
    assert marlin.lost == 0
    assert run.link.stats.resends == 0


def test_a_receive_buffer_that_is_smaller_than_was_said_is_survived():
    marlin = Marlin(rx_size=64, cost=0.01)
    run = play(job(200), marlin, Link(MARLIN, detect=False))
    assert run.taken == job(200)
