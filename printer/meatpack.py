"""MeatPack: the commonest fifteen characters of G-code in four bits each, for firmware that unpacks them.

A byte holds two characters, the first in its low half. A half of 15 says that the character follows as a byte of its
own. Lines end on whole bytes: behind an end of line in the first half, the second is ignored. Two bytes of 255 in a
row, which no packed text contains, announce a command.

A byte never holds the same character twice, though it could: where such a byte got lost, or came twice, the checksum of
its line would still be right.
"""

from __future__ import annotations

from functools import cache

_HALVES = {character: half for half, character in enumerate(b"0123456789.E\nGX")}
_OWN_BYTE = 15

_ENABLE, _DISABLE, _RESET, _NO_SPACES = 0xFB, 0xFA, 0xF9, 0xF7


def _command(code: int) -> bytes:
    return bytes((0xFF, 0xFF, code))


ON = _command(_RESET) + _command(_ENABLE) + _command(_NO_SPACES)
"""Start packing, with an E where the blank was; the firmware reports `[MP] ... ON`."""
OFF = _command(_RESET)
REST, GO_ON = _command(_DISABLE), _command(_ENABLE)
"""Around plain text amid packed text: what watches the wire for emergencies does not unpack."""
BREAK = b"\xcc\xcc\xcc"
"""Ends of line in all halves: ends a line and whatever the firmware still expected."""


@cache
def _pair(pair: bytes) -> bytes:
    """Return the bytes for two characters."""
    first, second = (_HALVES.get(character, _OWN_BYTE) for character in pair)
    own = bytes(character for character in pair if character not in _HALVES)
    if first == second < _OWN_BYTE and pair != b"\n\n":
        first, own = _OWN_BYTE, pair[:1]
    return bytes((first | second << 4,)) + own


def pack(line: bytes) -> bytes:
    r"""Return a line, its end of line included, in packed form.

    >>> pack(b"G1X10\n").hex(" ")
    '1d 1e c0'
    """
    even = line if len(line) % 2 == 0 else line + b"\n"
    return b"".join([_pair(even[k : k + 2]) for k in range(0, len(even), 2)])
