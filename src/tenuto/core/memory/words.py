"""Texts as the words that memory is searched by, and how well texts fit the words of a question.

A word is taken without case, accents and apostrophes and brought to its stem. A run of Chinese or
Japanese, where no space parts words, is taken as its pairs of characters.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import pairwise
from typing import Final, TypeVar

from tenuto.core.memory.stemming import stem_of
from tenuto.core.words import IGNORED_WORDS

ASKED_WORDS_MAX: Final = 32
"""Words of a question beyond this many are ignored."""

WORD_CHARS_MAX: Final = 64
"""What is longer is no word that anybody asks for: it is found by its beginning."""

SATURATION: Final = 1.2
LENGTH_SHARE: Final = 0.75
"""BM25's k1 and b. Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009)."""

_APOSTROPHES: Final = str.maketrans("", "", "'’ʼ")
_WORD: Final = re.compile(r"[^\W_]+")
_UNSPACED: Final = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)")

K = TypeVar("K", bound=Hashable)


def plain_words(text: str) -> list[str]:
    """Return the words of `text` in order, as they stand but for case, accents and apostrophes."""
    folded = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    letters = "".join(mark for mark in folded if not unicodedata.combining(mark))
    return _WORD.findall(unicodedata.normalize("NFC", letters))


def words_of(text: str) -> Counter[str]:
    """Return the stems of the words of `text`, and how often each stands there."""
    return Counter(stem for word in plain_words(text) for stem in _stems(word))


def asked_words(text: str) -> tuple[str, ...]:
    """Return the stems that a question looks for: those that say something, if any does."""
    words = plain_words(text)
    telling = [word for word in words if word not in IGNORED_WORDS] or words
    stems = (stem for word in telling for stem in _stems(word))
    return tuple(dict.fromkeys(stems))[:ASKED_WORDS_MAX]


FEW: Final = 500


def is_frequent(held: int, looked_at: int) -> bool:
    """Return whether a word that `held` texts hold tells them apart too little to be counted.

    What more than half of the texts hold weighs a tenth of a rare word in BM25, and costs most of
    the time. It is counted when a question has no other word that any text holds, and among few
    texts: there it costs nothing, and half of them says nothing about a word."""
    return looked_at > FEW and 2 * held > looked_at


def bm25(postings: Mapping[str, Mapping[K, int]], lengths: Mapping[K, int]) -> dict[K, float]:
    """Return the score of each text that holds a word of the question.

    Args:
        postings: of each word asked for, how often which text holds it.
        lengths: words of each text that is looked at, also of those without a word asked for: how
            rare a word is shows in them alone. A text that is not among them is left out.
    """
    scores: dict[K, float] = {}
    mean = sum(lengths.values()) / len(lengths) if lengths else 0.0
    for holders in postings.values():
        held = {key: count for key, count in holders.items() if key in lengths}
        rarity = math.log(1 + (len(lengths) - len(held) + 0.5) / (len(held) + 0.5))
        for key, count in held.items():
            length = 1 - LENGTH_SHARE + LENGTH_SHARE * lengths[key] / (mean or 1.0)
            weight = count * (SATURATION + 1) / (count + SATURATION * length)
            scores[key] = scores.get(key, 0.0) + rarity * weight
    return scores


def _stems(word: str) -> Iterator[str]:
    for part in _UNSPACED.split(word):
        if not part:
            continue
        if _UNSPACED.fullmatch(part) and len(part) > 1:
            yield from (one + other for one, other in pairwise(part))
        else:
            yield stem_of(part[:WORD_CHARS_MAX])
