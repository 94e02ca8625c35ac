"""What is still to be sent: our own lines first, then commands, then the job."""

from __future__ import annotations

from collections import deque

AHEAD = 512
"""Job lines that are worth holding ready."""


class Outbox:
    """Three queues of cleaned lines; `taken` counts the job lines that have left."""

    __slots__ = ("commands", "jobs", "own", "taken")

    def __init__(self) -> None:
        self.own: deque[str] = deque()
        self.commands: deque[str] = deque()
        self.jobs: deque[str] = deque()
        self.taken = 0

    def __bool__(self) -> bool:
        return bool(self.own or self.commands or self.jobs)

    def next(self) -> deque[str]:
        """Return the queue whose turn it is; empty where there is nothing to send."""
        return self.own or self.commands or self.jobs

    def pop(self, queue: deque[str]) -> str:
        """Take the first line out of one of the queues."""
        self.taken += queue is self.jobs
        return queue.popleft()

    def skip_empty(self) -> bool:
        """Count the job's empty lines whose turn it is as taken; say whether there were any."""
        before = self.taken
        while self.jobs and not self.jobs[0]:
            self.pop(self.jobs)
        return self.taken > before

    def room(self) -> int:
        """Return how many more job lines are worth queueing."""
        return max(0, AHEAD - len(self.jobs))

    def withdraw(self) -> int:
        """Drop the job's lines; return how many there were."""
        dropped = len(self.jobs)
        self.jobs.clear()
        return dropped
