"""Every collection passes the one suite."""

from pathlib import Path

from tenuto.adapters.sqlite_fts import SqliteCollection
from tenuto.ports.collections import Collection
from tenuto.testing.contracts import CollectionContract


class TestCollectionsInFiles(CollectionContract):
    def open_collection(self, documents: Path, scratch: Path) -> Collection:
        return SqliteCollection(scratch / "the.index", documents)
