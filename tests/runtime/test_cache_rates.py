"""How many paraphrases share an answer, and that no question gets another one's.

With `pytest -s` the table of docs/benchmarks.md is printed."""

from collections.abc import Callable
from typing import Final

import pytest

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.core.agent.likeness import alike
from tenuto.runtime.caching import THRESHOLD, THRESHOLD_SAME_WORDS
from tests.runtime.likeness_pairs import ALIKE, APART

Rule = Callable[[str, str], bool]

EMBEDDER: Final = HashingEmbedder()


def near(one: str, other: str) -> float:
    first, second = EMBEDDER.embed([one, other])
    return sum(a * b for a, b in zip(first, second, strict=True))


def by_default(one: str, other: str) -> bool:
    return alike(one, other) and near(one, other) >= THRESHOLD_SAME_WORDS


def other_words_allowed(one: str, other: str) -> bool:
    return alike(one, other, same_words=False) and near(one, other) >= THRESHOLD


def embedding_alone(one: str, other: str) -> bool:
    return near(one, other) >= THRESHOLD


def hits(rule: Rule, pairs: tuple[tuple[str, str, str], ...]) -> list[tuple[str, str]]:
    return [(one, other) for _, one, other in pairs if rule(one, other)]


def test_there_are_enough_pairs() -> None:
    assert len(set(APART)) >= 100
    assert len(set(ALIKE)) >= 100


@pytest.mark.parametrize("pair", APART, ids=lambda pair: pair[1][:40])
def test_questions_that_are_apart_never_share_an_answer(pair: tuple[str, str, str]) -> None:
    kind, one, other = pair

    assert not by_default(one, other), kind


@pytest.mark.parametrize(
    "pair", [p for p in APART if p[0] in ("negation", "opposites")], ids=lambda pair: pair[1][:40]
)
def test_negations_and_opposites_are_apart_where_other_words_are_allowed(
    pair: tuple[str, str, str],
) -> None:
    _, one, other = pair

    assert not alike(one, other, same_words=False)


def test_paraphrases_share_an_answer_in_three_of_five_cases() -> None:
    shared = hits(by_default, ALIKE)

    _print_table()
    assert len(shared) >= 0.6 * len(ALIKE)


def test_without_the_marks_an_embedding_would_mix_questions_up() -> None:
    assert len(hits(embedding_alone, APART)) > 30


def _print_table() -> None:
    rules = {
        "by default": by_default,
        "other words allowed": other_words_allowed,
        "embedding alone": embedding_alone,
    }
    print("\n| rule | paraphrases that hit | others that hit |\n| --- | --- | --- |")
    for name, rule in rules.items():
        found = len(hits(rule, ALIKE)), len(hits(rule, APART))
        print(f"| {name} | {found[0]} of {len(ALIKE)} | {found[1]} of {len(APART)} |")
    kinds = dict.fromkeys(kind for kind, _, _ in ALIKE)
    for kind in kinds:
        pairs = tuple(pair for pair in ALIKE if pair[0] == kind)
        print(f"| ... {kind} | {len(hits(by_default, pairs))} of {len(pairs)} | |")
