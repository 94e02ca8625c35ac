"""What a server tells by itself: a websocket that a thread keeps open, for drivers that would rather not ask.

A channel does not know its server's language. Two functions of the driver do: `hello` makes the messages to begin with,
and `take` folds each message that comes into what is known. A channel that cannot be had, or dies, is tried again, ever
less often; meanwhile nothing is known and the driver asks. As with answers (`web.py`), nothing is trusted: sizes are
bounded, nothing is unpacked, nothing is followed elsewhere, and what is no JSON is nothing.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from printer.clock import WallClock
from printer.drivers.web import CONNECT_S, LARGEST_ANSWER, Web, decoded
from printer.errors import PrinterError
from printer.events import Event
from printer.text import plain

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

CLOCK = WallClock()
LOOK_S = 0.1
"""Seconds between two looks whether the channel is still wanted."""

PING_S = 5.0
"""Between two pings; one that is not answered for twice as long ends a connection that is dead at the other end."""

FIRST_S = 10.0
"""For so long a server may say nothing that we understand."""

WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before the next attempt, after so many failures."""

ENOUGH = 3
"""Failures one after the other that are worth telling."""

MOST_HEARD = 10_000
"""Events kept for a listener that does not come."""

QUIET = logging.Logger("push")
QUIET.addHandler(logging.NullHandler())


class Told(NamedTuple):
    """What a message means.

    known   all that the server has told so far; empty: it is there and has nothing to tell; None: nothing new
    events  what has happened
    again   whether the channel has to be opened anew
    """

    known: Mapping[str, Any] | None = None
    events: Sequence[Event] = ()
    again: bool = False


class Channel:
    """The push channel of one server, opened at the first `open`.

    known     what the server has told; empty where there is nothing to go by
    alive     whether it is open, and understood
    trouble   why it cannot be had; "" as long as that may pass

    Made of the websocket's path behind the server's address, and

    hello     what to say first; may ask the server, and raise `DriverError`
    take      what is known and a message, of any shape -> `Told`; must not raise
    """

    def __init__(
        self,
        web: Web,
        path: str,
        hello: Callable[[], Sequence[Any]],
        take: Callable[[Mapping[str, Any], Any], Told],
    ) -> None:
        self.known: Mapping[str, Any] = {}
        self.alive = False
        self.trouble = ""
        self._web, self._path, self._hello, self._take = web, path, hello, take
        self._heard: deque[Event] = deque(maxlen=MOST_HEARD)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0

    def open(self) -> None:
        """Begin to listen, in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="push", daemon=True)
            self._thread.start()

    def heard(self) -> list[Event]:
        """Return all that has happened since the last call."""
        found = []
        while self._heard:
            found.append(self._heard.popleft())
        return found

    def note(self, event: Event) -> None:
        """Put down what the driver has learned in another way."""
        self._heard.append(event)

    def close(self) -> None:
        """Listen no more."""
        self._over.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        """Listen; where that ends, wait and listen again."""
        while not self._over.is_set():
            reason = self._listen()
            self._failures += 1
            if self._failures >= ENOUGH:
                self.trouble = reason
            self._over.wait(WAITS_S[min(self._failures, len(WAITS_S)) - 1])

    def _listen(self) -> str:
        """Follow one connection to its end; return why it has ended."""
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        try:
            hello = self._hello()
            with connect(
                "ws" + self._web.address.removeprefix("http") + self._path,
                sock=self._dialled(),  # our own: no redirect is followed with it, to where the key would go along
                additional_headers=self._web.headers,
                user_agent_header=None,
                ssl=self._web.trust,
                proxy=None,
                compression=None,
                open_timeout=CONNECT_S,
                close_timeout=1.0,
                ping_interval=PING_S,
                ping_timeout=2 * PING_S,
                max_size=LARGEST_ANSWER,
                logger=QUIET,
            ) as connection:
                for message in hello:
                    connection.send(json.dumps(message))
                return self._follow(connection)
        except (WebSocketException, PrinterError, OSError, ValueError) as error:  # ValueError: a redirect, an address
            return plain(error, 200) or type(error).__name__
        finally:
            self.known, self.alive = {}, False

    def _dialled(self) -> socket.socket:
        """Return a connection to the server."""
        where = urlsplit(self._web.address)
        port = where.port or (443 if where.scheme == "https" else 80)
        dialled = socket.create_connection((where.hostname or "", port), CONNECT_S)
        dialled.settimeout(None)  # from here on `websockets` watches the time
        return dialled

    def _follow(self, connection: ClientConnection) -> str:
        """Take in messages until the channel is not wanted any more; return why not."""
        until = CLOCK.now() + FIRST_S
        while not self._over.is_set():
            try:
                message = decoded(connection.recv(timeout=LOOK_S))
            except TimeoutError:
                message = None
            told = Told() if message is None else self._take(self.known, message)
            self._heard.extend(told.events)
            if told.again:
                return "the server wants it opened anew"
            if told.known is not None:
                self.known, self.alive, self._failures, self.trouble = told.known, True, 0, ""
            if not self.alive and CLOCK.now() > until:
                return "nothing comes through it"
        return ""
