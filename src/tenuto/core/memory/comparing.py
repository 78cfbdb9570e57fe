"""Whether two texts say the same, or one denies the other. English, from words alone.

Both are told narrowly: what is wrongly merged or superseded is lost, what is wrongly kept twice
costs a row. Numbers before the verb name what is spoken of (`order 4711 was late`), those after it
are values that may change (`the fee is 50 euros`).
"""

import re
from typing import Final

import msgspec

from tenuto.core.memory.stemming import stem_of
from tenuto.core.memory.words import plain_words
from tenuto.core.words import IGNORED_WORDS

SAME_MIN: Final = 0.85
"""Share of words that two texts must have in common to say the same."""
SAME_WORDS_MIN: Final = 0.6
SAME_COSINE_MIN: Final = 0.95
"""... or this share, when their vectors lie this close."""
DENIED_MIN: Final = 0.7
"""Share of the other words that two texts must have in common for one to deny the other."""

_NEGATING: Final = """
no not never none nor neither nobody nothing without hardly cannot cant dont doesnt didnt isnt
arent wasnt werent wont wouldnt shouldnt mustnt couldnt hasnt havent hadnt stopped quit
"""
_TURNING: Final = """
dislike hate avoid disable forbid forbidden ban prohibit reject refuse decrease fall shrink close
after below less lose false private optional absent deny oppose unlike unhappy impossible inactive
invalid unsafe incorrect wrong bad slow late cold
"""
_AFFIRMING: Final = """
like love prefer enable allow permit accept approve increase rise grow open before above more win
true public required present confirm support happy possible active valid safe correct right good
fast early hot always
"""
_NEGATIONS: Final = frozenset(_NEGATING.split())
_CONTRARY: Final = frozenset(stem_of(word) for word in _TURNING.split())
_AFFIRMED: Final = frozenset(stem_of(word) for word in _AFFIRMING.split())
"""Words that stand opposite to those of `_CONTRARY`: they tell no subject from another."""

_VERB: Final = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|must|should|can|may|costs?|needs?|takes?|runs?|listens?"
    r"|starts?|ends?|gets?|\w{2,}ed)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")
_NAME: Final = re.compile(r"(?<=[\w,;:'’] )(?!I\b)[A-Z][\w'’-]*")

_ATTRIBUTES: Final = (
    "name|birthday|address|phone|number|manager|boss|deadline|favou?rite[^.]*|e-?mail|password"
    "|budget|price|cost|fee|owner|lead|time ?zone|language|location|version|port|date|size|limit"
    "|status|colou?r|job|title|capital|employer|partner|husband|wife"
)
_ONE_VALUED: Final = re.compile(
    rf"^(?P<subject>.*?(?:\blives? (?:in|at)\b|\bworks? (?:at|for|as)\b|\bis called\b|\bcall me\b"
    rf"|\bmoved to\b|\b(?:prefers?|wants?) (?:answers?|replies|reports?|e-?mails?) (?:in|by|as)\b"
    rf"|\bis due\b|\bis based in\b|\b(?:{_ATTRIBUTES}) (?:is|are|was)(?: now)?\b))(?P<value>.+)$",
    re.IGNORECASE | re.DOTALL,
)
"""Relations that have one value at a time."""


class Marks(msgspec.Struct, frozen=True):
    """What of a text is compared."""

    words: frozenset[str]
    """Stems of the words that say something, without numbers, negations and opposites."""
    contrary: bool
    named: frozenset[str]
    """Numbers that say which one is spoken of."""
    values: frozenset[str]
    """Numbers that say how it is."""
    names: frozenset[str]
    relation: tuple[frozenset[str], frozenset[str]] | None
    """Of a text that gives something its one value: what it is, and the value."""


def marks_of(text: str) -> Marks:
    """Return the marks of a text."""
    turns, words = 0, set()
    for word in plain_words(text):
        stem = stem_of(word)
        turns += word in _NEGATIONS or stem in _CONTRARY
        neutral = word in _NEGATIONS or stem in _CONTRARY or stem in _AFFIRMED
        if not neutral and word not in IGNORED_WORDS and not word[0].isdigit():
            words.add(stem)
    verb = _VERB.search(text)
    said = verb.start() if verb else len(text)
    numbers = [(found.start(), found[0]) for found in _NUMBER.finditer(text)]
    relation = _ONE_VALUED.match(text)
    return Marks(
        words=frozenset(words),
        contrary=turns % 2 == 1,
        named=frozenset(number for at, number in numbers if at < said),
        values=frozenset(number for at, number in numbers if at >= said),
        names=frozenset(stem_of(word) for word in plain_words(" ".join(_NAME.findall(text)))),
        relation=(_stems(relation["subject"]), _stems(relation["value"])) if relation else None,
    )


def says_the_same(one: Marks, other: Marks, *, cosine: float = 0.0) -> bool:
    """Return whether nothing is lost when one of the texts goes.

    Args:
        cosine: of their vectors; 0 when there are none.
    """
    if one.contrary != other.contrary or _numbers(one) != _numbers(other):
        return False
    different = one.words ^ other.words
    if different & (one.names | other.names):
        return False
    shared = _shared(one.words, other.words)
    return shared >= SAME_MIN or (shared >= SAME_WORDS_MIN and cosine >= SAME_COSINE_MIN)


def denies(newer: Marks, older: Marks) -> bool:
    """Return whether the older text cannot be true any more when the newer one is."""
    if newer.named != older.named:
        return False
    if newer.relation and older.relation:
        (subject, value), (same_subject, other_value) = newer.relation, older.relation
        if subject == same_subject and newer.contrary == older.contrary:
            # One that holds the other only says more, or less, of the same.
            return not value >= other_value and not value <= other_value
    if _shared(newer.words, older.words) < DENIED_MIN:
        return False
    if (newer.words ^ older.words) & (newer.names | older.names):
        return False
    if newer.contrary != older.contrary:
        return newer.values == older.values
    return newer.values != older.values and bool(newer.values and older.values)


def _numbers(marks: Marks) -> frozenset[str]:
    return marks.named | marks.values


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem_of(word) for word in plain_words(text) if word not in IGNORED_WORDS)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of words that are in both. Source: Jaccard (1901)."""
    either = one | other
    return len(one & other) / len(either) if either else 1.0
