"""Who follows a session at one server is told live of what it does at the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets

import tenuto
from tenuto.core.agent.messages import ModelAnswer
from tenuto.ports.model import Delta
from tests.postgres import needs_postgres
from tests.server.api.frames import frames_of
from tests.server.api.served import Served
from tests.server.several.pairs import Pair, run, started_at, two_servers, until

pytestmark = needs_postgres

WORDS = ("one ", "two ", "three")


class Slow:
    """A model that says three words, the last of them when it may."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()

    async def answer(self, model: str, request: Any) -> Any:
        raise AssertionError("it is streamed")

    async def stream(self, model: str, request: Any) -> AsyncIterator[Delta | ModelAnswer]:
        for word in WORDS[:2]:
            yield Delta(text=word)
        await self.may_end.wait()
        yield Delta(text=WORDS[2])
        yield ModelAnswer(text="".join(WORDS))


def stepping() -> tenuto.Workflow:
    """Wait, then take thirty steps."""
    flow = tenuto.Workflow("stepping", version="1")
    flow.node("wait", wait="go")
    flow.node("tick", loop=True, do=tenuto.body(function=step), max_iterations=30)
    flow.edge("wait", "tick")
    return flow


async def step(ctx: tenuto.Context) -> dict[str, str]:
    return {"done": "a step"}


def saying() -> tenuto.Workflow:
    flow = tenuto.Workflow("saying", version="1", output="outputs.say.text")
    return flow.node("say", agent=tenuto.Agent("a", model="slow:any"))


async def by_socket(served: Served, path: str) -> AsyncIterator[dict[str, Any]]:
    """Return the frames of a WebSocket, like those of server-sent events."""
    address = f"{served.address.replace('http', 'ws', 1)}/api/v1{path}"
    async with websockets.connect(address) as connection:
        async for message in connection:
            told = json.loads(message)
            if told["frame"] != "heartbeat":
                yield {"event": told["frame"], "data": told["data"]}


async def all_of(frames: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame async for frame in frames]


def versions(frames: list[dict[str, Any]]) -> list[int]:
    return [frame["data"]["seq"] for frame in frames if frame["event"] == "event"]


async def watched(pair: Pair, session: str) -> None:
    """Return once both clients have their place at the other server."""
    await until(lambda: pair.other.service.hub.watched.get(session, 0) == 2)


@pytest.mark.parametrize("is_told", [True, False])
def test_events_come_live_without_gap_or_repeat_whether_or_not_they_are_told_of(
    is_told: bool, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_told:
        # As when the teller is killed between its commit and the telling.
        monkeypatch.setattr(
            "tenuto.adapters.postgres.membership.PostgresMembership.notify", lambda *_: None
        )

    async def main() -> None:
        async with two_servers(url, stepping()) as pair:
            session = await started_at(pair.home, "stepping")
            path = f"/sessions/{session}/stream?after=0"
            clients = [
                asyncio.create_task(all_of(stream(pair.other, path)))
                for stream in (frames_of, by_socket)
            ]
            await watched(pair, session)
            await pair.home.client.post(f"/sessions/{session}/signal", json={"name": "go"})
            for client in clients:
                frames = await client
                last = frames[-1]["data"]["seq"]
                assert last > 60
                assert frames[-1]["event"] == "end"
                assert versions(frames) == [*range(1, last + 1)]

    run(main())


def test_the_words_of_an_answer_come_live_from_the_other_server(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.runtime.streaming.GATHER_S", 0.0)

    async def main() -> None:
        slow = Slow()
        async with two_servers(url, saying(), models={"slow": slow}, stream=True) as pair:
            session = await started_at(pair.home, "saying")
            shown, kinds = "", list[str]()
            async for frame in frames_of(pair.other, f"/sessions/{session}/stream?after=0"):
                kinds.append(frame["event"])
                if frame["event"] == "token":
                    data = frame["data"]
                    shown = data["text"] if data.get("restart") else shown + data["text"]
                    if shown == "one two ":
                        slow.may_end.set()
            # The last one may come with the whole answer, which is an event.
            assert shown in ("one two ", "one two three")
            assert kinds[-1] == "end"

    run(main())


def test_the_feed_of_one_server_tells_of_the_sessions_of_both(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, stepping()) as (home, other):
            wanted = set[str]()
            feed = frames_of(other, "/events")
            hello = asyncio.create_task(anext(feed))
            async with asyncio.timeout(10):
                while not hello.done():
                    wanted.add(await started_at(home, "stepping"))
                    await asyncio.sleep(0.02)
            wanted = {await started_at(served, "stepping") for served in (home, other)}
            told = set[str]()
            async for frame in feed:
                told.add(frame["data"]["session_id"])
                if told >= wanted:
                    break

    run(main())


def test_a_quiet_stream_of_a_session_of_the_other_server_gives_signs_of_life(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.server.streaming.hub.HEARTBEAT_S", 0.05)

    async def main() -> None:
        async with two_servers(url, stepping()) as pair:
            session = await started_at(pair.home, "stepping")
            path = f"/sessions/{session}/stream?after=0"
            async with pair.other.client.stream("GET", path) as answer:
                async for line in answer.aiter_lines():
                    if line == ": heartbeat":
                        return

    run(main())


def test_who_comes_from_one_server_to_the_other_finds_what_it_was_told_and_no_gap(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other server is told of nothing, and looks for itself twice in a second.
    monkeypatch.setattr(
        "tenuto.adapters.postgres.membership.PostgresMembership.notify", lambda *_: None
    )

    async def main() -> None:
        async with two_servers(url, stepping()) as pair:
            session = await started_at(pair.home, "stepping")
            path = f"/sessions/{session}/stream?after="
            first, feed = frames_of(pair.other, f"{path}0"), frames_of(pair.other, "/events")
            await anext(first)
            await anext(feed)
            for n in range(2):
                told = {"name": "else", "data": n}
                await pair.home.client.post(f"/sessions/{session}/signal", json=told)
                events = (await pair.home.client.get(f"/sessions/{session}/events")).json()
                last = events["items"][-1]
                frames = frames_of(pair.other, f"{path}{last['version']}")
                snapshot = await anext(frames)
                assert (snapshot["event"], snapshot["data"]["seq"]) == ("snapshot", last["version"])
                again = frames_of(pair.other, f"/events?after={last['position']}")
                await anext(again)
                following = asyncio.create_task(anext(again))
                await started_at(pair.home, "stepping")
                assert (await following)["event"] == "session", "and no gap"

    run(main())
