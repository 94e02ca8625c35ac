"""A server that is not trusted: answers bounded in size and time, shapes checked, texts made safe to show.

Nothing is followed elsewhere (a redirect could take the key along) and nothing is unpacked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from printer.clock import WallClock
from printer.errors import DriverError, ImpossibleAction
from printer.text import plain

if TYPE_CHECKING:
    import ssl

    import httpx

LARGEST_ANSWER = 4 << 20
CONNECT_S, ANSWER_S, UPLOAD_S = 5.0, 15.0, 600.0
CLOCK = WallClock()
BIGGEST = 1e15
"""No figure of a printer is larger."""


class Answer(NamedTuple):
    """What a server said: its status, and JSON (None where there is none)."""

    status: int
    data: Any


class Web:
    """One server, by its address.

    headers   sent with each request: keys
    digest    user and password, where the server wants these
    transport of httpx, for tests
    trust     what certificates are believed; None where nothing is encrypted
    """

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str] | None = None,
        digest: tuple[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        import httpx

        self.address = _checked(address)
        self.headers = {"User-Agent": "fabthread", **(headers or {})}
        self.trust = _trust() if self.address.startswith("https") else None
        try:
            self._client = httpx.Client(
                base_url=self.address,
                headers={"Accept-Encoding": "identity", **self.headers},
                auth=httpx.DigestAuth(*digest) if digest else None,
                timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
                verify=self.trust or False,  # without encryption there is nothing to verify
                transport=transport,
                follow_redirects=False,
                trust_env=False,
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise DriverError(f"{plain(address)!r} is no address of a server: {plain(error)}") from None

    def get(self, path: str, allow: tuple[int, ...] = ()) -> Answer:
        """Ask for something."""
        return self.call("GET", path, allow=allow)

    def call(
        self, method: str, path: str, *, allow: tuple[int, ...] = (), within: float = ANSWER_S, **content: Any
    ) -> Answer:
        """Send a request, with `json`, `files`, `content` ... as httpx takes them; return the answer.

        Raises `ImpossibleAction` where the server says that it makes no sense now (409), `DriverError` for all else
        that is not success, unless its status is in `allow`.
        """
        with self._mapped():
            deadline = CLOCK.now() + within
            with self._client.stream(method, path, timeout=self._timeout(within), **content) as response:
                body = _bounded(response.iter_raw(), deadline, self.address)
                status = response.status_code
        data = decoded(body)
        if 200 <= status < 300 or status in allow:
            return Answer(status, data)
        raise _refusal(self.address, path, status, data)

    @contextmanager
    def introduced(self) -> Iterator[None]:
        """Close all connections where the server turns out to be none that we want."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    @staticmethod
    def _timeout(within: float) -> Any:
        import httpx

        return httpx.Timeout(ANSWER_S, connect=CONNECT_S, write=within, read=max(ANSWER_S, within / 4))

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Turn httpx's errors into ours."""
        import httpx

        try:
            yield
        except httpx.TimeoutException:
            raise DriverError(f"{self.address} does not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise DriverError(
                    f"{self.address} shows a certificate that nobody we trust has signed: name a file with it in"
                    " SSL_CERT_FILE, or give its http:// address where the network is your own"
                ) from None
            reason = re.sub(r"\[Errno -?\d+\] ", "", plain(error)) or type(error).__name__
            raise DriverError(f"cannot talk to {self.address}: {reason}; is it on, and the address right?") from None


def segments(name: str) -> str:
    """Return a file's name as part of a URL; raise `DriverError` for one that points elsewhere.

    >>> segments("folder/my part.gcode")
    'folder/my%20part.gcode'
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") or not part.isprintable() for part in parts):
        raise DriverError(f"no file can be called {plain(name)!r}")
    return "/".join(quote(part, safe="") for part in parts)


def dig(data: Any, *keys: str | int) -> Any:
    """Return what is found under keys one within the other, None where the shape is another.

    >>> dig({"job": {"file": {"name": "a"}}}, "job", "file", "name"), dig({"job": []}, "job", "file")
    ('a', None)
    """
    for key in keys:
        try:
            data = data[key]  # of anything: what has no such key is not what we look for
        except (KeyError, IndexError, TypeError):
            return None
    return data


def number(data: Any, *keys: str | int) -> float | None:
    """Return a finite number found under keys, None for anything else."""
    value = dig(data, *keys)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -BIGGEST < value < BIGGEST:
        return None
    return float(value) if math.isfinite(value) else None


def text(data: Any, *keys: str | int, most: int = 200) -> str:
    """Return a text found under keys, safe to show; "" for anything else."""
    value = dig(data, *keys)
    return plain(value, most) if isinstance(value, str) else ""


def rows(data: Any, *keys: str | int, most: int = 10_000) -> list[Any]:
    """Return a list found under keys, of bounded length; empty for anything else."""
    value = dig(data, *keys) if keys else data
    return value[:most] if isinstance(value, list) else []


def share(value: float | None, whole: float = 1.0) -> float:
    """Return a progress as 0 to 1."""
    return min(max((value or 0.0) / whole, 0.0), 1.0)


def _checked(address: str) -> str:
    """Return the address of a server, with http:// where nothing is said."""
    whole = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(whole)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if (
        not fine
        or not whole.isprintable()
        or " " in whole
        or parts.query
        or parts.fragment
        or parts.username
        or parts.password
    ):
        raise DriverError(f"{plain(address)!r} is no address of a server, such as http://octopi.local")
    return (parts.scheme + whole[len(parts.scheme) :]).rstrip("/")  # the scheme in lower case: it decides about trust


def _trust() -> ssl.SSLContext:
    """Return what certificates are believed: the system's authorities or SSL_CERT_FILE's, and the public ones."""
    import ssl

    import certifi  # comes with httpx; not every Python knows where its system keeps authorities

    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    return trust


def _bounded(chunks: Iterator[bytes], deadline: float, address: str) -> bytes:
    """Return an answer's body, unless it is endless."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise DriverError(f"{address} answers more than {LARGEST_ANSWER >> 20} MiB: this is no printer")
        if CLOCK.now() > deadline:
            raise DriverError(f"{address} does not come to the end of its answer")
    return bytes(body)


def decoded(body: bytes | str) -> Any:
    """Return what a server said as JSON, None where it is something else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def refused(data: Any) -> str:
    """Return what a server says of its refusal, wherever it says it."""
    return text(data, "error") or text(data, "error", "message") or text(data, "message") or text(data, "title")


def _refusal(address: str, path: str, status: int, data: Any) -> Exception:
    """Return the error that says what a server's status means."""
    said = refused(data)
    because = f": {said}" if said else ""
    if status in (401, 403):
        return DriverError(
            f"{address} does not let us in{because}: give its key with `fabthread printers add ... --key -`"
        )
    if status == 409:
        return ImpossibleAction(f"{address} cannot do that now{because}")
    if 300 <= status < 400:
        return DriverError(f"{address} sends us elsewhere, which is not followed: give its final address")
    if status == 404:
        return DriverError(f"{address} has no {plain(path, 80)}{because}")
    return DriverError(f"{address} answers {status} to {plain(path, 80)}{because}")
