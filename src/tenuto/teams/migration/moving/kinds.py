"""The last step of each column: its values in the Arrow type of their kind, and which do not fit.

Nothing is rounded, cut or guessed: a value that has no exact place in the kind is a bad one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.arrays import cast, tried
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Kind

Found = tuple[pa.Array, tuple[int, ...]]
"""Values, null where they are bad, and the places of the bad ones."""

DIGITS: Final = 38
EXACT: Final = 2**53


def to_kind(array: pa.Array, column: ColumnPlan) -> Found:
    """Return values in the type of a column's kind, and the places of those that do not fit."""
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), type_of(column)), ()
    return KINDS[column.kind](array, column)


def type_of(column: ColumnPlan) -> pa.DataType:
    """Return the Arrow type of a column's kind."""
    if column.kind == "decimal":
        return decimal_type(column)
    return TYPES[column.kind]


def decimal_type(column: ColumnPlan) -> pa.DataType:
    precision = column.precision or DIGITS
    scale = column.scale if column.scale is not None else (0 if column.precision else 18)
    return (
        pa.decimal128(precision, scale)
        if precision <= DIGITS
        else pa.decimal256(min(precision, 76), scale)
    )


TYPES: Final[dict[Kind, pa.DataType]] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "bytes": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "json": pa.string(),
    "uuid": pa.string(),
}


def is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type))


def is_bytes(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_fixed_size_binary(type)
    )


def none_fits(array: pa.Array, type: pa.DataType) -> Found:
    """Return nulls, and the places of all values."""
    return pa.nulls(len(array), type), places(array.is_valid())


def places(mask: pa.Array) -> tuple[int, ...]:
    """Return where a mask is true."""
    return tuple(pc.indices_nonzero(mask).to_pylist())


def without(array: pa.Array, wrong: pa.Array) -> Found:
    """Return an array with null where the mask `wrong` is true, and those places."""
    bad = places(pc.fill_null(wrong, False))
    if not bad:
        return array, ()
    return pc.if_else(pc.fill_null(wrong, False), pa.scalar(None, array.type), array), bad


def to_boolean(array: pa.Array, column: ColumnPlan) -> Found:
    if pa.types.is_integer(array.type):
        other = pc.and_(pc.not_equal(array, 0), pc.not_equal(array, 1))
        whole, bad = without(array, other)
        return pc.cast(whole, pa.bool_()), bad
    if pa.types.is_boolean(array.type) or is_text(array.type):
        return cast(array, pa.bool_())
    return none_fits(array, pa.bool_())


def of_form(array: pa.Array, form: str) -> Found:
    """Return texts with null for those that a regular expression does not match."""
    return without(array, pc.invert(pc.match_substring_regex(array, form)))


def both(made: pa.Array, *bad: tuple[int, ...]) -> Found:
    """Return values with the places of bad ones that several steps found."""
    return made, tuple(sorted({place for some in bad for place in some}))


def to_integer(array: pa.Array, column: ColumnPlan) -> Found:
    if is_text(array.type):
        # Arrow reads '0x12' as 18.
        digits, bad = of_form(array, r"^-?[0-9]+$")
        made, worse = cast(digits, pa.int64())
        return both(made, bad, worse)
    if pa.types.is_integer(array.type) or pa.types.is_decimal(array.type):
        return cast(array, pa.int64())
    if pa.types.is_floating(array.type):
        fits, bad = without(array, pc.greater(pc.abs(array), float(EXACT)))
        made, worse = cast(fits, pa.int64())
        return both(made, bad, worse)
    if pa.types.is_boolean(array.type):
        return cast(array, pa.int64())
    return none_fits(array, pa.int64())


NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def to_float(array: pa.Array, column: ColumnPlan) -> Found:
    if is_text(array.type):
        digits, bad = of_form(array, NUMBER)
        made, worse = cast(pc.replace_substring_regex(digits, r"^\+", ""), pa.float64())
        return both(made, bad, worse)
    if pa.types.is_decimal(array.type):
        # By way of texts: Arrow's own cast is off by one in the last place.
        return cast(pc.cast(array, pa.string()), pa.float64())
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return cast(array, pa.float64())
    return none_fits(array, pa.float64())


def to_decimal(array: pa.Array, column: ColumnPlan) -> Found:
    type = decimal_type(column)
    if pa.types.is_floating(array.type):
        return decimals_of_floats(array, type)
    if pa.types.is_boolean(array.type):
        array = pc.cast(array, pa.int64())
    if pa.types.is_integer(array.type):
        return tried(array, lambda part: pc.cast(pc.cast(part, pa.decimal128(19, 0)), type), type)
    if is_text(array.type):
        digits, bad = of_form(array, NUMBER)
        if column.precision is None:
            type = wide_enough(digits)
        made, worse = cast(digits, type)
        return both(made, bad, worse)
    if pa.types.is_decimal(array.type):
        return (array, ()) if column.precision is None else cast(array, type)
    return none_fits(array, type)


def wide_enough(digits: pa.Array) -> pa.DataType:
    """Return a type of decimals for a column that may have any number of digits: with as many
    after the point as the longest of some texts."""
    after = pc.replace_substring_regex(digits, r"^[^.]*\.?", "")
    longest = pc.max(pc.utf8_length(pc.replace_substring_regex(after, "[eE].*", ""))).as_py() or 0
    small = pc.max(pc.match_substring_regex(digits, "[eE]-")).as_py()
    scale = DIGITS if small else min(longest, DIGITS)
    return pa.decimal256(76, scale)


def decimals_of_floats(array: pa.Array, type: pa.DataType) -> Found:
    """Return the decimals whose nearest floats these are: 0.1 is one of two digits, 0.123 is not.

    With whole numbers below 2**53 that is arithmetic without rounding but the last division's,
    which is right by IEEE 754; Arrow's own cast from decimal to float is not (682.8 gives another).
    """
    power = 10.0**type.scale
    whole = pc.round(pc.multiply(array, power))
    quick = pc.less(pc.abs(whole), float(EXACT))
    if type.scale > 18 or not pc.all(pc.fill_null(quick, True)).as_py():
        return tried(array, lambda part: _decimals_one_by_one(part, type), type)
    exact, bad = without(whole, pc.not_equal(pc.divide(whole, power), array))
    digits = pc.cast(pc.cast(exact, pa.int64()), pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-type.scale), pa.decimal128(max(type.scale, 1), type.scale))
    made, worse = cast(pc.multiply(digits, unit), type)
    return both(made, bad, worse)


def _decimals_one_by_one(array: pa.Array, type: pa.DataType) -> pa.Array:
    texts = [None if value is None else Decimal(repr(value)) for value in array.to_pylist()]
    if any(text is not None and not text.is_finite() for text in texts):
        raise ValueError("neither an infinite number nor NaN is a decimal")
    return pa.array(texts, type)


def to_text(array: pa.Array, column: ColumnPlan) -> Found:
    if is_bytes(array.type):
        return none_fits(array, pa.string())
    if pa.types.is_floating(array.type):
        return _floats_as_text(array), ()
    return cast(array, pa.string())


def _floats_as_text(array: pa.Array) -> pa.Array:
    """Return numbers as texts, whole ones with all their digits: a column of SQLite may hold
    integers among its floats, and 1e+10 is not how an integer is written."""
    texts = pc.cast(array, pa.string())
    fits = pc.less_equal(pc.abs(array), float(EXACT))
    is_whole = pc.fill_null(pc.and_(fits, pc.equal(pc.trunc(array), array)), False)
    whole = pc.if_else(is_whole, array, pa.scalar(0.0, array.type))
    return pc.if_else(is_whole, pc.cast(pc.cast(whole, pa.int64()), pa.string()), texts)


def to_bytes(array: pa.Array, column: ColumnPlan) -> Found:
    if is_bytes(array.type):
        return cast(array, pa.binary())
    return none_fits(array, pa.binary())


def to_date(array: pa.Array, column: ColumnPlan) -> Found:
    if is_text(array.type):
        texts, bad = of_form(array, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00(:00(\.0+)?)?)?$")
        made, worse = cast(pc.utf8_slice_codeunits(texts, 0, 10), pa.date32())
        fits, worst = in_calendar(made)
        return both(fits, bad, worse, worst)
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        # Not a moment of a day: its time would be lost.
        made = pc.cast(array, pa.date32())
        lost = pc.not_equal(pc.cast(made, pa.timestamp("us")), pc.cast(array, pa.timestamp("us")))
        return without(made, lost)
    return none_fits(array, pa.date32())


def to_time(array: pa.Array, column: ColumnPlan) -> Found:
    type = pa.time64("us")
    if is_text(array.type):
        texts, bad = of_form(array, r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$")
        day = pc.binary_join_element_wise("1970-01-01", texts, " ")
        moments, worse = cast(day, pa.timestamp("us"))
        made = pc.cast(moments, type)
        return both(made, bad, worse)
    return cast(array, type) if pa.types.is_time(array.type) else none_fits(array, type)


def to_timestamp(array: pa.Array, column: ColumnPlan) -> Found:
    type = TYPES[column.kind]
    zoned = column.kind == "timestamptz"
    if is_text(array.type):
        digits = pc.replace_substring_regex(array, r"(\.[0-9]{1,6})0*($|Z|[+-])", r"\1\2")
        if zoned:
            # Without a zone it is taken for UTC.
            digits = pc.replace_substring_regex(digits, r"^([0-9-]{10}[T ][0-9:.]+)$", r"\1Z")
            digits = pc.replace_substring_regex(
                digits, r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", r"\1 00:00:00Z"
            )
            digits = pc.replace_substring_regex(digits, r"([+-][0-9]{2})$", r"\1:00")
        made, bad = cast(digits, type)
    elif pa.types.is_timestamp(array.type) and bool(array.type.tz) != zoned:
        # The clock of no zone is that of UTC here; a moment in a column without zone is a loss.
        return cast(array, type) if zoned else none_fits(array, type)
    elif pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        made, bad = cast(array, type)
    else:
        return none_fits(array, type)
    fits, worse = in_calendar(made)
    return both(fits, bad, worse)


def in_calendar(array: pa.Array) -> Found:
    """Return dates or moments with null for those before the year 1 or after 9999."""
    year = pc.year(array)
    return without(array, pc.or_(pc.less(year, 1), pc.greater(year, 9999)))


def to_json(array: pa.Array, column: ColumnPlan) -> Found:
    if not is_text(array.type):
        return to_text(array, column)
    return tried(array, _checked_json, pa.string())


def _checked_json(array: pa.Array) -> pa.Array:
    for text in array.to_pylist():
        if text is not None:
            json.loads(text, parse_constant=_refuse)
    return array


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def to_uuid(array: pa.Array, column: ColumnPlan) -> Found:
    if is_bytes(array.type):
        return tried(array, _uuids_of_bytes, pa.string())
    return (
        tried(array, _uuids, pa.string()) if is_text(array.type) else none_fits(array, pa.string())
    )


def _uuids(array: pa.Array) -> pa.Array:
    texts = array.to_pylist()
    return pa.array([None if text is None else str(uuid.UUID(text)) for text in texts], pa.string())


def _uuids_of_bytes(array: pa.Array) -> pa.Array:
    raw = array.to_pylist()
    return pa.array(
        [None if value is None else str(uuid.UUID(bytes=value)) for value in raw], pa.string()
    )


KINDS: Final[dict[Kind, Callable[[pa.Array, ColumnPlan], Found]]] = {
    "boolean": to_boolean,
    "integer": to_integer,
    "decimal": to_decimal,
    "float": to_float,
    "text": to_text,
    "bytes": to_bytes,
    "date": to_date,
    "time": to_time,
    "timestamp": to_timestamp,
    "timestamptz": to_timestamp,
    "json": to_json,
    "uuid": to_uuid,
}
