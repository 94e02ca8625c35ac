"""Printing through PrusaLink, the server in Prusa's printers: version 1 of its interface, asked about once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from printer.drivers.base import OFFLINE, RemoteFile, Status, safe_name
from printer.drivers.web import UPLOAD_S, Web, dig, number, rows, segments, share, text
from printer.errors import DriverError, ImpossibleAction
from printer.events import Reading
from printer.job import FINAL

if TYPE_CHECKING:
    import httpx

    from printer.config import Secret
    from printer.program import Program

STATES = {
    "IDLE": "idle",
    "READY": "idle",
    "BUSY": "starting",
    "PRINTING": "printing",
    "PAUSED": "paused",
    "FINISHED": "done",
    "STOPPED": "cancelled",
    "ERROR": "failed",
    "ATTENTION": "paused",
}
"""The printer's states in our words; attention means that somebody has to come."""

HEATERS = {"T": "nozzle", "B": "bed"}


class PrusaLink:
    """One printer of Prusa; by API key, or by user and password (digest)."""

    can: frozenset[str] = frozenset()
    channel = None  # PrusaLink pushes nothing

    def __init__(self, address: str, secret: Secret, *, transport: httpx.BaseTransport | None = None) -> None:
        digest = (secret.user, secret.password) if secret.password else None
        headers = {"X-Api-Key": secret.key} if secret.key else None
        self._web = Web(address, headers, digest, transport)
        self.name = f"PrusaLink at {self._web.address}"
        with self._web.introduced():
            version = self._web.get("/api/version").data
            if not text(version, "text").startswith(("PrusaLink", "OctoPrint")):
                raise DriverError(f"{self._web.address} is no PrusaLink")
            self._firmware = text(version, "server") or text(version, "text")
            self._storage = self._writable()
        self._file = ""  # what we have started
        self._before: float | None = None  # the job that was there then
        self._last = Status("idle")

    def upload(self, data: bytes, name: str) -> str:
        """Hand over a file; one of the same name is replaced."""
        name = safe_name(name)
        headers = {"Overwrite": "?1", "Content-Type": "text/x.gcode", "Content-Length": str(len(data))}
        self._web.call("PUT", self._path(name), content=data, headers=headers, within=UPLOAD_S)
        return name

    def start(self, name: str) -> None:
        """Print."""
        self._before = number(self._web.get("/api/v1/job").data, "id")
        self._web.call("POST", self._path(name))
        self._file = name

    def pause(self) -> None:
        """Stop for a while."""
        self._web.call("PUT", f"/api/v1/job/{self._job()}/pause")

    def resume(self) -> None:
        """Go on."""
        self._web.call("PUT", f"/api/v1/job/{self._job()}/resume")

    def cancel(self) -> None:
        """End the job."""
        self._web.call("DELETE", f"/api/v1/job/{self._job()}")

    def emergency_stop(self) -> None:
        """PrusaLink has none: end the job, which is the next best."""
        self.cancel()

    def override(self, **values: float) -> None:
        """Not over PrusaLink."""
        raise ImpossibleAction("PrusaLink sets no overrides: use the printer's own knob")

    def send(self, line: str) -> None:
        """Not over PrusaLink."""
        raise ImpossibleAction("PrusaLink takes no G-code lines")

    def answer(self, choice: int | None = None) -> None:
        """Not over PrusaLink."""
        raise ImpossibleAction("PrusaLink takes no answers: go to the printer")

    def exclude(self, program: Program, which: int) -> None:
        """Not over PrusaLink."""
        raise ImpossibleAction("PrusaLink leaves out no objects: use the printer's own menu")

    def pushed(self) -> Status | None:
        """Return nothing."""
        return None

    def status(self) -> Status:
        """Ask."""
        known = self._web.get("/api/v1/status").data
        said = text(known, "printer", "state")
        state = STATES.get(said, OFFLINE)
        job = self._web.get("/api/v1/job").data if dig(known, "job") or state not in ("idle", OFFLINE) else None
        if state in FINAL and self._before is not None and number(job, "id") == self._before:
            state = "starting"  # that is the end of the job before ours
        if state == "idle" and self._file:  # it forgets a finished job as soon as somebody confirms it
            state = "done" if self._last.done > 0.99 else "cancelled"
        self._last = Status(
            state=state,
            reason="the printer wants attention: go and look" if said == "ATTENTION" else "",
            file=text(job, "file", "display_name") or text(job, "file", "name") or self._file,
            done=1.0 if state == "done" else share(number(job, "progress") or number(known, "job", "progress"), 100.0),
            elapsed_s=number(job, "time_printing") or number(known, "job", "time_printing") or self._last.elapsed_s,
            left_s=number(job, "time_remaining") or number(known, "job", "time_remaining"),
            heaters=_heaters(dig(known, "printer")),
            speed=number(known, "printer", "speed"),
            flow=number(known, "printer", "flow"),
            firmware=self._firmware,
            reached=state != OFFLINE,
        )
        return self._last

    def files(self) -> list[RemoteFile]:
        """Return the files on the storage that is printed from."""
        listed = rows(self._web.get(f"/api/v1/files/{self._storage}").data, "children")
        named = [(text(each, "name"), number(each, "size")) for each in listed if dig(each, "type") != "FOLDER"]
        return [RemoteFile(name, int(size) if size is not None else None) for name, size in named if name]

    def close(self) -> None:
        """Close the connection; the print goes on."""
        self._web.close()

    def _path(self, name: str) -> str:
        return f"/api/v1/files/{self._storage}/{segments(name)}"

    def _job(self) -> int:
        """Return the number of the job that runs."""
        found = number(self._web.get("/api/v1/job").data, "id")
        if found is None:
            raise ImpossibleAction(f"{self.name} prints nothing now")
        return int(found)

    def _writable(self) -> str:
        """Return the path of the first storage that is there and takes files."""
        for each in rows(self._web.get("/api/v1/storage").data, "storage_list"):
            path = text(each, "path").strip("/")
            if path and dig(each, "available") is not False and dig(each, "read_only") is not True:
                return segments(path)
        raise DriverError(f"{self.name} has no storage that takes files: put a USB drive in")


def _heaters(printer: Any) -> dict[str, Reading]:
    """Return temperatures by the letters that firmware uses."""
    return {
        name: Reading(actual, number(printer, f"target_{theirs}"))
        for name, theirs in HEATERS.items()
        if (actual := number(printer, f"temp_{theirs}")) is not None
    }
