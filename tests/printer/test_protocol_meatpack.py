"""MeatPack against a second reading of it: Marlin's unpacker, from its description."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from printer import meatpack
from printer.events import Ready
from printer.firmware import MARLIN
from printer.protocol import Link, State


class Unpacker:
    """State as in the firmware: commands behind two bytes of 255, halves, characters of their own."""

    def __init__(self) -> None:
        self.on = self.compact = False
        self.flags = self.whole = 0
        self.command = False
        self.second = b""
        self.out = b""
        self.said = b""

    def feed(self, data: bytes) -> bytes:
        self.out = b""
        for byte in data:
            self._take(byte)
        return self.out

    def _take(self, byte: int) -> None:
        if byte == 0xFF:
            self.command, self.flags = self.flags == 1, 0 if self.flags else 1
        elif self.command:
            self.command = False
            self._obey(byte)
        else:
            if self.flags:
                self.flags = 0
                self._unpack(0xFF)
            self._unpack(byte)

    def _obey(self, byte: int) -> None:
        if byte == 0xF9:
            self.__init__()
        self.on = {0xFB: True, 0xFA: False}.get(byte, self.on)
        self.compact = {0xF7: True, 0xF6: False}.get(byte, self.compact)
        self.said += b"[MP] PV01 %s %s\n" % (b"ON" if self.on else b"OFF", b"NSP" if self.compact else b"ESP")

    def _unpack(self, byte: int) -> None:
        table = b"0123456789." + (b"E" if self.compact else b" ") + b"\nGX"
        if not self.on:
            self.out += bytes((byte,))
        elif self.whole:
            self.whole -= 1
            self.out += bytes((byte,)) + self.second
            self.second = b""
        else:
            first, second = byte & 15, byte >> 4
            if first == 15:
                self.whole = 1 + (second == 15)
                self.second = table[second : second + 1] if second < 15 else b""
                return
            self.out += table[first : first + 1]
            if table[first] != 10:
                self.whole = int(second == 15)
                self.out += table[second : second + 1] if second < 15 else b""


lines = st.text(st.sampled_from("0123456789.-GXYZEMFS* ;abc"), min_size=1, max_size=90)


@given(st.lists(lines, max_size=8))
def test_what_is_packed_comes_out_again(texts):
    unpacker = Unpacker()
    unpacker.feed(meatpack.ON)
    packed = [meatpack.pack(text.encode() + b"\n") for text in texts]
    assert unpacker.feed(b"".join(packed)).replace(b"\n\n", b"\n") == b"".join(t.encode() + b"\n" for t in texts)
    assert b"\xff\xff" not in b"".join(packed)


def test_moves_shrink_to_little_more_than_half():
    line = b"N1234G1X103.525Y88.125E.03512*97\n"
    assert len(meatpack.pack(line)) <= 0.64 * len(line)


def test_a_break_ends_what_the_firmware_has_half_read():
    for cut in range(1, 20):
        unpacker = Unpacker()
        unpacker.feed(meatpack.ON + meatpack.pack(b"N12 M117 Hello*33\n")[:cut] + meatpack.BREAK)
        assert unpacker.feed(meatpack.pack(b"N13G1X1*7\n")).startswith(b"N13G1X1*7\n")


def test_the_link_packs_once_the_printer_says_that_it_unpacks():
    link, unpacker, events, text, now = Link(MARLIN, pack=True), Unpacker(), [], b"", 0.0
    link.open(now)
    link.send("G1 X10 Y20.5 E1")
    for _ in range(40):
        unpacker.said, now = b"", now + 0.1
        said = unpacker.feed(link.to_write(now))
        text += said
        events += link.receive(unpacker.said, now)
        for line in said.split(b"\n"):
            if b"M115" in line:
                events += link.receive(b"FIRMWARE_NAME:Marlin 2.1\nCap:MEATPACK:1\n", now)
            if line:
                events += link.receive(b"ok T:1.0 /0.0\n" if b"M105" in line else b"ok\n", now)
    assert any(isinstance(event, Ready) for event in events)
    assert link.state == State.STREAMING
    assert b"G1X10Y20.5E1*" in text
    assert link.acknowledged == 1


def test_a_printer_that_does_not_unpack_gets_plain_lines():
    link, now = Link(MARLIN, pack=True), 0.0
    link.open(now)
    link.send("G1 X1")
    out = b""
    for _ in range(60):
        data = link.to_write(now)
        out += data
        for line in data.split(b"\n"):
            if b"M115" in line:
                link.receive(b"FIRMWARE_NAME:Marlin 2.1\nCap:MEATPACK:1\n", now)
            if line.startswith(b"N"):
                link.receive(b"ok T:1.0 /0.0\n" if b"M105" in line else b"ok\n", now)
        now += 0.1
        link.tick(now)
    assert b" G1 X1*" in out
