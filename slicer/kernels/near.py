# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A hashed grid of edges in labelled planes: what is nearest to a point, and what a segment crosses.

Every edge lies in a plane (`bins`: a layer, or a layer and a ring of walls) and meets only questions asked of that
plane. Edges are entered into the cells of points sampled along them every half cell; so an edge that comes within
3/4 cell of a point has a sample in the 3 x 3 cells around it, and one that crosses a segment has a sample in the cells
around one of the segment's own samples.
"""

import cython
import numpy as np
from cython.cimports.libc.math import ceil, floor, sqrt


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def slot(plane: cython.longlong, cx: cython.longlong, cy: cython.longlong, mask: cython.longlong) -> cython.longlong:
    """Return the hash slot of a cell; all products stay far below 2**63."""
    return ((plane * 73856093) ^ (cx * 19349663) ^ (cy * 83492791)) & mask


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def squared_distance(
    px: cython.double, py: cython.double, ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double
) -> cython.double:
    """Return the squared distance of a point from a segment."""
    vx: cython.double = bx - ax
    vy: cython.double = by - ay
    square: cython.double = vx * vx + vy * vy
    u: cython.double = 0.0
    if square > 0.0:
        u = ((px - ax) * vx + (py - ay) * vy) / square
        u = 0.0 if u < 0.0 else (1.0 if u > 1.0 else u)
    vx = ax + u * vx - px
    vy = ay + u * vy - py
    return vx * vx + vy * vy


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def side(
    ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double, px: cython.double, py: cython.double
) -> cython.double:
    """Return twice the signed area of a, b, p: positive where p lies left of a -> b."""
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


def pairs_within(
    xy: cython.const[cython.double][:, ::1],
    reach: cython.const[cython.double][::1],
    row: cython.const[cython.longlong][::1],
    order: cython.const[cython.longlong][::1],
    first: cython.longlong[::1],
    second: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Fill pairs of points of one row that are no farther apart than both reach; return how many there are.

    order sorts the points by row and x; pairs for which there is no room in first and second are only counted.
    """
    found: cython.Py_ssize_t = 0
    widest: cython.double = 0.0
    m: cython.Py_ssize_t
    k: cython.Py_ssize_t
    a: cython.longlong
    b: cython.longlong
    dx: cython.double
    dy: cython.double
    far: cython.double
    with cython.nogil:
        for m in range(order.shape[0]):
            widest = max(widest, reach[m])
        for m in range(order.shape[0]):
            a = order[m]
            for k in range(m + 1, order.shape[0]):
                b = order[k]
                dx = xy[b, 0] - xy[a, 0]
                if row[b] != row[a] or dx > reach[a] + widest:
                    break
                dy = xy[b, 1] - xy[a, 1]
                far = reach[a] + reach[b]
                if dx * dx + dy * dy <= far * far:
                    if found < first.shape[0]:
                        first[found] = min(a, b)
                        second[found] = max(a, b)
                    found += 1
    return found


@cython.cclass
class Grid:
    """Edges start -> end (n, 2) in planes `bins` (n,) >= 0, in square cells of side `cell` counted from (low_x, low_y).

    No edge reaches below or left of that. Slot s holds entry[first[s]:first[s + 1]]; an edge may stand there twice.
    """

    start: cython.const[cython.double][:, ::1]
    end: cython.const[cython.double][:, ::1]
    bins: cython.const[cython.longlong][::1]
    first: cython.longlong[::1]
    entry: cython.longlong[::1]
    seen: cython.longlong[::1]  # (n,) last question an edge was looked at for
    low_x: cython.double
    low_y: cython.double
    cell: cython.double
    mask: cython.longlong

    def __init__(
        self,
        start: cython.const[cython.double][:, ::1],
        end: cython.const[cython.double][:, ::1],
        bins: cython.const[cython.longlong][::1],
        low_x: cython.double,
        low_y: cython.double,
        cell: cython.double,
    ):
        self.start, self.end, self.bins = start, end, bins
        self.low_x, self.low_y, self.cell = low_x, low_y, cell
        self.seen = np.full(len(bins), -1, np.int64)
        total = self.samples_of_all()
        size = 16
        while size < total:
            size *= 2
        self.mask = size - 1
        self.first = np.zeros(size + 1, np.int64)
        self.entry = np.zeros(total, np.int64)
        self.enter(True)
        self.enter(False)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def samples(self, ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double) -> cython.longlong:
        """Return into how many steps of at most half a cell a segment is divided (at least 1)."""
        steps: cython.double = ceil(2.0 * sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay)) / self.cell)
        return cython.cast(cython.longlong, steps) if steps >= 1.0 else 1

    @cython.cfunc
    def samples_of_all(self) -> cython.longlong:
        """Return how many entries the edges need at most."""
        i: cython.Py_ssize_t
        total: cython.longlong = 0
        with cython.nogil:
            for i in range(self.bins.shape[0]):
                total += self.samples(self.start[i, 0], self.start[i, 1], self.end[i, 0], self.end[i, 1]) + 1
        return total

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def column(self, x: cython.double) -> cython.longlong:
        """Return the column of a point; the grid begins with column 1."""
        return cython.cast(cython.longlong, floor((x - self.low_x) / self.cell)) + 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def row(self, y: cython.double) -> cython.longlong:
        """Return the row of a point; the grid begins with row 1."""
        return cython.cast(cython.longlong, floor((y - self.low_y) / self.cell)) + 1

    @cython.cfunc
    def enter(self, counting: cython.bint):
        """Count the entries of each slot, or (then) write them backwards from each slot's end."""
        i: cython.Py_ssize_t
        k: cython.longlong
        steps: cython.longlong
        at: cython.longlong
        last: cython.longlong
        u: cython.double
        with cython.nogil:
            for i in range(self.bins.shape[0]):
                steps = self.samples(self.start[i, 0], self.start[i, 1], self.end[i, 0], self.end[i, 1])
                last = -1
                for k in range(steps + 1):
                    u = cython.cast(cython.double, k) / cython.cast(cython.double, steps)
                    at = slot(
                        self.bins[i],
                        self.column(self.start[i, 0] + u * (self.end[i, 0] - self.start[i, 0])),
                        self.row(self.start[i, 1] + u * (self.end[i, 1] - self.start[i, 1])),
                        self.mask,
                    )
                    if at != last:
                        last = at
                        if counting:
                            self.first[at] += 1
                        else:
                            self.first[at] -= 1
                            self.entry[self.first[at]] = i
            if counting:
                for k in range(1, self.mask + 1):
                    self.first[k] += self.first[k - 1]
                self.first[self.mask + 1] = self.first[self.mask]

    def nearest(
        self,
        points: cython.const[cython.double][:, ::1],
        bins: cython.const[cython.longlong][::1],
        edge: cython.longlong[::1],
        distance: cython.double[::1],
    ):
        """Fill for each point the nearest edge of its plane within 3/4 cell (-1: none) and its distance."""
        q: cython.Py_ssize_t
        cx: cython.longlong
        cy: cython.longlong
        j: cython.longlong
        at: cython.longlong
        i: cython.longlong
        best: cython.double
        d: cython.double
        with cython.nogil:
            for q in range(points.shape[0]):
                edge[q] = -1
                best = 0.5625 * self.cell * self.cell
                for cx in range(self.column(points[q, 0]) - 1, self.column(points[q, 0]) + 2):
                    for cy in range(self.row(points[q, 1]) - 1, self.row(points[q, 1]) + 2):
                        if cx < 1 or cy < 1:
                            continue
                        at = slot(bins[q], cx, cy, self.mask)
                        for j in range(self.first[at], self.first[at + 1]):
                            i = self.entry[j]
                            if self.bins[i] != bins[q]:
                                continue
                            d = squared_distance(
                                points[q, 0],
                                points[q, 1],
                                self.start[i, 0],
                                self.start[i, 1],
                                self.end[i, 0],
                                self.end[i, 1],
                            )
                            if d < best or (d == best and i < edge[q]):
                                best = d
                                edge[q] = i
                distance[q] = sqrt(best)

    def around(
        self,
        points: cython.const[cython.double][:, ::1],
        bins: cython.const[cython.longlong][::1],
        reach: cython.double,
        owner: cython.const[cython.longlong][::1],
        edge: cython.longlong[:, ::1],
    ):
        """Fill edge (q, most) with the nearest edge of each owner within `reach` <= 3/4 cell of each point, -1 behind.

        owner (n,) of the edges
        """
        q: cython.Py_ssize_t
        cx: cython.longlong
        cy: cython.longlong
        j: cython.longlong
        at: cython.longlong
        i: cython.longlong
        k: cython.Py_ssize_t
        d: cython.double
        with cython.nogil:
            for q in range(points.shape[0]):
                for k in range(edge.shape[1]):
                    edge[q, k] = -1
                for cx in range(self.column(points[q, 0]) - 1, self.column(points[q, 0]) + 2):
                    for cy in range(self.row(points[q, 1]) - 1, self.row(points[q, 1]) + 2):
                        if cx < 1 or cy < 1:
                            continue
                        at = slot(bins[q], cx, cy, self.mask)
                        for j in range(self.first[at], self.first[at + 1]):
                            i = self.entry[j]
                            if self.bins[i] != bins[q]:
                                continue
                            d = self.apart(points[q, 0], points[q, 1], i)
                            if d > reach * reach:
                                continue
                            k = 0
                            while k < edge.shape[1] and edge[q, k] >= 0 and owner[edge[q, k]] != owner[i]:
                                k += 1
                            if k < edge.shape[1] and (
                                edge[q, k] < 0 or d < self.apart(points[q, 0], points[q, 1], edge[q, k])
                            ):
                                edge[q, k] = i

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def apart(self, x: cython.double, y: cython.double, i: cython.longlong) -> cython.double:
        """Return the squared distance of a point from an edge."""
        return squared_distance(x, y, self.start[i, 0], self.start[i, 1], self.end[i, 0], self.end[i, 1])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def meets(
        self, i: cython.longlong, ax: cython.double, ay: cython.double, bx: cython.double, by: cython.double
    ) -> cython.bint:
        """Return whether edge i and the segment a -> b have a point in common."""
        cx: cython.double = self.start[i, 0]
        cy: cython.double = self.start[i, 1]
        dx: cython.double = self.end[i, 0]
        dy: cython.double = self.end[i, 1]
        if side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by) > 0.0:
            return False
        return side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) <= 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def crossing(
        self,
        ax: cython.double,
        ay: cython.double,
        bx: cython.double,
        by: cython.double,
        plane: cython.longlong,
        question: cython.longlong,
        found: cython.longlong[::1],
    ) -> cython.longlong:
        """Return how many edges a -> b meets, the first `len(found)` of them in found; it stops when that is full."""
        count: cython.longlong = 0
        k: cython.longlong
        cx: cython.longlong
        cy: cython.longlong
        j: cython.longlong
        at: cython.longlong
        i: cython.longlong
        x: cython.double
        y: cython.double
        steps: cython.longlong = self.samples(ax, ay, bx, by)
        for k in range(steps + 1):
            x = ax + k * (bx - ax) / steps
            y = ay + k * (by - ay) / steps
            for cx in range(self.column(x) - 1, self.column(x) + 2):
                for cy in range(self.row(y) - 1, self.row(y) + 2):
                    if cx < 1 or cy < 1:
                        continue
                    at = slot(plane, cx, cy, self.mask)
                    for j in range(self.first[at], self.first[at + 1]):
                        i = self.entry[j]
                        if self.bins[i] != plane or self.seen[i] == question:
                            continue
                        self.seen[i] = question
                        if self.meets(i, ax, ay, bx, by):
                            found[count] = i
                            count += 1
                            if count == found.shape[0]:
                                return count
        return count

    def crosses(
        self,
        a: cython.const[cython.double][:, ::1],
        b: cython.const[cython.double][:, ::1],
        bins: cython.const[cython.longlong][::1],
        crossed: cython.uchar[::1],
    ):
        """Fill 1 for each segment a -> b that meets an edge of its plane, touching included."""
        q: cython.Py_ssize_t
        found_array = np.zeros(1, np.int64)
        found: cython.longlong[::1] = found_array
        self.seen[:] = -1
        with cython.nogil:
            for q in range(a.shape[0]):
                crossed[q] = self.crossing(a[q, 0], a[q, 1], b[q, 0], b[q, 1], bins[q], q, found) > 0

    def hits(
        self,
        a: cython.const[cython.double][:, ::1],
        b: cython.const[cython.double][:, ::1],
        bins: cython.const[cython.longlong][::1],
        count: cython.longlong[::1],
        edge: cython.longlong[:, ::1],
    ):
        """Fill how many edges each segment meets, and which (q, most); a segment that meets more has count `most`."""
        q: cython.Py_ssize_t
        self.seen[:] = -1
        with cython.nogil:
            for q in range(a.shape[0]):
                count[q] = self.crossing(a[q, 0], a[q, 1], b[q, 0], b[q, 1], bins[q], q, edge[q])

    def pull(
        self,
        points: cython.const[cython.double][:, ::1],
        offsets: cython.const[cython.longlong][::1],
        bins: cython.const[cython.longlong][::1],
        keep: cython.uchar[::1],
        clear: cython.uchar[::1],
    ):
        """Shorten lines as a string is pulled: fill 1 in keep for the points that are left.

        From each point the line goes straight to the farthest one that it can see; clear[q] tells whether line q now
        meets no edge at all.
        """
        q: cython.Py_ssize_t
        i: cython.longlong
        j: cython.longlong
        question: cython.longlong = 0
        found_array = np.zeros(1, np.int64)
        found: cython.longlong[::1] = found_array
        self.seen[:] = -1
        with cython.nogil:
            for q in range(offsets.shape[0] - 1):
                clear[q] = 1
                i = offsets[q]
                keep[i] = 1
                while i < offsets[q + 1] - 1 and clear[q]:
                    j = offsets[q + 1] - 1
                    while j > i:
                        question += 1
                        if (
                            self.crossing(
                                points[i, 0], points[i, 1], points[j, 0], points[j, 1], bins[q], question, found
                            )
                            == 0
                        ):
                            break
                        j -= 1
                    if j == i:
                        clear[q] = 0
                    i = j
                    keep[i] = 1
