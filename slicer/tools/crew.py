"""Spread work over threads without letting their number change the result.

GEOS and the kernels release the GIL, so chunks of layers run side by side. The chunks depend only on the amount of
work, never on the number of workers, and results come back in order: the same bytes on any machine.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Semaphore
from typing import TypeVar

import numpy as np

T = TypeVar("T")
R = TypeVar("R")


class Crew:
    """Workers, of whom the caller is one; `with Crew(2) as crew: crew.map(f, items)`.

    Work may ask for help itself (`f` may call `map`): only who is free is asked, so nobody waits for who never comes.
    """

    def __init__(self, workers: int | None = None) -> None:
        others = max(1, workers or os.cpu_count() or 1) - 1
        self._pool = ThreadPoolExecutor(others) if others else None
        self._free = Semaphore(others)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Return [work(item) for item in items], in order; who is free helps."""
        todo = deque(enumerate(items))
        done: dict[int, R] = {}

        def lend_a_hand() -> None:
            # GEOS divides by zero here and there, and means it; numpy reads the processor's flags and would warn
            with np.errstate(all="ignore"):
                try:
                    while (task := _next(todo)) is not None:
                        number, item = task
                        done[number] = work(item)
                finally:
                    todo.clear()  # after an error nobody begins anything

        def help_out() -> None:
            try:
                lend_a_hand()
            finally:
                self._free.release()

        helpers: list[Future[None]] = []
        while self._pool and len(helpers) < len(items) - 1 and self._free.acquire(blocking=False):
            helpers.append(self._pool.submit(help_out))
        try:
            lend_a_hand()
        finally:
            wait(helpers)
        for helper in helpers:
            helper.result()
        return [done[number] for number in range(len(items))]

    @staticmethod
    def chunks(n: int, size: int = 128) -> list[slice]:
        """Return slices that cut range(n) into pieces of `size`; each piece costs a few handovers of Python's lock."""
        return [slice(i, min(i + size, n)) for i in range(0, n, size)]


def _next(todo: deque[T]) -> T | None:
    """Return what is first of what nobody has taken yet."""
    try:
        return todo.popleft()
    except IndexError:
        return None
