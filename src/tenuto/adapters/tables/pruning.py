"""Sessions are deleted; their commits stay as husks: see `ports.pruning`.

A husk is a row of table `commits` that belongs to session 0, and whose payload is the leaf that
audits have of the commit. Until all commits of a removed session are husks, table `pruning` knows
its id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tenuto.adapters.tables import unreferenced
from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.mailbox import TABLE as MAILBOX
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer, Work
from tenuto.core.audit.checkpoints import commit_leaf
from tenuto.core.errors import StoreUnavailable
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.vocabulary import SessionId
from tenuto.ports.pruning import FOUND_MAX, Found, Prunable, PruneQuery
from tenuto.ports.wall import everywhere

TABLE: Final = "pruning"
MAKE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE}(number INTEGER PRIMARY KEY, id TEXT NOT NULL)",
    unreferenced.MAKE,
)

NOBODY: Final = 0
"""The number of no session: numbers begin with 1."""
SWEPT_AT_ONCE: Final = 200
"""Commits of one transaction. Measured: 80 ms in PostgreSQL, which hold up no commit."""
WINDOW: Final = 2_000
"""Sessions that are looked at by one statement."""

_ENDED: Final = f"""
    s.status IN ({", ".join(f"'{status}'" for status in sorted(TERMINAL))}) AND s.active = 0
    AND s.number < (SELECT max(number) FROM sessions)
    AND (s.parent IS NULL OR NOT EXISTS (SELECT 1 FROM sessions AS p WHERE p.id = s.parent))"""
_FIND: Final = f"""
    SELECT s.number, s.id, s.tenant FROM (
        SELECT number, id, tenant, status, active, updated_ms, parent FROM sessions
        WHERE number > ? AND number <= ? ORDER BY number) AS s
    WHERE s.updated_ms < ? AND {_ENDED} ORDER BY s.number"""
_WINDOW: Final = f"""
    SELECT max(number), min(started_ms) FROM (
        SELECT number, started_ms FROM sessions WHERE number > ? ORDER BY number LIMIT {WINDOW})
    AS w"""
_ORIGINS: Final = "SELECT DISTINCT origin FROM sessions WHERE origin IS NOT NULL"
_LAST: Final = "SELECT coalesce(max(number), 0) FROM sessions"
_MAY_STILL: Final = f"""
    SELECT s.id FROM sessions AS s WHERE s.number = ? AND {_ENDED}
    AND NOT EXISTS (SELECT 1 FROM sessions AS f WHERE f.number > ? AND f.origin = s.id)"""
_DELETE: Final = "DELETE FROM sessions WHERE number = ?"
_NOTE: Final = f"INSERT INTO {TABLE}(number, id) VALUES (?, ?)"
_NEXT: Final = f"SELECT number, id FROM {TABLE} ORDER BY number LIMIT 1"
_COMMITS: Final = """
    SELECT version, position, count, at_ms, payload FROM commits WHERE session = ?
    ORDER BY version LIMIT ?"""
_EMPTY: Final = f"""
    UPDATE commits SET session = {NOBODY}, version = position, at_ms = 0, payload = ?
    WHERE position = ?"""
_DONE: Final = f"DELETE FROM {TABLE} WHERE number = ?"

_BY_ID: Final = {
    "pieces": "session = ?",
    MAILBOX: "session = ? AND answer IS NOT NULL",
    "agent_messages": "session_id = ?",
    "agent_tasks": "session_id = ?",
    "agent_sessions": "id = ?",
}
"""What is kept of a session elsewhere, each in a table that may not be there."""


class TablePruning:
    """`Pruning` of one database. `works` is None in a process that only reads.

    Args:
        lock: a statement that keeps sessions as they are to the end of a transaction.
        forget: called within a transaction that removes sessions, by the thread that writes.
        unlink: deletes an artifact that is no row."""

    def __init__(
        self,
        *,
        reads: Reads,
        works: Performer | None,
        lock: str = "",
        forget: Callable[[], None] = lambda: None,
        unlink: Callable[[str], None] = lambda digest: None,
    ) -> None:
        self._reads, self._works = reads, works
        self._lock, self._forget, self._unlink = lock, forget, unlink

    async def find(self, query: PruneQuery, *, limit: int = FOUND_MAX) -> Found:
        """See `Pruning.find`."""
        with everywhere():
            return await self._reads.run(_find, query, limit)

    async def remove(self, found: Found, sessions: Sequence[Prunable]) -> tuple[Prunable, ...]:
        """See `Pruning.remove`."""

        def work(connection: Connection) -> tuple[Prunable, ...]:
            if not has_table(connection, TABLE):
                for statement in MAKE:
                    connection.execute(statement)
            if self._lock:
                connection.execute(self._lock)
            self._forget()
            return tuple(one for one in sessions if _remove(connection, one.number, found.last))

        return await self._performer().perform(work)

    async def sweep(self) -> int:
        """See `Pruning.sweep`."""
        work: Work[int] = _sweep
        return await self._performer().perform(work)

    async def drop_artifacts(self, *, left_before_ms: int) -> int:
        """See `Pruning.drop_artifacts`."""
        with everywhere():
            left = await self._reads.run(unreferenced.left_before, left_before_ms)
        if not left:
            return 0
        unseen, after = set(left), 0
        while unseen:
            with everywhere():
                seen, after = await self._reads.run(unreferenced.referred_after, after)
            unseen -= seen
            if not after:
                break

        def work(connection: Connection) -> int:
            for digest in left:
                is_ours = unreferenced.take(connection, digest, left_before_ms)
                if is_ours and digest in unseen:
                    unreferenced.delete(connection, digest)
                    self._unlink(digest)
            return len(left)

        return await self._performer().perform(work)

    def _performer(self) -> Performer:
        if self._works is None:
            raise StoreUnavailable("It was opened for reading only; open it for writing.")
        return self._works


def id_of(connection: Connection, number: int) -> SessionId | None:
    """Return the id of a session that was removed and is not swept up yet."""
    if not has_table(connection, TABLE):
        return None
    row = connection.execute(f"SELECT id FROM {TABLE} WHERE number = ?", (number,)).fetchone()
    return None if row is None else SessionId(row[0])


def _find(connection: Connection, query: PruneQuery, limit: int) -> Found:
    (last,) = connection.execute(_LAST).fetchone()
    origins = {origin for (origin,) in connection.execute(_ORIGINS)}
    found = [
        Prunable(number=number, session=SessionId(id), tenant=tenant)
        for first, end in _windows(connection, query.ended_before_ms)
        for number, id, tenant in connection.execute(_FIND, (first, end, query.ended_before_ms))
        if id not in origins and query.tenant in (None, tenant) and tenant not in query.but
    ]
    return Found(sessions=tuple(found[:limit]), last=last)


def _windows(connection: Connection, before_ms: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of numbers, until sessions began after the moment: later ones ended later."""
    after = 0
    while True:
        end, started_ms = connection.execute(_WINDOW, (after,)).fetchone()
        if end is None or started_ms >= before_ms:
            return
        yield after, end
        after = end


def _remove(connection: Connection, number: int, last: int) -> bool:
    row = connection.execute(_MAY_STILL, (number, last)).fetchone()
    if row is None:
        return False
    connection.execute(_DELETE, (number,))
    connection.execute(_NOTE, (number, row[0]))
    return True


def _sweep(connection: Connection) -> int:
    if not has_table(connection, TABLE):
        return 0
    swept = 0
    while swept < SWEPT_AT_ONCE:
        row = connection.execute(_NEXT).fetchone()
        if row is None:
            break
        number, id = row
        commits = connection.execute(_COMMITS, (number, SWEPT_AT_ONCE)).fetchall()
        husks = [
            (commit_leaf((id, version, position, count, at_ms), bytes(payload)), position)
            for version, position, count, at_ms, payload in commits
        ]
        if husks:
            unreferenced.note(connection, [row[4] for row in commits], time.time_ns() // 1_000_000)
            connection.executemany(_EMPTY, husks)
        if len(commits) < SWEPT_AT_ONCE:
            _delete_rest(connection, number, id)
        swept += max(1, len(commits))
    return swept


def _delete_rest(connection: Connection, number: int, id: str) -> None:
    connection.execute("DELETE FROM snapshots WHERE session = ?", (number,))
    for table, condition in _BY_ID.items():
        if has_table(connection, table):
            connection.execute(f"DELETE FROM {table} WHERE {condition}", (id,))
    connection.execute(_DONE, (number,))
