"""Every memory passes the one suite."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tenuto.adapters.memory import VolatileMemory
from tenuto.adapters.sqlite import SqliteEventStore, SqliteMemory
from tenuto.ports.memory import Memory
from tenuto.testing.contracts import MemoryContract


@asynccontextmanager
async def in_memory() -> AsyncIterator[Memory]:
    yield VolatileMemory()


class TestVolatileMemory(MemoryContract):
    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return in_memory()


@asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[Memory]:
    store = await SqliteEventStore.open(path)
    try:
        yield store.memory
    finally:
        await store.close()


@asynccontextmanager
async def beside_an_owner(path: Path) -> AsyncIterator[Memory]:
    store = await SqliteEventStore.open(path)
    memory = SqliteMemory.open(path)
    try:
        yield memory
    finally:
        await memory.close()
        await store.close()


class TestSqliteMemory(MemoryContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return in_file(self.folder / "store.db")


class TestSqliteMemoryBesideAnOwner(TestSqliteMemory):
    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return beside_an_owner(self.folder / "store.db")
