# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: rows of moves into G-code bytes. `gcode.writer` prepares the tables and holds the buffer.

A `Formatter` knows what the text so far has told a machine, and says of each row what is not known yet:

    _row        one row: `_begin_layer`, `_commands`, then
    _demand     what its columns ask for before it: modes, object, tool, fan, acceleration
    _describe   comments about a bead
    _motion     G1, or G2 and G3 for the rows of an arc

Runs compiled or as plain Python with the same bytes: every number is rounded to an integer count of its last digit
first, and all that follows is integer arithmetic on non-negative values.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import floor
else:
    from math import floor

CUSTOM = cython.declare(cython.int, 16)
ROLES = cython.declare(cython.int, 24)
HIGHEST = cython.declare(cython.double, 1e9)

# the table of texts: `;TYPE:` of each role, then these, then beginning and end of each object
METRIC = cython.declare(cython.int, 24)
ABSOLUTE = cython.declare(cython.int, 25)
E_MODE = cython.declare(cython.int, 26)
FAN_ON = cython.declare(cython.int, 27)
FAN_OFF = cython.declare(cython.int, 28)
PRINT_ACCELERATION = cython.declare(cython.int, 29)
TRAVEL_ACCELERATION = cython.declare(cython.int, 30)
LAYER = cython.declare(cython.int, 31)
HEIGHT = cython.declare(cython.int, 32)
WIDTH = cython.declare(cython.int, 33)
E_ZERO = cython.declare(cython.int, 34)
OBJECTS = cython.declare(cython.int, 35)

# what a command does to what is known, as `gcode.writer` numbers it
SILENT = cython.declare(cython.int, 0)
MOVES_HEAD = cython.declare(cython.int, 1)
NAMES_ROLE = cython.declare(cython.int, 2)
SETS_FAN = cython.declare(cython.int, 3)
SETS_ACCELERATION = cython.declare(cython.int, 4)
SETS_TOOL = cython.declare(cython.int, 5)
SETS_E_MODE = cython.declare(cython.int, 6)
SETS_XYZ_MODE = cython.declare(cython.int, 7)
SETS_UNITS = cython.declare(cython.int, 8)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def _round(value: cython.double) -> cython.longlong:
    """Return the nearest integer, halves away from zero."""
    if value < 0:
        return -cython.cast(cython.longlong, floor(0.5 - value))
    return cython.cast(cython.longlong, floor(value + 0.5))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
@cython.inline
def _is_sane(value: cython.double) -> cython.bint:
    """Tell whether a value is a number that a machine could mean."""
    return -HIGHEST < value < HIGHEST


@cython.cclass
class Formatter:
    """The columns of moves, what has been said of them, and where the next byte goes.

    row    the next row to be written; n + 1 at the end
    fault  1 + the row that holds what is no number, 0 for none
    """

    row = cython.declare(cython.Py_ssize_t, visibility="public")
    fault = cython.declare(cython.Py_ssize_t, visibility="public")
    out: cython.uchar[::1]
    at: cython.Py_ssize_t

    # columns
    x: cython.const[cython.double][::1]
    y: cython.const[cython.double][::1]
    z: cython.const[cython.double][::1]
    e: cython.const[cython.double][::1]
    speed: cython.const[cython.double][::1]
    acceleration: cython.const[cython.float][::1]
    role: cython.const[cython.uchar][::1]
    width: cython.const[cython.float][::1]
    height: cython.const[cython.float][::1]
    fan: cython.const[cython.float][::1]
    tool: cython.const[cython.uchar][::1]
    object: cython.const[cython.short][::1]

    # what stands between rows: layers, commands, arcs; and fixed texts
    block_row: cython.const[cython.longlong][::1]
    block: cython.const[cython.double][:, ::1]  # z, height
    command_row: cython.const[cython.longlong][::1]
    command_at: cython.const[cython.longlong][::1]
    command_text: cython.const[cython.uchar][::1]
    command_kind: cython.const[cython.uchar][::1]
    command_value: cython.const[cython.double][:, ::1]
    arc: cython.const[cython.longlong][:, ::1]  # first row, last row, I, J in last digits, whether it turns left
    text: cython.const[cython.uchar][::1]
    text_at: cython.const[cython.longlong][::1]
    cython.declare(next_block=cython.Py_ssize_t, next_command=cython.Py_ssize_t, next_arc=cython.Py_ssize_t)

    # style
    cython.declare(xyz_digits=cython.int, e_digits=cython.int, fan_digits=cython.int)
    cython.declare(xyz_scale=cython.longlong, e_scale=cython.longlong, fan_steps=cython.longlong)
    cython.declare(relative=cython.bint, one_acceleration=cython.bint)

    # what a machine knows: positions in last digits; -1 where nothing is known
    cython.declare(px=cython.longlong, py=cython.longlong, pz=cython.longlong, pe=cython.longlong)
    cython.declare(e_zero=cython.longlong, total=cython.double)  # where absolute E counts from; filament so far
    cython.declare(xy_known=cython.bint, z_known=cython.bint, e_known=cython.bint)
    cython.declare(feed=cython.longlong, now_role=cython.longlong, now_width=cython.longlong)
    cython.declare(now_height=cython.longlong, now_fan=cython.longlong, now_tool=cython.longlong)
    cython.declare(now_object=cython.longlong, now_print=cython.longlong, now_travel=cython.longlong)
    cython.declare(absolute_mode=cython.longlong, relative_e_mode=cython.longlong, metric=cython.longlong)

    # the row at hand: where it ends, and what of it moves
    cython.declare(qx=cython.longlong, qy=cython.longlong, qz=cython.longlong, qe=cython.longlong)
    cython.declare(xy_moves=cython.bint, z_moves=cython.bint)

    def __init__(self, columns: tuple, blocks: tuple, commands: tuple, arcs: object, texts: tuple) -> None:
        """Take the columns in the order above, and tables of what stands between them."""
        self.x, self.y, self.z, self.e, self.speed = columns[:5]
        self.acceleration, self.role, self.width, self.height, self.fan, self.tool, self.object = columns[5:]
        self.block_row, self.block = blocks
        self.command_row, self.command_text, self.command_at, self.command_kind, self.command_value = commands
        self.arc = arcs
        self.text, self.text_at = texts
        self.row = self.fault = self.at = 0
        self.next_block = self.next_command = self.next_arc = 0

    def begin(
        self,
        start: tuple,
        digits: tuple,
        fan: tuple,
        relative: cython.bint,
        one_acceleration: cython.bint,
    ) -> None:
        """Set the style, and begin with a machine of which nothing is known but that it stands at `start`."""
        self.xyz_digits, self.e_digits = digits
        self.xyz_scale = int(10 ** digits[0])
        self.e_scale = int(10 ** digits[1])
        self.fan_steps, self.fan_digits = fan
        self.relative = relative
        self.one_acceleration = one_acceleration
        self.px = _round(start[0] * self.xyz_scale)
        self.py = _round(start[1] * self.xyz_scale)
        self.pz = _round(start[2] * self.xyz_scale)
        self.pe = self.e_zero = 0
        self.total = 0.0
        self.xy_known = self.z_known = self.e_known = False
        self.feed = self.now_role = self.now_width = self.now_height = self.now_fan = self.now_object = -1
        self.now_tool = self.now_print = self.now_travel = 0
        self.absolute_mode = self.relative_e_mode = -1
        self.metric = 1

    def run(self, out: cython.uchar[::1], slack: cython.Py_ssize_t) -> int:
        """Write rows while each finds `slack` bytes beside those of its commands; return how many bytes there are."""
        n: cython.Py_ssize_t = self.x.shape[0]
        commands: cython.Py_ssize_t = self.command_row.shape[0]
        here: cython.Py_ssize_t
        self.out = out
        self.at = 0
        with cython.nogil:
            while self.row <= n and not self.fault:
                here = self.next_command
                while here < commands and self.command_row[here] <= self.row:
                    here += 1
                if out.shape[0] - self.at < slack + self.command_at[here] - self.command_at[self.next_command]:
                    break
                if self.row < n:
                    self._row(self.row, here)
                else:
                    self._end_object()
                    self._commands(here)
                    self.row += 1
        return self.at

    # ---------------------------------------------------------------- one row

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _row(self, i: cython.Py_ssize_t, here: cython.Py_ssize_t) -> cython.void:
        """Write row i, and before it the commands up to `here`."""
        if not (
            _is_sane(self.x[i])
            and _is_sane(self.y[i])
            and _is_sane(self.z[i])
            and _is_sane(self.e[i])
            and _is_sane(self.speed[i])
        ):
            self.fault = i + 1
            return
        custom: cython.bint = self.role[i] == CUSTOM
        block: cython.bint = self.next_block < self.block_row.shape[0] and self.block_row[self.next_block] == i
        self.qx = _round(self.x[i] * self.xyz_scale)
        self.qy = _round(self.y[i] * self.xyz_scale)
        self.qz = _round(self.z[i] * self.xyz_scale)
        self.qe = self.pe
        if not custom:
            self.total += self.e[i]
            self.qe = _round(self.total * self.e_scale)
        self.xy_moves = self.qx != self.px or self.qy != self.py
        self.z_moves = self.qz != self.pz
        moves: cython.bint = self.xy_moves or self.z_moves or self.qe != self.pe
        if self.now_object >= 0 and (block or ((moves or custom) and self.object[i] != self.now_object)):
            self._end_object()
        if block:
            self._begin_layer()
        self._commands(here)
        self.row = i + 1
        if custom:
            self.px = self.qx
            self.py = self.qy
            self.pz = self.qz
        elif moves:
            self._demand(i)
            if self.xy_moves and self.qe > self.pe:
                self._describe(i)
            self._motion(i)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin_layer(self) -> cython.void:
        k: cython.Py_ssize_t = self.next_block
        self._say(LAYER)
        self._number(_round(self.block[k, 0] * self.xyz_scale), self.xyz_scale, self.xyz_digits)
        self._byte(10)
        self._height(_round(self.block[k, 1] * 1e5))
        if not self.relative:
            self._zero_e()
        self.next_block = k + 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _end_object(self) -> cython.void:
        if self.now_object >= 0:
            self._say(OBJECTS + 2 * self.now_object + 1)
            self.now_object = -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _commands(self, here: cython.Py_ssize_t) -> cython.void:
        """Copy commands up to `here`, and forget or learn what they change."""
        kind: cython.int
        value: cython.double
        k: cython.Py_ssize_t
        for k in range(self.next_command, here):
            self._copy(self.command_text, self.command_at[k], self.command_at[k + 1])
            kind = self.command_kind[k]
            value = self.command_value[k, 0]
            if kind == SILENT:
                continue
            if kind in (MOVES_HEAD, SETS_TOOL):  # may have moved anything
                self.xy_known = self.z_known = self.e_known = False
                self.feed = -1
                if kind == SETS_TOOL:
                    self.now_tool = _round(value)
            elif kind == NAMES_ROLE:
                self.now_role = self.now_width = self.now_height = -1
            elif kind == SETS_FAN:
                self.now_fan = _round(value * self.fan_steps)
            elif kind == SETS_ACCELERATION:
                if value > 0:
                    self.now_print = _round(value)
                if self.command_value[k, 1] > 0:
                    self.now_travel = _round(self.command_value[k, 1])
            elif kind == SETS_E_MODE:
                self.relative_e_mode = _round(value)
                self.e_known = False
            elif kind == SETS_XYZ_MODE:  # to some firmwares G90 and G91 concern E as well
                self.absolute_mode = _round(value)
                self.relative_e_mode = -1
            elif kind == SETS_UNITS:
                self.metric = _round(value)
        self.next_command = here

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _demand(self, i: cython.Py_ssize_t) -> cython.void:
        """Say what must hold before row i moves, where it does not hold yet."""
        q: cython.longlong
        if self.metric == 0:
            self._say(METRIC)
            self.metric = 1
        if self.absolute_mode != 1:
            self._say(ABSOLUTE)
            self.absolute_mode = 1
        if self.relative_e_mode != self.relative:
            self._say(E_MODE)
            self.relative_e_mode = self.relative
            self.e_known = False
        if self.object[i] != self.now_object:
            self.now_object = self.object[i]
            self._say(OBJECTS + 2 * self.now_object)
        if self.tool[i] != self.now_tool:
            self.now_tool = self.tool[i]
            self._byte(84)
            self._digits(self.now_tool, 1)
            self._byte(10)
        q = _round(cython.cast(cython.double, self.fan[i]) * self.fan_steps)
        if q < 0:
            q = 0
        if q > self.fan_steps:
            q = self.fan_steps
        if q != self.now_fan:
            self._fan(q)
        q = _round(cython.cast(cython.double, self.acceleration[i]))
        if q > 0 and (self.xy_moves or self.z_moves):
            self._accelerate(q, self.qe == self.pe)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fan(self, q: cython.longlong) -> cython.void:
        """Set the part fan to q of its steps."""
        self.now_fan = q
        if q == 0:
            self._say(FAN_OFF)
            return
        self._say(FAN_ON)
        self._digits(q // self.fan_steps if self.fan_digits else q, 1)
        if self.fan_digits:
            self._byte(46)
            self._digits(q % self.fan_steps, self.fan_digits)
        self._byte(10)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _accelerate(self, q: cython.longlong, travel: cython.bint) -> cython.void:
        """Set the acceleration of printing or of travel, if it is another."""
        if q == (self.now_travel if travel else self.now_print):
            return
        if travel or self.one_acceleration:
            self.now_travel = q
        if not travel or self.one_acceleration:
            self.now_print = q
        self._say(TRAVEL_ACCELERATION if travel else PRINT_ACCELERATION)
        self._digits(q, 1)
        self._byte(10)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _describe(self, i: cython.Py_ssize_t) -> cython.void:
        """Name the role, width and height of a bead where they change."""
        q: cython.longlong
        if self.role[i] != self.now_role:
            self.now_role = self.role[i]
            self._say(self.now_role if self.now_role < ROLES else 0)
        q = _round(cython.cast(cython.double, self.width[i]) * 1e3)
        if q > 0 and q != self.now_width:
            self.now_width = q
            self._say(WIDTH)
            self._number(q, 1000, 3)
            self._byte(10)
        q = _round(cython.cast(cython.double, self.height[i]) * 1e5)
        if q != self.now_height:
            self._height(q)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _height(self, q: cython.longlong) -> cython.void:
        """Name the height of beads, in 0.01 um, if it is known."""
        if q > 0:
            self.now_height = q
            self._say(HEIGHT)
            self._number(q, 100000, 5)
            self._byte(10)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _zero_e(self) -> cython.void:
        """Let absolute E count from here."""
        self._say(E_ZERO)
        self.e_zero = self.pe
        self.e_known = True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _motion(self, i: cython.Py_ssize_t) -> cython.void:
        """Write the motion of row i, or of all rows of the arc that begins with it."""
        k: cython.Py_ssize_t
        arc: cython.Py_ssize_t = self._arc_at(i)
        if arc >= 0:
            for k in range(i + 1, self.arc[arc, 1] + 1):
                self.total += self.e[k]
            k = self.arc[arc, 1]
            self.qx = _round(self.x[k] * self.xyz_scale)
            self.qy = _round(self.y[k] * self.xyz_scale)
            self.qe = _round(self.total * self.e_scale)
            self.row = k + 1
        if self.qe != self.pe and not self.relative and not self.e_known:
            self._zero_e()
        self._byte(71)
        self._byte(49 if arc < 0 else 51 if self.arc[arc, 4] else 50)
        if self.xy_moves:
            if self.qx != self.px or not self.xy_known or arc >= 0:
                self._word(88, self.qx, self.xyz_scale, self.xyz_digits)
            if self.qy != self.py or not self.xy_known or arc >= 0:
                self._word(89, self.qy, self.xyz_scale, self.xyz_digits)
            self.xy_known = True
        if self.z_moves or (self.xy_moves and not self.z_known):
            self._word(90, self.qz, self.xyz_scale, self.xyz_digits)
            self.z_known = True
        if arc >= 0:
            self._word(73, self.arc[arc, 2], self.xyz_scale, self.xyz_digits)
            self._word(74, self.arc[arc, 3], self.xyz_scale, self.xyz_digits)
        if self.qe != self.pe:
            self._word(69, self.qe - self.pe if self.relative else self.qe - self.e_zero, self.e_scale, self.e_digits)
        q: cython.longlong = _round(self.speed[i] * 600.0)
        if q > 0 and q != self.feed:
            self.feed = q
            self._word(70, q, 10, 1)
        self._byte(10)
        self.px = self.qx
        self.py = self.qy
        self.pz = self.qz
        self.pe = self.qe

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arc_at(self, i: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the arc that begins with row i, -1 for none; it must be known from where it begins."""
        k: cython.Py_ssize_t = self.next_arc
        while k < self.arc.shape[0] and self.arc[k, 0] < i:
            k += 1
        self.next_arc = k
        if k < self.arc.shape[0] and self.arc[k, 0] == i and self.xy_known and self.z_known:
            return k
        return -1

    # ---------------------------------------------------------------- bytes

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    @cython.inline
    def _byte(self, byte: cython.int) -> cython.void:
        self.out[self.at] = byte
        self.at += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _say(self, k: cython.Py_ssize_t) -> cython.void:
        """Copy text k of the table."""
        self._copy(self.text, self.text_at[k], self.text_at[k + 1])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _copy(
        self, text: cython.const[cython.uchar][::1], first: cython.Py_ssize_t, last: cython.Py_ssize_t
    ) -> cython.void:
        k: cython.Py_ssize_t
        at: cython.Py_ssize_t = self.at - first
        for k in range(first, last):
            self.out[at + k] = text[k]
        self.at = at + last

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _word(
        self, letter: cython.int, count: cython.longlong, scale: cython.longlong, digits: cython.int
    ) -> cython.void:
        """Write a blank, a letter and count / scale."""
        self._byte(32)
        self._byte(letter)
        self._number(count, scale, digits)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _number(self, count: cython.longlong, scale: cython.longlong, digits: cython.int) -> cython.void:
        """Write count / scale, scale being 10**digits, without trailing zeros."""
        if count < 0:
            self._byte(45)
            count = -count
        whole: cython.longlong = count // scale
        part: cython.longlong = count - whole * scale
        self._digits(whole, 1)
        if part > 0:
            self._byte(46)
            while part % 10 == 0:
                part //= 10
                digits -= 1
            self._digits(part, digits)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _digits(self, value: cython.longlong, width: cython.int) -> cython.void:
        """Write a non-negative integer, padded with zeros to at least `width` digits."""
        digits: cython.int = 1
        limit: cython.longlong = 10
        rest: cython.longlong
        while value >= limit and digits < 18:
            digits += 1
            limit *= 10
        if digits < width:
            digits = width
        end: cython.Py_ssize_t = self.at + digits
        k: cython.Py_ssize_t = end
        while k > self.at:
            k -= 1
            rest = value // 10
            self.out[k] = 48 + cython.cast(cython.int, value - rest * 10)
            value = rest
        self.at = end
