"""Heads: rows of table `sessions`, and the questions that lists and recovery ask."""

import sqlite3
from typing import Any, Final

from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import Head, HeadQuery

HEAD_COLUMNS: Final = (
    "id, tenant, user, workflow, workflow_version, parent, key, origin, origin_version, status,"
    " waiting_for, wake_ms, active, started_ms, updated_ms, head_version"
)


def head_of(row: tuple[Any, ...]) -> Head:
    """Return the head that a row of `HEAD_COLUMNS` holds."""
    return Head(
        session=SessionId(row[0]),
        tenant=row[1],
        user=row[2],
        workflow=row[3],
        workflow_version=row[4],
        parent=row[5],
        key=row[6],
        origin=row[7],
        origin_version=Version(row[8]),
        status=row[9],
        waiting_for=row[10],
        wake_ms=row[11],
        active=bool(row[12]),
        started_ms=row[13],
        updated_ms=row[14],
        version=Version(row[15]),
    )


def list_heads(connection: sqlite3.Connection, query: HeadQuery) -> tuple[Head, ...]:
    """Answer `EventStore.heads`."""
    where, values = _conditions(query)
    # The plus keeps SQLite from walking all sessions in their order to find the few of a range:
    # 0.4 instead of 8 ms for the deadlines among 100,000. Source: sqlite.org/optoverview.html.
    is_range = query.wake_before_ms is not None or bool(query.prefix)
    order = "+number" if is_range else "number"
    rows = connection.execute(
        f"SELECT {HEAD_COLUMNS} FROM sessions{where} ORDER BY {order} DESC LIMIT ?",
        (*values, query.limit),
    )
    return tuple(head_of(row) for row in rows)


def _conditions(query: HeadQuery) -> tuple[str, list[str | int]]:
    """Return the WHERE clause and its values. Text of the query never becomes text of the SQL."""
    terms: list[str] = []
    values: list[str | int] = []
    if query.tenant is not None:
        terms.append("tenant = ?")
        values.append(query.tenant)
    if query.statuses:
        terms.append(f"status IN ({','.join('?' * len(query.statuses))})")
        values += query.statuses
    if query.workflow is not None:
        terms.append("workflow = ?")
        values.append(query.workflow)
    if query.parent is not None:
        terms.append("parent = ?")
        values.append(query.parent)
    if query.key is not None:
        terms.append("key = ?")
        values.append(query.key)
    if query.active is not None:
        # Written out, not bound: only so does SQLite see that the partial index serves.
        terms.append("active = 1" if query.active else "active = 0")
    if query.wake_before_ms is not None:
        terms.append("wake_ms < ?")
        values.append(query.wake_before_ms)
    if query.words:
        terms.append(f"({' OR '.join(['instr(waiting_for, ?) > 0'] * len(query.words))})")
        values += query.words
    if query.prefix:
        # The first term lets an index serve, the second one is exact.
        terms.append("id >= ? AND substr(id, 1, ?) = ?")
        values += [query.prefix, len(query.prefix), query.prefix]
    if query.before is not None:
        terms.append("number < (SELECT number FROM sessions WHERE id = ?)")
        values.append(query.before)
    return (" WHERE " + " AND ".join(terms) if terms else ""), values
