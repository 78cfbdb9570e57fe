"""Two results of a query, compared by rules that know what systems give for the same value.

The rules are `RULES`; reports list them. A column is looked at as a whole: where one side gives
floats, its numbers count as alike within `NEAR`; where one gives dates and the other texts, texts
are read as dates; and so on. Texts count letter by letter.
"""

from __future__ import annotations

import datetime
import math
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from tenuto.teams.migration.kora import single
from tenuto.teams.migration.schema import Kind

NEAR: Final = 1e-9
"""How far floats may be apart, relatively: sums of floats depend on the order of rows."""
TINY: Final = 1e-12
"""Floats nearer to zero than this count as zero."""
GREEDY: Final = 500
"""Rows that are paired one by one at most."""

RULES: Final = (
    "Whole numbers and decimals: equal, digit by digit; zeros at the end say nothing.",
    f"Floats: no further apart than {NEAR:g} of the greater one; a float against a decimal alike.",
    (
        "Texts: equal letter by letter; case, accents, Unicode form and trailing blanks count. "
        "Columns of the type CHAR(n) alone are without their trailing blanks."
    ),
    "Booleans: true is 1 and false is 0 where a system has no booleans.",
    (
        "Dates and times: equal to the microsecond; where one side keeps them as texts, these are "
        "read as ISO 8601. Moments are compared in UTC, whatever zone they are written in."
    ),
    "JSON: equal as values; the order of keys and blanks between them say nothing.",
    "UUIDs: equal as numbers; case and dashes say nothing. Bytes: equal byte by byte.",
    "NULL equals NULL only; it is not the empty text.",
    (
        "Order of rows: compared where ORDER BY is there, by the values it sorts by; rows that are "
        "equal in these may change places. Elsewhere results are sets of rows that know how often "
        "each row is there."
    ),
    (
        "Moved rows: compared value by value after the changes that the plan declares, without any "
        "tolerance but these: -0.0 is 0.0, all NaN are one, a float that becomes a decimal may be "
        f"{NEAR:g} of itself away from it, floats of four bytes are compared as such."
    ),
)

Row = tuple[object, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What comparing two results gave."""

    same: bool
    lost: list[Row] = []
    """Rows of the left result alone."""
    gained: list[Row] = []
    misplaced: int | None = None
    """The first row that comes in another place; None: the order is the same or says nothing."""


def compared(
    left: Sequence[Row],
    right: Sequence[Row],
    *,
    sorted_by: tuple[int, ...] | None = None,
    kinds: Sequence[Kind | None] = (),
) -> Outcome:
    """Return whether two results are alike.

    Args:
        sorted_by: the columns by which both were sorted; None: in no order that is promised.
        kinds: of the columns, where they are known.
    """
    if left and right and len(left[0]) != len(right[0]):
        return Outcome(False, list(left[:GREEDY]), list(right[:GREEDY]))
    mine, its = normal(left, right, kinds)
    lost, gained = unmatched(mine, its)
    if lost or gained:
        return Outcome(False, lost, gained)
    if sorted_by:
        for number, (row, other) in enumerate(zip(mine, its, strict=True)):
            if not all(alike(row[place], other[place]) for place in sorted_by):
                return Outcome(False, misplaced=number)
    return Outcome(True)


def unmatched(left: list[Row], right: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows of each side that the other does not have, or has fewer times."""
    mine, its = Counter(map(rough, left)), Counter(map(rough, right))
    only, others = mine - its, its - mine
    lost = picked(left, only)
    gained = picked(right, others)
    if len(lost) > GREEDY or len(gained) > GREEDY:
        return lost, gained
    for row in list(lost):
        for other in gained:
            if all(map(alike, row, other)):
                lost.remove(row)
                gained.remove(other)
                break
    return lost, gained


def picked(rows: list[Row], wanted: Counter[Row]) -> list[Row]:
    left = wanted.copy()
    found = []
    for row in rows:
        if left[rough(row)] > 0:
            left[rough(row)] -= 1
            found.append(row)
    return found


def rough(row: Row) -> Row:
    """Return a row that is the same for rows that are alike, but for floats at a border."""
    return tuple(f"{value:.9g}" if isinstance(value, float) else value for value in row)


def alike(value: object, other: object) -> bool:
    """Return whether two values of one column are alike."""
    if isinstance(value, float) and isinstance(other, float):
        if math.isnan(value) or math.isnan(other):
            return math.isnan(value) and math.isnan(other)
        return math.isclose(value, other, rel_tol=NEAR, abs_tol=TINY)
    return value == other and (value is None) == (other is None)


def normal(
    left: Sequence[Row], right: Sequence[Row], kinds: Sequence[Kind | None] = ()
) -> tuple[list[Row], list[Row]]:
    """Return both results with the values of each column in one form."""
    width = len(left[0]) if left else len(right[0]) if right else 0
    forms = []
    for place in range(width):
        types = seen(left, right, place)
        kind = kinds[place] if len(kinds) == width else None
        forms.append(OF_KINDS.get(kind, "") if str in types else "")
        forms[-1] = forms[-1] or form_of(types)
    return [form_row(forms, row) for row in left], [form_row(forms, row) for row in right]


def seen(left: Sequence[Row], right: Sequence[Row], place: int) -> set[type]:
    return {type(row[place]) for row in left} | {type(row[place]) for row in right}


def form_row(forms: list[str], row: Row) -> Row:
    return tuple(FORMS[form](value) for form, value in zip(forms, row, strict=True))


DATED: Final = {datetime.date, datetime.datetime}


def form_of(types: set[type]) -> str:
    """Return the form for a column by the types of its values on both sides."""
    if float in types:
        return "float"
    if types & DATED:
        return "moment"
    if types & {datetime.time, datetime.timedelta}:
        return "time"
    if types & {dict, list}:
        return "json"
    return "uuid" if uuid.UUID in types else "plain"


def plain(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return value


OF_KINDS: Final[dict[Kind | None, str]] = {
    "date": "moment",
    "timestamp": "moment",
    "timestamptz": "moment",
    "time": "time",
    "decimal": "decimal",
    "float": "float",
    "json": "json",
    "uuid": "uuid",
}
"""Forms of columns whose kind is known and that one side keeps as texts."""


def decimal(value: object) -> object:
    """Return a number as a float if it is one of another kind than text."""
    try:
        return float(single.number_of(value)) if value is not None else None
    except ValueError:
        return plain(value)


def number(value: object) -> object:
    return float(value) if isinstance(value, int | float | Decimal) else plain(value)


def moment(value: object) -> object:
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime.datetime):
        return (
            value if value.tzinfo is None else value.astimezone(datetime.UTC).replace(tzinfo=None)
        )
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time(0))
    return plain(value)


def formed(text_of: single.Text) -> Callable[[object], object]:
    def form(value: object) -> object:
        if value is None:
            return None
        try:
            return text_of(value)
        except (ValueError, TypeError, ArithmeticError):
            return plain(value)

    return form


FORMS: Final[dict[str, Callable[[object], object]]] = {
    "plain": plain,
    "float": number,
    "decimal": decimal,
    "moment": moment,
    "time": formed(single.time),
    "json": formed(single.as_json),
    "uuid": formed(single.as_uuid),
}
