"""The SD card: files by their 8.3 names, in memory or in one folder that it never leaves."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = (".gcode", ".gco", ".g", ".gc")
"""What is printable in a folder."""

LIMIT = 256 * 1024 * 1024
"""Bytes that a card holds at most."""


def short_name(name: str) -> str:
    """Return the 8.3 name under which a card keeps a file.

    >>> short_name("Benchy (final).gcode"), short_name("../../etc/passwd"), short_name("")
    ('BENCHY~1.GCO', 'PASSWD', 'FILE')
    """
    stem, _, suffix = name.replace("\\", "/").rsplit("/", 1)[-1].rpartition(".")
    if not stem:
        stem, suffix = suffix, ""
    stem = re.sub(r"[^A-Z0-9_~-]", "", stem.upper()) or "FILE"
    suffix = re.sub(r"[^A-Z0-9]", "", suffix.upper())[:3]
    stem = stem if len(stem) <= 8 else stem[:6] + "~1"
    return f"{stem}.{suffix}" if suffix else stem


class SdCard:
    """Files of a card, and the one that is open.

    folder    where files are kept on disk; None keeps them in memory
    rate      bytes a second that it delivers; 0 is as fast as they are wanted
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.present = self.mounted = True
        self.rate = self.ready_at = 0.0
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.long_names: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self.name, self.data, self.at, self.line = "", b"", 0, 0
        self.printing = False
        self.upload: bytearray | None = None
        self._room = LIMIT
        if folder is not None:
            self._load(folder)

    def _load(self, folder: Path) -> None:
        """Take the G-code files of a folder, as many as fit."""
        room = LIMIT
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                room -= path.stat().st_size
                if room >= 0:
                    self._paths[self._keep(path.name, path.read_bytes())] = path

    def put(self, name: str, data: bytes) -> str:
        """Keep a file and return its short name."""
        short = self._keep(name, data)
        if self.folder is not None:
            path = self._paths.setdefault(short, self.folder / short)
            path.write_bytes(data)
        return short

    def _keep(self, name: str, data: bytes) -> str:
        short = short_name(name)
        for k in range(2, 100):
            if self.long_names.get(short, name) == name:
                break
            stem, _, suffix = short.partition(".")
            short = f"{stem.partition('~')[0][:6]}~{k}{'.' if suffix else ''}{suffix}"
        self.files[short] = data
        self.long_names[short] = name
        return short

    def find(self, name: str) -> str:
        """Return the short name of a file by either of its names, "" where there is none."""
        wanted = name.strip().lstrip("/")
        for short, long in self.long_names.items():
            if wanted.upper() == short or wanted.lower() == long.lower():
                return short
        return ""

    def open(self, name: str) -> bool:
        """Open a file for printing."""
        short = self.find(name)
        if not short:
            return False
        self.name, self.data, self.at, self.line = short, self.files[short], 0, 0
        return True

    def next_line(self, now: float) -> bytes | None:
        """Return the next line of the open file; None at its end, which ends the print."""
        if self.at >= len(self.data):
            self.printing = False
            return None
        end = self.data.find(b"\n", self.at)
        end = len(self.data) if end < 0 else end
        line = self.data[self.at : end]
        self.at = end + 1
        self.line += 1
        self.ready_at = now + len(line) / self.rate if self.rate else now
        return line.rstrip(b"\r")

    def begin_upload(self, name: str) -> None:
        """Open a file for writing."""
        self.name, self.upload = name, bytearray()
        self._room = LIMIT - sum(map(len, self.files.values()))

    def write_line(self, line: bytes) -> bool:
        """Append a line to the file that is being written; False where the card is full."""
        if self.upload is None or len(self.upload) + len(line) >= self._room:
            return False
        self.upload += line + b"\n"
        return True

    def end_upload(self) -> None:
        """Close the file that is being written."""
        if self.upload is not None:
            self.name = self.put(self.name, bytes(self.upload))
        self.upload = None

    def delete(self, name: str) -> bool:
        """Delete a file."""
        short = self.find(name)
        if not short:
            return False
        del self.files[short], self.long_names[short]
        if path := self._paths.pop(short, None):
            path.unlink(missing_ok=True)
        return True
