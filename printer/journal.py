"""What outlives a power cut: how far a print has come, on disk, a moment after it happened.

One record a line, append-only: a CRC-32 of the rest, then JSON. A torn or damaged line is skipped; the records around
it count. The file is rewritten to its head and its last record when it has grown to `LARGEST` bytes.

    {"job": {...}}                         the head: file, hash, printer: whatever the caller wants to find again;
                                           a second one adds the port that was found
    {"acknowledged": 812, "sent": 818}     the printer has taken 812 lines and may have taken 818
    {"state": "paused"}                    the job's state has changed
    {"end": "done"}                        the last record of a print that came to an end

A record is written before more than `LINES` lines or `SECONDS` seconds have passed since the last, so a killed process
loses no more than that; it reaches the disk every `SYNC` seconds, from a thread of its own, because a slow disk must
not starve the printer. That is what a power cut can cost in addition.
"""

from __future__ import annotations

import json
import os
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from printer.clock import Clock, WallClock
from printer.errors import StoreError

LINES, SECONDS, SYNC = 16, 0.25, 1.0
LARGEST = 1 << 20

Record = dict[str, Any]


class Journal:
    """The journal of one print, being written."""

    def __init__(self, path: str | os.PathLike[str], job: Record, clock: Clock | None = None) -> None:
        self.path = Path(path)
        self._clock = clock or WallClock()
        self._head: Record = {"job": job}
        self._last = self._latest = (0, 0)
        self._state: Record = {}
        self._written = self._synced = self._clock.now()
        self._syncing: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, "journal")
        self._size = 0
        try:
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except FileExistsError:
            raise StoreError(f"{self.path} exists already: a journal belongs to one print") from None
        except OSError as error:
            raise StoreError(f"cannot write the journal {self.path}: {error.strerror}") from None
        _locked(self._fd)
        self._write(self._head)
        os.fsync(self._fd)
        _sync_folder(self.path.parent)

    def add(self, **facts: Any) -> None:
        """Add to the head what was not known yet when the print began."""
        self._head = {"job": self._head["job"] | facts}
        self._write(self._head)

    def note(self, acknowledged: int, sent: int) -> None:
        """Say how far the print has come; written when it is far enough or long enough from the last time."""
        now, (before, offered) = self._clock.now(), self._last
        self._latest = acknowledged, sent
        if acknowledged - before >= LINES or sent - offered >= LINES or now - self._written >= SECONDS:
            self._written = now
            self._catch_up()
        if now - self._synced >= SYNC and (self._syncing is None or self._syncing.done()):
            self._synced = now
            self._finish_sync()
            self._syncing = self._pool.submit(os.fsync, self._fd)

    def state(self, name: str) -> None:
        """Say that the job is in another state."""
        self._state = {"state": name}
        self._catch_up()
        self._write(self._state)

    def end(self, how: str) -> None:
        """Say that there is nothing to recover, and why; closes the journal."""
        self._catch_up()
        self._write({"end": how})
        self.close()

    def close(self) -> None:
        """Bring everything to the disk and close."""
        if self._fd < 0:
            return
        try:
            self._catch_up()
            self._pool.shutdown()
            self._finish_sync()
            os.fsync(self._fd)
        finally:
            self._pool.shutdown()
            os.close(self._fd)
            self._fd = -1

    def _catch_up(self) -> None:
        """Write how far the print has come, if that is not written yet."""
        if self._latest != self._last:
            self._last = self._latest
            self._write({"acknowledged": self._last[0], "sent": self._last[1]})

    def _write(self, record: Record) -> None:
        line = encode(record)
        try:
            if self._size + len(line) > LARGEST:
                self._rewrite()
            os.write(self._fd, line)
        except OSError as error:
            raise StoreError(f"cannot write the journal {self.path}: {error.strerror}") from None
        self._size += len(line)

    def _rewrite(self) -> None:
        """Replace the file by its head and last records; at no moment is there no journal."""
        new = self.path.with_name(self.path.name + ".new")
        acknowledged, sent = self._last
        text = encode(self._head) + (encode(self._state) if self._state else b"")
        text += encode({"acknowledged": acknowledged, "sent": sent})
        if self._syncing:
            self._syncing.result()
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        _locked(fd)
        os.write(fd, text)
        os.fsync(fd)
        os.replace(new, self.path)
        os.close(self._fd)
        self._fd, self._size = fd, len(text)
        _sync_folder(self.path.parent)

    def _finish_sync(self) -> None:
        """Raise what the last sync in the background has met."""
        if self._syncing and (error := self._syncing.exception()):
            raise StoreError(f"cannot write the journal {self.path}: {error}") from None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a journal knows of a print.

    job           the head, as the print began
    acknowledged  lines that the printer has taken: executed, or in its queue
    sent          lines that may have reached it, at the last record
    state         the job's last state; `end` says how it ended, None where it did not
    damaged       lines of the journal that could not be read
    written       somebody has it open and writes it: the print is not over (never known on Windows)
    """

    job: Record
    acknowledged: int = 0
    sent: int = 0
    state: str = ""
    end: str | None = None
    damaged: int = 0
    written: bool = False
    path: Path = field(default_factory=Path)

    def unknown(self, queue: int) -> tuple[int, int]:
        """Return (first, last) line, 0-based: all before `first` are executed, none from `last` on.

        `queue` is what the firmware may have acknowledged and not executed: its planner's blocks and its lines.
        A power cut also loses what was not yet on the disk: the lines of the last `SYNC` seconds.
        """
        return max(self.acknowledged - queue, 0), self.sent + LINES


def recover(path: str | os.PathLike[str]) -> Recovery:
    """Return what a journal knows. Raises `StoreError` where it cannot be read, or has lost its head."""
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
            written = not _locked(file.fileno(), shared=True)
    except OSError as error:
        raise StoreError(f"cannot read the journal {os.fspath(path)}: {error.strerror}") from None
    found: Record = {}
    damaged = 0
    for line in lines:
        record = decode(line)
        damaged += record is None and bool(line)
        found.update(record or {})
    if not isinstance(found.get("job"), dict):
        raise StoreError(f"{os.fspath(path)} is not a journal of a print, or has lost its first line")
    return Recovery(
        job=found["job"],
        acknowledged=int(found.get("acknowledged", 0)),
        sent=int(found.get("sent", 0)),
        state=str(found.get("state", "")),
        end=found.get("end"),
        damaged=damaged,
        written=written,
        path=Path(path),
    )


def encode(record: Record) -> bytes:
    """Return a record as a line.

    >>> encode({"end": "done"})
    b'b95daf52 {"end":"done"}\\n'
    """
    text = json.dumps(record, separators=(",", ":"), sort_keys=True).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def decode(line: bytes) -> Record | None:
    """Return the record of a line, None where it is damaged."""
    check, _, text = line.partition(b" ")
    try:
        if int(check, 16) != zlib.crc32(text):
            return None
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _locked(fd: int, shared: bool = False) -> bool:
    """Hold a file until it is closed, by whatever end; say whether nobody else holds it, where the system tells."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True


def _sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, where the system lets folders be opened."""
    if os.name == "posix":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
