"""What servers tell by themselves: understood, never believed blindly, and done without when it fails."""

import json
import socket
import threading
from contextlib import closing

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from push_server import CERTIFICATE, PushServer, Relay, answers, until

from fabthread.cli import root
from printer.config import Printer, Secret
from printer.drivers import moonraker, octoprint, push
from printer.drivers.base import Status
from printer.drivers.moonraker import Moonraker
from printer.drivers.octoprint import OctoPrint
from printer.drivers.polling import Polling
from printer.drivers.prusalink import PrusaLink
from printer.drivers.web import Web
from printer.errors import DriverError
from printer.events import Completed, Message
from printer.notices import Asked, Changed, Disconnected, Reconnected, Warned
from printer.program import load

KEY = Secret(key="sesame")
GCODE = b"G28\nM104 S200\n;LAYER:0\nG1 X10 E1 F1200\n;LAYER:1\nG1 X20 E1\nG1 X10 E2\n"

IDLE = {"operational": True, "printing": False, "closedOrError": False, "error": False}
PRINTING = IDLE | {"printing": True}
HEAT = {"time": 1, "tool0": {"actual": 199.5, "target": 200}, "bed": {"actual": 60, "target": 60}}


def current(flags=IDLE, kind="current", **more):
    """Return a message of OctoPrint's about its state."""
    job = {"job": {"file": {"name": "part.gcode"}}, "progress": {"completion": 50.0, "filepos": 20, "printTime": 9}}
    return {kind: {"state": {"text": "?", "flags": flags, "error": ""}, "temps": [], "logs": [], **job, **more}}


def subscribed(state="standby", **more):
    """Return Moonraker's answer to our subscription."""
    known = {
        "webhooks": {"state": "ready"},
        "print_stats": {"state": state, "filename": "part.gcode", "info": {"current_layer": 1, "total_layer": 2}},
        "extruder": {"temperature": 199.5, "target": 200.0},
    }
    return {"jsonrpc": "2.0", "id": moonraker.SUBSCRIBE, "result": {"status": known | more, "eventtime": 1.0}}


def update(**news):
    return {"jsonrpc": "2.0", "method": "notify_status_update", "params": [news, 2.0]}


OCTO = {"/api/version": {"api": "0.1"}, "/api/login": {"name": "me", "session": "s3"},
        "/api/job": current()["current"], "/api/printer": {"state": {"flags": IDLE}}}  # fmt: skip
MOON = {"/server/info": {"result": {"klippy_state": "ready"}}, "/printer/objects/query": subscribed()}


@pytest.fixture
def quick(monkeypatch):
    """Failures follow each other fast."""
    monkeypatch.setattr(push, "WAITS_S", (0.01,))
    monkeypatch.setattr(push, "CONNECT_S", 1.0)
    monkeypatch.setattr(push, "LOOK_S", 0.02)


@pytest.fixture
def served(quick):
    """Makes servers, and stops them."""
    made = []

    def make(*greetings, **options):
        made.append(PushServer(*greetings, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "push"]


def octo(server, path=""):
    table = {path + key: value for key, value in OCTO.items()}
    return OctoPrint(server.address + path, KEY, transport=answers(table))


def moon(server):
    return Moonraker(server.address, KEY, transport=answers(MOON))


# ---------------------------------------------------------------- what messages mean


def test_octoprints_state_is_pushed_with_the_readings_that_were_there(served):
    server = served(current(kind="history", temps=[HEAT]))
    with closing(octo(server)) as driver:
        assert driver.pushed() is None
        driver.channel.open()
        until(lambda: driver.channel.alive)
        heaters = {"T": (199.5, 200.0), "B": (60.0, 60.0)}
        assert driver.pushed() == Status("idle", "", "part.gcode", 0.5, elapsed_s=9.0, position=20, heaters=heaters)
        server.say(current(PRINTING))
        until(lambda: driver.pushed().state == "printing")
        assert driver.pushed().heaters["T"] == (199.5, 200.0)
        server.say(current(PRINTING | {"operational": False}))
        until(lambda: driver.pushed().heaters == {})
        until(lambda: len(server.got) == 2)
        assert server.got == [{"auth": "me:s3"}, {"subscribe": octoprint.WANTED}]
        assert server.asked[0][0] == "/sockjs/websocket"


def test_octoprints_log_tells_what_the_printer_said_and_what_is_done():
    logs = ["Send: N3 M114*37", "Send: G28", "Recv: X:1.00 Y:2.00", "Recv: ok", "Recv: ok P15", "Recv: \x1b[2J", 5]
    told = octoprint.taken({}, current(logs=logs))
    assert told.events == [
        Message("X:1.00 Y:2.00"), Message("ok"), Completed("M114"), Message("ok P15"), Completed("G28"),
        Message("·[2J"),
    ]  # fmt: skip
    assert octoprint.taken({}, current(kind="history", logs=logs)).events == ()  # that was before us


def test_a_print_that_octoprint_gave_up_says_why(served):
    server = served(current(PRINTING, kind="history"))
    with closing(octo(server)) as driver:
        driver.channel.open()
        driver._began = True
        until(lambda: driver.channel.alive)
        payload = {"reason": "error", "error": "no line number"}
        server.say({"event": {"type": "PrintFailed", "payload": payload}}, {"event": {"type": "ZChange"}}, current())
        until(lambda: driver.pushed().state == "failed")
        assert driver.pushed().reason == "no line number"


def test_the_printers_question_comes_through_octoprint():
    def message(**data):
        return {"plugin": {"plugin": "action_command_prompt", "data": data}}

    known = octoprint.taken({}, current()).known
    asked = octoprint.taken(known, message(action="show", text="Go on?", choices=["yes", "no"])).known
    assert asked["asks"] == Asked("Go on?", ("yes", "no"))
    assert octoprint.taken(asked, message(action="close")).known["asks"] is None


def test_moonrakers_updates_are_merged(served):
    server = served(subscribed("printing"))
    with closing(moon(server)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)
        assert (driver.pushed().state, driver.pushed().layer, driver.pushed().layers) == ("printing", 0, 2)
        server.say(
            update(extruder={"temperature": 201.0}, toolhead={"junk": 1}), update(print_stats={"state": "paused"})
        )
        until(lambda: driver.pushed().state == "paused")
        assert driver.pushed().heaters["T"] == (201.0, 200.0)
        assert driver.pushed().file == "part.gcode"
        assert "toolhead" not in driver.channel.known
        path, headers = server.asked[0]
        assert (path, headers["X-Api-Key"]) == ("/websocket", "sesame")
        assert [each["method"] for each in server.got] == ["server.connection.identify", "printer.objects.subscribe"]


@pytest.mark.parametrize(
    "news", [{"method": "notify_klippy_shutdown"}, {"method": "notify_klippy_disconnected"},
             update(webhooks={"state": "shutdown"})],
)  # fmt: skip
def test_what_klipper_knew_is_forgotten_when_it_stops(news):
    known = moonraker.taken({}, subscribed("printing")).known
    assert moonraker.taken(known, news).known == {}


def test_klipper_is_subscribed_to_anew_when_it_is_ready_again(served):
    server = served(subscribed())
    with closing(moon(server)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)
        server.say({"jsonrpc": "2.0", "method": "notify_klippy_ready"})
        until(lambda: len(server.asked) == 2 and driver.channel.alive)


def test_what_klipper_answers_is_heard():
    told = moonraker.taken({}, {"method": "notify_gcode_response", "params": ["// one\n!! \x1b[31mtwo"]})
    assert told.events == [Message("// one"), Message("!! ·[31mtwo")]


WORDS = ["current", "history", "event", "plugin", "state", "flags", "temps", "logs", "job", "progress", "type", "data"]
WORDS += [
    "method",
    "params",
    "id",
    "result",
    "status",
    "print_stats",
    "webhooks",
    "extruder",
    "info",
    "resends",
    "data",
]
leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
leaves |= st.sampled_from(["\x1b]0;x\x07", "notify_status_update", "action_command_prompt", "show", "ready", 2])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=20,
)


@given(st.lists(values, max_size=4))
def test_no_shape_of_a_message_is_a_traceback(messages):
    drivers = [
        (OctoPrint("http://printer.local", KEY, transport=answers(OCTO)), octoprint.taken, current()),
        (Moonraker("http://printer.local", KEY, transport=answers(MOON)), moonraker.taken, subscribed()),
    ]
    for driver, take, first in drivers:
        with closing(driver):
            for message in [first, *messages]:
                told = take(driver.channel.known, message)
                driver.channel.known = driver.channel.known if told.known is None else told.known
                for event in told.events:
                    assert event.text.isprintable() if isinstance(event, Message) else event.line.isprintable()
                if status := driver.pushed():
                    texts = (status.reason, status.file, *status.heaters, *((status.asks.text,) if status.asks else ()))
                    assert all(text.isprintable() for text in texts)
                    assert 0.0 <= status.done <= 1.0


# ---------------------------------------------------------------- what may become of a channel


def test_garbage_is_passed_over(served):
    server = served("{", b"\xff\xfe\x00", "[" * 100_000, "null", "9" * 5000, [], current(kind="history"))
    with closing(octo(server)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)
        assert len(server.asked) == 1


def test_what_is_too_large_ends_the_connection(served, monkeypatch):
    monkeypatch.setattr(push, "LARGEST_ANSWER", 1 << 16)
    server = served(json.dumps({"current": "x" * (1 << 17)}))
    with closing(octo(server)) as driver:
        driver.channel.open()
        until(lambda: "1009" in driver.channel.trouble)
        assert driver.pushed() is None


def test_a_connection_that_is_dead_at_the_other_end_is_noticed(served, monkeypatch):
    monkeypatch.setattr(push, "PING_S", 0.1)
    server = served(current(kind="history"))
    with closing(Relay(server.port)) as relay, closing(octo(relay)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)
        relay.half_open.set()
        until(lambda: not driver.channel.alive)


def test_a_server_that_says_nothing_is_given_up(served, monkeypatch):
    monkeypatch.setattr(push, "FIRST_S", 0.05)
    with closing(octo(served())) as driver:
        driver.channel.open()
        until(lambda: "nothing comes" in driver.channel.trouble)


def test_a_server_that_does_not_even_greet_is_given_up(quick, monkeypatch):
    monkeypatch.setattr(push, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with closing(Moonraker(address, KEY, transport=answers(MOON))) as driver:
            driver.channel.open()
            until(lambda: "timed out" in driver.channel.trouble)


def test_a_login_that_has_expired_is_renewed(served):
    server = served(current(kind="history"))
    with closing(octo(server)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)
        server.say({"reauthRequired": {"reason": "stale"}})
        until(lambda: len(server.asked) == 2 and driver.channel.alive)
        until(lambda: sum("auth" in each for each in server.got) == 2)


def test_a_key_that_is_refused_is_the_trouble(served):
    with closing(OctoPrint(served().address, KEY, transport=answers(OCTO, refused="/api/login"))) as driver:
        driver.channel.open()
        until(lambda: "does not let us in" in driver.channel.trouble)


def test_a_channel_is_found_behind_a_path_and_past_proxies(served, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = served(current(kind="history"))
    with closing(octo(server, "/octoprint")) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)
        assert server.asked[0][0] == "/octoprint/sockjs/websocket"


def test_a_redirect_does_not_take_the_key_along(served):

    elsewhere = served(subscribed())
    server = served(redirect=elsewhere.address.replace("http", "ws") + "/websocket")
    with closing(moon(server)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.trouble)
        assert not elsewhere.asked


def test_a_certificate_that_nobody_signed_is_refused_until_it_is_named(served, monkeypatch):
    server = served(subscribed(), tls=True)
    with pytest.raises(DriverError, match="SSL_CERT_FILE"):
        Web(server.address).get("/")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with closing(moon(server)) as driver:
        driver.channel.open()
        until(lambda: driver.channel.alive)


# ---------------------------------------------------------------- following a print


def follow(polling, true):
    """Look until something is true; return what happened."""
    events = []

    def look():
        events.extend(each.event for each in polling.heard())
        return true(events)

    until(look)
    return events


def test_an_end_is_asked_for_before_it_is_believed(served):
    """The end of the job before ours is still on its way when ours begins."""
    server = served(subscribed("complete"))
    table = MOON | {"/printer/objects/query": subscribed("printing")}
    with closing(Moonraker(server.address, KEY, transport=answers(table))) as driver:
        polling = Polling(driver, load(GCODE))
        until(lambda: driver.channel.alive)
        assert driver.pushed().over
        events = follow(polling, lambda events: events)
        assert events[0] == Changed("printing")
        table["/printer/objects/query"] = subscribed("complete")
        follow(polling, lambda events: polling.status().over)


def test_a_print_is_followed_through_the_servers_restart(served):
    server = served(current(PRINTING, kind="history"))
    table = OCTO | {"/api/printer": {"state": {"flags": PRINTING}}}
    with closing(OctoPrint(server.address, KEY, transport=answers(table))) as driver:
        driver._began = True
        polling = Polling(driver, load(GCODE))
        follow(polling, lambda events: Changed("printing") in events)
        kept = dict(table)
        table.clear()
        server.stop()
        follow(polling, lambda events: any(isinstance(each, Disconnected) for each in events))
        table.update(kept)
        server.start()
        follow(polling, lambda events: any(isinstance(each, Reconnected) for each in events))
        assert polling.status().state == "printing"


def test_without_a_channel_the_server_is_asked_and_that_is_said_once(served):
    server = served()
    server.stop()
    with closing(moon(server)) as driver:
        polling = Polling(driver)
        until(lambda: driver.channel.trouble)
        events = follow(polling, lambda events: any(isinstance(each, Warned) for each in events))
        events += [each.event for _ in range(5) for each in polling.heard()]
        (warning,) = [each for each in events if isinstance(each, Warned)]
        assert "asked once a second" in warning.message
        assert polling.status().state == "idle"
    server.start()


def test_what_the_printer_complains_of_is_told(served):
    server = served(subscribed("printing"))
    with closing(moon(server)) as driver:
        polling = Polling(driver)
        until(lambda: driver.channel.alive)
        server.say({"method": "notify_gcode_response", "params": ["!! Move out of range"]}, update())
        events = follow(polling, lambda events: any(isinstance(each, Warned) for each in events))
        assert Warned("!! Move out of range") in events


# ---------------------------------------------------------------- the terminal


@pytest.fixture
def say(monkeypatch):
    """Talks to a server's driver on the command line."""

    def talk(driver, *lines):
        monkeypatch.setattr("fabthread.terminal_cli.chosen", lambda *_: (Printer("it", "octoprint", "-"), KEY))
        monkeypatch.setattr("printer.drivers.ways.remote", lambda *_: driver)
        return CliRunner().invoke(root, ["terminal", *(part for line in lines for part in ("-c", line))])

    return talk


def test_the_terminal_waits_for_the_answer_and_shows_it(served, say):
    server = served(current(kind="history", logs=["Recv: long ago"]))

    def answer(request):
        if request.url.path == "/api/printer/command":
            (line,) = json.loads(request.read())["commands"]
            told = ["Recv: T:20.0 /0.0", f"Send: {line}", "Recv: X:1.00 \x1b[2J", "Recv: wait", "Recv: ok"]
            server.say(current(logs=told[:2]), current(logs=told[2:]))
        return answers(OCTO | {"/api/printer/command": {}}).handle_request(request)

    said = say(OctoPrint(server.address, KEY, transport=httpx.MockTransport(answer)), "M114", "; nothing")
    assert (said.exit_code, said.output) == (0, "X:1.00 ·[2J\n")


def test_without_a_channel_lines_are_said_all_the_same(served, say, monkeypatch):
    monkeypatch.setattr("fabthread.terminal_cli.CHANNEL_S", 0.2)
    server = served()
    server.stop()
    got = []

    def answer(request):
        got.append(request.url.path)
        return answers(OCTO | {"/api/printer/command": {}}).handle_request(request)

    said = say(OctoPrint(server.address, KEY, transport=httpx.MockTransport(answer)), "M114")
    assert said.exit_code == 0
    assert "answers cannot be shown, lines are sent all the same" in said.output
    assert "/api/printer/command" in got
    server.start()


def test_what_takes_no_lines_says_so(say):
    table = {"/api/version": {"text": "PrusaLink"}, "/api/v1/storage": {"storage_list": [{"path": "/usb"}]}}
    said = say(PrusaLink("http://printer.local", KEY, transport=answers(table)), "M114")
    assert "takes no G-code lines" in str(said.exception)
