"""An embedder without a model: every word, pair of words and piece of a word has a place.

A feature's place and sign come from a hash, and a text is the sum of its features, brought to unit
length. Words that look alike (`painter`, `painted`) share pieces, so their texts lie near each
other; words that only mean alike (`car`, `automobile`) do not. The signs let features that fall on
one place cancel out instead of adding up.
Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009); pieces of
words as in Bojanowski et al., Enriching Word Vectors with Subword Information (2017).

The same text has the same vector in every process and on every machine: the hash is BLAKE2, not
Python's own, which is salted.
"""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tenuto.core.errors import Rejected
from tenuto.ports.collections import IGNORED_WORDS

DIMENSIONS: Final = 512
DIMENSIONS_MIN: Final = 16
"""Below this, places are shared by so many words that nothing can be told apart."""

DIMENSIONS_MAX: Final = 65_536

WORD_WEIGHT: Final = 1.0
PAIR_WEIGHT: Final = 0.5
"""A pair of neighbours carries the order of words."""

PIECES_WEIGHT: Final = 1.0
"""Of all pieces of a word together, however long it is."""

IGNORED_WEIGHT: Final = 0.25
"""`the` and `of` say little of what a text is about."""

PIECE_CHARS: Final = (3, 4, 5)

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
_WORDS_REMEMBERED: Final = 20_000

_Place = tuple[int, float]
"""An index into the vector and what is added there."""


class HashingEmbedder:
    """An `Embedder` that needs nothing: no download, no network, no time to speak of.

    Args:
        dimensions: length of the vectors, 16 to 65 536. More of them tell more words apart.

    Raises:
        Rejected: there are too few dimensions, or too many.
    """

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        if not DIMENSIONS_MIN <= dimensions <= DIMENSIONS_MAX:
            raise Rejected(
                f"An embedder cannot have {dimensions} dimensions; "
                f"give it {DIMENSIONS_MIN} to {DIMENSIONS_MAX}."
            )
        self._dimensions = dimensions

    @property
    def name(self) -> str:
        """Return `hashing-1` and the number of dimensions; another way to hash has another name."""
        return f"hashing-1:{self._dimensions}"

    @property
    def dimensions(self) -> int:
        """Return the length of every vector."""
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of unit length for each text, all zeros for one without a word."""
        return [self._embedded(text) for text in texts]

    def _embedded(self, text: str) -> list[float]:
        words = words_of(text)
        sums = [0.0] * self._dimensions
        for word, count in Counter(words).items():
            # The tenth `boat` in a text says less than the first.
            often = 1 + math.log(count)
            for place, weight in _of_word(word, self._dimensions):
                sums[place] += often * weight
        for (first, second), count in Counter(pairwise(words)).items():
            weight = PAIR_WEIGHT * min(_importance(first), _importance(second))
            place, sign = _place(f"2 {first} {second}", self._dimensions)
            sums[place] += (1 + math.log(count)) * weight * sign
        length = math.sqrt(sum(value * value for value in sums))
        return [value / length for value in sums] if length else sums


def words_of(text: str) -> list[str]:
    """Return the words of `text` in order: without case, and without forms that look the same."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


@lru_cache(maxsize=_WORDS_REMEMBERED)
def _of_word(word: str, dimensions: int) -> tuple[_Place, ...]:
    importance = _importance(word)
    place, sign = _place(f"1 {word}", dimensions)
    places = [(place, WORD_WEIGHT * importance * sign)]
    pieces = list(_pieces(word))
    for piece in pieces:
        place, sign = _place(f"3 {piece}", dimensions)
        # Divided so that all pieces together are as long as the weight says.
        places.append((place, PIECES_WEIGHT * importance * sign / math.sqrt(len(pieces))))
    return tuple(places)


def _pieces(word: str) -> Iterator[str]:
    """Yield the parts of a word; its ends are marked, for how it begins and ends says more."""
    marked = f"<{word}>"
    for size in PIECE_CHARS:
        for at in range(len(marked) - size + 1):
            yield marked[at : at + size]


def _importance(word: str) -> float:
    return IGNORED_WEIGHT if word in IGNORED_WORDS else 1.0


@lru_cache(maxsize=_WORDS_REMEMBERED)
def _place(feature: str, dimensions: int) -> tuple[int, float]:
    # A lone surrogate is no UTF-8; it is still part of a text.
    digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    return (number >> 1) % dimensions, 1.0 if number & 1 else -1.0
