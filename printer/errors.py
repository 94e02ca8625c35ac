"""What can go wrong between a file and a printed part, as a tree; every message says what, where and what to do.

PrinterError
├── LinkError
│   ├── LinkLost           the device is gone: unplugged, closed, refused
│   ├── LinkBusy           another program holds the port
│   ├── NoPrinter          nothing that answers like a printer was found
│   └── SessionMismatch    a replayed session in which the host says anything else
├── ProtocolError
│   └── UnsendableLine     a line that no framing can carry (too long, not ASCII)
├── JobError
│   ├── ImpossibleAction   an action that makes no sense in the job's state
│   ├── FileChanged        the file is not the one that was checked
│   └── UnsafeToPrint      a check or a guard refuses
├── DriverError            a remote server that refuses or cannot be understood
├── ConfigError            a printer's entry in the user's own files that makes no sense
├── StoreError             a journal, record or spool file that cannot be read or written
│   └── NoSuchEntry        a job or spool that is not there, or a spool that cannot be
└── VirtualError           a virtual printer that cannot be built as asked
"""

from __future__ import annotations


class PrinterError(Exception):
    """Any error this package raises on purpose."""


class LinkError(PrinterError):
    """The way to the printer."""


class LinkLost(LinkError):
    """The device is gone: unplugged, closed or refused."""


class LinkBusy(LinkError):
    """Another program holds the port."""


class NoPrinter(LinkError):
    """Nothing that answers like a printer was found."""


class SessionMismatch(LinkError):
    """A replayed session in which the host does not say what it said when the session was recorded."""


class ProtocolError(PrinterError):
    """What is said over a link that works."""


class UnsendableLine(ProtocolError):
    """A line that no framing can carry; `line` is its text."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__(f"cannot send {line[:120]!r}: {reason}")
        self.line = line


class JobError(PrinterError):
    """The job itself."""


class ImpossibleAction(JobError):
    """An action that makes no sense in the job's state."""


class FileChanged(JobError):
    """The file is not the one that was checked."""


class UnsafeToPrint(JobError):
    """A check or a guard refuses."""


class DriverError(PrinterError):
    """A remote server that refuses, or cannot be understood."""


class ConfigError(PrinterError):
    """An entry of a user's own files that makes no sense."""


class StoreError(PrinterError):
    """A journal, record or spool file that cannot be read or written."""


class NoSuchEntry(StoreError):
    """A job or spool that is not there, or a spool that cannot be."""


class VirtualError(PrinterError):
    """A virtual printer that cannot be built as asked."""
