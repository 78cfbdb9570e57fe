"""The line breaks, the server is killed, another process comes: nothing acknowledged is lost, and
nothing is written twice."""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import psycopg
import pytest

import tenuto
from tenuto.adapters.postgres import PostgresEventStore
from tenuto.adapters.postgres.schema import FORMAT
from tenuto.adapters.postgres.store import Database
from tenuto.adapters.postgres.writing import LogWriter
from tenuto.adapters.tables.outcomes import Answer, OutcomeUnknown
from tenuto.core.errors import CorruptLog, Stale, StoreOwned, StoreUnavailable
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Commit, Head
from tests.faulty_line import FaultyLine
from tests.postgres import fresh_database, needs_own_postgres, needs_postgres, own_server

SECONDS_MAX = 120


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as made:
        yield made


def commit(session: str, expected: int, payload: bytes = b"", *, count: int = 1) -> Commit:
    """Return a commit of events; the first makes its session."""
    id = SessionId(session)
    head = Head(
        session=id, status="running", active=True, started_ms=1, updated_ms=1, version=Version(0)
    )
    return Commit(
        session=id,
        expected=Version(expected),
        count=count,
        payload=payload or f"{session} {expected}".encode(),
        at_ms=7,
        head=None if expected else head,
    )


def answered(writer: LogWriter, line: FaultyLine, commits: list[Commit]) -> list[Answer]:
    """Return what comes of commits, once the line is whole again."""
    try:
        return writer.write(commits)
    except OutcomeUnknown as unknown:
        line.resume()
        while True:
            try:
                return writer.determine(unknown)
            except OutcomeUnknown as still:
                unknown = still


@needs_postgres
@pytest.mark.parametrize("to", ["client", "server"])
def test_the_line_may_break_at_any_byte_of_an_append(to: str, url: str) -> None:
    async def prepare() -> None:
        await (await PostgresEventStore.open(url)).close()

    asyncio.run(prepare())
    port = int(psycopg.conninfo.conninfo_to_dict(url)["port"])
    with FaultyLine(port) as line:
        database = Database(url=line.leading(url), durability="wal")
        writer = LogWriter(database.open_writable, name="it")
        assert writer.write([commit("s", 0), commit("t", 0)]) == [1, 2]

        given: list[Answer] = []
        places = range(1, 300, 11) if to == "client" else range(1, 900, 31)
        for version, place in enumerate(places, start=1):
            line.cut_after(place, to="client" if to == "client" else "server")
            given += answered(writer, line, [commit("s", version), commit("t", version)])
            line.resume()
        writer.close()

    assert given == list(range(3, 3 + 2 * len(places)))

    async def check() -> None:
        store = await PostgresEventStore.open(url, readonly=True)
        stored = await store.read(limit=10_000)
        await store.close()
        assert [one.position for one in stored] == list(range(1, 3 + 2 * len(places)))
        assert [one.payload for one in stored if one.session == "s"] == [
            f"s {version}".encode() for version in range(len(places) + 1)
        ]

    asyncio.run(check())


@needs_postgres
@pytest.mark.parametrize("to", ["client", "server"])
def test_the_line_may_break_at_any_byte_of_what_the_event_loop_sends(to: str, url: str) -> None:
    port = int(psycopg.conninfo.conninfo_to_dict(url)["port"])
    places = range(1, 300, 23) if to == "client" else range(1, 900, 61)

    async def main(line: FaultyLine) -> None:
        store = await PostgresEventStore.open(line.leading(url))
        assert await asyncio.gather(store.append(commit("s", 0)), store.append(commit("t", 0)))
        for version, place in enumerate(places, start=1):
            line.cut_after(place, to="client" if to == "client" else "server")
            both = [store.append(commit(session, version)) for session in "st"]
            # A new connection is cut as well until the line is whole; it is tried again.
            asyncio.get_running_loop().call_later(0.05, line.resume)
            assert await asyncio.gather(*both) == [2 * version + 1, 2 * version + 2]
            line.resume()
        stored = await store.read(limit=10_000)
        assert [one.position for one in stored] == list(range(1, 3 + 2 * len(places)))
        await store.close()

    with FaultyLine(port) as line:
        asyncio.run(asyncio.wait_for(main(line), SECONDS_MAX))


@needs_postgres
def test_closing_waits_for_what_was_on_its_way_when_the_line_broke(url: str) -> None:
    port = int(psycopg.conninfo.conninfo_to_dict(url)["port"])

    async def main(line: FaultyLine) -> None:
        store = await PostgresEventStore.open(line.leading(url))
        await store.append(commit("s", 0))
        line.black_hole(to="client")
        appended = store.append(commit("s", 1))
        await asyncio.to_thread(line.wait_held, to="client")

        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0)
        await asyncio.to_thread(line.cut)
        await asyncio.to_thread(line.resume)

        assert await appended == 2
        await closing

    with FaultyLine(port) as line:
        asyncio.run(asyncio.wait_for(main(line), SECONDS_MAX))


@needs_postgres
def test_what_is_refused_when_the_line_breaks_is_refused_all_the_same(url: str) -> None:
    async def prepare() -> None:
        await (await PostgresEventStore.open(url)).close()

    asyncio.run(prepare())
    port = int(psycopg.conninfo.conninfo_to_dict(url)["port"])
    with FaultyLine(port) as line:
        writer = LogWriter(
            Database(url=line.leading(url), durability="wal").open_writable, name="it"
        )
        writer.write([commit("s", 0), commit("s", 1), commit("t", 0)])
        line.cut_after(1, to="client")

        stale, written = answered(writer, line, [commit("s", 1, b"late"), commit("t", 1)])

        assert isinstance(stale, Stale) and stale.found == 2
        assert written == Position(4)
        writer.close()


@needs_own_postgres
def test_the_server_may_be_killed_in_the_middle_of_many_appends() -> None:
    server = own_server()

    async def writing(store: PostgresEventStore, session: str, upto: int) -> None:
        for version in range(upto):
            while True:
                try:
                    await store.append(commit(session, version))
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.01)

    async def main(url: str) -> None:
        store = await PostgresEventStore.open(url)
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(writing(store, f"s{number}", 60))
            for position in (300, 600, 900):
                await reached(store, position)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
        stored = await store.read(limit=10_000)
        await store.close()
        assert [one.position for one in stored] == list(range(1, 20 * 60 + 1))
        for number in range(20):
            own = [one.payload for one in stored if one.session == f"s{number}"]
            assert own == [f"s{number} {version}".encode() for version in range(60)]

    async def reached(store: PostgresEventStore, position: int) -> None:
        async with aclosing(store.follow(after=position - 1)) as coming:
            await anext(coming)

    with fresh_database(on=server) as url:
        asyncio.run(asyncio.wait_for(main(url), SECONDS_MAX))


async def step(ctx: tenuto.Context, n: int) -> int:
    """Take a moment of work."""
    return n + 1


@needs_own_postgres
def test_sessions_go_on_when_the_server_was_killed_and_comes_back() -> None:
    server = own_server()
    flow = tenuto.Workflow("steps", version="1", steps=1_000)
    flow.node("ask", wait="go")
    body = tenuto.body(function=step, inputs={"n": "item"})
    flow.node("each", map="inputs.numbers", do=body, concurrency=2)
    flow.edge("ask", "each")

    async def main(url: str) -> None:
        async with tenuto.open(url) as runtime:
            numbers = list(range(20))
            sessions = [await runtime.start(flow, {"numbers": numbers}) for _ in range(10)]
            for session in sessions[:5]:
                await session.signal("go")
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            for session in sessions[5:]:
                await session.signal("go")
            for session in sessions:
                assert await session.result(SECONDS_MAX) == {"each": [n + 1 for n in numbers]}

    with fresh_database(on=server) as url:
        asyncio.run(asyncio.wait_for(main(url), SECONDS_MAX))


@needs_postgres
def test_one_process_owns_a_schema_and_the_next_waits_for_its_end(url: str) -> None:
    async def main() -> None:
        owner = await asyncio.to_thread(subprocess.Popen, **program(url))
        assert owner.stdout is not None
        assert await asyncio.to_thread(owner.stdout.readline) == b"open\n"
        with pytest.raises(StoreOwned, match=f"pid {owner.pid} "):
            await PostgresEventStore.open(url)
        # Others may look.
        reader = await PostgresEventStore.open(url, readonly=True)
        assert await reader.read() == ()
        await reader.close()

        owner.kill()
        owner.wait()
        owner.stdout.close()
        for left in itertools.count():
            try:
                store = await PostgresEventStore.open(url)
                break
            except StoreOwned:
                # The server has yet to learn that the process is gone.
                assert left < 1_000
                await asyncio.sleep(0.01)
        assert await store.append(commit("s", 0)) == 1
        await store.close()

    asyncio.run(main())


def program(url: str) -> dict[str, object]:
    code = (
        "import asyncio, sys\n"
        "from tenuto.adapters.postgres import PostgresEventStore\n"
        "async def main():\n"
        "    store = await PostgresEventStore.open(sys.argv[1])\n"
        "    print('open', flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    return {"args": [sys.executable, "-c", code, url], "stdout": subprocess.PIPE}


@needs_postgres
def test_many_may_open_an_empty_database_at_once_and_one_owns_it(url: str) -> None:
    async def main() -> None:
        found = await asyncio.gather(
            *[PostgresEventStore.open(url) for _ in range(6)], return_exceptions=True
        )
        stores = [one for one in found if isinstance(one, PostgresEventStore)]
        others = [one for one in found if not isinstance(one, PostgresEventStore)]
        assert [type(one) for one in others] == [StoreOwned] * 5
        assert await stores[0].append(commit("s", 0)) == 1
        await stores[0].close()

    asyncio.run(main())


@needs_postgres
def test_a_schema_of_another_program_is_left_alone(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tenuto")
        connection.execute("CREATE TABLE tenuto.customers(name TEXT)")

    async def main() -> None:
        with pytest.raises(CorruptLog, match="another program"):
            await PostgresEventStore.open(url)

    asyncio.run(main())


@needs_postgres
def test_a_format_of_a_newer_release_is_left_alone(url: str) -> None:
    async def main() -> None:
        await (await PostgresEventStore.open(url)).close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE tenuto.format SET number = %s", (FORMAT + 1,))
        for readonly in (False, True):
            with pytest.raises(CorruptLog, match=f"format {FORMAT + 1}"):
                await PostgresEventStore.open(url, readonly=readonly)

    asyncio.run(main())


@needs_postgres
def test_a_server_that_is_away_is_told_without_the_password(url: str) -> None:
    async def main() -> None:
        with pytest.raises(StoreUnavailable) as refused:
            await PostgresEventStore.open("postgresql://ann:s3cret@127.0.0.1:1/x")
        assert "127.0.0.1:1/x" in str(refused.value)
        assert "s3cret" not in str(refused.value)

    asyncio.run(main())


@needs_postgres
def test_the_file_of_password_and_schema_come_from_the_address(url: str, tmp_path: Path) -> None:
    async def main() -> None:
        one = await PostgresEventStore.open(f"{url}?schema=one")
        two = await PostgresEventStore.open(f"{url}?schema=two")
        await one.append(commit("s", 0))
        assert await two.read() == ()
        await one.close()
        await two.close()

    asyncio.run(main())
