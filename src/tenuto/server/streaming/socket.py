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
        self._pumps: dict[str, asyncio.Task[None]] = {}
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def run(self, name: str, opening: Opening) -> None:
        """Accept the connection, and stream until all that is followed has ended, or the client has
        gone."""
        # A pump that fails ends the connection: a client that hears nothing would wait for ever.
        async with asyncio.TaskGroup() as group:
            try:
                await self._send({"type": "websocket.accept", "headers": []})
                self._start(group, name, opening)
                await self._listen(group)
            except OSError:
                # Gone while it was told something.
                return
            finally:
                for pump in self._pumps.values():
                    pump.cancel()

    def _start(self, group: asyncio.TaskGroup, name: str, opening: Opening) -> None:
        self._stop(name)
        self._pumps[name] = group.create_task(self._pump(name, opening))

    def _stop(self, name: str) -> bool:
        pump = self._pumps.pop(name, None)
        return pump is not None and pump.cancel()

    async def _pump(self, name: str, opening: Opening) -> None:
        """Send the frames of a source; after the last of all sources close the connection, of which
        the client's side then hears."""
        code = STOPPING
        try:
            async with opening as source:
                async for batch in source.batches():
                    if not self._flowing.is_set():
                        await self._flowing.wait()
                    await self._tell(batch)
                    if batch[-1].kind == "end":
                        code = ENDED
        except TenutoError as error:
            code = FAILED
            await self._tell([frame("problem", described(error))])
        except OSError:
            # Gone; who listens hears of it.
            return
        if self._pumps.get(name) is not asyncio.current_task():
            return
        del self._pumps[name]
        if code != ENDED or not self._pumps:
            await self._send({"type": "websocket.close", "code": code})

    async def _tell(self, batch: list[Frame]) -> None:
        if self._shares_frames:
            framed = b"".join([told.framed for told in batch])
            await self._send({"type": "websocket.send", "framed": framed})
            return
        for told in batch:
            await self._send({"type": "websocket.send", "text": told.message.decode()})

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        """Take commands until the client has gone."""
        problems = 0
        while True:
            message: Any = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] != "websocket.receive":
                continue
            try:
                await self._obey(group, message.get("text") or message.get("bytes") or "")
            except (TenutoError, ProblemError) as error:
                problems += 1
                await self._tell([frame("problem", described(error))])
                if problems == PROBLEMS_MAX:
                    await self._send({"type": "websocket.close", "code": BROKEN})
                    return

    async def _obey(self, group: asyncio.TaskGroup, text: str | bytes) -> None:
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
                self._start(group, wish.session, await self._subscribed(wish))
