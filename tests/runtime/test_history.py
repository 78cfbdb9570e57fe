"""The past of a session: looked at, gone back to, decided again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import NotFound, Rejected, Workflow
from tenuto.core.session import events as e
from tenuto.sdk.session import Session
from tests.runtime.places import on_each_store, place, run


async def add(ctx: Any, n: int) -> dict[str, int]:
    return {"n": n + 1, "seen": n}


def counting() -> Workflow:
    """Count to ten, one step each."""
    flow = Workflow("counting", state={"n": ("replace", 0), "seen": "append"}, output="state")
    flow.node("add", function=add, inputs={"n": "state.n"})
    flow.switch("add", [("state.n < 10", "add")])
    flow.entry("add")
    return flow


async def counted(runtime: tenuto.Runtime) -> Session:
    session = await runtime.start(counting())
    assert await session.result(timeout=20) == {"n": 10, "seen": list(range(10))}
    return session


@on_each_store
def test_the_state_at_any_version_is_what_it_was(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await counted(runtime)
            log = [stored async for stored in session.events(follow=False)]

            for stored in log:
                state = await session.state(at=stored.version)
                done = [
                    s.event for s in log[: stored.version] if isinstance(s.event, e.TaskCompleted)
                ]
                assert state.version == stored.version
                assert state.values.get("n", 0) == len(done)

    run(main())


@on_each_store
def test_a_fork_goes_its_own_way_from_any_version(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await counted(runtime)
            last = (await session.state()).version

            for at in range(2, last - 2, 5):
                fork = await session.fork(at=at, patch={"n": 100})
                # Between an outcome and what it leads to, nothing is open: then it ends at once.
                steps = len((await session.state(at=(await fork.head()).origin_version)).tasks)
                output = await fork.result(timeout=20)
                assert isinstance(output, dict)
                assert output["n"] == 100 + steps
                assert (await fork.replay()).divergence is None
            assert await session.result(timeout=20) == {"n": 10, "seen": list(range(10))}

    run(main())


@on_each_store
def test_a_fork_of_a_fork_shares_both_pasts(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("words", state={"words": "append"}, output="state.words")
        flow.node("first", wait="word", updates={"words": "output"})
        flow.node("second", wait="word", updates={"words": "output"})
        flow.node("third", wait="word", updates={"words": "output"})
        flow.edge("first", "second").edge("second", "third")
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(flow)
            await session.signal("word", "a")
            fork = await session.fork()
            await fork.signal("word", "b")
            twice = await fork.fork()
            await twice.signal("word", "c")

            assert await twice.result(timeout=20) == ["a", "b", "c"]
            log = [stored.event async for stored in twice.events(follow=False)]
            assert sum(isinstance(event, e.SessionForked) for event in log) == 2
            assert [stored.version async for stored in twice.events(follow=False)] == list(
                range(1, len(log) + 1)
            )

    run(main())


@on_each_store
def test_a_fork_of_a_waiting_session_is_listed_as_waiting(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        flow = Workflow("waits")
        flow.node("w", wait="go")
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(flow)
            fork = await session.fork()

            head = await fork.wait_until_idle(20)

            assert head.status == "waiting"
            assert head.waiting_for == (await session.head()).waiting_for

    run(main())


@on_each_store
def test_where_it_was_ending_a_session_cannot_be_forked(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await counted(runtime)
            with pytest.raises(Rejected, match="cannot be forked"):
                await session.fork()
            with pytest.raises(NotFound, match="has versions 1 to"):
                await session.fork(at=10_000)
            with pytest.raises(Rejected, match="no state key 'm'"):
                await session.fork(at=3, patch={"m": 1})

    run(main())


@on_each_store
def test_a_fork_from_before_a_snapshot_folds_nothing(kind: str, tmp_path: Path) -> None:
    """The session is long enough for a snapshot; the fork at an early version still works."""

    async def say(ctx: Any) -> dict[str, str]:
        return {"text": "x" * 2_000}

    async def main() -> None:
        flow = Workflow("long", state={"round": ("add", 0)}, output="state.round")
        flow.node("say", function=say, updates={"round": "1"})
        flow.switch("say", [("state.round < 60", "say")])
        flow.entry("say")
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(flow)
            await session.result(timeout=20)
            last = (await session.state()).version

            early = await session.fork(at=5)
            assert await early.result(timeout=20) == 60
            with pytest.raises(Rejected, match="cannot be forked"):
                await session.fork(at=last)

    run(main())


@on_each_store
def test_every_log_is_decided_again_as_it_was(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await counted(runtime)
            report = await session.replay()
            assert report.divergence is None
            assert report.events == (await session.state()).version

    run(main())


@on_each_store
def test_events_are_followed_live_without_gap_or_repeat(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await runtime.start(counting())

            async def versions(after: int) -> list[int]:
                return [stored.version async for stored in session.events(after=after)]

            early = [asyncio.ensure_future(versions(after)) for after in (0, 1, 5)]
            await session.result(timeout=20)
            late = await versions(3)

            last = (await session.state()).version
            assert [await one for one in early] == [
                list(range(1, last + 1)),
                list(range(2, last + 1)),
                list(range(6, last + 1)),
            ]
            assert late == list(range(4, last + 1))

    run(main())
