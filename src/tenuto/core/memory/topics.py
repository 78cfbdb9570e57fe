"""Which items of a memory that holds many may be summed up together.

Only where a scope holds more current items of a kind than a bound, and then those that are worth
least, by importance, age and how often they were recalled. They are about the same topic when they
share the words that are rare among them, and they bear the same labels: a summary of trusted and
untrusted facts would be untrusted as a whole, and one that a model writes could be told what to
say by text from outside.

Who expires goes with those that expire within the same days, and who never does with such.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Final

from tenuto.core.memory.consolidating import MEETING_MAX, worth
from tenuto.core.memory.items import MemoryItem, MemoryKind, Scope
from tenuto.core.memory.words import asked_words

SUM_UP_DEFAULT: Final = 500
"""Current items of one kind in one scope, above which the oldest are summed up. A choice: half of
what a scope may hold, so that something is left to sum up before anything is let go."""
DOWN_TO: Final = 0.75
"""Of the bound: so many are left, that the next one kept does not begin it all again."""
UNTOUCHED: Final = 0.5
"""Of the bound: so many of those that are worth most are not summed up, whatever they say."""

MEMBERS_MIN: Final = 3
MEMBERS_MAX: Final = 4
"""Of a topic. Of 1,000 facts 4 are not found then among the first five, of topics of six 20;
measured on facts that the figures do not use."""
SUMMARY_CHARS_MAX: Final = 1_200
"""Of a summary: three fit into what an agent is told of its memory by default."""
SHORTENED_MAX: Final = 4
"""The texts of a topic are at most so many times as long as their summary may be."""
MEMBER_CHARS_MAX: Final = 2 * SUMMARY_CHARS_MAX
"""Of one source: too little would be left of a longer one."""
LIKENESS_MIN: Final = 0.25
"""Cosine of weighted words from which two items are about the same. A choice, by looking: facts
that share the name of a person reach it, those that share a usual word do not."""
SUBJECT_WEIGHTS: Final = (3.0, 2.0)
"""The words that a text begins with say what it is about, and count so many times."""
_SPREAD_MS: Final = 7 * 24 * 60 * 60 * 1000
"""A summary ends with the first of its sources: no other loses more than this by it."""

Topic = tuple[MemoryItem, ...]
_Alike = tuple[tuple[str, ...], int]


def topics(items: Sequence[MemoryItem], *, now_ms: int, bound: int) -> list[Topic]:
    """Return the items that are to be summed up together, of one tenant; none is in two
    topics.

    Each scope and kind is taken for itself. What has a key, sums up others, or is a procedure is in
    none. The same items give the same topics, in whatever order they come.

    Args:
        bound: current items of a kind that a scope may hold; 0: any number.
    """
    groups: dict[tuple[Scope, MemoryKind], list[MemoryItem]] = defaultdict(list)
    for item in items:
        if item.kind != "procedural" and item.is_current(now_ms):
            groups[item.scope, item.kind].append(item)
    found: list[Topic] = []
    for group in groups.values():
        if bound and len(group) > bound:
            found += _topics_of(group, now_ms, bound)
    return found


def _topics_of(group: list[MemoryItem], now_ms: int, bound: int) -> list[Topic]:
    least = sorted(group, key=lambda item: (worth(item, now_ms), item.created_ms, item.id))
    least = least[: len(group) - math.floor(bound * UNTOUCHED)]
    alike: dict[_Alike, list[MemoryItem]] = defaultdict(list)
    for item in least:
        if not item.key and not item.sums_up and len(item.text) <= MEMBER_CHARS_MAX:
            ends = item.expires_ms // _SPREAD_MS + 1 if item.expires_ms else 0
            alike[tuple(sorted(item.labels)), ends].append(item)
    too_many = len(group) - math.floor(bound * DOWN_TO)
    found: list[Topic] = []
    words = _Words(group)
    for candidates in alike.values():
        left = {item.id: item for item in candidates}
        for seed in candidates:
            if too_many <= 0:
                return found
            topic = _topic_of(seed, left, words) if seed.id in left else ()
            if len(topic) >= MEMBERS_MIN:
                found.append(topic)
                too_many -= len(topic) - 1
                for item in topic:
                    del left[item.id]
    return found


def _topic_of(seed: MemoryItem, left: Mapping[str, MemoryItem], words: "_Words") -> Topic:
    near = {id: value for id, value in words.near(seed.id).items() if id in left}
    room = SUMMARY_CHARS_MAX * SHORTENED_MAX - len(seed.text)
    members = [seed]
    nearest = sorted(
        (left[id] for id in near),
        key=lambda item: (-round(near[item.id], 9), item.created_ms, item.id),
    )
    for item in nearest:
        if item != seed and near[item.id] >= LIKENESS_MIN and len(item.text) <= room:
            members.append(item)
            room -= len(item.text)
        if len(members) == MEMBERS_MAX:
            break
    return tuple(members)


class _Words:
    """The words of some items, weighted by how rare they are among them, and by their place."""

    def __init__(self, items: Sequence[MemoryItem]) -> None:
        words = {item.id: asked_words(item.text) for item in items}
        holders: dict[str, list[str]] = defaultdict(list)
        for id, mine in words.items():
            for word in mine:
                holders[word].append(id)
        self._holders = holders
        rarity = {word: math.log(1 + len(items) / len(ids)) for word, ids in holders.items()}
        self._weights = {
            id: {
                word: rarity[word] * weight
                for word, weight in zip(mine, chain(SUBJECT_WEIGHTS, repeat(1.0)), strict=False)
            }
            for id, mine in words.items()
        }
        self._length = {
            id: math.sqrt(math.fsum(weight * weight for weight in mine.values()))
            for id, mine in self._weights.items()
        }

    def near(self, id: str) -> dict[str, float]:
        """Return the likeness to an item of each that shares a rare word with it."""
        rare = [word for word in self._weights[id] if len(self._holders[word]) <= MEETING_MAX]
        met = dict.fromkeys(other for word in rare for other in self._holders[word])
        return {other: self._likeness(id, other) for other in met}

    def _likeness(self, one: str, other: str) -> float:
        mine, its = self._weights[one], self._weights[other]
        lengths = self._length[one] * self._length[other]
        both = math.fsum(mine[word] * its[word] for word in mine.keys() & its.keys())
        return both / lengths if lengths else 0.0
