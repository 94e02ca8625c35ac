# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: which runs of straight beads lie along an arc of a circle, within a tolerance.

`fit_runs` takes as many moves into an arc as it can, then goes on behind it. The number of moves is doubled while they
fit, then halved in between: a run of n moves costs some n log(longest arc), whatever comes of it. The chords of an arc
that was read from a file are taken together again, and give the same I and J.

A try is two passes. The first finds the circle through the start, the middle and the end of the run, and how far its
centre may slide along the bisector of start and end before something is farther off than the tolerance. The second
takes the middle of that, with I and J as they will be written, and proves it: every end of a move, and the point of
every straight move that is nearest to the centre, lies within the tolerance of the circle, and the moves turn one way
around it. Whatever else lies on a straight move is nearer to the circle than one of these.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import acos, atan2, fabs, floor, sqrt
else:
    from math import acos, atan2, fabs, floor, sqrt

FEWEST = cython.declare(cython.Py_ssize_t, 3)  # moves of an arc
MOST = cython.declare(cython.Py_ssize_t, 2048)
LARGEST = cython.declare(cython.double, 1000.0)  # mm of radius; what is flatter stays straight
SMALLEST = cython.declare(cython.double, 0.1)
CHORD = cython.declare(cython.double, 0.01)  # mm: of how it is read, as three chords at least; flatter stays straight
WIDEST = cython.declare(cython.double, 6.1)  # of a full turn of 6.28, beyond which start and end get mixed up


@cython.cclass
class Fitter:
    """Points along moves, and the last arc tried: I and J in last digits, whether it turns left, and is worth it."""

    x: cython.const[cython.double][::1]
    y: cython.const[cython.double][::1]
    e: cython.const[cython.double][::1]
    cython.declare(tolerance=cython.double, even=cython.double, scale=cython.double)
    cython.declare(i=cython.longlong, j=cython.longlong, left=cython.bint, curved=cython.bint)

    def __init__(
        self,
        x: cython.const[cython.double][::1],
        y: cython.const[cython.double][::1],
        e: cython.const[cython.double][::1],
        tolerance: cython.double,
        even: cython.double,
        scale: cython.double,
    ) -> None:
        """Take points (n + 1,) in mm as they are written, the filament (n,) between, and its last digit in doubt."""
        self.x = x
        self.y = y
        self.e = e
        self.tolerance = tolerance
        self.even = even
        self.scale = scale

    def fit_runs(self, runs: cython.const[cython.longlong][:, ::1], arcs: cython.longlong[:, ::1]) -> int:
        """Fill `arcs` (k, 5) with first move, last move, I, J, whether it turns left; return how many there are.

        Each of `runs` (r, 3) is moves that may become arcs together: from, to before, whether they have been one.
        """
        k: cython.Py_ssize_t
        first: cython.Py_ssize_t
        last: cython.Py_ssize_t
        n: cython.Py_ssize_t
        found: cython.Py_ssize_t = 0
        with cython.nogil:
            for k in range(runs.shape[0]):
                first = runs[k, 0]
                last = runs[k, 1]
                while first + FEWEST <= last:
                    if runs[k, 2]:
                        n = last - first if self._was_one(first, last - first) else 0
                    else:
                        n = self._longest(first, min(last - first, MOST))
                    if n and self.curved:
                        arcs[found, 0] = first
                        arcs[found, 1] = first + n - 1
                        arcs[found, 2] = self.i
                        arcs[found, 3] = self.j
                        arcs[found, 4] = self.left
                        found += 1
                    first += last if runs[k, 2] else max(n, 1)
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _longest(self, first: cython.Py_ssize_t, most: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return how many moves from `first` on make an arc, 0 for none; that arc is the last that was tried."""
        good: cython.Py_ssize_t = 0
        n: cython.Py_ssize_t = FEWEST
        while n <= most and self._fits(first, n):
            good = n
            n *= 2
        bad: cython.Py_ssize_t = n if good else 0
        while bad - good > 1:
            n = (good + bad) // 2
            if n <= most and self._fits(first, n):
                good = n
            else:
                bad = n
        if n != good and good:
            self._fits(first, good)
        return good

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fits(self, first: cython.Py_ssize_t, n: cython.Py_ssize_t) -> cython.bint:
        """Tell whether n moves from `first` on lie along an arc, and remember it."""
        return self._is_even(first, n) and self._centre(first, n, n, True) and self._proves(first, n, self.tolerance)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _was_one(self, first: cython.Py_ssize_t, n: cython.Py_ssize_t) -> cython.bint:
        """Tell whether n moves are the chords of one arc; all but the end of the last lie on it exactly."""
        return self._centre(first, n, n - 1, False) and self._proves(first, n, max(self.tolerance, 1.1 * CHORD))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_even(self, first: cython.Py_ssize_t, n: cython.Py_ssize_t) -> cython.bint:
        """Tell whether the filament of each move is its share of the whole, by length."""
        k: cython.Py_ssize_t
        filament: cython.double = 0.0
        length: cython.double = 0.0
        for k in range(first, first + n):
            filament += self.e[k]
            length += self._length(k)
        rate: cython.double = filament / length
        for k in range(first, first + n):
            length = self._length(k)
            if fabs(self.e[k] - rate * length) > self.even + 0.02 * rate * length:
                return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    @cython.inline
    def _length(self, k: cython.Py_ssize_t) -> cython.double:
        dx: cython.double = self.x[k + 1] - self.x[k]
        dy: cython.double = self.y[k + 1] - self.y[k]
        return sqrt(dx * dx + dy * dy)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _centre(
        self, first: cython.Py_ssize_t, n: cython.Py_ssize_t, last: cython.Py_ssize_t, slide: cython.bint
    ) -> cython.bint:
        """Find the centre, as I and J, from the start and the end of move `last`; return False where there is none."""
        x: cython.const[cython.double][::1] = self.x
        y: cython.const[cython.double][::1] = self.y
        sx: cython.double = x[first]
        sy: cython.double = y[first]
        # relative to the start: the end, the middle, the centre of the circle through all three
        ex: cython.double = x[first + last] - sx
        ey: cython.double = y[first + last] - sy
        mx: cython.double = x[first + last // 2] - sx
        my: cython.double = y[first + last // 2] - sy
        twice: cython.double = 2.0 * (mx * ey - my * ex)
        if fabs(twice) < 1e-9:
            return False
        ee: cython.double = ex * ex + ey * ey
        mm: cython.double = mx * mx + my * my
        cx: cython.double = (ey * mm - my * ee) / twice
        cy: cython.double = (mx * ee - ex * mm) / twice
        radius: cython.double = sqrt(cx * cx + cy * cy)
        if radius < 1e-6:
            return False
        # along the bisector of start and end: by how much the distance of each point off the circle changes
        length: cython.double = sqrt(ee)
        nx: cython.double = -ey / length if length > 0 else 0.0
        ny: cython.double = ex / length if length > 0 else 0.0
        own: cython.double = (cx * nx + cy * ny) / radius
        least: cython.double = -1e9
        most: cython.double = 1e9
        k: cython.Py_ssize_t
        half: cython.int
        cython.declare(px=cython.double, py=cython.double, d=cython.double, rate=cython.double)
        for k in range(first + 1, first + n + 1 if slide else first):
            for half in range(2):
                px = x[k] - sx - cx
                py = y[k] - sy - cy
                if half:
                    px = 0.5 * (px + x[k - 1] - sx - cx)
                    py = 0.5 * (py + y[k - 1] - sy - cy)
                d = sqrt(px * px + py * py)
                if d == 0.0:
                    return False
                rate = -(px * nx + py * ny) / d - own
                d -= radius
                if rate > 1e-6:
                    least = max(least, (-self.tolerance - d) / rate)
                    most = min(most, (self.tolerance - d) / rate)
                elif rate < -1e-6:
                    least = max(least, (self.tolerance - d) / rate)
                    most = min(most, (-self.tolerance - d) / rate)
        if least > most:
            return False
        shift: cython.double = 0.5 * (least + most) if most < 1e8 else 0.0
        self.i = cython.cast(cython.longlong, floor((cx + shift * nx) * self.scale + 0.5))
        self.j = cython.cast(cython.longlong, floor((cy + shift * ny) * self.scale + 0.5))
        self.left = twice > 0
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _proves(self, first: cython.Py_ssize_t, n: cython.Py_ssize_t, tolerance: cython.double) -> cython.bint:
        """Tell whether the arc, as it will be written, is within the tolerance of all that it replaces."""
        k: cython.Py_ssize_t
        cx: cython.double = self.x[first] + self.i / self.scale
        cy: cython.double = self.y[first] + self.j / self.scale
        radius: cython.double = sqrt(cython.cast(cython.double, self.i * self.i + self.j * self.j)) / self.scale
        if not SMALLEST < radius < LARGEST:
            return False
        ex: cython.double = self.x[first + n] - cx
        ey: cython.double = self.y[first + n] - cy
        if fabs(sqrt(ex * ex + ey * ey) - radius) > 2.0 / self.scale:
            return False  # some firmwares refuse an end that is off the circle
        inner: cython.double = max(radius - tolerance, 0.0) * max(radius - tolerance, 0.0)
        outer: cython.double = (radius + tolerance) * (radius + tolerance)
        sweep: cython.double = 0.0
        cython.declare(ax=cython.double, ay=cython.double, bx=cython.double, by=cython.double)
        cython.declare(dx=cython.double, dy=cython.double, cross=cython.double, dot=cython.double)
        ax = self.x[first] - cx
        ay = self.y[first] - cy
        for k in range(first + 1, first + n + 1):
            bx = self.x[k] - cx
            by = self.y[k] - cy
            dot = bx * bx + by * by
            if not inner <= dot <= outer:
                return False
            cross = ax * by - ay * bx
            if (cross > 0) != self.left:
                return False
            dx = bx - ax
            dy = by - ay
            if ax * dx + ay * dy < 0 < bx * dx + by * dy and cross * cross < inner * (dx * dx + dy * dy):
                return False  # the nearest point of the straight move lies between its ends, and too near
            sweep += fabs(atan2(cross, ax * bx + ay * by))
            ax = bx
            ay = by
        self.curved = sweep > 4.001 * acos(1.0 - CHORD / radius)
        return sweep < WIDEST
