"""Long lists of one tenant's sessions: the first page of any filter, without a look at the others.

An index serves a list in its order when the list fixes every column before the order's. So there is
an index for each set of columns that people filter by, each ends with the status and with whether
the session is a root, and a list that leaves these two open is put together from the lists of each
status. What comes in ranges (moments, beginnings of ids) is turned into a range of the order first.

These indexes cost each start and each change of status something, so they are made only for who
shows lists.
"""

import json
import sqlite3
from collections.abc import Iterator
from itertools import product
from typing import Final, TypeAlias, get_args

import msgspec

from tenuto.adapters.sqlite.conditions import Conditions, begins, facts_of
from tenuto.core.lifecycle import Status
from tenuto.ports.event_store import HeadQuery

MADE_LAST: Final = "sessions_list_4"
INDEXES: Final = (
    "sessions_list_0 ON sessions(started_ms)",
    "sessions_list_1 ON sessions(tenant, status, (parent IS NULL))",
    "sessions_list_2 ON sessions(tenant, user, status, (parent IS NULL))",
    "sessions_list_3 ON sessions(tenant, workflow, status, (parent IS NULL))",
    f"{MADE_LAST} ON sessions(tenant, user, workflow, status, (parent IS NULL))",
)
SELECT_INDEX: Final = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?"
SELECT_NUMBER: Final = "SELECT number FROM sessions WHERE id = ?"
SELECT_STARTED: Final = """
    SELECT min(number), max(number) FROM sessions INDEXED BY sessions_list_0
    WHERE started_ms >= ? AND started_ms < ?"""
SELECT_NEXT_WORKFLOW: Final = """
    SELECT workflow FROM sessions INDEXED BY sessions_list_3
    WHERE tenant = ? AND workflow > ? ORDER BY workflow LIMIT 1"""

FEW: Final = 2_000
"""So many of a range are looked at one by one; of more only the first and the last."""
WORKFLOWS_MAX: Final = 1_000
"""Names of workflows in which a text is looked for, in the order of the alphabet."""
_ALWAYS_MS: Final = 1 << 62

Span: TypeAlias = tuple[int, int]
"""Of numbers, the first and the last."""


def prepare(connection: sqlite3.Connection, number: int) -> None:
    """Make index `number` if there is none; one at a time, as commits wait meanwhile."""
    connection.execute(f"CREATE INDEX IF NOT EXISTS {INDEXES[number]}")


def serve(connection: sqlite3.Connection, query: HeadQuery) -> bool:
    """Return whether the query is for a list, and the file has what lists need."""
    if query.tenant is None or query.parent is not None or query.key is not None:
        return False
    if query.active is not None or query.wake_before_ms is not None:
        return False
    return connection.execute(SELECT_INDEX, (MADE_LAST,)).fetchone() is not None


def numbers_of(connection: sqlite3.Connection, query: HeadQuery) -> list[int]:
    """Return the numbers of the sessions on the page, newest first."""
    span = _page(connection, query)
    found: set[int] = set()
    if span is not None:
        for one in _without_text(connection, query):
            found |= _listed(connection, one, span)
        if query.text:
            found |= _in_range(connection, query, "key", query.text, span)
    return sorted(found, reverse=True)[: max(0, query.limit)]


def _without_text(connection: sqlite3.Connection, query: HeadQuery) -> Iterator[HeadQuery]:
    """Yield the queries that together find what `text` means, but for keys."""
    if not query.text:
        yield query
        return
    shorter, longer = sorted((query.prefix, query.text), key=len)
    if longer.startswith(shorter):
        yield msgspec.structs.replace(query, text="", prefix=longer)
    if query.workflow is not None:
        if query.text in query.workflow:
            yield msgspec.structs.replace(query, text="")
        return
    assert query.tenant is not None, "lists are of one tenant"
    for name in _workflows(connection, query.tenant):
        if query.text in name:
            yield msgspec.structs.replace(query, text="", workflow=name)


def _workflows(connection: sqlite3.Connection, tenant: str) -> Iterator[str]:
    """Yield the names of the tenant's workflows, leaping from one to the next."""
    name = ""
    for _ in range(WORKFLOWS_MAX):
        row = connection.execute(SELECT_NEXT_WORKFLOW, (tenant, name)).fetchone()
        if row is None:
            return
        name = row[0]
        yield name


def _page(connection: sqlite3.Connection, query: HeadQuery) -> Span | None:
    """Return the numbers among which the page is; None: there is nothing."""
    first, last = 0, _ALWAYS_MS
    if query.before is not None:
        row = connection.execute(SELECT_NUMBER, (query.before,)).fetchone()
        if row is None:
            return None
        last = row[0] - 1
    if query.since_ms is not None or query.until_ms is not None:
        since = -_ALWAYS_MS if query.since_ms is None else query.since_ms
        until = _ALWAYS_MS if query.until_ms is None else query.until_ms
        low, high = connection.execute(SELECT_STARTED, (since, until)).fetchone()
        if low is None:
            return None
        first, last = max(first, low), min(last, high)
    return first, last


def _listed(connection: sqlite3.Connection, query: HeadQuery, span: Span) -> set[int]:
    if query.prefix:
        return _in_range(connection, query, "id", query.prefix, span)
    return _walked(connection, query, facts_of(query), span)


def _in_range(
    connection: sqlite3.Connection, query: HeadQuery, column: str, text: str, span: Span
) -> set[int]:
    """Return the newest whose `column` begins with `text`."""
    terms, values = begins(column, text)
    if column == "key":
        terms = ["tenant = ?", "key IS NOT NULL", *terms]
        values = [str(query.tenant), *values]
    where = " AND ".join(terms)
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM sessions WHERE {where} LIMIT ?)", (*values, FEW + 1)
    ).fetchone()
    more, given = facts_of(query)
    facts = [*more, *terms], [*given, *values]
    if count > FEW:
        low, high = connection.execute(
            f"SELECT min(number), max(number) FROM sessions WHERE {where}", values
        ).fetchone()
        return _walked(connection, query, facts, (max(span[0], low), min(span[1], high)))
    rows = connection.execute(f"SELECT number FROM sessions WHERE {where}", values)
    numbers = json.dumps([number for (number,) in rows])
    found = _walked_terms(query, facts)
    rows = connection.execute(
        "SELECT number FROM sessions WHERE number IN (SELECT value FROM json_each(?))"
        f" AND number BETWEEN ? AND ? AND {' AND '.join(found[0])}",
        (numbers, *span, *found[1]),
    )
    return {number for (number,) in rows}


def _walked_terms(query: HeadQuery, facts: Conditions) -> Conditions:
    """Return all conditions on a row that is known by its number."""
    terms, values = [*facts[0], "tenant = ?"], [*facts[1], str(query.tenant)]
    for column, wanted in (("user", query.user), ("workflow", query.workflow)):
        if wanted is not None:
            terms.append(f"{column} = ?")
            values.append(wanted)
    if query.statuses:
        terms.append(f"status IN ({','.join('?' * len(query.statuses))})")
        values += query.statuses
    if query.roots:
        terms.append("parent IS NULL")
    return terms, values


def _walked(
    connection: sqlite3.Connection, query: HeadQuery, facts: Conditions, span: Span
) -> set[int]:
    """Return the newest of each status: more than the page holds, and all that it holds."""
    columns = [("tenant", str(query.tenant))]
    columns += [("user", query.user)] if query.user is not None else []
    columns += [("workflow", query.workflow)] if query.workflow is not None else []
    index = 1 + (query.user is not None) + 2 * (query.workflow is not None)
    terms = [f"{column} = ?" for column, _ in columns]
    terms += ["status = ?", "(parent IS NULL) = ?", "number BETWEEN ? AND ?", *facts[0]]
    question = (
        f"SELECT number FROM sessions INDEXED BY sessions_list_{index}"
        f" WHERE {' AND '.join(terms)} ORDER BY number DESC LIMIT ?"
    )
    given = [value for _, value in columns]
    found: set[int] = set()
    statuses = dict.fromkeys(query.statuses or get_args(Status))
    for status, is_root in product(statuses, (1,) if query.roots else (1, 0)):
        values = (*given, status, is_root, *span, *facts[1], query.limit)
        found.update(number for (number,) in connection.execute(question, values))
    return found
