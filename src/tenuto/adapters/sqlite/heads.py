"""Heads: rows of table `sessions`, and the questions that lists and recovery ask."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from tenuto.adapters.sqlite import lists, waits
from tenuto.adapters.sqlite.conditions import conditions_of
from tenuto.core.lifecycle import Status
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import Head, HeadQuery

HEAD_COLUMNS: Final = (
    "id, tenant, user, workflow, workflow_version, parent, key, origin, origin_version, status,"
    " waiting_for, wake_ms, active, started_ms, updated_ms, head_version, waits"
)

SELECT_NUMBERED: Final = f"""
    SELECT {HEAD_COLUMNS} FROM sessions WHERE number IN (SELECT value FROM json_each(?))
    ORDER BY number DESC"""


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
        waits_for=waits.waits_in(row[16]),
    )


def list_heads(connection: sqlite3.Connection, query: HeadQuery) -> tuple[Head, ...]:
    """Answer `EventStore.heads`."""
    if lists.serve(connection, query):
        numbers = lists.numbers_of(connection, query)
        rows = connection.execute(SELECT_NUMBERED, (json.dumps(numbers),))
        return tuple(head_of(row) for row in rows)
    return tuple(head_of(row) for row in _selected(connection, HEAD_COLUMNS, query))


def count_heads(connection: sqlite3.Connection, query: HeadQuery) -> int:
    """Return how many match, at most `query.limit`."""
    if lists.serve(connection, query):
        return len(lists.numbers_of(connection, query))
    return sum(1 for _ in _selected(connection, "1", query))


def count_by_status(connection: sqlite3.Connection) -> Mapping[Status, int]:
    """Answer `SessionLists.by_status`, from an index: 0.3 s among a million."""
    counts: dict[Status, int] = dict.fromkeys(get_args(Status), 0)
    counts.update(
        connection.execute(
            "SELECT status, count(*) FROM sessions INDEXED BY sessions_by_status GROUP BY status"
        ).fetchall()
    )
    return counts


def _selected(
    connection: sqlite3.Connection, columns: str, query: HeadQuery
) -> Iterable[tuple[Any, ...]]:
    where, values = _conditions(query)
    # The plus keeps SQLite from walking all sessions in their order to find the few of a range:
    # 0.4 instead of 8 ms for the deadlines among 100,000. Source: sqlite.org/optoverview.html.
    is_range = query.wake_before_ms is not None or bool(query.prefix)
    order = "+number" if is_range else "number"
    # There are more of a status than of a parent; without statistics SQLite cannot know.
    index = " INDEXED BY sessions_by_parent" if query.parent is not None else ""
    return connection.execute(
        f"SELECT {columns} FROM sessions{index}{where} ORDER BY {order} DESC LIMIT ?",
        (*values, query.limit),
    )


def _conditions(query: HeadQuery) -> tuple[str, list[str | int]]:
    """Return the WHERE clause and its values. Text of the query never becomes text of the SQL."""
    terms, values = conditions_of(query)
    if query.before is not None:
        terms.append("number < (SELECT number FROM sessions WHERE id = ?)")
        values.append(query.before)
    return (" WHERE " + " AND ".join(terms) if terms else ""), values
