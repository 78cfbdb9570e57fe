"""A session that waits is let go, and is one again when it is woken, however many wake it."""

import asyncio

import tenuto
from tenuto.runtime.context import Context


async def answer(ctx: Context) -> dict[str, int]:
    for _ in range(10):
        await asyncio.sleep(0)
    return {"answer": 42}


def flow_of_two_waits() -> tenuto.Workflow:
    flow = tenuto.Workflow("waits")
    flow.node("first", wait="go").node("work", function=answer).node("second", wait="go")
    flow.edge("first", "work").edge("work", "second")
    return flow


def test_a_woken_session_takes_further_inputs_while_it_works() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow_of_two_waits())
            await session.wait_until_idle()

            await session.signal("go", 1)
            await session.signal("go", 2)

            assert await session.result(timeout=10) == {"second": 2}

    asyncio.run(main())


def test_inputs_that_wake_a_session_at_once_meet_in_one() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow_of_two_waits())
            await session.wait_until_idle()

            await asyncio.gather(*[session.signal("go", n) for n in range(5)])

            assert await session.result(timeout=10) == {"second": 1}
            assert (await session.replay()).divergence is None

    asyncio.run(main())
