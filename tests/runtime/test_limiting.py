"""Work under a time limit: what it gives, raises, and what becomes of it when the time is over."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tenuto.runtime.limiting import within

LONG_MS = 60_000


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30.0))


async def timers() -> int:
    """Return how many timers are set, but for that of the test."""
    loop: Any = asyncio.get_running_loop()
    return sum(1 for timer in loop._scheduled if not timer.cancelled()) - 1


def test_work_that_does_not_wait_gives_its_value_and_sets_no_timer() -> None:
    seen: list[int] = []

    async def at_once() -> str:
        seen.append(await timers())
        return "given"

    async def test() -> None:
        assert await within(LONG_MS, at_once()) == "given"
        assert await within(0, at_once()) == "given"
        assert seen == [0, 0]

    run(test())


def test_work_that_waits_gets_what_it_waited_for_and_leaves_no_timer() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        first, second = loop.create_future(), loop.create_future()
        seen: list[int] = []

        async def waits() -> list[str]:
            got = [await first]
            seen.append(await timers())
            loop.call_soon(second.set_exception, ValueError("broken"))
            try:
                await second
            except ValueError as error:
                got.append(str(error))
            await asyncio.sleep(0)
            return got

        loop.call_soon(first.set_result, "one")
        assert await within(LONG_MS, waits()) == ["one", "broken"]
        assert seen == [1]
        assert await timers() == 0

    run(test())


@pytest.mark.parametrize("waits", [False, True])
def test_what_the_work_raises_is_raised(waits: bool) -> None:
    async def fails() -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError("not there")

    async def test() -> None:
        with pytest.raises(LookupError, match="not there"):
            await within(LONG_MS, fails())

    run(test())


def test_work_that_waits_longer_is_interrupted_and_may_tidy_up() -> None:
    tidied: list[str] = []

    async def hangs() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)
            tidied.append("tidied")

    async def test() -> None:
        with pytest.raises(TimeoutError):
            await within(1, hangs())
        assert tidied == ["tidied"]
        task = asyncio.current_task()
        assert task is not None and not task.cancelling()

    run(test())


def test_time_spent_before_the_first_wait_counts() -> None:
    async def test() -> None:
        loop: Any = asyncio.get_running_loop()
        began_s = loop.time()

        async def computes_then_waits() -> None:
            # As if it had computed for two minutes.
            loop.time = lambda: began_s + 120.0
            await loop.create_future()

        with pytest.raises(TimeoutError):
            await within(LONG_MS, computes_then_waits())

    asyncio.run(test())


def test_limits_within_limits_each_interrupt_their_own_work() -> None:
    async def hangs() -> None:
        await asyncio.get_running_loop().create_future()

    async def forgives() -> str:
        try:
            await within(1, hangs())
        except TimeoutError:
            return "forgiven"
        return "not interrupted"

    async def test() -> None:
        assert await within(LONG_MS, forgives()) == "forgiven"

    run(test())


def test_who_cancels_the_task_cancels_the_work_and_no_time_out_is_told() -> None:
    async def test() -> None:
        begun = asyncio.Event()
        seen: list[str] = []

        async def hangs() -> None:
            begun.set()
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.create_task(within(LONG_MS, hangs()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen == ["cancelled"]

    run(test())
