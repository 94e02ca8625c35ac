"""A server with a push channel, in this process: it says what a test lets it say, and can fall silent, lie or die."""

import json
import select
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from time import monotonic, sleep

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

CERTIFICATE = Path(__file__).with_name("self_signed.pem")
"""Signed by nobody but itself, for this host and this test."""


class PushServer:
    """Connections are greeted with `greetings`; what is put into `outbox` goes to whoever is connected.

    asked   paths and headers of all connections, the newest last
    got     messages that came in
    """

    def __init__(self, *greetings, tls: bool = False, redirect: str = "") -> None:
        self.greetings, self.outbox, self.asked, self.got = list(greetings), Queue(), [], []
        self.hang_up, self._tls, self._redirect = Event(), tls, redirect
        self._server, self.port = None, 0
        self.start()

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        trust = None
        if self._tls:
            trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trust.load_cert_chain(CERTIFICATE)
        self.hang_up.clear()
        self._server = serve(
            self._meet,
            "127.0.0.1",
            self.port,
            ssl=trust,
            close_timeout=0.2,
            max_size=None,
            process_request=self._send_away,
        )
        self.port = self._server.socket.getsockname()[1]
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        """Die."""
        self.hang_up.set()
        self._server.shutdown()
        self._thread.join()

    def say(self, *messages) -> None:
        """Send messages: JSON, or text and bytes as they are."""
        for message in messages:
            self.outbox.put(message)

    def _send_away(self, connection, request):
        if not self._redirect:
            return None
        answer = connection.respond(302, "")
        answer.headers["Location"] = self._redirect
        return answer

    def _meet(self, connection) -> None:
        self.asked.append((connection.request.path, connection.request.headers))
        waiting = list(self.greetings)
        with suppress(ConnectionClosed):
            while not self.hang_up.is_set():
                with suppress(TimeoutError):
                    self.got.append(json.loads(connection.recv(timeout=0.005)))
                with suppress(Empty):
                    waiting.append(self.outbox.get_nowait())
                for message in waiting:
                    connection.send(message if isinstance(message, str | bytes) else json.dumps(message))
                waiting.clear()


class Relay:
    """A connection to a port through something in between, which can stop passing anything on without a word."""

    def __init__(self, port: int) -> None:
        self.half_open, self._over = Event(), Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = Thread(target=self._pass_on, args=(port,))
        self._thread.start()

    def close(self) -> None:
        """Go away."""
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _pass_on(self, port: int) -> None:
        other: dict[socket.socket, socket.socket] = {}
        while not self._over.is_set():
            for each in select.select([self._listener, *other], [], [], 0.02)[0]:
                if each is self._listener:
                    near, far = each.accept()[0], socket.create_connection(("127.0.0.1", port))
                    other |= {near: far, far: near}
                elif not (data := each.recv(65536)):
                    for end in (each, other[each]):
                        del other[end]
                        end.close()
                    break
                elif not self.half_open.is_set():
                    other[each].sendall(data)
        for each in other:
            each.close()


def until(true, seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "it did not happen"
        sleep(0.01)


def answers(table, refused: str = "") -> httpx.MockTransport:
    """Return an HTTP side that answers from a table of paths, and lets nobody in at the one that is refused."""

    def answer(request):
        request.read()
        body = table.get(request.url.path)
        status = 403 if request.url.path == refused else 404 if body is None else 200
        return httpx.Response(status, stream=httpx.ByteStream(json.dumps(body).encode()))

    return httpx.MockTransport(answer)
