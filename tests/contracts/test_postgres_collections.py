"""Collections in a PostgreSQL database keep the contract, and rank as those in files do."""

import asyncio
import hashlib
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tenuto.adapters.postgres import PostgresEventStore, PostgresShelves
from tenuto.adapters.sqlite_fts import SqliteCollection
from tenuto.adapters.sqlite_fts.documents import find_documents
from tenuto.ports.collections import (
    CollectedFile,
    Collection,
    DocumentsMissing,
    Hits,
    IndexReport,
    Passage,
    PassageMissing,
)
from tenuto.testing.contracts import CollectionContract
from tests.postgres import Schemas, needs_postgres

pytestmark = needs_postgres

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PLACE = "someone/col_1"


class Mirrored:
    """A collection in a database whose documents are those of a folder whenever it is refreshed:
    they are put there as a move puts them, without a look at what they are."""

    def __init__(self, url: str, documents: Path) -> None:
        self._url, self._documents = url, documents
        self.shelves = PostgresShelves(url)
        self.name = self.shelves.make(PLACE)
        found = self.shelves.open(self.name)
        assert found is not None
        self._collection: Collection = found
        self._is_fresh = False

    def refresh(self) -> IndexReport:
        found, _ = find_documents(self._documents)
        with psycopg.connect(self._url.partition("?")[0]) as connection:
            connection.execute(f"SET search_path = {self._url.partition('=')[2]}")
            connection.execute("DELETE FROM library_documents")
            for file in found:
                payload = file.path.read_bytes()
                row = self.name, file.name, hashlib.sha256(payload).hexdigest(), payload
                connection.execute("INSERT INTO library_documents VALUES (%s, %s, %s, %s)", row)
        self._is_fresh = True
        return self._collection.refresh()

    def search(self, query: str, *, limit: int = 8) -> Hits:
        self._mirror_once()
        return self._collection.search(query, limit=limit)

    def read(self, file: str, *, first_line: int, last_line: int) -> Passage:
        self._mirror_once()
        return self._collection.read(file, first_line=first_line, last_line=last_line)

    def files(self) -> tuple[CollectedFile, ...]:
        self._mirror_once()
        return self._collection.files()

    def close(self) -> None:
        self._collection.close()
        asyncio.run(self.shelves.close())

    def _mirror_once(self) -> None:
        if not self._is_fresh:
            self.refresh()


class Made(Schemas):
    """Gives schemas that hold a store already."""

    def fresh(self) -> str:
        url = self.fresh_schema()
        asyncio.run(made(url))
        return url


async def made(url: str) -> None:
    await (await PostgresEventStore.open(url, durability="wal")).close()


class TestCollectionsInADatabase(Made, CollectionContract):
    def open_collection(self, documents: Path, scratch: Path) -> Collection:
        return Mirrored(self.fresh(), documents)


class TestBesideFiles(Made):
    QUERIES = (
        "how are sessions shared between processes",
        '"prepared statements" of a database',
        "permission of a tool to write files",
        "café naïve",
        "memory is forgotten",
        "the",
        "webhook signature secret rotation retries",
        "unicorns and sessions",
        "Kubernetes",
    )

    def test_what_is_found_and_its_scores_are_those_of_a_file(self, tmp_path: Path) -> None:
        mirrored = Mirrored(self.fresh(), GUIDES)
        with closing(mirrored), closing(SqliteCollection(tmp_path / "i", GUIDES)) as file:
            for query in self.QUERIES:
                assert mirrored.search(query, limit=50) == file.search(query, limit=50), query
            assert mirrored.files() == file.files()

    def test_so_it_is_for_some_of_the_files(self, tmp_path: Path) -> None:
        mirrored = Mirrored(self.fresh(), GUIDES)
        names = ["memory.md", "postgres.md", "permissions.md"]
        filed = SqliteCollection(tmp_path / "i", GUIDES, only=names)
        with closing(mirrored), closing(filed):
            mirrored.refresh()
            part = mirrored.shelves.narrow(mirrored.name, names)
            assert part == mirrored.shelves.narrow(mirrored.name, reversed(names))
            narrowed = mirrored.shelves.open(part)
            for query in self.QUERIES:
                assert narrowed.search(query, limit=50) == filed.search(query, limit=50), query
            assert narrowed.refresh().passages == filed.refresh().passages
            with pytest.raises(PassageMissing):
                narrowed.read("tools.md", first_line=1, last_line=1)

    def test_a_shelf_that_was_taken_away_is_missing_for_who_has_it_open(self) -> None:
        url = self.fresh()
        one, other = PostgresShelves(url), PostgresShelves(url)
        name = one.make(PLACE)
        part = one.narrow(name, ["a.md"])
        held = other.open(name)
        one.put(PLACE, name, file="a.md", payload=b"Salt is wet.")
        assert held.search("salt").passages

        one.clear(PLACE)

        assert not held.search("salt").passages
        with pytest.raises(DocumentsMissing):
            held.refresh()
        assert other.open(name) is other.open(part) is None
        assert other.read(PLACE, "a.md") is None
        for shelves in (one, other):
            asyncio.run(shelves.close())

    def test_a_document_that_cannot_be_read_leaves_the_one_before(self) -> None:
        shelves = PostgresShelves(self.fresh())
        name = shelves.make(PLACE)
        shelves.put(PLACE, name, file="a.md", payload=b"# Salt\n\nSalt is wet.")

        told = shelves.put(PLACE, name, file="a.md", payload=b"salt\0")

        assert told.problem == "It holds zero bytes: not a text"
        assert shelves.read(PLACE, "a.md") == b"# Salt\n\nSalt is wet."
        assert shelves.open(name).search("wet").passages
        asyncio.run(shelves.close())

    def test_words_of_data_and_zero_characters_are_kept(self) -> None:
        shelves = PostgresShelves(self.fresh())
        name = shelves.make(PLACE)
        long = "a1" * 3_500
        text = f"Salt {long}\n\nwet\0dry".encode("utf-16")

        assert not shelves.put(PLACE, name, file="a.md", payload=text).problem

        found = shelves.open(name)
        assert found.search(long).passages and found.search("wet dry").passages
        assert not found.search(long + "1").passages
        asyncio.run(shelves.close())
