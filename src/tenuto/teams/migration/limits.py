"""When a migration may move, and until when it should be done: times that people write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

DAYS_AHEAD: Final = 3
_TIME: Final = r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?"
_WINDOW: Final = re.compile(rf"{_TIME}\s*-\s*{_TIME}(?:\s+(\S+))?")
_FOR: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time of each day; it may go over midnight."""

    opens: time
    closes: time
    zone: str = "UTC"

    def until(self, now_ms: int) -> tuple[bool, int]:
        """Return whether it is open at a moment, and the moment at which that changes."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        edges = sorted(
            (_moment(now, day, at, zone_of(self.zone)), opens)
            for day in range(-1, DAYS_AHEAD)
            for at, opens in ((self.opens, True), (self.closes, False))
        )
        is_open = next(opens for moment, opens in reversed(edges) if moment <= now)
        change = next(moment for moment, opens in edges if moment > now and opens is not is_open)
        return is_open, round(change.timestamp() * 1000)


def _moment(now: datetime, day: int, at: time, zone: tzinfo) -> datetime:
    local = (now.astimezone(zone) + timedelta(days=day)).date()
    # Through UTC: an hour that the clock skips or says twice is one moment.
    return datetime.combine(local, at, zone).astimezone(UTC)


def zone_of(name: str) -> tzinfo:
    """Return a time zone.

    Raises:
        ValueError: there is none of that name.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone of this machine. Write one as Europe/Madrid, or UTC."
        ) from None


def window_from(text: str) -> Window | None:
    """Return the window that a text says, as `22:00-05:00 Europe/Madrid`; None of no text.

    Raises:
        ValueError: it says none.
    """
    if not text.strip():
        return None
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no window. Write it as: 22:00-05:00 Europe/Madrid.")
    parts = found.groups()
    opens, closes = (
        time(int(hour), int(minute), int(second or 0))
        for hour, minute, second in (parts[:3], parts[3:6])
    )
    zone = parts[6] or "UTC"
    zone_of(zone)
    if opens == closes:
        raise ValueError(f"The window {text!r} opens when it closes.")
    return Window(opens=opens, closes=closes, zone=zone)


def deadline_from(text: str, started_ms: int) -> int:
    """Return the moment that a text says, in milliseconds since 1970; 0 of no text.

    Args:
        text: `2026-12-01T06:00:00+01:00`, or how long after the start: `6h`, `90m`, `2d`.

    Raises:
        ValueError: it says no moment.
    """
    text = text.strip()
    if not text:
        return 0
    if found := _FOR.fullmatch(text):
        return started_ms + round(float(found[1]) * _SECONDS[found[2]] * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{text!r} is no deadline. Write a moment with its time zone, as "
            "2026-12-01T06:00:00+01:00, or how long from the start: 6h, 90m, 2d."
        )
    return round(moment.timestamp() * 1000)
