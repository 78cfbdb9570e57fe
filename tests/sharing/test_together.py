"""Two runtimes on one database: whichever has a session, everybody can start, steer and see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

import tenuto
from tenuto.core.errors import NotAllowed, NotFound, SessionEnded
from tenuto.core.session.events import ChildSessionStarted
from tenuto.core.sharing import SHARDS, shard_of
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tests.postgres import fresh_database, needs_postgres
from tests.sharing import flows

pytestmark = needs_postgres

Test = Callable[[tenuto.Runtime, tenuto.Runtime], Awaitable[None]]


def shared(test: Test) -> None:
    """Run the test with two runtimes, each with half of the sessions."""

    async def main(url: str) -> None:
        async with (
            tenuto.open(url, workflows=flows.flows) as one,
            tenuto.open(url, workflows=flows.flows) as two,
        ):
            await until(lambda: owned(one) == owned(two))
            await test(one, two)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))


def owned(runtime: tenuto.Runtime) -> int:
    """Return how many shards a runtime has."""
    sharing = runtime._engine.owning.sharing
    assert sharing is not None
    return len(sharing.holdings.mine)


def has(runtime: tenuto.Runtime, workflow: str, session: str) -> bool:
    sharing = runtime._engine.owning.sharing
    assert sharing is not None
    return sharing.holdings.owns(workflow, SessionId(session))


async def until(is_so: Callable[[], bool], seconds: float = 8.0) -> None:
    """Return when something is so."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


async def of_other(
    flow: tenuto.Workflow, one: tenuto.Runtime, two: tenuto.Runtime
) -> tenuto.Session:
    """Start sessions in `one` until there is one that `two` has."""
    while True:
        session = await one.start(flow)
        if has(two, flow.name, session.id):
            return session


def test_a_session_started_here_for_the_other_runs_there_and_its_result_comes_back() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.telling(), one, two)
        assert isinstance(await session.result(5), int)

    shared(test)


def test_a_signal_reaches_the_session_wherever_it_is() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.waiting(), one, two)
        await session.signal("word", {"to": "you"}, by="ann")
        assert await session.result(5) == {"to": "you"}

    shared(test)


def test_what_the_owner_refuses_is_refused_with_the_same_error() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.waiting(), one, two)
        with pytest.raises(NotAllowed, match="cannot be approved"):
            await session.approve(by="ann")
        await session.signal("word", 1)
        await session.result(5)
        with pytest.raises(SessionEnded, match="has ended"):
            await session.signal("word", 2)
        with pytest.raises(NotFound):
            await one.session("ses_nowhere").signal("word", 3)

    shared(test)


def test_approvals_pauses_and_cancellations_are_passed_on() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.asking(), one, two)
        await session.pause(by="ann", reason="lunch")
        await session.resume(by="ann")
        await session.approve(by="ann", data={"yes": True})
        assert await session.result(5) is not None
        other = await of_other(flows.asking(), one, two)
        await other.cancel("no more", by="ann")
        with pytest.raises(tenuto.SessionCancelledError):
            await other.result(5)

    shared(test)


def test_events_of_the_others_sessions_are_live_without_gap_or_repeat() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.waiting(), one, two)
        versions: list[int] = []

        async def read() -> None:
            async for event in session.events():
                versions.append(event.version)

        reading = asyncio.create_task(read())
        await until(lambda: bool(versions))
        await two.session(session.id).signal("word", 1)
        await asyncio.wait_for(reading, 5)
        assert versions == list(range(1, len(versions) + 1))
        assert len(versions) > 3

    shared(test)


async def child_of(runtime: tenuto.Runtime, session: tenuto.Session) -> Head:
    """Return the head of a session's child, as soon as there is one."""
    async for event in session.events():
        if isinstance(event.event, ChildSessionStarted):
            (child,) = await runtime.sessions(HeadQuery(parent=SessionId(session.id)))
            return child
    raise AssertionError("it has none")


def test_a_child_is_where_its_parent_is() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.having_child(), one, two)
        child = await child_of(two, session)
        assert shard_of("", child.session).number == shard_of("", SessionId(session.id)).number
        await one.session(child.session).signal("word", "hello")
        assert await session.result(5) == "hello"

    shared(test)


def test_a_fork_of_the_others_session_goes_on() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        session = await of_other(flows.waiting(), one, two)
        for _ in range(6):
            fork = await one.session(session.id).fork()
            await fork.signal("word", "forked")
            assert await fork.result(5) == "forked"

    shared(test)


def test_timers_of_all_sessions_fire_once_each() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        sessions = [await one.start(flows.dozing()) for _ in range(10)]
        assert {*await asyncio.gather(*(s.result(5) for s in sessions))} == {"done"}
        for session in sessions:
            events = [event async for event in session.events(follow=False)]
            names = [type(event.event).__name__ for event in events]
            assert names.count("TaskCompleted") == 1

    shared(test)


def test_a_key_starts_one_session_whoever_starts_it() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime) -> None:
        started = await asyncio.gather(
            *(runtime.start(flows.waiting(), key="k") for runtime in (one, two) * 5)
        )
        assert len({session.id for session in started}) == 1

    shared(test)


@asynccontextmanager
async def working(url: str, flow: tenuto.Workflow) -> AsyncIterator[tenuto.Runtime]:
    async with tenuto.open(url, workflows=[flow]) as runtime:
        yield runtime


def test_who_comes_gets_its_part_while_sessions_are_at_work_and_none_is_run_twice() -> None:
    async def main(url: str) -> None:
        flow = flows.counting()
        async with working(url, flow) as one:
            sessions = [await one.start(flow, {"to": 30}) for _ in range(40)]
            async with working(url, flow) as two:
                await until(lambda: owned(two) == SHARDS // 2)
                assert owned(one) == SHARDS // 2
                assert {*await asyncio.gather(*(s.result(20) for s in sessions))} == {30}
            # Who goes gives all back.
            await until(lambda: owned(one) == SHARDS)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 60))


def test_sessions_are_left_to_those_who_know_their_workflow() -> None:
    async def main(url: str) -> None:
        async with (
            working(url, flows.waiting()) as waits,
            working(url, flows.telling()) as tells,
        ):
            session = await tells.start(flows.telling())
            await session.result(5)
            assert has(tells, "telling", session.id)
            assert owned(waits) == owned(tells) == SHARDS

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))


def test_one_that_only_steers_starts_sessions_for_the_others_and_runs_none() -> None:
    async def main(url: str) -> None:
        async with (
            working(url, flows.telling()) as works,
            tenuto.open(url, hold=True) as steers,
        ):
            session = await steers.start(flows.telling())
            assert isinstance(await session.result(5), int)
            assert owned(steers) == 0
            assert has(works, "telling", session.id)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))


def test_one_that_only_steers_steers_sessions_that_nobody_has() -> None:
    async def main(url: str) -> None:
        async with working(url, flows.waiting()) as runtime:
            session = await runtime.start(flows.waiting())
        async with tenuto.open(url, hold=True) as steers:
            await steers.session(session.id).signal("word", 7)
        async with working(url, flows.waiting()) as runtime:
            assert await runtime.session(session.id).result(5) == 7

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))


def test_closing_does_not_wait_for_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenuto.adapters.postgres.signals._LOOK_S", 3_600.0)

    async def main(url: str) -> None:
        async with tenuto.open(url):
            pass

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))


def test_alone_is_alone() -> None:
    async def main(url: str) -> None:
        async with tenuto.open(url, alone=True):
            with pytest.raises(tenuto.StoreOwned, match="pid"):
                async with tenuto.open(url):
                    pass
        async with tenuto.open(url):
            with pytest.raises(tenuto.StoreOwned, match="pid"):
                async with tenuto.open(url, alone=True):
                    pass

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 30))
