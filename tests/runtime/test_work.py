"""How functions and tools are run: how many at once, where, for how long, and what they return."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tenuto
from tenuto import RetryPolicy, SessionFailedError, Workflow, body, tool
from tenuto.core.session import events as e
from tests.runtime.places import on_each_store, one, place, run

ONCE_ONLY = RetryPolicy(max_attempts=1)


@on_each_store
def test_no_more_work_runs_at_once_than_allowed(kind: str, tmp_path: Path) -> None:
    at_once, most = 0, 0

    async def work(ctx: Any) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(5):
            await asyncio.sleep(0)
        at_once -= 1

    async def main() -> None:
        flow = Workflow("many")
        flow.node("m", map="inputs.list", do=body(function=work), concurrency=50)
        async with tenuto.open(place(kind, tmp_path), concurrency=3) as runtime:
            session = await runtime.start(flow, {"list": list(range(40))})
            await session.result(timeout=20)

    run(main())
    assert most == 3


def test_a_plain_function_runs_in_a_thread_and_holds_nobody_up() -> None:
    threads: list[str] = []
    may_go_on = threading.Event()

    def slow(ctx: Any) -> str:
        threads.append(threading.current_thread().name)
        assert may_go_on.wait(20)
        return ctx.node

    async def quick(ctx: Any) -> str:
        may_go_on.set()
        return "quick"

    async def main() -> None:
        flow = Workflow("both")
        flow.node("slow", function=slow).node("quick", function=quick)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow)
            assert await session.result(timeout=20) == {"slow": "slow", "quick": "quick"}

    run(main())
    assert threads[0] != threading.main_thread().name


@on_each_store
def test_work_that_takes_too_long_is_interrupted_and_fails(kind: str, tmp_path: Path) -> None:
    interrupted: list[int] = []

    async def hang(ctx: Any) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            interrupted.append(ctx.attempt)
            raise

    async def main() -> None:
        retry = RetryPolicy(max_attempts=2, initial_ms=1)
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(one(hang, timeout=0.01, retry=retry))
            with pytest.raises(SessionFailedError) as raised:
                await session.result(timeout=20)
            assert raised.value.failure.code == "timeout"

    run(main())
    assert interrupted == [1, 2]


def test_a_once_effect_that_takes_too_long_is_in_doubt_and_not_repeated() -> None:
    calls: list[int] = []

    async def hang(ctx: Any) -> None:
        calls.append(ctx.attempt)
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(hang, timeout=0.01, once=True))
            head = await session.wait_until_idle(20)
            assert head.status == "waiting"
            assert "to say whether 'work' happened" in head.waiting_for
            await session.approve(data={"done": True})
            assert await session.result(timeout=20) == {"work": {"done": True}}

    run(main())
    assert calls == [1]


def test_a_once_tool_is_asked_whether_it_happened() -> None:
    asked: list[str] = []

    async def verify(effect: str) -> dict[str, int]:
        asked.append(effect)
        return {"receipt": 9}

    @tool(once=True, verify=verify, timeout=0.01)
    async def pay(cents: int) -> dict[str, int]:
        """Pay."""
        await asyncio.get_running_loop().create_future()
        return {}

    async def main() -> None:
        flow = Workflow("paying")
        flow.node("pay", tool=pay, inputs={"cents": 5})
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow)
            assert await session.result(timeout=20) == {"pay": {"receipt": 9}}
            assert asked == [f"{session.id}:1"]

    run(main())


class Opaque:
    def __repr__(self) -> str:
        return "<opaque>"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Opaque(), "Opaque is no JSON value: <opaque>"),
        ({"a": [1, Opaque()]}, "At a[1]: "),
        ({1: "x"}, "the key 1 is no text"),
        (float("nan"), "nan is no JSON number"),
        (2**64, "an integer is beyond 64 bits"),
        (b"bytes", "bytes is no JSON value"),
        ("x" * (16 * 1024 * 1024 + 1), "at most 16777216 are allowed"),
    ],
    ids=[
        "an object",
        "deep within",
        "a key",
        "no number",
        "too large a number",
        "bytes",
        "too long",
    ],
)
def test_what_json_cannot_hold_fails_the_task_and_says_where(value: Any, said: str) -> None:
    async def give(ctx: Any) -> Any:
        return value

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(give))
            with pytest.raises(SessionFailedError) as raised:
                await session.result(timeout=20)
            assert said in raised.value.failure.message

    run(main())


class Point(msgspec.Struct):
    x: int
    y: tuple[int, ...]


def test_what_is_like_json_becomes_json() -> None:
    async def give(ctx: Any) -> Any:
        return {"point": Point(1, (2, 3)), "tuple": (None, True), "float": 1.5}

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(give))
            assert await session.result(timeout=20) == {
                "work": {"point": {"x": 1, "y": [2, 3]}, "tuple": [None, True], "float": 1.5}
            }

    run(main())


def test_work_may_change_what_it_gets_and_nobody_notices() -> None:
    async def spoil(ctx: Any, items: list[int]) -> int:
        items.append(99)
        return len(items)

    async def main() -> None:
        flow = Workflow("spoiling")
        flow.node("a", function=spoil, inputs={"items": "inputs.items"})
        flow.node("b", function=spoil, inputs={"items": "inputs.items"})
        flow.edge("a", "b")
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow, {"items": [1]})
            await session.result(timeout=20)
            assert (await session.state()).outputs == {"a": 2, "b": 2}

    run(main())


def test_notes_stand_in_the_log_before_their_outcome() -> None:
    async def claim(ctx: Any) -> str:
        ctx.note("claim", {"text": "it holds"})
        return "done"

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(claim))
            await session.result(timeout=20)
            kinds = [type(s.event) async for s in session.events(follow=False)]
            assert kinds[2:4] == [e.Noted, e.TaskCompleted]

    run(main())


def test_a_large_output_is_kept_aside_and_comes_back(tmp_path: Path) -> None:
    async def much(ctx: Any) -> dict[str, str]:
        return {"text": "x" * 200_000}

    async def main() -> None:
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(one(much))
            assert await session.result(timeout=20) == {"work": {"text": "x" * 200_000}}

        async with tenuto.open(place("sqlite", tmp_path), readonly=True) as runtime:
            state = await runtime.session(session.id).state()
            assert state.outputs["work"] == {"text": "x" * 200_000}

    run(main())


def test_code_that_this_process_does_not_have_waits_for_somebody_to_bring_it() -> None:
    async def work(ctx: Any) -> str:
        return "here"

    async def main() -> None:
        definition = one(work).definition()
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(definition)
            head = await session.wait_until_idle(20)
            assert "no function" in head.waiting_for

            runtime.register(one(work))
            await session.approve()
            assert await session.result(timeout=20) == {"work": "here"}

    run(main())


def test_an_exception_says_where_it_was_raised() -> None:
    async def broken(ctx: Any) -> None:
        raise ValueError("seven is no colour")

    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(one(broken, retry=ONCE_ONLY))
            with pytest.raises(SessionFailedError) as raised:
                await session.result(timeout=20)
            message = raised.value.failure.message
            assert "ValueError: seven is no colour" in message
            assert "test_work.py" in message

    run(main())


def test_interrupted_work_gives_its_place_back_also_before_it_began() -> None:
    """One place, and ten sessions cancelled in the tick in which they got it."""

    async def work(ctx: Any) -> str:
        return "done"

    async def main() -> None:
        flow = Workflow("gate")
        flow.node("gate", wait="go").node("work", function=work)
        flow.edge("gate", "work")
        async with tenuto.open("memory://", concurrency=1) as runtime:
            for _ in range(10):
                session = await runtime.start(flow)
                await asyncio.gather(session.signal("go"), session.cancel())
            last = await runtime.start(flow)
            await last.signal("go")
            assert await last.result(timeout=10) == {"work": "done"}

    run(main())
