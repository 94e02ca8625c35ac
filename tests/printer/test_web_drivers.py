"""Servers as they document themselves, as small models of our own; and servers that lie, stall and shout."""

from contextlib import closing, suppress
from json import dumps, loads
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printer.config import Secret
from printer.drivers import web
from printer.drivers.base import Status, safe_name
from printer.drivers.moonraker import Moonraker
from printer.drivers.octoprint import OctoPrint
from printer.drivers.polling import Polling
from printer.drivers.prusalink import PrusaLink
from printer.drivers.web import Web, dig, number, segments, text
from printer.errors import DriverError, ImpossibleAction, PrinterError
from printer.events import Temperatures
from printer.notices import Changed, Disconnected, Layer, Reconnected
from printer.program import load

KEY = Secret(key="sesame")
GCODE = b"G28\nM104 S200\n;LAYER:0\nG1 X10 E1 F1200\n;LAYER:1\nG1 X20 E1\nG1 X10 E2\n"


def said(status: int, *, json: object = None, content=None, headers=None) -> httpx.Response:
    """Return an answer that is still to be read, as from a socket."""
    raw = content if content is not None else b"" if json is None else dumps(json).encode()
    body = (
        httpx.ByteStream(raw.encode() if isinstance(raw, str) else raw)
        if isinstance(raw, str | bytes)
        else Endless(raw)
    )
    return httpx.Response(status, headers=headers, stream=body)


class Endless(httpx.SyncByteStream):
    """A body made piece by piece."""

    def __init__(self, pieces) -> None:
        self.pieces = pieces

    def __iter__(self):
        return iter(self.pieces)


class Server:
    """A server in this process: what it was asked, and what it prints."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.printing = ""
        self.state = "idle"
        self.done = 0.0

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        path = unquote(request.url.raw_path.decode().split("?")[0])
        self.asked.append((request.method, path))
        if request.headers.get("X-Api-Key") != "sesame":
            return said(403, json={"error": "You don't have the permission"})
        found = self.serve(request.method, path, request)
        return found if isinstance(found, httpx.Response) else said(200, json=found)

    def serve(self, method, path, request):
        raise NotImplementedError

    def order(self, what: str):
        before = {"pause": "printing", "resume": "paused"}.get(what, self.state)
        if self.state != before or self.state == "idle":
            return said(409, json={"error": f"cannot {what}"})
        self.state = {"pause": "paused", "resume": "printing", "cancel": "cancelled"}[what]
        return said(204)


def uploaded(request: httpx.Request) -> tuple[str, bytes]:
    """Return the file of a multipart form."""
    boundary = request.headers["content-type"].split("boundary=")[1].encode()
    for part in request.content.split(b"--" + boundary):
        head, _, body = part.partition(b"\r\n\r\n")
        if b"filename=" in head:
            return head.split(b'filename="')[1].split(b'"')[0].decode(), body[:-2]
    raise AssertionError("no file in the form")


class OctoServer(Server):
    connected = True

    def serve(self, method, path, request):
        asked = loads(request.content) if request.headers.get("content-type") == "application/json" else {}
        if path == "/api/version":
            return {"api": "0.1", "server": "1.11.8", "text": "OctoPrint 1.11.8"}
        if path == "/api/connection":
            self.connected |= asked.get("command") == "connect"
            return {"current": {"state": "Operational" if self.connected else "Closed"}}
        if path == "/api/files/local" and method == "POST":
            name, data = uploaded(request)
            self.files[name] = data
            return said(201, json={"files": {"local": {"name": name, "path": name}}, "done": True})
        if path == "/api/files/local":
            folder = {
                "type": "folder",
                "name": "sub",
                "path": "sub",
                "children": [{"type": "machinecode", "name": "b.gcode", "path": "sub/b.gcode", "size": 7}],
            }
            return {
                "files": [folder, *({"type": "machinecode", "path": n, "size": len(d)} for n, d in self.files.items())]
            }
        if path.startswith("/api/files/local/"):
            assert asked == {"command": "select", "print": True}
            self.printing, self.state = path.removeprefix("/api/files/local/"), "printing"
            return said(204)
        if path == "/api/job" and method == "POST":
            return self.order(asked["action"] if asked["command"] == "pause" else asked["command"])
        if path == "/api/job":
            progress = {
                "completion": 100 * self.done,
                "filepos": int(self.done * len(GCODE)),
                "printTime": 9,
                "printTimeLeft": 8,
            }
            return {"job": {"file": {"name": self.printing}}, "progress": progress, "state": "?"}
        if path == "/api/printer":
            flags = {
                "operational": True,
                "closedOrError": False,
                "error": False,
                "printing": self.state == "printing",
                "paused": self.state == "paused",
            }
            heat = {"tool0": {"actual": 199.5, "target": 200}, "bed": {"actual": 60, "target": 60}}
            return {"temperature": heat, "state": {"text": "?", "flags": flags, "error": ""}}
        if path == "/api/printer/command":
            self.said = asked["commands"]
            return said(204)
        return said(404, json={"error": "?"})

    def finish(self):
        self.state, self.done = "idle", 1.0


class MoonServer(Server):
    def serve(self, method, path, request):
        if path == "/server/info":
            return {"result": {"klippy_state": "ready", "moonraker_version": "v0.9"}}
        if path == "/server/files/upload":
            name, data = uploaded(request)
            self.files[name] = data
            return said(201, json={"item": {"path": name, "root": "gcodes"}})
        if path == "/server/files/list":
            return {"result": [{"path": n, "size": len(d)} for n, d in self.files.items()]}
        if path == "/printer/print/start":
            self.printing, self.state = loads(request.content)["filename"], "printing"
            return {"result": "ok"}
        if path.startswith("/printer/print/"):
            answer = self.order(path.rsplit("/", 1)[1])
            return {"result": "ok"} if answer.status_code == 204 else said(400, json={"error": {"message": "no"}})
        if path == "/printer/objects/query":
            names = {"idle": "standby", "done": "complete"}
            stats = {
                "state": names.get(self.state, self.state),
                "filename": self.printing,
                "print_duration": 8.0,
                "total_duration": 9.0,
                "filament_used": 1.5,
                "message": "",
                "info": {"current_layer": 2, "total_layer": 2},
            }
            return {
                "result": {
                    "status": {
                        "print_stats": stats,
                        "virtual_sdcard": {"progress": self.done, "file_position": int(self.done * len(GCODE))},
                        "extruder": {"temperature": 199.5, "target": 200.0},
                        "heater_bed": {"temperature": 60.0, "target": 60.0},
                        "gcode_move": {"speed_factor": 1.1, "extrude_factor": 1.0},
                    }
                }
            }
        if path == "/printer/gcode/script":
            self.said = loads(request.content)["script"].split("\n")
            return {"result": "ok"}
        return said(404, json={"error": {"message": "?"}})

    def finish(self):
        self.state, self.done = "done", 1.0


class PrusaServer(Server):
    id = 7

    def serve(self, method, path, request):
        if path == "/api/version":
            return {"api": "2.0.0", "text": "PrusaLink", "server": "2.1.2"}
        if path == "/api/v1/storage":
            return {"storage_list": [{"path": "/local", "read_only": True}, {"path": "/usb", "available": True}]}
        if path == "/api/v1/files/usb":
            return {"children": [{"name": n, "type": "PRINT_FILE", "size": len(d)} for n, d in self.files.items()]}
        if path.startswith("/api/v1/files/usb/"):
            name = path.removeprefix("/api/v1/files/usb/")
            if method == "PUT":
                assert request.headers["Overwrite"] == "?1"
                self.files[name] = request.content
                return said(201)
            self.printing, self.state = name, "printing"
            return said(204)
        job = {
            "id": self.id,
            "progress": 100 * self.done,
            "time_printing": 9,
            "time_remaining": 8,
            "file": {"name": self.printing},
        }
        if path == "/api/v1/job":
            return job if self.printing and self.state != "idle" else said(204)
        if path.startswith("/api/v1/job/7"):
            return self.order("cancel" if method == "DELETE" else path.rsplit("/", 1)[1])
        if path == "/api/v1/status":
            names = {"cancelled": "STOPPED", "done": "FINISHED"}
            printer = {
                "state": names.get(self.state, self.state.upper()),
                "temp_nozzle": 199.5,
                "target_nozzle": 200.0,
                "temp_bed": 60.0,
                "target_bed": 60.0,
                "speed": 110,
                "flow": 100,
            }
            return {"printer": printer, "job": job if self.state in ("printing", "paused") else None}
        return said(404)

    def finish(self):
        self.state, self.done = "done", 1.0


KINDS = [(OctoPrint, OctoServer), (Moonraker, MoonServer), (PrusaLink, PrusaServer)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind[0].__name__)
def pair(request):
    """A driver and the server that it talks to."""
    kind, server = request.param[0], request.param[1]()
    driver = kind("http://printer.local", KEY, transport=server.transport)
    yield driver, server
    driver.close()


def test_one_interface_prints_on_every_server(pair):
    driver, server = pair
    assert driver.status().state == "idle"
    name = driver.upload(GCODE, "../../etc/part one.gcode")
    assert server.files == {"part_one.gcode": GCODE}
    assert any(file.name == name and file.size == len(GCODE) for file in driver.files())
    driver.start(name)
    server.done = 0.5
    status = driver.status()
    assert (status.state, status.done, server.printing) == ("printing", 0.5, "part_one.gcode")
    assert status.heaters["T"] == (199.5, 200.0)
    assert status.heaters["B"] == (60.0, 60.0)
    driver.pause()
    assert driver.status().state == "paused"
    driver.resume()
    assert driver.status().state == "printing"
    server.finish()
    assert (driver.status().state, driver.status().done) == ("done", 1.0)


def test_a_cancelled_job_is_told_from_a_finished_one(pair):
    driver, server = pair
    driver.start(driver.upload(GCODE, "part.gcode"))
    server.done = 0.3
    driver.cancel()
    if isinstance(server, OctoServer):
        server.state = "idle"
    assert driver.status().state == "cancelled"


def test_what_makes_no_sense_now_is_refused(pair):
    driver, _ = pair
    with pytest.raises((ImpossibleAction, DriverError)):
        driver.resume()


def test_the_wrong_key_is_a_clear_error():
    for kind, server in KINDS:
        with pytest.raises(DriverError, match="does not let us in"):
            kind("http://printer.local", Secret(key="wrong"), transport=server().transport)


def test_a_server_of_another_kind_is_refused():
    transport = httpx.MockTransport(lambda request: said(200, json={"hello": "world"}))
    for kind, _ in KINDS:
        with pytest.raises(DriverError, match="is no "):
            kind("http://printer.local", KEY, transport=transport)


@pytest.mark.parametrize("kind", [OctoPrint, Moonraker])
def test_overrides_and_lines_go_through_servers_that_take_them(kind):
    server = dict(KINDS)[kind]()
    driver = kind("http://printer.local", KEY, transport=server.transport)
    driver.override(feed=110, fan=50)
    assert server.said == ["M220 S110", "M106 S127"]
    with pytest.raises(ImpossibleAction, match="out of range"):
        driver.override(nozzle=900)
    driver.close()


def test_octoprint_is_told_to_connect_first():
    server = OctoServer()
    server.connected = False
    driver = OctoPrint("http://printer.local", KEY, transport=server.transport, clock=FakeClock())
    driver.start(driver.upload(GCODE, "part.gcode"))
    assert server.connected
    driver.close()


def test_the_end_of_the_job_before_is_not_the_end_of_ours():
    server = PrusaServer()
    driver = PrusaLink("http://printer.local", KEY, transport=server.transport)
    driver.start(driver.upload(GCODE, "part.gcode"))
    server.finish()
    assert driver.status().state == "done"
    driver.start("part.gcode")
    server.state = "done"  # it has not noticed yet
    assert driver.status().state == "starting"
    server.id = 8
    assert driver.status().state == "done"
    driver.close()


# ---------------------------------------------------------------- what a server may do to us


def hostile(answer) -> Web:
    return Web("http://printer.local", transport=httpx.MockTransport(answer))


def test_an_endless_answer_is_cut_off(monkeypatch):
    def endless(request):
        def body():
            while True:
                yield b"[" * 65536

        return said(200, content=body())

    with pytest.raises(DriverError, match="more than 4 MiB"):
        hostile(endless).get("/")


def test_a_bomb_is_not_unpacked():
    packed = said(200, headers={"content-encoding": "gzip"}, content=b"\x1f\x8b not really")
    assert hostile(lambda request: packed).get("/").data is None


def test_redirects_do_not_take_the_key_along():
    seen = []

    def elsewhere(request):
        seen.append(request.url.host)
        return said(302, headers={"location": "http://evil.example/"})

    with pytest.raises(DriverError, match="elsewhere"):
        hostile(elsewhere).get("/")
    assert seen == ["printer.local"]


def test_deep_nesting_is_no_crash():
    assert hostile(lambda request: said(200, content=b"[" * 200_000)).get("/").data is None


@pytest.mark.parametrize(
    "address", ["", "ftp://host", "http://", "http://a b", "http://host:99999", "http://u:p@host", "a\nb", "http://[::"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(DriverError):
        Web(address)


@pytest.mark.parametrize("name", ["../secret", "a/../../b", "/etc/passwd", "a//b", "", "a\x1b[2J"])
def test_no_name_of_a_server_points_elsewhere(name):
    with pytest.raises(DriverError, match="can be called"):
        segments(name)


WORDS = [
    "result",
    "status",
    "printer",
    "job",
    "file",
    "files",
    "state",
    "flags",
    "error",
    "temperature",
    "tool0",
    "name",
]
WORDS += ["actual", "progress", "print_stats", "extruder", "children", "path", "info", "\x1b[31m"]
leaves = (
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.sampled_from(["\x1b]0;x\x07", "PRINTING"])
)
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=25,
)


@given(json_values)
def test_no_shape_of_an_answer_is_a_traceback(data):
    """Whatever a server says becomes a status without control characters, or an error of ours."""
    good = {"/api/version": {"api": "1", "text": "PrusaLink"}, "/server/info": {"result": {"klippy_state": "ready"}},
            "/api/v1/storage": {"storage_list": [{"path": "/usb"}]}}  # fmt: skip

    def answer(request):
        known = good.get(request.url.path)
        return said(200, content=dumps(data if known is None else known))

    for kind, _ in KINDS:
        driver = kind("http://printer.local", KEY, transport=httpx.MockTransport(answer))
        with closing(driver), suppress(PrinterError):
            status = driver.status()
            assert 0.0 <= status.done <= 1.0
            names = [file.name for file in driver.files()]
            for text in (status.reason, status.file, status.firmware, *status.heaters, *names):
                assert text.isprintable()


@given(st.text())
def test_any_name_becomes_a_safe_one(name):
    safe = safe_name(name)
    assert safe.isascii()
    assert not set(safe) & set('/\\:*?"<>| \n\x00')
    assert not safe.startswith((".", "-"))
    assert len(safe) <= 100
    assert segments(safe) == safe.replace("+", "%2B").replace("(", "%28").replace(")", "%29")


def test_figures_are_finite_and_texts_plain():
    assert number({"a": float("nan")}, "a") is None
    assert number({"a": True}, "a") is None
    assert number({"a": 10**400}, "a") is None
    assert text({"a": "\x1b[2Jx\n"}, "a") == "·[2Jx "
    assert dig([1, 2], 5) is None
    assert web.share(None) == 0.0


# ---------------------------------------------------------------- what happened, from answers only


class FakeClock:
    time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Script:
    """A driver that answers from a list; an exception is raised."""

    channel = None

    def __init__(self, *answers) -> None:
        self.answers = list(answers)

    def pushed(self):
        return None

    def status(self):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def listen(script, steps, program=None):
    clock = FakeClock()
    polling = Polling(script, program, clock)
    heard = []
    for _ in range(steps):
        heard += polling.heard()
        clock.sleep(1.0)
    return polling, heard


def test_polling_tells_what_is_new():
    program = load(GCODE)
    end = int(program.end[-1])
    heat = {"T": (200.0, 200.0)}
    script = Script(
        Status("printing", heaters=heat, position=0),
        Status("printing", heaters=heat, position=end // 2, done=0.4),
        DriverError("away"),
        DriverError("away"),
        Status("done", heaters=heat, done=1.0, position=end),
    )
    polling, heard = listen(script, 8, program)
    kinds = [type(each.event) for each in heard]
    assert kinds[0] is Changed
    assert kinds.count(Changed) == 2
    assert kinds.count(Disconnected) == kinds.count(Reconnected) == 1
    assert kinds.count(Temperatures) == 1
    assert [each.event.state for each in heard if isinstance(each.event, Changed)] == ["printing", "done"]
    assert heard[-1].line == len(program)
    assert polling.status().filament == pytest.approx(program.filament[-1])
    assert Layer not in kinds or program.layers


def test_a_server_that_has_forgotten_the_job_fails_it():
    script = Script(Status("printing"), Status("idle"))
    script.name = "shop"
    polling, _ = listen(script, 70, load(GCODE))
    assert (polling.status().state, polling.status().reason) == ("failed", "shop does not print it any more")


def test_a_server_that_stays_away_is_given_up():
    with pytest.raises(DriverError, match="is not known"):
        listen(Script(Status("printing"), DriverError("away")), 400)
