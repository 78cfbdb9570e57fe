"""Long-term memory at work: items are recalled, kept and let go for the agents of this process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import structs

from tenuto.core.agent.guards import Guard
from tenuto.core.memory.items import MemoryItem, MemoryKind, Recalled, Scope
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.clock import Clock
from tenuto.ports.embedder import Embedder
from tenuto.ports.memory import (
    PAGE_MAX,
    Kept,
    Memory,
    MemoryQuery,
    MemoryUnavailable,
    Question,
)

DAY_MS: Final = 24 * 60 * 60 * 1000

_RETRIES: Final = 2
_RETRY_S: Final = 0.1
"""A memory query is tried twice more, 100 ms apart. Source: DESIGN 3.4."""

Result = TypeVar("Result")
_log: Final = logging.getLogger("tenuto")


class Keeper(msgspec.Struct, frozen=True):
    """The agent for which something is kept, and the guards of its workflow."""

    agent: AgentDefinition
    guards: tuple[Guard, ...] = ()


class Rememberer:
    """One memory with the embedder of its vectors."""

    def __init__(self, memory: Memory, *, embedder: Embedder, clock: Clock) -> None:
        self.memory, self.clock = memory, clock
        self._embedder = embedder
        self.watch: Callable[[Scope, Keeper | None], None] = lambda scope, keeper: None
        """Told of each item that was kept, and for which agent if for one."""

    async def recall(
        self,
        scopes: tuple[Scope, ...],
        text: str,
        *,
        kinds: tuple[MemoryKind, ...] = (),
        limit: int,
    ) -> tuple[Recalled, ...]:
        """Return the current items of the scopes that fit best, best first.

        Raises:
            MemoryUnavailable: it was away three times.
        """
        now_ms = self.clock.now_ms()
        question = Question(
            scopes=scopes,
            text=text,
            vector=self._vectors([text])[0],
            embedder=self._embedder.name,
            kinds=kinds,
            now_ms=now_ms,
            limit=limit,
        )
        return await _insist(lambda: self.memory.recall(question))

    async def keep(self, items: Sequence[MemoryItem], *, keeper: Keeper | None = None) -> None:
        """Keep items, all or none; `keeper` says for whom.

        Raises:
            MemoryUnavailable: nothing was kept.
        """
        vectors = self._vectors([item.text for item in items])
        kept = [
            Kept(item=item, vector=vector, embedder=self._embedder.name)
            for item, vector in zip(items, vectors, strict=True)
        ]
        await _insist(lambda: self.memory.keep(kept))
        for item in items:
            self.watch(item.scope, keeper)

    async def change(self, items: Sequence[MemoryItem], *, known: Sequence[MemoryItem]) -> None:
        """Keep items that follow from `known`, if those are still as they were read. Nobody is
        told: it is the memory that looks after itself.

        Raises:
            MemoryChanged: they are not; nothing was kept.
            MemoryUnavailable: it may be kept, when the answer got lost.
        """
        texts = {item.id: item.text for item in known}
        # The vector of a text that is there already stays with it.
        new = [item.text for item in items if texts.get(item.id) != item.text]
        vectors = dict(zip(new, self._vectors(new), strict=True))
        kept = [
            Kept(item=item, vector=vectors[item.text], embedder=self._embedder.name)
            if item.text in vectors
            else Kept(item=item)
            for item in items
        ]
        await _insist(lambda: self.memory.keep(kept, known=known))

    async def all(self, query: MemoryQuery) -> list[MemoryItem]:
        """Return all items that the query means, newest first.

        Raises:
            NotFound: one was forgotten while they were read.
            MemoryUnavailable: it was away three times.
        """
        items: list[MemoryItem] = []
        query = structs.replace(query, limit=PAGE_MAX)
        while page := await self.items(query):
            items += page
            query = structs.replace(query, after=page[-1].id)
        return items

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """Return the items that the query means.

        Raises:
            MemoryUnavailable: it was away three times.
        """
        return await _insist(lambda: self.memory.items(query))

    def _vectors(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        return [tuple(vector) for vector in self._embedder.embed(texts)]

    async def count(self, found: Sequence[Recalled]) -> None:
        """Count that these were recalled. A count that is lost is no reason to recall nothing."""
        if not found:
            return
        try:
            await self.memory.touch(
                [one.item.id for one in found],
                tenant=found[0].item.scope.tenant,
                now_ms=self.clock.now_ms(),
            )
        except MemoryUnavailable as error:
            _log.warning("%s", error)


async def _insist(attempt: Callable[[], Awaitable[Result]]) -> Result:
    for _ in range(_RETRIES):
        try:
            return await attempt()
        except MemoryUnavailable:
            await asyncio.sleep(_RETRY_S)
    return await attempt()
