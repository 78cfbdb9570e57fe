"""The feed of an organisation's sessions: how each is now, whoever was away or is slow."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets

from tenuto.core.vocabulary import SessionId
from tenuto.server.principal import Connection, Principal
from tenuto.server.problems import ProblemError
from tenuto.server.streaming.feed import Feed
from tenuto.server.streaming.frames import Frame
from tenuto.server.streaming.listener import PENDING_MAX, Listener
from tests.server.api.frames import frames_of
from tests.server.api.served import serving, waiting
from tests.server.api.test_streams import socket, started


async def until_status(frames: Any, session: str, status: str) -> dict[str, Any]:
    """Return the first frame that tells of it."""
    async for frame in frames:
        told = frame["data"]
        if frame["event"] == "session" and told["session_id"] == session:
            assert told["type"] == f"tenuto.session.{told['data']['status']}"
            if told["data"]["status"] == status:
                assert frame["id"] == str(told["seq"])
                return frame
    raise AssertionError("the feed ended")


def test_what_sessions_come_to_is_told_as_lists_show_it() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            frames = frames_of(served, "/events")
            assert (await anext(frames))["event"] == "snapshot"
            session = await started(served, "waiting")
            told = await until_status(frames, session.id, "waiting")
            listed = (await served.client.get("/sessions")).json()["items"][0]
            assert told["data"]["data"] == listed
            await session.signal("go")
            await until_status(frames, session.id, "completed")

    asyncio.run(main())


def test_who_comes_back_is_told_once_of_each_session_that_changed() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            frames = frames_of(served, "/events")
            await anext(frames)
            first = await started(served, "waiting")
            seen = await until_status(frames, first.id, "waiting")
            await frames.aclose()

            await first.signal("go")
            await first.result(5)
            second = await started(served, "waiting")
            frames = frames_of(served, "/events", Last_Event_ID=seen["id"])
            await anext(frames)
            told = [await anext(frames) for _ in range(2)]
            states = [(f["data"]["session_id"], f["data"]["data"]["status"]) for f in told]
            assert states == [(first.id, "completed"), (second.id, "waiting")]
            assert int(seen["id"]) < int(told[0]["id"]) < int(told[1]["id"])

            async with socket(served, f"/events?after={told[0]['id']}") as connection:
                assert json.loads(await connection.recv())["frame"] == "snapshot"
                message = json.loads(await connection.recv())
            assert message["id"] == int(told[1]["id"])
            assert message["data"] == told[1]["data"]

    asyncio.run(main())


def test_a_position_that_the_store_does_not_have_is_a_gap() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            frames = frames_of(served, "/events?after=999")
            assert (await anext(frames))["event"] == "snapshot"
            gap = await anext(frames)
            assert (gap["event"], gap["data"]["asked_after"]) == ("gap", 999)
            await session.signal("go")
            await until_status(frames, session.id, "completed")

    asyncio.run(main())


def test_another_organisations_sessions_are_not_told() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            frames = frames_of(served, "/events?after=0")
            await anext(frames)
            flow = served.service.offered["waiting"].workflow
            foreign = await served.service.runtime.start(flow, tenant="other")
            await foreign.wait_until_idle(5)
            session = await started(served, "waiting")
            told = await anext(frames)
            assert told["data"]["session_id"] == session.id

            for path in (f"/sessions/{foreign.id}/stream",):
                assert (await served.client.get(path)).status_code == 404
            async with socket(served, f"/sessions/{session.id}/stream?after=2") as connection:
                await connection.recv()
                await connection.send(json.dumps({"do": "subscribe", "session": foreign.id}))
                assert json.loads(await connection.recv())["data"]["code"] == "not_found"

    asyncio.run(main())


def test_a_slow_client_gets_the_newest_state_and_catches_up_on_what_found_no_room() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            listener = Listener(Feed(served.service.runtime), "local", after=0)
            batches = listener.batches()
            assert [frame.kind for frame in await anext(batches)] == ["snapshot"]
            sessions = [await started(served, "waiting") for _ in range(3)]
            caught_up = await told_until(batches, sessions[-1].id)
            assert caught_up[-1].session == sessions[-1].id
            for number in range(PENDING_MAX + 1):
                listener.push(Frame("session", b"{}", session=f"made-up-{number}", seq=10_000))
            assert listener.pending_count <= PENDING_MAX
            await sessions[0].signal("go")
            await sessions[0].result(5)
            rest = await told_until(batches, sessions[0].id)
            assert rest[0].kind == "lagging"
            listener.close()
            await batches.aclose()

    asyncio.run(main())


async def told_until(batches: Any, session: SessionId) -> list[Frame]:
    """Return what is told up to a batch that tells of the session."""
    told: list[Frame] = []
    while session not in [frame.session for frame in told]:
        told += await anext(batches)
    return told


def test_a_stream_ends_when_its_client_may_not_have_it_any_more() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            frames = [
                frames_of(served, "/events"),
                frames_of(served, f"/sessions/{session.id}/stream?after=2"),
            ]
            for stream in frames:
                assert (await anext(stream))["event"] == "snapshot"
            async with socket(served, f"/sessions/{session.id}/stream?after=2") as connection:
                await connection.recv()
                await served.service.hub.check()
                assert len(served.service.hub.watched) == 1
                served.service.authenticator = Nobody()
                await served.service.hub.check()
                with pytest.raises(websockets.ConnectionClosedError):
                    await connection.recv()
            for stream in frames:
                assert [frame async for frame in stream] == []

    asyncio.run(main())


class Nobody:
    """Knows nobody any more: keys were revoked, logins ran out."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        raise ProblemError("not_authenticated", "The key was revoked.")
