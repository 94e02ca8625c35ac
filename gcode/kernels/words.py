# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: G-code bytes into lines of words. Knows how G-code is spelled, not what it means: that is `kernels.rows`.

Each line becomes a kind, a code and words, which are pairs of a letter (A is 0) and a value:

    KEPT      blank, or text that means nothing here
    COMMENT   of the table; code is its meaning, words W and H where it gives width and height
    MACRO     of the table, or the label of an object; code is its meaning, words are numbered as in the table
    G, M, T   by their own letter; code is the number (-1 for `G29.1` and the like), words where they matter
    FAULT     code is the reason

The text must end with a newline, so that no search within a line needs another guard. Runs compiled or as plain Python
with the same result: a number is an exact integer divided once by a power of ten.
"""

import cython
import numpy as np

KEPT = cython.declare(cython.uchar, 0)
COMMENT = cython.declare(cython.uchar, 1)
MACRO = cython.declare(cython.uchar, 2)
FAULT = cython.declare(cython.uchar, 3)

NO_WORD = cython.declare(cython.int, 1)
NOT_TEXT = cython.declare(cython.int, 2)
CHECKSUM = cython.declare(cython.int, 3)
SEQUENCE = cython.declare(cython.int, 4)

# meanings in the table that matter here, as `gcode.dialects` numbers them; from NUMBERED on a number must follow
ROLE = cython.declare(cython.int, 1)
BARE_ROLE = cython.declare(cython.int, 2)
BEGIN = cython.declare(cython.int, 3)
END = cython.declare(cython.int, 4)
DEFINE = cython.declare(cython.int, 5)
NUMBERED = cython.declare(cython.int, 10)
WIDTH = cython.declare(cython.int, 11)
HEIGHT = cython.declare(cython.int, 12)
TOOL = cython.declare(cython.int, 13)

H = cython.declare(cython.int, 7)
W = cython.declare(cython.int, 22)
POINT = cython.declare(cython.int, 26)  # not a letter: somewhere in the command is a decimal point
OTHER = cython.declare(cython.int, 31)  # not a letter: a macro has a parameter that is not in the table


def section_starts(table: bytes) -> list[int]:
    """Return where the sections of a table begin (and where the last one ends)."""
    starts = [0]
    at = 0
    while at < len(table):
        while table[at] != 0:
            at += 2 + table[at + 1]
        at += 1
        starts.append(at)
    return starts


@cython.cclass
class Scanner:
    """How far a text is read, and the arrays that take its lines."""

    data: cython.const[cython.uchar][::1]
    table: cython.const[cython.uchar][::1]
    sections: cython.longlong[::1]  # where they begin in the table
    # by line
    kind: cython.uchar[::1]
    code: cython.int[::1]
    words: cython.uchar[::1]  # how many
    spot: cython.longlong[:, ::1]  # first byte, first byte of what it says, end
    # by word
    letter: cython.uchar[::1]
    value: cython.double[::1]

    at = cython.declare(cython.Py_ssize_t, visibility="public")  # where the next line begins
    filled: cython.Py_ssize_t  # words
    expected: cython.longlong  # line number; -1 where there is none

    # the line at hand
    fault: cython.int
    span: cython.Py_ssize_t  # where what it says begins
    cython.declare(number=cython.double, after=cython.Py_ssize_t)  # read last, and where that ended

    def __init__(self, table: cython.const[cython.uchar][::1]) -> None:
        self.table = table
        self.sections = np.array(section_starts(bytes(table)), np.int64)
        self.at = self.filled = 0
        self.expected = -1

    def run(
        self,
        data: cython.const[cython.uchar][::1],
        kind: cython.uchar[::1],
        code: cython.int[::1],
        words: cython.uchar[::1],
        spot: cython.longlong[:, ::1],
        letter: cython.uchar[::1],
        value: cython.double[::1],
    ) -> int:
        """Read lines from `at` on until the arrays are full or the text ends; return how many."""
        self.data = data
        self.kind = kind
        self.code = code
        self.words = words
        self.spot = spot
        self.letter = letter
        self.value = value
        self.filled = 0
        size: cython.Py_ssize_t = data.shape[0]
        room: cython.Py_ssize_t = value.shape[0] - 42  # more words than a line may have
        k: cython.Py_ssize_t = 0
        with cython.nogil:
            while self.at < size and k < kind.shape[0] and self.filled <= room:
                self._line(k)
                k += 1
        return k

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _line(self, k: cython.Py_ssize_t) -> cython.void:
        """Read the line at `at` into row k."""
        p: cython.Py_ssize_t = self.at
        before: cython.Py_ssize_t = self.filled
        kind: cython.uchar = KEPT
        c: cython.int = self.data[p]
        while c == 32 or c == 9:
            p += 1
            c = self.data[p]
        self.fault = 0
        self.code[k] = 0
        self.spot[0, k] = self.at
        self.span = p
        if (c == 78 or c == 110) and 48 <= self.data[p + 1] <= 57:
            p = self._line_number(p)
            c = self.data[p]
        self.after = p
        upper: cython.int = c & 0xDF
        if (upper == 71 or upper == 77 or upper == 84) and 48 <= self.data[p + 1] <= 57:
            kind = self._command(k, p, upper)
        elif c == 59:
            kind = self._comment(k, p + 1)
        elif 65 <= upper <= 90:
            kind = self._macro(k, p)
        elif not (c == 10 or c == 13 or c == 40 or c == 37 or c == 47 or c == 95 or c == 35):  # blank ( % / _ #
            self.fault = NO_WORD
        p = self.after
        while self.data[p] != 10:
            if self.data[p] < 9:
                self.fault = NOT_TEXT
            p += 1
        self.at = p + 1
        if p > self.spot[0, k] and self.data[p - 1] == 13:
            p -= 1
        if self.fault:
            kind = FAULT
            self.code[k] = self.fault
            self.filled = before
        self.kind[k] = kind
        self.words[k] = cython.cast(cython.uchar, self.filled - before)
        self.spot[1, k] = self.span
        self.spot[2, k] = p

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _line_number(self, p: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Check the number of the line and the checksum that goes with it; return where the command begins."""
        q: cython.Py_ssize_t = p
        check: cython.int = 0
        while self.data[q] != 10 and self.data[q] != 42 and self.data[q] != 59:
            check ^= self.data[q]
            q += 1
        if self.data[q] == 42 and (self._number(q + 1) < 0 or self.number != check):
            self.fault = CHECKSUM
        q = self._number(p + 1)
        if q < 0 or self.number > 1e15:
            self.fault = SEQUENCE
            return p + 1
        line: cython.longlong = cython.cast(cython.longlong, self.number)
        while self.data[q] == 32 or self.data[q] == 9:
            q += 1
        resets: cython.bint = (
            self.data[q] == 77 and self.data[q + 1] == 49 and self.data[q + 2] == 49 and self.data[q + 3] == 48
        )
        if self.expected >= 0 and line != self.expected and not resets and not self.fault:
            self.fault = SEQUENCE
        self.expected = line + 1
        return q

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _number(self, p: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Read the decimal number at p into `number` and return the position after it; -1 where there is none."""
        c: cython.int = self.data[p]
        negative: cython.bint = c == 45
        if c == 45 or c == 43:
            p += 1
            c = self.data[p]
        mantissa: cython.longlong = 0
        scale: cython.longlong = 1
        digits: cython.int = 0
        while 48 <= c <= 57:
            if digits >= 16:  # beyond any position
                return -1
            mantissa = mantissa * 10 + (c - 48)
            digits += 1
            p += 1
            c = self.data[p]
        if c == 46:
            p += 1
            c = self.data[p]
            while 48 <= c <= 57:
                if digits < 16:
                    mantissa = mantissa * 10 + (c - 48)
                    scale *= 10
                digits += 1
                p += 1
                c = self.data[p]
        if digits == 0:
            return -1
        number: cython.double = mantissa
        if scale != 1:
            number = number / cython.cast(cython.double, scale)
        self.number = -number if negative else number
        return p

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _number_after(self, p: cython.Py_ssize_t) -> cython.bint:
        """Return whether a number stands at p or after blanks there; if so, `number` and `after` are set."""
        while self.data[p] == 32:
            p += 1
        p = self._number(p)
        if p < 0:
            return False
        self.after = p
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add(self, letter: cython.int, value: cython.double) -> cython.void:
        self.letter[self.filled] = cython.cast(cython.uchar, letter)
        self.value[self.filled] = value
        self.filled += 1

    # ---------------------------------------------------------------- commands

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _command(self, k: cython.Py_ssize_t, p: cython.Py_ssize_t, upper: cython.int) -> cython.uchar:
        """Read G, M or T with a number, and its words where they matter."""
        code: cython.int = 0
        p += 1
        while 48 <= self.data[p] <= 57 and code < 100000:
            code = code * 10 + self.data[p] - 48
            p += 1
        self.after = p
        if self.data[p] == 46 or 48 <= self.data[p] <= 57:
            code = -1
        self.code[k] = code
        if upper == 71:
            if 0 <= code <= 3 or code == 10 or code == 11:
                self._words(p, False)
            elif code == 28 or code == 92:
                self._words(p, True)
        elif upper == 77:
            if code == 106:
                self._words(p, False)
                self._point(p)
            elif code == 107 or code == 200 or code == 204 or code == 207 or code == 208:
                self._words(p, True)
            elif code == 486:
                return self._object_label(k, p)
        return cython.cast(cython.uchar, upper)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _words(self, p: cython.Py_ssize_t, bare: cython.bint) -> cython.void:
        """Read words up to the end of the command; `bare` allows letters without a number, which count 0."""
        c: cython.int
        q: cython.Py_ssize_t
        most: cython.Py_ssize_t = self.filled + 40
        while True:
            c = self.data[p]
            while c == 32 or c == 9:
                p += 1
                c = self.data[p]
            if c == 10 or c == 59 or c == 13 or c == 42:
                break
            if c == 40:
                while self.data[p] != 41 and self.data[p] != 10:
                    p += 1
                if self.data[p] == 41:
                    p += 1
                continue
            c &= 0xDF
            q = self._number(p + 1)
            if c < 65 or c > 90 or (q < 0 and not bare) or self.filled == most:
                self.fault = NO_WORD
                break
            if q < 0:
                self.number = 0.0
                q = p + 1
            self._add(c - 65, self.number)
            p = q
        self.after = p

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _point(self, p: cython.Py_ssize_t) -> cython.void:
        """Say whether a command is written with a decimal point."""
        while p < self.after and self.data[p] != 46:
            p += 1
        if p < self.after:
            self._add(POINT, 1.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _object_label(self, k: cython.Py_ssize_t, p: cython.Py_ssize_t) -> cython.uchar:
        """M486 S<n> begins an object, S-1 ends it; with anything else it defines or cancels one."""
        self.code[k] = DEFINE
        while self.data[p] == 32:
            p += 1
        if self.data[p] == 83 and self._number_after(p + 1):
            while self.data[self.after] == 32:
                self.after += 1
            if self.data[self.after] in (10, 13, 42, 59):  # the end of the line, a checksum, a comment
                self.code[k] = BEGIN if self.number >= 0 else END
        return MACRO

    # ---------------------------------------------------------------- comments and macros

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _known(self, p: cython.Py_ssize_t, section: cython.int) -> cython.int:
        """Return what the text at p means by a section of the table, 0 if it is not there; `after` is where it ends.

        An entry is its meaning, the length of its text and the text, in which a newline stands for the end of the line.
        """
        w: cython.Py_ssize_t = self.sections[section]
        n: cython.int
        k: cython.int
        while self.table[w] != 0:
            n = self.table[w + 1]
            k = 0
            while k < n and (
                self.data[p + k] == self.table[w + 2 + k] or (self.table[w + 2 + k] == 10 and self.data[p + k] == 13)
            ):
                k += 1
            if k == n:
                self.after = p + n
                return self.table[w]
            w += 2 + n
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _comment(self, k: cython.Py_ssize_t, p: cython.Py_ssize_t) -> cython.uchar:
        """Read a comment that the table knows."""
        while self.data[p] == 32:
            p += 1
        meaning: cython.int = self._known(p, 0)
        if meaning == 0:
            self.after = p
            return KEPT
        if meaning == ROLE:
            while self.data[self.after] == 32:
                self.after += 1
            self.span = self.after
            meaning = self._known(self.span, 1) or ROLE
            self.after = self.span
        elif meaning == BARE_ROLE:
            self.span = p
            self.after = p
            meaning = ROLE
        elif meaning < NUMBERED:
            self.span = self.after
        elif not self._number_after(self.after):
            return KEPT
        elif meaning == TOOL:  # H0.2 W0.48
            self._add(H, self.number)
            if self.data[self.after] == 32 and self.data[self.after + 1] == 87 and self._number_after(self.after + 2):
                self._add(W, self.number)
        elif meaning in (WIDTH, HEIGHT):
            self._add(W if meaning == WIDTH else H, self.number)
        self.code[k] = meaning
        return COMMENT

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _macro(self, k: cython.Py_ssize_t, p: cython.Py_ssize_t) -> cython.uchar:
        """Read a macro that the table knows, with the NAME=value pairs that become columns."""
        meaning: cython.int = self._known(p, 2)
        if meaning == 0:
            return KEPT
        self.code[k] = meaning
        if meaning < NUMBERED:
            return MACRO
        most: cython.Py_ssize_t = self.filled + 40
        p = self.after
        while self.data[p] != 10 and self.data[p] != 59 and self.filled < most:
            if self.data[p] == 32 and self.data[p + 1] > 32 and self.data[p + 1] != 59:
                meaning = self._known(p + 1, 3)
                if meaning != 0 and self._number_after(self.after):
                    self._add(meaning, self.number)
                else:
                    self._add(OTHER, 0.0)
            p += 1
        self.after = p
        return MACRO
