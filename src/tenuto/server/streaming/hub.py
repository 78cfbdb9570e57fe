"""All streams of this process: a topic per watched session, signs of life, the end of all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeAlias

from tenuto.sdk.runtime import Runtime
from tenuto.sdk.session import Session
from tenuto.server.streaming.feed import Feed
from tenuto.server.streaming.listener import Listener
from tenuto.server.streaming.reader import Reader
from tenuto.server.streaming.topic import Topic, come_up

HEARTBEAT_S: Final = 15.0
CHECK_S: Final = 60.0
"""How long a stream may outlive the key or login that it was opened with."""

Check: TypeAlias = Callable[[], Awaitable[bool]]
"""Returns whether the client may still have its stream."""


class _Watched:
    """A session with clients, or with some on their way: its topic is one for all of them, and is
    closed when the last of them has gone."""

    def __init__(self, session: Session) -> None:
        self.opening = asyncio.create_task(Topic.open(session))
        self.clients = 0
        self.readers: set[Reader] = set()

    def close(self) -> None:
        """Follow the session no more."""
        opening = self.opening
        if not opening.done():
            opening.cancel()
        elif not opening.cancelled() and opening.exception() is None:
            opening.result().close()


class Hub:
    """Gives clients their place in sessions. One per open database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._watched: dict[str, _Watched] = {}
        self._feed = Feed(runtime)
        self._listeners: set[Listener] = set()
        self._checks: dict[Reader | Listener, Check] = {}
        self._heart: tuple[asyncio.Task[None], ...] = ()
        self._is_stopped = False

    @property
    def watched(self) -> dict[str, int]:
        """Return how many clients each session has that is watched."""
        return {session: len(one.readers) for session, one in self._watched.items() if one.readers}

    @contextlib.asynccontextmanager
    async def reading(
        self,
        session: str,
        *,
        after: int = 0,
        pieces: int | None = None,
        check: Check | None = None,
    ) -> AsyncIterator[Reader]:
        """Give a place in a session after version `after`, and after the token at offset `pieces`.
        It is closed when `check`, asked every minute, says no.

        Raises:
            NotFound: there is no such session.
        """
        watched = self._watched.get(session)
        if watched is None:
            watched = self._watched[session] = _Watched(self._runtime.session(session))
        watched.clients += 1
        reader = None
        try:
            # Others may wait for the same topic when this client goes.
            topic = await asyncio.shield(watched.opening)
            if self._runtime.duties.has_others:
                # The client may have seen more at another server.
                await come_up(topic)
            if self._is_stopped:
                topic.close()
            reader = Reader(topic, after=after, pieces=pieces)
            watched.readers.add(reader)
            self._attend(reader, check)
            yield reader
        finally:
            if reader is not None:
                self._checks.pop(reader, None)
                watched.readers.discard(reader)
            watched.clients -= 1
            if not watched.clients:
                watched.close()
                if self._watched.get(session) is watched:
                    del self._watched[session]

    @contextlib.asynccontextmanager
    async def listening(
        self, organisation: str, *, after: int | None = None, check: Check | None = None
    ) -> AsyncIterator[Listener]:
        """Give a place in the feed of an organisation's sessions, after a position of the store;
        None: from now on. `check` as in `reading`."""
        listener = Listener(self._feed, organisation, after=after)
        self._listeners.add(listener)
        self._attend(listener, check)
        try:
            yield listener
        finally:
            self._checks.pop(listener, None)
            self._listeners.discard(listener)

    def stop(self) -> None:
        """End all streams; clients come back when the server does."""
        self._is_stopped = True
        for work in self._heart:
            work.cancel()
        self._feed.stop()
        for watched in self._watched.values():
            watched.close()
        self._watched.clear()

    def _attend(self, client: Reader | Listener, check: Check | None) -> None:
        if check is not None:
            self._checks[client] = check
        if not self._heart:
            self._heart = asyncio.create_task(self._beat()), asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            await self.check()

    async def check(self) -> None:
        """Close the streams of clients that may not have them any more."""
        for client, check in [*self._checks.items()]:
            if not await check():
                client.close()

    async def _beat(self) -> None:
        now_s = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(HEARTBEAT_S / 5)
            clients: list[Reader | Listener] = [*self._listeners]
            for watched in self._watched.values():
                clients += watched.readers
            for client in clients:
                if now_s() - client.idle_since_s > HEARTBEAT_S * 0.8:
                    client.beat()
