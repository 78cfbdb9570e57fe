"""Read models of a database that several processes share: one keeps them, none counts twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Runtime, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tenuto.core.tables import Row
from tenuto.runtime.projecting import DUTY
from tests.postgres import fresh_database, needs_postgres
from tests.runtime.places import run

pytestmark = needs_postgres


async def add(ctx: Any, n: int) -> dict[str, int]:
    return {"n": n + 1}


class Exact:
    """Answers at once."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        return ModelAnswer(text="1", usage=Usage(input_tokens=1, output_tokens=1))


def counting() -> Workflow:
    """Take three turns of an agent."""
    flow = Workflow("counting", state={"n": ("replace", 0)}, output="state")
    flow.node("add", agent=Agent("adder", model="exact:x"), inputs={"n": "state.n"})
    flow.node("count", function=add, inputs={"n": "state.n"})
    flow.edge("add", "count")
    flow.switch("count", [("state.n < 3", "add")])
    flow.entry("add")
    return flow


SETTINGS: Any = {
    "read_models": True,
    "durability": "wal",
    "workflows": [counting()],
    "models": {"exact": Exact()},
}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest) -> str:
    return f"{database}?schema={request.node.name[:50]}"


@asynccontextmanager
async def two_on(url: str) -> AsyncIterator[tuple[Runtime, Runtime]]:
    """Give two processes' runtimes, of which the first one keeps the tables."""
    async with tenuto.open(url, **SETTINGS) as first, tenuto.open(url, **SETTINGS) as second:
        yield first, second


async def end_of(runtime: Runtime, count: int) -> None:
    """Start so many sessions, and wait for their ends."""
    sessions = [await runtime.start(counting()) for _ in range(count)]
    for session in sessions:
        await session.result(20)


async def counts_of(runtime: Runtime) -> Counter[tuple[Any, Any]]:
    """Return how many sessions of each status there are, and how many tasks."""
    tables = runtime.read_models
    found: list[Row] = [*await tables.rows("agent_sessions", limit=1_000)]
    tasks = await tables.rows("agent_tasks", limit=1_000)
    sums = await tables.usage("local")
    counted = Counter(("session", row["status"]) for row in found)
    counted += Counter(("task", row["status"]) for row in tasks)
    return counted + Counter({("sum", "turns"): sums[0].turns if sums else 0})


def wanted(sessions: int) -> Counter[tuple[Any, Any]]:
    return Counter(
        {
            ("session", "completed"): sessions,
            ("task", "completed"): 9 * sessions,
            ("sum", "turns"): 3 * sessions,
        }
    )


def test_one_keeps_the_tables_and_the_other_reads_in_them_what_it_did_itself(url: str) -> None:
    async def main() -> None:
        async with two_on(url) as (first, second):
            assert [one._engine.owning.leads(DUTY) for one in (first, second)] == [True, False]
            for runtime, sessions in ((second, 5), (first, 10)):
                await end_of(runtime, 5)
                await runtime.read_models.wait(timeout=20)

                assert await counts_of(runtime) == wanted(sessions)

    run(main())


def test_two_who_both_mean_to_keep_the_tables_count_nothing_twice(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.runtime.seat.Seat.leads", lambda seat, duty: True)
    monkeypatch.setattr("tenuto.runtime.taking_in.COMMITS_AT_ONCE", 3)

    async def main() -> None:
        async with two_on(url) as (first, second):
            await asyncio.gather(end_of(first, 10), end_of(second, 10))
            for runtime in (first, second):
                await runtime.read_models.wait(timeout=20)

                assert await counts_of(runtime) == wanted(20)

    run(main())


def test_who_does_not_keep_the_tables_can_have_them_made_again_while_sessions_go_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.runtime.taking_in.COMMITS_AT_ONCE", 3)

    async def main() -> None:
        async with two_on(url) as (first, second):
            await end_of(first, 5)
            await second.read_models.wait(timeout=20)
            await asyncio.gather(end_of(first, 5), second.read_models.rebuild())
            for runtime in (first, second):
                await runtime.read_models.wait(timeout=20)

                assert await counts_of(runtime) == wanted(10)

    run(main())


def test_tables_that_somebody_left_half_made_are_completed_by_who_keeps_them(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.runtime.projecting.LOOK_S", 0.02)

    async def main() -> None:
        async with two_on(url) as (first, second):
            await end_of(first, 3)
            await second.read_models.wait(timeout=20)
            await second.read_models._projector.models.clear()
            # Nothing new happens in any session.
            await second.read_models.wait(timeout=20)

            assert await counts_of(second) == wanted(3)

    run(main())


def test_when_who_keeps_the_tables_goes_the_other_keeps_them(url: str) -> None:
    async def main() -> None:
        async with tenuto.open(url, **SETTINGS) as second:
            assert second._engine.owning.leads(DUTY)
            async with tenuto.open(url, **SETTINGS) as third:
                await end_of(third, 2)
                waiting = asyncio.create_task(third.read_models.wait(timeout=20))
                await waiting
            await end_of(second, 2)
            await second.read_models.wait(timeout=20)

            assert await counts_of(second) == wanted(4)

    run(main())
