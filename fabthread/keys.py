"""Single keys from a terminal, without waiting for a line: POSIX and Windows."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Any


class Keys:
    """`with Keys() as keys: keys.get(0.1)`; where stdin is no terminal, there are none and `get` only waits."""

    def __init__(self, wanted: bool = True) -> None:
        self.there = wanted and sys.stdin.isatty()
        self._mode: Any = None

    def __enter__(self) -> Keys:
        if self.there and sys.platform != "win32":
            import termios
            import tty

            self._mode = termios.tcgetattr(0)
            tty.setcbreak(0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._mode is not None and sys.platform != "win32":
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self._mode)

    def get(self, timeout: float) -> str:
        """Return the next key within `timeout` seconds, "" where none is pressed."""
        if not self.there:
            time.sleep(timeout)
            return ""
        if sys.platform == "win32":
            return _windows(timeout)
        import select

        if not select.select([0], [], [], timeout)[0]:
            return ""
        data = os.read(0, 64)
        if not data:  # the terminal is gone
            self.there = False
        return "" if data.startswith(b"\x1b") else data[:1].decode("latin-1")  # arrow keys and the like mean nothing


def _windows(timeout: float) -> str:
    """Return a key of the console."""
    import msvcrt

    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if msvcrt.kbhit():  # type: ignore[attr-defined]
            key: str = msvcrt.getwch()  # type: ignore[attr-defined]
            return key
        time.sleep(0.02)
    return ""
