"""What a user prefers in reports, what follows from it, and how it is remembered.

A session begins with what the memory of the team has for its user, and what its inputs say over it.
What the user was found to prefer goes back there, and out with the session's output.
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


KEY: Final = "research: how reports should be"
"""Under which the memory holds what a user prefers."""

AWAY: Final = "memory.away"
"""Kind of the note that tells that a session went without what is remembered."""


async def recall(ctx: tenuto.Context, given: dict[str, Any]) -> dict[str, Any]:
    """Return the preferences that a session begins with: what is remembered, and `given` over
    it."""
    return kept({**await _remembered(ctx), **given})


async def remember(ctx: tenuto.Context, preferences: dict[str, Any]) -> dict[str, Any]:
    """Remember what the user was found to prefer, and return it for the next session."""
    if preferences:
        ctx.note("preferences", preferences)
        if await _remembered(ctx) != preferences:
            try:
                await ctx.memory.remember(in_words(preferences), key=KEY, data=preferences)
            except tenuto.MemoryUnavailable as error:
                # The report is there; what it taught is in the output.
                ctx.note(AWAY, str(error))
    return {"preferences": preferences}


async def _remembered(ctx: tenuto.Context) -> dict[str, Any]:
    try:
        item = await ctx.memory.find(KEY)
    except tenuto.MemoryUnavailable as error:
        ctx.note(AWAY, str(error))
        return {}
    return dict(item.data) if item is not None and isinstance(item.data, dict) else {}


def in_words(preferences: Mapping[str, Any]) -> str:
    """Return preferences as a person, or an agent, reads them."""
    told = [
        f"{name} {', '.join(value) if isinstance(value, list) else value}"
        for name, value in preferences.items()
    ]
    return f"This reader wants reports with: {'; '.join(told)}."


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
