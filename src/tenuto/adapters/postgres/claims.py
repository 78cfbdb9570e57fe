"""The sessions of one member, found by the shards that it owns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.tables.connection import Connection
from tenuto.core.sharing import Shard
from tenuto.core.vocabulary import SessionId

_MINE: Final = """
    FROM shards AS h JOIN sessions AS s ON s.workflow = h.workflow AND s.shard = h.number
    WHERE h.owner = ?"""
_ACTIVE: Final = """
    SELECT s.id FROM unnest(CAST(? AS TEXT[]), CAST(? AS INTEGER[])) AS h(workflow, number)
    JOIN sessions AS s ON s.workflow = h.workflow AND s.shard = h.number
    WHERE s.active = 1"""
_LAST: Final = "SELECT coalesce(max(number), 0) FROM sessions"
_ARRIVED: Final = f"""
    SELECT s.id {_MINE} AND (s.active = 1 OR s.wake_ms IS NOT NULL)
        AND s.number > ? AND s.number <= ?"""
_DUE: Final = f"SELECT s.wake_ms, s.id {_MINE} AND s.wake_ms < ?"
_LETTERS: Final = """
    SELECT m.id, m.session, m.payload FROM mailbox AS m
    LEFT JOIN sessions AS s ON s.id = m.session
    LEFT JOIN shards AS h ON h.workflow = s.workflow AND h.number = s.shard
    WHERE m.answer IS NULL AND (s.id IS NULL OR h.owner = ?)
    ORDER BY m.id LIMIT 1000"""


class PostgresClaims:
    """`Claims` of one member."""

    def __init__(self, reads: ReadPool, number: Callable[[], int]) -> None:
        self._reads, self._number = reads, number
        self._seen = 0

    async def active(self, shards: Collection[Shard]) -> list[SessionId]:
        """See `Claims.active`."""
        return await self._reads.run(active_in, tuple(shards))

    async def arrived(self) -> list[SessionId]:
        """See `Claims.arrived`."""
        last, found = await self._reads.run(arrived_since, self._number(), self._seen)
        self._seen = max(self._seen, last)
        return found

    async def due_before(self, moment_ms: int) -> list[tuple[int, SessionId]]:
        """See `Claims.due_before`."""
        return await self._reads.run(due_of, self._number(), moment_ms)


def active_in(connection: Connection, shards: tuple[Shard, ...]) -> list[SessionId]:
    """Return the sessions of these shards whose log promises work."""
    names, numbers = [shard.workflow for shard in shards], [shard.number for shard in shards]
    rows = connection.execute(_ACTIVE, (names, numbers))
    return [SessionId(id) for (id,) in rows]


def arrived_since(connection: Connection, owner: int, seen: int) -> tuple[int, list[SessionId]]:
    """Return the number of the last session there is, and which of the owner's came after `seen`.

    Sessions become visible in the order of their numbers: who starts them locks the log first."""
    ((last,),) = connection.execute(_LAST).fetchall()
    if last <= seen:
        return seen, []
    rows = connection.execute(_ARRIVED, (owner, seen, last))
    return last, [SessionId(id) for (id,) in rows]


def due_of(connection: Connection, owner: int, moment_ms: int) -> list[tuple[int, SessionId]]:
    """Return when which of the owner's sessions are due before the moment."""
    rows = connection.execute(_DUE, (owner, moment_ms))
    return [(wake_ms, SessionId(id)) for wake_ms, id in rows]


def letters_for(connection: Connection, owner: int) -> list[tuple[int, SessionId, bytes]]:
    """Return the letters without answer to sessions of the owner, or to none that there is."""
    rows = connection.execute(_LETTERS, (owner,))
    return [(id, SessionId(session), bytes(payload)) for id, session, payload in rows]
