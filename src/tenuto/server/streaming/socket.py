"""WebSockets: the frames of one or more sources, and commands from the client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias

from litestar.types import Receive, Scope, Send

from tenuto.core.errors import TenutoError
from tenuto.server.problems import ProblemError, described
from tenuto.server.streaming.commands import Continue, Pause, Subscribe, Unsubscribe, command_of
from tenuto.server.streaming.frames import Frame, frame
from tenuto.server.streaming.framing import FRAMED
from tenuto.server.streaming.sse import Source

SUBSCRIPTIONS_MAX: Final = 50
PROBLEMS_MAX: Final = 20
"""After so many messages that are no commands the client is taken for broken."""

ENDED: Final = 1000
BROKEN: Final = 1008
FAILED: Final = 1011
STOPPING: Final = 1012
"""Close codes. After the last one: come back, and resume after the last event."""

Opening: TypeAlias = AbstractAsyncContextManager[Source]
Subscribed: TypeAlias = Callable[[Subscribe], Awaitable[Opening]]


class Socket:
    """One connection. `subscribed` opens what the client asks for, or says why not."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, subscribed: Subscribed) -> None:
        self._receive = receive
        plain: Any = scope
        self._send: Any = plain.get("plain_send", send)
        self._shares_frames = FRAMED in (plain.get("extensions") or {})
        self._subscribed = subscribed
        self._pumps: dict[str, asyncio.Task[bool]] = {}
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._closing = asyncio.Event()
        self._code = ENDED

    async def run(self, name: str, opening: Opening) -> None:
        """Accept the connection, and stream until all that is followed has ended, or the client has
        gone."""
        await self._send({"type": "websocket.accept", "headers": []})
        self._start(name, opening)
        listening = asyncio.create_task(self._listen())
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({listening, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                await self._send({"type": "websocket.close", "code": self._code})
        finally:
            for task in (listening, closing, *self._pumps.values()):
                task.cancel()

    def _start(self, name: str, opening: Opening) -> None:
        pump = asyncio.create_task(self._pump(opening))
        self._stop(name)
        self._pumps[name] = pump
        pump.add_done_callback(lambda _: self._ended(name, pump))

    def _stop(self, name: str) -> bool:
        pump = self._pumps.pop(name, None)
        return pump is not None and pump.cancel()

    def _ended(self, name: str, pump: asyncio.Task[bool]) -> None:
        if self._pumps.get(name) is not pump or pump.cancelled():
            return
        del self._pumps[name]
        if pump.exception() is not None or not self._pumps:
            self._code = STOPPING if pump.exception() is None and not pump.result() else self._code
            self._closing.set()

    async def _pump(self, opening: Opening) -> bool:
        """Return whether the frames came to their end."""
        has_ended = False
        try:
            async with opening as source:
                async for batch in source.batches():
                    if not self._flowing.is_set():
                        await self._flowing.wait()
                    await self._tell(batch)
                    has_ended = batch[-1].kind == "end"
        except TenutoError as error:
            self._code = FAILED
            await self._tell([frame("problem", described(error))])
            return True
        return has_ended

    async def _tell(self, batch: list[Frame]) -> None:
        if self._shares_frames:
            framed = b"".join([told.framed for told in batch])
            await self._send({"type": "websocket.send", "framed": framed})
            return
        for told in batch:
            await self._send({"type": "websocket.send", "text": told.message.decode()})

    async def _listen(self) -> None:
        """Take commands until the client has gone."""
        problems = 0
        while True:
            message: Any = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] != "websocket.receive":
                continue
            try:
                await self._obey(message.get("text") or message.get("bytes") or "")
            except (TenutoError, ProblemError) as error:
                problems += 1
                await self._tell([frame("problem", described(error))])
                if problems == PROBLEMS_MAX:
                    self._code = BROKEN
                    self._closing.set()

    async def _obey(self, text: str | bytes) -> None:
        match command_of(text):
            case Pause():
                self._flowing.clear()
            case Continue():
                self._flowing.set()
            case Unsubscribe(session=session):
                if not self._stop(session):
                    raise ProblemError("not_found", f"Session {session!r} is not streamed here.")
            case Subscribe() as wish:
                if len(self._pumps) >= SUBSCRIPTIONS_MAX and wish.session not in self._pumps:
                    raise ProblemError(
                        "rejected", f"One connection streams {SUBSCRIPTIONS_MAX} sessions at most."
                    )
                self._start(wish.session, await self._subscribed(wish))
