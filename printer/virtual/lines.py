"""From received bytes to commands: comments, length, line numbers and checksums, exactly as the firmwares check them.

Marlin checks a line when it reads it, so a complaint can come before the answers to lines that were read earlier:

    N next, checksum right        -> a command
    N the last one or before it   -> dropped without a word since 2.1: a resend was asked for twice
    N anything else               -> line number error   \\
    checksum wrong                -> checksum error       > error, receive buffer emptied, `Resend: n`, `ok`
    N without checksum            -> no checksum         /
    M110 N                        -> sets the line number, whatever it was

Repetier looks at the checksum first, and answers a line that came before, or behind a refused one, by `skip` and `ok`.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import NamedTuple

from printer.kernels.framing import unframe, usual
from printer.virtual.personalities import Personality

FORGIVEN, BEHIND = 40, 14
"""Lines that Repetier knows to have come before, and skips behind a refused one."""


class Line(NamedTuple):
    """A command that is to be executed; `number` is None where it had none, `answered` where it has its `ok`."""

    number: int | None
    text: bytes
    answered: bool = False


class Refused(NamedTuple):
    """A line that is not taken, and is to be sent `again`."""

    complaint: str
    again: bool = True


class Skipped(NamedTuple):
    """A line that is not to be executed, and said to be done."""

    number: int


class LineReader:
    """What a firmware knows of the lines it was sent."""

    def __init__(self, personality: Personality) -> None:
        self._personality = personality
        self._length = personality.board.line_length
        self.last = 0
        self._skips = 0  # lines that may still come behind a refused one

    def read(self, raw: bytes, numbers_only: bool = False) -> Line | Refused | Skipped | None:
        """Return what a received line means; None where it is to be ignored.

        `numbers_only` holds while a file is uploaded: then only M29 may come without a number.
        """
        number, start, star = usual(raw)
        if start and number == self.last + 1 and len(raw) <= self._length and self._personality.numbered:
            self.last, self._skips = number, 0
            return Line(number, raw[start:star])
        if b";" in raw or b"\\" in raw or b"\b" in raw:
            raw = _without_comment(raw)
        line = raw[: self._length].strip(b" ")
        if not line:
            return None
        if line[0] != 78:  # N
            if numbers_only and not line.startswith(b"M29"):
                return self._refuse(self._personality.no_checksum)
            return self._bare(line)
        number, start, star, fits = unframe(line)
        if not self._personality.numbered:
            return Line(number, line[start : star if star >= 0 else None].rstrip(b" "))
        renumbers = b"M110" in line
        if renumbers and (again := line.find(b"N", start)) >= 0:
            number = unframe(line[again:])[0]
        bad = self._bad_sum(star, fits)
        if number != self.last + 1 and not renumbers and not (bad and self._personality.repeats == "skip"):
            return self._unexpected(number)
        if bad:
            return bad
        self.last, self._skips = number, 0
        return Line(number, line[start : star if star >= 0 else None].rstrip(b" "))

    def _bare(self, line: bytes) -> Line | Refused:
        """Return what a line without a number means; Marlin 2 does not look at its checksum."""
        star, rule = line.rfind(b"*"), self._personality.bare_sum
        if star < 0 or rule == "take":
            return Line(None, _command(line))
        if rule == "check":
            fits = line[star + 1 :].isdigit() and int(line[star + 1 :]) == reduce(xor, line[:star], 0)
            return Line(None, line[:star].rstrip(b" ")) if fits else self._refuse(self._personality.bad_checksum)
        return self._refuse(self._personality.no_number)._replace(again=rule == "refuse")

    def _bad_sum(self, star: int, fits: bool) -> Refused | None:
        """Return what is wrong with a checksum at `star`; None where it fits, or is not there and need not be."""
        if star < 0:
            return None if self._personality.lenient else self._refuse(self._personality.no_checksum)
        return None if fits else self._refuse(self._personality.bad_checksum)

    def _unexpected(self, number: int) -> Refused | Skipped | None:
        """Return what becomes of a line whose turn it is not."""
        repeats, before = self._personality.repeats, self.last - number
        if repeats == "drop" and 0 <= before <= 1:
            return None
        if repeats == "skip" and (0 <= before < FORGIVEN or self._skips):
            self._skips -= before < 0 or before >= FORGIVEN
            return Skipped(number)
        return self._refuse(self._personality.bad_number, number)

    def _refuse(self, complaint: str, got: int = 0) -> Refused:
        self._skips = BEHIND
        return Refused(complaint.format(last=self.last, n=self.last + 1, got=got))


def _command(line: bytes) -> bytes:
    """Return an unnumbered command; a checksum without a line number is not looked at."""
    star = line.find(b"*") if not line.startswith((b"M117", b"M118", b"M23", b"M28", b"M30", b"M16")) else -1
    return line[:star].rstrip(b" ") if star >= 0 else line


def _without_comment(raw: bytes) -> bytes:
    """Return a line as Marlin's reader keeps it: `;` ends it, `\\` takes the next byte as it is, backspace deletes."""
    kept = bytearray()
    escaped = False
    for c in raw:
        if escaped:
            kept.append(c)
            escaped = False
        elif c == 92:
            escaped = True
        elif c == 59:
            break
        elif c == 8:
            del kept[-1:]
        else:
            kept.append(c)
    return bytes(kept)


DIGITS = "0123456789"
NUMERIC = frozenset(DIGITS + "+-.")


class Words:
    """A command taken apart: `code` such as G1 or M104, its text argument, and the numbers behind its letters.

    >>> words = Words(b"M104 T1 S205.5")
    >>> words.code, words.text, words.number("S", 0.0), words.has("B")
    ('M104', 'T1 S205.5', 205.5, False)
    """

    __slots__ = ("_values", "code", "line", "text")

    def __init__(self, line: bytes) -> None:
        self.line = line.decode("latin-1")
        end = 1
        while end < len(self.line) and self.line[end] in DIGITS:
            end += 1
        if self.line[:1].isalpha() and end > 1:
            self.code = f"{self.line[0].upper()}{int(self.line[1:end])}"
            self.text = self.line[end:].strip()
        else:
            self.code, _, self.text = self.line.partition(" ")
            self.code = self.code.upper()
        self._values: dict[str, float | None] | None = None

    def has(self, letter: str) -> bool:
        """Return whether a letter is there, with or without a number."""
        return letter in self._numbers()

    def number(self, letter: str, default: float) -> float:
        """Return the number behind a letter; `default` where there is none."""
        value = self._numbers().get(letter)
        return default if value is None else value

    def get(self, letter: str) -> float | None:
        """Return the number behind a letter, None where there is none."""
        return self._numbers().get(letter)

    def named(self, name: str) -> str | None:
        """Return the value of `NAME=value` in a macro call."""
        for word in self.text.split():
            key, equals, value = word.partition("=")
            if equals and key.upper() == name:
                return value
        return None

    def _numbers(self) -> dict[str, float | None]:
        if self._values is None:
            self._values = _numbers(self.text)
        return self._values


def _numbers(text: str) -> dict[str, float | None]:
    """Return the number behind each capital letter."""
    values: dict[str, float | None] = {}
    i, n = 0, len(text)
    while i < n:
        letter = text[i]
        i += 1
        if not letter.isalpha():
            continue
        if text[i : i + 1] == " " and text[i + 1 : i + 2] in NUMERIC:
            i += 1
        end = i
        while end < n and text[end] in NUMERIC:
            end += 1
        try:
            value: float | None = float(text[i:end])
        except ValueError:
            value = None
        values.setdefault(letter.upper(), value)
        i = end
    return values
