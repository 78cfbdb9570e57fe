"""Both keepers of read models keep the contract; a file has no table before the first change."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tenuto.adapters.memory import MemoryReadModels, VolatileMemory
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.errors import StoreUnavailable
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.tables import Row
from tenuto.ports.memory import Kept, Memory, MemoryQuery
from tenuto.ports.read_models import Reached, ReadModels, RowQuery
from tenuto.testing.contracts import ReadModelsContract
from tenuto.testing.contracts.read_models import put, task


class TestInMemory(ReadModelsContract):
    def opened(self) -> AbstractAsyncContextManager[ReadModels]:
        @asynccontextmanager
        async def made() -> AsyncIterator[ReadModels]:
            yield MemoryReadModels()

        return made()


class TestInAFile(ReadModelsContract):
    def opened(self) -> AbstractAsyncContextManager[ReadModels]:
        @asynccontextmanager
        async def made() -> AsyncIterator[ReadModels]:
            with TemporaryDirectory() as folder:
                store = await SqliteEventStore.open(str(Path(folder) / "test.db"))
                try:
                    yield store.read_models
                finally:
                    await store.close()

        return made()


def asked(file: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def test_a_file_has_no_table_before_the_first_change(tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"

    async def main(*, write: bool) -> None:
        store = await SqliteEventStore.open(file)
        assert await store.read_models.rows(RowQuery(table="agent_tasks")) == ()
        if write:
            await store.read_models.apply([put("agent_tasks", task(1))], Reached(position=1))
        await store.close()

    asyncio.run(main(write=False))
    before = set(asked(file, tables))
    asyncio.run(main(write=True))

    assert ("agent_tasks",) not in before
    assert ("agent_tasks",) in asked(file, tables)
    assert asked(file, "SELECT id, status FROM agent_tasks") == [("s:1", None)]


def test_tables_of_another_format_are_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "test.db"

    async def main() -> None:
        store = await SqliteEventStore.open(file)
        await store.read_models.apply([put("agent_tasks", task(1))], Reached(position=9))
        await store.close()
        connection = sqlite3.connect(file)
        connection.execute("UPDATE read_models SET format = 0")
        connection.execute("ALTER TABLE agent_tasks DROP COLUMN priority")
        connection.commit()
        connection.close()

        store = await SqliteEventStore.open(file)
        assert await store.read_models.reached() == Reached()
        await store.read_models.apply([put("agent_tasks", task(2))], Reached(position=1))
        assert await store.read_models.rows(RowQuery(table="agent_tasks")) == (task(2),)
        await store.close()

    asyncio.run(main())


def test_who_only_reads_cannot_write(tmp_path: Path) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(tmp_path / "test.db")
        await store.close()
        reader = await SqliteEventStore.open(tmp_path / "test.db", readonly=True)
        try:
            with pytest.raises(StoreUnavailable, match="for reading only"):
                await reader.read_models.clear()
        finally:
            await reader.close()

    asyncio.run(main())


def remembered(id_: str, **parts: object) -> Kept:
    made = {"kind": "semantic", "text": id_, "created_ms": 1_000, "scope": Scope(tenant="x")}
    return Kept(item=MemoryItem(id=id_, **{**made, **parts}))  # type: ignore[arg-type]


ADA = Scope(tenant="x", agent="clerk", user="ada")
MEMORIES = (
    remembered("old", key="length", scope=ADA),
    remembered("new", key="length", scope=ADA, created_ms=2_000, accesses=3, accessed_ms=2_500),
    remembered("other kind", key="length", scope=ADA, created_ms=3_000, kind="episodic"),
    remembered("unnamed", scope=ADA, created_ms=4_250, expires_ms=90_000),
    remembered("of another tenant", scope=Scope(tenant="y")),
)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_what_agents_remember_is_a_table_too(kind: str, tmp_path: Path) -> None:
    async def check(memory: Memory, models: ReadModels) -> None:
        await models.apply([], Reached())
        await memory.keep(MEMORIES)

        rows = await models.rows(RowQuery(table="agent_memory", tenant="x"))

        assert [(row["id"], row["key"]) for row in rows] == [
            ("unnamed", "unnamed"),
            ("other kind", "length"),
        ]
        wanted: Row = {
            "agent_id": "clerk",
            "user_id": "ada",
            "memory_type": "semantic",
            "value": "unnamed",
            "created_at": "1970-01-01T00:00:04.250Z",
            "expires_at": "1970-01-01T00:01:30.000Z",
            "accessed_at": None,
            "access_count": 0,
        }
        assert rows[0] | wanted == rows[0]
        await memory.forget(MemoryQuery(tenant="x", ids=("unnamed", "other kind")))
        (row,) = await models.rows(RowQuery(table="agent_memory", tenant="x"))
        assert row["id"] == "new", "what is forgotten is in no table"

    async def main() -> None:
        if kind == "memory":
            memory = VolatileMemory()
            await check(memory, MemoryReadModels(memory))
            return
        store = await SqliteEventStore.open(tmp_path / "test.db")
        try:
            await check(store.memory, store.read_models)
        finally:
            await store.close()

    asyncio.run(main())
