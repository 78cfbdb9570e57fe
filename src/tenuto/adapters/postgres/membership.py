"""Members of a schema: rows with a lease each, and a lock that lasts as long as their line."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Final

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.own_line import OwnLine
from tenuto.core.errors import StoreUnavailable
from tenuto.core.sharing import NOBODY, SHARDS, Member, Shard, Survey, unknown_to
from tenuto.ports.membership import LEASE_MS

KEEP_S: Final = LEASE_MS / 1000 / 4
_NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT"
_CLASS: Final = "(hashtext('tenuto member ' || current_schema()) & 2147483647)"
"""Of the members' locks; positive, as `pg_locks` shows it."""
_JOIN: Final = f"""
    INSERT INTO members(name, workflows, duties, works, adopts, since_ms, expires_ms)
    VALUES (?, '[]', '[]', ?, ?, {_NOW}, {_NOW} + {LEASE_MS}) RETURNING number"""
_LOCK: Final = f"SELECT pg_try_advisory_lock({_CLASS}, ?)"
_RENEW: Final = f"""
    UPDATE members SET expires_ms = {_NOW} + {LEASE_MS}, workflows = CAST(? AS JSONB),
        duties = CAST(? AS JSONB)
    WHERE number = ?"""
_KEEP: Final = f"UPDATE members SET expires_ms = {_NOW} + {LEASE_MS} WHERE number = ?"
_STRIKE_OFF: Final = f"""
    DELETE FROM members AS m WHERE m.number <> ? AND (m.expires_ms < {_NOW} OR NOT EXISTS (
        SELECT 1 FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.classid = {_CLASS}::OID AND l.objid = m.number::OID))"""
_MAKE_SHARDS: Final = f"""
    INSERT INTO shards(workflow, number, owner)
    SELECT w, n, {NOBODY}
    FROM unnest(CAST(? AS TEXT[])) AS w, generate_series(0, {SHARDS - 1}) AS n
    ON CONFLICT DO NOTHING"""
_SELECT_MEMBERS: Final = (
    "SELECT number, name, workflows, duties, works, adopts FROM members ORDER BY number"
)
_SELECT_SHARDS: Final = "SELECT workflow, number, owner FROM shards"
_ORDER: Final = "SELECT position FROM log FOR UPDATE"
"""So that nothing is appended by one who is losing a shard just then."""
_TAKE: Final = """
    UPDATE shards AS s SET owner = ?3
    FROM unnest(CAST(?1 AS TEXT[]), CAST(?2 AS INTEGER[])) AS w(workflow, number)
    WHERE s.workflow = w.workflow AND s.number = w.number
        AND (s.owner = ?3 OR NOT EXISTS (SELECT 1 FROM members AS m WHERE m.number = s.owner))
        AND EXISTS (SELECT 1 FROM members AS m WHERE m.number = ?3)
    RETURNING s.workflow, s.number"""
_GIVE: Final = """
    UPDATE shards AS s SET owner = w.owner
    FROM unnest(CAST(?1 AS TEXT[]), CAST(?2 AS INTEGER[]), CAST(?3 AS BIGINT[]))
        AS w(workflow, number, owner)
    WHERE s.workflow = w.workflow AND s.number = w.number AND s.owner = ?4"""
_NOTIFY: Final = "SELECT pg_notify(?, t) FROM unnest(CAST(? AS TEXT[])) AS t"
_LEAVE: Final = "DELETE FROM members WHERE number = ?"
_LET_GO: Final = f"UPDATE shards SET owner = {NOBODY} WHERE owner = ?"


class PostgresMembership:
    """`Membership` of one schema, on a connection and a thread of its own. `number` is 0 before
    `join`.

    The lease is kept by a thread, too: a function that blocks the event loop is no reason to be
    struck off."""

    def __init__(
        self, open_connection: Callable[[], Connection], *, name: str, joined: Callable[[int], None]
    ) -> None:
        line = OwnLine(open_connection, name=name, doing="sharing", thread="tenuto-member")
        self._line, self.run = line, line.run
        self._joined = joined
        """Told of each number, before anything is done under it."""
        self._keeper = threading.Thread(target=self._keep, name="tenuto-lease", daemon=True)
        self._leaving = threading.Event()
        self.number = NOBODY
        self.has_others = True
        """Whether the last look found another member."""
        self._locked: Connection | None = None
        """The connection that holds the lock of `number`."""
        self._judges_from_s = 0.0

    async def join(self, *, works: bool, adopts: bool) -> int:
        """See `Membership.join`."""
        self.number = await self.run(self._join, works, adopts)
        self._joined(self.number)
        if not self._keeper.is_alive():
            self._keeper.start()
        return self.number

    async def look(self, workflows: Collection[str], duties: Collection[str]) -> Survey:
        """See `Membership.look`."""
        return await self.run(self._look, sorted(workflows), sorted(duties))

    async def take(self, shards: Iterable[Shard]) -> frozenset[Shard]:
        """See `Membership.take`."""
        return await self.run(take_shards, self.number, tuple(shards))

    async def give(self, shards: Iterable[tuple[Shard, int]]) -> None:
        """See `Membership.give`."""
        await self.run(give_shards, self.number, tuple(shards))

    async def leave(self) -> None:
        """See `Membership.leave`."""
        self._leaving.set()
        with suppress(StoreUnavailable):
            await self.run(strike_off, self.number)

    async def close(self) -> None:
        """Return when all that was to be told is told, and the server is let go."""
        self._leaving.set()
        await self._line.close()

    def notify(self, channel: str, texts: Iterable[str]) -> None:
        """Have the server tell who listens on the channel, soon; or, when it is away, not."""
        self._line.try_soon(notify, channel, list(texts))

    def _keep(self) -> None:
        """The thread: lengthen the lease now and then."""
        while not self._leaving.wait(KEEP_S):
            self._line.try_soon(lengthen, self.number)

    def _join(self, connection: Connection, works: bool, adopts: bool) -> int:
        name = f"pid {os.getpid()} on {socket.gethostname()}"
        with connection.raw.transaction():
            ((number,),) = connection.execute(_JOIN, (name, int(works), int(adopts))).fetchall()
            # Before anybody sees the row: without the lock it would be struck off.
            connection.execute(_LOCK, (number,))
        self._locked = connection
        return int(number)

    def _look(self, connection: Connection, workflows: list[str], duties: list[str]) -> Survey:
        if connection is not self._locked:
            # The server was away, and others had no chance either to renew their leases.
            connection.execute(_LOCK, (self.number,))
            self._locked, self._judges_from_s = connection, time.monotonic() + LEASE_MS / 1000
        connection.execute(_RENEW, (json.dumps(workflows), json.dumps(duties), self.number))
        if time.monotonic() >= self._judges_from_s:
            connection.execute(_STRIKE_OFF, (self.number,))
        owners = owners_in(connection)
        new = unknown_to(workflows, owners)
        if new:
            connection.execute(_MAKE_SHARDS, (list(new),))
            owners = owners_in(connection)
        members = tuple(
            Member(
                number=number,
                name=name,
                workflows=tuple(known),
                works=bool(works),
                adopts=bool(adopts),
                duties=tuple(duties),
            )
            for number, name, known, duties, works, adopts in connection.execute(_SELECT_MEMBERS)
        )
        self.has_others = len(members) > 1
        return Survey(members=members, owners=owners)


def owners_in(connection: Connection) -> dict[Shard, int]:
    """Return the owner of every shard that there is."""
    return {
        Shard(workflow, number): owner
        for workflow, number, owner in connection.execute(_SELECT_SHARDS)
    }


def take_shards(connection: Connection, number: int, shards: tuple[Shard, ...]) -> frozenset[Shard]:
    """Return which of the shards are this member's now."""
    workflows, numbers = [one.workflow for one in shards], [one.number for one in shards]
    with connection.raw.transaction():
        connection.execute(_ORDER)
        rows = connection.execute(_TAKE, (workflows, numbers, number)).fetchall()
    return frozenset(Shard(workflow, place) for workflow, place in rows)


def give_shards(connection: Connection, number: int, shards: tuple[tuple[Shard, int], ...]) -> None:
    """Give those of the shards that are this member's to others."""
    columns = (
        [shard.workflow for shard, _ in shards],
        [shard.number for shard, _ in shards],
        [owner for _, owner in shards],
    )
    with connection.raw.transaction():
        connection.execute(_ORDER)
        connection.execute(_GIVE, (*columns, number))


def strike_off(connection: Connection, number: int) -> None:
    """Leave what the member has to nobody, and forget it."""
    with connection.raw.transaction():
        connection.execute(_ORDER)
        connection.execute(_LET_GO, (number,))
        connection.execute(_LEAVE, (number,))


def lengthen(connection: Connection, number: int) -> None:
    """Keep the member for another lease."""
    connection.execute(_KEEP, (number,))


def notify(connection: Connection, channel: str, texts: list[str]) -> None:
    """Tell who listens on the channel."""
    connection.execute(_NOTIFY, (channel, texts))
