"""Two rankings become one, and what matters and is fresh comes first among what fits alike."""

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.memory.fusing import (
    IMPORTANCE_SHARE,
    LIKENESS_MIN,
    RECENCY_HALF_LIFE_MS,
    RECENCY_SHARE,
    ranks,
    recalled,
    recency,
    weight,
)
from tenuto.core.memory.items import MemoryItem, Scope

NOW_MS = 10 * RECENCY_HALF_LIFE_MS

scores = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.01, 1), max_size=8)


def item(id: str, *, importance: float = 0.5, created_ms: int = NOW_MS) -> MemoryItem:
    return MemoryItem(
        id=id,
        scope=Scope(tenant="t"),
        kind="semantic",
        text=id,
        importance=importance,
        created_ms=created_ms,
    )


ITEMS = {id: item(id) for id in "abcdefgh"}


def fused(words: dict[str, float], meaning: dict[str, float], *, limit: int = 50) -> list[str]:
    found = recalled(ITEMS, words=words, meaning=meaning, now_ms=NOW_MS, limit=limit)
    return [one.item.id for one in found]


def test_equal_scores_share_a_place() -> None:
    assert ranks({"a": 1.0, "b": 3.0, "c": 1.0, "d": 0.5}) == {"b": 1, "a": 2, "c": 2, "d": 4}


def test_what_is_in_both_rankings_beats_what_leads_one() -> None:
    assert fused({"a": 9.0, "b": 1.0}, {"c": 0.9, "b": 0.3})[0] == "b"


def test_the_best_possible_item_scores_one() -> None:
    items = {"a": item("a", importance=1.0)}
    for words, meaning in (({"a": 2.0}, {"a": 0.9}), ({"a": 2.0}, {}), ({}, {"a": 0.9})):
        (one,) = recalled(items, words=words, meaning=meaning, now_ms=NOW_MS, limit=5)
        assert round(one.score, 9) == 1.0


def test_what_is_far_in_meaning_is_not_near() -> None:
    assert fused({}, {"a": LIKENESS_MIN - 0.01, "b": LIKENESS_MIN}) == ["b"]


@given(scores, scores, st.integers(0, 9))
def test_all_that_was_found_comes_back_once_in_falling_order(
    words: dict[str, float], meaning: dict[str, float], limit: int
) -> None:
    found = recalled(ITEMS, words=words, meaning=meaning, now_ms=NOW_MS, limit=50)
    near = {id for id, cosine in meaning.items() if cosine >= LIKENESS_MIN}

    assert {one.item.id for one in found} == words.keys() | near
    assert len(found) == len(words.keys() | near)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0 < one.score <= 1 for one in found)
    assert fused(words, meaning, limit=limit) == [one.item.id for one in found][:limit]


def test_recency_halves_with_each_half_life_and_looks_at_the_last_recall() -> None:
    old = item("a", created_ms=NOW_MS - RECENCY_HALF_LIFE_MS)

    assert recency(item("a"), NOW_MS) == 1
    assert recency(old, NOW_MS) == 0.5
    assert recency(old, NOW_MS + RECENCY_HALF_LIFE_MS) == 0.25
    assert recency(item("a", created_ms=NOW_MS + 99), NOW_MS) == 1


@given(st.floats(0, 1), st.integers(0, NOW_MS))
def test_weights_are_bounded_so_that_relevance_decides(importance: float, age_ms: int) -> None:
    one = item("a", importance=importance, created_ms=NOW_MS - age_ms)

    assert (1 - IMPORTANCE_SHARE) * (1 - RECENCY_SHARE) <= weight(one, NOW_MS) <= 1
