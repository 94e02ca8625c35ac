"""Printing through an OctoPrint server: its REST interface, and its websocket (SockJS, unwrapped) for what it tells."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from printer.clock import Clock, WallClock
from printer.drivers.base import OFFLINE, RemoteFile, Status, safe_name
from printer.drivers.push import Channel, Told
from printer.drivers.web import UPLOAD_S, Web, dig, number, rows, segments, share, text
from printer.errors import DriverError, ImpossibleAction
from printer.events import Completed, Event, Message, Reading
from printer.notices import Asked
from printer.overrides import overrides
from printer.text import plain

if TYPE_CHECKING:
    import httpx

    from printer.config import Secret
    from printer.program import Program

FLAGS = (
    ("cancelling", "cancelling"),
    ("pausing", "pausing"),
    ("paused", "paused"),
    ("resuming", "resuming"),
    ("finishing", "finishing"),
    ("printing", "printing"),
)
"""What OctoPrint says it does, the first that is true; they overlap."""

WANTED_EVENTS = ["PrintStarted", "PrintFailed"]
WANTED = {
    "state": {"logs": True, "messages": False},
    "events": WANTED_EVENTS,
    "plugins": ["action_command_prompt"],
}
"""What we want to be told of."""

SENT = re.compile(r"Send: (?:N\d+ )?(.*?)(?:\*\d+)?$")
"""A line of OctoPrint's log that went to the printer, without number and checksum."""

MOST_LINES = 1000
"""Lines of one message that anybody wants to see."""

MOST_WAITING = 16
"""Lines that may wait for their ok; an older one has lost it."""

CONNECT_S, POLL_S = 30.0, 0.5


class OctoPrint:
    """One OctoPrint server and its printer."""

    can = frozenset({"emergency", "override", "send", "exclude"})

    def __init__(
        self,
        address: str,
        secret: Secret,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._web = Web(address, {"X-Api-Key": secret.key} if secret.key else None, transport=transport)
        self._clock = clock or WallClock()
        self._began = False  # a job of ours is under way, or has ended
        self._cancelled = False
        with self._web.introduced():
            if dig(self._web.get("/api/version").data, "api") is None:
                raise DriverError(f"{self._web.address} is no OctoPrint server")
        self.name = f"OctoPrint at {self._web.address}"
        self.channel = Channel(self._web, "/sockjs/websocket", self._hello, taken)

    def upload(self, data: bytes, name: str) -> str:
        """Hand over a file."""
        files = {"file": (safe_name(name), data, "application/octet-stream")}
        answer = self._web.call("POST", "/api/files/local", files=files, within=UPLOAD_S).data
        path = text(answer, "files", "local", "path") or text(answer, "files", "local", "name")
        if not path:
            raise DriverError(f"{self._web.address} does not say where it has put the file")
        return path

    def start(self, name: str) -> None:
        """Connect the server with its printer if it is not, then print."""
        self._connect()
        self._web.call("POST", f"/api/files/local/{segments(name)}", json={"command": "select", "print": True})
        self._began, self._cancelled = True, False

    def pause(self) -> None:
        """Stop for a while."""
        self._job("pause", action="pause")

    def resume(self) -> None:
        """Go on."""
        self._job("pause", action="resume")

    def cancel(self) -> None:
        """End the job."""
        self._job("cancel")
        self._cancelled = True

    def emergency_stop(self) -> None:
        """Say M112, which OctoPrint sends past its queue."""
        self.send("M112")

    def override(self, **values: float) -> None:
        """Set feed, flow, fan, nozzle, bed."""
        self._web.call("POST", "/api/printer/command", json={"commands": [each.line for each in overrides(values)]})

    def send(self, line: str) -> None:
        """Say a line of one's own."""
        self._web.call("POST", "/api/printer/command", json={"commands": [line]})

    def answer(self, choice: int | None = None) -> None:
        """Say to go on."""
        self.send("M108" if choice is None else f"M876 S{choice:d}")

    def exclude(self, program: Program, which: int) -> None:
        """Let the firmware leave out an object that the file labels for it."""
        if b"M486 S" not in program.data:
            raise ImpossibleAction(
                "the file labels its objects by no M486, which the firmware would have to know them by"
            )
        self.send(f"M486 P{which}")

    def status(self) -> Status:
        """Ask."""
        job = self._web.get("/api/job").data
        return self._seen(self._web.get("/api/printer?exclude=sd", allow=(409,)).data, job)

    def pushed(self) -> Status | None:
        """Return what was told."""
        known = self.channel.known
        return self._seen(known["machine"], known["job"]) if known else None

    def files(self) -> list[RemoteFile]:
        """Return the files on the server, folders opened."""
        found: list[RemoteFile] = []
        waiting = rows(self._web.get("/api/files/local?recursive=true").data, "files")
        while waiting and len(found) < 10_000:
            each = waiting.pop(0)
            waiting += rows(each, "children")
            if dig(each, "type") in ("machinecode", None) and (path := text(each, "path") or text(each, "name")):
                size = number(each, "size")
                found.append(RemoteFile(path, int(size) if size is not None else None))
        return found

    def close(self) -> None:
        """Close the connections; the print goes on."""
        self.channel.close()
        self._web.close()

    def _hello(self) -> list[Any]:
        """Log in with the key, as the websocket takes none; return what to say first over it."""
        login = self._web.call("POST", "/api/login", json={"passive": True}).data
        return [{"auth": f"{text(login, 'name')}:{text(login, 'session')}"}, {"subscribe": WANTED}]

    def _job(self, command: str, **more: str) -> None:
        self._web.call("POST", "/api/job", json={"command": command, **more})

    def _connect(self) -> None:
        """Let the server connect with its printer, where it has not."""
        where = ("/api/connection", "current", "state")
        if text(self._web.get(where[0]).data, *where[1:]) == "Operational":
            return
        self._web.call("POST", where[0], json={"command": "connect"})
        for _ in range(int(CONNECT_S / POLL_S)):
            self._clock.sleep(POLL_S)
            if text(self._web.get(where[0]).data, *where[1:]) == "Operational":
                return
        raise DriverError(f"{self._web.address} cannot reach its printer: is it switched on?")

    def _seen(self, machine: Any, job: Any) -> Status:
        """Return what both answers say."""
        state, reason = self._state(machine, job)
        return Status(
            state=state,
            reason=reason,
            file=text(job, "job", "file", "name"),
            done=share(number(job, "progress", "completion"), 100.0),
            elapsed_s=number(job, "progress", "printTime") or 0.0,
            left_s=number(job, "progress", "printTimeLeft"),
            heaters=_heaters(machine),
            resends=int(number(machine, "resends", "count") or 0),
            position=int(filepos) if (filepos := number(job, "progress", "filepos")) is not None else None,
            reached=state != OFFLINE,
            asks=self.channel.known.get("asks"),
        )

    def _state(self, machine: Any, job: Any) -> tuple[str, str]:
        """Return the state of a job, and why; what OctoPrint calls operational is before or after one."""
        flags = dig(machine, "state", "flags") or {}
        error = text(machine, "state", "error") or text(job, "error")
        if found := next((state for flag, state in FLAGS if dig(flags, flag) is True), ""):
            return found, ""
        if dig(flags, "error") is True or dig(flags, "closedOrError") is not False:
            return (
                ("failed", error or text(job, "state") or "OctoPrint has lost its printer")
                if self._began
                else (OFFLINE, error or text(job, "state"))
            )
        if not self._began:
            return "idle", ""
        if share(number(job, "progress", "completion"), 100.0) >= 1.0:
            return "done", ""
        if why := self.channel.known.get("failed"):
            return "failed", why
        return "cancelled", "" if self._cancelled else "ended on the server before its time"


def taken(known: Mapping[str, Any], message: Any) -> Told:
    """Fold a message of the websocket into what is known: `machine` and `job`, shaped like the answers to questions.

    Beside them: the lines that were `sent` and are not done, what the printer `asks`, and why a print has `failed`.
    """
    if dig(message, "reauthRequired") is not None:
        return Told({}, again=True)
    if isinstance(news := dig(message, "history"), dict):
        return Told({**known, **_facts(known, news)})
    if isinstance(news := dig(message, "current"), dict):
        sent, events = _heard(known.get("sent", ()), rows(news, "logs", most=MOST_LINES))
        return Told({**known, **_facts(known, news), "sent": sent}, events)
    if known and (kind := dig(message, "event", "type")) in WANTED_EVENTS:
        error = dig(message, "event", "payload", "reason") == "error"
        why = text(message, "event", "payload", "error") or "OctoPrint gave it up"
        return Told({**known, "failed": why if kind == "PrintFailed" and error else ""})
    if known and dig(message, "plugin", "plugin") == "action_command_prompt":
        return Told({**known, "asks": _question(dig(message, "plugin", "data"))})
    return Told()


def _facts(known: Mapping[str, Any], news: Any) -> dict[str, Any]:
    """Return the state of printer and job; readings that do not come again are those that are known."""
    readings = rows(news, "temps")
    heat = readings[-1] if readings else dig(known, "machine", "temperature")
    there = dig(news, "state", "flags", "operational") is True
    return {
        "machine": {"state": news.get("state"), "temperature": heat if there else None, "resends": news.get("resends")},
        "job": {"job": news.get("job"), "progress": news.get("progress")},
    }


def _heard(sent: Sequence[str], logs: Sequence[Any]) -> tuple[Sequence[str], list[Event]]:
    """Return which lines wait for an ok, and what the printer said: its lines, and which of ours are done."""
    events: list[Event] = []
    waiting = deque(sent, maxlen=MOST_WAITING)
    for line in logs:
        if not isinstance(line, str):
            continue
        if went := SENT.match(line):
            waiting.append(plain(went[1]))
        elif line.startswith("Recv: "):
            said = plain(line.removeprefix("Recv: "))
            events.append(Message(said))
            if said.startswith("ok") and waiting:
                events.append(Completed(waiting.popleft()))
    return tuple(waiting), events


def _question(data: Any) -> Asked | None:
    """Return what the printer asks; None where it takes its question back."""
    if dig(data, "action") != "show":
        return None
    choices = [plain(each, 40) for each in rows(data, "choices", most=10) if isinstance(each, str)]
    return Asked(text(data, "text"), tuple(choices))


def _heaters(machine: Any) -> dict[str, Reading]:
    """Return temperatures by the firmware's letters."""
    found = {}
    table = dig(machine, "temperature")
    for key in list(table)[:16] if isinstance(table, dict) else ():
        name = {"bed": "B", "chamber": "C", "tool0": "T"}.get(key, f"T{key.removeprefix('tool')}")
        actual = number(table, key, "actual")
        if actual is not None and name.isalnum() and name.isascii() and len(name) < 4:
            found[name] = Reading(actual, number(table, key, "target"))
    return found
