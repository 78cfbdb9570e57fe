"""Both keepers of answers to requests keep the contract."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tenuto.adapters.memory import MemoryAnswers
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.answers import Answers
from tenuto.testing.contracts import AnswersContract


class TestInMemory(AnswersContract):
    def opened(self, *, per_owner_max: int = 1_000) -> AbstractAsyncContextManager[Answers]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Answers]:
            yield MemoryAnswers(per_owner_max=per_owner_max)

        return made()


class TestInAFile(AnswersContract):
    def opened(self, *, per_owner_max: int = 1_000) -> AbstractAsyncContextManager[Answers]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Answers]:
            with TemporaryDirectory() as folder:
                store = await SqliteEventStore.open(str(Path(folder) / "test.db"))
                answers = store.tables.answers
                answers.per_owner_max, answers.sweep_every = per_owner_max, 1
                try:
                    yield answers
                finally:
                    await store.close()

        return made()
