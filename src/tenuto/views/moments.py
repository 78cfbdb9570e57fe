"""Moments and lengths of time as people read them, from milliseconds."""

from datetime import UTC, datetime
from functools import lru_cache

_DAY_MS = 86_400_000


def moment_text(at_ms: int) -> str:
    """Return `at_ms` (ms since 1970) as RFC 3339 in UTC, as `2026-01-31T09:00:00.250Z`."""
    return f"{_second_text(at_ms // 1000)}.{at_ms % 1000:03}Z"


def duration_text(ms: int) -> str:
    """Return a length of time in at most seven characters, as `340ms`, `2.1s`, `3m05s`, `2h07m`."""
    if ms < 1_000:
        return f"{max(ms, 0)}ms"
    if ms < 60_000:
        return f"{ms // 100 / 10:.1f}s"
    if ms < 3_600_000:
        return f"{ms // 60_000}m{ms // 1000 % 60:02}s"
    if ms < _DAY_MS:
        return f"{ms // 3_600_000}h{ms // 60_000 % 60:02}m"
    return f"{ms // _DAY_MS}d{ms // 3_600_000 % 24:02}h"


@lru_cache(maxsize=256)
def _second_text(at_s: int) -> str:
    """Events of one time are many: most ask for a second that was asked for just before."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"
