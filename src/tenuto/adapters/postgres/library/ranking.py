"""How well passages fit a query: BM25 as FTS5 has it, and how much of the query they hold."""

import math
from collections.abc import Mapping, Sequence
from heapq import nsmallest
from typing import Final, TypeAlias

from tenuto.adapters.postgres.library.words import Stand
from tenuto.adapters.sqlite_fts.collection import COVERAGE_FLOOR, HEADING_WEIGHT
from tenuto.ports.collections import SEARCH_PASSAGES_MAX

SATURATION: Final = 1.2
LENGTH_SHARE: Final = 0.75
"""BM25's k1 and b. Source: SQLite FTS5, section 5.1.1 "The bm25() function", as are the rest."""

IDF_MIN: Final = 1e-6
CANDIDATES: Final = 4 * SEARCH_PASSAGES_MAX

Key: TypeAlias = tuple[int, int]
"""A passage: its document and its place there."""
Places: TypeAlias = dict[Key, Stand]
"""Where a word, or a run of words by its first one, stands."""


def standing(run: Sequence[str], words: Mapping[str, Places]) -> Places:
    """Return where the words of `run` stand one after another."""
    if not run or any(word not in words for word in run):
        return {}
    first, *others = (words[word] for word in run)
    if not others:
        return first
    found: Places = {}
    for key, (place, length, *columns) in first.items():
        if all(key in other for other in others):
            kept = [
                [at for at in starts if all(at + n in o for n, o in enumerate(rest, start=1))]
                for starts, *rest in zip(columns, *(o[key][2:] for o in others), strict=True)
            ]
            if any(kept):
                found[key] = (place, length, kept[0], kept[1])
    return found


def bm25(runs: Sequence[Places], *, total: int, length_mean: float) -> dict[Key, float]:
    """Return the score of each passage that holds any of the runs.

    Args:
        total, length_mean: number of passages of the whole collection, and words of one.
    """
    scores: dict[Key, float] = {}
    for places in runs:
        if not places:
            continue
        idf = max(math.log((total - len(places) + 0.5) / (len(places) + 0.5)), IDF_MIN)
        for key, (_, length, heading, text) in places.items():
            count = HEADING_WEIGHT * len(heading) + len(text)
            norm = 1 - LENGTH_SHARE + LENGTH_SHARE * length / length_mean
            score = idf * count * (SATURATION + 1) / (count + SATURATION * norm)
            scores[key] = scores.get(key, 0.0) + score
    return scores


def ranked(
    scores: Mapping[Key, float],
    holders: Sequence[Places],
    *,
    within: Mapping[int, str],
    total: int,
) -> list[tuple[float, Key]]:
    """Return the final scores of the passages that fit best, by their first scores.

    Args:
        holders: where each word of the query stands, of which a passage is to hold much.
        within: the documents that are there for who asks, with their names.
        total: number of their passages.
    """
    there = ((round(score, 6), key) for key, score in scores.items() if key[0] in within)
    best = nsmallest(CANDIDATES, there, key=lambda one: (-one[0], within[one[1][0]], one[1][1]))
    held = [{key for key in places if key[0] in within} for places in holders]
    weights = [
        (keys, math.log(1 + (total - len(keys) + 0.5) / (len(keys) + 0.5))) for keys in held if keys
    ]
    whole = sum(weight for _, weight in weights)
    found: list[tuple[float, Key]] = []
    for _, key in best:
        coverage = sum(weight for keys, weight in weights if key in keys) / whole if whole else 0.0
        fit = scores[key] * (COVERAGE_FLOOR + (1 - COVERAGE_FLOOR) * coverage)
        found.append((round(fit + coverage, 6), key))
    return found
