"""All that is kept in a PostgreSQL database keeps the contracts of its ports."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from tenuto.adapters.postgres import PostgresEventStore
from tenuto.ports.answers import Answers
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.deliveries import Deliveries
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Ledger
from tenuto.ports.memory import Memory
from tenuto.ports.pieces import Pieces
from tenuto.ports.pruning import Pruning
from tenuto.ports.read_models import ReadModels
from tenuto.ports.responses import Responses
from tenuto.testing.contracts import (
    AnswersContract,
    ArtifactsContract,
    DeliveriesContract,
    EventStoreContract,
    LedgerContract,
    MemoryContract,
    PiecesContract,
    PruningContract,
    ReadModelsContract,
    ResponsesContract,
)
from tests.postgres import Schemas, needs_postgres

pytestmark = needs_postgres


class Fresh(Schemas):
    """Opens stores in schemas of their own."""

    async def opened_store(self) -> PostgresEventStore:
        # Nothing here cuts the server's power, so nobody waits for its disk.
        return await PostgresEventStore.open(self.fresh_schema(), durability="wal")

    def part(self, of: Callable[[PostgresEventStore], Any]) -> AbstractAsyncContextManager[Any]:
        """Return a context with a part of a fresh store."""

        @asynccontextmanager
        async def made() -> AsyncIterator[Any]:
            store = await self.opened_store()
            try:
                yield of(store)
            finally:
                await store.close()

        return made()


class TestEventStore(Fresh, EventStoreContract):
    async def open_store(self) -> EventStore:
        return await self.opened_store()


class TestPruning(Fresh, PruningContract):
    async def open_store(self) -> EventStore:
        return await self.opened_store()

    def pruning_of(self, store: EventStore) -> Pruning:
        assert isinstance(store, PostgresEventStore)
        return store.pruning

    def artifacts_of(self, store: EventStore) -> Artifacts:
        assert isinstance(store, PostgresEventStore)
        return store.artifacts


class TestPreparedEventStore(Fresh, EventStoreContract):
    """With the indexes of long lists."""

    async def open_store(self) -> EventStore:
        store = await self.opened_store()
        await store.lists.prepare()
        return store


class TestArtifacts(Fresh, ArtifactsContract):
    def open_artifacts(self) -> AbstractAsyncContextManager[Artifacts]:
        return self.part(lambda store: store.artifacts)


class TestPieces(Fresh, PiecesContract):
    def opened(self) -> AbstractAsyncContextManager[Pieces]:
        return self.part(lambda store: store.pieces)


class TestLedger(Fresh, LedgerContract):
    def open_ledger(self) -> AbstractAsyncContextManager[Ledger]:
        return self.part(lambda store: store.ledger)


class TestMemory(Fresh, MemoryContract):
    zero = "\1"
    """PostgreSQL's texts hold no zero byte."""

    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return self.part(lambda store: store.memory)


class TestReadModels(Fresh, ReadModelsContract):
    def opened(self) -> AbstractAsyncContextManager[ReadModels]:
        return self.part(lambda store: store.read_models)


class TestResponses(Fresh, ResponsesContract):
    def opened(self, *, entries_max: int = 1_000) -> AbstractAsyncContextManager[Responses]:
        return self.part(lambda store: store.responses(entries_max=entries_max))


class TestAnswers(Fresh, AnswersContract):
    def opened(self, *, per_owner_max: int = 1_000) -> AbstractAsyncContextManager[Answers]:
        def of(store: PostgresEventStore) -> Answers:
            answers = store.tables.answers
            answers.per_owner_max, answers.sweep_every = per_owner_max, 1
            return answers

        return self.part(of)


class TestDeliveries(Fresh, DeliveriesContract):
    def opened(self) -> AbstractAsyncContextManager[Deliveries]:
        return self.part(lambda store: store.tables.deliveries)
