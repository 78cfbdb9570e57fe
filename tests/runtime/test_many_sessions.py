"""Many sessions in one process: started once per key, side by side, and let go when they wait."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Session, Workflow
from tenuto.core.session import events as e
from tenuto.ports.event_store import HeadQuery
from tests.runtime.places import on_each_store, one, place, run


async def work(ctx: Any) -> str:
    return ctx.session_id


@on_each_store
def test_the_same_key_starts_one_session_however_often(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            at_once = await asyncio.gather(*[runtime.start(one(work), key="k") for _ in range(20)])
            await at_once[0].result(timeout=20)
            later = await runtime.start(one(work), key="k")
            other = await runtime.start(one(work), key="l")

            assert len({session.id for session in (*at_once, later)}) == 1
            assert other.id != later.id
            assert len(await runtime.sessions()) == 2

    run(main())


@pytest.mark.slow
@on_each_store
def test_a_thousand_sessions_at_once_all_end_well(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("three")
        flow.node("a", function=work).node("b", function=work).node("c", function=work)
        flow.edge("a", "b").edge("b", "c")
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            sessions = await asyncio.gather(*[runtime.start(flow) for _ in range(1_000)])
            outputs = await asyncio.gather(*[session.result() for session in sessions])

            assert outputs == [{"c": session.id} for session in sessions]
            done = await runtime.sessions(HeadQuery(statuses=("completed",), limit=2_000))
            assert len(done) == 1_000
            assert not any(head.active for head in done)

    run(main())


@on_each_store
def test_sessions_that_wait_are_not_kept_in_memory(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("parked")
        flow.node("w", wait="go")
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            sessions = await asyncio.gather(*[runtime.start(flow) for _ in range(100)])
            await asyncio.gather(*[session.wait_until_idle(20) for session in sessions])

            residents = runtime._engine.residents
            assert [s.id for s in sessions if residents.find(s.id) is not None] == []

            await sessions[7].signal("go", "yes")
            assert await sessions[7].result(timeout=20) == {"w": "yes"}

    run(main())


@on_each_store
def test_positions_have_no_gap_over_all_sessions(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            sessions = await asyncio.gather(*[runtime.start(one(work)) for _ in range(30)])
            await asyncio.gather(*[session.result() for session in sessions])

            positions = sorted(
                [
                    stored.position
                    for session in sessions
                    async for stored in session.events(follow=False)
                ]
            )

            assert positions == list(range(1, len(positions) + 1))

    run(main())


@on_each_store
def test_cancelling_a_parent_cancels_what_is_below_it(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        inner = Workflow("inner")
        inner.node("w", wait="never")
        middle = Workflow("middle")
        middle.node("inner", workflow=inner)
        outer = Workflow("outer")
        outer.node("each", map="[1, 2, 3]", do=middle)
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(outer)
            await session.wait_until_idle(20)
            heads = await runtime.sessions()
            assert len(heads) == 7

            await session.cancel("enough")
            for head in heads:
                async for stored in runtime.session(head.session).events():
                    last = stored.event
                assert isinstance(last, e.SessionCancelled | e.TaskCancelled | e.ChildReleased)

            done = await runtime.sessions(HeadQuery(statuses=("cancelled",)))
            assert len(done) == 7

    run(main())


@on_each_store
def test_a_child_given_up_while_it_is_started_does_not_outlive_its_parent(
    kind: str, tmp_path: Path
) -> None:
    async def main() -> None:
        inner = Workflow("inner")
        inner.node("w", wait="never")
        outer = Workflow("outer")
        outer.node("gate", wait="go").node("inner", workflow=inner)
        outer.edge("gate", "inner")
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            for ticks in range(20):
                session = await runtime.start(outer)
                signalled = asyncio.ensure_future(session.signal("go"))
                if not ticks:
                    await signalled
                    await session.wait_until_idle(20)
                for _ in range(ticks):
                    await asyncio.sleep(0)
                await session.cancel("never mind")
                await asyncio.gather(signalled, return_exceptions=True)
                await at_rest(session)

            heads = await runtime.sessions(HeadQuery(limit=100))
            assert {head.status for head in heads} == {"cancelled"}
            assert any(head.parent is not None for head in heads), "some had been started"

    run(main())


async def at_rest(session: Session) -> None:
    """Return when nothing of the session is owed any more."""
    for _ in range(10_000):
        if not (await session.head()).active:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{session} does not come to rest")
