"""Printing through Moonraker, Klipper's server: its HTTP interface, and JSON-RPC over a websocket for what it tells."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from printer.drivers.base import OFFLINE, RemoteFile, Status, safe_name
from printer.drivers.push import Channel, Told
from printer.drivers.web import UPLOAD_S, Web, dig, number, refused, rows, segments, share, text
from printer.errors import DriverError, ImpossibleAction
from printer.events import Completed, Message, Reading
from printer.overrides import overrides
from printer.text import plain

if TYPE_CHECKING:
    import httpx

    from printer.config import Secret
    from printer.program import Program

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
OBJECTS = {
    "webhooks": ["state"],
    "print_stats": ["state", "message", "filename", "print_duration", "total_duration", "filament_used", "info"],
    "virtual_sdcard": ["progress", "file_position"],
    "display_status": ["progress"],
    "gcode_move": ["speed_factor", "extrude_factor"],
    **{heater: ["temperature", "target"] for heater in HEATERS.values()},
}
"""Klipper's objects, and the fields of each that matter here."""

QUERY = "&".join(f"{name}={','.join(fields)}" for name, fields in OBJECTS.items())
IDENTIFY, SUBSCRIBE = 1, 2
"""Numbers of our requests over the websocket."""

RESTARTS = {"RESTART": "restart", "FIRMWARE_RESTART": "firmware_restart"}
"""Lines that Klipper does not live to answer; Moonraker has requests for them."""

MOST_LINES = 1000
"""Lines of one answer of the printer that anybody wants to see."""


class Moonraker:
    """One Moonraker server and its printer."""

    can = frozenset({"emergency", "override", "send", "exclude"})

    def __init__(self, address: str, secret: Secret, *, transport: httpx.BaseTransport | None = None) -> None:
        self._web = Web(address, {"X-Api-Key": secret.key} if secret.key else None, transport=transport)
        with self._web.introduced():
            if dig(self._web.get("/server/info").data, "result", "klippy_state") is None:
                raise DriverError(f"{self._web.address} is no Moonraker server")
        self.name = f"Moonraker at {self._web.address}"
        self.channel = Channel(self._web, "/websocket", hello, taken)
        self._began = False  # a job of ours is under way, or has ended

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
        self._order("print/start", filename=name)
        self._began = True

    def pause(self) -> None:
        """Stop for a while."""
        self._order("print/pause")

    def resume(self) -> None:
        """Go on."""
        self._order("print/resume")

    def cancel(self) -> None:
        """End the job."""
        self._order("print/cancel")

    def emergency_stop(self) -> None:
        """Halt Klipper past every queue."""
        self._web.call("POST", "/printer/emergency_stop")

    def override(self, **values: float) -> None:
        """Set feed, flow, fan, nozzle, bed."""
        self.send("\n".join(each.line for each in overrides(values)))

    def send(self, line: str) -> None:
        """Say a line of one's own."""
        restart = RESTARTS.get(line.strip().upper())
        self._order(restart) if restart else self._order("gcode/script", script=line)
        self.channel.note(Completed(line))  # Klipper answers when it has done it

    def answer(self, choice: int | None = None) -> None:
        """Klipper asks nothing that could be answered this way."""
        raise DriverError("Klipper's questions are answered by its own macros")

    def exclude(self, program: Program, which: int) -> None:
        """Let Klipper leave out an object, by the name that it knows."""
        known = dig(self._web.get("/printer/objects/query?exclude_object").data, "result", "status", "exclude_object")
        names = [text(each, "name") for each in rows(known, "objects")]
        found = next((name for name in names if klippers(name) == klippers(program.objects[which])), "")
        if not found:
            there = ", ".join(names[:20]) or "none: its configuration lacks [exclude_object], or the file the labels"
            raise ImpossibleAction(f"Klipper knows no object {plain(program.objects[which], 60)!r}; it knows {there}")
        self.send(f"EXCLUDE_OBJECT NAME={found}")

    def pushed(self) -> Status | None:
        """Return what was told."""
        known = self.channel.known
        return _seen(known) if known else None

    def status(self) -> Status:
        """Ask."""
        state = text(self._web.get("/server/info").data, "result", "klippy_state")
        if state != "ready":
            ended = self._began and state in ("shutdown", "error")
            return Status("failed" if ended else OFFLINE, self._why(state or "silent"), reached=False)
        return _seen(dig(self._web.get(f"/printer/objects/query?{QUERY}").data, "result", "status"))

    def files(self) -> list[RemoteFile]:
        """Return the files on the server."""
        listed = rows(self._web.get("/server/files/list?root=gcodes").data, "result")
        sizes = [(text(each, "path"), number(each, "size")) for each in listed]
        return [RemoteFile(path, int(size) if size is not None else None) for path, size in sizes if path]

    def close(self) -> None:
        """Close the connections; the print goes on."""
        self.channel.close()
        self._web.close()

    def _why(self, state: str) -> str:
        """Return in one line why Klipper is not ready; the lines behind the first are advice."""
        said = dig(self._web.get("/printer/info", allow=(503,)).data, "result", "state_message")
        first = said.strip().split("\n")[0] if isinstance(said, str) else ""
        return f"Klipper is {state}: {plain(first, 200)}" if first else f"Klipper is {state}"

    def _order(self, what: str, **arguments: str) -> None:
        """Let Klipper do something, and wait until it has. Raises `ImpossibleAction` where it refuses (400)."""
        answer = self._web.call("POST", f"/printer/{what}", json=arguments, allow=(400,), within=UPLOAD_S)
        if answer.status == 400:
            raise ImpossibleAction(f"Klipper refuses: {refused(answer.data) or what}")


def klippers(name: str) -> str:
    """Return the name of an object as Klipper and its preprocessor spell it.

    >>> klippers("part-1.stl (copy)")
    'PART_1_STL__COPY_'
    """
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def hello() -> list[Any]:
    """Return what to say first over the websocket: who we are, and what we want to be told."""
    us = {"client_name": "fabthread", "version": "1", "type": "other", "url": "https://pypi.org/project/fabthread"}
    return [
        {"jsonrpc": "2.0", "method": "server.connection.identify", "params": us, "id": IDENTIFY},
        {"jsonrpc": "2.0", "method": "printer.objects.subscribe", "params": {"objects": OBJECTS}, "id": SUBSCRIBE},
    ]


def taken(known: Mapping[str, Any], message: Any) -> Told:
    """Fold a message of the websocket into what is known of Klipper's objects.

    >>> first = taken({}, {"id": 2, "result": {"status": {"extruder": {"temperature": 20.0, "target": 0.0}}}}).known
    >>> taken(first, {"method": "notify_status_update", "params": [{"extruder": {"target": 200.0}}, 1.5]}).known
    {'extruder': {'temperature': 20.0, 'target': 200.0}}
    """
    method = dig(message, "method")
    if method == "notify_status_update":
        return Told(_merged(known, dig(message, "params", 0))) if known else Told()
    if method == "notify_gcode_response":
        said = dig(message, "params", 0)
        lines = said.splitlines()[:MOST_LINES] if isinstance(said, str) else []
        return Told(events=[Message(plain(line)) for line in lines])
    if method in ("notify_klippy_shutdown", "notify_klippy_disconnected"):
        return Told({})
    if method == "notify_klippy_ready":
        return Told({}, again=True)  # it has forgotten what we wanted to be told
    if dig(message, "id") == SUBSCRIBE:
        return Told(_merged({}, dig(message, "result", "status")))  # {} where Klipper is not ready
    return Told()


def _merged(known: Mapping[str, Any], news: Any) -> dict[str, Any]:
    """Return what is known with what is new, as far as it matters; nothing where Klipper is not ready."""
    told = {name: values for name in OBJECTS if isinstance(values := dig(news, name), dict)}
    merged = {
        name: {**known.get(name, {}), **{field: told[name][field] for field in fields if field in told.get(name, ())}}
        for name, fields in OBJECTS.items()
        if name in known or name in told
    }
    return merged if text(merged, "webhooks", "state") in ("", "ready") else {}


def _seen(known: Any) -> Status:
    """Return what Klipper's objects say."""
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
