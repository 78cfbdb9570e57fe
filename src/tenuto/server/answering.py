"""Headers that every answer has, whichever part of the server gives it.

The middleware around the routes says in the scope what is to be added; all of it is put in at once,
outermost, so that an answer passes one layer on its way out and not one for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from secrets import token_hex
from time import perf_counter
from typing import Any, Final, TypeAlias

from litestar.types import ASGIApp, Message, Receive, Scope, Send

Header: TypeAlias = tuple[bytes, bytes]

_ADDED: Final = "added_headers"
_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})


class Answered:
    """What became of a request: the status of its answer, and when that began."""

    __slots__ = ("at_s", "status")

    def __init__(self) -> None:
        self.status, self.at_s = 0, 0.0


class Numbered:
    """Gives each request an id, which is in its answer, in the ledger, and in the log; and each
    answer the headers that were added for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = token_hex(8)
        facts: Any = scope
        # Streams send thousands of messages: not each through all of the layers.
        facts["plain_send"] = send
        facts["request_id"] = request_id
        answered = facts["answered"] = Answered()
        added: list[Header] = [(b"x-request-id", request_id.encode())]
        facts[_ADDED] = added

        async def sending(message: Message) -> None:
            kind = message["type"]
            if kind in _STARTS:
                start: Any = message
                start["headers"] = with_added(start["headers"], added)
                if kind == "http.response.start":
                    answered.status, answered.at_s = start["status"], perf_counter()
            await send(message)

        await self._app(scope, receive, sending)


def add_headers(scope: Scope, headers: Iterable[Header]) -> None:
    """Have the answer to this request have these headers, but for those that it has already."""
    facts: Any = scope
    facts[_ADDED] += headers


def answered_of(scope: Scope) -> Answered:
    """Return what became of a request."""
    facts: Any = scope
    answered: Answered = facts["answered"]
    return answered


def with_added(headers: Iterable[Header], added: list[Header]) -> list[Header]:
    """Return an answer's headers, and of those that are added what it does not have itself."""
    own = list(headers)
    names = {name for name, _ in own}
    return own + [header for header in added if header[0] not in names]
