"""What every keeper of read models must do. Subclass it and build one."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import msgspec

from tenuto.core.errors import NotFound, Rejected
from tenuto.core.tables import COLUMNS, COUNTS, KEYS, Change, Row, Table, Value
from tenuto.ports.read_models import (
    AgentQuery,
    AgentWork,
    Elsewhere,
    Ended,
    Reached,
    ReadModels,
    RowQuery,
    UsageQuery,
)

_Check: TypeAlias = Callable[[ReadModels], Awaitable[None]]


class ReadModelsContract(ABC):
    """Rows are what the last change made of them, and as of the place noted with it."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[ReadModels]:
        """Return a context that gives empty read models."""
        ...

    def test_nothing_is_there_before_the_first_change(self) -> None:
        async def check(models: ReadModels) -> None:
            assert await models.reached() == Reached()
            for table in COLUMNS:
                assert await models.rows(RowQuery(table=table, tenant="local")) == ()

        self._run(check)

    def test_a_row_comes_back_as_it_was_put(self) -> None:
        row = task(1, input_data='{"n":"π"}', error_message=None, retry_count=3)

        async def check(models: ReadModels) -> None:
            await models.apply([put("agent_tasks", row)], Reached(position=7, entry=2))

            assert await models.rows(RowQuery(table="agent_tasks")) == (row,)
            assert await models.reached() == Reached(position=7, entry=2)

        self._run(check)

    def test_changes_are_made_in_their_order(self) -> None:
        async def check(models: ReadModels) -> None:
            changes = [
                put("agent_tasks", task(1, status="running")),
                amend("agent_tasks", "s:1", status="failed", error_message="no"),
                put("agent_tasks", task(2, status="running")),
                amend("agent_tasks", "s:1", status="completed"),
                put("agent_tasks", task(2, status="waiting")),
            ]
            await models.apply(changes, Reached(position=1))
            await models.apply([amend("agent_tasks", "s:2", status="done")], Reached(position=2))

            found = await models.rows(RowQuery(table="agent_tasks", oldest_first=True))

            assert found == (
                task(1, status="completed", error_message="no"),
                task(2, status="done"),
            )

        self._run(check)

    def test_a_change_of_a_row_that_is_not_there_changes_nothing(self) -> None:
        async def check(models: ReadModels) -> None:
            await models.apply([amend("agent_tasks", "s:9", status="done")], Reached(position=5))

            assert await models.rows(RowQuery(table="agent_tasks")) == ()
            assert await models.reached() == Reached(position=5)

        self._run(check)

    def test_counts_add_up_in_any_order_and_by_any_group(self) -> None:
        rows = [
            usage(day="2026-01-01", agent_id="clerk", turns=1, cost_nano_usd=3),
            usage(day="2026-01-02", agent_id="clerk", turns=2, cost_nano_usd=4),
            usage(day="2026-01-02", agent_id="judge", turns=4, cost_nano_usd=9),
            usage(day="2026-01-01", agent_id="clerk", turns=8, tenant="x"),
        ]

        async def check(models: ReadModels) -> None:
            assert await models.usage(UsageQuery(tenant="local")) == ()
            changes = [add(row) for row in [*rows, rows[0]]]
            await models.apply(changes, Reached(position=1))
            await models.apply(changes[:1], Reached(position=2))

            async def turns(**query: Any) -> dict[str, int]:
                found = await models.usage(UsageQuery(**{"tenant": "local", **query}))
                return {one.group: one.turns for one in found}

            assert await turns() == {"": 9}
            assert list((await turns(by="agent")).items()) == [("clerk", 5), ("judge", 4)]
            assert list((await turns(by="day")).items()) == [("2026-01-02", 6), ("2026-01-01", 3)]
            assert await turns(by="agent", since="2026-01-02") == {"clerk": 2, "judge": 4}
            assert await turns(until="2026-01-01") == {"": 3}
            assert await turns(by="agent", since="2026-01-02", limit=1) == {"judge": 4}
            assert await turns(since="2027-01-01") == {}
            assert await turns(agent="clerk", since="2026-01-02") == {"": 2}
            assert await turns(workflows=("other",)) == {}
            assert await turns(workflows=("", "other")) == {"": 9}
            assert await turns(tenant=None) == {"": 17}
            (found,) = await models.usage(UsageQuery(tenant="local"))
            assert found.cost_nano_usd == 3 * 3 + 4 + 9

        self._run(check)

    def test_durations_of_an_agent_add_up_over_days(self) -> None:
        rows = [
            duration(day="2026-01-01", status="completed", ms=20),
            duration(day="2026-01-02", status="completed", ms=20),
            duration(day="2026-01-02", status="completed", ms=100, workflow="other"),
            duration(day="2026-01-02", status="failed", ms=3),
            duration(day="2026-01-02", status="failed", ms=3, agent_id="judge"),
            duration(day="2026-01-02", status="failed", ms=3, tenant="x"),
        ]

        async def check(models: ReadModels) -> None:
            query = AgentQuery(tenant="local", agent="clerk")
            assert await models.work(query) == AgentWork()
            await models.apply([add(row, "agent_durations") for row in rows], Reached(position=1))
            await models.apply([add(rows[3], "agent_durations")], Reached(position=2))

            async def ended(**more: Any) -> list[tuple[str, int, int]]:
                found = await models.work(msgspec.structs.replace(query, **more))
                assert all(isinstance(one, Ended) for one in found.ended)
                return [(one.status, one.ms, one.tasks) for one in found.ended]

            assert await ended() == [("completed", 20, 2), ("completed", 100, 1), ("failed", 3, 2)]
            assert await ended(since="2026-01-02", workflows=("shop",)) == [
                ("completed", 20, 1),
                ("failed", 3, 2),
            ]

        self._run(check)

    def test_an_agent_runs_in_sessions_that_have_not_ended(self) -> None:
        rows = [
            task(1, agent_id="clerk", task_type="agent", status="running"),
            task(2, agent_id="clerk", task_type="agent", status="waiting"),
            task(3, agent_id="clerk", task_type="agent", status="completed"),
            task(4, agent_id="clerk", task_type="model", status="running"),
            task(5, agent_id="judge", task_type="agent", status="running"),
            task(1, agent_id="clerk", task_type="agent", status="running", session_id="t", id="t"),
        ]
        sessions = [session("s", "running", "shop"), session("t", "failed", "shop")]

        async def check(models: ReadModels) -> None:
            changes = [put("agent_tasks", row) for row in rows]
            changes += [put("agent_sessions", row) for row in sessions]
            await models.apply(changes, Reached(position=1))

            query = AgentQuery(tenant="local", agent="clerk")
            assert (await models.work(query)).running == 2
            for workflow, running in (("shop", 2), ("other", 0)):
                within = msgspec.structs.replace(query, workflows=(workflow,))
                assert (await models.work(within)).running == running

        self._run(check)

    def test_an_agent_of_another_tenant_is_another_agent(self) -> None:
        async def check(models: ReadModels) -> None:
            rows = [agent("x", "clerk"), agent("y", "clerk"), agent("x", "judge")]
            await models.apply([put("agents", row) for row in rows], Reached())

            assert await models.rows(RowQuery(table="agents", tenant="y")) == (agent("y", "clerk"),)
            assert len(await models.rows(RowQuery(table="agents"))) == 3

        self._run(check)

    def test_each_column_picks_rows(self) -> None:
        rows = [
            task(1, agent_id="clerk", status="completed"),
            task(2, parent_task_id="s:1", status="completed"),
            task(3, parent_task_id="s:1", status="failed", session_id="t"),
        ]

        async def check(models: ReadModels) -> None:
            await models.apply([put("agent_tasks", row) for row in rows], Reached())

            async def numbers(**where: Value) -> list[Value]:
                query = RowQuery(table="agent_tasks", where=where)
                return [row["number"] for row in await models.rows(query)]

            assert await numbers(status="completed") == [2, 1]
            assert await numbers(parent_task_id="s:1", status="failed") == [3]
            assert await numbers(parent_task_id=None) == [1]
            assert await numbers(agent_id="'; DROP TABLE agent_tasks; --") == []
            assert await numbers() == [2, 1, 3], "of one moment, by session and number"

        self._run(check)

    def test_pages_hold_every_row_once_in_both_directions(self) -> None:
        rows = [task(n, started_at=f"2026-01-01T00:00:0{n % 4}.000Z") for n in range(1, 24)]

        async def check(models: ReadModels) -> None:
            await models.apply([put("agent_tasks", row) for row in rows], Reached())
            for oldest_first in (False, True):
                seen: list[Row] = []
                while page := await models.rows(
                    RowQuery(
                        table="agent_tasks",
                        oldest_first=oldest_first,
                        after=(str(seen[-1]["id"]),) if seen else (),
                        limit=5,
                    )
                ):
                    assert len(page) <= 5
                    seen += page
                places = [(str(row["started_at"]), int(str(row["number"]))) for row in seen]
                assert places == sorted(places, reverse=not oldest_first)
                assert len(places) == len(set(places)) == len(rows)

        self._run(check)

    def test_what_cannot_be_asked_is_refused(self) -> None:
        async def check(models: ReadModels) -> None:
            for query in (
                RowQuery(table="agent_tasks", where={"1 = 1 OR id": "x"}),
                RowQuery(table="sqlite_master"),  # type: ignore[arg-type]  # what is refused
                RowQuery(table="agent_memory"),
            ):
                try:
                    await models.rows(query)
                except Rejected:
                    continue
                raise AssertionError(f"{query} was answered")
            try:
                await models.rows(RowQuery(table="agents", after=("x", "nobody")))
            except NotFound:
                return
            raise AssertionError("a page after nobody was answered")

        self._run(check)

    def test_changes_are_made_only_where_the_tables_were_when_they_were_thought_of(self) -> None:
        async def check(models: ReadModels) -> None:
            row = usage(day="2026-01-01", agent_id="clerk", turns=1)
            first, second = Reached(position=7), Reached(position=7, entry=2)
            await models.apply([add(row)], first, before=Reached())
            await models.apply([add(row)], second, before=first)
            for before in (Reached(), first, Reached(position=8, entry=2)):
                try:
                    await models.apply([add(row)], Reached(position=9), before=before)
                except Elsewhere as refusal:
                    assert (refusal.before, refusal.found) == (before, second)
                else:
                    raise AssertionError(f"changes from {before} were made")

            assert await models.reached() == second
            # Of some who write the same at once, one does.
            ends = await asyncio.gather(
                *[models.apply([add(row)], Reached(position=9), before=second) for _ in range(5)],
                return_exceptions=True,
            )
            assert [type(end) for end in ends if end is not None] == [Elsewhere] * 4
            (found,) = await models.usage(UsageQuery(tenant="local"))
            assert found.turns == 3

        self._run(check)

    def test_tables_that_are_cleared_are_empty_and_have_reached_nothing(self) -> None:
        async def check(models: ReadModels) -> None:
            changes = [put("agent_tasks", task(1)), put("agents", agent("x", "clerk"))]
            await models.apply(changes, Reached(position=5, entry=5))

            await models.clear()

            assert await models.reached() == Reached()
            assert await models.rows(RowQuery(table="agent_tasks")) == ()
            assert await models.rows(RowQuery(table="agents")) == ()
            await models.apply(changes, Reached(position=1))
            assert len(await models.rows(RowQuery(table="agents"))) == 1

        self._run(check)

    def _run(self, check: _Check) -> None:
        async def main() -> None:
            async with self.opened() as models:
                await asyncio.wait_for(check(models), 60)

        asyncio.run(main())


def task(number: int, **values: Value) -> Row:
    """Return a row of `agent_tasks`."""
    session = values.get("session_id", "s")
    row: Row = dict.fromkeys(COLUMNS["agent_tasks"])
    row |= {"id": f"{session}:{number}", "tenant": "local", "session_id": "s", "number": number}
    row |= {"started_at": "2026-01-01T00:00:00.000Z", "priority": 0, "retry_count": 0}
    if session == "t":
        row["started_at"] = "2025-01-01T00:00:00.000Z"
    return row | values


def agent(tenant: str, name: str) -> Row:
    """Return a row of `agents`."""
    row: Row = dict.fromkeys(COLUMNS["agents"])
    moment = "2026-01-01T00:00:00.000Z"
    row |= {"id": name, "tenant": tenant, "name": name, "created_at": moment, "is_active": 1}
    return row


def usage(**values: Value) -> Row:
    """Return a row of `agent_usage`."""
    keys = dict.fromkeys(KEYS["agent_usage"], "") | {"tenant": "local"}
    return {**keys, **dict.fromkeys(COUNTS, 0), **values}


def duration(**values: Value) -> Row:
    """Return a row of `agent_durations`."""
    keys: Row = {"tenant": "local", "day": "", "workflow": "shop", "agent_id": "clerk"}
    return {**keys, "status": "", "ms": 0, "tasks": 1, **values}


def session(id_: str, status: str, workflow: str) -> Row:
    """Return a row of `agent_sessions`."""
    row: Row = dict.fromkeys(COLUMNS["agent_sessions"])
    context = msgspec.json.encode({"workflow": workflow}).decode()
    row |= {"id": id_, "tenant": "local", "status": status, "context": context}
    return row | {"started_at": "2026-01-01T00:00:00.000Z"}


def add(row: Row, table: Table = "agent_usage") -> Change:
    """Return the change that adds a row of `agent_usage`, or of another table of sums."""
    key = tuple(str(row[column]) for column in KEYS[table])
    return Change(table=table, key=key, values=row, whole=False, adds=True)


def put(table: Table, row: Row) -> Change:
    """Return the change that makes the row so."""
    key = (str(row["tenant"]), str(row["id"])) if table == "agents" else (str(row["id"]),)
    return Change(table=table, key=key, values=row, whole=True)


def amend(table: Table, id_: str, **values: Value) -> Change:
    """Return the change of some columns."""
    return Change(table=table, key=(id_,), values=values, whole=False)
