"""From values of a column to its profile."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from tenuto.teams.migration.schema import Column, Profile, Scalar
from tenuto.teams.migration.scout.patterns import in_number, in_text
from tenuto.teams.migration.scout.sampling import Bounds, Value

DISTINCT_MAX: Final = 20_000
TOP_MAX: Final = 40
"""Columns with more values than this have no list of them."""
EXAMPLES_MAX: Final = 8
SHOWN_MAX: Final = 80
"""Characters of a value in a profile."""


def profile_of(
    column: Column, values: Iterable[Value], *, whole: bool, bounds: Bounds | None
) -> Profile:
    """Return what values are like.

    Args:
        whole: they are all there are.
        bounds: figures about all values, where they were asked for.
    """
    looking = _Looking()
    for value in values:
        looking.see(value)
    found = looking.profile(whole)
    if bounds is None:
        return found
    return Profile(
        rows=found.rows,
        whole=whole,
        nulls=bounds.nulls if whole else found.nulls,
        distinct=found.distinct,
        least=_shown(bounds.least),
        greatest=_shown(bounds.greatest),
        length_max=bounds.length_max,
        stored=bounds.stored,
        patterns=found.patterns,
        top=found.top,
        examples=found.examples,
        bounded=True,
        digits_before=_most(found.digits_before, _digits_of_bounds(bounds)),
        digits_after=found.digits_after,
    )


class _Looking:
    def __init__(self) -> None:
        self.rows = self.nulls = 0
        self.counts: Counter[Scalar] = Counter()
        self.too_many = False
        self.stored: Counter[str] = Counter()
        self.patterns: Counter[str] = Counter()
        self.length: int | None = None
        self.before: int | None = None
        self.after: int | None = None
        self.least: Any = None
        self.greatest: Any = None
        self._known: dict[Any, tuple[str, ...]] = {}
        self._examples: dict[tuple[str, ...], Scalar] = {}

    def see(self, value: Value) -> None:
        self.rows += 1
        if value.stored:
            self.stored[value.stored] += 1
        if value.value is None:
            self.nulls += 1
            return
        plain = self._plain(value)
        self._count(plain)
        forms = self._patterns(plain)
        if len(self._examples) < EXAMPLES_MAX:
            self._examples.setdefault(forms, _shown(plain))
        for name in forms:
            self.patterns[name] += 1

    def _plain(self, value: Value) -> Any:
        it = value.value
        if value.stored == "text":
            try:
                it = it.decode() if isinstance(it, bytes) else it
            except UnicodeDecodeError:
                self.patterns["not_utf8"] += 1
                it = it.decode("latin-1")
        if isinstance(it, dt.date | dt.time | dt.timedelta):
            it = it.isoformat() if not isinstance(it, dt.timedelta) else str(it)
        elif isinstance(it, uuid.UUID):
            it = str(it)
        elif isinstance(it, dict | list):
            it = json.dumps(it)
        elif isinstance(it, memoryview):
            it = bytes(it)
        if isinstance(it, str | bytes):
            self.length = max(self.length or 0, len(it))
        return it

    def _count(self, value: Any) -> None:
        if isinstance(value, bytes):
            value = value[: SHOWN_MAX // 2]
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            self._bound(value)
        if not self.too_many:
            self.counts[_shown(value) if not isinstance(value, str) else value] += 1
            self.too_many = len(self.counts) > DISTINCT_MAX

    def _bound(self, value: Any) -> None:
        self.least = value if self.least is None else min(self.least, value)
        self.greatest = value if self.greatest is None else max(self.greatest, value)

    def _patterns(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, bytes | bool):
            return ()
        found = self._known.get(value)
        if found is None:
            found = tuple(in_text(value) if isinstance(value, str) else in_number(float(value)))
            self._digits(value, found)
            if len(self._known) < DISTINCT_MAX:
                self._known[value] = found
        return found

    def _digits(self, value: Any, patterns: tuple[str, ...]) -> None:
        if isinstance(value, str):
            if not {
                "integer",
                "decimal_point",
                "decimal_comma",
                "thousands_comma",
                "thousands_point",
                "money_sign",
            } & set(patterns):
                return
            value = number_in(value)
        if value is None or (isinstance(value, float) and value - value != 0):
            return
        before, after = digits_of(value)
        self.before, self.after = max(self.before or 0, before), max(self.after or 0, after)

    def profile(self, whole: bool) -> Profile:
        few = not self.too_many and len(self.counts) <= TOP_MAX
        top = sorted(self.counts.items(), key=lambda found: (-found[1], str(found[0])))
        return Profile(
            rows=self.rows,
            whole=whole,
            nulls=self.nulls,
            distinct=None if self.too_many else len(self.counts),
            least=_shown(self.least),
            greatest=_shown(self.greatest),
            length_max=self.length,
            stored=dict(sorted(self.stored.items())),
            patterns=dict(sorted(self.patterns.items())),
            top=tuple((_shown(value), count) for value, count in top) if few else (),
            examples=tuple(self._examples.values()),
            digits_before=self.before,
            digits_after=self.after,
        )


def digits_of(number: Any) -> tuple[int, int]:
    """Return how many digits a number has before its point, and after it."""
    exact = number if isinstance(number, Decimal) else Decimal(repr(number))
    _, digits, exponent = exact.normalize().as_tuple()
    assert isinstance(exponent, int)
    return max(len(digits) + exponent, 0), max(-exponent, 0)


def number_in(text: str) -> Decimal | None:
    """Return the number in a text with signs of currencies and thousands, or with a comma."""
    bare = "".join(letter for letter in text if letter.isdigit() or letter in ".,-")
    last = max(bare.rfind("."), bare.rfind(","))
    if last >= 0:
        mark = bare[last]
        ends = bare[last + 1 :]
        is_group = len(ends) == 3 and bare.count(mark) > 1
        head = bare[:last].replace(".", "").replace(",", "")
        bare = head + ends if is_group else f"{head}.{ends}"
    try:
        return Decimal(bare)
    except ArithmeticError:
        return None


def _shown(value: Any) -> Scalar:
    """Return a value as JSON has it, and not too long."""
    if isinstance(value, bytes):
        try:
            return value.decode()[:SHOWN_MAX]
        except UnicodeDecodeError:
            return value[: SHOWN_MAX // 2].hex()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return str(value)[:SHOWN_MAX]


def _most(one: int | None, other: int | None) -> int | None:
    return max((number for number in (one, other) if number is not None), default=None)


def _digits_of_bounds(bounds: Bounds) -> int | None:
    found = []
    for end in (bounds.least, bounds.greatest):
        if isinstance(end, int | float) and end - end == 0:
            found.append(digits_of(end)[0])
    return max(found, default=None)
