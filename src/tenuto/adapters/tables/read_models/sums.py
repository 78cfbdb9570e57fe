"""Sums over what agents used and did."""

from typing import Final, TypeAlias

import msgspec

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.read_models.schema import is_made
from tenuto.core.tables import COUNTS
from tenuto.ports.read_models import (
    GROUPS,
    PAGE_MAX,
    AgentQuery,
    AgentWork,
    Ended,
    UsageQuery,
    UsageSum,
)

_SUM: Final = ("group", *COUNTS)
_OPEN: Final = """
    SELECT s.context, count(*) FROM agent_tasks t INDEXED BY agent_tasks_open
    JOIN agent_sessions s ON s.id = t.session_id
    WHERE t.tenant = ? AND t.agent_id = ? AND t.status IN ('running', 'waiting')
        AND t.task_type = 'agent' AND s.status NOT IN ('completed', 'failed', 'cancelled')
    GROUP BY s.context"""
"""A session that ends leaves rows of tasks that it will not end any more."""


class _Context(msgspec.Struct):
    workflow: str


Conditions: TypeAlias = tuple[list[str], list[str]]


def usage(connection: Connection, query: UsageQuery) -> tuple[UsageSum, ...]:
    """Answer `ReadModels.usage`."""
    if not is_made(connection):
        return ()
    group = GROUPS[query.by] if query.by else "''"
    order = "1 DESC" if query.by == "day" else "cost DESC, 1"
    sums = ", ".join(f"sum({column})" for column in COUNTS[:-1])
    terms, values = _within(query.workflows, "workflow")
    for term, value in (
        ("tenant = ?", query.tenant),
        ("agent_id = ?", query.agent or None),
        ("day >= ?", query.since or None),
        ("day <= ?", query.until or None),
    ):
        if value is not None:
            terms.append(term)
            values.append(value)
    found = connection.execute(
        f"SELECT {group}, {sums}, sum({COUNTS[-1]}) AS cost FROM agent_usage"
        f" WHERE {' AND '.join(terms)} GROUP BY 1 ORDER BY {order} LIMIT ?",
        (*values, max(0, min(query.limit, PAGE_MAX))),
    )
    return tuple(msgspec.convert(dict(zip(_SUM, row, strict=True)), UsageSum) for row in found)


def work(connection: Connection, query: AgentQuery) -> AgentWork:
    """Answer `ReadModels.work`."""
    if not is_made(connection):
        return AgentWork()
    whose = [query.tenant, query.agent]
    running = sum(
        count
        for context, count in connection.execute(_OPEN, whose)
        # Told apart here: databases have other words for a part of JSON.
        if query.workflows is None or _workflow_of(context) in query.workflows
    )
    terms, values = _within(query.workflows, "workflow")
    found = connection.execute(
        "SELECT status, ms, sum(tasks) FROM agent_durations"
        f" WHERE tenant = ? AND agent_id = ? AND day >= ? AND {' AND '.join(terms)}"
        " GROUP BY status, ms ORDER BY status, ms",
        (*whose, query.since, *values),
    )
    return AgentWork(
        running=running,
        ended=tuple(Ended(status=status, ms=ms, tasks=tasks) for status, ms, tasks in found),
    )


def _workflow_of(context: str) -> str:
    return msgspec.json.decode(context, type=_Context).workflow


def _within(workflows: tuple[str, ...] | None, column: str) -> Conditions:
    if workflows is None:
        return ["1 = 1"], []
    return [f"{column} IN (SELECT value FROM json_each(?))"], [
        msgspec.json.encode(workflows).decode()
    ]
