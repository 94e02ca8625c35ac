"""Spread work over threads without letting their number change the result.

GEOS and the kernels release the GIL, so chunks of layers run side by side. The chunks depend only on the amount of
work, never on the number of workers, and results come back in order: the same bytes on any machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

T = TypeVar("T")
R = TypeVar("R")


class Crew:
    """A pool of worker threads; `with Crew(2) as crew: crew.map(f, items)`."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = max(1, workers or os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self.workers) if self.workers > 1 else None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Return [work(item) for item in items], in order, computed by the workers."""

        def quietly(item: T) -> R:
            # GEOS divides by zero here and there, and means it; numpy reads the processor's flags and would warn
            with np.errstate(all="ignore"):
                return work(item)

        if self._pool is None or len(items) < 2:
            return [quietly(item) for item in items]
        return list(self._pool.map(quietly, items))

    @staticmethod
    def chunks(n: int, size: int = 32) -> list[slice]:
        """Return slices that cut range(n) into pieces of `size`."""
        return [slice(i, min(i + size, n)) for i in range(0, n, size)]
