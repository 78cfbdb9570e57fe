"""What a user prefers in reports, and what follows from it.

`recall` and `remember` are the two places where a memory comes in: until there is one, preferences
come with the inputs of a session and go out with its output.
"""

from collections.abc import Mapping
from typing import Any, Final

import tenuto

WORDS: Final[Mapping[str, Mapping[str, int]]] = {
    "short": {"answer": 80, "findings": 300},
    "normal": {"answer": 250, "findings": 2_000},
    "long": {"answer": 500, "findings": 5_000},
}
"""How many words a draft may have, citations not counted, by the wish `length`."""

EMPHASIS_MAX: Final = 5
"""Topics that are remembered; the latest stay."""


def recall(ctx: tenuto.Context, given: dict[str, Any]) -> dict[str, Any]:
    """Return the preferences that a session begins with."""
    return kept(given)


def remember(ctx: tenuto.Context, preferences: dict[str, Any]) -> dict[str, Any]:
    """Put on record what the user was found to prefer, and return it for the next session."""
    if preferences:
        ctx.note("preferences", preferences)
    return {"preferences": preferences}


def learned(before: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """Return the preferences with `news` over them; topics of emphasis add up."""
    topics = [*before.get("emphasis", ()), *_texts(news.get("emphasis"))]
    latest = list(dict.fromkeys(reversed(topics)))[:EMPHASIS_MAX]
    merged = {**before, **{name: value for name, value in news.items() if value}}
    return {**merged, **({"emphasis": latest[::-1]} if latest else {})}


def kept(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state that follows from preferences: themselves, and the words a draft may
    have."""
    length = preferences.get("length", "normal")
    return {"preferences": dict(preferences), "words_max": dict(WORDS[length])}


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
