"""The memory as one process sees it: slow, away at times, and late to say that it has kept."""

import asyncio
from collections.abc import Sequence
from typing import Final

from tenuto.adapters.memory import VolatileMemory
from tenuto.core.memory.items import MemoryItem, Recalled
from tenuto.ports.memory import (
    Kept,
    MemoryQuery,
    MemoryStatistics,
    MemoryUnavailable,
    Question,
)
from tenuto.testing.simulation.faults import Weather

_SLOW_S: Final = 3.0
_TRIES: Final = 3
"""After so many refusals a turn goes on without its memory. Source: `runtime.remembering`."""


class FaultyMemory:
    """One process's way to a memory that outlives it."""

    def __init__(self, memory: VolatileMemory, weather: Weather) -> None:
        self._memory, self._weather = memory, weather
        self._refusals = 0
        """Calls that are refused yet, for what is away stays so for a while."""

    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        """See `Memory.keep`."""
        await self._reach("keep")
        await self._memory.keep(items, known=known)
        if self._weather.strikes(self._weather.faults.acknowledged_late):
            # A process that dies meanwhile never learns that it is kept.
            await asyncio.sleep(self._weather.pause_s(_SLOW_S))

    async def recall(self, question: Question) -> tuple[Recalled, ...]:
        """See `Memory.recall`."""
        await self._reach("recall")
        return await self._memory.recall(question)

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """See `Memory.items`."""
        await self._reach("list")
        return await self._memory.items(query)

    async def touch(self, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
        """See `Memory.touch`."""
        await self._reach("count")
        await self._memory.touch(ids, tenant=tenant, now_ms=now_ms)

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        """See `Memory.forget`."""
        await self._reach("forget")
        return await self._memory.forget(query, exactly=exactly)

    async def statistics(self, query: MemoryQuery) -> MemoryStatistics:
        """See `Memory.statistics`."""
        await self._reach("count")
        return await self._memory.statistics(query)

    async def _reach(self, what: str) -> None:
        weather = self._weather
        if weather.strikes(weather.faults.append_slow):
            await asyncio.sleep(weather.pause_s(_SLOW_S))
        if self._refusals and not weather.calm:
            self._refusals -= 1
            raise _unavailable(what)
        if weather.refuses(weather.faults.read_refused):
            self._refusals = weather.dice.choice((0, _TRIES))
            raise _unavailable(what)


def _unavailable(what: str) -> MemoryUnavailable:
    return MemoryUnavailable(f"The simulated memory did not {what} anything.")
