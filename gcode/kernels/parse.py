# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: G-code bytes into rows of moves and a list of events. `gcode.reader` holds the arrays and reads the events.

Runs compiled or as plain Python with the same result: a number is an exact integer divided once by a power of ten.
The text must end with a newline, which therefore needs no other guard.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import acos, atan2, ceil, cos, sin, sqrt
else:
    from math import acos, atan2, ceil, cos, sin, sqrt


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _number(
    data: cython.const[cython.uchar][::1], p: cython.Py_ssize_t, value: cython.double[::1]
) -> cython.Py_ssize_t:
    """Read a decimal number at p into value[0] and return the position after it; -1 where there is none."""
    c: cython.int = data[p]
    negative: cython.bint = c == 45
    if c == 45 or c == 43:
        p += 1
        c = data[p]
    mantissa: cython.longlong = 0
    scale: cython.longlong = 1
    digits: cython.int = 0
    while 48 <= c <= 57:
        if digits >= 16:  # beyond any position
            return -1
        mantissa = mantissa * 10 + (c - 48)
        digits += 1
        p += 1
        c = data[p]
    if c == 46:
        p += 1
        c = data[p]
        while 48 <= c <= 57:
            if digits < 16:
                mantissa = mantissa * 10 + (c - 48)
                scale *= 10
            digits += 1
            p += 1
            c = data[p]
    if digits == 0:
        return -1
    number: cython.double = mantissa
    if scale != 1:
        number = number / cython.cast(cython.double, scale)
    value[0] = -number if negative else number
    return p


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _starts(
    data: cython.const[cython.uchar][::1], p: cython.Py_ssize_t, words: cython.const[cython.uchar][::1], k: cython.int
) -> cython.int:
    """Return the length of word k of the newline-separated table where it stands at p, else 0."""
    w: cython.Py_ssize_t = 0
    while k > 0:
        if words[w] == 10:
            k -= 1
        w += 1
    n: cython.int = 0
    while words[w] != 10:
        if data[p] != words[w]:
            return 0
        p += 1
        w += 1
        n += 1
    return n


def parse_rows(
    data: cython.const[cython.uchar][::1],
    words: cython.const[cython.uchar][::1],
    state: cython.longlong[::1],
    values: cython.double[::1],
    x: cython.double[::1],
    y: cython.double[::1],
    z: cython.double[::1],
    e: cython.double[::1],
    speed: cython.double[::1],
    acceleration: cython.float[::1],
    width: cython.float[::1],
    height: cython.float[::1],
    fan: cython.float[::1],
    role: cython.uchar[::1],
    tool: cython.uchar[::1],
    layer: cython.int[::1],
    line: cython.int[::1],
    event_kind: cython.uchar[::1],
    event_row: cython.longlong[::1],
    event_first: cython.longlong[::1],
    event_last: cython.longlong[::1],
    event_line: cython.int[::1],
) -> int:
    """Read lines from state[0] on until the text ends (return 1) or the arrays are full (return 0).

    `state` and `values` carry the modes and the position from call to call; `gcode.reader` names their fields and the
    kinds of events. role becomes 16 for rows whose text is kept as a command, 1 for beads, 0 for all else.
    """
    size: cython.Py_ssize_t = data.shape[0]
    rows: cython.Py_ssize_t = x.shape[0]
    most_events: cython.Py_ssize_t = event_row.shape[0]

    p: cython.Py_ssize_t = state[0]
    row: cython.Py_ssize_t = state[1]
    events: cython.Py_ssize_t = state[2]
    number: cython.longlong = state[3]
    absolute: cython.bint = state[4] != 0
    absolute_e: cython.bint = state[5] != 0
    inches: cython.bint = state[6] != 0
    zone: cython.bint = state[7] != 0
    now_layer: cython.int = state[8]
    now_tool: cython.int = state[9]
    layers_named: cython.longlong = state[10]  # 1 by a comment at each change, 2 by number
    command_row: cython.longlong = state[11]
    retracted: cython.bint = state[12] != 0

    px: cython.double = values[0]
    py: cython.double = values[1]
    pz: cython.double = values[2]
    pe: cython.double = values[3]
    feed: cython.double = values[4]
    now_fan: cython.double = values[5]
    print_acceleration: cython.double = values[6]
    travel_acceleration: cython.double = values[7]
    now_width: cython.double = values[8]
    now_height: cython.double = values[9]
    retract_length: cython.double = values[10]
    retract_speed: cython.double = values[11]
    num: cython.double[::1] = values[12:13]

    begin: cython.Py_ssize_t
    start: cython.Py_ssize_t
    end: cython.Py_ssize_t
    q: cython.Py_ssize_t
    k: cython.Py_ssize_t
    pieces: cython.Py_ssize_t
    c: cython.int
    letter: cython.int
    code: cython.int
    check: cython.int
    fault: cython.int
    has: (
        cython.int
    )  # bits of the words seen: X 1, Y 2, Z 4, E 8, F 16, I 32, J 64, R 128, S 256, P 512, T 1024, other 2048
    verbatim: cython.bint
    motion: cython.bint
    teleport: cython.bint
    kind: cython.int
    fraction: cython.bint
    nx: cython.double
    ny: cython.double
    nz: cython.double
    de: cython.double
    v: cython.double
    unit: cython.double
    vx: cython.double
    vy: cython.double
    vz: cython.double
    ve: cython.double
    vi: cython.double
    vj: cython.double
    vr: cython.double
    vs: cython.double
    vp: cython.double
    vt: cython.double
    cx: cython.double = 0
    cy: cython.double = 0
    radius: cython.double = 0
    angle: cython.double = 0
    sweep: cython.double = 0
    along: cython.double
    qx: cython.double
    qy: cython.double
    qz: cython.double
    bead: cython.bint
    full: cython.bint = False

    with cython.nogil:
        while p < size:
            if row + 2 > rows or events + 2 > most_events:
                full = True
                break
            begin = p
            c = data[p]
            while c == 32 or c == 9:
                p += 1
                c = data[p]
            start = p
            fault = 0
            verbatim = False
            motion = False
            teleport = False
            kind = -1
            code = -1
            has = 0
            pieces = 1
            nx = px
            ny = py
            nz = pz
            de = 0.0
            v = feed

            if c == 78 and 48 <= data[p + 1] <= 57:  # line number: skipped, and the checksum that goes with it verified
                q = p
                check = 0
                while data[q] != 10 and data[q] != 42 and data[q] != 59:
                    check ^= data[q]
                    q += 1
                if data[q] == 42:
                    q = _number(data, q + 1, num)
                    if q < 0 or num[0] != check:
                        fault = 2
                p += 1
                while 48 <= data[p] <= 57:
                    p += 1
                while data[p] == 32 or data[p] == 9:
                    p += 1
                c = data[p]

            letter = c & 0xDF
            if c == 59:
                # ------------------------------------------------ comments that other slicers and ours agree on
                q = p + 1
                while data[q] == 32:
                    q += 1
                verbatim = True
                c = data[q]
                if c == 84 or c == 70:  # TYPE: and FEATURE:
                    k = _starts(data, q, words, 0)
                    if k == 0:
                        k = _starts(data, q, words, 1)
                    if k > 0:
                        q += k
                        while data[q] == 32:
                            q += 1
                        if _starts(data, q, words, 2) or _starts(data, q, words, 3) or _starts(data, q, words, 4):
                            zone = True
                            kind = 1
                        elif zone and _starts(data, q, words, 5):
                            zone = False
                        else:
                            zone = False
                            verbatim = False
                            kind = 1
                        start = q
                elif c == 76 or c == 67:  # LAYER_CHANGE, LAYER:n, CHANGE_LAYER
                    k = _starts(data, q, words, 6) or _starts(data, q, words, 8)
                    if k > 0 or (layers_named != 1 and not zone and _starts(data, q, words, 7)):
                        layers_named = 1 if k > 0 else 2
                        verbatim = False
                        zone = False
                        kind = 3
                    elif not zone:
                        k = _starts(data, q, words, 9)  # LINE_WIDTH:
                        if k > 0 and _number(data, q + k + (data[q + k] == 32), num) > 0:
                            now_width = num[0]
                            verbatim = False
                        k = _starts(data, q, words, 10)  # LAYER_HEIGHT:
                        if k > 0 and _number(data, q + k + (data[q + k] == 32), num) > 0:
                            now_height = num[0]
                            verbatim = False
                elif not zone and c == 87:
                    k = _starts(data, q, words, 11)  # WIDTH:
                    if k > 0 and _number(data, q + k, num) > 0:
                        now_width = num[0]
                        verbatim = False
                elif not zone and c == 72:
                    k = _starts(data, q, words, 12)  # HEIGHT:
                    if k > 0 and _number(data, q + k, num) > 0:
                        now_height = num[0]
                        verbatim = False
                elif not zone and c == 90:
                    k = _starts(data, q, words, 13)  # Z:
                    if k == 0:
                        k = _starts(data, q, words, 14)  # Z_HEIGHT:
                    if k > 0 and _number(data, q + k + (data[q + k] == 32), num) > 0:
                        verbatim = False

            elif (letter == 71 or letter == 77 or letter == 84) and 48 <= data[p + 1] <= 57:
                # ------------------------------------------------ G, M and T with a number
                p += 1
                code = 0
                while 48 <= data[p] <= 57 and code < 100000:
                    code = code * 10 + data[p] - 48
                    p += 1
                if data[p] == 46 or 48 <= data[p] <= 57:  # G29.1
                    code = 99999
                verbatim = zone
                fraction = False
                unit = 25.4 if inches else 1.0
                vx = vy = vz = ve = vi = vj = vr = vs = vp = vt = 0.0
                if (letter == 71 and (code <= 3 or code == 10 or code == 11 or code == 28 or code == 92)) or (
                    letter == 77 and (code == 106 or code == 107 or code == 204 or code == 207 or code == 486)
                ):
                    while True:
                        c = data[p]
                        while c == 32 or c == 9:
                            p += 1
                            c = data[p]
                        if c == 10 or c == 59 or c == 13 or c == 42:
                            break
                        if c == 40:
                            while data[p] != 41 and data[p] != 10:
                                p += 1
                            if data[p] == 41:
                                p += 1
                            continue
                        c &= 0xDF
                        if c < 65 or c > 90:
                            fault = 1
                            break
                        q = _number(data, p + 1, num)
                        if q < 0:
                            if code == 28 or code == 92 or code > 106:  # `G28 X`, `M486 Aname`
                                num[0] = 0.0
                                q = p + 1
                                if code == 486:
                                    while data[q] != 10:
                                        q += 1
                            else:
                                fault = 1
                                break
                        if c == 88:
                            has |= 1
                            vx = num[0] * unit
                        elif c == 89:
                            has |= 2
                            vy = num[0] * unit
                        elif c == 90:
                            has |= 4
                            vz = num[0] * unit
                        elif c == 69:
                            has |= 8
                            ve = num[0] * unit
                        elif c == 70:
                            has |= 16
                            v = num[0] * unit / 60.0
                        elif c == 73:
                            has |= 32
                            vi = num[0] * unit
                        elif c == 74:
                            has |= 64
                            vj = num[0] * unit
                        elif c == 82:
                            has |= 128
                            vr = num[0] * unit
                        elif c == 83:
                            has |= 256
                            vs = num[0]
                            for k in range(p, q):
                                if data[k] == 46:
                                    fraction = True
                        elif c == 80:
                            has |= 512
                            vp = num[0]
                        elif c == 84:
                            has |= 1024
                            vt = num[0]
                        else:
                            has |= 2048
                        p = q

                if fault:
                    pass
                elif letter == 71:
                    if code <= 3:
                        if v < 0:
                            fault = 1
                        motion = (has & 15) != 0 or (code >= 2 and (has & 96) != 0)
                        if has & 1:
                            nx = vx if absolute else px + vx
                        if has & 2:
                            ny = vy if absolute else py + vy
                        if has & 4:
                            nz = vz if absolute else pz + vz
                        if has & 8:
                            de = ve - pe if absolute and absolute_e else ve
                        if not (
                            -1e9 < nx < 1e9 and -1e9 < ny < 1e9 and -1e9 < nz < 1e9 and -1e9 < de < 1e9 and v < 1e9
                        ):
                            fault = 3
                        elif code >= 2 and motion:
                            cx = px + vi
                            cy = py + vj
                            if has & 128:
                                # the centre lies on the bisector, left of the chord for G3 with R > 0
                                along = sqrt((nx - px) * (nx - px) + (ny - py) * (ny - py))
                                radius = vr if vr > 0 else -vr
                                if along == 0 or along > 2 * radius * 1.01:
                                    fault = 4
                                else:
                                    qz = radius * radius - along * along / 4
                                    qz = sqrt(qz) / along if qz > 0 else 0.0
                                    if (code == 2) == (vr > 0):
                                        qz = -qz
                                    cx = (px + nx) / 2 - (ny - py) * qz
                                    cy = (py + ny) / 2 + (nx - px) * qz
                            elif not has & 96:
                                fault = 4
                            radius = sqrt((px - cx) * (px - cx) + (py - cy) * (py - cy))
                            if radius == 0 or radius > 1e5:
                                fault = 4
                            if not fault:
                                angle = atan2(py - cy, px - cx)
                                sweep = atan2(ny - cy, nx - cx) - angle
                                if code == 3:
                                    if sweep <= 1e-9:
                                        sweep += 6.283185307179586
                                elif sweep >= -1e-9:
                                    sweep -= 6.283185307179586
                                # chords that leave the arc by at most 0.01 mm
                                along = acos(1.0 - 0.01 / radius) if radius > 0.02 else 1.0
                                pieces = cython.cast(
                                    cython.Py_ssize_t, ceil((sweep if sweep > 0 else -sweep) / (2 * along))
                                )
                                if pieces < 1:
                                    pieces = 1
                    elif code == 92:
                        if has & 15 == 0:
                            has |= 15
                        if has & 7:  # the head is declared to be elsewhere
                            verbatim = True
                            motion = True
                            teleport = True
                            nx = vx if has & 1 else px
                            ny = vy if has & 2 else py
                            nz = vz if has & 4 else pz
                        if has & 8:
                            pe = ve
                    elif code == 28:
                        verbatim = True
                        motion = True
                        teleport = True
                        if has & 7 == 0:
                            has |= 7
                        nx = 0.0 if has & 1 else px
                        ny = 0.0 if has & 2 else py
                        nz = 0.0 if has & 4 else pz
                    elif code == 90 or code == 91:
                        absolute = code == 90
                    elif code == 20 or code == 21:
                        inches = code == 20
                    elif (
                        (code == 10 or code == 11)
                        and has & ~(256 | 16) == 0
                        and (code == 11 or not has & 256 or vs <= 1)
                    ):
                        motion = retracted == (code == 11)
                        retracted = code == 10
                        de = -retract_length if code == 10 else retract_length
                        v = retract_speed
                    else:
                        verbatim = True
                elif letter == 84:
                    if code > 255:
                        verbatim = True
                    else:
                        now_tool = code
                elif code == 82 or code == 83:
                    absolute_e = code == 82
                elif code == 106 or code == 107:
                    if has & 512 and vp != 0:
                        verbatim = True
                    elif code == 107:
                        now_fan = 0.0
                    else:
                        vs = 255.0 if not has & 256 else vs
                        now_fan = vs if fraction and vs <= 1 else vs / 255.0
                        if now_fan > 1.0:
                            now_fan = 1.0
                        if now_fan < 0.0:
                            now_fan = 0.0
                elif code == 204:
                    if has & 256:
                        print_acceleration = travel_acceleration = vs
                    if has & 512:
                        print_acceleration = vp
                    if has & 1024:
                        travel_acceleration = vt
                    if not has & 1792 or has & 2048 or vs < 0 or vp < 0 or vt < 0:
                        verbatim = True
                elif code == 486:
                    if not zone and has == 256:
                        kind = 4 if vs < 0 else 2
                    else:
                        verbatim = True
                elif code == 207:
                    verbatim = True
                    if has & 256 and 0 <= vs < 1000:
                        retract_length = vs
                    if has & 16 and v > 0:
                        retract_speed = v
                else:
                    verbatim = True

            elif c == 10:
                verbatim = True
            elif 65 <= letter <= 90 or c == 40 or c == 37 or c == 47 or c == 95 or c == 35 or c == 13:
                # ------------------------------------------------ macros and anything else that is kept as it is
                verbatim = True
                if letter == 69 and not zone:
                    k = _starts(data, p, words, 15)
                    if k > 0:
                        kind = 4 if data[p + k] == 69 else 2
                        if data[p + k] == 68:
                            kind = -1
                        verbatim = kind < 0
                elif letter == 83:
                    k = _starts(data, p, words, 16)  # SET_VELOCITY_LIMIT
                    if k > 0:
                        verbatim = zone
                        q = p + k
                        while data[q] != 10 and data[q] != 59:
                            if data[q] == 32 and _starts(data, q + 1, words, 17) and _number(data, q + 7, num) > 0:
                                if num[0] > 0:
                                    print_acceleration = num[0]
                                    travel_acceleration = num[0]
                            elif data[q] == 61 and not (data[q - 1] == 76 and data[q - 2] == 69 and data[q - 6] == 32):
                                verbatim = True
                            q += 1
            else:
                fault = 1

            # the end of the line, and what cannot be text
            end = p
            while data[end] != 10:
                if data[end] < 9:
                    fault = 5
                end += 1
            p = end + 1
            if end > begin and data[end - 1] == 13:
                end -= 1
            if motion and pieces > 1 and row + pieces + 2 > rows and not fault:
                p = begin  # come again with longer arrays
                full = True
                break
            number += 1

            if fault:
                event_kind[events] = 16 + fault
                event_row[events] = row
                event_first[events] = begin
                event_last[events] = end
                event_line[events] = number
                events += 1
                command_row = row
                continue
            if kind == 1 or kind == 2 or kind == 4:
                if kind == 4 and command_row == row:
                    kind = 5
                else:
                    event_kind[events] = kind
                    event_row[events] = row
                    event_first[events] = start
                    event_last[events] = end
                    event_line[events] = number
                    events += 1
            if verbatim:
                event_kind[events] = 0
                event_row[events] = row
                event_first[events] = begin
                event_last[events] = end
                event_line[events] = number
                events += 1
                command_row = row
            if kind == 5 or (kind == 3 and command_row == row):
                # commands stand before what follows: a row that goes nowhere holds their place
                x[row] = px
                y[row] = py
                z[row] = pz
                e[row] = 0.0
                speed[row] = 0.0
                acceleration[row] = 0.0
                width[row] = 0.0
                height[row] = 0.0
                fan[row] = now_fan
                role[row] = 16
                tool[row] = now_tool
                layer[row] = now_layer
                line[row] = number
                row += 1
                if kind == 5:
                    event_kind[events] = 4
                    event_row[events] = row
                    event_first[events] = start
                    event_last[events] = end
                    event_line[events] = number
                    events += 1
            if kind == 3:
                now_layer += 1

            if code >= 0 and code <= 3 and letter == 71:
                feed = v
            if not motion:
                continue
            if has & 8 and letter == 71 and code <= 3:
                pe = ve if absolute and absolute_e else pe + ve
            qz = pz
            bead = de > 0 and (nx != px or ny != py or pieces > 1)
            for k in range(pieces):
                if pieces == 1 or k == pieces - 1:
                    qx = nx
                    qy = ny
                    qz = nz
                else:
                    along = (k + 1.0) / pieces
                    qx = cx + radius * cos(angle + sweep * along)
                    qy = cy + radius * sin(angle + sweep * along)
                    qz = pz + (nz - pz) * along
                x[row] = qx
                y[row] = qy
                z[row] = qz
                e[row] = de / pieces
                speed[row] = 0.0 if teleport else v
                acceleration[row] = print_acceleration if de != 0 else travel_acceleration
                width[row] = now_width if bead else 0.0
                height[row] = now_height if bead else 0.0
                fan[row] = now_fan
                role[row] = 16 if verbatim else (1 if bead else 0)
                tool[row] = now_tool
                layer[row] = now_layer
                line[row] = number
                row += 1
            px = nx
            py = ny
            pz = nz

    state[0] = p
    state[1] = row
    state[2] = events
    state[3] = number
    state[4] = absolute
    state[5] = absolute_e
    state[6] = inches
    state[7] = zone
    state[8] = now_layer
    state[9] = now_tool
    state[10] = layers_named
    state[11] = command_row
    state[12] = retracted
    values[0] = px
    values[1] = py
    values[2] = pz
    values[3] = pe
    values[4] = feed
    values[5] = now_fan
    values[6] = print_acceleration
    values[7] = travel_acceleration
    values[8] = now_width
    values[9] = now_height
    values[10] = retract_length
    values[11] = retract_speed
    return 0 if full else 1
