"""Answers to be given again, in the file of the log, in a table that the first of them makes.

The table's name holds the number of its format: one of an older format is left alone, and so is
forgotten. Answers are written with the next batch of commits and nobody waits for the disk: what a
crash loses is asked again.
"""

import asyncio
import sys
from array import array
from collections.abc import Sequence
from operator import mul
from typing import Final

import msgspec

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.reading import Reads
from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import Position
from tenuto.ports.responses import Found, Near, Response, Reused

TABLE: Final = "responses_1"
SCANNED_MAX: Final = 2_000
"""Questions of one scope that are looked at, the newest first. Measured: 50 ms for vectors of
512; where questions must have the same words, a scope holds few."""

SWEEPS_PER_TABLE: Final = 50
"""How often old ones are looked for while as many are kept as there may be."""

MAKE: Final = (
    f"""CREATE TABLE IF NOT EXISTS {TABLE}(
        key TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        tenant TEXT NOT NULL,
        agent TEXT NOT NULL,
        kept_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        exact INTEGER NOT NULL,
        semantic INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        usd REAL NOT NULL,
        vector BLOB NOT NULL,
        answer BLOB NOT NULL)""",
    f"CREATE INDEX IF NOT EXISTS {TABLE}_of_scope ON {TABLE}(scope, kept_ms) WHERE scope != ''",
    f"CREATE INDEX IF NOT EXISTS {TABLE}_by_age ON {TABLE}(kept_ms)",
)
_INSERT: Final = f"""
    INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)
    ON CONFLICT(key) DO UPDATE SET scope = excluded.scope, kept_ms = excluded.kept_ms,
        expires_ms = excluded.expires_ms, input_tokens = excluded.input_tokens,
        output_tokens = excluded.output_tokens, usd = excluded.usd, vector = excluded.vector,
        answer = excluded.answer"""
_COUNT: Final[dict[Found, str]] = {
    "exact": f"UPDATE {TABLE} SET exact = exact + 1 WHERE key = ?",
    "semantic": f"UPDATE {TABLE} SET semantic = semantic + 1 WHERE key = ?",
}
_DELETE_OLD: Final = f"""
    DELETE FROM {TABLE} WHERE expires_ms <= ?
    OR rowid IN (SELECT rowid FROM {TABLE} ORDER BY kept_ms DESC, rowid DESC LIMIT -1 OFFSET ?)"""
_COLUMNS: Final = "key, tenant, agent, answer, kept_ms, expires_ms, scope, vector"
_FIND: Final = f"SELECT {_COLUMNS} FROM {TABLE} WHERE key = ? AND kept_ms >= ?"
_NEWEST: Final = f"""
    SELECT key, vector FROM {TABLE} WHERE scope = ? AND scope != '' AND kept_ms >= ?
    AND length(vector) = ? ORDER BY kept_ms DESC LIMIT {SCANNED_MAX}"""
_WHICH: Final = (
    "(CAST(?1 AS TEXT) IS NULL OR tenant = CAST(?1 AS TEXT))"
    " AND (CAST(?2 AS BIGINT) IS NULL OR kept_ms < CAST(?2 AS BIGINT))"
)
_SUMS: Final = f"""
    SELECT tenant, agent, count(*), sum(exact), sum(semantic),
        sum((exact + semantic) * input_tokens), sum((exact + semantic) * output_tokens),
        sum((exact + semantic) * usd)
    FROM {TABLE} WHERE {_WHICH} GROUP BY tenant, agent ORDER BY tenant, agent"""
_COUNT_ALL: Final = f"SELECT count(*) FROM {TABLE} WHERE {_WHICH}"
_FORGET: Final = f"DELETE FROM {TABLE} WHERE {_WHICH}"


class TableResponses:
    """`Responses` of one file. `commits` is None in a process that only reads."""

    def __init__(self, *, reads: Reads, commits: GroupCommit | None, entries_max: int) -> None:
        assert entries_max >= 1, "a cache holds something"
        self._reads, self._commits = reads, commits
        self._entries_max = entries_max
        self._sweep_every = max(1, entries_max // SWEEPS_PER_TABLE)
        self._kept = 0
        self._made = False

    async def find(self, key: str, *, since_ms: int) -> Response | None:
        """See `Responses.find`."""
        return await self._reads.run(_find, key, since_ms)

    async def nearest(self, scope: str, vector: Sequence[float], *, since_ms: int) -> Near | None:
        """See `Responses.nearest`."""
        return await self._reads.run(_nearest, scope, vector, since_ms)

    def keep(self, response: Response) -> None:
        """See `Responses.keep`."""
        if self._commits is None:
            return
        usage = response.answer.usage
        row = (
            response.key,
            response.scope,
            response.tenant,
            response.agent,
            response.kept_ms,
            response.expires_ms,
            usage.input_tokens,
            usage.output_tokens,
            usage.cost_usd,
            _packed(response.vector),
            msgspec.msgpack.encode(response.answer),
        )
        if not self._made:
            # With the row in one transaction: a row without its table would refuse the commits of
            # sessions that are written with it.
            for statement in MAKE:
                self._commits.execute(statement, ()).add_done_callback(_ignored)
        self._commits.execute(_INSERT, row).add_done_callback(self._was_written)
        if self._kept % self._sweep_every == 0:
            bounds = response.kept_ms, self._entries_max
            self._commits.execute(_DELETE_OLD, bounds).add_done_callback(_ignored)
        self._kept += 1

    def count(self, key: str, how: Found) -> None:
        """See `Responses.count`."""
        # What is counted was found here, so there is a table.
        if self._commits is not None:
            self._commits.execute(_COUNT[how], (key,)).add_done_callback(_ignored)

    async def statistics(self, tenant: str | None = None) -> tuple[Reused, ...]:
        """See `Responses.statistics`."""
        return await self._reads.run(_sums, tenant)

    async def forget(self, tenant: str | None = None, *, before_ms: int | None = None) -> int:
        """See `Responses.forget`."""
        if self._commits is None:
            raise StoreUnavailable("The file was opened for reading only; open it for writing.")
        count = await self._reads.run(_count, tenant, before_ms)
        if count:
            await self._commits.execute(_FORGET, (tenant, before_ms))
        return count

    def _was_written(self, written: "asyncio.Future[Position]") -> None:
        self._made = self._made or not (written.cancelled() or written.exception())


def _ignored(written: "asyncio.Future[Position]") -> None:
    """What was not written is asked again; nobody else misses it."""
    if not written.cancelled():
        written.exception()


def _is_made(connection: Connection) -> bool:
    return has_table(connection, TABLE)


def _find(connection: Connection, key: str, since_ms: int) -> Response | None:
    if not _is_made(connection):
        return None
    row = connection.execute(_FIND, (key, since_ms)).fetchone()
    if row is None:
        return None
    key, tenant, agent, answer, kept_ms, expires_ms, scope, vector = row
    return Response(
        key=key,
        tenant=tenant,
        agent=agent,
        answer=msgspec.msgpack.decode(answer, type=ModelAnswer),
        kept_ms=kept_ms,
        expires_ms=expires_ms,
        scope=scope,
        vector=tuple(_unpacked(vector)),
    )


def _nearest(
    connection: Connection, scope: str, vector: Sequence[float], since_ms: int
) -> Near | None:
    if not _is_made(connection):
        return None
    asked, best = array("f", vector), ("", -2.0)
    rows = connection.execute(_NEWEST, (scope, since_ms, len(asked) * asked.itemsize))
    for key, packed in rows:
        likeness = sum(map(mul, asked, _unpacked(packed)))
        if likeness > best[1]:
            best = key, likeness
    response = _find(connection, best[0], since_ms)
    return Near(response=response, likeness=best[1]) if response is not None else None


def _sums(connection: Connection, tenant: str | None) -> tuple[Reused, ...]:
    if not _is_made(connection):
        return ()
    names = Reused.__struct_fields__
    rows = connection.execute(_SUMS, (tenant, None))
    return tuple(Reused(**dict(zip(names, row, strict=True))) for row in rows)


def _count(connection: Connection, tenant: str | None, before_ms: int | None) -> int:
    if not _is_made(connection):
        return 0
    count: int = connection.execute(_COUNT_ALL, (tenant, before_ms)).fetchone()[0]
    return count


def _packed(vector: Sequence[float]) -> bytes:
    """Little-endian on every machine: the file may be carried to another."""
    packed = array("f", vector)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpacked(packed: bytes) -> "array[float]":
    vector = array("f")
    vector.frombytes(packed)
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
