"""A store that is away blocks a session and loses nothing: it goes on when the store is back."""

import asyncio
from typing import Any

import pytest

from tenuto import Workflow
from tenuto.core import limits
from tenuto.core.errors import StoreUnavailable
from tenuto.core.session import events as e
from tenuto.ports.event_store import HeadQuery
from tenuto.runtime import insisting, turns
from tests.runtime.places import AwayArtifacts, AwayStore, one, opened_on, run


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_RETRY_MS_MIN", 1)
    monkeypatch.setattr(turns, "_RETRY_MS_MAX", 2)
    monkeypatch.setattr(insisting, "_WAIT_S_MIN", 0.001)
    monkeypatch.setattr(insisting, "_WAIT_S_MAX", 0.002)


async def work(ctx: Any) -> str:
    return "done"


def nested() -> Workflow:
    flow = Workflow("outer")
    flow.node("inner", workflow=one(work))
    return flow


def test_a_session_goes_on_when_the_store_is_back() -> None:
    async def main() -> None:
        store = AwayStore()
        async with opened_on(store, AwayArtifacts()) as runtime:
            store.refuse_appends = 3
            session = await runtime.start(one(work))
            store.refuse_appends = 50

            assert await session.result(timeout=20) == {"work": "done"}
            assert store.refuse_appends == 0
            assert (await session.replay()).divergence is None

    run(main())


def test_who_starts_is_told_after_so_many_tries() -> None:
    async def main() -> None:
        store = AwayStore()
        async with opened_on(store, AwayArtifacts()) as runtime:
            store.refuse_appends = limits.APPEND_ATTEMPTS_MAX

            with pytest.raises(StoreUnavailable, match="the disk is away"):
                await runtime.start(one(work), key="k")

            session = await runtime.start(one(work), key="k")
            assert await session.result(timeout=20) == {"work": "done"}
            assert len(await runtime.sessions()) == 1

    run(main())


@pytest.mark.parametrize("away", ["refuse_appends", "refuse_heads", "refuse_loads"])
def test_a_child_session_is_started_and_reports_whatever_is_away(away: str) -> None:
    async def main() -> None:
        store = AwayStore()
        flow = nested()
        flow.node("before", wait="go").edge("before", "inner")
        async with opened_on(store, AwayArtifacts()) as runtime:
            session = await runtime.start(flow)
            await session.signal("go")
            setattr(store, away, 12)

            assert await session.result(timeout=20) == {"inner": {"work": "done"}}

    run(main())


def test_a_child_whose_definition_cannot_be_stored_yet_is_started_later() -> None:
    async def main() -> None:
        artifacts = AwayArtifacts()
        flow = nested()
        flow.node("before", wait="go").edge("before", "inner")
        async with opened_on(AwayStore(), artifacts) as runtime:
            session = await runtime.start(flow)
            artifacts.refuse_puts = 5
            await session.signal("go")

            assert await session.result(timeout=20) == {"inner": {"work": "done"}}

    run(main())


def test_a_large_output_waits_until_it_can_be_kept_aside() -> None:
    async def much(ctx: Any) -> str:
        return "x" * 100_000

    async def main() -> None:
        artifacts = AwayArtifacts()
        async with opened_on(AwayStore(), artifacts) as runtime:
            session = await runtime.start(one(much))
            artifacts.refuse_puts = 4

            assert await session.result(timeout=20) == {"work": "x" * 100_000}

    run(main())


def test_a_once_effect_waits_for_its_intent_to_be_logged_and_does_not_fail() -> None:
    calls: list[int] = []

    async def pay(ctx: Any) -> str:
        calls.append(ctx.attempt)
        return "paid"

    async def main() -> None:
        store = AwayStore()
        async with opened_on(store, AwayArtifacts()) as runtime:
            session = await runtime.start(one(pay, once=True))
            store.refuse_appends = 3 * limits.APPEND_ATTEMPTS_MAX

            assert await session.result(timeout=20) == {"work": "paid"}
            assert calls == [1]
            kinds = [type(s.event) async for s in session.events(follow=False)]
            assert kinds.index(e.TaskBegun) < kinds.index(e.TaskCompleted)

    run(main())


@pytest.mark.parametrize("away", ["refuse_appends", "refuse_loads"])
def test_a_deadline_is_not_forgotten_when_the_store_is_away_at_its_moment(away: str) -> None:
    async def main() -> None:
        store = AwayStore()
        flow = Workflow("timed")
        flow.node("timer", timer=0.02)
        async with opened_on(store, AwayArtifacts()) as runtime:
            session = await runtime.start(flow)
            setattr(store, away, 6)

            kinds = [type(stored.event) async for stored in session.events()]

            assert kinds[-1] is e.SessionCompleted

    run(main())


def test_what_is_waiting_can_be_listed_while_another_session_is_blocked() -> None:
    async def main() -> None:
        store = AwayStore()
        flow = Workflow("waits")
        flow.node("w", wait="go")
        async with opened_on(store, AwayArtifacts()) as runtime:
            waiting = await runtime.start(flow)
            store.refuse_appends = 10**6
            blocked = asyncio.ensure_future(runtime.start(one(work)))
            await asyncio.sleep(0)

            heads = await runtime.sessions(HeadQuery(statuses=("waiting",)))

            assert [head.session for head in heads] == [waiting.id]
            store.refuse_appends = 0
            await (await blocked).result(timeout=20)

    run(main())
