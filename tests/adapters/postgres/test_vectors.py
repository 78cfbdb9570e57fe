"""Memory in a database with the extension `vector` finds what it finds without."""

from __future__ import annotations

import asyncio
import itertools
import random
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from math import sqrt
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from tenuto.adapters.postgres import PostgresEventStore, nearest
from tenuto.bootstrap.moving import move_store
from tenuto.core.memory.codes import cosine
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.ports.memory import Kept, Memory, MemoryQuery, Question
from tenuto.testing.contracts import MemoryContract
from tests.postgres import fresh_database, needs_vectors, vector_server

pytestmark = needs_vectors

SIZE = 32
ADA, BOB = Scope(tenant="t", agent="a", user="ada"), Scope(tenant="t", agent="a", user="bob")


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database(on=vector_server()) as url:
        yield url


def use(url: str, test: Callable[[PostgresEventStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = await PostgresEventStore.open(url, durability="wal")
        try:
            await test(store)
        finally:
            await store.close()

    asyncio.run(main())


def as_superuser(url: str, statement: str) -> list[Any]:
    address = f"{vector_server().admin_url.rpartition('/')[0]}/{url.rpartition('/')[2]}"
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def add_extension(url: str) -> None:
    as_superuser(url, "CREATE EXTENSION vector SCHEMA public")


def vectors(count: int, seed: int) -> list[list[float]]:
    """Return vectors of unit length around some centres, as those of texts are."""
    centres = random.Random(1)
    about = [[centres.gauss(0, 1) for _ in range(SIZE)] for _ in range(40)]
    drawn = random.Random(seed)
    found = []
    for _ in range(count):
        vector = [at + drawn.gauss(0, 0.7) for at in drawn.choice(about)]
        length = sqrt(sum(at * at for at in vector))
        found.append([at / length for at in vector])
    return found


def kept(number: int, vector: list[float], scope: Scope = ADA, **facts: Any) -> Kept:
    item = MemoryItem(
        id=f"m{number}", scope=scope, kind="semantic", text=f"n{number}", created_ms=1, **facts
    )
    return Kept(item=item, vector=tuple(vector), embedder="e")


async def keep(store: PostgresEventStore, items: list[Kept]) -> None:
    for at in range(0, len(items), 500):
        await store.memory.keep(items[at : at + 500])


def asked(vector: list[float], *scopes: Scope) -> Question:
    return Question(
        scopes=scopes or (ADA,), text="", vector=tuple(vector), embedder="e", now_ms=9, limit=10
    )


async def by_index(store: PostgresEventStore, question: Question) -> list[str] | None:
    """Return the ids that the index gives, best first; None where it cannot tell."""

    def ask(connection: Any) -> list[str] | None:
        users = [scope.user for scope in question.scopes]
        scopes = connection.execute(
            'SELECT number FROM memory_scopes WHERE "user" = ANY(?)', (users,)
        )
        numbers = [number for (number,) in scopes]
        found = nearest.VectorIndex().nearest(connection, question, numbers, 10)
        names = dict(connection.execute("SELECT number, id FROM memory_items").fetchall())
        return None if found is None else [names[number] for number in found]

    return await store._reads.run(ask)


async def plan(store: PostgresEventStore, vector: list[float]) -> str:
    """Return how the database goes about a question to the only scope."""
    text, sql = f"[{','.join(map(str, vector))}]", nearest.SELECT.format(schema="public", size=SIZE)

    def ask(connection: Any) -> str:
        scopes = [number for (number,) in connection.execute("SELECT number FROM memory_scopes")]
        values = (text, "e", scopes, 9, [], [], text, 100)
        connection.execute(nearest.SET, (str(nearest.LOOKED_AT),))
        return "\n".join(row for (row,) in connection.execute(f"EXPLAIN {sql}", values))

    return await store._reads.run(ask)


async def recalled(store: PostgresEventStore, question: Question) -> list[str]:
    return [one.item.id for one in await store.memory.recall(question)]


@pytest.mark.slow
def test_of_the_ten_nearest_among_many_the_index_finds_nearly_all(url: str) -> None:
    count = nearest.ITEMS_MIN + 500
    all_of_them = vectors(count, seed=2)
    stored = [array("f", vector) for vector in all_of_them]

    async def test(store: PostgresEventStore) -> None:
        # The extension comes when many items are there, and later ones are added to its index.
        await keep(store, [kept(n, vector) for n, vector in enumerate(all_of_them[:-100])])
        assert await by_index(store, asked(all_of_them[0])) is None
        await asyncio.to_thread(add_extension, url)
        await keep(store, [kept(count - 100 + n, v) for n, v in enumerate(all_of_them[-100:])])
        hits = same = 0
        questions = vectors(50, seed=3)
        for question in questions:
            scores = [cosine(vector, question) for vector in stored]
            exact = sorted(range(count), key=lambda n: -scores[n])[:10]
            found = await by_index(store, asked(question))
            assert found is not None
            hits += len({f"m{n}" for n in exact} & set(found))
            same += (await recalled(store, asked(question)))[0] == f"m{exact[0]}"
        assert hits >= 0.95 * 10 * len(questions)
        assert same >= 0.95 * len(questions)
        assert f"Index Scan using {nearest.TABLE}_{SIZE}" in await plan(store, questions[0])

    use(url, test)


def test_who_may_not_make_the_extension_remembers_all_the_same(url: str) -> None:
    async def test(store: PostgresEventStore) -> None:
        few = vectors(5, seed=4)
        await keep(store, [kept(n, vector) for n, vector in enumerate(few)])
        assert (await recalled(store, asked(few[3])))[0] == "m3"

    use(url, test)
    assert as_superuser(url, "SELECT 1 FROM pg_extension WHERE extname = 'vector'") == []


@pytest.fixture
def few_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the index for a handful of items."""
    monkeypatch.setattr(nearest, "ITEMS_MIN", 1)


@pytest.mark.usefixtures("few_suffice")
def test_the_index_has_what_may_be_recalled_and_nothing_else(url: str) -> None:
    add_extension(url)
    own, others = vectors(12, seed=5), vectors(12, seed=6)

    async def test(store: PostgresEventStore) -> None:
        await keep(store, [kept(n, vector) for n, vector in enumerate(own)])
        await keep(store, [kept(100 + n, vector, BOB) for n, vector in enumerate(others)])
        found = await by_index(store, asked(others[0]))
        assert found is not None and not {f"m{100 + n}" for n in range(12)} & set(found)
        both = await by_index(store, asked(others[0], ADA, BOB))
        assert both is not None and both[0] == "m100"

        # Said anew, forgotten, and past: each leaves the index.
        await store.memory.keep([kept(0, own[1])])
        await store.memory.forget(MemoryQuery(tenant="t", ids=("m1",)))
        found = await by_index(store, asked(own[1]))
        assert found is not None and found[0] == "m0" and "m1" not in found
        await store.memory.keep([kept(2, own[2], expires_ms=5)])
        found = await by_index(store, asked(own[2]))
        assert found is not None and "m2" not in found

    use(url, test)
    rows = as_superuser(url, f"SELECT count(*), count(embedding) FROM tenuto.{nearest.TABLE}")
    assert rows == [(23, 23)]


@pytest.mark.usefixtures("few_suffice")
def test_of_very_many_that_are_missing_each_time_some_are_filled_in(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "BULK_MAX", 20)
    monkeypatch.setattr(nearest, "PIECE", 30)
    some = vectors(60, seed=9)

    async def test(store: PostgresEventStore) -> None:
        await keep(store, [kept(n, vector) for n, vector in enumerate(some)])
        await asyncio.to_thread(add_extension, url)
        for _ in range(2):
            assert await by_index(store, asked(some[7])) is None
            assert (await recalled(store, asked(some[7])))[0] == "m7"
            await store.memory.keep([kept(0, some[0])])
        found = await by_index(store, asked(some[7]))
        assert found is None or found[0] == "m7"
        await store.memory.keep([kept(0, some[0])])
        found = await by_index(store, asked(some[7]))
        assert found is not None and found[0] == "m7"

    use(url, test)


@pytest.mark.usefixtures("few_suffice")
def test_vectors_of_other_lengths_and_none_at_all_are_told_apart(url: str) -> None:
    add_extension(url)
    some = vectors(12, seed=7)

    async def test(store: PostgresEventStore) -> None:
        await keep(store, [kept(n, vector) for n, vector in enumerate(some)])
        short = kept(50, [1.0, 0.0])
        wide = kept(51, [1.0] + [0.0] * nearest.DIMENSIONS_MAX)
        await keep(store, [short, wide, kept(52, [])])
        assert (await recalled(store, asked([1.0, 0.0])))[0] == "m50"
        assert (await recalled(store, asked(list(wide.vector))))[0] == "m51"
        assert (await recalled(store, asked(some[4])))[0] == "m4"

    use(url, test)


@pytest.mark.usefixtures("few_suffice")
class TestMemoryByTheIndex(MemoryContract):
    zero = "\1"
    """PostgreSQL's texts hold no zero byte."""

    database: ClassVar[str]
    numbers: ClassVar[Iterator[int]] = itertools.count(1)

    @pytest.fixture(autouse=True, scope="class")
    @staticmethod
    def make_database() -> Iterator[None]:
        with fresh_database(on=vector_server()) as url:
            add_extension(url)
            TestMemoryByTheIndex.database = url
            yield

    @asynccontextmanager
    async def open_memory(self) -> AsyncIterator[Memory]:
        schema = f"{self.database}?schema=s{next(self.numbers)}"
        store = await PostgresEventStore.open(schema, durability="wal")
        try:
            yield store.memory
        finally:
            await store.close()


@pytest.mark.usefixtures("few_suffice")
def test_a_database_with_the_index_moves_to_a_file_and_back_and_has_it_again(
    url: str, tmp_path: Path
) -> None:
    add_extension(url)
    some = vectors(12, seed=8)

    async def begin(store: PostgresEventStore) -> None:
        await keep(store, [kept(n, vector) for n, vector in enumerate(some)])

    async def go_on(store: PostgresEventStore) -> None:
        assert (await recalled(store, asked(some[7])))[0] == "m7"
        await keep(store, [kept(99, some[0])])
        found = await by_index(store, asked(some[7]))
        assert found is not None and found[0] == "m7"

    use(f"{url}?schema=one", begin)
    move_store(f"{url}?schema=one", f"sqlite:///{tmp_path}/a.db")
    move_store(f"sqlite:///{tmp_path}/a.db", f"{url}?schema=two")
    use(f"{url}?schema=two", go_on)
