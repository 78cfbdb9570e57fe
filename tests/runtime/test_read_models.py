"""Tables that follow the log: while sessions run, after a crash, and made again."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import tenuto
from tenuto import Rejected, Workflow
from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.memory import MemoryArtifacts, MemoryEventStore, MemoryLedger, MemoryReadModels
from tenuto.codec.events import EventDecoder
from tenuto.core.errors import StoreUnavailable
from tenuto.core.tables import Change, Row, Table
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.core.workflow.model import AgentDefinition, Node, WorkflowDefinition
from tenuto.ports.event_store import Commit, Head
from tenuto.ports.ledger import Change as Deed
from tenuto.ports.read_models import Reached, RowQuery
from tenuto.runtime.log_end import end_of_log
from tenuto.runtime.programs import Programs
from tenuto.runtime.projected import Folds
from tenuto.runtime.projecting import Projector
from tests.runtime.places import AwayArtifacts, AwayStore, on_each_store, opened_on, place, run

TABLES: tuple[Table, ...] = get_args(Table)


async def add(ctx: Any, n: int) -> dict[str, int]:
    return {"n": n + 1}


async def fail(ctx: Any, n: int) -> None:
    raise ValueError(f"not {n}")


def counting(to: int = 4) -> Workflow:
    """Count, one step each."""
    flow = Workflow("counting", state={"n": ("replace", 0)}, output="state")
    flow.node("add", function=add, inputs={"n": "state.n"})
    flow.switch("add", [(f"state.n < {to}", "add")])
    flow.entry("add")
    return flow


def failing() -> Workflow:
    flow = Workflow("failing")
    flow.node("fail", function=fail, inputs={"n": "inputs.n"})
    return flow


async def rows_of(models: Any) -> dict[str, tuple[Row, ...]]:
    """Return all rows of the tables that are kept."""
    return {
        table: await models.rows(RowQuery(table=table, limit=1_000))
        for table in TABLES
        if table != "agent_memory"
    }


def projector_on(
    store: MemoryEventStore, artifacts: MemoryArtifacts, models: Any, **parts: Any
) -> Projector:
    programs = Programs(CelExpressions(), artifacts)
    room = parts.pop("room", 1_000_000)
    folds = Folds(store, EventDecoder(artifacts.get), programs, room=room)
    return Projector(store, models, folds, **parts)


async def some_sessions(runtime: tenuto.Runtime) -> None:
    """Several at once, one of them a fork."""
    started = [await runtime.start(counting(), {"a": n}, user="ada") for n in range(5)]
    started += [await runtime.start(failing(), {"n": n}, tenant="other") for n in range(2)]
    for session in started:
        await session.wait_until_idle()
    fork = await started[0].fork(at=4, patch={"n": 2})
    await fork.wait_until_idle()


@on_each_store
def test_who_has_changed_something_reads_it_in_the_tables(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path), read_models=True) as runtime:
            session = await runtime.start(counting(), {"a": 1}, user="ada")
            await session.result()
            await runtime.read_models.wait(timeout=20)

            (row,) = await runtime.read_models.rows("agent_sessions")
            tasks = await runtime.read_models.rows(
                "agent_tasks", where={"session_id": session.id}, oldest_first=True
            )
            progress = await runtime.read_models.progress()

        wanted = {"id": session.id, "user_id": "ada", "status": "completed", "tenant": "local"}
        assert row | wanted == row
        assert [task["input_data"] for task in tasks] == [f'{{"n":{n}}}' for n in range(4)]
        assert {task["status"] for task in tasks} == {"completed"}
        assert progress.behind == 0 and progress.position > 4

    run(main())


def test_a_file_that_is_closed_has_tables_to_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place("sqlite", tmp_path), read_models=True) as runtime:
            await some_sessions(runtime)

    run(main())

    connection = sqlite3.connect(tmp_path / "test.db")
    found = connection.execute(
        "SELECT s.tenant, s.status, count(*) FROM agent_sessions s JOIN agent_tasks t"
        " ON t.session_id = s.id GROUP BY s.id ORDER BY s.started_at, s.id"
    ).fetchall()
    connection.close()
    assert found == [("local", "completed", 4)] * 5 + [("other", "failed", 1)] * 2 + [
        ("local", "completed", 2)
    ], "the fork has rows for the step that was open and those that followed"


def test_tables_that_nobody_asked_for_are_not_kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            await (await runtime.start(counting())).result()

            assert await runtime.read_models.rows("agent_tasks") == ()
            with pytest.raises(Rejected, match="read_models=True"):
                await runtime.read_models.wait()

            await runtime.read_models.catch_up()
            assert len(await runtime.read_models.rows("agent_tasks")) == 4

    run(main())


@on_each_store
def test_tables_made_again_are_the_same(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path), read_models=True) as runtime:
            await some_sessions(runtime)
            await runtime.read_models.wait(timeout=20)
            models = runtime.read_models
            before = {
                table: await models.rows(table, tenant=None, limit=1_000)
                for table in TABLES
                if table != "agent_memory"
            }

            progress = await models.rebuild()

            for table, rows in before.items():
                assert await models.rows(table, limit=1_000) == rows
            assert progress == await models.progress()

    run(main())


class Dying(MemoryReadModels):
    """Tables whose process dies before, or after, the n-th batch is written."""

    def __init__(self, *, at: int, after: bool) -> None:
        super().__init__()
        self.left, self.after = at, after

    async def apply(
        self, changes: Sequence[Change], reached: Reached, *, before: Reached | None = None
    ) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise StoreUnavailable("killed")
        await super().apply(changes, reached, before=before)
        if self.left == 0:
            raise StoreUnavailable("killed")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("room", [1, 1_000_000])
def test_a_crash_between_batches_loses_and_doubles_nothing(
    room: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.runtime.taking_in.COMMITS_AT_ONCE", 3)

    async def main() -> None:
        store, artifacts = AwayStore(), AwayArtifacts()
        async with opened_on(store, artifacts) as runtime:
            await some_sessions(runtime)
            whole = MemoryReadModels()
            await projector_on(store, artifacts, whole).catch_up()
            wanted, deaths = await rows_of(whole), 0

            for at in range(1, 40):
                models = Dying(at=at, after=after)
                projector = projector_on(store, artifacts, models, room=room)
                try:
                    await projector.catch_up()
                except StoreUnavailable:
                    deaths += 1
                # The same process after a fault, or the next one after a crash.
                if at % 2:
                    projector = projector_on(store, artifacts, models, room=room)
                await projector.catch_up()

                assert await rows_of(models) == wanted
            assert deaths > 5

    run(main())


class Emptied(MemoryReadModels):
    """Tables that, once they are emptied, wait to be told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.is_empty, self.go_on = asyncio.Event(), asyncio.Event()

    async def clear(self) -> None:
        await super().clear()
        self.is_empty.set()
        await self.go_on.wait()


def test_tables_that_are_kept_are_made_again_whole_while_sessions_go_on() -> None:
    async def main() -> None:
        store, artifacts = AwayStore(), AwayArtifacts()
        async with opened_on(store, artifacts) as runtime:
            models = Emptied()
            projector = projector_on(store, artifacts, models)
            running = asyncio.create_task(projector.run())
            await some_sessions(runtime)
            await projector.wait_for(await end_of_log(store))

            made = asyncio.create_task(projector.rebuild())
            await models.is_empty.wait()
            await (await runtime.start(counting())).result()
            projector.wake()
            for _ in range(20):
                await asyncio.sleep(0)  # Who keeps them gets in line.
            models.go_on.set()
            async with asyncio.timeout(10):
                await made
                await projector.wait_for(await end_of_log(store))

            whole = MemoryReadModels()
            await projector_on(store, artifacts, whole).catch_up()
            projector.close()
            await running
            assert await rows_of(models) == await rows_of(whole)

    run(main())


def test_one_session_that_cannot_be_folded_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        store, artifacts = AwayStore(), AwayArtifacts()
        async with opened_on(store, artifacts) as runtime:
            broken = SessionId("broken")
            head = Head(
                session=broken,
                status="running",
                active=False,
                started_ms=0,
                updated_ms=0,
                version=Version(1),
            )
            await store.append(
                Commit(
                    session=broken,
                    expected=Version(0),
                    count=1,
                    payload=b"\x91\xc1",
                    at_ms=0,
                    head=head,
                )
            )
            await (await runtime.start(counting())).result()
            models = MemoryReadModels()

            reached = await projector_on(store, artifacts, models).catch_up()

            assert reached.position == await end_of_log(store)
            assert len(await models.rows(RowQuery(table="agent_sessions"))) == 1
            assert "No more rows of session broken" in caplog.text

    run(main())


def test_the_store_may_be_away_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenuto.runtime.projecting._AWAY_S", 0.0)

    async def main() -> None:
        store, artifacts = AwayStore(), AwayArtifacts()
        async with opened_on(store, artifacts) as runtime:
            models = Dying(at=1, after=False)
            projector = projector_on(store, artifacts, models)
            running = asyncio.create_task(projector.run())
            await (await runtime.start(counting())).result()

            await projector.wait_for(await end_of_log(store))

            assert len(await models.rows(RowQuery(table="agent_tasks"))) == 4
            projector.close()
            await running

    run(main())


def test_agents_are_as_the_last_session_or_the_registry_has_them() -> None:
    def team(version: str) -> WorkflowDefinition:
        clerk = AgentDefinition(name="clerk", version=version, tools=("desk:look",))
        wait = Node(id="wait", kind="wait", signal="never")
        return WorkflowDefinition(name="team", agents=(clerk,), nodes=(wait,), entry=("wait",))

    def deed(value: dict[str, Any] | None, at_ms: int) -> Deed:
        return Deed(
            at_ms=at_ms,
            tenant="local",
            actor="system",
            action="agent.put",
            kind="agent",
            target="clerk",
            writes=True,
            value=value,
        )

    async def main() -> None:
        store, artifacts, ledger = AwayStore(), AwayArtifacts(), MemoryLedger()
        async with opened_on(store, artifacts) as runtime:
            models = MemoryReadModels()
            projector = projector_on(store, artifacts, models, ledger=ledger)

            async def clerk() -> Row:
                await projector.catch_up()
                (row,) = await models.rows(RowQuery(table="agents"))
                return row

            record = {
                "definition": {"name": "clerk", "version": "7", "role": "scribe"},
                "capabilities": ["writes"],
                "is_active": True,
            }
            await runtime.start(team("1"))
            first = await clerk()
            await runtime.start(team("2"))
            await runtime.start(team("2"))
            second = await clerk()
            await ledger.append([deed(record, 1_000)])
            registered = await clerk()
            await runtime.start(team("3"))
            still = await clerk()
            await ledger.append([deed(None, 2_000)])
            gone = await clerk()

            assert first | {"name": "clerk", "version": "1", "is_active": 1} == first
            assert msgspec.json.decode(str(first["capabilities"])) == ["desk:look"]
            assert (second["version"], second["created_at"]) == ("2", first["created_at"])
            assert registered | {"version": "1", "type": "scribe", "is_registered": 1} == registered
            assert registered["capabilities"] == '["writes"]'
            assert still == registered
            assert gone | {"is_active": 0, "type": "scribe"} == gone

            await projector.rebuild()
            assert await models.rows(RowQuery(table="agents")) == (gone,)

    run(main())


def test_the_end_of_a_log_is_found_from_anywhere() -> None:
    async def main() -> None:
        store = MemoryEventStore()
        assert await end_of_log(store) == 0
        head = Head(
            session=SessionId("s"),
            status="running",
            active=False,
            started_ms=0,
            updated_ms=0,
            version=Version(0),
        )
        end = Position(0)
        for count in (1, 2, 1, 7, 30, 1, 1):
            commit = Commit(
                session=SessionId("s"),
                expected=Version(end),
                count=count,
                payload=b"",
                at_ms=0,
                head=head if not end else None,
            )
            end = await store.append(commit)
            for after in range(end + 1):
                assert await end_of_log(store, after=after) == end

    run(main())
