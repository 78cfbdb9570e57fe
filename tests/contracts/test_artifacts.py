"""Every store of artifacts passes the one suite; what is particular to files stands below."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tenuto.adapters.memory import MemoryArtifacts
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.ports.artifacts import Artifacts
from tenuto.testing.contracts import ArtifactsContract


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
