"""Connections: what uvicorn's HTTP protocol does not bound by itself.

How large the head of a request is, how long a client takes to send it, how slowly a body comes, and
how many connections there are. What cannot be read as HTTP is answered with a problem as well. And
answers leave in one piece where they can.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from litestar.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from tenuto.server.answering import Header
from tenuto.server.edge import ALWAYS, refuse
from tenuto.server.problems import ProblemError, rendered

HEAD_BYTES_MAX: Final = 65_536
"""Of the request line and the headers."""
URL_BYTES_MAX: Final = 16_384
HEAD_SECONDS_MAX: Final = 15.0
"""From the first byte of a request to the end of its headers; and for a connection's first byte."""
BODY_SECONDS: Final = 20.0
"""How often it is looked at how much of a body has come."""
BODY_BYTES_MIN: Final = 10_000
"""In that time, of a body that is waited for."""
CONNECTIONS_MAX: Final = 5_000
WHOLE_BYTES_MAX: Final = 65_536
"""Of a body that is sent together with its head, and copied for that."""

_OF_CONNECTION: Final = frozenset({b"connection", b"transfer-encoding"})

Timer: TypeAlias = asyncio.TimerHandle


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 with bounds; the numbers are the class's, for tests to change."""

    head_seconds_max = HEAD_SECONDS_MAX
    body_seconds = BODY_SECONDS
    body_bytes_min = BODY_BYTES_MIN
    connections_max = CONNECTIONS_MAX

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._body_bytes = 0
        self._in_head = True
        self._timer: Timer | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too large."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Most requests come in one piece, and are never waited for.
        if not self._in_head:
            if self._timer is None:
                self._timer = self.loop.call_later(self.body_seconds, self._look_at_body)
        elif self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refuse("headers_too_large", f"The head has more than {HEAD_BYTES_MAX} bytes.")
        elif self._head_bytes and self._timer is None:
            self._wait_for_head()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket's own protocol."""
        self._stop_waiting()
        self._in_head, self._head_bytes = True, 0
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """Begin with the request."""
        self._in_head, self._head_bytes = False, 0
        self._stop_waiting()
        if len(self.url) > URL_BYTES_MAX:
            self.app = _Refusing("uri_too_long", f"It has more than {URL_BYTES_MAX} bytes.")
        elif len(self.connections) > self.connections_max:
            self.app = _Refusing("busy", f"{self.connections_max} connections are open.")
        cycle = self.cycle
        super().on_headers_complete()
        if self.cycle is not cycle:  # else it is to become a WebSocket
            facts: Any = self.cycle
            facts.send = _Whole(self.cycle).send
        self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Count what comes."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request, which uvicorn's keep-alive time bounds until its first
        byte."""
        self._in_head, self._head_bytes = True, 0
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem."""
        if self._is_answering():
            # Within another request's answer a second one would be taken for a part of it.
            self.transport.close()
            return
        self._refuse("bad_request", "What was sent is no HTTP/1.1 request.")

    def _is_answering(self) -> bool:
        # Before the first request there is none, whatever uvicorn's annotation says.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self.head_seconds_max, self._head_is_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if not self._head_bytes or self._is_answering():
            self.transport.close()
            return
        self._refuse(
            "too_slow", f"The headers did not come within {self.head_seconds_max:g} seconds."
        )

    def _look_at_body(self) -> None:
        self._timer = None
        if self.transport.is_closing() or not self._is_answering():
            return
        # Where nobody reads on, it is not the client that is slow.
        is_asked = not self.flow.read_paused and not self.cycle.waiting_for_100_continue
        if not is_asked or self._body_bytes >= self.body_bytes_min:
            self._body_bytes = 0
            self._timer = self.loop.call_later(self.body_seconds, self._look_at_body)
        elif self.cycle.response_started:
            self.transport.close()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._refuse(
                "too_slow",
                f"Less than {self.body_bytes_min} bytes of the body came in "
                f"{self.body_seconds:g} seconds.",
            )

    def _refuse(self, code: str, detail: str) -> None:
        """Answer without a request that could be handed on, and close."""
        scope = {"request_id": secrets.token_hex(8)}
        status, headers, body = rendered(ProblemError(code, detail), scope)
        lines = [STATUS_LINE[status]]
        headers += [
            (b"x-request-id", scope["request_id"].encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        lines += [name + b": " + value + b"\r\n" for name, value in headers]
        self.transport.write(b"".join([*lines, b"\r\n", body]))
        self.transport.close()


class _Whole:
    """Sends an answer whose length is known in one piece, head and body, which takes the system
    half as long. What else there is to send, and to see to, uvicorn does."""

    __slots__ = ("_cycle", "_length", "_send", "_start")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle, self._send = cycle, cycle.send
        self._start: Any = None
        self._length = b""

    async def send(self, message: Any) -> None:
        """Take a message of an answer. A head is kept until its body comes, which has to follow."""
        start, self._start = self._start, None
        if message["type"] == "http.response.start":
            # One that is kept then is no more: what came after it failed.
            self._length = _length_in(message["headers"])
            if self._length:
                self._start = message
                return
        elif start is not None:
            if self._is_whole(message):
                lines = _lines([*self._cycle.default_headers, *start["headers"]])
                if lines is not None:
                    self._write(STATUS_LINE[start["status"]], lines, message["body"])
                    return
            await self._send(start)
        await self._send(message)

    def _is_whole(self, message: Any) -> bool:
        cycle, body = self._cycle, message.get("body")
        return (
            bool(body)
            and not message.get("more_body")
            and cycle.scope["method"] != "HEAD"
            and not (cycle.response_started or cycle.disconnected or cycle.flow.write_paused)
            and len(body) <= WHOLE_BYTES_MAX
            and self._length == b"%d" % len(body)
        )

    def _write(self, status: bytes, lines: list[bytes], body: bytes) -> None:
        cycle = self._cycle
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join([status, *lines, b"\r\n", body]))
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


def _length_in(headers: Iterable[Header]) -> bytes:
    """Return the length that the headers say; empty: none."""
    for name, value in headers:
        if name == b"content-length":
            return value
    return b""


def _lines(headers: Iterable[Header]) -> list[bytes] | None:
    """Return headers as they are sent; None: one of them is for the connection."""
    lines: list[bytes] = []
    values: list[bytes] = []
    for header in headers:
        line = _READY.get(header)
        if line is None:
            name, value = header
            if name in _OF_CONNECTION:
                return None
            line = _named(name) + value + b"\r\n"
            values.append(value)
        lines.append(line)
    if HEADER_VALUE_RE.search(b"".join(values)):
        raise RuntimeError("A header cannot be sent: its value has characters that end one.")
    return lines


@lru_cache(256)
def _named(name: bytes) -> bytes:
    """Return a header as it is sent up to its value."""
    if HEADER_RE.search(name):
        raise RuntimeError(f"The header {name!r} cannot be sent.")
    return name.lower() + b": "


_READY: Final = {
    (name, value): _named(name) + value + b"\r\n"
    for name, value in (*ALWAYS, (b"content-type", b"application/json"))
}
"""Lines of headers that most answers have."""


class _Refusing:
    """An application that answers each request with one problem."""

    def __init__(self, code: str, detail: str) -> None:
        self._problem = ProblemError(code, detail, headers={"Connection": "close"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts: Any = scope
        facts["request_id"] = secrets.token_hex(8)
        await refuse(scope, send, self._problem)
