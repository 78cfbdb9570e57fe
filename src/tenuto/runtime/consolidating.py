"""Keeps memories small and true: duplicates, denied facts, junk and what is over are taken out.

It is done beside everything else, for a scope into which much was kept, and after a while for one
into which anything was. Nobody waits for it, and a fault of it is logged: the next one finds the
same. It compares by words, so no embedder is asked.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import structs

from tenuto.core.memory.consolidating import Budget, Changes, Placed, consolidate
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.ports.memory import PAGE_MAX, MemoryQuery, MemoryUnavailable
from tenuto.runtime.remembering import Rememberer

KEPT_MANY: Final = 50
"""After so many new items a scope is looked through at once."""
AFTER_S: Final = 3_600.0
"""After so long it is in any case, if something came; and at once where it holds too much."""

ITEMS_MAX: Final = 1_000
TOKENS_MAX: Final = 200_000
"""How much a scope may hold. A choice: a recall looks at all of it, and gives five of them."""

BUDGET: Final = Budget(items=ITEMS_MAX, tokens=TOKENS_MAX)

_log: Final = logging.getLogger("tenuto")


class Consolidated(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a memory."""

    looked_at: int = 0
    superseded: int = 0
    """Facts that a newer one denies."""
    merged: int = 0
    """Items that took in what others said as well."""
    dropped: int = 0
    """Duplicates, junk, what has expired, and what was over the budget."""


async def consolidated(
    rememberer: Rememberer, query: MemoryQuery, *, budget: Budget = BUDGET
) -> Consolidated:
    """Look through what the query means, scope by scope, and return what was done.

    Raises:
        MemoryUnavailable: part of it may be done; doing it again finishes it.
    """
    items = await _all(rememberer, query)
    now_ms = rememberer.clock.now_ms()
    # Thousands of texts are compared: not on the thread that all sessions share.
    changes = await asyncio.to_thread(
        consolidate, [Placed(item) for item in items], now_ms=now_ms, budget=budget
    )
    await _carry_out(rememberer, query.tenant, {item.id: item for item in items}, changes)
    return Consolidated(
        looked_at=len(items),
        superseded=len(changes.supersede),
        merged=len(changes.merged),
        dropped=len(changes.drop),
    )


async def _all(rememberer: Rememberer, query: MemoryQuery) -> list[MemoryItem]:
    items: list[MemoryItem] = []
    query = structs.replace(query, limit=PAGE_MAX)
    while page := await rememberer.items(query):
        items += page
        query = structs.replace(query, after=page[-1].id)
    return items


async def _carry_out(
    rememberer: Rememberer, tenant: str, items: dict[str, MemoryItem], changes: Changes
) -> None:
    changed = [
        structs.replace(items[old], superseded_by=new) for old, new in changes.supersede.items()
    ]
    # What takes in the duplicates is kept before they go: a crash between the two loses nothing.
    if changed or changes.merged:
        await rememberer.keep([*changes.merged, *changed])
    if changes.drop:
        await rememberer.memory.forget(MemoryQuery(tenant=tenant, ids=changes.drop))


class Consolidator:
    """Looks after the memories into which this process keeps items."""

    def __init__(self, rememberer: Rememberer) -> None:
        self._rememberer = rememberer
        self._kept: dict[Scope, int] = {}
        self._many: dict[Scope, asyncio.Event] = {}
        self._chores: set[asyncio.Task[None]] = set()

    def kept(self, scope: Scope) -> None:
        """Take note that an item came into a scope."""
        self._kept[scope] = self._kept.get(scope, 0) + 1
        many = self._many.get(scope)
        if many is None:
            many = self._many[scope] = asyncio.Event()
            chore = asyncio.get_running_loop().create_task(self._look_after(scope, many))
            self._chores.add(chore)
            chore.add_done_callback(self._chores.discard)
        if self._kept[scope] >= KEPT_MANY:
            many.set()

    async def idle(self) -> None:
        """Return when all memories are looked through into which something came."""
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def close(self) -> None:
        """Give up what has not begun, and let what has end."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def _look_after(self, scope: Scope, many: asyncio.Event) -> None:
        query = MemoryQuery(tenant=scope.tenant, agent=scope.agent, user=scope.user)
        try:
            held = await self._rememberer.memory.statistics(query)
            if held.items <= ITEMS_MAX:
                await _set_within(many, AFTER_S)
            del self._many[scope], self._kept[scope]
            await consolidated(self._rememberer, query)
        except MemoryUnavailable as error:
            _log.warning("Memory was not consolidated: %s", error)


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
