"""Pieces of work that share tasks of the event loop, and none of which notices."""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

from tenuto.ports.wall import tenant_within
from tenuto.ports.wall import within as within_wall
from tenuto.runtime.limiting import within
from tenuto.runtime.workers import IN_A_ROW_MAX, Workers

LONG_MS = 60_000

WHO: ContextVar[str] = ContextVar("who", default="nobody")


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30.0))


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def own_task() -> "asyncio.Task[Any]":
    task = asyncio.current_task()
    assert task is not None
    return task


def test_work_begins_soon_in_the_order_of_the_starts_and_in_one_task() -> None:
    begun: list[tuple[str, object]] = []

    async def piece(name: str) -> None:
        begun.append((name, own_task()))

    async def test() -> None:
        workers = Workers()
        for name in ("a", "b", "c"):
            workers.start(piece, name)
        assert begun == []

        await ticks(1)

        assert [name for name, _ in begun] == ["a", "b", "c"]
        assert len({task for _, task in begun}) == 1
        assert begun[0][1] is not own_task()

    run(test())


def test_work_that_waits_holds_nobody_up_and_keeps_its_task() -> None:
    told: list[str] = []

    async def test() -> None:
        gate = asyncio.Event()
        tasks: dict[str, list[object]] = {}

        async def waits(name: str) -> None:
            tasks[name] = [own_task()]
            await gate.wait()
            tasks[name].append(own_task())
            told.append(name)

        async def does_not(name: str) -> None:
            told.append(name)

        workers = Workers()
        workers.start(waits, "a")
        workers.start(does_not, "b")
        workers.start(waits, "c")
        await ticks(2)
        assert told == ["b"]

        workers.start(does_not, "d")
        gate.set()
        await ticks(2)

        assert sorted(told) == ["a", "b", "c", "d"]
        assert [len(set(seen)) for seen in tasks.values()] == [1, 1]
        assert tasks["a"][0] is not tasks["c"][0]

    run(test())


def test_what_work_starts_is_begun_by_the_same_task_but_others_get_their_turn() -> None:
    begun: list[int] = []

    async def test() -> None:
        workers = Workers()

        async def chain(number: int) -> None:
            begun.append(number)
            workers.start(chain, number + 1)

        workers.start(chain, 0)
        await ticks(1)
        assert len(begun) == IN_A_ROW_MAX

        await ticks(1)
        assert begun == list(range(2 * IN_A_ROW_MAX))

    run(test())


def test_what_was_ready_together_begins_together() -> None:
    begun: list[int] = []

    async def piece(number: int) -> None:
        begun.append(number)

    async def test() -> None:
        workers = Workers()
        for number in range(10 * IN_A_ROW_MAX):
            workers.start(piece, number)

        await ticks(1)

        assert begun == list(range(10 * IN_A_ROW_MAX))

    run(test())


def test_work_that_is_interrupted_before_it_begins_never_does() -> None:
    begun: list[str] = []

    async def piece(name: str) -> None:
        begun.append(name)

    async def test() -> None:
        workers = Workers()
        jobs = [workers.start(piece, name) for name in ("a", "b", "c")]

        assert not jobs[1].interrupt()
        await ticks(2)

        assert begun == ["a", "c"]
        assert jobs[1].is_interrupted

    run(test())


def test_work_that_is_interrupted_where_it_waits_may_tidy_up() -> None:
    told: list[str] = []

    async def test() -> None:
        workers = Workers()

        async def piece() -> None:
            try:
                await within(LONG_MS, asyncio.sleep(60))
            except asyncio.CancelledError:
                told.append("interrupted")
                await asyncio.sleep(0)
                told.append("tidied")
                raise

        job = workers.start(piece)
        await ticks(1)
        assert not job.is_interrupted

        assert job.interrupt()
        await ticks(3)

        assert told == ["interrupted", "tidied"]
        assert job.is_interrupted

    run(test())


def test_work_that_interrupts_its_own_task_interrupts_nobody_else() -> None:
    told: list[str] = []

    async def test() -> None:
        workers = Workers()

        async def careless() -> None:
            own_task().cancel()

        async def reckless() -> None:
            raise asyncio.CancelledError

        async def waits(name: str) -> None:
            await asyncio.sleep(0)
            told.append(name)

        workers.start(careless)
        workers.start(waits, "a")
        await ticks(4)
        workers.start(reckless)
        workers.start(waits, "b")
        await ticks(4)

        assert told == ["a", "b"]

    run(test())


def test_a_worker_that_is_stopped_before_it_begins_is_replaced() -> None:
    begun: list[str] = []

    async def piece(name: str) -> None:
        begun.append(name)

    async def test() -> None:
        workers = Workers()
        workers.start(piece, "a")
        for task in asyncio.all_tasks() - {own_task()}:
            if "Workers" in repr(task.get_coro()):
                task.cancel()
        await ticks(1)
        assert begun == []

        workers.start(piece, "b")
        await ticks(1)

        assert begun == ["a", "b"]

    run(test())


def test_each_piece_sees_the_context_variables_of_who_started_it_and_sets_its_own() -> None:
    seen: dict[str, list[str]] = {}

    async def piece(name: str) -> None:
        seen[name] = [WHO.get()]
        WHO.set(name)
        await asyncio.sleep(0)
        seen[name].append(WHO.get())

    async def quick(name: str) -> None:
        seen[name] = [WHO.get()]
        WHO.set(name)

    async def test() -> None:
        workers = Workers()
        WHO.set("first")
        workers.start(quick, "a")
        WHO.set("second")
        workers.start(piece, "b")
        workers.start(quick, "c")
        WHO.set("third")

        await ticks(3)

        assert seen == {"a": ["first"], "b": ["second", "b"], "c": ["second"]}
        assert WHO.get() == "third"

    run(test())


def test_work_is_not_within_the_wall_of_the_tenant_for_whom_it_was_started() -> None:
    seen: list[str | None] = []

    async def test() -> None:
        workers = Workers()

        async def started() -> None:
            seen.append(tenant_within())
            with within_wall("globex"):
                seen.append(tenant_within())
            seen.append(tenant_within())

        async def starts() -> None:
            with within_wall("acme"):
                workers.start(started)
                seen.append(tenant_within())

        workers.start(starts)
        await ticks(2)

        assert seen == ["acme", None, "globex", None]

    run(test())


def test_tools_of_asyncio_that_need_a_task_have_one() -> None:
    async def test() -> None:
        workers = Workers()
        told: asyncio.Queue[str] = asyncio.Queue()

        async def piece(name: str) -> None:
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.get_running_loop().create_future()
            except TimeoutError:
                told.put_nowait(name)

        workers.start(piece, "a")
        workers.start(piece, "b")

        assert {await told.get(), await told.get()} == {"a", "b"}

    run(test())
