"""Progress on stderr: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

PATIENCE = 0.3
"""Seconds before a bar appears: shorter jobs are over before it could be read (and rich takes a while to import)."""


class Progress:
    """`with Progress() as show: show("walls", 0.4)`; hidden unless stderr is a terminal and the job takes a while."""

    def __init__(self, enabled: bool | None = None) -> None:
        self._enabled = sys.stderr.isatty() if enabled is None else enabled
        self._begin = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, stage: str, fraction: float) -> None:
        """Show the name of a stage and how much of the whole work is done, 0..1."""
        if not self._enabled or (self._bar is None and time.monotonic() - self._begin < PATIENCE):
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, description=stage, completed=fraction)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn()
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
