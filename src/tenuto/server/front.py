"""What every request passes before the routes, and every answer on its way out.

One layer: a request's number, the borders, the headers that were added for its answer, and how it
is counted. A layer for each would make every answer wait four times.
"""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex
from time import perf_counter
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tenuto.server.answering import ADDED, Header, with_added
from tenuto.server.edge import Borders, Edge, answer_preflight, refuse, saying_why
from tenuto.server.metrics import Admission, Metrics
from tenuto.server.problems import ProblemError

_IDS_AT_ONCE: Final = 256
_ID_BYTES: Final = 8


class Front:
    """Middleware around all routes. Each request gets an id, which is in its answer, in the ledger,
    and in the log."""

    def __init__(self, app: ASGIApp, borders: Borders, metrics: Metrics, token: str = "") -> None:
        self._app, self._edge = app, Edge(borders)
        self._metrics, self._admission = metrics, Admission(token)
        self._ids = _random_ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = str(scope["type"])
        if kind == "lifespan":
            await self._app(scope, receive, send)
            return
        facts: Any = scope
        # Streams send thousands of messages: not each through all of the layers.
        facts["plain_send"] = send
        facts["request_id"] = request_id = next(self._ids)
        facts[ADDED] = added = [(b"x-request-id", request_id.encode())]
        if kind == ScopeType.HTTP.value:
            await self._counted(scope, receive, send, added)
        else:
            await self._entered(scope, receive, saying_why(scope, _adding(send, added)), added)

    async def _counted(
        self, scope: Scope, receive: Receive, send: Send, added: list[Header]
    ) -> None:
        metrics, status, seconds = self._metrics, 0, 0.0

        async def sending(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                message["headers"] = with_added(message["headers"], added)
                status, seconds = message["status"], perf_counter() - began_s
            await send(message)

        self._admission.let_in(scope)
        began_s = perf_counter()
        metrics.begun()
        try:
            await self._entered(scope, receive, sending, added)
        finally:
            metrics.ended(scope, status, seconds)

    async def _entered(
        self, scope: Scope, receive: Receive, send: Send, added: list[Header]
    ) -> None:
        try:
            is_preflight = self._edge.admit(scope, added)
        except ProblemError as problem:
            await refuse(scope, send, problem)
            return
        if is_preflight:
            await answer_preflight(send)
        else:
            await self._app(scope, receive, send)


def _adding(send: Send, added: list[Header]) -> Send:
    """Return what refuses a WebSocket with the headers that were added for the answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "websocket.http.response.start":
            start: Any = message
            start["headers"] = with_added(start["headers"], added)
        await send(message)

    return sending


def _random_ids() -> Iterator[str]:
    """Yield random ids. To ask the system for each takes as long as all else of this layer."""
    while True:
        text = token_hex(_ID_BYTES * _IDS_AT_ONCE)
        for at in range(0, len(text), 2 * _ID_BYTES):
            yield text[at : at + 2 * _ID_BYTES]
