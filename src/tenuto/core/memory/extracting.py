"""A summary that no model wrote: the most central sentences, word for word.

A sentence is the more central, the more of what the others say stands in it too. Each text has its
say before any has a second one; where all of them fit, nothing is lost.
Source: degree centrality over sentences, Erkan and Radev, LexRank (2004).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import msgspec

from tenuto.core.memory.items import MemoryItem
from tenuto.core.memory.words import asked_words, plain_words

_END: Final = re.compile(r"(?<=[.!?…。])[\"'”’)]*\s+(?=[\"'“‘(]*[^\W\d_a-z])|\s*\n\s*")
_SENTENCES_MAX: Final = 200
"""Of one text; what comes later is not looked at."""


class Extract(msgspec.Struct, frozen=True, kw_only=True):
    """Sentences, and where each comes from."""

    text: str
    """One sentence a line."""
    sources: tuple[str, ...]
    """Of each line the id of its item."""


class _Sentence(msgspec.Struct, frozen=True, kw_only=True):
    item: int
    place: int
    text: str
    words: frozenset[str]


def extract(items: Sequence[MemoryItem], *, chars_max: int) -> Extract:
    """Return the most central sentences of some items, at least one, oldest item first.

    Args:
        chars_max: of the text. Where each item's best sentence takes more than its share, it is
            cut: every item is told in it.
    """
    items = sorted(items, key=lambda item: (item.created_ms, item.id))
    ranked = _ranked(items)
    longest = _longest([len(mine[0].text) + 1 for mine in ranked if mine], chars_max + 1) - 1
    room = chars_max + 1
    taken: list[_Sentence] = []
    for number, rank in enumerate(zip_longest(*ranked)):
        for one in rank:
            if one is None:
                continue
            if not number:
                one = msgspec.structs.replace(one, text=_cut(one.text, longest))
            if len(one.text) + 1 <= room:
                room -= len(one.text) + 1
                taken.append(one)
    taken.sort(key=lambda one: (one.item, one.place))
    return Extract(
        text="\n".join(one.text for one in taken),
        sources=tuple(items[one.item].id for one in taken),
    )


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, lines for themselves."""
    return [part.strip() for part in _END.split(text) if part.strip()][:_SENTENCES_MAX]


def _ranked(items: Sequence[MemoryItem]) -> list[list[_Sentence]]:
    """Return the sentences of each item, the most central first; what was said before is left
    out, unless it is all that an item says."""
    seen: set[tuple[str, ...]] = set()
    said: list[list[_Sentence]] = []
    for number, item in enumerate(items):
        mine: list[_Sentence] = []
        for place, text in enumerate(sentences_of(item.text)):
            key = tuple(plain_words(text)) or (text,)
            if key not in seen:
                seen.add(key)
                words = frozenset(asked_words(text))
                mine.append(_Sentence(item=number, place=place, text=text, words=words))
        said.append(mine)
    every = [one for mine in said for one in mine]
    held = Counter(word for one in every for word in one.words)
    weight = {word: math.log(1 + len(every) / count) for word, count in held.items()}

    def centrality(one: _Sentence) -> float:
        shared = math.fsum(weight[word] * (held[word] - 1) for word in one.words)
        return shared / math.sqrt(len(one.words) or 1)

    return [sorted(mine, key=lambda one: (-round(centrality(one), 9), one.place)) for mine in said]


def _longest(lengths: Sequence[int], room: int) -> int:
    """Return to what length texts are to be cut, that all of them together find room."""
    left = sorted(lengths)
    while left and left[0] * len(left) <= room:
        room -= left.pop(0)
    return max(2, room // len(left)) if left else max(lengths)


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[: max(0, chars - 1)].rstrip()}…"
