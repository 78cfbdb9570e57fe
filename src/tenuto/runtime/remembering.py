"""Long-term memory at work: items are recalled, kept and let go for the agents of this process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from tenuto.core.memory.items import MemoryItem, MemoryKind, Recalled, Scope
from tenuto.ports.clock import Clock
from tenuto.ports.embedder import Embedder
from tenuto.ports.memory import Kept, Memory, MemoryQuery, MemoryUnavailable, Question

DAY_MS: Final = 24 * 60 * 60 * 1000

_RETRIES: Final = 2
_RETRY_S: Final = 0.1
"""A memory query is tried twice more, 100 ms apart. Source: DESIGN 3.4."""

Result = TypeVar("Result")
_log: Final = logging.getLogger("tenuto")


class Rememberer:
    """One memory with the embedder of its vectors."""

    def __init__(self, memory: Memory, *, embedder: Embedder, clock: Clock) -> None:
        self.memory, self.clock = memory, clock
        self._embedder = embedder
        self.watch: Callable[[Scope], None] = lambda scope: None
        """Told of each item that was kept."""

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

    async def keep(self, items: Sequence[MemoryItem]) -> None:
        """Keep items, all or none.

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
            self.watch(item.scope)

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
