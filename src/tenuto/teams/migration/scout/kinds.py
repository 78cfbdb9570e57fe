"""What the values of a column are in truth, where its declared type says less or something else.

Only what nearly all values are counts: the rest may be faults, which are dealt with row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tenuto.teams.migration.schema import Column, Kind, Profile, Table
from tenuto.teams.migration.scout.patterns import (
    DATE_FORMATS,
    DAY_ORDERS,
    FALSE_WORDS,
    TIMESTAMP_FORMATS,
    TRUE_WORDS,
)

NEARLY_ALL: Final = 0.97
"""Of the values that are there and not empty."""
ENOUGH: Final = 12
"""Values; of fewer nothing is certain."""

DATES: Final = frozenset(DATE_FORMATS) - {"date_compact"}
TIMESTAMPS: Final = frozenset(TIMESTAMP_FORMATS) | {"timestamp_iso"}
NUMBERS: Final = frozenset(
    {
        "integer",
        "decimal_point",
        "decimal_comma",
        "thousands_comma",
        "thousands_point",
        "money_sign",
    }
)
MONEY_WORDS: Final = frozenset(
    "price amount total net tax salary freight balance credit discount premium".split()  # noqa: SIM905  (words)
)
AMOUNT_WORDS: Final = MONEY_WORDS | {
    "quantity", "stock", "weight", "height", "width", "length", "score", "percent", "temperature",
    "size", "duration", "age", "year", "max", "min", "average", "dose", "humidity", "pressure",
}  # fmt: skip
DATE_WORDS: Final = frozenset(
    "date time created updated deleted birth hire due start end shipped".split()  # noqa: SIM905  (words)
)
FLAG_WORDS: Final = frozenset(
    "flag active discontinued approved cancelled deleted consent".split()  # noqa: SIM905  (words)
)


DIGITS_WORDS: Final = frozenset({"phone", "mobile", "fax", "postal", "ssn", "card", "code"})
"""Of columns whose values are no numbers, though they are written in digits."""
UNTYPED: Final = "(untyped)"


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """A kind, how sure it is, and why."""

    kind: Kind
    confidence: float
    evidence: str


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """A profile with what counts in it."""

    profile: Profile
    count: int
    """Values that are there, not empty, and no zero dates."""

    def share(self, *patterns: str) -> float:
        """Return of how many values it can be said that they fit one of the patterns, at most."""
        if not self.count:
            return 0.0
        found = sum(self.profile.patterns.get(name, 0) for name in patterns)
        return min(found / self.count, 1.0)

    def counted(self, *patterns: str) -> str:
        """Return "9 of 10 values"."""
        found = min(sum(self.profile.patterns.get(name, 0) for name in patterns), self.count)
        return f"{found} of {self.count} values"


def values_of(profile: Profile) -> Values:
    """Return a profile with the number of the values that tell something."""
    left = profile.patterns.get("empty", 0) + profile.patterns.get("zero_date", 0)
    return Values(profile=profile, count=max(profile.rows - profile.nulls - left, 0))


def is_untyped(table: Table) -> bool:
    """Return whether its declaration says nothing about values: all columns are texts, as those of
    a file of CSV are."""
    return not table.key and all(
        column.type.declared.upper() in ("", "TEXT") for column in table.columns
    )


def truth_of(
    column: Column, profile: Profile, words: frozenset[str], *, untyped: bool = False
) -> Truth | None:
    """Return what the values are where that is not what is declared; None: nothing else.

    Args:
        words: what the column's name means.
        untyped: see `is_untyped`.
    """
    values = values_of(profile)
    if not values.count:
        return None
    kind = column.type.kind
    truth: Truth | None = None
    if kind in ("text", "date", "timestamp", "time", "boolean", "json", "uuid", "timestamptz"):
        truth = _of_texts(values, words | ({UNTYPED} if untyped else set()), kind)
    elif kind == "integer":
        truth = _of_integers(column, values, words)
    elif kind == "float":
        truth = _of_floats(values, words)
    if truth is not None and values.count < ENOUGH:
        truth = msgspec.structs.replace(
            truth,
            confidence=min(truth.confidence, 0.6),
            evidence=f"{truth.evidence} These are few values.",
        )
    return truth


def _of_texts(values: Values, words: frozenset[str], declared: Kind) -> Truth | None:
    moment = _moments(values, words)
    if moment is not None:
        return moment if moment.kind != declared else None
    for name, kind in (("json", "json"), ("uuid", "uuid")):
        if values.share(name) >= NEARLY_ALL and declared != kind:
            return Truth(
                kind="json" if kind == "json" else "uuid",
                confidence=0.92 if values.share(name) == 1 else 0.8,
                evidence=f"{values.counted(name)} are {name.upper()}.",
            )
    if declared == "text":
        return _flags(values, words) or _numbers(values, words)
    if declared == "boolean":
        return None
    told = sum(values.profile.patterns.values())
    if declared in ("date", "timestamp", "time") and told and _is_texts(values.profile):
        return Truth(
            kind="text",
            confidence=0.6,
            evidence=f"Most values are no {declared} in any form that is known.",
        )
    return None


def _is_texts(profile: Profile) -> bool:
    return profile.stored.get("text", 0) * 2 > sum(profile.stored.values())


def _moments(values: Values, words: frozenset[str]) -> Truth | None:
    patterns = _once(values.profile.patterns)
    dates = sum(patterns.get(name, 0) for name in DATES)
    times = sum(patterns.get(name, 0) for name in TIMESTAMPS)
    zoned = patterns.get("timestamp_zone", 0)
    compact = patterns.get("date_compact", 0)
    # Eight digits alone may be any number; among dates they are one.
    if (compact == values.count and words & DATE_WORDS) or dates >= 0.3 * values.count:
        dates += compact
    count = values.count
    zeros = patterns.get("zero_date", 0)
    if zoned / count >= NEARLY_ALL:
        return Truth(
            kind="timestamptz", confidence=0.92, evidence=_said(zoned, count, "times with a zone")
        )
    if dates / count >= NEARLY_ALL:
        sure = 0.93 if words & DATE_WORDS else 0.85
        ends = f" {zeros} more are dates of zeros." if zeros else ""
        return Truth(kind="date", confidence=sure, evidence=_said(dates, count, "dates") + ends)
    if times and (dates + times + zoned) / count >= NEARLY_ALL:
        sure = 0.93 if words & DATE_WORDS else 0.85
        said = _said(dates + times + zoned, count, "dates or dates with a time of day")
        return Truth(kind="timestamp", confidence=sure, evidence=said)
    if values.share("time") >= NEARLY_ALL:
        return Truth(kind="time", confidence=0.85, evidence=_said(patterns["time"], count, "times"))
    return None


def _once(patterns: Mapping[str, int]) -> dict[str, int]:
    """Return the patterns with one of each pair as day/month and month/day: a value may fit both,
    and is to be counted once."""
    once = dict(patterns)
    for day_first, month_first in DAY_ORDERS:
        beaten = min(day_first, month_first, key=lambda name: once.get(name, 0))
        once.pop(beaten, None)
    return once


def _said(found: int, count: int, what: str) -> str:
    return f"{min(found, count)} of {count} values are {what}."


def _flags(values: Values, words: frozenset[str]) -> Truth | None:
    said = {str(value).strip().lower() for value, _ in values.profile.top} - {""}
    if not said or len(said) > 4 or not said <= TRUE_WORDS | FALSE_WORDS:
        return None
    both = bool(said & TRUE_WORDS) and bool(said & FALSE_WORDS)
    named = bool(words & FLAG_WORDS)
    if not both and not named:
        return None
    digits = said <= {"0", "1"}
    confidence = 0.95 if both and named else 0.6 if digits or not both else 0.86
    shown = ", ".join(sorted(said))
    return Truth(kind="boolean", confidence=confidence, evidence=f"The only values are: {shown}.")


def _numbers(values: Values, words: frozenset[str]) -> Truth | None:
    share = values.share(*NUMBERS)
    if share < NEARLY_ALL or values.profile.patterns.get("integer_padded"):
        return None
    whole = values.share("integer") >= NEARLY_ALL
    named = bool(words & AMOUNT_WORDS) or (UNTYPED in words and not words & DIGITS_WORDS)
    if whole:
        sure = 0.85 if named else 0.5
        return Truth(kind="integer", confidence=sure, evidence=_numbered(values, "whole numbers"))
    sure = 0.9 if named else 0.75
    return Truth(kind="decimal", confidence=sure, evidence=_numbered(values, "numbers"))


def _numbered(values: Values, what: str) -> str:
    return f"{values.counted(*NUMBERS)} are {what}, kept as text."


def _of_integers(column: Column, values: Values, words: frozenset[str]) -> Truth | None:
    if column.counts or "id" in words:
        return None
    named = bool(words & FLAG_WORDS)
    if values.share("zero_one") == 1.0 and (named or not words & AMOUNT_WORDS):
        declared = column.type.declared.lower().replace(" ", "")
        said = declared in ("tinyint(1)", "bit", "bit(1)")
        sure = 0.95 if said and named else 0.88 if said or named else 0.6
        both = values.profile.distinct == 2
        if not (both or said or named):
            return None
        return Truth(
            kind="boolean",
            confidence=sure if both else min(sure, 0.82),
            evidence="The only values are 0 and 1." if both else "The only value is 0 or 1.",
        )
    for name, what in (("epoch_seconds", "seconds"), ("epoch_millis", "milliseconds")):
        if values.share(name) >= NEARLY_ALL and words & DATE_WORDS:
            shown = f"{values.counted(name)} are {what} since 1970 in the years 1990 to 2039."
            return Truth(kind="timestamptz", confidence=0.85, evidence=shown)
    if values.share("date_compact") == 1.0 and words & DATE_WORDS:
        shown = f"{values.counted('date_compact')} are dates of eight digits."
        return Truth(kind="date", confidence=0.88, evidence=shown)
    return None


def _of_floats(values: Values, words: frozenset[str]) -> Truth | None:
    after = values.profile.digits_after
    if after is None or after > 4 or not words & MONEY_WORDS:
        return None
    return Truth(
        kind="decimal",
        confidence=0.86 if after <= 2 else 0.75,
        evidence=f"Its name tells of money, and no value has more than {after} digits "
        "after the point.",
    )
