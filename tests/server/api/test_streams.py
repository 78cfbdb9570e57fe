"""Live streams: what was, what comes, and what a client has to know to go on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
import websockets

import tenuto
from tenuto.server.fences import Fencing
from tests.server.api.frames import frames_of
from tests.server.api.served import Served, echoing, serving, waiting


async def started(served: Served, name: str) -> tenuto.Session:
    """Return a session at rest."""
    flow = served.service.offered[name].workflow
    session = await served.service.runtime.start(flow, {"text": "hello"})
    await session.wait_until_idle(timeout=5)
    return session


def socket(served: Served, path: str) -> Any:
    """Return a connection to be made."""
    return websockets.connect(f"{served.address.replace('http', 'ws', 1)}/api/v1{path}")


def test_an_ended_session_is_streamed_from_any_version_on_and_ends() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            session = await started(served, "echo")
            last = (await session.state()).version
            for after in range(last + 1):
                path = f"/sessions/{session.id}/stream?after={after}"
                frames = [frame async for frame in frames_of(served, path)]
                kinds = [frame["event"] for frame in frames]
                assert kinds == ["snapshot", *["event"] * (last - after), "end"]
                assert [int(f["id"]) for f in frames[1:-1]] == [*range(after + 1, last + 1)]
                assert (frames[0]["data"]["status"], frames[0]["data"]["seq"]) == (
                    "completed",
                    last,
                )

                async with socket(served, path) as connection:
                    messages = [json.loads(message) async for message in connection]
                assert [message["frame"] for message in messages] == kinds
                assert [m["data"] for m in messages] == [f["data"] for f in frames]
                assert connection.close_code == 1000

    asyncio.run(main())


def test_an_event_is_told_in_an_envelope_with_its_place_in_the_whole_log() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            session = await started(served, "echo")
            frames = frames_of(served, f"/sessions/{session.id}/stream?after=1")
            told = [frame["data"] async for frame in frames][1]

            assert told["specversion"] == "1.0"
            assert (told["type"], told["seq"], told["id"]) == ("tenuto.TaskStarted", 2, "2")
            assert told["source"] == f"/api/v1/sessions/{session.id}"
            assert told["session_id"] == session.id
            listed = (await served.client.get(f"/sessions/{session.id}/events?after=1")).json()
            assert told["data"] == listed["items"][0]

    asyncio.run(main())


def test_what_happens_is_told_while_it_happens() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            frames = frames_of(served, f"/sessions/{session.id}/stream", Last_Event_ID="2")
            snapshot = await anext(frames)
            assert snapshot["data"]["status"] == "waiting"
            assert [wait["by"] for wait in snapshot["data"]["waits"]] == ["signal"]
            await session.signal("go")
            rest = [frame async for frame in frames]
            assert rest[0]["data"]["type"] == "tenuto.SignalReceived"
            assert rest[0]["id"] == "3"
            assert rest[-1]["event"] == "end"

    asyncio.run(main())


def test_who_has_everything_is_told_not_to_come_back() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            session = await started(served, "echo")
            path = f"/sessions/{session.id}/stream"
            last = [frame async for frame in frames_of(served, path)][-1]
            answer = await served.client.get(path, headers={"Last-Event-ID": last["id"]})
            assert answer.status_code == 204

    asyncio.run(main())


def test_a_version_that_the_log_does_not_have_is_a_gap() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            session = await started(served, "echo")
            last = (await session.state()).version
            frames = [f async for f in frames_of(served, f"/sessions/{session.id}/stream?after=99")]
            assert [frame["event"] for frame in frames] == ["snapshot", "gap", "end"]
            assert frames[1]["data"]["asked_after"] == 99
            assert frames[1]["data"]["goes_on_after"] == last

    asyncio.run(main())


def test_what_is_no_command_is_answered_with_a_problem_and_the_stream_goes_on() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            async with socket(served, f"/sessions/{session.id}/stream?after=2") as connection:
                assert json.loads(await connection.recv())["frame"] == "snapshot"
                for sent, code in [
                    ("{", "bad_request"),
                    (b"\xff\xfe", "bad_request"),
                    ('{"do":"dance"}', "bad_request"),
                    ('{"do":"pause","now":1}', "bad_request"),
                    ('{"do":"subscribe","session":"x","after":-1}', "bad_request"),
                    ('{"do":"subscribe","session":"x"}', "not_found"),
                    ('{"do":"unsubscribe","session":"x"}', "not_found"),
                    ("[" * 10_000, "bad_request"),
                    (" " * 20_000, "too_large"),
                ]:
                    await connection.send(sent)
                    told = json.loads(await connection.recv())
                    assert (told["frame"], told["data"]["code"]) == ("problem", code), sent
                await session.signal("go")
                kinds = [json.loads(message)["frame"] async for message in connection]
            assert kinds[-1] == "end"

    asyncio.run(main())


def test_a_message_that_is_too_large_ends_the_connection() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            async with socket(served, f"/sessions/{session.id}/stream?after=2") as connection:
                await connection.send("x" * 70_000)
                with pytest.raises(websockets.ConnectionClosedError):
                    while True:
                        await connection.recv()
            assert connection.close_code == 1009

    asyncio.run(main())


def test_who_says_nothing_but_nonsense_is_cut_off() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            async with socket(served, f"/sessions/{session.id}/stream?after=2") as connection:
                # Who is cut off sooner may not hear of the session: it is still being read.
                assert json.loads(await connection.recv())["frame"] == "snapshot"
                for _ in range(20):
                    await connection.send("nonsense")
                told: list[str] = []
                with pytest.raises(websockets.ConnectionClosedError):
                    while True:
                        told.append(json.loads(await connection.recv())["frame"])
            assert told == ["problem"] * 20
            assert connection.close_code == 1008

    asyncio.run(main())


def test_one_socket_streams_several_sessions_and_can_be_paused() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            one, other = [await started(served, "waiting") for _ in range(2)]
            async with socket(served, f"/sessions/{one.id}/stream?after=2") as connection:
                await connection.recv()
                await connection.send(
                    json.dumps({"do": "subscribe", "session": other.id, "after": 2})
                )
                assert json.loads(await connection.recv())["session"] == other.id
                await connection.send('{"do":"pause"}')
                # An answer to something else shows that the pause has arrived.
                await connection.send('{"do":"unsubscribe","session":"x"}')
                assert json.loads(await connection.recv())["frame"] == "problem"
                await one.signal("go")
                await one.result(5)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(connection.recv(), 0.05)
                await connection.send('{"do":"continue"}')
                assert json.loads(await connection.recv())["id"] == 3
                await other.signal("go")
                rest = [json.loads(message) async for message in connection]
            ends = {message["session"] for message in rest if message["frame"] == "end"}
            assert ends == {one.id, other.id}

    asyncio.run(main())


def test_a_stream_of_nothing_is_refused_with_a_problem() -> None:
    async def main() -> None:
        async with serving() as served:
            for path, status in [
                ("/sessions/none/stream", 404),
                ("/sessions/none/stream?after=-1", 400),
                ("/sessions/none/stream?after=x", 400),
            ]:
                answer = await served.client.get(path)
                assert (answer.status_code, answer.json()["status"]) == (status, status)
            with pytest.raises(websockets.InvalidStatus) as refused:
                await socket(served, "/sessions/none/stream")
            assert refused.value.response.status_code == 404
            assert json.loads(refused.value.response.body)["code"] == "not_found"

    asyncio.run(main())


def test_streams_end_when_the_server_stops_and_say_so() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            path = f"/sessions/{session.id}/stream?after=2"
            frames = frames_of(served, path)
            await anext(frames)
            async with socket(served, path) as connection:
                await connection.recv()
                served.service.hub.stop()
                with pytest.raises(websockets.ConnectionClosedError):
                    await connection.recv()
            assert connection.close_code == 1012
            assert [frame async for frame in frames] == []

    asyncio.run(main())


def test_a_client_that_goes_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            async with httpx2.AsyncClient(base_url=f"{served.address}/api/v1") as client:
                path = f"/sessions/{session.id}/stream"
                async with client.stream("GET", path) as answer:
                    await anext(answer.aiter_lines())
                    assert served.service.hub.watched == {session.id: 1}
            async with asyncio.timeout(5):
                while served.service.hub.watched:  # noqa: ASYNC110  (nobody tells of it)
                    await asyncio.sleep(0)

    asyncio.run(main())


def test_clients_that_go_in_the_middle_leave_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            path = f"/sessions/{session.id}/stream?after=2"
            sockets = [await socket(served, path) for _ in range(5)]
            for connection in sockets:
                await connection.recv()
                connection.transport.abort()
            await session.signal("go")
            await session.result(5)
            async with asyncio.timeout(5):
                while served.service.hub.watched:  # noqa: ASYNC110  (nobody tells of it)
                    await asyncio.sleep(0)

    asyncio.run(main())
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_streams_of_all_kinds_count_together() -> None:
    async def main() -> None:
        async with serving(waiting(), fencing=Fencing(streams_max=1)) as served:
            session = await started(served, "waiting")
            place = f"/sessions/{session.id}/stream"
            async with served.client.stream("GET", "/events?after=0") as first:
                assert first.status_code == 200
                refused = await served.client.get(place)
                assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
                with pytest.raises(websockets.InvalidStatus) as error:
                    await socket(served, place)
                assert error.value.response.status_code == 429

    asyncio.run(main())
