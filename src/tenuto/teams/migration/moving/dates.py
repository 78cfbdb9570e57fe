"""Dates and times as people write them, by forms in the words of strptime.

A form becomes a regular expression, and what it finds a text in ISO form: so a whole array is read
at once, and Arrow checks that such a day exists. The first form that fits a value is taken.
"""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.arrays import cast, tried
from tenuto.teams.migration.databases.port import Unsupported
from tenuto.teams.migration.moving.kinds import (
    Found,
    both,
    in_calendar,
    is_bytes,
    is_text,
    none_fits,
    of_form,
    places,
)
from tenuto.teams.migration.moving.options import flag, text, texts
from tenuto.teams.migration.plan import Change, ColumnPlan

DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
MOMENTS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%d",
)
MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
ZERO: Final = r"^0{4}[-/.]?0{2}[-/.]?0{2}([ T]0{2}:0{2}(:0{2}(\.0+)?)?)?$"
CENTURY: Final = 69
"""A year of two digits from here on is of the last century. Source: POSIX, strptime."""
PARTS: Final = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "M": "[0-9]{2}",
    "S": r"[0-9]{2}(?:[.,][0-9]{1,9})?",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]{3,9}",
    "p": "[AaPp][Mm]",
    "z": "Z|[+-][0-9]{2}:?[0-9]{2}",
}
UNITS: Final = {
    "seconds": "s",
    "milliseconds": "ms",
    "microseconds": "us",
    "s": "s",
    "ms": "ms",
    "us": "us",
}
PER_SECOND: Final = {"s": 1.0, "ms": 1e3, "us": 1e6}
SECOND: Final = pa.timestamp("us")


def date(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Days, of texts in one of `formats`; `zero_is_null`: 0000-00-00 is null."""
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return array, ()
    return _read(array, change, pa.date32(), texts(change, "formats", DATES))


def timestamp(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Moments, of texts in one of `formats`; those without a zone are of `zone`, UTC unless it is
    named, where the column is one with zones."""
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return array, ()
    zoned = column.kind == "timestamptz"
    type = pa.timestamp("us", "UTC") if zoned else SECOND
    made, bad = _read(array, change, type, texts(change, "formats", MOMENTS))
    return made, bad


def epoch(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Moments, of numbers of `unit` (seconds, milliseconds, microseconds) since 1970 in UTC."""
    unit = UNITS.get(text(change, "unit", "seconds"), "")
    if not unit:
        raise Unsupported(f"The change 'epoch' knows these units: {', '.join(UNITS)}.")
    if is_text(array.type):
        digits, bad = of_form(array, "^-?[0-9]+$")
        array, worse = cast(digits, pa.int64())
    else:
        bad = worse = ()
    if pa.types.is_floating(array.type):
        micros = pc.round(pc.multiply(array, 1e6 / PER_SECOND[unit]))
        array, bad = tried(micros, lambda part: pc.cast(part, pa.int64()), pa.int64())
        unit = "us"
    if not pa.types.is_integer(array.type):
        return none_fits(array, SECOND)
    zone = "UTC" if column.kind == "timestamptz" else None
    type = pa.timestamp("us", zone)
    made, worst = tried(
        array, lambda part: pc.cast(pc.cast(part, pa.timestamp(unit, zone)), type), type
    )
    fits, off = in_calendar(made)
    return both(fits, bad, worse, worst, off)


def _read(array: pa.Array, change: Change, type: pa.DataType, forms: list[str]) -> Found:
    if is_bytes(array.type):
        return none_fits(array, type)
    written = array if is_text(array.type) else pc.cast(array, pa.string())
    if flag(change, "zero_is_null"):
        zero = pc.match_substring_regex(written, ZERO)
        written = pc.if_else(zero, pa.scalar(None, pa.string()), written)
    left = pc.utf8_trim_whitespace(written)
    found = pa.nulls(len(array), type)
    for form in forms:
        if left.null_count == len(left):
            break
        some = _of_form(left, form, type, change)
        found = pc.coalesce(found, some)
        left = pc.if_else(pc.is_valid(some), pa.scalar(None, pa.string()), left)
    return found, places(pc.is_valid(left))


def _of_form(array: pa.Array, form: str, type: pa.DataType, change: Change) -> pa.Array:
    """Return what a form reads, null for what it does not."""
    parts = pc.extract_regex(array, pattern_of(form))
    day = _joined("-", _year(parts), _month(parts), _padded(parts, "d", "01"))
    if pa.types.is_date(type):
        # A form may have a time: a day has none, so only midnight will do.
        time = _time(parts)
        midnight = pc.match_substring_regex(time, r"^00:00:00(\.0*)?$")
        day = pc.if_else(midnight, day, pa.scalar(None, pa.string()))
        made, _ = cast(day, type)
        return in_calendar(made)[0]
    moment = _joined(" ", day, _time(parts))
    zone = _part(parts, "z")
    if type.tz is None:
        made, _ = cast(moment, type) if zone is None else none_fits(moment, type)
    elif zone is not None:
        made, _ = cast(_joined("", moment, zone), type)
    else:
        local, _ = cast(moment, SECOND)
        of = text(change, "zone", "UTC")
        made, _ = tried(local, lambda part: pc.cast(pc.assume_timezone(part, of), type), type)
    return in_calendar(made)[0]


def pattern_of(form: str) -> str:
    """Return the regular expression for a form.

    Raises:
        Unsupported: it has a part that is not known, or no year.
    """
    out, rest = "^", form.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d")
    rest = rest.replace("%e", "%d").replace(".%f", "").replace("%R", "%H:%M")
    place, seen = 0, set()
    while place < len(rest):
        sign = rest[place]
        if sign != "%":
            out += re.escape(sign) if ord(sign) < 128 else sign
            place += 1
            continue
        name = rest[place + 1 : place + 2]
        if name not in PARTS or name in seen:
            raise Unsupported(
                f"The form {form!r} of dates has {'%' + name!r} where one of "
                f"{', '.join('%' + known for known in PARTS)} is expected, each once."
            )
        seen.add(name)
        place += 2
        # Without anything between them, numbers have all their digits.
        next_to = rest[place : place + 1] == "%" or (place >= 4 and rest[place - 4] == "%")
        each = PARTS[name].replace("{1,2}", "{2}") if next_to else PARTS[name]
        out += f"(?P<{name}>{each})"
    if not seen & {"Y", "y"}:
        raise Unsupported(f"The form {form!r} of dates has no year.")
    return f"{out}$"


def _part(parts: pa.Array, name: str) -> pa.Array | None:
    """Return what a group matched; null where the whole did not match."""
    place = parts.type.get_field_index(name)
    return (
        None
        if place < 0
        else pc.if_else(
            pc.is_valid(parts), pc.struct_field(parts, [place]), pa.scalar(None, pa.string())
        )
    )


def _padded(parts: pa.Array, name: str, otherwise: str) -> pa.Array:
    found = _part(parts, name)
    if found is None:
        return _always(parts, otherwise)
    return pc.utf8_lpad(found, width=2, padding="0")


def _always(parts: pa.Array, text: str) -> pa.Array:
    return pc.if_else(
        pc.is_valid(parts), pa.scalar(text, pa.string()), pa.scalar(None, pa.string())
    )


def _joined(separator: str, *parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, separator)


def _year(parts: pa.Array) -> pa.Array:
    long = _part(parts, "Y")
    if long is not None:
        return long
    short = _part(parts, "y")
    assert short is not None, "each form has a year"
    old = pc.greater_equal(pc.cast(short, pa.int64()), CENTURY)
    return _joined("", pc.if_else(old, "19", "20"), short)


def _month(parts: pa.Array) -> pa.Array:
    for name in ("b", "B"):
        word = _part(parts, name)
        if word is not None:
            names = [month[:3] for month in MONTHS] if name == "b" else MONTHS
            at = pc.index_in(pc.utf8_lower(word), pa.array(names, pa.string()))
            written = pc.cast(pc.add(at, 1), pa.string())
            return pc.utf8_lpad(written, width=2, padding="0")
    return _padded(parts, "m", "01")


def _time(parts: pa.Array) -> pa.Array:
    hour = _padded(parts, "H", "00") if _part(parts, "I") is None else _twelve(parts)
    second = _part(parts, "S")
    if second is None:
        second = _always(parts, "00")
    else:
        second = pc.replace_substring(second, ",", ".")
        second = pc.replace_substring_regex(second, r"(\.[0-9]{6})0+$", r"\1")
    return _joined(":", hour, _padded(parts, "M", "00"), second)


def _twelve(parts: pa.Array) -> pa.Array:
    """Return hours of a clock of twelve as those of a day; null where there is no such hour."""
    hour = pc.cast(_part(parts, "I"), pa.int64())
    fits = pc.and_(pc.greater_equal(hour, 1), pc.less_equal(hour, 12))
    half = _part(parts, "p")
    late = pc.equal(pc.utf8_lower(half), "pm") if half is not None else pa.scalar(False)
    early = pc.if_else(pc.equal(hour, 12), 0, hour)
    whole = pc.if_else(late, pc.add(early, 12), early)
    written = pc.utf8_lpad(pc.cast(whole, pa.string()), width=2, padding="0")
    return pc.if_else(fits, written, pa.scalar(None, pa.string()))
