"""Two rankings into one: by words and by meaning, then by what matters and what is fresh.

Scores of words and of vectors have no common scale, ranks do: reciprocal rank fusion adds
1 / (60 + rank) over the rankings. Source: Cormack, Clarke and Büttcher, Reciprocal Rank Fusion
outperforms Condorcet and individual Rank Learning Methods (SIGIR 2009), k = 60.

The sum is then multiplied by two weights near 1. That recency and importance belong beside
relevance is from Park et al., Generative Agents (2023); there all three count alike. Here relevance
decides, as an old fact is as true as a new one, and the weights tell apart what fits alike.
"""

import math
from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from tenuto.core.memory.items import MemoryItem, Recalled

RANK_OFFSET: Final = 60

LIKENESS_MIN: Final = 0.2
"""Cosine below which texts have nothing to do with each other. Two random directions of 512
dimensions are within 0.13 of a right angle in 997 of 1,000 cases (three times 1 / sqrt 512)."""

IMPORTANCE_SHARE: Final = 0.2
"""An item of importance 0 loses this part of its score against one of importance 1: as much as a
dozen ranks near the top."""
RECENCY_SHARE: Final = 0.1
"""What the oldest item loses of its score against one of now."""
RECENCY_HALF_LIFE_MS: Final = 30 * 24 * 60 * 60 * 1000
"""Work of the last month is likely to be the work of today. A choice, not a measurement: Generative
Agents decay by 0.995 an hour, six days to one half, for lives of two days."""

K = TypeVar("K", bound=Hashable)


def recalled(
    items: Mapping[K, MemoryItem],
    *,
    words: Mapping[K, float],
    meaning: Mapping[K, float],
    now_ms: int,
    limit: int,
) -> tuple[Recalled, ...]:
    """Return the items that fit best, best first; among equals the newest.

    A score is at most 1: of an important item of now that is first in each ranking.

    Args:
        words: scores of those that share a word with the question, such as BM25.
        meaning: cosines with the question; those below `LIKENESS_MIN` do not count.
    """
    near = {key: cosine for key, cosine in meaning.items() if cosine >= LIKENESS_MIN}
    rankings = [ranks(scores) for scores in (words, near) if scores]
    best_possible = len(rankings) / (RANK_OFFSET + 1)
    found = [
        Recalled(
            item=items[key],
            score=sum(1 / (RANK_OFFSET + rank[key]) for rank in rankings if key in rank)
            / best_possible
            * weight(items[key], now_ms),
        )
        for key in dict.fromkeys([*words, *near])
    ]
    found.sort(key=lambda one: one.item.id, reverse=True)
    found.sort(key=lambda one: (-round(one.score, 12), -one.item.created_ms))
    return tuple(found[:limit])


def ranks(scores: Mapping[K, float]) -> dict[K, int]:
    """Return the place of each by its score, from 1; equal scores share a place."""
    ordered = sorted(scores, key=lambda key: -scores[key])
    places: dict[K, int] = {}
    for number, key in enumerate(ordered, start=1):
        before = ordered[number - 2] if number > 1 else key
        same = key != before and abs(scores[key] - scores[before]) < 1e-9
        places[key] = places[before] if same else number
    return places


def weight(item: MemoryItem, now_ms: int) -> float:
    """Return the factor, at most 1, by which importance and recency change a score."""
    importance = min(1.0, max(0.0, item.importance))
    return (1 - IMPORTANCE_SHARE * (1 - importance)) * (
        1 - RECENCY_SHARE * (1 - recency(item, now_ms))
    )


def recency(item: MemoryItem, now_ms: int) -> float:
    """Return 1 for what was made or recalled just now, one half after each half-life."""
    age_ms = max(0, now_ms - max(item.created_ms, item.accessed_ms))
    return math.exp2(-age_ms / RECENCY_HALF_LIFE_MS)
