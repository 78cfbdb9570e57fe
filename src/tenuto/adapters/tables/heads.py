"""Heads: rows of table `sessions`."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from tenuto.adapters.tables.conditions import conditions_of
from tenuto.adapters.tables.connection import Connection, Row
from tenuto.adapters.tables.waits import mask_of, waits_in
from tenuto.core.lifecycle import Status
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import Head, HeadQuery

HEAD_COLUMNS: Final = (
    "id, tenant, user, workflow, workflow_version, parent, key, origin, origin_version, status,"
    " waiting_for, wake_ms, active, started_ms, updated_ms, head_version, waits"
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
        waits_for=waits_in(row[16]),
    )


def row_of(head: Head) -> Row:
    """Return the row of `HEAD_COLUMNS` that holds the head."""
    return (
        head.session,
        head.tenant,
        head.user,
        head.workflow,
        head.workflow_version,
        head.parent,
        head.key,
        head.origin,
        head.origin_version,
        head.status,
        head.waiting_for,
        head.wake_ms,
        head.active,
        head.started_ms,
        head.updated_ms,
        head.version,
        mask_of(head.waits_for),
    )


def count_by_status(connection: Connection) -> Mapping[Status, int]:
    """Answer `SessionLists.by_status`, from an index: 0.3 s among a million."""
    counts: dict[Status, int] = dict.fromkeys(get_args(Status), 0)
    counts.update(
        connection.execute(
            "SELECT status, count(*) FROM sessions INDEXED BY sessions_by_status GROUP BY status"
        ).fetchall()
    )
    return counts


def page_of(query: HeadQuery) -> tuple[str, list[str | int]]:
    """Return the WHERE clause and its values. Text of the query never becomes text of the SQL."""
    terms, values = conditions_of(query)
    if query.before is not None:
        terms.append("number < (SELECT number FROM sessions WHERE id = ?)")
        values.append(query.before)
    return (" WHERE " + " AND ".join(terms) if terms else ""), values
