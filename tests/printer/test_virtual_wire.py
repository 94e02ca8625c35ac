"""How long bytes take on the wire, and which the printer loses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_host import ask, framed, hear, switched_on

from printer.virtual.uart import Uart

BAUD = 115200
BYTE = 10 / BAUD


def test_a_byte_is_ten_bits_and_latency_is_one_way():
    uart = Uart(BAUD, 0.002, 128)
    uart.feed(b"M105\n", 1.0)
    assert uart.line_at == pytest.approx(1.0 + 5 * BYTE + 0.002)
    uart.say(b"ok\n", 2.0)
    assert uart.heard_at == pytest.approx(2.0 + 3 * BYTE + 0.002)


def test_bytes_wait_for_those_before_them():
    uart = Uart(BAUD, 0.0, 128)
    uart.feed(b"x" * 99 + b"\n", 0.0)
    uart.feed(b"y\n", 0.0)
    uart.take()
    assert uart.line_at == pytest.approx(102 * BYTE)


def test_ping_pong_takes_two_latencies_and_the_bytes():
    device = switched_on(baud=BAUD, latency=0.002)
    hear(device, 1.0)
    began, line = device.now, framed(1, "G90")
    ask(device, line)
    assert device.now - began == pytest.approx((len(line) + 3) * BYTE + 0.004, abs=1e-6)


def test_a_full_receive_buffer_loses_the_newest_bytes():
    device = switched_on(baud=BAUD, receive_buffer=128, line_buffer=4)
    hear(device, 1.0)
    ask(device, "M110 N0")
    lines = [framed(1, "G4 S1")] + [framed(i, f"M117 {i:020}") for i in range(2, 30)]
    data = b"".join(lines)
    device.write(data, device.now)
    answers = hear(device, 0.95)
    assert answers == []
    hear(device, 3.0)
    # the queue took four lines and the buffer the next 128 bytes: what follows is lost
    kept = sum(len(line) for line in lines[:4]) + 128
    assert device.uart.lost >= len(data) - kept > 0
    assert device.executed_lines[1:5] == [line.split(b" ", 1)[1].split(b"*")[0].decode() for line in lines[:4]]


def test_usb_has_flow_control_and_loses_nothing():
    device = switched_on()
    lines = [framed(1, "G4 S1")] + [framed(i, f"M117 {i:020}") for i in range(2, 300)]
    device.write(b"".join(lines), device.now)
    hear(device, 5.0)
    assert device.uart.lost == 0
    assert len(device.executed_lines) == 299


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=20), st.integers(1, 64))
def test_nothing_is_lost_while_it_is_read(pieces, cut):
    uart = Uart(BAUD, 0.001, 16)
    data = b"".join(pieces).replace(b"\r", b"\n") + b"\n"
    for at in range(0, len(data), cut):
        uart.feed(data[at : at + cut], 0.0)
    lines = []
    while uart.line_at < float("inf"):
        lines.append(uart.take())
    assert b"\n".join(lines) + b"\n" == data


@given(
    st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=20),
    st.floats(0, 0.05),
    st.integers(0, 40),
)
def test_what_is_clipped_is_what_arrived_beyond_the_buffer(pieces, now, capacity):
    uart = Uart(BAUD, 0.0, max(capacity, 1))
    data = b"".join(pieces).replace(b"\r", b"x").replace(b"\n", b"x")
    for piece in pieces:
        uart.feed(piece.replace(b"\r", b"x").replace(b"\n", b"x"), 0.0)
    arrived = min(int(now / BYTE + 1e-6), len(data))
    uart.clip(now)
    uart.feed(b"\n", 0.0)
    keep = min(arrived, max(capacity, 1))
    assert uart.take() == data[:keep] + data[arrived:]
    assert uart.lost == arrived - keep


def test_an_emergency_acts_when_its_own_bytes_have_arrived():
    device = switched_on(baud=BAUD)
    hear(device, 1.0)
    began, line = device.now, b"M112\n"
    device.write(line + b"G4 S1 ; " + b"x" * 2000 + b"\n", began)
    while not device._firmware.halted:
        device.advance(device.now + 0.01)
    assert device.now - began < 0.02


def test_time_never_runs_backwards():
    device = switched_on()
    hear(device, 5.0)
    assert device.advance(1.0) == b""
    assert device.now == 5.0
