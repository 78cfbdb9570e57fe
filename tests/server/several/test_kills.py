"""Of two servers one is killed: what it did goes on at the other, and nothing is told twice."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest

import tenuto
from tests.postgres import needs_postgres
from tests.server.api.frames import frames_of
from tests.server.several.processes import Server, Servers, nursery, servers
from tests.server.webhooks.receiver import Receiver, receiving

pytestmark = [needs_postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def forks() -> Iterator[subprocess.Popen[str]]:
    with nursery() as process:
        yield process


async def ticks_of(server: Server, session: str, after: int, *, until: int = 0) -> list[int]:
    """Return the versions of the events that are told live, to the end or until there are so
    many."""
    seen: list[int] = []
    async for frame in frames_of(server, f"/sessions/{session}/stream?after={after}"):
        if frame["event"] == "event":
            seen.append(frame["data"]["seq"])
        if frame["event"] == "end" or (until and len(seen) >= until):
            break
    return seen


def test_a_stream_goes_on_without_gap_or_repeat_when_the_server_that_runs_the_session_is_killed(
    forks: subprocess.Popen[str],
) -> None:
    async def main() -> None:
        async with servers(forks, 2) as found:
            home, other = found.all
            session = await found.start_at(home, "ticking")
            through = asyncio.create_task(ticks_of(other, session, 0))
            at_home = asyncio.create_task(ticks_of(home, session, 0, until=12))
            await home.client.post(f"/sessions/{session}/signal", json={"name": "go"})
            begun = await at_home
            home.kill()
            rest = await ticks_of(other, session, begun[-1])
            whole = await through

            shown = (await other.client.get(f"/sessions/{session}")).json()
            assert shown["status"] == "completed"
            assert whole == [*range(1, len(whole) + 1)]
            assert begun + rest == whole
            assert await found.owner(session) is other

    asyncio.run(asyncio.wait_for(main(), 60))


async def told_of(receiver: Receiver, sessions: set[str]) -> Counter[str]:
    """Return how often each session was told of, once all of them were."""
    came = await receiver.until(
        lambda came: {one.told["data"]["session"] for one in came} >= sessions
    )
    return Counter(one.told["data"]["session"] for one in came)


def test_webhooks_are_told_of_the_sessions_of_all_servers_once_and_go_on_after_a_kill(
    forks: subprocess.Popen[str],
) -> None:
    async def main() -> None:
        async with receiving() as receiver, servers(forks, 2) as found:
            home, other = found.all
            hook = {"url": receiver.url, "events": ["session.started"]}
            made = await other.client.post("/webhooks", json=hook)
            assert made.status_code == 201, made.text
            # The other one, which does not deliver, added it: none that starts from now on is
            # missed.
            sessions = {await one.start("short") for _ in range(10) for one in found.all}
            assert set((await told_of(receiver, sessions)).values()) == {1}

            # One that is added while the other server delivers is told of what comes at once.
            second = {"url": f"{receiver.url}2", "events": ["session.cancelled"]}
            await other.client.post("/webhooks", json=second)
            gone = sessions.pop()
            await home.client.post(f"/sessions/{gone}/cancel", json={})
            await receiver.until(lambda came: any(one.path == "/hook2" for one in came))
            receiver.received = [one for one in receiver.received if one.path == "/hook"]
            sessions.add(gone)

            # A message is on its way, and others have come, when who delivers is killed.
            receiver.statuses = [0] * 16
            more = {await other.start("short") for _ in range(20)}
            await receiver.until(lambda came: len(came) >= len(sessions) + 5)
            under_way = len(receiver.received) - len(sessions)
            home.kill()
            receiver.statuses = []
            later = {await other.start("short") for _ in range(5)}
            told = await told_of(receiver, sessions | more | later)
            again = {session for session, count in told.items() if count > 1}
            assert again <= more and len(again) <= max(under_way, 16)
            assert max(told.values()) <= 2
            ids = {(one.id, one.told["data"]["session"]) for one in receiver.received}
            assert len(ids) == len(sessions | more | later), "again under the same id"
            assert all(one.is_signed(made.json()["secret"]) for one in receiver.received)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_read_models_go_on_and_count_nothing_twice_when_who_keeps_them_is_killed(
    forks: subprocess.Popen[str],
) -> None:
    async def main() -> None:
        async with servers(forks, 2) as found:
            home, other = found.all
            sessions: list[str] = []
            for n in range(40):
                if n == 20:
                    home.kill()
                sessions.append(await other.start("short"))
            await caught_up(other)
            await check_tables(found, sessions)

    asyncio.run(asyncio.wait_for(main(), 60))


async def caught_up(server: Server) -> None:
    """Return once the tables are at the log's end."""
    async with asyncio.timeout(20):
        while (await server.client.get("/read-models")).json()["behind"]:
            pass


async def settled(server: Server, webhook: str) -> None:
    """Return once it is noted of every message that it was taken."""
    async with asyncio.timeout(20):
        while True:
            listed = (await server.client.get(f"/webhooks/{webhook}/deliveries")).json()["items"]
            if listed and all(one["state"] == "delivered" for one in listed):
                return


async def check_tables(found: Servers, sessions: list[str]) -> None:
    async with tenuto.open(found.url, readonly=True) as runtime:
        rows = await runtime.read_models.rows("agent_sessions", limit=1_000)
    assert sorted(str(row["id"]) for row in rows) == sorted(sessions)


async def status_of(server: Server, session: str) -> str:
    """Ask by a line of one's own: one that is idle for long is closed."""
    async with httpx2.AsyncClient(base_url=server.client.base_url, timeout=40) as client:
        return str((await client.get(f"/sessions/{session}")).json()["status"])


def test_a_server_that_slept_sends_nothing_and_tells_nothing_old_when_it_wakes(
    forks: subprocess.Popen[str],
) -> None:
    async def main() -> None:
        async with receiving() as receiver, servers(forks, 2) as found:
            home, other = found.all
            hook = {"url": receiver.url, "events": ["session.*"]}
            made = (await other.client.post("/webhooks", json=hook)).json()
            session = await found.start_at(home, "short")
            await receiver.until(lambda came: bool(came))
            assert (await home.client.get(f"/sessions/{session}")).json()["status"] == "waiting"
            # What is on its way when it falls asleep may come again, and nothing else.
            await settled(other, made["id"])
            home.stop()
            asked = asyncio.create_task(status_of(home, session))
            answer = await other.client.post(f"/sessions/{session}/signal", json={"name": "go"})
            assert answer.status_code == 200, answer.text
            await receiver.until(
                lambda came: any(
                    one.type == "session.completed" and one.told["data"]["session"] == session
                    for one in came
                )
            )
            home.go_on()
            assert await asked == "completed"
            async with httpx2.AsyncClient(base_url=home.client.base_url, timeout=40) as client:
                last = (await client.post("/workflows/short/start", json={})).json()["id"]
            await receiver.until(
                lambda came: any(one.told["data"]["session"] == last for one in came)
            )
            assert max(Counter(one.id for one in receiver.received).values()) == 1

    asyncio.run(asyncio.wait_for(main(), 60))
