"""Memory in a file: it costs nothing until it is used, and what is forgotten is gone."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.errors import CorruptLog, NotFound, Rejected, StoreUnavailable
from tenuto.core.vocabulary import Position
from tenuto.ports.memory import Memory, MemoryQuery, MemoryStatistics, MemoryUnavailable
from tenuto.testing.contracts.event_store.case import A, more, start
from tenuto.testing.contracts.memory.case import (
    ANN,
    NOW_MS,
    along,
    asking,
    found,
    kept,
    listed,
)

Use = Callable[[SqliteEventStore], Awaitable[None]]

QUERY = MemoryQuery(tenant=ANN.tenant)


def use(file: Path, scenario: Use, *, readonly: bool = False) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(file, readonly=readonly)
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


def tables_of(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'memory%'")
        return [name for (name,) in names]


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def nothing(store: SqliteEventStore) -> None:
    pass


def test_a_file_has_no_tables_of_memory_before_something_is_kept(tmp_path: Path) -> None:
    async def look(store: SqliteEventStore) -> None:
        memory = store.memory
        assert await listed(memory) == []
        assert await found(memory, asking("tea", along(0))) == []
        assert await memory.statistics(QUERY) == MemoryStatistics()
        assert await memory.forget(QUERY) == 0
        await memory.touch(["a"], tenant=ANN.tenant, now_ms=NOW_MS)
        await memory.keep([])
        with pytest.raises(NotFound):
            await memory.items(MemoryQuery(tenant=ANN.tenant, after="a"))

    async def keep(store: SqliteEventStore) -> None:
        await store.memory.keep([kept("a", "tea")])

    use(tmp_path / "store.db", look)
    assert tables_of(tmp_path / "store.db") == []

    use(tmp_path / "store.db", keep)
    assert "memory_items" in tables_of(tmp_path / "store.db")


def test_what_was_kept_outlives_the_process(tmp_path: Path) -> None:
    async def keep(store: SqliteEventStore) -> None:
        await store.memory.keep([kept("a", "Ann likes tea.", along(0))])

    async def recall(store: SqliteEventStore) -> None:
        assert await found(store.memory, asking("tea")) == ["a"]
        assert await found(store.memory, asking("", along(0))) == ["a"]

    use(tmp_path / "store.db", keep)
    use(tmp_path / "store.db", recall)
    use(tmp_path / "store.db", recall, readonly=True)


def test_who_only_reads_can_keep_and_forget_nothing(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        with pytest.raises(MemoryUnavailable, match="for reading only"):
            await store.memory.keep([kept("a", "tea")])
        with pytest.raises(MemoryUnavailable, match="for reading only"):
            await store.memory.forget(QUERY)

    use(tmp_path / "store.db", nothing)
    use(tmp_path / "store.db", scenario, readonly=True)


def test_nothing_of_what_was_forgotten_is_left_in_the_files(tmp_path: Path) -> None:
    chance = random.Random(7)
    marks = [f"{chance.getrandbits(64):016x}" for _ in range(400)]
    gone, stay = marks[::2], marks[1::2]

    def some(mark: str, n: int) -> str:
        return f"{mark} " + "filler words of some length " * chance.randrange(n % 60 + 1)

    async def scenario(store: SqliteEventStore) -> None:
        memory = store.memory
        for n, mark in enumerate(marks):
            vector = tuple(chance.uniform(-1, 1) for _ in range(32))
            one = kept(f"id-{mark}", some(mark, n), vector, data=f"data-{mark}", key=f"key-{mark}")
            await memory.keep([one])
        ids = tuple(f"id-{mark}" for mark in gone)

        for n in range(0, len(ids), 20):
            batch = ids[n : n + 20]
            assert await memory.forget(MemoryQuery(tenant=ANN.tenant, ids=batch)) == len(batch)

        held = bytes_in(tmp_path)
        assert [mark for mark in gone if mark.encode() in held] == []
        assert [mark for mark in stay if mark.encode() not in held] == []

    use(tmp_path / "store.db", scenario)


def test_a_text_that_was_replaced_is_forgotten_with_its_item(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        await store.memory.keep([kept("a", "Ann likes firstword.", along(0))])
        await store.memory.keep([kept("a", "Ann likes secondword.", along(1))])

        await store.memory.forget(QUERY)

        held = bytes_in(tmp_path)
        for word in (b"firstword", b"secondword", b"ann", b"acme"):
            assert word not in held

    use(tmp_path / "store.db", scenario)


def test_another_process_reads_keeps_and_forgets_while_the_owner_works(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    script = """
import asyncio, sys
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.memory import MemoryQuery
from tenuto.testing.contracts.memory.case import found, asking, kept

async def main():
    store = await SqliteEventStore.open_beside(sys.argv[1])
    memory = store.memory
    print(await found(memory, asking("tea")))
    for n in range(20):
        await memory.keep([kept(f"out{n}", "tea")])
    print(await memory.forget(MemoryQuery(tenant="acme", ids=("mine",))))
    await store.close()

asyncio.run(main())
"""

    async def scenario(store: SqliteEventStore) -> None:
        await store.memory.keep([kept("mine", "tea")])
        await store.append(start(A))
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", script, str(file)), stdout=subprocess.PIPE
        )
        version, told = 1, asyncio.ensure_future(other.communicate())
        while not told.done():
            await store.append(more(A, version))
            await store.memory.touch(["mine"], tenant=ANN.tenant, now_ms=NOW_MS)
            version += 1
        output, _ = await told

        assert other.returncode == 0
        assert output.decode().split("\n") == ["['mine']", "1", ""]
        assert sorted(await listed(store.memory)) == sorted(f"out{n}" for n in range(20))
        assert (await store.load(A)).version == version

    use(file, scenario)


def test_work_in_hand_is_done_before_the_store_closes(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        memory = store.memory
        many = [asyncio.ensure_future(memory.keep([kept(f"i{n}", "tea")])) for n in range(250)]
        await asyncio.sleep(0)
        await store.close()

        await asyncio.gather(*many)
        with pytest.raises(MemoryUnavailable, match="closed"):
            await memory.keep([kept("late", "tea")])

    async def look(store: SqliteEventStore) -> None:
        assert (await store.memory.statistics(QUERY)).items == 250

    use(tmp_path / "store.db", scenario)
    use(tmp_path / "store.db", look)


def test_what_cannot_be_kept_harms_neither_what_comes_with_it_nor_the_log(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        memory = store.memory
        good = [kept("a", "tea"), kept("b", "tea")]
        # Fits msgpack's 64 bits and not SQLite's.
        wrong = kept("c", "tea", created_ms=(1 << 64) - 1)

        appended, *answers = await asyncio.gather(
            store.append(start(A)),
            memory.keep(good[:1]),
            memory.keep([good[1], wrong]),
            memory.keep(good[1:]),
            return_exceptions=True,
        )

        assert appended == Position(1)
        assert [type(answer) for answer in answers] == [type(None), Rejected, type(None)]
        assert await listed(memory) == ["b", "a"]

    use(tmp_path / "store.db", scenario)


def test_a_memory_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    async def keep(store: SqliteEventStore) -> None:
        await store.memory.keep([kept("a", "tea")])

    async def refused(store: SqliteEventStore) -> None:
        memory = store.memory
        for call in (
            lambda: memory.keep([kept("b", "tea")]),
            lambda: memory.recall(asking("tea")),
            lambda: memory.items(QUERY),
            lambda: memory.forget(QUERY),
        ):
            with pytest.raises(CorruptLog, match="format 99"):
                await call()
        await store.append(start(A))

    use(tmp_path / "store.db", keep)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("UPDATE memory_format SET number = 99")
        connection.commit()
    use(tmp_path / "store.db", refused)


def test_opening_the_memory_of_what_is_no_store_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        asyncio.run(SqliteEventStore.open_beside(tmp_path / "nowhere.db"))
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreUnavailable, match="open it once for writing"):
        asyncio.run(SqliteEventStore.open_beside(tmp_path / "empty.db"))
    (tmp_path / "text.db").write_text("no database, only a text that is long enough" * 9)
    with pytest.raises(CorruptLog):
        asyncio.run(SqliteEventStore.open_beside(tmp_path / "text.db"))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_a_file_that_stays_locked_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.adapters.sqlite.works.BUSY_MS_MAX", 20)

    async def scenario(store: SqliteEventStore) -> None:
        memory: Memory = store.memory
        with locked(tmp_path / "store.db"), pytest.raises(MemoryUnavailable, match="SQLITE_BUSY"):
            await memory.keep([kept("a", "tea")])
        await memory.keep([kept("b", "tea")])
        assert await listed(memory) == ["b"]

    use(tmp_path / "store.db", scenario)
