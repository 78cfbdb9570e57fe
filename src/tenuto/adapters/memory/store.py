"""The event store in memory: `MemoryLog` behind the port's awaitable face."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Final, get_args

import msgspec

from tenuto.adapters.memory.log import MemoryLog
from tenuto.core.errors import StoreUnavailable, TenutoError
from tenuto.core.lifecycle import Status
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import (
    Commit,
    Head,
    HeadQuery,
    Receipt,
    SessionCount,
    StoredCommit,
    StoredSession,
)

READ_COMMITS: Final = 200


class MemoryLists:
    """`SessionLists` of a log in memory."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def prepare(self) -> None:
        """See `SessionLists.prepare`."""

    async def by_status(self) -> Mapping[Status, int]:
        """See `SessionLists.by_status`."""
        heads = self._log.heads(HeadQuery(limit=sys.maxsize))
        counts: Counter[Status] = Counter(head.status for head in heads)
        return {status: counts[status] for status in get_args(Status)}

    async def count(self, query: HeadQuery, *, at_most: int = 10_000) -> SessionCount:
        """See `SessionLists.count`."""
        found = self._log.heads(msgspec.structs.replace(query, limit=at_most + 1))
        return SessionCount(count=min(len(found), at_most), is_exact=len(found) <= at_most)


class MemoryEventStore:
    """An `EventStore` for as long as the object lives; what is appended is written at once."""

    def __init__(self) -> None:
        self._log = MemoryLog()
        self.lists = MemoryLists(self._log)
        self._waiting: list[asyncio.Future[None]] = []
        self._closed = False

    def append(self, commit: Commit) -> "asyncio.Future[Position]":
        """See `EventStore.append`."""
        head, snapshot = commit.head, commit.snapshot
        assert commit.count >= 0 and commit.expected >= 0, "numbers of events"
        assert head is None or head.session == commit.session, "a head of the same session"
        assert snapshot is None or snapshot.version <= commit.expected + commit.count, (
            "a snapshot is a fold of what is written"
        )
        receipt = Receipt()
        try:
            self._require_open()
            receipt.set_result(self._log.write(commit))
        except TenutoError as error:
            receipt.set_exception(error)
        else:
            self._wake()
        return receipt

    async def load(self, session: SessionId, *, at: Version | None = None) -> StoredSession:
        """See `EventStore.load`."""
        self._require_open()
        return self._log.load(session, at=at)

    async def read(
        self, *, session: SessionId | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[StoredCommit, ...]:
        """See `EventStore.read`."""
        self._require_open()
        return self._read(session, after=after, limit=limit)

    async def follow(
        self, *, session: SessionId | None = None, after: int = 0
    ) -> AsyncIterator[StoredCommit]:
        """See `EventStore.follow`."""
        while True:
            while commits := self._read(session, after=after, limit=READ_COMMITS):
                for commit in commits:
                    after = commit.position if session is None else commit.version
                    yield commit
            if self._closed:
                return
            changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(changed)
            await changed

    async def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        """See `EventStore.heads`."""
        self._require_open()
        return self._log.heads(query)

    async def close(self) -> None:
        """See `EventStore.close`. A second call does nothing."""
        self._closed = True
        self._wake()

    def _read(
        self, session: SessionId | None, *, after: int, limit: int
    ) -> tuple[StoredCommit, ...]:
        if session is None:
            return self._log.commits_after(after, limit=limit)
        return tuple(self._log.commits_of(session, after=after)[:limit])

    def _wake(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for changed in waiting:
            if not changed.done():
                changed.set_result(None)

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store in memory is closed; what it held is gone.")
