"""Server-sent events: frames as the body of an answer that does not end before the session does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from litestar.types import Receive, Scope, Send

from tenuto.core.errors import TenutoError
from tenuto.server.problems import described
from tenuto.server.streaming.frames import Frame, frame

MEDIA_TYPE: Final = "text/event-stream"
RETRY_MS: Final = 1_000
"""After so long browsers connect again."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that collect answers would hold events back.
    (b"x-accel-buffering", b"no"),
]


class Source(Protocol):
    """Where frames come from."""

    def batches(self) -> AsyncIterator[list[Frame]]:
        """Return frames, some at a time."""
        ...

    def close(self) -> None:
        """End the iteration."""
        ...


class EventStream:
    """An ASGI answer with the frames of a source; without one, that there is nothing to come."""

    def __init__(self, opening: AbstractAsyncContextManager[Source] | None) -> None:
        self._opening = opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._opening is None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        async with self._opening as source:
            watching = asyncio.create_task(_close_when_gone(receive, source))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                # Headers are put on by every layer; what follows need not pass them.
                facts: Any = scope
                await self._send(source, facts.get("plain_send", send))
            finally:
                watching.cancel()

    async def _send(self, source: Source, send: Send) -> None:
        text = f"retry: {RETRY_MS}\n\n".encode()
        try:
            async for batch in source.batches():
                text += b"".join([told.event_text for told in batch])
                await send({"type": "http.response.body", "body": text, "more_body": True})
                text = b""
        except TenutoError as error:
            text = frame("problem", described(error)).event_text
        await send({"type": "http.response.body", "body": text, "more_body": False})


async def _close_when_gone(receive: Receive, source: Source) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            source.close()
            return
