"""What agents remember, in dictionaries: gone with the process."""

from collections.abc import Iterator, Sequence
from operator import mul
from typing import Final

from msgspec import structs

from tenuto.core.errors import NotFound
from tenuto.core.memory.checking import check
from tenuto.core.memory.fusing import recalled
from tenuto.core.memory.items import MemoryItem, Recalled
from tenuto.core.memory.words import asked_words, bm25, is_frequent, words_of
from tenuto.ports.memory import (
    PAGE_MAX,
    RECALL_MAX,
    Kept,
    MemoryQuery,
    MemoryStatistics,
    Question,
    statistics_of,
)

Name = tuple[str, str]
"""Tenant and id: an id of another tenant names something else."""

CANDIDATES: Final = 2 * RECALL_MAX
"""So many of each ranking are fused."""


class VolatileMemory:
    """`Memory` that ends with the process. It compares with every vector, exactly."""

    def __init__(self) -> None:
        self._kept: dict[Name, Kept] = {}

    async def keep(self, items: Sequence[Kept]) -> None:
        """See `Memory.keep`."""
        for kept in items:
            check(kept.item, kept.vector)
        for kept in items:
            self._keep(kept)

    def everything(self) -> tuple[MemoryItem, ...]:
        """Return all items of all tenants, in the order in which they came."""
        return tuple(kept.item for kept in self._kept.values())

    async def recall(self, question: Question) -> tuple[Recalled, ...]:
        """See `Memory.recall`."""
        scope = {name: kept for name, kept in self._kept.items() if _is_asked(kept.item, question)}
        counted = {name: words_of(kept.item.text) for name, kept in scope.items()}
        lengths = {name: sum(words.values()) for name, words in counted.items()}
        holders = {
            word: {name: words[word] for name, words in counted.items() if word in words}
            for word in asked_words(question.text)
        }
        rare = {
            word: held for word, held in holders.items() if not is_frequent(len(held), len(scope))
        }
        postings = rare if any(rare.values()) else holders
        meaning = {
            name: sum(map(mul, kept.vector, question.vector))
            for name, kept in scope.items()
            if _is_comparable(kept, question)
        }
        return recalled(
            {name: kept.item for name, kept in scope.items()},
            words=self._best(bm25(postings, lengths)),
            meaning=self._best(meaning),
            now_ms=question.now_ms,
            limit=max(0, min(question.limit, RECALL_MAX)),
        )

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """See `Memory.items`."""
        found = sorted(self._meant(query), key=_age, reverse=True)
        if query.after:
            last = self._kept.get((query.tenant, query.after))
            if last is None:
                raise NotFound(what="memory item", name=query.after)
            found = [item for item in found if _age(item) < _age(last.item)]
        return tuple(found[: max(0, min(query.limit, PAGE_MAX))])

    async def touch(self, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
        """See `Memory.touch`."""
        for id in ids:
            kept = self._kept.get((tenant, id))
            if kept is not None:
                accessed_ms = max(now_ms, kept.item.accessed_ms)
                self._change(kept, accessed_ms=accessed_ms, accesses=kept.item.accesses + 1)

    async def forget(self, query: MemoryQuery) -> int:
        """See `Memory.forget`."""
        found = list(self._meant(query))
        for item in found:
            del self._kept[item.scope.tenant, item.id]
        return len(found)

    async def statistics(self, query: MemoryQuery) -> MemoryStatistics:
        """See `Memory.statistics`."""
        return statistics_of(list(self._meant(query)))

    def _keep(self, kept: Kept) -> None:
        item = kept.item
        name = (item.scope.tenant, item.id)
        known = self._kept.get(name)
        if known is not None:
            item = structs.replace(
                item,
                accessed_ms=known.item.accessed_ms,
                accesses=known.item.accesses,
                superseded_by=item.superseded_by or known.item.superseded_by,
            )
            if not kept.vector and known.item.text == item.text:
                kept = structs.replace(known, item=item)
        if item.key and not item.superseded_by:
            for other in self._rivals(item):
                if other.item.created_ms > item.created_ms:
                    item = structs.replace(item, superseded_by=other.item.id)
                else:
                    self._change(other, superseded_by=item.id)
        self._kept[name] = structs.replace(kept, item=item)

    def _rivals(self, item: MemoryItem) -> list[Kept]:
        """Return the other current item of the same scope, kind and key, if there is one."""
        about = (item.scope, item.kind, item.key)
        return [
            kept
            for kept in self._kept.values()
            if (kept.item.scope, kept.item.kind, kept.item.key) == about
            and kept.item.id != item.id
            and not kept.item.superseded_by
        ]

    def _change(self, kept: Kept, **changes: object) -> None:
        item = structs.replace(kept.item, **changes)
        self._kept[item.scope.tenant, item.id] = structs.replace(kept, item=item)

    def _best(self, scores: dict[Name, float]) -> dict[Name, float]:
        def place(name: Name) -> tuple[float, int, str]:
            return (-scores[name], -self._kept[name].item.created_ms, name[1])

        return {name: scores[name] for name in sorted(scores, key=place)[:CANDIDATES]}

    def _meant(self, query: MemoryQuery) -> Iterator[MemoryItem]:
        return (kept.item for kept in self._kept.values() if _is_meant(kept.item, query))


def _age(item: MemoryItem) -> tuple[int, str]:
    return item.created_ms, item.id


def _is_asked(item: MemoryItem, question: Question) -> bool:
    return (
        item.scope in question.scopes
        and item.is_current(question.now_ms)
        and (not question.kinds or item.kind in question.kinds)
    )


def _is_comparable(kept: Kept, question: Question) -> bool:
    return (
        bool(kept.vector)
        and kept.embedder == question.embedder
        and len(kept.vector) == len(question.vector)
    )


def _is_meant(item: MemoryItem, query: MemoryQuery) -> bool:
    asked = (
        (query.agent, item.scope.agent),
        (query.user, item.scope.user),
        (query.kind, item.kind),
        (query.key, item.key),
    )
    return (
        item.scope.tenant == query.tenant
        and all(wanted is None or wanted == found for wanted, found in asked)
        and (query.ids is None or item.id in query.ids)
        and (query.current_at_ms is None or item.is_current(query.current_at_ms))
        and (query.expired_at_ms is None or 0 < item.expires_ms <= query.expired_at_ms)
    )
