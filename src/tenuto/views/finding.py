"""Finding events by what they say."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core.session import events as e

BATCH: Final = 250
"""Events that are looked at together: where a word stands in none of them, none is looked at by
itself."""

_encode: Final = msgspec.json.Encoder().encode


class Finder:
    """Says which events hold every word of a query, in capital or small letters.

    An event says its kind and its values: texts, numbers, names of what they are names of."""

    def __init__(self, query: str) -> None:
        # As JSON writes them: a quotation mark has a stroke before it.
        self._words = [_encode(word)[1:-1] for word in query.lower().split()]
        self._is_ascii = query.isascii()

    def found(self, events: Sequence[e.SessionEvent]) -> list[int]:
        """Return the places of those that do, in order."""
        if not self._holds(events):
            return []
        return [place for place, event in enumerate(events) if self._holds(event)]

    def _holds(self, said: e.SessionEvent | Sequence[e.SessionEvent]) -> bool:
        text = _encode(said)
        low = text.lower() if self._is_ascii else text.decode().lower().encode()
        return all(word in low for word in self._words)
