"""Printing through Moonraker, Klipper's server: its HTTP interface, asked about once a second."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from printer.drivers.base import OFFLINE, RemoteFile, Status, override_lines, safe_name
from printer.drivers.web import UPLOAD_S, Web, dig, number, rows, segments, share, text
from printer.errors import DriverError
from printer.events import Reading

if TYPE_CHECKING:
    import httpx

    from printer.config import Secret

STATES = {
    "standby": "idle",
    "printing": "printing",
    "paused": "paused",
    "complete": "done",
    "error": "failed",
    "cancelled": "cancelled",
}
"""Klipper's `print_stats.state` in our words."""

HEATERS = {"T": "extruder", "T1": "extruder1", "T2": "extruder2", "T3": "extruder3", "B": "heater_bed"}
OBJECTS = "&".join(["webhooks", "print_stats", "virtual_sdcard", "display_status", "gcode_move", *HEATERS.values()])


class Moonraker:
    """One Moonraker server and its printer."""

    can = frozenset({"emergency", "override", "send"})

    def __init__(self, address: str, secret: Secret, *, transport: httpx.BaseTransport | None = None) -> None:
        self._web = Web(address, {"X-Api-Key": secret.key} if secret.key else None, transport=transport)
        info = self._web.get("/server/info").data
        if dig(info, "result", "klippy_state") is None:
            raise DriverError(f"{self._web.address} is no Moonraker server")
        self.name = f"Moonraker at {self._web.address}"

    def upload(self, data: bytes, name: str) -> str:
        """Hand over a file, with its hash."""
        answer = self._web.call(
            "POST",
            "/server/files/upload",
            files={"file": (safe_name(name), data, "application/octet-stream")},
            data={"root": "gcodes", "checksum": hashlib.sha256(data).hexdigest()},
            within=UPLOAD_S,
        ).data
        path = text(answer, "result", "item", "path") or text(answer, "item", "path")
        if not path:
            raise DriverError(f"{self._web.address} does not say where it has put the file")
        return path

    def start(self, name: str) -> None:
        """Print."""
        segments(name)
        self._web.call("POST", f"/printer/print/start?filename={quote(name, safe='')}", within=UPLOAD_S)

    def pause(self) -> None:
        """Stop for a while."""
        self._web.call("POST", "/printer/print/pause", within=UPLOAD_S)

    def resume(self) -> None:
        """Go on."""
        self._web.call("POST", "/printer/print/resume", within=UPLOAD_S)

    def cancel(self) -> None:
        """End the job."""
        self._web.call("POST", "/printer/print/cancel", within=UPLOAD_S)

    def emergency_stop(self) -> None:
        """Halt Klipper past every queue."""
        self._web.call("POST", "/printer/emergency_stop")

    def override(self, **values: float) -> None:
        """Set feed, flow, fan, nozzle, bed."""
        self.send("\n".join(override_lines(values)))

    def send(self, line: str) -> None:
        """Say a line of one's own."""
        self._web.call("POST", "/printer/gcode/script", json={"script": line}, within=UPLOAD_S)

    def answer(self, choice: int | None = None) -> None:
        """Klipper asks nothing that could be answered this way."""
        raise DriverError("Klipper's questions are answered by its own macros")

    def status(self) -> Status:
        """Ask."""
        state = text(self._web.get("/server/info").data, "result", "klippy_state")
        if state != "ready":
            return Status(OFFLINE, reason=f"Klipper is {state or 'silent'}", reached=False)
        known = dig(self._web.get(f"/printer/objects/query?{OBJECTS}").data, "result", "status")
        stats = dig(known, "print_stats")
        done = share(number(known, "virtual_sdcard", "progress") or number(known, "display_status", "progress"))
        ended = dig(stats, "state") == "complete"
        spent = number(stats, "print_duration") or 0.0
        position, layer = number(known, "virtual_sdcard", "file_position"), number(stats, "info", "current_layer")
        return Status(
            state=STATES.get(text(stats, "state"), OFFLINE),
            reason=text(stats, "message"),
            file=text(stats, "filename"),
            done=1.0 if ended else done,
            layer=int(layer) - 1 if layer else -1,
            layers=int(number(stats, "info", "total_layer") or 0),
            elapsed_s=number(stats, "total_duration") or 0.0,
            left_s=0.0 if ended else spent * (1 - done) / done if done > 0.01 else None,
            heaters=_heaters(known),
            speed=_percent(known, "speed_factor"),
            flow=_percent(known, "extrude_factor"),
            position=int(position) if position is not None else None,
            filament=number(stats, "filament_used"),
            firmware="Klipper",
        )

    def files(self) -> list[RemoteFile]:
        """Return the files on the server."""
        listed = rows(self._web.get("/server/files/list?root=gcodes").data, "result")
        sizes = [(text(each, "path"), number(each, "size")) for each in listed]
        return [RemoteFile(path, int(size) if size is not None else None) for path, size in sizes if path]

    def close(self) -> None:
        """Close the connection; the print goes on."""
        self._web.close()


def _heaters(known: Any) -> dict[str, Reading]:
    """Return temperatures by the letters that firmware uses."""
    return {
        name: Reading(actual, number(known, theirs, "target"))
        for name, theirs in HEATERS.items()
        if (actual := number(known, theirs, "temperature")) is not None
    }


def _percent(known: Any, factor: str) -> float | None:
    value = number(known, "gcode_move", factor)
    return None if value is None else round(100 * value, 1)
