"""Items as rows, and queries as conditions."""

import json
from typing import Any, Final

import msgspec

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.core.errors import NotFound
from tenuto.core.memory.items import MemoryItem, Scope, Source
from tenuto.core.vocabulary import Json
from tenuto.ports.memory import PAGE_MAX, MemoryQuery, MemoryStatistics

COLUMNS: Final = """
    i.id, s.tenant, s.agent, s.user, i.kind, i.key, i.text, i.body, i.created_ms, i.expires_ms,
    i.superseded_by, i.accessed_ms, i.accesses"""
JOINED: Final = "memory_items i JOIN memory_scopes s ON s.number = i.scope"

SELECT_NAMED: Final = f"SELECT {COLUMNS} FROM {JOINED} WHERE i.tenant = ? AND i.id = ?"
SELECT_CREATED: Final = "SELECT created_ms FROM memory_items WHERE tenant = ? AND id = ?"


class Body(msgspec.Struct, array_like=True, frozen=True):
    """What of an item nobody asks for by itself."""

    data: Json
    importance: float
    labels: tuple[str, ...]
    source: Source | None
    tries: int
    successes: int
    sums_up: tuple[str, ...] = ()


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Body)


def body_of(item: MemoryItem) -> bytes:
    """Return what is kept in the column `body`."""
    return _encoder.encode(
        Body(
            *(item.data, item.importance, item.labels, item.source),
            *(item.tries, item.successes, item.sums_up),
        )
    )


def item_of(row: tuple[Any, ...]) -> MemoryItem:
    """Return the item of a row of `COLUMNS`."""
    body = _decoder.decode(row[7])
    return MemoryItem(
        id=row[0],
        scope=Scope(tenant=row[1], agent=row[2], user=row[3]),
        kind=row[4],
        key=row[5],
        text=row[6],
        data=body.data,
        importance=body.importance,
        labels=body.labels,
        source=body.source,
        created_ms=row[8],
        expires_ms=row[9],
        superseded_by=row[10],
        tries=body.tries,
        successes=body.successes,
        accessed_ms=row[11],
        accesses=row[12],
        sums_up=body.sums_up,
    )


def condition_of(query: MemoryQuery) -> tuple[str, list[str | int]]:
    """Return what the query means as SQL over `JOINED`, and its values."""
    parts, values = ["i.tenant = ?"], list[str | int]([query.tenant])
    for column, wanted in (
        ("s.agent", query.agent),
        ("s.user", query.user),
        ("i.kind", query.kind),
        ("i.key", query.key),
    ):
        if wanted is not None:
            parts.append(f"{column} = ?")
            values.append(wanted)
    if query.ids is not None:
        parts.append("i.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(query.ids))
    if query.current_at_ms is not None:
        parts.append("i.superseded_by = '' AND (i.expires_ms = 0 OR i.expires_ms > ?)")
        values.append(query.current_at_ms)
    if query.expired_at_ms is not None:
        parts.append("i.expires_ms > 0 AND i.expires_ms <= ?")
        values.append(query.expired_at_ms)
    return " AND ".join(parts), values


def item_named(connection: Connection, tenant: str, id: str) -> MemoryItem | None:
    """Return the tenant's item of this id, if there is one."""
    row = connection.execute(SELECT_NAMED, (tenant, id)).fetchone()
    return item_of(row) if row is not None else None


def items_meant(connection: Connection, query: MemoryQuery) -> list[MemoryItem]:
    """Return all that the query means, whatever its page."""
    condition, values = condition_of(query)
    rows = connection.execute(f"SELECT {COLUMNS} FROM {JOINED} WHERE {condition}", values)
    return [item_of(row) for row in rows]


def list_items(connection: Connection, query: MemoryQuery) -> tuple[MemoryItem, ...]:
    """See `Memory.items`."""
    condition, values = condition_of(query)
    if query.after:
        row = connection.execute(SELECT_CREATED, (query.tenant, query.after)).fetchone()
        if row is None:
            raise NotFound(what="memory item", name=query.after)
        condition += " AND (i.created_ms, i.id) < (?, ?)"
        values += [row[0], query.after]
    if query.behind is not None:
        condition += " AND (i.created_ms, i.id) < (?, ?)"
        values += query.behind
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM {JOINED} WHERE {condition}"
        " ORDER BY i.created_ms DESC, i.id DESC LIMIT ?",
        (*values, max(0, min(query.limit, PAGE_MAX))),
    )
    return tuple(item_of(row) for row in rows)


def count(connection: Connection, query: MemoryQuery) -> MemoryStatistics:
    """See `Memory.statistics`."""
    condition, values = condition_of(query)
    rows = connection.execute(
        "SELECT i.kind, count(*), sum(CASE WHEN i.superseded_by <> '' THEN 1 ELSE 0 END),"
        " sum(i.characters), sum(i.accesses),"
        f" min(i.created_ms), max(i.created_ms) FROM {JOINED} WHERE {condition}"
        " GROUP BY i.kind ORDER BY i.kind",
        values,
    ).fetchall()
    summaries, summed_up = 0, 0
    if has_table(connection, "memory_sums"):
        summaries, summed_up = connection.execute(
            f"SELECT count(DISTINCT i.id), count(*) FROM {JOINED}"
            " JOIN memory_sums t ON t.tenant = i.tenant AND t.summary = i.id"
            f" WHERE {condition}",
            values,
        ).fetchone()
    return MemoryStatistics(
        items=sum(row[1] for row in rows),
        superseded=sum(row[2] for row in rows),
        characters=sum(row[3] for row in rows),
        accesses=sum(row[4] for row in rows),
        by_kind={row[0]: row[1] for row in rows},
        oldest_ms=min((row[5] for row in rows), default=0),
        newest_ms=max((row[6] for row in rows), default=0),
        summaries=summaries,
        summed_up=summed_up,
    )
