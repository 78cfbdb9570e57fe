"""Whether two statements agree, contradict each other, or are about different things.

Only what can be told from the words is judged: the same subject with another number of the same
unit, with a `not` on one side, or with an opposite. All else is `unrelated`, since a wrong alarm
costs the reader more trust than a missed one.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.adapters.offline.words import (
    NEGATIONS,
    OPPOSITES,
    content_stems,
    is_negated,
    names_of,
    quantities,
    stem,
    words_of,
)

Relation: TypeAlias = Literal["agrees", "disagrees", "unrelated"]

SHARED_STEMS_MIN: Final = 4
SHARED_STEMS_OPPOSED_MIN: Final = 3
"""Opposites say more than numbers do: fewer other words need to be shared."""
OVERLAP_MIN: Final = 0.7
"""Share of the shorter statement's stems that the other must have, its headings counted."""
NEGATION_LIKENESS_MIN: Final = 0.7
"""A `not` turns only what is otherwise nearly the same statement, whole against whole."""
AGREEMENT_LIKENESS_MIN: Final = 0.5


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence with the headings that say what it is about."""

    text: str
    heading: tuple[str, ...] = ()
    label: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How one statement stands to another, and why in words."""

    relation: Relation
    reason: str = ""


_UNRELATED: Final = Comparison(relation="unrelated")


def compare(claim: Statement, other: Statement) -> Comparison:
    """Return how `other` stands to `claim`."""
    opposite = _opposite(claim, other)
    if opposite and _same_subject(claim, other, apart_from=frozenset(map(stem, opposite))):
        reason = f"{opposite[0]!r} here, {opposite[1]!r} there"
        return Comparison(relation="disagrees", reason=reason)
    if not _same_subject(claim, other):
        return _UNRELATED
    for found in (_other_number(claim, other), _negated(claim, other)):
        if found:
            return Comparison(relation="disagrees", reason=found)
    if _likeness(claim, other) >= AGREEMENT_LIKENESS_MIN:
        return Comparison(relation="agrees")
    return _UNRELATED


def _stems(statement: Statement) -> set[str]:
    """Return what the statement is about; its numbers are compared apart from that."""
    stems = content_stems(f"{statement.label} {statement.text}")
    return {word for word in stems if not word.isdigit()}


def _heading_stems(statement: Statement) -> set[str]:
    return set(content_stems(" ".join(statement.heading)))


def _same_subject(
    claim: Statement, other: Statement, *, apart_from: frozenset[str] = frozenset()
) -> bool:
    one, two = _stems(claim) - apart_from, _stems(other) - apart_from
    shared = (one & (two | _heading_stems(other))) | (two & (one | _heading_stems(claim)))
    if len(shared) < (SHARED_STEMS_OPPOSED_MIN if apart_from else SHARED_STEMS_MIN):
        return False
    names, other_names = _names(claim), _names(other)
    # Two names that differ: the same thing is said of two things.
    if names and other_names and not (names & other_names):
        return False
    shorter = min((one, two), key=len)
    return len(shared & (shorter | _heading_stems(other))) >= OVERLAP_MIN * max(len(shorter), 1)


def _names(statement: Statement) -> frozenset[str]:
    own = names_of(f". {statement.text}") | frozenset(content_stems(statement.label))
    own = frozenset(name for name in own if not any(char.isdigit() for char in name))
    # A sentence that names nothing is about what its headings name. One capital tells no name,
    # since every heading begins with one.
    return own or frozenset(
        stem(word)
        for title in statement.heading
        if len(words_of(title)) > 1 and all(word[0].isupper() for word in words_of(title))
        for word in words_of(title)
    )


def _other_number(claim: Statement, other: Statement) -> str:
    one, two = _by_unit(claim.text), _by_unit(other.text)
    for unit in one:
        if unit in two and not (one[unit] & two[unit]):
            return f"{_listed(one[unit])} here, {_listed(two[unit])} there ({unit})"
    return ""


def _by_unit(text: str) -> dict[str, set[str]]:
    units: dict[str, set[str]] = {}
    for value, unit in quantities(text):
        units.setdefault(unit, set()).add(value)
    return units


def _listed(values: set[str]) -> str:
    return " and ".join(sorted(values))


def _opposite(claim: Statement, other: Statement) -> tuple[str, str] | None:
    """Return the words in which they are opposed."""
    one = {stem(word): word for word in words_of(claim.text)}
    two = {stem(word): word for word in words_of(other.text)}
    for left, right in OPPOSITES:
        if left not in one or right not in two or left in two or right in one:
            continue
        # `never` is a denial itself: against `always` it need not be one on both sides.
        denies = left in NEGATIONS or right in NEGATIONS
        if denies or is_negated(claim.text) == is_negated(other.text):
            return one[left], two[right]
    return None


def _negated(claim: Statement, other: Statement) -> str:
    if is_negated(claim.text) == is_negated(other.text):
        return ""
    if _likeness(claim, other) < NEGATION_LIKENESS_MIN:
        return ""
    return "one of them says that it is not so"


def _likeness(claim: Statement, other: Statement) -> float:
    one, two = _stems(claim), _stems(other)
    return len(one & two) / len(one | two) if one | two else 0.0
