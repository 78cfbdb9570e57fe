"""Which sentences answer a question best: coverage of its words, weighed by how rare they are.

A word of the question counts in full where the sentence has it, less where only a synonym, the
heading above or the sentence before has it. Then comes what kind of answer the question wants: a
number for `how many`, a reason for `why`. The best are taken one by one, leaving out what repeats.

Source: J. Carbonell and J. Goldstein, "The use of MMR", 1998, for taking one by one; the weights
were set on half of the questions in tests/adapters/offline and confirmed on the other half.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from tenuto.adapters.offline.sentences import Sentence
from tenuto.adapters.offline.words import (
    SYNONYMS,
    content_stems,
    is_negated,
    names_of,
    quantities,
    stem,
    words_of,
)

NAME_WEIGHT: Final = 1.3
MEASURE_WEIGHT: Final = 0.6
GENERIC_WEIGHT: Final = 0.3
SYNONYM_SHARE: Final = 0.7
HEADING_SHARE: Final = 0.7
HEADING_NAME_SHARE: Final = 0.9
"""A heading that names the subject names it for every sentence below."""
MEASURE_SHARE: Final = 0.7
BEFORE_SHARE: Final = 0.4
FOLLOWING_SHARE: Final = 0.85
LIKENESS_MAX: Final = 0.6
"""Sentences that share more of their stems than this say the same."""

_GENERIC_WORDS: Final = """
answer anybody anyone anything describe detail document documents exactly exist explain find
happen happens know list people person somebody someone something
main make mean means name need often part possible question reason really describe talk thing
things way work works
"""
_GENERIC: Final = frozenset(stem(word) for word in _GENERIC_WORDS.split())
"""Words of a question that seldom stand in its answer."""

_MEASURE_WORDS: Final = """
big deep far fast heavy high large long many much often old strong tall wide
"""
MEASURES: Final = frozenset(_MEASURE_WORDS.split())
"""Words after `how` that ask for a number; a number answers them as well as the word does."""

_DIGIT_OR_NUMBER: Final = re.compile(r"\d")
_REASON: Final = re.compile(
    r"\b(?:because|since|so that|reason|therefore|due to|in order to|otherwise|would have)\b", re.I
)
_ASKS_NUMBER: Final = re.compile(rf"\bhow ({'|'.join(sorted(MEASURES))})\b", re.I)
_ASKS_TIME: Final = re.compile(r"\b(?:when|what year|which year|what time|what date)\b", re.I)
_TIME: Final = re.compile(
    r"\b(?:\d{4}|\d{1,2}:\d\d|january|february|march|april|may|june|july|august|september|october|"
    r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|daily|weekly|"
    r"spring|summer|autumn|winter|morning|night)s?\b|\b(?:every|until|after|before|when|once)\b",
    re.I,
)
_ASKS_REASON: Final = re.compile(r"\bwhy\b|\breasons?\b", re.I)
_ASKS_MANNER: Final = re.compile(
    rf"^\s*(?:how (?!{'|'.join(sorted(MEASURES))})|why\b|explain\b|describe\b)", re.I
)
_ASKS_PERSON: Final = re.compile(r"\bwho(?:m|se)?\b", re.I)
_ASKS_NATURE: Final = re.compile(r"^\s*what (?:is|are|was|were)\b", re.I)
_VERB: Final = re.compile(r"is|are|was|were|has|have|means|[a-z]{2,}s")
_WEAK_START: Final = re.compile(
    r"^(?:it|its|this|these|those|they|their|he|she|but|and|so|then)\b", re.I
)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question as what to look for."""

    text: str
    weights: dict[str, float]
    """Stem to how much it matters before rarity is known, in the order of the question."""
    names: frozenset[str]
    measure: str = ""
    """The stem of the word after `how` that asks for a number."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence with how well it answers."""

    sentence: Sentence
    coverage: float
    """Share of the question's weight that it holds, from 0 to 1."""
    score: float


def question_of(text: str) -> Question:
    """Return what to look for when `text` is asked."""
    names = names_of(text)
    asked = _ASKS_NUMBER.search(text)
    measure = stem(asked.group(1)) if asked is not None else ""
    weights: dict[str, float] = {}
    for word in content_stems(text):
        weight = NAME_WEIGHT if word in names else 1.0
        weight = MEASURE_WEIGHT if word == measure else weight
        weights[word] = GENERIC_WEIGHT if word in _GENERIC else weight
    return Question(text=text, weights=weights, names=names, measure=measure)


def rank(question: Question, sentences: Sequence[Sentence]) -> list[Ranked]:
    """Return the sentences, best first; equals by file and line.

    A word of the question that none of them holds stays in the sum, as the rarest of all: what is
    not there lowers every coverage.
    """
    bags = [_bag(sentence) for sentence in sentences]
    weights = _weighed(question, bags)
    total = sum(weights.values()) or 1.0
    ranked: list[Ranked] = []
    for sentence, bag in zip(sentences, bags, strict=True):
        coverage = (
            sum(weight * _share(word, bag, question) for word, weight in weights.items()) / total
        )
        fit = _fit(question.text, sentence) + _announced(question, sentence)
        score = coverage * (1 + fit) - _penalty(sentence)
        score += 0.1 / (1 + sentence.rank)
        ranked.append(Ranked(sentence=sentence, coverage=round(coverage, 6), score=round(score, 6)))
    ranked = _with_what_follows(question, sorted(ranked, key=_order))
    return sorted(ranked, key=_order)


def _order(ranked: Ranked) -> tuple[float, str, int, str]:
    sentence = ranked.sentence
    return -ranked.score, sentence.file, sentence.first_line, sentence.text


def _with_what_follows(question: Question, ranked: list[Ranked]) -> list[Ranked]:
    """Raise what comes after the best sentence, when the question asks for more than a fact.

    The next one of the paragraph, and those after it that have a word of the question too."""
    if not ranked or not _ASKS_MANNER.search(question.text):
        return ranked
    best = ranked[0].sentence
    least = round(FOLLOWING_SHARE * ranked[0].score, 6)
    return [
        msgspec.structs.replace(candidate, score=least)
        if candidate.score < least and _follows(candidate.sentence, best, question)
        else candidate
        for candidate in ranked
    ]


def _follows(sentence: Sentence, best: Sentence, question: Question) -> bool:
    if (sentence.file, sentence.paragraph) != (best.file, best.paragraph):
        return False
    if sentence.before == best.text:
        return True
    shares_word = not question.weights.keys().isdisjoint(content_stems(sentence.text))
    return sentence.first_line >= best.last_line and bool(sentence.before) and shares_word


def take(ranked: Sequence[Ranked], *, limit: int, floor: float) -> list[Ranked]:
    """Return up to `limit` of them that score at least `floor` of the best and do not repeat."""
    taken: list[Ranked] = []
    for candidate in ranked:
        if len(taken) == limit or candidate.score < floor * ranked[0].score:
            break
        if not any(repeats(candidate.sentence.text, other.sentence.text) for other in taken):
            taken.append(candidate)
    return taken


T = TypeVar("T")


def in_reading_order(
    items: Sequence[T], place: Callable[[T], tuple[str, int]], original: Callable[[T], int]
) -> list[T]:
    """Return the items with those of one place together, as they follow each other there.

    Args:
        place: file and line of an item.
        original: where the item stood before it was ranked.
    """
    first: dict[tuple[str, int], int] = {}
    for at, item in enumerate(items):
        first.setdefault(place(item), at)
    return sorted(items, key=lambda item: (first[place(item)], original(item)))


def repeats(text: str, other: str) -> bool:
    """Return whether two texts say the same; with other numbers or a `not` they do not."""
    return (
        likeness(text, other) > LIKENESS_MAX
        and set(quantities(text)) == set(quantities(other))
        and is_negated(text) == is_negated(other)
    )


def likeness(left: str, right: str) -> float:
    """Return the share of stems that two texts have in common, from 0 to 1."""
    one, other = set(content_stems(left)), set(content_stems(right))
    return len(one & other) / len(one | other) if one or other else 1.0


class _Bag(msgspec.Struct, frozen=True):
    own: frozenset[str]
    heading: frozenset[str]
    section: frozenset[str]
    """Of the innermost heading."""
    before: frozenset[str]
    counts: bool
    """It holds a number."""


def _bag(sentence: Sentence) -> _Bag:
    own = f"{sentence.text} {sentence.label} {sentence.columns}"
    return _Bag(
        own=frozenset(content_stems(own)),
        heading=frozenset(content_stems(" ".join((*sentence.heading, _file_words(sentence.file))))),
        section=frozenset(content_stems(sentence.heading[-1] if sentence.heading else "")),
        before=frozenset(content_stems(sentence.before)),
        counts=_counts(sentence.text),
    )


def _file_words(file: str) -> str:
    return re.sub(r"[\W_]+", " ", file.rpartition(".")[0])


def _counts(text: str) -> bool:
    return bool(_DIGIT_OR_NUMBER.search(text)) or any(True for _ in quantities(text))


def _share(word: str, bag: _Bag, question: Question) -> float:
    if word in bag.own:
        return 1.0
    others = SYNONYMS.get(word, frozenset())
    shares = [0.0]
    if others & bag.own:
        shares.append(SYNONYM_SHARE)
    if word in bag.heading:
        about = 1.0 if word in bag.section else HEADING_NAME_SHARE
        shares.append(about if word in question.names else HEADING_SHARE)
    if word in bag.before:
        shares.append(BEFORE_SHARE)
    if word == question.measure and bag.counts:
        shares.append(MEASURE_SHARE)
    return max(shares)


def _weighed(question: Question, bags: Sequence[_Bag]) -> dict[str, float]:
    """Return the weights times rarity among the sentences at hand."""
    weights: dict[str, float] = {}
    for word, weight in question.weights.items():
        others = SYNONYMS.get(word, frozenset())
        # A word that only its synonyms stand for is as common as they are.
        holders = sum(bool(({word} | others) & (bag.own | bag.heading)) for bag in bags)
        weights[word] = weight * math.log(1 + (len(bags) + 1) / (holders + 1))
    return weights


def _fit(question: str, sentence: Sentence) -> float:
    """Return how much the sentence looks like the kind of answer that is wanted."""
    fit = 0.0
    if _ASKS_NUMBER.search(question):
        fit += 0.25 if _counts(sentence.text) else 0.0
    if _ASKS_TIME.search(question) and _TIME.search(sentence.text):
        fit += 0.25
    if _ASKS_REASON.search(question) and _REASON.search(sentence.text):
        fit += 0.2
    if _ASKS_PERSON.search(question) and names_of(sentence.text):
        fit += 0.1
    if _ASKS_NATURE.search(question):
        fit += 0.25 if _opens_with_subject(question, sentence.text) else 0.0
        fit += 0.25 if _is_entry_for(question, sentence) else 0.0
    return fit


def _announced(question: Question, sentence: Sentence) -> float:
    """Return a bonus when the heading right above asks the very question, or names its subject."""
    section = set(content_stems(sentence.heading[-1])) if sentence.heading else set()
    if len(question.weights) > 1 and question.weights.keys() <= section:
        return 0.25
    return 0.15 if question.names and question.names <= section else 0.0


def asks_nature(question: Question) -> bool:
    """Return whether the question is `What is NAME?` and nothing more."""
    only_names = bool(question.names) and question.weights.keys() <= question.names
    return only_names and bool(_ASKS_NATURE.search(question.text))


def tells_nature(question: Question, sentence: Sentence) -> bool:
    """Return whether the sentence says what the named thing is: `NAME is …`, `NAME runs …`, an
    entry for it, or the opening of a section that has its name."""
    words = [stem(word) for word in words_of(sentence.text)]
    while words and words[0] in ("the", "a", "an"):
        del words[0]
    count = len(question.weights)
    opens = set(words[:count]) == question.weights.keys() and len(words) > count
    if opens and _VERB.fullmatch(words_of(sentence.text)[-len(words) :][count]):
        return True
    if _is_entry_for(question.text, sentence):
        return True
    section = set(content_stems(sentence.heading[-1])) if sentence.heading else set()
    return not sentence.before and question.weights.keys() <= section


def _opens_with_subject(question: str, text: str) -> bool:
    opening = {stem(word) for word in words_of(text)[:3]}
    return bool(opening & (names_of(question) or set(content_stems(question))))


def _is_entry_for(question: str, sentence: Sentence) -> bool:
    """Return whether the row explains just what is asked for, as a glossary does."""
    return bool(sentence.label) and set(content_stems(sentence.label)) == set(
        content_stems(question)
    )


def _penalty(sentence: Sentence) -> float:
    words = len(sentence.text.split())
    penalty = 0.0
    if sentence.kind == "row":
        penalty += 0.05
    if sentence.kind == "code":
        penalty += 0.25
    elif words > 60:
        penalty += 0.08
    elif words < 5 and sentence.kind != "row":
        penalty += 0.15
    if sentence.text.endswith("?"):
        penalty += 0.25
    if sentence.text.endswith(":"):
        penalty += 0.12
    if _WEAK_START.match(sentence.text):
        penalty += 0.04
    return penalty
