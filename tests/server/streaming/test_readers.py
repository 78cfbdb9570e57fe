"""A client's place in a session: slow ones, bursts, forks, and what is decided with the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto.core.agent.messages import Delta, ModelAnswer
from tenuto.core.session import events as e
from tenuto.server.streaming.frames import Frame
from tenuto.server.streaming.hub import Hub
from tenuto.server.streaming.kept import KEPT_BYTES, KEPT_FRAMES, Kept
from tenuto.server.streaming.reader import QUEUED_FRAMES_MAX, Reader
from tenuto.server.streaming.socket import Socket
from tests.runtime.places import on_each_store, place, run


def mapping(count: int) -> tenuto.Workflow:
    """Return a workflow that begins with a wait and then makes events by the hundred."""

    async def double(ctx: tenuto.Context, n: int) -> int:
        return 2 * n

    flow = tenuto.Workflow("mapping", version="1", steps=10_000)
    flow.node("wait", wait="go")
    body = tenuto.body(function=double, inputs={"n": "item"})
    flow.node("doubles", map="inputs.numbers", do=body, concurrency=count)
    flow.edge("wait", "doubles")
    return flow


async def waiting_to_map(runtime: tenuto.Runtime, count: int) -> tenuto.Session:
    session = await runtime.start(mapping(count), {"numbers": list(range(count))})
    await session.wait_until_idle(5)
    return session


def versions(frames: list[Frame]) -> list[int]:
    return [frame.seq for frame in frames if frame.kind == "event"]


async def rest(batches: AsyncIterator[list[Frame]]) -> list[Frame]:
    return [frame async for batch in batches for frame in batch]


@on_each_store
def test_a_slow_client_is_told_that_it_lags_and_misses_nothing(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await waiting_to_map(runtime, 400)
            hub = Hub(runtime)
            async with (
                hub.reading(session.id, after=2) as slow,
                hub.reading(session.id, after=2) as quick,
            ):
                taking, others = slow.batches(), asyncio.create_task(rest(quick.batches()))
                first = await anext(taking)
                next_one = asyncio.ensure_future(anext(taking))
                await asyncio.sleep(0)
                await session.signal("go")
                first += await next_one
                await session.result(30)
                # The session and the quick one have ended while the slow one stood still.
                told = await others
                assert versions(told) == list(range(3, (await session.state()).version + 1))
                assert "lagging" not in [frame.kind for frame in told]
                assert slow.queued_count <= QUEUED_FRAMES_MAX + 1

                lagged = first + await rest(taking)
                kinds = [frame.kind for frame in lagged]
                assert "lagging" in kinds
                assert kinds[-1] == "end"
                assert versions(lagged) == versions(told)
                # What is read from the log says the same as what was told live.
                assert [f.data for f in lagged if f.seq] == [f.data for f in told if f.seq]
            hub.stop()

    run(test())


def test_a_burst_in_one_commit_does_not_make_quick_clients_lag() -> None:
    async def test() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await waiting_to_map(runtime, 1_000)
            hub = Hub(runtime)
            async with hub.reading(session.id, after=2) as reader:
                reading = asyncio.create_task(rest(reader.batches()))
                await asyncio.sleep(0)
                await session.signal("go")
                told = await reading
                assert "lagging" not in [frame.kind for frame in told]
                assert versions(told) == list(range(3, told[-2].seq + 1))
            hub.stop()

    run(test())


def test_what_many_read_is_decoded_and_encoded_once() -> None:
    async def test() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await waiting_to_map(runtime, 10)
            hub = Hub(runtime)
            async with hub.reading(session.id) as one, hub.reading(session.id) as other:
                reading = [asyncio.create_task(rest(r.batches())) for r in (one, other)]
                await asyncio.sleep(0)
                await session.signal("go")
                first, second = await asyncio.gather(*reading)
                pairs = zip(first, second, strict=True)
                assert all(mine is theirs for mine, theirs in pairs if mine.kind == "event")
            hub.stop()

    run(test())


@on_each_store
def test_a_fork_is_streamed_with_the_past_that_it_shares(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            origin = await waiting_to_map(runtime, 3)
            await origin.signal("go")
            await origin.result(5)
            for at in (1, 2, 3, 5):
                fork = await origin.fork(at=at)
                await fork.wait_until_idle(5)
                if (await fork.head()).status == "waiting":
                    await fork.signal("go")
                await fork.result(5)
                hub = Hub(runtime)
                last = (await fork.state()).version
                for after in range(last):
                    async with hub.reading(fork.id, after=after) as reader:
                        told = await rest(reader.batches())
                    assert versions(told) == list(range(after + 1, last + 1))
                    assert {frame.session for frame in told} == {fork.id}
                hub.stop()

    run(test())


@on_each_store
def test_what_comes_after_the_end_of_a_child_is_told_too(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            parent = tenuto.Workflow("parent", version="1")
            parent.node("below", workflow=mapping(1), inputs={"numbers": "[1]"})
            session = await runtime.start(parent)
            await session.wait_until_idle(5)
            child_id = next(iter((await session.state()).tasks.values())).child
            assert child_id is not None
            child = runtime.session(child_id)
            await child.signal("go")
            await session.result(5)
            async with asyncio.timeout(5):
                # The child is told that its parent knows after the parent has gone on.
                while not isinstance(  # noqa: ASYNC110  (nobody tells of it)
                    (await child.page())[-1].event, e.OutcomeReported
                ):
                    await asyncio.sleep(0)
            hub = Hub(runtime)
            async with hub.reading(child.id) as reader:
                told = await rest(reader.batches())
            assert b"tenuto.OutcomeReported" in told[-2].data
            assert told[-1].kind == "end"
            hub.stop()

    run(test())


def test_the_newest_frames_are_kept_within_their_bounds() -> None:
    kept = Kept(10)
    for seq in range(11, 11 + 2 * KEPT_FRAMES):
        kept.add(Frame("event", b"{}", seq=seq))
    last = 10 + 2 * KEPT_FRAMES
    assert kept.after == last - KEPT_FRAMES
    assert [frame.seq for frame in kept.since(last - 2)] == [last - 1, last]

    kept.add(Frame("event", b"x" * (KEPT_BYTES + 1), seq=last + 1))
    assert kept.after == last, "the newest one stays, however large"


def test_frames_read_for_one_client_are_kept_for_the_next() -> None:
    kept = Kept(10)
    kept.add_before([Frame("event", b"{}", seq=seq) for seq in (8, 9, 10)])
    assert kept.after == 7
    kept.add_before([Frame("event", b"{}", seq=seq) for seq in (3, 4)])
    assert kept.after == 7, "what leaves a gap is not kept"
    kept.add_before([Frame("event", b"{}", seq=seq) for seq in (5, 6, 7)])
    assert kept.after == 4


def test_a_sign_of_life_comes_only_where_nothing_else_does() -> None:
    async def test() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await waiting_to_map(runtime, 1)
            hub = Hub(runtime)
            async with hub.reading(session.id, after=2) as reader, aclosing(reader.batches()) as b:
                await anext(b)
                waiting = asyncio.ensure_future(anext(b))
                await asyncio.sleep(0)
                reader.beat()
                assert [frame.kind for frame in await waiting] == ["heartbeat"]
                assert (await waiting)[0].event_text == b": heartbeat\n\n"
            hub.stop()

    run(test())


def test_the_answer_that_is_being_given_is_told_piece_by_piece_and_whole_to_who_joins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenuto.runtime.streaming.GATHER_S", 0.0)

    async def test() -> None:
        slow = Slow()
        agent = tenuto.Agent("a", model="scripted:any")
        flow = tenuto.Workflow("f", output="outputs.say.text").node("say", agent=agent)
        async with tenuto.open("memory://", models={"scripted": slow}, stream=True) as runtime:
            session = await runtime.start(flow)
            hub = Hub(runtime)
            async with hub.reading(session.id) as reader:
                shown, batches = "", reader.batches()
                async for batch in batches:
                    for frame in batch:
                        if frame.kind == "token":
                            shown = onto(shown, frame)
                    if shown == "one two ":
                        break
                async with hub.reading(session.id, after=1) as late, aclosing(late.batches()) as b:
                    joined = await anext(b) + await anext(b)
                    tokens = [frame for frame in joined if frame.kind == "token"]
                    assert [onto("", frame) for frame in tokens] == ["one two "]
                    offset = told(tokens[0])["offset"]
                async with hub.reading(session.id, after=1, pieces=offset) as back:
                    reading = asyncio.create_task(rest(back.batches()))
                    await asyncio.sleep(0)
                    slow.may_go_on.set()
                    async for piece in session.tokens(offset):
                        assert piece.text == "three"
                        break
                    slow.may_end.set()
                    again = await reading
                assert "".join(told(f)["text"] for f in again if f.kind == "token") == "three"
                kinds = [frame.kind for frame in again]
                assert kinds.index("token") < kinds.index("end")
            hub.stop()

    run(test())


class Slow:
    """A model that says two words, and the third when it may."""

    def __init__(self) -> None:
        self.may_go_on, self.may_end = asyncio.Event(), asyncio.Event()

    async def answer(self, model: str, request: Any) -> Any:
        raise AssertionError("it is asked for pieces")

    async def stream(self, model: str, request: Any) -> Any:
        yield Delta(text="one two ")
        await self.may_go_on.wait()
        yield Delta(text="three")
        await self.may_end.wait()
        yield ModelAnswer(text="one two three")


def told(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(frame.data)
    return found


def onto(shown: str, frame: Frame) -> str:
    piece = told(frame)
    return piece["text"] if piece["restart"] else shown + piece["text"]


def test_a_reader_that_is_closed_ends(tmp_path: Path) -> None:
    async def test() -> None:
        async with tenuto.open("memory://") as runtime:
            session = await waiting_to_map(runtime, 1)
            hub = Hub(runtime)
            async with hub.reading(session.id) as reader:
                assert isinstance(reader, Reader)
                reading = asyncio.create_task(rest(reader.batches()))
                await asyncio.sleep(0)
                reader.close()
                assert (await reading)[0].kind == "snapshot"
            assert hub.watched == {}
            hub.stop()

    run(test())


@on_each_store
def test_who_comes_while_others_go_is_told_all_the_same(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with tenuto.open(place(kind, tmp_path)) as runtime:
            session = await waiting_to_map(runtime, 1)
            await session.signal("go")
            await session.result(5)
            hub = Hub(runtime)

            async def told(*, batches: int | None = None) -> list[str]:
                """Take all there is, or go after so many batches."""
                kinds: list[str] = []
                async with hub.reading(session.id) as reader, aclosing(reader.batches()) as coming:
                    async for batch in coming:
                        kinds += [frame.kind for frame in batch]
                        if batches is not None and (batches := batches - 1) <= 0:
                            break
                return kinds

            # They share the opening of the session, and some go as soon as it is open; others come
            # at every moment of that.
            for moment in range(40):
                some = [asyncio.create_task(told(batches=number % 3)) for number in range(3)]
                some.append(asyncio.create_task(told()))
                for step in range(moment):
                    await asyncio.sleep(0)
                    if step == moment // 2:
                        some[0].cancel()
                some += [asyncio.create_task(told()), asyncio.create_task(told())]
                async with asyncio.timeout(5):
                    found = await asyncio.gather(*some[1:])
                assert [kinds[-1] for kinds in found[2:]] == ["end"] * 3
            assert hub.watched == {}

    run(test())


def test_a_source_that_fails_ends_the_connection() -> None:
    class Broken:
        def close(self) -> None: ...

        async def batches(self) -> AsyncIterator[list[Frame]]:
            raise ZeroDivisionError
            yield []

    @asynccontextmanager
    async def broken() -> AsyncIterator[Broken]:
        yield Broken()

    async def silent() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None: ...

    async def subscribed(wish: Any) -> Any: ...

    async def test() -> None:
        scope: Any = {"type": "websocket"}
        socket = Socket(scope, silent, send, subscribed)
        async with asyncio.timeout(5):
            with pytest.raises(ExceptionGroup):
                await socket.run("", broken())

    run(test())
