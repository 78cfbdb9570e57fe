"""What agents remember, in dictionaries: gone with the process."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec import structs

from tenuto.core.errors import NotFound
from tenuto.core.memory.checking import check
from tenuto.core.memory.codes import cosine
from tenuto.core.memory.fusing import recalled
from tenuto.core.memory.items import MemoryItem, Recalled
from tenuto.core.memory.summaries import is_as_read, is_told_by
from tenuto.core.memory.words import asked_words, bm25, is_frequent, words_of
from tenuto.ports.memory import (
    PAGE_MAX,
    RECALL_MAX,
    Kept,
    MemoryChanged,
    MemoryQuery,
    MemoryStatistics,
    Question,
    is_left_in,
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

    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        """See `Memory.keep`."""
        for kept in items:
            check(kept.item, kept.vector)
        self._check_known({_name(kept.item): kept.item for kept in items}, known)
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
            name: cosine(kept.vector, question.vector)
            for name, kept in scope.items()
            if _is_comparable(kept, question)
        }
        return recalled(
            {name: kept.item for name, kept in scope.items()},
            words=_best(bm25(postings, lengths), scope),
            meaning=_best(meaning, scope),
            now_ms=question.now_ms,
            limit=max(0, min(question.limit, RECALL_MAX)),
        )

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """See `Memory.items`."""
        found = sorted(_meant(self._kept, query), key=_age, reverse=True)
        if query.after:
            last = self._kept.get((query.tenant, query.after))
            if last is None:
                raise NotFound(what="memory item", name=query.after)
            found = [item for item in found if _age(item) < _age(last.item)]
        if query.behind is not None:
            found = [item for item in found if (item.created_ms, item.id) < query.behind]
        return tuple(found[: max(0, min(query.limit, PAGE_MAX))])

    async def touch(self, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
        """See `Memory.touch`."""
        for id in ids:
            kept = self._kept.get((tenant, id))
            if kept is not None:
                accessed_ms = max(now_ms, kept.item.accessed_ms)
                self._change(kept, accessed_ms=accessed_ms, accesses=kept.item.accesses + 1)

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        """See `Memory.forget`."""
        meant = {item.id for item in _meant(self._kept, query)}
        if exactly:
            self._delete(query.tenant, meant)
            return len(meant)
        told = [one for one in _meant(self._kept, MemoryQuery(tenant=query.tenant)) if one.sums_up]
        left = {one for item in told if is_left_in(item, query) for one in item.sums_up}
        meant |= left.intersection(query.ids or ())
        beside = {
            source
            for item in told
            if item.id in meant
            for source in item.sums_up
            if self._superseded_by(query.tenant, source) == item.id
        }
        gone = meant | beside
        gone |= {item.id for item in told if not gone.isdisjoint(item.sums_up)}
        self._delete(query.tenant, gone)
        return len(meant)

    async def statistics(self, query: MemoryQuery) -> MemoryStatistics:
        """See `Memory.statistics`."""
        return statistics_of(list(_meant(self._kept, query)))

    def _check_known(self, to_be: Mapping[Name, MemoryItem], known: Sequence[MemoryItem]) -> None:
        for read in known:
            found = self._kept.get(_name(read))
            wanted = to_be.get(_name(read), read)
            if found is None or not (
                is_as_read(found.item, read) or is_as_read(found.item, wanted)
            ):
                raise MemoryChanged(read.id)

    def _keep(self, kept: Kept) -> None:
        item = kept.item
        name = _name(item)
        self._take_apart(item)
        known = self._kept.get(name)
        if known is not None:
            item = structs.replace(
                item,
                accessed_ms=max(item.accessed_ms, known.item.accessed_ms),
                accesses=max(item.accesses, known.item.accesses),
                superseded_by=item.superseded_by or known.item.superseded_by,
                sums_up=item.sums_up or known.item.sums_up,
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

    def _take_apart(self, again: MemoryItem) -> None:
        """Delete the summary of an item that is to say something else."""
        known = self._kept.get(_name(again))
        summary = known and self._kept.get((again.scope.tenant, known.item.superseded_by))
        if known is None or summary is None or again.id not in summary.item.sums_up:
            return
        if not is_told_by(summary.item, known.item, again):
            self._delete(again.scope.tenant, {summary.item.id})

    def _delete(self, tenant: str, ids: Collection[str]) -> None:
        gone = [self._kept.pop((tenant, id)) for id in ids if (tenant, id) in self._kept]
        for kept in gone:
            for source in kept.item.sums_up:
                if self._superseded_by(tenant, source) == kept.item.id:
                    self._change(self._kept[tenant, source], superseded_by="")
                    # One of the same key may have come since.
                    self._keep(self._kept[tenant, source])

    def _superseded_by(self, tenant: str, id: str) -> str:
        kept = self._kept.get((tenant, id))
        return kept.item.superseded_by if kept is not None else ""

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


def _best(scores: Mapping[Name, float], scope: Mapping[Name, Kept]) -> dict[Name, float]:
    """Return the best, best first; among equals the newest."""

    def place(name: Name) -> tuple[float, int, str]:
        return (-scores[name], -scope[name].item.created_ms, name[1])

    return {name: scores[name] for name in sorted(scores, key=place)[:CANDIDATES]}


def _meant(kept: Mapping[Name, Kept], query: MemoryQuery) -> Iterator[MemoryItem]:
    return (one.item for one in kept.values() if _is_meant(one.item, query))


def _name(item: MemoryItem) -> Name:
    return item.scope.tenant, item.id


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
