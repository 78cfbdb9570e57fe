"""From a name to its words, and to what they mean."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

import msgspec

from tenuto.teams.migration.lexicon.words import COMPOUNDS, MEANINGS, STOPWORDS

_PARTS: Final = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")
_LONG_ENOUGH: Final = 3
GUESSED_FROM: Final = 4
"""Letters; shorter words may mean anything."""
GUESSES_MAX: Final = 4
_LINKS: Final = ("", "s", "n", "en", "es", "er", "e")
"""Between the parts of German compounds."""


class Said(msgspec.Struct, frozen=True):
    """What a name says."""

    tokens: tuple[str, ...]
    """Its words, in plain small letters, without those that say nothing."""
    meanings: tuple[frozenset[str], ...]
    """Of each token what it may mean; empty: no known word."""

    @property
    def all(self) -> frozenset[str]:
        """Whatever any of its words may mean."""
        return frozenset().union(*self.meanings)


def plain(text: str) -> str:
    """Return letters without their marks: ä is ae, ß is ss, é is e."""
    for letter, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("œ", "oe")):
        text = text.replace(letter, two).replace(letter.upper(), two.capitalize())
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(letter)
    )


@cache
def said_by(name: str) -> Said:
    """Return the words of a name and what they mean; the same name gives the same."""
    raw = [part.lower() for part in _PARTS.findall(plain(name))]
    whole = "".join(raw)
    if whole in _lexicon() or whole in _compounds():
        raw = [whole]
    tokens: list[str] = []
    meanings: list[frozenset[str]] = []
    for part in raw:
        for token in _divided(part):
            if token in STOPWORDS and len(raw) > 1:
                continue
            for meant in _meant(token):
                tokens.append(token)
                meanings.append(meant)
    return Said(tuple(tokens), tuple(meanings))


@cache
def _lexicon() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in MEANINGS.strip().replace("\n  ", " ").splitlines():
        meaning, _, words = line.partition(":")
        for word in words.replace("|", " ").split():
            found.setdefault(word, set()).add(meaning)
    return {word: frozenset(meanings) for word, meanings in found.items()}


@cache
def _compounds() -> dict[str, tuple[str, ...]]:
    lines = (line.partition(":") for line in COMPOUNDS.strip().splitlines())
    return {word: tuple(meanings.split()) for word, _, meanings in lines}


def _known(word: str) -> str | None:
    """Return the form of a word that the lexicon has: as it is, or without its ending."""
    if word in _lexicon() or word in _compounds():
        return word
    if len(word) > _LONG_ENOUGH:
        for ending, instead in (
            ("ies", "y"),
            ("es", ""),
            ("s", ""),
            ("nen", ""),
            ("en", ""),
            ("n", ""),
            ("e", ""),
            ("er", ""),
            ("os", "o"),
            ("as", "a"),
            ("ada", "ado"),
            ("ida", "ido"),
            ("ee", "e"),
            ("a", "o"),
            ("aux", "al"),
            ("ed", ""),
            ("ed", "e"),
            ("ing", ""),
        ):
            if word.endswith(ending):
                base = word[: -len(ending)] + instead
                if len(base) >= _LONG_ENOUGH and (base in _lexicon() or base in _compounds()):
                    return base
    return None


def _meant(token: str) -> tuple[frozenset[str], ...]:
    known = _known(token)
    if known is None:
        return (frozenset(),)
    if known in _compounds():
        return tuple(frozenset({meaning}) for meaning in _compounds()[known])
    return (_lexicon()[known],)


@cache
def _divided(word: str) -> tuple[str, ...]:
    """Return the words that a word is made of, where all of it is known; else itself.

    The fewest parts win, of those the ones with the longest shortest part.
    """
    if _known(word) or len(word) < 2 * _LONG_ENOUGH or word.isdigit():
        return (word,)
    found = _divisions(word, 4)
    if not found:
        return (word,)
    return min(found, key=lambda parts: (len(parts), -min(len(part) for part in parts), parts))


def _divisions(word: str, most: int) -> list[tuple[str, ...]]:
    if not word:
        return [()]
    if most == 0:
        return []
    found: list[tuple[str, ...]] = []
    for end in range(len(word), 1, -1):
        part, rest = word[:end], word[end:]
        if _known(part) is None or (rest and len(part) < _LONG_ENOUGH):
            continue
        if not rest:
            found.append((part,))
            continue
        for link in _LINKS:
            if rest.startswith(link) and (rest != link or not link):
                found += [(part, *more) for more in _divisions(rest[len(link) :], most - 1)]
    return found


@cache
def guessed(token: str) -> frozenset[str]:
    """Return what a word may mean that the lexicon does not have, by words that begin alike: those
    of languages near to its own, and words that were cut off."""
    if len(token) < GUESSED_FROM or token.isdigit():
        return frozenset()
    found: set[str] = set()
    for word, meanings in _lexicon().items():
        if len(word) < GUESSED_FROM:
            continue
        shared = _shared_prefix(token, word)
        shorter, longer = sorted((len(token), len(word)))
        is_cut = shared == shorter and shorter >= GUESSED_FROM and longer - shorter <= 8
        is_kin = shared >= max(GUESSED_FROM, 0.6 * longer)
        if is_cut or is_kin:
            found |= meanings
    return frozenset(found) if len(found) <= GUESSES_MAX else frozenset()


def _shared_prefix(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
