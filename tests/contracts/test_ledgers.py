"""Every ledger passes the one suite."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tenuto.adapters.memory import MemoryLedger
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.ledger import Ledger
from tenuto.testing.contracts import LedgerContract


@asynccontextmanager
async def in_memory() -> AsyncIterator[Ledger]:
    yield MemoryLedger()


class TestMemoryLedger(LedgerContract):
    def open_ledger(self) -> AbstractAsyncContextManager[Ledger]:
        return in_memory()


@asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[Ledger]:
    store = await SqliteEventStore.open(path)
    try:
        yield store.ledger
    finally:
        await store.close()


@asynccontextmanager
async def beside_an_owner(path: Path) -> AsyncIterator[Ledger]:
    store = await SqliteEventStore.open(path)
    beside = await SqliteEventStore.open_beside(path)
    try:
        yield beside.ledger
    finally:
        await beside.close()
        await store.close()


class TestSqliteLedger(LedgerContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.opened = 0

    def fresh(self) -> Path:
        self.opened += 1
        return self.folder / f"store{self.opened}.db"

    def open_ledger(self) -> AbstractAsyncContextManager[Ledger]:
        return in_file(self.fresh())


class TestSqliteLedgerBesideAnOwner(TestSqliteLedger):
    def open_ledger(self) -> AbstractAsyncContextManager[Ledger]:
        return beside_an_owner(self.fresh())
