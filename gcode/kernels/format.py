# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: rows of moves into G-code bytes. `gcode.writer` prepares the tables and holds the buffer.

Runs compiled or as plain Python with the same bytes: every number is rounded to an integer count of its last digit
first, and all that follows is integer arithmetic on non-negative values.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.math import floor
else:
    from math import floor


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _round(value: cython.double) -> cython.longlong:
    """Return the nearest integer, halves away from zero."""
    if value < 0:
        return -cython.cast(cython.longlong, floor(0.5 - value))
    return cython.cast(cython.longlong, floor(value + 0.5))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _put_digits(
    out: cython.uchar[::1], at: cython.Py_ssize_t, value: cython.longlong, width: cython.int
) -> cython.Py_ssize_t:
    """Write a non-negative integer, padded with zeros to at least `width` digits; return the next position."""
    digits: cython.int = 1
    limit: cython.longlong = 10
    while value >= limit and digits < 18:
        digits += 1
        limit *= 10
    if digits < width:
        digits = width
    end: cython.Py_ssize_t = at + digits
    k: cython.Py_ssize_t = end
    rest: cython.longlong
    while k > at:
        k -= 1
        rest = value // 10
        out[k] = 48 + cython.cast(cython.int, value - rest * 10)
        value = rest
    return end


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _put_number(
    out: cython.uchar[::1], at: cython.Py_ssize_t, count: cython.longlong, scale: cython.longlong, digits: cython.int
) -> cython.Py_ssize_t:
    """Write count / scale, scale being 10**digits, without trailing zeros; return the next position."""
    if count < 0:
        out[at] = 45
        at += 1
        count = -count
    whole: cython.longlong = count // scale
    part: cython.longlong = count - whole * scale
    at = _put_digits(out, at, whole, 1)
    if part > 0:
        out[at] = 46
        at = _put_digits(out, at + 1, part, digits)
        while out[at - 1] == 48:
            at -= 1
    return at


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _put_word(
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
    letter: cython.int,
    count: cython.longlong,
    scale: cython.longlong,
    digits: cython.int,
) -> cython.Py_ssize_t:
    """Write a blank, a letter and count / scale; return the next position."""
    out[at] = 32
    out[at + 1] = letter
    return _put_number(out, at + 2, count, scale, digits)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _put_text(
    out: cython.uchar[::1],
    at: cython.Py_ssize_t,
    text: cython.const[cython.uchar][::1],
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Copy text[first:last]; return the next position."""
    k: cython.Py_ssize_t
    for k in range(first, last):
        out[at] = text[k]
        at += 1
    return at


def format_rows(
    out: cython.uchar[::1],
    state: cython.longlong[::1],
    totals: cython.double[::1],
    x: cython.const[cython.double][::1],
    y: cython.const[cython.double][::1],
    z: cython.const[cython.double][::1],
    e: cython.const[cython.double][::1],
    speed: cython.const[cython.double][::1],
    acceleration: cython.const[cython.float][::1],
    role: cython.const[cython.uchar][::1],
    width: cython.const[cython.float][::1],
    height: cython.const[cython.float][::1],
    fan: cython.const[cython.float][::1],
    tool: cython.const[cython.uchar][::1],
    obj: cython.const[cython.short][::1],
    block_row: cython.const[cython.longlong][::1],
    block_z: cython.const[cython.double][::1],
    block_height: cython.const[cython.double][::1],
    command_row: cython.const[cython.longlong][::1],
    command_at: cython.const[cython.longlong][::1],
    command_text: cython.const[cython.uchar][::1],
    command_kind: cython.const[cython.uchar][::1],
    command_value: cython.const[cython.double][:, ::1],
    text: cython.const[cython.uchar][::1],
    text_at: cython.const[cython.longlong][::1],
    xyz_digits: cython.int,
    e_digits: cython.int,
    relative: cython.bint,
    fan_steps: cython.int,
    fan_digits: cython.int,
    slack: cython.Py_ssize_t,
) -> int:
    """Write rows from state[0] on until they end or `out` is full; return the number of bytes written.

    `state` and `totals` carry everything from call to call; `gcode.writer` names their fields. `slack` bounds the
    bytes of one row beside its commands. state[1] becomes 1 + row where a value is not a number or out of range.
    """
    n: cython.Py_ssize_t = x.shape[0]
    blocks: cython.Py_ssize_t = block_row.shape[0]
    commands: cython.Py_ssize_t = command_row.shape[0]
    room: cython.Py_ssize_t = out.shape[0]
    at: cython.Py_ssize_t = 0
    k: cython.Py_ssize_t
    here: cython.Py_ssize_t
    kind: cython.int
    xyz_scale: cython.longlong = 1
    e_scale: cython.longlong = 1
    for _ in range(xyz_digits):
        xyz_scale *= 10
    for _ in range(e_digits):
        e_scale *= 10

    # what the machine knows: unpacked from `state`, packed again at the end
    i: cython.Py_ssize_t = state[0]
    bi: cython.Py_ssize_t = state[2]
    ci: cython.Py_ssize_t = state[3]
    px: cython.longlong = state[4]
    py: cython.longlong = state[5]
    pz: cython.longlong = state[6]
    pe: cython.longlong = state[7]
    e_zero: cython.longlong = state[8]
    xy_known: cython.longlong = state[9]
    z_known: cython.longlong = state[10]
    e_known: cython.longlong = state[11]
    feed: cython.longlong = state[12]
    now_role: cython.longlong = state[13]
    now_width: cython.longlong = state[14]
    now_height: cython.longlong = state[15]
    now_fan: cython.longlong = state[16]
    now_tool: cython.longlong = state[17]
    now_object: cython.longlong = state[18]
    print_acceleration: cython.longlong = state[19]
    travel_acceleration: cython.longlong = state[20]
    absolute_mode: cython.longlong = state[21]
    relative_e_mode: cython.longlong = state[22]
    metric: cython.longlong = state[23]
    one_acceleration: cython.longlong = state[24]
    total: cython.double = totals[0]

    qx: cython.longlong
    qy: cython.longlong
    qz: cython.longlong
    qe: cython.longlong
    q: cython.longlong
    value: cython.double
    new_total: cython.double
    block: cython.bint
    custom: cython.bint
    xy_moves: cython.bint
    z_moves: cython.bint
    moves: cython.bint  # has a line of its own, or stands for commands
    bead: cython.bint

    with cython.nogil:
        while i <= n:
            here = ci
            while here < commands and command_row[here] <= i:
                here += 1
            k = slack
            if here > ci:
                k += command_at[here] - command_at[ci]
            if room - at < k:
                break

            if i == n:  # after the last row: close the object, then the closing commands
                block = False
                custom = True
                if now_object >= 0:
                    at = _put_text(out, at, text, text_at[37 + 2 * now_object], text_at[38 + 2 * now_object])
                    now_object = -1
                qx = px
                qy = py
                qz = pz
                qe = pe
                new_total = total
                xy_moves = False
                z_moves = False
                moves = False
            else:
                if not (
                    -1e9 < x[i] < 1e9
                    and -1e9 < y[i] < 1e9
                    and -1e9 < z[i] < 1e9
                    and -1e9 < e[i] < 1e9
                    and -1e9 < speed[i] < 1e9
                ):
                    state[1] = i + 1
                    break
                custom = role[i] == 16
                block = bi < blocks and block_row[bi] == i
                qx = _round(x[i] * xyz_scale)
                qy = _round(y[i] * xyz_scale)
                qz = _round(z[i] * xyz_scale)
                new_total = total
                qe = pe
                if not custom:
                    new_total = total + e[i]
                    qe = _round(new_total * e_scale)
                xy_moves = qx != px or qy != py
                z_moves = qz != pz
                moves = custom or xy_moves or z_moves or qe != pe
                if not (moves or block or here > ci):
                    total = new_total
                    i += 1
                    continue

                if now_object >= 0 and (block or (moves and obj[i] != now_object)):
                    at = _put_text(out, at, text, text_at[37 + 2 * now_object], text_at[38 + 2 * now_object])
                    now_object = -1
                if block:
                    at = _put_text(out, at, text, text_at[32], text_at[33])
                    at = _put_number(out, at, _round(block_z[bi] * xyz_scale), xyz_scale, xyz_digits)
                    out[at] = 10
                    at += 1
                    q = _round(block_height[bi] * 1e5)
                    if q > 0:
                        now_height = q
                        at = _put_text(out, at, text, text_at[33], text_at[34])
                        at = _put_number(out, at, q, 100000, 5)
                        out[at] = 10
                        at += 1
                    if not relative:
                        at = _put_text(out, at, text, text_at[35], text_at[36])
                        e_zero = pe
                        e_known = 1
                    bi += 1

            while ci < here:
                at = _put_text(out, at, command_text, command_at[ci], command_at[ci + 1])
                kind = command_kind[ci]
                value = command_value[ci, 0]
                if kind == 1 or kind == 5:  # may have moved anything
                    xy_known = 0
                    z_known = 0
                    e_known = 0
                    feed = -1
                    if kind == 5:
                        now_tool = _round(value)
                elif kind == 2:
                    now_role = -1
                    now_width = -1
                    now_height = -1
                elif kind == 3:
                    now_fan = _round(value * fan_steps)
                elif kind == 4:
                    if value > 0:
                        print_acceleration = _round(value)
                    if command_value[ci, 1] > 0:
                        travel_acceleration = _round(command_value[ci, 1])
                elif kind == 6:
                    relative_e_mode = _round(value)
                    e_known = 0
                elif kind == 7:  # to some firmwares G90 and G91 concern E as well
                    absolute_mode = _round(value)
                    relative_e_mode = -1
                elif kind == 8:
                    metric = _round(value)
                ci += 1

            if custom:
                px = qx
                py = qy
                pz = qz
                i += 1
                continue
            if not moves:
                total = new_total
                i += 1
                continue

            # what must be said before this row can move
            if metric == 0:
                at = _put_text(out, at, text, text_at[24], text_at[25])
                metric = 1
            if absolute_mode != 1:
                at = _put_text(out, at, text, text_at[25], text_at[26])
                absolute_mode = 1
            if relative_e_mode != relative:
                at = _put_text(out, at, text, text_at[26], text_at[27])
                relative_e_mode = relative
                e_known = 0
            if obj[i] != now_object:
                now_object = obj[i]
                at = _put_text(out, at, text, text_at[36 + 2 * now_object], text_at[37 + 2 * now_object])
            if tool[i] != now_tool:
                now_tool = tool[i]
                out[at] = 84
                at = _put_digits(out, at + 1, now_tool, 1)
                out[at] = 10
                at += 1
            q = _round(cython.cast(cython.double, fan[i]) * fan_steps)
            if q < 0:
                q = 0
            if q > fan_steps:
                q = fan_steps
            if q != now_fan:
                now_fan = q
                if q == 0:
                    at = _put_text(out, at, text, text_at[28], text_at[29])
                else:
                    at = _put_text(out, at, text, text_at[27], text_at[28])
                    at = _put_digits(out, at, q // fan_steps if fan_digits else q, 1)
                    if fan_digits:
                        out[at] = 46
                        at = _put_digits(out, at + 1, q % fan_steps, fan_digits)
                    out[at] = 10
                    at += 1
            q = _round(cython.cast(cython.double, acceleration[i]))
            if q > 0 and (xy_moves or z_moves):
                if qe != pe:
                    if q != print_acceleration:
                        print_acceleration = q
                        if one_acceleration:
                            travel_acceleration = q
                        at = _put_text(out, at, text, text_at[29], text_at[30])
                        at = _put_digits(out, at, q, 1)
                        out[at] = 10
                        at += 1
                elif q != travel_acceleration:
                    travel_acceleration = q
                    if one_acceleration:
                        print_acceleration = q
                    at = _put_text(out, at, text, text_at[30], text_at[31])
                    at = _put_digits(out, at, q, 1)
                    out[at] = 10
                    at += 1
            bead = xy_moves and qe > pe
            if bead:
                if role[i] != now_role:
                    now_role = role[i]
                    k = now_role if now_role < 24 else 0
                    at = _put_text(out, at, text, text_at[k], text_at[k + 1])
                q = _round(cython.cast(cython.double, width[i]) * 1e3)
                if q > 0 and q != now_width:
                    now_width = q
                    at = _put_text(out, at, text, text_at[34], text_at[35])
                    at = _put_number(out, at, q, 1000, 3)
                    out[at] = 10
                    at += 1
                q = _round(cython.cast(cython.double, height[i]) * 1e5)
                if q > 0 and q != now_height:
                    now_height = q
                    at = _put_text(out, at, text, text_at[33], text_at[34])
                    at = _put_number(out, at, q, 100000, 5)
                    out[at] = 10
                    at += 1
            if qe != pe and not relative and not e_known:
                at = _put_text(out, at, text, text_at[35], text_at[36])
                e_zero = pe
                e_known = 1

            out[at] = 71
            out[at + 1] = 49
            at += 2
            if xy_moves:
                if qx != px or not xy_known:
                    at = _put_word(out, at, 88, qx, xyz_scale, xyz_digits)
                if qy != py or not xy_known:
                    at = _put_word(out, at, 89, qy, xyz_scale, xyz_digits)
                xy_known = 1
            if z_moves or (xy_moves and not z_known):
                at = _put_word(out, at, 90, qz, xyz_scale, xyz_digits)
                z_known = 1
            if qe != pe:
                at = _put_word(out, at, 69, qe - pe if relative else qe - e_zero, e_scale, e_digits)
            q = _round(speed[i] * 600.0)
            if q > 0 and q != feed:
                feed = q
                at = _put_word(out, at, 70, q, 10, 1)
            out[at] = 10
            at += 1
            px = qx
            py = qy
            pz = qz
            pe = qe
            total = new_total
            i += 1

    state[0] = i
    state[2] = bi
    state[3] = ci
    state[4] = px
    state[5] = py
    state[6] = pz
    state[7] = pe
    state[8] = e_zero
    state[9] = xy_known
    state[10] = z_known
    state[11] = e_known
    state[12] = feed
    state[13] = now_role
    state[14] = now_width
    state[15] = now_height
    state[16] = now_fan
    state[17] = now_tool
    state[18] = now_object
    state[19] = print_acceleration
    state[20] = travel_acceleration
    state[21] = absolute_mode
    state[22] = relative_e_mode
    state[23] = metric
    state[24] = one_acceleration
    totals[0] = total
    return at
