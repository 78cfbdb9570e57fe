"""Keeps memories small and true: duplicates, denied facts, junk and what is over are taken out,
and where much is left, the oldest is summed up.

It is done beside everything else, for a scope into which much was kept, and after a while for one
into which anything was. Nobody waits for it, and a fault of it is logged: the next one finds the
same. It compares by words, so no embedder is asked but for summaries.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import structs

from tenuto.core.errors import NotFound
from tenuto.core.memory.consolidating import Budget, Changes, Placed, consolidate
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.ports.memory import MemoryChanged, MemoryQuery, MemoryUnavailable
from tenuto.runtime.remembering import Keeper, Rememberer
from tenuto.runtime.summarist import Summarist
from tenuto.runtime.summing import SUMMING, Summing, sum_up

KEPT_MANY: Final = 50
"""After so many new items a scope is looked through at once."""
AFTER_S: Final = 3_600.0
"""After so long it is in any case, if something came; and at once where it holds too much."""

ITEMS_MAX: Final = 1_000
TOKENS_MAX: Final = 200_000
"""How much a scope may hold. A choice: a recall looks at all of it, and gives five of them."""

BUDGET: Final = Budget(items=ITEMS_MAX, tokens=TOKENS_MAX)

_log: Final = logging.getLogger("tenuto")


CHANGED_MAX: Final = 3
"""So often a memory that others change meanwhile is read anew, before it is left to the next
time."""


class Consolidated(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a memory."""

    looked_at: int = 0
    superseded: int = 0
    """Facts that a newer one denies."""
    merged: int = 0
    """Items that took in what others said as well."""
    dropped: int = 0
    """Duplicates, junk, what has expired, and what was over the budget."""
    summed_up: int = 0
    """Items that a summary tells now."""
    summaries: int = 0
    """How many of these were made."""
    taken_apart: int = 0
    """Summaries of which one item has expired or is denied: the others stand for themselves."""


async def consolidated(
    rememberer: Rememberer,
    query: MemoryQuery,
    *,
    budget: Budget = BUDGET,
    summing: Summing = SUMMING,
) -> Consolidated:
    """Look through what the query means, scope by scope, and return what was done.

    Raises:
        MemoryUnavailable: part of it may be done; doing it again finishes it.
    """
    for attempt in range(CHANGED_MAX):
        try:
            done = await _cleaned(rememberer, query, budget)
            told = await sum_up(rememberer, query, summing)
            return structs.replace(done, summed_up=told.items, summaries=told.summaries)
        except (MemoryChanged, NotFound) as error:
            if attempt == CHANGED_MAX - 1:
                raise MemoryUnavailable(f"It is changed all the time: {error}") from error
    raise AssertionError("the last attempt returns or raises")


async def _cleaned(rememberer: Rememberer, query: MemoryQuery, budget: Budget) -> Consolidated:
    items = await rememberer.all(query)
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
        taken_apart=len(changes.apart),
    )


async def _carry_out(
    rememberer: Rememberer, tenant: str, items: dict[str, MemoryItem], changes: Changes
) -> None:
    memory = rememberer.memory
    if changes.apart:
        await memory.forget(MemoryQuery(tenant=tenant, ids=changes.apart), exactly=True)
        apart = {source: id for id in changes.apart for source in items[id].sums_up}
        for id, summary in apart.items():
            if id in items and items[id].superseded_by == summary:
                items[id] = structs.replace(items[id], superseded_by="")
    changed = [
        structs.replace(items[old], superseded_by=new) for old, new in changes.supersede.items()
    ]
    # What takes in the duplicates is kept before they go: a crash between the two loses nothing.
    if changed or changes.merged:
        changed += changes.merged
        await rememberer.change(changed, known=[items[one.id] for one in changed])
    if changes.drop:
        # It makes room, and nobody has asked to forget it: summaries go on telling of it.
        await memory.forget(MemoryQuery(tenant=tenant, ids=changes.drop), exactly=True)


class Consolidator:
    """Looks after the memories into which this process keeps items."""

    def __init__(self, rememberer: Rememberer) -> None:
        self._rememberer = rememberer
        self._kept: dict[Scope, int] = {}
        self._many: dict[Scope, asyncio.Event] = {}
        self.summarist: Summarist | None = None
        """Asks models for summaries, for agents that say so; None: sentences are chosen."""
        self._keepers: dict[Scope, Keeper] = {}
        self._chores: set[asyncio.Task[None]] = set()

    def kept(self, scope: Scope, keeper: Keeper | None = None) -> None:
        """Take note that an item came into a scope; the last keeper says how it is summed up."""
        if keeper is not None:
            self._keepers[scope] = keeper
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
            summing = self._summing(self._keepers.pop(scope, None))
            await consolidated(self._rememberer, query, summing=summing)
        except MemoryUnavailable as error:
            _log.warning("Memory was not consolidated: %s", error)

    def _summing(self, keeper: Keeper | None) -> Summing:
        if keeper is None or keeper.agent.memory is None:
            return SUMMING
        writer = self.summarist.writer_for(keeper) if self.summarist is not None else None
        return Summing(bound=keeper.agent.memory.sum_up, writer=writer)


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
