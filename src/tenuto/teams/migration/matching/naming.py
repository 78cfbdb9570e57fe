"""How alike two names are, by the words in them and what these mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from tenuto.teams.migration.lexicon import Said, guessed

GENERIC: Final = frozenset(
    "id number code name date time type flag description note amount text value list table".split()  # noqa: SIM905  (words)
)
"""Meanings that many columns share: that they agree says little."""
GENERIC_WEIGHT: Final = 0.6
CONTEXT_WEIGHT: Final = 0.2
"""Of a word that the name of the table says already."""
MEANS_THE_SAME: Final = 0.92
MAY_MEAN_THE_SAME: Final = 0.8
GUESSED_THE_SAME: Final = 0.65
ALIKE_FROM: Final = 0.88

_RELATED: Final = """
id number 0.75 | id code 0.5 | number code 0.7 | id reference 0.5 | id uuid 0.6
name title 0.7 | name description 0.5 | full name 0.6 | last name 0.6 | display name 0.6
price amount 0.7 | price total 0.45 | total amount 0.75 | total net 0.5 | tax percent 0.5
discount percent 0.6 | balance amount 0.6 | salary amount 0.5 | salary payment 0.6
description note 0.65 | description content 0.7 | note content 0.65 | note comment 0.9
description comment 0.6 | description title 0.4 | category type 0.75 | category genre 0.7
status flag 0.5 | status active 0.5 | flag active 0.7 | discontinued active 0.4
cancelled status 0.4 | approved status 0.4 | phone mobile 0.65 | phone fax 0.2 | postal code 0.5
region territory 0.75 | city region 0.2 | region country 0.2 | address street 0.75
customer person 0.5 | customer company 0.45 | customer user 0.6 | customer account 0.5
employee person 0.5 | employee user 0.4 | contact person 0.65 | supplier company 0.5
user person 0.6 | user account 0.8 | agent employee 0.6 | agent supplier 0.3 | patient person 0.4
quantity amount 0.65 | quantity number 0.5 | quantity stock 0.5 | stock warehouse 0.5
shipped shipper 0.6 | shipper supplier 0.3 | freight shipped 0.6 | date time 0.6
created date 0.5 | created start 0.5 | updated date 0.4 | start date 0.4 | end date 0.4
end due 0.7 | due date 0.4 | hire start 0.6 | hire created 0.4 | deleted end 0.3
order purchase 0.9 | order sale 0.6 | order line 0.3 | order booking 0.4 | invoice payment 0.5
invoice order 0.3 | sale invoice 0.5 | line product 0.2 | department team 0.5 | role title 0.6
role type 0.4 | manager parent 0.6 | manager employee 0.3 | level priority 0.5 | size length 0.5
duration length 0.7 | duration time 0.5 | image path 0.5 | path website 0.4 | author artist 0.5
artist composer 0.6 | track product 0.2 | media type 0.4 | book product 0.3 | loan rental 0.8
booking order 0.4 | room unit 0.3 | score level 0.5 | measurement result 0.5 | method type 0.5
sequence number 0.6 | sequence line 0.4 | version number 0.3 | unit measurement 0.4
warehouse branch 0.4 | branch company 0.3 | branch department 0.4 | source reference 0.3
doctor employee 0.4 | teacher employee 0.4 | teacher person 0.3 | student person 0.4
doctor person 0.3 | treatment event 0.2 | booking event 0.5 | event log 0.4 | task event 0.2
reason note 0.4 | reason description 0.4 | consent approved 0.6 | model type 0.4 | brand company 0.4
"""


@cache
def _related() -> dict[frozenset[str], float]:
    found: dict[frozenset[str], float] = {}
    for entry in _RELATED.replace("\n", "|").split("|"):
        if entry.strip():
            one, other, share = entry.split()
            found[frozenset({one, other})] = float(share)
    return found


Word = tuple[str, frozenset[str]]


def words_of(said: Said) -> tuple[Word, ...]:
    """Return the words of a name with their meanings."""
    return tuple(zip(said.tokens, said.meanings, strict=True))


@cache
def word_likeness(one: Word, other: Word) -> float:
    """Return from 0 to 1 how likely two words mean the same."""
    from rapidfuzz.distance import JaroWinkler

    (a, meant_a), (b, meant_b) = one, other
    if a == b:
        return 1.0
    both = meant_a & meant_b
    if both:
        certain = len(meant_a) == 1 and len(meant_b) == 1
        return MEANS_THE_SAME if certain else MAY_MEAN_THE_SAME
    best = max(
        (_related().get(frozenset({x, y}), 0.0) for x in meant_a for y in meant_b), default=0.0
    )
    if meant_a and meant_b:
        return best
    guesses_a, guesses_b = meant_a or guessed(a), meant_b or guessed(b)
    if guesses_a & guesses_b:
        best = max(best, GUESSED_THE_SAME)
    alike = JaroWinkler.normalized_similarity(a, b)
    if alike >= ALIKE_FROM and min(len(a), len(b)) >= 4:
        best = max(best, 0.85 * alike)
    short, long = sorted((a, b), key=len)
    if is_short_for(short, long):
        best = max(best, 0.45 + 0.35 * len(short) / len(long))
    return best


def is_short_for(short: str, long: str) -> bool:
    """Return whether a word may stand for a longer one: it begins alike, and its letters come in
    the same order."""
    if not (2 <= len(short) < len(long)) or short[0] != long[0]:
        return False
    rest = iter(long)
    return all(letter in rest for letter in short)


def likeness(
    one: Sequence[Word],
    other: Sequence[Word],
    context_one: frozenset[str] = frozenset(),
    context_other: frozenset[str] = frozenset(),
) -> float:
    """Return from 0 to 1 how alike two names are.

    Args:
        context_one: what the name of the table says already.
        context_other: the same of the other name's table.
    """
    if not one or not other:
        return 0.0
    weights_one = [_weight(word, context_one) for word in one]
    weights_other = [_weight(word, context_other) for word in other]
    pairs = sorted(
        (
            (word_likeness(a, b), -abs(i - j), i, j)
            for i, a in enumerate(one)
            for j, b in enumerate(other)
        ),
        reverse=True,
    )
    taken_one: set[int] = set()
    taken_other: set[int] = set()
    shared = 0.0
    for alike, _, i, j in pairs:
        if alike <= 0.0:
            break
        if i not in taken_one and j not in taken_other:
            taken_one.add(i)
            taken_other.add(j)
            shared += alike * (weights_one[i] + weights_other[j])
    return shared / (sum(weights_one) + sum(weights_other))


def _weight(word: Word, context: frozenset[str]) -> float:
    _, meant = word
    if meant and meant & context:
        return CONTEXT_WEIGHT
    return GENERIC_WEIGHT if meant & GENERIC else 1.0
