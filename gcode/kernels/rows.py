# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: lines of words into rows of moves and a list of events. Knows what G-code means, as the state of a printer.

A `Printer` takes the lines that `kernels.words` has made, one after the other:

    _line        by its kind one of `_comment`, `_macro`, `_g`, `_m`; they set what the line asks for
    _finish      the events and rows of the line

It runs compiled or as plain Python with the same result.
"""

import cython
import numpy as np

if cython.compiled:
    from cython.cimports.libc.math import acos, atan2, ceil, cos, fabs, sin, sqrt
else:
    from math import acos, atan2, ceil, cos, fabs, sin, sqrt

# kinds of lines, from `kernels.words`
COMMENT = cython.declare(cython.int, 1)
MACRO = cython.declare(cython.int, 2)
FAULT = cython.declare(cython.int, 3)

# what comments and macros mean, as `gcode.dialects` numbers it
ROLE = cython.declare(cython.int, 1)
BEGIN = cython.declare(cython.int, 3)
END = cython.declare(cython.int, 4)
DEFINE = cython.declare(cython.int, 5)
OPENS = cython.declare(cython.int, 6)
CLOSES = cython.declare(cython.int, 7)
LAYER = cython.declare(cython.int, 8)
LIMIT = cython.declare(cython.int, 14)
RETRACTION = cython.declare(cython.int, 15)
LAYER_NUMBER = cython.declare(cython.int, 16)

# kinds of events: 0 for a command, ROLE, BEGIN, END, DEFINE; `MALFORMED + reason`
COMMAND = cython.declare(cython.int, 0)
MALFORMED = cython.declare(cython.int, 16)
RANGE = cython.declare(cython.int, 5)
CENTRE = cython.declare(cython.int, 6)
NO_WORD = cython.declare(cython.int, 1)

# bits of letters
D = cython.declare(cython.uint, 1 << 3)
E = cython.declare(cython.uint, 1 << 4)
F = cython.declare(cython.uint, 1 << 5)
H = cython.declare(cython.uint, 1 << 7)
OFFSETS = cython.declare(cython.uint, 7 << 8)  # I, J, K
P = cython.declare(cython.uint, 1 << 15)
R = cython.declare(cython.uint, 1 << 17)
S = cython.declare(cython.uint, 1 << 18)
T = cython.declare(cython.uint, 1 << 19)
W = cython.declare(cython.uint, 1 << 22)
X = cython.declare(cython.uint, 1 << 23)
Y = cython.declare(cython.uint, 1 << 24)
Z = cython.declare(cython.uint, 1 << 25)
XYZ = cython.declare(cython.uint, 7 << 23)
POINT = cython.declare(cython.uint, 1 << 26)  # somewhere in the command is a decimal point

CUSTOM = cython.declare(cython.uchar, 16)
TURN = cython.declare(cython.double, 6.283185307179586)
TOLERANCE = cython.declare(cython.double, 0.01)  # mm that the chords of an arc may leave it
FAR = cython.declare(cython.double, 1e9)  # mm, beyond any position
THIN = cython.declare(cython.double, 0.03)  # mm, less than any layer


@cython.cclass
class Printer:
    """The modal state after the lines so far, and the arrays that its motion fills; mm and mm/s.

    role becomes 16 (CUSTOM) for rows whose text is kept as a command, 1 for beads, 0 for all else.
    """

    # lines and words, as `kernels.words` makes them
    kind: cython.uchar[::1]
    code: cython.int[::1]
    words: cython.uchar[::1]
    spot: cython.longlong[:, ::1]
    letter: cython.uchar[::1]
    value: cython.double[::1]
    # what is filled
    motion: cython.double[:, ::1]  # x, y, z, e, speed
    bead: cython.float[:, ::1]  # acceleration, width, height, fan
    small: cython.uchar[:, ::1]  # role, tool
    count: cython.int[:, ::1]  # layer, line
    event_kind: cython.uchar[::1]
    event: cython.longlong[:, ::1]  # row, first byte, last byte, line
    rows = cython.declare(cython.Py_ssize_t, visibility="public")  # filled so far
    events = cython.declare(cython.Py_ssize_t, visibility="public")
    command_row = cython.declare(cython.Py_ssize_t, visibility="public")  # before which the last command stands
    named_row = cython.declare(cython.Py_ssize_t, visibility="public")  # where layers began to be named; -1: nowhere
    counting = cython.declare(cython.bint, visibility="public")  # layers by height, until something names them
    lines: cython.int

    # modes
    cython.declare(absolute=cython.bint, absolute_e=cython.bint, inches=cython.bint)
    plane: cython.int  # 17, 18, 19
    zone: cython.bint  # in a start, end or layer sequence: all is kept verbatim
    labelled: cython.bint  # objects are labelled by commands: comments do not count
    area: cython.double  # mm2 of the filament where E is a volume; 1 where it is a length
    diameter: cython.double

    # what is in force; e as the file counts it
    cython.declare(px=cython.double, py=cython.double, pz=cython.double, pe=cython.double, feed=cython.double)
    cython.declare(print_acceleration=cython.double, travel_acceleration=cython.double)
    cython.declare(width=cython.double, height=cython.double, fan=cython.double, tool=cython.int)
    layer: cython.int
    layer_source: cython.int  # what names layers: 0, LAYER, LAYER_NUMBER
    cython.declare(layer_top=cython.double, layer_step=cython.double)
    cython.declare(retracted=cython.bint, hop=cython.double, retract_hop=cython.double)
    cython.declare(retract_length=cython.double, retract_speed=cython.double)
    cython.declare(recover_extra=cython.double, recover_speed=cython.double)  # speed 0: that of the retraction

    # the line at hand
    at: cython.Py_ssize_t  # its first word
    word: cython.double[::1]  # (32,) value by letter
    has: cython.uint  # letters that have one
    cython.declare(fault=cython.int, says=cython.int)  # the event that it is
    cython.declare(verbatim=cython.bint, note=cython.bint, moves=cython.bint, teleport=cython.bint)
    cython.declare(tx=cython.double, ty=cython.double, tz=cython.double, te=cython.double)  # target
    cython.declare(de=cython.double, v=cython.double, pieces=cython.Py_ssize_t)
    cython.declare(centre_a=cython.double, centre_b=cython.double)
    cython.declare(radius=cython.double, angle=cython.double, sweep=cython.double)

    def __init__(
        self,
        x: cython.double = 0.0,
        y: cython.double = 0.0,
        z: cython.double = 0.0,
        absolute_e: cython.bint = True,
        volumetric: cython.double = 0.0,
    ) -> None:
        """Begin at a position; `volumetric` is the diameter of the filament where E counts mm3."""
        self.word = np.zeros(32)
        self.rows = self.events = self.lines = self.at = 0
        self.command_row = self.named_row = self.layer = -1
        self.counting = self.absolute = True
        self.absolute_e = absolute_e
        self.inches = self.zone = self.labelled = self.retracted = False
        self.plane = 17
        self.px = x
        self.py = y
        self.pz = z
        self.pe = self.feed = self.fan = self.width = self.height = 0.0
        self.print_acceleration = self.travel_acceleration = 0.0
        self.layer_top = self.layer_step = 0.0
        self.tool = self.layer_source = 0
        self.diameter = volumetric if volumetric > 0 else 1.75
        self.area = self._area() if volumetric > 0 else 1.0
        self.hop = self.retract_hop = self.recover_extra = self.recover_speed = 0.0
        self.retract_length = 1.0
        self.retract_speed = 40.0

    def run(
        self,
        first: cython.Py_ssize_t,
        last: cython.Py_ssize_t,
        kind: cython.uchar[::1],
        code: cython.int[::1],
        words: cython.uchar[::1],
        spot: cython.longlong[:, ::1],
        letter: cython.uchar[::1],
        value: cython.double[::1],
        motion: cython.double[:, ::1],
        bead: cython.float[:, ::1],
        small: cython.uchar[:, ::1],
        count: cython.int[:, ::1],
        event_kind: cython.uchar[::1],
        event: cython.longlong[:, ::1],
    ) -> int:
        """Obey lines from `first` to before `last`; return how far it came: not to `last` if the arrays are full."""
        self.kind = kind
        self.code = code
        self.words = words
        self.spot = spot
        self.letter = letter
        self.value = value
        self.motion = motion
        self.bead = bead
        self.small = small
        self.count = count
        self.event_kind = event_kind
        self.event = event
        room: cython.Py_ssize_t = motion.shape[1] - 2
        event_room: cython.Py_ssize_t = event.shape[1] - 4
        k: cython.Py_ssize_t = first
        if first == 0:
            self.at = 0
        with cython.nogil:
            while k < last and self.rows <= room and self.events <= event_room and self._line(k):
                k += 1
        return k

    def restart(self) -> None:
        """Go on with new arrays for the next piece of the text."""
        if self.named_row >= 0:
            self.named_row = 0
        if self.command_row >= 0:
            self.command_row -= self.rows
        self.rows = self.events = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _line(self, k: cython.Py_ssize_t) -> cython.bint:
        """Obey one line; return False, with nothing changed, where its rows find no room."""
        kind: cython.int = self.kind[k]
        code: cython.int = self.code[k]
        n: cython.int = self.words[k]
        i: cython.Py_ssize_t
        has: cython.uint = 0
        for i in range(self.at, self.at + n):
            self.word[self.letter[i]] = self.value[i]
            has |= cython.cast(cython.uint, 1) << cython.cast(cython.int, self.letter[i])
        self.has = has
        self.says = self.fault = 0
        self.verbatim = self.zone
        self.note = self.moves = self.teleport = False
        self.pieces = 1
        if kind == 71:
            self._g(code)
        elif kind == COMMENT:
            self._comment(code)
        elif kind == 77:
            self._m(code)
        elif kind == 84 and 0 <= code < 64:
            self.tool = code
        elif kind == MACRO:
            self._macro(code)
        elif kind == FAULT:
            self.fault = code
        else:
            self.verbatim = True
        if self.pieces > 1 and self.rows + self.pieces + 2 > self.motion.shape[1] and not self.fault:
            return False
        self.at += n
        self.lines += 1
        self._finish(k)
        return True

    # ---------------------------------------------------------------- comments and macros

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _comment(self, meaning: cython.int) -> cython.void:
        """Take from a comment what slicers agree on; in a sequence only what ends it."""
        self.verbatim = True
        if meaning == CLOSES and self.zone:
            self.zone = False
        elif meaning in (ROLE, OPENS, CLOSES):
            self.zone = self.verbatim = meaning == OPENS
            self.says = ROLE
        elif meaning == LAYER or (meaning == LAYER_NUMBER and not self.zone and self.layer_source != LAYER):
            self.layer_source = meaning
            self.zone = self.verbatim = False
            self.says = LAYER
        elif self.zone or meaning == LAYER_NUMBER:
            pass
        elif meaning in (BEGIN, END):
            if not self.labelled:
                self.says = meaning
                self.note = True
        else:
            self.verbatim = False
            if self.has & W:
                self.width = self.word[22]
            if self.has & H:
                self.height = self.word[7]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _macro(self, meaning: cython.int) -> cython.void:
        """Labels of objects, and what SET_VELOCITY_LIMIT and SET_RETRACTION set, numbered as in the table."""
        if meaning == LIMIT:
            if self.has & (1 << 1) and self.word[1] > 0:
                self.print_acceleration = self.travel_acceleration = self.word[1]
            self.verbatim = self.zone or self.has != 1 << 1
        elif meaning == RETRACTION:
            self.verbatim = True
            if self.has & (1 << 2) and 0 <= self.word[2] < 1000:
                self.retract_length = self.word[2]
            if self.has & (1 << 3) and self.word[3] > 0:
                self.retract_speed = self.word[3]
            if self.has & (1 << 4) and self.word[4] > 0:
                self.recover_speed = self.word[4]
            if self.has & (1 << 5):
                self.recover_extra = self.word[5]
        else:
            self.labelled = True
            self.says = DEFINE if self.zone else meaning
            self.verbatim = self.says == DEFINE

    # ---------------------------------------------------------------- commands

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _g(self, code: cython.int) -> cython.void:
        if 0 <= code <= 3:
            self._move(code)
        elif code == 92 or code == 28:
            self._declare(code == 28)
        elif (code == 10 or code == 11) and self.has & ~(S | F) == 0 and not (self.has & S and self.word[18] > 1):
            self._retract(code == 10)
        elif code == 90 or code == 91:
            self.absolute = code == 90
        elif code == 20 or code == 21:
            self.inches = code == 20
        else:
            self.verbatim = True
            if 17 <= code <= 19:
                self.plane = code

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _m(self, code: cython.int) -> cython.void:
        if code == 82 or code == 83:
            self.absolute_e = code == 82
        elif code == 106 or code == 107:
            self._part_fan(code == 106)
        elif code == 204:
            self._accelerations()
        elif code == 200:
            self._volumetric()
        else:
            self.verbatim = True
            if code == 207 or code == 208:
                self._retraction_settings(code == 207)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move(self, code: cython.int) -> cython.void:
        """G0 to G3: where the head goes, how much filament, how fast."""
        has: cython.uint = self.has
        unit: cython.double = 25.4 if self.inches else 1.0
        tx: cython.double = self.px
        ty: cython.double = self.py
        tz: cython.double = self.pz
        de: cython.double = 0.0
        v: cython.double = self.feed
        if has & X:
            tx = self.word[23] * unit if self.absolute else tx + self.word[23] * unit
        if has & Y:
            ty = self.word[24] * unit if self.absolute else ty + self.word[24] * unit
        if has & Z:
            tz = self.word[25] * unit if self.absolute else tz + self.word[25] * unit
        self.te = self.pe
        if has & E:
            de = self.word[4] * unit
            if self.absolute and self.absolute_e:
                self.te = de
                de -= self.pe
            else:
                self.te += de
            de /= self.area
        if has & F:
            if self.word[5] < 0:
                self.fault = NO_WORD
            elif self.word[5] > 0:  # F0 asks for nothing
                v = self.word[5] * unit / 60.0
        self.moves = has & (XYZ | E) != 0 or (code >= 2 and has & OFFSETS != 0)
        if not (-FAR < tx < FAR and -FAR < ty < FAR and -FAR < tz < FAR and -FAR < de < FAR and v < FAR):
            self.fault = RANGE
        self.tx = tx
        self.ty = ty
        self.tz = tz
        self.de = de
        self.v = v
        if code >= 2 and self.moves and not self.fault:
            self._arc(code == 3, unit)
        if not self.fault:
            self.feed = v

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arc(self, left: cython.bint, unit: cython.double) -> cython.void:
        """G2, and G3 which turns `left`: centre, radius and sweep in the plane of G17 (XY), G18 (ZX) or G19 (YZ)."""
        a: cython.double = self.px
        b: cython.double = self.py
        ta: cython.double = self.tx
        tb: cython.double = self.ty
        first: cython.int = 8  # I, J
        second: cython.int = 9
        if self.plane == 18:
            a = self.pz
            b = self.px
            ta = self.tz
            tb = self.tx
            first = 10
            second = 8
        elif self.plane == 19:
            a = self.py
            b = self.pz
            ta = self.ty
            tb = self.tz
            first = 9
            second = 10
        ca: cython.double = a
        cb: cython.double = b
        cython.declare(chord=cython.double, height=cython.double, radius=cython.double)
        if self.has & R:
            # the centre lies on the bisector, left of the chord for G3 with R > 0
            radius = fabs(self.word[17]) * unit
            chord = sqrt((ta - a) * (ta - a) + (tb - b) * (tb - b))
            if chord == 0 or chord > 2 * radius * 1.01:
                self.fault = CENTRE
                return
            height = radius * radius - chord * chord / 4
            height = sqrt(height) / chord if height > 0 else 0.0
            if left != (self.word[17] > 0):
                height = -height
            ca = (a + ta) / 2 - (tb - b) * height
            cb = (b + tb) / 2 + (ta - a) * height
        else:
            if self.has & (cython.cast(cython.uint, 1) << first):
                ca += self.word[first] * unit
            if self.has & (cython.cast(cython.uint, 1) << second):
                cb += self.word[second] * unit
        radius = sqrt((a - ca) * (a - ca) + (b - cb) * (b - cb))
        if radius == 0 or radius > 1e5:
            self.fault = CENTRE
            return
        self.centre_a = ca
        self.centre_b = cb
        self.radius = radius
        self.angle = atan2(b - cb, a - ca)
        self.sweep = atan2(tb - cb, ta - ca) - self.angle
        if left:
            if self.sweep <= 1e-9:
                self.sweep += TURN
        elif self.sweep >= -1e-9:
            self.sweep -= TURN
        if self.has & P and 1 < self.word[15] <= 100:  # turns
            self.sweep += (self.word[15] - 1) * (TURN if left else -TURN)
        height = TOLERANCE if radius < 1000 else radius * TOLERANCE / 1000
        chord = 2 * acos(1.0 - height / radius) if radius > 2 * height else 2.0
        self.pieces = cython.cast(cython.Py_ssize_t, ceil(fabs(self.sweep) / chord))
        if self.pieces < 1:
            self.pieces = 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _declare(self, homes: cython.bint) -> cython.void:
        """G28 and G92: the head is, from now on, where they say."""
        has: cython.uint = self.has
        unit: cython.double = 25.4 if self.inches else 1.0
        if homes:
            if has & XYZ == 0:
                has |= XYZ
            has &= ~E
            unit = 0.0
        elif has & (XYZ | E) == 0:
            has = XYZ | E
            unit = 0.0
        if has & XYZ:
            self.verbatim = True
            self.moves = True
            self.teleport = True
            self.tx = self.word[23] * unit if has & X else self.px
            self.ty = self.word[24] * unit if has & Y else self.py
            self.tz = self.word[25] * unit if has & Z else self.pz
            self.te = self.pe
            self.de = 0.0
            if not (-FAR < self.tx < FAR and -FAR < self.ty < FAR and -FAR < self.tz < FAR):
                self.fault = RANGE
        if has & E:
            self.pe = self.te = self.word[4] * unit

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _retract(self, back: cython.bint) -> cython.void:
        """G10 and G11, unless that is how it is already."""
        self.moves = self.retracted != back
        if self.moves:
            self.hop = self.retract_hop if back else 0.0
        self.retracted = back
        self.tx = self.px
        self.ty = self.py
        self.tz = self.pz
        self.te = self.pe
        self.de = -self.retract_length if back else self.retract_length + self.recover_extra
        self.v = self.retract_speed if back or self.recover_speed == 0 else self.recover_speed

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _retraction_settings(self, back: cython.bint) -> cython.void:
        """M207, M208: lengths and speeds of firmware retraction (R and T are RepRapFirmware's)."""
        has: cython.uint = self.has
        if not back:
            if has & S:
                self.recover_extra = self.word[18]
            if has & F and self.word[5] > 0:
                self.recover_speed = self.word[5] / 60.0
            return
        if has & S and 0 <= self.word[18] < 1000:
            self.retract_length = self.word[18]
        if has & F and self.word[5] > 0:
            self.retract_speed = self.word[5] / 60.0
        if has & Z and 0 <= self.word[25] < 1000:
            self.retract_hop = self.word[25]
        if has & R:
            self.recover_extra = self.word[17]
        if has & T and self.word[19] > 0:
            self.recover_speed = self.word[19] / 60.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _part_fan(self, on: cython.bint) -> cython.void:
        """M106, M107: S to 255, or a share where it is written with a point; other fans than the part's are kept."""
        if self.has & P and self.word[15] != 0:
            self.verbatim = True
            return
        share: cython.double = 1.0 if on else 0.0
        if on and self.has & S:
            share = self.word[18]
            if share > 1 or not self.has & POINT:
                share /= 255.0
        if share < 0 or share > 1:
            self.verbatim = True  # kept for the checks
        self.fan = 0.0 if share < 0 else 1.0 if share > 1 else share

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _accelerations(self) -> cython.void:
        """M204: S sets both, P printing, T travel; kept as it is where it says more than that."""
        has: cython.uint = self.has
        if has & S:
            self.print_acceleration = self.travel_acceleration = self.word[18]
        if has & P:
            self.print_acceleration = self.word[15]
        if has & T:
            self.travel_acceleration = self.word[19]
        if has & (S | P | T) == 0 or has & ~(S | P | T) != 0:
            self.verbatim = True
        if self.print_acceleration < 0 or self.travel_acceleration < 0:
            self.verbatim = True
            self.print_acceleration = self.travel_acceleration = 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _volumetric(self) -> cython.void:
        """M200: D is the diameter of a filament whose E counts mm3, D0 or S0 say that E is a length."""
        on: cython.bint = self.area != 1.0
        if self.has & D:
            on = self.word[3] > 0
            if on and self.word[3] < 100:
                self.diameter = self.word[3]
        if self.has & S:
            on = self.word[18] != 0
        self.area = self._area() if on else 1.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _area(self) -> cython.double:
        return self.diameter * self.diameter * TURN / 8.0

    # ---------------------------------------------------------------- events and rows

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _finish(self, k: cython.Py_ssize_t) -> cython.void:
        """Record the events and rows of line k."""
        if self.fault:
            self._event(MALFORMED + self.fault, self.spot[0, k], self.spot[2, k])
            self.command_row = self.rows
            return
        if self.command_row == self.rows and not self.note and (self.says == END or self.says == LAYER):
            # commands stand before what follows: a row that goes nowhere holds their place
            self._row(self.px, self.py, self.pz + self.hop, 0.0, 0.0, False, CUSTOM)
            self.bead[0, self.rows - 1] = 0.0
        if self.says == ROLE or self.says == BEGIN or self.says == END:
            self._event(self.says, self.spot[1, k], self.spot[2, k])
        if self.verbatim:
            self._event(DEFINE if self.says == DEFINE else COMMAND, self.spot[0, k], self.spot[2, k])
            self.command_row = self.rows
        if self.says == LAYER:
            if self.named_row < 0:
                self.named_row = self.rows
                self.counting = False
                self.layer = -1
            self.layer += 1
        if self.moves:
            self._rows()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _event(self, kind: cython.int, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> cython.void:
        k: cython.Py_ssize_t = self.events
        self.event_kind[k] = cython.cast(cython.uchar, kind)
        self.event[0, k] = self.rows
        self.event[1, k] = first
        self.event[2, k] = last
        self.event[3, k] = self.lines
        self.events = k + 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rows(self) -> cython.void:
        """Record the motion of a line, in chords where it is an arc, and move there."""
        bead: cython.bint = self.de > 0 and (self.tx != self.px or self.ty != self.py or self.pieces > 1)
        role: cython.uchar = CUSTOM if self.verbatim else 1 if bead else 0
        v: cython.double = 0.0 if self.teleport else self.v
        if bead and self.counting and role != CUSTOM:
            self._count_layer()
        if self.pieces > 1:
            self._chords(v, bead, role)
        self._row(self.tx, self.ty, self.tz + self.hop, self.de / self.pieces, v, bead, role)
        self.px = self.tx
        self.py = self.ty
        self.pz = self.tz
        self.pe = self.te

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _chords(self, v: cython.double, bead: cython.bint, role: cython.uchar) -> cython.void:
        """Record the chords of an arc but for the last."""
        k: cython.Py_ssize_t
        cython.declare(share=cython.double, a=cython.double, b=cython.double)
        cython.declare(x=cython.double, y=cython.double, z=cython.double)
        for k in range(1, self.pieces):
            share = cython.cast(cython.double, k) / self.pieces
            a = self.centre_a + self.radius * cos(self.angle + self.sweep * share)
            b = self.centre_b + self.radius * sin(self.angle + self.sweep * share)
            x = self.px + (self.tx - self.px) * share
            y = self.py + (self.ty - self.py) * share
            z = self.pz + (self.tz - self.pz) * share
            if self.plane == 17:
                x = a
                y = b
            elif self.plane == 18:
                z = a
                x = b
            else:
                y = a
                z = b
            self._row(x, y, z + self.hop, self.de / self.pieces, v, bead, role)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _count_layer(self) -> cython.void:
        """Begin a layer where a bead lies higher than all before; one that rises by itself must rise a step."""
        rise: cython.double = self.tz - self.layer_top
        flat: cython.bint = self.tz == self.pz
        if self.layer < 0 or rise > (THIN if flat else 0.999 * self.layer_step):
            if flat or self.layer < 0:
                self.layer_step = rise
            self.layer_top = self.tz
            self.layer += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _row(
        self,
        x: cython.double,
        y: cython.double,
        z: cython.double,
        e: cython.double,
        speed: cython.double,
        bead: cython.bint,
        role: cython.uchar,
    ) -> cython.void:
        k: cython.Py_ssize_t = self.rows
        self.motion[0, k] = x
        self.motion[1, k] = y
        self.motion[2, k] = z
        self.motion[3, k] = e
        self.motion[4, k] = speed
        self.bead[0, k] = self.print_acceleration if e != 0 else self.travel_acceleration
        self.bead[1, k] = self.width if bead else 0.0
        self.bead[2, k] = self.height if bead else 0.0
        self.bead[3, k] = self.fan
        self.small[0, k] = role
        self.small[1, k] = self.tool
        self.count[0, k] = self.layer
        self.count[1, k] = self.lines
        self.rows = k + 1
