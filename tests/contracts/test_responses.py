"""Both keepers of answers keep the contract; a file has no table before the first answer."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tenuto.adapters.memory import MemoryResponses
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.errors import StoreUnavailable
from tenuto.ports.responses import Response, Responses
from tenuto.testing.contracts import ResponsesContract

ANSWER = Response(
    key="k",
    tenant="local",
    agent="clerk",
    answer=ModelAnswer(text="kept"),
    kept_ms=1,
    expires_ms=1_000,
)


class TestInMemory(ResponsesContract):
    def opened(self, *, entries_max: int = 1_000) -> AbstractAsyncContextManager[Responses]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Responses]:
            yield MemoryResponses(entries_max=entries_max)

        return made()


class TestInAFile(ResponsesContract):
    def opened(self, *, entries_max: int = 1_000) -> AbstractAsyncContextManager[Responses]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Responses]:
            with TemporaryDirectory() as folder:
                store = await SqliteEventStore.open(str(Path(folder) / "test.db"))
                try:
                    yield store.responses(entries_max=entries_max)
                finally:
                    await store.close()

        return made()


def tables_of(file: Path) -> set[str]:
    connection = sqlite3.connect(file)
    try:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows}
    finally:
        connection.close()


def test_a_file_has_no_table_for_answers_before_the_first_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "test.db"

    async def main(*, keep: bool) -> None:
        store = await SqliteEventStore.open(file)
        responses = store.responses(entries_max=10)
        assert await responses.find("k", since_ms=0) is None
        assert await responses.forget() == 0
        if keep:
            responses.keep(ANSWER)
        await store.close()

    asyncio.run(main(keep=False))
    before = tables_of(file)
    asyncio.run(main(keep=True))

    assert tables_of(file) - before == {"responses_1"}


def test_answers_outlive_the_process_that_kept_them(tmp_path: Path) -> None:
    file = tmp_path / "test.db"

    async def main() -> None:
        store = await SqliteEventStore.open(file)
        store.responses(entries_max=10).keep(ANSWER)
        await store.close()
        reader = await SqliteEventStore.open(file, readonly=True)
        try:
            responses = reader.responses(entries_max=10)
            assert await responses.find("k", since_ms=0) == ANSWER
            responses.keep(ANSWER)
            responses.count("k", "exact")
            with pytest.raises(StoreUnavailable, match="for reading only"):
                await responses.forget()
        finally:
            await reader.close()

    asyncio.run(main())
