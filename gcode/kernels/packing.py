# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: the two codings of binary G-code, heatshrink (LZSS by bits) and MeatPack (characters by half bytes).

heatshrink: a bit 1 and eight bits are a byte; a bit 0, `window` bits (distance - 1) and `lookahead` bits (length - 1)
repeat what was `distance` bytes ago. MeatPack: a byte is two of fifteen common characters, the lower half first; a half
of 15 means that the character follows as it is. Two bytes 255 and a third are a command. Each function fills `out` and
returns the bytes used, or -1 where `out` is too short or the input refers to what is not there.
"""

import cython
import numpy as np

TRIES = cython.declare(cython.int, 32)  # earlier places with the same hash that are looked at


def heatshrink_decode(
    data: cython.const[cython.uchar][::1], window: cython.int, lookahead: cython.int, out: cython.uchar[::1]
) -> int:
    """Decode into `out`, whose length is known; return how many bytes came."""
    bits: cython.Py_ssize_t = data.shape[0] * 8
    size: cython.Py_ssize_t = out.shape[0]
    at: cython.Py_ssize_t = 0
    n: cython.Py_ssize_t = 0
    cython.declare(value=cython.longlong, copies=cython.Py_ssize_t, distance=cython.Py_ssize_t)
    cython.declare(literal=cython.bint, width=cython.int, _=cython.int)
    with cython.nogil:
        while n < size:
            if at >= bits:
                break
            literal = (data[at >> 3] >> (7 - (at & 7))) & 1
            at += 1
            width = 8 if literal else window + lookahead
            if at + width > bits:
                break
            value = 0
            for _ in range(width):
                value = (value << 1) | ((data[at >> 3] >> (7 - (at & 7))) & 1)
                at += 1
            if literal:
                out[n] = cython.cast(cython.uchar, value)
                n += 1
                continue
            distance = (value >> lookahead) + 1
            copies = (value & ((1 << lookahead) - 1)) + 1
            if n + copies > size:
                n = -1
                break
            while copies > 0:  # what lies before the beginning is zero
                out[n] = out[n - distance] if distance <= n else 0
                n += 1
                copies -= 1
    return n


def heatshrink_encode(
    data: cython.const[cython.uchar][::1], window: cython.int, lookahead: cython.int, out: cython.uchar[::1]
) -> int:
    """Encode into `out`, zeroed and of at least 9/8 of the length and a byte; the longest match of `TRIES` is taken."""
    size: cython.Py_ssize_t = data.shape[0]
    reach: cython.Py_ssize_t = 1 << window
    longest: cython.Py_ssize_t = 1 << lookahead
    last: cython.longlong[::1] = np.full(1 << 13, -1, np.int64)  # place by hash
    before: cython.longlong[::1] = np.full(max(size, 1), -1, np.int64)  # the place before with the same hash
    at: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t = 0
    cython.declare(j=cython.Py_ssize_t, n=cython.Py_ssize_t, best=cython.Py_ssize_t, place=cython.Py_ssize_t)
    cython.declare(_=cython.Py_ssize_t, key=cython.int, tries=cython.int, width=cython.int, k=cython.int)
    value: cython.longlong
    with cython.nogil:
        while i < size:
            best = 0
            place = 0
            if i + 3 <= size:
                key = ((data[i] << 10) ^ (data[i + 1] << 5) ^ data[i + 2]) & 8191
                j = last[key]
                tries = TRIES
                while j >= 0 and i - j <= reach and tries > 0 and best < longest:
                    n = 0
                    while n < longest and i + n < size and data[j + n] == data[i + n]:
                        n += 1
                    if n > best:
                        best = n
                        place = j
                    j = before[j]
                    tries -= 1
            if best * 9 > window + lookahead + 1:
                width = window + lookahead + 1
                value = ((i - place - 1) << lookahead) | (best - 1)
            else:
                best = 1
                width = 9
                value = 256 | data[i]
            for k in range(width):
                if (value >> (width - 1 - k)) & 1:
                    out[at >> 3] = out[at >> 3] | cython.cast(cython.uchar, 128 >> (at & 7))
                at += 1
            for _ in range(best):
                if i + 3 <= size:
                    key = ((data[i] << 10) ^ (data[i + 1] << 5) ^ data[i + 2]) & 8191
                    before[i] = last[key]
                    last[key] = i
                i += 1
    return (at + 7) >> 3


def meatpack_decode(
    data: cython.const[cython.uchar][::1], characters: cython.const[cython.uchar][::1], out: cython.uchar[::1]
) -> int:
    """Decode into `out`, with a blank before each word of a G command, which the packing has taken away.

    characters  (32,) the fifteen characters, and from 16 on the same with E for the blank
    """
    size: cython.Py_ssize_t = data.shape[0]
    room: cython.Py_ssize_t = out.shape[0] - 4
    i: cython.Py_ssize_t = 0
    n: cython.Py_ssize_t = 0
    packed: cython.bint = False
    table: cython.int = 0
    spaced: cython.bint = False  # in a command that begins with G
    start: cython.Py_ssize_t = 0
    cython.declare(c=cython.int, half=cython.int, turn=cython.int, full=cython.Py_ssize_t)
    with cython.nogil:
        while i < size:
            c = data[i]
            i += 1
            if c == 255 and i + 1 < size and data[i] == 255 and data[i + 1] >= 246:
                c = data[i + 1]
                i += 2
                if c == 251:
                    packed = True
                elif c == 250 or c == 249:
                    packed = False
                elif c == 247:
                    table = 16
                elif c == 246:
                    table = 0
                continue
            full = i
            for turn in range(2 if packed else 1):
                if packed:
                    half = c & 15 if turn == 0 else c >> 4
                    if half == 15:
                        if full >= size:
                            break
                        half = data[full]
                        full += 1
                    else:
                        half = characters[table + half]
                else:
                    half = c
                if n >= room:
                    n = -1
                    break
                if half == 10:
                    if packed and n == start:
                        break  # an empty line says nothing
                    start = n + 1
                elif n == start:
                    spaced = packed and half == 71
                elif spaced and 65 <= half <= 90 and out[n - 1] != 32:
                    out[n] = 32
                    n += 1
                out[n] = cython.cast(cython.uchar, half)
                n += 1
                if half == 10 and turn == 0 and packed:
                    break  # the other half only fills the byte
            if n < 0:
                break
            i = full
    return n


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _command(out: cython.uchar[::1], n: cython.Py_ssize_t, code: cython.int) -> cython.Py_ssize_t:
    out[n] = out[n + 1] = 255
    out[n + 2] = cython.cast(cython.uchar, code)
    return n + 3


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _pair(
    out: cython.uchar[::1],
    n: cython.Py_ssize_t,
    low: cython.int,
    high: cython.int,
    halves: cython.const[cython.uchar][::1],
) -> cython.Py_ssize_t:
    """Write two characters, those of half 15 in full."""
    out[n] = halves[low] | (halves[high] << 4)
    n += 1
    if halves[low] == 15:
        out[n] = cython.cast(cython.uchar, low)
        n += 1
    if halves[high] == 15:
        out[n] = cython.cast(cython.uchar, high)
        n += 1
    return n


def meatpack_encode(
    data: cython.const[cython.uchar][::1], halves: cython.const[cython.uchar][::1], out: cython.uchar[::1]
) -> int:
    """Encode whole lines into `out`, of at least twice the length and 6 bytes; halves (256,) by character.

    Lines that are comments stay as they are; of others what follows `;` goes, and in G commands the blanks.
    """
    size: cython.Py_ssize_t = data.shape[0]
    begin: cython.Py_ssize_t = 0
    n: cython.Py_ssize_t = 0
    cython.declare(end=cython.Py_ssize_t, stop=cython.Py_ssize_t, i=cython.Py_ssize_t)
    cython.declare(c=cython.int, low=cython.int, squeeze=cython.bint)
    packed: cython.bint = True
    with cython.nogil:
        n = _command(out, n, 251)
        n = _command(out, n, 247)  # E instead of the blank among the fifteen
        while begin < size:
            end = begin
            while data[end] != 10:
                end += 1
            while begin < end and (data[begin] == 32 or data[begin] == 9):
                begin += 1
            if data[begin] == 59:
                if packed:
                    n = _command(out, n, 250)
                packed = False
                for i in range(begin, end + 1):
                    out[n] = data[i]
                    n += 1
                begin = end + 1
                continue
            stop = begin
            squeeze = data[begin] == 71
            while stop < end and data[stop] != 59:
                squeeze = squeeze and data[stop] != 42  # a checksum counts the blanks
                stop += 1
            while stop > begin and (data[stop - 1] == 32 or data[stop - 1] == 9 or data[stop - 1] == 13):
                stop -= 1
            if stop == begin:  # empty
                begin = end + 1
                continue
            if not packed:
                n = _command(out, n, 251)
            packed = True
            low = -1
            for i in range(begin, stop + 1):
                c = data[i] if i < stop else 10
                if squeeze and c == 32:
                    continue
                if low < 0:
                    low = c
                else:
                    n = _pair(out, n, low, c, halves)
                    low = -1
            if low >= 0:
                n = _pair(out, n, low, 10, halves)
            begin = end + 1
    return n
