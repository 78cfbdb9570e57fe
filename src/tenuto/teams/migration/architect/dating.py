"""By which formats the dates of a column are read."""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.schema import Kind, Profile
from tenuto.teams.migration.scout.patterns import DATE_FORMATS, DAY_ORDERS, TIMESTAMP_FORMATS

_ISO: Final = {
    "timestamp_iso": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"),
}


class Formats(msgspec.Struct, frozen=True, kw_only=True):
    """Formats of strptime, the most frequent first."""

    formats: tuple[str, ...]
    """None: all are written as ISO 8601 says."""
    confidence: float = 1.0
    reasons: tuple[str, ...] = ()
    both_ways: bool = False
    """Day and month may be the other way round for all that the values tell."""


def formats_of(profile: Profile, kind: Kind) -> Formats:
    """Return the formats by which the texts of a column are read as `date` or `timestamp`."""
    patterns = dict(profile.patterns)
    confidence, both_ways = 1.0, False
    reasons: list[str] = []
    for day_first, month_first in DAY_ORDERS:
        days, months = patterns.get(day_first, 0), patterns.get(month_first, 0)
        if not days and not months:
            continue
        shown = "/" if "slash" in day_first else "-"
        if days == months:
            confidence, both_ways = min(confidence, 0.5), True
            reasons.append(f"In all dates with {shown} day and month could be the other way round.")
            del patterns[month_first]
            continue
        kept, dropped = (day_first, month_first) if days > months else (month_first, day_first)
        # What fits the beaten order fits the other too, or else two orders are mixed.
        patterns.pop(dropped, None)
        seen = f"the {'day' if kept == day_first else 'month'} comes first"
        reasons.append(f"In dates with {shown} {seen}: {max(days, months)} values allow only that"
                       f" or both, {min(days, months)} the other as well.")  # fmt: skip
        total = sum(profile.patterns.get(name, 0) for name in _names(kind) - {dropped})
        there = profile.rows - profile.nulls - profile.patterns.get("empty", 0)
        there -= profile.patterns.get("zero_date", 0)
        if total < there:
            confidence = min(confidence, 0.6)
    counted = sorted(
        ((count, name) for name, count in patterns.items() if name in _names(kind) and count),
        key=lambda found: (-found[0], found[1]),
    )
    formats: list[str] = []
    if all(name in ("date_iso", "timestamp_iso") for _, name in counted):
        # These are read without being told how.
        counted = []
    for _, name in counted:
        if name in _ISO:
            formats += _ISO[name]
        else:
            known = DATE_FORMATS.get(name) or TIMESTAMP_FORMATS[name]
            formats.append(known[1])
    if len(formats) > 1 and len(counted) > 1:
        reasons.append(f"They are written in {len(counted)} ways.")
    return Formats(
        formats=tuple(formats),
        confidence=confidence,
        reasons=tuple(reasons),
        both_ways=both_ways,
    )


def _names(kind: Kind) -> frozenset[str]:
    dates = frozenset(DATE_FORMATS)
    return dates if kind == "date" else dates | frozenset(TIMESTAMP_FORMATS) | {"timestamp_iso"}
