"""Calls of pools within one process: limits, order, fair shares, and what comes of a call."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Pool, RetryPolicy, SessionFailedError, Workflow, body
from tenuto.core.session import events as e
from tenuto.testing import MockLLM, calls
from tests.runtime.places import SECONDS_MAX, on_each_store, place

GPU = Pool("gpu", concurrency=2)


T = TypeVar("T")


def run(test: Coroutine[Any, Any, T]) -> T:
    """Return what a test's coroutine gives, which is not for ever under way."""
    return asyncio.run(asyncio.wait_for(test, SECONDS_MAX))


class Desk:
    """Knows what is at work, and lets it end when it is told to."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.now: Counter[Any] = Counter()
        self.most: Counter[Any] = Counter()

    async def work(self, ctx: Any, name: Any = None, key: str = "") -> Any:
        self.begun.append(name)
        for part in ("all", key):
            self.now[part] += 1
            self.most[part] = max(self.most[part], self.now[part])
        for _ in range(3):
            await asyncio.sleep(0)
        for part in ("all", key):
            self.now[part] -= 1
        return name


async def until_quiet(runtime: tenuto.Runtime) -> None:
    """Return when nothing is in the only pool."""
    while (line := (await runtime.pools.lines())[0]).waiting or line.running:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0)


def many(desk: Desk, **rules: Any) -> Workflow:
    """Return a workflow that works through a list."""
    do = body(function=desk.work, inputs={"name": "item"}, **rules)
    flow = Workflow("many", output="outputs.m")
    return flow.node("m", map="inputs.list", do=do, concurrency=2_000)


def one(function: Any, **rules: Any) -> Workflow:
    """Return a workflow of one step in the pool."""
    return Workflow("one", output="outputs.step").node("step", function=function, **rules)


@on_each_store
def test_no_more_calls_of_a_pool_run_at_once_than_it_lets(kind: str, tmp_path: Path) -> None:
    desk = Desk()

    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(many(desk, pool=GPU), {"list": list(range(40))})
            assert await session.result(20) == list(range(40))
            assert (await session.replay()).divergence is None

    run(main())
    assert desk.most["all"] == 2
    assert desk.begun == list(range(40))


def test_of_one_key_no_more_run_at_once_whatever_the_others_do() -> None:
    desk = Desk()
    pool = Pool("per-customer", key="arguments.key", key_concurrency=1)
    flow = Workflow("many", output="outputs.m")
    inputs = {"name": "item", "key": "item % 2 == 0 ? 'even' : 'odd'"}
    do = body(function=desk.work, inputs=inputs, pool=pool)
    flow.node("m", map="inputs.list", do=do, concurrency=100)

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow, {"list": list(range(20))})
            await session.result(20)

    run(main())
    assert desk.most == {"all": 2, "even": 1, "odd": 1}


def test_a_higher_priority_goes_first() -> None:
    desk, pool = Desk(), Pool("narrow", concurrency=1)
    flow = Workflow("four")
    for name, priority in (("first", 0), ("low", -5), ("high", 5), ("middle", 1)):
        inputs = {"name": f"'{name}'"}
        flow.node(name, function=desk.work, inputs=inputs, pool=pool, priority=priority)

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:

            async def keep_the_place(ctx: Any) -> None:
                while (await runtime.pools.lines())[0].waiting < 4:  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0)

            before = await runtime.start(one(keep_the_place, pool=pool))
            while not (lines := await runtime.pools.lines()) or not lines[0].running:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0)
            after = await runtime.start(flow)
            for session in (before, after):
                await session.result(20)

    run(main())
    assert desk.begun == ["high", "middle", "first", "low"]


def test_a_tenant_with_a_thousand_calls_lets_another_have_its_turn() -> None:
    desk = Desk()

    async def main() -> None:
        flow = many(desk, pool=GPU)
        async with tenuto.open("memory://") as runtime:
            big = await runtime.start(flow, {"list": [0] * 1_000}, tenant="big")
            while len(desk.begun) < 10:  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0)
            small = await runtime.start(flow, {"list": [1] * 10}, tenant="small")
            await small.result(20)
            assert desk.begun.count(0) < 50
            await big.cancel("enough")

    run(main())


def test_a_call_that_waits_for_a_pool_takes_up_no_room() -> None:
    desk = Desk()

    async def main() -> None:
        flow = Workflow("two").node("pooled", function=desk.work, pool=GPU)
        async with tenuto.open("memory://", concurrency=1, serves=[]) as runtime:
            assert runtime.pools.served == ()
            waiting = [await runtime.start(flow) for _ in range(5)]
            other = await runtime.start(one(desk.work, inputs={"name": "'here'"}))
            assert await other.result(20) == "here"
            (line,) = await runtime.pools.lines()
            assert (line.pool, line.waiting, line.running) == (GPU, 5, 0)
            assert runtime.effects() == (0, 0)
            for session in waiting:
                await session.cancel("nobody serves it")
            await until_quiet(runtime)

    run(main())
    assert desk.begun == ["here"]


def test_what_a_call_puts_on_record_is_on_record_as_if_it_had_run_in_place() -> None:
    async def noting(ctx: Any, n: int) -> dict[str, Any]:
        ctx.note("found", {"n": n})
        ctx.label("untrusted")
        return {"session": ctx.session_id, "effect": ctx.effect_id, "attempt": ctx.attempt}

    async def main(**rules: Any) -> list[Any]:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(noting, inputs={"n": "7"}, **rules))
            output = await session.result(20)
            assert output == {
                "session": session.id,
                "effect": f"{session.id}:1",
                "attempt": 1,
            }
            events = [event.event async for event in session.events(follow=False)]
            return [
                (event.kind, event.data) if isinstance(event, e.Noted) else event.labels
                for event in events
                if isinstance(event, e.Noted | e.TaskCompleted)
            ]

    assert run(main(pool=GPU)) == run(main()) == [("found", {"n": 7}), ("untrusted",)]


@pytest.mark.parametrize(
    ("error", "attempts", "code"),
    [
        (ValueError("no"), 1, "ValueError"),
        (TimeoutError(), 3, "timeout"),
        (tenuto.Transient("busy", code="busy"), 3, "busy"),
        (tenuto.Fatal("gone", code="gone"), 1, "gone"),
    ],
)
def test_a_failure_calls_for_the_same_as_if_it_had_run_in_place(
    error: Exception, attempts: int, code: str
) -> None:
    tried: list[int] = []

    async def fails(ctx: Any) -> None:
        tried.append(ctx.attempt)
        raise error

    async def main(**rules: Any) -> Any:
        tried.clear()
        retry = RetryPolicy(initial_ms=1)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(fails, retry=retry, **rules))
            with pytest.raises(SessionFailedError) as raised:
                await session.result(20)
            return tried.copy(), raised.value.failure

    here, there = run(main()), run(main(pool=GPU))
    assert here == there
    assert (there[0], there[1].code) == ([*range(1, attempts + 1)], code)


def test_a_call_that_takes_too_long_is_interrupted_and_makes_room() -> None:
    interrupted: list[int] = []

    async def hang(ctx: Any) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            interrupted.append(ctx.attempt)
            raise

    async def main() -> None:
        retry = RetryPolicy(max_attempts=2, initial_ms=1)
        narrow = Pool("narrow", concurrency=1)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(hang, timeout=0.01, retry=retry, pool=narrow))
            with pytest.raises(SessionFailedError) as raised:
                await session.result(20)
            assert raised.value.failure.code == "timeout"

    run(main())
    assert interrupted == [1, 2]


def test_a_session_that_is_cancelled_takes_back_what_runs_and_what_waits() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(ctx: Any) -> None:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    async def main() -> None:
        narrow = Pool("narrow", concurrency=1)
        flow = Workflow("two").node("a", function=hang, pool=narrow)
        flow.node("b", function=hang, pool=narrow)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow)
            await begun.wait()
            await session.cancel("enough")
            await asyncio.wait_for(ended.wait(), 5)
            await until_quiet(runtime)
            desk = Desk()
            other = await runtime.start(one(desk.work, inputs={"name": "1"}, pool="narrow"))
            assert await other.result(20) == 1

    run(main())


def test_a_once_call_that_ends_without_an_outcome_is_in_doubt() -> None:
    tried: list[int] = []

    async def pay(ctx: Any) -> None:
        tried.append(ctx.attempt)
        raise ConnectionError("reset")

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(pay, once=True, pool=GPU))
            head = await session.wait_until_idle(20)
            assert "to say whether 'step' happened" in head.waiting_for
            await session.approve(data="paid")
            assert await session.result(20) == "paid"

    run(main())
    assert tried == [1]


@tenuto.tool(pool=GPU, priority=3)
async def render(text: str, ctx: Any) -> str:
    """Draw a text."""
    await ctx.memory.remember(f"Ann wants {text} in blue")
    return f"<{text}>"


def test_a_tool_of_an_agent_is_carried_out_in_its_pool_and_remembers_for_its_agent() -> None:
    painter = Agent("painter", model="mock:any", tools=[render])
    flow = Workflow("painting", output="outputs.work").node("work", agent=painter)

    async def main() -> list[str]:
        model = MockLLM([calls(("render", {"text": "hi"})), "done"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow, user="ann")
            assert await session.result(20) == {"text": "done"}
            (line,) = await runtime.pools.lines()
            assert line.pool == GPU
            assert model.requests[1].messages[-1].results[0].value == "<hi>"
            (item,) = await runtime.memory().list(user="ann")
            return [item.text, item.scope.agent]

    assert run(main()) == ["Ann wants hi in blue", "painter"]


def test_arguments_that_do_not_fit_are_refused_before_anything_waits() -> None:
    painter = Agent("painter", model="mock:any", tools=[render])
    flow = Workflow("painting").node("work", agent=painter)

    async def main() -> str:
        model = MockLLM([calls(("render", {"picture": 1})), "so be it"])
        async with tenuto.open("memory://", models={"mock": model}, serves=[]) as runtime:
            await (await runtime.start(flow)).result(20)
        return str(model.requests[1].messages[-1].results[0].error)

    assert "has no argument 'picture'" in run(main())


def test_a_pool_that_nobody_declared_is_an_error_at_the_start() -> None:
    desk = Desk()

    async def main() -> None:
        flow = Workflow("two").node("a", function=desk.work, pool="gpu")
        do = body(function=desk.work, pool="cpu")
        flow.node("b", map="[1]", do=do)
        async with tenuto.open("memory://", pools=[GPU]) as runtime:
            with pytest.raises(DefinitionError) as raised:
                await runtime.start(flow)
            assert len(raised.value.problems) == 1
            told = str(raised.value)
            assert "Nobody has declared the pool 'cpu'; there are: 'gpu'. (at nodes.b)" in told
        with pytest.raises(DefinitionError, match="'cpu'"):
            async with tenuto.open("memory://", pools=[GPU], workflows=[flow]):
                pass

    run(main())


def test_limits_that_the_process_gives_hold_whatever_the_code_says() -> None:
    desk = Desk()

    async def main() -> None:
        async with tenuto.open("memory://", pools=[Pool("gpu", concurrency=5)]) as runtime:
            session = await runtime.start(many(desk, pool=GPU), {"list": list(range(40))})
            await session.result(20)

    run(main())
    assert desk.most["all"] == 5


def test_one_pool_is_declared_in_one_way() -> None:
    desk = Desk()
    flow = Workflow("two").node("a", function=desk.work, pool=GPU)
    flow.node("b", function=desk.work, pool=Pool("gpu", concurrency=9))

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            with pytest.raises(DefinitionError, match="'gpu' is declared twice"):
                await runtime.start(flow)

    run(main())


def test_what_runs_when_the_process_ends_may_end() -> None:
    begun = asyncio.Event()

    async def slow(ctx: Any) -> str:
        begun.set()
        await asyncio.sleep(0.05)
        return "done"

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(slow, pool=GPU))
            await begun.wait()
            assert await runtime.drain(5)
            assert await session.result(5) == "done"

    run(main())
