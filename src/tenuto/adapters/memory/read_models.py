"""Read models in memory."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from tenuto.adapters.memory.memories import VolatileMemory
from tenuto.core.errors import NotFound
from tenuto.core.memory.items import MemoryItem
from tenuto.core.tables import COUNTS, KEYS, ORDER, Change, Key, Row, Table, grown
from tenuto.ports.read_models import (
    GROUPS,
    PAGE_MAX,
    AgentQuery,
    AgentWork,
    Elsewhere,
    Ended,
    Reached,
    RowQuery,
    UsageQuery,
    UsageSum,
)


class MemoryReadModels:
    """`ReadModels` for as long as the object lives. `memory` is what agents remember."""

    def __init__(self, memory: VolatileMemory | None = None) -> None:
        self._memory = memory
        self._tables: dict[Table, dict[Key, Row]] = {}
        self._reached = Reached()

    async def apply(
        self, changes: Sequence[Change], reached: Reached, *, before: Reached | None = None
    ) -> None:
        """See `ReadModels.apply`."""
        if before not in (None, self._reached):
            raise Elsewhere(before=before, found=self._reached)
        for change in changes:
            rows = self._tables.setdefault(change.table, {})
            if change.adds:
                old = rows.get(change.key)
                values = change.values
                rows[change.key] = grown(change.table, old, values) if old else dict(values)
            elif change.whole:
                rows[change.key] = dict(change.values)
            elif change.key in rows:
                rows[change.key] |= change.values
        self._reached = reached

    async def reached(self) -> Reached:
        """See `ReadModels.reached`."""
        return self._reached

    async def rows(self, query: RowQuery) -> tuple[Row, ...]:
        """See `ReadModels.rows`."""
        query.check()
        table = self._tables.get(query.table, {})
        if query.table == "agent_memory" and self._memory is not None:
            table = _remembered(self._memory.everything())

        def place(row: Row) -> tuple[object, ...]:
            return tuple(row[column] for column in ORDER[query.table])

        found = sorted(
            (row for row in table.values() if _matches(row, query)),
            key=place,
            reverse=not query.oldest_first,
        )
        if query.after:
            last = table.get(query.after)
            if last is None:
                raise NotFound(what=f"row of {query.table}", name=" ".join(query.after))
            end = place(last)
            found = [row for row in found if _is_after(place(row), end, query)]
        return tuple(dict(row) for row in found[: max(0, min(query.limit, PAGE_MAX))])

    async def usage(self, query: UsageQuery) -> tuple[UsageSum, ...]:
        """See `ReadModels.usage`."""
        sums: dict[str, Row] = {}
        for row in self._tables.get("agent_usage", {}).values():
            day = str(row["day"])
            if not query.since <= day <= (query.until or day) or not _is_asked(row, query):
                continue
            group = str(row[GROUPS[query.by]]) if query.by else ""
            sums[group] = grown("agent_usage", sums[group], row) if group in sums else row
        found = [_sum(group, row) for group, row in sorted(sums.items())]
        if query.by == "day":
            found.reverse()
        else:
            found.sort(key=lambda one: -one.cost_nano_usd)
        return tuple(found[: max(0, min(query.limit, PAGE_MAX))])

    async def work(self, query: AgentQuery) -> AgentWork:
        """See `ReadModels.work`."""
        sessions = {
            id: msgspec.json.decode(str(row["context"]))["workflow"]
            for (id,), row in self._tables.get("agent_sessions", {}).items()
            if row["status"] not in ("completed", "failed", "cancelled")
        }
        running = sum(
            row["task_type"] == "agent"
            and row["status"] in ("running", "waiting")
            and row["session_id"] in sessions
            and _is_asked(row | {"workflow": sessions[str(row["session_id"])]}, query)
            for row in self._tables.get("agent_tasks", {}).values()
        )
        bars: Counter[tuple[str, int]] = Counter()
        for row in self._tables.get("agent_durations", {}).values():
            if str(row["day"]) >= query.since and _is_asked(row, query):
                bars[str(row["status"]), cast("int", row["ms"])] += cast("int", row["tasks"])
        ended = [
            {"status": status, "ms": ms, "tasks": n} for (status, ms), n in sorted(bars.items())
        ]
        return AgentWork(running=running, ended=msgspec.convert(ended, tuple[Ended, ...]))

    async def clear(self) -> None:
        """See `ReadModels.clear`."""
        self._tables, self._reached = {}, Reached()


def _is_asked(row: Row, query: UsageQuery | AgentQuery) -> bool:
    return (
        query.tenant in (None, row["tenant"])
        and query.agent in ("", row["agent_id"])
        and (query.workflows is None or row["workflow"] in query.workflows)
    )


def _sum(group: str, row: Row) -> UsageSum:
    counts = {name: row[name] for name in COUNTS}
    return msgspec.convert({"group": group, **counts}, UsageSum)


def _matches(row: Row, query: RowQuery) -> bool:
    return query.tenant in (None, row["tenant"]) and all(
        row[column] == value for column, value in query.where.items()
    )


def _is_after(place: tuple[object, ...], end: tuple[object, ...], query: RowQuery) -> bool:
    if query.oldest_first:
        return place > end
    return place < end


def _remembered(items: Iterable[MemoryItem]) -> dict[Key, Row]:
    """Return the current items as rows: of those with one key the newest."""
    newest: dict[tuple[str, ...], Row] = {}
    for item in sorted(items, key=lambda item: item.created_ms):
        if not item.superseded_by:
            key = item.key or item.id
            place = (item.scope.tenant, item.scope.agent, item.scope.user, key)
            newest[place] = {
                "id": item.id,
                "tenant": item.scope.tenant,
                "agent_id": item.scope.agent,
                "user_id": item.scope.user,
                "memory_type": item.kind,
                "key": key,
                "value": item.text,
                "expires_at": _moment(item.expires_ms),
                "created_at": _moment(item.created_ms),
                "accessed_at": _moment(item.accessed_ms),
                "access_count": item.accesses,
            }
    return {tuple(str(row[name]) for name in KEYS["agent_memory"]): row for row in newest.values()}


def _moment(ms: int) -> str | None:
    if not ms:
        return None
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
