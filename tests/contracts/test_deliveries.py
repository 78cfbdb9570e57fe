"""Both keepers of deliveries keep the contract."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tenuto.adapters.memory import MemoryDeliveries
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.deliveries import Deliveries
from tenuto.testing.contracts import DeliveriesContract


class TestInMemory(DeliveriesContract):
    def opened(self) -> AbstractAsyncContextManager[Deliveries]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Deliveries]:
            yield MemoryDeliveries()

        return made()


class TestInAFile(DeliveriesContract):
    def opened(self) -> AbstractAsyncContextManager[Deliveries]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Deliveries]:
            with TemporaryDirectory() as folder:
                store = await SqliteEventStore.open(str(Path(folder) / "test.db"))
                try:
                    yield store.tables.deliveries
                finally:
                    await store.close()

        return made()
