"""Memories stay small and true while agents work, and by one command."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import tenuto
from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.memory import VolatileMemory
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.ports.memory import Kept, MemoryQuery, MemoryUnavailable
from tenuto.runtime.consolidating import KEPT_MANY, Consolidator
from tenuto.runtime.remembering import Rememberer
from tenuto.testing import FakeClock

ADA = Scope(tenant="local", user="ada")


def item(number: int, text: str, **parts: Any) -> MemoryItem:
    facts: dict[str, Any] = {"scope": ADA, "kind": "semantic", "importance": 0.4}
    facts["created_ms"] = 1_000 + number
    return MemoryItem(id=f"m{number}", text=text, **{**facts, **parts})


def looked_after(
    story: Callable[[tenuto.Memories], Awaitable[None]], memory: VolatileMemory | None = None
) -> None:
    async def main() -> None:
        async with tenuto.open("memory://", memory=memory or VolatileMemory()) as runtime:
            await story(runtime.memory())

    asyncio.run(main())


def test_duplicates_merge_denied_facts_are_superseded_and_junk_goes() -> None:
    memory = VolatileMemory()
    texts = (
        "The vault opens at nine.",
        "The vault opens at nine.",
        "The harbour opens at eight.",
        "The harbour does not open at eight.",
        "Thanks a lot!",
    )

    async def story(memories: tenuto.Memories) -> None:
        await memory.keep([Kept(item=item(number, text)) for number, text in enumerate(texts)])

        done = await memories.consolidate(user="ada")

        found = sorted(one.text for one in await memories.list(user="ada"))
        assert found == ["The harbour does not open at eight.", "The vault opens at nine."]
        assert (done.looked_at, done.superseded, done.dropped) == (5, 1, 2)

    looked_after(story, memory)


def test_doing_it_again_changes_nothing_more() -> None:
    async def story(memories: tenuto.Memories) -> None:
        for number in range(6):
            await memories.remember(f"The vault opens at {number % 3}.", id=f"m{number}")
        await memories.consolidate()

        again = await memories.consolidate()

        assert (again.superseded, again.merged, again.dropped) == (0, 0, 0)

    looked_after(story)


def test_what_is_worth_least_goes_from_a_memory_that_holds_too_much() -> None:
    async def story(memories: tenuto.Memories) -> None:
        for number in range(10):
            text = f"Lighthouse {number} was built in {1800 + number}."
            await memories.remember(text, id=f"m{number}", importance=number / 10)

        await memories.consolidate(items=3)

        assert {one.id for one in await memories.list()} == {"m7", "m8", "m9"}

    looked_after(story)


def test_tenants_are_looked_after_one_by_one() -> None:
    memory = VolatileMemory()

    async def story(memories: tenuto.Memories) -> None:
        evil = Scope(tenant="evil", user="ada")
        await memory.keep([Kept(item=item(1, "The vault opens at nine.", scope=evil))])
        await memories.remember("The vault opens at nine.", id="m1", user="ada")

        await memories.consolidate()

        assert len(memory.everything()) == 2

    looked_after(story, memory)


class Watched(VolatileMemory):
    """Tells when something was deleted, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.forgotten = asyncio.Event()
        self.is_away = False

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        if self.is_away:
            raise MemoryUnavailable("the disk is gone")
        count = await super().forget(query, exactly=exactly)
        self.forgotten.set()
        return count


async def kept_many(memory: Watched, count: int) -> Consolidator:
    rememberer = Rememberer(memory, embedder=HashingEmbedder(), clock=FakeClock(5_000))
    consolidator = Consolidator(rememberer)
    rememberer.watch = consolidator.kept
    for number in range(count):
        await rememberer.keep([item(number, "The vault opens at nine.")])
    return consolidator


def test_a_memory_into_which_much_came_is_looked_through_at_once() -> None:
    async def main() -> None:
        memory = Watched()
        consolidator = await kept_many(memory, KEPT_MANY)

        await asyncio.wait_for(memory.forgotten.wait(), 20)

        assert len(memory.everything()) == 1
        await consolidator.close()

    asyncio.run(main())


def test_little_that_came_waits_and_closing_waits_for_nobody() -> None:
    async def main() -> None:
        memory = Watched()
        consolidator = await kept_many(memory, KEPT_MANY - 1)

        await asyncio.wait_for(consolidator.close(), 5)

        assert len(memory.everything()) == KEPT_MANY - 1

    asyncio.run(main())


def test_a_memory_that_is_away_is_looked_through_another_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        memory = Watched()
        memory.is_away = True
        consolidator = await kept_many(memory, KEPT_MANY)
        await asyncio.wait_for(consolidator.idle(), 20)
        assert len(memory.everything()) == KEPT_MANY
        await consolidator.close()

    asyncio.run(main())
    assert "Memory was not consolidated: the disk is gone" in caplog.text
