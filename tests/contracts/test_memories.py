"""Every memory passes the one suite."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs

from tenuto.adapters.memory import VolatileMemory
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.memory.items import MemoryItem
from tenuto.core.memory.summaries import summary_of, summed_up
from tenuto.ports.memory import Kept, Memory, MemoryQuery
from tenuto.testing.contracts import MemoryContract
from tenuto.testing.contracts.memory.case import ANN, BOB, NOW_MS, OTHER_TENANT, asking, kept


@asynccontextmanager
async def in_memory() -> AsyncIterator[Memory]:
    yield VolatileMemory()


class TestVolatileMemory(MemoryContract):
    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return in_memory()


@asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[Memory]:
    store = await SqliteEventStore.open(path)
    try:
        yield store.memory
    finally:
        await store.close()


@asynccontextmanager
async def beside_an_owner(path: Path) -> AsyncIterator[Memory]:
    store = await SqliteEventStore.open(path)
    beside = await SqliteEventStore.open_beside(path)
    try:
        yield beside.memory
    finally:
        await beside.close()
        await store.close()


class TestSqliteMemory(MemoryContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return in_file(self.folder / "store.db")


class TestSqliteMemoryBesideAnOwner(TestSqliteMemory):
    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        return beside_an_owner(self.folder / "store.db")


def summaries_of(items: tuple[MemoryItem, ...]) -> list[Kept]:
    """Return what sums up some of the items, in place of them."""
    group = [one for one in items if one.scope == items[0].scope and not one.sums_up][:3]
    group = [one for one in group if one.kind == group[0].kind and not one.key]
    if len(group) < 2:
        return []
    summary = summary_of(group, " ".join(one.text for one in group))
    return [Kept(item=summary), *[Kept(item=summed_up(one, summary)) for one in group]]


def test_both_memories_give_the_same_answers(tmp_path: Path) -> None:
    chance = random.Random(11)
    said = "tea green likes ann boat painting painted house rome bonn never fee"
    words = said.split()
    scopes = (ANN, BOB, OTHER_TENANT)

    def vector() -> tuple[float, ...]:
        # Sixteenths are the same in 32 bits.
        return tuple(chance.randrange(-4, 5) / 16 for _ in range(16))

    def any_item() -> Kept:
        number = chance.randrange(60)
        return kept(
            f"i{number}",
            " ".join(chance.choices(words, k=chance.randrange(1, 9))),
            vector() if chance.random() < 0.8 else (),
            scope=chance.choice(scopes),
            kind=chance.choice(["semantic", "episodic"]),
            key=chance.choice(["", "", "a", "b"]),
            importance=chance.choice([0.0, 0.5, 1.0]),
            created_ms=NOW_MS + chance.randrange(20),
            expires_ms=chance.choice([0, 0, 0, NOW_MS + 10]),
        )

    def any_query() -> MemoryQuery:
        return MemoryQuery(
            tenant=chance.choice(scopes).tenant,
            user=chance.choice([None, "ann", "bob"]),
            kind=chance.choice([None, "semantic", "episodic"]),
            key=chance.choice([None, None, "a", ""]),
            current_at_ms=chance.choice([None, NOW_MS + 5, NOW_MS + 15]),
        )

    async def main() -> None:
        async with in_file(tmp_path / "store.db") as file, in_memory() as volatile:
            summaries = 0
            for _ in range(120):
                items = [any_item() for _ in range(chance.randrange(1, 6))]
                touched = [f"i{chance.randrange(60)}" for _ in range(3)]
                ids = tuple(f"i{chance.randrange(60)}" for _ in range(2))
                query = any_query()
                question = asking(
                    " ".join(chance.choices(words, k=3)),
                    vector(),
                    scopes=tuple(chance.sample(scopes, 2)),
                    now_ms=NOW_MS + chance.randrange(20),
                )
                exactly = chance.random() < 0.5
                current = await file.items(structs.replace(query, current_at_ms=NOW_MS, limit=8))
                told = summaries_of(current) if current else []
                summaries += bool(told)
                answers = []
                for memory in (file, volatile):
                    await memory.keep(told, known=current)
                    await memory.keep(items)
                    await memory.touch(touched, tenant=query.tenant, now_ms=NOW_MS)
                    forgotten = await memory.forget(
                        structs.replace(query, ids=ids), exactly=exactly
                    )
                    listed = await memory.items(query)
                    counted = await memory.statistics(query)
                    found = [
                        (one.item, round(one.score, 9)) for one in await memory.recall(question)
                    ]
                    answers.append((forgotten, listed, counted, found))
                assert answers[0] == answers[1]
            assert summaries > 20

    asyncio.run(main())


def test_work_that_fails_by_a_fault_of_its_own_ends_with_it_and_the_others_are_done(
    tmp_path: Path,
) -> None:
    def wrong(connection: object) -> None:
        raise TypeError("a fault of whoever asked")

    async def scenario() -> None:
        store = await SqliteEventStore.open(tmp_path / "store.db")
        performer = store.memory._works
        assert performer is not None
        try:
            failing = performer.perform(wrong)
            await store.memory.keep([kept("a", "Ann likes tea.")])
            with pytest.raises(TypeError, match="a fault of whoever asked"):
                await failing
            assert len(await store.memory.items(MemoryQuery(tenant=ANN.tenant))) == 1
        finally:
            await store.close()

    asyncio.run(scenario())
