"""Closing with grace, and going on with what was left when the database is opened again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Workflow
from tenuto.core.errors import StoreOwned
from tenuto.core.session import events as e
from tenuto.sdk import runtime as sdk_runtime
from tests.runtime.places import one, place, run


@pytest.fixture(autouse=True)
def short_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    from tenuto.bootstrap import opening

    monkeypatch.setattr(sdk_runtime, "DRAIN_SECONDS", 0.2)
    monkeypatch.setattr(opening, "DRAIN_SECONDS", 0.2)


def test_work_that_ends_in_time_is_recorded_before_the_database_is_closed(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def work(ctx: Any) -> str:
        begun.set()
        for _ in range(20):
            await asyncio.sleep(0)
        return "done"

    async def main() -> None:
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(one(work))
            await begun.wait()

        async with tenuto.open(place("sqlite", tmp_path), readonly=True) as runtime:
            assert (await runtime.session(session.id).state()).outputs == {"work": "done"}

    run(main())


def test_work_that_was_interrupted_is_done_when_the_database_is_opened_again(
    tmp_path: Path,
) -> None:
    attempts: list[int] = []
    begun = asyncio.Event()

    async def hang_at_first(ctx: Any) -> str:
        attempts.append(ctx.attempt)
        if len(attempts) == 1:
            begun.set()
            await asyncio.get_running_loop().create_future()
        return "done"

    async def main() -> None:
        flow = one(hang_at_first)
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(flow)
            await begun.wait()

        async with tenuto.open(place("sqlite", tmp_path), workflows=[flow]) as runtime:
            again = runtime.session(session.id)
            assert await again.result(timeout=20) == {"work": "done"}
            assert (await again.replay()).divergence is None

    run(main())
    assert attempts == [1, 1], "the same attempt of the same effect"


def test_a_once_effect_that_was_interrupted_is_not_repeated(tmp_path: Path) -> None:
    calls: list[str] = []
    begun = asyncio.Event()

    async def pay(ctx: Any) -> str:
        calls.append(ctx.effect_id)
        begun.set()
        await asyncio.get_running_loop().create_future()
        return "paid"

    async def main() -> None:
        flow = one(pay, once=True)
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(flow)
            await begun.wait()

        async with tenuto.open(place("sqlite", tmp_path), workflows=[flow]) as runtime:
            again = runtime.session(session.id)
            head = await again.wait_until_idle(20)
            assert "a person to say whether 'work' happened" in head.waiting_for
            await again.approve(data="paid after all")
            assert await again.result(timeout=20) == {"work": "paid after all"}

    run(main())
    assert len(calls) == 1


def test_timers_that_came_due_meanwhile_fire_when_the_database_is_opened(tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("timed")
        flow.node("timer", timer=0.05)
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(flow)

        async with tenuto.open(place("sqlite", tmp_path), workflows=[flow]) as runtime:
            await runtime.session(session.id).result(timeout=20)

    run(main())


def test_a_child_session_goes_on_and_reports_after_the_restart(tmp_path: Path) -> None:
    calls: list[str] = []
    begun = asyncio.Event()

    async def hang_at_first(ctx: Any) -> str:
        calls.append(ctx.effect_id)
        if len(calls) == 1:
            begun.set()
            await asyncio.get_running_loop().create_future()
        return "inner"

    async def main() -> None:
        flow = Workflow("outer")
        flow.node("child", workflow=one(hang_at_first))
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(flow)
            await begun.wait()

        async with tenuto.open(place("sqlite", tmp_path), workflows=[flow]) as runtime:
            again = runtime.session(session.id)
            assert await again.result(timeout=20) == {"child": {"work": "inner"}}
            assert len(await runtime.sessions()) == 2

    run(main())


def test_a_definition_outlives_the_code_that_built_it(tmp_path: Path) -> None:
    """A session is opened by its digest; a workflow of the same name may have changed since."""

    async def old(ctx: Any) -> str:
        return "old"

    async def main() -> None:
        flow = Workflow("changing")
        flow.node("gate", wait="go").node("work", function=old)
        flow.edge("gate", "work")
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(flow)

        newer = Workflow("changing", version="2")
        newer.node("gate", wait="go").node("more", function=old)
        async with tenuto.open(place("sqlite", tmp_path), workflows=[newer, flow]) as runtime:
            again = runtime.session(session.id)
            await again.signal("go")
            assert await again.result(timeout=20) == {"work": "old"}

    run(main())


def test_one_process_owns_a_file_and_others_may_look(tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("waits")
        flow.node("w", wait="go")
        async with tenuto.open(place("sqlite", tmp_path)) as runtime:
            session = await runtime.start(flow)

            with pytest.raises(StoreOwned):
                async with tenuto.open(place("sqlite", tmp_path)):
                    pass
            async with tenuto.open(place("sqlite", tmp_path), readonly=True) as other:
                log = [s.event async for s in other.session(session.id).events(follow=False)]
                assert isinstance(log[0], e.SessionStarted)

    run(main())


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"user": None}, 'The user of a session must be a text, "" for nobody; found None.'),
        ({"user": 5}, 'The user of a session must be a text, "" for nobody; found 5.'),
        ({"key": 17}, "The key of a session must be a text or None; found 17."),
        ({"labels": "untrusted"}, "labels of a session must be a list of texts; found 'untrusted'"),
        ({"labels": [5]}, "labels of a session must be a list of texts; found [5]"),
        ({"budget": 5}, "The budget of a session must be a tenuto.Budget; found 5."),
    ],
)
def test_what_is_no_fact_of_a_session_starts_nothing(facts: dict[str, Any], told: str) -> None:
    async def scenario() -> None:
        async with tenuto.open("memory://") as runtime:
            with pytest.raises(tenuto.Rejected) as refused:
                await runtime.start(Workflow("hello").node("on", condition="true"), {}, **facts)
            assert told in str(refused.value)
            assert await runtime.sessions() == ()

    asyncio.run(scenario())
