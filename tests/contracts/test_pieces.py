"""Both keepers of pieces keep the contract; a file keeps them over a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tenuto.adapters.memory import MemoryPieces
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.ports.pieces import Piece, Pieces
from tenuto.testing.contracts import PiecesContract


class TestInMemory(PiecesContract):
    def opened(self) -> AbstractAsyncContextManager[Pieces]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Pieces]:
            yield MemoryPieces()

        return made()


class TestInAFile(PiecesContract):
    def opened(self) -> AbstractAsyncContextManager[Pieces]:
        @asynccontextmanager
        async def made() -> AsyncIterator[Pieces]:
            with TemporaryDirectory() as folder:
                store = await SqliteEventStore.open(str(Path(folder) / "test.db"))
                try:
                    yield store.pieces
                finally:
                    await store.close()

        return made()


def test_pieces_outlive_the_process_that_wrote_them(tmp_path: Path) -> None:
    file = str(tmp_path / "test.db")
    one = SessionId("one")

    async def main() -> tuple[Piece, ...]:
        store = await SqliteEventStore.open(file)
        store.pieces.append(one, Piece(task=TaskNo(2), text="kept"))
        await store.close()
        reader = await SqliteEventStore.open(file, readonly=True)
        try:
            return await reader.pieces.read(one, after=0, limit=10)
        finally:
            await reader.close()

    (piece,) = asyncio.run(main())
    assert piece.text == "kept"
