"""Streams and limits: what one organisation does, another neither hears of nor feels."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import websockets

from tenuto.core.limiting.limits import Limits, read_limits
from tenuto.server.fences import Fencing
from tests.server.api.people import ByHeader, of
from tests.server.api.served import Served, serving, waiting


async def start(served: Served, organisation: str) -> str:
    """Return the id of a session that waits."""
    begun = await served.client.post(
        "/workflows/waiting/start?wait=0.01", json={}, headers=of(organisation)
    )
    session: str = begun.json()["id"]
    await served.service.runtime.session(session).wait_until_idle(timeout=10)
    return session


def connect(served: Served, path: str, organisation: str) -> Any:
    """Return a socket of somebody."""
    url = f"{served.address.replace('http', 'ws', 1)}/api/v1{path}"
    return websockets.connect(url, additional_headers=of(organisation))


def test_a_feed_tells_of_ones_own_sessions_only() -> None:
    async def main() -> None:
        async with serving(waiting(), authenticator=ByHeader()) as served:
            before = await start(served, "ash")
            feed = served.client.stream("GET", "/events?after=0", headers=of("birch"))
            async with feed as answer, connect(served, "/events?after=0", "birch") as socket:
                lines = answer.aiter_lines()
                theirs = await start(served, "ash")
                own = await start(served, "birch")
                heard = ""
                while own not in heard:
                    heard += await asyncio.wait_for(anext(lines), 10)
                told = ""
                while own not in told:
                    told += str(await asyncio.wait_for(socket.recv(), 10))
                for text in (heard, told):
                    assert theirs not in text and before not in text and "ash" not in text

    asyncio.run(main())


def test_a_session_of_another_organisation_cannot_be_streamed() -> None:
    async def main() -> None:
        async with serving(waiting(), authenticator=ByHeader()) as served:
            theirs, own = await start(served, "ash"), await start(served, "birch")
            for id in (theirs, "ses_none"):
                answer = await served.client.get(f"/sessions/{id}/stream", headers=of("birch"))
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
                try:
                    async with connect(served, f"/sessions/{id}/stream", "birch"):
                        raise AssertionError("it was let in")
                except websockets.InvalidStatus as error:
                    assert error.response.status_code == 404
            async with connect(served, f"/sessions/{own}/stream?after=99", "birch") as socket:
                await socket.send(json.dumps({"do": "subscribe", "session": theirs}))
                heard: dict[str, Any] = {}
                while heard.get("code") != "not_found" and "not_found" not in str(heard):
                    heard = json.loads(await asyncio.wait_for(socket.recv(), 10))
                    assert theirs not in str(heard) or "not_found" in str(heard)

    asyncio.run(main())


def test_who_has_asked_too_much_takes_nothing_from_others() -> None:
    async def main() -> None:
        fencing = Fencing(limits=read_limits(["organisation=3/m"], Limits()))
        async with serving(authenticator=ByHeader(), fencing=fencing) as served:

            async def ask(organisation: str) -> httpx2.Response:
                return await served.client.get("/sessions", headers=of(organisation))

            ours = [(await ask("ash")).status_code for _ in range(4)]
            assert ours == [200, 200, 200, 429]
            others = await ask("birch")
            assert others.status_code == 200
            # As if nobody had asked: three in a minute, of which this was one.
            assert ";r=2;" in others.headers["ratelimit"]

    asyncio.run(main())
