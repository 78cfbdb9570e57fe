"""The tables that users query: their columns, and what a change of a row is.

A row is kept from events and holds nothing that the log does not; it may be thrown away and made
again. Moments are RFC 3339 in UTC with milliseconds, as `2026-01-31T09:00:00.250Z`, so that they
sort as texts; JSON is kept as its text.
"""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import msgspec

Table: TypeAlias = Literal[
    "agents",
    "agent_sessions",
    "agent_tasks",
    "agent_messages",
    "agent_memory",
    "agent_usage",
    "agent_durations",
]
Value: TypeAlias = str | int | None
Row: TypeAlias = dict[str, Value]
"""Column to value. Texts in columns of `JSON` are JSON."""

Key: TypeAlias = tuple[str, ...]

COLUMNS: Final[dict[Table, tuple[str, ...]]] = {
    "agents": (
        "id",
        "tenant",
        "name",
        "type",
        "description",
        "capabilities",
        "configuration",
        "is_active",
        "is_registered",
        "created_at",
        "updated_at",
        "version",
    ),
    "agent_sessions": (
        "id",
        "tenant",
        "user_id",
        "parent_session_id",
        "status",
        "context",
        "started_at",
        "completed_at",
        "error_message",
    ),
    "agent_tasks": (
        "id",
        "tenant",
        "session_id",
        "number",
        "node",
        "agent_id",
        "parent_task_id",
        "task_type",
        "input_data",
        "output_data",
        "status",
        "priority",
        "retry_count",
        "started_at",
        "completed_at",
        "error_message",
    ),
    "agent_messages": (
        "id",
        "tenant",
        "session_id",
        "number",
        "from_agent_id",
        "to_agent_id",
        "message_type",
        "content",
        "metadata",
        "created_at",
    ),
    "agent_memory": (
        "id",
        "tenant",
        "agent_id",
        "user_id",
        "memory_type",
        "key",
        "value",
        "expires_at",
        "created_at",
        "accessed_at",
        "access_count",
    ),
    "agent_usage": (
        "tenant",
        "day",
        "user_id",
        "workflow",
        "agent_id",
        "model",
        "turns",
        "cached_turns",
        "tool_calls",
        "failed_attempts",
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "cost_nano_usd",
    ),
    "agent_durations": ("tenant", "day", "workflow", "agent_id", "status", "ms", "tasks"),
}

JSON: Final[dict[Table, frozenset[str]]] = {
    "agents": frozenset({"capabilities", "configuration"}),
    "agent_sessions": frozenset({"context"}),
    "agent_tasks": frozenset({"input_data", "output_data"}),
    "agent_messages": frozenset({"metadata"}),
    "agent_memory": frozenset(),
    "agent_usage": frozenset(),
    "agent_durations": frozenset(),
}

KEYS: Final[dict[Table, Key]] = {
    "agents": ("tenant", "id"),
    "agent_sessions": ("id",),
    "agent_tasks": ("id",),
    "agent_messages": ("id",),
    "agent_memory": ("tenant", "id"),
    "agent_usage": ("tenant", "day", "user_id", "workflow", "agent_id", "model"),
    "agent_durations": ("tenant", "day", "workflow", "agent_id", "status", "ms"),
}
"""Columns that name a row."""

ORDER: Final[dict[Table, Key]] = {
    "agents": ("created_at", "tenant", "id"),
    "agent_sessions": ("started_at", "id"),
    "agent_tasks": ("started_at", "session_id", "number"),
    "agent_messages": ("created_at", "session_id", "number", "id"),
    "agent_memory": ("created_at", "tenant", "id"),
    "agent_usage": ("day", "tenant", "user_id", "workflow", "agent_id", "model"),
    "agent_durations": ("day", "tenant", "workflow", "agent_id", "status", "ms"),
}
"""Columns by which rows are listed. No two rows have the same values in all of them."""

COUNTS: Final = COLUMNS["agent_usage"][len(KEYS["agent_usage"]) :]
"""Columns of `agent_usage` that add up. Money is in billionths of a US dollar: whole numbers give
the same sum in any order."""

ADDED: Final[dict[Table, Key]] = {"agent_usage": COUNTS, "agent_durations": ("tasks",)}
"""Of tables whose rows are sums, the columns that add up."""

assert COLUMNS.keys() == JSON.keys() == KEYS.keys() == ORDER.keys()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one row: with `whole` it is `values`, else those columns are replaced."""

    table: Table
    key: Key
    """Values of `KEYS`."""
    values: Row
    whole: bool
    adds: bool = False
    """Of a table in `ADDED`: the row's columns there grow by those of `values`; where there is no
    row, it is `values`. `whole` says nothing then."""


def merged(changes: Iterable[Change]) -> list[Change]:
    """Return one change for each row that `changes` name, in the order in which they first do."""
    rows: dict[tuple[Table, Key], Change] = {}
    for change in changes:
        place = change.table, change.key
        old = rows.get(place)
        if old is None or (change.whole and not change.adds):
            rows[place] = change
            continue
        values = (
            grown(change.table, old.values, change.values)
            if change.adds
            else {**old.values, **change.values}
        )
        rows[place] = msgspec.structs.replace(old, values=values)
    return list(rows.values())


def grown(table: Table, row: Row, values: Row) -> Row:
    """Return a row of a table in `ADDED` to which what `values` count is added."""
    return row | {name: _count(row[name]) + _count(values[name]) for name in ADDED[table]}


def _count(value: Value) -> int:
    assert isinstance(value, int), f"{value!r} is no count"
    return value
