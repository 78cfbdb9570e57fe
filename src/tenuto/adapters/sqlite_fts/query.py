"""Any text into a query of FTS5's own language, none of which comes from the text."""

import re
from itertools import pairwise
from typing import Final

import msgspec

from tenuto.ports.collections import IGNORED_WORDS, QUERY_TERMS_MAX

_WORD: Final = re.compile(r"[^\W_]+")
_QUOTED: Final = re.compile(r'"([^"]*)"')


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: words, and runs of words that count extra when they stand together."""

    terms: tuple[str, ...]
    phrases: tuple[str, ...]
    match: str
    """The expression for FTS5; empty when there is nothing to look for."""


def build_query(text: str) -> Query:
    """Return the query for `text`. Words in double quotes, and neighbours, are tried as phrases."""
    quoted = [" ".join(_words(part)) for part in _QUOTED.findall(text)]
    words = _words(text)
    kept = [word for word in words if word not in IGNORED_WORDS] or words
    terms = tuple(dict.fromkeys(kept))[:QUERY_TERMS_MAX]
    # Neighbours in the question that are neighbours in a passage say more than both words apart:
    # FTS5 weighs a phrase as one rare word.
    pairs = [
        f"{left} {right}" for left, right in pairwise(words) if left in terms and right in terms
    ]
    phrases = tuple(dict.fromkeys(phrase for phrase in [*quoted, *pairs] if " " in phrase))
    phrases = phrases[:QUERY_TERMS_MAX]
    # Letters and digits only, each in quotes: no operator, column filter or star can get through.
    match = " OR ".join(f'"{part}"' for part in (*terms, *phrases))
    return Query(terms=terms, phrases=phrases, match=match)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text.replace("'", ""))]
