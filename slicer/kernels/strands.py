# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: the loops around what directed closed curves wind round once, however the curves cross.

Where two curves cross they are cut. Of the strands between cuts those belong to the result that have a winding number
of 1 to their left, and so 0 to their right: at a cut the number changes by one, so one question a curve and a walk
along it tell those of all its strands. Behind a cut the border goes on along the other curve.

Where curves touch, or run along each other, nothing is certain: then all vertices are shaken a little, and what becomes
of such places is left to chance, the same each time. What is written are the vertices as they were.
"""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt

NEAR = cython.declare(cython.double, 1e-9)  # mm: what is nearer to a line than this may lie on either side of it
SHAKEN = cython.declare(cython.double, 1e-6)  # mm
STEEP = cython.declare(cython.double, 1e-3)  # sine: segments that cross at less do so elsewhere when shaken
WIDER = cython.declare(cython.double, 1e-6)  # cells: segments are entered into what they miss by this little
CERTAIN = cython.declare(cython.char, 0)
BY_CHANCE = cython.declare(cython.char, 1)
GIVEN_UP = cython.declare(cython.char, 2)
NO_LEVEL = cython.declare(cython.int, -99)  # of a curve whose winding numbers do not go round


def trace_strands(
    xy: cython.const[cython.double][:, ::1],
    offsets: cython.const[cython.longlong][::1],
    groups: cython.const[cython.longlong][::1],
    out: cython.double[:, ::1],
    out_offsets: cython.longlong[::1],
    loops: cython.longlong[::1],
    state: cython.char[::1],
):
    """Write the loops of each group of curves, with what they enclose to their left.

    xy, offsets, groups  (p, 2), (r + 1,), (g + 1,): closed curves that do not repeat their first vertex, by group
    out, out_offsets     room for points and for their offsets: groups that do not find it are given up
    loops                (g + 1,) offsets of the groups' loops
    state                (g,) 0: certain; 1: shaken, who needs valid polygons checks; 2: given up; 2 on entry stays 2
    """
    g: cython.Py_ssize_t
    most: cython.Py_ssize_t = 0
    for g in range(groups.shape[0] - 1):
        most = max(most, offsets[groups[g + 1]] - offsets[groups[g]])
    tangle: Tangle = Tangle(xy, offsets, out, out_offsets, most)
    with cython.nogil:
        loops[0] = 0
        out_offsets[0] = 0
        for g in range(groups.shape[0] - 1):
            if state[g] != GIVEN_UP:
                state[g] = CERTAIN
                if not tangle.solve(groups[g], groups[g + 1]):
                    tangle.shake(groups[g], groups[g + 1])
                    state[g] = BY_CHANCE if tangle.solve(groups[g], groups[g + 1]) else GIVEN_UP
            loops[g + 1] = tangle.made


@cython.cclass
class Tangle:
    """The curves of one group after the other: a segment goes by the number of the vertex at its start.

    cells hold linked entries (next entry, segment); a cut between two segments is two entries of `cuts`, 2 k and
    2 k + 1: (next cut on the same segment, that segment, change of the winding number, winding number behind it)
    """

    given: cython.const[cython.double][:, ::1]
    xy: cython.double[:, ::1]  # the same, but shaken where that is needed
    offsets: cython.const[cython.longlong][::1]
    out: cython.double[:, ::1]
    out_offsets: cython.longlong[::1]
    made: cython.Py_ssize_t
    heads: cython.int[::1]
    links: cython.int[:, ::1]
    follow: cython.int[::1]  # the next vertex
    first: cython.int[::1]  # the first cut on each segment
    cuts: cython.int[:, ::1]
    at: cython.double[::1]  # how far along its segment each cut is, 0..1
    place: cython.double[:, ::1]  # of each pair of cuts
    found: cython.int
    entries: cython.int
    low_x: cython.double
    low_y: cython.double
    per_mm: cython.double
    wide: cython.int

    def __init__(
        self,
        xy: cython.const[cython.double][:, ::1],
        offsets: cython.const[cython.longlong][::1],
        out: cython.double[:, ::1],
        out_offsets: cython.longlong[::1],
        most: cython.Py_ssize_t,
    ):
        self.given, self.xy = xy, np.array(xy)
        self.offsets, self.out, self.out_offsets = offsets, out, out_offsets
        self.made = 0
        self.heads = np.empty(5 * most + 16, np.int32)
        self.links = np.empty((16 * most + 64, 2), np.int32)
        self.follow = np.empty(xy.shape[0], np.int32)
        self.first = np.empty(xy.shape[0], np.int32)
        self.cuts = np.empty((32 * most + 2048, 4), np.int32)
        self.at = np.empty(32 * most + 2048)
        self.place = np.empty((16 * most + 1024, 2))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def solve(self, first: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Write the loops of the curves first:end; return whether they are certain."""
        r: cython.Py_ssize_t
        before: cython.Py_ssize_t = self.made
        level: cython.int
        if self.offsets[first] == self.offsets[end]:
            return True
        self.lay_grid(first, end)
        for r in range(self.offsets[first], self.offsets[end]):
            if not self.enter(r):
                return False
        for r in range(first, end):
            if self.offsets[r] == self.offsets[r + 1]:
                continue
            level = self.wind(r)
            if level == NO_LEVEL or (level == 1 and not self.whole(r)):
                self.made = before
                return False
        for r in range(2 * self.found):
            if self.cuts[r, 3] == 1 and not self.walk(r):
                self.made = before
                return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def shake(self, first: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.void:
        """Move each vertex by up to SHAKEN, spread evenly: multiples of the powers of a root leave no pattern."""
        i: cython.Py_ssize_t
        u: cython.double = 0.0
        v: cython.double = 0.0
        for i in range(self.offsets[first], self.offsets[end]):
            u += 0.7548776662466927
            v += 0.5698402909980532
            u -= 1.0 if u >= 1.0 else 0.0
            v -= 1.0 if v >= 1.0 else 0.0
            self.xy[i, 0] += SHAKEN * (2.0 * u - 1.0)
            self.xy[i, 1] += SHAKEN * (2.0 * v - 1.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lay_grid(self, first: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.void:
        """Lay a grid of about twice as many cells as there are segments, and note what follows what."""
        r: cython.Py_ssize_t
        i: cython.Py_ssize_t
        start: cython.Py_ssize_t = self.offsets[first]
        n: cython.Py_ssize_t = self.offsets[end] - start
        low_x: cython.double = self.xy[start, 0]
        low_y: cython.double = self.xy[start, 1]
        high_x: cython.double = low_x
        high_y: cython.double = low_y
        for r in range(first, end):
            for i in range(self.offsets[r], self.offsets[r + 1]):
                low_x = min(low_x, self.xy[i, 0])
                low_y = min(low_y, self.xy[i, 1])
                high_x = max(high_x, self.xy[i, 0])
                high_y = max(high_y, self.xy[i, 1])
                self.follow[i] = cython.cast(cython.int, i + 1 if i + 1 < self.offsets[r + 1] else self.offsets[r])
                self.first[i] = -1
        high_x -= low_x
        high_y -= low_y
        size: cython.double = max(0.7 * sqrt(high_x * high_y / n), 0.4 * (high_x + high_y) / n, 1e-6)
        self.per_mm = 1.0 / size
        self.low_x = low_x - 0.01 * size
        self.low_y = low_y - 0.01 * size
        self.wide = cython.cast(cython.int, high_x * self.per_mm + 0.02) + 1
        tall: cython.int = cython.cast(cython.int, high_y * self.per_mm + 0.02) + 1
        for i in range(self.wide * tall):
            self.heads[i] = -1
        self.found = 0
        self.entries = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def enter(self, s: cython.Py_ssize_t) -> cython.bint:
        """Cut a segment with those in the cells it passes, and enter it there; return whether all of it is certain."""
        x: cython.double = (self.xy[s, 0] - self.low_x) * self.per_mm
        y: cython.double = (self.xy[s, 1] - self.low_y) * self.per_mm
        dx: cython.double = (self.xy[self.follow[s], 0] - self.low_x) * self.per_mm - x
        dy: cython.double = (self.xy[self.follow[s], 1] - self.low_y) * self.per_mm - y
        low: cython.double = min(y, y + dy)
        high: cython.double = max(y, y + dy)
        slope: cython.double = dx / dy if high - low > WIDER else 0.0
        row: cython.int = cython.cast(cython.int, low - WIDER)
        last_row: cython.int = cython.cast(cython.int, high + WIDER)
        column: cython.int
        last_column: cython.int
        cell: cython.Py_ssize_t
        e: cython.int
        a: cython.double
        b: cython.double
        while row <= last_row:
            a = x
            b = x + dx
            if slope != 0.0:
                a = x + (min(max(row - WIDER, low), high) - y) * slope
                b = x + (min(max(row + 1 + WIDER, low), high) - y) * slope
            column = cython.cast(cython.int, min(a, b) - WIDER)
            last_column = cython.cast(cython.int, max(a, b) + WIDER)
            while column <= last_column:
                cell = column + self.wide * row
                e = self.heads[cell]
                while e >= 0:
                    if not self.cut(s, self.links[e, 1], cell):
                        return False
                    e = self.links[e, 0]
                if self.entries == self.links.shape[0]:
                    return False
                self.links[self.entries, 0] = self.heads[cell]
                self.links[self.entries, 1] = cython.cast(cython.int, s)
                self.heads[cell] = self.entries
                self.entries += 1
                column += 1
            row += 1
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def cut(self, s: cython.Py_ssize_t, j: cython.Py_ssize_t, cell: cython.Py_ssize_t) -> cython.bint:
        """Note where segments s and j cross, if that is in this cell; return whether that is certain."""
        ax: cython.double = self.xy[s, 0]
        ay: cython.double = self.xy[s, 1]
        bx: cython.double = self.xy[self.follow[s], 0]
        by: cython.double = self.xy[self.follow[s], 1]
        cx: cython.double = self.xy[j, 0]
        cy: cython.double = self.xy[j, 1]
        dx: cython.double = self.xy[self.follow[j], 0]
        dy: cython.double = self.xy[self.follow[j], 1]
        if max(ax, bx) + NEAR < min(cx, dx) or max(cx, dx) + NEAR < min(ax, bx):
            return True
        if max(ay, by) + NEAR < min(cy, dy) or max(cy, dy) + NEAR < min(ay, by):
            return True
        one_x: cython.double = bx - ax
        one_y: cython.double = by - ay
        two_x: cython.double = dx - cx
        two_y: cython.double = dy - cy
        cross: cython.double = one_x * two_y - one_y * two_x
        dot: cython.double = one_x * two_x + one_y * two_y
        if self.follow[s] == j or self.follow[j] == s:  # neighbours, but not folded back on each other
            return dot > 0.0 or cross * cross > 1e-18 * dot * dot
        near_one: cython.double = NEAR * sqrt(one_x * one_x + one_y * one_y)
        near_two: cython.double = NEAR * sqrt(two_x * two_x + two_y * two_y)
        c: cython.double = one_x * (cy - ay) - one_y * (cx - ax)  # positive where c lies left of a -> b
        d: cython.double = c + cross
        if (c > near_one and d > near_one) or (c < -near_one and d < -near_one):
            return True
        a: cython.double = two_x * (ay - cy) - two_y * (ax - cx)
        b: cython.double = a - cross
        if (a > near_two and b > near_two) or (a < -near_two and b < -near_two):
            return True
        if abs(c) <= near_one or abs(d) <= near_one or abs(a) <= near_two or abs(b) <= near_two:
            return False
        along: cython.double = a / (a - b)
        x: cython.double = ax + one_x * along
        y: cython.double = ay + one_y * along
        column: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, (x - self.low_x) * self.per_mm)
        row: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, (y - self.low_y) * self.per_mm)
        if column + self.wide * row != cell:
            return True
        if self.found == self.place.shape[0]:
            return False
        self.note_place(s, j, x, y)
        self.found += 1
        if not self.insert(2 * self.found - 2, s, along, near_one, 1 if b > 0.0 else -1):
            return False
        return self.insert(2 * self.found - 1, j, c / (c - d), near_two, 1 if d > 0.0 else -1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note_place(self, s: cython.Py_ssize_t, j: cython.Py_ssize_t, x: cython.double, y: cython.double) -> cython.void:
        """Note where segments s and j cross: where they did before they were shaken to (x, y), if that can be told."""
        ax: cython.double = self.given[s, 0]
        ay: cython.double = self.given[s, 1]
        one_x: cython.double = self.given[self.follow[s], 0] - ax
        one_y: cython.double = self.given[self.follow[s], 1] - ay
        two_x: cython.double = self.given[self.follow[j], 0] - self.given[j, 0]
        two_y: cython.double = self.given[self.follow[j], 1] - self.given[j, 1]
        cross: cython.double = one_x * two_y - one_y * two_x
        dot: cython.double = one_x * two_x + one_y * two_y
        along: cython.double
        if cross * cross > STEEP * STEEP * dot * dot:
            along = ((self.given[j, 0] - ax) * two_y - (self.given[j, 1] - ay) * two_x) / cross
            x = ax + one_x * along
            y = ay + one_y * along
        self.place[self.found, 0] = x
        self.place[self.found, 1] = y

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def insert(
        self, e: cython.int, s: cython.Py_ssize_t, along: cython.double, near: cython.double, turn: cython.int
    ) -> cython.bint:
        """Put a cut among those of its segment; return whether none is at the same place.

        near  NEAR times the length of the segment
        """
        before: cython.int = -1
        after: cython.int = self.first[s]
        while after >= 0 and self.at[after] < along:
            before = after
            after = self.cuts[after, 0]
        self.at[e] = along
        self.cuts[e, 0] = after
        self.cuts[e, 1] = cython.cast(cython.int, s)
        self.cuts[e, 2] = turn
        if before >= 0:
            self.cuts[before, 0] = e
        else:
            self.first[s] = e
        least: cython.double = NEAR * NEAR / near if near > 0.0 else 1.0
        return (before < 0 or along - self.at[before] > least) and (after < 0 or self.at[after] - along > least)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def wind(self, r: cython.Py_ssize_t) -> cython.int:
        """Note the winding number to the left behind all cuts of a curve.

        Return that of the whole curve if it has no cuts, 0 if it has, or NO_LEVEL.
        """
        i: cython.Py_ssize_t
        e: cython.int
        k: cython.Py_ssize_t = self.offsets[r]  # the steepest segment: its first strand is asked
        for i in range(self.offsets[r], self.offsets[r + 1]):
            if abs(self.xy[self.follow[i], 1] - self.xy[i, 1]) > abs(self.xy[self.follow[k], 1] - self.xy[k, 1]):
                k = i
        start: cython.int = self.winding(k)
        level: cython.int = start
        cut: cython.bint = False
        for _ in range(self.offsets[r + 1] - self.offsets[r]):
            e = self.first[k]
            while e >= 0:
                level += self.cuts[e, 2]
                self.cuts[e, 3] = level
                cut = True
                e = self.cuts[e, 0]
            k = self.follow[k]
        if level != start:
            return NO_LEVEL
        return 0 if cut else start

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def winding(self, k: cython.Py_ssize_t) -> cython.int:
        """Return the winding number to the left of a segment's first strand, by the crossings of a ray to the right."""
        half: cython.double = 0.5 * (self.at[self.first[k]] if self.first[k] >= 0 else 1.0)
        x: cython.double = self.xy[k, 0] + half * (self.xy[self.follow[k], 0] - self.xy[k, 0])
        y: cython.double = self.xy[k, 1] + half * (self.xy[self.follow[k], 1] - self.xy[k, 1])
        count: cython.int = 1 if self.xy[self.follow[k], 1] > self.xy[k, 1] else 0
        column: cython.int = cython.cast(cython.int, (x - self.low_x) * self.per_mm)
        row: cython.int = cython.cast(cython.int, (y - self.low_y) * self.per_mm)
        e: cython.int
        s: cython.int
        t: cython.int
        there: cython.double
        while column < self.wide:
            e = self.heads[column + self.wide * row]
            while e >= 0:
                s = self.links[e, 1]
                t = self.follow[s]
                e = self.links[e, 0]
                if s == k or (self.xy[s, 1] <= y) == (self.xy[t, 1] <= y):
                    continue
                there = self.xy[s, 0] + (y - self.xy[s, 1]) / (self.xy[t, 1] - self.xy[s, 1]) * (
                    self.xy[t, 0] - self.xy[s, 0]
                )
                # segments stand in several cells: only the cell of the crossing counts
                if there > x and cython.cast(cython.int, (there - self.low_x) * self.per_mm) == column:
                    count += 1 if self.xy[t, 1] > self.xy[s, 1] else -1
            column += 1
        return count

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def whole(self, r: cython.Py_ssize_t) -> cython.bint:
        """Write a curve without cuts; return whether there was room."""
        i: cython.Py_ssize_t
        p: cython.Py_ssize_t = self.out_offsets[self.made]
        if p + self.offsets[r + 1] - self.offsets[r] > self.out.shape[0] or self.made + 2 > self.out_offsets.shape[0]:
            return False
        for i in range(self.offsets[r], self.offsets[r + 1]):
            self.out[p, 0] = self.given[i, 0]
            self.out[p, 1] = self.given[i, 1]
            p += 1
        self.made += 1
        self.out_offsets[self.made] = p
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def walk(self, start: cython.Py_ssize_t) -> cython.bint:
        """Write the loop that begins behind a cut, and clear its strands; return whether it comes back."""
        p: cython.Py_ssize_t = self.out_offsets[self.made]
        e: cython.Py_ssize_t = start
        s: cython.int
        after: cython.int
        if self.made + 2 > self.out_offsets.shape[0]:
            return False
        while True:
            if self.cuts[e, 3] != 1 or p == self.out.shape[0]:
                return False
            self.cuts[e, 3] = 0
            self.out[p, 0] = self.place[e >> 1, 0]
            self.out[p, 1] = self.place[e >> 1, 1]
            p += 1
            s = self.cuts[e, 1]
            after = self.cuts[e, 0]
            while after < 0:
                if p == self.out.shape[0]:
                    return False
                s = self.follow[s]
                self.out[p, 0] = self.given[s, 0]
                self.out[p, 1] = self.given[s, 1]
                p += 1
                after = self.first[s]
            e = after ^ 1
            if e == start:
                break
        if self.wide_enough(self.out_offsets[self.made], p):
            self.made += 1
            self.out_offsets[self.made] = p
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def wide_enough(self, first: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Return whether a loop is more than a hairline that shaking opened."""
        i: cython.Py_ssize_t
        j: cython.Py_ssize_t = end - 1
        area: cython.double = 0.0
        length: cython.double = 0.0
        for i in range(first, end):
            area += (self.out[j, 0] - self.out[first, 0]) * (self.out[i, 1] - self.out[first, 1])
            area -= (self.out[i, 0] - self.out[first, 0]) * (self.out[j, 1] - self.out[first, 1])
            length += abs(self.out[i, 0] - self.out[j, 0]) + abs(self.out[i, 1] - self.out[j, 1])
            j = i
        return abs(area) > 4.0 * SHAKEN * length
