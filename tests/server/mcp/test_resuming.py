"""Streams over HTTP that a client can come back to."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp_types as types
import msgspec
import pytest
from mcp import Client
from mcp.server.streamable_http import EventMessage

import tenuto
from tenuto.server.listening import address_of, listening, serve_app
from tenuto.server.mcp import http
from tenuto.server.mcp.face import Face
from tenuto.server.mcp.offers import by_tool, offer_of
from tenuto.server.mcp.resuming import Room, Streams
from tenuto.server.mcp.visits import Terms
from tests.server.mcp import flows
from tests.server.mcp.serving import run
from tests.server.mcp.test_http import INITIALIZE

ACCEPT = {"Accept": "application/json, text/event-stream"}
VERSION = {"mcp-protocol-version": "2025-11-25"}


def note(text: str) -> types.JSONRPCNotification:
    return types.JSONRPCNotification(jsonrpc="2.0", method="note", params={"text": text})


def result(number: int) -> types.JSONRPCResponse:
    return types.JSONRPCResponse(jsonrpc="2.0", id=number, result={})


async def replayed(streams: Streams, after: str) -> list[Any]:
    found: list[Any] = []

    async def send(event: EventMessage) -> None:
        found.append(event.message)

    async with asyncio.timeout(5):
        assert await streams.replay_events_after(after, send) is None
    return found


def test_a_stream_goes_on_after_the_last_event_until_its_answer() -> None:
    async def work() -> None:
        streams = Streams(Room())
        await streams.store_event("1", None)
        last = await streams.store_event("1", note("a"))
        await streams.store_event("2", note("of another stream"))
        await streams.store_event("1", note("b"))
        await streams.store_event("1", result(1))

        assert await replayed(streams, last) == [note("b"), result(1)]

    run(work)


def test_what_comes_while_a_client_is_back_is_told_at_once_and_once() -> None:
    async def work() -> None:
        streams = Streams(Room())
        last = await streams.store_event("1", None)
        following = asyncio.create_task(replayed(streams, last))
        for text in ("a", "b"):
            await streams.store_event("1", note(text))
            await asyncio.sleep(0)
        await streams.store_event("1", result(1))

        assert await following == [note("a"), note("b"), result(1)]

    run(work)


def test_a_stream_ends_when_it_is_time_to_come_back_again() -> None:
    async def work() -> None:
        streams = Streams(Room(), poll_seconds=0.01)
        last = await streams.store_event("1", note("a"))

        assert await replayed(streams, last) == []

    run(work)


@pytest.mark.parametrize("event_id", ["", "x", "x.1.MQ", ".1.MQ", "{mark}.x.MQ", "{mark}.1.!", "1"])
def test_an_id_that_is_none_gives_nothing(event_id: str) -> None:
    async def work() -> None:
        streams = Streams(Room())
        mark = (await streams.store_event("1", note("a"))).partition(".")[0]

        assert await replayed(streams, event_id.replace("{mark}", mark)) == []

    run(work)


def test_a_stream_whose_answer_gave_way_is_not_waited_for() -> None:
    async def work() -> None:
        streams = Streams(Room(), bytes_max=1_000)
        first = await streams.store_event("1", None)
        await streams.store_event("1", result(1))
        for _ in range(20):
            await streams.store_event("2", note("x" * 100))

        assert await replayed(streams, first) == []

    run(work)


def test_an_id_of_another_connection_gives_nothing() -> None:
    async def work() -> None:
        room = Room()
        mine, theirs = Streams(room), Streams(room)
        first = await theirs.store_event("1", None)
        await theirs.store_event("1", result(1))
        await mine.store_event("1", result(1))

        assert await replayed(mine, first) == []

    run(work)


def test_the_oldest_events_give_way_and_the_answer_is_still_there() -> None:
    async def work() -> None:
        room = Room()
        streams = Streams(room, bytes_max=2_000)
        first = await streams.store_event("1", None)
        for _ in range(100):
            await streams.store_event("1", note("x" * 100))
        await streams.store_event("1", result(1))
        found = await replayed(streams, first)

        assert room.size <= 2_000
        assert found[-1] == result(1)
        assert len(found) < 10

    run(work)


def test_all_connections_together_keep_no_more_than_there_is_room() -> None:
    async def work() -> None:
        room = Room(bytes_max=10_000)
        many = [Streams(room) for _ in range(50)]
        for streams in many:
            await streams.store_event("1", note("x" * 500))

        assert room.size <= 10_000

    run(work)


def test_a_connection_that_is_gone_keeps_nothing() -> None:
    async def work() -> None:
        room = Room()
        await Streams(room).store_event("1", note("x"))
        gc.collect()

        assert room.size == 0

    run(work)


@asynccontextmanager
async def listened(terms: Terms) -> AsyncIterator[str]:
    async with tenuto.open("memory://") as runtime:
        face = Face(runtime, by_tool([offer_of(flows.pausing), offer_of(flows.hello)]), terms)
        with listening("127.0.0.1", 0) as listener:
            app = http.app_of(
                face.server(),
                host="127.0.0.1",
                token="",
                names=(),
                poll_seconds=terms.poll_seconds,
            )
            serving = asyncio.create_task(serve_app(app, listener))
            yield address_of(listener) + http.PATH
            serving.cancel()
            await asyncio.wait({serving})


async def connected(client: httpx2.AsyncClient, url: str) -> dict[str, str]:
    answer = await client.post(url, json=INITIALIZE, headers=ACCEPT)
    session = {"mcp-session-id": answer.headers["mcp-session-id"], **VERSION}
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    await client.post(url, json=ready, headers={**ACCEPT, **session})
    return session


def events_in(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    return [
        dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines)
        for lines in (block.splitlines() for block in blocks)
        if not lines[0].startswith(":")
    ]


@pytest.mark.slow
def test_a_call_whose_stream_ends_is_gone_on_with_by_the_last_event() -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"name": "pausing", "arguments": {}},
    }

    async def work() -> None:
        async with (
            listened(Terms(poll_seconds=0.1)) as url,
            httpx2.AsyncClient(timeout=20) as client,
        ):
            session = await connected(client, url)
            begun = await client.post(url, json=call, headers={**ACCEPT, **session})
            (first,) = events_in(begun.text)
            assert first["data"] == ""
            assert first["retry"] == "500"
            other = await connected(client, url)
            stolen = await client.get(
                url, headers={**ACCEPT, **other, "Last-Event-ID": first["id"]}
            )
            assert events_in(stolen.text) == []
            found: list[dict[str, str]] = []
            for _ in range(50):
                back = await client.get(
                    url, headers={**ACCEPT, **session, "Last-Event-ID": first["id"]}
                )
                found = events_in(back.text)
                if found:
                    break
            (answer,) = found
            told = msgspec.json.decode(answer["data"])
            assert told["id"] == 7
            assert told["result"]["content"][0]["text"] == "awake"

    run(work)


@pytest.mark.slow
def test_a_client_of_the_sdk_comes_back_by_itself() -> None:
    async def work() -> None:
        async with (
            listened(Terms(poll_seconds=0.1)) as url,
            Client(url, mode="legacy") as client,
        ):
            told = await client.call_tool("pausing")

        assert told.content[0].text == "awake"  # type: ignore[union-attr]

    run(work)
