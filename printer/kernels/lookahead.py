# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: the motion planner of a firmware, one move at a time, in a window of a few blocks.

`gcode.kernels.planner` times a whole file at once; here moves come when they come, the machine runs meanwhile, and a
move that has begun can no longer be changed. The formulas are the same: trapezoids, and the firmware's own rule for the
speed through a junction. Runs compiled or as plain Python with the same result.
"""

import cython
import numpy as np

if cython.compiled:
    from cython.cimports.libc.math import acos, fabs, sqrt
else:
    from math import acos, fabs, sqrt

COLUMNS = (
    "x", "y", "z", "e", "speed", "acceleration", "fan", "tool", "line", "temperature",
    "start", "end", "distance", "entry2", "limit2", "cruise", "smooth2", "gain2",
)  # fmt: skip
"""Columns of `Planner.rows`: what was asked, when it ran, and the (squared) speeds that the plan is made of."""

E: cython.int = 3
SPEED: cython.int = 4
ACCELERATION: cython.int = 5
FAN: cython.int = 6
TOOL: cython.int = 7
LINE: cython.int = 8
TEMPERATURE: cython.int = 9
START: cython.int = 10
END: cython.int = 11
DISTANCE: cython.int = 12
ENTRY2: cython.int = 13
LIMIT2: cython.int = 14
CRUISE: cython.int = 15
SMOOTH2: cython.int = 16
GAIN2: cython.int = 17

MARLIN: cython.int = 0
INSTANT: cython.int = 1
CORNER: cython.int = 2

NOT_PLAIN, QUEUED, FULL, NO_MOTION = range(4)
"""What `Planner.take` says of a line; the same for C:"""
NOT_PLAIN_: cython.int = 0
QUEUED_: cython.int = 1
FULL_: cython.int = 2
NO_MOTION_: cython.int = 3


@cython.cfunc
@cython.exceptval(check=False)
def _seconds(
    d: cython.double, a: cython.double, v0: cython.double, cruise: cython.double, v1: cython.double
) -> cython.double:
    """Return the time of a trapezoid over d from v0 to v1; a triangle where it is too short to cruise."""
    ramps: cython.double = (2 * cruise * cruise - v0 * v0 - v1 * v1) / (2 * a)
    if ramps <= d:
        return (2 * cruise - v0 - v1) / a + (d - ramps) / cruise
    peak: cython.double = sqrt((2 * a * d + v0 * v0 + v1 * v1) / 2)
    return (2 * peak - v0 - v1) / a


@cython.cfunc
@cython.exceptval(check=False)
def _travelled(
    t: cython.double, d: cython.double, a: cython.double, v0: cython.double, cruise: cython.double, v1: cython.double
) -> cython.double:
    """Return how far along d the trapezoid is after t seconds."""
    peak: cython.double = sqrt((2 * a * d + v0 * v0 + v1 * v1) / 2)
    if peak > cruise:
        peak = cruise
    rise: cython.double = (peak - v0) / a
    if t <= rise:
        return v0 * t + a * t * t / 2
    fall: cython.double = _seconds(d, a, v0, cruise, v1) - t
    if fall * a <= peak - v1:
        return d - v1 * fall - a * fall * fall / 2
    return (peak * peak - v0 * v0) / (2 * a) + peak * (t - rise)


@cython.cfunc
@cython.exceptval(check=False)
def _within(
    value: cython.double,
    u: cython.double[::1],
    limits: cython.double[::1],
    first: cython.int,
) -> cython.double:
    """Return a speed or acceleration along u, lowered until no axis exceeds its own limits[first + axis]."""
    axis: cython.int
    for axis in range(4):
        if value * fabs(u[axis]) > limits[first + axis]:
            value = limits[first + axis] / fabs(u[axis])
    return value


@cython.cclass
class Planner:
    """A queue of at most `blocks` - 1 moves in front of the motors, and the record of all that came before.

    rows          (capacity, 18) f8, see `COLUMNS`; 0..tail-1 are done, tail runs while `running`, ..head-1 wait
    limits        (22,) f8 in the order of `gcode.limits.LIMITS`; rule is MARLIN, INSTANT (RepRapFirmware) or CORNER
    position      where the last queued move ends, machine mm; `e` as M114 counts it
    low, high     (3,) f8 travel of the axes, which `clamp` enforces on those that are homed
    """

    now = cython.declare(cython.double, visibility="public")
    table = cython.declare(object, visibility="public")
    rows: cython.double[:, ::1]
    head = cython.declare(cython.Py_ssize_t, visibility="public")
    tail = cython.declare(cython.Py_ssize_t, visibility="public")
    running = cython.declare(cython.bint, visibility="public")
    blocks = cython.declare(cython.Py_ssize_t, visibility="public")
    rule = cython.declare(cython.int, visibility="public")
    delay = cython.declare(cython.double, visibility="public")
    ready: cython.double  # when the first of a few moves starts, though more could still come
    exit2: cython.double  # squared speed at which the running move ends
    dry = cython.declare(cython.double, visibility="public")  # since when the motors wait for a move; -1: they do not
    underruns = cython.declare(cython.Py_ssize_t, visibility="public")
    starved = cython.declare(cython.double, visibility="public")
    extruded = cython.declare(cython.double, visibility="public")  # of all moves that ended

    limits: cython.double[::1]
    low: cython.double[::1]
    high: cython.double[::1]
    position: cython.double[::1]
    origin: cython.double[::1]
    homed: cython.double[::1]
    clamp = cython.declare(cython.bint, visibility="public")
    strict = cython.declare(cython.bint, visibility="public")  # a move that leaves them is not plain

    absolute = cython.declare(cython.bint, visibility="public")
    absolute_e = cython.declare(cython.bint, visibility="public")
    unit = cython.declare(cython.double, visibility="public")  # mm
    feedrate = cython.declare(cython.double, visibility="public")  # mm/s, as asked for
    feed_factor = cython.declare(cython.double, visibility="public")
    flow_factor = cython.declare(cython.double, visibility="public")
    cold = cython.declare(cython.bint, visibility="public")  # too cold to extrude
    special = cython.declare(cython.bint, visibility="public")  # no line is plain now
    fan = cython.declare(cython.double, visibility="public")
    tool = cython.declare(cython.int, visibility="public")
    line = cython.declare(cython.longlong, visibility="public")
    temperature = cython.declare(cython.double, visibility="public")

    u: cython.double[::1]  # direction of the move that is being queued: x, y, z, e over its length
    b: cython.double[::1]  # of the move before, as all that begins with b_
    b_speed: cython.double
    b_rest2: cython.double
    b_kinematic: cython.bint

    def __init__(self, limits, low, high, position, origin, homed, blocks: int, rule: int, delay: float):  # type: ignore[no-untyped-def]
        """Take arrays that are shared with the caller: position (4,), origin (3,) and homed (3,) f8."""
        self.table = np.zeros((1024, len(COLUMNS)))
        self.rows = self.table
        self.limits = limits
        self.low = low
        self.high = high
        self.position = position
        self.origin = origin
        self.homed = homed
        self.blocks = blocks
        self.rule = rule
        self.delay = delay
        self.now = self.ready = self.exit2 = 0.0
        self.head = self.tail = 0
        self.running = False
        self.dry = -1.0
        self.underruns = 0
        self.starved = self.extruded = 0.0
        self.clamp = True
        self.strict = False
        self.absolute = self.absolute_e = True
        self.unit = 1.0
        self.feedrate = 25.0
        self.feed_factor = 1.0
        self.flow_factor = 1.0
        self.cold = True
        self.special = False
        self.fan = 0.0
        self.tool = 0
        self.line = 0
        self.temperature = 0.0
        self.u = np.zeros(4)
        self.b = np.zeros(4)
        self.b_speed = self.b_rest2 = 0.0
        self.b_kinematic = False

    @cython.cfunc
    @cython.exceptval(check=False)
    def _begin(self, t: cython.double) -> cython.void:
        """Start the next move at t; from now on it is as it is."""
        i: cython.Py_ssize_t = self.tail
        last2: cython.double = self.rows[i, ENTRY2] + 2 * self.rows[i, ACCELERATION] * self.rows[i, DISTANCE]
        if i + 1 < self.head:
            if self.rows[i + 1, ENTRY2] < last2:
                last2 = self.rows[i + 1, ENTRY2]
        elif self.b_rest2 < last2:
            last2 = self.b_rest2
        self.exit2 = last2
        self.rows[i, START] = t
        self.rows[i, END] = t + _seconds(
            self.rows[i, DISTANCE], self.rows[i, ACCELERATION], sqrt(self.rows[i, ENTRY2]), self.rows[i, CRUISE],
            sqrt(last2),
        )  # fmt: skip
        self.rows[i, TEMPERATURE] = self.temperature
        self.running = True
        if self.dry >= 0:
            self.underruns += 1
            self.starved += t - self.dry
            self.dry = -1.0

    @cython.ccall
    def run(self, until: cython.double) -> cython.void:
        """Let the motors run until `until`."""
        t: cython.double = self.now
        while True:
            if self.running:
                t = self.rows[self.tail, END]
                if t > until:
                    break
                self.running = False
                self.extruded += self.rows[self.tail, E]
                self.tail += 1
                if self.tail == self.head:
                    self.dry = t
                    break
                self._begin(t)
            elif self.tail < self.head and self.ready <= until:
                self._begin(self.ready if self.ready > t else t)
            else:
                break
        self.now = until

    def free(self) -> int:
        """Return how many more moves fit into the queue."""
        return self.blocks - 1 - (self.head - self.tail)

    def room_at(self) -> float:
        """Return when the next move ends, and a place becomes free."""
        return self.rows[self.tail, END] if self.running else self.ready

    def settle(self) -> None:
        """Note that the machine stands still on purpose: what comes next is no underrun."""
        self.dry = -1.0

    @cython.ccall
    def add(
        self, x: cython.double, y: cython.double, z: cython.double, de: cython.double, v: cython.double
    ) -> cython.int:
        """Queue a move to x, y, z (machine mm) that extrudes de at v mm/s; return QUEUED, FULL or NO_MOTION."""
        if self.head - self.tail >= self.blocks - 1:
            return FULL_
        u: cython.double[::1] = self.u
        limits: cython.double[::1] = self.limits
        d: cython.double = self._aim(x, y, z, de)
        if d == 0 or v <= 0:
            return NO_MOTION_
        kinematic: cython.bint = u[0] != 0 or u[1] != 0 or (u[2] != 0 and self.rule != INSTANT)
        a: cython.double = 1e30 if self.rule == INSTANT else limits[14]
        if kinematic:
            a = limits[13] if de == 0 else limits[12]
        if self.rule == CORNER:
            v = self._klipper_speed(v, kinematic)
            a = self._klipper_acceleration(kinematic)
        else:
            a = _within(a, u, limits, 4)
            if v < limits[16 if de == 0 else 15]:
                v = limits[16 if de == 0 else 15]
            v = _within(v, u, limits, 0)

        i: cython.Py_ssize_t = self.head
        if i == self.rows.shape[0]:
            self._grow()
        rows: cython.double[:, ::1] = self.rows
        rest2: cython.double = self._rest2(v)
        queued: cython.bint = i > self.tail
        limit2: cython.double = self._junction2(v, a, d, kinematic) if queued else rest2
        rows[i, 0] = x
        rows[i, 1] = y
        rows[i, 2] = z
        rows[i, E] = de
        rows[i, SPEED] = rows[i, CRUISE] = v
        rows[i, ACCELERATION] = a
        rows[i, FAN] = self.fan
        rows[i, TOOL] = self.tool
        rows[i, LINE] = self.line
        rows[i, DISTANCE] = d
        rows[i, ENTRY2] = rows[i, LIMIT2] = limit2
        if self.rule == CORNER:
            self._soften(i, queued)
        self.position[0] = x
        self.position[1] = y
        self.position[2] = z
        self.position[3] += de
        axis: cython.int
        for axis in range(4):
            self.b[axis] = u[axis]
        self.b_speed = v
        self.b_rest2 = rest2
        self.b_kinematic = kinematic
        self.head = i + 1
        if not queued:
            self.ready = self.now + self.delay
        self._replan()
        if not self.running and (self.head - self.tail >= 3 or self.delay <= 0):
            self.ready = self.now
        return QUEUED_

    @cython.cfunc
    @cython.exceptval(check=False)
    def _aim(self, x: cython.double, y: cython.double, z: cython.double, de: cython.double) -> cython.double:
        """Write the direction of a move into u and return its length; filament alone is as long as it is."""
        dx: cython.double = x - self.position[0]
        dy: cython.double = y - self.position[1]
        dz: cython.double = z - self.position[2]
        d: cython.double = sqrt(dx * dx + dy * dy + dz * dz)
        if d < 1e-9:
            d = fabs(de)
            dx = dy = dz = 0
            if d == 0:
                return 0
        self.u[0] = dx / d
        self.u[1] = dy / d
        self.u[2] = dz / d
        self.u[3] = de / d
        return d

    @cython.cfunc
    @cython.exceptval(check=False)
    def _klipper_speed(self, v: cython.double, kinematic: cython.bint) -> cython.double:
        """Klipper limits the head as a whole, Z and retractions."""
        u: cython.double[::1] = self.u
        limits: cython.double[::1] = self.limits
        if kinematic and v > limits[0]:
            v = limits[0]
        if u[2] != 0 and v * fabs(u[2]) > limits[2]:
            v = limits[2] / fabs(u[2])
        if u[3] < 0 or (u[3] != 0 and u[0] == 0 and u[1] == 0):
            if v * fabs(u[3]) > limits[3]:
                v = limits[3] / fabs(u[3])
        return v

    @cython.cfunc
    @cython.exceptval(check=False)
    def _klipper_acceleration(self, kinematic: cython.bint) -> cython.double:
        u: cython.double[::1] = self.u
        limits: cython.double[::1] = self.limits
        a: cython.double = limits[12] if kinematic else 1e8
        if u[2] != 0 and a * fabs(u[2]) > limits[6]:
            a = limits[6] / fabs(u[2])
        if u[3] < 0 or (u[3] != 0 and u[0] == 0 and u[1] == 0):
            if a * fabs(u[3]) > limits[7]:
                a = limits[7] / fabs(u[3])
        return a

    @cython.cfunc
    @cython.exceptval(check=False)
    def _soften(self, i: cython.Py_ssize_t, queued: cython.bint) -> cython.void:
        """Note what Klipper's second, gentler look at a move needs: its junction, and what it can gain there."""
        rows: cython.double[:, ::1] = self.rows
        gain2: cython.double = 2 * rows[i, DISTANCE] * rows[i, ACCELERATION]
        gentle2: cython.double = 2 * rows[i, DISTANCE] * self.limits[12] * (1 - self.limits[19])
        rows[i, GAIN2] = gain2 if gain2 < gentle2 else gentle2
        reach2: cython.double = rows[i - 1, SMOOTH2] + rows[i - 1, GAIN2] if queued else 0.0
        rows[i, SMOOTH2] = rows[i, LIMIT2] if rows[i, LIMIT2] < reach2 else reach2

    @cython.cfunc
    def _grow(self) -> cython.void:
        larger = np.zeros((2 * self.rows.shape[0], len(COLUMNS)))
        larger[: self.head] = self.table
        self.table = larger
        self.rows = larger

    @cython.cfunc
    @cython.exceptval(check=False)
    def _replan(self) -> cython.void:
        """Raise the speeds of all that wait: backward so that each can brake, forward so that each can be reached."""
        rows: cython.double[:, ::1] = self.rows
        first: cython.Py_ssize_t = self.tail + 1 if self.running else self.tail
        i: cython.Py_ssize_t
        v2: cython.double = self.b_rest2
        if self.rule == CORNER:
            self._smooth(first)
        else:
            for i in range(self.head - 1, first - 1, -1):
                v2 += 2 * rows[i, ACCELERATION] * rows[i, DISTANCE]
                if rows[i, LIMIT2] < v2:
                    v2 = rows[i, LIMIT2]
                rows[i, ENTRY2] = v2
        if self.running:
            rows[first, ENTRY2] = self.exit2
            if rows[first, CRUISE] < sqrt(self.exit2):
                rows[first, CRUISE] = sqrt(self.exit2)
        v2 = rows[first, ENTRY2]
        for i in range(first, self.head):
            if rows[i, ENTRY2] > v2:
                rows[i, ENTRY2] = v2
            v2 = rows[i, ENTRY2] + 2 * rows[i, ACCELERATION] * rows[i, DISTANCE]
            if rows[i, CRUISE] * rows[i, CRUISE] < v2:
                v2 = rows[i, CRUISE] * rows[i, CRUISE]

    @cython.cfunc
    @cython.exceptval(check=False)
    def _smooth(self, first: cython.Py_ssize_t) -> cython.void:
        """Plan backward, Klipper's way: no peak of speed that the minimum cruise ratio leaves no room for.

        A move that can only accelerate towards a later peak waits until that peak's speed is known.
        """
        rows: cython.double[:, ::1] = self.rows
        next2: cython.double = 0
        next_smooth2: cython.double = 0
        peak2: cython.double = 0
        waiting: cython.Py_ssize_t = -1  # rows i+1..waiting-1 wait; -1: none does
        start2: cython.double
        smooth2: cython.double
        reach2: cython.double
        cruise2: cython.double
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        for i in range(self.head - 1, first - 1, -1):
            start2 = next2 + 2 * rows[i, ACCELERATION] * rows[i, DISTANCE]
            if rows[i, LIMIT2] < start2:
                start2 = rows[i, LIMIT2]
            reach2 = next_smooth2 + rows[i, GAIN2]
            smooth2 = rows[i, SMOOTH2] if rows[i, SMOOTH2] < reach2 else reach2
            rows[i, ENTRY2] = start2
            if smooth2 < reach2 or i == first:
                if smooth2 + rows[i, GAIN2] > next_smooth2 or waiting >= 0:
                    peak2 = 0.5 * (smooth2 + reach2)
                    if rows[i, SPEED] * rows[i, SPEED] < peak2:
                        peak2 = rows[i, SPEED] * rows[i, SPEED]
                    cruise2 = peak2
                    for k in range(i + 1, waiting):
                        if rows[k, ENTRY2] < cruise2:
                            cruise2 = rows[k, ENTRY2]
                        rows[k, ENTRY2] = cruise2
                        rows[k, CRUISE] = sqrt(cruise2)
                    waiting = -1
                cruise2 = rows[i, SPEED] * rows[i, SPEED]
                if peak2 < cruise2:
                    cruise2 = peak2
                rows[i, CRUISE] = sqrt(cruise2)
                if cruise2 < start2:
                    rows[i, ENTRY2] = cruise2
            elif waiting < 0:
                waiting = i + 1
            next2 = start2
            next_smooth2 = smooth2

    # ---------------------------------------------------------------- rules for the squared speed through a junction

    @cython.cfunc
    @cython.exceptval(check=False)
    def _junction2(self, v: cython.double, a: cython.double, d: cython.double, kinematic: cython.bint) -> cython.double:
        """Return the squared speed from the move before, along b, to one along u."""
        if self.rule == INSTANT:
            return self._instant2(v)
        if self.rule == CORNER:
            return self._corner2(v, a, d) if kinematic and self.b_kinematic else 0.0
        if self.limits[17] > 0:
            return self._deviation2(v, a, d)
        return self._jerk2(v)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _rest2(self, v: cython.double) -> cython.double:
        """Return the squared speed from which the machine stops at once, and to which it starts."""
        if self.rule != MARLIN:
            return 0.0
        if self.limits[17] > 0:
            v = v if v < 0.05 else 0.05
        else:
            v = _within(v, self.u, self.limits, 8)
        return v * v

    @cython.cfunc
    @cython.exceptval(check=False)
    def _jerk2(self, v: cython.double) -> cython.double:
        """Marlin's classic jerk: no axis jumps by more than its own; a reversal counts its larger half."""
        top: cython.double = self.b_speed if self.b_speed < v else v
        factor: cython.double = 1.0
        leave: cython.double
        enter: cython.double
        jump: cython.double
        axis: cython.int
        for axis in range(4):
            leave = self.b[axis] * top * factor
            enter = self.u[axis] * v * factor
            if leave * enter > 0:
                jump = fabs(enter - leave)
            else:
                jump = fabs(leave) if fabs(leave) > fabs(enter) else fabs(enter)
            if jump > self.limits[8 + axis]:
                factor *= self.limits[8 + axis] / jump
        if factor == 1.0 and self.b_speed >= v:
            return top * top
        # not coasting: where a stop and a start are both free of jerk at such a speed, it stops and starts
        top *= factor
        if _within(self.b_speed, self.b, self.limits, 8) > 0.99 * top:
            enter = _within(v, self.u, self.limits, 8)
            if enter > 0.99 * top:
                top = enter
        return top * top

    @cython.cfunc
    @cython.exceptval(check=False)
    def _deviation2(self, v: cython.double, a: cython.double, d: cython.double) -> cython.double:
        """Marlin's junction deviation: the speed on an arc that cuts the corner by so much."""
        nb: cython.double = 0
        nu: cython.double = 0
        dot: cython.double = 0
        axis: cython.int
        for axis in range(4):
            nb += self.b[axis] * self.b[axis]
            nu += self.u[axis] * self.u[axis]
            dot += self.b[axis] * self.u[axis]
        nb = 1 / sqrt(nb)
        nu = 1 / sqrt(nu)
        dot *= nb * nu
        if dot < -0.999999:  # back to where it came from
            return 0.0025
        top: cython.double = self.b_speed if self.b_speed < v else v
        top *= top
        if dot > 0.999999:
            return top
        # the change of direction is an acceleration too, and no axis may exceed its own
        norm: cython.double = sqrt(2 - 2 * dot)
        turn: cython.double
        for axis in range(4):
            turn = fabs(self.u[axis] * nu - self.b[axis] * nb) / norm
            if a * turn > self.limits[4 + axis]:
                a = self.limits[4 + axis] / turn
        half: cython.double = sqrt(0.5 * (1 + dot))
        speed2: cython.double = a * self.limits[17] * half / (1 - half)
        if d < 1 and dot > 0.7071067811865475:  # short chords of a curve: its centripetal acceleration
            if d / acos(dot) * a < speed2:
                speed2 = d / acos(dot) * a
        return speed2 if speed2 < top else top

    @cython.cfunc
    @cython.exceptval(check=False)
    def _instant2(self, v: cython.double) -> cython.double:
        """RepRapFirmware's jerk: at the shared speed no axis jumps by more than its own.

        By policy 0 a move that prints joins only its like, and one of the head only its like.
        """
        moves_b: cython.bint = self.b[0] != 0 or self.b[1] != 0
        moves_u: cython.bint = self.u[0] != 0 or self.u[1] != 0
        if self.limits[21] == 0:
            if moves_b != moves_u or (moves_b and self.b[3] > 0) != (moves_u and self.u[3] > 0):
                return 0.0
        axis: cython.int
        turn: cython.double
        top: cython.double = self.b_speed if self.b_speed < v else v
        for axis in range(4):
            turn = fabs(self.u[axis] - self.b[axis])
            if top * turn > self.limits[8 + axis]:
                top = self.limits[8 + axis] / turn
        return top * top

    @cython.cfunc
    @cython.exceptval(check=False)
    def _corner2(self, v: cython.double, a: cython.double, d: cython.double) -> cython.double:
        """Klipper's square corner velocity."""
        top: cython.double = self.b_speed if self.b_speed < v else v
        speed2: cython.double = top * top
        bound: cython.double = self.u[3] - self.b[3]
        if bound * bound * speed2 > self.limits[20] * self.limits[20]:
            speed2 = self.limits[20] * self.limits[20] / (bound * bound)
        cosine: cython.double = -(self.b[0] * self.u[0] + self.b[1] * self.u[1] + self.b[2] * self.u[2])
        half_sin: cython.double = sqrt(0.5 * (1 - cosine)) if cosine < 1 else 0.0
        half_cos: cython.double = sqrt(0.5 * (1 + cosine)) if cosine > -1 else 0.0
        i: cython.Py_ssize_t = self.head - 1
        b_reach: cython.double = self.rows[i, DISTANCE] * self.rows[i, ACCELERATION]
        if self.rows[i, LIMIT2] + 2 * b_reach < speed2:
            speed2 = self.rows[i, LIMIT2] + 2 * b_reach
        slower: cython.double = a if a < self.rows[i, ACCELERATION] else self.rows[i, ACCELERATION]
        if half_sin < 1 and half_cos > 0:
            # an arc that cuts the corner, and one that touches both moves no further than half-way
            bound = half_sin / (1 - half_sin) * self.limits[18] * self.limits[18] * 0.41421356237309515
            bound *= slower / self.limits[12]
            if bound < speed2:
                speed2 = bound
            bound = 0.5 * half_sin / half_cos * (d * a if d * a < b_reach else b_reach)
            if bound < speed2:
                speed2 = bound
        return speed2

    # ---------------------------------------------------------------- the record

    def place(self) -> None:
        """Record that the position is declared, not moved to; only while nothing is queued."""
        i: cython.Py_ssize_t = self.head
        if i == self.rows.shape[0]:
            self._grow()
        self._record(i)
        self.rows[i, START] = self.rows[i, END] = self.now
        self.head = self.tail = i + 1

    @cython.cfunc
    @cython.exceptval(check=False)
    def _record(self, i: cython.Py_ssize_t) -> cython.void:
        axis: cython.int
        for axis in range(3):
            self.rows[i, axis] = self.position[axis]
        self.rows[i, TEMPERATURE] = self.temperature
        self.rows[i, FAN] = self.fan
        self.rows[i, TOOL] = self.tool
        self.rows[i, LINE] = self.line

    def cut(self, x: cython.double, y: cython.double, z: cython.double, done: cython.double) -> None:
        """End the running move here and now, and drop those that wait."""
        i: cython.Py_ssize_t = self.tail
        self.head = i
        if self.running:
            self.rows[i, 0] = x
            self.rows[i, 1] = y
            self.rows[i, 2] = z
            self.rows[i, E] *= done
            self.rows[i, END] = self.now
            self.extruded += self.rows[i, E]
            self.head = self.tail = i + 1
            self.running = False
        self.rows[self.head :, :] = 0

    def fraction(self) -> float:
        """Return how much of the running move is done, 0..1."""
        if not self.running:
            return 0.0
        i: cython.Py_ssize_t = self.tail
        return _travelled(
            self.now - self.rows[i, START], self.rows[i, DISTANCE], self.rows[i, ACCELERATION],
            sqrt(self.rows[i, ENTRY2]), self.rows[i, CRUISE], sqrt(self.exit2),
        ) / self.rows[i, DISTANCE]  # fmt: skip

    def flowed(self) -> float:
        """Return how much filament went through the nozzle until now."""
        if not self.running:
            return self.extruded
        return self.extruded + self.fraction() * self.rows[self.tail, E]

    def take(
        self,
        given: cython.int,
        x: cython.double,
        y: cython.double,
        z: cython.double,
        e: cython.double,
        f: cython.double,
    ) -> int:
        """Run a move as `plain` reads it; what needs more than a glance is NOT_PLAIN and changes nothing."""
        if given < 0 or self.special:
            return NOT_PLAIN_
        to_x: cython.double = self._aimed(0, x, given)
        to_y: cython.double = self._aimed(1, y, given)
        to_z: cython.double = self._aimed(2, z, given)
        de: cython.double = 0.0
        if given & 8:
            de = e * self.unit - (self.position[3] if self.absolute_e else 0.0)
            if self.cold and de != 0:
                return NOT_PLAIN_
        if self.strict and not (self._inside(0, to_x) and self._inside(1, to_y) and self._inside(2, to_z)):
            return NOT_PLAIN_
        if self.clamp:
            to_x = self._clamped(0, to_x)
            to_y = self._clamped(1, to_y)
            to_z = self._clamped(2, to_z)
        if self.head - self.tail >= self.blocks - 1:
            return FULL_
        if given & 16 and f * self.unit > 0:
            self.feedrate = f * self.unit / 60.0
        counted: cython.double = self.position[3] + de
        said: cython.int = self.add(to_x, to_y, to_z, de * self.flow_factor, self.feedrate * self.feed_factor)
        self.position[3] = counted  # M221 changes what is extruded, not what is counted
        return said

    @cython.cfunc
    @cython.exceptval(check=False)
    def _aimed(self, axis: cython.int, value: cython.double, given: cython.int) -> cython.double:
        """Return where a word of a line sends an axis; where it stands if the line does not name it."""
        if not given & (1 << axis):
            return self.position[axis]
        return value * self.unit + (self.origin[axis] if self.absolute else self.position[axis])

    @cython.cfunc
    @cython.exceptval(check=False)
    def _inside(self, axis: cython.int, value: cython.double) -> cython.bint:
        return value == self.position[axis] or (self.homed[axis] != 0 and self.low[axis] <= value <= self.high[axis])

    @cython.cfunc
    @cython.exceptval(check=False)
    def _clamped(self, axis: cython.int, value: cython.double) -> cython.double:
        if self.homed[axis] != 0:
            if value < self.low[axis]:
                return self.low[axis]
            if value > self.high[axis]:
                return self.high[axis]
        return value
