"""A file is pruned as every store is; the suite for a schema is in `test_postgres`."""

from pathlib import Path

import pytest

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.event_store import EventStore
from tenuto.ports.pruning import Pruning
from tenuto.testing.contracts import PruningContract


class TestSqlitePruning(PruningContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def open_store(self) -> EventStore:
        return await SqliteEventStore.open(self.folder / "store.db", durability="wal")

    def pruning_of(self, store: EventStore) -> Pruning:
        assert isinstance(store, SqliteEventStore)
        return store.pruning
