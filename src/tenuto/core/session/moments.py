"""Moments and durations as workflows write them, in milliseconds."""

import re
from datetime import datetime
from typing import Final

from tenuto.core.errors import ExpressionFailed
from tenuto.core.vocabulary import Json

_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def duration_ms(text: str) -> int | None:
    """Return the length of `"90s"`, `"1h30m"`, `"250ms"` …, or None if it is none."""
    total, end = 0.0, 0
    for match in _DURATION.finditer(text):
        if match.start() != end:
            return None
        total += float(match[1]) * _UNIT_MS[match[2]]
        end = match.end()
    return round(total) if end and end == len(text) else None


def due_from_delay(value: Json, at_ms: int, *, source: str) -> int:
    """Return the moment `value` (milliseconds, or a duration in words) after `at_ms`.

    Raises:
        ExpressionFailed: it is neither.
    """
    delay = duration_ms(value) if isinstance(value, str) else value
    if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        found = f'it gave {value!r}, and a delay is milliseconds or text such as "90s" or "1h30m"'
        raise ExpressionFailed(source=source, found=found)
    return at_ms + round(delay)


def due_from_moment(value: Json, *, source: str) -> int:
    """Return the moment `value`: milliseconds since 1970 (UTC), or RFC 3339 text with its zone.

    Raises:
        ExpressionFailed: it is neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return round(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return round(moment.timestamp() * 1000)
    found = f'it gave {value!r}, and a moment is "2026-01-31T09:00:00Z" or milliseconds since 1970'
    raise ExpressionFailed(source=source, found=found)
