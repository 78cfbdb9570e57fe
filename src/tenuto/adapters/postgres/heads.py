"""Questions for sessions: rows of table `sessions`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.tables.connection import Connection, OwnConnection
from tenuto.adapters.tables.heads import HEAD_COLUMNS, count_by_status, head_of, page_of
from tenuto.core.errors import StoreUnavailable
from tenuto.core.lifecycle import Status
from tenuto.ports.event_store import Head, HeadQuery, SessionCount
from tenuto.ports.wall import everywhere

INDEXES: Final = (
    "sessions_list_0 ON sessions(started_ms)",
    "sessions_list_1 ON sessions(tenant, number)",
    "sessions_list_2 ON sessions(tenant, status, number)",
    "sessions_list_3 ON sessions(tenant, user, number)",
    "sessions_list_4 ON sessions(tenant, workflow, number)",
    "sessions_list_5 ON sessions(tenant, number) WHERE (waits & 1) <> 0",
    "sessions_list_6 ON sessions(tenant, number) WHERE (waits & 2) <> 0",
    "sessions_list_7 ON sessions(tenant, number) WHERE (waits & 4) <> 0",
)
"""For long lists; they cost each start and each change of status something."""
_ALONE: Final = (
    "SELECT pg_try_advisory_lock(hashtextextended('tenuto lists ' || current_schema(), 0))"
)
_AGAIN_S: Final = 0.5


class PostgresLists:
    """`SessionLists` of one schema."""

    def __init__(self, reads: ReadPool, open_writable: Callable[[], OwnConnection] | None) -> None:
        self._reads, self._open_writable = reads, open_writable

    async def prepare(self) -> None:
        """See `SessionLists.prepare`."""
        if self._open_writable is None:
            raise StoreUnavailable("It was opened for reading only; open it for writing.")
        while not await asyncio.to_thread(self._try_to_prepare, self._open_writable):  # noqa: ASYNC110  (untold)
            # Nobody tells when the other one is done.
            await asyncio.sleep(_AGAIN_S)

    async def by_status(self) -> Mapping[Status, int]:
        """See `SessionLists.by_status`."""
        with everywhere():
            return await self._reads.run(count_by_status)

    async def count(self, query: HeadQuery, *, at_most: int = 10_000) -> SessionCount:
        """See `SessionLists.count`."""
        asked = msgspec.structs.replace(query, limit=at_most + 1)
        found = await self._reads.run(count_heads, asked)
        return SessionCount(count=min(found, at_most), is_exact=found <= at_most)

    def _try_to_prepare(self, open_writable: Callable[[], OwnConnection]) -> bool:
        """Return whether it is done; False: another process is at it. Two at once would wait for
        each other, and so would one that waits for a lock: it would be a reader to be waited for.
        """
        connection = open_writable()
        try:
            ((is_ours,),) = connection.execute(_ALONE).fetchall()
            if not is_ours:
                return False
            for index in INDEXES:
                connection.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index}")
            return True
        finally:
            connection.close()


def list_heads(connection: Connection, query: HeadQuery) -> tuple[Head, ...]:
    """Answer `EventStore.heads`."""
    where, values = page_of(query)
    rows = connection.execute(
        f"SELECT {HEAD_COLUMNS} FROM sessions{where} ORDER BY number DESC LIMIT ?",
        (*values, query.limit),
    )
    return tuple(head_of(row) for row in rows)


def count_heads(connection: Connection, query: HeadQuery) -> int:
    """Return how many match, at most `query.limit`."""
    where, values = page_of(query)
    row = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM sessions{where} LIMIT ?) AS found",
        (*values, query.limit),
    ).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])
