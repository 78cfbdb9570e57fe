"""Every store of artifacts passes the one suite; what is particular to files stands below."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tenuto.adapters.memory import MemoryArtifacts
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.errors import CorruptLog, StoreUnavailable
from tenuto.core.limits import PAYLOAD_BYTES_INLINE_MAX
from tenuto.ports.artifacts import Artifacts
from tenuto.testing.contracts import ArtifactsContract

LARGE = b"large" * PAYLOAD_BYTES_INLINE_MAX


@asynccontextmanager
async def in_memory() -> AsyncIterator[Artifacts]:
    yield MemoryArtifacts()


@asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[Artifacts]:
    store = await SqliteEventStore.open(path)
    try:
        yield store.artifacts
    finally:
        await store.close()


class TestMemoryArtifacts(ArtifactsContract):
    def open_artifacts(self) -> AbstractAsyncContextManager[Artifacts]:
        return in_memory()


class TestSqliteArtifacts(ArtifactsContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_artifacts(self) -> AbstractAsyncContextManager[Artifacts]:
        return in_file(self.folder / "store.db")


def test_small_artifacts_are_rows_and_large_ones_files_named_by_their_hash(tmp_path: Path) -> None:
    async def main() -> None:
        async with in_file(tmp_path / "store.db") as artifacts:
            await artifacts.put(b"small")
            digest = await artifacts.put(LARGE)

            folder = tmp_path / "store.db.artifacts"
            files = [path for path in folder.rglob("*") if path.is_file()]
            assert files == [folder / digest[:2] / digest[2:]]
            assert files[0].read_bytes() == LARGE

    asyncio.run(main())


def test_a_damaged_artifact_is_said_to_be_damaged(tmp_path: Path) -> None:
    async def main() -> None:
        file = tmp_path / "store.db"
        async with in_file(file) as artifacts:
            small, large = await artifacts.put(b"small"), await artifacts.put(LARGE)
        (tmp_path / "store.db.artifacts" / large[:2] / large[2:]).write_bytes(LARGE[:-1])
        connection = sqlite3.connect(file)
        connection.execute("UPDATE artifacts SET payload = x'00'")
        connection.commit()
        connection.close()

        async with in_file(file) as artifacts:
            for digest in (small, large):
                with pytest.raises(CorruptLog, match=digest):
                    artifacts.get(digest)

    asyncio.run(main())


def test_an_artifact_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with in_file(tmp_path / "store.db") as artifacts:
            (tmp_path / "store.db.artifacts").write_text("a file where the folder should be")

            with pytest.raises(StoreUnavailable, match="nothing was kept"):
                await artifacts.put(LARGE)

    asyncio.run(main())
