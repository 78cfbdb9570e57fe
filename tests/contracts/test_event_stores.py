"""Every event store passes the one suite."""

from pathlib import Path

import pytest

from tenuto.adapters.memory import MemoryEventStore
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.event_store import EventStore
from tenuto.testing.contracts import EventStoreContract


class TestMemoryEventStore(EventStoreContract):
    async def open_store(self) -> EventStore:
        return MemoryEventStore()


class TestSqliteEventStore(EventStoreContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def open_store(self) -> EventStore:
        return await SqliteEventStore.open(self.folder / "store.db", durability="sync")


class TestSqliteEventStoreOfProcessDurability(TestSqliteEventStore):
    async def open_store(self) -> EventStore:
        return await SqliteEventStore.open(self.folder / "store.db", durability="wal")
