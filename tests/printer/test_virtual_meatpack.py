"""Packed lines from end to end: our packer, the virtual printer's own reading of an unpacker, and noise between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig import Rig, squares

from printer import meatpack
from printer.firmware import UNKNOWN
from printer.protocol import Link
from printer.virtual import VirtualPrinter
from printer.virtual.meatpack import Unpacker, UnpackingUart

LINES = squares(4, 25)


def packed(**options):
    options = {"baud": 115200, "latency": 0.0005} | options
    return Rig(LINES, VirtualPrinter("marlin", **options), link=Link(UNKNOWN, pack=True))


def without_blanks(lines):
    return [line.replace(" ", "") for line in lines]


def unpacked(data, unpacker=None):
    unpacker = unpacker or Unpacker()
    return b"".join(unpacker.take(byte)[0] for byte in data)


@given(st.lists(st.text("0123456789.EGXYZNMFS* -", min_size=1, max_size=60), max_size=6), st.integers(0, 200))
def test_what_we_pack_the_printer_unpacks_however_it_is_cut(texts, cut):
    data = meatpack.ON + b"".join(meatpack.pack(text.encode() + b"\n") for text in texts)
    unpacker = Unpacker()
    found = unpacked(data[:cut], unpacker) + unpacked(data[cut:], unpacker)
    assert [line for line in found.split(b"\n") if line] == [text.encode() for text in texts]


@given(st.text("0123456789.EGX", min_size=1, max_size=60))
def test_no_byte_holds_the_same_character_twice(text):
    """Without such a byte, or with it twice, the checksum would be the same."""
    whole = meatpack.pack(text.encode() + b"\n")
    for k in range(len(whole)):
        if whole[k] & 15 == whole[k] >> 4 != 12:  # it is a whole character, or holds one and announces another
            assert unpacked(meatpack.ON + whole[:k] + whole[k + 1 :]) != text.encode() + b"\n"
            assert whole[k] == 0xFF or whole[k - 1] & 15 == 15 or whole[k - 1] >> 4 == 15 or whole[k - 2] == 0xFF


def test_a_host_that_may_pack_negotiates_and_prints_packed():
    rig, plain = packed(), Rig(LINES, VirtualPrinter("marlin", baud=115200, latency=0.0005))
    assert rig.run().state == plain.run().state == "done"
    assert without_blanks(rig.executed) == without_blanks(plain.executed)
    sent, plainly = (each.printing.session.link.stats.bytes for each in (rig, plain))
    assert sent < 0.7 * plainly


def test_firmware_that_does_not_unpack_gets_plain_lines():
    rig = Rig(LINES, VirtualPrinter("marlin1"), link=Link(UNKNOWN, pack=True))
    assert rig.run().state == "done"
    assert rig.executed == LINES


@pytest.mark.parametrize("fault", ["corrupt", "drop", "duplicate", "lose-line", "lost-ok", "corrupt-reply"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_through_noise_every_line_is_executed_once_and_in_order(fault, seed):
    rig = packed(faults=[f"{fault}:0.02"], seed=seed)
    view = rig.run()
    if view.state == "done":
        assert without_blanks(rig.executed)[: len(LINES)] == without_blanks(LINES)
    else:
        assert "delivery cannot be proven" in view.job.reason


def test_where_there_is_noise_nothing_is_packed_any_more():
    rig = packed(faults=["corrupt@line=60"])
    assert rig.run().state == "done"
    assert without_blanks(rig.executed)[: len(LINES)] == without_blanks(LINES)
    assert any(" X" in line for line in rig.printer.executed_lines)


def test_a_reset_in_the_middle_ends_the_job_and_says_so():
    rig = packed()
    rig.to_line(40)
    rig.printer.reset()
    assert rig.run().state == "failed"
    assert "restarted" in rig.view.job.reason


def test_an_emergency_is_understood_amid_packed_lines():
    rig = packed()
    rig.to_line(40)
    before = len(rig.printer.executed_lines)
    rig.controller.emergency_stop()
    rig.run()
    rig.settle(1.0)
    assert rig.cold
    assert len(rig.printer.executed_lines) <= before + 6


def test_a_question_is_answered_amid_packed_lines():
    lines = [*LINES[:40], "M0 look", *LINES[40:]]
    rig = Rig(lines, VirtualPrinter("marlin", baud=115200), link=Link(UNKNOWN, pack=True))
    rig.step_until(lambda: rig.view.asks)
    rig.controller.answer()
    assert rig.run().state == "done"
    moves = [line for line in without_blanks(rig.executed) if line.startswith("G1")]
    assert moves[: len(moves)] == [line for line in without_blanks(lines) if line.startswith("G1")]


def test_a_host_that_goes_leaves_heaters_off_and_plain_text_understood():
    rig = packed()
    rig.to_line(40)
    rig.controller.close()
    rig.settle(2.0)
    assert rig.cold
    again = Rig(LINES, rig.printer)
    assert again.run().state == "done"


def test_a_host_that_was_killed_leaves_a_printer_that_the_next_one_can_talk_to():
    rig = packed()
    rig.to_line(40)
    rig.settle(30.0)
    again = Rig(LINES, rig.printer, link=Link(UNKNOWN, pack=True))
    assert again.run().state == "done"


NOISE = st.lists(
    st.sampled_from([b"G1 X1\n", b"M105\r\n", b"\n", b"N1 G", b"\xff", b"\xff\xff\xfb", meatpack.OFF, b"\x1d\x1e\xc0"])
)


def taken(pieces):
    """Return the lines that a wire makes of pieces that come one after the other, and when each was there."""
    wire, found = UnpackingUart(115200, 0.001, 4096), []
    for k, piece in enumerate(pieces):
        wire.feed(piece, 0.01 * k)
        while wire.line_at <= 0.01 * k:
            found.append((wire.line_at, wire.take()))
    while wire.line_at < float("inf"):
        found.append((wire.line_at, wire.take()))
    return found, wire.said


@given(NOISE)
def test_lines_that_are_not_packed_are_read_at_once_as_they_are_byte_by_byte(pieces):
    whole = taken(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Unpacker, "plain", False)
        assert taken(pieces) == whole
