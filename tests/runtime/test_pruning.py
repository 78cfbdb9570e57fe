"""Old sessions are deleted, and everything that follows the log goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto.bootstrap.serving import open_service
from tenuto.core.retention import Retention
from tenuto.ports.event_store import HeadQuery
from tenuto.ports.ledger import EntryQuery
from tenuto.ports.read_models import RowQuery
from tenuto.server.retention import ACTOR, Keeper


async def say(ctx: tenuto.Context) -> str:
    return "done"


short = tenuto.Workflow("short", output="outputs.say")
short.node("say", function=say)
long = tenuto.Workflow("long")
long.node("wait", wait="go")


def on_file(path: Path, work: Callable[[tenuto.Runtime], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        url = f"sqlite:///{path / 'kept.db'}"
        async with tenuto.open(url, workflows=[short, long], **settings) as runtime:
            await work(runtime)

    asyncio.run(main())


async def ended(runtime: tenuto.Runtime, tenant: str = "local", **start: Any) -> tenuto.Session:
    session = await runtime.start(short, tenant=tenant, **start)
    await session.result(20)
    return session


async def kept_ids(runtime: tenuto.Runtime) -> set[str]:
    return {head.session for head in await runtime.sessions(HeadQuery())}


def test_the_ledger_says_whose_sessions_were_deleted_and_the_audit_still_holds(
    tmp_path: Path,
) -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        assert runtime.audit is not None and runtime.ledger is not None
        gone = [await ended(runtime, "a"), await ended(runtime, "b"), await ended(runtime, "a")]
        waiting = await runtime.start(long, tenant="a")
        await runtime.audit.checkpoint()
        last = await ended(runtime, "a")

        done = await runtime.prune(older_than=0, actor="user:ada")

        assert done.sessions == {"a": 2, "b": 1}
        assert await kept_ids(runtime) == {waiting.id, last.id}
        entries = await runtime.ledger.entries(EntryQuery(actions=("session.prune",)))
        told = {(one.tenant, one.actor, one.detail["sessions"]) for one in entries}
        assert told == {("a", "user:ada", 2), ("b", "user:ada", 1)}
        for session in gone:
            with pytest.raises(tenuto.NotFound):
                await session.state()
        found = await runtime.audit.verify()
        assert found.faults == ()
        assert any("were deleted with their sessions" in note for note in found.notes)
        # The checkpoint that comes next covers husks and commits alike.
        await runtime.audit.checkpoint()
        assert (await runtime.audit.verify()).faults == ()

    on_file(tmp_path, work)


def test_a_commit_that_passes_for_a_pruned_one_is_found(tmp_path: Path) -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        assert runtime.audit is not None
        await ended(runtime)
        await ended(runtime)
        await runtime.audit.checkpoint()
        store: Any = runtime._engine.store

        def forge(connection: Any) -> None:
            connection.execute(
                "UPDATE commits SET session = 0, payload = ? WHERE position ="
                " (SELECT min(position) FROM commits)",
                (bytes(32),),
            )

        await store._works.perform(forge)

        faults = (await runtime.audit.verify()).faults
        assert any("checkpoint" in fault.part or "events" in fault.part for fault in faults), faults

    on_file(tmp_path, work)


def test_rows_of_deleted_sessions_go_and_the_tables_can_be_made_again(tmp_path: Path) -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        for _ in range(3):
            await ended(runtime)
        last = await ended(runtime)
        await runtime.read_models.catch_up()

        await runtime.prune(older_than=0)

        for again in (False, True):
            if again:
                await runtime.read_models.rebuild()
            models: Any = runtime.read_models._projector.models
            sessions = await models.rows(RowQuery(table="agent_sessions"))
            tasks = await models.rows(RowQuery(table="agent_tasks"))
            assert {row["id"] for row in sessions} == {last.id}
            assert {row["session_id"] for row in tasks} == {last.id}

    on_file(tmp_path, work)


def test_a_session_that_was_looked_at_lately_is_gone_all_the_same(tmp_path: Path) -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        session = await ended(runtime)
        await ended(runtime)
        assert (await runtime.looks.at(session.id)).head.status == "completed"

        await runtime.prune(older_than=0)

        with pytest.raises(tenuto.NotFound):
            await runtime.looks.at(session.id)

    on_file(tmp_path, work)


def test_what_was_too_large_for_an_event_goes_too(tmp_path: Path) -> None:
    async def much(ctx: tenuto.Context, of: str) -> str:
        return of * 300_000

    large = tenuto.Workflow("large", inputs={"of": "string"})
    large.node("much", function=much, inputs={"of": "inputs.of"})

    async def work(runtime: tenuto.Runtime) -> None:
        def artifacts() -> int:
            return sum(path.is_file() for path in (tmp_path / "kept.db.artifacts").rglob("*"))

        assert runtime.pruner is not None
        for of in ("a", "b", "b"):
            session = await runtime.start(large, {"of": of})
            await session.result(20)
        before = artifacts()

        await runtime.prune(older_than=0)
        assert artifacts() == before
        runtime.pruner.artifacts_kept_ms = -1
        await runtime.prune(older_than=0)

        assert 0 < artifacts() < before
        assert (await session.result(20))["much"] == "b" * 300_000

    on_file(tmp_path, work)


def test_a_key_can_be_used_again_once_its_session_is_gone(tmp_path: Path) -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        first = await ended(runtime, key="k")
        assert (await ended(runtime, key="k")).id == first.id
        await ended(runtime)
        await runtime.prune(older_than=0)

        second = await ended(runtime, key="k")

        assert second.id != first.id

    on_file(tmp_path, work)


def test_what_an_interrupted_run_took_out_of_the_lists_is_deleted_by_the_next_process(
    tmp_path: Path,
) -> None:
    async def interrupted(runtime: tenuto.Runtime) -> None:
        await ended(runtime)
        await ended(runtime)
        assert runtime.pruner is not None
        query = tenuto_query(runtime)
        found = await runtime.pruner._store.find(query)
        assert len(await runtime.pruner._store.remove(found, found.sessions)) == 1

    async def after(runtime: tenuto.Runtime) -> None:
        before = [commit.position for commit in await runtime._engine.store.read()]
        done = await runtime.prune(older_than=1e6)
        assert done.sessions == {} and done.commits > 0
        commits = await runtime._engine.store.read()
        assert [commit.position for commit in commits] == before
        assert all(len(commit.payload) == 32 for commit in commits if commit.is_pruned)
        assert (await runtime.prune(older_than=1e6)).commits == 0

    on_file(tmp_path, interrupted)
    on_file(tmp_path, after)


def tenuto_query(runtime: tenuto.Runtime) -> Any:
    from tenuto.ports.pruning import PruneQuery

    return PruneQuery(ended_before_ms=runtime._clock.now_ms())


def test_what_is_in_memory_alone_is_not_pruned() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            with pytest.raises(tenuto.Rejected, match="nothing to prune"):
                await runtime.prune(older_than=0)

    asyncio.run(main())


def test_a_server_deletes_by_the_age_of_each_organisation(tmp_path: Path) -> None:
    async def main() -> None:
        url = f"sqlite:///{tmp_path / 'served.db'}"
        async with open_service(url, [], login=False) as service:
            runtime = service.runtime
            for tenant in ("a", "b", "archive"):
                await ended(runtime, tenant)
            last = await ended(runtime, "b")
            keeper = Keeper(runtime, Retention(usual=0, of={"a": 3_600_000, "archive": None}))

            assert await keeper.prune() == {"b": 1}

            tenants = [head.tenant for head in await runtime.sessions(HeadQuery())]
            assert sorted(tenants) == ["a", "archive", "b"]
            assert last.id in await kept_ids(runtime)
            assert runtime.ledger is not None
            (entry,) = await runtime.ledger.entries(EntryQuery(actions=("session.prune",)))
            assert (entry.tenant, entry.actor) == ("b", ACTOR)

    asyncio.run(main())


def test_a_server_that_was_told_ages_looks_by_itself(tmp_path: Path) -> None:
    async def main() -> None:
        url = f"sqlite:///{tmp_path / 'served.db'}"
        async with open_service(url, [], login=False) as service:
            runtime = service.runtime
            gone, last = await ended(runtime), await ended(runtime)
            keeper = Keeper(runtime, Retention(usual=1), first_s=0.0)
            keeper.start(runtime.duties)
            try:
                async with asyncio.timeout(20):
                    while await kept_ids(runtime) != {last.id}:  # noqa: ASYNC110  (nobody tells of it)
                        await asyncio.sleep(0.01)
            finally:
                await keeper.close()
            with pytest.raises(tenuto.NotFound):
                await gone.state()

    asyncio.run(main())
