"""Consolidation: what a memory is after duplicates, contradictions, junk and old age are out of it.

Pure: items in, changes out; `runtime` carries them out. Each scope is taken for itself. Doing it
again changes nothing more: the passes are repeated here until one finds nothing.

Texts are compared only when they share one of their rarest words, so the time grows with the items
and not with their square.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import structs

from tenuto.core.memory.codes import cosine
from tenuto.core.memory.comparing import Marks, denies, marks_of, says_the_same
from tenuto.core.memory.fusing import recency
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.memory.judging import is_junk

RARE_WORDS: Final = 5
"""By so many of its words an item meets others."""
MEETING_MAX: Final = 100
"""A word that more items hold brings nobody together."""

TOKEN_CHARS: Final = 4
"""Of English text, roughly, per token of usual models."""

ACCESS_SHARE: Final = 0.25
"""An item that was never recalled counts for this part less than one that always is. So little,
because what is new had no occasion yet: with it an item of importance 0.8 that is less than a day
old is worth more than any of 0.5."""
IMPORTANCE_MIN: Final = 0.05

JUNK_IMPORTANCE_MAX: Final = 0.5
"""Whoever gave an item more importance than the usual wants to keep it, however it reads."""


class Placed(msgspec.Struct, frozen=True):
    """An item with the vector of its text; empty: it is compared by its words."""

    item: MemoryItem
    vector: tuple[float, ...] = ()


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How much one scope may hold, superseded items counted; 0: any amount."""

    items: int = 0
    tokens: int = 0


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with a memory."""

    apart: tuple[str, ...] = ()
    """Ids of summaries that are to go first, so that what they sum up is current again: one of it
    has expired, or a newer fact denies it."""
    supersede: dict[str, str] = {}
    """Old id to the id of the item that says it now."""
    drop: tuple[str, ...] = ()
    """Ids of what is to be forgotten: duplicates, junk, expired, evicted."""
    merged: tuple[MemoryItem, ...] = ()
    """Items as they are with what their duplicates had; to be kept under their ids."""


def consolidate(items: Sequence[Placed], *, now_ms: int, budget: Budget) -> Changes:
    """Return what is to be done with the items of one tenant.

    - What has expired, and what is junk, is dropped.
    - Of those that say the same the newest stays, with the greatest importance, all accesses and
      all labels of them. Episodes are the same only word for word.
    - A fact that a newer one denies is superseded by it.
    - A summary is neither merged nor superseded. It is taken apart when one of those that it sums
      up has expired or is denied; these are looked at again then, each for itself.
    - Of a scope that is over its budget the superseded are dropped first, then those of the least
      `worth`.

    An item with a key, and a procedure, is neither merged nor superseded: keys do that.
    """
    assert len({placed.item.scope.tenant for placed in items}) <= 1, "tenants are not mixed"
    before = {placed.item.id: placed for placed in items}
    after = dict(before)
    apart = _take_apart(after, _ended(after.values(), now_ms))
    _drop(after, now_ms)
    marks = {id: marks_of(placed.item.text) for id, placed in after.items()}
    heirs: dict[str, str] = {}
    changed = True
    while changed:
        # What goes makes the words of what stays rarer, so that others meet in the next pass.
        compared = [_compare(group, after, marks, heirs) for group in _groups(after.values())]
        denied = _take_apart(after, _denied(after.values(), marks))
        apart += denied
        _drop(after, now_ms)
        changed = any(compared) | bool(denied) | _evict(after, now_ms=now_ms, budget=budget)
    supersede = {
        id: _heir(placed.item.superseded_by, heirs)
        for id, placed in after.items()
        if placed.item.superseded_by not in ("", before[id].item.superseded_by)
    }
    return Changes(
        apart=tuple(apart),
        supersede=supersede,
        drop=tuple(id for id in before if id not in after and id not in apart),
        merged=tuple(
            placed.item
            for id, placed in after.items()
            if not _is_same(placed.item, before[id].item) and id not in supersede
        ),
    )


def worth(item: MemoryItem, now_ms: int) -> float:
    """Return from 0 to 1 how much is lost with the item: importance x recency x access."""
    access = 1 - ACCESS_SHARE / (1 + item.accesses)
    return max(IMPORTANCE_MIN, item.importance) * recency(item, now_ms) * access


def tokens_of(text: str) -> int:
    """Return about how many tokens a text takes in a prompt."""
    return math.ceil(len(text) / TOKEN_CHARS)


def _drop(after: dict[str, Placed], now_ms: int) -> None:
    for id in [id for id, placed in after.items() if _is_over(placed.item, now_ms)]:
        del after[id]


def _is_over(item: MemoryItem, now_ms: int) -> bool:
    if item.expires_ms and item.expires_ms <= now_ms:
        return True
    if item.kind == "procedural" or item.superseded_by or item.key or item.sums_up:
        return False
    return item.importance <= JUNK_IMPORTANCE_MAX and is_junk(item.text)


def _groups(placed: Iterable[Placed]) -> list[list[Placed]]:
    """Return those that may be merged with each other, newest first."""
    groups: dict[tuple[Scope, str], list[Placed]] = defaultdict(list)
    for one in sorted(placed, key=lambda one: (-one.item.created_ms, one.item.id)):
        if not one.item.superseded_by and _is_plain(one.item):
            groups[one.item.scope, one.item.kind].append(one)
    return list(groups.values())


def _is_plain(item: MemoryItem) -> bool:
    return not item.key and not item.sums_up and item.kind != "procedural"


def _is_same(one: MemoryItem, other: MemoryItem) -> bool:
    return structs.replace(one, superseded_by=other.superseded_by) == other


def _ended(placed: Iterable[Placed], now_ms: int) -> set[str]:
    """Return the ids of what has expired."""
    return {one.item.id for one in placed if one.item.expires_ms and one.item.expires_ms <= now_ms}


def _denied(placed: Collection[Placed], marks: Mapping[str, Marks]) -> set[str]:
    """Return the ids of what is summed up and denied by a newer fact. What has gone from beside it
    is told by the summary alone: such a one stays, true or not."""
    here = {one.item.id for one in placed}
    summaries = [one.item for one in placed if one.item.sums_up]
    whole = {summary.id for summary in summaries if here.issuperset(summary.sums_up)}
    if not whole:
        return set()
    facts = [one.item for one in placed if one.item.kind == "semantic" and _is_plain(one.item)]
    held = Counter(word for item in facts for word in marks[item.id].words)
    current: dict[tuple[Scope, str], list[MemoryItem]] = defaultdict(list)
    for item in facts:
        if not item.superseded_by:
            for word in _meeting_words(marks[item.id], item.text, held):
                current[item.scope, word].append(item)
    return {
        item.id
        for item in facts
        if item.superseded_by in whole
        and any(
            other.created_ms > item.created_ms and denies(marks[other.id], marks[item.id])
            for word in _meeting_words(marks[item.id], item.text, held)
            for other in current[item.scope, word]
        )
    }


def _take_apart(after: dict[str, Placed], ids: set[str]) -> list[str]:
    """Delete from `after` the summaries of these, and such as are among them, with what they sum
    up current again; return the ids of the summaries."""
    gone = [
        placed.item
        for id, placed in after.items()
        if placed.item.sums_up and (id in ids or not ids.isdisjoint(placed.item.sums_up))
    ]
    for summary in gone:
        del after[summary.id]
        for source in summary.sums_up:
            one = after.get(source)
            if one is not None and one.item.superseded_by == summary.id:
                after[source] = Placed(structs.replace(one.item, superseded_by=""), one.vector)
    return [summary.id for summary in gone]


def _compare(
    group: list[Placed],
    after: dict[str, Placed],
    marks: Mapping[str, Marks],
    heirs: dict[str, str],
) -> bool:
    """Merge and supersede in `after`; return whether there was anything to do."""
    held: dict[str, int] = defaultdict(int)
    for placed in group:
        for word in marks[placed.item.id].words:
            held[word] += 1
    meeting: dict[str, list[Placed]] = defaultdict(list)
    changed = False
    for placed in group:
        item, mine = placed.item, marks[placed.item.id]
        words = _meeting_words(mine, item.text, held)
        newer = {other.item.id: other for word in words for other in meeting[word]}
        for id, other in newer.items():
            if _is_duplicate(placed, other, mine, marks[id]):
                after[id] = Placed(_merged(after[id].item, item), other.vector)
                heirs[item.id] = id
                del after[item.id]
            elif item.kind == "semantic" and denies(marks[id], mine):
                superseded = structs.replace(item, superseded_by=id)
                after[item.id] = Placed(superseded, placed.vector)
            else:
                continue
            changed = True
            break
        else:
            for word in words:
                meeting[word].append(placed)
    return changed


def _meeting_words(marks: Marks, text: str, held: Mapping[str, int]) -> list[str]:
    rare = sorted(marks.words, key=lambda word: (held[word], word))
    # Those that are the same word for word meet in any case.
    return [text, *[word for word in rare[:RARE_WORDS] if held[word] <= MEETING_MAX]]


def _is_duplicate(one: Placed, other: Placed, mine: Marks, its: Marks) -> bool:
    if one.item.text == other.item.text:
        return True
    if one.item.kind != "semantic":
        return False
    if says_the_same(mine, its):
        return True
    # Vectors are compared where they would decide.
    return says_the_same(mine, its, cosine=1.0) and says_the_same(
        mine, its, cosine=cosine(one.vector, other.vector)
    )


def _merged(newer: MemoryItem, older: MemoryItem) -> MemoryItem:
    return structs.replace(
        newer,
        importance=max(newer.importance, older.importance),
        accesses=newer.accesses + older.accesses,
        accessed_ms=max(newer.accessed_ms, older.accessed_ms),
        labels=tuple(dict.fromkeys([*newer.labels, *older.labels])),
    )


def _evict(after: dict[str, Placed], *, now_ms: int, budget: Budget) -> bool:
    """Delete from `after` what is over the budget; return whether there was anything."""
    scopes: dict[Scope, list[MemoryItem]] = defaultdict(list)
    for placed in after.values():
        scopes[placed.item.scope].append(placed.item)
    gone = [item.id for members in scopes.values() for item in _over(members, now_ms, budget)]
    for id in gone:
        del after[id]
    return bool(gone)


def _over(items: Sequence[MemoryItem], now_ms: int, budget: Budget) -> Iterable[MemoryItem]:
    """Give those of one scope that must go, the superseded first, then those of least worth."""
    count, tokens = len(items), sum(tokens_of(item.text) for item in items)
    least_first = sorted(
        items,
        key=lambda item: (not item.superseded_by, worth(item, now_ms), item.created_ms, item.id),
    )
    for item in least_first:
        too_many = budget.items and count > budget.items
        too_long = budget.tokens and tokens > budget.tokens
        if not too_many and not too_long:
            return
        count, tokens = count - 1, tokens - tokens_of(item.text)
        yield item


def _heir(id: str, heirs: Mapping[str, str]) -> str:
    while id in heirs:
        id = heirs[id]
    return id
