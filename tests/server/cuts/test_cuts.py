"""Streams that are cut, in every place: after any event, in the middle of any frame, by a killed
server. Nothing is lost, and nothing comes twice."""

import asyncio
import random
from pathlib import Path

import pytest

import tenuto
from tests.faulty_line import FaultyLine
from tests.server.cuts.flows import short, ticking
from tests.server.cuts.servers import Seen, follow, go, nursery, prepared, run

KINDS = ("sse", "ws")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_may_hang_up_after_any_event(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        (session,) = await prepared(tmp_path, ticking, 1)
        async with nursery(tmp_path) as server, asyncio.TaskGroup() as group:
            clients = [Seen(session) for _ in range(60)]
            for number, seen in enumerate(clients, start=1):
                group.create_task(follow(kind, server.address, seen, drop_after=number))
            await clients[-1].until(2)
            await go(server.address, session)
        for seen in clients:
            seen.assert_whole()
        assert {seen.last for seen in clients} == {await last_version(tmp_path, session)}
        assert all(seen.connections >= 2 for seen in clients)

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_may_break_at_any_byte(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        (session,) = await prepared(tmp_path, short, 1)
        async with nursery(tmp_path) as server:
            await go(server.address, session)
            whole = await follow(kind, server.address, Seen(session))
            whole.assert_whole()

            async def cut(bytes_max: int) -> Seen:
                with FaultyLine(server.port) as line:
                    line.cut_after(bytes_max, to="client")
                    address = line.leading(server.address)
                    return await follow(kind, address, Seen(session), then=server.address)

            for first in range(1, 6_000, 600):
                # A prime apart, so that cuts fall everywhere in frames.
                places = range(first, first + 600, 37)
                for seen in await asyncio.gather(*[cut(place) for place in places]):
                    seen.assert_whole()
                    assert seen.last == whole.last

    run(main())


def test_the_server_may_be_killed_after_any_event(tmp_path: Path) -> None:
    async def main() -> None:
        (measure,) = await prepared(tmp_path, short, 1)
        async with nursery(tmp_path) as server:
            await go(server.address, measure)
            count = (await follow("sse", server.address, Seen(measure))).last
        sessions = await prepared(tmp_path, short, count)
        async with nursery(tmp_path) as server:
            for number, session in enumerate(sessions, start=1):
                both = [Seen(session), Seen(session)]
                async with asyncio.TaskGroup() as group:
                    for kind, seen in zip(KINDS, both, strict=True):
                        group.create_task(follow(kind, server.address, seen))
                    await both[0].until(2)
                    await go(server.address, session)
                    for seen in both:
                        await seen.until(number)
                    await server.kill()
                    await server.start()
                for seen in both:
                    seen.assert_whole()
                    assert seen.last == count

    run(main())


def test_killed_under_load_the_server_comes_back_and_nobody_misses_anything(
    tmp_path: Path,
) -> None:
    dice = random.Random(4)

    async def main() -> None:
        sessions = await prepared(tmp_path, ticking, 15)
        clients = [Seen(session) for session in sessions for _ in KINDS]
        async with nursery(tmp_path) as server, asyncio.TaskGroup() as group:
            for number, seen in enumerate(clients):
                group.create_task(follow(KINDS[number % 2], server.address, seen))
            for session in sessions:
                await go(server.address, session)
            for _ in range(3):
                await clients[-1].until(clients[-1].last + dice.randrange(1, 12))
                await server.kill()
                await server.start()
        for seen in clients:
            seen.assert_whole()
            assert seen.last == await last_version(tmp_path, seen.session)
        assert max(seen.connections for seen in clients) > 1

    run(main())


async def last_version(folder: Path, session: str) -> int:
    """Return how many events the file has of a session, which must have completed."""
    async with tenuto.open(f"sqlite:///{folder / 'cuts.db'}", readonly=True) as runtime:
        handle = runtime.session(session)
        assert (await handle.head()).status == "completed"
        return (await handle.state()).version
