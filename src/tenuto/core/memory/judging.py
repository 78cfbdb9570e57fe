"""How much a text is worth remembering, told from its words alone. English.

Nothing is learnt and nobody is asked: the same text is judged the same everywhere. First what
carries nothing is taken away: courtesies, phrases of assistants, boilerplate, addresses, and
sentences that ask or announce. A text of which too little is left is junk. What is left is worth
more the more signs of a fact that holds it shows: numbers, names, dates, preferences, decisions,
rules, causes. In doubt a text is kept: what is dropped is gone, what is kept can be evicted later.
How often both go wrong is measured: docs/benchmarks.md, section "Memory".
"""

import re
from collections.abc import Iterator
from typing import Final

from tenuto.core.memory.judging_words import (
    ANNOUNCEMENTS,
    BOILERPLATE,
    COURTESIES,
    COURTESY_WORDS,
    DANGLING,
    SIGNS,
)
from tenuto.core.memory.words import plain_words
from tenuto.core.words import IGNORED_WORDS

JUNK: Final = 0.0
"""Importance of what is not worth a row."""

JUDGED_CHARS_MAX: Final = 1_000
"""A text is judged by its beginning; what is longer is rarely junk."""

STATEMENT: Final = 0.35
"""Of a plain statement."""

_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S+|^\S+://\S+", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[^.!?…\n]*(?:[.!?…](?=\S)[^.!?…\n]*)*[.!?…]*\s*", re.DOTALL)
_NUMBER: Final = re.compile(r"\d")
_NAME: Final = re.compile(r"(?<=[\w,;:'’] )['\"“(]?(?!I\b)[A-Z][\w'’-]+|\b[A-Z]{2,}\b")
_VOWEL: Final = re.compile(r"[aeiouyàâäáãåèéêëìíîïòóôöõùúûüæœ0-9]", re.IGNORECASE)


def is_junk(text: str) -> bool:
    """Return whether the text says nothing that could be of use later."""
    return importance_of(text) == JUNK


def importance_of(text: str) -> float:
    """Return from 0, junk, to 1 how much the text is worth remembering."""
    text = text[:JUDGED_CHARS_MAX]
    if any(pattern.search(text) for pattern in BOILERPLATE):
        return JUNK
    rest = " ".join(_stating(text)).strip()
    telling = _telling(rest)
    has_fact = bool(_NUMBER.search(rest) or _NAME.search(rest))
    if not telling or _is_noise(telling):
        return JUNK
    signs = [weight for pattern, weight in SIGNS if pattern.search(rest)]
    # A word is enough where it answers a question that stands before it.
    is_bare = len(telling) < 2 and telling[0].isascii() and "?" not in text
    if is_bare and not has_fact and not signs:
        return JUNK
    if plain_words(rest)[-1] in DANGLING and not has_fact:
        return JUNK
    worth = STATEMENT + sum(signs)
    worth += 0.15 * bool(_NUMBER.search(rest)) + 0.1 * bool(_NAME.search(rest))
    return round(min(1.0, max(0.05, worth)), 3)


def _stating(text: str) -> Iterator[str]:
    """Give the sentences that state something, without what is only polite in them."""
    text = _ADDRESS.sub(" ", text)
    for sentence in _SENTENCE.findall(text):
        for pattern in COURTESIES:
            sentence = pattern.sub(" ", sentence)
        asks = sentence.rstrip().rstrip("\"'”’)").endswith("?")
        announces = any(pattern.search(sentence) for pattern in ANNOUNCEMENTS)
        if sentence.strip() and not asks and not announces:
            yield sentence.strip()


def _telling(text: str) -> list[str]:
    return [
        word
        for word in plain_words(text)
        if word not in IGNORED_WORDS and word not in COURTESY_WORDS
    ]


def _is_noise(words: list[str]) -> bool:
    """Return whether the words are one again and again, or no words at all."""
    if len(words) > 1 and len(set(words)) == 1:
        return True
    return all(
        word.isascii() and (len(set(word)) < 3 <= len(word) or not _VOWEL.search(word))
        for word in words
    )
