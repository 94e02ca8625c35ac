"""Text from outside - a printer, a file, a server - made safe to show."""

from __future__ import annotations

LONGEST = 400
"""Characters of one text that anybody wants to see."""


def plain(text: object, most: int = LONGEST) -> str:
    r"""Return a text of one line that a terminal only prints: no escape sequences, no line ends, nothing invisible.

    >>> plain("\x1b[2Jhello\nworld"), plain("caf\u00e9 \u202etxt")
    ('·[2Jhello world', 'café ·txt')
    """
    line = str(text)[:most]
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else " " if c.isspace() else "·" for c in line)
