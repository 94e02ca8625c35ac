"""Ctrl-C and polite kills, for commands that run for long."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager, suppress
from types import FrameType, TracebackType
from typing import Any


def let_interrupt() -> None:
    """Let Ctrl-C and a polite kill end this command alike, though a script that put it behind it has Ctrl-C ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # not in the main thread: then nobody can interrupt us anyway
            signal.signal(number, signal.default_int_handler)


class Stop(AbstractContextManager["Stop"]):
    """Ctrl-C and polite kills as counts instead of exceptions, which could strike anywhere."""

    def __init__(self) -> None:
        self.pressed = 0
        self.killed = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # under nohup
                continue
            with suppress(ValueError):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            ending = self.pressed or self.killed  # one more now must not cost the exit code
            signal.signal(number, signal.SIG_IGN if ending else handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.pressed += 1
        else:
            self.killed = True
