"""Moments and durations as workflows write them, in milliseconds."""

import re
from typing import Final

from tenuto.core.errors import ExpressionFailed
from tenuto.core.vocabulary import Json

_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?P<fraction>\.\d{1,9})?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<hours>\d{2}):(?P<minutes>\d{2}))"
)
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
        moment = _moment_ms(value)
        if moment is not None:
            return moment
    found = f'it gave {value!r}, and a moment is "2026-01-31T09:00:00Z" or milliseconds since 1970'
    raise ExpressionFailed(source=source, found=found)


def _moment_ms(text: str) -> int | None:
    """Return RFC 3339 text as milliseconds since 1970 (UTC), or None if it is none."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset = 0
    if match["sign"]:
        offset = int(match["hours"]) * 60 + int(match["minutes"])
        offset = -offset if match["sign"] == "-" else offset
    minutes = (_days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset
    fraction = round(float(f"0{match['fraction'] or '.0'}") * 1000)
    return (minutes * 60 + second) * 1000 + fraction


def _days_in(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (
        29
        if month == 2 and is_leap
        else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    )


def _days_since_1970(year: int, month: int, day: int) -> int:
    """Source: the `days_from_civil` algorithm, H. Hinnant, "chrono-compatible low-level date
    algorithms"; years begin in March, so that the leap day is the last."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (
        era * 146_097
        + year_of_era * 365
        + year_of_era // 4
        - year_of_era // 100
        + day_of_year
        - 719_468
    )
