"""Long lists of one tenant's sessions: the first page of any filter, without a look at the others.

An index serves a list in its order when the list fixes every column before the order's. So there is
an index for each set of columns that people filter by, each ends with the status and with whether
the session is a root, and a list that leaves these two open is put together from the lists of each
status. What comes in ranges (moments, beginnings of ids) is turned into a range of the order first.

These indexes cost each start and each change of status something, so they are made only for who
shows lists.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Final, TypeAlias, get_args

import msgspec

from tenuto.adapters.tables.conditions import Conditions, begins, conditions_of, facts_of
from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.waits import mask_of
from tenuto.core.lifecycle import Status
from tenuto.ports.event_store import HeadQuery

_TAIL: Final = "(parent IS NULL), number, key, parent"
"""What follows the order is looked at without the row: it may have to be for many."""
_WAITING: Final = "tenant, number, status, user, workflow, parent, key, started_ms, id"
"""All that lists ask for: of many that wait, and few of which match, no row is looked at."""
MADE_LAST: Final = "sessions_list_7"
INDEXES: Final = (
    "sessions_list_0 ON sessions(started_ms)",
    f"sessions_list_1 ON sessions(tenant, status, {_TAIL})",
    f"sessions_list_2 ON sessions(tenant, user, status, {_TAIL})",
    f"sessions_list_3 ON sessions(tenant, workflow, status, {_TAIL})",
    f"sessions_list_4 ON sessions(tenant, user, workflow, status, {_TAIL})",
    f"sessions_list_5 ON sessions({_WAITING}) WHERE waits & 1",
    f"sessions_list_6 ON sessions({_WAITING}) WHERE waits & 2",
    f"{MADE_LAST} ON sessions({_WAITING}) WHERE waits & 4",
)
SELECT_INDEX: Final = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?"
SELECT_NUMBER: Final = "SELECT number FROM sessions WHERE id = ?"
SELECT_BELOW: Final = "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE parent = ? LIMIT ?)"
SELECT_NEWEST: Final = "SELECT coalesce(max(number), 0) FROM sessions"
SELECT_STARTED: Final = """
    SELECT min(number), max(number) FROM sessions INDEXED BY sessions_list_0
    WHERE started_ms >= ? AND started_ms < ?"""
SELECT_NEXT_WORKFLOW: Final = """
    SELECT workflow FROM sessions INDEXED BY sessions_list_3
    WHERE tenant = ? AND workflow > ? ORDER BY workflow LIMIT 1"""

FEW: Final = 2_000
"""So many of a range are looked at one by one; of more only the first and the last."""
NEWEST: Final = 4_000
"""Among so many a page is looked for before the bounds of a range are."""
LIGHT: Final = 20_000
"""So many are looked at one by one before the bounds of a range are looked for."""
NOBODY: Final = (1, 0)
"""A span that holds no number."""
WORKFLOWS_MAX: Final = 1_000
"""Names of workflows in which a text is looked for, in the order of the alphabet."""
_ALWAYS_MS: Final = 1 << 62

Span: TypeAlias = tuple[int, int]
"""Of numbers, the first and the last."""


def prepare(connection: Connection, number: int) -> None:
    """Make index `number` if there is none; one at a time, as commits wait meanwhile."""
    connection.execute(f"CREATE INDEX IF NOT EXISTS {INDEXES[number]}")


def serve(connection: Connection, query: HeadQuery) -> bool:
    """Return whether the query is for a list, and the file has what lists need."""
    if query.tenant is None or query.key is not None:
        return False
    if query.active is not None or query.wake_before_ms is not None:
        return False
    if query.parent is not None and _few_below(connection, query.parent):
        return False
    return connection.execute(SELECT_INDEX, (MADE_LAST,)).fetchone() is not None


def _few_below(connection: Connection, parent: str) -> bool:
    (count,) = connection.execute(SELECT_BELOW, (parent, FEW + 1)).fetchone()
    return bool(count <= FEW)


def numbers_of(connection: Connection, query: HeadQuery) -> list[int]:
    """Return the numbers of the sessions on the page, newest first."""
    if query.waits_for:
        return _waiting(connection, query)
    page = _Page(connection, query)
    found: set[int] = set()
    for one in _without_text(connection, query):
        beginning = ("id", one.prefix) if one.prefix else None
        found |= page.newest(one, beginning)
    if query.text:
        found |= page.newest(query, ("key", query.text))
    return sorted(found, reverse=True)[: max(0, query.limit)]


def _waiting(connection: Connection, query: HeadQuery) -> list[int]:
    """Return the numbers of the page of those that wait for something: from the index of each."""
    without = msgspec.structs.replace(query, waits_for=())
    terms, values = conditions_of(without)
    found: set[int] = set()
    for kind in dict.fromkeys(query.waits_for):
        bit = mask_of((kind,))
        rows = connection.execute(
            f"SELECT number FROM sessions INDEXED BY sessions_list_{4 + bit.bit_length()}"
            f" WHERE waits & {bit} AND number <= ? AND {' AND '.join(terms)}"
            " ORDER BY number DESC LIMIT ?",
            (_newest(connection, query), *values, query.limit),
        )
        found.update(number for (number,) in rows)
    return sorted(found, reverse=True)[: max(0, query.limit)]


class _Page:
    """Finds the newest sessions of queries that ask for the same page and times."""

    def __init__(self, connection: Connection, query: HeadQuery) -> None:
        self._connection, self._query = connection, query
        self._all = (0, _newest(connection, query))
        self._started: Span | None = None

    def newest(self, query: HeadQuery, beginning: tuple[str, str] | None) -> set[int]:
        """Return the newest that match, as many as the page holds at least, if there are so many.

        `beginning`: a column, and the text with which it begins."""
        connection = self._connection
        facts = _facts(query)
        if beginning is not None:
            terms, values = _beginning(query, beginning)
            few = _few(connection, terms, values)
            if few is not None:
                return _checked(connection, few, _row_facts(query, facts), self._all)
            facts = [*facts[0], *terms], [*facts[1], *values]
        elif query.since_ms is None and query.until_ms is None:
            return _walked(connection, query, facts, self._all)
        found = _walked(connection, query, facts, _end_of(self._all))
        if len(found) >= query.limit:
            return found
        if _is_light(connection, query):
            return _walked(connection, query, facts, self._all)
        span = self._times()
        if beginning is not None:
            found = _walked(connection, query, facts, _end_of(span))
            if len(found) >= query.limit or _end_of(span) == span:
                return found
            span = _bounded(connection, _beginning(query, beginning), span)
        return _walked(connection, query, facts, span)

    def _times(self) -> Span:
        """Return the part of the page with sessions that started when the query says."""
        since, until = self._query.since_ms, self._query.until_ms
        if self._started is None and since is None and until is None:
            self._started = self._all
        if self._started is None:
            values = -_ALWAYS_MS if since is None else since, _ALWAYS_MS if until is None else until
            low, high = self._connection.execute(SELECT_STARTED, values).fetchone()
            self._started = NOBODY if low is None else (low, min(high, self._all[1]))
        return self._started


def _without_text(connection: Connection, query: HeadQuery) -> Iterator[HeadQuery]:
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


def _workflows(connection: Connection, tenant: str) -> Iterator[str]:
    """Yield the names of the tenant's workflows, leaping from one to the next."""
    name = ""
    for _ in range(WORKFLOWS_MAX):
        row = connection.execute(SELECT_NEXT_WORKFLOW, (tenant, name)).fetchone()
        if row is None:
            return
        name = row[0]
        yield name


def _newest(connection: Connection, query: HeadQuery) -> int:
    """Return the number of the newest session that may be on the page."""
    if query.before is None:
        return int(connection.execute(SELECT_NEWEST).fetchone()[0])
    row = connection.execute(SELECT_NUMBER, (query.before,)).fetchone()
    return row[0] - 1 if row is not None else 0


def _beginning(query: HeadQuery, beginning: tuple[str, str]) -> Conditions:
    terms, values = begins(*beginning)
    if beginning[0] == "key":
        return ["tenant = ?", "key IS NOT NULL", *terms], [str(query.tenant), *values]
    return terms, values


def _few(connection: Connection, terms: list[str], values: list[str | int]) -> list[int] | None:
    """Return the numbers of those in a range, or None where they are many."""
    where = " AND ".join(terms)
    rows = connection.execute(
        f"SELECT number FROM sessions WHERE {where} LIMIT ?", (*values, FEW + 1)
    ).fetchall()
    return [number for (number,) in rows] if len(rows) <= FEW else None


def _bounded(connection: Connection, range_: Conditions, span: Span) -> Span:
    where = " AND ".join(range_[0])
    low, high = connection.execute(
        f"SELECT min(number), max(number) FROM sessions WHERE {where}", range_[1]
    ).fetchone()
    return max(span[0], low), min(span[1], high)


def _checked(connection: Connection, numbers: list[int], facts: Conditions, span: Span) -> set[int]:
    """Return those of the numbers whose rows fit."""
    rows = connection.execute(
        "SELECT number FROM sessions NOT INDEXED WHERE number IN (SELECT value FROM json_each(?))"
        f" AND number BETWEEN ? AND ? AND {' AND '.join(facts[0])}",
        (json.dumps(numbers), *span, *facts[1]),
    )
    return {number for (number,) in rows}


def _end_of(span: Span) -> Span:
    return max(span[0], span[1] - NEWEST), span[1]


def _facts(query: HeadQuery) -> Conditions:
    terms, values = facts_of(query)
    # Without the plus SQLite takes `parent IS NULL` for settled, and leaves the order of the index.
    return ["+parent = ?" if term == "parent = ?" else term for term in terms], values


def _row_facts(query: HeadQuery, facts: Conditions) -> Conditions:
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


def _walk(query: HeadQuery) -> tuple[str, list[str], list[str]]:
    """Return the index whose order the query's lists are in, the terms that fix its columns, and
    their values, but for status and root."""
    columns = [("tenant", str(query.tenant))]
    columns += [("user", query.user)] if query.user is not None else []
    columns += [("workflow", query.workflow)] if query.workflow is not None else []
    index = 1 + (query.user is not None) + 2 * (query.workflow is not None)
    terms = [f"{column} = ?" for column, _ in columns]
    terms += ["status = ?", "(parent IS NULL) = ?"]
    return f"sessions_list_{index}", terms, [value for _, value in columns]


def _parts(query: HeadQuery) -> Iterator[tuple[Status, int]]:
    """Yield each status, and root or not, whose lists together are the query's."""
    statuses = dict.fromkeys(query.statuses or get_args(Status))
    return product(statuses, (1,) if query.roots else (1, 0))


def _is_light(connection: Connection, query: HeadQuery) -> bool:
    """Return whether all sessions of the query's lists can be looked at one by one."""
    index, terms, given = _walk(query)
    question = (
        f"SELECT count(*) FROM (SELECT 1 FROM sessions INDEXED BY {index}"
        f" WHERE {' AND '.join(terms)} LIMIT ?)"
    )
    left = LIGHT
    for part in _parts(query):
        (count,) = connection.execute(question, (*given, *part, left + 1)).fetchone()
        left -= count
        if left < 0:
            return False
    return True


def _walked(connection: Connection, query: HeadQuery, facts: Conditions, span: Span) -> set[int]:
    """Return the newest of each part: more than the page holds, and all that it holds."""
    index, terms, given = _walk(query)
    question = (
        f"SELECT number FROM sessions INDEXED BY {index}"
        f" WHERE {' AND '.join([*terms, 'number BETWEEN ? AND ?', *facts[0]])}"
        " ORDER BY number DESC LIMIT ?"
    )
    found: set[int] = set()
    for part in _parts(query):
        values = (*given, *part, *span, *facts[1], query.limit)
        found.update(number for (number,) in connection.execute(question, values))
    return found
