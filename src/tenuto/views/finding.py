"""Finding events by what they say."""

from collections.abc import Callable

import msgspec

from tenuto.core.session import events as e


def finder(query: str) -> Callable[[e.SessionEvent], bool]:
    """Return what says whether an event holds every word of a query, in capital or small letters.

    An event says its kind and its values: texts, numbers, names of what they are names of."""
    encode = msgspec.json.Encoder().encode
    words = query.lower().split()
    # As JSON writes them: a quotation mark has a stroke before it.
    written = [encode(word)[1:-1] for word in words]
    if query.isascii():
        return lambda event: _holds_all(encode(event).lower(), written)
    texts = [word.decode() for word in written]
    return lambda event: all(text in encode(event).decode().lower() for text in texts)


def _holds_all(text: bytes, words: list[bytes]) -> bool:
    return all(word in text for word in words)
