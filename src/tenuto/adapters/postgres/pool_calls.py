"""Calls of pools of those that share a schema: one row each, from put to drop."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Concatenate, Final, ParamSpec, TypeVar

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.own_line import OwnLine
from tenuto.adapters.postgres.pool_tables import ARE_MADE, MAKE, NOW, STANDING, TABLE
from tenuto.adapters.postgres.signals import payload_of
from tenuto.adapters.tables.connection import Connection as AnyConnection
from tenuto.adapters.tables.connection import has_table
from tenuto.adapters.tables.reading import Reads
from tenuto.core.pools import Pool, served_by
from tenuto.core.vocabulary import SessionId
from tenuto.ports.membership import Topic
from tenuto.ports.pools import Claim, Claimed, Found, PoolCall
from tenuto.ports.pools import Line as PoolLine
from tenuto.ports.wall import everywhere

P = ParamSpec("P")
T = TypeVar("T")

KEPT_MS: Final = 7 * 86_400_000
"""How long a call is kept that nobody comes for."""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('pools ' || current_schema(), 0))"
_FIELDS: Final = (
    "name, concurrency, worker_concurrency, rate, per_ms, key, key_concurrency, key_rate"
)
_DECLARE: Final = f"""
    INSERT INTO {TABLE} AS p ({_FIELDS}, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
    ON CONFLICT (name) DO UPDATE SET concurrency = excluded.concurrency,
        worker_concurrency = excluded.worker_concurrency, rate = excluded.rate,
        per_ms = excluded.per_ms, key = excluded.key,
        key_concurrency = excluded.key_concurrency, key_rate = excluded.key_rate"""
_FORGET: Final = (
    f"DELETE FROM pool_calls_1 WHERE outcome IS NOT NULL AND settled_ms < {NOW} - {KEPT_MS}",
    f"""DELETE FROM pool_calls_1 AS c WHERE c.put_ms < {NOW} - {KEPT_MS} AND NOT EXISTS (
        SELECT 1 FROM sessions AS s WHERE s.id = c.session AND s.active = 1)""",
    f"""DELETE FROM pool_turns_1 AS t USING {TABLE} AS p
        WHERE p.name = t.pool AND t.turn <= p.turn""",
)
_PUT: Final = "SELECT put_calls_1(CAST(? AS JSONB), CAST(? AS BYTEA[])), pg_notify(?, ?)"
_CLAIM: Final = """
    SELECT ids, numbers, payloads, again_ms, are_more
    FROM claim_calls_1(?, ?, ?, CAST(? AS TEXT[]))"""
_SETTLE: Final = """
    SELECT ARRAY(SELECT settle_calls_1(
        ?, CAST(? AS TEXT[]), CAST(? AS BIGINT[]), CAST(? AS BYTEA[]))), pg_notify(?, ?)"""
_FIND: Final = f"""
    SELECT c.id, {STANDING}, c.claims, c.outcome, c.is_withdrawn
    FROM pool_calls_1 AS c WHERE c.id = ANY(CAST(? AS TEXT[]))"""
_DROP: Final = "SELECT drop_calls_1(CAST(? AS TEXT[])), pg_notify(?, ?)"
_LINES: Final = f"""
    SELECT {_FIELDS}, (
        SELECT count(*) FROM pool_calls_1 AS c WHERE c.pool = p.name AND {STANDING} = 'waiting'), (
        SELECT count(*) FROM pool_calls_1 AS c WHERE c.pool = p.name AND {STANDING} = 'running'), (
        SELECT {NOW} - min(c.put_ms) FROM pool_calls_1 AS c
        WHERE c.pool = p.name AND {STANDING} = 'waiting')
    FROM {TABLE} AS p ORDER BY name"""
_DUTIES: Final = f"SELECT duties FROM members WHERE expires_ms >= {NOW}"
_WAITING_OF: Final = f"""
    SELECT c.id, c.pool FROM pool_calls_1 AS c WHERE c.session = ? AND {STANDING} = 'waiting'"""


class PostgresCalls:
    """`Calls` of one member, on a connection and a thread of its own.

    The others are told within the transaction: that spares a call two ways to the server before it
    begins."""

    def __init__(
        self,
        open_connection: Callable[[], Connection],
        *,
        name: str,
        channel: str,
        number: Callable[[], int],
    ) -> None:
        """
        Args:
            channel: of the members.
            number: this member's.
        """
        line = OwnLine(open_connection, name=name, doing="pooling", thread="tenuto-pools")
        self._line, self._run = line, line.run
        self._channel, self._number = channel, number
        self._are_made = False

    async def declare(self, pools: Sequence[Pool]) -> None:
        """See `Calls.declare`."""
        await self._run(_declare, tuple(pools))
        self._are_made = True

    async def put(self, calls: Sequence[PoolCall]) -> None:
        """See `Calls.put`."""
        pools = dict.fromkeys(call.pool for call in calls)
        await self._run(_put, tuple(calls), self._told("calls", pools))

    async def claim(self, pool: str, room: int, *, held: Collection[str] | None = None) -> Claimed:
        """See `Calls.claim`."""
        known = None if held is None else list(held)
        found = await self._run_if_made(_claim, (pool, self._number(), room, known))
        return Claimed() if found is None else found

    async def settle(self, outcomes: Sequence[tuple[Claim, bytes]]) -> list[bool]:
        """See `Calls.settle`."""
        told = self._told("outcomes", [claim.id for claim, _ in outcomes])
        taken = await self._run(_settle, self._number(), tuple(outcomes), told)
        return [place in taken for place in range(len(outcomes))]

    async def find(self, ids: Collection[str]) -> dict[str, Found]:
        """See `Calls.find`."""
        return await self._run_if_made(_find, list(ids)) or {}

    async def drop(self, ids: Collection[str]) -> None:
        """See `Calls.drop`."""
        await self._run_if_made(_drop, list(ids), self._told("withdrawals", ids))

    async def close(self) -> None:
        """Return when the server is let go."""
        await self._line.close()

    def _told(self, topic: Topic, texts: Iterable[str]) -> tuple[str, str]:
        """Return the channel, and what the others are told on it."""
        return self._channel, payload_of(topic, [*texts], self._number())

    async def _run_if_made(
        self, do: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Return what `do` returns; None where nobody has declared a pool yet."""
        self._are_made = self._are_made or await self._run(_are_made)
        return await self._run(do, *args, **kwargs) if self._are_made else None


class PostgresLines:
    """`Lines` of one schema."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def lines(self) -> tuple[PoolLine, ...]:
        """See `Lines.lines`."""
        with everywhere():
            return await self._reads.run(_lines)

    async def waiting_of(self, session: SessionId) -> dict[str, str]:
        """See `Lines.waiting_of`."""
        with everywhere():
            return await self._reads.run(_waiting_of, session)


def _are_made(connection: Connection) -> bool:
    ((found,),) = connection.execute(ARE_MADE)
    return bool(found)


def _declare(connection: Connection, pools: tuple[Pool, ...]) -> None:
    with connection.raw.transaction():
        connection.execute(_LOCK)
        if not _are_made(connection):
            for statement in MAKE:
                connection.execute(statement)
        for pool in pools:
            limits = (pool.concurrency, pool.worker_concurrency, pool.rate, pool.per_ms)
            keyed = (pool.key, pool.key_concurrency, pool.key_rate)
            connection.execute(_DECLARE, (pool.name, *limits, *keyed))
    for statement in _FORGET:
        connection.execute(statement)


def _put(connection: Connection, calls: tuple[PoolCall, ...], told: tuple[str, str]) -> None:
    rows = [
        {
            "id": call.id,
            "session": call.session,
            "pool": call.pool,
            "tenant": call.tenant,
            "key": call.key,
            "priority": call.priority,
            "once": int(call.once),
        }
        for call in calls
    ]
    connection.execute(_PUT, (json.dumps(rows), [call.payload for call in calls], *told))


def _claim(connection: Connection, asked: tuple[str, int, int, list[str] | None]) -> Claimed:
    ((ids, numbers, payloads, again_ms, are_more),) = connection.execute(_CLAIM, asked).fetchall()
    return Claimed(
        claims=tuple(
            Claim(id=id, number=count, payload=bytes(payload))
            for id, count, payload in zip(ids, numbers, payloads, strict=True)
        ),
        again_ms=None if again_ms is None else max(1, again_ms),
        are_more=bool(are_more),
    )


def _settle(
    connection: Connection,
    number: int,
    outcomes: tuple[tuple[Claim, bytes], ...],
    told: tuple[str, str],
) -> set[int]:
    """Return which of the outcomes were taken, by their places."""
    columns = (
        [claim.id for claim, _ in outcomes],
        [claim.number for claim, _ in outcomes],
        [outcome for _, outcome in outcomes],
    )
    ((taken, _),) = connection.execute(_SETTLE, (number, *columns, *told)).fetchall()
    return set(taken)


def _find(connection: Connection, ids: list[str]) -> dict[str, Found]:
    return {
        id: Found(
            standing=standing,
            number=claims,
            outcome=b"" if outcome is None else bytes(outcome),
            is_withdrawn=bool(is_withdrawn),
        )
        for id, standing, claims, outcome, is_withdrawn in connection.execute(_FIND, (ids,))
    }


def _drop(connection: Connection, ids: list[str], told: tuple[str, str]) -> None:
    connection.execute(_DROP, (ids, *told))


def _lines(connection: AnyConnection) -> tuple[PoolLine, ...]:
    if not has_table(connection, TABLE):
        return ()
    servers = [served_by(tuple(duties)) for (duties,) in connection.execute(_DUTIES)]
    return tuple(
        PoolLine(
            pool=Pool(
                name,
                concurrency=concurrency,
                worker_concurrency=worker_concurrency,
                rate=rate,
                per=per_ms / 1000,
                key=key,
                key_concurrency=key_concurrency,
                key_rate=key_rate,
            ),
            workers=sum(name in served for served in servers),
            waiting=waiting,
            running=running,
            oldest_ms=oldest_ms or 0,
        )
        for (
            name,
            concurrency,
            worker_concurrency,
            rate,
            per_ms,
            key,
            key_concurrency,
            key_rate,
            waiting,
            running,
            oldest_ms,
        ) in connection.execute(_LINES).fetchall()
    )


def _waiting_of(connection: AnyConnection, session: SessionId) -> dict[str, str]:
    if not has_table(connection, TABLE):
        return {}
    return dict(connection.execute(_WAITING_OF, (session,)).fetchall())
